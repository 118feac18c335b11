//! All integration tests in one binary, so that they are linked once.

mod backtest;
mod bad_input;
mod bad_observed;
mod cli;
mod cli_history;
mod cli_stress;
mod cli_trajectories;
mod cluster;
mod determinism;
mod golden;
mod imports;
mod laws;
mod limits;
mod mechanisms;
mod naive;
mod neutral;
mod odd_input;
mod report;
mod scores;
mod shortcuts;
mod sweep;
mod sweep_analysis;
mod sweep_files;
mod sweep_read;
mod sweep_stops;
mod worlds;
