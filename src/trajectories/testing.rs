//! Histories made by hand.

use super::{Histories, History, Track};

/// A replica with these values of HHI; the Nakamoto coefficient is half its inverse, as of equal owners.
pub fn history(mining: &[f64], ai: &[f64], edge_share: f64) -> History {
    let track = |hhi: &[f64]| Track {
        hhi: hhi.into(),
        effective_number: hhi.iter().map(|hhi| 1.0 / hhi).collect(),
        nakamoto: hhi.iter().map(|hhi| (0.5 / hhi).floor() + 1.0).collect(),
    };
    History {
        mining: track(mining),
        ai: Some(track(ai)),
        edge_share: mining.iter().map(|_| edge_share).collect(),
        others: Box::default(),
    }
}

pub fn histories(replicas: Vec<History>) -> Histories {
    let first = jiff::civil::date(2025, 10, 15);
    let places = replicas[0].mining.hhi.len() as i64;
    let date = |place: i64| {
        first
            .checked_add(jiff::Span::new().days(100 * place))
            .unwrap()
    };
    Histories {
        dates: (0..places)
            .map(|place| (100 * place as u32, date(place)))
            .collect(),
        replicas,
        dark_replicas: 0,
        others: Vec::new(),
    }
}
