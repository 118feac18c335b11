//! Ways of doing less must not show: a history that is watched, in which every fleet is weighed up, has the records of one
//! that nobody watches.

use hashdrift::engine::{Decision, Model, Observer};
use hashdrift::scenario::parse_scenario;
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

#[test]
fn who_surely_stays_would_have_stayed() {
    for world in WORLDS {
        let mut changes = vec!["firms.count=700".to_owned(), "days=700".to_owned()];
        changes.extend(world.iter().map(|change| (*change).to_owned()));
        let text = include_str!("../../scenarios/core.toml");
        let scenario = parse_scenario("core", text, &changes, &[])
            .unwrap_or_else(|error| panic!("{world:?}: {error}"));
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
                "{world:?}, replica {replica}"
            );
        }
        let Reviews { all, moves } = reviews;
        assert!(
            moves > 100 && all > 2 * moves,
            "{world:?}: {moves} of {all}"
        );
    }
}
