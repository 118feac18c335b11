//! What a machine is worth: the present value of what it earns above its power.

/// Part by which bounds are kept away from what they bound: far above the rounding of either.
const MARGIN: f64 = 1e-9;

/// What a buyer reckons with, made ready to value many machines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prospect {
    /// Expected decline of hashprice, 1/year.
    decay: f64,
    /// Of money alone, and of money and hashprice together.
    discount: Discount,
    both: Discount,
    /// The integral of discounted revenue over the whole life, for a unit of revenue today.
    whole: f64,
    /// The end of a machine's life, and when revenue halves; the former where no halving is known within it.
    life: Date,
    halving: Date,
}

/// A date that is the same for all machines.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Date {
    /// Years from now.
    year: f64,
    /// Revenue over power today up to which it surely falls to the cost of power before the date, and from which on
    /// surely after it: most of the time this spares a logarithm.
    before: f64,
    after: f64,
}

impl Date {
    fn new(year: f64, decay: f64) -> Self {
        let at = libm::exp(decay * year);
        Self {
            year,
            before: at * (1.0 - MARGIN),
            after: at * (1.0 + MARGIN),
        }
    }
}

/// Integrals of `e^{-rate s}`, with those to the two dates that are the same for all machines.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Discount {
    rate: f64,
    to_halving: f64,
    to_life: f64,
}

impl Discount {
    fn new(rate: f64, halving: f64, life: f64) -> Self {
        Self {
            rate,
            to_halving: integral(rate, halving),
            to_life: integral(rate, life),
        }
    }
}

impl Prospect {
    /// For an expected decline of hashprice and a cost of capital, both 1/year, a life of machines in years, and years to a
    /// halving, if one is known.
    #[must_use]
    pub fn new(decay: f64, discount: f64, life: f64, halving: Option<f64>) -> Self {
        let halving = halving.unwrap_or(f64::INFINITY).clamp(0.0, life);
        let both = Discount::new(decay + discount, halving, life);
        Self {
            decay,
            discount: Discount::new(discount, halving, life),
            both,
            whole: both.to_halving + 0.5 * (both.to_life - both.to_halving),
            life: Date::new(life, decay),
            halving: Date::new(halving, decay),
        }
    }

    /// Present value of machines that earn `revenue` today and pay `power`, both in USD per TH and year.
    ///
    /// The integral over the machine's life of `max(0, revenue e^{-gs} - power) e^{-rs}`, revenue halving at the known
    /// date. Revenue only falls, so a machine runs until revenue meets the cost of power, before and after the halving.
    #[must_use]
    pub fn value(&self, revenue: f64, power: f64) -> f64 {
        if revenue <= power {
            return 0.0;
        }
        let ratio = if power > 0.0 {
            revenue / power
        } else {
            f64::INFINITY
        };
        if !self.outlasts(ratio, &self.halving) {
            let (both, discount) = self.until(ratio);
            return revenue * both - power * discount;
        }
        let (both, discount) = (self.both.to_halving, self.discount.to_halving);
        let before = revenue * both - power * discount;
        let (halved, ratio) = (0.5 * revenue, 0.5 * ratio);
        if !self.outlasts(ratio, &self.halving) {
            return before;
        }
        let (both_to_end, discount_to_end) = self.until(ratio);
        before + halved * (both_to_end - both) - power * (discount_to_end - discount)
    }

    /// No less than [`Self::value`], and quickly. The value is convex in the cost of power, so the chord from no cost to
    /// all of revenue lies above it.
    #[must_use]
    #[inline]
    pub fn at_most(&self, revenue: f64, power: f64) -> f64 {
        let most = if power >= 0.0 {
            (revenue - power).max(0.0) * self.whole
        } else {
            // Who is paid for power is at best as well off as if revenue never fell.
            (revenue.max(0.0) - power) * self.discount.to_life
        };
        most * (1.0 + MARGIN)
    }

    /// No more than [`Self::value`], and quickly: that of machines which run to the end of their life whatever they earn,
    /// or to the halving, whichever is more.
    #[must_use]
    #[inline]
    pub fn at_least(&self, revenue: f64, power: f64) -> f64 {
        if revenue <= power {
            return 0.0;
        }
        let to_life = revenue * self.whole - power * self.discount.to_life;
        let to_halving = revenue * self.both.to_halving - power * self.discount.to_halving;
        let gross = (revenue.abs() + power.abs()) * self.discount.to_life;
        (to_life.max(to_halving) - gross * MARGIN).max(0.0)
    }

    /// Both integrals up to the year in which revenue that is so many times the cost of power has fallen to it, or to the
    /// end of the machine's life.
    fn until(&self, ratio: f64) -> (f64, f64) {
        let to_life = (self.both.to_life, self.discount.to_life);
        if ratio > self.life.after {
            return to_life;
        }
        let year = self.last_year(ratio);
        if year >= self.life.year {
            to_life
        } else {
            (
                integral(self.both.rate, year),
                integral(self.discount.rate, year),
            )
        }
    }

    /// Whether revenue that is so many times the cost of power has still not fallen to it at a date.
    fn outlasts(&self, ratio: f64, date: &Date) -> bool {
        ratio > date.after || (ratio >= date.before && self.last_year(ratio) > date.year)
    }

    /// When revenue that is so many times the cost of power has fallen to it.
    fn last_year(&self, ratio: f64) -> f64 {
        if ratio <= 1.0 {
            0.0
        } else if self.decay == 0.0 || ratio == f64::INFINITY {
            f64::INFINITY
        } else {
            libm::log(ratio) / self.decay
        }
    }
}

/// The integral of `e^{-rate s}` from now to a time.
fn integral(rate: f64, to: f64) -> f64 {
    let exponent = rate * to;
    if exponent < 1e-9 {
        to * (1.0 - 0.5 * exponent)
    } else {
        -libm::expm1(-exponent) / rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{DAYS_PER_YEAR, HOURS_PER_YEAR};

    /// Value of 1 TH/s at a hashprice in USD/PH/day, efficiency in J/TH and power price in USD/MWh.
    fn value(prospect: Prospect, hashprice: f64, joules: f64, price: f64) -> f64 {
        let revenue = hashprice * DAYS_PER_YEAR / 1000.0;
        let power = joules * 1e-6 * HOURS_PER_YEAR * price;
        prospect.value(revenue, power)
    }

    fn prospect(decay: f64, halving: Option<f64>) -> Prospect {
        Prospect::new(decay, 0.20, 4.0, halving)
    }

    #[test]
    fn the_quick_bounds_are_bounds() {
        for (decay, halving) in [
            (0.0, None),
            (0.15, Some(0.4)),
            (0.35, Some(2.5)),
            (0.35, None),
        ] {
            let prospect = prospect(decay, halving);
            for revenue in [-2.0, 0.0, 1.0, 5.0, 20.0] {
                for power in [-3.0, 0.0, 0.5, 4.0, 4.999, 7.0, 20.0, 30.0] {
                    let value = prospect.value(revenue, power);
                    let least = prospect.at_least(revenue, power);
                    let most = prospect.at_most(revenue, power);
                    assert!(
                        least <= value && value <= most,
                        "{decay} {halving:?} {revenue} {power}: {least} {value} {most}"
                    );
                }
            }
        }
    }

    #[test]
    fn values_are_those_of_the_model_page() {
        assert!((value(prospect(0.35, None), 40.0, 15.0, 45.0) - 8.21).abs() < 0.005);
        let (revenue, power) = (40.0 * DAYS_PER_YEAR / 1000.0, 15e-6 * HOURS_PER_YEAR * 45.0);
        assert!((prospect(0.35, None).last_year(revenue / power) - 2.58).abs() < 0.005);
        for (hashprice, years, expected) in [(40.0, 2.5, 11.4), (40.0, 1.0, 6.4), (30.0, 0.5, 1.9)]
        {
            let value = value(prospect(0.15, Some(years)), hashprice, 15.0, 50.0);
            assert!(
                (value - expected).abs() < 0.05,
                "{hashprice} {years}: {value}"
            );
        }
    }

    #[test]
    fn the_closed_form_is_the_integral() {
        for (decay, discount, halving, revenue, power) in [
            (0.0, 0.0, None, 14.0, 6.0),
            (0.0, 0.3, Some(1.3), 14.0, 6.0),
            (0.4, 0.0, Some(0.0), 14.0, 6.0),
            (0.2, 0.2, Some(2.0), 14.0, 9.0),
            (0.2, 0.2, Some(9.0), 14.0, 2.0),
            (0.2, 0.2, None, 5.0, 6.0),
            (0.2, 0.2, Some(1.0), 5.0, 0.0),
        ] {
            let prospect = Prospect::new(decay, discount, 4.0, halving);
            let strips = 400_000;
            let width = 4.0 / f64::from(strips);
            let sum: f64 = (0..strips)
                .map(|i| {
                    let s = (f64::from(i) + 0.5) * width;
                    let halved = halving.is_some_and(|year| s >= year);
                    let earns = revenue * libm::exp(-decay * s) * if halved { 0.5 } else { 1.0 };
                    (earns - power).max(0.0) * libm::exp(-discount * s) * width
                })
                .sum();
            let closed = prospect.value(revenue, power);
            assert!((closed - sum).abs() < 1e-4, "{prospect:?}: {closed} {sum}");
        }
    }

    #[test]
    fn a_machine_that_does_not_earn_its_power_is_worth_nothing() {
        assert_eq!(prospect(0.15, None).value(5.0, 5.0), 0.0);
        assert_eq!(prospect(0.15, None).value(0.0, 5.0), 0.0);
    }
}
