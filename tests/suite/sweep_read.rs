//! The tables of a sweep, read back.

use std::fs;

use hashdrift::output::sweep::{
    Dates, MergedSweep, PlanFile, ReadError, Results, Series, Status, results,
};
use hashdrift::scenario::Label;

use crate::cli::Place;
use crate::sweep_files::place;

/// A sweep with dates, with words on an axis, with a point that fails, and without the last shard.
fn merged(place: &Place) -> MergedSweep {
    place.ok(&[
        "sweep",
        "plan",
        "small.toml",
        "parts",
        "-q",
        "--shards",
        "3",
        "--keep-going",
        "--axis",
        "regions.us.power.usd_per_mwh=50,900,60",
        "--axis",
        "bitcoin.hash_is=running,nameplate",
        "--set",
        "record_every_days=20",
        "--date",
        "all",
    ]);
    for shard in ["0", "1"] {
        let worker = ["sweep", "worker", "parts", "--shard", shard, "-q"];
        // One of the points fails.
        assert!(
            place
                .run(&worker)
                .status
                .code()
                .is_some_and(|code| code == 0 || code == 3)
        );
    }
    let merge = place.run(&["sweep", "merge", "parts", "--partial", "-q"]);
    assert_eq!(merge.status.code(), Some(3));
    MergedSweep::open(&place.path("parts")).expect("its tables are there")
}

#[test]
fn what_was_computed_is_read_back_to_the_bit() {
    let place = place();
    let sweep = merged(&place);
    let points = sweep.points().expect("it can be read");
    let levels: Vec<(Option<f64>, Label)> = (0..6)
        .map(|point| {
            (
                points.positions[0].number(point),
                points.positions[1].label(point),
            )
        })
        .collect();
    let text = |text: &str| Label::Text(text.to_owned());
    assert_eq!(levels[2], (Some(900.0), text("running")));
    assert_eq!(levels[5], (Some(60.0), text("nameplate")));
    assert!(points.positions[0].is_numeric() && !points.positions[1].is_numeric());
    assert!(
        matches!(&points.status[2], Status::Failed(why) if why.contains("nothing runs here")),
        "{:?}",
        points.status
    );
    assert_eq!(
        [0, 1, 3].map(|point| &points.status[point]),
        [&Status::Done; 3]
    );
    assert_eq!(points.status[4..], [Status::Missing, Status::Missing]);
    assert_eq!(points.replicas, [12, 12, 0, 12, 0, 0]);

    let all = sweep
        .results(&["*/*/*".into()], &Dates::All)
        .expect("it can be read");
    let file = PlanFile::read(&place.path("parts")).expect("it is there");
    let computed = (0..2).flat_map(|shard| {
        let folder = place.path("parts");
        let found = results(&folder, &file, shard).expect("the shard is there");
        found.collect::<Vec<_>>()
    });
    let mut rows = 0;
    for result in computed {
        let result = result.expect("it is whole");
        let Ok(done) = &result.outcome else { continue };
        assert_eq!(all.columns, done.columns);
        let dates: Vec<&String> = done.dates.iter().map(|(_, date)| date).collect();
        assert_eq!(all.dates.iter().collect::<Vec<_>>(), dates);
        for (index, row) in done.rows.iter().enumerate() {
            let column = &done.columns[index % done.columns.len()];
            let date = dates[index / done.columns.len()];
            let series = all
                .series
                .iter()
                .find(|s| s.column == *column && s.date == *date);
            let read = series.and_then(|series| series.rows[result.point as usize]);
            assert_eq!(read, *row, "{column} on {date}");
            rows += usize::from(row.is_some());
        }
    }
    assert!(rows > 100 && all.dates.len() == 3);
}

#[test]
fn only_what_is_wanted_is_kept_and_the_rest_is_known() {
    let place = place();
    let sweep = merged(&place);
    let read = |pattern: &str, dates: &Dates| -> Results {
        sweep
            .results(&[pattern.to_owned()], dates)
            .expect("it can be read")
    };
    let names = |results: &Results| -> Vec<String> {
        let series = results.series.iter();
        series
            .map(|series| format!("{} {}", series.column, series.date))
            .collect()
    };
    let all = read("region/*/share", &Dates::All);
    let last = read("region/*/share", &Dates::Last);
    assert_eq!((all.series.len(), last.series.len()), (9, 3));
    assert_eq!(last.columns, all.columns);
    assert_eq!(last.dates, all.dates);
    let end = all.dates.last().expect("there are dates");
    assert!(last.series.iter().all(|series| series.date == *end));
    let on = read("region/us/share", &Dates::On(vec![all.dates[1].clone()]));
    assert_eq!(names(&on), [format!("region/us/share {}", all.dates[1])]);

    let one: Series = sweep.series("region/us/share", None).expect("it is there");
    assert!(last.series.contains(&one));
    let wrong = |metric: &str, date: Option<&str>| match sweep.series(metric, date) {
        Err(ReadError::NotThere(text)) => text.replace(&place.path("").display().to_string(), ""),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        wrong("region/us/shar", None),
        "there is no `region/us/shar` in parts/results.csv\ndid you mean `region/us/share`?"
    );
    assert!(wrong("region/*/share", None).ends_with(
        "name one of them: `region/us/share`, `region/paraguay/share` and `region/ethiopia/share`"
    ));
    assert_eq!(
        wrong("region/us/share", Some("2020-01-01")),
        format!(
            "`2020-01-01` is no date in parts/results.csv\nits dates are `{}`, `{}` and `{}`",
            all.dates[0], all.dates[1], all.dates[2]
        )
    );
}

#[test]
fn tables_that_are_not_there_or_damaged_are_told() {
    let place = place();
    let none = MergedSweep::open(&place.path("")).map(|_| ());
    assert!(matches!(none, Err(ReadError::NoSweep(_))));
    let sweep = merged(&place);
    let path = place.path("parts/results.csv");
    let text = fs::read_to_string(&path).expect("it is there");
    let message = |text: &str| {
        fs::write(&path, text).expect("it can be written");
        match sweep.results(&["share".into()], &Dates::All) {
            Err(error) => error.source.to_string(),
            Ok(_) => panic!("this should be seen"),
        }
    };
    let line = text
        .lines()
        .find(|line| line.contains(",us,share,"))
        .expect("the US have one");
    let cut = line.replace(",share,share,12,", ",share,share,twelve,");
    assert_ne!(cut, line);
    assert!(message(&text.replace(line, &cut)).contains("nothing like this"));
    let more = line.replacen("0,", "17,", 1);
    assert!(message(&text.replace(line, &more)).contains("no table of the sweep"));
    assert!(message("a,b\n1,2\n").contains("no table of the sweep"));
    assert!(message(&format!("{text}1,2\n")).contains("CSV error"));
}
