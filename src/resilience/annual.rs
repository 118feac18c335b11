//! What a year may take: the distribution of hash rate lost to bans, for networks that are spread differently.

use crate::random::{Purpose, Streams, seek_day, uniform};
use crate::scenario::{Effect, Scenario};
use crate::statistics::{quantile_of_sorted, quantile_standard_error_of_sorted};

/// Years drawn, in batches whose spread gives the standard errors.
const BATCHES: usize = 20;
const YEARS_IN_BATCH: usize = 10_000;

/// Probability beyond which a year is one of the worst.
const WORST: f64 = 0.95;

/// A network by country: equal members of an aggregate are countries of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// What it is called.
    pub name: String,
    /// Share of each country.
    pub shares: Vec<f64>,
}

/// What threatens the countries of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Threat {
    /// What it is called.
    pub name: String,
    /// Probability of a ban in a year, by country.
    pub probability: Vec<f64>,
    /// Part of a country's hash rate that a ban takes.
    pub compliance: Vec<f64>,
    /// Correlation between the bans of two countries of equal probability.
    pub correlation: f64,
}

/// An estimate and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Its Monte Carlo standard error; 0 where it is exact.
    pub standard_error: f64,
}

/// Part of the hash rate that a network loses in a year.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnualLoss {
    /// The network.
    pub network: String,
    /// The threat.
    pub threat: String,
    /// Herfindahl-Hirschman index of the network over countries.
    pub hhi: f64,
    /// Expected loss, exact.
    pub mean: f64,
    /// Its standard deviation, exact where all countries face the same threat.
    pub sd: Estimate,
    /// Loss that one year in twenty exceeds.
    pub var_95: Estimate,
    /// Mean loss of the worst twentieth of all years.
    pub es_95: Estimate,
    /// Probability of losing more than a third, and more than half.
    pub over_third: Estimate,
    /// The same of half.
    pub over_half: Estimate,
}

/// Standard deviation of the loss where all countries face bans of probability `probability` that take `compliance`:
/// `Var = p (1 - p) c^2 (HHI + rho (1 - HHI))`. So spread cuts the tail and leaves the mean.
#[must_use]
pub fn sd_of_equal_threats(hhi: f64, probability: f64, compliance: f64, correlation: f64) -> f64 {
    let one = probability * (1.0 - probability) * compliance * compliance;
    (one * (hhi + correlation * (1.0 - hhi))).sqrt()
}

/// Networks to compare: all in the largest region, as at the start of the scenario, and spread over all countries alike.
#[must_use]
pub fn networks(scenario: &Scenario) -> Vec<Network> {
    let regions = &scenario.regions;
    let mut largest = 0;
    for (r, region) in regions.iter().enumerate() {
        if region.share.get() > regions[largest].share.get() {
            largest = r;
        }
    }
    let countries: u32 = regions.iter().map(|region| region.members).sum();
    let by_country = |share: &dyn Fn(usize) -> f64| {
        let of_region = |r: usize| {
            let members = regions[r].members;
            std::iter::repeat_n(share(r) / f64::from(members), members as usize)
        };
        (0..regions.len()).flat_map(of_region).collect()
    };
    // An aggregate is no country: "only there" would still be many.
    let only = |r: usize| f64::from(u8::from(r == largest));
    vec![
        Network {
            name: format!("{} only", regions[largest].name),
            shares: by_country(&only),
        },
        Network {
            name: "as at the start".into(),
            shares: by_country(&|r| regions[r].share.get()),
        },
        Network {
            name: format!("spread over {countries} countries alike"),
            shares: by_country(&|r| f64::from(regions[r].members) / f64::from(countries)),
        },
    ]
}

/// Threats to compare: equal ones, those of the scenario's ban hazards, and equal ones that hang together.
///
/// A region without a hazard of its own, such as an aggregate, is threatened as the others are on average.
#[must_use]
pub fn threats(scenario: &Scenario, per_year: f64, compliance: f64) -> Vec<Threat> {
    let countries: usize = scenario.regions.iter().map(|r| r.members as usize).sum();
    let equal = |name: String, correlation| Threat {
        name,
        probability: vec![-libm::expm1(-per_year); countries],
        compliance: vec![compliance; countries],
        correlation,
    };
    let mut stated = Threat {
        name: "the scenario's hazards".into(),
        probability: Vec::with_capacity(countries),
        compliance: Vec::with_capacity(countries),
        correlation: scenario.hazard_correlation,
    };
    let of_regions: Vec<Option<(f64, f64)>> = (0..scenario.regions.len())
        .map(|r| ban_hazard(scenario, r))
        .collect();
    let usual = usual_rate(scenario);
    for (region, hazard) in scenario.regions.iter().zip(of_regions) {
        let (rate, taken) = hazard.unwrap_or((usual, compliance));
        for _ in 0..region.members {
            stated.probability.push(-libm::expm1(-rate));
            stated.compliance.push(taken);
        }
    }
    let mut threats = vec![equal(format!("{per_year} a year, alike"), 0.0)];
    if usual > 0.0 {
        threats.push(stated);
    }
    threats.push(equal(format!("{per_year} a year, correlation 0.5"), 0.5));
    threats
}

/// Mean yearly rate of bans over the regions that have a hazard of one; 0 if none has.
#[must_use]
pub fn usual_rate(scenario: &Scenario) -> f64 {
    let rates: Vec<f64> = (0..scenario.regions.len())
        .filter_map(|r| Some(ban_hazard(scenario, r)?.0))
        .collect();
    rates.iter().sum::<f64>() / rates.len().max(1) as f64
}

/// Yearly rate of a region's bans, and the part that they take; `None` where the scenario has none.
#[must_use]
pub fn ban_hazard(scenario: &Scenario, region: usize) -> Option<(f64, f64)> {
    let (mut rate, mut taken) = (0.0, 0.0);
    for hazard in &scenario.hazards {
        if let (true, Effect::Ban(terms)) = (hazard.region == Some(region), hazard.effect) {
            rate += hazard.per_year;
            taken += hazard.per_year * terms.compliance;
        }
    }
    (rate > 0.0).then(|| (rate, taken / rate))
}

/// Loss of a year for every network under every threat. The networks meet the same bans.
#[must_use]
pub fn annual_losses(seed: u64, networks: &[Network], threats: &[Threat]) -> Vec<AnnualLoss> {
    let mut all = Vec::new();
    for (index, threat) in threats.iter().enumerate() {
        let mut losses = vec![Vec::with_capacity(BATCHES * YEARS_IN_BATCH); networks.len()];
        let mut stream = Streams::new(seed, index as u64).open(Purpose::AnnualBans, 0);
        let mut banned = vec![0.0; threat.probability.len()];
        for year in 0..BATCHES * YEARS_IN_BATCH {
            seek_day(&mut stream, year as u32);
            draw_year(threat, &mut stream, &mut banned);
            for (network, losses) in networks.iter().zip(&mut losses) {
                let lost = network.shares.iter().zip(&banned);
                losses.push(lost.map(|(share, banned)| share * banned).sum());
            }
        }
        for (network, losses) in networks.iter().zip(losses) {
            all.push(annual_loss(network, threat, losses));
        }
    }
    all
}

/// What a year's bans take of every country.
///
/// Each country takes the common draw with the probability that gives the correlation, its own otherwise: a mixture, in
/// which bans that come together come at once.
fn draw_year(threat: &Threat, stream: &mut rand::rngs::ChaCha8Rng, banned: &mut [f64]) {
    let joins = threat.correlation.sqrt();
    let common = uniform(stream);
    for ((banned, probability), compliance) in banned
        .iter_mut()
        .zip(&threat.probability)
        .zip(&threat.compliance)
    {
        let (own, joined) = (uniform(stream), uniform(stream) < joins);
        let draw = if joined { common } else { own };
        *banned = if draw < *probability {
            *compliance
        } else {
            0.0
        };
    }
}

/// Standard deviation, expected shortfall, and the probabilities of losing a third and a half.
fn measures(losses: &mut [f64]) -> [f64; 4] {
    losses.sort_by(f64::total_cmp);
    let n = losses.len() as f64;
    let mean = losses.iter().sum::<f64>() / n;
    let variance = losses.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    let worst = &losses[(n * WORST) as usize..];
    let over = |threshold: f64| losses.iter().filter(|loss| **loss > threshold).count() as f64 / n;
    [
        variance.sqrt(),
        worst.iter().sum::<f64>() / worst.len() as f64,
        over(1.0 / 3.0),
        over(0.5),
    ]
}

fn annual_loss(network: &Network, threat: &Threat, mut losses: Vec<f64>) -> AnnualLoss {
    let batches: Vec<[f64; 4]> = losses
        .chunks(YEARS_IN_BATCH)
        .map(|batch| measures(&mut batch.to_vec()))
        .collect();
    let whole = measures(&mut losses);
    let estimate = |measure: usize| {
        let n = batches.len() as f64;
        let mean = batches.iter().map(|batch| batch[measure]).sum::<f64>() / n;
        let squares: f64 = batches
            .iter()
            .map(|batch| (batch[measure] - mean) * (batch[measure] - mean))
            .sum();
        Estimate {
            value: whole[measure],
            standard_error: (squares / (n - 1.0) / n).sqrt(),
        }
    };
    let var_95 = Estimate {
        value: quantile_of_sorted(&losses, WORST),
        standard_error: quantile_standard_error_of_sorted(&losses, WORST).unwrap_or(0.0),
    };
    let hhi = network.shares.iter().map(|share| share * share).sum();
    let risks = threat.probability.iter().zip(&threat.compliance);
    let mean = network
        .shares
        .iter()
        .zip(risks)
        .map(|(share, (p, c))| share * p * c)
        .sum();
    let (p, c) = (threat.probability[0], threat.compliance[0]);
    let alike = threat.probability.iter().all(|other| *other == p)
        && threat.compliance.iter().all(|other| *other == c);
    AnnualLoss {
        network: network.name.clone(),
        threat: threat.name.clone(),
        hhi,
        mean,
        sd: if alike {
            Estimate {
                value: sd_of_equal_threats(hhi, p, c, threat.correlation),
                standard_error: 0.0,
            }
        } else {
            estimate(0)
        },
        var_95,
        es_95: estimate(1),
        over_third: estimate(2),
        over_half: estimate(3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(shares: &[f64]) -> Network {
        Network {
            name: "test".into(),
            shares: shares.to_vec(),
        }
    }

    fn threat(countries: usize, correlation: f64) -> Threat {
        Threat {
            name: "test".into(),
            probability: vec![0.1; countries],
            compliance: vec![1.0; countries],
            correlation,
        }
    }

    #[test]
    fn variances_are_those_of_the_model_page() {
        let variance = |correlation| {
            let sd = sd_of_equal_threats(0.38, 0.1, 1.0, correlation);
            sd * sd
        };
        assert!((variance(0.0) - 0.0342).abs() < 1e-12);
        assert!((variance(0.2) - 0.04536).abs() < 1e-12);
    }

    #[test]
    fn drawn_years_have_the_mean_and_the_variance_of_the_formula() {
        let shares = [0.5, 0.3, 0.2];
        for correlation in [0.0, 0.2, 0.5] {
            let threat = threat(3, correlation);
            let mut stream = Streams::new(3, 0).open(Purpose::AnnualBans, 1);
            let mut banned = [0.0; 3];
            let n = 400_000;
            let (mut sum, mut squares) = (0.0, 0.0);
            for _ in 0..n {
                draw_year(&threat, &mut stream, &mut banned);
                let loss: f64 = shares.iter().zip(&banned).map(|(s, b)| s * b).sum();
                sum += loss;
                squares += loss * loss;
            }
            let mean = sum / f64::from(n);
            let variance = squares / f64::from(n) - mean * mean;
            let expected = sd_of_equal_threats(0.38, 0.1, 1.0, correlation);
            assert!(
                (mean - 0.1).abs() < 4.0 * expected / f64::from(n).sqrt(),
                "{mean}"
            );
            assert!(
                (variance / (expected * expected) - 1.0).abs() < 0.02,
                "{variance}"
            );
        }
    }

    #[test]
    fn spread_leaves_the_mean_and_cuts_the_tail() {
        let networks = [network(&[1.0, 0.0, 0.0, 0.0]), network(&[0.25; 4])];
        let losses = annual_losses(1, &networks, &[threat(4, 0.0)]);
        assert_eq!(losses[0].mean.to_bits(), losses[1].mean.to_bits());
        assert_eq!((losses[0].es_95.value, losses[0].var_95.value), (1.0, 1.0));
        // Two or more of four in 5.2 % of years, so the worst twentieth lose a half or more.
        assert!(losses[1].es_95.value < 0.6 && losses[1].es_95.value >= 0.5);
        assert!((losses[0].over_half.value - 0.1).abs() < 0.005);
        assert!(losses[1].over_half.value < 0.01);
    }
}
