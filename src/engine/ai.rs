//! Sites that leave mining for AI.

use super::History;

impl History<'_> {
    /// Whether the owner of a fleet that is in place lets its site to AI: one more choice beside the regions. The site is then lost to
    /// mining for good, and the machines look for another place.
    pub(super) fn lets_site_to_ai(&mut self, day: u32, fleet: usize, queued: usize) -> bool {
        let Some(ai) = &self.ai else { return false };
        let Some(offer) = ai.margin() else {
            return false;
        };
        let region = usize::from(self.fleets[fleet].region);
        let megawatts = self.at_meter(fleet);
        // Who mines in hiding, or under a ban, has no site that anybody rents.
        let banned = self.events.conditions.regions[region].banned;
        if banned || self.fleets.hides(fleet) || !ai.wants(fleet, region, megawatts) {
            return false;
        }
        // Utilities are in USD/MWh of the machines, rent in that of the site.
        let offer = offer * self.scenario.regions[region].power.pue;
        let chance = self
            .review
            .chance_of_leaving(&self.fleets, fleet, &self.capacities, offer);
        if self.ai_choices.uniform(queued) >= chance {
            return false;
        }
        if let Some(ai) = &mut self.ai {
            ai.take(region, megawatts);
            let until = day.saturating_add(ai.patience_days() as u32);
            let left = self.capacities.load[region] - megawatts;
            self.capacities.load[region] = left.max(0.0);
            self.capacities.take_site(region, megawatts);
            self.fleets.seek(fleet, until);
        }
        true
    }
}
