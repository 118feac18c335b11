//! A country is lost at once: slower blocks until the difficulty follows.

use crate::units::PETAHASH_PER_EXAHASH;

/// Days of an epoch at its proper pace, and minutes between its blocks.
const EPOCH_DAYS: f64 = 14.0;
const BLOCK_MINUTES: f64 = 10.0;
/// A retarget lowers the difficulty to a quarter at most.
const LOWEST_RATIO: f64 = 0.25;

/// What follows when a part of the hash rate is lost at once and for good.
///
/// Expected values, with blocks at their proper pace before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// Part of the hash rate that is lost.
    pub lost: f64,
    /// Time between blocks until the retarget, minutes; infinite if all is lost.
    pub interval_minutes: f64,
    /// Days until the retarget; infinite if all is lost.
    pub retarget_days: f64,
    /// Difficulty after it over that before.
    pub difficulty_ratio: f64,
    /// Time between blocks after it, minutes.
    pub interval_after_minutes: f64,
}

/// Loses a part `lost` of the hash rate when a part `epoch_fraction` of the epoch's blocks has been found, both in [0, 1].
#[must_use]
pub fn loss(lost: f64, epoch_fraction: f64) -> Loss {
    let left = 1.0 - lost;
    let x = epoch_fraction;
    let slowed = x + (1.0 - x) / left;
    let difficulty_ratio = (1.0 / slowed).max(LOWEST_RATIO);
    Loss {
        lost,
        interval_minutes: BLOCK_MINUTES / left,
        retarget_days: EPOCH_DAYS * (1.0 - x) / left,
        difficulty_ratio,
        interval_after_minutes: BLOCK_MINUTES * difficulty_ratio / left,
    }
}

/// What an attacker would have to spend to outdo the honest hash rate with machines of his own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttackCost {
    /// Machines and sites, USD.
    pub stock: f64,
    /// Power, USD a day.
    pub flow: f64,
}

/// Cost of as much hash rate as the honest have.
///
/// `hash_phs` in PH/s; machines of `efficiency` J/TH at `usd_per_th`, sites at `site_usd_per_kw`, power at `usd_per_mwh`.
#[must_use]
pub fn attack_cost(
    hash_phs: f64,
    efficiency: f64,
    usd_per_th: f64,
    site_usd_per_kw: f64,
    usd_per_mwh: f64,
) -> AttackCost {
    let terahash = hash_phs * 1000.0;
    let megawatts = hash_phs * efficiency / PETAHASH_PER_EXAHASH;
    AttackCost {
        stock: terahash * usd_per_th + megawatts * 1000.0 * site_usd_per_kw,
        flow: megawatts * 24.0 * usd_per_mwh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_hash_lost_at_the_start_of_an_epoch() {
        let loss = loss(0.5, 0.0);
        assert_eq!(
            (
                loss.interval_minutes,
                loss.retarget_days,
                loss.difficulty_ratio
            ),
            (20.0, 28.0, 0.5)
        );
        assert_eq!(loss.interval_after_minutes, 10.0);
    }

    #[test]
    fn in_the_middle_of_an_epoch_the_first_retarget_does_not_mend_all() {
        let loss = loss(0.5, 0.5);
        assert_eq!(loss.retarget_days, 14.0);
        assert!((loss.difficulty_ratio - 1.0 / 1.5).abs() < 1e-15);
        assert!((loss.interval_after_minutes - 10.0 / (1.0 - 0.25)).abs() < 1e-12);
    }

    #[test]
    fn a_retarget_goes_down_to_a_quarter_and_no_further() {
        let loss = loss(0.9, 0.0);
        assert_eq!(loss.difficulty_ratio, 0.25);
        assert!((loss.interval_after_minutes - 25.0).abs() < 1e-9);
        assert_eq!(super::loss(1.0, 0.2).interval_minutes, f64::INFINITY);
    }

    #[test]
    fn an_exahash_of_15_joules_costs_what_its_machines_sites_and_power_do() {
        let cost = attack_cost(1000.0, 15.0, 20.0, 300.0, 50.0);
        // A million terahash, 15 MW.
        assert!((cost.stock - (20e6 + 4.5e6)).abs() < 1e-3);
        assert!((cost.flow - 18_000.0).abs() < 1e-9);
    }
}
