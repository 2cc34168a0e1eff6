//! What nodes say to one another.

use vigie_codec::block;
use vigie_codec::inventory;
use vigie_codec::live::LiveDecoder;
use vigie_codec::live::LiveEncoder;
use vigie_codec::receipt::Receipt;
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_codec::wire::rows::{Entry, RowAsk, RowFrame, RowGive, RowHello, Said, Seen, Span, Spanned, Sum};
use vigie_codec::wire::{Announced, Frame, Held, LooseTicks, SchemaPart, Tally};
use vigie_merge::{Actor, Grow, Hlc, Last, Many, Marker, Members, RangeSet, Row};
use vigie_model::inventory::{Disk, Form, Nic, Observed, System};
use vigie_model::{Gap, GapReason, NodeId, Role, Seq, UtcMs};
use vigie_net::{Ask, CaFingerprint, EnrolRequest, JoinToken, NodeKey, Renewal, Revocations, TokenId, TokenSecret};

use crate::Door;
use crate::good::{def, key, segment, stream, ticks};

pub(super) const FRAME: Door = Door {
    name: "codec.frame",
    good: || frames().iter().map(Frame::encode).collect(),
    knock: |bytes| {
        let Ok(frame) = Frame::decode(bytes) else { return };
        if let Frame::Unknown(_) = frame {
            return;
        }
        let again = Frame::decode(&frame.encode());
        assert_eq!(again.as_ref(), Ok(&frame), "a frame that was read can be written and read again");
        if let Frame::Segment(segment) = frame {
            let _whether = segment.verify(&key().verifying_key());
            let mut samples = 0;
            let _whether = segment.each_tick(|tick| samples += tick.samples.len());
            assert!(samples <= block::MAX_SAMPLES, "a segment unfolds to no more than it may");
        }
    },
};

fn frames() -> Vec<Frame> {
    let tally = Tally { ticks: 30, samples: 195 };
    let announced =
        Announced { ix: 3, stream: stream(), key: key().verifying_key().to_bytes(), name: "till-3".to_owned(), tally };
    let held = Held { ix: 3, have: RangeSet::of(1, 30), sealed: RangeSet::of(1, 20), schema_len: 9 };
    let gap = Gap { first: Seq(31), last: Seq(40), reason: GapReason::Evicted, samples: Some(65), noted_at: UtcMs(9) };
    vec![
        Frame::Announce(vec![announced.clone(), announced]),
        Frame::Have(vec![held.clone()]),
        Frame::Acks(vec![held.clone(), held]),
        Frame::Receipt(Receipt::new(stream(), RangeSet::of(1, 30), 9, 4, UtcMs(5), &key())),
        Frame::Schema(SchemaPart { stream: stream(), from: 0, defs: vec![def(), def()] }),
        Frame::Ticks(LooseTicks { stream: stream(), first: Seq(1), count: 30, body: block::encode(&ticks()) }),
        Frame::Segment(segment()),
        Frame::Seal(segment().seal),
        Frame::Statement(SignedStatement::new(stream(), Statement::Gap(gap), &key())),
        Frame::Tally(3, tally),
        Frame::Goodbye("reboot".to_owned()),
    ]
}

pub(super) const LIVE: Door = Door {
    name: "codec.live",
    good: || {
        let mut encoder = LiveEncoder::new();
        let told: Vec<Vec<u8>> = ticks().iter().take(12).map(|tick| encoder.encode(1, tick)).collect();
        // Each with its length before it, as they are knocked with.
        vec![
            told.iter()
                .flat_map(|one| [&[u8::try_from(one.len()).unwrap_or(u8::MAX)], one.as_slice()].concat())
                .collect(),
        ]
    },
    knock: |bytes| {
        let (mut lane, mut rest, mut seq) = (LiveDecoder::new(), bytes, 1);
        while let Some((length, after)) = rest.split_first() {
            let (one, after) = after.split_at(usize::from(*length).min(after.len()));
            if lane.decode(u32::from(length % 3), Seq(seq), one).is_err() {
                break;
            }
            (rest, seq) = (after, seq + 1);
        }
    },
};

pub(super) const ROWS: Door = Door {
    name: "codec.rows",
    good: || {
        let seen = Seen { epoch: 11, start: 12, seqs: [2, 13] };
        let entry = |key: &str, row: Vec<u8>| Entry { key: key.into(), said: Said::Row(row), begins: true };
        let entries: Vec<Entry> =
            rows().into_iter().enumerate().map(|(at, row)| entry(&format!("acme/lyon/fact/{at}"), row)).collect();
        let give = RowGive { urgency: 1, epoch: 7, since: 9, upto: 30, more: false, entries: entries.clone() };
        let span = Span { from: b"a".to_vec(), to: b"b".to_vec(), sum: Sum { count: 3, sum: u128::MAX } };
        let hello = RowHello {
            epoch: 7,
            start: 2,
            last: 3,
            seen_of_you: Some(seen),
            seen_of_hub: None,
            empty: false,
            unsure: true,
            recovering: false,
        };
        let frames = [
            RowFrame::Hello(hello),
            RowFrame::Ask(RowAsk { urgency: 1, epoch: 7, since: 9 }),
            RowFrame::Give(give),
            RowFrame::Compare(4, vec![span.clone(), span.clone()]),
            RowFrame::Compared(4, 8, vec![Spanned::Same, Spanned::Parts(vec![span])]),
            RowFrame::Want(4, vec![b"acme/lyon/fact/1".to_vec()]),
            RowFrame::Rows(4, entries),
        ];
        frames.iter().map(RowFrame::encode).collect()
    },
    knock: |bytes| {
        let Ok(frame) = RowFrame::decode(bytes) else { return };
        if !matches!(frame, RowFrame::Unknown(_)) {
            let again = RowFrame::decode(&frame.encode());
            assert_eq!(again.as_ref(), Ok(&frame), "a frame of rows that was read can be written and read again");
        }
    },
};

pub(super) const ROW: Door = Door {
    name: "merge.row",
    good: rows,
    knock: |bytes| {
        let Ok(mut row) = Row::admit(bytes, |_| true) else { return };
        let merged = row.merge(row.clone());
        assert!(merged.is_ok() && row.is_within_limits(), "a row that was let in merges with itself");
    },
};

fn rows() -> Vec<Vec<u8>> {
    let marker = Marker { hlc: Hlc::of(9, 1), actor: Actor::of(2, 7) };
    let (mut many, mut members, mut grow) = (Many::new(), Members::new(), Grow::new());
    let written = many.write(Some(b"one".to_vec()), marker, &many.context());
    assert!(written.is_ok(), "nothing was there before");
    members.add(b"raise".to_vec(), marker.actor);
    grow.add(b"said".to_vec());
    let last = Last::new(Some(b"value".to_vec()), marker);
    [Row::Last(last), Row::Many(many), Row::Members(members), Row::Grow(grow)].iter().map(Row::encode).collect()
}

pub(super) const INVENTORY: Door = Door {
    name: "codec.inventory",
    good: || {
        let disk = Disk { name: "sda".to_owned(), model: None, size_bytes: 1 << 40, rotational: Some(true) };
        let nic = Nic { name: "eth0".to_owned(), mac: None, addresses: vec!["10.0.0.1/24".to_owned()] };
        let system = System { arch: "x86_64".to_owned(), form: Form::Virtual(None), ..System::default() };
        vec![
            inventory::write(&Observed { at: UtcMs(1), what: system }),
            inventory::write_list(UtcMs(2), vec![disk]).1,
            inventory::write_list(UtcMs(3), vec![nic]).1,
        ]
    },
    knock: |bytes| {
        let _whether = inventory::read::<System>(bytes);
        let _whether = inventory::read::<Vec<Disk>>(bytes);
        let _whether = inventory::read::<Vec<Nic>>(bytes);
    },
};

pub(super) const BLOCK: Door = Door {
    name: "codec.block",
    good: || vec![block::encode(&ticks()), block::encode(&ticks()[..1]), Vec::new()],
    knock: |bytes| {
        let mut samples = 0;
        let _whether = block::decode_each(bytes, Seq(1), 200, |tick| samples += tick.samples.len());
        assert!(samples <= block::MAX_SAMPLES, "a block unfolds to no more than it may");
    },
};

pub(super) const RANGES: Door = Door {
    name: "merge.ranges",
    good: || {
        let mut set = RangeSet::of(1, 9);
        set.insert(20, 300);
        set.insert(5_000, u64::MAX);
        postcard::to_stdvec(&set).into_iter().collect()
    },
    knock: |bytes| {
        let Ok(set) = postcard::from_bytes::<RangeSet>(bytes) else { return };
        let ranges: Vec<_> = set.ranges().collect();
        assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0.saturating_sub(1)), "ranges are apart and in order");
        assert!(ranges.iter().all(|(first, last)| first <= last), "no range is empty");
    },
};

pub(super) const ENROL: Door = Door {
    name: "net.enrol",
    good: || {
        let ask =
            Ask { role: Role::Agent, hostname: "till-3".to_owned(), advertised: vec!["10.0.0.3:7801".to_owned()] };
        let request = EnrolRequest::new(&token(), &ask, vec![5; 300], UtcMs(9), [1; 16]);
        request.and_then(|request| request.encode()).into_iter().collect()
    },
    knock: |bytes| {
        let Ok(request) = EnrolRequest::decode(bytes) else { return };
        let again = request.encode().expect("what was read fits");
        assert!(EnrolRequest::decode(&again).is_ok(), "what was read can be written and read again");
    },
};

fn token() -> JoinToken {
    JoinToken {
        hub_addrs: vec!["hub.example.org:7800".to_owned()],
        ca: CaFingerprint::of(b"an authority"),
        id: TokenId([2; 8]),
        secret: TokenSecret::from_random_bytes([4; 16]),
    }
}

pub(super) const RENEWAL: Door = Door {
    name: "net.renewal",
    good: || {
        let asked = Renewal::Request { csr: vec![9; 300] };
        asked.encode().into_iter().collect()
    },
    knock: |bytes| {
        let Ok(renewal) = Renewal::decode(bytes) else { return };
        let again = renewal.encode().expect("what was read fits");
        assert!(Renewal::decode(&again).is_ok(), "what was read can be written and read again");
    },
};

pub(super) const REVOCATIONS: Door = Door {
    name: "net.revocations",
    good: || {
        let list = Revocations::new(3, [NodeId::from_bytes([1; 16]), NodeId::from_bytes([2; 16])]);
        list.sign(&NodeKey::from_random_bytes([8; 32])).into_iter().collect()
    },
    knock: |bytes| {
        // Without the hub's key no bytes may pass.
        assert!(Revocations::open(bytes, &[3; 32]).is_err(), "a list that the hub did not sign is refused");
    },
};

pub(super) const TOKEN: Door = Door {
    name: "net.token",
    good: || token().to_text().map(String::into_bytes).into_iter().chain([b"vg1.".to_vec()]).collect(),
    knock: |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let Ok(token) = text.parse::<JoinToken>() else { return };
        assert!(token.to_text().is_ok(), "a token that was read can be written");
    },
};
