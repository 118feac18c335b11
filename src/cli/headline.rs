//! The short answer of a run: headline metrics and regions, at the start and at the end.

use std::fmt::Write;
use std::path::PathBuf;

use hashdrift::ensemble::Ensemble;
use hashdrift::record::{ALL, Level};
use hashdrift::scenario::Scenario;
use hashdrift::statistics::Summary;
use hashdrift::units::number;
use serde_json::{Value, json};
use terminal_size::terminal_size_of;

use super::text_table::{new_table, tidy};

/// Headline metrics: label, level, metric, unit shown, factor, decimals.
const HEADLINES: [(&str, Level, &str, &str, f64, usize); 20] = [
    ("Bitcoin price", Level::Network, "btc_price", "USD", 1.0, 0),
    (
        "Hash rate, running",
        Level::Network,
        "hash_rate",
        "EH/s",
        1.0,
        0,
    ),
    (
        "Hash rate, idle",
        Level::Network,
        "idle_hash_rate",
        "EH/s",
        1.0,
        0,
    ),
    (
        "Hashprice",
        Level::Network,
        "hashprice",
        "USD/PH/day",
        1.0,
        1,
    ),
    ("Power", Level::Network, "power", "GW", 1e-3, 1),
    ("Efficiency", Level::Network, "efficiency", "J/TH", 1.0, 1),
    (
        "Emissions",
        Level::Network,
        "emissions",
        "MtCO2/year",
        1.0,
        0,
    ),
    (
        "Regions: HHI",
        Level::Region,
        "hhi_10000",
        "0-10,000",
        1.0,
        0,
    ),
    (
        "Regions: effective number",
        Level::Region,
        "effective_number",
        "",
        1.0,
        2,
    ),
    (
        "Regions: Nakamoto (> 1/2)",
        Level::Region,
        "nakamoto_half",
        "",
        1.0,
        0,
    ),
    (
        "Regions: largest share",
        Level::Region,
        "top_1",
        "%",
        100.0,
        1,
    ),
    ("Firms: HHI", Level::Firm, "hhi_10000", "0-10,000", 1.0, 0),
    (
        "Firms: effective number",
        Level::Firm,
        "effective_number",
        "",
        1.0,
        1,
    ),
    (
        "Firms: Nakamoto (> 1/2)",
        Level::Firm,
        "nakamoto_half",
        "",
        1.0,
        0,
    ),
    ("Pools: HHI", Level::Pool, "hhi_10000", "0-10,000", 1.0, 0),
    (
        "Pools: Nakamoto (> 1/2)",
        Level::Pool,
        "nakamoto_half",
        "",
        1.0,
        0,
    ),
    (
        "AI compute: on devices",
        Level::Ai,
        "edge_share",
        "%",
        100.0,
        1,
    ),
    (
        "AI compute: HHI",
        Level::Ai,
        "hhi_10000",
        "0-10,000",
        1.0,
        0,
    ),
    (
        "AI compute: largest share",
        Level::Ai,
        "top_1",
        "%",
        100.0,
        1,
    ),
    ("Sites let to AI", Level::Ai, "converted", "GW", 1e-3, 2),
];

/// What a bitcoin costs in each region: metric of each part of what runs, title.
const COSTS: [(&str, &str); 3] = [
    ("electricity_cost", "electricity"),
    ("cash_cost", "cash"),
    ("all_in_cost", "all-in"),
];
/// Parts of what runs, cheapest first, at which a cost is shown: the middle, then the tenth and the nine tenths.
const PARTS: [&str; 3] = ["p50", "p10", "p90"];

/// What is shown of each region: metric, unit shown, factor, decimals.
const REGIONS: [(&str, &str, f64, usize); 3] = [
    ("share", "%", 100.0, 1),
    ("power", "MW", 1.0, 0),
    ("delivered_power_price", "USD/MWh", 1.0, 1),
];

/// The tables for people, with small pictures of the medians over time where there are as many columns as they need.
pub fn table(scenario: &Scenario, ensemble: &Ensemble, columns: usize) -> String {
    let (first, last) = (0, ensemble.last());
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{}: {} replicas, seed {}\nstart {}, end {}; median of replicas [5 %, 95 %], and the standard error of the median\n",
        scenario.name,
        ensemble.replicas,
        scenario.seed,
        ensemble.dates[first].1,
        ensemble.dates[last].1,
    );
    let mut notes = Notes {
        replicas: ensemble.replicas as usize,
        fewest: ensemble.replicas as usize,
    };
    let sparklines = columns >= WIDTH_OF_METRICS;
    let drawn = |quantity: usize| sparklines.then(|| sparkline(ensemble, quantity));
    let titles = ["", "start", "end", "[5 %, 95 %]", "se", "unit"];
    let mut metrics = new_table(
        &titles
            .into_iter()
            .chain(sparklines.then_some("median, from 0"))
            .collect::<Vec<_>>(),
        &[1, 2, 3, 4],
    );
    for (label, level, metric, unit, factor, decimals) in HEADLINES {
        let Some(quantity) = ensemble.find(level, ALL, metric) else {
            continue;
        };
        let start = ensemble.summary(first, quantity);
        let end = ensemble.summary(last, quantity);
        let cells = [
            label.to_owned(),
            median(start, factor, decimals),
            format!("{}{}", notes.mark(end), median(end, factor, decimals)),
            band(end, factor, decimals),
            median_error(end, factor, decimals),
            unit.to_owned(),
        ];
        metrics.add_row(cells.into_iter().chain(drawn(quantity)));
    }
    let _ = writeln!(text, "{}\n", tidy(&metrics));

    let titles = [
        "region",
        "share %",
        "end",
        "[5 %, 95 %]",
        "se",
        "MW running",
        "end",
        "[5 %, 95 %]",
        "USD/MWh delivered",
        "end",
        "[5 %, 95 %]",
    ];
    let sparklines = columns >= WIDTH_OF_REGIONS;
    let drawn = |quantity: usize| sparklines.then(|| sparkline(ensemble, quantity));
    let titles: Vec<&str> = titles
        .into_iter()
        .chain(sparklines.then_some("share, from 0"))
        .collect();
    let mut regions = new_table(&titles, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for region in &scenario.regions {
        let mut row = vec![region.name.clone()];
        for (column, (metric, _, factor, decimals)) in REGIONS.into_iter().enumerate() {
            let Some(quantity) = ensemble.find(Level::Region, &region.id, metric) else {
                continue;
            };
            let end = ensemble.summary(last, quantity);
            row.push(median(ensemble.summary(first, quantity), factor, decimals));
            row.push(format!(
                "{}{}",
                notes.mark(end),
                median(end, factor, decimals)
            ));
            row.push(band(end, factor, decimals));
            if column == 0 {
                row.push(median_error(end, factor, decimals));
            }
        }
        let share = ensemble.find(Level::Region, &region.id, REGIONS[0].0);
        row.extend(share.and_then(drawn));
        regions.add_row(row);
    }
    let _ = writeln!(text, "{}", tidy(&regions));
    text.push_str(&costs(scenario, ensemble));
    if notes.fewest < notes.replicas {
        let _ = writeln!(
            text,
            "\n* not defined in every replica (nothing runs there, or at all): over at least {} of {}; means.csv has the number of each",
            notes.fewest, notes.replicas
        );
    }
    text
}

/// What a bitcoin costs by region, where all scopes are reckoned.
fn costs(scenario: &Scenario, ensemble: &Ensemble) -> String {
    let find = |region: &str, metric: &str, part: &str| {
        ensemble.find(Level::Region, region, &format!("{metric}_{part}"))
    };
    let known = |region: &str| {
        COSTS
            .iter()
            .all(|(metric, _)| find(region, metric, "p50").is_some())
    };
    if !scenario.regions.iter().all(|region| known(&region.id)) {
        return String::new();
    }
    let titles = COSTS.iter().flat_map(|(_, title)| [*title, "end"]);
    let header: Vec<&str> = std::iter::once("1,000 USD a bitcoin")
        .chain(titles)
        .collect();
    let mut table = new_table(&header, &[1, 2, 3, 4, 5, 6]);
    for region in &scenario.regions {
        let mut row = vec![region.name.clone()];
        for (metric, _) in COSTS {
            for date in [0, ensemble.last()] {
                let [middle, low, high] = PARTS.map(|part| {
                    let quantity = find(&region.id, metric, part);
                    let summary = quantity.and_then(|quantity| ensemble.summary(date, quantity));
                    median(summary, 1e-3, 0)
                });
                row.push(format!("{middle} ({low}-{high})"));
            }
        }
        table.add_row(row);
    }
    format!(
        "\n{}\n\n(10 %-90 %) of what runs in the region, by cost of electricity; all-in: machine and site written off at today's prices\n",
        tidy(&table)
    )
}

/// Columns of a sparkline.
const SPARKS: usize = 16;
/// Columns that the tables take with sparklines, about: where there are fewer, lines would break.
const WIDTH_OF_METRICS: usize = 100;
const WIDTH_OF_REGIONS: usize = 165;

/// The medians of a quantity over time in one line of text, from 0 to the highest.
fn sparkline(ensemble: &Ensemble, quantity: usize) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let dates = ensemble.dates.len();
    let columns = SPARKS.min(dates);
    // Evenly chosen record days, the first and the last among them.
    let medians: Vec<Option<f64>> = (0..columns)
        .map(|column| column * (dates - 1) / (columns - 1).max(1))
        .map(|date| Some(ensemble.summary(date, quantity)?.quantiles[2].value))
        .collect();
    let highest = medians.iter().flatten().copied().fold(0.0, f64::max);
    let height = |median: &Option<f64>| match median {
        Some(median) if highest > 0.0 => {
            let step = median.max(0.0) / highest * (HEIGHTS.len() - 1) as f64;
            HEIGHTS[step.round() as usize]
        }
        Some(_) => HEIGHTS[0],
        None => ' ',
    };
    medians.iter().map(height).collect()
}

/// Columns of the terminal that standard output is, if it has the signs of a sparkline; otherwise none.
pub fn columns_for_sparklines() -> usize {
    let unicode = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(std::env::var_os)
        .find(|value| !value.is_empty())
        .is_some_and(|value| {
            let value = value.to_string_lossy().to_ascii_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        });
    let columns = terminal_size_of(std::io::stdout()).map_or(0, |(width, _)| width.0.into());
    if unicode || cfg!(windows) { columns } else { 0 }
}

/// Marks numbers that not every replica has a part in.
struct Notes {
    replicas: usize,
    fewest: usize,
}

impl Notes {
    fn mark(&mut self, summary: Option<&Summary>) -> &'static str {
        let count = summary.map_or(0, |summary| summary.replicas);
        self.fewest = self.fewest.min(count);
        if count < self.replicas { "* " } else { "" }
    }
}

/// The same numbers for machines.
pub fn json(
    scenario: &Scenario,
    ensemble: &Ensemble,
    warnings: &[String],
    files: &[PathBuf],
) -> Value {
    let at = |date: usize, level, name: &str, metric: &str| {
        ensemble
            .find(level, name, metric)
            .and_then(|quantity| ensemble.summary(date, quantity))
            .map_or(Value::Null, summary_json)
    };
    let span = |level: Level, name: &str, metric: &str, unit: &str| {
        json!({
            "level": level.as_str(), "name": name, "metric": metric, "unit": unit,
            "start": at(0, level, name, metric),
            "end": at(ensemble.last(), level, name, metric),
        })
    };
    let unit_of = |level, name: &str, metric: &str| {
        ensemble
            .find(level, name, metric)
            .map_or("", |quantity| ensemble.quantities[quantity].unit)
    };
    let mut metrics: Vec<Value> = HEADLINES
        .iter()
        .filter(|(_, level, metric, ..)| ensemble.find(*level, ALL, metric).is_some())
        .map(|(_, level, metric, ..)| span(*level, ALL, metric, unit_of(*level, ALL, metric)))
        .collect();
    for region in &scenario.regions {
        let metrics_of_region = REGIONS
            .iter()
            .map(|(metric, ..)| (*metric).to_owned())
            .chain(COSTS.iter().map(|(metric, _)| format!("{metric}_p50")))
            .filter(|metric| ensemble.find(Level::Region, &region.id, metric).is_some());
        for metric in metrics_of_region {
            let unit = unit_of(Level::Region, &region.id, &metric);
            metrics.push(span(Level::Region, &region.id, &metric, unit));
        }
    }
    json!({
        "scenario": scenario.name,
        "scenario_sha256": scenario.source.digest(),
        "replicas": ensemble.replicas,
        "seed": scenario.seed,
        "start": ensemble.dates[0].1.to_string(),
        "end": ensemble.dates[ensemble.last()].1.to_string(),
        "warnings": warnings,
        "metrics": metrics,
        "files": files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>(),
    })
}

fn summary_json(summary: &Summary) -> Value {
    let [p05, p25, p50, p75, p95] = summary.quantiles.map(|quantile| quantile.value);
    json!({
        "replicas": summary.replicas,
        "mean": summary.mean, "mean_se": summary.standard_error, "sd": summary.sd,
        "p05": p05, "p25": p25, "p50": p50, "p75": p75, "p95": p95,
        "p50_se": summary.quantiles[2].standard_error,
    })
}

fn median(summary: Option<&Summary>, factor: f64, decimals: usize) -> String {
    summary.map_or_else(missing, |summary| {
        number(summary.quantiles[2].value * factor, decimals)
    })
}

fn median_error(summary: Option<&Summary>, factor: f64, decimals: usize) -> String {
    summary
        .and_then(|summary| summary.quantiles[2].standard_error)
        .map_or_else(missing, |error| number(error * factor, decimals + 1))
}

fn band(summary: Option<&Summary>, factor: f64, decimals: usize) -> String {
    summary.map_or_else(missing, |summary| {
        let low = number(summary.quantiles[0].value * factor, decimals);
        let high = number(summary.quantiles[4].value * factor, decimals);
        format!("[{low}, {high}]")
    })
}

fn missing() -> String {
    "-".into()
}
