//! `hashdrift stress`: what the network loses when a country is lost.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use hashdrift::ensemble::run_with;
use hashdrift::output::{
    METADATA_FILE, Metadata, OutputError, RegionLoss, ScenarioText, StressOptions, Table,
    TableDigest, annual_loss_table, paths_table, region_loss_table, simulated_loss_table,
    table_json, twins_table, write_csv,
};
use hashdrift::record::Level;
use hashdrift::resilience::annual::{AnnualLoss, annual_losses, networks, threats};
use hashdrift::resilience::loss::loss;
use hashdrift::resilience::spread::{SimulatedLoss, simulate_years, simulated_threats};
use hashdrift::resilience::twins::{
    Case, MEASURES, Outcome, calm, compare, losses_of_regions, terms_of,
};
use hashdrift::scenario::{Scenario, load_scenario};
use hashdrift::statistics::Summary;
use hashdrift::units::number;
use serde_json::json;

use super::interrupt::{FolderInCare, Interrupt, stop_on_interrupt};
use super::progress::ReplicaProgress;
use super::text_table::{new_table, tidy};
use super::{Began, Common, InvalidUse, ScenarioArguments, warn};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Pairs of twins for each case
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    replicas: u32,
    /// Day on which a region is lost
    #[arg(long, value_name = "DAY", default_value_t = 180)]
    at: u32,
    /// Compare with another scenario instead of losing each region: the same world with more events (repeatable)
    #[arg(long = "with", value_name = "SCENARIO")]
    with: Vec<PathBuf>,
    /// Yearly rate of a ban in every country, where all are to be threatened alike
    #[arg(long, value_name = "RATE", default_value_t = 0.1, value_parser = parse_rate)]
    hazard: f64,
    /// Simulated years for each network and threat; 0 leaves them out
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    years: u32,
    /// Folder for the tables; if it exists, a numbered one beside it [default: results/SCENARIO-stress]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Print the numbers as JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Part of a country's hash rate that a ban takes, where all are to be threatened alike.
const COMPLIANCE: f64 = 0.97;
/// Years that twins are followed after the event.
const YEARS_AFTER: u32 = 2;
const TABLES: [&str; 5] = [
    "region-loss.csv",
    "twins.csv",
    "paths.csv",
    "annual-loss.csv",
    "simulated-loss.csv",
];

pub fn stress(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let began = Began::now();
    let scenario = arguments
        .scenario
        .load(Some(arguments.replicas), common.quiet)?;
    let mut overrides = arguments.scenario.overrides().to_vec();
    overrides.push(format!("seed={}", scenario.seed));
    overrides.push(format!("replicas={}", scenario.replicas));
    let others = arguments.with.iter();
    let others: Vec<Scenario> = others
        .map(|file| load_scenario(file, &overrides))
        .collect::<Result<_, _>>()?;
    let options = StressOptions {
        at: arguments.at,
        hazard: arguments.hazard,
        years: arguments.years,
        with: others
            .iter()
            .map(|other| ScenarioText::new(&other.name, &other.source))
            .collect(),
    };
    let question = Question::new(scenario, others, options)?;
    let wanted = arguments.out.clone().unwrap_or_else(|| {
        Path::new("results").join(format!("{}-stress", arguments.scenario.stem()))
    });
    let folder = FolderInCare::default();
    let stop = stop_on_interrupt(&folder, Interrupt::InOrder);
    let path = folder.make(&wanted, false)?;

    let answer = Answer::to(&question, &stop, common.quiet)?;
    let warnings = answer.warnings();
    if !common.quiet {
        for warning in &warnings {
            warn(warning);
        }
    }
    let tables = answer.tables(&question);
    let written = write_tables(&tables, &path)?;
    let Question {
        scenario, options, ..
    } = &question;
    let circumstances = began.circumstances(false);
    Metadata::of_stress(scenario, options.clone(), warnings, circumstances, written)
        .write(&path)?;
    let files: Vec<&str> = TABLES.into_iter().chain([METADATA_FILE]).collect();
    folder.keep(&files);

    let mut out = io::stdout().lock();
    if arguments.json {
        // The paths are far longer than all the rest, and in their file.
        let [regions, twins, _, annual, simulated] = tables.each_ref();
        let text = json!({
            "scenario": scenario.name, "scenario_sha256": scenario.source.digest(),
            "seed": scenario.seed, "replicas": scenario.replicas,
            "region_loss": table_json(regions), "twins": table_json(twins),
            "annual_loss": table_json(annual), "simulated_loss": table_json(simulated),
        });
        serde_json::to_writer_pretty(&mut out, &text).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    write!(out, "{}", text(&question, &answer))?;
    write!(out, "{}", simulated_text(&answer.simulated))?;
    if !common.quiet {
        writeln!(out)?;
        for file in files {
            writeln!(out, "{}", path.join(file).display())?;
        }
    }
    Ok(())
}

/// Answers again what the metadata of a stress test asks, into `folder`; returns the digests.
pub fn again(
    scenario: Scenario,
    others: Vec<Scenario>,
    options: StressOptions,
    folder: &Path,
    stop: &AtomicBool,
    quiet: bool,
) -> anyhow::Result<Vec<TableDigest>> {
    let question = Question::new(scenario, others, options)?;
    let answer = Answer::to(&question, stop, quiet)?;
    Ok(write_tables(&answer.tables(&question), folder)?)
}

fn write_tables(tables: &[Table; 5], folder: &Path) -> Result<Vec<TableDigest>, OutputError> {
    let tables = tables.iter().zip(TABLES);
    tables
        .map(|(table, file)| write_csv(table, &folder.join(file)))
        .collect()
}

/// What is asked of a scenario.
struct Question {
    scenario: Scenario,
    options: StressOptions,
    /// The scenario as twins meet it.
    base: Scenario,
    /// What it is compared with.
    cases: Vec<Case>,
}

impl Question {
    /// Compares with `others`, or loses each region if there are none.
    fn new(
        scenario: Scenario,
        others: Vec<Scenario>,
        options: StressOptions,
    ) -> Result<Self, InvalidUse> {
        let (base, cases) = if others.is_empty() {
            lose_each_region(&scenario, options.at)?
        } else {
            compare_with(&scenario, others)?
        };
        Ok(Self {
            scenario,
            options,
            base,
            cases,
        })
    }
}

/// What comes out.
struct Answer {
    lost: Vec<RegionLoss>,
    outcomes: Vec<Outcome>,
    annual: Vec<AnnualLoss>,
    simulated: Vec<SimulatedLoss>,
}

impl Answer {
    /// Simulates what it takes to answer, with a progress bar, until `stop` is set.
    fn to(question: &Question, stop: &AtomicBool, quiet: bool) -> anyhow::Result<Self> {
        let Question {
            scenario,
            options,
            base,
            cases,
        } = question;
        let lost = region_losses(base)?;
        let progress = ReplicaProgress::new(base.replicas, quiet);
        let outcomes = compare(base, cases, stop, &progress);
        progress.finish();
        let outcomes = outcomes?;
        let networks = networks(scenario);
        let annual = annual_losses(
            scenario.seed,
            &networks,
            &threats(scenario, options.hazard, COMPLIANCE),
        );
        // With scenarios to compare, the question is another.
        let simulated = if options.with.is_empty() && options.years > 0 {
            let threats = simulated_threats(scenario, options.hazard);
            let progress = ReplicaProgress::new(options.years, quiet);
            let years = options.years;
            let simulated = simulate_years(scenario, &networks, &threats, years, stop, &progress);
            progress.finish();
            simulated?
        } else {
            Vec::new()
        };
        Ok(Self {
            lost,
            outcomes,
            annual,
            simulated,
        })
    }

    /// Of twins that are none.
    fn warnings(&self) -> Vec<String> {
        let differ = self.outcomes.iter().filter_map(|outcome| {
            let before = outcome.measures[BEFORE].as_ref().map_or(1.0, |s| s.mean);
            ((before - 1.0).abs() > 1e-9).then(|| format!(
                "{}: its hash rate is {before:.3} of the scenario's on the eve of the event; it differs by more than events, and what is lost is not the event's alone",
                outcome.name
            ))
        });
        differ.collect()
    }

    /// In the order of their files.
    fn tables(&self, question: &Question) -> [Table; 5] {
        [
            region_loss_table(&self.lost),
            twins_table(&question.base, &self.outcomes),
            paths_table(&question.base, &self.outcomes),
            annual_loss_table(&self.annual),
            simulated_loss_table(&self.simulated),
        ]
    }
}

/// The scenario as twins meet it, and the loss of each of its regions on the day `at`.
fn lose_each_region(scenario: &Scenario, at: u32) -> Result<(Scenario, Vec<Case>), InvalidUse> {
    if at >= scenario.days {
        return Err(InvalidUse(format!(
            "--at {at} is after the last of the {} days\nchoose an earlier day, or raise `days`",
            scenario.days
        )));
    }
    let base = calm(scenario, last_day(at));
    let cases = losses_of_regions(scenario, at, None)
        .into_iter()
        .map(|case| Case {
            scenario: calm(&case.scenario, base.days),
            ..case
        });
    let cases = cases.collect();
    Ok((base, cases))
}

/// The scenario as twins meet it, and others that have more events.
fn compare_with(
    scenario: &Scenario,
    others: Vec<Scenario>,
) -> Result<(Scenario, Vec<Case>), InvalidUse> {
    let regions = |scenario: &Scenario| -> Vec<String> {
        scenario.regions.iter().map(|r| r.id.clone()).collect()
    };
    let first_new = |other: &Scenario| {
        let new = other.events.iter().filter(|e| !scenario.events.contains(e));
        new.map(|event| event.start.max(0).cast_unsigned()).min()
    };
    let mut cases = Vec::new();
    for other in others {
        let file = &other.source.file;
        if regions(&other) != regions(scenario) || other.start != scenario.start {
            return Err(InvalidUse(format!(
                "{file} has other regions or another start than the scenario it is to be a twin of\ntwins differ by their events alone; let it extend the scenario"
            )));
        }
        let Some(day) = first_new(&other) else {
            return Err(InvalidUse(format!(
                "{file} has no event that the scenario does not have\nadd [[events]] to it"
            )));
        };
        let days = scenario.days.min(other.days);
        if day >= days {
            return Err(InvalidUse(format!(
                "the first event of {file} that the scenario does not have is on day {day}, after the last of the {days} days\nlet it begin earlier, or raise `days`"
            )));
        }
        cases.push(Case {
            name: other.name.clone(),
            scenario: other,
            day,
        });
    }
    let last = cases.iter().map(|case| case.day).max().unwrap_or(0);
    let base = calm(scenario, last_day(last));
    for case in &mut cases {
        case.scenario = calm(&case.scenario, base.days);
    }
    Ok((base, cases))
}

fn last_day(event: u32) -> u32 {
    event.saturating_add(YEARS_AFTER * 366 + 2)
}

/// What follows when a region is lost at once, at its mean share on every record day; bans are followed as the scenario says,
/// otherwise as by default.
fn region_losses(base: &Scenario) -> anyhow::Result<Vec<RegionLoss>> {
    let ensemble = run_with(base, &hashdrift::ensemble::Options::default())?;
    let mut losses = Vec::new();
    for date in 0..ensemble.dates.len() {
        for (r, region) in base.regions.iter().enumerate() {
            let share = ensemble
                .find(Level::Region, &region.id, "share")
                .and_then(|quantity| ensemble.summary(date, quantity))
                .map_or(0.0, |summary| summary.mean);
            let name = if region.members > 1 {
                format!("{} (one of {})", region.name, region.members)
            } else {
                region.name.clone()
            };
            let part = terms_of(base, r).compliance / f64::from(region.members);
            losses.push(RegionLoss {
                name,
                date: ensemble.dates[date].1.to_string(),
                loss: loss(share * part, 0.0),
            });
        }
    }
    Ok(losses)
}

/// Measures shown to people: position among all, title, factor, decimals.
const SHOWN: [(usize, &str, f64, usize); 9] = [
    (2, "1 day", 100.0, 1),
    (3, "7 days", 100.0, 1),
    (4, "30 days", 100.0, 1),
    (6, "deepest", 100.0, 1),
    (7, "slowest min", 1.0, 1),
    (8, "without", 1.0, 1),
    (9, "days to 90 %", 1.0, 0),
    (10, "to 100 %", 1.0, 0),
    (11, "to its pace", 1.0, 0),
];
/// Where among all measures those are that say whether twins are twins, how long they are followed, and what an attack costs.
const BEFORE: usize = 0;
const FOLLOWED: usize = 1;
const ATTACK: [usize; 2] = [13, 14];

fn text(question: &Question, answer: &Answer) -> String {
    let Question { base, cases, .. } = question;
    let Answer {
        lost,
        outcomes,
        annual: losses,
        ..
    } = answer;
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{}: {} pairs of twins, seed {}; hazards are feared and do not strike\n",
        base.name, base.replicas, base.seed
    );
    let date = lost.first().map_or("", |row| row.date.as_str());
    let _ = writeln!(
        text,
        "A country lost at once on {date}, at the start of an epoch (every record day is in the file)\n"
    );
    let mut table = new_table(
        &[
            "region",
            "hash lost %",
            "block min",
            "days to retarget",
            "difficulty x",
        ],
        &[1, 2, 3, 4],
    );
    for row in lost.iter().filter(|row| row.date == date) {
        table.add_row([
            row.name.clone(),
            number(100.0 * row.loss.lost, 1),
            number(row.loss.interval_minutes, 1),
            number(row.loss.retarget_days, 1),
            number(row.loss.difficulty_ratio, 2),
        ]);
    }
    let _ = writeln!(text, "{}\n", tidy(&table));

    text.push_str(
        "Twins: with the event against without; median of pairs [5 %, 95 %], hash lost in %, days from the event\n\n",
    );
    let titles: Vec<&str> = std::iter::once("event")
        .chain(SHOWN.iter().map(|(_, title, ..)| *title))
        .chain(["where it goes in a year"])
        .collect();
    let mut table = new_table(&titles, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (outcome, case) in outcomes.iter().zip(cases) {
        let mut row = vec![format!("{}, {}", outcome.name, base.date(case.day))];
        let followed = outcome.measures[FOLLOWED].as_ref().map(|s| s.mean);
        for (measure, _, factor, decimals) in SHOWN {
            let counts_days = MEASURES[measure].1 == "days";
            let most = followed.filter(|_| counts_days);
            let summary = outcome.measures[measure].as_ref();
            row.push(cell(summary, factor, decimals, most));
        }
        row.push(gainers(base, outcome));
        table.add_row(row);
    }
    let _ = writeln!(text, "{}", tidy(&table));
    let _ = writeln!(
        text,
        "{}\nHash lost to bans in a year, in %: 200,000 years drawn, standard error of ES at most {:.2}\n",
        attack_text(outcomes),
        100.0
            * losses
                .iter()
                .map(|l| l.es_95.standard_error)
                .fold(0.0005, f64::max)
    );
    let mut table = new_table(
        &[
            "threat", "network", "HHI", "mean", "sd", "VaR 95", "ES 95", "P(> 1/3)", "P(> 1/2)",
        ],
        &[2, 3, 4, 5, 6, 7, 8],
    );
    for loss in losses {
        table.add_row([
            loss.threat.clone(),
            loss.network.clone(),
            number(10_000.0 * loss.hhi, 0),
            number(100.0 * loss.mean, 1),
            number(100.0 * loss.sd.value, 1),
            number(100.0 * loss.var_95.value, 1),
            number(100.0 * loss.es_95.value, 1),
            number(100.0 * loss.over_third.value, 1),
            number(100.0 * loss.over_half.value, 1),
        ]);
    }
    let _ = writeln!(text, "{}", tidy(&table));
    text
}

/// The simulated years, if there are any.
fn simulated_text(losses: &[SimulatedLoss]) -> String {
    let Some(first) = losses.first() else {
        return String::new();
    };
    let mut table = new_table(
        &["threat", "network", "mean", "se", "sd", "VaR 95", "ES 95"],
        &[2, 3, 4, 5, 6],
    );
    for loss in losses {
        table.add_row([
            loss.threat.clone(),
            loss.network.clone(),
            number(100.0 * loss.mean.value, 2),
            number(100.0 * loss.mean.standard_error, 2),
            number(100.0 * loss.sd, 2),
            number(100.0 * loss.var_95.value, 1),
            number(100.0 * loss.es_95, 1),
        ]);
    }
    format!(
        "\nThe same simulated: part of a year's hash rate that bans of the year take, in %, with machines that move, hide and\nare bought meanwhile; {} years\n\n{}\n",
        first.years,
        tidy(&table)
    )
}

/// What it takes to outdo the honest.
fn attack_text(outcomes: &[Outcome]) -> String {
    let cost = |outcome: &Outcome, index: usize| {
        let summary = outcome.measures[ATTACK[index]].as_ref();
        summary.map_or_else(|| "-".into(), |s| number(s.quantiles[2].value, 1))
    };
    let Some(first) = outcomes.first() else {
        return String::new();
    };
    let deepest: Vec<String> = outcomes
        .iter()
        .take(3)
        .map(|outcome| format!("{} ({})", cost(outcome, 1), outcome.name))
        .collect();
    format!(
        "\nMachines and sites for as much hash rate as the honest have, billion USD: {} before, at the deepest {}\n",
        cost(first, 0),
        deepest.join(", ")
    )
}

/// Median and band. Days of `most` and more are not counted to the end: it was not reached.
fn cell(summary: Option<&Summary>, factor: f64, decimals: usize, most: Option<f64>) -> String {
    let Some(summary) = summary else {
        return "-".into();
    };
    let shown = |value: f64| match most {
        Some(most) if value >= most - 0.5 => format!("> {}", number(most - 1.0, 0)),
        _ => number(factor * value, decimals),
    };
    let [low, _, middle, _, high] = summary.quantiles.map(|quantile| shown(quantile.value));
    format!("{middle} [{low}, {high}]")
}

/// The regions whose share has risen most, in points.
fn gainers(base: &Scenario, outcome: &Outcome) -> String {
    let mut gains: Vec<(f64, &str)> = outcome
        .share_change
        .iter()
        .zip(&base.regions)
        .filter_map(|(summary, region)| Some((100.0 * summary.as_ref()?.mean, region.id.as_str())))
        .filter(|(gain, _)| *gain >= 0.1)
        .collect();
    gains.sort_by(|a, b| b.0.total_cmp(&a.0));
    let named: Vec<String> = gains
        .iter()
        .take(3)
        .map(|(gain, id)| format!("{id} +{gain:.1}"))
        .collect();
    named.join(", ")
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text
        .parse()
        .map_err(|_| "write a rate such as 0.05".to_owned())?;
    if (0.0..=100.0).contains(&rate) {
        Ok(rate)
    } else {
        Err("a yearly rate is between 0 and 100".into())
    }
}

#[cfg(test)]
mod tests {
    use super::{ATTACK, BEFORE, FOLLOWED, MEASURES, SHOWN};

    #[test]
    fn what_is_shown_is_what_is_measured() {
        let names = SHOWN.map(|(measure, ..)| MEASURES[measure].0);
        assert_eq!(
            names,
            [
                "hash_lost_1_day",
                "hash_lost_7_days",
                "hash_lost_30_days",
                "deepest_loss",
                "slowest_interval",
                "slowest_interval_without",
                "days_to_90_percent",
                "days_to_100_percent",
                "days_to_normal_blocks"
            ]
        );
        let others = [BEFORE, FOLLOWED, ATTACK[0], ATTACK[1]].map(|measure| MEASURES[measure].0);
        assert_eq!(
            others,
            [
                "hash_before",
                "days_followed",
                "attack_cost_before",
                "attack_cost_at_the_deepest"
            ]
        );
    }
}
