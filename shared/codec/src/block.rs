//! Consecutive ticks of one stream in few bytes, readable on their own.

use vigie_model::{Seq, Tick};

use crate::range_coder::{Decoder, Encoder};
pub use crate::ticks::{MAX_SERIES, TickError};
use crate::ticks::{Shared, StreamPast};

/// Ticks in one block: more than an hour at one second.
pub const MAX_TICKS: u32 = 4_096;

/// Samples in one block. Constant series cost a hundredth of a bit, so a small block could otherwise unfold to gigabytes;
/// this is 16 MiB of samples.
pub const MAX_SAMPLES: usize = 1 << 20;

/// Codes ticks whose numbers follow one another. The first number and the count are the caller's to keep.
///
/// The same ticks give the same bytes on every node and in every version that writes blocks of this version, so that a
/// receiver who got them one by one can check the signature over all of them.
pub fn encode(ticks: &[Tick]) -> Vec<u8> {
    let (mut shared, mut past, mut out) = (Shared::new(), StreamPast::default(), Encoder::new());
    ticks.iter().for_each(|tick| shared.encode(&mut past, tick, &mut out));
    out.finish()
}

/// Decodes `count` ticks numbered from `first`, handing each to `each`.
///
/// Bytes that are no block give an error or nonsense, never a panic nor more than [`MAX_SAMPLES`]: what must be right is
/// checked by hash before.
///
/// # Errors
/// When the bytes can not be a block, or hold more than a block may.
pub fn decode_each(bytes: &[u8], first: Seq, count: u32, mut each: impl FnMut(Tick)) -> Result<(), TickError> {
    if count > MAX_TICKS {
        return Err(TickError::TooManySamples);
    }
    let (mut shared, mut past, mut bits) = (Shared::new(), StreamPast::default(), Decoder::new(bytes));
    let mut room = MAX_SAMPLES;
    for at in 0..u64::from(count) {
        let seq = Seq(first.0.checked_add(at).ok_or(TickError::NoSuchTime)?);
        let tick = shared.decode(&mut past, seq, room, &mut bits)?;
        room -= tick.samples.len();
        each(tick);
    }
    Ok(())
}

/// All ticks of a block; see [`decode_each`].
///
/// # Errors
/// As [`decode_each`].
pub fn decode(bytes: &[u8], first: Seq, count: u32) -> Result<Vec<Tick>, TickError> {
    let mut ticks = Vec::new();
    decode_each(bytes, first, count, |tick| ticks.push(tick))?;
    Ok(ticks)
}
