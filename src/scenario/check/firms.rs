//! Rules for the firms at the start.

use super::super::problem::printable;
use super::super::raw::{RawEfficiency, RawFirms, RawNamedFirm, RawScenario};
use super::super::{Efficiency, Firms, NamedFirm};
use super::mechanisms::known;
use super::{Findings, SHARE_TOLERANCE, days_of_steps, round_for_people};
use crate::units::{JoulesPerTerahash, Megawatts, PETAHASH_PER_EXAHASH, PetahashPerSecond};

pub fn check_firms(raw: &RawScenario, found: &mut Findings<'_, '_>) -> Option<Firms> {
    let firms = &raw.firms;
    let efficiency = check_efficiency(firms, found);
    let mut named = Vec::new();
    let mut hash_in: Vec<f64> = vec![0.0; raw.regions.len()];
    for (index, firm) in firms.named.iter().enumerate() {
        let key = format!("firms.named.{index}");
        found.name(&format!("{key}.name"), &firm.name);
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
        let places = places_of(raw, &key, firm, found);
        for (region, part) in &places {
            hash_in[*region] += part * firm.ehs;
        }
        named.push(NamedFirm {
            name: firm.name.clone(),
            hash: PetahashPerSecond::new(firm.ehs * PETAHASH_PER_EXAHASH).ok()?,
            places,
            pool: firm.pool.as_ref().and_then(|pool| {
                let tags = raw.pools.tags.keys();
                known(&format!("{key}.pool"), "pool", pool, tags, found)
            }),
            discount_rate: firm.discount_rate,
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
    let dates = firms.overhead.iter().map(|step| step.from);
    let days = days_of_steps("firms.overhead", raw, dates, found);
    let costs = firms.overhead.iter().map(|step| step.usd_per_year);
    Some(Firms {
        count: firms.count,
        tail_alpha: firms.tail_alpha,
        tail_cap: firms.tail_cap,
        max_fleet: firms.max_fleet_mw.and_then(|mw| Megawatts::new(mw).ok()),
        scale_exponent: firms.scale_exponent,
        site_dispersion: firms.site_dispersion,
        overhead: days.into_iter().zip(costs).collect(),
        fixed_population: firms.fixed_population,
        efficiency: efficiency?,
        named,
    })
}

/// Where a named firm is: region and part of its hash rate.
fn places_of(
    raw: &RawScenario,
    key: &str,
    firm: &RawNamedFirm,
    found: &mut Findings<'_, '_>,
) -> Vec<(usize, f64)> {
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
        let key = format!("{key}.regions.{id}");
        if let Some(region) = known(&key, "region", id, raw.regions.keys(), found) {
            places.push((region, *part));
        }
    }
    places
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
