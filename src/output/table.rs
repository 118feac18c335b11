//! A table in memory, by column: what every file format writes.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use indexmap::IndexSet;
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
    labels: IndexSet<Arc<str>>,
    /// By row, the index of its label.
    label_of_row: Vec<u32>,
}

impl Text {
    /// The cells of these rows, in their order; labels are shared.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn pick(&self, rows: impl IntoIterator<Item = usize>) -> Self {
        let rows = rows.into_iter();
        Self {
            labels: self.labels.clone(),
            label_of_row: rows.map(|row| self.label_of_row[row]).collect(),
        }
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.label_of_row.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.label_of_row.is_empty()
    }

    /// The text of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> &str {
        &self.labels[self.label_of_row[row] as usize]
    }

    /// All labels that cells may have.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(|label| &**label)
    }

    /// By row, the index of its label.
    pub fn label_of_row(&self) -> impl Iterator<Item = usize> {
        self.label_of_row.iter().map(|label| *label as usize)
    }

    /// Puts a cell behind the others.
    ///
    /// # Panics
    /// If it is the 2^32th label.
    pub fn push(&mut self, cell: Arc<str>) {
        let last = self.label_of_row.last().copied();
        // Nothing need be looked up where the next row has the same.
        let same = last.filter(|last| Arc::ptr_eq(&self.labels[*last as usize], &cell));
        let label = same.unwrap_or_else(|| {
            let (label, _) = self.labels.insert_full(cell);
            u32::try_from(label).expect("too many labels")
        });
        self.label_of_row.push(label);
    }
}

impl Extend<Arc<str>> for Text {
    fn extend<I: IntoIterator<Item = Arc<str>>>(&mut self, cells: I) {
        for cell in cells {
            self.push(cell);
        }
    }
}

impl FromIterator<Arc<str>> for Text {
    fn from_iter<I: IntoIterator<Item = Arc<str>>>(cells: I) -> Self {
        let mut text = Self::default();
        text.extend(cells);
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
                (Cells::Text(cells), Cells::Text(more)) => {
                    cells.extend(more.label_of_row().map(|label| more.labels[label].clone()));
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(cells: &[&str]) -> Text {
        cells.iter().map(|cell| Arc::from(*cell)).collect()
    }

    #[test]
    fn labels_are_kept_once_and_rows_have_them_in_order() {
        let mut cells = text(&["us", "us", "py", "us", ""]);
        assert_eq!(cells.labels().collect::<Vec<_>>(), ["us", "py", ""]);
        assert_eq!(cells.label_of_row().collect::<Vec<_>>(), [0, 0, 1, 0, 2]);
        let again: Arc<str> = "py".into();
        cells.push(again.clone());
        cells.push(again);
        let rows: Vec<&str> = (0..cells.len()).map(|row| cells.get(row)).collect();
        assert_eq!(rows, ["us", "us", "py", "us", "", "py", "py"]);
        assert_eq!(cells.labels().count(), 3);
        assert!(Text::default().is_empty());
    }

    #[test]
    fn text_is_equal_whatever_its_labels() {
        let cells = text(&["row", "py", "us"]).pick([2, 1, 2]);
        assert_eq!(cells.labels().count(), 3);
        assert_eq!(cells, text(&["us", "py", "us"]));
        assert_ne!(cells, text(&["us", "py"]));
        assert_ne!(cells, text(&["us", "py", "py"]));
    }

    #[test]
    fn a_table_goes_on_with_the_rows_of_another() {
        let one = |cells: &[&str], number: i64| {
            table([
                ("name", Cells::Text(text(cells))),
                ("day", Cells::Integer(vec![number; cells.len()])),
            ])
        };
        let mut all = one(&["us", "py"], 1);
        all.append(one(&["et", "us"], 2));
        all.append(one(&[], 3));
        let days = Cells::Integer(vec![1, 1, 2, 2]);
        let names = Cells::Text(text(&["us", "py", "et", "us"]));
        assert_eq!(all, table([("name", names), ("day", days)]));
    }
}
