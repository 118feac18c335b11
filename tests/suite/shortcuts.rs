//! Ways of doing less must not show: a history that is watched, in which every fleet is weighed up, has the records of one
//! that nobody watches.

use hashdrift::engine::{Decision, Model, Observer};
use hashdrift::scenario::{load_scenario, parse_scenario};
use hashdrift::world::fleet::Fleets;

/// Counts reviews, which has all of them weighed up.
#[derive(Default)]
struct Reviews {
    all: u32,
    moves: u32,
}

impl Observer for Reviews {
    fn decision(&mut self, decision: &Decision<'_>, _: &Fleets) {
        self.all += 1;
        self.moves += u32::from(decision.from != decision.to);
    }
}

/// Changes of `core.toml` under which staying has other odds.
const WORLDS: [&[&str]; 12] = [
    &[],
    // Many reviews a day, and room everywhere.
    &[
        "firms.count=3000",
        "days=120",
        "regions.paraguay.capacity={ mw = 90000.0 }",
    ],
    &[
        "moving.home_bonus_usd_per_mwh=6.0",
        "moving.stay_bonus_usd_per_mwh=3.0",
    ],
    &["moving.home_bonus_usd_per_mwh=-6.0"],
    &["moving.consider_per_year=3.0"],
    &[
        "regions.us.size=20.0",
        "regions.paraguay.size=3.0",
        "moving.ship_usd_per_th=0.5",
    ],
    &[
        "regions.us.tax=0.3",
        "regions.ethiopia.appeal_usd_per_mwh=9.0",
        "regions.ethiopia.deposit_usd_per_mw=40000.0",
    ],
    // Margins around nothing, where a straight line is none.
    &[
        "bitcoin.price.usd=45000.0",
        "moving.choice_scale_usd_per_mwh=0.7",
    ],
    &[
        "regions.paraguay.capacity={ start_utilisation = 0.9, build_mw_per_month = 40.0 }",
        "regions.paraguay.power.pue=1.3",
    ],
    // Less than one site, whose pull rises where that of more falls.
    &[
        "firms.count=3000",
        "days=300",
        "regions.us.size=0.01",
        "regions.paraguay.size=0.01",
        "regions.ethiopia.size=0.01",
        "moving.ship_usd_per_th=0.01",
        "moving.downtime_days=10.0",
    ],
    &[
        "regions.us.size=0.01",
        "firms.count=3000",
        "moving.ship_usd_per_th=0.5",
    ],
    // A region that nobody may enter, and machines that are all alike.
    &[
        "regions.paraguay.open=false",
        "firms.efficiency={ model = \"normal\", mean = 18.0, sd = 0.0, min = 13.0, max = 38.0 }",
    ],
];

const CORE: &str = include_str!("../../scenarios/core.toml");

/// Histories of a world in which every fleet is weighed up, and of one in which hardly any is.
fn has_the_same_records_watched_or_not(world: &str, changes: &[&str]) {
    let mut all = vec!["firms.count=700".to_owned(), "days=700".to_owned()];
    all.extend(changes.iter().map(|change| (*change).to_owned()));
    let scenario = parse_scenario("core", world, &all, &[])
        .unwrap_or_else(|error| panic!("{changes:?}: {error}"));
    let model = Model::new(&scenario);
    let mut watched = vec![0.0; model.record_len()];
    let mut unwatched = watched.clone();
    let mut reviews = Reviews::default();
    for replica in 0..3 {
        model
            .run_replica(replica, &mut watched, &mut reviews)
            .expect("the start can be drawn");
        model
            .run_replica(replica, &mut unwatched, &mut ())
            .expect("the start can be drawn");
        let bits = |records: &[f64]| records.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert!(
            bits(&watched) == bits(&unwatched),
            "{changes:?}, replica {replica}"
        );
    }
    let Reviews { all, moves } = reviews;
    assert!(
        moves > 100 && all > 2 * moves,
        "{changes:?}: {moves} of {all}"
    );
}

#[test]
fn who_surely_stays_would_have_stayed() {
    for world in WORLDS {
        has_the_same_records_watched_or_not(CORE, world);
    }
}

/// Where there are more regions than one, the roomiest and the next: some full, some open to all, one closed, one alone without
/// a limit.
#[test]
fn who_surely_stays_would_have_stayed_among_seven_regions() {
    let more: Vec<String> = [
        ("iceland", "IS", 40.0, "capacity = { mw = 1_100.0 }"),
        ("norway", "NO", 60.0, "capacity = { mw = 9_000.0 }"),
        ("oman", "OM", 34.0, "capacity = { mw = 900.0 }\nopen = false"),
        ("canada", "CA", 70.0, ""),
    ]
    .into_iter()
    .map(|(id, iso, usd_per_mwh, room)| {
        format!(
            "\n[regions.{id}]\nname = \"{id}\"\niso = [\"{iso}\"]\nshare = 0.05\npower = {{ usd_per_mwh = {usd_per_mwh:?}, reversion_per_year = 4.0, volatility = 0.6 }}\n{room}\n"
        )
    })
    .collect();
    let world = format!("{CORE}{}", more.concat());
    for change in [
        "moving.home_bonus_usd_per_mwh=0.0",
        "moving.home_bonus_usd_per_mwh=4.0",
        "moving.consider_per_year=6.0",
    ] {
        // More fleets a day than are looked at together.
        let changes = [
            "regions.us.share=0.7",
            "firms.count=3000",
            "days=200",
            change,
        ];
        has_the_same_records_watched_or_not(&world, &changes);
    }
}

/// What a replica shares with others where some parameters are its own is what it would have by itself.
#[test]
fn a_replica_with_values_of_its_own_is_a_scenario_with_these_values() {
    for key in [
        "growth.hurdle",
        "moving.horizon_years",
        "regions.us.power.usd_per_mwh",
        "regions.*.power.adder_usd_per_mwh",
        "regions.paraguay.power.trend_per_year",
        "regions.us.power.volatility",
        "regions.us.power.intraday_sd",
    ] {
        let changes = [
            "days=90".to_owned(),
            "record_every_days=30".to_owned(),
            // What is planned hangs on the horizon.
            "regions.us.power.trend_per_year=0.2".to_owned(),
            format!(
                "uncertain={{ factors = [{{ model = \"log-normal\", sd = 0.1, keys = [\"{key}\"] }}] }}"
            ),
        ];
        let path = std::path::Path::new("scenarios/global-south.toml");
        let scenario =
            load_scenario(path, &changes).unwrap_or_else(|error| panic!("{key}: {error}"));
        let all = Model::new(&scenario);
        let mut shared = vec![0.0; all.record_len()];
        let mut alone = shared.clone();
        for replica in 0..2 {
            all.run_replica(replica, &mut shared, &mut ())
                .expect("the start can be drawn");
            let own = scenario
                .of_replica(replica)
                .expect("something is uncertain");
            Model::new(&own)
                .run_replica(replica, &mut alone, &mut ())
                .expect("the start can be drawn");
            let bits = |records: &[f64]| records.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert!(bits(&shared) == bits(&alone), "{key}, replica {replica}");
        }
    }
}
