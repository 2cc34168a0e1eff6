//! When were ticks measured?

use std::collections::BTreeMap;

use vigie_codec::columns::Head;
use vigie_model::{Moment, StreamId, UtcMs};

use super::columns::Laid;
use super::facts::Change;
use super::load::Shelves;
use super::query::resolve;
use super::shelf::{at, number};
use super::{Log, read};
use crate::errors::{ReadError, Trouble};

/// Columns that begin with a number, for the next question: neighbours lie in the same.
type LastHead = Option<(u64, Head)>;

impl Log {
    /// The true times of those of these ticks that are here, as far as true time is known. No sample is read where ticks
    /// are laid out by series.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn times_of(
        &self,
        stream: StreamId,
        numbers: impl IntoIterator<Item = u64>,
    ) -> Result<BTreeMap<u64, UtcMs>, ReadError> {
        let Some(facts) = self.streams.get(&stream) else { return Ok(BTreeMap::new()) };
        let present = facts.present_ticks();
        let here: Vec<u64> = numbers.into_iter().filter(|number| present.contains(*number)).collect();
        if here.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut last = None;
        let moments: Vec<_> = self.reading(|shelves| {
            here.iter().map(|number| Ok((*number, self.moment_of(shelves, stream, *number, &mut last)?))).collect()
        })?;
        let known = moments.into_iter().filter_map(|(number, at)| Some((number, resolve(&facts.anchors, at?))));
        Ok(known.collect())
    }

    /// Of what is damaged nothing is told: whoever reads its samples notes it.
    fn moment_of(
        &self,
        shelves: &Shelves,
        stream: StreamId,
        wanted: u64,
        last: &mut LastHead,
    ) -> Result<Option<Moment>, Trouble> {
        let key = at(stream, wanted);
        if let Some(row) = shelves.ticks.get(key.as_slice())? {
            return Ok(read::tick_moment(&key, row.value()).ok());
        }
        if let Some((key, Ok(row))) = read::columns_before(&shelves.columns, stream, wanted)?
            && wanted <= row.last.0
        {
            return match number(&key) {
                Some(first) if first == wanted => Ok(Some(row.begins)),
                _ if wanted == row.last.0 => Ok(Some(row.ends)),
                Some(first) => laid_out(shelves, stream, first, wanted, last),
                None => Ok(None),
            };
        }
        let Some((_, Ok(row))) = read::segment_before(&shelves.seals, stream, wanted)? else { return Ok(None) };
        if row.first() == wanted && row.begins.is_some() {
            return Ok(row.begins);
        }
        let Some(segment) = self.segment(shelves, stream, row)? else { return Ok(None) };
        let mut found = None;
        // What can not be decoded has no ticks.
        segment.each_tick(|tick| found = found.or((tick.seq.0 == wanted).then_some(tick.at))).unwrap_or_default();
        Ok(found)
    }
}

fn laid_out(
    shelves: &Shelves,
    stream: StreamId,
    first: u64,
    wanted: u64,
    last: &mut LastHead,
) -> Result<Option<Moment>, Trouble> {
    if last.as_ref().is_none_or(|(held, _)| *held != first) {
        let Some(Laid::Sound(head)) = shelves.head(stream, first)? else { return Ok(None) };
        *last = Some((first, head));
    }
    let moments = last.as_ref().map(|(_, head)| head.moments());
    Ok(moments.zip(usize::try_from(wanted - first).ok()).and_then(|(mut moments, at)| moments.nth(at)))
}
