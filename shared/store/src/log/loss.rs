//! What becomes of a record that proved damaged, and of what it held?

use redb::ReadableTable;
use vigie_codec::schema::SchemaHash;
use vigie_merge::RangeSet;
use vigie_model::{Gap, SeriesDef, StreamId};

use super::columns;
use super::facts::Change;
use super::index::{Span, SpanChange};
use super::pen::{Pen, add};
use super::read;
use super::shelf::{SealRow, Shelf, at, gap_key, number};
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
    /// Sheets of rollups may be gone.
    Rollups,
}

impl Loss {
    pub(crate) fn row(stream: StreamId, shelf: Shelf, key: Vec<u8>) -> Self {
        Self { stream, what: Lost::Row(shelf, key) }
    }

    pub(crate) fn rollups(stream: StreamId) -> Self {
        Self { stream, what: Lost::Rollups }
    }

    pub(crate) fn missing(stream: StreamId, numbers: RangeSet) -> Self {
        Self { stream, what: Lost::Missing(numbers) }
    }

    pub(crate) fn stream(&self) -> StreamId {
        self.stream
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
            Lost::Row(Shelf::Columns, key) => self.settle_columns(stream, &mut facts, key),
            Lost::Row(Shelf::Statement, key) => self.settle_statement(stream, &mut facts, key),
            Lost::Row(Shelf::Series, key) => self.settle_series(stream, &mut facts, key),
            Lost::Row(Shelf::Rollup, key) => self.settle_rollup(stream, &mut facts, key).map(|()| RangeSet::new()),
            Lost::Rollups => self
                .recount_rollups(stream, &mut facts)
                .and_then(|()| self.recount_foreign(stream, &mut facts))
                .and_then(|()| self.recount_let_go(stream, &mut facts))
                .map(|()| RangeSet::new()),
            // Found and mended at opening.
            Lost::Row(Shelf::Note | Shelf::Intro | Shelf::Facts | Shelf::Quarantine | Shelf::Leaf, _) => {
                Ok(RangeSet::new())
            }
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
        let whole = body.as_ref().is_some_and(|row| Shelf::Body.unwrap(key, row).is_ok());
        if seal.is_some() && whole {
            return Ok(RangeSet::new());
        }
        if let (Some(seal), None) = (&seal, &body)
            && let Some((columns, _)) = self.columns_of(stream, seal)?
        {
            return self.settle_columns(stream, facts, &at(stream, columns));
        }
        if body.is_none() {
            self.dissolve(stream, facts, first)?;
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

    /// Ticks that were laid out by series go together: a leaf holds some values of all of them.
    fn settle_columns(&mut self, stream: StreamId, facts: &mut StreamFacts, key: &[u8]) -> Result<RangeSet, Trouble> {
        let (Some(row), Some(first)) = (self.get(Shelf::Columns, key)?, number(key)) else {
            return Ok(RangeSet::new());
        };
        if columns::are_sound(&row, key, self.table(Shelf::Leaf)?, stream, first)? {
            return Ok(RangeSet::new());
        }
        let last = read::columns(key, &row).map(|row| row.last.0);
        let seals = self.seals_without_body(stream, first, last.unwrap_or(u64::MAX - 1))?;
        let mut lost = RangeSet::new();
        let mut bytes = self.quarantine(Shelf::Columns, key)? + self.remove_columns(stream, first)?;
        for seal in seals {
            lost.insert(seal.first(), seal.last());
            bytes += self.remove(Shelf::Seal, &at(stream, seal.first()))?;
        }
        add(&mut facts.bytes.sealed, bytes);
        self.spans.push((stream, SpanChange::Gone(first)));
        Ok(lost)
    }

    /// Seals from a number on whose ticks are not in a body of their own, up to the next that is, or other columns.
    fn seals_without_body(&mut self, stream: StreamId, first: u64, last: u64) -> Result<Vec<SealRow>, Trouble> {
        let (low, high) = (at(stream, first + 1), at(stream, last));
        let next = self.table(Shelf::Columns)?.range::<&[u8]>(low.as_slice()..=high.as_slice())?.next().transpose()?;
        let last = next.and_then(|(key, _)| number(key.value())).map_or(last, |next| next - 1);
        let (mut seals, mut damaged) = (Vec::new(), Vec::new());
        read::segments_from(self.table(Shelf::Seal)?, stream, first, |key, row| match row {
            Ok(row) if row.first() <= last => {
                seals.push(row);
                true
            }
            Err(_) if number(key).is_some_and(|first| first <= last) => {
                damaged.push(key.to_vec());
                true
            }
            _ => false,
        })?;
        self.later.extend(damaged.into_iter().map(|key| Loss::row(stream, Shelf::Seal, key)));
        let mut without = Vec::new();
        for seal in seals {
            if self.table(Shelf::Body)?.get(at(stream, seal.first()).as_slice())?.is_none() {
                without.push(seal);
            }
        }
        Ok(without)
    }

    /// Makes bodies again of the columns that hold a number, so that one of their seals can go without the others.
    fn dissolve(&mut self, stream: StreamId, facts: &mut StreamFacts, held: u64) -> Result<(), Trouble> {
        let found = read::columns_before(self.table(Shelf::Columns)?, stream, held)?;
        let Some((key, Ok(row))) = found else { return Ok(()) };
        let Some(first) = number(&key).filter(|_| held <= row.last.0) else { return Ok(()) };
        let Some(ticks) = columns::all_ticks(&row, self.table(Shelf::Leaf)?, stream, first)? else {
            let lost = self.settle_columns(stream, facts, &key)?;
            self.later.push(Loss::missing(stream, lost));
            return Ok(());
        };
        let mut bytes = self.remove_columns(stream, first)?;
        self.spans.push((stream, SpanChange::Gone(first)));
        for seal in self.seals_without_body(stream, first, row.last.0)? {
            let own = ticks.get((seal.first() - first) as usize..=(seal.last() - first) as usize);
            let Some(Ok(segment)) = own.map(|own| seal.seal.clone().over(own)) else { continue };
            let key = at(stream, seal.first());
            bytes += self.put(Shelf::Body, &key, &Shelf::Body.wrap(&key, &segment.body))?;
            self.spans.push((stream, SpanChange::New(Span::of(&seal))));
        }
        add(&mut facts.bytes.sealed, bytes);
        Ok(())
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

    /// Definitions from the damaged one on are dropped: they have an order, and come again together. How many there were
    /// stays noted, until as many are here again.
    fn settle_series(&mut self, stream: StreamId, facts: &mut StreamFacts, key: &[u8]) -> Result<RangeSet, Trouble> {
        let Some(place) = number(key).filter(|place| *place < u64::from(facts.schema_len)) else {
            return Ok(RangeSet::new());
        };
        let (last, noted) = (at(stream, u64::from(facts.schema_len)), self.places_noted(stream)?);
        let bytes = self.quarantine(Shelf::Series, key)? + self.remove_range(Shelf::Series, key, &last, |_, _| {})?;
        add(&mut facts.bytes.other, bytes);
        let places = facts.schema_len.max(noted.unwrap_or(0));
        self.note_places(stream, facts, places)?;
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
