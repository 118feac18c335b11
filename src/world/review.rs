//! A review: does a fleet stay or move, and where to? And where does a firm put new machines?
//!
//! Every comparison is in USD/MWh of the fleet's own consumption. The choice is a logit with one
//! uniform draw: the present region's interval comes first, then the others in scenario order, so a
//! region that becomes dearer can only lose ground under the same draw.

mod screen;

use std::hint::select_unpredictable;

use crate::elementary::exp_each;
use crate::scenario::Scenario;
use crate::units::{HOURS_PER_YEAR, breakeven_power_price};

use super::capacity::Capacities;
use super::events::Conditions;
use super::fleet::Fleets;
use super::running::kept_of_revenue;

pub use screen::Screen;

/// A region that cannot be chosen has this utility.
pub const CLOSED: f64 = f64::NEG_INFINITY;

/// Sum of weights below which they have lost their digits.
const LEAST_WEIGHT: f64 = 1e-250;

/// Smallest room worth a look, MW.
const LEAST_ROOM_MW: f64 = 1e-6;

/// Constants of the choice and the expectations of the day.
#[derive(Debug, Clone)]
pub struct Review<'s> {
    scenario: &'s Scenario,
    choice_scale: f64,
    stay_bonus: f64,
    home_bonus: f64,
    horizon_hours: f64,
    downtime_hours_per_horizon_hour: f64,
    places: Vec<Place>,
    hashprice: f64,
    /// Price of machines of the day, USD/TH.
    hardware_price: f64,
    weights: Vec<f64>,
    /// The best that new machines offer to a firm without a site there, and the weights of all regions in a choice.
    best_elsewhere: f64,
    elsewhere_weight: Vec<f64>,
    /// Factor of the bonus of home on a weight.
    home_weight: f64,
    on_sale: OnSale,
    /// Utility of every region for the fleet reviewed last, USD/MWh; [`CLOSED`] where it cannot go. One more than there
    /// are regions: the last is that of waiting for a place, closed to those who have one.
    pub utilities: Vec<f64>,
}

/// What a review knows of a region.
#[derive(Debug, Clone)]
struct Place {
    kept_without_events: f64,
    /// Part of revenue kept after pool fee and tax.
    kept: f64,
    pue: f64,
    /// Appeal and the pull of size.
    pull: f64,
    appeal: f64,
    size: f64,
    /// Expected loss by policy.
    policy: f64,
    duty: f64,
    /// Cost of moving here: per unit of 1/e, and flat.
    moving_per_inverse_efficiency: f64,
    moving_flat: f64,
    /// Expected delivered power price today.
    delivered: f64,
    /// Part of the machines that there is expected to be power for.
    uptime: f64,
    /// What duty adds to the cost of the machines on sale.
    duty_on_new: f64,
}

/// The machines on sale, as they are compared.
#[derive(Debug, Clone, Copy, Default)]
struct OnSale {
    /// What they expect to earn, USD/MWh.
    breakeven: f64,
    /// What a site for them costs, USD/MWh.
    site: f64,
}

/// What the world of a day looks like to a reviewer.
#[derive(Debug, Clone, Copy)]
pub struct Outlook<'a> {
    /// Hashprice expected over the horizon, USD per PH/s and day.
    pub hashprice: f64,
    /// Expected delivered power price by region, USD/MWh.
    pub delivered: &'a [f64],
    /// Expected part of the machines with power, by region.
    pub uptime: &'a [f64],
    /// Price of machines, USD/TH.
    pub hardware_price: f64,
    /// Events in force.
    pub conditions: &'a Conditions,
}

/// Where a firm may put new machines, and on what terms it would run them.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    /// Part of revenue that is kept there.
    pub kept: f64,
    /// What the firm expects to pay for power there, USD/MWh.
    pub power_price: f64,
    /// Part of the machines that there is expected to be power for.
    pub uptime: f64,
    /// Import duty.
    pub duty: f64,
}

impl<'s> Review<'s> {
    /// Constants of a scenario.
    #[must_use]
    pub fn new(scenario: &'s Scenario) -> Self {
        let moving = &scenario.moving;
        let scale = moving.choice_scale.get();
        let horizon_hours = HOURS_PER_YEAR * moving.horizon_years;
        let places = scenario
            .regions
            .iter()
            .map(|region| {
                let kept = kept_of_revenue(scenario, region);
                Place {
                    kept_without_events: kept,
                    kept,
                    pue: region.power.pue,
                    pull: region.appeal + scale * libm::log(region.size),
                    appeal: region.appeal,
                    size: region.size,
                    policy: 0.0,
                    duty: region.duty,
                    moving_per_inverse_efficiency: 0.0,
                    moving_flat: region.deposit_per_mw.get() / horizon_hours,
                    delivered: 0.0,
                    uptime: 1.0,
                    duty_on_new: 0.0,
                }
            })
            .collect::<Vec<_>>();
        Self {
            scenario,
            choice_scale: scale,
            stay_bonus: moving.stay_bonus,
            home_bonus: moving.home_bonus,
            horizon_hours,
            downtime_hours_per_horizon_hour: 24.0 * moving.downtime_days / horizon_hours,
            weights: vec![0.0; places.len() + 1],
            best_elsewhere: 0.0,
            elsewhere_weight: vec![0.0; places.len()],
            home_weight: libm::exp((moving.home_bonus / scale).clamp(-300.0, 300.0)),
            on_sale: OnSale::default(),
            utilities: vec![CLOSED; places.len() + 1],
            places,
            hashprice: 0.0,
            hardware_price: 0.0,
        }
    }

    /// Takes in the expectations of the day.
    pub fn prepare(&mut self, outlook: &Outlook<'_>) {
        self.hashprice = outlook.hashprice;
        self.hardware_price = outlook.hardware_price;
        let moving = &self.scenario.moving;
        let loss = moving.policy_loss_per_mw.get() / HOURS_PER_YEAR;
        for (r, place) in self.places.iter_mut().enumerate() {
            let here = &outlook.conditions.regions[r];
            place.delivered = outlook.delivered[r];
            place.uptime = outlook.uptime[r];
            place.kept = place.kept_without_events - here.tax;
            place.duty = self.scenario.regions[r].duty + here.duty;
            place.policy = here.ban_hazard * loss;
            let usd_per_th =
                moving.ship.get() + (place.duty + moving.breakage.get()) * outlook.hardware_price;
            place.moving_per_inverse_efficiency = 1e6 * usd_per_th / self.horizon_hours;
        }
    }

    /// The region to which a fleet goes by the draw `uniform`; `None` if it stays, or waits on for a place. One that has lost
    /// its place may go back to where it was, once that is open again.
    pub fn choose(
        &mut self,
        fleets: &Fleets,
        fleet: usize,
        capacities: &Capacities<'_>,
        uniform: f64,
    ) -> Option<usize> {
        self.weigh_up(fleets, fleet, capacities);
        let first = if fleets.must_leave(fleet) {
            self.places.len()
        } else {
            usize::from(fleets[fleet].region)
        };
        if surely_first(&self.utilities, self.choice_scale, first, uniform) {
            return None;
        }
        let chosen = choose_by_logit(
            &self.utilities,
            self.choice_scale,
            first,
            uniform,
            &mut self.weights,
        );
        (chosen != first).then_some(chosen)
    }

    /// What moving costs a fleet by the time in which it does not earn.
    fn lost_in_transit(&self, fleets: &Fleets, fleet: usize, breakeven: f64) -> f64 {
        if fleets.must_leave(fleet) {
            return 0.0;
        }
        let here = &self.places[usize::from(fleets[fleet].region)];
        let factor = fleets.scale(fleet) * fleets.site_factor(fleet);
        margin(breakeven, factor, here) * self.downtime_hours_per_horizon_hour
    }

    /// What draws a fleet to the region where it is: appeal, and the size of the region as far as its other sites can be
    /// reached.
    ///
    /// A region of `size` sites offers `size - 1` others beside the fleet's own, at the cost of moving there and without the
    /// bonus of staying. If all of its size were to count for those who are there, the larger of two regions would win as
    /// the square of its size.
    fn pull_of_own(&self, place: &Place, efficiency: f64, lost_in_transit: f64) -> f64 {
        if place.size == 1.0 {
            return place.pull;
        }
        let moving = &self.scenario.moving;
        let usd_per_th = moving.ship.get() + moving.breakage.get() * self.hardware_price;
        let within = 1e6 * usd_per_th / (efficiency * self.horizon_hours) + lost_in_transit;
        let weight = libm::exp(-(within + self.stay_bonus).max(0.0) / self.choice_scale);
        place.appeal + self.choice_scale * libm::log(1.0 + (place.size - 1.0) * weight)
    }

    /// The breakeven that machines expect by one over their efficiency, USD/MWh.
    fn breakeven_at(&self, inverse_efficiency: f64) -> f64 {
        breakeven_power_price(self.hashprice, 1.0) * inverse_efficiency
    }

    /// The parts of what a region offers to a fleet by the expectations last prepared, whether it may go there
    /// or not. [`Self::utilities`] are their sums.
    #[must_use]
    pub fn parts(&self, fleets: &Fleets, fleet: usize, region: usize) -> Parts {
        let here = usize::from(fleets[fleet].region);
        let efficiency = fleets[fleet].efficiency;
        let breakeven = breakeven_power_price(self.hashprice, efficiency);
        let place = &self.places[region];
        let bonus = |applies: bool, bonus: f64| if applies { bonus } else { 0.0 };
        let scale = fleets.scale(fleet);
        let stays = region == here && !fleets.must_leave(fleet);
        let factor = if stays {
            scale * fleets.site_factor(fleet)
        } else {
            scale
        };
        let lost = self.lost_in_transit(fleets, fleet, breakeven);
        let pull = if stays {
            self.pull_of_own(place, efficiency, lost)
        } else {
            place.pull
        };
        Parts {
            margin: place.uptime * margin(breakeven, factor, place),
            policy: place.policy,
            attraction: pull
                + bonus(stays, self.stay_bonus)
                + bonus(region == usize::from(fleets[fleet].home), self.home_bonus),
            moving: if stays {
                0.0
            } else {
                place.moving_per_inverse_efficiency / efficiency + place.moving_flat + lost
            },
        }
    }

    /// Fills [`Self::utilities`] for a fleet.
    fn weigh_up(&mut self, fleets: &Fleets, fleet: usize, capacities: &Capacities<'_>) {
        let here = usize::from(fleets[fleet].region);
        let home = usize::from(fleets[fleet].home);
        let leaves = fleets.must_leave(fleet);
        let efficiency = fleets[fleet].efficiency;
        let power_mw = fleets.power_mw(fleet);
        let breakeven = breakeven_power_price(self.hashprice, efficiency);
        let scale = fleets.scale(fleet);
        let at_home_site = scale * fleets.site_factor(fleet);
        let lost_in_transit = self.lost_in_transit(fleets, fleet, breakeven);
        for r in 0..self.places.len() {
            let place = &self.places[r];
            let stays = r == here && !leaves;
            let factor = if stays { at_home_site } else { scale };
            let offered = place.uptime * margin(breakeven, factor, place) - place.policy;
            let mut utility = if stays {
                offered + self.pull_of_own(place, efficiency, lost_in_transit) + self.stay_bonus
            } else if capacities.admits(r, power_mw * place.pue) {
                offered + place.pull
                    - (place.moving_per_inverse_efficiency / efficiency
                        + place.moving_flat
                        + lost_in_transit)
            } else {
                CLOSED
            };
            if r == home {
                utility += self.home_bonus;
            }
            self.utilities[r] = utility;
        }
        self.utilities[self.places.len()] = if leaves { 0.0 } else { CLOSED };
    }

    /// Probability with which a fleet gives up mining at its site for another use that earns `offer` USD/MWh of its own consumption:
    /// one more choice beside the regions.
    pub fn chance_of_leaving(
        &mut self,
        fleets: &Fleets,
        fleet: usize,
        capacities: &Capacities<'_>,
        offer: f64,
    ) -> f64 {
        self.weigh_up(fleets, fleet, capacities);
        part_of_offer(&self.utilities, self.choice_scale, offer)
    }

    /// Whether any region, the present one included, is expected to earn a fleet more than getting there costs, by the
    /// utilities last filled.
    #[must_use]
    pub fn anywhere_pays(&self, fleets: &Fleets, fleet: usize) -> bool {
        (0..self.places.len()).any(|r| {
            if self.utilities[r] == CLOSED {
                return false;
            }
            let parts = self.parts(fleets, fleet, r);
            parts.margin > parts.moving
        })
    }

    /// Takes in what is on sale: what new machines of `efficiency` offer in every region to a firm of no special size that
    /// has no site there.
    pub fn prepare_sites(&mut self, efficiency: f64) {
        let site_usd_per_mw = 1000.0 * self.scenario.hardware.site_usd_per_kw;
        self.on_sale = OnSale {
            breakeven: breakeven_power_price(self.hashprice, efficiency),
            site: site_usd_per_mw / self.horizon_hours,
        };
        for place in &mut self.places {
            place.duty_on_new =
                1e6 * place.duty * self.hardware_price / (efficiency * self.horizon_hours);
        }
        let mut best = CLOSED;
        for r in 0..self.places.len() {
            let utility = self.site_utility(r, 1.0);
            self.elsewhere_weight[r] = utility;
            best = best.max(utility);
        }
        for weight in &mut self.elsewhere_weight {
            *weight = (*weight - best) / self.choice_scale;
        }
        exp_each(&mut self.elsewhere_weight);
        self.best_elsewhere = best;
    }

    /// What new machines offer in a region where power costs the firm `factor` times what others pay.
    #[inline]
    fn site_utility(&self, r: usize, factor: f64) -> f64 {
        let place = &self.places[r];
        let OnSale { breakeven, site } = self.on_sale;
        place.uptime * margin(breakeven, factor, place) - place.policy + place.pull
            - place.duty_on_new
            - place.moving_flat
            - site
    }

    /// The region in which a fleet's firm would put new machines, by the draw `uniform`; `None` where there is no room
    /// anywhere. [`Self::prepare_sites`] comes before it.
    pub fn choose_site(
        &mut self,
        fleets: &Fleets,
        fleet: usize,
        capacities: &Capacities<'_>,
        uniform: f64,
    ) -> Option<usize> {
        let here = usize::from(fleets[fleet].region);
        let home = usize::from(fleets[fleet].home);
        let scale = fleets.scale(fleet);
        let at_own_site = self.site_utility(here, scale * fleets.site_factor(fleet));
        let bonuses = self.stay_bonus.abs() + self.home_bonus.abs();
        let farthest = (at_own_site - self.best_elsewhere).abs() + bonuses;
        // Within these bounds a weight is a product of those of the day; beyond them it might overflow.
        let safe = scale == 1.0 && farthest < 300.0 * self.choice_scale;
        if !safe {
            return self.choose_site_by_utility(fleets, fleet, capacities, uniform);
        }
        let regions = self.places.len();
        let of_day = self.elsewhere_weight.iter().zip(capacities.rooms());
        for (weight, (of_day, room)) in self.weights.iter_mut().zip(of_day) {
            *weight = select_unpredictable(room >= LEAST_ROOM_MW, *of_day, 0.0);
        }
        self.weights[home] *= self.home_weight;
        let mut bonus = self.stay_bonus;
        if home == here {
            bonus += self.home_bonus;
        }
        self.weights[here] = if capacities.room_for(here, true) >= LEAST_ROOM_MW {
            libm::exp((at_own_site + bonus - self.best_elsewhere) / self.choice_scale)
        } else {
            0.0
        };
        let total: f64 = self.weights[..regions].iter().sum();
        // Nothing is open, or what is lies so far below the best that its weight is none.
        if total <= LEAST_WEIGHT {
            return self.choose_site_by_utility(fleets, fleet, capacities, uniform);
        }
        self.weights[regions] = 0.0;
        Some(choose_by_weight(&self.weights, here, uniform * total))
    }

    /// The same where weights cannot be products of those of the day.
    fn choose_site_by_utility(
        &mut self,
        fleets: &Fleets,
        fleet: usize,
        capacities: &Capacities<'_>,
        uniform: f64,
    ) -> Option<usize> {
        let here = usize::from(fleets[fleet].region);
        let home = usize::from(fleets[fleet].home);
        let regions = self.places.len();
        for r in 0..regions {
            let mut factor = fleets.scale(fleet);
            if r == here {
                factor *= fleets.site_factor(fleet);
            }
            let mut utility = self.site_utility(r, factor);
            if r == here {
                utility += self.stay_bonus;
            }
            if r == home {
                utility += self.home_bonus;
            }
            let open = capacities.room_for(r, r == here) >= LEAST_ROOM_MW;
            self.utilities[r] = if open { utility } else { CLOSED };
        }
        self.utilities[regions] = CLOSED;
        if self.utilities.iter().all(|utility| *utility == CLOSED) {
            return None;
        }
        Some(choose_by_logit(
            &self.utilities,
            self.choice_scale,
            here,
            uniform,
            &mut self.weights,
        ))
    }

    /// What a fleet expects to earn above its power where it is, USD/MWh.
    #[must_use]
    pub fn margin_at_home(&self, fleets: &Fleets, fleet: usize) -> f64 {
        let breakeven = breakeven_power_price(self.hashprice, fleets[fleet].efficiency);
        let place = &self.places[usize::from(fleets[fleet].region)];
        let factor = fleets.scale(fleet) * fleets.site_factor(fleet);
        place.uptime * margin(breakeven, factor, place)
    }

    /// On what terms a fleet's firm would run machines in a region.
    #[must_use]
    #[inline]
    pub fn site(&self, fleets: &Fleets, fleet: usize, region: usize) -> Site {
        let mut factor = fleets.scale(fleet);
        if region == usize::from(fleets[fleet].region) {
            factor *= fleets.site_factor(fleet);
        }
        self.site_elsewhere(region, factor)
    }

    /// The same for a firm that pays `factor` times what others pay for power.
    #[must_use]
    #[inline]
    pub fn site_elsewhere(&self, region: usize, factor: f64) -> Site {
        let place = &self.places[region];
        Site {
            kept: place.kept,
            power_price: factor * place.delivered,
            uptime: place.uptime,
            duty: place.duty,
        }
    }
}

/// Probability of one more choice beside those with `utilities`, by logit.
fn part_of_offer(utilities: &[f64], scale: f64, offer: f64) -> f64 {
    let best = utilities.iter().copied().fold(offer, f64::max);
    let weight = |utility: f64| libm::exp((utility - best) / scale);
    let others: f64 = utilities.iter().map(|utility| weight(*utility)).sum();
    weight(offer) / (weight(offer) + others)
}

/// Expected margin in a region where power costs `factor` times what others pay, before what there is no power for.
fn margin(breakeven: f64, factor: f64, place: &Place) -> f64 {
    (breakeven * place.kept - factor * place.delivered).max(0.0)
}

/// The parts of a utility, USD/MWh: it is `margin - policy + attraction - moving`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parts {
    /// Expected margin on what there is power for.
    pub margin: f64,
    /// Expected loss by policy.
    pub policy: f64,
    /// Appeal, the pull of size, the bonus of staying and that of home.
    pub attraction: f64,
    /// Cost of moving, lost revenue included.
    pub moving: f64,
}

/// Whether the draw falls to `first` whatever the exact weights are: most fleets stay, and this says so
/// without an exponential. `false` means that the exact choice has to be made.
fn surely_first(utilities: &[f64], scale: f64, first: usize, uniform: f64) -> bool {
    let inverse = 1.0 / scale;
    let mut others = 0.0;
    for (index, utility) in utilities.iter().enumerate() {
        let y = (utilities[first] - utility) * inverse;
        if index != first {
            if y < 0.0 {
                return false;
            }
            // exp(-y) from above: one over the first terms of the series of exp(y), all positive.
            let series =
                1.0 + y * (1.0 + y * (0.5 + y * (1.0 / 6.0 + y * (1.0 / 24.0 + y / 120.0))));
            others += 1.0 / series;
        }
    }
    // The margin is far above the rounding of either side, so the exact choice agrees to the bit.
    uniform * (1.0 + others) < 1.0 - 1e-9
}

/// Index chosen by a logit over `utilities` with scale `scale`, by one draw in (0, 1).
///
/// The interval of `first` comes first, the others follow in order. `weights` is scratch of the same
/// length, and holds the unnormalised probabilities afterwards.
///
/// # Source
/// `McFadden` (1974), *Conditional logit analysis of qualitative choice behavior*.
#[must_use]
pub fn choose_by_logit(
    utilities: &[f64],
    scale: f64,
    first: usize,
    uniform: f64,
    weights: &mut [f64],
) -> usize {
    // Relative to the best, so that no weight overflows and at least one is 1.
    let best = utilities.iter().fold(CLOSED, |best, u| best.max(*u));
    for (weight, utility) in weights.iter_mut().zip(utilities) {
        *weight = if *utility == CLOSED {
            0.0
        } else {
            (utility - best) / scale
        };
    }
    exp_each(weights);
    let mut total = 0.0;
    for (weight, utility) in weights.iter_mut().zip(utilities) {
        if *utility == CLOSED {
            *weight = 0.0;
        }
        total += *weight;
    }
    choose_by_weight(weights, first, uniform * total)
}

/// Index whose interval of weight holds `target`: that of `first` comes first, the others follow in order.
fn choose_by_weight(weights: &[f64], first: usize, target: f64) -> usize {
    let mut cumulated = weights[first];
    if target < cumulated {
        return first;
    }
    let mut chosen = first;
    for (index, weight) in weights.iter().enumerate() {
        if index != first && *weight > 0.0 {
            chosen = index;
            cumulated += weight;
            if target < cumulated {
                break;
            }
        }
    }
    // Rounding can leave the target at the very end: then the last that can be chosen.
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logit_of_0_1_2_gives_the_model_pages_probabilities() {
        let mut weights = [0.0; 3];
        let _ = choose_by_logit(&[0.0, 1.0, 2.0], 1.0, 0, 0.5, &mut weights);
        let total: f64 = weights.iter().sum();
        for (weight, expected) in weights.iter().zip([0.090_030_6, 0.244_728_5, 0.665_241_0]) {
            assert!((weight / total - expected).abs() < 1e-7);
        }
    }

    #[test]
    fn an_offer_from_outside_is_one_more_choice_of_the_logit() {
        for (offer, others) in [(0.0, [1.0, 2.0]), (1.0, [2.0, 0.0]), (2.0, [0.0, 1.0])] {
            let expected = [0.090_030_6, 0.244_728_5, 0.665_241_0][offer as usize];
            let utilities = [others[0], CLOSED, others[1]];
            assert!((part_of_offer(&utilities, 1.0, offer) - expected).abs() < 1e-7);
        }
        assert_eq!(part_of_offer(&[CLOSED], 4.0, -1e6), 1.0);
        assert_eq!(part_of_offer(&[0.0], 4.0, -1e6), 0.0);
    }

    #[test]
    fn the_first_interval_comes_first_and_closed_regions_are_never_chosen() {
        let utilities = [1.0, CLOSED, 1.0, 1.0];
        let mut weights = [0.0; 4];
        let mut at = |uniform| choose_by_logit(&utilities, 5.0, 2, uniform, &mut weights);
        assert_eq!(at(0.1), 2);
        assert_eq!(at(0.5), 0);
        assert_eq!(at(0.9), 3);
        assert_eq!(at(1.0 - 1e-16), 3);
    }

    #[test]
    fn a_sure_stay_is_what_the_exact_choice_gives() {
        let mut sure = 0;
        for step in 0..100_000_u32 {
            let part = |prime: u32| f64::from(step * prime % 9973) / 9973.0;
            let utilities = [10.0 * part(7), 10.0 * part(31), CLOSED, 20.0 * part(101)];
            let uniform = (part(503) + 1e-9).min(1.0 - 1e-9);
            let scale = 0.5 + 5.0 * part(13);
            if surely_first(&utilities, scale, 0, uniform) {
                sure += 1;
                let exact = choose_by_logit(&utilities, scale, 0, uniform, &mut [0.0; 4]);
                assert_eq!(exact, 0, "{utilities:?} {scale} {uniform}");
            }
        }
        assert!(sure > 1_000, "{sure}");
    }

    #[test]
    fn choice_frequencies_follow_the_weights() {
        let utilities = [0.0, 1.0, 2.0];
        let mut counts = [0_u32; 3];
        let draws = 100_000;
        for draw in 0..draws {
            let uniform = (f64::from(draw) + 0.5) / f64::from(draws);
            counts[choose_by_logit(&utilities, 1.0, 1, uniform, &mut [0.0; 3])] += 1;
        }
        for (count, expected) in counts.iter().zip([0.090_030_6, 0.244_728_5, 0.665_241_0]) {
            assert!((f64::from(*count) / f64::from(draws) - expected).abs() < 2e-5);
        }
    }

    #[test]
    fn utilities_a_thousand_scales_apart_do_not_overflow() {
        let mut weights = [0.0; 2];
        assert_eq!(choose_by_logit(&[0.0, 1e6], 1.0, 0, 0.5, &mut weights), 1);
        assert_eq!(choose_by_logit(&[1e6, 0.0], 1.0, 0, 0.999, &mut weights), 0);
    }
}
