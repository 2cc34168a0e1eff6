//! Where does the book of what was pushed go on, after the store was opened or some of it was found damaged?

use std::sync::Arc;

use vigie_codec::SigningKey;
use vigie_model::{NodeId, SeriesDef, StreamId, Tick, UtcMs, pushed_place};
use vigie_store::{Log, ReadError};
use vigie_sync::keep::Record;

use crate::book::{Book, Limits, Outcome};
use crate::line::Line;
use crate::recent::MAX_SAMPLES;

/// The book of a node, from what its log holds. What must be kept before anything else is the first that it wants written.
///
/// # Errors
/// When the log can not be read.
pub fn read_book(log: &Log, (node, key): (NodeId, SigningKey), limits: Limits, now: UtcMs) -> Result<Book, ReadError> {
    let mut book = Book::new(node, key.clone(), limits);
    let mut gaps = Vec::new();
    for (stream, facts) in log.streams().iter().filter(|(stream, _)| stream.agent == node) {
        let Some(place) = pushed_place(&facts.name) else { continue };
        let defs = definitions(log, *stream, facts.schema_len)?;
        let known = (&defs[..], log.places_given(*stream)?);
        let (line, lost) = Line::resume(*stream, facts, known, newest(log, *stream)?, &key, now);
        book.know(&place, line, &defs);
        gaps.extend(lost);
    }
    book.set_aside(gaps, Outcome::default());
    Ok(book)
}

fn definitions(log: &Log, stream: StreamId, len: u32) -> Result<Vec<SeriesDef>, ReadError> {
    let mut defs = Vec::new();
    while (defs.len() as u32) < len {
        let part = log.schema(stream, defs.len() as u32, len as usize)?;
        if part.is_empty() {
            break;
        }
        defs.extend(part);
    }
    Ok(defs)
}

/// The ticks of a stream that are not sealed, and before them as many as are remembered, sealed or not: their sender may
/// not have heard that they were kept.
///
/// # Errors
/// When the log can not be read.
fn newest(log: &Log, stream: StreamId) -> Result<Vec<Arc<Tick>>, ReadError> {
    let Some(facts) = log.streams().get(&stream) else { return Ok(Vec::new()) };
    let mut ticks = ticks_of(log.load(stream, &facts.present.without(&facts.sealed), usize::MAX, false)?);
    let mut left = facts.present.intersection(&facts.sealed).without(&facts.gaps);
    let mut samples: usize = ticks.iter().map(|tick| tick.samples.len()).sum();
    while samples < MAX_SAMPLES {
        let some = ticks_of(log.load(stream, &left, 1, true)?);
        let Some(first) = some.iter().map(|tick| tick.seq.0).min() else { break };
        left.remove(first, u64::MAX);
        samples += some.iter().map(|tick| tick.samples.len()).sum::<usize>();
        ticks.extend(some);
    }
    ticks.sort_unstable_by_key(|tick| tick.seq);
    ticks.dedup_by_key(|tick| tick.seq);
    Ok(ticks)
}

/// What does not decode was never known to anyone.
fn ticks_of(records: Vec<Record>) -> Vec<Arc<Tick>> {
    let ticks = |record| match record {
        Record::Ticks(ticks) => ticks,
        Record::Segment(segment) => segment.ticks().unwrap_or_default().into_iter().map(Arc::new).collect(),
        _ => Vec::new(),
    };
    records.into_iter().flat_map(ticks).collect()
}
