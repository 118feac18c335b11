//! Every mechanism switched off, one by one and all together: at its neutral value it changes no bit, and at another
//! one it does something.

use hashdrift::scenario::key_docs;

use super::laws::run;

/// Two regions and every optional mechanism at its neutral value, by default or, where the default is
/// another, by name.
const NEUTRAL: &str = r#"
name = "Neutral"
start = 2026-01-01
days = 300
record_every_days = 30
replicas = 4
[bitcoin]
height = 1_000_000
network_ehs = 900.0
price = { model = "gbm", usd = 150_000.0, drift = 0.0, volatility = 0.4 }
[firms]
count = 60
efficiency = { model = "normal", mean = 20.0, sd = 4.0, min = 13.0, max = 30.0 }
[hardware]
usd_per_th = 18.0
[moving]
consider_per_year = inf
ship_usd_per_th = 0.0
downtime_days = 20.0
[regions.a]
share = 0.7
power = { usd_per_mwh = 50.0 }
capacity = { start_utilisation = 0.9 }
[regions.b]
share = 0.3
power = { usd_per_mwh = 45.0 }
capacity = { start_utilisation = 0.8 }
"#;

/// Tables that a scenario may leave out: one whose mechanism is neutral is as good as left out.
const OPTIONAL: [&str; 7] = [
    ".season.",
    ".spikes.",
    ".contract.",
    ".hydro.",
    ".heat.",
    "basins.",
    "growth.",
];

/// Machines on sale that firms may buy.
const FRONTIER: &str = "hardware.frontier={ model = \"exponential\", start_j_per_th = 14.0, limit_j_per_th = 6.0, rate_per_year = 0.5 }";
/// Firms that do.
const GROWTH: &str = "growth={ rate_per_month = 0.2, cap_per_month = 0.1, hurdle = 0.2, discount_rate = 0.2, lead_days = 40 }";

/// AI compute that pays nothing.
const AI: &str = "ai={ demand_mw = 9_000.0, growth_per_year = 0.5, edge = { start_share = 0.1 }, providers = { x = { share = 0.6 }, y = { share = 0.4 } }, rent = { usd_per_mw_year = 0.0 } }";
/// AI compute that pays for sites.
const RENT: &str = "ai.rent.usd_per_mw_year=1e6";

/// Every key that has a neutral value: the key, what it stands for when neutral, and another value,
/// with what the mechanism needs to show.
const MECHANISMS: [(&str, &str, &str, &[&str]); 69] = [
    ("bitcoin.fee_ratio", "0.0", "0.1", &[]),
    ("regions.*.members", "1", "5", &[]),
    ("regions.*.size", "1.0", "3.0", &[]),
    ("regions.*.appeal_usd_per_mwh", "0.0", "4.0", &[]),
    ("regions.*.tax", "0.0", "0.1", &[]),
    ("regions.*.duty", "0.0", "0.3", &[]),
    ("regions.*.deposit_usd_per_mw", "0.0", "1e5", &[]),
    ("regions.*.power.trend_per_year", "0.0", "0.2", &[]),
    ("regions.*.power.adder_usd_per_mwh", "0.0", "5.0", &[]),
    ("regions.*.power.pue", "1.0", "1.1", &[]),
    ("regions.*.power.volatility", "0.0", "0.5", &[]),
    (
        "regions.*.power.season.amplitude",
        "0.0",
        "0.3",
        &["regions.*.power.season.peak_day=20.0"],
    ),
    ("regions.*.capacity.build_mw_per_month", "0.0", "100.0", &[]),
    ("regions.*.capacity.build_response", "0.0", "0.2", &[]),
    (
        "power.correlation",
        "0.0",
        "0.7",
        &[
            "regions.a.power.volatility=0.5",
            "regions.b.power.volatility=0.5",
        ],
    ),
    ("moving.consider_per_year", "inf", "2.0", &[]),
    ("moving.downtime_cv", "0.0", "0.5", &[]),
    ("moving.ship_usd_per_th", "0.0", "2.0", &[]),
    ("moving.breakage", "0.0", "0.05", &[]),
    ("moving.stay_bonus_usd_per_mwh", "0.0", "3.0", &[]),
    ("moving.home_bonus_usd_per_mwh", "0.0", "3.0", &[]),
    ("expectations.hashprice_decay", "0.0", "0.8", &[]),
    ("expectations.halving_known", "false", "true", &[]),
    ("pools.fee", "0.0", "0.05", &[]),
    ("bitcoin.fee_sd", "0.0", "0.5", &["bitcoin.fee_ratio=0.1"]),
    (
        "bitcoin.fees_per_day",
        "false",
        "true",
        &["bitcoin.fee_ratio=0.1"],
    ),
    (
        "regions.*.power.slope_usd_per_mwh_per_gw",
        "0.0",
        "20.0",
        &[],
    ),
    ("regions.*.power.intraday_sd", "0.0", "0.3", &[]),
    (
        "regions.*.power.spikes.per_year",
        "0.0",
        "5.0",
        &[
            "regions.*.power.spikes.multiplier=4.0",
            "regions.*.power.spikes.half_life_days=3.0",
        ],
    ),
    (
        "regions.*.power.spikes.multiplier",
        "1.0",
        "4.0",
        &[
            "regions.*.power.spikes.per_year=5.0",
            "regions.*.power.spikes.half_life_days=3.0",
        ],
    ),
    (
        "regions.*.power.contract.share",
        "0.0",
        "0.5",
        &["regions.*.power.contract.usd_per_mwh=30.0"],
    ),
    (
        "regions.*.power.opex_usd_per_mwh",
        "0.0",
        "3.0",
        &["hardware.retire_per_year=0.1"],
    ),
    (
        "regions.*.capacity.hydro.share",
        "0.0",
        "0.9",
        &[
            "regions.*.capacity.hydro.amplitude=0.7",
            "regions.*.capacity.hydro.wet_peak_day=180.0",
        ],
    ),
    (
        "regions.*.capacity.hydro.amplitude",
        "0.0",
        "0.7",
        &[
            "regions.*.capacity.hydro.share=0.9",
            "regions.*.capacity.hydro.wet_peak_day=180.0",
        ],
    ),
    (
        "regions.*.capacity.heat.derate",
        "0.0",
        "0.2",
        &["regions.*.capacity.heat.peak_day=200.0"],
    ),
    (
        "basins.*.droughts_per_year",
        "0.0",
        "2.0",
        &[
            "basins.*.mean_years=1.0",
            "basins.*.severity=0.9",
            "regions.*.capacity.hydro.share=0.9",
            "regions.*.capacity.hydro.basin=\"*\"",
        ],
    ),
    (
        "basins.*.severity",
        "0.0",
        "0.9",
        &[
            "basins.*.mean_years=1.0",
            "basins.*.droughts_per_year=2.0",
            "regions.*.capacity.hydro.share=0.9",
            "regions.*.capacity.hydro.basin=\"*\"",
        ],
    ),
    ("firms.scale_exponent", "0.0", "0.1", &[]),
    ("firms.site_dispersion", "0.0", "0.3", &[]),
    (
        "hardware.elasticity",
        "0.0",
        "1.4",
        &["moving.breakage=0.3"],
    ),
    (
        "hardware.premium",
        "0.0",
        "0.9",
        &["moving.breakage=0.3", FRONTIER],
    ),
    (
        "hardware.floor_usd_per_th",
        "0.0",
        "40.0",
        &["moving.breakage=0.3"],
    ),
    ("hardware.retire_per_year", "0.0", "0.2", &[]),
    ("hardware.exit_after_idle_days", "inf", "60.0", &[]),
    ("hardware.efficiency_spread", "0.0", "0.2", &[]),
    (
        "hardware.site_usd_per_kw",
        "0.0",
        "900.0",
        &[FRONTIER, GROWTH],
    ),
    (
        "moving.policy_loss_usd_per_mw",
        "0.0",
        "1e6",
        &["hazards=[{ kind = \"ban\", region = \"*\", per_year = 0.2 }]"],
    ),
    (
        "growth.rate_per_month",
        "0.0",
        "0.2",
        &[
            FRONTIER,
            "growth.cap_per_month=0.1",
            "growth.hurdle=0.2",
            "growth.discount_rate=0.2",
            "growth.lead_days=40",
        ],
    ),
    (
        "growth.cap_per_month",
        "0.0",
        "0.1",
        &[
            FRONTIER,
            "growth.rate_per_month=0.2",
            "growth.hurdle=0.2",
            "growth.discount_rate=0.2",
            "growth.lead_days=40",
        ],
    ),
    ("growth.luck_sd", "0.0", "0.4", &[FRONTIER, GROWTH]),
    ("growth.join_within", "inf", "1.3", &[FRONTIER, GROWTH]),
    (
        "growth.pipeline_per_month",
        "0.0",
        "0.05",
        &[FRONTIER, GROWTH],
    ),
    ("growth.min_order_mw", "0.0", "5.0", &[FRONTIER, GROWTH]),
    ("growth.entry_share", "0.0", "0.5", &[FRONTIER, GROWTH]),
    (
        "switching.off_days",
        "0.0",
        "14.0",
        &["regions.a.power.volatility=3.0"],
    ),
    (
        "switching.on_days",
        "0.0",
        "14.0",
        &["regions.a.power.volatility=3.0"],
    ),
    (
        "policy.correlation",
        "0.0",
        "0.9",
        &[
            "hazards=[{ kind = \"curtail\", region = \"a\", per_year = 3.0, days = 60, size = 0.9 }, { kind = \"curtail\", region = \"b\", per_year = 3.0, days = 60, size = 0.9 }]",
        ],
    ),
    (
        "ai.edge.ceiling_sd",
        "0.0",
        "0.5",
        &[AI, "ai.edge.ceiling=0.6", "ai.edge.rate_per_year=1.0"],
    ),
    (
        "ai.edge.midpoint_sd_years",
        "0.0",
        "1.0",
        &[AI, "ai.edge.ceiling=0.6", "ai.edge.rate_per_year=1.0"],
    ),
    ("ai.walk.sd_per_year", "0.0", "0.1", &[AI]),
    (
        "ai.walk.return_per_year",
        "0.0",
        "1.0",
        &[AI, "ai.walk.sd_per_year=0.1"],
    ),
    (
        "ai.rent.usd_per_mw_year",
        "0.0",
        "2e6",
        &[AI, "regions.*.ai.eligible_share=1.0"],
    ),
    ("ai.rent.elasticity", "0.0", "0.7", &[AI, RENT]),
    (
        "ai.rent.supply_growth_per_year",
        "0.0",
        "0.1",
        &[AI, RENT, "ai.rent.elasticity=1.0"],
    ),
    ("ai.rent.capex_usd_per_mw", "0.0", "3e6", &[AI, RENT]),
    (
        "ai.rent.least_mw",
        "0.0",
        "1e4",
        &[
            AI,
            RENT,
            "regions.*.ai={ share = 0.5, eligible_share = 1.0 }",
        ],
    ),
    (
        "regions.*.ai.price_usd_per_mwh_per_gw",
        "0.0",
        "1.0",
        &[AI, "regions.*.ai.share=0.5"],
    ),
    (
        "regions.*.ai.queue_per_gw",
        "0.0",
        "0.1",
        &[
            AI,
            "regions.*.ai.share=0.5",
            "regions.*.capacity.build_mw_per_month=50.0",
        ],
    ),
    (
        "regions.*.ai.eligible_share",
        "0.0",
        "0.5",
        &[AI, RENT, "regions.*.ai.share=0.1"],
    ),
];

/// Bits of all records, after these changes.
fn bits(changes: &[String]) -> Vec<u64> {
    let results = run(NEUTRAL, changes);
    (0..results.replicas as usize)
        .flat_map(|replica| results.replica(replica).iter().map(|x| x.to_bits()))
        .collect()
}

/// `KEY=VALUE`, for the region named where the key is a region's.
fn set(key: &str, value: &str, region: &str) -> String {
    format!("{}={value}", key.replace('*', region))
}

#[test]
fn a_mechanism_at_its_neutral_value_changes_no_bit_and_at_another_one_it_does() {
    let documented: Vec<(String, String)> = key_docs()
        .into_iter()
        .filter_map(|doc| doc.neutral.map(|neutral| (doc.path, neutral)))
        .collect();
    for (path, neutral) in &documented {
        assert!(
            MECHANISMS
                .iter()
                .any(|(key, value, ..)| key == path && value == neutral),
            "{path} = {neutral} is not in this test's list"
        );
    }
    assert_eq!(documented.len(), MECHANISMS.len());

    let mut all = Vec::new();
    for (key, neutral, other, also) in MECHANISMS {
        for region in ["a", "b"] {
            let with: Vec<String> = also.iter().map(|c| c.replace('*', region)).collect();
            let mut neutral_changes = with.clone();
            neutral_changes.push(set(key, neutral, region));
            // What the mechanism needs may be a mechanism itself.
            let mut without = with.clone();
            without.retain(|change| !OPTIONAL.iter().any(|table| change.contains(table)));
            let plain = bits(&without);
            assert!(
                plain == bits(&neutral_changes),
                "{key} = {neutral} in {region}"
            );
            let mut other_changes = with;
            other_changes.push(set(key, other, region));
            assert!(
                plain != bits(&other_changes),
                "{key} = {other} in {region} does nothing"
            );
            if without.is_empty() {
                all.extend(neutral_changes);
            }
            if !key.contains('*') {
                break;
            }
        }
    }
    assert!(bits(&[]) == bits(&all), "all of them together");
}
