//! What becomes of a record that proved damaged, and of what it held?

use redb::ReadableTable;
use vigie_codec::schema::SchemaHash;
use vigie_merge::RangeSet;
use vigie_model::{Gap, SeriesDef, StreamId};

use super::facts::Change;
use super::index::SpanChange;
use super::pen::{Pen, add};
use super::read;
use super::shelf::{Shelf, at, gap_key, number};
use crate::errors::Trouble;
use crate::types::StreamFacts;

/// Something that was found damaged, perhaps by a reader who could not write.
#[derive(Debug, Clone)]
pub(crate) struct Loss {
    stream: StreamId,
    what: Lost,
}

#[derive(Debug, Clone)]
enum Lost {
    /// A record that fails its checksum.
    Row(Shelf, Vec<u8>),
    /// Numbers that should be here, and no record holds them.
    Missing(RangeSet),
}

impl Loss {
    pub(crate) fn row(stream: StreamId, shelf: Shelf, key: Vec<u8>) -> Self {
        Self { stream, what: Lost::Row(shelf, key) }
    }

    pub(crate) fn missing(stream: StreamId, numbers: RangeSet) -> Self {
        Self { stream, what: Lost::Missing(numbers) }
    }
}

impl Pen<'_> {
    /// Sets a damaged record aside and takes what it held out of what is known. May be told twice.
    pub(crate) fn settle(&mut self, loss: &Loss) -> Result<(), Trouble> {
        let stream = loss.stream;
        let Some(mut facts) = self.take(stream) else { return Ok(()) };
        let done = match &loss.what {
            Lost::Row(Shelf::Tick, key) => self.settle_tick(&mut facts, key),
            Lost::Row(Shelf::Seal | Shelf::Body, key) => self.settle_segment(stream, &mut facts, key),
            Lost::Row(Shelf::Statement, key) => self.settle_statement(stream, &mut facts, key),
            Lost::Row(Shelf::Series, key) => self.settle_series(stream, &mut facts, key),
            // Found and mended at opening.
            Lost::Row(Shelf::Note | Shelf::Intro | Shelf::Facts | Shelf::Quarantine, _) => Ok(RangeSet::new()),
            Lost::Missing(numbers) => Ok(numbers.clone()),
        };
        if let Ok(lost) = &done {
            let lost = lost.intersection(&facts.present);
            let again: RangeSet = lost.without(&facts.gaps);
            if !lost.is_empty() {
                facts.lose(&lost);
                facts.owed.union_with(&again.without(&facts.have));
                self.damage.push((stream, lost));
            }
        }
        self.give(stream, facts);
        done.map(drop)
    }

    fn settle_tick(&mut self, facts: &mut StreamFacts, key: &[u8]) -> Result<RangeSet, Trouble> {
        let (Some(row), Some(number)) = (self.get(Shelf::Tick, key)?, number(key)) else { return Ok(RangeSet::new()) };
        if read::tick(key, &row).is_ok() {
            return Ok(RangeSet::new());
        }
        let bytes = self.quarantine(Shelf::Tick, key)?;
        add(&mut facts.bytes.loose, bytes);
        Ok(RangeSet::of(number, number))
    }

    fn settle_segment(&mut self, stream: StreamId, facts: &mut StreamFacts, key: &[u8]) -> Result<RangeSet, Trouble> {
        let Some(first) = number(key) else { return Ok(RangeSet::new()) };
        let (seal, body) = (self.get(Shelf::Seal, key)?, self.get(Shelf::Body, key)?);
        if seal.is_none() && body.is_none() {
            return Ok(RangeSet::new());
        }
        let seal = seal.and_then(|row| read::seal(key, &row).ok());
        let whole = body.is_some_and(|row| Shelf::Body.unwrap(key, &row).is_ok());
        if seal.is_some() && whole {
            return Ok(RangeSet::new());
        }
        let last = match &seal {
            Some(seal) => seal.last(),
            None => self.end_of_unreadable(stream, facts, first)?,
        };
        let bytes = self.quarantine(Shelf::Seal, key)? + self.quarantine(Shelf::Body, key)?;
        add(&mut facts.bytes.sealed, bytes);
        self.spans.push((stream, SpanChange::Gone(first)));
        Ok(RangeSet::of(first, last))
    }

    /// The last number a segment can have held whose header can not be read: up to the next record.
    fn end_of_unreadable(&mut self, stream: StreamId, facts: &StreamFacts, first: u64) -> Result<u64, Trouble> {
        let mut end = facts.present_ticks().contiguous_from(first).unwrap_or(first);
        for shelf in [Shelf::Seal, Shelf::Tick] {
            let (low, high) = (at(stream, first + 1), at(stream, end));
            if end > first
                && let Some(next) = self.table(shelf)?.range::<&[u8]>(low.as_slice()..=high.as_slice())?.next()
                && let Some(next) = number(next?.0.value())
            {
                end = end.min(next - 1);
            }
        }
        Ok(end)
    }

    fn settle_statement(&mut self, stream: StreamId, facts: &mut StreamFacts, key: &[u8]) -> Result<RangeSet, Trouble> {
        let bytes = self.quarantine(Shelf::Statement, key)?;
        add(&mut facts.bytes.other, bytes);
        let (gone, left): (Vec<Gap>, Vec<Gap>) =
            facts.gap_list.iter().partition(|gap| gap_key(stream, gap).as_slice() == key);
        facts.gap_list = left;
        let lost: RangeSet = gone.iter().map(|gap| (gap.first.0, gap.last.0)).collect();
        Ok(lost.intersection(&facts.gaps))
    }

    /// Definitions from the damaged one on are dropped: they have an order, and come again together.
    fn settle_series(&mut self, stream: StreamId, facts: &mut StreamFacts, key: &[u8]) -> Result<RangeSet, Trouble> {
        let Some(place) = number(key).filter(|place| *place < u64::from(facts.schema_len)) else {
            return Ok(RangeSet::new());
        };
        let bytes = self.quarantine(Shelf::Series, key)?
            + self.remove_range(Shelf::Series, key, &at(stream, u64::MAX), |_, _| {})?;
        add(&mut facts.bytes.other, bytes);
        let mut hash = SchemaHash::EMPTY;
        let mut len = 0;
        while u64::from(len) < place {
            let key = at(stream, u64::from(len));
            let Some(row) = self.get(Shelf::Series, &key)? else { break };
            let Ok(def) = Shelf::Series.read::<SeriesDef>(&key, &row) else { break };
            hash = hash.then(&def);
            len += 1;
        }
        (facts.schema_len, facts.schema_hash) = (len, hash);
        Ok(RangeSet::new())
    }
}
