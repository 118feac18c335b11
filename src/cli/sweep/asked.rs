//! A quantity of a sweep that is asked about.

use std::path::PathBuf;

use hashdrift::output::sweep::{MergedSweep, PointTable, ReadError, Series};
use hashdrift::sweep::Plan;

#[derive(Debug, clap::Args)]
pub struct Asked {
    /// Folder of the sweep, whose tables are there
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The quantity: `region/us/share`
    #[arg(long, value_name = "LEVEL/NAME/METRIC")]
    metric: String,
    /// Date [default: the last in the results]
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// What the tables say about it.
pub struct Told {
    sweep: MergedSweep,
    pub points: PointTable,
    pub series: Series,
}

impl Asked {
    pub fn read(&self) -> Result<Told, ReadError> {
        let sweep = MergedSweep::open(&self.folder)?;
        let series = sweep.series(&self.metric, self.date.as_deref())?;
        let points = sweep.points()?;
        Ok(Told {
            sweep,
            points,
            series,
        })
    }
}

impl Told {
    pub fn plan(&self) -> &Plan {
        &self.sweep.metadata.plan
    }

    /// Names of the axes.
    pub fn axes(&self) -> Vec<&str> {
        self.plan()
            .axes
            .iter()
            .map(|axis| axis.name.as_str())
            .collect()
    }

    /// A line about points that are not in the numbers; empty if all are.
    pub fn left_out(&self) -> String {
        let without = self.series.rows.iter().filter(|row| row.is_none()).count();
        if without == 0 {
            return String::new();
        }
        format!(
            "{without} of {} points have no value and are left out\n",
            self.series.rows.len()
        )
    }
}
