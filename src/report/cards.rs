//! The small tables at the top of a run's page, and its headline in words.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::classes::{class_name, classes};
use super::grid::{Cell, Grid, MISSING};
use super::page::Card;
use super::run::{COST_LINE, LEVELS, RunReport};
use crate::record::{ALL, Level};
use crate::resilience::loss::loss;
use crate::statistics::Summary;
use crate::units::number;

/// What follows from a share that is lost.
type Follows = fn(f64) -> f64;

/// A change of a share of less than this, in percent of the network, is called none.
const NO_CHANGE: f64 = 0.5;

impl RunReport<'_> {
    fn end(&self) -> usize {
        self.ensemble.last()
    }

    fn at(&self, date: usize, level: Level, name: &str, metric: &str) -> Option<&Summary> {
        let quantity = self.ensemble.find(level, name, metric)?;
        self.ensemble.summary(date, quantity)
    }

    fn median(&self, date: usize, level: Level, name: &str, metric: &str) -> Option<f64> {
        self.at(date, level, name, metric).map(middle)
    }

    /// What came out, in words.
    pub(super) fn headline(&self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(self.largest_in_words());
        lines.extend(self.movers_in_words());
        lines.extend(self.concentration_in_words());
        lines.extend(self.loss_in_words());
        lines.extend(self.costs_in_words());
        lines
    }

    fn largest_in_words(&self) -> Option<String> {
        let regions = self.scenario.regions.iter();
        let countries = regions.filter(|region| region.members == 1);
        let region = countries.max_by(|a, b| a.share.get().total_cmp(&b.share.get()))?;
        let start = self.median(0, Level::Region, &region.id, "share")?;
        let end = self.at(self.end(), Level::Region, &region.id, "share")?;
        let percent = |share: f64| number(100.0 * share, 1);
        let (name, first, last) = (&region.name, self.date(0), self.date(self.end()));
        if self.end() == 0 {
            return Some(format!(
                "{name}: {} % of the hash rate on {first}.",
                percent(start)
            ));
        }
        let mut text = format!(
            "{name}: from {} % of the hash rate on {first} to {} % on {last}",
            percent(start),
            percent(middle(end))
        );
        let _ = match end.replicas {
            1 => write!(text, " in a single history."),
            count => write!(
                text,
                "; nine tenths of {} histories end between {} and {} %.",
                number(count as f64, 0),
                number(100.0 * end.quantiles[0].value, 0),
                number(100.0 * end.quantiles[4].value, 0),
            ),
        };
        Some(text)
    }

    fn movers_in_words(&self) -> Option<String> {
        if self.end() == 0 {
            return None;
        }
        let mut changes: Vec<(&str, f64, f64, String)> = self
            .scenario
            .regions
            .iter()
            .filter_map(|region| {
                let start = self.median(0, Level::Region, &region.id, "share")?;
                let end = self.at(self.end(), Level::Region, &region.id, "share")?;
                let band = band(Some(end), 100.0, 0);
                Some((
                    region.name.as_str(),
                    100.0 * start,
                    100.0 * middle(end),
                    band,
                ))
            })
            .collect();
        changes.sort_by(|a, b| (b.2 - b.1).total_cmp(&(a.2 - a.1)));
        let (gains, loses) = (changes.first()?, changes.last()?);
        let told = |(name, start, end, band): &(&str, f64, f64, String)| {
            format!(
                "{name} ({} to {} %, nine tenths of the histories {band})",
                number(*start, 1),
                number(*end, 1)
            )
        };
        let gain = gains.2 - gains.1 >= NO_CHANGE;
        let lose = loses.1 - loses.2 >= NO_CHANGE;
        Some(match (gain, lose) {
            (true, true) => format!(
                "In the median most is gained by {}, and most lost by {}.",
                told(gains),
                told(loses)
            ),
            (true, false) => format!(
                "In the median most is gained by {}; no region loses half a point.",
                told(gains)
            ),
            (false, true) => format!(
                "In the median most is lost by {}; no region gains half a point.",
                told(loses)
            ),
            (false, false) => "In the median no region's share changes by half a point.".into(),
        })
    }

    fn concentration_in_words(&self) -> Option<String> {
        if self.end() == 0 {
            return None;
        }
        let start = self.at(0, Level::Region, ALL, "hhi_10000")?;
        let end = self.at(self.end(), Level::Region, ALL, "hhi_10000")?;
        let effective = |date| self.median(date, Level::Region, ALL, "effective_number");
        let (before, after) = (effective(0)?, effective(self.end())?);
        let change = middle(end) - middle(start);
        let error = end.quantiles[2].standard_error.unwrap_or(0.0);
        let word = if change.abs() <= 2.0 * error {
            "stays about as concentrated by region as it was"
        } else if change > 0.0 {
            "becomes more concentrated by region"
        } else {
            "becomes less concentrated by region"
        };
        let [low, high] = [0, 4].map(|quantile| end.quantiles[quantile].value);
        let sides = if low < middle(start) && middle(start) < high {
            ", on both sides of the start"
        } else {
            ""
        };
        Some(format!(
            "In the median mining {word}: the HHI goes from {} to {}, as much as {} equal regions would have instead of {}; nine tenths of the histories end between {} and {}{sides}.",
            number(middle(start), 0),
            number(middle(end), 0),
            number(after, 1),
            number(before, 1),
            number(low, 0),
            number(high, 0),
        ))
    }

    fn loss_in_words(&self) -> Option<String> {
        let share = self.median(self.end(), Level::Region, ALL, "top_1")?;
        let lost = loss(share, 0.0);
        Some(format!(
            "If the country with the largest share were lost at once at the end, {} % of the hash rate would go with it, and a block would take {} minutes until the difficulty follows after {} days.",
            number(100.0 * share, 0),
            number(lost.interval_minutes, 0),
            number(lost.retarget_days, 0),
        ))
    }

    fn costs_in_words(&self) -> Option<String> {
        let price = self.median(self.end(), Level::Network, ALL, "btc_price")?;
        let cost =
            |region: &str, metric: &str| self.median(self.end(), Level::Region, region, metric);
        let regions = &self.scenario.regions;
        let mut all_in: Vec<(&str, f64)> = regions
            .iter()
            .filter_map(|region| Some((region.name.as_str(), cost(&region.id, "all_in_cost_p50")?)))
            .collect();
        let electricity: Vec<f64> = regions
            .iter()
            .filter_map(|region| cost(&region.id, "electricity_cost_p50"))
            .collect();
        let lowest = electricity.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = electricity.iter().copied().fold(0.0, f64::max);
        if electricity.is_empty() {
            return None;
        }
        let mut text = format!(
            "Electricity for one bitcoin costs {} to {} USD at the end, from region to region (medians), at a median price of bitcoin of {} USD",
            thousands(lowest),
            thousands(highest),
            thousands(price)
        );
        all_in.sort_by(|a, b| a.1.total_cmp(&b.1));
        if let (Some(least), Some(most)) = (all_in.first(), all_in.last()) {
            let above = all_in.iter().filter(|(_, cost)| *cost > COST_LINE).count();
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "; with machines and sites written off, {} ({}) to {} USD ({}): in the median more than 100,000 in {above} of {} regions",
                thousands(least.1),
                least.0,
                thousands(most.1),
                most.0,
                all_in.len()
            );
        }
        text.push('.');
        Some(text)
    }

    /// The cards.
    pub(super) fn cards(&self) -> Vec<Card> {
        let mut cards = vec![self.share_card(), self.concentration_card()];
        cards.extend([self.nakamoto_card(), self.loss_card()]);
        cards.extend(self.cost_card());
        cards
    }

    fn share_card(&self) -> Card {
        let mut grid = Grid::new(["region", "start", "end", "90 % of replicas"]);
        let shares = self.scenario.regions.iter().map(|region| {
            let [start, end] =
                [0, self.end()].map(|date| self.at(date, Level::Region, &region.id, "share"));
            (region, start, end)
        });
        let shares: Vec<_> = shares.collect();
        let most = shares
            .iter()
            .flat_map(|(_, start, end)| [start, end])
            .flatten()
            .map(|share| middle(share))
            .fold(1e-9, f64::max);
        for (region, start, end) in shares {
            let cell = |share: Option<&Summary>| Cell {
                part: share.map(|share| middle(share) / most),
                ..Cell::from(text(share, 100.0, 1))
            };
            grid.row([
                region.name.as_str().into(),
                cell(start),
                cell(end),
                band(end, 100.0, 1).into(),
            ]);
        }
        Card {
            id: "card-shares",
            title: "Share of the hash rate, %".into(),
            grid,
            note: "Median of the replicas, on the first and the last day recorded.".into(),
            wide: false,
        }
    }

    fn levels(&self) -> Vec<(Level, &'static str)> {
        let known = |level: Level| self.ensemble.find(level, ALL, "hhi_10000").is_some();
        LEVELS
            .into_iter()
            .filter(|(level, _)| known(*level))
            .collect()
    }

    fn concentration_card(&self) -> Card {
        let mut grid = Grid::new(["", "start", "end", "90 % of replicas"]);
        for (level, name) in self.levels() {
            for (metric, what, decimals) in [
                ("hhi_10000", "HHI", 0),
                ("effective_number", "effective number", 1),
            ] {
                let [start, end] = [0, self.end()].map(|date| self.at(date, level, ALL, metric));
                grid.row([
                    format!("{name}: {what}").into(),
                    text(start, 1.0, decimals).into(),
                    text(end, 1.0, decimals).into(),
                    band(end, 1.0, decimals).into(),
                ]);
            }
        }
        Card {
            id: "card-concentration",
            title: "Concentration".into(),
            grid,
            note: "HHI: sum of squared shares times 10,000; 10,000 is a single one. Effective number: so many equal ones would be as concentrated.".into(),
            wide: false,
        }
    }

    fn nakamoto_card(&self) -> Card {
        let mut grid = Grid::new(["", "start", "end", "how often at the end"]);
        for (level, name) in self.levels() {
            let Some(quantity) = self.ensemble.find(level, ALL, "nakamoto_half") else {
                continue;
            };
            let [start, end] =
                [0, self.end()].map(|date| text(self.ensemble.summary(date, quantity), 1.0, 0));
            let counts = self
                .ensemble
                .counts()
                .iter()
                .find(|counts| counts.quantity == quantity);
            let often = counts.map_or_else(String::new, |counts| {
                often(
                    &counts.by_date[self.end()],
                    self.ensemble.summary(self.end(), quantity),
                )
            });
            grid.row([name.into(), start.into(), end.into(), often.into()]);
        }
        Card {
            id: "card-nakamoto",
            title: "Nakamoto coefficient".into(),
            grid,
            note: "The fewest that together have more than half of the hash rate: median of the replicas, and how often each value comes out; where there are many, what nine tenths of the replicas lie between.".into(),
            wide: false,
        }
    }

    fn loss_card(&self) -> Card {
        let mut grid = Grid::new([
            "the largest country is lost",
            "start",
            "end",
            "90 % of replicas",
        ]);
        let shares = [0, self.end()].map(|date| self.at(date, Level::Region, ALL, "top_1"));
        let rows: [(&str, Follows, usize); 3] = [
            ("hash rate lost, %", |share| 100.0 * share, 1),
            (
                "minutes a block",
                |share| loss(share, 0.0).interval_minutes,
                1,
            ),
            (
                "days to the retarget",
                |share| loss(share, 0.0).retarget_days,
                1,
            ),
        ];
        for (name, follows, decimals) in rows {
            let at = |summary: Option<&Summary>, quantile: usize| {
                summary.map_or_else(
                    || MISSING.into(),
                    |summary| number(follows(summary.quantiles[quantile].value), decimals),
                )
            };
            let [start, end] = shares;
            let band = format!("{} – {}", at(end, 0), at(end, 4));
            grid.row([
                name.into(),
                at(start, 2).into(),
                at(end, 2).into(),
                band.into(),
            ]);
        }
        Card {
            id: "card-loss",
            title: "N-1: without the largest country".into(),
            grid,
            note: "Lost at once at the start of an epoch, before anything is moved or bought; the difficulty then follows. What comes after is told by hashdrift stress.".into(),
            wide: false,
        }
    }

    /// Costs that nine tenths of the replicas lie between, 1,000 USD; where hardly anything runs, little hash rate carries the cost of
    /// all, and a number would say nothing.
    fn cost_band(&self, cost: Option<&Summary>) -> String {
        const MOST: f64 = 10.0;
        let price = self.median(self.end(), Level::Network, ALL, "btc_price");
        let most = price.map_or(f64::INFINITY, |price| MOST * price);
        match cost {
            Some(cost) if cost.quantiles[4].value > most => format!(
                "{} – over {}",
                number(1e-3 * cost.quantiles[0].value, 0),
                number((1e-5 * most).floor() * 100.0, 0)
            ),
            cost => band(cost, 1e-3, 0),
        }
    }

    fn cost_card(&self) -> Option<Card> {
        const SCOPES: [(&str, &str); 3] = [
            ("electricity_cost_p50", "electricity"),
            ("cash_cost_p50", "cash"),
            ("all_in_cost_p50", "all-in"),
        ];
        let known: Vec<(&str, &str)> = SCOPES
            .into_iter()
            .filter(|(metric, _)| {
                let mut regions = self.scenario.regions.iter();
                regions.any(|region| {
                    self.ensemble
                        .find(Level::Region, &region.id, metric)
                        .is_some()
                })
            })
            .collect();
        if known.is_empty() {
            return None;
        }
        let mut grid = Grid::default();
        grid.head.push("region".into());
        for (_, title) in &known {
            grid.head.push(format!("{title}, start"));
            grid.head.push("end".into());
            grid.head.push("90 % of replicas".into());
        }
        for region in &self.scenario.regions {
            let mut row = vec![Cell::from(region.name.as_str())];
            for (metric, _) in &known {
                let [start, end] =
                    [0, self.end()].map(|date| self.at(date, Level::Region, &region.id, metric));
                row.push(text(start, 1e-3, 0).into());
                row.push(text(end, 1e-3, 0).into());
                row.push(self.cost_band(end).into());
            }
            grid.rows.push(row);
        }
        Some(Card {
            id: "card-costs",
            title: "Cost of one bitcoin, 1,000 USD".into(),
            grid,
            note: "Of the machine in the middle of what runs in a region: electricity; cash, with what running costs besides; all-in, with machine and site written off at today's prices.".into(),
            wide: true,
        })
    }
}

/// Values of a count with how often each came out; of many values, what nine tenths of the replicas lie between.
fn often(counts: &[(u32, u32)], summary: Option<&Summary>) -> String {
    const SHOWN: usize = 5;
    let found: BTreeMap<u32, u64> = counts
        .iter()
        .map(|(value, replicas)| (*value, u64::from(*replicas)))
        .collect();
    let all: u64 = found.values().sum();
    let small: u64 = found.values().take(SHOWN - 1).sum();
    if found.len() > SHOWN && 2 * small < all {
        return format!("nine tenths in {}", band(summary, 1.0, 0));
    }
    let parts = classes(&found, SHOWN).into_iter().map(|class| {
        let replicas = found.range(class.0..=class.1).map(|(_, replicas)| replicas);
        // Exact: far below 2^53.
        let percent = number(100.0 * replicas.sum::<u64>() as f64 / all as f64, 0);
        format!("{}: {percent} %", class_name(class))
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn middle(summary: &Summary) -> f64 {
    summary.quantiles[2].value
}

fn text(summary: Option<&Summary>, factor: f64, decimals: usize) -> String {
    summary.map_or_else(
        || MISSING.into(),
        |summary| number(factor * middle(summary), decimals),
    )
}

fn band(summary: Option<&Summary>, factor: f64, decimals: usize) -> String {
    summary.map_or_else(
        || MISSING.into(),
        |summary| {
            let [low, high] =
                [0, 4].map(|index| number(factor * summary.quantiles[index].value, decimals));
            format!("{low} – {high}")
        },
    )
}

/// Money in full thousands.
fn thousands(usd: f64) -> String {
    number((usd / 1000.0).round() * 1000.0, 0)
}
