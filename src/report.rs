//! Results as a page: one HTML file that needs nothing else, to be opened, understood and sent on.
//!
//! A page is made of numbers alone, those of a results folder; the same results give the same page. Its pictures are drawn twice
//! from the same figures: as still pictures, which are there without scripts, and by the page's script, which adds what moves.

mod again;
mod backtest;
mod cards;
mod classes;
mod figure;
mod grid;
mod marks;
mod page;
mod parameters;
mod picture;
mod run;
mod short;
mod stress;
mod surface;
mod sweep;
mod trajectories;
mod world;

pub use backtest::{BacktestReport, backtest_page, backtest_picture};
pub use page::ReportError;
pub use run::{RunReport, run_page};
pub use stress::{StressReport, stress_page};
pub use sweep::{SweepReport, sweep_page};
pub use trajectories::{TrajectoriesReport, trajectories_page, trajectories_reading};
