//! How are good bytes changed so that a reader's edges are met?

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::MAX_BYTES;

/// Values at which counts, lengths and varints turn over.
const EDGES: [u64; 12] =
    [0, 1, 0x7f, 0x80, 0xff, 0x3fff, 0x4000, 0xffff, 0x7fff_ffff, 0xffff_ffff, i64::MAX.cast_unsigned(), u64::MAX];

/// Changes bytes by chance that a seed fixes.
#[derive(Debug)]
pub(crate) struct Changer(ChaCha8Rng);

impl Changer {
    /// The same seed and name change the same.
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        for (at, byte) in name.bytes().enumerate() {
            bytes[8 + at % 24] ^= byte.rotate_left(u32::try_from(at / 24 % 8).unwrap_or(0));
        }
        Self(ChaCha8Rng::from_seed(bytes))
    }

    /// One of them, changed in some places.
    pub(crate) fn change(&mut self, good: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = if good.is_empty() { Vec::new() } else { good[self.below(good.len())].clone() };
        for _ in 0..=self.below(6) {
            self.once(&mut bytes, good);
        }
        bytes.truncate(MAX_BYTES);
        bytes
    }

    fn once(&mut self, bytes: &mut Vec<u8>, good: &[Vec<u8>]) {
        let at = self.below(bytes.len() + 1);
        match self.below(8) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, self.byte()),
            2 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            3 if at < bytes.len() => bytes[at] = self.byte(),
            // A count or length of the kinds that are met on the way: a varint.
            4 => {
                let edge = varint(EDGES[self.below(EDGES.len())]);
                bytes.splice(at..at, edge);
            }
            5 => {
                let edge = varint(EDGES[self.below(EDGES.len())]);
                let until = (at + edge.len()).min(bytes.len());
                bytes.splice(at..until, edge);
            }
            // A part twice.
            6 => {
                let until = at + self.below(bytes.len() + 1 - at);
                let part = bytes[at..until].to_vec();
                bytes.splice(at..at, part);
            }
            // The end of another.
            _ if !good.is_empty() => {
                let other = &good[self.below(good.len())];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[self.below(other.len() + 1)..]);
            }
            _ => {}
        }
    }

    fn byte(&mut self) -> u8 {
        self.0.next_u32().to_le_bytes()[0]
    }

    /// Below a number that is not 0.
    fn below(&mut self, end: usize) -> usize {
        let chance = usize::try_from(self.0.next_u32()).unwrap_or(0);
        chance % end
    }
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
    bytes
}
