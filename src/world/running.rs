//! Which machines run: those whose net revenue pays for their power.

use std::sync::LazyLock;

use crate::elementary::{exp_each, log_each};
use crate::random::{standard_normal_cdf, standard_normal_quantile};
use crate::scenario::{Region, Scenario};
use crate::units::MWH_PER_DAY_PER_PETAHASH_AT_1_J_PER_TH;

/// Part of revenue that is kept in a region after pool fee and tax; negative if they take more than all.
#[must_use]
pub fn kept_of_revenue(scenario: &Scenario, region: &Region) -> f64 {
    1.0 - scenario.pools.fee.get() - region.tax.get()
}

/// Efficiency at which revenue just pays for power, J/TH: machines at least as good run.
///
/// `net_hashprice` in USD per PH/s and day after fees and taxes, `delivered` in USD/MWh. Where power costs
/// nothing everything runs that earns at least nothing.
#[must_use]
pub fn worst_running(net_hashprice: f64, delivered: f64) -> f64 {
    if delivered > 0.0 {
        net_hashprice / (MWH_PER_DAY_PER_PETAHASH_AT_1_J_PER_TH * delivered)
    } else if net_hashprice >= 0.0 {
        f64::INFINITY
    } else {
        f64::NEG_INFINITY
    }
}

/// Worst efficiency that runs in each region at base power prices and the eve's hashprice, J/TH.
#[must_use]
pub fn worst_running_at_start(scenario: &Scenario) -> Vec<f64> {
    let hashprice = scenario.bitcoin.hashprice_at_start();
    scenario
        .regions
        .iter()
        .map(|region| {
            let net = hashprice * kept_of_revenue(scenario, region);
            worst_running(net, region.power.delivered_at_start())
        })
        .collect()
}

/// The law by which a fleet's machines run in a region: all or none, or a part of them where hourly prices or machines
/// differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunningLaw {
    /// Half the variance of log hourly prices.
    half_variance: f64,
    /// One over the standard deviation of log breakeven over log price; infinite where all are alike.
    inverse_sd: f64,
    /// Standard deviations: of log hourly prices, of log efficiency inside a fleet.
    intraday: f64,
    spread: f64,
    table: &'static [(f64, f64)],
}

impl RunningLaw {
    /// The law of a region.
    #[must_use]
    pub fn of(scenario: &Scenario, region: &Region) -> Self {
        let intraday = region.power.intraday_sd;
        let spread = scenario.hardware.efficiency_spread;
        Self {
            half_variance: 0.5 * intraday * intraday,
            inverse_sd: 1.0 / (intraday * intraday + spread * spread).sqrt(),
            intraday,
            spread,
            table: &NODES,
        }
    }

    /// The laws of all regions, in their order.
    #[must_use]
    pub fn of_regions(scenario: &Scenario) -> Vec<Self> {
        let regions = scenario.regions.iter();
        regions.map(|region| Self::of(scenario, region)).collect()
    }

    /// Half the variance of log hourly prices.
    #[must_use]
    pub fn half_variance(&self) -> f64 {
        self.half_variance
    }

    /// Standard deviation of log breakeven over log price; 0 where all are alike.
    #[must_use]
    pub fn sd(&self) -> f64 {
        1.0 / self.inverse_sd
    }

    /// Log of breakeven over the day's mean price at which a part of a fleet runs; 0 where all are alike.
    #[must_use]
    pub fn excess_at_share(&self, share: f64) -> f64 {
        if self.is_sharp() {
            return 0.0;
        }
        standard_normal_quantile(share) * self.sd() - self.half_variance
    }

    /// Whether a fleet runs as a whole or not at all.
    #[must_use]
    pub fn is_sharp(&self) -> bool {
        self.inverse_sd.is_infinite()
    }

    /// Part of a fleet that runs when its log breakeven is `ln_excess` above the log of the day's mean price.
    #[inline]
    #[must_use]
    pub fn share(&self, ln_excess: f64) -> f64 {
        if self.is_sharp() {
            return if ln_excess >= 0.0 { 1.0 } else { 0.0 };
        }
        interpolate(
            self.table,
            (ln_excess + self.half_variance) * self.inverse_sd,
        )
    }

    /// Part of a fleet that the day's mean price lets run: what hourly prices do is left out.
    #[inline]
    #[must_use]
    pub fn share_at_mean_price(&self, ln_excess: f64) -> f64 {
        if self.spread > 0.0 {
            normal_cdf((ln_excess + self.half_variance) / self.spread)
        } else if ln_excess + self.half_variance >= 0.0 {
            1.0
        } else {
            0.0
        }
    }

    /// Mean price while a fleet's average machine is on, over the day's mean price.
    #[must_use]
    pub fn price_while_on(&self, ln_excess: f64) -> f64 {
        if self.intraday == 0.0 {
            return 1.0;
        }
        let on = standard_normal_cdf((ln_excess + self.half_variance) / self.intraday);
        let paid = standard_normal_cdf((ln_excess - self.half_variance) / self.intraday);
        // Where it is hardly ever on, the price there is its breakeven.
        if on > 1e-12 {
            paid / on
        } else {
            libm::exp(ln_excess)
        }
    }
}

/// The threshold that a region's fleets compare with: the worst efficiency that pays for its power, with the lag of
/// operators who do not act in a day.
#[derive(Debug, Clone)]
pub struct Threshold {
    off_weight: f64,
    on_weight: f64,
    /// J/TH, by region.
    pub worst: Vec<f64>,
    /// Its logarithm.
    pub ln_worst: Vec<f64>,
    /// The logarithm of today's target, before any lag.
    pub ln_today: Vec<f64>,
    begun: bool,
    /// Whether anybody asks for logarithms.
    logarithms: bool,
}

impl Threshold {
    /// The eve. Without `logarithms` those are kept up only where a lag is reckoned in them.
    #[must_use]
    pub fn new(scenario: &Scenario, logarithms: bool) -> Self {
        let weight = |days: f64| {
            if days > 0.0 {
                -libm::expm1(-1.0 / days)
            } else {
                1.0
            }
        };
        let regions = scenario.regions.len();
        Self {
            off_weight: weight(scenario.switching.off_days),
            on_weight: weight(scenario.switching.on_days),
            worst: vec![0.0; regions],
            ln_worst: vec![f64::NEG_INFINITY; regions],
            ln_today: vec![f64::NEG_INFINITY; regions],
            begun: false,
            logarithms,
        }
    }

    /// Moves the thresholds towards those of today: slowly down, faster up.
    pub fn follow(&mut self, today: &[f64]) {
        let at_once = self.off_weight == 1.0 && self.on_weight == 1.0;
        if at_once && !self.logarithms {
            self.worst.copy_from_slice(today);
            return;
        }
        let began = self.begun;
        let lags = |target: f64| began && !at_once && target > 0.0 && target.is_finite();
        for (ln_today, target) in self.ln_today.iter_mut().zip(today) {
            // Where fees and taxes take more than all, nothing runs: the logarithm of nothing.
            *ln_today = target.max(0.0);
        }
        log_each(&mut self.ln_today);
        for (r, target) in today.iter().enumerate() {
            let ln_target = self.ln_today[r];
            let before = self.ln_worst[r];
            let weight = if ln_target < before {
                self.off_weight
            } else {
                self.on_weight
            };
            self.ln_worst[r] = if lags(*target) && before.is_finite() {
                before + weight * (ln_target - before)
            } else {
                ln_target
            };
        }
        self.worst.copy_from_slice(&self.ln_worst);
        exp_each(&mut self.worst);
        for (worst, target) in self.worst.iter_mut().zip(today) {
            if !lags(*target) {
                *worst = *target;
            }
        }
        self.begun = true;
    }
}

const REACH: f64 = 6.0;
const STEPS: usize = 384;
const PER_UNIT: f64 = STEPS as f64 / (2.0 * REACH);

/// The standard normal distribution function and its slope (per step) at every node.
static NODES: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    (0..=STEPS)
        .map(|i| {
            let x = i as f64 / PER_UNIT - REACH;
            let density = libm::exp(-0.5 * x * x) / (2.0 * std::f64::consts::PI).sqrt();
            (standard_normal_cdf(x), density / PER_UNIT)
        })
        .collect()
});

/// Standard normal distribution function from a table, within 1e-8: a day asks for it once a fleet.
#[inline]
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    interpolate(&NODES, x)
}

#[inline]
fn interpolate(nodes: &[(f64, f64)], x: f64) -> f64 {
    if x >= REACH {
        return 1.0;
    }
    if x <= -REACH {
        return 0.0;
    }
    let position = (x + REACH) * PER_UNIT;
    // Within reach, so a node and the next one are there. Small numbers take fewer steps to convert.
    let node = (position as u32 as usize).min(STEPS - 1);
    let t = position - node as f64;
    let [(a, slope_a), (b, slope_b)] = nodes[node..node + 2] else {
        return 0.0;
    };
    // The cubic with these values and slopes at both ends.
    let rise = b - a;
    let c2 = 3.0 * rise - 2.0 * slope_a - slope_b;
    let c3 = slope_a + slope_b - 2.0 * rise;
    a + t * (slope_a + t * (c2 + t * c3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse_scenario;

    #[test]
    fn a_machine_runs_exactly_to_its_breakeven_and_free_power_runs_all_that_earn() {
        assert!((worst_running(40.0, 111.111_111_111_111_11) - 15.0).abs() < 1e-12);
        assert_eq!(worst_running(40.0, 0.0), f64::INFINITY);
        assert_eq!(worst_running(0.0, 0.0), f64::INFINITY);
        assert_eq!(worst_running(-1.0, 0.0), f64::NEG_INFINITY);
        assert!(worst_running(-1.0, 50.0) < 0.0);
    }

    fn scenario(changes: &[&str]) -> Scenario {
        let changes: Vec<String> = changes.iter().map(|change| (*change).into()).collect();
        let text = include_str!("../../scenarios/core.toml");
        parse_scenario("core", text, &changes, &[]).unwrap_or_else(|error| panic!("{error}"))
    }

    fn law(intraday: f64, spread: f64) -> RunningLaw {
        let scenario = scenario(&[
            &format!("regions.us.power.intraday_sd={intraday:?}"),
            &format!("hardware.efficiency_spread={spread:?}"),
        ]);
        RunningLaw::of(&scenario, &scenario.regions[0])
    }

    #[test]
    fn the_table_is_the_normal_distribution_function() {
        for step in -7000..7000 {
            let x = f64::from(step) / 1000.0 + 0.000_37;
            assert!((normal_cdf(x) - standard_normal_cdf(x)).abs() < 1e-8, "{x}");
        }
    }

    /// Hours of a day with log-normal prices around 1, machines with log-normal efficiency around 1: by brute force.
    fn by_hours(intraday: f64, spread: f64, breakeven: f64) -> (f64, f64) {
        let n = 2000;
        let z =
            |i: i32| crate::random::standard_normal_quantile((f64::from(i) + 0.5) / f64::from(n));
        let (mut on, mut paid) = (0.0, 0.0);
        for hour in 0..n {
            let price = libm::exp(intraday * z(hour) - 0.5 * intraday * intraday);
            let runs = if spread > 0.0 {
                standard_normal_cdf(libm::log(breakeven / price) / spread)
            } else {
                f64::from(u8::from(breakeven >= price))
            };
            on += runs;
            paid += price * runs;
        }
        (on / f64::from(n), paid / on)
    }

    #[test]
    fn the_running_share_is_that_of_hours_and_machines_one_by_one() {
        for (intraday, spread) in [(0.3, 0.0), (0.3, 0.15), (0.8, 0.4)] {
            for breakeven in [0.7, 0.95, 1.0, 1.3] {
                let (on, _) = by_hours(intraday, spread, breakeven);
                let share = law(intraday, spread).share(libm::log(breakeven));
                assert!(
                    (share - on).abs() < 2e-3,
                    "{intraday} {spread} {breakeven}: {share} {on}"
                );
            }
        }
    }

    #[test]
    fn the_price_while_on_is_that_of_the_hours_that_run() {
        for breakeven in [0.7, 1.0, 1.5] {
            let (_, paid) = by_hours(0.3, 0.0, breakeven);
            let price = law(0.3, 0.0).price_while_on(libm::log(breakeven));
            assert!((price - paid).abs() < 2e-3, "{breakeven}: {price} {paid}");
        }
        assert_eq!(law(0.0, 0.2).price_while_on(-0.1), 1.0);
    }

    #[test]
    fn where_all_are_alike_a_fleet_runs_or_not() {
        let law = law(0.0, 0.0);
        assert!(law.is_sharp());
        assert_eq!((law.share(0.0), law.share(-1e-12)), (1.0, 0.0));
    }

    #[test]
    fn hourly_prices_alone_keep_no_machine_off_for_good() {
        // At a breakeven 10 % above the mean price a third of the hours is too dear, and still nothing is scrapped.
        let law = law(1.0, 0.0);
        assert!(law.share(0.1) < 0.75);
        assert_eq!(law.share_at_mean_price(0.1), 1.0);
    }

    #[test]
    fn thresholds_fall_slowly_rise_faster_and_follow_at_once_without_lags() {
        let lagged = scenario(&["switching={ off_days = 14.0, on_days = 3.0 }"]);
        let mut threshold = Threshold::new(&lagged, true);
        threshold.follow(&[20.0, 20.0, 20.0]);
        assert_eq!(threshold.worst, [20.0; 3]);
        for _ in 0..14 {
            threshold.follow(&[10.0, 20.0, 40.0]);
        }
        let gone = |from: f64, to: f64, days: f64| {
            libm::exp(libm::log(to) + libm::log(from / to) * libm::exp(-14.0 / days))
        };
        for (r, expected) in [
            (0, gone(20.0, 10.0, 14.0)),
            (1, 20.0),
            (2, gone(20.0, 40.0, 3.0)),
        ] {
            assert!((threshold.worst[r] - expected).abs() < 1e-9, "{r}");
        }
        let mut threshold = Threshold::new(&scenario(&[]), true);
        threshold.follow(&[20.0; 3]);
        threshold.follow(&[7.3, -2.0, f64::INFINITY]);
        assert_eq!(threshold.worst, [7.3, -2.0, f64::INFINITY]);
    }

    #[test]
    fn who_asks_for_no_logarithms_gets_the_same_thresholds() {
        let lagged = scenario(&["switching={ off_days = 5.0, on_days = 2.0 }"]);
        for scenario in [&scenario(&[]), &lagged] {
            let [mut with, mut without] = [true, false].map(|logs| Threshold::new(scenario, logs));
            for today in [[20.0; 3], [7.3, -2.0, f64::INFINITY], [15.0, 30.0, 12.0]] {
                with.follow(&today);
                without.follow(&today);
                assert_eq!(with.worst, without.worst);
            }
        }
    }
}
