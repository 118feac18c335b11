//! The same bans on networks that are spread differently, simulated: what a year loses of its hash rate, with machines that
//! move, hide and are bought meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::annual::{Estimate, Network, ban_hazard, usual_rate};
use crate::engine::{Model, Observer};
use crate::ensemble::{EnsembleError, Progress, one_by_one};
use crate::random::entity_of_name;
use crate::record::Day;
use crate::scenario::{BanTerms, CapacityNow, Effect, Hazard, Scenario};
use crate::statistics::{mean_and_sd, summarise};
use crate::units::{Megawatts, Share, Usd, machine_power};
use crate::world::fleet::Fleets;

/// Days of a simulated year.
const YEAR: u32 = 365;

/// What a year loses of its hash rate, over simulated years.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedLoss {
    /// The network.
    pub network: String,
    /// The threat.
    pub threat: String,
    /// Years simulated.
    pub years: usize,
    /// Mean part of the year's hash rate that is lost.
    pub mean: Estimate,
    /// Its standard deviation.
    pub sd: f64,
    /// Loss that one year in twenty exceeds.
    pub var_95: Estimate,
    /// Mean loss of the worst twentieth of the years.
    pub es_95: f64,
}

/// The scenario with its machines elsewhere at the start, `shares` by region. Rooms, what is built and its ceilings go with them, so
/// that every network has the same part of its rooms free.
#[must_use]
pub fn rearranged(scenario: &Scenario, shares: &[f64]) -> Scenario {
    let mut other = scenario.clone();
    let mean = scenario.firms.efficiency.mean();
    for (region, share) in other.regions.iter_mut().zip(shares) {
        let hash = region.share.get() * scenario.bitcoin.network_hash.get();
        let load = machine_power(hash, mean) * region.power.pue;
        if let Some(room) = &mut region.capacity {
            if let CapacityNow::Load(mw) = room.now {
                let used = load / mw.get();
                room.now = CapacityNow::Utilisation(used.clamp(0.001, 1.0));
            }
            let grown = if region.share.get() > 0.0 {
                share / region.share.get()
            } else {
                0.0
            };
            for megawatts in room.max.iter_mut().chain([&mut room.build_per_month]) {
                *megawatts = Megawatts::new(megawatts.get() * grown).unwrap_or_default();
            }
        }
        region.share = Share::new(*share).unwrap_or_default();
    }
    let places: Vec<(usize, f64)> = shares.iter().copied().enumerate().collect();
    for firm in &mut other.firms.named {
        firm.places.clone_from(&places);
    }
    other
}

/// A threat to the regions of a scenario: its hazards, and how they hang together.
#[derive(Debug, Clone)]
pub struct SimulatedThreat {
    /// What it is called.
    pub name: String,
    /// What may happen.
    pub hazards: Vec<Hazard>,
    /// Correlation of the times at which any two hazards strike.
    pub correlation: f64,
}

/// Equal threats, those that the scenario states, and equal ones that hang together, as in
/// [`threats`](super::annual::threats).
#[must_use]
pub fn simulated_threats(scenario: &Scenario, per_year: f64) -> Vec<SimulatedThreat> {
    let ban = |r: usize, rate: f64, name: &str| {
        let region = &scenario.regions[r];
        Hazard {
            days: None,
            region: Some(r),
            effect: Effect::Ban(BanTerms::default()),
            per_year: rate,
            load_sensitivity: 0.0,
            reference_load: 0.0,
            stream: entity_of_name(&format!("{name} {}", region.id)),
        }
    };
    let all = || 0..scenario.regions.len();
    let equal: Vec<Hazard> = all().map(|r| ban(r, per_year, "equal")).collect();
    let mut threats = vec![SimulatedThreat {
        name: format!("{per_year} a year, alike"),
        hazards: equal.clone(),
        correlation: 0.0,
    }];
    let stated: Vec<Hazard> = scenario
        .hazards
        .iter()
        .filter(|hazard| matches!(hazard.effect, Effect::Ban(_)))
        .copied()
        .collect();
    if !stated.is_empty() {
        let usual = usual_rate(scenario);
        let others = all().filter(|r| ban_hazard(scenario, *r).is_none());
        let others = others.map(|r| ban(r, usual, "usual"));
        threats.push(SimulatedThreat {
            name: "the scenario's hazards".into(),
            hazards: stated.iter().copied().chain(others).collect(),
            correlation: scenario.hazard_correlation,
        });
    }
    threats.push(SimulatedThreat {
        name: format!("{per_year} a year, correlation 0.5"),
        hazards: equal,
        correlation: 0.5,
    });
    threats
}

/// Shares of the regions of a network, its countries added up.
fn shares_of_regions(scenario: &Scenario, network: &Network) -> Vec<f64> {
    let mut countries = network.shares.iter();
    let sum = |members: u32| countries.by_ref().take(members as usize).sum();
    scenario
        .regions
        .iter()
        .map(|r| r.members)
        .map(sum)
        .collect()
}

/// Adds up the hash rate of a year.
struct HashOfYear(f64);

impl Observer for HashOfYear {
    const REVIEWS: bool = false;

    fn day(&mut self, today: &Day<'_>, _: &Fleets, _: u64) {
        self.0 += today.running.iter().sum::<f64>();
    }
}

/// Simulates `years` years of every network under every threat, on the threads of the current rayon pool.
///
/// Every year is the first of the scenario in a replica of its own, with and without the threat. Scripted events are left out,
/// and so is what miners would pay to avoid a threat.
///
/// # Errors
/// If a history could not be run, or on being asked to stop.
pub fn simulate_years(
    scenario: &Scenario,
    networks: &[Network],
    threats: &[SimulatedThreat],
    years: u32,
    stop: &AtomicBool,
    progress: &dyn Progress,
) -> Result<Vec<SimulatedLoss>, EnsembleError> {
    let mut calm = scenario.clone();
    calm.days = YEAR;
    calm.record_every_days = YEAR;
    calm.events.clear();
    calm.hazards.clear();
    calm.moving.policy_loss_per_mw = Usd::default();
    let worlds: Vec<Vec<Scenario>> = networks
        .iter()
        .map(|network| {
            let alone = rearranged(&calm, &shares_of_regions(scenario, network));
            let threatened = threats.iter().map(|threat| Scenario {
                hazards: threat.hazards.clone(),
                hazard_correlation: threat.correlation,
                ..alone.clone()
            });
            std::iter::once(alone.clone()).chain(threatened).collect()
        })
        .collect();
    let models: Vec<Vec<Model<'_>>> = worlds
        .iter()
        .map(|worlds| worlds.iter().map(Model::new).collect())
        .collect();
    let hash = |model: &Model<'_>, replica: u64| -> Result<f64, EnsembleError> {
        if stop.load(Ordering::Relaxed) {
            return Err(EnsembleError::Interrupted);
        }
        let mut records = vec![0.0; model.record_len()];
        let mut hash = HashOfYear(0.0);
        model.run_replica(replica, &mut records, &mut hash)?;
        Ok(hash.0)
    };
    let losses: Vec<Vec<f64>> = one_by_one(0..years)
        .map(|year| {
            let mut losses = Vec::with_capacity(networks.len() * threats.len());
            for models in &models {
                let whole = hash(&models[0], u64::from(year))?;
                for model in &models[1..] {
                    losses.push(1.0 - hash(model, u64::from(year))? / whole);
                }
            }
            progress.replica_done();
            Ok(losses)
        })
        .collect::<Result<_, EnsembleError>>()?;
    let mut all = Vec::new();
    for (t, threat) in threats.iter().enumerate() {
        for (n, network) in networks.iter().enumerate() {
            let column = losses.iter().map(|losses| losses[n * threats.len() + t]);
            all.extend(simulated_loss(network, threat, column.collect()));
        }
    }
    Ok(all)
}

fn simulated_loss(
    network: &Network,
    threat: &SimulatedThreat,
    mut losses: Vec<f64>,
) -> Option<SimulatedLoss> {
    let moments = mean_and_sd(&losses)?;
    let summary = summarise(&mut losses)?;
    let [.., highest] = summary.quantiles;
    losses.sort_by(f64::total_cmp);
    let worst = &losses[(0.95 * losses.len() as f64) as usize..];
    Some(SimulatedLoss {
        network: network.name.clone(),
        threat: threat.name.clone(),
        years: moments.replicas,
        mean: Estimate {
            value: moments.mean,
            standard_error: moments.standard_error().unwrap_or(0.0),
        },
        sd: moments.sd.unwrap_or(0.0),
        var_95: Estimate {
            value: highest.value,
            standard_error: highest.standard_error.unwrap_or(0.0),
        },
        es_95: worst.iter().sum::<f64>() / worst.len() as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resilience::annual::networks;
    use crate::scenario::parse_scenario;

    fn scenario() -> Scenario {
        let changes = [
            "days=400",
            "firms.count=60",
            "regions.ethiopia.members=3",
            "hazards=[{ kind = \"ban\", region = \"us\", per_year = 0.2 }]",
            "firms.named=[{ name = \"A\", ehs = 9.0, regions = { us = 1.0 } }]",
        ];
        let changes: Vec<String> = changes.iter().map(|change| (*change).into()).collect();
        let text = include_str!("../../scenarios/core.toml");
        parse_scenario("core", text, &changes, &[]).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_network_is_rearranged_with_its_named_firms_and_its_rooms() {
        let scenario = scenario();
        let [alone, start, spread] = &networks(&scenario)[..] else {
            panic!("three networks");
        };
        let shares = |network| shares_of_regions(&scenario, network);
        assert_eq!(shares(alone), [1.0, 0.0, 0.0]);
        for (share, region) in shares(start).iter().zip(&scenario.regions) {
            assert!((share - region.share.get()).abs() < 1e-12);
        }
        let alike = shares(spread);
        assert!((alike[0] - 0.2).abs() < 1e-12 && (alike[2] - 0.6).abs() < 1e-12);
        let other = rearranged(&scenario, &alike);
        assert_eq!(other.firms.named[0].places[2], (2, alike[2]));
        // 14,580 of 18,000 MW are used, there as here.
        let room = other.regions[0].capacity.as_ref().map(|c| c.now);
        assert_eq!(room, Some(CapacityNow::Utilisation(14_580.0 / 18_000.0)));
    }

    #[test]
    fn without_a_threat_nothing_is_lost_and_spread_cuts_the_spread_of_losses() {
        let scenario = scenario();
        let mut threats = simulated_threats(&scenario, 0.3);
        threats.push(SimulatedThreat {
            name: "none".into(),
            hazards: Vec::new(),
            correlation: 0.0,
        });
        let stop = AtomicBool::new(false);
        let networks = networks(&scenario);
        let losses = simulate_years(&scenario, &networks, &threats, 60, &stop, &())
            .unwrap_or_else(|error| panic!("{error}"));
        let of = |threat: usize, network: usize| &losses[threat * 3 + network];
        for network in 0..3 {
            assert_eq!((of(3, network).mean.value, of(3, network).sd), (0.0, 0.0));
        }
        assert!(of(0, 0).mean.value > 0.01, "{:?}", of(0, 0));
        assert!(
            of(0, 2).sd < 0.7 * of(0, 0).sd,
            "{:?} {:?}",
            of(0, 2),
            of(0, 0)
        );
    }
}
