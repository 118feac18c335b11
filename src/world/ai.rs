//! AI compute beside mining: how much of it is done on devices, who hosts the rest, what that does to power, and the sites that leave
//! mining for it. A path that is assumed, not one that is forecast.

use rand::rngs::ChaCha8Rng;

use crate::concentration::{Concentration, Run, of_runs};
use crate::random::{Purpose, Streams, gamma, normal, seek_day, uniform};
use crate::scenario::{Ai as Terms, Edge, RegionAi, Rent, Scenario, Walk};
use crate::units::{DAYS_PER_YEAR, HOURS_PER_YEAR, MEGAWATTS_PER_GIGAWATT};

/// Days between two steps of the walk of shares.
const WALK_DAYS: u32 = 30;

/// Days of conversions that may be caught up on: who has been slow does not do a year's work in a day.
const CATCH_UP_DAYS: f64 = 30.0;

/// AI compute of one history.
#[derive(Debug)]
pub struct Ai<'s> {
    terms: &'s Terms,
    edge: EdgePath,
    walk: Option<Step>,
    walk_stream: ChaCha8Rng,
    streams: Streams,
    /// What is drawn there, by region; neutral where nothing is said of it.
    places: Vec<RegionAi>,
    /// Part of all AI compute that is done on devices today.
    pub edge_share: f64,
    /// Power of all AI compute if it were hosted, MW.
    pub demand: f64,
    /// Power of what is hosted, MW.
    pub hosted: f64,
    hosted_at_start: f64,
    /// Part of hosted compute of each provider.
    pub shares: Vec<f64>,
    /// Rent that AI pays today, USD per MW and year; none where it pays nothing.
    pub rent: Option<f64>,
    /// By region: power that AI draws, MW.
    pub load: Vec<f64>,
    /// By region: sites that have left mining for AI, MW at the meter.
    pub converted: Vec<f64>,
    /// By region: what may still leave today, MW; below 0 after a site that was larger than what was left.
    allowance: Vec<f64>,
    /// By region: what AI adds to the price of power, USD/MWh.
    pub price_term: Vec<f64>,
    /// By region: part of new mining sites that AI's queue for the grid leaves.
    pub built_part: Vec<f64>,
}

/// The logistic path of the part done on devices, as one replica has it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct EdgePath {
    start_share: f64,
    ceiling: f64,
    /// Years from the start to the steepest point.
    midpoint: f64,
    rate: f64,
}

impl EdgePath {
    /// The path of a replica: two draws, used or not.
    fn draw(edge: &Edge, streams: Streams) -> Self {
        let mut stream = streams.open(Purpose::AiEdge, 0);
        let (date, height) = (normal(&mut stream), normal(&mut stream));
        let odds = edge.ceiling / (1.0 - edge.ceiling);
        let ceiling = if edge.ceiling_sd == 0.0 || odds == 0.0 || odds.is_infinite() {
            edge.ceiling
        } else {
            logistic(libm::log(odds) + edge.ceiling_sd * height)
        };
        Self {
            start_share: edge.start_share,
            ceiling,
            midpoint: edge.midpoint_day / DAYS_PER_YEAR + edge.midpoint_sd_years * date,
            rate: edge.rate_per_year,
        }
    }

    /// From the share of the start to the ceiling, along the part of a logistic curve that lies ahead.
    fn at(&self, years: f64) -> f64 {
        // (1 - L(t)) / (1 - L(0)) of the logistic curve L, without the loss of digits where its midpoint is long past.
        let to_midpoint = libm::exp((self.rate * self.midpoint).min(700.0));
        let left = (to_midpoint + 1.0) / (to_midpoint + libm::exp(self.rate * years));
        let gone = 1.0 - left;
        self.start_share + (self.ceiling - self.start_share) * gone
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// A step of the walk of shares.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    /// Sum of the parameters of the Dirichlet law: the larger, the shorter the step.
    precision: f64,
    /// Part of the way back to the shares of the start.
    back: f64,
}

impl Step {
    fn of(walk: Walk) -> Option<Self> {
        let years = f64::from(WALK_DAYS) / DAYS_PER_YEAR;
        let sd = walk.sd_per_year;
        // Of p(1 - p), the variance that a share could at most have, a step leaves the part a / (a + 1).
        let kept = libm::pow(1.0 - 4.0 * sd * sd, years);
        (sd > 0.0).then(|| Self {
            precision: kept / (1.0 - kept),
            back: -libm::expm1(-walk.return_per_year * years),
        })
    }
}

impl<'s> Ai<'s> {
    /// The eve; `None` where the scenario has no AI.
    #[must_use]
    pub fn new(scenario: &'s Scenario, streams: Streams) -> Option<Self> {
        let terms = scenario.ai.as_ref()?;
        let nothing = RegionAi {
            share: 0.0,
            price_usd_per_mwh_per_gw: 0.0,
            queue_per_gw: 0.0,
            eligible_share: 0.0,
            convert_mw_per_year: f64::INFINITY,
        };
        let places = scenario.regions.iter().map(|r| r.ai.unwrap_or(nothing));
        let regions = scenario.regions.len();
        let hosted_at_start = terms.demand_mw * (1.0 - terms.edge.start_share);
        Some(Self {
            terms,
            edge: EdgePath::draw(&terms.edge, streams),
            walk: Step::of(terms.walk),
            walk_stream: streams.open(Purpose::AiProviders, 0),
            streams,
            places: places.collect(),
            edge_share: terms.edge.start_share,
            demand: terms.demand_mw,
            hosted: hosted_at_start,
            hosted_at_start,
            shares: terms
                .providers
                .iter()
                .map(|provider| provider.share)
                .collect(),
            rent: terms.rent.map(|rent| rent.usd_per_mw_year),
            load: vec![0.0; regions],
            converted: vec![0.0; regions],
            allowance: vec![0.0; regions],
            price_term: vec![0.0; regions],
            built_part: vec![1.0; regions],
        })
    }

    /// A new day: what is done on devices, who hosts the rest, what AI draws where, and what it pays.
    pub fn step(&mut self, day: u32) {
        let years = f64::from(day) / DAYS_PER_YEAR;
        self.edge_share = self.edge.at(years);
        self.demand = self.terms.demand_mw * libm::exp(self.terms.growth_per_year * years);
        self.hosted = self.demand * (1.0 - self.edge_share);
        if day > 0 && day.is_multiple_of(WALK_DAYS) {
            self.walk(day);
        }
        self.rent = self.terms.rent.map(|rent| self.rent_on(&rent, years));
        let above_start = self.hosted - self.hosted_at_start;
        for (r, place) in self.places.iter().enumerate() {
            self.load[r] = self.hosted * place.share;
            // Sites that have left mining still draw what they drew, and are counted with mining.
            let added = above_start * place.share - self.converted[r];
            let gigawatts = added / MEGAWATTS_PER_GIGAWATT;
            self.price_term[r] = place.price_usd_per_mwh_per_gw * gigawatts;
            // Where AI draws less than at the start nothing is built faster for it.
            self.built_part[r] = libm::exp(-place.queue_per_gw * gigawatts.max(0.0));
            let per_day = place.convert_mw_per_year / DAYS_PER_YEAR;
            let most = per_day * CATCH_UP_DAYS;
            self.allowance[r] = if most.is_finite() {
                (self.allowance[r] + per_day).min(most)
            } else {
                f64::INFINITY
            };
        }
    }

    /// Rent, USD per MW and year: it follows hosted demand over supply.
    fn rent_on(&self, rent: &Rent, years: f64) -> f64 {
        if self.hosted_at_start <= 0.0 {
            return rent.usd_per_mw_year;
        }
        let supply = libm::exp(rent.supply_growth_per_year * years);
        let scarcity = self.hosted / self.hosted_at_start / supply;
        rent.usd_per_mw_year * libm::pow(scarcity, rent.elasticity)
    }

    fn walk(&mut self, day: u32) {
        let Some(step) = self.walk else { return };
        seek_day(&mut self.walk_stream, day);
        let mut total = 0.0;
        for (share, provider) in self.shares.iter_mut().zip(&self.terms.providers) {
            let expected = *share + (provider.share - *share) * step.back;
            // Who has nothing, and is not to come back, stays out.
            *share = if expected > 0.0 {
                gamma(&mut self.walk_stream, step.precision * expected)
            } else {
                0.0
            };
            total += *share;
        }
        if total > 0.0 {
            for share in &mut self.shares {
                *share /= total;
            }
        }
    }

    /// What a megawatt-hour of a site's power earns if it is let to AI, USD: rent less what running the site and making it fit cost.
    #[must_use]
    pub fn margin(&self) -> Option<f64> {
        let (terms, rent) = (self.terms.rent.as_ref()?, self.rent?);
        Some((rent * terms.margin - terms.capex_usd_per_mw * annuity(terms)) / HOURS_PER_YEAR)
    }

    /// Whether the site of a fleet, of `mw` at the meter, may be let to AI today.
    #[must_use]
    pub fn wants(&self, fleet: usize, region: usize, mw: f64) -> bool {
        let Some(rent) = &self.terms.rent else {
            return false;
        };
        let place = &self.places[region];
        if place.eligible_share == 0.0 || mw < rent.least_mw || self.allowance[region] <= 0.0 {
            return false;
        }
        // AI takes no more sites than it has load for.
        if self.converted[region] + mw > self.load[region] {
            return false;
        }
        // A site is fit or not, whenever it is looked at.
        let mut stream = self.streams.open(Purpose::AiSite, fleet as u64);
        seek_day(&mut stream, region as u32);
        uniform(&mut stream) < place.eligible_share
    }

    /// A site of `mw` at the meter leaves mining.
    pub fn take(&mut self, region: usize, mw: f64) {
        self.converted[region] += mw;
        self.allowance[region] -= mw;
    }

    /// Days for which the machines of a site that was let look for another place.
    #[must_use]
    pub fn patience_days(&self) -> f64 {
        self.terms.rent.map_or(0.0, |rent| rent.abandon_days)
    }

    /// Units that AI compute is spread over; those of them without any are counted.
    #[must_use]
    pub fn registered(&self) -> usize {
        self.count(|_| true)
    }

    /// Those of the units that have any of it.
    #[must_use]
    pub fn active(&self) -> usize {
        self.count(|share| share > 0.0 && self.edge_share < 1.0)
    }

    fn count(&self, counts: impl Fn(f64) -> bool) -> usize {
        let providers = self.terms.providers.iter().zip(&self.shares);
        let hosts: usize = providers
            .filter(|(_, share)| counts(**share))
            .map(|(provider, _)| provider.members as usize)
            .sum();
        let devices = if self.edge_share > 0.0 {
            self.terms.devices as usize
        } else {
            0
        };
        hosts + devices
    }

    /// How concentrated AI compute is: those who host it by their shares, and devices, all alike.
    #[must_use]
    pub fn concentration(&self) -> Option<Concentration> {
        let hosted = 1.0 - self.edge_share;
        let providers = self.terms.providers.iter().zip(&self.shares);
        let mut runs: Vec<Run> = providers
            .map(|(provider, share)| Run {
                weight: hosted * share / f64::from(provider.members),
                units: provider.members,
            })
            .collect();
        if self.edge_share > 0.0 {
            runs.push(Run {
                weight: self.edge_share / f64::from(self.terms.devices),
                units: self.terms.devices,
            });
        }
        of_runs(&runs).ok()
    }
}

/// Part of an investment that has to come back each year: its cost of capital and its wear.
fn annuity(rent: &Rent) -> f64 {
    let (rate, life) = (rent.discount_rate, rent.life_years);
    if rate * life < 1e-9 {
        1.0 / life
    } else {
        rate / -libm::expm1(-rate * life)
    }
}

#[cfg(test)]
mod tests;
