//! Laws of every history, on random small scenarios; the seed is in the message of a failure.

use hashdrift::engine::{Decision, Model, Observer};
use hashdrift::ensemble::{self, Ensemble};
use hashdrift::record::{ALL, Day, Level};
use hashdrift::scenario::{HashIs, Scenario};
use hashdrift::world::capacity::Capacities;
use hashdrift::world::fleet::Fleets;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::{parse, value};

/// Writes a scenario line by line from random numbers.
struct Writer {
    random: ChaCha8Rng,
    toml: String,
}

impl Writer {
    fn number(&mut self, low: f64, high: f64) -> f64 {
        self.random.random_range(low..high)
    }

    fn whole(&mut self, low: u32, high: u32) -> u32 {
        self.random.random_range(low..=high)
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.random.random_bool(probability)
    }

    fn line(&mut self, line: &str) {
        self.toml += line;
        self.toml.push('\n');
    }

    /// `key` with a number from the range.
    fn key(&mut self, key: &str, low: f64, high: f64) {
        let number = self.number(low, high);
        self.line(&format!("{key} = {number:?}"));
    }

    /// The same half of the time; otherwise nothing: the key keeps its default.
    fn maybe(&mut self, key: &str, low: f64, high: f64) {
        if self.chance(0.5) {
            self.key(key, low, high);
        }
    }
}

/// A random small scenario: every mechanism of the model is on in some and off in others.
fn random_scenario(seed: u64) -> String {
    let mut writer = Writer {
        random: ChaCha8Rng::seed_from_u64(seed),
        toml: String::new(),
    };
    let regions = writer.whole(2, 6) as usize;
    let shares = random_shares(&mut writer, regions);
    let nameplate = writer.chance(0.7);
    let (days, every) = (writer.whole(60, 200), writer.whole(1, 20));
    writer.line(&format!("name = \"random {seed}\"\nstart = 2026-01-01"));
    writer.line(&format!("days = {days}\nrecord_every_days = {every}"));
    writer.line(&format!("replicas = 3\nseed = {seed}"));
    write_bitcoin(&mut writer, nameplate);
    write_firms(&mut writer, &shares);
    write_moving(&mut writer);
    writer.line("[hardware]");
    writer.maybe("usd_per_th", 0.0, 30.0);
    writer.line("[power]");
    // Six regions may have anything above -1/5.
    writer.key("correlation", -0.19, 0.9);
    for (r, share) in shares.iter().enumerate() {
        write_region(&mut writer, r, *share, nameplate);
    }
    writer.toml
}

/// Shares of regions, of which those after the first may have none.
fn random_shares(writer: &mut Writer, regions: usize) -> Vec<f64> {
    let weights: Vec<f64> = (0..regions)
        .map(|r| {
            let weight = writer.number(0.01, 1.0);
            if r > 0 && writer.chance(0.2) {
                0.0
            } else {
                weight
            }
        })
        .collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

const NETWORK_EHS: f64 = 900.0;

fn write_bitcoin(writer: &mut Writer, nameplate: bool) {
    // Some start just before the halving at 1,050,000.
    let height = if writer.chance(0.3) {
        1_050_000 - writer.whole(1, 20_000)
    } else {
        writer.whole(840_000, 1_049_999)
    };
    let hash_is = if nameplate { "nameplate" } else { "running" };
    writer.line(&format!("[bitcoin]\nheight = {height}"));
    writer.line(&format!("network_ehs = {NETWORK_EHS:?}"));
    writer.line(&format!("hash_is = \"{hash_is}\""));
    writer.maybe("fee_ratio", 0.0, 0.3);
    if writer.chance(0.3) {
        writer.key("difficulty", 1.0e14, 1.5e14);
    }
    if writer.chance(0.5) {
        let left = writer.whole(1, 2015);
        writer.line(&format!("blocks_to_retarget = {left}"));
        writer.maybe("epoch_elapsed_days", 0.0, 14.0);
    }
    let model = ["constant", "gbm", "jump"][writer.whole(0, 2) as usize];
    writer.line(&format!("[bitcoin.price]\nmodel = \"{model}\""));
    writer.key("usd", 90_000.0, 150_000.0);
    if model != "constant" {
        writer.key("drift", -1.0, 1.0);
        writer.key("volatility", 0.0, 1.5);
    }
    if model == "jump" {
        writer.key("jumps_per_year", 0.0, 30.0);
        writer.key("jump_mean", -0.3, 0.3);
        writer.key("jump_sd", 0.0, 0.5);
    }
}

fn write_firms(writer: &mut Writer, shares: &[f64]) {
    // At least one for each of six regions.
    let count = writer.whole(6, 60);
    writer.line(&format!("[firms]\ncount = {count}"));
    writer.maybe("tail_alpha", 0.6, 3.0);
    writer.maybe("tail_cap", 1.0, 1000.0);
    writer.maybe("max_fleet_mw", 100.0, 2000.0);
    let fixed = writer.chance(0.3);
    writer.line(&format!("fixed_population = {fixed}"));
    writer.line("[firms.efficiency]");
    if writer.chance(0.5) {
        writer.line("model = \"normal\"\nmin = 13.0\nmax = 38.0");
        writer.key("mean", 14.0, 25.0);
        writer.key("sd", 0.0, 8.0);
    } else {
        writer.line("model = \"vintages\"");
        writer.line("mix = [{ share = 0.3, j_per_th = 15.0 }, { share = 0.7, j_per_th = 25.0 }]");
    }
    if writer.chance(0.4) {
        // In the first region and in another one that has a share: less than a third of the hash of either.
        let other = shares.iter().rposition(|share| *share > 0.0).unwrap_or(0);
        let ehs = NETWORK_EHS * shares[0].min(shares[other]) / 3.0;
        let places = if other == 0 {
            "r0 = 1.0".to_owned()
        } else {
            format!("r0 = 0.5, r{other} = 0.5")
        };
        writer.line(&format!(
            "[[firms.named]]\nname = \"Named\"\nehs = {ehs:?}\nregions = {{ {places} }}"
        ));
    }
}

fn write_moving(writer: &mut Writer) {
    let review_days = writer.whole(1, 40);
    writer.line(&format!("[moving]\nreview_days = {review_days}"));
    if writer.chance(0.4) {
        writer.line("consider_per_year = inf");
    } else {
        writer.maybe("consider_per_year", 0.0, 20.0);
    }
    let scale = [0.001, 1.0, 5.0, 20.0][writer.whole(0, 3) as usize];
    writer.line(&format!("choice_scale_usd_per_mwh = {scale:?}"));
    for (key, low, high) in [
        ("downtime_days", 1.0, 60.0),
        ("downtime_cv", 0.1, 2.0),
        ("horizon_years", 0.1, 5.0),
        ("ship_usd_per_th", 0.0, 5.0),
        ("breakage", 0.0, 0.1),
        ("stay_bonus_usd_per_mwh", -3.0, 5.0),
        ("home_bonus_usd_per_mwh", -3.0, 5.0),
    ] {
        writer.maybe(key, low, high);
    }
    let known = writer.chance(0.5);
    writer.line(&format!("[expectations]\nhalving_known = {known}"));
    for (key, low, high) in [
        ("spot_memory", 0.0, 1.0),
        ("smoothing_days", 1.0, 60.0),
        ("hashprice_decay", 0.0, 0.5),
    ] {
        writer.maybe(key, low, high);
    }
    writer.line("[pools]");
    writer.maybe("fee", 0.0, 0.03);
}

fn write_region(writer: &mut Writer, r: usize, share: f64, nameplate: bool) {
    writer.line(&format!("[regions.r{r}]\nshare = {share:?}"));
    if writer.chance(0.3) {
        let members = writer.whole(1, 20);
        writer.line(&format!("members = {members}"));
        writer.maybe("size", f64::from(members), 50.0);
    }
    let open = writer.chance(0.75);
    writer.line(&format!("open = {open}"));
    writer.maybe("appeal_usd_per_mwh", -5.0, 5.0);
    writer.maybe("tax", 0.0, 0.1);
    writer.maybe("duty", 0.0, 0.3);
    writer.maybe("deposit_usd_per_mw", 0.0, 100_000.0);

    writer.line(&format!("[regions.r{r}.power]"));
    // Where shares are of running machines, some have to run.
    let base = writer.number(25.0, if nameplate { 90.0 } else { 45.0 });
    if writer.chance(0.3) {
        let later = writer.number(25.0, 90.0);
        writer.line(&format!(
            "tariff = [{{ from = 2025-06-01, usd_per_mwh = {base:?} }}, {{ from = 2026-02-01, usd_per_mwh = {later:?} }}]"
        ));
    } else {
        writer.line(&format!("usd_per_mwh = {base:?}"));
        writer.maybe("trend_per_year", -0.3, 0.5);
    }
    if writer.chance(0.3) {
        let (amplitude, peak) = (writer.number(0.0, 1.0), writer.number(1.0, 366.0));
        writer.line(&format!(
            "season = {{ amplitude = {amplitude:?}, peak_day = {peak:?} }}"
        ));
    }
    writer.maybe("adder_usd_per_mwh", 0.0, 10.0);
    writer.maybe("pue", 1.0, 1.2);
    writer.maybe("reversion_per_year", 0.0, 50.0);
    writer.maybe("volatility", 0.0, 2.0);

    if writer.chance(0.3) {
        return; // Room without limit.
    }
    writer.line(&format!("[regions.r{r}.capacity]"));
    // Never less than the load of the share: at most 1,000 EH/s at 30 J/TH and a PUE of 1.2.
    let megawatts = 36_000.0 * share + writer.number(0.0, 12_000.0);
    if writer.chance(0.5) {
        writer.line(&format!("mw = {megawatts:?}"));
        writer.maybe("max_mw", megawatts, 60_000.0);
    } else if writer.chance(0.3) {
        writer.line("start_utilisation = 1.0");
    } else {
        writer.key("start_utilisation", 0.3, 1.0);
        writer.maybe("max_mw", 0.0, 15_000.0);
    }
    writer.maybe("build_mw_per_month", 0.0, 500.0);
}

// ---- What every history obeys, day by day -----------------------------------------------------------

/// Checks the laws of a history as it runs.
struct Watch<'s> {
    scenario: &'s Scenario,
    nameplate: Option<f64>,
    load_before: Vec<f64>,
    next_height: u64,
    /// By fleet: first day at its place.
    arrival: Vec<u32>,
    moves: usize,
}

impl<'s> Watch<'s> {
    fn new(scenario: &'s Scenario) -> Self {
        Self {
            scenario,
            nameplate: None,
            load_before: vec![f64::INFINITY; scenario.regions.len()],
            next_height: scenario.bitcoin.height,
            arrival: Vec::new(),
            moves: 0,
        }
    }
}

impl Observer for Watch<'_> {
    fn day(&mut self, today: &Day<'_>, fleets: &Fleets, blocks: u64) {
        let day = today.day;
        let Capacities {
            load: held,
            capacity,
            ..
        } = today.capacities;
        self.arrival.resize(fleets.len(), 0);
        assert!(today.btc_price.is_finite() && today.btc_price > 0.0);
        assert!(today.hashprice.is_finite() && today.hashprice > 0.0);
        assert!(today.difficulty.is_finite() && today.difficulty >= 1.0);
        assert_eq!(today.height, self.next_height, "day {day}: blocks got lost");
        self.next_height += blocks;

        // Machines are neither made nor lost, and each is at its place from its arrival on, not before.
        let regions = self.scenario.regions.len();
        let (mut placed, mut load) = (vec![0.0; regions], vec![0.0; regions]);
        let mut transit = 0.0;
        for fleet in 0..fleets.len() {
            let (region, site) = (fleets[fleet].region, fleets[fleet].site);
            let pue = self.scenario.regions[usize::from(region)].power.pue;
            load[usize::from(region)] += fleets.power_mw(fleet) * pue;
            if day < self.arrival[fleet] {
                assert_eq!(site, fleets.nowhere(), "day {day}: fleet {fleet}");
                transit += fleets[fleet].hash_phs;
            } else {
                assert_eq!(site, region, "day {day}: fleet {fleet}");
                placed[usize::from(region)] += fleets[fleet].hash_phs;
            }
        }
        let all = placed.iter().sum::<f64>() + transit;
        let nameplate = *self.nameplate.get_or_insert(all);
        assert!((all / nameplate - 1.0).abs() < 1e-12, "day {day}: {all}");

        for (r, region) in self.scenario.regions.iter().enumerate() {
            assert!(today.spot[r].is_finite() && today.spot[r] >= 0.0);
            let running = today.running[r];
            assert!(running >= 0.0 && running <= placed[r] * (1.0 + 1e-12));
            let total_load: f64 = load.iter().sum();
            assert!((held[r] - load[r]).abs() <= 1e-9 * total_load);
            // Capacity is at least the load at the start, and only what it admits is added.
            assert!(
                held[r] <= capacity[r],
                "day {day}: {} MW in {} with room for {}",
                held[r],
                region.id,
                capacity[r]
            );
            assert!(
                region.open || held[r] <= self.load_before[r],
                "day {day}: {} is closed and gained load",
                region.id
            );
        }
        self.load_before.copy_from_slice(held);
    }

    fn decision(&mut self, decision: &Decision<'_>, fleets: &Fleets) {
        let (day, fleet) = (decision.day, decision.fleet);
        let every = self.scenario.moving.review_days;
        assert_eq!(
            day % every,
            fleet as u32 % every,
            "fleet {fleet} is not due"
        );
        assert_eq!(usize::from(fleets[fleet].site), decision.from);
        assert!(decision.review.utilities[decision.from].is_finite());
        assert!(decision.review.utilities[decision.to].is_finite());
        assert!(
            decision.review.utilities[..self.scenario.regions.len()]
                .iter()
                .all(|u| *u < f64::INFINITY)
        );
        for (region, utility) in decision.review.utilities[..self.scenario.regions.len()]
            .iter()
            .enumerate()
        {
            let parts = decision.review.parts(fleets, fleet, region);
            let sum = parts.margin - parts.policy + parts.attraction - parts.moving;
            assert!(
                *utility == f64::NEG_INFINITY
                    || (utility - sum).abs() <= 1e-9 * (1.0 + parts.moving)
            );
        }
        if decision.to == decision.from {
            assert_eq!(decision.arrival, day);
        } else {
            assert!(self.scenario.regions[decision.to].open);
            assert!(decision.arrival > day);
            self.arrival[fleet] = decision.arrival;
            self.moves += 1;
        }
    }
}

/// Laws of what was recorded.
fn check_records(scenario: &Scenario, results: &Ensemble) {
    for replica in 0..results.replicas as usize {
        let mut nameplate_at_start = None;
        for date in 0..results.dates.len() {
            let network = |metric: &str| {
                value(results, replica, date, Level::Network, ALL, metric)
                    .unwrap_or_else(|| panic!("{metric} is null"))
            };
            let nameplate = network("nameplate_hash_rate");
            let first = *nameplate_at_start.get_or_insert(nameplate);
            assert!((nameplate / first - 1.0).abs() < 1e-12);
            let parts = ["hash_rate", "idle_hash_rate", "transit_hash_rate"].map(network);
            assert!(parts.iter().all(|part| *part >= 0.0));
            assert!((parts.iter().sum::<f64>() / nameplate - 1.0).abs() < 1e-9);
            for metric in ["btc_price", "hashprice", "difficulty", "height", "power"] {
                let _ = network(metric);
            }
            for metric in ["share", "nameplate_share"] {
                let shares: Vec<f64> = scenario
                    .regions
                    .iter()
                    .filter_map(|r| value(results, replica, date, Level::Region, &r.id, metric))
                    .collect();
                let sum: f64 = shares.iter().sum();
                assert!(
                    shares.is_empty()
                        || shares.len() == scenario.regions.len() && (sum - 1.0).abs() < 1e-12,
                    "{metric} on record {date}: {shares:?}"
                );
            }
            for level in [Level::Region, Level::Firm] {
                for weight in ["", "nameplate_"] {
                    check_concentration(results, replica, date, level, weight);
                }
            }
        }
        if scenario.bitcoin.hash_is == HashIs::Nameplate {
            let network = scenario.bitcoin.network_hash.get() / 1000.0;
            assert!((nameplate_at_start.expect("it is defined") / network - 1.0).abs() < 1e-9);
            for region in &scenario.regions {
                let metric = "nameplate_share";
                let share = value(results, replica, 0, Level::Region, &region.id, metric);
                let share = share.expect("it is defined");
                assert!((share - region.share.get()).abs() < 1e-9, "{}", region.id);
            }
        }
    }
    for date in 0..results.dates.len() {
        for (index, quantity) in results.quantities.iter().enumerate() {
            if let Some(summary) = results.summary(date, index) {
                let what = format!("{} of {} on record {date}", quantity.metric, quantity.name);
                assert!(summary.mean.is_finite(), "{what}");
                assert!(summary.sd.is_none_or(f64::is_finite), "{what}");
                let values = summary.quantiles.map(|quantile| quantile.value);
                assert!(values.iter().all(|value| value.is_finite()), "{what}");
                assert!(values.is_sorted(), "{what}");
            }
        }
    }
}

fn check_concentration(
    results: &Ensemble,
    replica: usize,
    date: usize,
    level: Level,
    weight: &str,
) {
    let metric = |name: &str| {
        let metric = format!("{weight}{name}");
        value(results, replica, date, level, ALL, &metric)
    };
    let (active, registered) = (metric("active"), metric("registered"));
    let (active, registered) = (active.expect("a count"), registered.expect("a count"));
    assert!(active <= registered);
    let Some(hhi) = metric("hhi") else {
        assert!(active < 0.5, "no index of {active} units");
        return;
    };
    let defined = |name: &str| metric(name).unwrap_or_else(|| panic!("{name} is null"));
    assert!(hhi >= 1.0 / active - 1e-12 && hhi <= 1.0 + 1e-12, "{hhi}");
    let counts = ["nakamoto_third", "nakamoto_half", "nakamoto_two_thirds"].map(defined);
    assert!(counts.is_sorted() && counts[0] >= 1.0 && counts[2] <= active);
    let tops = ["top_1", "top_3", "top_10"].map(defined);
    assert!(tops.is_sorted() && tops[0] > 0.0 && tops[2] <= 1.0 + 1e-12);
    // The largest share squared is one term of the index, and no share is above the largest.
    assert!(tops[0] * tops[0] <= hhi + 1e-12 && hhi <= tops[0] + 1e-12);
    let gini = defined("gini");
    assert!((-1e-12..1.0).contains(&gini), "{gini}");
    let entropy = defined("entropy");
    assert!(entropy >= -1e-12 && libm::exp2(entropy) <= active * (1.0 + 1e-9));
}

#[test]
fn random_scenarios_obey_the_laws_of_every_history() {
    let seeds = if cfg!(debug_assertions) { 60 } else { 400 };
    let (mut moves, mut ran) = (0, 0);
    for seed in 0..seeds {
        let text = random_scenario(seed);
        let scenario = parse(&text, &[]);
        let checked = std::panic::catch_unwind(|| {
            // A start in which a region has nothing that runs is refused, and says so.
            let results = ensemble::run(&scenario).ok()?;
            check_records(&scenario, &results);
            let model = Model::new(&scenario);
            let mut moves = 0;
            // In another order, alone and watched: the same bytes.
            for replica in (0..results.replicas as usize).rev() {
                let mut records = vec![0.0; model.record_len()];
                let mut watch = Watch::new(&scenario);
                model
                    .run_replica(replica as u64, &mut records, &mut watch)
                    .expect("it ran before");
                moves += watch.moves;
                let bits =
                    |records: &[f64]| records.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&records), bits(results.replica(replica)));
            }
            Some(moves)
        });
        match checked {
            Ok(Some(found)) => {
                moves += found;
                ran += 1;
            }
            Ok(None) => assert_eq!(scenario.bitcoin.hash_is, HashIs::Running, "seed {seed}"),
            Err(law) => {
                println!("seed {seed} of random_scenario breaks a law:\n{text}");
                std::panic::resume_unwind(law)
            }
        }
    }
    // The laws mean little in worlds that nobody runs or where nobody moves.
    assert!(ran * 10 > seeds * 9, "{ran} of {seeds} scenarios ran");
    assert!(moves > 10 * seeds as usize, "{moves} moves");
}
