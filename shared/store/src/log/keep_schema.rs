//! Streams and their definitions.
//!
//! A place of a schema is given once in the life of a stream. Where damage took definitions, their places stay noted: who
//! gives places asks for it, and begins another stream rather than give one a second time.

use vigie_codec::block::MAX_SERIES;
use vigie_merge::RangeSet;
use vigie_model::{SeriesDef, StreamId};

use super::Log;
use super::loss::Loss;
use super::pen::{Pen, add};
use super::rebuild;
use super::shelf::{Shelf, all_of, at, number};
use crate::errors::{ReadError, Trouble};
use crate::types::{Kept, Outcome, StreamFacts};

/// Behind all definitions: how many there were.
fn places_key(stream: StreamId) -> Vec<u8> {
    at(stream, u64::MAX).to_vec()
}

impl Log {
    /// How many places of its schema a stream has ever given, also to definitions that damage has taken since.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn places_given(&self, stream: StreamId) -> Result<u32, ReadError> {
        let len = self.streams.get(&stream).map_or(0, |facts| facts.schema_len);
        self.reading(|shelves| {
            let (low, key) = (all_of(stream).0, places_key(stream));
            let noted = shelves.series.get(key.as_slice())?;
            let noted = noted.and_then(|row| Shelf::Series.read::<u32>(&key, row.value()).ok());
            // Some may lie behind one that is damaged.
            let last = shelves.series.range::<&[u8]>(low.as_slice()..key.as_slice())?.next_back().transpose()?;
            let last = last.and_then(|(key, _)| number(key.value())).and_then(|place| u32::try_from(place + 1).ok());
            Ok(len.max(noted.unwrap_or(0)).max(last.unwrap_or(0)))
        })
    }
}

impl Pen<'_> {
    pub(crate) fn keep_stream(&mut self, stream: StreamId, key: [u8; 32], name: String) -> Result<Outcome, Trouble> {
        let mut facts = match self.take(stream) {
            Some(facts) if facts.key == key && facts.name == name => {
                let outcome = introduced(stream, &facts);
                self.give(stream, facts);
                return Ok(outcome);
            }
            Some(facts) => facts,
            // Its records may have outlived what was known of it.
            None => rebuild::rebuild(self, stream, StreamFacts::new(key, String::new()))?,
        };
        (facts.key, facts.name) = (key, name);
        let at = stream.to_bytes();
        let bytes = self.put(Shelf::Intro, &at, &Shelf::Intro.write(&at, &(facts.key, &facts.name)))?;
        add(&mut facts.bytes.other, bytes);
        let outcome = introduced(stream, &facts);
        self.give(stream, facts);
        Ok(outcome)
    }

    pub(crate) fn keep_schema(
        &mut self,
        stream: StreamId,
        from: u32,
        defs: Vec<SeriesDef>,
    ) -> Result<Outcome, Trouble> {
        let fits = loop {
            match self.compare_with_here(stream, from, &defs)? {
                Fit::Damaged(key) => self.settle(&Loss::row(stream, Shelf::Series, key))?,
                Fit::Continues => break true,
                Fit::Contradicts => break false,
            }
        };
        let Some(mut facts) = self.take(stream) else { return Ok(Outcome::UnknownStream(stream)) };
        let sound = || defs.iter().all(|def| def.clone().checked().as_ref() == Ok(def));
        let outcome = if fits && sound() {
            let known = facts.schema_len - from;
            for def in defs.iter().skip(known as usize) {
                let key = at(stream, u64::from(facts.schema_len));
                let bytes = self.put(Shelf::Series, &key, &Shelf::Series.write(&key, def))?;
                add(&mut facts.bytes.other, bytes);
                facts.schema_len += 1;
                facts.schema_hash = facts.schema_hash.then(def);
            }
            self.forget_places(stream, &mut facts)?;
            introduced(stream, &facts)
        } else {
            Outcome::WrongSchema(stream)
        };
        self.give(stream, facts);
        Ok(outcome)
    }

    /// How many places there were when some of their definitions were lost.
    pub(crate) fn places_noted(&mut self, stream: StreamId) -> Result<Option<u32>, Trouble> {
        let key = places_key(stream);
        Ok(self.get(Shelf::Series, &key)?.and_then(|row| Shelf::Series.read(&key, &row).ok()))
    }

    pub(crate) fn note_places(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        places: u32,
    ) -> Result<(), Trouble> {
        let key = places_key(stream);
        let bytes = self.put(Shelf::Series, &key, &Shelf::Series.write(&key, &places))?;
        add(&mut facts.bytes.other, bytes);
        Ok(())
    }

    /// Once all of them are here again, nothing more needs to be remembered of it.
    fn forget_places(&mut self, stream: StreamId, facts: &mut StreamFacts) -> Result<(), Trouble> {
        if self.places_noted(stream)?.is_some_and(|places| places <= facts.schema_len) {
            let bytes = self.remove(Shelf::Series, &places_key(stream))?;
            add(&mut facts.bytes.other, bytes);
        }
        Ok(())
    }

    fn compare_with_here(&mut self, stream: StreamId, from: u32, defs: &[SeriesDef]) -> Result<Fit, Trouble> {
        let len = self.look(stream).map_or(0, |facts| facts.schema_len);
        if from > len || u64::from(from) + defs.len() as u64 > u64::from(MAX_SERIES) {
            return Ok(Fit::Contradicts);
        }
        for (place, def) in (from..len).zip(defs) {
            let key = at(stream, u64::from(place));
            let row = self.get(Shelf::Series, &key)?;
            match row.map(|row| Shelf::Series.read::<SeriesDef>(&key, &row)) {
                Some(Ok(here)) if here == *def => {}
                Some(Ok(_)) => return Ok(Fit::Contradicts),
                _ => return Ok(Fit::Damaged(key.to_vec())),
            }
        }
        Ok(Fit::Continues)
    }
}

/// How definitions stand to those that are here.
enum Fit {
    Continues,
    /// A hole, another definition, or too many.
    Contradicts,
    /// One of those here can not be read.
    Damaged(Vec<u8>),
}

fn introduced(stream: StreamId, facts: &StreamFacts) -> Outcome {
    let (have, sealed) = (RangeSet::new(), RangeSet::new());
    Outcome::Kept(Kept { stream, have, sealed, schema_len: facts.schema_len, duplicates: 0, forked: false })
}
