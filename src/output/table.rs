//! A table in memory, by column: what every file format writes.

use std::borrow::Cow;
use std::io;
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
    /// Text.
    Text(Text),
    /// Whole numbers.
    Integer(Vec<i64>),
    /// Numbers; `None` is null.
    Number(Vec<Option<f64>>),
}

/// Cells of text. Labels repeat over many rows: each is kept once, and a row says which it has.
#[derive(Debug, Clone, Default)]
pub struct Text {
    labels: Vec<Arc<str>>,
    /// By row, the number of its label.
    rows: Vec<u32>,
}

impl Text {
    /// Cells that have these of the labels.
    ///
    /// # Panics
    /// If there are 2^32 labels or more. Later, if a row has none of them.
    #[must_use]
    pub fn of_labels(labels: Vec<Arc<str>>, rows: Vec<u32>) -> Self {
        assert!(u32::try_from(labels.len()).is_ok(), "too many labels");
        Self { labels, rows }
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> &str {
        &self.labels[self.rows[row] as usize]
    }

    /// All labels that cells may have.
    #[must_use]
    pub fn labels(&self) -> &[Arc<str>] {
        &self.labels
    }

    /// By row, the index of its label.
    pub fn rows(&self) -> impl Iterator<Item = usize> {
        self.rows.iter().map(|label| *label as usize)
    }

    /// Puts a cell behind the others.
    pub fn push(&mut self, cell: Arc<str>) {
        if self
            .labels
            .last()
            .is_none_or(|last| !Arc::ptr_eq(last, &cell))
        {
            self.labels.push(cell);
        }
        // Cells of a batch are far fewer than 2^32.
        self.rows.push(self.labels.len() as u32 - 1);
    }

    fn append(&mut self, other: Self) {
        let first = self.labels.len() as u32;
        self.labels.extend(other.labels);
        self.rows
            .extend(other.rows.iter().map(|label| first + label));
    }
}

impl FromIterator<Arc<str>> for Text {
    fn from_iter<I: IntoIterator<Item = Arc<str>>>(cells: I) -> Self {
        let mut text = Self::default();
        for cell in cells {
            text.push(cell);
        }
        text
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && (0..self.len()).all(|row| self.get(row) == other.get(row))
    }
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
                (Cells::Text(cells), Cells::Text(more)) => cells.append(more),
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

/// Writes batches of one table to a `W`. CSV and Parquet are the two implementations.
pub trait TableWriter<W> {
    fn write(&mut self, batch: &Table) -> io::Result<()>;
    /// Writes what is left, and gives back what was written to.
    fn finish(self: Box<Self>) -> io::Result<W>;
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
                Cells::Text(cells) => Value::from(cells.get(row)),
                Cells::Integer(cells) => Value::from(cells[row]),
                Cells::Number(cells) => Value::from(cells[row]),
            };
            (column.name.to_string(), cell)
        });
        Value::Object(cells.collect::<Map<_, _>>())
    };
    Value::Array((0..table.rows()).map(row).collect())
}
