//! Which definitions of a stream are not here yet?

use vigie_model::{SeriesDef, StreamId};
use vigie_store::Log;

/// Definitions read from the log at once.
const AT_ONCE: u32 = 256;

/// The definitions of a stream from a place on up to another, as far as they can be read.
///
/// No more, although the log may have more by now: memory would then have a list that belongs to no facts, and would read
/// it as a whole with each that follow. Where others push, there are some with every commit.
pub(crate) fn definitions(log: &Log, stream: StreamId, (from, to): (u32, u32)) -> Vec<SeriesDef> {
    let mut defs = Vec::new();
    let mut next = from;
    while next < to {
        match log.schema(stream, next, AT_ONCE.min(to - next) as usize) {
            Ok(part) if !part.is_empty() => defs.extend(part),
            _ => break,
        }
        next = from + defs.len() as u32;
    }
    defs
}

#[cfg(test)]
mod tests {
    use vigie_model::{Incarnation, Kind, NodeId, Resolution};
    use vigie_store::fault::FaultDisk;
    use vigie_store::{Options, Write};

    use super::*;

    #[test]
    fn no_more_definitions_are_read_than_was_asked_for() {
        let stream = StreamId { agent: NodeId::of_key(&[1; 32]), incarnation: Incarnation(1) };
        let def =
            |n: u32| SeriesDef::new(&format!("m{n}"), &[], "", Kind::Gauge, Resolution::ONE).expect("a plain name");
        let all: Vec<SeriesDef> = (0..600).map(def).collect();
        let mut log = Log::open_on(FaultDisk::new(), Options::hub(1 << 40)).expect("an empty disk").0;
        let hello = Write::Stream { stream, key: [1; 32], name: "box".to_owned() };
        log.commit(vec![hello, Write::Schema { stream, from: 0, defs: all.clone() }]).expect("room");
        for (from, to) in [(0, 0), (0, 1), (7, 300), (256, 512), (0, 600)] {
            assert_eq!(definitions(&log, stream, (from, to)), all[from as usize..to as usize]);
        }
        assert_eq!(definitions(&log, stream, (590, 700)), all[590..], "what is not there is left out");
    }
}
