//! Limits of the whole model with a known answer, and the signs of what it does.

use super::*;

/// Two regions whose prices rise with load, machines that are all alike, nothing that holds them.
fn two_slopes(mu: f64) -> Vec<String> {
    // 4,000 MW at 20 J/TH. Prices 40 + 0.01 L and 55 + 0.005 L, written from the load of the start, 2,000 MW each.
    let lines = [
        "name=Slopes",
        "days=900",
        "record_every_days=10",
        "replicas=8",
        "bitcoin.network_ehs=200.0",
        "bitcoin.hash_is=nameplate",
        "bitcoin.price={ model = \"constant\", usd = 400_000.0 }",
        "firms.count=2000",
        "firms.tail_cap=1.0",
        "firms.efficiency={ model = \"vintages\", mix = [{ share = 1.0, j_per_th = 20.0 }] }",
        "moving.downtime_days=1.0",
        "moving.ship_usd_per_th=0.0",
        "moving.consider_per_year=inf",
        "moving.horizon_years=100.0",
        "expectations.spot_memory=0.0",
        "regions={ a = { share = 0.5, power = { usd_per_mwh = 60.0, slope_usd_per_mwh_per_gw = 10.0 } }, b = { share = 0.5, power = { usd_per_mwh = 65.0, slope_usd_per_mwh_per_gw = 5.0 } } }",
    ];
    let mut changes: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    changes.push(format!("moving.choice_scale_usd_per_mwh={mu:?}"));
    changes
}

/// The mean field: shares of machines in place of fleets, in thirty cohorts of which one reviews its place each day.
fn mean_field(mu: f64, days: usize) -> Vec<f64> {
    let cohort = 4000.0 / 30.0;
    let mut in_a = [0.5; 30];
    let mut seen = [2000.0, 2000.0];
    let mut path = Vec::new();
    for day in 0..days {
        let load = cohort * in_a.iter().sum::<f64>();
        path.push(load);
        // Today's load joins the mean before the reviews.
        seen[0] += (load - seen[0]) / 30.0;
        seen[1] += (4000.0 - load - seen[1]) / 30.0;
        let a = 40.0 + 0.01 * seen[0];
        let b = 55.0 + 0.005 * seen[1];
        in_a[day % 30] = 1.0 / (1.0 + libm::exp((a - b) / mu));
    }
    path
}

#[test]
fn load_follows_its_mean_field_and_ends_where_delivered_prices_are_in_balance() {
    for (mu, limit) in [(20.0, 2142.718), (5.0, 2249.673)] {
        let scenario = parse_scenario(
            "slopes",
            include_str!("../../../scenarios/core.toml"),
            &two_slopes(mu),
            &[],
        )
        .unwrap_or_else(|refused| panic!("{refused}"));
        let results = ensemble::run(&scenario).expect("it runs");
        let path = mean_field(mu, 900);
        assert!(
            (path[899] - limit).abs() < 0.5,
            "the mean field itself: {}",
            path[899]
        );
        let dates = results.dates.len();
        let load = |date| mean(&results, date, Level::Region, "a", "load");
        let sd = (4000.0_f64 * 2.0 * 0.25 / 8.0).sqrt();
        for (date, (day, _)) in results.dates.iter().enumerate() {
            let off = (load(date) - path[*day as usize]).abs();
            assert!(
                off < 5.0 * sd + 5.0,
                "mu {mu}, day {day}: {} {}",
                load(date),
                path[*day as usize]
            );
        }
        let late = dates / 2;
        let average = (late..dates).map(load).sum::<f64>() / (dates - late) as f64;
        assert!((average / limit - 1.0).abs() < 0.005, "mu {mu}: {average}");
    }
}

#[test]
fn delivered_prices_equalise_as_the_scale_of_choice_goes_to_nothing() {
    use hashdrift::world::review::choose_by_logit;
    for (mu, limit) in [
        (20.0, 2142.718),
        (5.0, 2249.673),
        (1.0, 2312.339),
        (0.1, 2331.105),
        (0.001, 2333.33),
    ] {
        let (mut low, mut high) = (0.0, 4000.0);
        for _ in 0..60 {
            let load = 0.5 * (low + high);
            let prices = [40.0 + 0.01 * load, 55.0 + 0.005 * (4000.0 - load)];
            let mut weights = [0.0; 2];
            let _ = choose_by_logit(&prices.map(|price| -price), mu, 0, 0.5, &mut weights);
            let wanted = 4000.0 * weights[0] / (weights[0] + weights[1]);
            if wanted > load {
                low = load;
            } else {
                high = load;
            }
        }
        assert!(
            (low - limit).abs() < 0.005 + 25.0 * mu * f64::from(u8::from(mu < 0.01)),
            "{mu}: {low}"
        );
    }
}

/// Mean share of a region over replicas and record days.
fn overall(results: &Ensemble, region: &str) -> f64 {
    let dates = results.dates.len();
    (0..dates)
        .map(|date| mean(results, date, Level::Region, region, "share"))
        .sum::<f64>()
        / dates as f64
}

#[test]
fn dearer_power_loses_share_in_the_whole_model_too() {
    let share = |price: &str| overall(&run(&[price, "replicas=24"]), "south");
    let shares = [
        share("regions.south.power.usd_per_mwh=38.0"),
        share("regions.south.power.usd_per_mwh=46.0"),
        share("regions.south.power.usd_per_mwh=54.0"),
        share("regions.south.power.usd_per_mwh=70.0"),
    ];
    assert!(shares.is_sorted_by(|a, b| a >= b), "{shares:?}");
    assert!(shares[0] > shares[3] + 0.02, "{shares:?}");
}

#[test]
fn room_elsewhere_wins_no_share_for_the_dear_region() {
    let dear = "regions.us.power.usd_per_mwh=60.0";
    let share = |build: &str| overall(&run(&[dear, build, "replicas=24"]), "us");
    let (little, much) = (
        share("regions.south.capacity.build_mw_per_month=10.0"),
        share("regions.south.capacity.build_mw_per_month=400.0"),
    );
    assert!(much < little, "{much} {little}");
}

#[test]
fn duty_sends_new_machines_elsewhere() {
    let share = |duty: &str| overall(&run(&[duty, "replicas=24"]), "us");
    assert!(share("regions.us.duty=0.5") < share("regions.us.duty=0.0") - 0.01);
}
