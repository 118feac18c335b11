//! The price of one bitcoin, a day at a time.

use rand::rngs::ChaCha8Rng;

use crate::random::{Purpose, Streams, normal, poisson, uniform};
use crate::scenario::{Jumps, PriceModel};
use crate::units::DAYS_PER_YEAR;

/// Constants of a price model, shared by all histories.
#[derive(Debug, Clone)]
pub enum PricePlan {
    /// Known in advance: one price a day, or one for all days.
    Known(Vec<f64>),
    /// Diffusion of the log price.
    Diffusion {
        /// Log price on the eve.
        start_log: f64,
        /// Drift of the log price a day, all compensations included.
        drift: f64,
        /// Standard deviation of the log price a day.
        sd: f64,
        /// Jumps: expected number a day, mean, standard deviation.
        jumps: Option<Jumps>,
    },
    /// Blocks of past returns.
    Bootstrap {
        /// Log price on the eve.
        start_log: f64,
        /// Returns a day, drift included, each for `spacing` days.
        daily: Vec<f64>,
        /// Days that a return is spread over.
        spacing: u32,
        /// Probability that a block goes on after a return.
        goes_on: f64,
    },
}

impl PricePlan {
    /// Prepares a price model.
    #[must_use]
    pub fn new(model: &PriceModel) -> Self {
        match model {
            PriceModel::Constant { usd } => Self::Known(vec![usd.get()]),
            PriceModel::Path { usd } => Self::Known(usd.clone()),
            PriceModel::Bootstrap {
                usd,
                drift,
                returns,
                spacing_days,
                mean_block_days,
            } => {
                // Without the file's own growth, so that the drift is what the scenario says: that of the log price, for what
                // the mean of the price does hangs on how the returns inside a block hang together.
                let own = returns.iter().sum::<f64>() / returns.len() as f64;
                let spacing = f64::from(*spacing_days);
                Self::Bootstrap {
                    start_log: libm::log(usd.get()),
                    daily: returns
                        .iter()
                        .map(|r| (r - own) / spacing + drift / DAYS_PER_YEAR)
                        .collect(),
                    spacing: *spacing_days,
                    goes_on: (1.0 - spacing / mean_block_days).max(0.0),
                }
            }
            PriceModel::Diffusion {
                usd,
                drift,
                volatility,
                jumps,
            } => {
                let jump_growth = jumps.map_or(0.0, |jumps| {
                    jumps.per_year * (libm::exp(jumps.mean + 0.5 * jumps.sd * jumps.sd) - 1.0)
                });
                Self::Diffusion {
                    start_log: libm::log(usd.get()),
                    drift: (drift - 0.5 * volatility * volatility - jump_growth) / DAYS_PER_YEAR,
                    sd: volatility / DAYS_PER_YEAR.sqrt(),
                    jumps: jumps.map(|jumps| Jumps {
                        per_year: jumps.per_year / DAYS_PER_YEAR,
                        ..jumps
                    }),
                }
            }
        }
    }
}

/// The price of one history.
pub struct Price<'p> {
    plan: &'p PricePlan,
    log: f64,
    diffusion: ChaCha8Rng,
    jumps: ChaCha8Rng,
    blocks: ChaCha8Rng,
    /// The past return that is being repeated.
    repeated: usize,
}

impl<'p> Price<'p> {
    /// The price on the eve.
    #[must_use]
    pub fn new(plan: &'p PricePlan, streams: Streams) -> Self {
        Self {
            plan,
            log: match plan {
                PricePlan::Diffusion { start_log, .. } | PricePlan::Bootstrap { start_log, .. } => {
                    *start_log
                }
                PricePlan::Known(_) => 0.0,
            },
            diffusion: streams.open(Purpose::BtcPrice, 0),
            jumps: streams.open(Purpose::PriceJump, 0),
            blocks: streams.open(Purpose::Bootstrap, 0),
            repeated: usize::MAX,
        }
    }

    fn price(&mut self) -> f64 {
        // A log price beyond these bounds is no price any more; they keep every product finite.
        self.log = self.log.clamp(-200.0, 200.0);
        libm::exp(self.log)
    }

    /// The price of `day`; days have to be asked for in order, from 0.
    pub fn next(&mut self, day: u32) -> f64 {
        match self.plan {
            PricePlan::Known(usd) => usd[(day as usize).min(usd.len() - 1)],
            PricePlan::Diffusion {
                drift, sd, jumps, ..
            } => {
                self.log += drift + sd * normal(&mut self.diffusion);
                if let Some(jumps) = jumps {
                    // Two draws a day, used or not: the stream stays in step with the calendar.
                    let count = poisson(&mut self.jumps, jumps.per_year) as f64;
                    let size = normal(&mut self.jumps);
                    self.log += count * jumps.mean + count.sqrt() * jumps.sd * size;
                }
                self.price()
            }
            PricePlan::Bootstrap {
                daily,
                spacing,
                goes_on,
                ..
            } => {
                if day.is_multiple_of(*spacing) {
                    // Two draws a return, used or not. The file is a ring: after its last return comes the first.
                    let (stays, place) = (uniform(&mut self.blocks), uniform(&mut self.blocks));
                    self.repeated = if self.repeated < daily.len() && stays < *goes_on {
                        (self.repeated + 1) % daily.len()
                    } else {
                        ((place * daily.len() as f64) as usize).min(daily.len() - 1)
                    };
                }
                self.log += daily[self.repeated];
                self.price()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse_scenario;

    fn bootstrap(drift: f64) -> PricePlan {
        let rows: Vec<String> = (0..200_u32)
            .map(|week| {
                let days = jiff::Span::new().days(i64::from(week) * 7);
                let date = jiff::civil::date(2020, 1, 6) + days;
                let swing = libm::sin(f64::from(week) * 1.7) * 0.2 + f64::from(week) * 0.01;
                format!("{date},{}", 20_000.0 * libm::exp(swing))
            })
            .collect();
        let rows = rows.join("\n");
        let changes = [
            "bitcoin.price.volatility=0.0".to_owned(),
            format!(
                "bitcoin.price={{ model = \"bootstrap\", file = \"p.csv\", usd = 95000.0, drift = {drift:?}, mean_block_days = 21.0 }}"
            ),
        ];
        let text = include_str!("../../scenarios/core.toml");
        let inputs = [("p.csv".to_owned(), format!("date,usd\n{rows}"))];
        let scenario =
            parse_scenario("core", text, &changes, &inputs).unwrap_or_else(|e| panic!("{e}"));
        PricePlan::new(&scenario.bitcoin.price)
    }

    #[test]
    fn bootstrapped_prices_repeat_runs_of_past_returns() {
        let plan = bootstrap(0.0);
        let PricePlan::Bootstrap {
            daily,
            spacing,
            goes_on,
            ..
        } = &plan
        else {
            panic!("it is a bootstrap");
        };
        assert_eq!((daily.len(), *spacing), (199, 7));
        assert!((goes_on - 2.0 / 3.0).abs() < 1e-12);
        let mut price = Price::new(&plan, Streams::new(1, 0));
        let mut before = 95_000.0_f64;
        let (mut runs, mut weeks, mut last) = (0, 0, None);
        for day in 0..3500 {
            let now = price.next(day);
            let growth = libm::log(now / before);
            before = now;
            let found = daily.iter().position(|r| (r - growth).abs() < 1e-9);
            let found = found.expect("every return is one of the past");
            if day % 7 == 0 {
                weeks += 1;
                runs += usize::from(last == Some((found + 198) % 199));
                last = Some(found);
            } else {
                assert_eq!(last, Some(found), "a week has one return");
            }
        }
        // A block goes on in two of three weeks: 333 of 500, standard deviation 11.
        assert!((280..390).contains(&runs), "{runs} of {weeks}");
    }

    #[test]
    fn bootstrapped_prices_grow_with_the_drift_and_not_with_that_of_the_file() {
        let plan = bootstrap(0.5);
        let n = 4000;
        let growth: Vec<f64> = (0..n)
            .map(|replica| {
                let mut price = Price::new(&plan, Streams::new(1, replica));
                let last = (0..364).map(|day| price.next(day)).last().unwrap();
                libm::log(last / 95_000.0)
            })
            .collect();
        let mean = growth.iter().sum::<f64>() / n as f64;
        let variance = growth.iter().map(|g| (g - mean) * (g - mean)).sum::<f64>() / n as f64;
        let error = (variance / n as f64).sqrt();
        let expected = 0.5 * 364.0 / DAYS_PER_YEAR;
        assert!(
            (mean - expected).abs() < 4.0 * error,
            "{mean} {expected} {error}"
        );
    }
}
