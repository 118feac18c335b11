//! Rules for hardware, pools, basins, events and hazards.

use super::super::problem::{did_you_mean, list};
use super::super::raw::{RawEvent, RawEventKind, RawFrontier, RawHazard, RawScenario};
use super::super::series::days_between;
use super::super::{
    BanTerms, Basin, Effect, Event, Frontier, Growth, Hardware, Hazard, Pool, Pools,
};
use super::{Findings, days_of_steps};
use crate::random::entity_of_name;
use crate::units::{JoulesPerTerahash, Share, UsdPerTerahash};

/// Position of a name among those known; a problem if it is not there.
pub fn known<'a>(
    key: &str,
    noun: &str,
    name: &str,
    all: impl Iterator<Item = &'a String>,
    found: &mut Findings<'_, '_>,
) -> Option<usize> {
    let all: Vec<&str> = all.map(String::as_str).collect();
    let position = all.iter().position(|other| *other == name);
    if position.is_none() {
        let next = did_you_mean(name, all.iter().copied()).map_or_else(
            || format!("the {noun}s are {}", list(&all)),
            |near| format!("did you mean `{near}`?"),
        );
        found.add(key, format!("there is no such {noun}"), next);
    }
    position
}

pub fn check_hardware(raw: &RawScenario, found: &mut Findings<'_, '_>) -> Option<Hardware> {
    let hardware = &raw.hardware;
    if raw.growth.is_some() && hardware.frontier.is_none() {
        found.add(
            "growth",
            "firms buy machines, but `hardware.frontier` does not say which",
            "add [hardware.frontier], or leave [growth] out",
        );
    }
    if raw.growth.is_some() && hardware.usd_per_th == 0.0 && hardware.floor_usd_per_th == 0.0 {
        found.add(
            "hardware.usd_per_th",
            "firms buy machines, but these cost nothing",
            "give the price of machines",
        );
    }
    let frontier = match &hardware.frontier {
        None => None,
        Some(RawFrontier::Exponential {
            start_j_per_th,
            limit_j_per_th,
            rate_per_year,
        }) => {
            if limit_j_per_th > start_j_per_th {
                found.add(
                    "hardware.frontier.limit_j_per_th",
                    format!("{limit_j_per_th} is above `start_j_per_th`, {start_j_per_th}"),
                    "machines get better: lower it",
                );
            }
            Some(Frontier::Exponential {
                start: JoulesPerTerahash::new(*start_j_per_th).ok()?,
                limit: JoulesPerTerahash::new(*limit_j_per_th).ok()?,
                rate: *rate_per_year,
            })
        }
        Some(RawFrontier::Steps { steps }) => {
            let dates = steps.iter().map(|step| step.from);
            let days = days_of_steps("hardware.frontier.steps", raw, dates, found);
            let mut dated: Vec<(i32, JoulesPerTerahash)> = Vec::new();
            for (day, step) in days.into_iter().zip(steps) {
                dated.push((day, JoulesPerTerahash::new(step.j_per_th).ok()?));
            }
            if dated.first().is_none_or(|(day, _)| *day > 0) {
                found.add(
                    "hardware.frontier.steps",
                    "no step is in force on the first day",
                    "add one from the start or before it",
                );
                return None;
            }
            Some(Frontier::Steps(dated))
        }
    };
    Some(Hardware {
        price: UsdPerTerahash::new(hardware.usd_per_th).ok()?,
        elasticity: hardware.elasticity,
        reference_hashprice: hardware.reference_hashprice,
        premium: hardware.premium,
        reference: JoulesPerTerahash::new(hardware.reference_j_per_th).ok()?,
        floor: UsdPerTerahash::new(hardware.floor_usd_per_th).ok()?,
        frontier,
        supply: hardware.supply,
        retire_per_year: hardware.retire_per_year,
        exit_after_idle_days: hardware.exit_after_idle_days,
        efficiency_spread: hardware.efficiency_spread,
        life_years: hardware.life_years,
        site_usd_per_kw: hardware.site_usd_per_kw,
        site_life_years: hardware.site_life_years,
    })
}

/// How firms buy, if they buy anything at all: at neutral values the table is as good as left out.
pub fn check_growth(raw: &RawScenario, found: &mut Findings<'_, '_>) -> Option<Growth> {
    let growth = raw.growth.as_ref()?;
    let dates = growth.entrants.iter().map(|step| step.from);
    let days = days_of_steps("growth.entrants", raw, dates, found);
    let sizes = growth.entrants.iter().map(|step| step.mw);
    let ever = growth.rate_per_month > 0.0 && growth.cap_per_month > 0.0;
    let buys = ever || growth.pipeline_per_month > 0.0;
    buys.then(|| Growth {
        rate_per_month: growth.rate_per_month,
        cap_per_month: growth.cap_per_month,
        hurdle: growth.hurdle,
        luck_sd: growth.luck_sd,
        luck_persistence: growth.luck_persistence,
        discount_rate: growth.discount_rate,
        lead_days: growth.lead_days,
        pipeline_per_month: growth.pipeline_per_month,
        min_order_mw: growth.min_order_mw,
        entry_share: growth.entry_share,
        entrant_mw: growth.entrant_mw,
        entrants: days.into_iter().zip(sizes).collect(),
        join_within: growth.join_within,
        slots: growth.slots,
        replace_in_place: growth.replace_in_place,
    })
}

pub fn check_pools(raw: &RawScenario, found: &mut Findings<'_, '_>) -> Option<Pools> {
    let mut tags = Vec::new();
    let mut groups: Vec<String> = Vec::new();
    for (tag, pool) in &raw.pools.tags {
        found.name(&format!("pools.tags.{tag}"), tag);
        let name = pool.group.as_ref().unwrap_or(tag);
        let group = groups.iter().position(|known| known == name);
        let group = group.unwrap_or_else(|| {
            groups.push(name.clone());
            groups.len() - 1
        });
        tags.push(Pool {
            tag: tag.clone(),
            share: pool.share,
            group,
        });
    }
    let total: f64 = tags.iter().map(|pool| pool.share).sum();
    if !tags.is_empty() && total <= 0.0 {
        found.add(
            "pools.tags",
            "no pool has a share, so no firm can choose one",
            "give at least one a share above 0",
        );
    }
    Some(Pools {
        fee: Share::new(raw.pools.fee).ok()?,
        tags,
        groups,
    })
}

pub fn check_basins(raw: &RawScenario, found: &mut Findings<'_, '_>) -> Vec<(String, Basin)> {
    for id in raw.basins.keys() {
        let feeds = raw.regions.values().any(|region| {
            let capacity = region.capacity.as_ref();
            let hydro = capacity.and_then(|capacity| capacity.hydro.as_ref());
            hydro.is_some_and(|hydro| hydro.basin.as_ref() == Some(id))
        });
        if !feeds {
            found.add(
                &format!("basins.{id}"),
                "no region names this basin",
                "name it in a region's capacity.hydro.basin, or take it out",
            );
        }
    }
    let owned = |(id, basin): (&String, &Basin)| (id.clone(), *basin);
    raw.basins.iter().map(owned).collect()
}

/// What happens: events, with their numbers in the file, and hazards.
pub struct Happenings {
    pub events: Vec<Event>,
    pub event_numbers: Vec<usize>,
    pub hazards: Vec<Hazard>,
}

/// Events and hazards; those that are not enabled are checked like the others, and left out.
pub fn check_events(raw: &RawScenario, found: &mut Findings<'_, '_>) -> Happenings {
    let mut events = Vec::new();
    let mut event_numbers = Vec::new();
    for (index, event) in raw.events.iter().enumerate() {
        if let Some(checked) = check_event(raw, index, event, found)
            && event.enabled
        {
            events.push(checked);
            event_numbers.push(index);
        }
    }
    let mut all: Vec<Hazard> = Vec::new();
    let mut hazards = Vec::new();
    for (index, hazard) in raw.hazards.iter().enumerate() {
        let Some(checked) = check_hazard(raw, index, hazard, &all, found) else {
            continue;
        };
        all.push(checked);
        if hazard.enabled {
            hazards.push(checked);
        }
    }
    Happenings {
        events,
        event_numbers,
        hazards,
    }
}

fn check_event(
    raw: &RawScenario,
    index: usize,
    event: &RawEvent,
    found: &mut Findings<'_, '_>,
) -> Option<Event> {
    let key = format!("events.{index}");
    let start = days_between(raw.start.0, event.start.0);
    if start < 0 && event.kind == RawEventKind::Ban {
        found.add(
            &format!("{key}.start"),
            format!(
                "the ban begins on {}, before the run does on {}",
                event.start.0, raw.start.0
            ),
            "start the run before it, or leave it out and set the region's `open = false` and its share of today",
        );
    } else if event
        .days
        .is_some_and(|days| start.saturating_add_unsigned(days) <= 0)
    {
        found.add(
            &format!("{key}.days"),
            "it is over before the run begins",
            "take it out",
        );
    }
    let what = Happening {
        key: &key,
        kind: event.kind,
        region: event.region.as_deref(),
        size: event.size,
        add: event.add_usd_per_mwh,
        ban: event.ban,
    };
    let (region, effect) = what.check(raw, found)?;
    Some(Event {
        start,
        days: event.days,
        region,
        effect,
    })
}

fn check_hazard(
    raw: &RawScenario,
    index: usize,
    hazard: &RawHazard,
    before: &[Hazard],
    found: &mut Findings<'_, '_>,
) -> Option<Hazard> {
    let key = format!("hazards.{index}");
    let what = Happening {
        key: &key,
        kind: hazard.kind,
        region: hazard.region.as_deref(),
        size: hazard.size,
        add: hazard.add_usd_per_mwh,
        ban: hazard.ban,
    };
    let (region, effect) = what.check(raw, found)?;
    if hazard.load_sensitivity != 0.0 {
        let generation = region.and_then(|r| raw.regions.get_index(r)?.1.national_generation_mw);
        if generation.is_none() {
            found.add(
                &format!("{key}.load_sensitivity"),
                "the rate reacts to load over generation, but the region has no `national_generation_mw`",
                "give it, or leave load_sensitivity out",
            );
        }
    }
    // Two alike in one region are told apart by their order.
    let name = format!(
        "{:?} {}",
        hazard.kind,
        hazard.region.as_deref().unwrap_or_default()
    );
    let mut stream = entity_of_name(&name);
    while before.iter().any(|other| other.stream == stream) {
        stream = stream.wrapping_add(1);
    }
    Some(Hazard {
        days: hazard.days,
        region,
        effect,
        per_year: hazard.per_year,
        load_sensitivity: hazard.load_sensitivity,
        reference_load: hazard.reference_load,
        stream,
    })
}

/// What events and hazards have in common.
struct Happening<'a> {
    key: &'a str,
    kind: RawEventKind,
    region: Option<&'a str>,
    size: Option<f64>,
    add: Option<f64>,
    ban: Option<BanTerms>,
}

impl Happening<'_> {
    fn check(
        &self,
        raw: &RawScenario,
        found: &mut Findings<'_, '_>,
    ) -> Option<(Option<usize>, Effect)> {
        let everywhere = matches!(
            self.kind,
            RawEventKind::HardwarePrice | RawEventKind::BtcPrice
        );
        let region = match self.region {
            Some(_) if everywhere => {
                found.add(
                    &format!("{}.region", self.key),
                    "this kind concerns all regions",
                    "leave `region` out",
                );
                None
            }
            Some(id) => {
                let key = format!("{}.region", self.key);
                Some(known(&key, "region", id, raw.regions.keys(), found)?)
            }
            None if everywhere => None,
            None => {
                found.add(self.key, "the key `region` is missing", "add region = ...");
                return None;
            }
        };
        let stray = |name: &str, found: &mut Findings<'_, '_>| {
            found.add(
                &format!("{}.{name}", self.key),
                "this kind has no such key",
                "take it out",
            );
        };
        if self.ban.is_some() && self.kind != RawEventKind::Ban {
            stray("ban", found);
        }
        if self.add.is_some() && self.kind != RawEventKind::Tariff {
            stray("add_usd_per_mwh", found);
        }
        if self.kind == RawEventKind::Drought {
            let room = region.and_then(|r| raw.regions.get_index(r)?.1.capacity.as_ref());
            if room.is_none_or(|room| room.hydro.is_none()) {
                found.add(
                    &format!("{}.region", self.key),
                    "nothing hangs on water there: the region has no `capacity.hydro`",
                    "add it, or use `curtail`",
                );
            }
        }
        let effect = match self.kind {
            RawEventKind::Ban | RawEventKind::Freeze => {
                if self.size.is_some() {
                    stray("size", found);
                }
                if self.kind == RawEventKind::Ban {
                    Effect::Ban(self.ban.unwrap_or_default())
                } else {
                    Effect::Freeze
                }
            }
            RawEventKind::Tariff => match (self.size, self.add) {
                (None, Some(add)) => Effect::TariffAdd(add),
                (Some(factor), None) => {
                    Effect::TariffFactor(self.within(factor, 0.0, 1000.0, found)?)
                }
                _ => {
                    found.add(
                        self.key,
                        "a tariff takes exactly one of `size` (a factor) and `add_usd_per_mwh`",
                        "keep one of the two",
                    );
                    return None;
                }
            },
            RawEventKind::Curtail => Effect::Curtail(self.sized(0.0, 1.0, found)?),
            RawEventKind::Outage => Effect::Outage(self.sized(0.0, 1.0, found)?),
            RawEventKind::Drought => Effect::Drought(self.sized(0.0, 1.0, found)?),
            RawEventKind::Duty => Effect::Duty(self.sized(-10.0, 10.0, found)?),
            RawEventKind::Tax => Effect::Tax(self.sized(-1.0, 1.0, found)?),
            RawEventKind::HardwarePrice => Effect::HardwarePrice(self.sized(0.001, 1000.0, found)?),
            RawEventKind::BtcPrice => Effect::BtcPrice(self.sized(0.001, 1000.0, found)?),
        };
        Some((region, effect))
    }

    fn sized(&self, min: f64, max: f64, found: &mut Findings<'_, '_>) -> Option<f64> {
        let Some(size) = self.size else {
            found.add(self.key, "the key `size` is missing", "add size = ...");
            return None;
        };
        self.within(size, min, max, found)
    }

    fn within(&self, size: f64, min: f64, max: f64, found: &mut Findings<'_, '_>) -> Option<f64> {
        if (min..=max).contains(&size) {
            return Some(size);
        }
        found.add(
            &format!("{}.size", self.key),
            format!("{size} is out of range for this kind"),
            format!("it must be between {min} and {max}"),
        );
        None
    }
}
