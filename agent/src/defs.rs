//! All definitions of a stream, in place.

use vigie_model::{SeriesDef, StreamId};
use vigie_store::Log;

/// Reads them part by part; stops at the first that can not be read, and then the stream's life does not go on.
pub(crate) fn all_defs(log: &Log, stream: StreamId, len: u32) -> Vec<SeriesDef> {
    let mut defs: Vec<SeriesDef> = Vec::new();
    while (defs.len() as u32) < len {
        match log.schema(stream, defs.len() as u32, 256) {
            Ok(part) if !part.is_empty() => defs.extend(part),
            _ => break,
        }
    }
    defs
}
