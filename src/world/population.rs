//! The start of a history: firms, their fleets and where these are.

use crate::random::{Purpose, Streams, pareto, truncated_normal, uniform};
use crate::scenario::{Efficiency, HashIs, Scenario};
use crate::units::MWH_PER_DAY_PER_PETAHASH_AT_1_J_PER_TH;

use super::fleet::Fleets;
use super::network::{hashprice, subsidy_btc};

/// A region has a share of the hash rate, but no machine in it would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NothingRuns {
    /// Index of the region.
    pub region: usize,
}

/// Draws the fleets of a history.
///
/// `start_price` is the bitcoin price on the eve, USD.
///
/// # Errors
/// [`NothingRuns`] if hash rate is given as running and a region's drawn machines are all too dear to run.
pub fn populate(
    scenario: &Scenario,
    streams: Streams,
    start_price: f64,
) -> Result<Fleets, NothingRuns> {
    // One population for all: drawn as that of a replica which no run has.
    let streams = if scenario.firms.fixed_population {
        streams.of_replica(u64::MAX)
    } else {
        streams
    };
    let firms = &scenario.firms;
    let regions = scenario.regions.len();
    let hash_of: Vec<f64> = scenario
        .regions
        .iter()
        .map(|region| region.share.get() * scenario.bitcoin.network_hash.get())
        .collect();
    let worst_running = worst_running_at_start(scenario, start_price);

    let mut fleets = Fleets::new(regions, firms.named.len() + firms.count as usize);
    let mut efficiencies = streams.open(Purpose::Efficiency, 0);
    let mut next_efficiency = || draw_efficiency(&firms.efficiency, uniform(&mut efficiencies));

    for (number, firm) in firms.named.iter().enumerate() {
        for (region, part) in firm.places.iter().filter(|(_, part)| *part > 0.0) {
            let hash = firm.hash.get() * part;
            let pieces = fleets_of(scenario, hash);
            for _ in 0..pieces {
                let efficiency = next_efficiency();
                let piece = hash / f64::from(pieces);
                // At most 200 regions and 10 million firms.
                fleets.push(number as u32, *region as u16, piece, efficiency);
            }
        }
    }
    let named_fleets = fleets.len();
    let counted = |fleets: &Fleets, fleet: usize| {
        scenario.bitcoin.hash_is == HashIs::Nameplate
            || fleets.efficiency[fleet] <= worst_running[usize::from(fleets.region[fleet])]
    };
    let mut tail_hash = hash_of;
    for fleet in 0..named_fleets {
        if counted(&fleets, fleet) {
            tail_hash[usize::from(fleets.region[fleet])] -= fleets.hash_phs[fleet];
        }
    }
    if firms.count == 0 {
        fleets.settle(scenario.days);
        return Ok(fleets);
    }

    // The tail: sizes first, for their sum tells how large a size of 1 is.
    let mut sizes_stream = streams.open(Purpose::FirmSize, 0);
    let sizes: Vec<f64> = (0..firms.count)
        .map(|_| pareto(uniform(&mut sizes_stream), firms.tail_alpha).min(firms.tail_cap))
        .collect();
    let total_tail: f64 = tail_hash.iter().map(|hash| hash.max(0.0)).sum();
    let per_size = total_tail / sizes.iter().sum::<f64>();
    let mut cumulated = Vec::with_capacity(regions);
    let mut sum = 0.0;
    for hash in &tail_hash {
        sum += hash.max(0.0) / total_tail;
        cumulated.push(sum);
    }
    let mut places = streams.open(Purpose::FirmRegion, 0);
    for (number, size) in sizes.iter().enumerate() {
        let pieces = fleets_of(scenario, size * per_size);
        for _ in 0..pieces {
            let draw = uniform(&mut places) * sum;
            // Never a region without a share: its interval is empty. Rounding ends at the last with one.
            let region = cumulated
                .iter()
                .position(|upper| draw < *upper)
                .unwrap_or_else(|| largest(&tail_hash));
            let efficiency = next_efficiency();
            fleets.push(
                (firms.named.len() + number) as u32,
                region as u16,
                size / f64::from(pieces),
                efficiency,
            );
        }
    }
    fill_empty_regions(&mut fleets, named_fleets, &tail_hash);

    // Scale each region's tail so that the region's share is exact.
    let mut drawn = vec![0.0; regions];
    for fleet in named_fleets..fleets.len() {
        if counted(&fleets, fleet) {
            drawn[usize::from(fleets.region[fleet])] += fleets.hash_phs[fleet];
        }
    }
    for (region, (hash, drawn)) in tail_hash.iter().zip(&drawn).enumerate() {
        if *hash > 0.0 && *drawn <= 0.0 {
            return Err(NothingRuns { region });
        }
    }
    for fleet in named_fleets..fleets.len() {
        let region = usize::from(fleets.region[fleet]);
        fleets.hash_phs[fleet] *= if drawn[region] > 0.0 {
            tail_hash[region].max(0.0) / drawn[region]
        } else {
            0.0
        };
    }
    fleets.settle(scenario.days);
    Ok(fleets)
}

/// Worst efficiency that runs in each region at base power prices and `start_price`, J/TH.
fn worst_running_at_start(scenario: &Scenario, start_price: f64) -> Vec<f64> {
    let bitcoin = &scenario.bitcoin;
    let reward = subsidy_btc(bitcoin.height) * (1.0 + bitcoin.fee_ratio);
    let hashprice = hashprice(bitcoin.difficulty, reward, start_price);
    scenario
        .regions
        .iter()
        .map(|region| {
            let kept = 1.0 - scenario.moving.pool_fee.get() - region.tax.get();
            let delivered = region.power.pue * (region.power.base.get() + region.power.adder.get());
            worst_running(hashprice * kept, delivered)
        })
        .collect()
}

/// Efficiency at which revenue just pays for power, J/TH: machines at least as good run.
///
/// `net_hashprice` in USD per PH/s and day after fees and taxes, `delivered` in USD/MWh.
#[must_use]
pub fn worst_running(net_hashprice: f64, delivered: f64) -> f64 {
    if delivered > 0.0 {
        net_hashprice / (MWH_PER_DAY_PER_PETAHASH_AT_1_J_PER_TH * delivered)
    } else {
        f64::INFINITY
    }
}

fn draw_efficiency(law: &Efficiency, uniform: f64) -> f64 {
    match law {
        Efficiency::Normal { mean, sd, min, max } => {
            truncated_normal(uniform, mean.get(), *sd, min.get(), max.get())
        }
        Efficiency::Vintages(mix) => mix
            .iter()
            .find(|(cumulated, _)| uniform < *cumulated)
            .unwrap_or(&mix[mix.len() - 1])
            .1
            .get(),
    }
}

/// Number of fleets that `hash_phs` is split into at the mean efficiency of the start.
fn fleets_of(scenario: &Scenario, hash_phs: f64) -> u32 {
    let Some(largest) = scenario.firms.max_fleet else {
        return 1;
    };
    let efficiency = match &scenario.firms.efficiency {
        Efficiency::Normal { mean, min, max, .. } => mean.get().clamp(min.get(), max.get()),
        Efficiency::Vintages(mix) => mix[0].1.get(),
    };
    let megawatts = hash_phs * efficiency / 1000.0;
    // A firm of more than a million fleets is a slip in the scenario; it is split no further.
    (megawatts / largest.get()).ceil().clamp(1.0, 1e6) as u32
}

/// Gives every region with a share at least one fleet of the tail: the draw may have missed a small one.
///
/// Takes the first fleet of the region that has most of them, which changes the law only where it
/// could not be met at all.
fn fill_empty_regions(fleets: &mut Fleets, first: usize, tail_hash: &[f64]) {
    let mut count = vec![0_usize; tail_hash.len()];
    for region in &fleets.region[first..] {
        count[usize::from(*region)] += 1;
    }
    for empty in 0..tail_hash.len() {
        if tail_hash[empty] <= 0.0 || count[empty] > 0 {
            continue;
        }
        let Some(fullest) = (0..count.len()).max_by_key(|r| count[*r]) else {
            return;
        };
        let donor = (first..fleets.len())
            .find(|fleet| usize::from(fleets.region[*fleet]) == fullest && count[fullest] > 1);
        if let Some(fleet) = donor {
            let region = empty as u16;
            fleets.region[fleet] = region;
            fleets.site[fleet] = region;
            fleets.home[fleet] = region;
            count[fullest] -= 1;
            count[empty] += 1;
        }
    }
}

fn largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}
