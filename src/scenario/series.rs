//! Dated series from CSV files that a scenario names.

use jiff::civil::Date;

use super::problem::{Place, Problem, printable};

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
    let at = |line: usize, rule: String, next: &str| Problem {
        place: Place::File {
            file: file.to_owned(),
            line,
        },
        key: String::new(),
        rule,
        next: next.into(),
    };
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
    let mut points: Vec<(f64, f64)> = Vec::new();
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
        let day = f64::from(days_between(start, date));
        if points.last().is_some_and(|(before, _)| *before >= day) {
            problems.push(at(
                line,
                format!("{date} does not come after the row before it"),
                "put the rows in order of time, one a day at most",
            ));
            continue;
        }
        points.push((day, libm::log(price)));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let last_day = f64::from(days - 1);
    match (points.first(), points.last()) {
        (Some((first, _)), Some((last, _))) if *first <= 0.0 && *last >= last_day => {}
        (Some((first, _)), Some((last, _))) => {
            return Err(vec![at(
                1,
                format!(
                    "the rows cover day {first} to day {last} of the run, which has days 0 to {last_day}"
                ),
                "give prices from the first simulated day to the last",
            )]);
        }
        _ => return Err(vec![at(1, "there are no rows".into(), "add prices")]),
    }

    Ok(interpolate(&points, days))
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
