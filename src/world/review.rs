//! A review: does a fleet stay or move, and where to?
//!
//! Every comparison is in USD/MWh of the fleet's own consumption. The choice is a logit with one
//! uniform draw: the present region's interval comes first, then the others in scenario order, so a
//! region that becomes dearer can only lose ground under the same draw.

use crate::scenario::Scenario;
use crate::units::{HOURS_PER_YEAR, breakeven_power_price};

use super::capacity::Capacities;
use super::fleet::Fleets;
use super::running::kept_of_revenue;

/// A region that cannot be chosen has this utility.
pub const CLOSED: f64 = f64::NEG_INFINITY;

/// Constants of the choice and the expectations of the day.
#[derive(Debug, Clone)]
pub struct Review {
    choice_scale: f64,
    stay_bonus: f64,
    home_bonus: f64,
    downtime_hours_per_horizon_hour: f64,
    places: Vec<Place>,
    hashprice: f64,
    weights: Vec<f64>,
    /// Utility of every region for the fleet reviewed last, USD/MWh; [`CLOSED`] where it cannot go.
    pub utilities: Vec<f64>,
}

/// What a review knows of a region.
#[derive(Debug, Clone)]
struct Place {
    /// Part of revenue kept after pool fee and tax.
    kept: f64,
    pue: f64,
    /// Appeal and the pull of size.
    pull: f64,
    /// Cost of moving here: per unit of 1/e, and flat.
    moving_per_inverse_efficiency: f64,
    moving_flat: f64,
    /// Expected delivered power price today.
    delivered: f64,
}

impl Review {
    /// Constants of a scenario.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let moving = &scenario.moving;
        let scale = moving.choice_scale.get();
        let horizon_hours = HOURS_PER_YEAR * moving.horizon_years;
        let places = scenario
            .regions
            .iter()
            .map(|region| {
                let hardware = scenario.hardware_price.get();
                let usd_per_th =
                    moving.ship.get() + (region.duty + moving.breakage.get()) * hardware;
                Place {
                    kept: kept_of_revenue(scenario, region),
                    pue: region.power.pue,
                    pull: region.appeal + scale * libm::log(region.size),
                    moving_per_inverse_efficiency: 1e6 * usd_per_th / horizon_hours,
                    moving_flat: region.deposit_per_mw.get() / horizon_hours,
                    delivered: 0.0,
                }
            })
            .collect::<Vec<_>>();
        Self {
            choice_scale: scale,
            stay_bonus: moving.stay_bonus,
            home_bonus: moving.home_bonus,
            downtime_hours_per_horizon_hour: 24.0 * moving.downtime_days / horizon_hours,
            weights: vec![0.0; places.len()],
            utilities: vec![CLOSED; places.len()],
            places,
            hashprice: 0.0,
        }
    }

    /// Takes in the expectations of the day.
    pub fn prepare(&mut self, hashprice: f64, delivered: &[f64]) {
        self.hashprice = hashprice;
        for (place, delivered) in self.places.iter_mut().zip(delivered) {
            place.delivered = *delivered;
        }
    }

    /// The region that a fleet chooses by the draw `uniform`, its present one included.
    pub fn choose(
        &mut self,
        fleets: &Fleets,
        fleet: usize,
        capacities: &Capacities,
        uniform: f64,
    ) -> usize {
        self.weigh_up(fleets, fleet, capacities);
        let here = usize::from(fleets.region[fleet]);
        if surely_first(&self.utilities, self.choice_scale, here, uniform) {
            return here;
        }
        choose_by_logit(
            &self.utilities,
            self.choice_scale,
            here,
            uniform,
            &mut self.weights,
        )
    }

    /// The parts of what a region offers to a fleet by the expectations last prepared, whether it may go there
    /// or not. [`Self::utilities`] are their sums.
    #[must_use]
    pub fn parts(&self, fleets: &Fleets, fleet: usize, region: usize) -> Parts {
        let here = usize::from(fleets.region[fleet]);
        let efficiency = fleets.efficiency[fleet];
        let breakeven = breakeven_power_price(self.hashprice, efficiency);
        let margin = |place: &Place| (breakeven * place.kept - place.delivered).max(0.0);
        let place = &self.places[region];
        let bonus = |applies: bool, bonus: f64| if applies { bonus } else { 0.0 };
        Parts {
            margin: margin(place),
            attraction: place.pull
                + bonus(region == here, self.stay_bonus)
                + bonus(region == usize::from(fleets.home[fleet]), self.home_bonus),
            moving: if region == here {
                0.0
            } else {
                place.moving_per_inverse_efficiency / efficiency
                    + place.moving_flat
                    + margin(&self.places[here]) * self.downtime_hours_per_horizon_hour
            },
        }
    }

    /// Fills [`Self::utilities`] for a fleet.
    fn weigh_up(&mut self, fleets: &Fleets, fleet: usize, capacities: &Capacities) {
        let here = usize::from(fleets.region[fleet]);
        let home = usize::from(fleets.home[fleet]);
        let efficiency = fleets.efficiency[fleet];
        let power_mw = fleets.power_mw(fleet);
        let breakeven = breakeven_power_price(self.hashprice, efficiency);
        let margin = |place: &Place| (breakeven * place.kept - place.delivered).max(0.0);
        let lost_in_transit = margin(&self.places[here]) * self.downtime_hours_per_horizon_hour;
        for (r, place) in self.places.iter().enumerate() {
            let mut utility = margin(place) + place.pull;
            if r == here {
                utility += self.stay_bonus;
            } else if capacities.admits(r, power_mw * place.pue) {
                utility -= place.moving_per_inverse_efficiency / efficiency
                    + place.moving_flat
                    + lost_in_transit;
            } else {
                utility = CLOSED;
            }
            if r == home {
                utility += self.home_bonus;
            }
            self.utilities[r] = utility;
        }
    }
}

/// The parts of a utility, USD/MWh: it is `margin + attraction - moving`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parts {
    /// Expected margin.
    pub margin: f64,
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
    let mut total = 0.0;
    for (weight, utility) in weights.iter_mut().zip(utilities) {
        *weight = libm::exp((utility - best) / scale);
        total += *weight;
    }
    let target = uniform * total;
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
