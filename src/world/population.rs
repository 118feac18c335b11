//! The start of a history: firms, their fleets and where these are.

use crate::random::{
    Purpose, Streams, TruncatedNormal, entity_of_name, pareto, standard_normal_quantile, uniform,
};
use crate::scenario::{Efficiency, HashIs, Pools, Scenario};
use crate::units::{JoulesPerTerahash, machine_power};

use rand::rngs::ChaCha8Rng;

use super::fleet::{Fleets, park_is_fixed, scale_factor};
use super::running::{RunningLaw, worst_running_at_start};

/// A region has a share of the hash rate, but no machine in it would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NothingRuns {
    /// Index of the region.
    pub region: usize,
}

/// The streams of the start: of one population for all, drawn as that of a replica which no run has, or of its own.
#[must_use]
pub fn streams_of_start(scenario: &Scenario, streams: Streams) -> Streams {
    if scenario.firms.fixed_population {
        streams.of_replica(u64::MAX)
    } else {
        streams
    }
}

/// Luck of a site from a standard normal draw: log-normal with mean 1.
#[must_use]
pub fn site_luck(dispersion: f64, z: f64) -> f64 {
    libm::exp(dispersion * z - 0.5 * dispersion * dispersion)
}

/// Draws the fleets of a history.
///
/// # Errors
/// [`NothingRuns`] if hash rate is given as running and not even the best machines run in a region.
pub fn populate(scenario: &Scenario, streams: Streams) -> Result<Fleets, NothingRuns> {
    let streams = streams_of_start(scenario, streams);
    let mut start = Start {
        scenario,
        streams,
        efficiencies: Efficiencies::new(&scenario.firms.efficiency),
        worst_counted: match scenario.bitcoin.hash_is {
            HashIs::Running => worst_running_at_start(scenario),
            HashIs::Nameplate => vec![f64::INFINITY; scenario.regions.len()],
        },
        laws: RunningLaw::of_regions(scenario),
        alike: scenario.firms.site_dispersion == 0.0 && scenario.firms.scale_exponent == 0.0,
        luck: Vec::new(),
        scale: Vec::new(),
        fleets: Fleets::new(
            scenario.regions.len(),
            scenario.firms.named.len() + scenario.firms.count as usize,
        ),
    };
    start.place_named_firms();
    let named_fleets = start.fleets.len();
    let whole: Vec<f64> = scenario
        .regions
        .iter()
        .map(|region| region.share.get() * scenario.bitcoin.network_hash.get())
        .collect();
    let tail = scenario.firms.count > 0;
    if tail {
        let wanted = start.left_by_named(&whole, named_fleets);
        start.draw_tail(&wanted);
        start.fill_empty_regions(named_fleets, &wanted);
    }
    // What a firm pays depends on its size, and what runs, by which sizes are scaled, on what it pays.
    let rounds = if scenario.firms.scale_exponent > 0.0 {
        4
    } else {
        1
    };
    for _ in 0..rounds {
        start.rate_sizes();
        if tail {
            let wanted = start.left_by_named(&whole, named_fleets);
            start.let_some_run(named_fleets, &wanted);
            start.scale_to(&wanted, named_fleets)?;
        } else {
            // Without a tail the named firms are all there is, and share what rounding and idling leave.
            start.scale_to(&whole, 0)?;
        }
    }
    start.split_large_fleets();
    if park_is_fixed(scenario) {
        start
            .fleets
            .settle(scenario.days, scenario.moving.review_days);
    } else {
        start.fleets.come_alive(
            scenario.days,
            scenario.firms_at_start(),
            scenario.firms.scale_exponent,
            &start.luck,
            &start.scale,
            &start.laws,
        );
    }
    Ok(start.fleets)
}

/// The pool of every firm at the start: that which a named firm states, otherwise drawn by the pools' shares.
#[must_use]
pub fn pools_of_firms(scenario: &Scenario, streams: Streams) -> Vec<u16> {
    if scenario.pools.tags.is_empty() {
        return Vec::new();
    }
    let mut stream = streams_of_start(scenario, streams).open(Purpose::Pool, 0);
    (0..scenario.firms_at_start())
        .map(|firm| {
            let drawn = choose_pool(&scenario.pools, uniform(&mut stream));
            let named = scenario.firms.named.get(firm).and_then(|firm| firm.pool);
            // Far fewer than 65,536 pools.
            named.map_or(drawn, |pool| pool as u16)
        })
        .collect()
}

/// A pool by a uniform draw, with the pools' shares as weights.
#[must_use]
pub fn choose_pool(pools: &Pools, uniform: f64) -> u16 {
    let total: f64 = pools.tags.iter().map(|pool| pool.share).sum();
    let mut reached = 0.0;
    let chosen = pools.tags.iter().position(|pool| {
        reached += pool.share;
        uniform * total < reached
    });
    chosen.unwrap_or(0) as u16
}

struct Start<'s> {
    scenario: &'s Scenario,
    streams: Streams,
    efficiencies: Efficiencies<'s>,
    /// Worst efficiency that counts towards a region's hash rate.
    worst_counted: Vec<f64>,
    laws: Vec<RunningLaw>,
    /// Whether all pay the same for power in a region.
    alike: bool,
    /// By fleet: what the site pays against others, and the firm against one of 100 MW.
    luck: Vec<f64>,
    scale: Vec<f64>,
    fleets: Fleets,
}

/// The draws of one kind for the fleets of all firms.
///
/// The first fleet of tail firm `n` takes draw `n` of one stream; further fleets, and those of a named
/// firm, have a stream of their firm. So the number of fleets of one firm moves no draw of another.
struct Draws {
    streams: Streams,
    purpose: Purpose,
    first: ChaCha8Rng,
}

impl Draws {
    fn of_tail(streams: Streams, purpose: Purpose) -> Self {
        Self {
            streams,
            purpose,
            first: streams.open(purpose, 0),
        }
    }

    /// The next firm's draw for its first fleet.
    fn next_firm(&mut self) -> f64 {
        uniform(&mut self.first)
    }

    /// The draws for the further fleets of a firm.
    fn further(&self, number: u32) -> ChaCha8Rng {
        self.streams.open(self.purpose, 1 + u64::from(number))
    }
}

impl Start<'_> {
    fn place_named_firms(&mut self) {
        let firms = &self.scenario.firms;
        for (number, firm) in firms.named.iter().enumerate() {
            let mut efficiencies = self
                .streams
                .open(Purpose::Efficiency, entity_of_name(&firm.name));
            let mut lucks = self
                .streams
                .open(Purpose::SiteLuck, entity_of_name(&firm.name));
            for (region, part) in firm.places.iter().filter(|(_, part)| *part > 0.0) {
                let hash = firm.hash.get() * part;
                let pieces = self.pieces_of(hash);
                for _ in 0..pieces {
                    let efficiency = self.efficiencies.draw(uniform(&mut efficiencies));
                    // At most 200 regions and 10 million firms.
                    self.fleets.push(
                        number as u32,
                        *region as u16,
                        hash / f64::from(pieces),
                        efficiency,
                    );
                    self.add_luck(uniform(&mut lucks));
                }
            }
        }
    }

    /// Draws the tail: its fleets have their relative sizes until they are scaled.
    fn draw_tail(&mut self, wanted: &[f64]) {
        let firms = &self.scenario.firms;
        let mut sizes_stream = self.streams.open(Purpose::FirmSize, 0);
        let sizes: Vec<f64> = (0..firms.count)
            .map(|_| pareto(uniform(&mut sizes_stream), firms.tail_alpha).min(firms.tail_cap))
            .collect();
        let total: f64 = wanted.iter().sum();
        let hash_per_size = total / sizes.iter().sum::<f64>();
        let mut sum = 0.0;
        let cumulated: Vec<f64> = wanted
            .iter()
            .map(|hash| {
                sum += hash / total;
                sum
            })
            .collect();
        let region_of = |draw: f64| {
            // Never a region without a share: its interval is empty. Rounding ends at the last with one.
            let region = cumulated.iter().position(|upper| draw * sum < *upper);
            region.unwrap_or_else(|| largest(wanted))
        };
        let kinds = [Purpose::FirmRegion, Purpose::Efficiency, Purpose::SiteLuck];
        let mut kinds = kinds.map(|purpose| Draws::of_tail(self.streams, purpose));
        for (number, size) in (0_u32..).zip(&sizes) {
            let pieces = self.pieces_of(size * hash_per_size);
            let firm = firms.named.len() as u32 + number;
            let mut add = |[place, quality, luck]: [f64; 3]| {
                let efficiency = self.efficiencies.draw(quality);
                let size = size / f64::from(pieces);
                self.fleets
                    .push(firm, region_of(place) as u16, size, efficiency);
                self.add_luck(luck);
            };
            add(kinds.each_mut().map(Draws::next_firm));
            // A stream is large: none is opened, nor moved, for the many firms that have one fleet.
            if pieces > 1 {
                let mut further = kinds.each_ref().map(|draws| draws.further(number));
                for _ in 1..pieces {
                    add(further.each_mut().map(uniform));
                }
            }
        }
    }

    /// Number of fleets that `hash_phs` is split into at the mean efficiency of the start.
    fn pieces_of(&self, hash_phs: f64) -> u32 {
        let firms = &self.scenario.firms;
        let megawatts = machine_power(hash_phs, firms.efficiency.mean());
        pieces(megawatts, firms.max_fleet.map(crate::units::Megawatts::get))
    }

    fn add_luck(&mut self, uniform: f64) {
        let dispersion = self.scenario.firms.site_dispersion;
        self.luck.push(if dispersion > 0.0 {
            site_luck(dispersion, standard_normal_quantile(uniform))
        } else {
            1.0
        });
        self.scale.push(1.0);
    }

    /// What every fleet's firm pays by its size.
    fn rate_sizes(&mut self) {
        let exponent = self.scenario.firms.scale_exponent;
        if exponent == 0.0 {
            return;
        }
        let mut megawatts = vec![0.0; self.scenario.firms_at_start()];
        for fleet in 0..self.fleets.len() {
            megawatts[self.fleets[fleet].firm as usize] += self.fleets.power_mw(fleet);
        }
        for fleet in 0..self.fleets.len() {
            let firm = self.fleets[fleet].firm as usize;
            self.scale[fleet] = scale_factor(megawatts[firm], exponent);
        }
    }

    /// Part of a fleet that counts towards its region's hash rate.
    fn part_counted(&self, fleet: usize) -> f64 {
        let region = usize::from(self.fleets[fleet].region);
        let (worst, law) = (self.worst_counted[region], &self.laws[region]);
        let efficiency = self.fleets[fleet].efficiency;
        if law.is_sharp() && self.alike {
            return f64::from(u8::from(efficiency <= worst));
        }
        // Where power costs nothing everything runs; where fees take all, nothing does.
        if worst == f64::INFINITY {
            return 1.0;
        }
        let key = efficiency * self.luck[fleet] * self.scale[fleet];
        law.share(libm::log(worst.max(0.0)) - libm::log(key))
    }

    /// Hash rate by region that counts towards its share, over the fleets from `first` on.
    fn counted_from(&self, first: usize) -> Vec<f64> {
        self.counted_in(first..self.fleets.len())
    }

    fn counted_in(&self, fleets: std::ops::Range<usize>) -> Vec<f64> {
        let mut counted = vec![0.0; self.worst_counted.len()];
        for fleet in fleets {
            let region = usize::from(self.fleets[fleet].region);
            counted[region] += self.fleets[fleet].hash_phs * self.part_counted(fleet);
        }
        counted
    }

    /// What the named firms, the first fleets, leave of a hash rate by region.
    fn left_by_named(&self, whole: &[f64], named_fleets: usize) -> Vec<f64> {
        let named = self.counted_in(0..named_fleets);
        let left = whole.iter().zip(named);
        left.map(|(whole, named)| (whole - named).max(0.0))
            .collect()
    }

    /// Gives every region with a share at least one fleet of the tail: the draw may have missed a small one.
    ///
    /// Takes the first fleet of the region that has most of them, which changes the law only where it
    /// could not be met at all.
    fn fill_empty_regions(&mut self, first: usize, wanted: &[f64]) {
        let mut count = vec![0_usize; wanted.len()];
        for fleet in self.fleets.iter().skip(first) {
            count[usize::from(fleet.region)] += 1;
        }
        for empty in 0..wanted.len() {
            if wanted[empty] <= 0.0 || count[empty] > 0 {
                continue;
            }
            let Some(fullest) = (0..count.len()).max_by_key(|r| count[*r]) else {
                return;
            };
            let donor = (first..self.fleets.len()).find(|fleet| {
                usize::from(self.fleets[*fleet].region) == fullest && count[fullest] > 1
            });
            if let Some(fleet) = donor {
                self.fleets.rehome(fleet, empty as u16);
                count[fullest] -= 1;
                count[empty] += 1;
            }
        }
    }

    /// Gives the first fleet of a region in which none of the tail's machines runs an efficiency from the
    /// part of the law that does: again only where the law could not be met.
    fn let_some_run(&mut self, first: usize, wanted: &[f64]) {
        /// Of a region where less than this runs the share would rest on tails of the law.
        const FEWEST: f64 = 1e-3;
        let counted = self.counted_from(first);
        let mut placed = vec![0.0; counted.len()];
        for fleet in first..self.fleets.len() {
            placed[usize::from(self.fleets[fleet].region)] += self.fleets[fleet].hash_phs;
        }
        for region in 0..counted.len() {
            let sharp = self.laws[region].is_sharp() && self.alike;
            let fewest = if sharp { 0.0 } else { FEWEST * placed[region] };
            if wanted[region] <= 0.0 || counted[region] > fewest {
                continue;
            }
            let here = |fleet: &usize| usize::from(self.fleets[*fleet].region) == region;
            if let Some(fleet) = (first..self.fleets.len()).find(here) {
                let worst = self.worst_counted[region] / (self.luck[fleet] * self.scale[fleet]);
                let mut stream = self.streams.open(
                    Purpose::FirstRunner,
                    entity_of_name(&self.scenario.regions[region].id),
                );
                let law = &self.scenario.firms.efficiency;
                self.fleets.at_start(fleet).efficiency =
                    draw_runner(law, uniform(&mut stream), worst);
            }
        }
    }

    /// Scales the fleets from `first` on so that what counts in each region is what is wanted there.
    fn scale_to(&mut self, wanted: &[f64], first: usize) -> Result<(), NothingRuns> {
        let counted = self.counted_from(first);
        for (region, (wanted, counted)) in wanted.iter().zip(&counted).enumerate() {
            if *wanted > 0.0 && *counted <= 0.0 {
                return Err(NothingRuns { region });
            }
        }
        for fleet in first..self.fleets.len() {
            let region = usize::from(self.fleets[fleet].region);
            self.fleets.at_start(fleet).hash_phs *= if counted[region] > 0.0 {
                wanted[region] / counted[region]
            } else {
                0.0
            };
        }
        Ok(())
    }

    /// Splits what is still above the largest fleet, now that efficiencies and scales are known, in place.
    fn split_large_fleets(&mut self) {
        let largest = self
            .scenario
            .firms
            .max_fleet
            .map(crate::units::Megawatts::get);
        for fleet in 0..self.fleets.len() {
            let pieces = pieces(self.fleets.power_mw(fleet), largest);
            self.fleets.at_start(fleet).hash_phs /= f64::from(pieces);
            for _ in 1..pieces {
                self.luck.push(self.luck[fleet]);
                self.scale.push(self.scale[fleet]);
                self.fleets.push(
                    self.fleets[fleet].firm,
                    self.fleets[fleet].region,
                    self.fleets[fleet].hash_phs,
                    self.fleets[fleet].efficiency,
                );
            }
        }
    }
}

/// The law of efficiencies, ready to be drawn from.
enum Efficiencies<'s> {
    Normal(TruncatedNormal),
    Vintages(&'s [(f64, JoulesPerTerahash)]),
}

impl<'s> Efficiencies<'s> {
    fn new(law: &'s Efficiency) -> Self {
        match law {
            Efficiency::Normal { mean, sd, min, max } => {
                Self::Normal(TruncatedNormal::new(mean.get(), *sd, min.get(), max.get()))
            }
            Efficiency::Vintages(mix) => Self::Vintages(mix),
        }
    }

    fn draw(&self, uniform: f64) -> f64 {
        match self {
            Self::Normal(law) => law.quantile(uniform),
            Self::Vintages(mix) => mix
                .iter()
                .find(|(cumulated, _)| uniform < *cumulated)
                .unwrap_or(&mix[mix.len() - 1])
                .1
                .get(),
        }
    }
}

/// An efficiency of at most `worst`; the best there is where the law has none.
fn draw_runner(law: &Efficiency, uniform: f64, worst: f64) -> f64 {
    match law {
        Efficiency::Normal { mean, sd, min, max } if worst > min.get() => {
            let max = max.get().min(worst);
            TruncatedNormal::new(mean.get(), *sd, min.get(), max).quantile(uniform)
        }
        _ => law.best().get(),
    }
}

/// Number of equal parts of at most `largest` MW; one without a limit.
fn pieces(megawatts: f64, largest: Option<f64>) -> u32 {
    // A firm of more than a million fleets is a slip in the scenario; it is split no further.
    largest.map_or(1, |largest| {
        // Rounding must not split what just fits.
        (megawatts / largest * (1.0 - 1e-12)).ceil().clamp(1.0, 1e6) as u32
    })
}

fn largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse_scenario;

    fn start(changes: &[&str], replica: u64) -> (Scenario, Fleets) {
        let changes: Vec<String> = changes.iter().map(|change| (*change).into()).collect();
        let text = include_str!("../../scenarios/core.toml");
        let scenario = parse_scenario("core", text, &changes, &[]).unwrap();
        let fleets = populate(&scenario, Streams::new(scenario.seed, replica)).unwrap();
        (scenario, fleets)
    }

    #[test]
    fn no_fleet_is_above_the_largest_and_splitting_loses_no_hash() {
        for replica in 0..5 {
            let (scenario, fleets) =
                start(&["firms.count=300", "firms.max_fleet_mw=50.0"], replica);
            let total: f64 = fleets.iter().map(|fleet| fleet.hash_phs).sum();
            assert!((total / scenario.bitcoin.network_hash.get() - 1.0).abs() < 1e-12);
            let heaviest = (0..fleets.len())
                .map(|f| fleets.power_mw(f))
                .fold(0.0, f64::max);
            assert!(heaviest <= 50.0 * (1.0 + 1e-9), "{heaviest}");
        }
    }

    #[test]
    fn the_split_of_one_firm_moves_no_draw_of_another() {
        let (_, whole) = start(&["firms.count=300", "firms.max_fleet_mw=100.0"], 0);
        let (_, split) = start(&["firms.count=300", "firms.max_fleet_mw=50.0"], 0);
        let first_of = |fleets: &Fleets, firm: u32| {
            let fleet = fleets.iter().position(|fleet| fleet.firm == firm).unwrap();
            (fleets[fleet].region, fleets[fleet].efficiency.to_bits())
        };
        assert!(split.len() > whole.len());
        for firm in 0..300 {
            assert_eq!(
                first_of(&whole, firm),
                first_of(&split, firm),
                "firm {firm}"
            );
        }
    }

    #[test]
    fn where_few_machines_can_run_one_does_and_carries_the_share() {
        let changes = [
            "bitcoin.hash_is=running",
            "firms.count=3",
            "regions.us.power.usd_per_mwh=150.0",
        ];
        for replica in 0..200 {
            let (scenario, fleets) = start(&changes, replica);
            let worst = worst_running_at_start(&scenario);
            let running: f64 = (0..fleets.len())
                .filter(|f| fleets[*f].region == 0 && fleets[*f].efficiency <= worst[0])
                .map(|f| fleets[f].hash_phs)
                .sum();
            let wanted = 0.9 * scenario.bitcoin.network_hash.get();
            assert!((running / wanted - 1.0).abs() < 1e-12, "replica {replica}");
        }
    }

    #[test]
    fn named_firms_alone_make_up_the_shares_of_what_runs() {
        let named =
            "firms.named=[{name=\"A\", ehs=900.0, regions={us=0.9, paraguay=0.07, ethiopia=0.03}}]";
        let (scenario, fleets) = start(
            &[
                "bitcoin.hash_is=running",
                "firms.count=0",
                "firms.max_fleet_mw=50.0",
                named,
            ],
            0,
        );
        let worst = worst_running_at_start(&scenario);
        for (r, region) in scenario.regions.iter().enumerate() {
            let running: f64 = (0..fleets.len())
                .filter(|f| {
                    usize::from(fleets[*f].region) == r && fleets[*f].efficiency <= worst[r]
                })
                .map(|f| fleets[f].hash_phs)
                .sum();
            let wanted = region.share.get() * scenario.bitcoin.network_hash.get();
            assert!((running / wanted - 1.0).abs() < 1e-12, "{}", region.id);
        }
    }

    #[test]
    fn a_tariff_in_force_on_the_first_day_is_the_price_of_the_start() {
        let (scenario, _) = start(
            &[
                "regions.us.power.usd_per_mwh=75.0",
                "regions.us.power.tariff=[{from=2020-01-01, usd_per_mwh=40.0}]",
            ],
            0,
        );
        assert_eq!(scenario.regions[0].power.delivered_at_start(), 40.0);
    }
}
