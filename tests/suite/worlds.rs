//! Random whole worlds: whatever mechanisms they have, together with whatever happens, each day obeys the same laws.

use hashdrift::engine::{Model, Observer};
use hashdrift::record::Day;
use hashdrift::scenario::{Scenario, parse_scenario};
use hashdrift::world::fleet::Fleets;

use super::mechanisms::WHOLE;

/// Changes of which a random world takes some: each a mechanism, alone and with the others.
const CHANGES: [&str; 43] = [
    "growth.rate_per_month=0.0",
    "growth.rate_per_month=2.0",
    "growth.cap_per_month=0.6",
    "growth.lead_days=1",
    "growth.pipeline_per_month=0.2",
    "growth.min_order_mw=50.0",
    "growth.entry_share=1.0",
    "growth.entrant_mw=0.5",
    "growth.replace_in_place=false",
    "growth.luck_sd=2.0",
    "hardware.supply.ehs_per_month=0.0",
    "hardware.supply.ehs_per_month=2.0",
    "hardware.exit_after_idle_days=1.0",
    "hardware.exit_after_idle_days=inf",
    "hardware.retire_per_year=3.0",
    "hardware.efficiency_spread=0.0",
    "hardware.frontier={ model = \"steps\", steps = [{ from = 2025-01-01, j_per_th = 16.0 }, { from = 2026-03-01, j_per_th = 9.0 }] }",
    "firms.scale_exponent=0.2",
    "firms.site_dispersion=0.0",
    "firms.max_fleet_mw=5.0",
    "firms.fixed_population=true",
    "moving.consider_per_year=inf",
    "moving.downtime_cv=1.0",
    "moving.choice_scale_usd_per_mwh=0.01",
    "moving.choice_scale_usd_per_mwh=500.0",
    "moving.review_days=1",
    "moving.home_bonus_usd_per_mwh=-50.0",
    "bitcoin.price.usd=20_000.0",
    "bitcoin.price.usd=500_000.0",
    "bitcoin.fee_sd=1.0",
    "switching.off_days=0.0",
    "regions.us.capacity.start_utilisation=1.0",
    "regions.south.capacity={ start_utilisation = 0.8, hydro = { share = 1.0, amplitude = 0.9, wet_peak_day = 10.0, basin = \"b\" } }",
    "regions.rest.capacity={ start_utilisation = 0.8, heat = { derate = 1.0, peak_day = 60.0 } }",
    "regions.south.power.contract={ share = 0.8, usd_per_mwh = 30.0, resale = true }",
    "regions.south.power.contract={ share = 1.0, usd_per_mwh = 30.0 }",
    "regions.us.power.spikes={ per_year = 50.0, multiplier = 30.0, half_life_days = 4.0 }",
    "regions.rest.power.slope_usd_per_mwh_per_gw=80.0",
    "regions.us.open=false",
    "growth.slots=\"on-delivery\"",
    "regions.us.capacity.build_response=1.0",
    "regions.south.capacity.build_response=0.05",
    "pools.tags={ x = { share = 0.5 }, y = { share = 0.2, group = \"g\" }, z = { share = 0.0, group = \"g\" } }",
];

/// Events and hazards of a random world.
const HAPPENINGS: [&str; 6] = [
    "events=[{ kind = \"ban\", region = \"us\", start = 2026-02-01, ban = { covert_share = 0.5, covert_delay_days = 20.0, abandon_days = 40.0 } }]",
    "events=[{ kind = \"ban\", region = \"south\", start = 2026-01-10, days = 60, ban = { compliance_days = 0.0, covert_share = 1.0, covert_delay_days = 9.0 } }, { kind = \"ban\", region = \"us\", start = 2026-02-10, days = 60 }, { kind = \"ban\", region = \"rest\", start = 2026-02-20, days = 20 }]",
    "events=[{ kind = \"outage\", region = \"us\", start = 2026-02-01, days = 20, size = 1.0 }, { kind = \"curtail\", region = \"south\", start = 2026-02-01, size = 1.0 }, { kind = \"freeze\", region = \"rest\", start = 2025-02-01 }]",
    "events=[{ kind = \"btc-price\", start = 2026-02-01, days = 60, size = 0.02 }, { kind = \"hardware-price\", start = 2026-02-01, size = 5.0 }]",
    "events=[{ kind = \"duty\", region = \"us\", start = 2026-02-01, size = 3.0 }, { kind = \"tax\", region = \"south\", start = 2026-02-01, size = 0.99 }, { kind = \"tariff\", region = \"rest\", start = 2026-02-01, size = 0.0 }, { kind = \"tariff\", region = \"us\", start = 2026-02-01, add_usd_per_mwh = -200.0 }]",
    "hazards=[{ kind = \"ban\", region = \"us\", per_year = 3.0, days = 30, load_sensitivity = 40.0, reference_load = 0.02 }, { kind = \"curtail\", region = \"south\", per_year = 9.0, days = 10, size = 0.7 }, { kind = \"freeze\", region = \"rest\", per_year = 20.0, days = 3 }]",
];

/// Laws of a day in any world.
struct Laws<'s> {
    scenario: &'s Scenario,
    seed: u64,
}

impl Observer for Laws<'_> {
    fn day(&mut self, today: &Day<'_>, fleets: &Fleets, _: u64) {
        let seed = self.seed;
        let mut hash = vec![0.0; self.scenario.regions.len()];
        let mut load = hash.clone();
        for fleet in 0..fleets.len() {
            let (phs, joules) = (fleets[fleet].hash_phs, fleets[fleet].efficiency);
            assert!(
                phs >= 0.0 && phs.is_finite() && joules > 0.0 && joules.is_finite(),
                "seed {seed}: {phs} {joules}"
            );
            let region = usize::from(fleets[fleet].region);
            if fleets.holds_slot(fleet) {
                load[region] += fleets.power_mw(fleet) * self.scenario.regions[region].power.pue;
            }
            if fleets[fleet].site != fleets.nowhere() {
                assert_eq!(fleets[fleet].site, fleets[fleet].region, "seed {seed}");
                hash[region] += phs;
            }
        }
        let ledger = today.ledger;
        let machines: f64 = fleets.iter().map(|fleet| fleet.hash_phs).sum();
        let owned = ledger.start + ledger.bought - ledger.scrapped - ledger.abandoned;
        assert!(
            (machines - owned).abs() <= 1e-9 * (ledger.start + ledger.bought),
            "seed {seed}: {machines} {owned}"
        );
        for r in 0..hash.len() {
            let running = today.running[r];
            assert!(
                running >= 0.0 && running <= hash[r] * (1.0 + 1e-9) + 1e-12 * machines,
                "seed {seed}: {running} of {}",
                hash[r]
            );
            assert!(
                (0.0..=1.0).contains(&today.powered[r]),
                "seed {seed}: {}",
                today.powered[r]
            );
            let held = today.capacities.load[r];
            assert!(
                (held - load[r]).abs() <= 1e-6 * (1.0 + load.iter().sum::<f64>()),
                "seed {seed}: {held} {}",
                load[r]
            );
            assert!(
                today.capacities.reserved[r] >= -1e-6,
                "seed {seed}: {}",
                today.capacities.reserved[r]
            );
            assert!(today.spot[r].is_finite(), "seed {seed}");
        }
        assert!(
            today.under_way >= -1e-6 && today.market.price.is_finite(),
            "seed {seed}"
        );
    }
}

#[test]
fn random_whole_worlds_obey_the_laws_of_every_day() {
    use rand::{RngExt, SeedableRng};
    let worlds = if cfg!(debug_assertions) { 15 } else { 120 };
    let mut ran = 0;
    for seed in 0..worlds {
        let mut random = rand::rngs::ChaCha8Rng::seed_from_u64(seed);
        let mut changes: Vec<String> = vec![
            "days=200".into(),
            "firms.count=40".into(),
            format!("seed={seed}"),
            "basins={ b = { droughts_per_year = 3.0, mean_years = 0.2, severity = 0.9 } }".into(),
            CHANGES[32].into(),
        ];
        for change in CHANGES {
            if random.random::<f64>() < 0.2 {
                changes.push(change.into());
            }
        }
        let happening = random.random_range(0..HAPPENINGS.len() + 1);
        changes.extend(HAPPENINGS.get(happening).map(|text| (*text).into()));
        let scenario = parse_scenario("whole", WHOLE, &changes, &[]);
        // At a bitcoin price of 20,000 nothing may run at the start; that is refused, as it should be.
        let Ok(scenario) = scenario else { continue };
        let model = Model::new(&scenario);
        let mut records = vec![0.0; model.record_len()];
        let mut laws = Laws {
            scenario: &scenario,
            seed,
        };
        for replica in 0..2 {
            match model.run_replica(replica, &mut records, &mut laws) {
                Ok(_) => ran += 1,
                Err(error) => assert!(error.to_string().contains("no machine runs"), "{error}"),
            }
        }
    }
    assert!(ran > worlds, "{ran} histories of {worlds} worlds");
}
