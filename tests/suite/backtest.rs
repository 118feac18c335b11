//! Backtests and calibrations on histories that the model itself drew, where the truth is known.

use std::sync::atomic::AtomicBool;

use hashdrift::backtest::{RowKind, backtest, observed_of, simulate};
use hashdrift::calibration::{Episode, Evaluation, Parameter, Plan, Prior, fit, loss, polish};
use hashdrift::scenario::{Measure, Metric, Observed, Scenario, parse_scenario};

/// Two regions, firms that buy, and what is measured of them; the values are put in by the tests.
pub const WORLD: &str = r#"
name = "Small"
start = 2022-01-01
days = 400
record_every_days = 400
replicas = 40
[bitcoin]
height = 717_000
network_ehs = 180.0
fee_ratio = 0.02
price = { model = "gbm", usd = 40_000.0, drift = 0.0, volatility = 0.3 }
[firms]
count = 60
site_dispersion = 0.3
efficiency = { model = "normal", mean = 50.0, sd = 12.0, min = 29.0, max = 98.0 }
[hardware]
usd_per_th = 20.0
elasticity = 1.4
premium = 0.96
floor_usd_per_th = 12.0
frontier = { model = "exponential", start_j_per_th = 30.0, limit_j_per_th = 6.0, rate_per_year = 0.15 }
supply = { ehs_per_month = 14.0, growth_per_year = 0.5 }
retire_per_year = 0.07
exit_after_idle_days = 290.0
efficiency_spread = 0.15
site_usd_per_kw = 300.0
[growth]
rate_per_month = 0.2
cap_per_month = 0.13
hurdle = 0.4
discount_rate = 0.2
luck_sd = 0.4
lead_days = 90
pipeline_per_month = 0.05
slots = "on-delivery"
[expectations]
hashprice_decay = 0.15
halving_known = true
[regions.a]
share = 0.6
power = { usd_per_mwh = 50.0, intraday_sd = 0.3, reversion_per_year = 25.0, volatility = 1.2 }
capacity = { start_utilisation = 0.85, build_response = 0.03 }
[regions.b]
share = 0.4
power = { usd_per_mwh = 45.0 }
capacity = { start_utilisation = 0.85, build_response = 0.03 }
[observed]
horizons_days = [120]
reference = { hash_drift_per_year = 0.3, hash_volatility = 0.2, share_volatility = 0.4 }
[[observed.series]]
metric = "hash-rate"
file = "hash.csv"
average_days = 7
[[observed.series]]
metric = "share"
file = "shares.csv"
average_days = 30
error = { model = "dirichlet", concentration = 100.0 }
[[observed.series]]
metric = "efficiency"
file = "efficiency.csv"
error = { model = "log-normal", sd = 0.05 }
[[observed.features]]
name = "largest fall"
metric = "hash-rate"
average_days = 7
measure = "largest-fall"
from = 2022-02-01
until = 2022-12-31
value = 0.1
at_least = 0.05
"#;

const DATES: [&str; 6] = [
    "2022-03-01",
    "2022-05-01",
    "2022-07-01",
    "2022-09-01",
    "2022-11-01",
    "2023-01-01",
];

pub fn inputs() -> Vec<(String, String)> {
    let rows = |value: &str| -> String {
        let rows: Vec<String> = DATES
            .iter()
            .map(|date| format!("{date},{value}\n"))
            .collect();
        rows.concat()
    };
    let shares: Vec<String> = DATES
        .iter()
        .map(|date| format!("{date},a,0.6\n{date},b,0.4\n"))
        .collect();
    vec![
        ("hash.csv".into(), format!("date,value\n{}", rows("200.0"))),
        (
            "shares.csv".into(),
            format!("date,region,value\n{}", shares.concat()),
        ),
        (
            "efficiency.csv".into(),
            format!("date,value\n{}", rows("45.0")),
        ),
    ]
}

fn small(changes: &[&str]) -> Scenario {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    parse_scenario("small", WORLD, &changes, &inputs())
        .unwrap_or_else(|refused| panic!("{refused}"))
}

fn go_on() -> AtomicBool {
    AtomicBool::new(false)
}

/// The same scenario, having observed what history number `replica` of `truth` was measured to be.
fn having_seen(scenario: &Scenario, truth: &Scenario, replica: usize) -> Scenario {
    let observed = observed_of(truth).unwrap();
    let measured = simulate(truth, observed, &go_on(), &()).unwrap();
    let mut values = measured.members.iter().map(|members| members[replica]);
    let mut seen = scenario.clone();
    let into: &mut Observed = seen.observed.as_mut().unwrap();
    for point in into.series.iter_mut().flat_map(|series| &mut series.points) {
        point.value = values.next().unwrap();
    }
    for feature in &mut into.features {
        feature.value = values.next();
    }
    seen
}

/// A history that the model drew itself lies inside the 90 % band nine times in ten, and its rank among others is uniform. Values of one
/// history go together, so the error is that of 40 histories: a part of 0.9 has a standard error of 0.047 at most; three are
/// allowed, and 2 points for the band of 40 members, which holds 86 % (p (n - 1) / (n + 1)).
#[test]
fn a_history_of_the_models_own_is_covered_as_often_as_the_bands_say() {
    let truth = small(&["seed=77"]);
    let (mut inside, mut values, mut ranks) = (0, 0, 0.0);
    for replica in 0..40 {
        let seen = having_seen(&small(&[]), &truth, replica);
        let scores = backtest(&seen, observed_of(&seen).unwrap(), &go_on(), &()).unwrap();
        for row in &scores.rows {
            inside += u32::from(row.bands.nine_tenths);
            values += 1;
            ranks += row.pit;
        }
    }
    let covered = f64::from(inside) / f64::from(values);
    let mean = ranks / f64::from(values);
    assert!((0.74..=0.98).contains(&covered), "{covered} of {values}");
    // A uniform rank has a standard deviation of 0.29: 0.046 for the mean of 40, were all values of a history one.
    assert!((mean - 0.5).abs() < 3.0 * 0.046, "{mean}");
}

#[test]
fn a_truth_that_is_far_off_is_not_covered_and_scores_worse_than_its_own() {
    let right = having_seen(&small(&[]), &small(&["seed=77"]), 0);
    let score = |scenario: &Scenario| {
        let scores = backtest(scenario, observed_of(scenario).unwrap(), &go_on(), &()).unwrap();
        let block = |metric: &str| {
            let mut blocks = scores.blocks.iter();
            let block = blocks.find(|block| block.metric == metric && block.horizon.is_none());
            block.unwrap_or_else(|| panic!("no {metric}")).clone()
        };
        (block("hash-rate"), block("share"), block("share-vector"))
    };
    let mut wrong = right.clone();
    for point in &mut wrong.observed.as_mut().unwrap().series[0].points {
        point.value *= 3.0;
    }
    let ((hash, share, vector), (far, ..)) = (score(&right), score(&wrong));
    assert!(
        far.score > 1.0 && hash.score < 0.3,
        "{} {}",
        far.score,
        hash.score
    );
    assert_eq!(far.covered_nine_tenths, Some(0.0));
    // ln 3 off, less half the spread of the members.
    assert!((far.score - (libm::log(3.0) - hash.score)).abs() < 0.4);
    assert!(hash.standard_error.unwrap() > 0.0 && hash.values == DATES.len());
    // Two shares that add up to 1: the vector is off by the square root of 2 as much as each.
    assert!((vector.score / share.score - std::f64::consts::SQRT_2).abs() < 0.02);
}

#[test]
fn horizons_take_what_was_measured_up_to_them() {
    let seen = having_seen(&small(&[]), &small(&["seed=77"]), 0);
    let scores = backtest(&seen, observed_of(&seen).unwrap(), &go_on(), &()).unwrap();
    let counts: Vec<(Option<u32>, usize)> = scores
        .blocks
        .iter()
        .filter(|block| block.metric == "hash-rate")
        .map(|block| (block.horizon, block.values))
        .collect();
    assert_eq!(counts, [(None, 6), (Some(120), 2)]);
    let event = scores
        .rows
        .iter()
        .find(|row| matches!(row.kind, RowKind::Feature(..)));
    let event = event.unwrap().event.unwrap();
    let miss = event.probability - f64::from(u8::from(event.happened));
    assert!((event.brier - miss * miss).abs() < 1e-15);
}

/// Difficulty at the median, by the day's blocks: the estimator sees the network that the engine ran.
#[test]
fn hash_rate_by_blocks_is_that_of_the_network_but_for_their_luck() {
    let scenario = small(&[
        "replicas=60",
        "bitcoin.price={ model = \"constant\", usd = 40_000.0 }",
    ]);
    let mut exact = scenario.clone();
    exact.record_every_days = 1;
    let observed = observed_of(&scenario).unwrap();
    let measured = simulate(&scenario, observed, &go_on(), &()).unwrap();
    let results = hashdrift::ensemble::run(&exact).unwrap();
    let hash = results
        .find(hashdrift::record::Level::Network, "all", "hash_rate")
        .unwrap();
    let day = observed.series[0].points[0].day as usize;
    let mut ratios = Vec::new();
    for replica in 0..60 {
        let row = results.replica(replica);
        let true_mean = (day - 6..=day)
            .map(|day| row[day * results.quantities.len() + hash])
            .sum::<f64>()
            / 7.0;
        ratios.push(libm::log(measured.members[0][replica] / true_mean));
    }
    let moments = hashdrift::statistics::mean_and_sd(&ratios).unwrap();
    // About 1,008 blocks: a standard deviation of 3.15 %, of which 60 histories tell 9 %; their mean is off by 0.4 %.
    assert!(
        moments.mean.abs() < 4.0 * 0.0315 / 60.0_f64.sqrt(),
        "{}",
        moments.mean
    );
    assert!(
        (moments.sd.unwrap() / 0.0315 - 1.0).abs() < 0.4,
        "{:?}",
        moments.sd
    );
}

#[test]
fn every_replica_has_its_own_values_of_what_is_uncertain_and_the_same_ones_under_one_seed() {
    let laws = "uncertain={ factors = [{ model = \"log-normal\", sd = 0.5, keys = [\"regions.*.capacity.build_response\"] }, { model = \"uniform\", low = 0.3, high = 0.6, keys = [\"growth.hurdle\"] }, { model = \"normal\", sd = 40.0, keys = [\"hardware.exit_after_idle_days\"] }, { model = \"log-uniform\", low = 1.0, high = 9.0, keys = [\"moving.choice_scale_usd_per_mwh\"] }] }";
    let scenario = small(&[laws]);
    let mut hurdles = Vec::new();
    for replica in 0..200 {
        let mut own = scenario
            .of_replica(replica)
            .expect("something is uncertain");
        let mut again = scenario.of_replica(replica).unwrap();
        for key in [
            "growth.hurdle",
            "moving.choice_scale_usd_per_mwh",
            "hardware.exit_after_idle_days",
            "regions.a.capacity.build_response",
        ] {
            assert_eq!(
                own.number(key).unwrap().to_bits(),
                again.number(key).unwrap().to_bits()
            );
        }
        let hurdle = own.number("growth.hurdle").unwrap();
        assert!((0.3..=0.6).contains(&hurdle));
        hurdles.push(hurdle);
        let scale = own.number("moving.choice_scale_usd_per_mwh").unwrap();
        assert!((1.0..=9.0).contains(&scale));
        let (a, b) = (
            own.number("regions.a.capacity.build_response").unwrap(),
            own.number("regions.b.capacity.build_response").unwrap(),
        );
        assert!(a == b && a != 0.03, "one draw moves both: {a} {b}");
        assert!(own.of_replica(replica).is_none(), "what was drawn is drawn");
    }
    let moments = hashdrift::statistics::mean_and_sd(&hurdles).unwrap();
    // Uniform on 0.3 to 0.6: standard deviation 0.0866, of 200 draws 0.0061.
    assert!((moments.mean - 0.45).abs() < 4.0 * 0.0061);
    // A law of its own moves no draw of another.
    let alone = small(&[
        "uncertain={ factors = [{ model = \"uniform\", low = 0.3, high = 0.6, keys = [\"growth.hurdle\"] }] }",
    ]);
    let mut first = alone.of_replica(0).unwrap();
    assert_eq!(
        first.number("growth.hurdle").unwrap().to_bits(),
        hurdles[0].to_bits()
    );
}

#[test]
fn drawn_rows_are_taken_whole_and_laws_come_on_top() {
    let mut files = inputs();
    files.push((
        "draws.csv".into(),
        "growth.hurdle,regions.*.capacity.build_response\n0.3,0.01\n0.5,0.05\n".into(),
    ));
    let changes = ["uncertain={ draws = \"draws.csv\", factors = [{ model = \"log-normal\", sd = 0.2, keys = [\"regions.b.capacity.build_response\"] }] }".to_owned()];
    let scenario =
        parse_scenario("small", WORLD, &changes, &files).unwrap_or_else(|e| panic!("{e}"));
    let mut seen = [0, 0];
    for replica in 0..100 {
        let mut own = scenario.of_replica(replica).unwrap();
        let hurdle = own.number("growth.hurdle").unwrap();
        let a = own.number("regions.a.capacity.build_response").unwrap();
        let b = own.number("regions.b.capacity.build_response").unwrap();
        let row = usize::from(hurdle == 0.5);
        assert_eq!((hurdle, a), [(0.3, 0.01), (0.5, 0.05)][row]);
        assert!(b != a && (b / a).abs() < 3.0);
        seen[row] += 1;
    }
    // Both rows are equally likely: 50 of 100 with a standard deviation of 5.
    assert!(
        seen.iter().all(|count| (30..=70).contains(count)),
        "{seen:?}"
    );
}

#[test]
fn bands_are_wider_where_parameters_are_uncertain() {
    let sure = small(&["bitcoin.price={ model = \"constant\", usd = 40_000.0 }"]);
    let unsure = small(&[
        "bitcoin.price={ model = \"constant\", usd = 40_000.0 }",
        "uncertain={ factors = [{ model = \"log-uniform\", low = 0.2, high = 1.5, keys = [\"growth.hurdle\"] }] }",
    ]);
    let spread = |scenario: &Scenario| {
        let measured = simulate(scenario, observed_of(scenario).unwrap(), &go_on(), &()).unwrap();
        hashdrift::statistics::mean_and_sd(&measured.members[5])
            .unwrap()
            .sd
            .unwrap()
    };
    assert!(
        spread(&unsure) > 2.0 * spread(&sure),
        "{} {}",
        spread(&unsure),
        spread(&sure)
    );
}

fn plan(points: u32) -> Plan {
    let parameter = |key: &str, prior| Parameter {
        key: key.into(),
        prior,
        why: "a test".into(),
        except: Vec::new(),
    };
    Plan {
        name: "Small".into(),
        episodes: vec!["small".into()],
        points,
        replicas: 12,
        accepted: 0.25,
        polish: 20,
        seed: 1,
        parameters: vec![
            parameter(
                "growth.hurdle",
                Prior::LogUniform {
                    low: 0.15,
                    high: 1.5,
                },
            ),
            parameter(
                "regions.*.capacity.build_response",
                Prior::LogUniform {
                    low: 0.002,
                    high: 0.2,
                },
            ),
            parameter(
                "moving.stay_bonus_usd_per_mwh",
                Prior::Normal { mean: 3.0, sd: 2.0 },
            ),
        ],
    }
}

/// Plants parameters in synthetic data and looks for them.
#[test]
fn parameters_that_were_planted_are_found_within_their_intervals() {
    let plan = plan(96);
    let steady = [
        "bitcoin.price={ model = \"constant\", usd = 40_000.0 }",
        "replicas=12",
    ];
    let mut planted = small(&steady);
    planted.seed = 5;
    planted.set_number("growth.hurdle", 0.35).unwrap();
    planted
        .set_number("regions.*.capacity.build_response", 0.03)
        .unwrap();
    let seen = having_seen(&small(&steady), &planted, 0);
    let stop = go_on();
    let episodes = [Episode::new("small", seen, &stop).unwrap()];
    let evaluate = |point: &[f64]| Evaluation {
        point: point.to_vec(),
        scores: vec![episodes[0].scores_at(&plan, point, &stop).unwrap()],
    };
    let evaluations: Vec<Evaluation> = plan.design().iter().map(|point| evaluate(point)).collect();
    let found = fit(&plan, &episodes, &evaluations, None);
    for (estimate, truth) in found.estimates.iter().zip([0.35, 0.03]) {
        assert!(
            estimate.low <= truth && truth <= estimate.high,
            "{truth}: {estimate:?}"
        );
    }
    // The hurdle is narrowed down; what two regions of one price do not tell is not told.
    let (hurdle, bonus) = (&found.estimates[0], &found.estimates[2]);
    assert!(
        hurdle.width < 0.8 && hurdle.width < 0.8 * bonus.width,
        "{hurdle:?} {bonus:?}"
    );
    assert!(!bonus.is_identified(), "{bonus:?}");
    assert!(found.losses.is_sorted() && found.median_loss > found.losses[0]);

    let search = polish(
        &plan,
        &found.accepted,
        &mut |point| Ok(evaluate(point)),
        &|evaluation| loss(&episodes, evaluation, None),
    )
    .unwrap();
    assert!((1..=20).contains(&search.len()));
    let lowest = search
        .iter()
        .map(|evaluation| loss(&episodes, evaluation, None))
        .fold(f64::INFINITY, f64::min);
    assert!(
        lowest <= found.losses[0] * (1.0 + 1e-9),
        "{lowest} {}",
        found.losses[0]
    );
}

#[test]
fn what_was_measured_in_the_time_of_an_episode_left_out_is_left_out_of_the_others() {
    let plan = plan(1);
    let stop = go_on();
    let whole = having_seen(
        &small(&["replicas=4"]),
        &small(&["seed=77", "replicas=4"]),
        0,
    );
    let mut late = whole.clone();
    late.start = "2022-06-01".parse().unwrap();
    let episodes = [
        Episode::new("whole", whole, &stop).unwrap(),
        Episode::new("late", late, &stop).unwrap(),
    ];
    let point = plan.design()[0].clone();
    let scores: Vec<Option<Vec<Option<f64>>>> = episodes
        .iter()
        .map(|episode| episode.scores_at(&plan, &point, &stop).unwrap())
        .collect();
    let evaluation = Evaluation { point, scores };
    let without_late = loss(&episodes, &evaluation, Some(1));
    // A score of a value of the time of the episode left out makes no difference, an earlier one does.
    let with_other = |index: usize| {
        let mut other = evaluation.clone();
        *other.scores[0].as_mut().unwrap()[index].as_mut().unwrap() += 10.0;
        loss(&episodes, &other, Some(1))
    };
    assert_eq!(with_other(DATES.len() - 1), without_late);
    assert!(with_other(0) > without_late);
    assert!(loss(&episodes, &evaluation, None) != without_late);
}

#[test]
fn more_points_only_add_to_fewer_and_fill_the_prior() {
    let (few, many) = (plan(32).design(), plan(256).design());
    assert_eq!(few[..], many[..32]);
    let plan = plan(256);
    for (column, parameter) in plan.parameters.iter().enumerate() {
        let mut ranks: Vec<f64> = many
            .iter()
            .map(|point| parameter.prior.rank(point[column]))
            .collect();
        ranks.sort_by(f64::total_cmp);
        // A scrambled Sobol sequence has one point in every 256th.
        for (index, rank) in ranks.iter().enumerate() {
            assert!(
                (rank - (index as f64 + 0.5) / 256.0).abs() < 1.0 / 256.0,
                "{index} {rank}"
            );
        }
    }
}

#[test]
fn shares_in_another_order_are_the_same_shares() {
    let by_region: Vec<String> = ["a,0.6", "b,0.4"]
        .iter()
        .flat_map(|share| DATES.iter().map(move |date| format!("{date},{share}\n")))
        .collect();
    let mut files = inputs();
    files[1].1 = format!("date,region,value\n{}", by_region.concat());
    let other = parse_scenario("small", WORLD, &[], &files).unwrap_or_else(|e| panic!("{e}"));
    let blocks = |scenario: &Scenario| {
        backtest(scenario, observed_of(scenario).unwrap(), &go_on(), &())
            .unwrap()
            .blocks
    };
    assert_eq!(blocks(&other), blocks(&small(&[])));
}

#[test]
fn what_is_fitted_is_no_longer_drawn_and_the_rest_is() {
    let laws = "uncertain={ factors = [{ model = \"uniform\", low = 0.01, high = 0.02, keys = [\"regions.a.capacity.build_response\", \"growth.hurdle\"] }, { model = \"log-normal\", sd = 0.5, keys = [\"regions.b.capacity.build_response\"] }] }";
    let mut scenario = small(&[laws]);
    scenario.fix("regions.*.capacity.build_response");
    let keys: Vec<&Vec<String>> = scenario
        .uncertain
        .factors
        .iter()
        .map(|factor| &factor.keys)
        .collect();
    assert_eq!(
        keys,
        [
            &vec!["growth.hurdle".to_owned()],
            &vec!["regions.b.capacity.build_response".to_owned()]
        ]
    );
}

#[test]
fn an_event_that_is_drawn_stays_an_event_of_its_kind() {
    let scenario = small(&[
        "events=[{ kind = \"curtail\", region = \"a\", start = 2022-03-01, size = 0.5 }]",
        "uncertain={ factors = [{ model = \"normal\", sd = 5.0, keys = [\"events.0.size\"] }] }",
    ]);
    let mut ends = [0, 0];
    for replica in 0..50 {
        let size = scenario
            .of_replica(replica)
            .unwrap()
            .number("events.0.size")
            .unwrap();
        assert!((0.0..=1.0).contains(&size), "{size}");
        ends[0] += u32::from(size == 0.0);
        ends[1] += u32::from(size == 1.0);
    }
    assert!(ends[0] > 5 && ends[1] > 5, "{ends:?}");
}

#[test]
fn features_of_measured_days_are_read_off_like_those_of_simulated_ones() {
    let days: Vec<String> = (0..400)
        .map(|day| {
            let date = jiff::civil::date(2022, 1, 1)
                .checked_add(jiff::Span::new().days(day))
                .unwrap();
            let blocks = if (100..130).contains(&day) { 60 } else { 120 };
            format!("{date},{blocks},2e13\n")
        })
        .collect();
    let mut files = inputs();
    files.push((
        "daily.csv".into(),
        format!("date,blocks,difficulty\n{}", days.concat()),
    ));
    let changes = [
        "observed.daily=daily.csv".to_owned(),
        "observed.features=[{ name = \"fall\", metric = \"hash-rate\", average_days = 7, measure = \"largest-fall\", from = 2022-02-01, until = 2022-12-31 }, { name = \"back\", metric = \"hash-rate\", measure = \"recovery-days\", from = 2022-02-01, until = 2022-12-31 }]".to_owned(),
    ];
    let scenario =
        parse_scenario("small", WORLD, &changes, &files).unwrap_or_else(|e| panic!("{e}"));
    let observed = observed_of(&scenario).unwrap();
    assert_eq!(observed.features[0].measure, Measure::LargestFall);
    assert!(
        (observed.daily[0].of(Metric::HashRate) - 120.0 * 2e13 * 4_294_967_296.0 / 86_400.0 / 1e18)
            .abs()
            < 1e-9
    );
    let scores = backtest(&scenario, observed, &go_on(), &()).unwrap();
    let seen: Vec<f64> = scores
        .rows
        .iter()
        .filter(|row| matches!(row.kind, RowKind::Feature(..)))
        .map(|row| row.observed)
        .collect();
    assert!((seen[0] - 0.5).abs() < 1e-12, "{seen:?}");
    // Never above the level of before: from the first day of the window to its last.
    assert_eq!(seen[1], 333.0);
}

#[test]
fn an_excepted_episode_keeps_its_own_value_at_every_point_and_under_the_posterior() {
    let mut plan = plan(1);
    let stop = go_on();
    let mut episode = Episode::new("small", small(&["replicas=2"]), &stop).unwrap();
    let point = [0.9, 0.1, 7.0];
    let hurdle_and_bonus = |scenario: &mut Scenario| {
        ["growth.hurdle", "moving.stay_bonus_usd_per_mwh"].map(|key| scenario.number(key).unwrap())
    };
    let own = hurdle_and_bonus(&mut episode.scenario);
    assert!(own[0] != 0.9 && own[1] != 7.0);
    assert_eq!(
        hurdle_and_bonus(&mut episode.at(&plan, &point).unwrap()),
        [0.9, 7.0]
    );
    plan.parameters[0].except = vec!["small".into()];
    assert_eq!(
        hurdle_and_bonus(&mut episode.at(&plan, &point).unwrap()),
        [own[0], 7.0]
    );
    let mut replica = episode
        .under(&plan, &[point.to_vec()])
        .of_replica(0)
        .unwrap();
    assert_eq!(hurdle_and_bonus(&mut replica), [own[0], 7.0]);
    // Another episode's name excepts nothing here.
    plan.parameters[0].except = vec!["other".into()];
    assert_eq!(
        hurdle_and_bonus(&mut episode.at(&plan, &point).unwrap()),
        [0.9, 7.0]
    );
}

#[test]
fn a_point_of_a_calibration_scores_what_a_backtest_of_it_scores() {
    let plan = plan(1);
    let stop = go_on();
    let scenario = small(&["replicas=6"]);
    let episode = Episode::new("small", scenario, &stop).unwrap();
    let point = plan.design()[0].clone();
    let alone = episode.scores_at(&plan, &point, &stop).unwrap().unwrap();
    let there = episode.at(&plan, &point).unwrap();
    let whole = backtest(&there, observed_of(&there).unwrap(), &stop, &()).unwrap();
    let points = whole.rows.iter();
    let points = points.filter(|row| matches!(row.kind, RowKind::Point(..)));
    let expected: Vec<Option<f64>> = points.map(|row| Some(row.crps)).collect();
    assert_eq!(alone, expected);
}
