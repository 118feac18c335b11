//! On what the answers hang: one axis at a time, in the same worlds.

use super::answers::{PROBABILITY, indicator};
use super::{Class, Crossing, Estimate, Histories, History, Measure};
use crate::scenario::{Axis, Label, Level, Levels, Refused, Scenario, parse_scenario};
use crate::statistics::{Moments, mean_and_sd};

/// One level of one axis: the scenario with this and nothing else changed.
#[derive(Debug, Clone)]
pub struct LevelAt {
    /// The axis.
    pub axis: String,
    /// The level, as it is called.
    pub level: String,
    /// What it changes, `KEY=VALUE`.
    pub changes: Vec<String>,
}

/// The levels of all axes, one axis after another. Where an axis has bounds, these and the middle between them.
#[must_use]
pub fn levels_of(axes: &[Axis]) -> Vec<LevelAt> {
    let of_axis = |axis: &Axis| {
        let levels = match &axis.levels {
            Levels::Listed(levels) => levels.clone(),
            Levels::Between(_) => [0.0, 0.5, 1.0].map(|part| axis.levels.at(part)).into(),
        };
        let name = axis.name.clone();
        levels.into_iter().map(move |level| LevelAt {
            axis: name.clone(),
            level: called(&level),
            changes: level.changes,
        })
    };
    axes.iter().flat_map(of_axis).collect()
}

/// What a level is called: of an axis of factors, `x` and the factor.
fn called(level: &Level) -> String {
    let label = level.label.to_string();
    let first = level
        .changes
        .first()
        .and_then(|change| change.split_once('='));
    match (
        &level.label,
        first.and_then(|(_, value)| value.parse::<f64>().ok()),
    ) {
        (Label::Number(number), Some(value)) if *number != value => format!("x{label}"),
        _ => label,
    }
}

impl LevelAt {
    /// The scenario there, with the seed and the replicas of `base`; `inputs` are files that levels name.
    ///
    /// # Errors
    /// [`Refused`] if it breaks a rule there.
    pub fn scenario(
        &self,
        base: &Scenario,
        inputs: &[(String, String)],
    ) -> Result<Scenario, Refused> {
        let source = &base.source;
        let mut changes = source.overrides.clone();
        changes.extend(self.changes.iter().cloned());
        let inputs: Vec<(String, String)> = source.inputs.iter().chain(inputs).cloned().collect();
        let mut scenario = parse_scenario(&source.file, &source.text, &changes, &inputs)?;
        scenario.seed = base.seed;
        scenario.replicas = base.replicas;
        Ok(scenario)
    }
}

/// What came out at a level.
#[derive(Debug, Clone)]
pub struct Varied {
    /// Which; `None` is the scenario as it is.
    pub at: Option<LevelAt>,
    /// Everything that is asked, in one order.
    pub effects: Vec<Effect>,
}

/// One number at a level, and how far it is from that of the scenario as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// By which measure of concentration, or which quantity, as `LEVEL/NAME/METRIC`.
    pub metric: String,
    /// What is asked, as written in tables.
    pub question: &'static str,
    /// Unit; that of a probability is `probability`.
    pub unit: &'static str,
    /// A probability, or a mean.
    pub estimate: Estimate,
    /// Mean of the differences from the same replicas of the scenario as it is.
    pub difference: Option<Moments>,
}

/// What is asked of a quantity that is neither of the two.
pub const AT_END: &str = "at_end";

/// What is asked at every level.
type Asked = (Measure, &'static str, &'static str, fn(&History) -> f64);

fn asked() -> Vec<Asked> {
    fn opposite(measure: Measure, history: &History) -> f64 {
        indicator(history.class(measure).map(Class::is_opposite))
    }
    fn claim(measure: Measure, history: &History) -> f64 {
        indicator(history.class(measure).map(|class| class == Class::Claim))
    }
    fn crossing(measure: Measure, history: &History) -> f64 {
        indicator(history.crossing(measure).map(|c| c != Crossing::Never))
    }
    fn last(path: &[f64]) -> f64 {
        path.last().copied().unwrap_or(f64::NAN)
    }
    fn mining(measure: Measure, history: &History) -> f64 {
        last(measure.of(&history.mining))
    }
    fn ai(measure: Measure, history: &History) -> f64 {
        history
            .ai
            .as_ref()
            .map_or(f64::NAN, |ai| last(measure.of(ai)))
    }
    use Measure::{Hhi, Nakamoto};
    vec![
        (Hhi, "opposite", PROBABILITY, |h| opposite(Hhi, h)),
        (Hhi, "claim", PROBABILITY, |h| claim(Hhi, h)),
        (Hhi, "crossing", PROBABILITY, |h| crossing(Hhi, h)),
        (Hhi, "mining_at_end", Hhi.unit(), |h| mining(Hhi, h)),
        (Hhi, "ai_at_end", Hhi.unit(), |h| ai(Hhi, h)),
        (Hhi, "edge_share_at_end", "share", History::last_edge_share),
        (
            Hhi,
            "edge_share_needed",
            "share",
            History::needed_edge_share,
        ),
        (Nakamoto, "opposite", PROBABILITY, |h| opposite(Nakamoto, h)),
        (Nakamoto, "claim", PROBABILITY, |h| claim(Nakamoto, h)),
        (Nakamoto, "crossing", PROBABILITY, |h| crossing(Nakamoto, h)),
        (Nakamoto, "mining_at_end", Nakamoto.unit(), |h| {
            mining(Nakamoto, h)
        }),
        (Nakamoto, "ai_at_end", Nakamoto.unit(), |h| ai(Nakamoto, h)),
    ]
}

/// Everything that is asked of the histories at a level, against those of the scenario as it is; the same luck has the same number.
#[must_use]
pub fn effects(histories: &Histories, base: &Histories) -> Vec<Effect> {
    let effect = |metric: String, question, unit, value: &dyn Fn(&History) -> f64| {
        let own: Vec<f64> = histories.replicas.iter().map(value).collect();
        let others = base.replicas.iter().map(value);
        let differences: Vec<f64> = own
            .iter()
            .zip(others)
            .map(|(own, other)| own - other)
            .collect();
        Effect {
            metric,
            question,
            unit,
            estimate: if unit == PROBABILITY {
                let case = |value: &f64| (!value.is_nan()).then_some(*value > 0.0);
                Estimate::probability(&own.iter().map(case).collect::<Vec<_>>())
            } else {
                Estimate::mean(&own)
            },
            difference: mean_and_sd(&differences),
        }
    };
    let of_both = asked().into_iter().map(|(measure, question, unit, value)| {
        effect(measure.as_str().to_owned(), question, unit, &value)
    });
    let others = histories.others.iter().enumerate().map(|(at, quantity)| {
        let metric = [quantity.level.as_str(), &quantity.name, &quantity.metric].join("/");
        effect(metric, AT_END, quantity.unit, &|history| history.others[at])
    });
    of_both.chain(others).collect()
}

impl Estimate {
    /// Mean of a column; NaN is null.
    fn mean(column: &[f64]) -> Self {
        let moments = mean_and_sd(column);
        Self {
            replicas: moments.map_or(0, |moments| moments.replicas),
            value: moments.map(|moments| moments.mean),
            standard_error: moments.and_then(|moments| moments.standard_error()),
            low: None,
            high: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{histories, history};
    use super::*;
    use crate::testing::close;

    fn find<'a>(effects: &'a [Effect], measure: Measure, question: &str) -> &'a Effect {
        let found = effects
            .iter()
            .find(|effect| effect.metric == measure.as_str() && effect.question == question);
        found.unwrap_or_else(|| panic!("{question} is asked"))
    }

    #[test]
    fn levels_are_one_axis_after_another_bounds_at_their_ends_and_middle() {
        let scenario = crate::scenario::parse_scenario(
            "core",
            include_str!("../../scenarios/core.toml"),
            &[],
            &[],
        )
        .unwrap();
        let typed = crate::scenario::TypedAxes {
            uncertainties: [
                "firms.tail_alpha=1..2",
                "firms.count=100,200",
                "bitcoin.price.usd=x0.5,x1",
            ]
            .map(str::to_owned)
            .into(),
            levers: Vec::new(),
        };
        let axes = crate::scenario::axes_of(&scenario, &typed).unwrap();
        let levels = levels_of(&axes);
        let named: Vec<String> = levels
            .iter()
            .map(|at| format!("{}={}", at.axis, at.level))
            .collect();
        assert_eq!(
            named,
            [
                "firms.tail_alpha=1",
                "firms.tail_alpha=1.5",
                "firms.tail_alpha=2",
                "firms.count=100",
                "firms.count=200",
                "bitcoin.price.usd=x0.5",
                "bitcoin.price.usd=x1"
            ]
        );
        let there = levels[3].scenario(&scenario, &[]).unwrap();
        assert_eq!((there.firms.count, there.seed), (100, scenario.seed));
        assert_eq!(there.replicas, scenario.replicas);
    }

    #[test]
    fn differences_are_taken_replica_by_replica() {
        let rising = [0.01, 0.02];
        let base = histories(vec![
            history(&rising, &[0.20, 0.10], 0.2),
            history(&rising, &[0.20, 0.30], 0.2),
            history(&rising, &[0.20, 0.40], 0.2),
            history(&rising, &[f64::NAN, 0.40], 0.2),
        ]);
        let other = histories(vec![
            history(&rising, &[0.20, 0.05], 0.2),
            history(&rising, &[0.20, 0.15], 0.2),
            history(&rising, &[0.20, 0.35], 0.2),
            history(&rising, &[0.20, 0.35], 0.2),
        ]);
        let found = effects(&other, &base);
        let claim = find(&found, Measure::Hhi, "claim");
        assert_eq!(
            (claim.estimate.replicas, claim.estimate.value),
            (4, Some(0.5))
        );
        // Of the three pairs in which both are defined, one has changed.
        let difference = claim.difference.unwrap();
        assert_eq!(difference.replicas, 3);
        close(difference.mean, 1.0 / 3.0, 1e-12);
        close(difference.standard_error().unwrap(), 1.0 / 3.0, 1e-12);
        let ai = find(&found, Measure::Hhi, "ai_at_end");
        close(ai.estimate.value.unwrap(), 0.225, 1e-12);
        close(
            ai.difference.unwrap().mean,
            (-0.05 - 0.15 - 0.05 - 0.05) / 4.0,
            1e-12,
        );
        // Against itself nothing differs, exactly.
        for effect in effects(&base, &base) {
            let difference = effect.difference.unwrap();
            assert_eq!(
                (difference.mean, difference.sd),
                (0.0, Some(0.0)),
                "{}",
                effect.question
            );
        }
    }
}
