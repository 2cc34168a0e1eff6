//! Bits with probabilities, to bytes and back.
//!
//! The binary adaptive range coder of LZMA (Martin 1979; Pavlov's LZMA specification), with one change: the end is cut to
//! the fewest bytes that still decode, because a live tick is often shorter than LZMA's five closing bytes.

const TOP: u32 = 1 << 24;
const PROBABILITY_BITS: u32 = 15;

/// The chance that the next bit of its kind is 0, learnt from those before: the mean of one memory that follows quickly
/// and one that remembers long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chance {
    quick: u16,
    long: u16,
}

/// Each bit moves the quick memory by a sixteenth of what is left, the long one by a hundred-and-twenty-eighth.
const PACES: (u32, u32) = (4, 7);

impl Chance {
    pub(crate) const EVEN: Self = Self { quick: 1 << (PROBABILITY_BITS - 1), long: 1 << (PROBABILITY_BITS - 1) };

    /// Never 0 and never all: both memories stop short of their ends.
    fn of_zero(self) -> u32 {
        (u32::from(self.quick) + u32::from(self.long)) >> 1
    }

    fn saw(&mut self, bit: bool) {
        const ALL: u16 = 1 << PROBABILITY_BITS;
        if bit {
            self.quick -= self.quick >> PACES.0;
            self.long -= self.long >> PACES.1;
        } else {
            self.quick += (ALL - self.quick) >> PACES.0;
            self.long += (ALL - self.long) >> PACES.1;
        }
    }
}

/// Writes bits.
#[derive(Debug)]
pub(crate) struct Encoder {
    low: u64,
    range: u32,
    /// The last byte written, held back because a carry may still raise it, and how many 0xff follow it.
    held: Option<u8>,
    held_ff: usize,
    out: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new() -> Self {
        Self { low: 0, range: u32::MAX, held: None, held_ff: 0, out: Vec::new() }
    }

    pub(crate) fn bit(&mut self, chance: &mut Chance, bit: bool) {
        let bound = (self.range >> PROBABILITY_BITS) * chance.of_zero();
        if bit {
            self.low += u64::from(bound);
            self.range -= bound;
        } else {
            self.range = bound;
        }
        chance.saw(bit);
        self.normalise();
    }

    /// The low `count` bits of `value`, highest first, each as likely 0 as 1.
    pub(crate) fn even_bits(&mut self, value: u64, count: u32) {
        for at in (0..count).rev() {
            self.range >>= 1;
            if value >> at & 1 == 1 {
                self.low += u64::from(self.range);
            }
            self.normalise();
        }
    }

    fn normalise(&mut self) {
        while self.range < TOP {
            self.shift();
            self.range <<= 8;
        }
    }

    fn shift(&mut self) {
        if self.low < 0xff00_0000 || self.low > u64::from(u32::MAX) {
            let carry = (self.low >> 32) as u8;
            if let Some(held) = self.held {
                self.out.push(held.wrapping_add(carry));
            }
            self.out.extend(std::iter::repeat_n(0xffu8.wrapping_add(carry), self.held_ff));
            self.held_ff = 0;
            self.held = Some((self.low >> 24) as u8);
        } else {
            self.held_ff += 1;
        }
        self.low = (self.low & 0x00ff_ffff) << 8;
    }

    /// The bytes, without the zeros at the end: a decoder reads zeros past it.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        // Any number in [low, low + range) will do: take the one with the most zeros at its end.
        let high = self.low + u64::from(self.range) - 1;
        let keep = (0..=32).rev().find(|zeros| (high >> zeros << zeros) >= self.low).unwrap_or(0);
        self.low = high >> keep << keep;
        (0..5).for_each(|_| self.shift());
        while self.out.last() == Some(&0) {
            self.out.pop();
        }
        self.out
    }
}

/// Reads bits. Past the end it reads zeros, for as long as it is asked: the caller bounds how often that is.
#[derive(Debug)]
pub(crate) struct Decoder<'a> {
    code: u32,
    range: u32,
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self { code: 0, range: u32::MAX, rest: bytes };
        (0..4).for_each(|_| decoder.shift());
        decoder
    }

    pub(crate) fn bit(&mut self, chance: &mut Chance) -> bool {
        let bound = (self.range >> PROBABILITY_BITS) * chance.of_zero();
        let bit = self.code >= bound;
        if bit {
            self.code -= bound;
            self.range -= bound;
        } else {
            self.range = bound;
        }
        chance.saw(bit);
        self.normalise();
        bit
    }

    pub(crate) fn even_bits(&mut self, count: u32) -> u64 {
        (0..count).fold(0, |value, _| {
            self.range >>= 1;
            let bit = self.code >= self.range;
            if bit {
                self.code -= self.range;
            }
            self.normalise();
            value << 1 | u64::from(bit)
        })
    }

    fn normalise(&mut self) {
        while self.range < TOP {
            self.shift();
            self.range <<= 8;
        }
    }

    fn shift(&mut self) {
        let (byte, rest) = self.rest.split_first().map_or((0, self.rest), |(byte, rest)| (*byte, rest));
        self.rest = rest;
        self.code = self.code << 8 | u32::from(byte);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_bit_comes_back(bits in prop::collection::vec((any::<bool>(), 0usize..3, any::<u64>(), 0u32..64), 0..400)) {
            let mut chances = [Chance::EVEN; 3];
            let mut encoder = Encoder::new();
            for (bit, kind, value, count) in &bits {
                encoder.bit(&mut chances[*kind], *bit);
                encoder.even_bits(*value, *count);
            }
            let bytes = encoder.finish();
            let mut chances = [Chance::EVEN; 3];
            let mut decoder = Decoder::new(&bytes);
            for (bit, kind, value, count) in &bits {
                prop_assert_eq!(decoder.bit(&mut chances[*kind]), *bit);
                prop_assert_eq!(decoder.even_bits(*count), value & ((1u64 << count) - 1));
            }
        }
    }

    #[test]
    fn what_is_always_the_same_costs_almost_nothing() {
        let mut chance = Chance::EVEN;
        let mut encoder = Encoder::new();
        (0..8000).for_each(|_| encoder.bit(&mut chance, false));
        assert!(encoder.finish().len() < 25);
    }
}
