//! One replica in full: its days, and the moves with what was compared.

use std::sync::Arc;

use super::table::{Cells, Column, Table, Text};
use crate::engine::{Decision, EngineError, Model, Observer, Purchase};
use crate::record::Day;
use crate::scenario::Scenario;
use crate::units::PETAHASH_PER_EXAHASH;
use crate::world::fleet::Fleets;
use crate::world::review::CLOSED;

/// The tables of a traced replica.
#[derive(Debug)]
pub struct TraceTables {
    /// Each day: the network, and each region's price and hash rate.
    pub days: Table,
    /// Each decision, a row for every region that was compared.
    pub decisions: Table,
    /// Each order, as it was placed.
    pub orders: Table,
    /// Decisions to move.
    pub moves: usize,
}

/// Reruns one replica alone and writes down its days and moves; with `stays`, also the decisions to stay.
///
/// # Errors
/// [`EngineError`] if the drawn start is impossible.
pub fn trace_replica(
    scenario: &Scenario,
    replica: u64,
    stays: bool,
) -> Result<TraceTables, EngineError> {
    let model = Model::new(scenario);
    let mut records = vec![0.0; model.record_len()];
    let mut trace = Trace {
        scenario,
        stays,
        moves: 0,
        days: Rows::new(&DAY_COLUMNS),
        decisions: Rows::new(&DECISION_COLUMNS),
        orders: Rows::new(&ORDER_COLUMNS),
    };
    model.run_replica(replica, &mut records, &mut trace)?;
    Ok(TraceTables {
        days: trace.days.table(),
        decisions: trace.decisions.table(),
        orders: trace.orders.table(),
        moves: trace.moves,
    })
}

const DAY_COLUMNS: [(&str, Kind); 12] = [
    ("date", Kind::Text),
    ("day", Kind::Integer),
    ("btc_price_usd", Kind::Number),
    ("hashprice_usd_per_ph_day", Kind::Number),
    ("difficulty", Kind::Number),
    ("height", Kind::Integer),
    ("blocks", Kind::Integer),
    ("region", Kind::Text),
    ("hash_rate_ehs", Kind::Number),
    ("load_mw", Kind::Number),
    ("delivered_usd_per_mwh", Kind::Number),
    ("worst_running_j_per_th", Kind::Number),
];

const DECISION_COLUMNS: [(&str, Kind); 17] = [
    ("date", Kind::Text),
    ("day", Kind::Integer),
    ("fleet", Kind::Integer),
    ("firm", Kind::Text),
    ("hash_rate_phs", Kind::Number),
    ("efficiency_j_per_th", Kind::Number),
    ("from", Kind::Text),
    ("to", Kind::Text),
    ("arrival_day", Kind::Integer),
    ("draw", Kind::Number),
    ("region", Kind::Text),
    ("utility_usd_per_mwh", Kind::Number),
    ("margin_usd_per_mwh", Kind::Number),
    ("policy_loss_usd_per_mwh", Kind::Number),
    ("attraction_usd_per_mwh", Kind::Number),
    ("moving_cost_usd_per_mwh", Kind::Number),
    ("chosen", Kind::Integer),
];

const ORDER_COLUMNS: [(&str, Kind); 12] = [
    ("date", Kind::Text),
    ("day", Kind::Integer),
    ("fleet", Kind::Integer),
    ("firm", Kind::Text),
    ("region", Kind::Text),
    ("hash_rate_phs", Kind::Number),
    ("efficiency_j_per_th", Kind::Number),
    ("power_mw", Kind::Number),
    ("replaces", Kind::Integer),
    ("value_usd_per_th", Kind::Number),
    ("cost_usd_per_th", Kind::Number),
    ("luck", Kind::Number),
];

struct Trace<'s> {
    scenario: &'s Scenario,
    stays: bool,
    moves: usize,
    days: Rows,
    decisions: Rows,
    orders: Rows,
}

impl Trace<'_> {
    fn date(&self, day: u32) -> Cell {
        Cell::Text(self.scenario.date(day).to_string().into())
    }

    /// A firm's name; one of the tail has its number there, from 1, and so has one that was founded later.
    fn firm(&self, firm: u32) -> Arc<str> {
        let named = &self.scenario.firms.named;
        let at_start = self.scenario.firms_at_start();
        let firm = firm as usize;
        match named.get(firm) {
            Some(firm) => firm.name.as_str().into(),
            None if firm < at_start => format!("tail {}", firm - named.len() + 1).into(),
            None => format!("new {}", firm - at_start + 1).into(),
        }
    }

    fn region(&self, region: usize) -> Cell {
        Cell::Text(self.scenario.regions[region].id.as_str().into())
    }
}

impl Observer for Trace<'_> {
    fn day(&mut self, today: &Day<'_>, _fleets: &Fleets, blocks: u64) {
        for r in 0..today.running.len() {
            let row = [
                self.date(today.day),
                Cell::Integer(i64::from(today.day)),
                Cell::number(today.btc_price),
                Cell::number(today.hashprice),
                Cell::number(today.difficulty),
                Cell::Integer(today.height as i64),
                Cell::Integer(blocks as i64),
                self.region(r),
                Cell::number(today.running[r] / PETAHASH_PER_EXAHASH),
                Cell::number(today.capacities.load[r]),
                Cell::number(today.delivered[r]),
                Cell::number(today.worst_running[r]),
            ];
            self.days.push(row);
        }
    }

    fn decision(&mut self, decision: &Decision<'_>, fleets: &Fleets) {
        let moved = decision.to != decision.from;
        self.moves += usize::from(moved);
        if !moved && !self.stays {
            return;
        }
        let firm = self.firm(fleets[decision.fleet].firm);
        let regions = self.scenario.regions.len();
        for (region, utility) in decision.review.utilities[..regions].iter().enumerate() {
            let parts = decision.review.parts(fleets, decision.fleet, region);
            let row = [
                self.date(decision.day),
                Cell::Integer(i64::from(decision.day)),
                Cell::Integer(decision.fleet as i64),
                Cell::Text(firm.clone()),
                Cell::number(fleets[decision.fleet].hash_phs),
                Cell::number(fleets[decision.fleet].efficiency),
                self.region(decision.from),
                self.region(decision.to),
                Cell::Integer(i64::from(decision.arrival)),
                Cell::number(decision.uniform),
                self.region(region),
                // A region that is closed or full has no utility: an empty cell.
                Cell::Number((*utility > CLOSED).then_some(*utility)),
                Cell::number(parts.margin),
                Cell::number(parts.policy),
                Cell::number(parts.attraction),
                Cell::number(parts.moving),
                Cell::Integer(i64::from(region == decision.to)),
            ];
            self.decisions.push(row);
        }
    }

    fn purchase(&mut self, purchase: &Purchase<'_>, _: &Fleets) {
        let order = purchase.order;
        let firm = match order.firm {
            Some(firm) => self.firm(firm),
            None => "newcomers".into(),
        };
        let row = [
            self.date(purchase.day),
            Cell::Integer(i64::from(purchase.day)),
            Cell::Integer(order.fleet as i64),
            Cell::Text(firm),
            self.region(order.region),
            Cell::number(order.hash_phs),
            Cell::number(order.efficiency),
            Cell::number(order.power_mw()),
            Cell::Integer(i64::from(order.replaces)),
            Cell::number(purchase.value),
            Cell::number(purchase.cost),
            Cell::number(purchase.luck),
        ];
        self.orders.push(row);
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Number,
}

enum Cell {
    Text(Arc<str>),
    Integer(i64),
    Number(Option<f64>),
}

impl Cell {
    fn number(value: f64) -> Self {
        Self::Number(value.is_finite().then_some(value))
    }
}

/// A table that grows by rows.
struct Rows {
    columns: Vec<Column>,
}

impl Rows {
    fn new(columns: &[(&'static str, Kind)]) -> Self {
        let columns = columns
            .iter()
            .map(|(name, kind)| Column {
                name: (*name).into(),
                cells: match kind {
                    Kind::Text => Cells::Text(Text::default()),
                    Kind::Integer => Cells::Integer(Vec::new()),
                    Kind::Number => Cells::Number(Vec::new()),
                },
            })
            .collect();
        Self { columns }
    }

    fn push<const N: usize>(&mut self, row: [Cell; N]) {
        debug_assert_eq!(N, self.columns.len());
        for (column, cell) in self.columns.iter_mut().zip(row) {
            match (&mut column.cells, cell) {
                (Cells::Text(cells), Cell::Text(cell)) => cells.push(cell),
                (Cells::Integer(cells), Cell::Integer(cell)) => cells.push(cell),
                (Cells::Number(cells), Cell::Number(cell)) => cells.push(cell),
                _ => unreachable!("the rows of a trace are written out above, column by column"),
            }
        }
    }

    fn table(self) -> Table {
        Table {
            columns: self.columns,
        }
    }
}
