//! What happens when: marked on every axis of dates.

use super::figure::Mark;
use crate::protocol::{HALVING_BLOCKS, TARGET_BLOCKS_PER_DAY};
use crate::scenario::{Effect, Event, Scenario};
use crate::units::number;

/// What happens in a scenario at known dates, in order of time.
pub struct Happenings {
    /// Last day of an axis.
    last: f64,
    events: Vec<(Option<usize>, Mark)>,
    /// Steps of tariffs, by region.
    tariffs: Vec<(usize, Mark)>,
}

impl Happenings {
    /// Those of a scenario within its days; those after the last record day are on no axis.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let within = |day: f64| (0.0..f64::from(scenario.days)).contains(&day);
        let date = |day: f64| scenario.date(day as u32).to_string();
        let mut starts: Vec<&Event> = scenario.events.iter().collect();
        starts.sort_by_key(|event| event.start);
        let mut events = Vec::new();
        for event in starts
            .into_iter()
            .filter(|event| within(f64::from(event.start)))
        {
            let day = f64::from(event.start);
            let key = letter(events.len());
            let label = event_label(scenario, event);
            let mark = Mark {
                day,
                date: date(day),
                key,
                label,
            };
            events.push((event.region, mark));
        }
        // Exact: far below 2^53.
        let mut blocks = (HALVING_BLOCKS - scenario.bitcoin.height % HALVING_BLOCKS) as f64;
        while within(blocks / TARGET_BLOCKS_PER_DAY) {
            let day = (blocks / TARGET_BLOCKS_PER_DAY).floor();
            let mark = Mark {
                day,
                date: date(day),
                key: "½".into(),
                label: "halving of the subsidy, expected at one block in ten minutes".into(),
            };
            events.push((None, mark));
            blocks += HALVING_BLOCKS as f64;
        }
        events.sort_by(|(_, one), (_, other)| one.day.total_cmp(&other.day));
        let mut tariffs = Vec::new();
        for (r, region) in scenario.regions.iter().enumerate() {
            for (day, price) in &region.power.tariff {
                let day = f64::from(*day);
                if day > 0.0 && within(day) {
                    let label = format!(
                        "{}: tariff of {} USD/MWh",
                        region.name,
                        number(price.get(), 1)
                    );
                    let mark = Mark {
                        day,
                        date: date(day),
                        key: "$".into(),
                        label,
                    };
                    tariffs.push((r, mark));
                }
            }
        }
        let last = scenario.record_days().last().copied().unwrap_or_default();
        Self {
            last: f64::from(last),
            events,
            tariffs,
        }
    }

    /// What is marked where all regions are seen at once.
    #[must_use]
    pub fn of_network(&self) -> Vec<Mark> {
        let events = self.events.iter().map(|(_, mark)| mark.clone());
        events.filter(|mark| mark.day <= self.last).collect()
    }

    /// What is marked on an axis between two days, counted from the first.
    #[must_use]
    pub fn between(&self, first: f64, last: f64) -> Vec<Mark> {
        let marks = self
            .events
            .iter()
            .map(|(_, mark)| mark.clone())
            .filter(|mark| (first..=last).contains(&mark.day));
        marks
            .map(|mark| Mark {
                day: mark.day - first,
                ..mark
            })
            .collect()
    }

    /// What is marked where one region is seen: what concerns it or all.
    #[must_use]
    pub fn of_region(&self, region: usize) -> Vec<Mark> {
        let concerned = |of: &Option<usize>| of.is_none_or(|of| of == region);
        let events = self.events.iter().filter(|(of, _)| concerned(of));
        let tariffs = self.tariffs.iter().filter(|(of, _)| *of == region);
        let mut marks: Vec<Mark> = events.map(|(_, mark)| mark.clone()).collect();
        marks.extend(tariffs.map(|(_, mark)| mark.clone()));
        marks.retain(|mark| mark.day <= self.last);
        marks.sort_by(|one, other| one.day.total_cmp(&other.day));
        marks
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<Mark> {
        let mut marks: Vec<Mark> = self.events.iter().map(|(_, mark)| mark.clone()).collect();
        marks.extend(self.tariffs.iter().map(|(_, mark)| mark.clone()));
        marks.sort_by(|one, other| one.day.total_cmp(&other.day));
        marks
    }
}

/// A, B, ..., Z, A2, B2, ...
fn letter(index: usize) -> String {
    let letter = char::from(b'A' + (index % 26) as u8);
    match index / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{}", round + 1),
    }
}

fn event_label(scenario: &Scenario, event: &Event) -> String {
    let percent = |part: f64| format!("{} %", number(100.0 * part, 0));
    let what = match event.effect {
        Effect::Ban(_) => "mining is banned".to_owned(),
        Effect::TariffFactor(factor) => format!("price of power times {}", number(factor, 2)),
        Effect::TariffAdd(add) => format!("price of power up by {} USD/MWh", number(add, 1)),
        Effect::Freeze => "nobody may move in".to_owned(),
        Effect::Curtail(part) => format!("{} of the capacity taken away", percent(part)),
        Effect::Outage(part) => format!("{} of the machines off", percent(part)),
        Effect::Drought(part) => format!("drought, {} of the water missing", percent(part)),
        Effect::Duty(part) => format!("import duty up by {}", percent(part)),
        Effect::Tax(part) => format!("tax on revenue up by {}", percent(part)),
        Effect::HardwarePrice(factor) => format!("price of machines times {}", number(factor, 2)),
        Effect::BtcPrice(factor) => format!("price of bitcoin times {}", number(factor, 2)),
    };
    let place = event
        .region
        .map(|region| format!("{}: ", scenario.regions[region].name));
    let length = event.days.map(|days| format!(", for {days} days"));
    format!(
        "{}{what}{}",
        place.unwrap_or_default(),
        length.unwrap_or_default()
    )
}
