//! What is said of all pairs of paths.

use jiff::civil::Date;

use super::judge::{class_of, ends};
use super::{Class, Crossing, Histories, History, Measure, Track};
use crate::statistics::{Summary, summarise, wilson_interval};

/// A number over the replicas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Replicas behind it: those in which it is defined.
    pub replicas: usize,
    /// The part of the replicas in which something is so; otherwise the median. `None` without replicas.
    pub value: Option<f64>,
    /// Its standard error.
    pub standard_error: Option<f64>,
    /// Of a probability, the lower end of its 95 % interval; otherwise the 5 % quantile.
    pub low: Option<f64>,
    /// Of a probability, the upper end of its 95 % interval; otherwise the 95 % quantile.
    pub high: Option<f64>,
}

impl Estimate {
    /// How often something is so.
    #[must_use]
    pub fn probability(cases: &[Option<bool>]) -> Self {
        let replicas = cases.iter().flatten().count();
        let hits = cases.iter().flatten().filter(|case| **case).count();
        let Some((low, high)) = wilson_interval(hits, replicas) else {
            return Self::NONE;
        };
        let (part, n) = (hits as f64 / replicas as f64, replicas as f64);
        Self {
            replicas,
            value: Some(part),
            // That of the mean of a column of zeros and ones.
            standard_error: (replicas > 1).then(|| (part * (1.0 - part) / (n - 1.0)).sqrt()),
            low: Some(low),
            high: Some(high),
        }
    }

    /// Median and band of a column; NaN is null.
    #[must_use]
    pub fn median(mut column: Vec<f64>) -> Self {
        let Some(summary) = summarise(&mut column) else {
            return Self::NONE;
        };
        let [low, _, middle, _, high] = summary.quantiles;
        Self {
            replicas: summary.replicas,
            value: Some(middle.value),
            standard_error: middle.standard_error,
            low: Some(low.value),
            high: Some(high.value),
        }
    }

    const NONE: Self = Self {
        replicas: 0,
        value: None,
        standard_error: None,
        low: None,
        high: None,
    };
}

/// 1 or 0; NaN where it is not known.
pub fn indicator(case: Option<bool>) -> f64 {
    case.map_or(f64::NAN, |case| f64::from(u8::from(case)))
}

/// Which spans of time are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Both over the days ahead, in one world.
    Ahead,
    /// Each over its own history: mining over the past, AI over the days ahead.
    OwnHistory,
}

impl Scope {
    /// As written in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::OwnHistory => "own-history",
        }
    }
}

/// One number, and of what.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// By which measure of concentration.
    pub measure: Measure,
    /// Over which days.
    pub scope: Scope,
    /// What is asked, as written in tables.
    pub question: &'static str,
    /// Unit; that of a probability is `probability`, and of a date `date`: days from the first.
    pub unit: &'static str,
    /// The number.
    pub estimate: Estimate,
}

/// Unit of probabilities.
pub const PROBABILITY: &str = "probability";
/// Unit of dates: days from the first day ahead.
pub const DATE: &str = "date";

/// Everything that is asked of the days ahead, and with a `past` of each over its own history.
#[must_use]
pub fn answers(ahead: &Histories, past: Option<&Histories>) -> Vec<Answer> {
    let mut all = Vec::new();
    for measure in Measure::ALL {
        of_ahead(ahead, measure, &mut all);
        if let Some(past) = past {
            of_own_histories(past, ahead, measure, &mut all);
        }
    }
    of_edge_share(ahead, &mut all);
    all
}

fn of_ahead(ahead: &Histories, measure: Measure, all: &mut Vec<Answer>) {
    let histories = &ahead.replicas;
    let scope = Scope::Ahead;
    let answer = |question, unit, estimate| Answer {
        measure,
        scope,
        question,
        unit,
        estimate,
    };
    let classes: Vec<Option<Class>> = histories.iter().map(|h| h.class(measure)).collect();
    of_classes(&classes, measure, scope, all);
    let mining: Vec<f64> = histories
        .iter()
        .map(|h| ratio(measure, &h.mining))
        .collect();
    let ai = histories.iter().map(|h| {
        let track = h.ai.as_ref();
        track.map_or(f64::NAN, |track| ratio(measure, track))
    });
    all.push(answer(
        "mining_end_over_start",
        "ratio",
        Estimate::median(mining),
    ));
    all.push(answer(
        "ai_end_over_start",
        "ratio",
        Estimate::median(ai.collect()),
    ));

    let crossings: Vec<Option<Crossing>> = histories.iter().map(|h| h.crossing(measure)).collect();
    // Of those that do not cross it is not asked whether they cross back.
    let often = |case: &dyn Fn(Crossing) -> Option<bool>| {
        let cases: Vec<Option<bool>> = crossings
            .iter()
            .map(|crossing| crossing.and_then(case))
            .collect();
        Estimate::probability(&cases)
    };
    let crosses = often(&|crossing| Some(crossing != Crossing::Never));
    let crossed = often(&|crossing| Some(matches!(crossing, Crossing::At { at_end: true, .. })));
    let back = often(&|crossing| match crossing {
        Crossing::Never => None,
        Crossing::At { back, .. } => Some(back),
    });
    let dates = crossings.iter().map(|crossing| match crossing {
        Some(Crossing::At { place, .. }) => f64::from(ahead.dates[*place].0),
        _ => f64::NAN,
    });
    all.push(answer("crossing", PROBABILITY, crosses));
    all.push(answer("crossed_at_end", PROBABILITY, crossed));
    all.push(answer("crossing_back", PROBABILITY, back));
    all.push(answer(
        "crossing_date",
        DATE,
        Estimate::median(dates.collect()),
    ));
}

fn of_classes(classes: &[Option<Class>], measure: Measure, scope: Scope, all: &mut Vec<Answer>) {
    let often = |case: &dyn Fn(Class) -> bool| {
        let cases: Vec<Option<bool>> = classes.iter().map(|class| class.map(case)).collect();
        Estimate::probability(&cases)
    };
    let mut answer = |question, unit, estimate| {
        all.push(Answer {
            measure,
            scope,
            question,
            unit,
            estimate,
        });
    };
    answer("opposite", PROBABILITY, often(&Class::is_opposite));
    for class in Class::ALL {
        answer(class.as_str(), PROBABILITY, often(&|other| other == class));
    }
    let left_out = classes.iter().filter(|class| class.is_none()).count();
    answer(
        "left_out",
        "replicas",
        Estimate {
            replicas: classes.len(),
            value: Some(left_out as f64),
            standard_error: None,
            low: None,
            high: None,
        },
    );
}

/// How many times its first value a path's last one is.
fn ratio(measure: Measure, track: &Track) -> f64 {
    ends(measure.of(track)).map_or(f64::NAN, |(first, last)| last / first)
}

/// Replica by replica: the two are drawn apart, so which goes with which does not matter.
fn of_own_histories(past: &Histories, ahead: &Histories, measure: Measure, all: &mut Vec<Answer>) {
    let scope = Scope::OwnHistory;
    let pairs = past.replicas.iter().zip(&ahead.replicas);
    let classes: Vec<Option<Class>> = pairs
        .map(|(past, ahead)| class_of(measure, &past.mining, ahead.ai.as_ref()?))
        .collect();
    of_classes(&classes, measure, scope, all);
    let mining = past.replicas.iter().map(|h| ratio(measure, &h.mining));
    all.push(Answer {
        measure,
        scope,
        question: "mining_end_over_start",
        unit: "ratio",
        estimate: Estimate::median(mining.collect()),
    });
}

/// How far a crossing is away.
fn of_edge_share(ahead: &Histories, all: &mut Vec<Answer>) {
    let column = |value: &dyn Fn(&History) -> f64| {
        Estimate::median(ahead.replicas.iter().map(value).collect())
    };
    for (question, estimate) in [
        ("edge_share_at_end", column(&History::last_edge_share)),
        ("edge_share_needed", column(&History::needed_edge_share)),
        (
            "edge_share_missing",
            column(&|h| h.needed_edge_share() - h.last_edge_share()),
        ),
    ] {
        all.push(Answer {
            measure: Measure::Hhi,
            scope: Scope::Ahead,
            question,
            unit: "share",
            estimate,
        });
    }
}

/// A quantity on a record day, over the replicas.
#[derive(Debug, Clone)]
pub struct PathRow {
    /// `mining-past`, `mining` or `ai`.
    pub series: &'static str,
    /// When.
    pub date: Date,
    /// What is measured, with its unit.
    pub metric: (&'static str, &'static str),
    /// `None` where no replica has a value.
    pub summary: Option<Summary>,
}

/// Both trajectories day by day: mining before, mining ahead, AI.
#[must_use]
pub fn path_rows(ahead: &Histories, past: Option<&Histories>) -> Vec<PathRow> {
    const METRICS: [(&str, &str); 3] = [
        ("hhi", "1"),
        ("effective_number", "1"),
        ("nakamoto_half", "units"),
    ];
    let mut rows = Vec::new();
    let mut add =
        |series, histories: &Histories, metric, path: &dyn Fn(&History) -> Option<&[f64]>| {
            for (place, (_, date)) in histories.dates.iter().enumerate() {
                let values = histories
                    .replicas
                    .iter()
                    .map(|history| path(history).map_or(f64::NAN, |path| path[place]));
                rows.push(PathRow {
                    series,
                    date: *date,
                    metric,
                    summary: summarise(&mut values.collect::<Vec<f64>>()),
                });
            }
        };
    for metric in METRICS {
        if let Some(past) = past {
            add("mining-past", past, metric, &|h| {
                Some(column(&h.mining, metric.0))
            });
        }
        add("mining", ahead, metric, &|h| {
            Some(column(&h.mining, metric.0))
        });
        add("ai", ahead, metric, &|h| {
            Some(column(h.ai.as_ref()?, metric.0))
        });
    }
    add("ai", ahead, ("edge_share", "share"), &|h| {
        (!h.edge_share.is_empty()).then_some(&*h.edge_share)
    });
    rows
}

/// The path of a metric of [`path_rows`].
fn column<'t>(track: &'t Track, metric: &str) -> &'t [f64] {
    match metric {
        "hhi" => &track.hhi,
        "effective_number" => &track.effective_number,
        _ => &track.nakamoto,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{histories, history};
    use super::*;
    use crate::testing::close;

    fn find<'a>(all: &'a [Answer], measure: Measure, scope: Scope, question: &str) -> &'a Estimate {
        let found = all.iter().find(|answer| {
            answer.measure == measure && answer.scope == scope && answer.question == question
        });
        &found
            .unwrap_or_else(|| panic!("{question} is asked"))
            .estimate
    }

    #[test]
    fn probabilities_are_counts_over_the_replicas_that_are_defined() {
        let ahead = histories(vec![
            history(&[0.01, 0.02, 0.03], &[0.20, 0.10, 0.02], 0.5),
            history(&[0.01, 0.02, 0.03], &[0.20, 0.02, 0.05], 0.5),
            history(&[0.03, 0.02, 0.01], &[0.10, 0.15, 0.20], 0.5),
            history(&[0.01, 0.02, 0.03], &[0.10, 0.15, 0.20], 0.5),
            history(&[0.03, 0.02, 0.01], &[0.20, 0.15, 0.10], 0.5),
            history(&[0.01, 0.02, 0.01], &[0.20, 0.15, 0.10], 0.5),
            history(&[0.01, 0.02, f64::NAN], &[0.20, 0.15, 0.10], 0.5),
        ]);
        let all = answers(&ahead, None);
        let ahead = |question| find(&all, Measure::Hhi, Scope::Ahead, question);
        for (question, hits) in [
            ("claim", 2.0),
            ("reverse", 1.0),
            ("both_concentrate", 1.0),
            ("both_spread", 1.0),
            ("unchanged", 1.0),
            ("opposite", 3.0),
            // The first on the last day, the second touches on the second day and does not cross.
            ("crossing", 1.0),
            ("crossed_at_end", 1.0),
        ] {
            let found = ahead(question);
            assert_eq!(found.replicas, 6, "{question}");
            close(found.value.unwrap(), hits / 6.0, 1e-15);
            let interval = wilson_interval(hits as usize, 6).unwrap();
            assert_eq!(
                (found.low, found.high),
                (Some(interval.0), Some(interval.1))
            );
        }
        assert_eq!(ahead("left_out").value, Some(1.0));
        let back = ahead("crossing_back");
        assert_eq!((back.replicas, back.value), (1, Some(0.0)));
        let when = ahead("crossing_date");
        assert_eq!((when.replicas, when.value), (1, Some(200.0)));
        close(ahead("ai_end_over_start").value.unwrap(), 0.5, 1e-12);
        // Nothing is asked of a past that there is none of.
        assert!(all.iter().all(|answer| answer.scope == Scope::Ahead));
    }

    #[test]
    fn each_over_its_own_history_takes_mining_from_the_past() {
        let ahead = histories(vec![
            history(&[0.03, 0.02], &[0.20, 0.10], 0.5),
            history(&[0.03, 0.02], &[0.20, 0.30], 0.5),
        ]);
        let mut past = histories(vec![
            history(&[0.001, 0.01, 0.03], &[0.1, 0.1, 0.1], 0.0),
            history(&[0.001, 0.01, 0.03], &[0.1, 0.1, 0.1], 0.0),
            history(&[0.001, 0.01, 0.03], &[0.1, 0.1, 0.1], 0.0),
        ]);
        for history in &mut past.replicas {
            history.ai = None;
        }
        let all = answers(&ahead, Some(&past));
        let found = |scope, question| find(&all, Measure::Hhi, scope, question).value;
        assert_eq!(found(Scope::Ahead, "claim"), Some(0.0));
        assert_eq!(found(Scope::OwnHistory, "claim"), Some(0.5));
        assert_eq!(found(Scope::OwnHistory, "both_concentrate"), Some(0.5));
        close(
            found(Scope::OwnHistory, "mining_end_over_start").unwrap(),
            30.0,
            1e-12,
        );
        // By the other measure it is the same: fewer are more concentrated.
        let nakamoto = find(&all, Measure::Nakamoto, Scope::OwnHistory, "claim");
        assert_eq!((nakamoto.value, nakamoto.replicas), (Some(0.5), 2));
    }

    #[test]
    fn the_edge_share_that_is_missing_is_the_difference_replica_by_replica() {
        let ahead = histories(vec![
            history(&[0.01, 0.01], &[0.25, 0.16], 0.2),
            history(&[0.01, 0.04], &[0.25, 0.16], 0.2),
        ]);
        let all = answers(&ahead, None);
        let value = |question| {
            find(&all, Measure::Hhi, Scope::Ahead, question)
                .value
                .unwrap()
        };
        // 1 - 0.8 x 1/4 and 1 - 0.8 x 1/2.
        close(value("edge_share_needed"), 0.7, 1e-12);
        close(value("edge_share_at_end"), 0.2, 1e-12);
        close(value("edge_share_missing"), 0.5, 1e-12);
    }

    #[test]
    fn nothing_defined_is_no_number() {
        let ahead = histories(vec![history(&[f64::NAN, 0.1], &[0.2, 0.1], 0.5)]);
        let all = answers(&ahead, None);
        let claim = find(&all, Measure::Hhi, Scope::Ahead, "claim");
        assert_eq!((claim.replicas, claim.value, claim.low), (0, None, None));
        assert_eq!(
            find(&all, Measure::Hhi, Scope::Ahead, "left_out").value,
            Some(1.0)
        );
    }

    #[test]
    fn paths_have_the_past_first_and_their_quantiles() {
        let ahead = histories(vec![
            history(&[0.01, 0.02], &[0.25, 0.16], 0.2),
            history(&[0.03, f64::NAN], &[0.25, 0.16], 0.2),
        ]);
        let rows = path_rows(&ahead, Some(&ahead));
        // Three metrics of three series and the edge share, on two days.
        assert_eq!(rows.len(), (3 * 3 + 1) * 2);
        let row = |series: &str, metric: &str, place: usize| {
            let mut own = rows
                .iter()
                .filter(|row| row.series == series && row.metric.0 == metric);
            own.nth(place).unwrap().summary.unwrap()
        };
        close(row("mining", "hhi", 0).quantiles[2].value, 0.02, 1e-12);
        assert_eq!(row("mining", "hhi", 1).replicas, 1);
        close(row("ai", "edge_share", 1).mean, 0.2, 1e-12);
        assert_eq!(rows[0].series, "mining-past");
    }
}
