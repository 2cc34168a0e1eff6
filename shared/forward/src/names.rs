//! By what labels do receivers know the series of a stream?
//!
//! As queries show them, with those of the target behind. What was made is kept, within a bound.

use std::collections::HashMap;
use std::sync::Arc;

use vigie_codec::schema::SchemaHash;
use vigie_formats::{Kind as ForeignKind, Metadata};
use vigie_model::{Kind, SeriesDef, StreamId};
use vigie_query::{LabelSet, Owner};
use vigie_store::{Log, ReadError};

use crate::batch::Series;
use crate::target::Target;

/// Series whose labels are kept ready, twice at most: some 20 MB of them. Those of more machines are made anew each time.
const GENERATION: usize = 50_000;

/// Definitions read at once.
const AT_ONCE: usize = 256;

/// The series of one stream, in their places.
#[derive(Debug, Clone)]
struct Known {
    schema: SchemaHash,
    owner: Owner,
    series: Arc<[Arc<Series>]>,
}

/// Labels that were made before.
#[derive(Debug, Default)]
pub(crate) struct Names {
    young: HashMap<StreamId, Known>,
    old: HashMap<StreamId, Known>,
    /// Series in the younger half.
    count: usize,
}

impl Names {
    /// The series of a stream as far as their definitions are here.
    pub(crate) fn of(
        &mut self,
        log: &Log,
        stream: StreamId,
        owner: &Owner,
        target: &Target,
    ) -> Result<Arc<[Arc<Series>]>, ReadError> {
        let Some(facts) = log.streams().get(&stream) else { return Ok(Arc::default()) };
        let is_right = |known: &Known| known.schema == facts.schema_hash && known.owner == *owner;
        if let Some(known) = self.young.get(&stream).filter(|known| is_right(known)) {
            return Ok(known.series.clone());
        }
        let known = match self.old.remove(&stream).filter(is_right) {
            Some(known) => known,
            None => {
                let defs = definitions(log, stream, facts.schema_len)?;
                let series = defs.iter().map(|def| Arc::new(named(def, owner, target))).collect();
                Known { schema: facts.schema_hash, owner: owner.clone(), series }
            }
        };
        let series = known.series.clone();
        // Where part of a schema can not be read now, it is read again the next time.
        if series.len() == facts.schema_len as usize {
            self.keep(stream, known);
        }
        Ok(series)
    }

    fn keep(&mut self, stream: StreamId, known: Known) {
        if self.count + known.series.len() > GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.count = 0;
        }
        self.count += known.series.len();
        self.young.insert(stream, known);
    }
}

fn named(def: &SeriesDef, owner: &Owner, target: &Target) -> Series {
    let labels = LabelSet::of(def, owner);
    // Of two labels of one name the first stands: what a series says of itself is not ours to change.
    let added = target.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let kind = match (def.is_foreign(), def.kind()) {
        (true, _) => ForeignKind::Unknown,
        (false, Kind::Counter) => ForeignKind::Counter,
        (false, Kind::Gauge) => ForeignKind::Gauge,
    };
    let unit = if def.is_foreign() { String::new() } else { def.unit().to_owned() };
    Series {
        labels: LabelSet::new(labels.iter().chain(added)),
        metadata: Metadata { kind, help: String::new(), unit },
        resolution: def.resolution(),
    }
}

fn definitions(log: &Log, stream: StreamId, len: u32) -> Result<Vec<SeriesDef>, ReadError> {
    let mut defs = Vec::new();
    while (defs.len() as u32) < len {
        let part = log.schema(stream, defs.len() as u32, AT_ONCE)?;
        if part.is_empty() {
            break;
        }
        defs.extend(part);
    }
    Ok(defs)
}
