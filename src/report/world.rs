//! The map of the world, coloured by share.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::LazyLock;

use minijinja::HtmlEscape;
use serde::{Deserialize, Serialize};

use super::figure::{Across, Values, quantiles_of};
use crate::ensemble::Ensemble;
use crate::record::Level;
use crate::scenario::{Region, Scenario};
use crate::statistics::Summary;
use crate::units::number;

/// Outlines of all countries, drawn when the script is built.
#[derive(Debug, Deserialize)]
struct World {
    width: u32,
    height: u32,
    countries: BTreeMap<String, Country>,
    /// Outlines without a code.
    other: String,
}

#[derive(Debug, Deserialize)]
struct Country {
    name: String,
    /// Outline, as an SVG path.
    d: String,
    /// Middle of its largest part.
    x: i32,
    y: i32,
    /// Whether it is hard to see.
    #[serde(default)]
    small: bool,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    serde_json::from_str(include_str!("web/dist/world.json"))
        .expect("the map is built with the script and tested")
});

/// Whether the map has a country of this ISO 3166-1 alpha-2 code.
fn is_on_map(code: &str) -> bool {
    WORLD.countries.contains_key(code)
}

/// Radius of the marker of a country that is hard to see, in units of the map.
const MARKER: u32 = 55;

/// Shares of the regions over time, for the map and the bars beside it.
#[derive(Debug, Clone, Serialize)]
pub struct Shares {
    /// When.
    pub x: Across,
    /// The largest share that is shown, in percent.
    pub most: f64,
    /// The regions, in the order of the scenario.
    pub regions: Vec<RegionShares>,
}

/// Shares of one region, in percent.
#[derive(Debug, Clone, Serialize)]
pub struct RegionShares {
    /// Key in the scenario.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Why it is not on the map, if it is not.
    pub apart: Option<String>,
    /// At 5, 25, 50, 75 and 95 % of the replicas.
    pub quantiles: [Values; 5],
}

impl Shares {
    /// Those of a run.
    #[must_use]
    pub fn of(scenario: &Scenario, ensemble: &Ensemble, x: Across) -> Self {
        let regions: Vec<RegionShares> = scenario
            .regions
            .iter()
            .map(|region| {
                let share = ensemble.find(Level::Region, &region.id, "share");
                let summaries: Vec<Option<&Summary>> = (0..ensemble.dates.len())
                    .map(|date| ensemble.summary(date, share?))
                    .collect();
                RegionShares {
                    id: region.id.clone(),
                    name: region.name.clone(),
                    apart: apart(region),
                    quantiles: quantiles_of(&summaries, 100.0),
                }
            })
            .collect();
        let shown = regions.iter().flat_map(|region| &region.quantiles[2].0);
        let most = shown.flatten().copied().fold(1e-9, f64::max);
        Self { x, most, regions }
    }
}

/// Why a region is not painted on the map.
fn apart(region: &Region) -> Option<String> {
    if region.members > 1 {
        return Some(format!(
            "{} countries together, not on the map",
            region.members
        ));
    }
    if region.iso.is_empty() {
        return Some("no country named, not on the map".into());
    }
    let unknown: Vec<&str> = region
        .iso
        .iter()
        .map(String::as_str)
        .filter(|code| !is_on_map(code))
        .collect();
    (unknown.len() == region.iso.len()).then(|| format!("{} is not on the map", unknown.join(", ")))
}

/// Whether a country of the scenario is marked by a circle.
#[must_use]
pub fn has_circles(scenario: &Scenario, shares: &Shares) -> bool {
    let regions = scenario.regions.iter().zip(&shares.regions);
    let painted = regions.filter(|(_, shares)| shares.apart.is_none());
    painted.flat_map(|(region, _)| &region.iso).any(|code| {
        WORLD
            .countries
            .get(code)
            .is_some_and(|country| country.small)
    })
}

/// How strongly a share is coloured, in percent of the strongest colour: small shares are told apart too.
fn strength(share: f64, most: f64) -> f64 {
    100.0 * (share / most).max(0.0).sqrt()
}

/// The map at one date, as an SVG element. Every country says of which region it is, by which the page's script colours it.
#[must_use]
pub fn map(scenario: &Scenario, shares: &Shares, date: usize) -> String {
    let world = &*WORLD;
    let mut region_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (r, region) in scenario.regions.iter().enumerate() {
        if shares.regions[r].apart.is_none() {
            region_of.extend(region.iso.iter().map(|code| (code.as_str(), r)));
        }
    }
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "<svg class=\"map\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"Map of the world, countries coloured by their region's share of the hash rate\">",
        world.width, world.height
    );
    let _ = write!(text, "<path class=\"land\" d=\"{}", world.other);
    for (_, country) in world
        .countries
        .iter()
        .filter(|(code, _)| !region_of.contains_key(code.as_str()))
    {
        text.push_str(&country.d);
    }
    text.push_str("\"/>");
    for (code, r) in &region_of {
        let Some(country) = world.countries.get(*code) else {
            continue;
        };
        let region = &shares.regions[*r];
        let share = region.quantiles[2].0[date];
        let _ = write!(
            text,
            "<g class=\"country{}\" data-region=\"{r}\" data-name=\"{}\" style=\"--p:{:.1}%\"><title>{}: {}</title><path d=\"{}\"/>",
            if share.is_none() { " none" } else { "" },
            HtmlEscape(&country.name),
            strength(share.unwrap_or(0.0), shares.most),
            HtmlEscape(&country.name),
            share.map_or_else(
                || "no share".into(),
                |share| format!("{} %", number(share, 1))
            ),
            country.d
        );
        if country.small {
            let _ = write!(
                text,
                "<circle cx=\"{}\" cy=\"{}\" r=\"{MARKER}\"/>",
                country.x, country.y
            );
        }
        text.push_str("</g>");
    }
    text.push_str("</svg>");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_has_the_countries_that_mine() {
        for code in [
            "US", "RU", "CN", "PY", "AE", "OM", "CA", "KZ", "ET", "NO", "BT", "SG", "BH",
        ] {
            assert!(is_on_map(code), "{code}");
        }
        assert!(!is_on_map("UK"));
        assert!(WORLD.countries["BH"].small && !WORLD.countries["PY"].small);
        assert!(WORLD.countries.len() > 230);
    }
}
