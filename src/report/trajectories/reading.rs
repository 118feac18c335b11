//! What the numbers of trajectories say, in sentences.

use super::{MEASURES, TrajectoriesReport};
use crate::output::ReadRow;
use crate::units::number;

/// Differences of so many standard errors are told.
const TOLD: f64 = 2.0;
/// Pairs below which nothing is said of differences.
const FEWEST_PAIRS: f64 = 20.0;

impl TrajectoriesReport<'_> {
    /// The honest reading: what follows, how sure, how far a crossing is away, and what is only assumed.
    pub(super) fn reading(&self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(self.claim_said());
        lines.extend(self.classes_said());
        lines.extend(self.left_out_said());
        lines.extend(self.own_history_said());
        let crossings = self.crossing_said("hhi");
        let lines_of_crossing = [crossings, self.needed_said()];
        lines.extend(
            lines_of_crossing
                .into_iter()
                .filter(|line| !line.is_empty()),
        );
        lines.extend(self.nakamoto_said());
        lines.extend(self.dependence_said());
        lines.push(
            "Nothing in this says that AI will go to devices: how its edge share and its owners go on is assumed by the scenario. What is found is how often the two then run apart, in these simulated worlds."
                .into(),
        );
        lines
    }

    fn claim_said(&self) -> Option<String> {
        let row = self.answer("hhi", "ahead", "claim")?;
        Some(format!(
            "Under these assumptions mining concentrates while AI spreads in {}, by HHI.",
            often(row)?
        ))
    }

    fn classes_said(&self) -> Option<String> {
        let part = |measure: &str| {
            let row = self.answer("hhi", "ahead", measure)?;
            row.number("value").map(percent)
        };
        let unchanged = self.answer("hhi", "ahead", "unchanged")?.number("value")?;
        let unchanged = if unchanged > 0.0 {
            format!(", one of them ends as it began in {}", percent(unchanged))
        } else {
            String::new()
        };
        Some(format!(
            "It is the other way round in {}; both concentrate in {}, both spread in {}{unchanged}.",
            part("reverse")?,
            part("both_concentrate")?,
            part("both_spread")?
        ))
    }

    fn left_out_said(&self) -> Option<String> {
        let left_out = self.answer("hhi", "ahead", "left_out")?.number("value")?;
        (left_out > 0.0).then(|| {
            format!(
                "Left out of this are {} histories in which mining or AI is not defined on the first or the last day.",
                number(left_out, 0)
            )
        })
    }

    fn own_history_said(&self) -> Option<String> {
        let row = self.answer("hhi", "own-history", "claim")?;
        let (start, end) = self.span("mining-past");
        let times = self.answer("hhi", "own-history", "mining_end_over_start")?;
        Some(format!(
            "Each over its own history, mining from {start} to {end} and AI ahead, mining concentrates and AI spreads in {}; mining's HHI ends that past at {} times what it began with (median). A past that begins with many equal miners can hardly spread further, so this says more of AI than of mining.",
            often(row)?,
            number(times.number("value")?, 1)
        ))
    }

    /// Whether the two cross, and when.
    pub(super) fn crossing_said(&self, metric: &str) -> String {
        let said = || {
            let row = self.answer(metric, "ahead", "crossing")?;
            let value = row.number("value")?;
            let replicas = number(row.number("replicas")?, 0);
            let title = MEASURES.iter().find(|(name, _)| *name == metric)?.1;
            if value == 0.0 {
                return Some(format!(
                    "By {title} they cross in none of {replicas} histories (95 % interval: 0 to {}).",
                    percent(row.number("high")?)
                ));
            }
            let when = self.answer(metric, "ahead", "crossing_date")?;
            let back = self.answer(metric, "ahead", "crossing_back")?;
            let at_end = self.answer(metric, "ahead", "crossed_at_end")?;
            Some(format!(
                "By {title} they cross in {}; the median date of these is {}, {} of them cross back, and at the end {} of all are on the other side.",
                often(row)?,
                when.text("date"),
                percent(back.number("value")?),
                percent(at_end.number("value")?)
            ))
        };
        said().unwrap_or_default()
    }

    /// How far a crossing is away.
    pub(super) fn needed_said(&self) -> String {
        let said = || {
            let share = |measure: &str, column: &str| {
                let row = self.answer("hhi", "ahead", measure)?;
                row.number(column).map(|share| number(100.0 * share, 0))
            };
            Some(format!(
                "For AI's HHI to be no higher than mining's at the end, {} % of AI's compute would have to be on devices (median; nine tenths of the histories: {} to {} %). In the scenario it is {} % ({} to {} %).",
                share("edge_share_needed", "value")?,
                share("edge_share_needed", "low")?,
                share("edge_share_needed", "high")?,
                share("edge_share_at_end", "value")?,
                share("edge_share_at_end", "low")?,
                share("edge_share_at_end", "high")?,
            ))
        };
        said().unwrap_or_default()
    }

    fn nakamoto_said(&self) -> Option<String> {
        let claim = self.answer("nakamoto_half", "ahead", "claim")?;
        let unchanged = self.answer("nakamoto_half", "ahead", "unchanged")?;
        let unchanged = unchanged.number("value")?;
        let unchanged = if unchanged > 0.0 {
            format!(
                "; it counts in whole owners, and in {} one of the two ends as it began",
                percent(unchanged)
            )
        } else {
            String::new()
        };
        Some(format!(
            "By the Nakamoto coefficient mining concentrates while AI spreads in {}{unchanged}.",
            often(claim)?
        ))
    }

    /// What moves the claim most, if anything does by more than luck.
    fn dependence_said(&self) -> Option<String> {
        let claims = self.dependence.rows().filter(|row| {
            row.text("metric") == "hhi"
                && row.text("measure") == "claim"
                && !row.text("axis").is_empty()
        });
        let claims: Vec<ReadRow<'_>> = claims.collect();
        // Of a few pairs, all of which go one way, no error can be told.
        let pairs = |row: &ReadRow<'_>| row.number("pairs").unwrap_or_default();
        if claims.is_empty() || claims.iter().map(pairs).fold(0.0, f64::max) < FEWEST_PAIRS {
            return None;
        }
        let size = |row: &ReadRow<'_>| row.number("difference").map_or(0.0, f64::abs);
        let told = |row: &&ReadRow<'_>| {
            let error = row.number("difference_se").unwrap_or(f64::INFINITY);
            size(row) > TOLD * error && size(row) > 0.0
        };
        let most = claims
            .iter()
            .filter(told)
            .max_by(|one, other| size(one).total_cmp(&size(other)));
        let Some(row) = most else {
            return Some(
                "None of the levels that were tried moves how often mining concentrates while AI spreads (by HHI) by more than two standard errors."
                    .into(),
            );
        };
        let difference = 100.0 * row.number("difference")?;
        Some(format!(
            "Of what was varied, {} = {} moves most how often mining concentrates while AI spreads (by HHI): from {} to {}, {} points {} (se {}).",
            row.text("axis"),
            row.text("level"),
            percent(self.answer("hhi", "ahead", "claim")?.number("value")?),
            percent(row.number("value")?),
            number(difference.abs(), 1),
            if difference > 0.0 { "more" } else { "less" },
            number(100.0 * row.number("difference_se")?, 1)
        ))
    }
}

/// A probability in a sentence, with its interval.
fn often(row: ReadRow<'_>) -> Option<String> {
    Some(format!(
        "{} of {} histories (95 % interval: {} to {})",
        percent(row.number("value")?),
        number(row.number("replicas")?, 0),
        percent(row.number("low")?),
        percent(row.number("high")?)
    ))
}

fn percent(value: f64) -> String {
    format!("{} %", number(100.0 * value, 1))
}
