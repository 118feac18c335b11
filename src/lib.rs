//! hashdrift simulates the geography of Bitcoin mining: firms that move between regions as energy
//! prices, hashprice and capacity move, and how concentrated the hash rate becomes.
pub mod concentration;
pub mod engine;
pub mod ensemble;
pub mod output;
pub mod random;
pub mod record;
pub mod scenario;
pub mod statistics;
pub mod units;
pub mod world;

/// Version of the model: a change means that the same input gives other results.
pub const MODEL_VERSION: u32 = 1;
