//! Segments, whole or as a seal over ticks that are here.

use vigie_codec::block::{self, MAX_TICKS};
use vigie_codec::segment::{Header, Seal, Segment};
use vigie_merge::RangeSet;
use vigie_model::{StreamId, Tick};

use super::facts::Change;
use super::index::{Span, SpanChange};
use super::loss::Loss;
use super::pen::{Pen, add};
use super::read;
use super::shelf::{SealRow, Shelf, at};
use crate::errors::Trouble;
use crate::types::{Kept, Outcome, StreamFacts};

impl Pen<'_> {
    pub(crate) fn keep_segment(&mut self, segment: Segment) -> Result<Outcome, Trouble> {
        let header = segment.header();
        let (stream, first, last) = (header.stream, header.first.0, header.last.0);
        let refused = match self.standing_of(header)? {
            Place::Free => return self.shelve(segment),
            Place::Taken => return Ok(self.again(stream, first, last)),
            Place::NoStream => Outcome::UnknownStream(stream),
            Place::TooMuch => Outcome::TooMuch(stream),
            Place::Impossible | Place::Contested => Outcome::Forged(stream, RangeSet::new()),
        };
        Ok(refused)
    }

    pub(crate) fn keep_seal(&mut self, seal: Seal) -> Result<Outcome, Trouble> {
        let header = &seal.header;
        let (stream, first, last) = (header.stream, header.first.0, header.last.0);
        match self.standing_of(header)? {
            Place::Free => {}
            Place::Taken => return Ok(self.again(stream, first, last)),
            Place::NoStream => return Ok(Outcome::UnknownStream(stream)),
            Place::TooMuch => return Ok(Outcome::TooMuch(stream)),
            Place::Impossible | Place::Contested => return Ok(Outcome::Forged(stream, RangeSet::new())),
        }
        let Some(ticks) = self.loose(stream, first, last)? else { return Ok(Outcome::TicksMissing) };
        match seal.over(&ticks) {
            Ok(segment) => self.shelve(segment),
            Err(_) => self.take_out(stream, first, last, &ticks),
        }
    }

    /// Whether there is a place for a segment with this header.
    fn standing_of(&mut self, header: &Header) -> Result<Place, Trouble> {
        let (stream, first, last) = (header.stream, header.first.0, header.last.0);
        if first == 0 || last < first || last == u64::MAX || last - first >= u64::from(MAX_TICKS) {
            return Ok(Place::Impossible);
        }
        let Some(facts) = self.look(stream) else { return Ok(Place::NoStream) };
        if !facts.has_room_for(1) {
            return Ok(Place::TooMuch);
        }
        let gone = gone(facts, first, last);
        if !facts.sealed.touches(first, last) {
            return Ok(Place::Free);
        }
        let rows = loop {
            match read::segments_touching(self.table(Shelf::Seal)?, stream, first, last)? {
                Ok(rows) => break rows,
                Err(key) => self.settle(&Loss::row(stream, Shelf::Seal, key))?,
            }
        };
        let mut covered: RangeSet = rows.iter().map(|row| (row.first(), row.last())).collect();
        let contested = !covered.is_empty() || (!gone.is_empty() && self.lies_in_columns(stream, first, last)?);
        covered.union_with(&gone);
        Ok(match (covered.contains_range(first, last), contested) {
            (true, _) => Place::Taken,
            (false, true) => Place::Contested,
            (false, false) => Place::Free,
        })
    }

    /// Whether columns hold some of a range: what is forgotten stays in them beside what is not, and would show again.
    fn lies_in_columns(&mut self, stream: StreamId, first: u64, last: u64) -> Result<bool, Trouble> {
        let before = read::columns_before(self.table(Shelf::Columns)?, stream, last)?;
        Ok(before.is_some_and(|(_, row)| row.is_ok_and(|row| row.last.0 >= first)))
    }

    /// All ticks of a range, if they are here loose.
    fn loose(&mut self, stream: StreamId, first: u64, last: u64) -> Result<Option<Vec<Tick>>, Trouble> {
        let all_here = self.look(stream).is_some_and(|facts| facts.present_ticks().contains_range(first, last));
        if !all_here {
            return Ok(None);
        }
        let (mut ticks, mut damaged) = (Vec::new(), Vec::new());
        read::ticks_in(self.table(Shelf::Tick)?, stream, (first, last), |key, tick| {
            match tick {
                Ok(tick) => ticks.push(tick),
                Err(_) => damaged.push(key.to_vec()),
            }
            true
        })?;
        damaged.into_iter().try_for_each(|key| self.settle(&Loss::row(stream, Shelf::Tick, key)))?;
        Ok((ticks.len() as u64 == last - first + 1).then_some(ticks))
    }

    /// Puts a segment in its place, and the loose ticks it covers out of theirs.
    fn shelve(&mut self, segment: Segment) -> Result<Outcome, Trouble> {
        let header = segment.header();
        let (stream, first, last) = (header.stream, header.first.0, header.last.0);
        let forked = self.is_forked(header)?;
        let Some(mut facts) = self.take(stream) else { return Ok(Outcome::UnknownStream(stream)) };
        let replaced = self.remove_loose(stream, &mut facts, first, last)?;
        facts.samples = facts.samples.saturating_add_signed(new_samples(&segment, &facts, &replaced));

        let key = at(stream, first);
        let begins = first_tick(&segment).map(|tick| tick.at);
        let row = SealRow { seal: segment.seal.clone(), begins, body_bytes: segment.body.len() as u32 };
        let bytes = self.put(Shelf::Seal, &key, &Shelf::Seal.write(&key, &row))?
            + self.put(Shelf::Body, &key, &Shelf::Body.wrap(&key, &segment.body))?;
        add(&mut facts.bytes.sealed, bytes);

        let range = RangeSet::of(first, last);
        let (have, sealed) = (range.without(&facts.have), range.without(&facts.sealed));
        facts.gain(first, last, true);
        if header.last >= facts.head_at {
            (facts.head, facts.head_at) = (header.hash(), header.last);
        }
        self.spans.push((stream, SpanChange::New(Span::of(&row))));
        let kept = Kept { stream, have, sealed, schema_len: facts.schema_len, duplicates: 0, forked };
        self.give(stream, facts);
        Ok(Outcome::Kept(kept))
    }

    /// Whether a segment whose numbers follow on another's, or are followed by another's, does not name it, or is not named
    /// by it: each header carries the hash of the one before.
    fn is_forked(&mut self, header: &Header) -> Result<bool, Trouble> {
        let (stream, first, last) = (header.stream, header.first.0, header.last.0);
        let seals = self.table(Shelf::Seal)?;
        let before = read::segment_before(seals, stream, first - 1)?.and_then(|(_, row)| row.ok());
        let strays = before.is_some_and(|row| row.last() == first - 1 && row.seal.header.hash() != header.before);
        let mut after = None;
        read::segments_from(seals, stream, last + 1, |_, row| {
            after = row.ok();
            false
        })?;
        Ok(strays || after.is_some_and(|row| row.first() == last + 1 && row.seal.header.before != header.hash()))
    }

    /// Removes the loose ticks of a range from their shelf, not from what is known.
    fn remove_loose(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        first: u64,
        last: u64,
    ) -> Result<Replaced, Trouble> {
        let mut replaced = Replaced { numbers: RangeSet::new(), samples: 0, readable: true };
        if !facts.present.touches(first, last) {
            return Ok(replaced);
        }
        let bytes =
            self.remove_range(Shelf::Tick, &at(stream, first), &at(stream, last), |key, row| {
                match read::tick(key, row) {
                    Ok(tick) => {
                        replaced.numbers.insert(tick.seq.0, tick.seq.0);
                        replaced.samples += tick.samples.len() as u64;
                    }
                    Err(_) => replaced.readable = false,
                }
            })?;
        add(&mut facts.bytes.loose, bytes);
        Ok(replaced)
    }

    /// The loose ticks are not what was signed: they go, and must come again.
    fn take_out(&mut self, stream: StreamId, first: u64, last: u64, ticks: &[Tick]) -> Result<Outcome, Trouble> {
        let Some(mut facts) = self.take(stream) else { return Ok(Outcome::UnknownStream(stream)) };
        self.remove_loose(stream, &mut facts, first, last)?;
        let samples: u64 = ticks.iter().map(|tick| tick.samples.len() as u64).sum();
        facts.samples = facts.samples.saturating_sub(samples);
        let range = RangeSet::of(first, last);
        facts.lose(&range);
        self.give(stream, facts);
        Ok(Outcome::Forged(stream, range))
    }

    /// A segment that is here already, or was.
    fn again(&mut self, stream: StreamId, first: u64, last: u64) -> Outcome {
        let Some(mut facts) = self.take(stream) else { return Outcome::UnknownStream(stream) };
        let duplicates = last - first + 1;
        facts.duplicates += duplicates;
        let schema_len = facts.schema_len;
        self.give(stream, facts);
        Outcome::Kept(Kept {
            stream,
            have: RangeSet::new(),
            sealed: RangeSet::new(),
            schema_len,
            duplicates,
            forked: false,
        })
    }
}

/// Whether a segment can be kept.
enum Place {
    /// Nothing sealed is there.
    Free,
    /// All of it is there.
    Taken,
    /// A part of it is there, or was, under another seal: no honest agent signs a tick twice.
    Contested,
    /// No honest agent signs such a header.
    Impossible,
    NoStream,
    TooMuch,
}

/// Loose ticks that made way for a segment.
struct Replaced {
    numbers: RangeSet,
    samples: u64,
    readable: bool,
}

/// Sealed ticks that were here and have been forgotten.
fn gone(facts: &StreamFacts, first: u64, last: u64) -> RangeSet {
    let sealed = facts.sealed.within(first, last).without(&facts.gaps);
    sealed.without(&facts.present)
}

/// How many samples a segment adds, each tick counted once whatever way it came.
fn new_samples(segment: &Segment, facts: &StreamFacts, replaced: &Replaced) -> i64 {
    let header = segment.header();
    let counted = facts.counted(header.first.0, header.last.0);
    if replaced.readable && counted == replaced.numbers {
        return header.samples.cast_signed() - replaced.samples.cast_signed();
    }
    // Mixed, and so rare: look inside.
    let mut samples = 0;
    let looked = segment.each_tick(|tick| {
        if !counted.contains(tick.seq.0) {
            samples += tick.samples.len() as i64;
        }
    });
    if looked.is_ok() { samples } else { 0 }
}

fn first_tick(segment: &Segment) -> Option<Tick> {
    block::decode(&segment.body, segment.header().first, 1).ok()?.pop()
}
