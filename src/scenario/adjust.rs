//! Changing single numbers of a checked scenario by their key: what calibration and uncertain parameters do, many thousand times.
//!
//! Only numbers whose change leaves the rest of a scenario as it is are here: prices, rates, costs, tastes, room. What decides what
//! there is (regions, days, firms, dates) is not.

use super::docs::range_of_key;
use super::{CapacityNow, Effect, Frontier, Scenario};
use crate::units::{JoulesPerTerahash, Megawatts, Share, Usd, UsdPerMwh, UsdPerTerahash};

/// Keys that can be drawn or fitted, with `*` for ids and positions.
pub const DRAWABLE: [&str; 62] = [
    "bitcoin.fee_ratio",
    "firms.scale_exponent",
    "firms.site_dispersion",
    "firms.tail_alpha",
    "firms.efficiency.mean",
    "firms.efficiency.sd",
    "growth.rate_per_month",
    "growth.cap_per_month",
    "growth.hurdle",
    "growth.luck_sd",
    "growth.discount_rate",
    "growth.lead_days",
    "growth.pipeline_per_month",
    "growth.entry_share",
    "hardware.usd_per_th",
    "hardware.elasticity",
    "hardware.premium",
    "hardware.floor_usd_per_th",
    "hardware.retire_per_year",
    "hardware.exit_after_idle_days",
    "hardware.efficiency_spread",
    "hardware.life_years",
    "hardware.site_usd_per_kw",
    "hardware.supply.ehs_per_month",
    "hardware.supply.growth_per_year",
    "hardware.frontier.limit_j_per_th",
    "hardware.frontier.rate_per_year",
    "switching.off_days",
    "switching.on_days",
    "moving.review_days",
    "moving.consider_per_year",
    "moving.downtime_days",
    "moving.horizon_years",
    "moving.choice_scale_usd_per_mwh",
    "moving.ship_usd_per_th",
    "moving.breakage",
    "moving.stay_bonus_usd_per_mwh",
    "moving.home_bonus_usd_per_mwh",
    "moving.policy_loss_usd_per_mw",
    "expectations.hashprice_decay",
    "expectations.spot_memory",
    "expectations.smoothing_days",
    "ai.growth_per_year",
    "ai.edge.ceiling",
    "ai.rent.usd_per_mw_year",
    "ai.rent.elasticity",
    "ai.rent.supply_growth_per_year",
    "ai.rent.capex_usd_per_mw",
    "regions.*.size",
    "regions.*.appeal_usd_per_mwh",
    "regions.*.duty",
    "regions.*.tax",
    "regions.*.power.usd_per_mwh",
    "regions.*.power.adder_usd_per_mwh",
    "regions.*.power.trend_per_year",
    "regions.*.power.volatility",
    "regions.*.power.intraday_sd",
    "regions.*.capacity.build_mw_per_month",
    "regions.*.capacity.build_response",
    "regions.*.capacity.build_lag_days",
    "regions.*.capacity.max_mw",
    "regions.*.capacity.start_utilisation",
];

/// A number that cannot be set.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AdjustError {
    /// It is not one of those that can be.
    #[error("`{0}` is not a number that can be drawn or fitted, or the scenario does not give it")]
    NoSuchNumber(String),
    /// It would break the rule of its key.
    #[error("{value} is out of range for `{key}`, which goes from {low} to {high}")]
    OutOfRange {
        /// The key.
        key: String,
        /// The value.
        value: f64,
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
    },
}

/// Where a number lives.
enum Slot<'a> {
    Plain(&'a mut f64),
    Days(&'a mut u32),
    Power(&'a mut Megawatts),
    Price(&'a mut UsdPerMwh),
    PerTerahash(&'a mut UsdPerTerahash),
    Efficiency(&'a mut JoulesPerTerahash),
    Part(&'a mut Share),
    Money(&'a mut Usd),
}

impl Slot<'_> {
    fn get(&self) -> f64 {
        match self {
            Self::Plain(value) => **value,
            Self::Days(value) => f64::from(**value),
            Self::Power(value) => value.get(),
            Self::Price(value) => value.get(),
            Self::PerTerahash(value) => value.get(),
            Self::Efficiency(value) => value.get(),
            Self::Part(value) => value.get(),
            Self::Money(value) => value.get(),
        }
    }

    /// `None` if the quantity cannot hold the number.
    fn set(self, number: f64) -> Option<()> {
        match self {
            Self::Plain(value) => *value = number,
            Self::Days(value) => *value = libm::round(number) as u32,
            Self::Power(value) => *value = Megawatts::new(number).ok()?,
            Self::Price(value) => *value = UsdPerMwh::new(number).ok()?,
            Self::PerTerahash(value) => *value = UsdPerTerahash::new(number).ok()?,
            Self::Efficiency(value) => *value = JoulesPerTerahash::new(number).ok()?,
            Self::Part(value) => *value = Share::new(number).ok()?,
            Self::Money(value) => *value = Usd::new(number).ok()?,
        }
        Some(())
    }
}

impl Scenario {
    /// The number that a key such as `growth.hurdle` or `regions.us.power.usd_per_mwh` holds, in the unit of the key; of
    /// `regions.*.` that of the first region which has it.
    ///
    /// # Errors
    /// [`AdjustError::NoSuchNumber`] unless it is one of those that can be drawn.
    pub fn number(&mut self, key: &str) -> Result<f64, AdjustError> {
        let keys = self.keys_of(key);
        let first = keys.first().map_or(key, String::as_str);
        slot(self, first)
            .map(|slot| slot.get())
            .ok_or_else(|| AdjustError::NoSuchNumber(key.to_owned()))
    }

    /// Sets such a number. Whole numbers are rounded.
    ///
    /// # Errors
    /// [`AdjustError`] if it is not one of those that can be drawn, or the value is out of the key's range.
    pub fn set_number(&mut self, key: &str, value: f64) -> Result<(), AdjustError> {
        let (low, high) = self.range_of(key);
        let out = || AdjustError::OutOfRange {
            key: key.to_owned(),
            value,
            low,
            high,
        };
        let keys = self.keys_of(key);
        if keys.is_empty() {
            return Err(AdjustError::NoSuchNumber(key.to_owned()));
        }
        if !value.is_finite() || value < low || value > high {
            return Err(out());
        }
        for key in &keys {
            let slot = slot(self, key).ok_or_else(|| AdjustError::NoSuchNumber(key.clone()))?;
            slot.set(value).ok_or_else(out)?;
        }
        Ok(())
    }

    /// Lowest and highest value of such a number: those of its key, and what its kind of event, its members or its pool fee leave of them.
    #[must_use]
    pub fn range_of(&self, key: &str) -> (f64, f64) {
        let (low, high) = range_of_key(key);
        let path: Vec<&str> = key.split('.').collect();
        match path[..] {
            ["events", number, "size"] => {
                let event =
                    place_of_event(&self.event_numbers, number).map(|index| &self.events[index]);
                match event.map(|event| event.effect) {
                    Some(Effect::Curtail(_) | Effect::Outage(_) | Effect::Drought(_)) => (0.0, 1.0),
                    Some(Effect::TariffFactor(_)) => (0.0, high),
                    Some(Effect::Tax(_)) => (-1.0, 1.0),
                    Some(Effect::Duty(_)) => (-10.0, 10.0),
                    Some(Effect::HardwarePrice(_) | Effect::BtcPrice(_)) => (0.001, high),
                    _ => (low, high),
                }
            }
            ["regions", id, "size"] => {
                let regions = self
                    .regions
                    .iter()
                    .filter(|region| id == "*" || region.id == id);
                let members = regions.filter(|region| region.members > 1);
                let least = members.map(|region| f64::from(region.members));
                (least.fold(low, f64::max), high)
            }
            ["hardware", "frontier", "limit_j_per_th"] => match &self.hardware.frontier {
                Some(Frontier::Exponential { start, .. }) => (low, high.min(start.get())),
                _ => (low, high),
            },
            _ => (low, high),
        }
    }

    /// The keys that a key stands for: `regions.*.size` for that of every region, a plain one for itself;
    /// none where there is no such number.
    pub(super) fn keys_of(&mut self, key: &str) -> Vec<String> {
        let Some(rest) = key.strip_prefix("regions.*.") else {
            let found = slot(self, key).map(|_| key.to_owned());
            return found.into_iter().collect();
        };
        let ids = self.regions.iter().map(|region| &region.id);
        let all: Vec<String> = ids.map(|id| format!("regions.{id}.{rest}")).collect();
        // A region where nothing is built for what mining pays stays so.
        let neutral = if rest == "capacity.build_response" {
            0.0
        } else {
            f64::NAN
        };
        all.into_iter()
            .filter(|key| slot(self, key).is_some_and(|slot| slot.get() != neutral))
            .collect()
    }
}

fn slot<'a>(scenario: &'a mut Scenario, key: &str) -> Option<Slot<'a>> {
    use Slot::{Days, Efficiency, PerTerahash, Plain, Price};
    let path: Vec<&str> = key.split('.').collect();
    let growth = scenario.growth.as_mut();
    let (hardware, moving) = (&mut scenario.hardware, &mut scenario.moving);
    Some(match path[..] {
        ["bitcoin", "fee_ratio"] => Plain(&mut scenario.bitcoin.fee_ratio),
        ["firms", "scale_exponent"] => Plain(&mut scenario.firms.scale_exponent),
        ["firms", "site_dispersion"] => Plain(&mut scenario.firms.site_dispersion),
        ["firms", "tail_alpha"] => Plain(&mut scenario.firms.tail_alpha),
        ["firms", "efficiency", which] => match (&mut scenario.firms.efficiency, which) {
            (super::Efficiency::Normal { mean, .. }, "mean") => Efficiency(mean),
            (super::Efficiency::Normal { sd, .. }, "sd") => Plain(sd),
            _ => return None,
        },
        ["growth", which] => growth_slot(growth?, which)?,
        ["hardware", "usd_per_th"] => PerTerahash(&mut hardware.price),
        ["hardware", "elasticity"] => Plain(&mut hardware.elasticity),
        ["hardware", "premium"] => Plain(&mut hardware.premium),
        ["hardware", "floor_usd_per_th"] => PerTerahash(&mut hardware.floor),
        ["hardware", "retire_per_year"] => Plain(&mut hardware.retire_per_year),
        ["hardware", "exit_after_idle_days"] => Plain(&mut hardware.exit_after_idle_days),
        ["hardware", "efficiency_spread"] => Plain(&mut hardware.efficiency_spread),
        ["hardware", "life_years"] => Plain(&mut hardware.life_years),
        ["hardware", "site_usd_per_kw"] => Plain(&mut hardware.site_usd_per_kw),
        ["hardware", "supply", "ehs_per_month"] => {
            Plain(&mut hardware.supply.as_mut()?.ehs_per_month)
        }
        ["hardware", "supply", "growth_per_year"] => {
            Plain(&mut hardware.supply.as_mut()?.growth_per_year)
        }
        ["hardware", "frontier", which] => match (hardware.frontier.as_mut()?, which) {
            (Frontier::Exponential { limit, .. }, "limit_j_per_th") => Efficiency(limit),
            (Frontier::Exponential { rate, .. }, "rate_per_year") => Plain(rate),
            _ => return None,
        },
        ["switching", "off_days"] => Plain(&mut scenario.switching.off_days),
        ["switching", "on_days"] => Plain(&mut scenario.switching.on_days),
        ["moving", "review_days"] => Days(&mut moving.review_days),
        ["moving", "consider_per_year"] => Plain(&mut moving.consider_per_year),
        ["moving", "downtime_days"] => Plain(&mut moving.downtime_days),
        ["moving", "horizon_years"] => Plain(&mut moving.horizon_years),
        ["moving", "choice_scale_usd_per_mwh"] => Price(&mut moving.choice_scale),
        ["moving", "ship_usd_per_th"] => PerTerahash(&mut moving.ship),
        ["moving", "breakage"] => Slot::Part(&mut moving.breakage),
        ["moving", "stay_bonus_usd_per_mwh"] => Plain(&mut moving.stay_bonus),
        ["moving", "home_bonus_usd_per_mwh"] => Plain(&mut moving.home_bonus),
        ["moving", "policy_loss_usd_per_mw"] => Slot::Money(&mut moving.policy_loss_per_mw),
        ["expectations", "hashprice_decay"] => Plain(&mut scenario.expectations.hashprice_decay),
        ["expectations", "spot_memory"] => Plain(&mut scenario.expectations.spot_memory),
        ["expectations", "smoothing_days"] => Plain(&mut scenario.expectations.smoothing_days),
        ["ai", ref rest @ ..] => ai_slot(scenario.ai.as_mut()?, rest)?,
        ["regions", id, ref rest @ ..] => {
            let region = scenario.regions.iter_mut().find(|region| region.id == id)?;
            region_slot(region, rest)?
        }
        ["events", number, ref rest @ ..] => {
            let index = place_of_event(&scenario.event_numbers, number)?;
            let event = &mut scenario.events[index];
            effect_slot(&mut event.effect, rest)?
        }
        _ => return None,
    })
}

/// Place among the events of the one with this number in the file.
fn place_of_event(numbers: &[usize], number: &str) -> Option<usize> {
    let number: usize = number.parse().ok()?;
    numbers.iter().position(|other| *other == number)
}

fn growth_slot<'a>(growth: &'a mut super::Growth, which: &str) -> Option<Slot<'a>> {
    Some(match which {
        "rate_per_month" => Slot::Plain(&mut growth.rate_per_month),
        "cap_per_month" => Slot::Plain(&mut growth.cap_per_month),
        "hurdle" => Slot::Plain(&mut growth.hurdle),
        "luck_sd" => Slot::Plain(&mut growth.luck_sd),
        "discount_rate" => Slot::Plain(&mut growth.discount_rate),
        "lead_days" => Slot::Days(&mut growth.lead_days),
        "pipeline_per_month" => Slot::Plain(&mut growth.pipeline_per_month),
        "entry_share" => Slot::Plain(&mut growth.entry_share),
        _ => return None,
    })
}

fn ai_slot<'a>(ai: &'a mut super::Ai, path: &[&str]) -> Option<Slot<'a>> {
    Some(Slot::Plain(match path {
        ["growth_per_year"] => &mut ai.growth_per_year,
        ["edge", "ceiling"] => &mut ai.edge.ceiling,
        ["rent", which] => {
            let rent = ai.rent.as_mut()?;
            match *which {
                "usd_per_mw_year" => &mut rent.usd_per_mw_year,
                "elasticity" => &mut rent.elasticity,
                "supply_growth_per_year" => &mut rent.supply_growth_per_year,
                "capex_usd_per_mw" => &mut rent.capex_usd_per_mw,
                _ => return None,
            }
        }
        _ => return None,
    }))
}

fn region_slot<'a>(region: &'a mut super::Region, path: &[&str]) -> Option<Slot<'a>> {
    let power = &mut region.power;
    Some(match path {
        ["size"] => Slot::Plain(&mut region.size),
        ["appeal_usd_per_mwh"] => Slot::Plain(&mut region.appeal),
        ["duty"] => Slot::Plain(&mut region.duty),
        ["tax"] => Slot::Part(&mut region.tax),
        ["power", "usd_per_mwh"] => Slot::Price(&mut power.base),
        ["power", "adder_usd_per_mwh"] => Slot::Price(&mut power.adder),
        ["power", "trend_per_year"] => Slot::Plain(&mut power.trend_per_year),
        ["power", "volatility"] => Slot::Plain(&mut power.volatility),
        ["power", "intraday_sd"] => Slot::Plain(&mut power.intraday_sd),
        ["capacity", which] => {
            let room = region.capacity.as_mut()?;
            match (*which, &mut room.now) {
                ("build_response", _) => Slot::Plain(&mut room.build_response),
                ("build_lag_days", _) => Slot::Plain(&mut room.build_lag_days),
                ("build_mw_per_month", _) => Slot::Power(&mut room.build_per_month),
                ("max_mw", _) => Slot::Power(room.max.as_mut()?),
                ("mw", CapacityNow::Load(megawatts)) => Slot::Power(megawatts),
                ("start_utilisation", CapacityNow::Utilisation(part)) => Slot::Plain(part),
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn effect_slot<'a>(effect: &'a mut Effect, path: &[&str]) -> Option<Slot<'a>> {
    Some(match (path, effect) {
        (
            ["size"],
            Effect::TariffFactor(size)
            | Effect::Curtail(size)
            | Effect::Outage(size)
            | Effect::Drought(size)
            | Effect::Duty(size)
            | Effect::Tax(size)
            | Effect::HardwarePrice(size)
            | Effect::BtcPrice(size),
        ) => Slot::Plain(size),
        (["ban", which], Effect::Ban(terms)) => Slot::Plain(match *which {
            "compliance" => &mut terms.compliance,
            "compliance_days" => &mut terms.compliance_days,
            "shape" => &mut terms.shape,
            "covert_share" => &mut terms.covert_share,
            "covert_delay_days" => &mut terms.covert_delay_days,
            "covert_penalty" => &mut terms.covert_penalty,
            "abandon_days" => &mut terms.abandon_days,
            _ => return None,
        }),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{key_docs, parse_scenario};

    #[test]
    fn what_can_be_drawn_are_keys_of_scenarios_and_numbers_of_a_whole_one() {
        let changes = [
            "firms.tail_alpha=1.2".to_owned(),
            "hardware={ usd_per_th = 20.0, frontier = { model = \"exponential\", start_j_per_th = 15.0, limit_j_per_th = 6.0, rate_per_year = 0.15 }, supply = { ehs_per_month = 30.0 } }".to_owned(),
            "growth={ rate_per_month = 0.2, cap_per_month = 0.1, hurdle = 0.4, discount_rate = 0.2, lead_days = 90 }".to_owned(),
            "ai={ demand_mw = 9_000.0, providers = { x = { share = 1.0 } }, edge = { ceiling = 0.5, rate_per_year = 1.0 }, rent = { usd_per_mw_year = 1e6 } }".to_owned(),
            "regions.us.capacity={ start_utilisation = 0.9, max_mw = 90_000.0, build_response = 0.01 }".to_owned(),
        ];
        let text = include_str!("../../scenarios/core.toml");
        let mut scenario =
            parse_scenario("core", text, &changes, &[]).unwrap_or_else(|error| panic!("{error}"));
        let docs = key_docs();
        for key in DRAWABLE {
            assert!(docs.iter().any(|doc| doc.path == key), "{key}");
            let value = scenario
                .number(key)
                .unwrap_or_else(|error| panic!("{error}"));
            let (low, high) = scenario.range_of(key);
            assert!(low <= value && value <= high, "{key}: {low} {value} {high}");
            scenario
                .set_number(key, value.min(1e9))
                .unwrap_or_else(|error| panic!("{error}"));
        }
        assert!(scenario.number("days").is_err());
    }
}
