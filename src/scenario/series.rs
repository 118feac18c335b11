//! Dated series from CSV files that a scenario names.

use jiff::civil::Date;

use super::problem::{Place, Problem, printable};

/// Gives the text of a file that a scenario names, or why it cannot be read.
pub type ReadInput<'a> = dyn FnMut(&str) -> Result<String, String> + 'a;

/// Reads `date,usd` rows and gives the price on each of `days` days from `start`, linear in log price
/// between the dates of the file.
///
/// # Errors
/// Every row that is not a date and a positive price or is out of order, and a file that does not
/// cover the simulated days.
pub fn daily_prices(
    file: &str,
    text: &str,
    start: Date,
    days: u32,
) -> Result<Vec<f64>, Vec<Problem>> {
    let points: Vec<(f64, f64)> = points(file, text)?
        .into_iter()
        .map(|(_, date, log_price)| (f64::from(days_between(start, date)), log_price))
        .collect();
    let last_day = f64::from(days - 1);
    let (first, last) = (points[0].0, points[points.len() - 1].0);
    if first > 0.0 || last < last_day {
        return Err(vec![problem(
            file,
            1,
            format!(
                "the rows cover day {first} to day {last} of the run, which has days 0 to {last_day}"
            ),
            "give prices from the first simulated day to the last",
        )]);
    }
    Ok(interpolate(&points, days))
}

/// Reads `date,usd` rows at even spacing; gives the log returns between them and the spacing in days.
///
/// # Errors
/// Every row that is not a date and a positive price or is out of order, too few rows, and the first that is not as far
/// from the one before it as the second is from the first.
pub fn evenly_spaced_returns(file: &str, text: &str) -> Result<(Vec<f64>, u32), Vec<Problem>> {
    let points = points(file, text)?;
    if points.len() < 3 {
        return Err(vec![problem(
            file,
            1,
            format!("{} rows give no returns to draw from", points.len()),
            "give at least 3 rows",
        )]);
    }
    let spacing = days_between(points[0].1, points[1].1);
    for pair in points.windows(2) {
        let days = days_between(pair[0].1, pair[1].1);
        if days != spacing {
            return Err(vec![problem(
                file,
                pair[1].0,
                format!(
                    "{} comes {days} days after the row before it, the second row {spacing} days after the first",
                    pair[1].1
                ),
                "give rows at even spacing",
            )]);
        }
    }
    let returns = points.windows(2).map(|pair| pair[1].2 - pair[0].2);
    // In order of time, so at least a day apart.
    Ok((returns.collect(), spacing as u32))
}

pub fn problem(file: &str, line: usize, rule: String, next: &str) -> Problem {
    Problem {
        place: Place::File {
            file: file.to_owned(),
            line,
        },
        key: String::new(),
        rule,
        next: next.into(),
    }
}

/// Prices and their days, counted from `start`, of all rows of a file that [`daily_prices`] or [`evenly_spaced_returns`] has read.
pub fn dated_prices(file: &str, text: &str, start: Date) -> Vec<(f64, f64)> {
    let rows = points(file, text).unwrap_or_default().into_iter();
    rows.map(|(_, date, log_price)| {
        let day = f64::from(days_between(start, date));
        (day, libm::exp(log_price))
    })
    .collect()
}

/// A row of a dated table: its line, its date, and its cells in the order in which their columns were asked for.
pub struct Row {
    /// Line of the file.
    pub line: usize,
    /// Its date.
    pub date: Date,
    /// Its cells.
    pub cells: Vec<String>,
}

impl Row {
    /// A problem of this row.
    pub fn problem(&self, file: &str, rule: String, next: &str) -> Problem {
        problem(file, self.line, rule, next)
    }

    /// The number in a cell, if it is one and `in_range`.
    pub fn number(&self, cell: usize, in_range: impl Fn(f64) -> bool) -> Option<f64> {
        let number = self.cells[cell].parse().ok();
        number.filter(|number: &f64| number.is_finite() && in_range(*number))
    }
}

/// Rows of a CSV file with a column `date` and those named in `columns`; lines that begin with `#` are comments.
///
/// # Errors
/// A column that is missing, rows that are no CSV or have no date, a file without rows.
pub fn dated_rows(file: &str, text: &str, columns: &[&str]) -> Result<Vec<Row>, Vec<Problem>> {
    let at = |line: usize, rule: String, next: &str| problem(file, line, rule, next);
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return Err(vec![at(1, error.to_string(), "write CSV")]),
    };
    let column = |name: &&str| header.iter().position(|title| title == *name);
    let wanted: Option<Vec<usize>> = columns.iter().map(column).collect();
    let (Some(dates), Some(wanted)) = (column(&"date"), wanted) else {
        let seen: Vec<&str> = header.iter().collect();
        return Err(vec![at(
            1,
            format!("the columns are {}", printable(&seen.join(","))),
            &format!(
                "the first line must name the columns date and {}",
                columns.join(" and ")
            ),
        )]);
    };
    let mut problems = Vec::new();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(1, |p| p.line() as usize);
                problems.push(at(line, error.to_string(), "mend this row"));
                continue;
            }
        };
        let line = record.position().map_or(1, |p| p.line() as usize);
        match record[dates].parse::<Date>() {
            Ok(date) => rows.push(Row {
                line,
                date,
                cells: wanted
                    .iter()
                    .map(|column| record[*column].to_owned())
                    .collect(),
            }),
            Err(_) => problems.push(at(
                line,
                format!("`{}` is not a date", printable(&record[dates])),
                "write year, month and day, as in 2025-10-15",
            )),
        }
    }
    if problems.is_empty() && rows.is_empty() {
        problems.push(at(1, "there are no rows".into(), "add some"));
    }
    if problems.is_empty() {
        Ok(rows)
    } else {
        Err(problems)
    }
}

/// Whether the rows come in order of time, each later than the one before it; otherwise where not.
///
/// # Errors
/// Every row that does not.
pub fn in_order_of_time(file: &str, rows: &[Row]) -> Result<(), Vec<Problem>> {
    let late = rows.windows(2).filter(|pair| pair[0].date >= pair[1].date);
    let problems: Vec<Problem> = late
        .map(|pair| {
            pair[1].problem(
                file,
                format!("{} does not come after the row before it", pair[1].date),
                "put the rows in order of time, one a day at most",
            )
        })
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// Line, date and log price of every row, in order of time; at least one.
fn points(file: &str, text: &str) -> Result<Vec<(usize, Date, f64)>, Vec<Problem>> {
    let rows = dated_rows(file, text, &["usd"])?;
    let mut problems = in_order_of_time(file, &rows).err().unwrap_or_default();
    let mut points = Vec::new();
    for row in &rows {
        match row.number(0, |price| price > 0.0 && price <= 1e12) {
            Some(price) => points.push((row.line, row.date, libm::log(price))),
            None => problems.push(row.problem(
                file,
                format!(
                    "`{}` is not a price above 0 and at most 1e12",
                    printable(&row.cells[0])
                ),
                "write USD per bitcoin",
            )),
        }
    }
    if problems.is_empty() {
        Ok(points)
    } else {
        Err(problems)
    }
}

/// Log-linear between points that cover all of `days`.
fn interpolate(points: &[(f64, f64)], days: u32) -> Vec<f64> {
    let mut after = 0;
    (0..days)
        .map(|day| {
            let day = f64::from(day);
            while points[after].0 < day {
                after += 1;
            }
            let (right, right_log) = points[after];
            if right == day || after == 0 {
                return libm::exp(right_log);
            }
            let (left, left_log) = points[after - 1];
            let weight = (day - left) / (right - left);
            libm::exp(left_log + weight * (right_log - left_log))
        })
        .collect()
}

/// Days from `start` to `date`, negative if it is earlier.
#[must_use]
pub fn days_between(start: Date, date: Date) -> i32 {
    start.until(date).map_or(0, |span| span.get_days())
}
