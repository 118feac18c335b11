//! A scenario at many points: which, and what comes out at each.
//!
//! A point is a pure function of the plan and its number. It is a scenario like any other: its changes and its seed, given to
//! `hashdrift run`, bring the same numbers. Where and in which order points are computed does not matter, so they can be spread
//! over any number of threads, processes and machines. What of it is kept in files is in [`crate::output`].

mod additive;
mod conditions;
mod crossing;
mod design;
mod plan;
mod point;
mod positions;
mod sensitivity;
mod work;

pub use conditions::{BoxOptions, Conditions, FoundBox, Limits, Restriction, Step, conditions};
pub use crossing::{Crossing, Reading, crossings};
pub use design::{Point, Points};
pub use plan::{Checked, Plan, Request, SweepError};
pub use point::{Column, Done, PointResult, Row};
pub use positions::Positions;
pub use sensitivity::{Effect, Sensitivity, sensitivity};
pub use work::{Failure, Options, Progress, compute, points_in_flight, time_points};
