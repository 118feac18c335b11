//! `core.toml` a second time, written from its text: the reference for what the crate computes and for how fast.
//!
//! Plain on purpose: an array of fleets, every one of them visited every day, the platform's mathematics, samplers of
//! `rand_distr`, one random stream. It wastes nothing either: a day without an end of an epoch draws its number of
//! blocks only, reviews touch the fleets that are due, and the order of efficiency is found once. Its law and its
//! records are those of the crate; the random numbers are not.
#![expect(
    clippy::disallowed_methods,
    reason = "the platform's mathematics and plain loops: nothing here is promised to the bit"
)]

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Normal, Pareto, Poisson, StandardNormal};

const SHARES: [f64; 3] = [0.90, 0.07, 0.03];
const BASES: [f64; 3] = [75.0, 52.0, 37.0];
const CAPACITIES: [f64; 3] = [18_000.0, 3_000.0, 2_500.0];
const HASH_EHS: f64 = 900.0;
const DAYS_PER_YEAR: f64 = 365.25;
const SECONDS_PER_DAY: f64 = 86_400.0;
const EPOCH_BLOCKS: u64 = 2016;

struct Fleet {
    phs: f64,
    joules: f64,
    region: usize,
    /// Day from which it runs at its region.
    from_day: i64,
}

/// A day as it runs, before its blocks and reviews.
struct Today {
    day: i64,
    btc_price: f64,
    hashprice: f64,
    subsidy: f64,
    power_price: [f64; 3],
    /// Worst efficiency that pays for its power, J/TH.
    worst: [f64; 3],
    /// Hash rate that runs, PH/s.
    running: [f64; 3],
}

/// Regions as those who move see them.
struct Regions {
    load: [f64; 3],
    capacity: [f64; 3],
    /// Hash rate that left for another region since the last record, PH/s.
    moved: [[f64; 3]; 3],
    hashprice_expected: f64,
    power_price_expected: [f64; 3],
}

/// One history of core.toml with `firms` firms: a record every `every` days, in the order of the crate's.
pub fn history(seed: u64, firms: usize, days: i64, every: i64) -> Vec<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut fleets = draw_fleets(&mut rng, firms);
    let mut by_efficiency: Vec<usize> = (0..firms).collect();
    by_efficiency.sort_by(|a, b| fleets[*a].joules.total_cmp(&fleets[*b].joules));
    let mut load = [0.0; 3];
    for fleet in &fleets {
        load[fleet.region] += fleet.phs * fleet.joules / 1000.0;
    }
    let mut regions = Regions {
        load,
        capacity: std::array::from_fn(|r| CAPACITIES[r].max(load[r])),
        moved: [[0.0; 3]; 3],
        hashprice_expected: 0.0,
        power_price_expected: [0.0; 3],
    };
    let mut chain = Chain {
        difficulty: HASH_EHS * 1e18 * 600.0 / 2.0_f64.powi(32),
        height: 925_000,
        in_epoch: 0,
        epoch_start: 0.0,
    };
    let mut log_price = 95_000.0_f64.ln();
    let mut noise = [0.0_f64; 3];
    let mut ratio_seen = [1.0; 3];
    let mut records = Vec::new();

    for day in 0..days {
        log_price += (0.30 - 0.5 * 0.40 * 0.40) / DAYS_PER_YEAR
            + 0.40 / DAYS_PER_YEAR.sqrt() * draw_normal(&mut rng);
        let subsidy = 50.0 / 2.0_f64.powi((chain.height / 210_000) as i32);
        let btc_price = log_price.exp();
        let hashprice = 86_400e15 / chain.hashes_per_block() * subsidy * btc_price;
        let (k, s, years) = (4.0, 0.6, (day as f64 + 1.0) / DAYS_PER_YEAR);
        let decay = (-k / DAYS_PER_YEAR).exp();
        let sd = s * ((1.0 - decay * decay) / (2.0 * k)).sqrt();
        let variance = s * s * (1.0 - (-2.0 * k * years).exp()) / (2.0 * k);
        let mut today = Today {
            day,
            btc_price,
            hashprice,
            subsidy,
            power_price: [0.0; 3],
            worst: [0.0; 3],
            running: [0.0; 3],
        };
        for r in 0..3 {
            noise[r] = noise[r] * decay + sd * draw_normal(&mut rng);
            today.power_price[r] = BASES[r] * (noise[r] - variance / 2.0).exp();
            today.worst[r] = hashprice / (0.024 * today.power_price[r]);
        }

        for fleet in &fleets {
            if day >= fleet.from_day && fleet.joules <= today.worst[fleet.region] {
                today.running[fleet.region] += fleet.phs;
            }
        }
        if day % every == 0 {
            records.push(record(&today, &chain, &regions, &fleets, &by_efficiency));
            regions.moved = [[0.0; 3]; 3];
        }

        chain.mine(day, today.running.iter().sum(), &mut rng);

        if day == 0 {
            regions.hashprice_expected = hashprice;
        }
        regions.hashprice_expected += (hashprice - regions.hashprice_expected) / 30.0;
        for r in 0..3 {
            ratio_seen[r] += (today.power_price[r] / BASES[r] - ratio_seen[r]) / 30.0;
            regions.power_price_expected[r] = BASES[r] * ratio_seen[r];
        }
        for fleet in fleets.iter_mut().skip((day % 30) as usize).step_by(30) {
            if day >= fleet.from_day {
                review(day, fleet, &mut regions, &mut rng);
            }
        }
    }
    records
}

fn draw_normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

fn draw_fleets(rng: &mut ChaCha8Rng, firms: usize) -> Vec<Fleet> {
    let size = Pareto::new(1.0, 1.3).expect("a proper law");
    let efficiency = Normal::new(18.0, 5.0).expect("a proper law");
    let mut fleets: Vec<Fleet> = (0..firms)
        .map(|_| {
            let u: f64 = rng.random();
            let joules = loop {
                let joules: f64 = efficiency.sample(rng);
                if (13.0..=38.0).contains(&joules) {
                    break joules;
                }
            };
            Fleet {
                phs: f64::min(size.sample(rng), 2000.0),
                joules,
                region: if u < SHARES[0] {
                    0
                } else {
                    2 - usize::from(u < SHARES[0] + SHARES[1])
                },
                from_day: 0,
            }
        })
        .collect();

    // A region that the draw has missed takes the first fleet of the one with most of them.
    let mut count = [0; 3];
    for fleet in &fleets {
        count[fleet.region] += 1;
    }
    for empty in 0..3 {
        if count[empty] > 0 {
            continue;
        }
        let fullest = (0..3).max_by_key(|r| count[*r]).expect("three regions");
        if let Some(fleet) = fleets.iter_mut().find(|f| f.region == fullest) {
            fleet.region = empty;
            count[fullest] -= 1;
            count[empty] += 1;
        }
    }

    let mut drawn = [0.0; 3];
    for fleet in &fleets {
        drawn[fleet.region] += fleet.phs;
    }
    for fleet in &mut fleets {
        fleet.phs *= SHARES[fleet.region] * HASH_EHS * 1000.0 / drawn[fleet.region];
    }
    fleets
}

struct Chain {
    difficulty: f64,
    height: u64,
    /// Blocks of the epoch found so far.
    in_epoch: u64,
    /// When the first of them came, seconds from the start.
    epoch_start: f64,
}

impl Chain {
    fn hashes_per_block(&self) -> f64 {
        self.difficulty * 2.0_f64.powi(32)
    }

    /// The blocks of a day at `hash` PH/s.
    fn mine(&mut self, day: i64, hash: f64, rng: &mut ChaCha8Rng) {
        if hash <= 0.0 {
            return;
        }
        // In parts of the day.
        let mut now = 0.0;
        loop {
            let per_day = hash * 1e15 / self.hashes_per_block() * SECONDS_PER_DAY;
            let law = Poisson::new(per_day * (1.0 - now)).expect("a finite rate");
            let found: f64 = law.sample(rng);
            let found = found as u64;
            let ends = self.in_epoch + found >= EPOCH_BLOCKS;
            let begins = self.in_epoch == 0 && found > 0;
            // Only the times of an epoch's first and last block matter.
            let mut times = Vec::new();
            if begins || ends {
                times.extend((0..found).map(|_| now + rng.random::<f64>() * (1.0 - now)));
                times.sort_by(f64::total_cmp);
            }
            if begins {
                self.epoch_start = (day as f64 + times[0]) * SECONDS_PER_DAY;
            }
            if !ends {
                self.in_epoch += found;
                self.height += found;
                return;
            }
            let last = EPOCH_BLOCKS - self.in_epoch;
            now = times[last as usize - 1];
            let span = (day as f64 + now) * SECONDS_PER_DAY - self.epoch_start;
            let factor = 1_209_600.0 / span.clamp(302_400.0, 4_838_400.0);
            self.difficulty = (self.difficulty * factor).max(1.0);
            self.height += last;
            self.in_epoch = 0;
        }
    }
}

/// A fleet stays or moves, by logit over the regions.
fn review(day: i64, fleet: &mut Fleet, regions: &mut Regions, rng: &mut ChaCha8Rng) {
    let mw = fleet.phs * fleet.joules / 1000.0;
    let breakeven = regions.hashprice_expected / (0.024 * fleet.joules);
    let margin = |r: usize| (breakeven - regions.power_price_expected[r]).max(0.0);
    let here = fleet.region;
    let cost = (1e6 / fleet.joules * 4.0 + 24.0 * 45.0 * margin(here)) / (8766.0 * 2.0);
    let weight: [f64; 3] = std::array::from_fn(|r| {
        if r == here {
            (margin(r) / 5.0).exp()
        } else if regions.load[r] + mw > regions.capacity[r] {
            0.0
        } else {
            ((margin(r) - cost) / 5.0).exp()
        }
    });
    let mut left = rng.random::<f64>() * weight.iter().sum::<f64>();
    let mut choice = here;
    for (r, weight) in weight.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            choice = r;
            break;
        }
    }
    if choice != here {
        regions.load[here] -= mw;
        regions.load[choice] += mw;
        regions.moved[here][choice] += fleet.phs;
        fleet.region = choice;
        fleet.from_day = day + 45;
    }
}

/// All quantities of a day, in the order of the crate's records; NaN for what is not defined.
fn record(
    today: &Today,
    chain: &Chain,
    regions: &Regions,
    fleets: &[Fleet],
    by_efficiency: &[usize],
) -> Vec<f64> {
    let mut firms_running = Vec::with_capacity(fleets.len());
    let mut firms_nameplate = Vec::with_capacity(fleets.len());
    let (mut placed, mut megawatts) = ([0.0; 3], [0.0; 3]);
    let (mut transit, mut nameplate_megawatts) = (0.0, 0.0);
    // Electricity of a bitcoin where a tenth, a half and nine tenths of a region's hash rate are reached, best first.
    let (mut reached, mut costs) = ([0.0; 3], [[f64::NAN; 3]; 3]);
    let mwh_per_btc = chain.hashes_per_block() / 1e12 / 3.6e9 / today.subsidy;
    for index in by_efficiency {
        let fleet = &fleets[*index];
        let r = fleet.region;
        let mw = fleet.phs * fleet.joules / 1000.0;
        firms_nameplate.push(fleet.phs);
        nameplate_megawatts += mw;
        if today.day < fleet.from_day {
            transit += fleet.phs;
            continue;
        }
        placed[r] += fleet.phs;
        if fleet.joules > today.worst[r] {
            continue;
        }
        firms_running.push(fleet.phs);
        megawatts[r] += mw;
        reached[r] += fleet.phs;
        for (part, cost) in [0.1, 0.5, 0.9].into_iter().zip(&mut costs[r]) {
            if cost.is_nan() && reached[r] >= part * today.running[r] {
                *cost = fleet.joules * mwh_per_btc * today.power_price[r];
            }
        }
    }

    let hash: f64 = today.running.iter().sum();
    let all_placed: f64 = placed.iter().sum();
    let nameplate = all_placed + transit;
    let power: f64 = megawatts.iter().sum();
    let mut row = vec![
        today.btc_price,
        today.hashprice,
        chain.difficulty,
        chain.height as f64,
        ratio(chain.hashes_per_block(), hash * 1e15),
        hash / 1000.0,
        nameplate / 1000.0,
        (all_placed - hash).max(0.0) / 1000.0,
        transit / 1000.0,
        power,
        power * 24.0 * DAYS_PER_YEAR / 1e6,
        ratio(power * 1000.0, hash),
        ratio(nameplate_megawatts * 1000.0, nameplate),
        // Hashprice over the megawatt-hours of a petahash in a day.
        today.hashprice / ratio(power * 24.0, hash),
    ];
    row.extend(concentration(&mut today.running.to_vec(), 3));
    row.extend(concentration(&mut placed.to_vec(), 3));
    row.extend(concentration(&mut firms_running, fleets.len()));
    row.extend(concentration(&mut firms_nameplate, fleets.len()));
    for r in 0..3 {
        row.extend([
            ratio(today.running[r], hash),
            ratio(placed[r], all_placed),
            today.running[r] / 1000.0,
            placed[r] / 1000.0,
            megawatts[r],
            regions.load[r],
            regions.capacity[r],
            regions.load[r] / regions.capacity[r],
            today.power_price[r],
            today.power_price[r], // delivered: nothing is added to it
        ]);
        row.extend(costs[r]);
    }
    for from in 0..3 {
        row.extend(
            (0..3)
                .filter(|r| *r != from)
                .map(|r| regions.moved[from][r]),
        );
    }
    row
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { f64::NAN }
}

/// Concentration of `weights`, of `registered` units of which the others have none.
fn concentration(weights: &mut Vec<f64>, registered: usize) -> [f64; 18] {
    /// Shares that tie in decimals do not after rounding.
    const TIE: f64 = 1e-12;
    weights.retain(|weight| *weight > 0.0);
    weights.sort_unstable_by(|a, b| b.total_cmp(a));
    let (active, registered) = (weights.len() as f64, registered as f64);
    if weights.is_empty() {
        let mut row = [f64::NAN; 18];
        row[16..].copy_from_slice(&[active, registered]);
        return row;
    }
    let total: f64 = weights.iter().sum();
    let (mut held, mut squares, mut ranked, mut entropy) = (0.0, 0.0, 0.0, 0.0);
    let (mut above, mut at_least) = ([f64::NAN; 3], [f64::NAN; 3]);
    let mut top = [1.0; 3];
    for (index, weight) in weights.iter().enumerate() {
        let (rank, share) = (index as f64 + 1.0, weight / total);
        held += share;
        squares += share * share;
        ranked += rank * share;
        entropy -= share * share.ln();
        for (i, threshold) in [1.0 / 3.0, 1.0 / 2.0, 2.0 / 3.0].into_iter().enumerate() {
            if above[i].is_nan() && held > threshold + TIE {
                above[i] = rank;
            }
            if at_least[i].is_nan() && held >= threshold - TIE {
                at_least[i] = rank;
            }
        }
        match index + 1 {
            1 => top[0] = held,
            3 => top[1] = held,
            10 => top[2] = held,
            _ => {}
        }
    }
    let bits = entropy / std::f64::consts::LN_2;
    [
        squares,
        10_000.0 * squares,
        1.0 / squares,
        above[0],
        above[1],
        above[2],
        at_least[0],
        at_least[1],
        at_least[2],
        (registered + 1.0 - 2.0 * ranked) / registered,
        bits,
        bits.exp2(),
        registered.ln() - entropy,
        top[0],
        top[1],
        top[2],
        active,
        registered,
    ]
}
