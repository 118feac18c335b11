//! Twin histories: the same scenario, seed and luck, with and without an event.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::loss::attack_cost;
use crate::engine::{EngineError, Model, Observer};
use crate::ensemble::{EnsembleError, Progress, one_by_one};
use crate::protocol::block_interval_seconds;
use crate::record::Day;
use crate::scenario::{BanTerms, Effect, Event, Scenario};
use crate::statistics::{Summary, summarise};
use crate::units::PETAHASH_PER_EXAHASH;
use crate::world::fleet::Fleets;

/// What is measured of a pair of twins, with units.
///
/// Days that are as many as `days_followed` are at least so many: it was not reached.
pub const MEASURES: [(&str, &str); 17] = [
    ("hash_before", "ratio"),
    ("days_followed", "days"),
    ("hash_lost_1_day", "share"),
    ("hash_lost_7_days", "share"),
    ("hash_lost_30_days", "share"),
    ("hash_lost_365_days", "share"),
    ("deepest_loss", "share"),
    ("slowest_interval", "min"),
    ("slowest_interval_without", "min"),
    ("days_to_90_percent", "days"),
    ("days_to_100_percent", "days"),
    ("days_to_normal_blocks", "days"),
    ("abandoned", "share"),
    ("attack_cost_before", "billion USD"),
    ("attack_cost_at_the_deepest", "billion USD"),
    ("attack_power_before", "million USD/day"),
    ("attack_power_at_the_deepest", "million USD/day"),
];

/// What is measured of a pair of twins on the days of its path, with units; behind these come the shares of [`PATH_SHARES`].
pub const PATH_MEASURES: [(&str, &str); 5] = [
    ("hash_rate_without", "EH/s"),
    ("hash_rate_with", "EH/s"),
    ("hash_ratio", "ratio"),
    ("interval_without", "min"),
    ("interval_with", "min"),
];
/// Shares of a region in the network's hash rate, measured for every region on the days of a path.
pub const PATH_SHARES: [&str; 2] = ["share_without", "share_with"];

/// Days after the event of which a path has every one: blocks slow and machines go within weeks.
const DAILY: usize = 60;
/// Later on a path has one day in so many.
const SPARSE: usize = 5;
/// Blocks are normal again at an expected interval of at most so many times that of the twin.
const NORMAL: f64 = 1.05;
/// The twin is reached again within this part: machines are bought in lumps, and never quite the same.
const ALL: f64 = 0.995;
/// Days after the event in which the deepest loss is looked for.
const TROUGH_DAYS: usize = 365;
/// Days after which it is asked where the hash rate went.
const YEAR: usize = 365;

/// A case to compare with the scenario as it is.
#[derive(Debug, Clone)]
pub struct Case {
    /// What happens.
    pub name: String,
    /// The scenario with the event.
    pub scenario: Scenario,
    /// The day on which it begins, one that both scenarios have.
    pub day: u32,
}

/// A case over all replicas.
#[derive(Debug)]
pub struct Outcome {
    /// What happens.
    pub name: String,
    /// A summary for each of [`MEASURES`]; `None` where no replica has a value.
    pub measures: Vec<Option<Summary>>,
    /// By region: change of its share of the network's hash rate after a year.
    pub share_change: Vec<Option<Summary>>,
    /// How both twins go on, from the eve of the event.
    pub path: Vec<PathDay>,
}

/// Both twins on one day, over all replicas.
#[derive(Debug)]
pub struct PathDay {
    /// Days from the event; the eve is 0, and where there is none, the day of the event.
    pub since: u32,
    /// The simulated day.
    pub day: u32,
    /// A summary for each of [`PATH_MEASURES`], then for each of [`PATH_SHARES`] and every region; `None` where no replica has a
    /// value.
    pub measures: Vec<Option<Summary>>,
}

/// The scenario with hazards that are feared and never strike, and no longer than a comparison needs.
#[must_use]
pub fn calm(scenario: &Scenario, days: u32) -> Scenario {
    let mut calm = scenario.clone();
    calm.hazards_strike = false;
    calm.days = calm.days.min(days);
    calm
}

/// The loss of each region that has hash rate at the start, by a ban for good on `day`. An aggregate is no country, and is
/// lost as nothing.
#[must_use]
pub fn losses_of_regions(scenario: &Scenario, day: u32, terms: Option<BanTerms>) -> Vec<Case> {
    let calm = calm(scenario, u32::MAX);
    let regions = scenario.regions.iter().enumerate();
    regions
        .filter(|(_, region)| region.share.get() > 0.0 && region.members == 1)
        .map(|(r, region)| {
            let mut with = calm.clone();
            with.events.push(Event {
                start: day.cast_signed(),
                days: None,
                region: Some(r),
                effect: Effect::Ban(terms.unwrap_or_else(|| terms_of(scenario, r))),
            });
            Case {
                name: region.name.clone(),
                scenario: with,
                day,
            }
        })
        .collect()
}

/// How a ban in a region is followed: as the scenario's hazards say, otherwise as by default.
#[must_use]
pub fn terms_of(scenario: &Scenario, region: usize) -> BanTerms {
    let stated = scenario.hazards.iter().find_map(|hazard| {
        match (hazard.region == Some(region), hazard.effect) {
            (true, Effect::Ban(terms)) => Some(terms),
            _ => None,
        }
    });
    stated.unwrap_or_default()
}

/// A day of a history, as far as twins are compared.
#[derive(Debug, Clone)]
struct Seen {
    hash: f64,
    interval_minutes: f64,
    stock: f64,
    flow: f64,
    abandoned: f64,
    shares: Vec<f64>,
}

/// Watches one of the twins.
struct Watch<'s> {
    scenario: &'s Scenario,
    from: u32,
    days: Vec<Seen>,
}

impl<'s> Watch<'s> {
    fn new(scenario: &'s Scenario, from: u32) -> Self {
        Self {
            scenario,
            from,
            days: Vec::new(),
        }
    }
}

impl Observer for Watch<'_> {
    const REVIEWS: bool = false;

    fn day(&mut self, today: &Day<'_>, _: &Fleets, _: u64) {
        // The eve of the event is the first day kept.
        if today.day + 1 < self.from {
            return;
        }
        let hash: f64 = today.running.iter().sum();
        let paid: f64 = today
            .running
            .iter()
            .zip(today.delivered)
            .map(|(hash, price)| hash * price)
            .sum();
        let price = if hash > 0.0 { paid / hash } else { 0.0 };
        let cost = attack_cost(
            hash,
            today.market.frontier,
            today.market.price,
            self.scenario.hardware.site_usd_per_kw,
            price,
        );
        let share = |running: &f64| if hash > 0.0 { running / hash } else { f64::NAN };
        let seconds = block_interval_seconds(today.difficulty, hash);
        self.days.push(Seen {
            hash,
            interval_minutes: seconds.map_or(f64::INFINITY, |seconds| seconds / 60.0),
            stock: cost.stock / 1e9,
            flow: cost.flow / 1e6,
            abandoned: today.ledger.abandoned,
            shares: today.running.iter().map(share).collect(),
        });
    }
}

/// Runs the scenario as it is and every case, replica by replica, on the threads of the current rayon pool.
///
/// # Errors
/// If a history could not be run, or on being asked to stop.
pub fn compare(
    scenario: &Scenario,
    cases: &[Case],
    stop: &AtomicBool,
    progress: &dyn Progress,
) -> Result<Vec<Outcome>, EnsembleError> {
    let model = Model::new(scenario);
    let others: Vec<Model<'_>> = cases
        .iter()
        .map(|case| Model::new(&case.scenario))
        .collect();
    let first = cases.iter().map(|case| case.day).min().unwrap_or(0);
    let windows: Vec<Window> = cases
        .iter()
        .map(|case| Window::new(scenario, case, first))
        .collect();
    let pairs: Vec<Vec<Pair>> = one_by_one(0..scenario.replicas)
        .map(|replica| {
            let without = watch(&model, scenario, u64::from(replica), first)?;
            let mut compared: Vec<Pair> = Vec::with_capacity(cases.len());
            for (index, (case, other)) in cases.iter().zip(&others).enumerate() {
                if stop.load(Ordering::Relaxed) {
                    return Err(EnsembleError::Interrupted);
                }
                let with = watch(other, &case.scenario, u64::from(replica), first)?;
                let window = &windows[index];
                // Most cases begin on one day, and what they are compared with is kept once.
                let same = windows[..index].iter().position(|other| other == window);
                let kept = match same {
                    Some(same) => Arc::clone(&compared[same].without),
                    None => window.of(&without).into(),
                };
                compared.push(pair(&without, &with, window, kept));
            }
            progress.replica_done();
            Ok(compared)
        })
        .collect::<Result<_, EnsembleError>>()?;
    let column = |case: usize, value: &dyn Fn(&Pair) -> f64| {
        let mut column: Vec<f64> = pairs.iter().map(|pairs| value(&pairs[case])).collect();
        summarise(&mut column)
    };
    let regions = scenario.regions.len();
    let outcome = |(index, case): (usize, &Case)| Outcome {
        name: case.name.clone(),
        measures: (0..MEASURES.len())
            .map(|measure| column(index, &|pair| pair.measures[measure]))
            .collect(),
        share_change: (0..regions)
            .map(|r| column(index, &|pair| pair.share_change[r]))
            .collect(),
        path: windows[index]
            .days
            .iter()
            .enumerate()
            .map(|(at, since)| PathDay {
                since: *since as u32,
                day: windows[index].eve + *since as u32,
                measures: (0..PATH_MEASURES.len() + PATH_SHARES.len() * regions)
                    .map(|measure| column(index, &|pair| pair.on_path(at, measure, regions)))
                    .collect(),
            })
            .collect(),
    };
    Ok(cases.par_iter().enumerate().map(outcome).collect())
}

/// What is kept of the network on a day of a path, before the shares of the regions.
const NETWORK: usize = 2;

/// The days on which the twins of a case are looked at.
#[derive(Debug, PartialEq, Eq)]
struct Window {
    /// The simulated day before the event; the day of the event where there is none.
    eve: u32,
    /// Where the eve is among the days that were watched.
    at: usize,
    /// Days of the path, counted from the eve.
    days: Vec<usize>,
}

impl Window {
    /// Of a case whose twins are watched for an event on the day `first` or later.
    fn new(scenario: &Scenario, case: &Case, first: u32) -> Self {
        let eve = case.day.saturating_sub(1);
        let followed = scenario.days.min(case.scenario.days).saturating_sub(eve) as usize;
        let last = followed.saturating_sub(1);
        let daily = 0..followed.min(DAILY + 1);
        let sparse = (DAILY + SPARSE..last).step_by(SPARSE);
        Self {
            eve,
            at: (eve - first.saturating_sub(1)) as usize,
            days: daily
                .chain(sparse)
                .chain((last > DAILY).then_some(last))
                .collect(),
        }
    }

    /// What is kept of a twin for its path: of each day its hash rate, its interval and its shares, in that order.
    fn of(&self, twin: &Watch<'_>) -> Box<[f64]> {
        let days = self.days.iter().map(|day| &twin.days[self.at + day]);
        days.flat_map(|day| {
            let network: [f64; NETWORK] = [
                day.hash / PETAHASH_PER_EXAHASH,
                or_null(day.interval_minutes),
            ];
            network.into_iter().chain(day.shares.iter().copied())
        })
        .collect()
    }
}

/// What is not finite is not defined.
fn or_null(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

fn watch<'s>(
    model: &Model<'_>,
    scenario: &'s Scenario,
    replica: u64,
    from: u32,
) -> Result<Watch<'s>, EngineError> {
    let mut watch = Watch::new(scenario, from);
    let mut records = vec![0.0; model.record_len()];
    model.run_replica(replica, &mut records, &mut watch)?;
    Ok(watch)
}

/// One pair of twins; NaN stands for what is not reached within the run.
struct Pair {
    measures: [f64; MEASURES.len()],
    share_change: Vec<f64>,
    /// The twins on the days of the path, as [`Window::of`] keeps them.
    without: Arc<[f64]>,
    with: Box<[f64]>,
}

impl Pair {
    /// A measure of the path, in the order of [`PathDay::measures`], on the day with this number among those that are kept.
    fn on_path(&self, day: usize, measure: usize, regions: usize) -> f64 {
        let kept = day * (NETWORK + regions)..(day + 1) * (NETWORK + regions);
        let (without, with) = (&self.without[kept.clone()], &self.with[kept]);
        match measure {
            0 => without[0],
            1 => with[0],
            2 if without[0] > 0.0 => with[0] / without[0],
            2 => f64::NAN,
            3 => without[1],
            4 => with[1],
            _ => {
                let share = measure - PATH_MEASURES.len();
                match share.checked_sub(regions) {
                    None => without[NETWORK + share],
                    Some(region) => with[NETWORK + region],
                }
            }
        }
    }
}

/// Compares twins; `kept` is what the window keeps of the one without the event.
fn pair(without: &Watch<'_>, with: &Watch<'_>, window: &Window, kept: Arc<[f64]>) -> Pair {
    let path = window.of(with);
    let (without_days, with_days) = (&without.days[window.at..], &with.days[window.at..]);
    let part = |day: usize| match (without_days.get(day), with_days.get(day)) {
        (Some(without), Some(with)) if without.hash > 0.0 => with.hash / without.hash,
        _ => f64::NAN,
    };
    let within = with_days.len().min(TROUGH_DAYS);
    let mut trough = 0;
    for day in 0..within {
        if part(day) < part(trough) {
            trough = day;
        }
    }
    let slowest_of = |days: &[Seen]| {
        let days = days[..within].iter();
        days.map(|day| day.interval_minutes).fold(0.0, f64::max)
    };
    let slowest = slowest_of(with_days);
    let slowed =
        |day: usize| with_days[day].interval_minutes > NORMAL * without_days[day].interval_minutes;
    // What is not reached is reached after the last day at the earliest.
    let followed = with_days.len() as f64;
    let first_day = |reached: &dyn Fn(usize) -> bool| {
        let day = (trough..with_days.len()).find(|day| reached(*day));
        // Days are counted from the event; the eve is day 0.
        day.map_or(followed, |day| day as f64)
    };
    let recovered = |level: f64| {
        if part(trough) >= level {
            0.0
        } else {
            first_day(&|day| part(day) >= level)
        }
    };
    let normal = if (0..within).any(slowed) {
        first_day(&|day| !slowed(day))
    } else {
        0.0
    };
    let (before, deepest) = (&with_days[0], &with_days[trough]);
    let abandoned = with_days[with_days.len() - 1].abandoned - before.abandoned;
    Pair {
        measures: [
            part(0),
            followed,
            1.0 - part(1),
            1.0 - part(7),
            1.0 - part(30),
            1.0 - part(YEAR),
            1.0 - part(trough),
            or_null(slowest),
            or_null(slowest_of(without_days)),
            recovered(0.9),
            recovered(ALL),
            normal,
            abandoned / before.hash,
            before.stock,
            deepest.stock,
            before.flow,
            deepest.flow,
        ],
        share_change: without_days
            .get(YEAR)
            .zip(with_days.get(YEAR))
            .into_iter()
            .flat_map(|(without, with)| without.shares.iter().zip(&with.shares))
            .map(|(without, with)| with - without)
            .chain(std::iter::repeat(f64::NAN))
            .take(with.scenario.regions.len())
            .collect(),
        without: kept,
        with: path,
    }
}
