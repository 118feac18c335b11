//! Which machines run: those whose net revenue pays for their power.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_runs_exactly_to_its_breakeven_and_free_power_runs_all_that_earn() {
        assert!((worst_running(40.0, 111.111_111_111_111_11) - 15.0).abs() < 1e-12);
        assert_eq!(worst_running(40.0, 0.0), f64::INFINITY);
        assert_eq!(worst_running(0.0, 0.0), f64::INFINITY);
        assert_eq!(worst_running(-1.0, 0.0), f64::NEG_INFINITY);
        assert!(worst_running(-1.0, 50.0) < 0.0);
    }
}
