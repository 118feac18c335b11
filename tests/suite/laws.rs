//! Laws that hold in every scenario, whatever its numbers: checked on random small ones, whose seed is
//! in the message of a failure, and, where a law is about means, on ensembles of `core.toml`.

use hashdrift::engine::{Decision, Model, Observer};
use hashdrift::ensemble::{self, Ensemble};
use hashdrift::record::{ALL, Day, Level};
use hashdrift::scenario::{HashIs, Scenario, parse_scenario};
use hashdrift::world::capacity::Capacities;
use hashdrift::world::fleet::Fleets;
use hashdrift::world::network::Network;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1};

use super::limits::mean_and_error;

const CORE: &str = include_str!("../../scenarios/core.toml");

/// Replicas of a test about means: fewer in a debug build, which is some twenty times slower.
const fn replicas(release: usize) -> usize {
    if cfg!(debug_assertions) {
        release / 8
    } else {
        release
    }
}

pub fn parse(text: &str, changes: &[String]) -> Scenario {
    parse_scenario("a law", text, changes, &[])
        .unwrap_or_else(|refused| panic!("{refused}\n{changes:?}\n{text}"))
}

pub fn run(text: &str, changes: &[String]) -> Ensemble {
    ensemble::run(&parse(text, changes)).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn changes(list: &[&str]) -> Vec<String> {
    list.iter().map(|change| (*change).to_owned()).collect()
}

/// Value of a quantity on a record day of a replica; `None` where it is not defined.
fn value(
    results: &Ensemble,
    replica: usize,
    date: usize,
    level: Level,
    name: &str,
    metric: &str,
) -> Option<f64> {
    let quantity = results
        .find(level, name, metric)
        .unwrap_or_else(|| panic!("{metric} of {name} is not recorded"));
    let value = results.replica(replica)[date * results.quantities.len() + quantity];
    (!value.is_nan()).then_some(value)
}

/// Mean over replicas of a quantity on a record day, and its standard error.
fn mean(results: &Ensemble, date: usize, name: &str, metric: &str) -> (f64, f64) {
    let quantity = results
        .find(Level::Region, name, metric)
        .unwrap_or_else(|| panic!("{metric} of {name} is not recorded"));
    let summary = results.summary(date, quantity).expect("it is defined");
    (summary.mean, summary.standard_error.expect("many replicas"))
}

/// Mean over replicas and record days of a region's quantity.
fn overall_mean(results: &Ensemble, name: &str, metric: &str) -> f64 {
    let dates = results.dates.len();
    let sum: f64 = (0..dates).map(|d| mean(results, d, name, metric).0).sum();
    sum / dates as f64
}

/// Equal within four standard errors: one comparison in 16,000 fails by chance, and seeds are fixed.
fn same_in_law(what: &str, (a, error_a): (f64, f64), (b, error_b): (f64, f64)) {
    let error = (error_a * error_a + error_b * error_b).sqrt() + 1e-12;
    assert!(
        (a - b).abs() <= 4.0 * error,
        "{what}: {a} against {b}, standard error {error}"
    );
}

// ---- Random scenarios -------------------------------------------------------------------------------

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
            let (region, site) = (fleets.region[fleet], fleets.site[fleet]);
            let pue = self.scenario.regions[usize::from(region)].power.pue;
            load[usize::from(region)] += fleets.power_mw(fleet) * pue;
            if day < self.arrival[fleet] {
                assert_eq!(site, fleets.nowhere(), "day {day}: fleet {fleet}");
                transit += fleets.hash_phs[fleet];
            } else {
                assert_eq!(site, region, "day {day}: fleet {fleet}");
                placed[usize::from(region)] += fleets.hash_phs[fleet];
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
        assert_eq!(usize::from(fleets.site[fleet]), decision.from);
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

#[test]
fn the_running_shares_at_the_start_are_those_of_the_scenario() {
    // Nothing is random but the firms, so the first day runs as the start was reckoned.
    let results = run(
        CORE,
        &changes(&[
            "days=1",
            "replicas=50",
            "firms.count=200",
            "bitcoin.hash_is=\"running\"",
            "bitcoin.price={ model = \"constant\", usd = 95000.0 }",
            "regions.us.power={ usd_per_mwh = 75.0 }",
            "regions.paraguay.power={ usd_per_mwh = 52.0 }",
            "regions.ethiopia.power={ usd_per_mwh = 37.0 }",
        ]),
    );
    for replica in 0..50 {
        let of = |level, name: &str, metric: &str| {
            value(&results, replica, 0, level, name, metric).expect("it is defined")
        };
        assert!((of(Level::Network, ALL, "hash_rate") - 900.0).abs() < 1e-9);
        // At 75 USD/MWh the worst machines stand still: they come on top of what runs.
        assert!(of(Level::Network, ALL, "idle_hash_rate") > 0.0);
        for (id, share) in [("us", 0.9), ("paraguay", 0.07), ("ethiopia", 0.03)] {
            assert!((of(Level::Region, id, "share") - share).abs() < 1e-12);
        }
    }
}

// ---- Blocks --------------------------------------------------------------------------------------------

/// Hash rate of a day, PH/s: it doubles on the eighth day and falls to a quarter on the sixteenth, so that
/// retargets come inside days and one day may see the end of an epoch and the start of the next.
fn hash_of_day(day: u32) -> f64 {
    900_000.0 * [1.0, 2.0, 0.5][(day / 8).min(2) as usize]
}

/// Blocks so far and log difficulty after each day, every block drawn on its own.
fn blocks_one_by_one(difficulty: f64, days: u32, random: &mut ChaCha8Rng) -> Vec<[f64; 2]> {
    let (mut difficulty, mut blocks, mut in_epoch) = (difficulty, 0_u32, 0_u32);
    let (mut now, mut epoch_start) = (0.0, 0.0);
    let mut by_day = Vec::new();
    for day in 0..days {
        let end = f64::from(day + 1) * 86_400.0;
        loop {
            let mean = difficulty * 4_294_967_296.0 / (hash_of_day(day) * 1e15);
            let wait: f64 = Exp1.sample(random);
            if now + wait * mean >= end {
                // The process has no memory, so the next day may start afresh.
                now = end;
                break;
            }
            now += wait * mean;
            blocks += 1;
            in_epoch += 1;
            if in_epoch == 1 {
                epoch_start = now;
            } else if in_epoch == 2016 {
                let span = f64::clamp(now - epoch_start, 302_400.0, 4_838_400.0);
                difficulty *= 1_209_600.0 / span;
                in_epoch = 0;
            }
        }
        by_day.push([f64::from(blocks), libm::log(difficulty)]);
    }
    by_day
}

#[test]
fn a_day_of_blocks_in_few_draws_has_the_law_of_blocks_one_by_one() {
    let scenario = parse(CORE, &[]);
    let (days, histories) = (32, replicas(4000) as u64);
    let in_few_draws = |history: u64| {
        let mut network = Network::new(&scenario.bitcoin);
        let mut random = ChaCha8Rng::seed_from_u64(history);
        let mut blocks = 0;
        (0..days)
            .map(|day| {
                blocks += network.mine_day(day, hash_of_day(day), &mut random);
                [blocks as f64, libm::log(network.difficulty)]
            })
            .collect::<Vec<_>>()
    };
    let one_by_one = |history: u64| {
        let mut random = ChaCha8Rng::seed_from_u64(1_000_000 + history);
        blocks_one_by_one(scenario.bitcoin.difficulty, days, &mut random)
    };
    let ours: Vec<_> = (0..histories).map(in_few_draws).collect();
    let theirs: Vec<_> = (0..histories).map(one_by_one).collect();
    for day in [0, 6, 9, 10, 11, 12, 16, 20, 25, 28, 31] {
        for (index, what) in ["blocks", "log difficulty"].into_iter().enumerate() {
            let column =
                |all: &[Vec<[f64; 2]>]| all.iter().map(|h| h[day][index]).collect::<Vec<_>>();
            let (a, b) = (column(&ours), column(&theirs));
            let (mean_a, mean_b) = (mean_and_error(&a), mean_and_error(&b));
            same_in_law(&format!("{what}, day {day}"), mean_a, mean_b);
            // The variance is the mean of squared deviations.
            let squares = |x: &[f64], mean: f64| {
                x.iter()
                    .map(|x| (x - mean) * (x - mean))
                    .collect::<Vec<_>>()
            };
            let (a, b) = (squares(&a, mean_a.0), squares(&b, mean_b.0));
            let (a, b) = (mean_and_error(&a), mean_and_error(&b));
            same_in_law(&format!("variance of {what}, day {day}"), a, b);
        }
    }
}

// ---- Laws about means -------------------------------------------------------------------------------

#[test]
fn the_order_of_the_regions_does_not_matter() {
    let first = CORE.find("[regions.us]").expect("core.toml has it");
    let (head, regions) = CORE.split_at(first);
    let blocks: Vec<&str> = regions.trim().split("\n\n").collect();
    assert_eq!(blocks.len(), 3);
    let turned = format!("{head}{}\n\n{}\n\n{}\n", blocks[2], blocks[0], blocks[1]);
    let changes = |seed: u64| {
        changes(&[
            &format!("seed={seed}"),
            &format!("replicas={}", replicas(800)),
            "firms.count=200",
            "firms.tail_cap=20.0",
            "days=241",
            "record_every_days=40",
            // Places differ by less than the choice blurs, so an order that mattered would show.
            "regions.us.power.usd_per_mwh=55.0",
            "regions.paraguay.power.usd_per_mwh=50.0",
            "regions.ethiopia.power.usd_per_mwh=48.0",
            "expectations.spot_memory=0.0",
            "bitcoin.price.volatility=0.1",
            // Moves are cheap and pay, so the choice decides; one of the small regions fills up.
            "regions.paraguay.capacity.mw=5000.0",
            "regions.ethiopia.capacity.mw=1e5",
            "moving.consider_per_year=4.0",
            "bitcoin.price.usd=150000.0",
            "moving.ship_usd_per_th=0.5",
            "moving.downtime_days=10.0",
        ])
    };
    let (one, other) = (run(CORE, &changes(1)), run(&turned, &changes(2)));
    let (us, _) = mean(&one, one.last(), "us", "nameplate_share");
    assert!(us < 0.8, "{us}: nothing moves");
    for date in 1..one.dates.len() {
        for region in ["us", "paraguay", "ethiopia"] {
            for metric in ["nameplate_share", "hash_rate", "load"] {
                same_in_law(
                    &format!("{metric} of {region} on record {date}"),
                    mean(&one, date, region, metric),
                    mean(&other, date, region, metric),
                );
            }
        }
    }
}

/// A world in which nothing but the choice is left: machines all earn their power, a move costs
/// next to nothing and everyone has room.
const FREE_TO_MOVE: [&str; 11] = [
    "firms.count=100",
    "firms.efficiency={ model = \"normal\", mean = 18.0, sd = 3.0, min = 13.0, max = 25.0 }",
    "bitcoin.price={ model = \"constant\", usd = 200000.0 }",
    "moving.ship_usd_per_th=0.0",
    "moving.downtime_days=1.0",
    "moving.horizon_years=100.0",
    "moving.consider_per_year=4.0",
    "days=181",
    "record_every_days=60",
    "regions.us.power={ usd_per_mwh = 55.0 }",
    "regions.us.capacity.mw=1e6",
];

/// The three regions of a free world, `paraguay` whole or in two halves.
fn free_world(split: bool, seed: u64, more: &[&str]) -> Ensemble {
    let first = CORE.find("[regions.us]").expect("core.toml has it");
    let plain = |id: &str, share: f64, size: f64, usd: f64| {
        format!(
            "[regions.{id}]\nshare = {share:?}\nsize = {size:?}\npower = {{ usd_per_mwh = {usd:?} }}\n"
        )
    };
    let mut text = CORE[..first].to_owned() + "[regions.us]\nshare = 0.5\n[regions.us.capacity]\n";
    text += &if split {
        plain("north", 0.15, 0.5, 50.0) + &plain("south", 0.15, 0.5, 50.0)
    } else {
        plain("paraguay", 0.3, 1.0, 50.0)
    };
    text += &plain("ethiopia", 0.2, 1.0, 48.0);
    let mut list = changes(&FREE_TO_MOVE);
    list.extend(changes(more));
    list.push(format!("seed={seed}"));
    list.push(format!("replicas={}", replicas(800)));
    run(&text, &list)
}

#[test]
fn splitting_a_region_in_halves_of_half_the_size_leaves_the_total() {
    let (whole, split) = (free_world(false, 1, &[]), free_world(true, 2, &[]));
    for date in 1..whole.dates.len() {
        // Load counts machines on their way, so moves between the halves do not show.
        let halves: Vec<f64> = (0..split.replicas as usize)
            .map(|replica| {
                ["north", "south"]
                    .iter()
                    .filter_map(|id| value(&split, replica, date, Level::Region, id, "load"))
                    .sum()
            })
            .collect();
        let together = mean_and_error(&halves);
        same_in_law(
            "both halves",
            mean(&whole, date, "paraguay", "load"),
            together,
        );
        for id in ["us", "ethiopia"] {
            let (one, other) = (
                mean(&whole, date, id, "load"),
                mean(&split, date, id, "load"),
            );
            same_in_law(id, one, other);
        }
    }
}

#[test]
fn splitting_firms_into_many_fleets_leaves_mean_totals() {
    let whole = free_world(false, 1, &[]);
    let split = free_world(false, 2, &["firms.max_fleet_mw=50.0"]);
    let mut narrower = 0;
    for date in 1..whole.dates.len() {
        for id in ["us", "paraguay", "ethiopia"] {
            let metric = "nameplate_hash_rate";
            let (one, other) = (
                mean(&whole, date, id, metric),
                mean(&split, date, id, metric),
            );
            same_in_law(id, one, other);
            narrower += u32::from(other.1 < one.1);
        }
    }
    // Many small fleets are less at the mercy of luck.
    assert_eq!(narrower, 9);
}

/// core.toml with fewer firms and days, and the same luck whatever else is changed.
fn small_core(more: &[String]) -> Ensemble {
    let mut list = changes(&[
        "firms.count=100",
        "days=721",
        "record_every_days=60",
        &format!("replicas={}", replicas(160)),
    ]);
    list.extend_from_slice(more);
    run(CORE, &list)
}

#[test]
fn dearer_power_never_wins_machines_under_the_same_luck() {
    for room in [
        &[][..],
        &[
            "regions.us.capacity.mw=1e5",
            "regions.paraguay.capacity.mw=1e5",
            "regions.ethiopia.capacity.mw=1e5",
        ],
    ] {
        for (id, base) in [("us", 65.0), ("paraguay", 45.0), ("ethiopia", 37.0)] {
            let shares: Vec<f64> = [0.0, 5.0, 10.0, 20.0]
                .iter()
                .map(|more| {
                    let mut list = changes(room);
                    list.push(format!("regions.{id}.power.usd_per_mwh={:?}", base + more));
                    overall_mean(&small_core(&list), id, "nameplate_share")
                })
                .collect();
            assert!(
                shares.is_sorted_by(|cheaper, dearer| cheaper > dearer),
                "{id}, {room:?}: {shares:?}"
            );
        }
    }
}

#[test]
fn room_elsewhere_never_wins_machines_for_the_dear_region() {
    let shares: Vec<f64> = [1200.0, 3000.0, 10_000.0, 100_000.0]
        .iter()
        .map(|megawatts| {
            let list = ["paraguay", "ethiopia"]
                .map(|id| format!("regions.{id}.capacity.mw={megawatts:?}"));
            overall_mean(&small_core(&list), "us", "nameplate_share")
        })
        .collect();
    assert!(
        shares.is_sorted_by(|less, more| less >= more) && shares[0] > shares[3],
        "{shares:?}"
    );
}

#[test]
fn a_longer_horizon_moves_more_machines() {
    // Room for all, so that a place taken early keeps nobody out later.
    let moved: Vec<f64> = [0.25, 0.5, 1.0, 2.0, 4.0]
        .iter()
        .map(|years| {
            let mut list = ["us", "paraguay", "ethiopia"]
                .map(|id| format!("regions.{id}.capacity.mw=1e5"))
                .to_vec();
            list.push(format!("moving.horizon_years={years:?}"));
            let results = small_core(&list);
            results
                .quantities
                .iter()
                .enumerate()
                .filter(|(_, quantity)| quantity.level == Level::Flow)
                .flat_map(|(index, _)| (0..results.dates.len()).map(move |date| (index, date)))
                .filter_map(|(index, date)| results.summary(date, index))
                .map(|summary| summary.mean)
                .sum()
        })
        .collect();
    assert!(moved.is_sorted_by(|short, long| short < long), "{moved:?}");
}
