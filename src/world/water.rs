//! Water behind the dams: a dry and a wet season, and droughts that hit a whole basin.

use rand::rngs::ChaCha8Rng;

use crate::random::{Purpose, Streams, entity_of_name, uniform};
use crate::scenario::{Basin, Hydro, Scenario};
use crate::units::{DAYS_PER_YEAR, seasonal_cosine};

/// Droughts of one history. A basin is in a drought or not: a two-state chain, the same for every region in it.
#[derive(Debug)]
pub struct Droughts {
    basins: Vec<(Basin, ChaCha8Rng)>,
    dry: Vec<bool>,
}

impl Droughts {
    /// The eve: no drought.
    #[must_use]
    pub fn new(scenario: &Scenario, streams: Streams) -> Self {
        let stream = |id: &str| streams.open(Purpose::Drought, entity_of_name(id));
        Self {
            basins: scenario
                .basins
                .iter()
                .map(|(id, basin)| (*basin, stream(id)))
                .collect(),
            dry: vec![false; scenario.basins.len()],
        }
    }

    /// The next day; one draw a basin.
    pub fn step(&mut self) {
        for ((basin, stream), dry) in self.basins.iter_mut().zip(&mut self.dry) {
            let per_year = if *dry {
                1.0 / basin.mean_years
            } else {
                basin.droughts_per_year
            };
            let changes = -libm::expm1(-per_year / DAYS_PER_YEAR);
            if uniform(stream) < changes {
                *dry = !*dry;
            }
        }
    }

    /// Part of the normal water that a region's dams have.
    #[must_use]
    pub fn left(&self, hydro: &Hydro) -> f64 {
        match hydro.basin {
            Some(basin) if self.dry[basin] => 1.0 - self.basins[basin].0.severity,
            _ => 1.0,
        }
    }
}

/// Water of a normal year: 1 on the wettest day, `1 - amplitude` on the driest.
#[must_use]
pub fn normal_water(hydro: &Hydro, day_of_year: f64) -> f64 {
    1.0 - 0.5 * hydro.amplitude * (1.0 - seasonal_cosine(day_of_year, hydro.wet_peak_day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse_scenario;

    const HYDRO: &str = "regions.paraguay.capacity.hydro={ share = 0.8, amplitude = 0.4, wet_peak_day = 60.0, basin = \"parana\" }";

    #[test]
    fn water_is_full_at_its_peak_and_lowest_half_a_year_later() {
        let hydro = Hydro {
            share: 1.0,
            amplitude: 0.4,
            wet_peak_day: 60.0,
            basin: None,
        };
        assert_eq!(normal_water(&hydro, 60.0), 1.0);
        assert!((normal_water(&hydro, 60.0 + DAYS_PER_YEAR / 2.0) - 0.6).abs() < 1e-12);
        assert!((normal_water(&hydro, 60.0 + DAYS_PER_YEAR / 4.0) - 0.8).abs() < 1e-12);
    }

    #[test]
    fn droughts_come_as_often_and_last_as_long_as_they_say() {
        let changes = [
            "basins.parana={ droughts_per_year = 0.5, mean_years = 1.5, severity = 0.4 }"
                .to_owned(),
            HYDRO.to_owned(),
        ];
        let text = include_str!("../../scenarios/core.toml");
        let scenario = parse_scenario("core", text, &changes, &[]).unwrap();
        let hydro = scenario.regions[1]
            .capacity
            .as_ref()
            .unwrap()
            .hydro
            .unwrap();
        let (mut dry_days, mut begun, mut wet_days) = (0.0, 0.0, 0.0);
        for replica in 0..400 {
            let mut droughts = Droughts::new(&scenario, Streams::new(1, replica));
            let mut before = 1.0;
            for _ in 0..7305 {
                droughts.step();
                let left = droughts.left(&hydro);
                assert!(left == 1.0 || (left - 0.6).abs() < 1e-15);
                begun += f64::from(u8::from(before == 1.0 && left < 1.0));
                wet_days += f64::from(u8::from(before == 1.0));
                dry_days += f64::from(u8::from(left < 1.0));
                before = left;
            }
        }
        // About 2,300 droughts: standard errors of 2 %.
        assert!((begun / (wet_days / DAYS_PER_YEAR) - 0.5).abs() < 0.04);
        assert!((dry_days / begun / DAYS_PER_YEAR - 1.5).abs() < 0.15);
    }
}
