//! A table in memory, by column: what every file format writes.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its cells.
    pub cells: Cells,
}

/// Cells of one type.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Text; shared, since labels repeat.
    Text(Vec<Arc<str>>),
    /// Whole numbers.
    Integer(Vec<i64>),
    /// Numbers; `None` is null.
    Number(Vec<Option<f64>>),
}

/// Columns of one length.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
}

impl Table {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.cells.len())
    }

    /// Puts the rows of a table with the same columns behind these.
    pub fn append(&mut self, other: Self) {
        for (column, more) in self.columns.iter_mut().zip(other.columns) {
            match (&mut column.cells, more.cells) {
                (Cells::Text(cells), Cells::Text(more)) => cells.extend(more),
                (Cells::Integer(cells), Cells::Integer(more)) => cells.extend(more),
                (Cells::Number(cells), Cells::Number(more)) => cells.extend(more),
                _ => debug_assert!(false, "columns of one name have one type"),
            }
        }
    }
}

impl Cells {
    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(cells) => cells.len(),
            Self::Integer(cells) => cells.len(),
            Self::Number(cells) => cells.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A table of named columns.
pub fn table<const N: usize>(columns: [(&'static str, Cells); N]) -> Table {
    Table {
        columns: columns
            .into_iter()
            .map(|(name, cells)| Column {
                name: name.into(),
                cells,
            })
            .collect(),
    }
}

/// The rows of a table as JSON objects.
#[must_use]
pub fn table_json(table: &Table) -> Value {
    let row = |row: usize| {
        let cells = table.columns.iter().map(|column| {
            let cell = match &column.cells {
                Cells::Text(cells) => Value::from(&*cells[row]),
                Cells::Integer(cells) => Value::from(cells[row]),
                Cells::Number(cells) => Value::from(cells[row]),
            };
            (column.name.to_string(), cell)
        });
        Value::Object(cells.collect::<Map<_, _>>())
    };
    Value::Array((0..table.rows()).map(row).collect())
}
