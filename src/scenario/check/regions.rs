//! Rules for the regions: shares, prices, capacity, correlation.

use super::super::problem::printable;
use super::super::raw::{RawPower, RawRegion, RawScenario};
use super::super::{Capacity, CapacityNow, Hydro, Power, Region, in_force};
use super::mechanisms::known;
use super::{Findings, MAX_REGIONS, SHARE_TOLERANCE, days_of_steps, round_for_people};
use crate::random::cholesky;
use crate::units::{Megawatts, Share, Usd, UsdPerMwh};

pub fn check_regions(raw: &RawScenario, found: &mut Findings<'_, '_>) -> Option<Vec<Region>> {
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
    if let Some(name) = &region.name {
        found.name(&format!("{key}.name"), name);
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
            build_response: room.build_response,
            build_lag_days: room.build_lag_days,
            max: room.max_mw.and_then(|max| Megawatts::new(max).ok()),
            hydro: room.hydro.as_ref().map(|hydro| Hydro {
                share: hydro.share,
                amplitude: hydro.amplitude,
                wet_peak_day: hydro.wet_peak_day,
                basin: hydro.basin.as_ref().and_then(|basin| {
                    let key = format!("{key}.capacity.hydro.basin");
                    known(&key, "basin", basin, raw.basins.keys(), found)
                }),
            }),
            heat: room.heat.filter(|heat| heat.derate > 0.0),
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
        gco2_per_kwh: region.gco2_per_kwh,
        generation_mw: region.national_generation_mw,
        power: power?,
        capacity,
        ai: region.ai,
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
    let dates = power.tariff.iter().map(|step| step.from);
    let days = days_of_steps(&format!("{key}.tariff"), raw, dates, found);
    for (day, step) in days.into_iter().zip(&power.tariff) {
        tariff.push((day, UsdPerMwh::new(step.usd_per_mwh).ok()?));
    }
    let base = match (power.usd_per_mwh, in_force(&tariff, 0)) {
        (Some(base), _) => UsdPerMwh::new(base).ok()?,
        (None, Some(price)) => *price,
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
        slope_per_mw: power.slope_usd_per_mwh_per_gw / 1000.0,
        intraday_sd: power.intraday_sd,
        spikes: power.spikes,
        contract: power.contract,
        opex: UsdPerMwh::new(power.opex_usd_per_mwh).ok()?,
    })
}

pub fn check_correlation(raw: &RawScenario, found: &mut Findings<'_, '_>) -> Option<Vec<Vec<f64>>> {
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
