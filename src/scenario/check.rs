//! Rules between keys: what a file whose every key is fine by itself can still get wrong.

mod ai;
mod firms;
mod mechanisms;
mod observed;
mod oddities;
mod regions;

use std::fmt;

use ai::check_ai;
use firms::check_firms;
use mechanisms::{check_basins, check_events, check_growth, check_hardware, check_pools};
use observed::{check_observed, check_uncertain};
pub use oddities::warnings;
use regions::{check_correlation, check_regions};

use super::document::Document;
use super::problem::{Problem, printable};
use super::raw::{RawBitcoin, RawDate, RawHashIs, RawPrice, RawScenario};
use super::series::{ReadInput, daily_prices, days_between, evenly_spaced_returns};
use super::{
    Bitcoin, CapacityNow, Expectations, HashIs, Jumps, Moving, PriceModel, Scenario, Source,
};
use crate::protocol::{EPOCH_BLOCKS, difficulty_of};
use crate::units::{
    NotAQuantity, PETAHASH_PER_EXAHASH, PetahashPerSecond, Share, Usd, UsdPerMwh, UsdPerTerahash,
    breakeven_power_price, machine_power,
};

/// Shares add up to 1 within this.
const SHARE_TOLERANCE: f64 = 1e-9;
/// Most regions: with what is in none they are numbered in a byte.
const MAX_REGIONS: usize = 200;

/// Something odd that does not keep a scenario from running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The key it is about.
    pub key: String,
    /// What is odd, and what to try.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.text)
    }
}

/// Collects problems, each at the place of its key.
struct Findings<'a, 'i> {
    document: &'a Document<'i>,
    problems: Vec<Problem>,
}

impl Findings<'_, '_> {
    fn add(&mut self, key: &str, rule: impl Into<String>, next: impl Into<String>) {
        self.problems.push(Problem {
            place: self.document.place_of_value(key),
            key: key.to_owned(),
            rule: rule.into(),
            next: next.into(),
        });
    }
}

impl Findings<'_, '_> {
    /// Names stand in tables: one line, and not nothing.
    fn name(&mut self, key: &str, name: &str) {
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            self.add(
                key,
                "the name is empty or holds control characters",
                "give it a name of one line",
            );
        }
    }
}

/// Turns a mirror of the file into a [`Scenario`].
///
/// `complete` is false if keys that were wrong by themselves have been taken out.
///
/// # Errors
/// Every rule that is broken.
pub fn check(
    raw: RawScenario,
    document: &Document<'_>,
    source: &mut Source,
    inputs: &mut ReadInput<'_>,
    complete: bool,
) -> Result<Scenario, Vec<Problem>> {
    let mut found = Findings {
        document,
        problems: Vec::new(),
    };
    let price = check_price(&raw, &mut found, source, inputs);
    let regions = check_regions(&raw, &mut found);
    let factor = check_correlation(&raw, &mut found);
    let firms = check_firms(&raw, &mut found);
    let blocks_to_retarget = check_epoch(&raw, &mut found);

    found.name("name", &raw.name);
    let moving = check_moving(&raw, &mut found);
    let hardware = check_hardware(&raw, &mut found);
    let growth = check_growth(&raw, &mut found);
    let pools = check_pools(&raw, &mut found);
    let basins = check_basins(&raw, &mut found);
    let happenings = check_events(&raw, &mut found);
    let ai = check_ai(&raw, &mut found);
    let observed = check_observed(&raw, &mut found, source, inputs);
    let uncertain = check_uncertain(&raw, &mut found, source, inputs);
    let network_hash = or_hole(
        PetahashPerSecond::new(raw.bitcoin.network_ehs * PETAHASH_PER_EXAHASH),
        &mut found,
    );

    let (Some(price), Some(regions), Some(factor), Some(firms), Some(moving)) =
        (price, regions, factor, firms, moving)
    else {
        return Err(found.problems);
    };
    let (Some(hardware), Some(pools), Some(network_hash)) = (hardware, pools, network_hash) else {
        return Err(found.problems);
    };
    if !found.problems.is_empty() {
        return Err(found.problems);
    }
    let scenario = Scenario {
        name: raw.name,
        description: raw.description,
        start: raw.start.0,
        days: raw.days,
        record_every_days: raw.record_every_days,
        record_only: Vec::new(),
        replicas: raw.replicas,
        seed: raw.seed,
        bitcoin: network_at_start(&raw.bitcoin, network_hash, blocks_to_retarget, price),
        regions,
        power_correlation_factor: factor,
        firms,
        hardware,
        growth,
        switching: raw.switching,
        ai,
        moving,
        expectations: Expectations {
            spot_memory: raw.expectations.spot_memory,
            smoothing_days: raw.expectations.smoothing_days,
            hashprice_decay: raw.expectations.hashprice_decay,
            halving_known: raw.expectations.halving_known,
        },
        pools,
        basins,
        events: happenings.events,
        event_numbers: happenings.event_numbers,
        hazards: happenings.hazards,
        hazards_strike: true,
        hazard_correlation: raw.policy.correlation,
        observed,
        uncertain: uncertain.unwrap_or_default(),
        sweep: raw.sweep,
        source: source.clone(),
    };
    found.can_be_drawn(&scenario);
    if complete {
        check_that_it_runs(&scenario, &mut found);
        check_that_it_fits(&scenario, &mut found);
    }
    if found.problems.is_empty() {
        Ok(scenario)
    } else {
        Err(found.problems)
    }
}

/// The network at the start, with what follows from the rest where it is not given.
fn network_at_start(
    raw: &RawBitcoin,
    network_hash: PetahashPerSecond,
    blocks_to_retarget: u32,
    price: PriceModel,
) -> Bitcoin {
    let found_so_far = f64::from(EPOCH_BLOCKS - blocks_to_retarget);
    Bitcoin {
        height: raw.height,
        network_hash,
        hash_is: match raw.hash_is {
            RawHashIs::Running => HashIs::Running,
            RawHashIs::Nameplate => HashIs::Nameplate,
        },
        difficulty: raw
            .difficulty
            .unwrap_or_else(|| difficulty_of(network_hash.get())),
        blocks_to_retarget,
        epoch_elapsed_days: raw
            .epoch_elapsed_days
            .unwrap_or(found_so_far * 600.0 / 86400.0),
        fee_ratio: raw.fee_ratio,
        fee_sd: raw.fee_sd,
        fee_half_life_days: raw.fee_half_life_days,
        fees_per_day: raw.fees_per_day,
        price,
    }
}

/// Simulated days of the dated steps of a list, and a problem for each that is out of order.
fn days_of_steps(
    key: &str,
    raw: &RawScenario,
    dates: impl Iterator<Item = RawDate>,
    found: &mut Findings<'_, '_>,
) -> Vec<i32> {
    let mut days: Vec<i32> = Vec::new();
    for (index, from) in dates.enumerate() {
        let day = days_between(raw.start.0, from.0);
        if days.last().is_some_and(|before| *before >= day) {
            found.add(
                &format!("{key}.{index}.from"),
                format!("{} does not come after the step before it", from.0),
                "put the steps in order of time",
            );
        }
        days.push(day);
    }
    days
}

/// Every value was range-checked by its schema; a quantity refused here is a hole in the schema.
fn or_hole<T>(quantity: Result<T, NotAQuantity>, found: &mut Findings<'_, '_>) -> Option<T> {
    quantity
        .map_err(|error| found.add("", error.to_string(), "write a finite number of at least 0"))
        .ok()
}

fn check_moving(raw: &RawScenario, found: &mut Findings<'_, '_>) -> Option<Moving> {
    let moving = &raw.moving;
    // The gamma law's shape is 1 / cv^2: beyond 10,000 it is a constant in all but name.
    if moving.downtime_cv > 0.0 && moving.downtime_cv < 0.01 {
        found.add(
            "moving.downtime_cv",
            format!("{} is neither constant nor a spread", moving.downtime_cv),
            "write 0 for a constant downtime, or at least 0.01",
        );
    }
    let quantities = || {
        Ok(Moving {
            review_days: moving.review_days,
            consider_per_year: moving.consider_per_year,
            downtime_days: moving.downtime_days,
            downtime_cv: moving.downtime_cv,
            horizon_years: moving.horizon_years,
            choice_scale: UsdPerMwh::new(moving.choice_scale_usd_per_mwh)?,
            ship: UsdPerTerahash::new(moving.ship_usd_per_th)?,
            breakage: Share::new(moving.breakage)?,
            stay_bonus: moving.stay_bonus_usd_per_mwh,
            home_bonus: moving.home_bonus_usd_per_mwh,
            policy_loss_per_mw: Usd::new(moving.policy_loss_usd_per_mw)?,
        })
    };
    or_hole(quantities(), found)
}

fn check_price(
    raw: &RawScenario,
    found: &mut Findings<'_, '_>,
    source: &mut Source,
    inputs: &mut ReadInput<'_>,
) -> Option<PriceModel> {
    let (usd, drift, volatility, jumps) = match &raw.bitcoin.price {
        RawPrice::Constant { usd } => {
            return Usd::new(*usd).ok().map(|usd| PriceModel::Constant { usd });
        }
        RawPrice::Path { file } => {
            return read_series(PRICE_FILE, file, found, source, inputs, |text| {
                daily_prices(file, text, raw.start.0, raw.days)
            })
            .map(|usd| PriceModel::Path { usd });
        }
        RawPrice::Bootstrap {
            file,
            usd,
            drift,
            mean_block_days,
        } => {
            let (returns, spacing_days) =
                read_series(PRICE_FILE, file, found, source, inputs, |text| {
                    evenly_spaced_returns(file, text)
                })?;
            return Some(PriceModel::Bootstrap {
                usd: Usd::new(*usd).ok()?,
                drift: *drift,
                returns,
                spacing_days,
                mean_block_days: *mean_block_days,
            });
        }
        RawPrice::Gbm {
            usd,
            drift,
            volatility,
        } => (*usd, *drift, *volatility, None),
        RawPrice::Jump {
            usd,
            drift,
            volatility,
            jumps_per_year,
            jump_mean,
            jump_sd,
        } => {
            let jumps = Jumps {
                per_year: *jumps_per_year,
                mean: *jump_mean,
                sd: *jump_sd,
            };
            (*usd, *drift, *volatility, Some(jumps))
        }
    };
    Some(PriceModel::Diffusion {
        usd: Usd::new(usd).ok()?,
        drift,
        volatility,
        jumps,
    })
}

/// Key that names a price series.
const PRICE_FILE: &str = "bitcoin.price.file";

/// Reads a file that the scenario names under `key`.
fn read_series<T>(
    key: &str,
    file: &str,
    found: &mut Findings<'_, '_>,
    source: &mut Source,
    inputs: &mut ReadInput<'_>,
    series: impl FnOnce(&str) -> Result<T, Vec<Problem>>,
) -> Option<T> {
    let text = match inputs(file) {
        Ok(text) => text,
        Err(reason) => {
            found.add(
                key,
                format!("cannot read `{}`: {reason}", printable(file)),
                "name a CSV file relative to the scenario file",
            );
            return None;
        }
    };
    match series(&text) {
        Ok(values) => {
            // Named twice, it is one input.
            if !source.inputs.iter().any(|(known, _)| known == file) {
                source.inputs.push((file.to_owned(), text));
            }
            Some(values)
        }
        Err(problems) => {
            let of_key = problems.into_iter().map(|problem| Problem {
                key: key.into(),
                ..problem
            });
            found.problems.extend(of_key);
            None
        }
    }
}

fn check_epoch(raw: &RawScenario, found: &mut Findings<'_, '_>) -> u32 {
    let of_height = u64::from(EPOCH_BLOCKS) - raw.bitcoin.height % u64::from(EPOCH_BLOCKS);
    let left = raw
        .bitcoin
        .blocks_to_retarget
        .unwrap_or(u32::try_from(of_height).unwrap_or(EPOCH_BLOCKS));
    if left == EPOCH_BLOCKS
        && raw
            .bitcoin
            .epoch_elapsed_days
            .is_some_and(|days| days > 0.0)
    {
        found.add(
            "bitcoin.epoch_elapsed_days",
            "no block of the epoch has been found, so no time has passed since its first",
            "leave it out, or set blocks_to_retarget below 2016",
        );
    }
    left
}

/// Start conditions under which nothing could be mined at all.
fn check_that_it_runs(scenario: &Scenario, found: &mut Findings<'_, '_>) {
    if scenario.bitcoin.hash_is == HashIs::Nameplate {
        return;
    }
    let best = scenario.firms.efficiency.best().get();
    for region in scenario
        .regions
        .iter()
        .filter(|region| region.share.get() > 0.0)
    {
        let breakeven = breakeven_power_price(scenario.bitcoin.hashprice_at_start(), best)
            * (1.0 - region.tax.get() - scenario.pools.fee.get());
        let delivered = region.power.delivered_at_start();
        if breakeven < delivered {
            found.add(
                &format!("regions.{}.power", region.id),
                format!(
                    "nothing runs here at the start: the best machines ({} J/TH) break even at {} USD/MWh, power is delivered at {}",
                    best,
                    round_for_people(breakeven),
                    round_for_people(delivered)
                ),
                "lower the price, or set bitcoin.hash_is = \"nameplate\"",
            );
        }
    }
}

/// A region's capacity below the load that its share means.
fn check_that_it_fits(scenario: &Scenario, found: &mut Findings<'_, '_>) {
    /// Shares and capacities are written in a few digits.
    const ROUNDING: f64 = 0.999;
    let mean = scenario.firms.efficiency.mean();
    for region in &scenario.regions {
        let hash = region.share.get() * scenario.bitcoin.network_hash.get();
        let load = machine_power(hash, mean) * region.power.pue;
        let now = region.capacity.as_ref().map(|room| room.now);
        if let Some(CapacityNow::Load(mw)) = now
            && mw.get() < load * ROUNDING
        {
            found.add(
                &format!("regions.{}.capacity.mw", region.id),
                format!(
                    "{} MW is below the {load:.0} MW that the region's share draws at {mean:.1} J/TH",
                    mw.get()
                ),
                "raise it, lower the share, or give `start_utilisation` in its place",
            );
        }
    }
}

fn round_for_people(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}
