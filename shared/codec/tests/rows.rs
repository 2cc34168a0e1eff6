//! What is said of rows: its bytes are frozen, and whatever arrives does no harm.
//!
//! A change here is a change of shape. It needs a new version beside the old one, never a new golden value.

use proptest::prelude::*;
use vigie_codec::wire::rows::{
    Entry, Item, MAX_ENTRIES, RowAsk, RowFrame, RowGive, RowHello, RowRefusal, Said, Seen, Span, Spanned, Sum,
    fingerprint,
};

const GOLDEN: [(&str, &str); 10] = [
    ("hello", "40014d0203010b0c020d00000101"),
    ("ask", "4101014d09"),
    (
        "give",
        "4201014d0915000201001061636d652f6c796f6e2f666163742f610003010203000f01620105000000000000000000000000000000ac02",
    ),
    ("compare", "43010401000161000003feffffffffffffffffffffffffffffff"),
    ("compared", "4401040803000101000161000003feffffffffffffffffffffffffffffff02010161ffffffffffffffffff01"),
    ("want", "45010401016b"),
    ("rows", "4601040201001061636d652f6c796f6e2f666163742f610003010203000f01620105000000000000000000000000000000ac02"),
    ("refused", "47010201016b01"),
    ("begin again", "4801"),
    ("done", "490104ac02"),
];

fn frames() -> Vec<(&'static str, RowFrame)> {
    let seen = Seen { epoch: 11, start: 12, seqs: [2, 13] };
    let hello = RowHello {
        epoch: 77,
        start: 2,
        last: 3,
        seen_of_you: Some(seen),
        seen_of_hub: None,
        empty: false,
        unsure: true,
        recovering: true,
    };
    let entries = vec![
        Entry { key: b"acme/lyon/fact/a".to_vec(), said: Said::Row(vec![1, 2, 3]), begins: true },
        Entry { key: b"acme/lyon/fact/b".to_vec(), said: Said::Forget { was: 5, passed: 300 }, begins: false },
    ];
    let sum = Sum { count: 3, sum: u128::MAX - 1 };
    let span = Span { from: b"a".to_vec(), to: Vec::new(), sum };
    let item = Item { key: b"a".to_vec(), print: u64::MAX };
    let give = RowGive { urgency: 1, epoch: 77, since: 9, upto: 30, more: false, entries: entries.clone() };
    vec![
        ("hello", RowFrame::Hello(hello)),
        ("ask", RowFrame::Ask(RowAsk { urgency: 1, epoch: 77, since: 9 })),
        ("give", RowFrame::Give(give)),
        ("compare", RowFrame::Compare(4, vec![span.clone()])),
        (
            "compared",
            RowFrame::Compared(4, 8, vec![Spanned::Same, Spanned::Parts(vec![span]), Spanned::Listed(vec![item])]),
        ),
        ("want", RowFrame::Want(4, vec![b"k".to_vec()])),
        ("rows", RowFrame::Rows(4, entries)),
        ("refused", RowFrame::Refused(2, vec![(b"k".to_vec(), RowRefusal::HubOnly)])),
        ("begin again", RowFrame::BeginAgain),
        ("done", RowFrame::Done(4, 300)),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_shape_of_version_1_is_as_it_ever_was() {
    let found: Vec<(&str, String)> = frames().iter().map(|(name, frame)| (*name, hex(&frame.encode()))).collect();
    let golden: Vec<(&str, String)> = GOLDEN.iter().map(|(name, bytes)| (*name, (*bytes).to_owned())).collect();
    assert_eq!(found, golden);
    assert_eq!(format!("{:032x}", fingerprint(b"key", b"row")), PRINT);
}

const PRINT: &str = "b1b0fac81346a12dc3a99c88c7e76b3b";

#[test]
fn every_frame_is_read_back() {
    for (name, frame) in frames() {
        assert_eq!(RowFrame::decode(&frame.encode()).as_ref(), Ok(&frame), "{name}");
    }
    assert_eq!(RowFrame::decode(&RowFrame::Unknown(90).encode()), Ok(RowFrame::Unknown(90)));
}

#[test]
fn more_than_a_frame_may_hold_is_refused() {
    let entry = Entry { key: b"k".to_vec(), said: Said::Row(Vec::new()), begins: false };
    assert!(RowFrame::decode(&RowFrame::Rows(0, vec![entry.clone(); MAX_ENTRIES]).encode()).is_ok());
    assert!(RowFrame::decode(&RowFrame::Rows(0, vec![entry; MAX_ENTRIES + 1]).encode()).is_err());
    assert!(RowFrame::decode(&RowFrame::Want(0, vec![vec![b'k'; 300]]).encode()).is_err());
    assert!(RowFrame::decode(&RowFrame::Ask(RowAsk { urgency: 2, epoch: 0, since: 0 }).encode()).is_err());
}

proptest! {
    #[test]
    fn foreign_bytes_do_no_harm(kind in 64u8..75, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let frame = [&[kind, 1], bytes.as_slice()].concat();
        if let Ok(read) = RowFrame::decode(&frame) {
            prop_assert_eq!(RowFrame::decode(&read.encode()), Ok(read));
        }
    }
}
