//! Bitcoin's own rules: subsidy, hashprice, the time between blocks, and the retarget.

/// Expected hashes per block at difficulty 1.
pub const HASHES_PER_DIFFICULTY: f64 = 4_294_967_296.0;
/// Seconds of a day.
pub const SECONDS_PER_DAY: f64 = 86_400.0;
/// Blocks in a day at their target.
pub const TARGET_BLOCKS_PER_DAY: f64 = 144.0;
/// Blocks between two halvings of the subsidy.
pub const HALVING_BLOCKS: u64 = 210_000;
/// Blocks of a difficulty epoch.
pub const EPOCH_BLOCKS: u32 = 2016;
/// Time that those intervals should take; the one too many is Bitcoin's own.
const TARGET_SPAN_SECONDS: f64 = 1_209_600.0;
/// A retarget changes the difficulty by a factor of 4 at most.
const SPAN_BOUNDS_SECONDS: (f64, f64) = (302_400.0, 4_838_400.0);

/// Block subsidy at `height`, in satoshi.
///
/// `50e8 >> (height / 210000)`, 0 from the 64th halving on.
#[must_use]
pub fn subsidy_satoshi(height: u64) -> u64 {
    let halvings = height / HALVING_BLOCKS;
    if halvings >= 64 {
        0
    } else {
        5_000_000_000 >> halvings
    }
}

/// Block subsidy at `height`, in bitcoin.
#[must_use]
pub fn subsidy_btc(height: u64) -> f64 {
    // At most 5e9, so exact in a double.
    let satoshi = subsidy_satoshi(height) as f64;
    satoshi / 1e8
}

/// Expected revenue of 1 PH/s in a day, USD.
///
/// `difficulty` at least 1; `reward_btc` is subsidy plus fees of a block; `price_usd` per bitcoin.
#[must_use]
pub fn hashprice(difficulty: f64, reward_btc: f64, price_usd: f64) -> f64 {
    86_400e15 / (difficulty * HASHES_PER_DIFFICULTY) * reward_btc * price_usd
}

/// Expected seconds between blocks; `None` without hash rate.
#[must_use]
pub fn block_interval_seconds(difficulty: f64, hash_phs: f64) -> Option<f64> {
    (hash_phs > 0.0).then(|| difficulty * HASHES_PER_DIFFICULTY / (hash_phs * 1e15))
}

/// Difficulty after an epoch whose last block came `span_seconds` after its first.
#[must_use]
pub fn retarget(difficulty: f64, span_seconds: f64) -> f64 {
    let (shortest, longest) = SPAN_BOUNDS_SECONDS;
    (difficulty * TARGET_SPAN_SECONDS / span_seconds.clamp(shortest, longest)).max(1.0)
}

/// Compact bits of difficulty 1: no target is easier.
const EASIEST: u32 = 0x1d00_ffff;

/// Compact difficulty bits after an epoch, with Bitcoin Core's integer arithmetic and rounding.
///
/// The engine works on `f64` difficulties, whose rounding is finer; this is the reference that
/// [`retarget`] is tested against.
///
/// # Source
/// Behaviour of `CalculateNextWorkRequired` in Bitcoin Core.
#[must_use]
pub fn retarget_compact(bits: u32, first_time: u32, last_time: u32) -> u32 {
    let span = last_time
        .saturating_sub(first_time)
        .clamp(302_400, 4_838_400);
    // The target as nine 32-bit limbs, least significant first: 256 bits and room for the product.
    let mut target = [0_u32; 9];
    let (exponent, mantissa) = (bits >> 24, bits & 0x007f_ffff);
    for byte in 0..3 {
        let position = (exponent + byte).wrapping_sub(3) as usize;
        if position < 32 {
            let value = (mantissa >> (8 * byte)) & 0xff;
            target[position / 4] |= value << (8 * (position % 4));
        }
    }
    let mut carry = 0_u64;
    for limb in &mut target {
        let product = u64::from(*limb) * u64::from(span) + carry;
        *limb = (product & 0xffff_ffff) as u32;
        carry = product >> 32;
    }
    let mut remainder = 0_u64;
    for limb in target.iter_mut().rev() {
        let value = (remainder << 32) | u64::from(*limb);
        *limb = (value / 1_209_600) as u32;
        remainder = value % 1_209_600;
    }
    let byte_at = |position: usize| (target[position / 4] >> (8 * (position % 4))) & 0xff;
    let Some(top) = (0..36).rev().find(|position| byte_at(*position) != 0) else {
        return 0;
    };
    let mut size = top as u32 + 1;
    let mut mantissa = (0..3).fold(0, |mantissa, back| {
        (mantissa << 8) | top.checked_sub(back).map_or(0, byte_at)
    });
    if mantissa & 0x0080_0000 != 0 {
        mantissa >>= 8;
        size += 1;
    }
    let compact = (size << 24) | mantissa;
    if (size, mantissa) > (EASIEST >> 24, EASIEST & 0x00ff_ffff) {
        EASIEST
    } else {
        compact
    }
}

/// Difficulty at which `hash_phs` finds a block every 600 seconds, at least 1.
#[must_use]
pub fn difficulty_of(hash_phs: f64) -> f64 {
    (hash_phs * 1e15 * 600.0 / HASHES_PER_DIFFICULTY).max(1.0)
}
