//! The price of one bitcoin, a day at a time.

use rand::rngs::ChaCha8Rng;

use crate::random::{Purpose, Streams, normal, poisson};
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
}

impl PricePlan {
    /// Prepares a price model.
    #[must_use]
    pub fn new(model: &PriceModel) -> Self {
        match model {
            PriceModel::Constant { usd } => Self::Known(vec![usd.get()]),
            PriceModel::Path { usd } => Self::Known(usd.clone()),
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
}

impl<'p> Price<'p> {
    /// The price on the eve.
    #[must_use]
    pub fn new(plan: &'p PricePlan, streams: Streams) -> Self {
        Self {
            plan,
            log: match plan {
                PricePlan::Diffusion { start_log, .. } => *start_log,
                PricePlan::Known(_) => 0.0,
            },
            diffusion: streams.open(Purpose::BtcPrice, 0),
            jumps: streams.open(Purpose::PriceJump, 0),
        }
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
                // A log price beyond these bounds is no price any more; they keep every product finite.
                self.log = self.log.clamp(-200.0, 200.0);
                libm::exp(self.log)
            }
        }
    }
}
