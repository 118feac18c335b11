//! The tables of a stress test.

use std::sync::Arc;

use super::table::{Cells, Table, Text, table};
use crate::resilience::annual::AnnualLoss;
use crate::resilience::loss::Loss;
use crate::resilience::spread::SimulatedLoss;
use crate::resilience::twins::{MEASURES, Outcome, PATH_MEASURES, PATH_SHARES};
use crate::scenario::Scenario;
use crate::statistics::Summary;

/// A region, or one of the equal countries of an aggregate, lost at once on some day.
#[derive(Debug, Clone)]
pub struct RegionLoss {
    /// Which.
    pub name: String,
    /// When.
    pub date: String,
    /// What follows.
    pub loss: Loss,
}

/// One row for each region and date.
#[must_use]
pub fn region_loss_table(losses: &[RegionLoss]) -> Table {
    let number = |value: &dyn Fn(&RegionLoss) -> f64| {
        let cells = losses.iter().map(|row| {
            let value = value(row);
            value.is_finite().then_some(value)
        });
        Cells::Number(cells.collect())
    };
    let text = |value: &dyn Fn(&RegionLoss) -> &str| {
        Cells::Text(losses.iter().map(|row| value(row).into()).collect())
    };
    table([
        ("region", text(&|row| &row.name)),
        ("date", text(&|row| &row.date)),
        ("lost", number(&|row| row.loss.lost)),
        ("interval_minutes", number(&|row| row.loss.interval_minutes)),
        ("days_to_retarget", number(&|row| row.loss.retarget_days)),
        ("difficulty_ratio", number(&|row| row.loss.difficulty_ratio)),
        (
            "interval_after_minutes",
            number(&|row| row.loss.interval_after_minutes),
        ),
    ])
}

/// Case, measure, unit and its summary.
type Row<'a> = (Arc<str>, Arc<str>, Arc<str>, Option<&'a Summary>);

/// One row for each case and measure: the median and its band, the mean and its standard error.
#[must_use]
pub fn twins_table(scenario: &Scenario, outcomes: &[Outcome]) -> Table {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for outcome in outcomes {
        let case: Arc<str> = outcome.name.as_str().into();
        for ((measure, unit), summary) in MEASURES.iter().zip(&outcome.measures) {
            let (measure, unit) = (Arc::from(*measure), Arc::from(*unit));
            rows.push((case.clone(), measure, unit, summary.as_ref()));
        }
        for (region, summary) in scenario.regions.iter().zip(&outcome.share_change) {
            let measure = format!("share_change_365_days {}", region.id);
            let row = (
                case.clone(),
                measure.into(),
                "share".into(),
                summary.as_ref(),
            );
            rows.push(row);
        }
    }
    let number = |value: &dyn Fn(&Summary) -> Option<f64>| {
        Cells::Number(rows.iter().map(|(.., s)| s.and_then(value)).collect())
    };
    table([
        (
            "case",
            Cells::Text(rows.iter().map(|row| row.0.clone()).collect()),
        ),
        (
            "measure",
            Cells::Text(rows.iter().map(|row| row.1.clone()).collect()),
        ),
        (
            "unit",
            Cells::Text(rows.iter().map(|row| row.2.clone()).collect()),
        ),
        (
            "replicas",
            Cells::Integer(
                rows.iter()
                    .map(|(.., s)| s.map_or(0, |s| s.replicas as i64))
                    .collect(),
            ),
        ),
        ("mean", number(&|s| Some(s.mean))),
        ("mean_se", number(&|s| s.standard_error)),
        ("p05", number(&|s| Some(s.quantiles[0].value))),
        ("p50", number(&|s| Some(s.quantiles[2].value))),
        ("p50_se", number(&|s| s.quantiles[2].standard_error)),
        ("p95", number(&|s| Some(s.quantiles[4].value))),
    ])
}

/// One row for each case, day of its path and measure, over the pairs.
#[must_use]
pub fn paths_table(scenario: &Scenario, outcomes: &[Outcome]) -> Table {
    let network = PATH_MEASURES.map(|(measure, unit)| (Arc::from(measure), Arc::from(unit)));
    let shares = PATH_SHARES.iter().flat_map(|measure| {
        let regions = scenario.regions.iter();
        regions.map(move |region| (format!("{measure} {}", region.id).into(), "share".into()))
    });
    let measures: Vec<(Arc<str>, Arc<str>)> = network.into_iter().chain(shares).collect();
    let [mut cases, mut dates, mut names, mut units] = <[Text; 4]>::default();
    let mut days = Vec::new();
    let mut summaries: Vec<Option<&Summary>> = Vec::new();
    for outcome in outcomes {
        let case: Arc<str> = outcome.name.as_str().into();
        for day in &outcome.path {
            let date: Arc<str> = scenario.date(day.day).to_string().into();
            for ((measure, unit), summary) in measures.iter().zip(&day.measures) {
                cases.push(case.clone());
                dates.push(date.clone());
                days.push(i64::from(day.since));
                names.push(measure.clone());
                units.push(unit.clone());
                summaries.push(summary.as_ref());
            }
        }
    }
    let number = |value: &dyn Fn(&Summary) -> Option<f64>| {
        Cells::Number(summaries.iter().map(|s| s.and_then(value)).collect())
    };
    let quantile = |index: usize| number(&|s| Some(s.quantiles[index].value));
    let replicas = summaries
        .iter()
        .map(|s| s.map_or(0, |s| s.replicas as i64))
        .collect();
    table([
        ("case", Cells::Text(cases)),
        ("date", Cells::Text(dates)),
        ("day", Cells::Integer(days)),
        ("measure", Cells::Text(names)),
        ("unit", Cells::Text(units)),
        ("replicas", Cells::Integer(replicas)),
        ("mean", number(&|s| Some(s.mean))),
        ("se", number(&|s| s.standard_error)),
        ("p05", quantile(0)),
        ("p25", quantile(1)),
        ("p50", quantile(2)),
        ("p75", quantile(3)),
        ("p95", quantile(4)),
    ])
}

/// One row for each network and threat.
#[must_use]
pub fn annual_loss_table(losses: &[AnnualLoss]) -> Table {
    let number = |value: &dyn Fn(&AnnualLoss) -> f64| {
        Cells::Number(losses.iter().map(|loss| Some(value(loss))).collect())
    };
    let text = |value: &dyn Fn(&AnnualLoss) -> &str| {
        Cells::Text(losses.iter().map(|loss| value(loss).into()).collect())
    };
    table([
        ("threat", text(&|loss| &loss.threat)),
        ("network", text(&|loss| &loss.network)),
        ("hhi", number(&|loss| loss.hhi)),
        ("mean", number(&|loss| loss.mean)),
        ("sd", number(&|loss| loss.sd.value)),
        ("sd_se", number(&|loss| loss.sd.standard_error)),
        ("var_95", number(&|loss| loss.var_95.value)),
        ("var_95_se", number(&|loss| loss.var_95.standard_error)),
        ("es_95", number(&|loss| loss.es_95.value)),
        ("es_95_se", number(&|loss| loss.es_95.standard_error)),
        ("over_third", number(&|loss| loss.over_third.value)),
        (
            "over_third_se",
            number(&|loss| loss.over_third.standard_error),
        ),
        ("over_half", number(&|loss| loss.over_half.value)),
        (
            "over_half_se",
            number(&|loss| loss.over_half.standard_error),
        ),
    ])
}

/// One row for each network and threat, over simulated years.
#[must_use]
pub fn simulated_loss_table(losses: &[SimulatedLoss]) -> Table {
    let number = |value: &dyn Fn(&SimulatedLoss) -> f64| {
        Cells::Number(losses.iter().map(|loss| Some(value(loss))).collect())
    };
    let text = |value: &dyn Fn(&SimulatedLoss) -> &str| {
        Cells::Text(losses.iter().map(|loss| value(loss).into()).collect())
    };
    table([
        ("threat", text(&|loss| &loss.threat)),
        ("network", text(&|loss| &loss.network)),
        (
            "years",
            Cells::Integer(losses.iter().map(|loss| loss.years as i64).collect()),
        ),
        ("mean", number(&|loss| loss.mean.value)),
        ("mean_se", number(&|loss| loss.mean.standard_error)),
        ("sd", number(&|loss| loss.sd)),
        ("var_95", number(&|loss| loss.var_95.value)),
        ("var_95_se", number(&|loss| loss.var_95.standard_error)),
        ("es_95", number(&|loss| loss.es_95)),
    ])
}
