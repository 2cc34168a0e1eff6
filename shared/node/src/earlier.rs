//! What does an agent's store hold of the lives before this start?

use vigie_model::{SeriesDef, StreamId};
use vigie_store::Log;
use vigie_sync::lives::Earlier;

/// All lives that are in the store, with their definitions and the ticks that are in no segment yet.
pub fn earlier_lives(log: &Log) -> Vec<Earlier> {
    let mut lives = Vec::new();
    for (stream, facts) in log.streams() {
        let defs = all_defs(log, *stream, facts.schema_len);
        let tail = log.tail(*stream).unwrap_or_default();
        // What can not be read has given its places all the same.
        let places = log.places_given(*stream).unwrap_or(u32::MAX);
        lives.push(Earlier { stream: *stream, facts: facts.clone(), defs, places, tail });
    }
    lives
}

/// The definitions of a stream, read part by part; up to the first that can not be read, and then the stream's life does not
/// go on.
fn all_defs(log: &Log, stream: StreamId, len: u32) -> Vec<SeriesDef> {
    let mut defs: Vec<SeriesDef> = Vec::new();
    while (defs.len() as u32) < len {
        match log.schema(stream, defs.len() as u32, 256) {
            Ok(part) if !part.is_empty() => defs.extend(part),
            _ => break,
        }
    }
    defs
}
