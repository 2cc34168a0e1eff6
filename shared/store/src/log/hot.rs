//! Heads and columns that were asked for lately, checked and decoded: a dashboard asks the same again and again.
//!
//! The ticks of a number never change, so that what is held here can only be out of place, never wrong; what was laid out
//! anew or is gone is forgotten with the commit that did it. Knows nothing of what may be answered: see
//! [`Wanted`](super::ask).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vigie_codec::columns::Head;
use vigie_model::{SeriesIx, StreamId};

use super::index::SpanChange;
use super::packed::Packed;

/// Where some columns are: their stream and first number.
type Key = (StreamId, u64);

/// What is held of some columns.
#[derive(Debug)]
struct Held {
    head: Arc<Head>,
    columns: HashMap<SeriesIx, Arc<Packed>>,
}

/// What there is of the columns of some series.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) head: Option<Arc<Head>>,
    /// One for each series, in the order asked.
    pub(crate) columns: Vec<Option<Arc<Packed>>>,
}

/// Two generations: what is asked for is in the young one, and when that is half of what may be held the old one is
/// forgotten.
#[derive(Debug)]
pub(crate) struct Hot {
    most_bytes: usize,
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: Generation,
    old: Generation,
}

#[derive(Debug, Default)]
struct Generation {
    held: BTreeMap<Key, Held>,
    bytes: usize,
}

impl Hot {
    /// Holds at most so many bytes, and what one question adds to them at once.
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self { most_bytes, generations: Mutex::default() }
    }

    pub(crate) fn find(&self, stream: StreamId, first: u64, series: &[SeriesIx]) -> Found {
        let mut generations = self.lock();
        let Some(held) = generations.made_young((stream, first), series) else {
            return Found { head: None, columns: vec![None; series.len()] };
        };
        let columns = series.iter().map(|series| held.columns.get(series).cloned()).collect();
        let found = Found { head: Some(Arc::clone(&held.head)), columns };
        generations.grow_old(self.most_bytes);
        found
    }

    /// Takes in what was read; it was found right.
    pub(crate) fn keep(
        &self,
        stream: StreamId,
        first: u64,
        head: &Arc<Head>,
        read: impl IntoIterator<Item = (SeriesIx, Arc<Packed>)>,
    ) {
        if self.most_bytes == 0 {
            return;
        }
        let mut generations = self.lock();
        for (series, column) in read {
            generations.young.take((stream, first), head, Some((series, column)));
        }
        generations.young.take((stream, first), head, None);
        generations.grow_old(self.most_bytes);
    }

    /// Forgets what a commit has replaced or taken away.
    pub(crate) fn follow(&mut self, stream: StreamId, change: &SpanChange) {
        let (first, last) = match change {
            SpanChange::New(span) | SpanChange::Joined(span) => (span.first, span.last),
            SpanChange::Gone(first) => (*first, *first),
        };
        let Generations { young, old } = self.generations.get_mut().unwrap_or_else(PoisonError::into_inner);
        young.forget(stream, first, last);
        old.forget(stream, first, last);
    }

    pub(crate) fn forget_all(&mut self) {
        *self.generations.get_mut().unwrap_or_else(PoisonError::into_inner) = Generations::default();
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    /// What is held; of the old, what is asked for comes among the young.
    fn made_young(&mut self, key: Key, series: &[SeriesIx]) -> Option<&Held> {
        if let Some(held) = self.old.held.get_mut(&key) {
            self.young.take(key, &held.head, None);
            for series in series {
                let Some(column) = held.columns.remove(series) else { continue };
                self.old.bytes -= column.bytes();
                self.young.take(key, &held.head, Some((*series, column)));
            }
        }
        self.young.held.get(&key)
    }

    fn grow_old(&mut self, most_bytes: usize) {
        if self.young.bytes > most_bytes / 2 {
            self.old = std::mem::take(&mut self.young);
        }
    }
}

impl Generation {
    fn take(&mut self, key: Key, head: &Arc<Head>, column: Option<(SeriesIx, Arc<Packed>)>) {
        let held = self.held.entry(key).or_insert_with(|| {
            self.bytes += head.bytes();
            Held { head: Arc::clone(head), columns: HashMap::new() }
        });
        let Some((series, column)) = column else { return };
        self.bytes += column.bytes();
        if let Some(same) = held.columns.insert(series, column) {
            self.bytes -= same.bytes();
        }
    }

    fn forget(&mut self, stream: StreamId, first: u64, last: u64) {
        let keys: Vec<Key> = self.held.range((stream, first)..=(stream, last)).map(|(key, _)| *key).collect();
        for held in keys.iter().filter_map(|key| self.held.remove(key)) {
            self.bytes -= held.head.bytes() + held.columns.values().map(|column| column.bytes()).sum::<usize>();
        }
    }
}

#[cfg(test)]
mod tests {
    use vigie_codec::columns::Columns;
    use vigie_model::{Boot, Incarnation, Moment, NodeId, Sample, Seq, Tick, UtcMs};

    use super::*;

    const MOST: usize = 100_000;

    fn stream(number: u8) -> StreamId {
        StreamId { agent: NodeId::of_key(&[number; 32]), incarnation: Incarnation(1) }
    }

    fn head(first: u64) -> Arc<Head> {
        let tick = |seq: u64| Tick {
            seq: Seq(seq),
            at: Moment { utc: UtcMs(seq as i64), boot: Boot { no: 1, ms: seq } },
            samples: vec![Sample { series: SeriesIx(0), value: 0 }],
        };
        let ticks: Vec<Tick> = (first..first + 10).map(tick).collect();
        Arc::new(Head::read(&Columns::encode(&ticks).expect("a run").head).expect("just written"))
    }

    fn column() -> Arc<Packed> {
        Arc::new(Packed::new(&(0..1_000).collect::<Vec<i64>>()))
    }

    fn has(hot: &Hot, stream: StreamId, first: u64, series: u32) -> bool {
        hot.find(stream, first, &[SeriesIx(series)]).columns[0].is_some()
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_is_forgotten() {
        let hot = Hot::new(MOST);
        hot.keep(stream(1), 1, &head(1), [(SeriesIx(0), column())]);
        for series in 1..1_000 {
            hot.keep(stream(2), 1, &head(1), [(SeriesIx(series), column())]);
            assert!(has(&hot, stream(1), 1, 0));
            let generations = hot.lock();
            assert!(generations.young.bytes + generations.old.bytes <= MOST + MOST / 2);
        }
        assert!(!has(&hot, stream(2), 1, 1));
    }

    #[test]
    fn what_was_replaced_or_is_gone_is_forgotten_and_nothing_else() {
        let mut hot = Hot::new(MOST);
        for first in [1, 11, 21] {
            hot.keep(stream(1), first, &head(first), [(SeriesIx(0), column())]);
        }
        hot.keep(stream(2), 11, &head(11), [(SeriesIx(0), column())]);
        hot.follow(stream(1), &SpanChange::Gone(11));
        assert_eq!([1, 11, 21].map(|first| has(&hot, stream(1), first, 0)), [true, false, true]);
        assert!(has(&hot, stream(2), 11, 0));
        hot.follow(stream(2), &SpanChange::Gone(11));
        hot.follow(stream(1), &SpanChange::Gone(1));
        hot.follow(stream(1), &SpanChange::Gone(21));
        let left = hot.lock();
        assert_eq!((left.young.bytes, left.old.bytes), (0, 0), "nothing is left");
        drop(left);
        hot.keep(stream(1), 1, &head(1), [(SeriesIx(0), column())]);
        hot.forget_all();
        assert!(!has(&hot, stream(1), 1, 0));
    }

    #[test]
    fn who_may_hold_nothing_holds_nothing() {
        let hot = Hot::new(0);
        hot.keep(stream(1), 1, &head(1), [(SeriesIx(0), column())]);
        assert!(hot.find(stream(1), 1, &[]).head.is_none());
    }
}
