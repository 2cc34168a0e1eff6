//! Ticks of many streams over one ordered lane, each coded against all before it on that lane.
//!
//! Both ends begin empty when the connection begins, like HPACK (RFC 7541). What a connection takes with it when it
//! breaks is only this memory: ticks that were under way go as backlog.

use std::collections::BTreeMap;

use vigie_model::{Seq, Tick};

use crate::range_coder::{Decoder, Encoder};
use crate::ticks::{MAX_SERIES, Shared, StreamPast, TickError};

/// Streams on one lane: a relay of 500 machines that each began a new life ten times.
pub const MAX_STREAMS: usize = 16_384;

/// Series remembered on one lane, of all its streams together: a relay of 500 machines with 4,000 series each, in 80 MB. A
/// hostile peer would otherwise make each of its streams as wide as a stream may be.
pub const MAX_REMEMBERED_SERIES: usize = 2_000_000;

/// The sending end.
#[derive(Debug)]
pub struct LiveEncoder(Memory);

/// The receiving end.
#[derive(Debug)]
pub struct LiveDecoder(Memory);

#[derive(Debug)]
struct Memory {
    shared: Shared,
    streams: BTreeMap<u32, StreamPast>,
    /// Series of all streams together.
    width: usize,
}

impl Memory {
    fn new() -> Self {
        Self { shared: Shared::new(), streams: BTreeMap::new(), width: 0 }
    }
}

impl LiveEncoder {
    /// An end that remembers nothing.
    #[expect(clippy::new_without_default, reason = "an end of a lane is begun on purpose")]
    pub fn new() -> Self {
        Self(Memory::new())
    }

    /// Codes one tick. What it returns must reach the other end in the same order.
    pub fn encode(&mut self, stream: u32, tick: &Tick) -> Vec<u8> {
        let mut out = Encoder::new();
        let past = self.0.streams.entry(stream).or_default();
        self.0.shared.encode(past, tick, &mut out);
        out.finish()
    }
}

impl LiveDecoder {
    /// An end that remembers nothing.
    #[expect(clippy::new_without_default, reason = "an end of a lane is begun on purpose")]
    pub fn new() -> Self {
        Self(Memory::new())
    }

    /// Decodes one tick.
    ///
    /// # Errors
    /// When the bytes can not be a tick, or there are more streams than [`MAX_STREAMS`]. The lane can not be read on.
    pub fn decode(&mut self, stream: u32, seq: Seq, bytes: &[u8]) -> Result<Tick, TickError> {
        if !self.0.streams.contains_key(&stream) && self.0.streams.len() >= MAX_STREAMS {
            return Err(TickError::TooManySamples);
        }
        let past = self.0.streams.entry(stream).or_default();
        let before = past.width();
        let tick = self.0.shared.decode(past, seq, MAX_SERIES as usize, &mut Decoder::new(bytes));
        self.0.width += past.width() - before;
        if self.0.width > MAX_REMEMBERED_SERIES { Err(TickError::TooManySamples) } else { tick }
    }
}
