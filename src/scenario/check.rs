//! Rules between keys: what a file whose every key is fine by itself can still get wrong.

use std::fmt;

use super::document::Document;
use super::problem::{Problem, did_you_mean, list, printable};
use super::raw::{RawEfficiency, RawFirms, RawHashIs, RawPower, RawPrice, RawRegion, RawScenario};
use super::series::{daily_prices, days_between};
use super::{
    Bitcoin, Capacity, CapacityNow, Efficiency, Expectations, Firms, HashIs, Jumps, Moving,
    NamedFirm, Pools, Power, PriceModel, ReadInput, Region, Scenario, Source,
};
use crate::protocol::{EPOCH_BLOCKS, difficulty_of};
use crate::random::cholesky;
use crate::units::{
    JoulesPerTerahash, Megawatts, NotAQuantity, PETAHASH_PER_EXAHASH, PetahashPerSecond, Share,
    Usd, UsdPerMwh, UsdPerTerahash, breakeven_power_price,
};

/// Shares add up to 1 within this.
const SHARE_TOLERANCE: f64 = 1e-9;
/// Most regions: the size of a region number.
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

/// Turns a mirror of the file into a [`Scenario`].
///
/// # Errors
/// Every rule that is broken.
pub fn check(
    raw: RawScenario,
    document: &Document<'_>,
    source: &mut Source,
    inputs: &mut ReadInput<'_>,
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

    if raw.name.trim().is_empty() || raw.name.chars().any(char::is_control) {
        found.add(
            "name",
            "the name is empty or holds control characters",
            "give the scenario a name of one line",
        );
    }
    let moving = check_moving(&raw, &mut found);
    let costs = or_hole(
        (|| {
            Ok((
                UsdPerTerahash::new(raw.hardware.usd_per_th)?,
                Pools {
                    fee: Share::new(raw.pools.fee)?,
                },
                PetahashPerSecond::new(raw.bitcoin.network_ehs * PETAHASH_PER_EXAHASH)?,
            ))
        })(),
        &mut found,
    );

    let (Some(price), Some(regions), Some(factor), Some(firms), Some(moving), Some(costs)) =
        (price, regions, factor, firms, moving, costs)
    else {
        return Err(found.problems);
    };
    if !found.problems.is_empty() {
        return Err(found.problems);
    }
    let (hardware_price, pools, network_hash) = costs;
    let scenario = Scenario {
        name: raw.name,
        description: raw.description,
        start: raw.start.0,
        days: raw.days,
        record_every_days: raw.record_every_days,
        replicas: raw.replicas,
        seed: raw.seed,
        bitcoin: Bitcoin {
            height: raw.bitcoin.height,
            network_hash,
            hash_is: match raw.bitcoin.hash_is {
                RawHashIs::Running => HashIs::Running,
                RawHashIs::Nameplate => HashIs::Nameplate,
            },
            difficulty: raw
                .bitcoin
                .difficulty
                .unwrap_or_else(|| difficulty_of(network_hash.get())),
            blocks_to_retarget,
            epoch_elapsed_days: raw
                .bitcoin
                .epoch_elapsed_days
                .unwrap_or_else(|| f64::from(EPOCH_BLOCKS - blocks_to_retarget) * 600.0 / 86400.0),
            fee_ratio: raw.bitcoin.fee_ratio,
            price,
        },
        regions,
        power_correlation_factor: factor,
        firms,
        hardware_price,
        moving,
        expectations: Expectations {
            spot_memory: raw.expectations.spot_memory,
            smoothing_days: raw.expectations.smoothing_days,
            hashprice_decay: raw.expectations.hashprice_decay,
            halving_known: raw.expectations.halving_known,
        },
        pools,
        source: source.clone(),
    };
    check_that_it_runs(&scenario, &mut found);
    if found.problems.is_empty() {
        Ok(scenario)
    } else {
        Err(found.problems)
    }
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
            const KEY: &str = "bitcoin.price.file";
            let text = match inputs(file) {
                Ok(text) => text,
                Err(reason) => {
                    found.add(
                        KEY,
                        format!("cannot read `{}`: {reason}", printable(file)),
                        "name a CSV file relative to the scenario file",
                    );
                    return None;
                }
            };
            return match daily_prices(file, &text, raw.start.0, raw.days) {
                Ok(usd) => {
                    source.inputs.push((file.clone(), text));
                    Some(PriceModel::Path { usd })
                }
                Err(problems) => {
                    found
                        .problems
                        .extend(problems.into_iter().map(|problem| Problem {
                            key: KEY.into(),
                            ..problem
                        }));
                    None
                }
            };
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

fn check_regions(raw: &RawScenario, found: &mut Findings<'_, '_>) -> Option<Vec<Region>> {
    if raw.regions.is_empty() || raw.regions.len() > MAX_REGIONS {
        found.add(
            "regions",
            format!("there are {} regions", raw.regions.len()),
            format!("give at least 1 and at most {MAX_REGIONS}, each as [regions.ID]"),
        );
        return None;
    }
    let total: f64 = raw.regions.values().map(|region| region.share).sum();
    if (total - 1.0).abs() > SHARE_TOLERANCE {
        let all: Vec<String> = raw
            .regions
            .iter()
            .map(|(id, region)| format!("{id} {}", region.share))
            .collect();
        let (largest, _) = raw.regions.last()?;
        found.add(
            &format!("regions.{largest}.share"),
            format!(
                "the shares add up to {}; they must add up to 1 (within 1e-9)",
                round_for_people(total)
            ),
            format!(
                "{} one of: {}",
                if total > 1.0 { "lower" } else { "raise" },
                all.join(", ")
            ),
        );
    }
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (id, region) in &raw.regions {
        for code in &region.iso {
            let key = format!("regions.{id}.iso");
            if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
                found.add(
                    &key,
                    format!("`{}` is not an ISO 3166-1 alpha-2 code", printable(code)),
                    "write two capital letters, as in \"US\"",
                );
            } else if let Some((_, other)) = seen.iter().find(|(known, _)| known == code) {
                found.add(
                    &key,
                    format!("{code} is already in region `{other}`"),
                    "a country belongs to one region",
                );
            } else {
                seen.push((code, id));
            }
        }
    }
    raw.regions
        .iter()
        .map(|(id, region)| check_region(raw, id, region, found))
        .collect()
}

fn check_region(
    raw: &RawScenario,
    id: &str,
    region: &RawRegion,
    found: &mut Findings<'_, '_>,
) -> Option<Region> {
    let key = format!("regions.{id}");
    let size = region.size.unwrap_or(f64::from(region.members));
    if region.members > 1 && size < f64::from(region.members) {
        found.add(
            &format!("{key}.size"),
            format!("{size} is below `members`, {}", region.members),
            "an aggregate offers at least one site a member; leave `size` out or raise it",
        );
    }
    let power = check_power(raw, &key, &region.power, found);
    let mut capacity = None;
    if let Some(room) = &region.capacity {
        let now = match (room.mw, room.start_utilisation) {
            (Some(mw), None) => Megawatts::new(mw).ok().map(CapacityNow::Load),
            (None, Some(part)) => Some(CapacityNow::Utilisation(part)),
            _ => {
                found.add(
                    &format!("{key}.capacity"),
                    "the capacity at the start is given by exactly one of `mw` and `start_utilisation`",
                    "keep one of the two",
                );
                None
            }
        };
        if let (Some(mw), Some(max)) = (room.mw, room.max_mw)
            && max < mw
        {
            found.add(
                &format!("{key}.capacity.max_mw"),
                format!("{max} is below `mw`, {mw}"),
                "raise `max_mw` or lower `mw`",
            );
        }
        capacity = Some(Capacity {
            now: now?,
            build_per_month: Megawatts::new(room.build_mw_per_month).ok()?,
            max: room.max_mw.and_then(|max| Megawatts::new(max).ok()),
        });
    }
    Some(Region {
        id: id.to_owned(),
        name: region.name.clone().unwrap_or_else(|| id.to_owned()),
        iso: region.iso.clone(),
        share: Share::new(region.share).ok()?,
        members: region.members,
        size,
        open: region.open,
        appeal: region.appeal_usd_per_mwh,
        tax: Share::new(region.tax).ok()?,
        duty: region.duty,
        deposit_per_mw: Usd::new(region.deposit_usd_per_mw).ok()?,
        power: power?,
        capacity,
    })
}

fn check_power(
    raw: &RawScenario,
    region_key: &str,
    power: &RawPower,
    found: &mut Findings<'_, '_>,
) -> Option<Power> {
    let key = format!("{region_key}.power");
    let mut tariff: Vec<(i32, UsdPerMwh)> = Vec::new();
    for (index, step) in power.tariff.iter().enumerate() {
        let day = days_between(raw.start.0, step.from.0);
        if tariff.last().is_some_and(|(before, _)| *before >= day) {
            found.add(
                &format!("{key}.tariff.{index}.from"),
                format!("{} does not come after the step before it", step.from.0),
                "put the steps in order of time",
            );
        }
        tariff.push((day, UsdPerMwh::new(step.usd_per_mwh).ok()?));
    }
    let in_force = tariff.iter().rev().find(|(day, _)| *day <= 0);
    let base = match (power.usd_per_mwh, in_force) {
        (Some(base), _) => UsdPerMwh::new(base).ok()?,
        (None, Some((_, price))) => *price,
        (None, None) => {
            found.add(
                &key,
                "there is no price on the first day: neither `usd_per_mwh` nor a tariff step in force",
                "add usd_per_mwh = ...",
            );
            return None;
        }
    };
    Some(Power {
        base,
        trend_per_year: power.trend_per_year,
        tariff,
        season: power
            .season
            .as_ref()
            .map(|season| (season.amplitude, season.peak_day)),
        adder: UsdPerMwh::new(power.adder_usd_per_mwh).ok()?,
        pue: power.pue,
        reversion_per_year: power.reversion_per_year,
        volatility: power.volatility,
    })
}

fn check_correlation(raw: &RawScenario, found: &mut Findings<'_, '_>) -> Option<Vec<Vec<f64>>> {
    let count = raw.regions.len();
    let (key, matrix) = match &raw.power.correlation_matrix {
        None => {
            let one = raw.power.correlation;
            let row = |i: usize| (0..count).map(|j| if i == j { 1.0 } else { one }).collect();
            ("power.correlation", (0..count).map(row).collect())
        }
        Some(_) if raw.power.correlation != 0.0 => {
            found.add(
                "power.correlation",
                "`correlation` and `correlation_matrix` are both given",
                "keep one of the two",
            );
            return None;
        }
        Some(matrix) => ("power.correlation_matrix", matrix.clone()),
    };
    let square = matrix.len() == count && matrix.iter().all(|row: &Vec<f64>| row.len() == count);
    if !square {
        found.add(
            key,
            format!("the matrix is not {count} by {count}, a row and a column for each region"),
            "give a number for every pair of regions, in their order",
        );
        return None;
    }
    for (i, row) in matrix.iter().enumerate() {
        for (j, entry) in row.iter().enumerate() {
            let bad = if i == j {
                *entry != 1.0
            } else {
                *entry != matrix[j][i] || entry.abs() > 1.0
            };
            if bad {
                found.add(
                    key,
                    format!("row {i}, column {j}: a correlation matrix is symmetric, has 1 on its diagonal and nothing beyond -1 and 1"),
                    "mend this entry or its mirror",
                );
                return None;
            }
        }
    }
    let factor = cholesky(&matrix);
    if factor.is_none() {
        let next = if raw.power.correlation_matrix.is_none() && count > 1 {
            let lowest = -1.0 / (count as f64 - 1.0);
            format!(
                "for {count} regions it must be above {} and below 1",
                round_for_people(lowest)
            )
        } else {
            "no random numbers correlate like this; lower the correlations".into()
        };
        found.add(key, "the correlation matrix is not positive definite", next);
    }
    factor
}

fn check_firms(raw: &RawScenario, found: &mut Findings<'_, '_>) -> Option<Firms> {
    let firms = &raw.firms;
    let efficiency = check_efficiency(firms, found);
    let mut named = Vec::new();
    let mut hash_in: Vec<f64> = vec![0.0; raw.regions.len()];
    for (index, firm) in firms.named.iter().enumerate() {
        let key = format!("firms.named.{index}");
        if firms.named[..index]
            .iter()
            .any(|other| other.name == firm.name)
        {
            found.add(
                &format!("{key}.name"),
                format!("`{}` is there twice", printable(&firm.name)),
                "merge the two or rename one",
            );
        }
        let total: f64 = firm.regions.values().sum();
        if (total - 1.0).abs() > SHARE_TOLERANCE || firm.regions.values().any(|s| *s < 0.0) {
            found.add(
                &format!("{key}.regions"),
                format!(
                    "the parts add up to {}; they must add up to 1, each at least 0",
                    round_for_people(total)
                ),
                "mend the parts",
            );
        }
        let mut places = Vec::new();
        for (id, part) in &firm.regions {
            if let Some(region) = raw.regions.get_index_of(id) {
                hash_in[region] += part * firm.ehs;
                places.push((region, *part));
            } else {
                let ids: Vec<&str> = raw.regions.keys().map(String::as_str).collect();
                let next = did_you_mean(id, ids.iter().copied()).map_or_else(
                    || format!("the regions are {}", list(&ids)),
                    |id| format!("did you mean `{id}`?"),
                );
                found.add(
                    &format!("{key}.regions.{id}"),
                    "there is no such region",
                    next,
                );
            }
        }
        named.push(NamedFirm {
            name: firm.name.clone(),
            hash: PetahashPerSecond::new(firm.ehs * PETAHASH_PER_EXAHASH).ok()?,
            places,
        });
    }
    let mut left = Vec::new();
    for ((id, region), named) in raw.regions.iter().zip(&hash_in) {
        let here = region.share * raw.bitcoin.network_ehs;
        let (named_shown, here_shown) = (round_for_people(*named), round_for_people(here));
        if *named > here * (1.0 + SHARE_TOLERANCE) {
            found.add(
                "firms.named",
                format!("the named firms have {named_shown} EH/s in `{id}`, whose share is {here_shown} EH/s"),
                "lower their hash rates or raise the region's share",
            );
        } else if (*named - here).abs() > SHARE_TOLERANCE * here {
            left.push(format!("{named_shown} of {here_shown} EH/s in `{id}`"));
        }
    }
    if firms.count == 0 && !left.is_empty() {
        found.add(
            "firms.count",
            format!(
                "without a tail the named firms must make up all of the hash rate; they have {}",
                left.join(", ")
            ),
            "raise `count` above 0",
        );
    }
    check_number_of_fleets(raw, found);
    let with_share = raw
        .regions
        .values()
        .filter(|region| region.share > 0.0)
        .count();
    if firms.count > 0 && (firms.count as usize) < with_share {
        found.add(
            "firms.count",
            format!(
                "{} firms cannot fill {with_share} regions that have a share",
                firms.count
            ),
            format!("raise it to at least {with_share}"),
        );
    }
    Some(Firms {
        count: firms.count,
        tail_alpha: firms.tail_alpha,
        tail_cap: firms.tail_cap,
        max_fleet: firms.max_fleet_mw.and_then(|mw| Megawatts::new(mw).ok()),
        fixed_population: firms.fixed_population,
        efficiency: efficiency?,
        named,
    })
}

/// A small `max_fleet_mw` splits a large network into more fleets than fit into memory.
fn check_number_of_fleets(raw: &RawScenario, found: &mut Findings<'_, '_>) {
    const MOST: f64 = 1e7;
    let Some(largest) = raw.firms.max_fleet_mw else {
        return;
    };
    let joules = match &raw.firms.efficiency {
        RawEfficiency::Normal { mean, .. } => *mean,
        RawEfficiency::Vintages { mix } => mix.iter().map(|v| v.share * v.j_per_th).sum(),
    };
    let megawatts = raw.bitcoin.network_ehs * joules;
    if megawatts / largest > MOST {
        found.add(
            "firms.max_fleet_mw",
            format!("{megawatts:.0} MW in fleets of {largest} MW are more than {MOST:e} fleets"),
            format!("raise it to at least {:.3}", megawatts / MOST),
        );
    }
}

fn check_efficiency(firms: &RawFirms, found: &mut Findings<'_, '_>) -> Option<Efficiency> {
    match &firms.efficiency {
        RawEfficiency::Normal { mean, sd, min, max } => {
            if min > max {
                found.add(
                    "firms.efficiency.min",
                    format!("{min} is above `max`, {max}"),
                    "exchange the two",
                );
            } else if (mean - sd * 8.0 > *max) || (mean + sd * 8.0 < *min) {
                found.add(
                    "firms.efficiency.mean",
                    format!("{mean} is more than 8 standard deviations outside [{min}, {max}]"),
                    "move the mean into the bounds",
                );
            }
            Some(Efficiency::Normal {
                mean: JoulesPerTerahash::new(*mean).ok()?,
                sd: *sd,
                min: JoulesPerTerahash::new(*min).ok()?,
                max: JoulesPerTerahash::new(*max).ok()?,
            })
        }
        RawEfficiency::Vintages { mix } => {
            let total: f64 = mix.iter().map(|vintage| vintage.share).sum();
            if mix.is_empty() || (total - 1.0).abs() > SHARE_TOLERANCE {
                found.add(
                    "firms.efficiency.mix",
                    format!("the shares of the vintages add up to {total}; they must add up to 1"),
                    "mend the shares",
                );
                return None;
            }
            let mut cumulated = 0.0;
            let mut steps = Vec::new();
            for vintage in mix {
                cumulated += vintage.share;
                steps.push((cumulated, JoulesPerTerahash::new(vintage.j_per_th).ok()?));
            }
            if let Some(last) = steps.last_mut() {
                last.0 = 1.0;
            }
            Some(Efficiency::Vintages(steps))
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

/// What is odd about a checked scenario.
pub fn warnings(scenario: &Scenario) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mean = scenario.firms.efficiency.mean();
    for region in &scenario.regions {
        let load = region.share.get() * scenario.bitcoin.network_hash.get() * mean / 1000.0
            * region.power.pue;
        if let Some(Capacity {
            now: CapacityNow::Load(mw),
            ..
        }) = region.capacity
            && mw.get() < load * 0.999
        {
            warnings.push(Warning {
                key: format!("regions.{}.capacity.mw", region.id),
                text: format!(
                    "{} MW is below the {load:.0} MW that its share draws at {mean:.1} J/TH; the load is taken as the capacity",
                    mw.get()
                ),
            });
        }
    }
    let ratio = scenario.bitcoin.difficulty / difficulty_of(scenario.bitcoin.network_hash.get());
    if !(0.5..=2.0).contains(&ratio) {
        warnings.push(Warning {
            key: "bitcoin.difficulty".into(),
            text: format!(
                "at this difficulty and hash rate a block takes {:.0} s, not about 600; check both",
                600.0 * ratio
            ),
        });
    }
    warnings
}

fn round_for_people(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}
