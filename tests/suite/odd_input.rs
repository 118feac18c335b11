//! Whatever stands in a scenario: it is refused with a reason, or it runs.

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use hashdrift::ensemble;
use hashdrift::random::{Purpose, Streams, uniform};
use hashdrift::scenario::{key_docs, parse_scenario};

use super::bad_input::GOOD;

/// Values that no key, or few, should take.
const ODD: [&str; 16] = [
    "nan",
    "inf",
    "-inf",
    "-0.0",
    "-1",
    "0",
    "1",
    "1e308",
    "-1e308",
    "1e-308",
    "9223372036854775807",
    "\"text\"",
    "true",
    "[]",
    "{}",
    "2025-13-45",
];

#[test]
fn every_key_with_every_odd_value_is_refused_with_a_reason_or_runs() {
    let mut refusals = 0;
    let mut runs = 0;
    for doc in key_docs() {
        for value in ODD {
            let path = doc
                .path
                .replace("tariff.*", "tariff.0")
                .replace("mix.*", "mix.0")
                .replace("named.*.regions.*", "named.0.regions.us")
                .replace("named.*", "named.0")
                .replace("regions.*", "regions.us");
            let overrides = [
                "firms.named=[{ name = \"A\", ehs = 1.0, regions = { us = 1.0 } }]".to_owned(),
                "regions.us.power.tariff=[{ from = 2020-01-01, usd_per_mwh = 70.0 }]".to_owned(),
                format!("{path}={value}"),
                "days=20".to_owned(),
            ];
            // The run length itself is an odd value too: only the last one counts.
            let overrides = if path == "days" {
                &overrides[..3]
            } else {
                &overrides[..]
            };
            let outcome = catch_unwind(|| match parse_scenario("s.toml", GOOD, overrides, &[]) {
                Err(refused) => {
                    assert!(!refused.problems.is_empty());
                    for problem in &refused.problems {
                        assert!(!problem.rule.is_empty() && !problem.next.is_empty());
                    }
                    false
                }
                Ok(scenario) => {
                    if let Ok(results) = ensemble::run(&scenario) {
                        for date in 0..results.dates.len() {
                            for quantity in 0..results.quantities.len() {
                                if let Some(summary) = results.summary(date, quantity) {
                                    assert!(summary.mean.is_finite());
                                }
                            }
                        }
                    }
                    true
                }
            });
            match outcome {
                Ok(true) => runs += 1,
                Ok(false) => refusals += 1,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    }
    assert!(
        refusals > 500 && runs > 150,
        "{refusals} refused, {runs} ran"
    );
}

/// How many mutated scenarios are tried; `HASHDRIFT_MUTATIONS` asks for more.
fn mutations() -> usize {
    let asked = std::env::var("HASHDRIFT_MUTATIONS").ok();
    let usual = if cfg!(debug_assertions) {
        2_000
    } else {
        20_000
    };
    asked.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn mutated_scenarios_never_panic_or_hang() {
    let texts = [
        GOOD,
        include_str!("../../scenarios/core.toml"),
        include_str!("../../scenarios/three-regions.toml"),
        include_str!("../../scenarios/global-south.toml"),
    ];
    let pieces = [
        "nan", "inf", "-", "1e308", "[", "]", "{", "}", "=", "\"", "\n", ".", "\0", "é", "0x",
        "[[a]]",
    ];
    let mut stream = Streams::new(11, 0).open(Purpose::Review, 0);
    let mut below = |bound: usize| (uniform(&mut stream) * bound as f64) as usize;
    for round in 0..mutations() {
        let mut text: Vec<char> = texts[round % texts.len()].chars().collect();
        for _ in 0..=below(4) {
            let at = below(text.len());
            let length = below(30).min(text.len() - at);
            match below(4) {
                0 => drop(text.drain(at..at + length)),
                1 => {
                    let piece: Vec<char> = pieces[below(pieces.len())].chars().collect();
                    text.splice(at..at, piece);
                }
                2 => {
                    let copied: Vec<char> = text[at..at + length].to_vec();
                    let to = below(text.len());
                    text.splice(to..to, copied);
                }
                _ => text[at] = char::from(below(127) as u8),
            }
            if text.is_empty() {
                text.push('x');
            }
        }
        let text: String = text.into_iter().collect();
        let clock = Instant::now();
        let outcome = catch_unwind(|| drop(parse_scenario("s.toml", &text, &[], &[])));
        assert!(outcome.is_ok(), "round {round} panics:\n{text}");
        assert!(
            clock.elapsed() < Duration::from_secs(1),
            "round {round} hangs:\n{text}"
        );
    }
}
