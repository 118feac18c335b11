use super::*;
use crate::testing::close;

fn arrive(fleets: &mut Fleets, day: u32) {
    while let Some(fleet) = fleets.next_arrival(day) {
        fleets.settle_in(fleet);
    }
}

/// What runs in a region by a visit of every fleet.
#[derive(Clone, Default)]
struct Visited {
    hash: f64,
    megawatts: f64,
    /// Efficiency at which [`PARTS`] of the hash rate are reached, best machines first.
    reached: Option<[f64; 3]>,
}

/// Parts of a region's hash rate, none of them reached by a whole number of fleets to the last digit.
const PARTS: [f64; 3] = [0.1 - 1e-9, 0.5 - 1e-9, 0.9 - 1e-9];

/// Every fleet visited: what the sums must agree with.
fn visit_all(fleets: &Fleets, worst_running: &[f64]) -> Vec<Visited> {
    let mut regions = vec![Visited::default(); worst_running.len()];
    for (r, region) in regions.iter_mut().enumerate() {
        let mut running: Vec<usize> = (0..fleets.len())
            .filter(|fleet| usize::from(fleets[*fleet].site) == r)
            .filter(|fleet| fleets[*fleet].efficiency <= worst_running[r])
            .collect();
        running.sort_by(|a, b| fleets[*a].efficiency.total_cmp(&fleets[*b].efficiency));
        for fleet in &running {
            region.hash += fleets[*fleet].hash_phs;
            region.megawatts += fleets.power_mw(*fleet);
        }
        region.reached = (!running.is_empty()).then(|| {
            PARTS.map(|part| {
                let mut left = part * region.hash;
                let fleet = running.iter().find(|fleet| {
                    left -= fleets[**fleet].hash_phs;
                    left <= 0.0
                });
                fleets[*fleet.unwrap()].efficiency
            })
        });
    }
    regions
}

#[test]
fn sums_agree_with_a_visit_of_every_fleet_through_departures_and_arrivals() {
    let mut fleets = Fleets::new(3, 500);
    for number in 0..500_u32 {
        let spread = f64::from(number * 7919 % 500);
        let efficiency = 13.0 + spread / 20.0;
        fleets.push(number, (number % 3) as u16, 1.0 + spread, efficiency);
    }
    fleets.settle(400, 30);
    for day in 0..400_u32 {
        arrive(&mut fleets, day);
        let worst = [
            12.0 + f64::from(day) / 10.0,
            40.0 - f64::from(day) / 10.0,
            if day % 50 == 0 { f64::INFINITY } else { 20.0 },
        ];
        let mut running = vec![0.0; 3];
        fleets.fixed.as_mut().unwrap().run(&worst, &mut running);
        let park = fleets.fixed.as_ref().unwrap();
        for (r, visited) in visit_all(&fleets, &worst).into_iter().enumerate() {
            close(running[r], visited.hash, 1e-9 * visited.hash.max(1.0));
            let megawatts = park.running_mw(r);
            close(
                megawatts,
                visited.megawatts,
                1e-9 * visited.megawatts.max(1.0),
            );
            for (q, part) in PARTS.iter().enumerate() {
                let reached = visited.reached.map(|parts| parts[q]);
                assert_eq!(park.efficiency_at(r, *part), reached, "day {day}");
            }
        }
        let mover = (day * 31 % 500) as usize;
        if fleets[mover].site != fleets.nowhere() {
            fleets.depart(mover, (day % 3) as u16, day + 20);
        }
    }
}

#[test]
fn a_fleet_at_exactly_the_threshold_runs_and_one_in_transit_never_does() {
    let mut fleets = Fleets::new(1, 2);
    fleets.push(0, 0, 5.0, 20.0);
    fleets.push(1, 0, 7.0, 15.0);
    fleets.settle(10, 30);
    let mut running = [0.0];
    fleets.fixed.as_mut().unwrap().run(&[20.0], &mut running);
    assert_eq!(running, [12.0]);
    fleets.depart(1, 0, 5);
    fleets
        .fixed
        .as_mut()
        .unwrap()
        .run(&[f64::INFINITY], &mut running);
    assert_eq!(running, [5.0]);
    arrive(&mut fleets, 5);
    fleets
        .fixed
        .as_mut()
        .unwrap()
        .run(&[f64::INFINITY], &mut running);
    assert_eq!(running, [12.0]);
}

fn sharp_laws() -> Vec<RunningLaw> {
    let text = include_str!("../../../scenarios/core.toml");
    let scenario = crate::scenario::parse_scenario("core", text, &[], &[]).unwrap();
    RunningLaw::of_regions(&scenario)[..2].to_vec()
}

/// Two firms in two regions, the second with a bad site.
fn living() -> Fleets {
    let mut fleets = Fleets::new(2, 3);
    fleets.push(0, 0, 100.0, 20.0);
    fleets.push(0, 1, 50.0, 30.0);
    fleets.push(1, 1, 10.0, 20.0);
    fleets.come_alive(10, 2, 0.0, &[1.0, 1.0, 1.5], &[1.0; 3], &sharp_laws());
    fleets
}

#[test]
fn a_changing_park_runs_by_key_and_keeps_its_firms() {
    let laws = sharp_laws();
    let mut fleets = living();
    let (mut hash, mut megawatts) = ([0.0; 2], [0.0; 2]);
    let worst = [25.0_f64, 30.000_001].map(libm::log);
    fleets.observe(0, &worst);
    fleets.run(&worst, &laws, &mut hash, &mut megawatts);
    // 20 J/TH at a site that pays half as much again is 30 J/TH at another.
    assert_eq!(hash, [100.0, 60.0]);
    assert!((megawatts[1] - 1.7).abs() < 1e-12);
    let worst = [0.0, libm::log(29.9)];
    fleets.observe(1, &worst);
    fleets.run(&worst, &laws, &mut hash, &mut megawatts);
    assert_eq!((hash, fleets.idle_days(2)), ([0.0, 0.0], 1));

    let new = fleets.found(2, 0, 40.0, 15.0, 1.0);
    assert_eq!(
        (fleets.firms(), fleets.of_firm(2).collect::<Vec<_>>()),
        (3, vec![new])
    );
    assert_eq!(fleets.of_firm(0).collect::<Vec<_>>(), [0, 1]);
    fleets.change(0, 150.0, 18.0);
    assert!((fleets.lives.firm_mw[0] - (2.7 + 1.5)).abs() < 1e-12);
    fleets.seek(1, 99);
    assert!(fleets.seeks(1) && !fleets.holds_slot(1) && !fleets.in_transit(1));
    fleets.depart(1, 0, 5);
    assert!(fleets.in_transit(1) && fleets.holds_slot(1));
    fleets.end(2);
    assert!(!fleets.holds_slot(2) && !fleets.in_transit(2));
    arrive(&mut fleets, 5);
    assert_eq!(fleets[1].site, 0);
}

#[test]
fn a_fleet_that_its_firms_growth_lets_run_has_not_stood_idle_that_day() {
    let text = include_str!("../../../scenarios/core.toml");
    let changes = ["hardware.efficiency_spread=0.15".to_owned()];
    let scenario = crate::scenario::parse_scenario("core", text, &changes, &[]).unwrap();
    let laws = RunningLaw::of_regions(&scenario);
    let mut fleets = Fleets::new(3, 2);
    fleets.push(0, 0, 2_500.0, 20.0);
    fleets.push(0, 1, 2_500.0, 20.0);
    fleets.come_alive(100, 1, 0.5, &[1.0; 2], &[1.0; 2], &laws);
    let (mut hash, mut megawatts) = ([0.0; 3], [0.0; 3]);
    let worst = [10.0; 3].map(libm::log);
    let mut day_of = |fleets: &mut Fleets, day| {
        fleets.observe(day, &worst);
        fleets.run(&worst, &laws, &mut hash, &mut megawatts);
        hash[0]
    };
    for day in 0..10 {
        assert!(day_of(&mut fleets, day) < 1.0);
    }
    assert_eq!(fleets.idle_days(0), 10);
    // Four times as large, the firm pays half as much.
    fleets.change(1, 17_500.0, 20.0);
    close(day_of(&mut fleets, 10), 1_250.0, 1.0);
    assert_eq!(fleets.idle_days(0), 0);
}

#[test]
fn a_firm_of_a_gigawatt_pays_less_and_a_small_one_more_within_bounds() {
    assert_eq!(scale_factor(100.0, 0.1), 1.0);
    assert!((scale_factor(1000.0, 0.1) - libm::pow(10.0, -0.1)).abs() < 1e-15);
    assert_eq!(scale_factor(1e9, 0.1), 0.5);
    assert_eq!(scale_factor(1e-9, 0.1), 2.0);
    assert_eq!(scale_factor(1e-9, 0.0), 1.0);
}
