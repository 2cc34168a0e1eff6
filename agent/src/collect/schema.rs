//! Which number does a series have on this agent?
//!
//! Append-only and dense: a series once declared keeps its index for the life of the stream, because ticks on disk and
//! at the hub speak in indices. Knows no disk: whoever stores ticks stores new definitions beside them and gives them
//! back to [`Schema::from_defs`] at the next start.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use vigie_model::{SeriesDef, SeriesIx};

/// Series one agent may declare of its machine; what others say has a limit of its own.
///
/// A machine with 256 cores and a hundred disks stays below half of this; what lies above is a runaway label (a
/// container host that makes an interface each second), and it would cost every node on the way to the hub.
pub const MAX_SERIES: usize = 5_000;

/// Every series this agent ever declared, in order.
///
/// Definitions stand here once; the index beside them holds only hashes, so that a thousand series cost a thousand
/// definitions and not two thousand.
#[derive(Debug, Default)]
pub struct Schema {
    defs: Vec<SeriesDef>,
    by_hash: HashMap<u64, SeriesIx>,
    refused: u64,
    foreign: usize,
}

/// Places of one stream, those of others included; a tick names none beyond 65,536, and the machine's own keep theirs.
const MAX_PLACES: usize = 60_000;

impl Schema {
    /// An agent that has declared nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The schema an agent had before it was restarted, in the order it was declared.
    ///
    /// More than [`MAX_SERIES`] are kept if they come: they have their numbers already.
    pub fn from_defs(defs: Vec<SeriesDef>) -> Self {
        let mut schema = Self::new();
        for def in defs {
            schema.foreign += usize::from(def.is_foreign());
            if let Err(free) = schema.place(&def) {
                schema.append(free, def);
            } else {
                // Said twice by a damaged store: its number stays taken, and the first one stays in use.
                schema.defs.push(def);
            }
        }
        schema
    }

    /// The number of a series, declared now if it is new.
    ///
    /// # Errors
    /// When the series is new and [`MAX_SERIES`] are declared already. The refusal is counted.
    pub fn ix_of(&mut self, def: SeriesDef) -> Result<SeriesIx, SchemaFull> {
        match self.place(&def) {
            Ok(known) => Ok(known),
            Err(free) if self.defs.len() - self.foreign < MAX_SERIES => Ok(self.append(free, def)),
            Err(_) => {
                self.refuse();
                Err(SchemaFull)
            }
        }
    }

    /// Gives a place to a series that somebody else named, and that has none yet: whoever takes in what others say knows
    /// which ones have. `None` when all places are given.
    pub(crate) fn append_foreign(&mut self, def: SeriesDef) -> Option<SeriesIx> {
        if self.defs.len() >= MAX_PLACES {
            return None;
        }
        let ix = SeriesIx(u32::try_from(self.defs.len()).ok()?);
        self.defs.push(def);
        self.foreign += 1;
        Some(ix)
    }

    /// Every definition; the place in the slice is the [`SeriesIx`].
    ///
    /// It only grows, so whoever stored the first `n` needs to store only what follows.
    pub fn defs(&self) -> &[SeriesDef] {
        &self.defs
    }

    /// The definition behind a number.
    pub fn def(&self, series: SeriesIx) -> Option<&SeriesDef> {
        self.defs.get(usize::try_from(series.0).ok()?)
    }

    /// How often a series was refused since the agent started.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    pub(super) fn refuse(&mut self) {
        self.refused = self.refused.saturating_add(1);
    }

    /// Where the series stands, or the free key at which it would be entered.
    ///
    /// Two definitions with one hash take neighbouring keys; nothing is ever removed, so a free key ends the search.
    fn place(&self, def: &SeriesDef) -> Result<SeriesIx, u64> {
        let mut key = hash(def);
        while let Some(&ix) = self.by_hash.get(&key) {
            if self.def(ix) == Some(def) {
                return Ok(ix);
            }
            key = key.wrapping_add(1);
        }
        Err(key)
    }

    fn append(&mut self, key: u64, def: SeriesDef) -> SeriesIx {
        let ix = SeriesIx(u32::try_from(self.defs.len()).unwrap_or(u32::MAX));
        self.defs.push(def);
        self.by_hash.insert(key, ix);
        ix
    }
}

/// The agent declared [`MAX_SERIES`] series already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this agent declared {MAX_SERIES} series already, a new one is not kept")]
pub struct SchemaFull;

fn hash(def: &SeriesDef) -> u64 {
    let mut hasher = DefaultHasher::new();
    def.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use vigie_model::{Kind, Resolution};

    use super::*;

    #[test]
    fn a_restarted_agent_uses_the_same_numbers() {
        let mut before = Schema::new();
        let numbers: Vec<_> = (0..50).map(|n| before.ix_of(def(n))).collect();
        let mut after = Schema::from_defs(before.defs().to_vec());
        assert_eq!(after.ix_of(def(50)), Ok(SeriesIx(50)));
        assert_eq!((0..50).map(|n| after.ix_of(def(n))).collect::<Vec<_>>(), numbers);
    }

    #[test]
    fn the_number_is_the_place_in_the_list() {
        let mut schema = Schema::new();
        let ix = schema.ix_of(def(7)).expect("the first series fits");
        assert_eq!(schema.def(ix), Some(&def(7)));
        assert_eq!(schema.def(SeriesIx(1)), None);
    }

    #[test]
    fn a_runaway_label_is_refused_and_counted_but_known_series_go_on() {
        let mut schema = Schema::new();
        for n in 0..MAX_SERIES {
            schema.ix_of(def(n)).expect("below the limit");
        }
        assert_eq!(schema.ix_of(def(MAX_SERIES)), Err(SchemaFull));
        assert_eq!(schema.refused(), 1);
        assert_eq!(schema.ix_of(def(3)), Ok(SeriesIx(3)));
        assert_eq!(schema.defs().len(), MAX_SERIES);
    }

    #[test]
    fn a_definition_that_was_stored_twice_does_not_shift_the_others() {
        let mut schema = Schema::from_defs(vec![def(1), def(1), def(2)]);
        assert_eq!(schema.ix_of(def(1)), Ok(SeriesIx(0)));
        assert_eq!(schema.ix_of(def(2)), Ok(SeriesIx(2)));
    }

    fn def(n: usize) -> SeriesDef {
        SeriesDef::new("test", &[("n", &n.to_string())], "1", Kind::Gauge, Resolution::ONE).expect("a plain series")
    }
}
