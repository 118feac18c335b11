use super::*;
use crate::scenario::parse_scenario;
use crate::testing::close;

const AI: &str = "ai={ demand_mw = 10_000.0, growth_per_year = 0.3, providers = { a = { share = 0.4 }, b = { share = 0.3 }, c = { share = 0.2 }, small = { share = 0.1, members = 10 } }, edge = { start_share = 0.1 } }";

fn scenario(more: &[&str]) -> Scenario {
    let mut changes = vec![AI.to_owned()];
    changes.extend(more.iter().map(|change| (*change).to_owned()));
    let text = include_str!("../../../scenarios/core.toml");
    parse_scenario("core", text, &changes, &[]).unwrap_or_else(|error| panic!("{error}"))
}

fn ai(scenario: &Scenario, replica: u64) -> Ai<'_> {
    Ai::new(scenario, Streams::new(7, replica)).unwrap()
}

/// HHI of the providers alone: ten small ones with a hundredth each.
const HOSTED_HHI: f64 = 0.16 + 0.09 + 0.04 + 10.0 * 0.0001;

#[test]
fn without_devices_concentration_is_that_of_the_providers() {
    let scenario = scenario(&["ai.edge.start_share=0.0"]);
    let found = ai(&scenario, 0).concentration().unwrap();
    close(found.hhi, HOSTED_HHI, 1e-14);
    // 0.4 is no half, 0.4 + 0.3 is; and more than two thirds.
    assert_eq!(
        (
            found.nakamoto_third,
            found.nakamoto_half,
            found.nakamoto_two_thirds
        ),
        (1, 2, 2)
    );
}

#[test]
fn what_is_on_devices_takes_the_square_of_the_rest_from_the_hhi() {
    for edge in [0.1, 0.5, 0.9, 1.0] {
        for devices in [100_000, 10_000_000, 4_000_000_000_u32] {
            let scenario = scenario(&[
                &format!("ai.edge.start_share={edge:?}"),
                &format!("ai.devices={devices}"),
            ]);
            let found = ai(&scenario, 0).concentration().unwrap();
            let on_devices = edge * edge / f64::from(devices);
            let hosted = (1.0 - edge) * (1.0 - edge) * HOSTED_HHI;
            close(found.hhi, hosted + on_devices, 1e-14);
            assert!(on_devices <= 1.0 / f64::from(devices));
        }
    }
}

#[test]
fn the_edge_rises_along_a_logistic_curve_from_what_it_is_to_its_ceiling() {
    let scenario = scenario(&[
        "ai.edge.start_share=0.2",
        "ai.edge.ceiling=0.8",
        "ai.edge.rate_per_year=1.5",
        "ai.edge.midpoint=2028-06-01",
        "days=7000",
    ]);
    let mut ai = ai(&scenario, 0);
    let midpoint = scenario.ai.as_ref().unwrap().edge.midpoint_day;
    let curve = |day: f64| 1.0 / (1.0 + libm::exp(-1.5 * (day - midpoint) / DAYS_PER_YEAR));
    for day in [0, 1, 400, 1000, 6999] {
        ai.step(day);
        let day = f64::from(day);
        let expected = 0.2 + 0.6 * (curve(day) - curve(0.0)) / (1.0 - curve(0.0));
        close(ai.edge_share, expected, 1e-12);
        let demand = 10_000.0 * libm::exp(0.3 * day / DAYS_PER_YEAR);
        close(ai.demand, demand, 1e-9 * demand);
        close(ai.hosted, demand * (1.0 - expected), 1e-9 * demand);
    }
    close(ai.edge_share, 0.8, 1e-6);
}

#[test]
fn of_a_curve_that_is_nearly_over_the_rest_is_exponential() {
    for midpoint in [-10.0, -1000.0] {
        let path = EdgePath {
            start_share: 0.1,
            ceiling: 0.5,
            midpoint,
            rate: 5.0,
        };
        assert_eq!(path.at(0.0), 0.1);
        close(path.at(0.5), 0.1 + 0.4 * (1.0 - libm::exp(-2.5)), 1e-12);
        close(path.at(90.0), 0.5, 1e-12);
    }
}

#[test]
fn each_replica_has_its_own_midpoint_and_ceiling_around_those_of_the_scenario() {
    let scenario = scenario(&[
        "ai.edge.ceiling=0.6",
        "ai.edge.ceiling_sd=0.8",
        "ai.edge.rate_per_year=1.0",
        "ai.edge.midpoint_sd_years=2.0",
    ]);
    let terms = &scenario.ai.as_ref().unwrap().edge;
    let replicas = 4000;
    let (mut odds, mut dates) = (Vec::new(), Vec::new());
    for replica in 0..replicas {
        let path = EdgePath::draw(terms, Streams::new(7, replica));
        odds.push(libm::log(path.ceiling / (1.0 - path.ceiling)) - libm::log(0.6 / 0.4));
        dates.push(path.midpoint - terms.midpoint_day / DAYS_PER_YEAR);
    }
    for (draws, sd) in [(odds, 0.8), (dates, 2.0)] {
        let n = replicas as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
        // Four standard errors.
        close(mean, 0.0, 4.0 * sd / n.sqrt());
        close(variance.sqrt(), sd, 4.0 * sd / (2.0 * n).sqrt());
    }
}

#[test]
fn shares_walk_as_a_dirichlet_law_says() {
    let scenario = scenario(&[
        "ai.edge.start_share=0.0",
        "ai.walk.sd_per_year=0.2",
        "ai.providers={ a = { share = 0.5 }, b = { share = 0.3 }, c = { share = 0.2 } }",
    ]);
    let replicas = 4000_u32;
    let years = f64::from(24 * WALK_DAYS) / DAYS_PER_YEAR;
    let (mut first, mut hhi) = (Vec::new(), Vec::new());
    for replica in 0..replicas {
        let mut ai = ai(&scenario, replica.into());
        for day in 0..=24 * WALK_DAYS {
            ai.step(day);
        }
        close(ai.shares.iter().sum(), 1.0, 1e-12);
        first.push(ai.shares[0]);
        hhi.push(ai.concentration().unwrap().hhi);
    }
    let summary = |draws: &[f64]| {
        let n = f64::from(replicas);
        let mean = draws.iter().sum::<f64>() / n;
        let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
        (mean, variance, (variance / n).sqrt())
    };
    let (mean, variance, error) = summary(&first);
    close(mean, 0.5, 4.0 * error);
    // Of p(1 - p) a year leaves 1 - 4 sd^2.
    let kept = libm::pow(1.0 - 4.0 * 0.04, years);
    let expected = 0.25 * (1.0 - kept);
    // Four standard errors of a variance, those of a normal law's.
    close(
        variance,
        expected,
        4.0 * expected * (2.0 / f64::from(replicas)).sqrt(),
    );
    // What is not concentrated is lost at that rate: 1 - HHI is a martingale times it.
    let (mean, _, error) = summary(&hhi);
    let start = 0.25 + 0.09 + 0.04;
    close(mean, 1.0 - (1.0 - start) * kept, 4.0 * error);
}

#[test]
fn shares_that_are_drawn_back_stay_around_those_of_the_start() {
    let spread = |back: &str| {
        let scenario = scenario(&["ai.walk.sd_per_year=0.2", back]);
        let squares: f64 = (0..400)
            .map(|replica| {
                let mut ai = ai(&scenario, replica);
                for day in (0..=100 * WALK_DAYS).step_by(WALK_DAYS as usize) {
                    ai.step(day);
                }
                (ai.shares[0] - 0.4) * (ai.shares[0] - 0.4)
            })
            .sum();
        (squares / 400.0).sqrt()
    };
    // A step adds v = p(1 - p) / (a + 1) and leaves the part (1 - k)^2: v / (1 - (1 - k)^2 (1 - 1 / (a + 1))) in the long run.
    let years = f64::from(WALK_DAYS) / DAYS_PER_YEAR;
    let kept = libm::pow(1.0 - 4.0 * 0.04, years);
    let stays = libm::exp(-2.0 * years);
    let expected = (0.24 * (1.0 - kept) / (1.0 - stays * stays * kept)).sqrt();
    let found = spread("ai.walk.return_per_year=2.0");
    close(found, expected, 4.0 * expected / (2.0_f64 * 400.0).sqrt());
    assert!(spread("ai.walk.return_per_year=0.0") > 1.5 * found);
}

#[test]
fn rent_follows_hosted_demand_over_supply_and_load_lands_where_it_is_said_to() {
    let scenario = scenario(&[
        "ai.rent={ usd_per_mw_year = 1.8e6, margin = 0.9, elasticity = 0.5, supply_growth_per_year = 0.1, capex_usd_per_mw = 9e6, life_years = 20.0, discount_rate = 0.1 }",
        "regions.us.ai={ share = 0.4, price_usd_per_mwh_per_gw = 0.5, queue_per_gw = 0.02 }",
    ]);
    let mut ai = ai(&scenario, 0);
    ai.step(0);
    assert_eq!(
        (ai.rent, ai.price_term[0], ai.built_part[0]),
        (Some(1.8e6), 0.0, 1.0)
    );
    close(ai.load[0], 0.4 * 9000.0, 1e-9);
    // 1.8e6 x 0.9 less 9e6 x 0.1 / (1 - e^-2), over 8766 hours.
    let annuity = 0.1 / (1.0 - libm::exp(-2.0));
    close(
        ai.margin().unwrap(),
        (1.62e6 - 9e6 * annuity) / 8766.0,
        1e-9,
    );
    ai.step(731);
    let growth = libm::exp(0.3 * 731.0 / DAYS_PER_YEAR);
    let scarcity = growth * libm::exp(-0.1 * 731.0 / DAYS_PER_YEAR);
    close(ai.rent.unwrap(), 1.8e6 * scarcity.sqrt(), 1e-3);
    let gigawatts = 0.4 * 9.0 * (growth - 1.0);
    close(ai.price_term[0], 0.5 * gigawatts, 1e-9);
    close(ai.built_part[0], libm::exp(-0.02 * gigawatts), 1e-12);
    assert_eq!(
        (ai.load[1], ai.price_term[1], ai.built_part[1]),
        (0.0, 0.0, 1.0)
    );
}
