//! What happens to regions: at known dates, or by chance at rates that may react to mining.

use rand::rngs::ChaCha8Rng;

use crate::elementary::exp_each;
use crate::random::{Purpose, Streams, normal, standard_normal_cdf};
use crate::scenario::{BanTerms, Effect, Hazard, Scenario};
use crate::units::DAYS_PER_YEAR;

/// What is in force on a day, all events together.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    /// By region.
    pub regions: Vec<RegionConditions>,
    /// Factor on the price of machines.
    pub hardware_price: f64,
    /// Factor on the price of bitcoin.
    pub btc_price: f64,
}

/// What is in force in a region on a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegionConditions {
    /// Factor on the price of power.
    pub tariff_factor: f64,
    /// Added to the price of power, USD/MWh.
    pub tariff_add: f64,
    /// Whether machines may move in as far as events are concerned.
    pub open: bool,
    /// Whether mining is forbidden.
    pub banned: bool,
    /// Part of the capacity that is left.
    pub capacity_left: f64,
    /// Part of the machines that is not off.
    pub uptime: f64,
    /// Part of the water that is left.
    pub water_left: f64,
    /// Added to the import duty.
    pub duty: f64,
    /// Added to the tax on revenue.
    pub tax: f64,
    /// Yearly rate at which a machine there meets a ban and complies; 0 under a ban.
    pub ban_hazard: f64,
}

const CALM: RegionConditions = RegionConditions {
    tariff_factor: 1.0,
    tariff_add: 0.0,
    open: true,
    banned: false,
    capacity_left: 1.0,
    uptime: 1.0,
    water_left: 1.0,
    duty: 0.0,
    tax: 0.0,
    ban_hazard: 0.0,
};

impl Conditions {
    /// Nothing happens in any of `regions`.
    #[must_use]
    pub fn calm(regions: usize) -> Self {
        Self {
            regions: vec![CALM; regions],
            hardware_price: 1.0,
            btc_price: 1.0,
        }
    }

    fn clear(&mut self) {
        self.regions.fill(CALM);
        self.hardware_price = 1.0;
        self.btc_price = 1.0;
    }

    fn apply(&mut self, region: Option<usize>, effect: Effect) {
        match effect {
            Effect::HardwarePrice(factor) => self.hardware_price *= factor,
            Effect::BtcPrice(factor) => self.btc_price *= factor,
            _ => {
                if let Some(region) = region {
                    self.regions[region].apply(effect);
                }
            }
        }
    }
}

impl RegionConditions {
    /// Several events of a kind add up: factors multiply, what is added adds, a region is open if none closes it.
    fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::Ban(_) => self.banned = true,
            Effect::TariffFactor(factor) => self.tariff_factor *= factor,
            Effect::TariffAdd(add) => self.tariff_add += add,
            Effect::Freeze => self.open = false,
            Effect::Curtail(part) => self.capacity_left *= 1.0 - part,
            Effect::Outage(part) => self.uptime *= 1.0 - part,
            Effect::Drought(part) => self.water_left *= 1.0 - part,
            Effect::Duty(add) => self.duty += add,
            Effect::Tax(add) => self.tax += add,
            Effect::HardwarePrice(_) | Effect::BtcPrice(_) => {}
        }
    }
}

/// A ban that begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BanBegins {
    /// Where.
    pub region: usize,
    /// How it is followed.
    pub terms: BanTerms,
    /// Part of the region's machines that it concerns: those in one of an aggregate's countries, or all.
    pub part: f64,
}

/// An event under way: where, what, and the first day after it.
#[derive(Debug, Clone, Copy)]
struct UnderWay {
    region: Option<usize>,
    effect: Effect,
    end: i32,
}

/// The events of one history.
#[derive(Debug)]
pub struct Events<'s> {
    scenario: &'s Scenario,
    hazards: Vec<Clock>,
    /// Rates of the hazards today, a year.
    rates: Vec<f64>,
    under_way: Vec<UnderWay>,
    streams: Streams,
    /// What is in force today.
    pub conditions: Conditions,
    /// The bans that begin today.
    pub bans: Vec<BanBegins>,
}

/// When a hazard strikes: as soon as its rate, added up over time, reaches a drawn threshold.
///
/// The thresholds are exponential with mean 1. Those of all hazards hang together by a Gaussian copula, so their rates
/// may react to what happens and their times still have the correlation that the scenario asks for.
#[derive(Debug)]
struct Clock {
    stream: ChaCha8Rng,
    /// How often it has been wound up.
    rounds: u64,
    left: f64,
    /// The first day on which it runs again after having struck.
    rests_until: i32,
}

impl<'s> Events<'s> {
    /// The eve.
    #[must_use]
    pub fn new(scenario: &'s Scenario, streams: Streams) -> Self {
        let hazards = scenario.hazards.iter().map(|hazard| {
            let mut clock = Clock {
                stream: streams.open(Purpose::Hazard, hazard.stream),
                rounds: 0,
                left: 0.0,
                rests_until: 0,
            };
            clock.wind_up(scenario.hazard_correlation, streams);
            clock
        });
        Self {
            scenario,
            hazards: hazards.collect(),
            rates: vec![0.0; scenario.hazards.len()],
            under_way: Vec::new(),
            streams,
            conditions: Conditions::calm(scenario.regions.len()),
            bans: Vec::new(),
        }
    }

    /// Whether anything can ever happen.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.scenario.events.is_empty() && self.scenario.hazards.is_empty()
    }

    /// What is in force on `day`; `load` is the running load of every region, MW at the meter.
    pub fn step(&mut self, day: u32, load: &[f64]) {
        if self.is_quiet() {
            return;
        }
        let today = day as i32;
        self.bans.clear();
        self.under_way.retain(|event| event.end > today);
        for event in &self.scenario.events {
            let begins = event.start == today || (day == 0 && event.start < 0);
            if begins {
                let end = event
                    .days
                    .map_or(i32::MAX, |days| event.start.saturating_add_unsigned(days));
                self.begin(event.region, event.effect, end);
            }
        }
        self.reckon_rates(load);
        self.strike(today);
        self.conditions.clear();
        for event in &self.under_way {
            self.conditions.apply(event.region, event.effect);
        }
        for (hazard, rate) in self.scenario.hazards.iter().zip(&self.rates) {
            if let (Effect::Ban(terms), Some(region)) = (hazard.effect, hazard.region)
                && !self.conditions.regions[region].banned
            {
                self.conditions.regions[region].ban_hazard += rate * terms.compliance;
            }
        }
    }

    fn begin(&mut self, region: Option<usize>, effect: Effect, end: i32) {
        if let (Effect::Ban(terms), Some(region)) = (effect, region) {
            self.bans.push(BanBegins {
                region,
                terms,
                part: 1.0,
            });
        }
        self.under_way.push(UnderWay {
            region,
            effect,
            end,
        });
    }

    /// Rates of the hazards at the running load of the regions.
    fn reckon_rates(&mut self, load: &[f64]) {
        let sensitive = |hazard: &Hazard| {
            let region = hazard.region.filter(|_| hazard.load_sensitivity != 0.0)?;
            let generation = self.scenario.regions[region].generation_mw?;
            Some(load[region] / generation - hazard.reference_load)
        };
        let hazards = &self.scenario.hazards;
        for (rate, hazard) in self.rates.iter_mut().zip(hazards) {
            // Its logarithm, for now, over what it is at the reference load.
            *rate = sensitive(hazard)
                .map_or(0.0, |excess| (hazard.load_sensitivity * excess).min(200.0));
        }
        exp_each(&mut self.rates);
        for (rate, hazard) in self.rates.iter_mut().zip(hazards) {
            *rate *= hazard.per_year;
            if sensitive(hazard).is_some() {
                // A rate of more than one a day is no rate any more.
                *rate = rate.min(DAYS_PER_YEAR);
            }
        }
    }

    fn strike(&mut self, today: i32) {
        if !self.scenario.hazards_strike {
            return;
        }
        for (index, hazard) in self.scenario.hazards.iter().enumerate() {
            if today < self.hazards[index].rests_until {
                continue;
            }
            let members = hazard
                .region
                .map_or(1, |r| self.scenario.regions[r].members);
            let country_bans = members > 1 && matches!(hazard.effect, Effect::Ban(_));
            let countries = if country_bans {
                f64::from(members)
            } else {
                1.0
            };
            let clock = &mut self.hazards[index];
            clock.left -= countries * self.rates[index] / DAYS_PER_YEAR;
            if clock.left > 0.0 {
                continue;
            }
            clock.wind_up(self.scenario.hazard_correlation, self.streams);
            if let (true, Effect::Ban(terms), Some(region)) =
                (country_bans, hazard.effect, hazard.region)
            {
                // One of its countries bans; the others are open as before, and may ban later.
                let part = 1.0 / countries;
                self.bans.push(BanBegins {
                    region,
                    terms,
                    part,
                });
                continue;
            }
            let end = hazard
                .days
                .map_or(i32::MAX, |days| today.saturating_add_unsigned(days));
            clock.rests_until = end;
            self.begin(hazard.region, hazard.effect, end);
        }
    }
}

impl Clock {
    fn wind_up(&mut self, correlation: f64, streams: Streams) {
        let own = normal(&mut self.stream);
        let z = if correlation > 0.0 {
            // The n-th round of every hazard has its luck in common.
            let common = normal(&mut streams.open(Purpose::HazardCommon, self.rounds));
            correlation.sqrt() * common + (1.0 - correlation).sqrt() * own
        } else {
            own
        };
        self.rounds += 1;
        self.left = -libm::log(standard_normal_cdf(z));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse_scenario;

    fn scenario(changes: &[&str]) -> Scenario {
        let changes: Vec<String> = changes.iter().map(|change| (*change).into()).collect();
        let text = include_str!("../../scenarios/core.toml");
        parse_scenario("core", text, &changes, &[]).unwrap_or_else(|error| panic!("{error}"))
    }

    fn run(scenario: &Scenario, replica: u64, days: u32, load: &[f64]) -> Vec<Conditions> {
        let mut events = Events::new(scenario, Streams::new(1, replica));
        (0..days)
            .map(|day| {
                events.step(day, load);
                events.conditions.clone()
            })
            .collect()
    }

    #[test]
    fn events_of_every_kind_are_in_force_on_their_days_and_overlap() {
        let scenario = scenario(&["events=[
            { kind = \"tariff\", region = \"us\", start = 2025-10-17, days = 3, size = 1.5 },
            { kind = \"tariff\", region = \"us\", start = 2025-10-18, days = 3, size = 2.0 },
            { kind = \"tariff\", region = \"us\", start = 2025-10-18, add_usd_per_mwh = 7.0 },
            { kind = \"freeze\", region = \"us\", start = 2025-10-01, days = 15 },
            { kind = \"curtail\", region = \"us\", start = 2025-10-15, days = 1, size = 0.4 },
            { kind = \"outage\", region = \"ethiopia\", start = 2025-10-15, days = 1, size = 0.5 },
            { kind = \"outage\", region = \"ethiopia\", start = 2025-10-15, days = 2, size = 0.5 },
            { kind = \"duty\", region = \"us\", start = 2025-10-16, size = 0.2 },
            { kind = \"tax\", region = \"us\", start = 2025-10-16, size = 0.05 },
            { kind = \"hardware-price\", start = 2025-10-16, days = 1, size = 0.5 },
            { kind = \"btc-price\", start = 2025-10-16, days = 2, size = 0.7 },
            { kind = \"ban\", region = \"paraguay\", start = 2025-10-17, days = 2 },
        ]"]);
        let days = run(&scenario, 0, 8, &[0.0; 3]);
        let us = |day: usize| days[day].regions[0];
        let factors: Vec<f64> = (0..8).map(|day| us(day).tariff_factor).collect();
        assert_eq!(factors, [1.0, 1.0, 1.5, 3.0, 3.0, 2.0, 1.0, 1.0]);
        assert_eq!(
            (us(2).tariff_add, us(3).tariff_add, us(7).tariff_add),
            (0.0, 7.0, 7.0)
        );
        assert_eq!((us(0).open, us(1).open), (false, true));
        assert_eq!((us(0).capacity_left, us(1).capacity_left), (0.6, 1.0));
        let uptimes: Vec<f64> = (0..3).map(|day| days[day].regions[2].uptime).collect();
        assert_eq!(uptimes, [0.25, 0.5, 1.0]);
        assert_eq!((us(0).duty, us(1).duty, us(7).tax), (0.0, 0.2, 0.05));
        let prices: Vec<_> = (0..4)
            .map(|d| (days[d].hardware_price, days[d].btc_price))
            .collect();
        assert_eq!(prices, [(1.0, 1.0), (0.5, 0.7), (1.0, 0.7), (1.0, 1.0)]);
        let banned: Vec<bool> = (0..5).map(|day| days[day].regions[1].banned).collect();
        assert_eq!(banned, [false, false, true, true, false]);
    }

    const BAN: &str = "hazards=[{ kind = \"ban\", region = \"us\", per_year = 0.5, days = 100, load_sensitivity = 100.0, reference_load = 0.02 }]";

    #[test]
    fn a_hazard_strikes_at_its_rate_and_the_rate_reacts_to_load() {
        let scenario = scenario(&["regions.us.national_generation_mw=500000.0", BAN]);
        let n = 3000;
        let first = |load: f64| {
            let struck = (0..n).filter(|replica| {
                let days = run(&scenario, *replica, 365, &[load, 0.0, 0.0]);
                days.iter().any(|day| day.regions[0].banned)
            });
            struck.count() as f64 / n as f64
        };
        // 2 % of generation: 0.5 a year; 3 %: e times that. P = 1 - exp(-rate), standard error below 1 %.
        for (load, rate) in [(10_000.0, 0.5), (15_000.0, 0.5 * libm::exp(1.0))] {
            let expected = 1.0 - libm::exp(-rate * 365.0 / DAYS_PER_YEAR);
            assert!((first(load) - expected).abs() < 0.035, "{load}");
        }
        let days = run(&scenario, 0, 1, &[10_000.0, 0.0, 0.0]);
        assert!((days[0].regions[0].ban_hazard - 0.5 * 0.97).abs() < 1e-12);
    }

    #[test]
    fn correlated_hazards_strike_together_and_each_at_its_own_rate() {
        let both = "hazards=[{ kind = \"ban\", region = \"us\", per_year = 0.1 }, { kind = \"ban\", region = \"paraguay\", per_year = 0.1 }]";
        let struck = |correlation: &str| {
            let scenario = scenario(&[both, correlation]);
            let n = 4000;
            let (mut a, mut b, mut together) = (0.0, 0.0, 0.0);
            for replica in 0..n {
                let end = run(&scenario, replica, 365, &[0.0; 3]).pop().unwrap();
                let (us, paraguay) = (end.regions[0].banned, end.regions[1].banned);
                a += f64::from(u8::from(us));
                b += f64::from(u8::from(paraguay));
                together += f64::from(u8::from(us && paraguay));
            }
            let n = n as f64;
            (a / n, b / n, together / n)
        };
        let p = 1.0 - libm::exp(-0.1);
        let (a, b, both) = struck("policy.correlation=0.0");
        assert!((a - p).abs() < 0.02 && (b - p).abs() < 0.02 && (both - p * p).abs() < 0.008);
        let (a, b, both) = struck("policy.correlation=0.9");
        assert!((a - p).abs() < 0.02 && (b - p).abs() < 0.02);
        // Bivariate normal with correlation 0.9 at p = 0.095: 0.068.
        assert!(both > 0.05, "{both}");
    }

    #[test]
    fn another_hazard_moves_no_clock() {
        let one =
            scenario(&["hazards=[{ kind = \"ban\", region = \"us\", per_year = 1.0, days = 30 }]"]);
        let two = scenario(&[
            "hazards=[{ kind = \"freeze\", region = \"us\", per_year = 3.0, days = 9 }, { kind = \"ban\", region = \"us\", per_year = 1.0, days = 30 }]",
        ]);
        let banned = |scenario: &Scenario| -> Vec<bool> {
            let days = run(scenario, 3, 1500, &[0.0; 3]);
            days.iter().map(|day| day.regions[0].banned).collect()
        };
        assert_eq!(banned(&one), banned(&two));
        assert!(banned(&one).contains(&true));
    }
}
