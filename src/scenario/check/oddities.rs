//! What is odd about a scenario, and does not keep it from running.

use super::super::{CapacityNow, Scenario};
use super::Warning;
use crate::protocol::difficulty_of;

/// What is odd about a checked scenario.
pub fn warnings(scenario: &Scenario) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for region in &scenario.regions {
        let room = region.capacity.as_ref().map(|room| room.now);
        if region.share.get() == 0.0 && matches!(room, Some(CapacityNow::Utilisation(_))) {
            warnings.push(Warning {
                key: format!("regions.{}.capacity.start_utilisation", region.id),
                text: "the region starts without load, so its capacity is 0; give `mw` to let machines in".into(),
            });
        }
        let power = &region.power;
        let in_force = power.tariff.iter().rev().find(|(day, _)| *day <= 0);
        if in_force.is_some_and(|(_, price)| *price != power.base) {
            warnings.push(Warning {
                key: format!("regions.{}.power.usd_per_mwh", region.id),
                text:
                    "a tariff step is in force from the first day on, so this price is never used"
                        .into(),
            });
        }
    }
    if scenario.record_every_days >= scenario.days && scenario.days > 1 {
        warnings.push(Warning {
            key: "record_every_days".into(),
            text: format!(
                "{} is not below `days`, {}: only the first day is recorded",
                scenario.record_every_days, scenario.days
            ),
        });
    }
    for (index, event) in scenario.event_numbers.iter().zip(&scenario.events) {
        if event.start >= scenario.days.cast_signed() {
            warnings.push(Warning {
                key: format!("events.{index}.start"),
                text: format!(
                    "it begins on day {}, after the last of the {} days: nothing comes of it",
                    event.start, scenario.days
                ),
            });
        }
    }
    let ratio = scenario.bitcoin.difficulty / difficulty_of(scenario.bitcoin.network_hash.get());
    if !(0.5..=2.0).contains(&ratio) {
        warnings.push(Warning {
            key: "bitcoin.difficulty".into(),
            text: format!(
                "at this difficulty and hash rate a block takes {:.0} s, not about 600; check both",
                600.0 * ratio
            ),
        });
    }
    warnings
}
