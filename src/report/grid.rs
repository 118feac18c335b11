//! Tables of the page.

use serde::Serialize;

use crate::units::number;

/// A table: a head, and rows whose first cell says what they are of.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Grid {
    /// Titles of the columns.
    pub head: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Cell {
    /// What stands in it.
    pub text: String,
    /// Part of the largest value, drawn behind the text; 0 to 1.
    pub part: Option<f64>,
    /// What else is said of it, on hovering.
    pub note: Option<String>,
    /// What stands below it in small letters.
    pub small: Option<String>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self {
            text,
            part: None,
            note: None,
            small: None,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Grid {
    /// A table with these titles.
    #[must_use]
    pub fn new<const N: usize>(head: [&str; N]) -> Self {
        Self {
            head: head.map(str::to_owned).into(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
    }
}

/// What is not defined.
pub const MISSING: &str = "–";

/// A number with its sign.
pub fn signed(value: f64, decimals: usize) -> String {
    let text = number(value.abs(), decimals);
    if !text.contains(|digit: char| ('1'..='9').contains(&digit)) {
        text
    } else if value < 0.0 {
        format!("−{text}")
    } else {
        format!("+{text}")
    }
}
