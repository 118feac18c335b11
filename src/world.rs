//! The state of one history and the mechanisms that change it, one file each.
//!
//! A mechanism owns its state and its random streams, and has a neutral setting that switches it off
//! exactly. The order in which mechanisms act on a day is [`crate::engine`]'s business.
//!
//! Inside the day loop quantities are bare `f64`, their unit in the name; the unit types
//! guard the way in (the scenario) and the public functions.

pub mod ai;
pub mod capacity;
pub mod events;
pub mod expectation;
pub mod fees;
pub mod fleet;
pub mod growth;
pub mod hardware;
pub mod network;
pub mod population;
pub mod power;
pub mod price;
pub mod review;
pub mod running;
pub mod water;
pub mod worth;
