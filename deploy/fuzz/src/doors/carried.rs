//! What people bring on a stick.

use std::sync::LazyLock;

use vigie_codec::carried::{Head, Part, Reader, Writer};
use vigie_codec::wire::Frame;
use vigie_codec::wire::rows::{RowAsk, RowFrame};
use vigie_model::{NodeId, Slug, UtcMs};

use crate::Door;
use crate::good::{T0_MS, key, segment};

/// What a relay wrote, and the parts that are in it.
static WRITTEN: LazyLock<(Vec<u8>, Vec<Part>)> = LazyLock::new(|| {
    let rows = RowFrame::Ask(RowAsk { urgency: 1, epoch: 7, since: 9 }).encode();
    let samples = [Frame::Segment(segment()), Frame::Goodbye("later".to_owned())].map(|frame| frame.encode());
    let file = file_of(&[rows], &samples);
    let parts = parts_of(&file);
    assert_eq!(parts.len(), 3, "rows, samples, the end");
    (file, parts)
});

fn file_of(rows: &[Vec<u8>], samples: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = Writer::begin(Vec::new(), &head(), key()).expect("memory takes it");
    rows.iter().for_each(|frame| writer.rows(frame).expect("memory takes it"));
    samples.iter().for_each(|frame| writer.samples(frame).expect("memory takes it"));
    writer.end(1, 2).expect("memory takes it").0
}

/// The parts that are taken, up to the first that is wrong.
fn parts_of(bytes: &[u8]) -> Vec<Part> {
    let Ok(mut reader) = Reader::begin(bytes) else { return Vec::new() };
    std::iter::from_fn(|| reader.next_part().ok().flatten()).collect()
}

fn head() -> Head {
    let place = |name: &str| name.parse::<Slug>().expect("a slug");
    Head {
        relay: NodeId::of_key(key().verifying_key().as_bytes()),
        key: key().verifying_key().to_bytes(),
        client: place("acme"),
        site: place("lyon"),
        name: "box".to_owned(),
        software: "0.1.0".to_owned(),
        hub_key: [9; 32],
        store_epoch: 3,
        made_at: UtcMs(T0_MS),
    }
}

pub(super) const FILE: Door = Door {
    name: "codec.carried",
    good: || vec![WRITTEN.0.clone()],
    knock: |bytes| {
        assert!(WRITTEN.1.starts_with(&parts_of(bytes)), "nothing is taken that its relay did not sign at that place");
        // Behind a signature that is good, frames may be anything, and come out as they were put in.
        let (rows, samples) = bytes.split_at(bytes.len() / 2);
        let read = parts_of(&file_of(&[rows.to_vec()], &[samples.to_vec(), bytes.to_vec()]));
        let put = [Part::Rows(vec![rows.to_vec()]), Part::Samples(vec![samples.to_vec(), bytes.to_vec()])];
        assert!(read.starts_with(&put) && read.len() == 3, "what was written is read");
    },
};
