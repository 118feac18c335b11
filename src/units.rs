//! Quantities with their unit in the type.
//!
//! Each is a finite, non-negative `f64`: a value of one of these types has passed that check once,
//! so nothing downstream asks again.

use std::fmt;

/// A number that cannot be this quantity: negative, infinite or not a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NotAQuantity {
    /// What was offered.
    pub value: f64,
    /// The unit it was offered as.
    pub unit: &'static str,
}

impl fmt::Display for NotAQuantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} is not a quantity: it must be finite and at least 0",
            self.value, self.unit
        )
    }
}

impl std::error::Error for NotAQuantity {}

/// Declares one quantity. A macro because eight identical blocks would hide the one line that differs.
macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $unit:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
        #[repr(transparent)]
        pub struct $name(f64);

        impl $name {
            /// The unit as it is printed.
            pub const UNIT: &'static str = $unit;

            /// Checks that `value` is finite and at least 0.
            ///
            /// # Errors
            /// [`NotAQuantity`] for anything else.
            pub fn new(value: f64) -> Result<Self, NotAQuantity> {
                if value.is_finite() && value >= 0.0 {
                    // -0.0 compares equal to 0.0; adding 0.0 stores the positive one.
                    Ok(Self(value + 0.0))
                } else {
                    Err(NotAQuantity { value, unit: $unit })
                }
            }

            /// The bare number, in the unit of the type's name.
            #[must_use]
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)?;
                write!(f, " {}", $unit)
            }
        }
    };
}

quantity!(
    /// Price of electric energy.
    UsdPerMwh, "USD/MWh"
);
quantity!(
    /// Energy efficiency of mining machines; lower is better.
    JoulesPerTerahash, "J/TH"
);
quantity!(
    /// Hash rate of firms and fleets.
    PetahashPerSecond, "PH/s"
);
quantity!(
    /// Electric power.
    Megawatts, "MW"
);
quantity!(
    /// Money, nominal United States dollars.
    Usd, "USD"
);
quantity!(
    /// Price of mining hardware per unit of hash rate.
    UsdPerTerahash, "USD/TH"
);
quantity!(
    /// A part of a whole, 1 = all of it.
    Share, "share"
);

/// Hours in a model year of 365.25 days.
pub const HOURS_PER_YEAR: f64 = 8766.0;
/// Days in a model year.
pub const DAYS_PER_YEAR: f64 = 365.25;
/// Days in a model month, a twelfth of a year.
pub const DAYS_PER_MONTH: f64 = 30.4375;
/// PH/s in one EH/s.
pub const PETAHASH_PER_EXAHASH: f64 = 1000.0;
/// MW in a gigawatt.
pub const MEGAWATTS_PER_GIGAWATT: f64 = 1000.0;
/// Power of 1 TH/s at 1 J/TH, MW: a watt.
pub const JOULES_PER_TERAHASH_TO_MW_PER_TH: f64 = 1e-6;
/// Energy of 1 PH/s at 1 J/TH for a day: 1 kW for 24 hours.
pub const MWH_PER_DAY_PER_PETAHASH_AT_1_J_PER_TH: f64 = 0.024;

/// Power price at which a machine's electricity costs all that it earns.
///
/// `hashprice` in USD per PH/s and day, `efficiency` in J/TH, the result in USD/MWh: `hashprice / (0.024 e)`.
#[must_use]
pub fn breakeven_power_price(hashprice: f64, efficiency: f64) -> f64 {
    hashprice / (MWH_PER_DAY_PER_PETAHASH_AT_1_J_PER_TH * efficiency)
}

/// A yearly cosine: 1 on its peak day, -1 half a year later. Days of the year count from 1.
#[must_use]
pub fn seasonal_cosine(day_of_year: f64, peak_day: f64) -> f64 {
    libm::cos(std::f64::consts::TAU * (day_of_year - peak_day) / DAYS_PER_YEAR)
}

/// Power of machines of `hash_phs` PH/s at `efficiency` J/TH, MW.
#[must_use]
pub fn machine_power(hash_phs: f64, efficiency: f64) -> f64 {
    hash_phs * efficiency / 1000.0
}

/// Bytes as lower-case hexadecimal digits, the way digests are printed.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// A number as people write it: so many decimals, thousands separated by commas.
#[must_use]
pub fn number(value: f64, decimals: usize) -> String {
    let plain = format!("{value:.decimals$}");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if fraction.is_empty() {
        format!("{sign}{grouped}")
    } else {
        format!("{sign}{grouped}.{fraction}")
    }
}

/// A number with four digits that count.
#[must_use]
pub fn significant(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || !(1e-4..1e15).contains(&size) {
        return format!("{value:.3e}").replace("0.000e0", "0");
    }
    let before = libm::floor(libm::log10(size)) as i32 + 1;
    number(value, usize::try_from(4 - before).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breakeven_at_hashprice_40_matches_the_model_page() {
        for (joules, breakeven) in [(15.0, 111.1), (20.0, 83.3), (28.2, 59.1), (38.0, 43.9)] {
            assert!((breakeven_power_price(40.0, joules) - breakeven).abs() < 0.05);
        }
    }

    #[test]
    fn a_quantity_refuses_what_is_negative_infinite_or_not_a_number() {
        for bad in [-1e-300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            assert!(Megawatts::new(bad).is_err(), "{bad}");
        }
        assert!(Megawatts::new(-0.0).unwrap().get().is_sign_positive());
    }

    #[test]
    fn ten_exahash_at_20_joules_per_terahash_draw_200_megawatts() {
        assert!((machine_power(10_000.0, 20.0) - 200.0).abs() < 1e-12);
    }

    #[test]
    fn thousands_are_separated() {
        assert_eq!(number(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(number(999.5, 0), "1,000");
        assert_eq!(number(-1234.0, 0), "-1,234");
        assert_eq!(number(0.25, 2), "0.25");
    }
}
