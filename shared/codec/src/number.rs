//! One series' next value, given its past.
//!
//! Three guesses are kept for each series (the same as last time; the same step as last time; the running mean), and the
//! one that has lately been nearest is used. What remains is coded as a bit length under a context of how large the
//! remainders of this series have been, then a sign, then the bits below the first. Series share the contexts, so a block
//! of ten ticks already codes well. Whole numbers only: every node computes the same bytes.

use crate::range_coder::{Chance, Decoder, Encoder};

/// Contexts of expected size; the last takes all that is larger.
const SIZES: usize = 20;
/// Bits below the first that are worth a chance of their own.
const SHAPED_BITS: u32 = 2;

/// What is remembered of one series.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Past {
    last: i64,
    step: i64,
    /// Running mean in sixteenths. Wraps for values beyond 2^59, whose mean is then a poor guess and no worse.
    mean: i64,
    /// Running mean bit length of each guess's remainder, in sixteenths.
    missed: [u16; 3],
    seen: u8,
    was_negative: bool,
}

impl Past {
    fn guesses(&self) -> [i64; 3] {
        [self.last, self.last.wrapping_add(self.step), self.mean >> 4]
    }

    fn best(&self) -> usize {
        // Ties go to the simplest guess.
        (1..3).fold(0, |best, at| if self.missed[at] + 4 < self.missed[best] { at } else { best })
    }

    fn saw(&mut self, value: i64) {
        if self.seen == 0 {
            self.mean = value << 4;
        } else {
            let guesses = self.guesses();
            for (missed, guess) in self.missed.iter_mut().zip(guesses) {
                let bits = 16 * bit_length(value.wrapping_sub(guess).unsigned_abs());
                *missed = (u32::from(*missed) * 7 / 8 + bits / 8) as u16;
            }
            self.step = value.wrapping_sub(self.last);
            self.mean = self.mean.wrapping_add((value << 4).wrapping_sub(self.mean) >> 3);
        }
        self.last = value;
        self.seen = self.seen.saturating_add(1);
    }
}

fn bit_length(magnitude: u64) -> u32 {
    64 - magnitude.leading_zeros()
}

/// The chances shared by all series of one context.
#[derive(Debug, Clone)]
pub(crate) struct Numbers {
    /// For each size context: whether anything remains at all.
    nothing: [Chance; SIZES + 1],
    /// For each size context a tree over the bit length less one, 6 levels.
    lengths: Vec<[Chance; 64]>,
    signs: [[Chance; 2]; SIZES],
    shapes: Vec<[Chance; 1 << SHAPED_BITS]>,
}

impl Numbers {
    pub(crate) fn new() -> Self {
        Self {
            nothing: [Chance::EVEN; SIZES + 1],
            lengths: vec![[Chance::EVEN; 64]; SIZES + 1],
            signs: [[Chance::EVEN; 2]; SIZES],
            shapes: vec![[Chance::EVEN; 1 << SHAPED_BITS]; 65],
        }
    }

    pub(crate) fn encode(&mut self, past: &mut Past, value: i64, out: &mut Encoder) {
        let (guess, size) = expectation(past);
        let remainder = value.wrapping_sub(guess);
        let magnitude = remainder.unsigned_abs();
        let length = bit_length(magnitude);
        out.bit(&mut self.nothing[size], length > 0);
        if length > 0 {
            let tree = &mut self.lengths[size];
            let mut node = 1usize;
            for at in (0..6).rev() {
                let bit = (length - 1) >> at & 1 == 1;
                out.bit(&mut tree[node], bit);
                node = node << 1 | usize::from(bit);
            }
            let negative = remainder < 0;
            out.bit(&mut self.signs[size.min(SIZES - 1)][usize::from(past.was_negative)], negative);
            past.was_negative = negative;
            let below = length - 1;
            let shaped = below.min(SHAPED_BITS);
            let mut node = 1usize;
            for at in (below - shaped..below).rev() {
                let bit = magnitude >> at & 1 == 1;
                out.bit(&mut self.shapes[length as usize][node], bit);
                node = node << 1 | usize::from(bit);
            }
            out.even_bits(magnitude, below - shaped);
        }
        past.saw(value);
    }

    pub(crate) fn decode(&mut self, past: &mut Past, bits: &mut Decoder<'_>) -> i64 {
        let (guess, size) = expectation(past);
        let mut remainder = 0i64;
        if bits.bit(&mut self.nothing[size]) {
            let tree = &mut self.lengths[size];
            let mut node = 1usize;
            (0..6).for_each(|_| node = node << 1 | usize::from(bits.bit(&mut tree[node])));
            let length = (node & 63) as u32 + 1;
            let negative = bits.bit(&mut self.signs[size.min(SIZES - 1)][usize::from(past.was_negative)]);
            past.was_negative = negative;
            let below = length - 1;
            let shaped = below.min(SHAPED_BITS);
            let mut magnitude = 1u64;
            let mut node = 1usize;
            for _ in 0..shaped {
                let bit = bits.bit(&mut self.shapes[length as usize][node]);
                node = node << 1 | usize::from(bit);
                magnitude = magnitude << 1 | u64::from(bit);
            }
            let rest = below - shaped;
            magnitude = magnitude << rest | bits.even_bits(rest);
            remainder = if negative { magnitude.wrapping_neg() } else { magnitude }.cast_signed();
        }
        let value = guess.wrapping_add(remainder);
        past.saw(value);
        value
    }
}

/// The guess to use and the context of how large the remainder may be.
fn expectation(past: &Past) -> (i64, usize) {
    if past.seen == 0 {
        return (0, SIZES);
    }
    let best = past.best();
    let missed = usize::from(past.missed[best]);
    // Finer steps where most series are: the difference between never and rarely is worth most.
    let size = match missed {
        0 => 0,
        1..=7 => 1,
        8..=15 => 2,
        16..=23 => 3,
        24..=31 => 4,
        more => (3 + more / 16).min(SIZES - 1),
    };
    (past.guesses()[best], size)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_number_comes_back(values in prop::collection::vec(prop_oneof![any::<i64>(), -40i64..40, Just(i64::MIN)], 0..300)) {
            let (mut numbers, mut past, mut out) = (Numbers::new(), Past::default(), Encoder::new());
            values.iter().for_each(|value| numbers.encode(&mut past, *value, &mut out));
            let bytes = out.finish();
            let (mut numbers, mut past, mut bits) = (Numbers::new(), Past::default(), Decoder::new(&bytes));
            for value in &values {
                prop_assert_eq!(numbers.decode(&mut past, &mut bits), *value);
            }
        }
    }

    fn bits_each(value: impl Fn(i64) -> i64) -> f64 {
        let (mut numbers, mut past, mut out) = (Numbers::new(), Past::default(), Encoder::new());
        (0..4000).for_each(|at| numbers.encode(&mut past, value(at), &mut out));
        out.finish().len() as f64 * 8.0 / 4000.0
    }

    #[test]
    fn what_is_regular_is_cheap() {
        assert!(bits_each(|_| 12_345_678) < 0.05);
        assert!(bits_each(|at| at * 1_000) < 0.05);
        // Three even bits of noise can not cost less than three bits.
        let noise = bits_each(|at| i64::from(blake3::hash(&at.to_le_bytes()).as_bytes()[0] & 7));
        assert!((2.99..4.0).contains(&noise), "{noise}");
    }
}
