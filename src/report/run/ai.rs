//! AI compute beside mining.

use super::super::figure::Exhibit;
use super::super::marks::Happenings;
use super::{RunReport, Shown};
use crate::record::{ALL, Level};

/// AI compute as a whole.
const AI: [Shown; 5] = [
    ("edge_share", "Done on devices", "% of AI compute", 100.0, 1),
    ("hosted_demand", "Hosted: power it asks for", "GW", 1e-3, 1),
    ("rent", "Rent for a site", "million USD/MW/year", 1e-6, 2),
    ("margin", "What a site earns from AI", "USD/MWh", 1.0, 1),
    ("converted", "Sites that have left mining", "GW", 1e-3, 2),
];

impl RunReport<'_> {
    pub(super) fn ai(&self, happenings: &Happenings) -> Option<Exhibit> {
        let charts = AI.iter().filter_map(|shown| {
            let marks = happenings.of_network();
            let mut panel = self.chart(Level::Ai, ALL, shown, shown.1, marks)?;
            panel.from_zero = shown.0 != "margin";
            Some(panel)
        });
        self.side_by_side(
            "ai-charts",
            "Where AI compute is done, and what it pays for megawatts",
            "Each chart has its own scale. What a site earns from AI is what is left of the rent after running the site and making it fit.",
            charts,
        )
    }

    /// What AI adds to the price of power, where it adds anything.
    pub(super) fn ai_in_regions(&self, happenings: &Happenings) -> Option<Exhibit> {
        const ADDED: Shown = ("ai_price", "Added", "USD/MWh", 1.0, 1);
        self.of_regions(
            "ai-price",
            "What AI adds to the price of power",
            "By its load above that of the start. Each chart has its own scale.",
            Self::legend([]),
            |r, region| {
                let adds = |ai: &crate::scenario::RegionAi| ai.price_usd_per_mwh_per_gw > 0.0;
                region.ai.as_ref().filter(|ai| adds(ai))?;
                let marks = happenings.of_region(r);
                self.chart(Level::Region, &region.id, &ADDED, &region.name, marks)
            },
        )
    }
}
