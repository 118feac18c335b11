//! Rules for AI compute.

use super::super::raw::{RawAi, RawScenario, Rent};
use super::super::series::days_between;
use super::super::{Ai, Edge, Provider};
use super::{Findings, SHARE_TOLERANCE, round_for_people};

/// With 100,000 members each and all devices they can still be counted.
const MOST_PROVIDERS: usize = 1000;

/// `None` where a scenario has none; what is wrong is found.
pub fn check_ai(raw: &RawScenario, found: &mut Findings<'_, '_>) -> Option<Ai> {
    check_places(raw, found);
    let ai = raw.ai.as_ref()?;
    check_providers(ai, found);
    let edge = &ai.edge;
    let midpoint = edge.midpoint.map_or(raw.start.0, |date| date.0);
    let ceiling = edge.ceiling.unwrap_or(edge.start_share);
    if edge.rate_per_year == 0.0 && ceiling != edge.start_share {
        found.add(
            "ai.edge.ceiling",
            format!(
                "{ceiling} is not `start_share`, {}, but `rate_per_year` is 0: the curve never leaves the start",
                edge.start_share
            ),
            "give `rate_per_year`, or leave `ceiling` out",
        );
    }
    let provider = |(name, provider): (&String, &super::super::raw::Provider)| Provider {
        name: name.clone(),
        share: provider.share,
        members: provider.members,
    };
    Some(Ai {
        demand_mw: ai.demand_mw,
        growth_per_year: ai.growth_per_year,
        edge: Edge {
            start_share: edge.start_share,
            ceiling,
            ceiling_sd: edge.ceiling_sd,
            midpoint_day: f64::from(days_between(raw.start.0, midpoint)),
            midpoint_sd_years: edge.midpoint_sd_years,
            rate_per_year: edge.rate_per_year,
        },
        devices: ai.devices,
        providers: ai.providers.iter().map(provider).collect(),
        walk: ai.walk,
        rent: ai.rent.filter(pays),
    })
}

/// Whether AI pays for sites at all: at a rent of zero it is as good as left out.
fn pays(rent: &Rent) -> bool {
    rent.usd_per_mw_year > 0.0
}

fn check_providers(ai: &RawAi, found: &mut Findings<'_, '_>) {
    if ai.providers.len() > MOST_PROVIDERS {
        found.add(
            "ai.providers",
            format!("there are {}", ai.providers.len()),
            format!("give {MOST_PROVIDERS} at most; several alike are one with `members`"),
        );
    }
    for name in ai.providers.keys() {
        found.name(&format!("ai.providers.{name}"), name);
    }
    let total: f64 = ai.providers.values().map(|provider| provider.share).sum();
    if (total - 1.0).abs() > SHARE_TOLERANCE {
        found.add(
            "ai.providers",
            format!(
                "the shares of those who host AI add up to {}; they must add up to 1 (within 1e-9)",
                round_for_people(total)
            ),
            "change one of them, or add the rest as one with `members`",
        );
    }
}

fn check_places(raw: &RawScenario, found: &mut Findings<'_, '_>) {
    let mut total = 0.0;
    for (id, region) in &raw.regions {
        let Some(here) = &region.ai else { continue };
        total += here.share;
        let key = format!("regions.{id}.ai");
        match &raw.ai {
            None => found.add(
                &key,
                "the scenario says nothing of AI: there is no table `ai`",
                "add [ai], or leave this out",
            ),
            Some(ai) if here.eligible_share > 0.0 && ai.rent.is_none() => found.add(
                &format!("{key}.eligible_share"),
                "sites are fit for AI, but there is no rent that it pays: no `ai.rent`",
                "add [ai.rent], or leave this out",
            ),
            Some(_) => {}
        }
    }
    if total > 1.0 + SHARE_TOLERANCE {
        let last = raw
            .regions
            .iter()
            .rev()
            .find(|(_, region)| region.ai.is_some());
        if let Some((id, _)) = last {
            found.add(
                &format!("regions.{id}.ai.share"),
                format!(
                    "the regions draw {} of the power of hosted AI; it must be 1 at most",
                    round_for_people(total)
                ),
                "lower one of them",
            );
        }
    }
}
