//! What the network loses when a country is lost: at once, by formula; over time, by twin histories on common random
//! numbers; and in a year, as a distribution.

pub mod annual;
pub mod loss;
pub mod spread;
pub mod twins;
