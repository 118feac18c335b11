//! `hashdrift sweep sensitivity`: which axes a metric hangs on.

use std::io::{self, Write};

use hashdrift::scenario::RandomNumbers;
use hashdrift::sweep::{Effect, sensitivity};
use hashdrift::units::significant;
use serde_json::json;

use super::super::text_table::{new_table, tidy};
use super::asked::Asked;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    asked: Asked,
}

pub fn print_sensitivity(arguments: &Arguments) -> anyhow::Result<()> {
    let told = arguments.asked.read()?;
    let (plan, series) = (told.plan(), &told.series);
    let found = sensitivity(plan, &told.points.positions, &series.rows)?;
    let axes = told.axes();
    let names =
        |effect: &Effect| -> Vec<&str> { effect.axes.iter().map(|axis| axes[*axis]).collect() };
    let mut out = io::stdout().lock();
    if arguments.asked.json {
        let effects = found.effects.iter().map(|effect| {
            json!({
                "axes": names(effect), "groups": effect.groups, "share": effect.share, "se": effect.error,
                "interval_90": effect.interval.map(|(low, high)| [low, high]),
                "rank_correlation": effect.rank_correlation,
            })
        });
        let text = json!({
            "metric": series.column.to_string(), "unit": series.column.unit, "date": series.date,
            "points": found.points, "mean": found.mean, "sd": found.sd, "axes": effects.collect::<Vec<_>>(),
            "noise": found.noise, "rest": found.rest,
        });
        serde_json::to_writer_pretty(&mut out, &text).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(
        out,
        "{} on {} at {} points: mean {}, sd {} {}\n{}",
        series.column,
        series.date,
        found.points,
        significant(found.mean),
        significant(found.sd),
        series.column.unit,
        told.left_out()
    )?;
    let header = ["axis", "% of variance", "se", "[90 %]", "rank correlation"];
    let mut table = new_table(&header, &[1, 2, 3, 4]);
    let percent = |share: f64| format!("{:.1}", share * 100.0);
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let mut effects: Vec<&Effect> = found.effects.iter().collect();
    effects.sort_by(|a, b| b.share.total_cmp(&a.share));
    for effect in effects {
        let interval = effect.interval;
        table.add_row([
            names(effect).join(" + "),
            percent(effect.share),
            or_dash(effect.error.map(percent)),
            or_dash(interval.map(|(low, high)| format!("[{}, {}]", percent(low), percent(high)))),
            or_dash(
                effect
                    .rank_correlation
                    .map(|correlation| format!("{correlation:+.2}")),
            ),
        ]);
    }
    let most = match plan.random_numbers {
        RandomNumbers::Common => "luck of the replicas, at most",
        RandomNumbers::Independent => "luck of the replicas",
    };
    for (name, share) in [
        (most, found.noise),
        ("interactions and the rest", Some(found.rest)),
    ] {
        table.add_row([name.to_owned(), or_dash(share.map(percent))]);
    }
    writeln!(out, "{}", tidy(&table))?;
    Ok(())
}
