//! What was pushed to this node, which of it is durable, and what is to be tried again?

use std::collections::BTreeSet;
use std::sync::Arc;

use vigie_codec::SigningKey;
use vigie_model::{Incarnation, NodeId, SeriesDef, SeriesIx, StreamId, Tick};
use vigie_sync::keep::Write;

use crate::entry::Entry;
use crate::line::Line;
use crate::recent::TickKey;
use crate::register::{Place, Register, Spot};

/// How much is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Series of one place. Each costs some hundred bytes of memory.
    pub series_per_place: usize,
    /// Samples that are numbered and not durable: those on their way to the disk, and what a store in trouble has left
    /// undone. Above it nothing more is numbered. Each takes 16 bytes, and a few more in what is to be written.
    pub samples_waiting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { series_per_place: 1_000_000, samples_waiting: 1_000_000 }
    }
}

/// What was pushed, as writes that make it durable.
#[derive(Debug)]
pub struct Noted {
    /// In this order, in one commit.
    pub writes: Vec<Write>,
    /// To be told back to [`Book::done`] or [`Book::undone`].
    pub outcome: Outcome,
    /// Samples in the writes that were not in any before.
    pub samples: u64,
    /// Samples of moments of which their series has a value already, the same or another: the first stands.
    pub duplicates: u64,
    /// Where some of those are that were numbered for an earlier push and are not durable yet: the push may be answered when
    /// they are.
    pub awaited: Awaited,
    /// Samples of series beyond the limit, of series that can not be declared, or of impossible moments.
    pub refused: u64,
}

/// What will be known when the writes are durable.
#[derive(Debug, Default)]
pub struct Outcome {
    /// By their line.
    pub(crate) ticks: Vec<(usize, Vec<Arc<Tick>>)>,
    /// Lines of which something was sealed.
    pub(crate) sealed: Vec<usize>,
}

/// Ticks of earlier pushes, by their line in one edition of the book.
#[derive(Debug, Default)]
pub struct Awaited {
    pub(crate) edition: u32,
    pub(crate) ticks: BTreeSet<(usize, TickKey)>,
}

/// How far something is that was numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// All of it is durable.
    Durable,
    /// Some of it is on its way to the disk.
    OnTheWay,
    /// The store has left something undone, and some of it may be among that.
    Undone,
}

/// Whether a series has a value at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    New,
    Durable,
    /// In this tick of this line, which is numbered and not durable.
    OnTheWay(usize, TickKey),
}

/// All that was pushed to this node.
#[derive(Debug)]
pub struct Book {
    pub(crate) node: NodeId,
    pub(crate) key: SigningKey,
    pub(crate) limits: Limits,
    pub(crate) register: Register,
    pub(crate) lines: Vec<Line>,
    /// What a store in trouble left undone, in order: it is tried again before anything else.
    undone: Vec<(Vec<Write>, Outcome)>,
    /// Samples that are numbered and not durable.
    pub(crate) waiting: usize,
    /// Batches that are with the store.
    under_way: usize,
    /// The store said of some writes that they will never find a place.
    is_refused: bool,
    /// How often it was read anew.
    pub(crate) edition: u32,
}

impl Book {
    /// An empty book of a node, whose key signs for what it takes in.
    pub fn new(node: NodeId, key: SigningKey, limits: Limits) -> Self {
        let (register, lines) = (Register::default(), Vec::new());
        let (undone, waiting, under_way) = (Vec::new(), 0, 0);
        Self { node, key, limits, register, lines, undone, waiting, under_way, is_refused: false, edition: 0 }
    }

    /// Takes over a stream that the store holds; see [`Line::resume`].
    pub(crate) fn know(&mut self, place: &Place, line: Line, defs: &[SeriesDef]) {
        let at = self.lines.len();
        for (ix, def) in (0u32..).zip(defs) {
            self.register.know(place, def, Spot { line: at as u32, ix });
        }
        for tick in line.recent.ticks() {
            self.register.kept(at, tick);
        }
        if line.has_room() {
            self.register.set_open_line(place, at);
        }
        self.lines.push(line);
    }

    /// Begins to write down a push for a place. `fresh` gives the incarnation of a new stream: a random one, or none when
    /// there is no chance to be had, and then new series are refused.
    pub fn entry<'b>(&'b mut self, place: Place, fresh: &'b mut dyn FnMut() -> Option<Incarnation>) -> Entry<'b> {
        Entry::new(self, place, fresh)
    }

    /// Whether so much waits to become durable that nothing more may be numbered.
    pub fn is_full(&self) -> bool {
        self.waiting >= self.limits.samples_waiting
    }

    /// Whether the store refused something, and the book is to be read anew.
    pub fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// Whether the store has left something undone.
    pub fn is_in_trouble(&self) -> bool {
        !self.undone.is_empty()
    }

    /// What was left undone, and segments that are due; nothing when there is nothing to do.
    pub fn due(&mut self, now_ms: u64, closing: bool) -> Option<(Vec<Write>, Outcome)> {
        if self.is_refused {
            return None;
        }
        let (mut writes, mut outcome) = self.again();
        for (at, line) in self.lines.iter_mut().enumerate() {
            let segments = line.due(&self.key, now_ms, closing);
            outcome.sealed.extend((!segments.is_empty()).then_some(at));
            writes.extend(segments.into_iter().map(Write::Segment));
        }
        (!writes.is_empty()).then_some((writes, outcome))
    }

    /// Some writes go to the store; [`Self::done`], [`Self::undone`] or [`Self::refused`] follows.
    pub fn sent(&mut self) {
        self.under_way += 1;
    }

    /// Numbers nothing more for the store as it is where damage took definitions there: what comes for those series would be
    /// kept under no name. `schema_len` says how many definitions the store has of a stream, and `is_lost` whether it had more.
    pub fn refuse_if_bereft(&mut self, schema_len: impl Fn(StreamId) -> u32, is_lost: impl Fn(StreamId) -> bool) {
        let bereft = |line: &Line| line.is_bereft(schema_len(line.stream)) && is_lost(line.stream);
        self.is_refused = self.is_refused || self.lines.iter().any(bereft);
    }

    /// Whether it has to be read anew from the store before anything more is numbered. Not while something is with the store:
    /// what it will have is not known then, and nothing follows on it.
    pub fn is_outdated(&self) -> bool {
        self.under_way == 0 && self.is_refused
    }

    /// Takes the place of one that is outdated. Nothing of that is left: what it had numbered and was not kept was
    /// acknowledged to nobody, and is sent again.
    pub fn follow(&mut self, outdated: &Self) {
        self.edition = outdated.edition.wrapping_add(1);
    }

    /// The writes of an outcome are durable.
    pub fn done(&mut self, outcome: Outcome, now_ms: u64) {
        self.under_way = self.under_way.saturating_sub(1);
        self.waiting = self.waiting.saturating_sub(outcome.samples());
        for (line, ticks) in outcome.ticks {
            ticks.iter().for_each(|tick| self.register.kept(line, tick));
            self.lines[line].kept(&ticks, now_ms);
        }
        outcome.sealed.into_iter().for_each(|line| self.lines[line].sealed(now_ms));
    }

    /// The writes of an outcome may not be durable: they are tried again as they were, because their numbers are given and
    /// what was signed once is not signed otherwise.
    pub fn undone(&mut self, writes: Vec<Write>, outcome: Outcome) {
        self.under_way = self.under_way.saturating_sub(1);
        self.set_aside(writes, outcome);
    }

    /// The store will never take the writes of an outcome: nothing more is numbered before the book is read anew.
    pub fn refused(&mut self, writes: Vec<Write>, outcome: Outcome) {
        self.is_refused = true;
        self.undone(writes, outcome);
    }

    /// What is done before anything else.
    pub(crate) fn set_aside(&mut self, writes: Vec<Write>, outcome: Outcome) {
        if !writes.is_empty() {
            self.undone.push((writes, outcome));
        }
    }

    /// Takes what was left undone, to be tried again.
    pub(crate) fn again(&mut self) -> (Vec<Write>, Outcome) {
        let (mut writes, mut outcome) = (Vec::new(), Outcome::default());
        for (some, one) in self.undone.drain(..) {
            writes.extend(some);
            outcome.ticks.extend(one.ticks);
            outcome.sealed.extend(one.sealed);
        }
        (writes, outcome)
    }

    /// How far the ticks are that a push was found in.
    pub fn standing(&self, awaited: &Awaited) -> Standing {
        if awaited.edition != self.edition {
            Standing::Undone
        } else if !awaited.ticks.iter().any(|(line, tick)| self.lines[*line].on_the_way.has(tick)) {
            Standing::Durable
        } else if self.is_in_trouble() {
            Standing::Undone
        } else {
            Standing::OnTheWay
        }
    }

    /// Whether a series has a value at a moment, as far as is remembered.
    pub(crate) fn knows(&self, no: u32, at_ms: i64) -> Known {
        let last_ms = self.register.last_ms(no);
        let in_line = |spot: Spot| self.lines[spot.line as usize].recent.has(SeriesIx(spot.ix), at_ms);
        // Most come in the order of time: what is newer than the newest is new, or on its way.
        if at_ms <= last_ms && (at_ms == last_ms || self.register.spots(no).any(in_line)) {
            return Known::Durable;
        }
        let on_the_way = |spot: Spot| {
            let line = spot.line as usize;
            Some((line, self.lines[line].on_the_way.find(SeriesIx(spot.ix), at_ms)?))
        };
        self.register.spots(no).find_map(on_the_way).map_or(Known::New, |(line, tick)| Known::OnTheWay(line, tick))
    }
}

impl Outcome {
    fn samples(&self) -> usize {
        self.ticks.iter().flat_map(|(_, ticks)| ticks).map(|tick| tick.samples.len()).sum()
    }
}
