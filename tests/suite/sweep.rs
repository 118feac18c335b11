//! What a sweep promises: its points are runs, its luck is common, its replicas suffice.

use std::sync::atomic::AtomicBool;

use hashdrift::ensemble;
use hashdrift::scenario::{
    Axis, Design, Label, Levels, RandomNumbers, Scenario, TypedAxes, Until, load_scenario,
    parse_scenario,
};
use hashdrift::sweep::{Done, Options, Plan, PointResult, Points, Request, compute};

const CORE: &str = include_str!("../../scenarios/core.toml");

fn core(changes: &[&str]) -> Scenario {
    let mut all = vec![
        "days=200".to_owned(),
        "firms.count=60".to_owned(),
        "record_every_days=50".to_owned(),
    ];
    all.extend(changes.iter().map(|change| (*change).to_owned()));
    parse_scenario("core", CORE, &all, &[]).unwrap_or_else(|error| panic!("{error}"))
}

fn axes(texts: &[&str]) -> TypedAxes {
    TypedAxes {
        uncertainties: texts.iter().map(|text| (*text).to_owned()).collect(),
        levers: Vec::new(),
    }
}

fn plan(scenario: &Scenario, request: &Request) -> Plan {
    Plan::new(scenario, request).unwrap_or_else(|error| panic!("{error}"))
}

/// The results of all points, in their order.
fn results(plan: &Plan, in_flight: usize) -> Vec<PointResult> {
    let mut found = Vec::new();
    let stop = AtomicBool::new(false);
    let options = Options {
        max_memory: 1 << 32,
        in_flight,
        stop: &stop,
        progress: &(),
    };
    let outcome = compute(plan, 0..plan.points, &options, |result| {
        found.push(result.clone());
        Ok::<(), ()>(())
    });
    assert!(outcome.is_ok());
    found.sort_by_key(|result| result.point);
    found
}

fn done(result: &PointResult) -> &Done {
    result
        .outcome
        .as_ref()
        .unwrap_or_else(|error| panic!("point {} failed: {error}", result.point))
}

const US: &str = "regions.us.power.usd_per_mwh=";

#[test]
fn a_point_is_the_run_of_its_changes_and_its_seed_to_the_bit() {
    for random_numbers in [RandomNumbers::Common, RandomNumbers::Independent] {
        let scenario = core(&["replicas=25"]);
        let plan = plan(
            &scenario,
            &Request {
                axes: axes(&[&format!("{US}40..90"), "moving.review_days=x0.5..x2"]),
                design: Some(Design::Sobol),
                points: Some(6),
                random_numbers: Some(random_numbers),
                dates: vec!["all".into()],
                ..Request::default()
            },
        );
        let points = Points::new(&plan);
        for result in results(&plan, 3) {
            let point = points.at(result.point);
            let mut changes = scenario.source.overrides.clone();
            changes.extend(point.changes);
            changes.push(format!("seed={}", point.seed));
            let alone = parse_scenario("core", CORE, &changes, &[]).unwrap();
            let alone = ensemble::run(&alone).unwrap();
            let done = done(&result);
            assert_eq!(done.dates.len(), alone.dates.len());
            assert_eq!(done.columns.len(), alone.quantities.len());
            for date in 0..alone.dates.len() {
                for quantity in 0..alone.quantities.len() {
                    let row = done.rows[date * alone.quantities.len() + quantity];
                    let summary = alone.summary(date, quantity);
                    assert_eq!(
                        row.map(|row| (row.0, row.1.to_bits(), row.2, row.standard_error())),
                        summary.map(|s| (s.replicas, s.mean.to_bits(), s.sd, s.standard_error)),
                        "{:?}",
                        alone.quantities[quantity]
                    );
                    if let (Some(row), Some(summary)) = (row, summary) {
                        assert_eq!(
                            row.3,
                            summary.quantiles.map(|q| (q.value, q.standard_error))
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn results_do_not_depend_on_how_many_points_are_under_way_nor_on_other_dates() {
    let scenario = core(&["replicas=10"]);
    let request = |dates: &[&str]| Request {
        axes: axes(&[&format!("{US}40:80:10")]),
        dates: dates.iter().map(|date| (*date).to_owned()).collect(),
        ..Request::default()
    };
    let one = results(&plan(&scenario, &request(&["last"])), 1);
    assert!(one == results(&plan(&scenario, &request(&[])), 7));
    let all = results(&plan(&scenario, &request(&["all"])), 2);
    for (last, all) in one.iter().zip(&all) {
        let (last, all) = (done(last), done(all));
        assert!(all.dates.len() > 1);
        assert_eq!(last.dates[0], all.dates[all.dates.len() - 1]);
        // Flows too, which add up from one record day to the next.
        assert!(last.rows == all.rows[all.rows.len() - last.rows.len()..]);
    }
}

#[test]
fn only_what_is_asked_for_is_in_the_results_on_the_dates_asked_for() {
    let scenario = core(&["replicas=4"]);
    let plan = plan(
        &scenario,
        &Request {
            axes: axes(&[&format!("{US}40,80")]),
            metrics: vec!["region/*/share".into(), "hhi".into()],
            dates: vec!["first".into(), scenario.date(77).to_string()],
            ..Request::default()
        },
    );
    let found = results(&plan, 1);
    let done = done(&found[0]);
    let names: Vec<String> = done
        .columns
        .iter()
        .map(|column| format!("{}/{}/{}", column.level, column.name, column.metric))
        .collect();
    assert_eq!(
        names,
        [
            "region/all/hhi",
            "firm/all/hhi",
            "region/us/share",
            "region/paraguay/share",
            "region/ethiopia/share"
        ]
    );
    // A day that the scenario itself does not record.
    assert_eq!(
        done.dates,
        [
            (0, scenario.start.to_string()),
            (77, scenario.date(77).to_string())
        ]
    );
}

/// Mean over the replicas of the share of the US at the end, at each point.
fn shares(seed: u64, random_numbers: RandomNumbers) -> Vec<f64> {
    let scenario = core(&[&format!("seed={seed}"), "replicas=8"]);
    let plan = plan(
        &scenario,
        &Request {
            axes: axes(&[&format!("{US}60,64")]),
            random_numbers: Some(random_numbers),
            metrics: vec!["region/us/share".into()],
            ..Request::default()
        },
    );
    let found = results(&plan, 1);
    found
        .iter()
        .map(|result| done(result).rows[0].expect("the US always run").1)
        .collect()
}

#[test]
fn common_random_numbers_take_most_of_the_luck_out_of_a_difference() {
    let variance = |random_numbers| {
        let differences: Vec<f64> = (0..40)
            .map(|seed| {
                let shares = shares(seed, random_numbers);
                shares[1] - shares[0]
            })
            .collect();
        let n = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / n;
        differences
            .iter()
            .map(|difference| (difference - mean) * (difference - mean))
            .sum::<f64>()
            / (n - 1.0)
    };
    let (common, independent) = (
        variance(RandomNumbers::Common),
        variance(RandomNumbers::Independent),
    );
    // The ratio of two variances of 40 draws each: chance alone gives a third once in two thousand times.
    assert!(
        common * 3.0 < independent,
        "common {common:e}, independent {independent:e}"
    );
}

#[test]
fn replicas_are_drawn_until_they_suffice_or_the_most_is_reached() {
    let scenario = core(&[]);
    let request = |se: f64, most: u32| Request {
        axes: axes(&[&format!("{US}50,70")]),
        replicas: Some(16),
        until: Some(Until {
            metric: "region/us/share".into(),
            se,
            most,
        }),
        metrics: vec!["region/us/share".into()],
        ..Request::default()
    };
    for result in results(&plan(&scenario, &request(0.004, 5000)), 2) {
        let done = done(&result);
        let error = done.rows[0].and_then(|row| row.standard_error());
        assert!(
            done.replicas > 16 && done.replicas < 5000,
            "{}",
            done.replicas
        );
        assert!(error.is_some_and(|error| error <= 0.004), "{error:?}");
    }
    let capped = results(&plan(&scenario, &request(1e-6, 50)), 2);
    assert!(capped.iter().all(|result| done(result).replicas == 50));
    // The same replicas as without `until`.
    let fixed = Request {
        replicas: Some(50),
        until: None,
        ..request(1.0, 50)
    };
    assert_eq!(capped, results(&plan(&scenario, &fixed), 2));
    let enough = results(&plan(&scenario, &request(10.0, 50)), 2);
    assert!(enough.iter().all(|result| done(result).replicas == 16));
}

#[test]
fn an_event_can_be_switched_off_and_a_table_replaced() {
    let text = format!(
        "{CORE}\n[[events]]\nkind = \"ban\"\nregion = \"us\"\nstart = 2025-11-01\n[[hazards]]\nkind = \"tariff\"\nregion = \"us\"\nper_year = 1.0\nsize = 2.0\n"
    );
    let changes: Vec<String> = [
        "days=120",
        "firms.count=60",
        "replicas=6",
        "record_every_days=60",
    ]
    .map(str::to_owned)
    .to_vec();
    let scenario = parse_scenario("core", &text, &changes, &[]).unwrap_or_else(|e| panic!("{e}"));
    let plan = plan(
        &scenario,
        &Request {
            axes: axes(&[
                "events.0.enabled=true,false",
                "hazards.0={ kind = \"tariff\", region = \"us\", per_year = 0.0, size = 2.0 }, { kind = \"tariff\", region = \"us\", per_year = 50.0, size = 2.0 }",
            ]),
            metrics: vec![
                "region/us/share".into(),
                "region/us/delivered_power_price".into(),
            ],
            ..Request::default()
        },
    );
    let found = results(&plan, 1);
    let share = |point: usize| done(&found[point]).rows[0].map_or(0.0, |row| row.1);
    let price = |point: usize| done(&found[point]).rows[1].map(|row| row.1);
    assert!(share(0) < 0.2 * share(2), "{} {}", share(0), share(2));
    assert!(price(3) > price(2), "{:?} {:?}", price(3), price(2));
    // Switched off, they leave no trace, and what is left keeps its luck.
    let bits = |text: &str, more: &[&str]| {
        let more = more.iter().map(|change| (*change).to_owned());
        let changes: Vec<String> = changes.iter().cloned().chain(more).collect();
        let scenario = parse_scenario("core", text, &changes, &[]).unwrap();
        let results = ensemble::run(&scenario).unwrap();
        let replicas = (0..6).flat_map(|replica| results.replica(replica).to_vec());
        replicas.map(f64::to_bits).collect::<Vec<u64>>()
    };
    let off = ["events.0.enabled=false", "hazards.0.enabled=false"];
    assert!(bits(&text, &off) == bits(CORE, &[]));
    let twice = "hazards=[{ kind = \"tariff\", region = \"us\", per_year = 3.0, size = 1.5, enabled = false }, { kind = \"tariff\", region = \"us\", per_year = 3.0, size = 2.0 }]";
    let both = twice
        .replace(", enabled = false", "")
        .replace("size = 1.5", "size = 1.0");
    assert!(bits(CORE, &[twice]) == bits(CORE, &[&both]));
    assert!(bits(CORE, &[twice]) != bits(CORE, &[]));
}

#[test]
fn a_point_without_a_day_of_the_results_fails_rather_than_shows_others() {
    let scenario = core(&["replicas=3"]);
    let date = scenario.date(100).to_string();
    let plan = plan(
        &scenario,
        &Request {
            axes: axes(&["days=60,200"]),
            dates: vec![date],
            ..Request::default()
        },
    );
    let found = results(&plan, 1);
    assert_eq!(
        found[0].outcome,
        Err("none of the dates of the results is one of its days".to_owned())
    );
    assert_eq!(done(&found[1]).dates.len(), 1);
}

#[test]
fn every_axis_of_a_shipped_scenario_changes_something() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut swept = 0;
    for entry in std::fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("it can be read").path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let changes = [
            "days=400",
            "firms.count=30",
            "sweep.dates=[\"last\"]",
            "sweep.replicas=4",
        ];
        let changes: Vec<String> = changes.map(str::to_owned).to_vec();
        let scenario = load_scenario(&path, &changes).unwrap_or_else(|error| panic!("{error}"));
        if scenario.sweep.axes.is_empty() {
            continue;
        }
        swept += 1;
        let mut plan = plan(&scenario, &Request::default());
        assert!(plan.check_points().idle.is_empty());
        let axes = plan.axes.clone();
        for axis in axes {
            let Levels::Listed(levels) = &axis.levels else {
                continue;
            };
            // Of numbers the two ends; of cases, some of which take years to show, all.
            let ends = if levels.len() > 2 && matches!(levels[0].label, Label::Number(_)) {
                vec![levels[0].clone(), levels[levels.len() - 1].clone()]
            } else {
                levels.clone()
            };
            plan.points = ends.len() as u32;
            plan.axes = vec![Axis {
                levels: Levels::Listed(ends),
                ..axis.clone()
            }];
            let found = results(&plan, 1);
            let first = &done(&found[0]).rows;
            assert!(
                found[1..].iter().any(|other| done(other).rows != *first),
                "{}",
                axis.name
            );
        }
    }
    assert!(swept > 0);
}

#[test]
fn an_axis_without_effect_is_seen() {
    let text = include_str!("../../scenarios/three-regions.toml");
    let scenario = parse_scenario("three", text, &["days=60".to_owned()], &[]).unwrap();
    let of = |axis: &str| {
        let plan = plan(
            &scenario,
            &Request {
                axes: axes(&[axis]),
                ..Request::default()
            },
        );
        let idle = plan.check_points().idle;
        idle.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        of("regions.ethiopia.power.usd_per_mwh=10,500"),
        [
            "regions.ethiopia.power.usd_per_mwh: a tariff step is in force from the first day on, so this price is never used"
        ]
    );
    assert!(of("regions.ethiopia.power.tariff.*.usd_per_mwh=10,500").is_empty());
}

#[test]
fn what_cannot_be_swept_is_refused_with_the_next_step() {
    let scenario = core(&[]);
    let wrong = |request: Request| match Plan::new(&scenario, &request) {
        Ok(_) => panic!("this should be refused"),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        wrong(Request::default()),
        "there is nothing to vary\nadd --axis KEY=VALUES, for example --axis regions.us.power.usd_per_mwh=40:120:5, or [[sweep.axes]] to the scenario"
    );
    assert_eq!(
        wrong(Request {
            axes: axes(&[&format!("{US}40..80")]),
            ..Request::default()
        }),
        "the axis `regions.us.power.usd_per_mwh` has bounds and no levels, which a factorial design needs\nlist them (40:120:5, linspace(40,120,17)), or draw points: --design latin-hypercube --points N"
    );
    assert_eq!(
        wrong(Request {
            axes: axes(&[
                &format!("{US}1:1000:1"),
                "moving.review_days=1:1000:1",
                "moving.breakage=0,0.1"
            ]),
            ..Request::default()
        }),
        "these axes make 2000000 points; a sweep has at most 1000000\ntake larger steps, fewer axes, or draw points: --design latin-hypercube --points N"
    );
    assert_eq!(
        wrong(Request {
            axes: axes(&[&format!("{US}40,50"), "moving.review_days=1,2,3"]),
            design: Some(Design::Zip),
            ..Request::default()
        }),
        "a zip design takes the levels of all axes together, and there are 2 of regions.us.power.usd_per_mwh, 3 of moving.review_days\ngive all as many, or use the factorial design"
    );
    assert_eq!(
        wrong(Request {
            axes: axes(&[&format!("{US}40,50")]),
            metrics: vec!["region/us/shar".into()],
            ..Request::default()
        }),
        "nothing that is recorded is called `region/us/shar`\ndid you mean `region/us/share`?"
    );
    assert_eq!(
        wrong(Request {
            axes: axes(&[&format!("{US}40,50")]),
            dates: vec!["1999-01-01".into()],
            ..Request::default()
        }),
        format!(
            "`1999-01-01`, asked for as a date of the results, is none\nin `--date` and in `dates` of [sweep], write first, last, all, or a day from {} to {}",
            scenario.start,
            scenario.date(199)
        )
    );
    assert_eq!(
        wrong(Request {
            axes: axes(&[&format!("{US}40,50")]),
            until: Some(Until {
                metric: "share".into(),
                se: 0.1,
                most: 10_000
            }),
            ..Request::default()
        })
        .lines()
        .last(),
        Some("name it as LEVEL/NAME/METRIC, as in region/us/share")
    );
}
