//! What can be wrong with what was measured and with what is drawn, and the words that answer it.

use hashdrift::scenario::parse_scenario;

use super::backtest::{WORLD, inputs};

/// The message for the small world with changes to its keys and its files, without its frame.
fn said(changes: &[&str], files: &[(&str, &str)]) -> String {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    let mut all = inputs();
    for (name, text) in files {
        all.retain(|(known, _)| known != name);
        all.push(((*name).to_owned(), (*text).to_owned()));
    }
    let refused = match parse_scenario("s.toml", WORLD, &changes, &all) {
        Ok(_) => panic!("this should be refused: {changes:?} {files:?}"),
        Err(refused) => refused.to_string(),
    };
    let text = refused
        .strip_prefix("s.toml has 1 problem\n\n")
        .unwrap_or(&refused);
    text.strip_suffix("\n\nnothing was run")
        .unwrap_or(text)
        .to_owned()
}

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}

#[test]
fn files_of_what_was_measured() {
    assert_eq!(
        said(&[], &[("hash.csv", "date,value\n2022-03-01,-5\n")]),
        "  hash.csv, line 2: observed.series.0.file\n    `-5` is no such value\n    write a number above 0"
    );
    assert_eq!(
        said(
            &[],
            &[("shares.csv", "date,region,value\n2022-03-01,a,37.8\n")]
        ),
        "  shares.csv, line 2: observed.series.1.file\n    `37.8` is no such value\n    write a part of 1, as in 0.375"
    );
    holds(
        &said(
            &[],
            &[(
                "shares.csv",
                "date,region,value\n2022-03-01,aa,0.3\n2022-03-01,a+b,1\n2022-03-01,a,0.3\n2022-13-01,a,0.3\n",
            )],
        ),
        &["shares.csv, line 5", "`2022-13-01` is not a date"],
    );
    holds(
        &said(
            &[],
            &[(
                "shares.csv",
                "date,region,value\n2022-03-01,aa,0.3\n2022-03-01,a+b,1\n2022-03-01,a,0.3\n",
            )],
        ),
        &[
            "line 2",
            "there is no region `aa`",
            "line 4",
            "`a` is given twice for 2022-03-01",
        ],
    );
    assert_eq!(
        said(&[], &[("hash.csv", "day,value\n1,5\n")]),
        "  hash.csv, line 1: observed.series.0.file\n    the columns are day,value\n    the first line must name the columns date and value"
    );
    assert_eq!(
        said(&[], &[("hash.csv", "date,value\n1999-03-01,5\n")]),
        "  line 50, column 1: observed.series.0\n    no value lies inside the run, which goes from 2022-01-01 over 400 days\n    give values of that time, or take the series out"
    );
    holds(
        &said(&["observed.daily=none.csv"], &[]),
        &["observed.daily", "cannot read `none.csv`"],
    );
    holds(
        &said(
            &["observed.daily=d.csv"],
            &[(
                "d.csv",
                "date,blocks,difficulty\n2022-01-02,144,1e13\n2022-01-02,144,1e13\n",
            )],
        ),
        &["d.csv, line 3", "does not come after the row before it"],
    );
    holds(
        &said(
            &["observed.daily=d.csv"],
            &[("d.csv", "date,blocks,difficulty\n2022-01-02,many,0\n")],
        ),
        &["`many` blocks at a difficulty of `0`"],
    );
}

#[test]
fn series_and_features_that_do_not_fit() {
    holds(
        &said(
            &["observed.series.0.error={ model = \"dirichlet\", concentration = 5.0 }"],
            &[],
        ),
        &[
            "observed.series.0.error",
            "shares have the error `dirichlet`, and nothing else has",
        ],
    );
    holds(
        &said(&["observed.series.0.every_days=30"], &[]),
        &["the values come from exactly one of `file` and `every_days`"],
    );
    holds(
        &said(
            &["observed.series.1.misplaced=[{ from = \"aa\", to = \"b\", share = 0.1 }]"],
            &[],
        ),
        &[
            "observed.series.1.misplaced.0.from",
            "there is no such region",
        ],
    );
    holds(
        &said(&["observed.features.0.from=2021-12-31"], &[]),
        &["is no time inside the run", "choose days of the run"],
    );
    holds(
        &said(&["observed.features.0.region=a"], &[]),
        &["a feature is one of hash rate, of difficulty, or of the share of a `region`"],
    );
    holds(
        &said(
            &[
                "observed.features=[{ name = \"x\", metric = \"hash-rate\", measure = \"level\", from = 2022-02-01, until = 2022-03-01 }]",
            ],
            &[],
        ),
        &[
            "observed.features.0.value",
            "it is not given, and `observed.daily` does not have these days",
        ],
    );
    holds(
        &said(&["observed.features.0.measure=deepest"], &[]),
        &["`deepest` is not one of `largest-fall`, `trough-day`, `recovery-days` and `level`"],
    );
}

#[test]
fn what_cannot_be_drawn() {
    let factor = |text: &str| format!("uncertain={{ factors = [{text}] }}");
    assert_eq!(
        said(
            &[&factor(
                "{ model = \"normal\", sd = 1.0, keys = [\"growth.hurdel\"] }"
            )],
            &[]
        )
        .replace(
            &factor("{ model = \"normal\", sd = 1.0, keys = [\"growth.hurdel\"] }"),
            "..."
        ),
        "  --set ...: uncertain.factors.0.keys\n    `growth.hurdel` is not a number that can be drawn or fitted, or the scenario does not give it\n    did you mean `growth.hurdle`? docs/model.md lists the keys that can be drawn"
    );
    holds(
        &said(
            &[&factor(
                "{ model = \"uniform\", low = 2.0, high = 1.0, keys = [\"growth.hurdle\"] }",
            )],
            &[],
        ),
        &["2 to 1 is no range for this law"],
    );
    holds(
        &said(
            &[&factor(
                "{ model = \"log-uniform\", low = 0.0, high = 1.0, keys = [\"growth.hurdle\"] }",
            )],
            &[],
        ),
        &["0 to 1 is no range for this law"],
    );
    holds(
        &said(
            &[&factor("{ model = \"normal\", sd = 1.0, keys = [] }")],
            &[],
        ),
        &["it moves no key"],
    );
    holds(
        &said(
            &[&factor(
                "{ model = \"uniform\", low = 1.0, high = 2.0, keys = [\"growth.hurdle\"] }, { model = \"uniform\", low = 1.0, high = 2.0, keys = [\"growth.hurdle\"] }",
            )],
            &[],
        ),
        &["the value of `growth.hurdle` is drawn twice"],
    );
    let draws = "uncertain={ draws = \"d.csv\" }";
    holds(
        &said(&[draws], &[("d.csv", "growth.hurdle\n0.3\n-1\n")]),
        &["-1 is out of range for `growth.hurdle`"],
    );
    holds(
        &said(&[draws], &[("d.csv", "growth.hurdle\n0.3\nmany\n")]),
        &["d.csv, line 3", "a cell is not a finite number"],
    );
    holds(
        &said(&[draws], &[("d.csv", "growth.hurdle\n")]),
        &["there are no draws"],
    );
    holds(
        &said(&[draws], &[("d.csv", "days\n30\n")]),
        &["`days` is not a number that can be drawn or fitted"],
    );
}
