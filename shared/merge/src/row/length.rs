//! There or not there, as often as wanted.

use crate::written::{Garbled, Reader, put_number};

/// How often something came and went (Yu and Rostad, "A low-cost set CRDT based on causal lengths", PaPoC 2020): odd while it
/// is there. Merges to the larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct CausalLength(u32);

impl CausalLength {
    /// Never there yet.
    pub const ABSENT: Self = Self(0);

    /// Whether it is there.
    pub fn is_present(self) -> bool {
        self.0 % 2 == 1
    }

    /// Lets it come or go; nothing when it already is so.
    pub fn set(&mut self, present: bool) {
        if self.is_present() != present {
            self.0 = self.0.saturating_add(1);
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        self.0 = self.0.max(other.0);
    }

    pub(super) fn encode(self, out: &mut Vec<u8>) {
        put_number(out, u64::from(self.0));
    }

    /// One near the end could not change any more.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Garbled> {
        let length = u32::try_from(reader.number()?).map_err(|_| Garbled)?;
        if length > u32::MAX / 2 { Err(Garbled) } else { Ok(Self(length)) }
    }
}
