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

fn problem(file: &str, line: usize, rule: String, next: &str) -> Problem {
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

/// Line, date and log price of every row, in order of time; at least one.
fn points(file: &str, text: &str) -> Result<Vec<(usize, Date, f64)>, Vec<Problem>> {
    let at = |line: usize, rule: String, next: &str| problem(file, line, rule, next);
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return Err(vec![at(1, error.to_string(), "write CSV")]),
    };
    let column = |name: &str| header.iter().position(|title| title == name);
    let (Some(dates), Some(prices)) = (column("date"), column("usd")) else {
        let seen: Vec<&str> = header.iter().collect();
        return Err(vec![at(
            1,
            format!("the columns are {}", printable(&seen.join(","))),
            "the first line must name the columns date and usd",
        )]);
    };

    let mut problems = Vec::new();
    let mut points: Vec<(usize, Date, f64)> = Vec::new();
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
        let (date, price) = (&record[dates], &record[prices]);
        let Ok(date) = date.parse::<Date>() else {
            problems.push(at(
                line,
                format!("`{}` is not a date", printable(date)),
                "write year, month and day, as in 2025-10-15",
            ));
            continue;
        };
        let Some(price) = price.parse().ok().filter(|p: &f64| *p > 0.0 && *p <= 1e12) else {
            problems.push(at(
                line,
                format!(
                    "`{}` is not a price above 0 and at most 1e12",
                    printable(price)
                ),
                "write USD per bitcoin",
            ));
            continue;
        };
        if points.last().is_some_and(|(_, before, _)| *before >= date) {
            problems.push(at(
                line,
                format!("{date} does not come after the row before it"),
                "put the rows in order of time, one a day at most",
            ));
            continue;
        }
        points.push((line, date, libm::log(price)));
    }
    if problems.is_empty() && points.is_empty() {
        problems.push(at(1, "there are no rows".into(), "add prices"));
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
