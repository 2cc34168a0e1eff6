//! What is kept, what is dropped, and what is told about it.

use crate::common::*;
use vigie_codec::segment::Segment;
use vigie_merge::RangeSet;
use vigie_model::{GapReason, Seq, SeriesIx, UtcMs};
use vigie_store::fault::FaultDisk;
use vigie_store::{Kept, Log, OpenError, Outcome, Record, Write};

#[test]
fn ticks_and_segments_are_served_as_they_came() {
    let (disk, machine) = (FaultDisk::new(), Machine::new(1));
    let mut log = open(&disk);
    keep(&mut log, vec![machine.hello(), machine.sealed(1, 100), machine.ticks(101, 130)]);
    assert_eq!(served(&log, &machine).ticks, set(&[(1, 130)]));
    let facts = log.streams()[&machine.stream].clone();
    assert_eq!((facts.have.clone(), facts.sealed.clone()), (set(&[(1, 130)]), set(&[(1, 100)])));
    assert_eq!(facts.samples, 130 * 5);

    drop(log);
    let log = open(&disk);
    assert_eq!(log.streams()[&machine.stream], facts);
    assert_eq!(served(&log, &machine).ticks, set(&[(1, 130)]));
}

#[test]
fn what_came_before_is_absorbed() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    keep(&mut log, vec![machine.hello(), machine.ticks(1, 50)]);
    let outcomes =
        log.commit(vec![machine.ticks(40, 60), machine.sealed(1, 30), machine.sealed(1, 30)]).expect("sound");
    let kept = |have: &[(u64, u64)], sealed: &[(u64, u64)], duplicates| {
        let (have, sealed) = (set(have), set(sealed));
        Outcome::Kept(Kept { stream: machine.stream, have, sealed, schema_len: 0, duplicates, forked: false })
    };
    assert_eq!(outcomes, [kept(&[(51, 60)], &[], 11), kept(&[], &[(1, 30)], 0), kept(&[], &[], 30)]);
    assert_eq!(log.streams()[&machine.stream].duplicates, 41);
    assert_eq!(log.streams()[&machine.stream].samples, 60 * 5);
    assert_eq!(served(&log, &machine).ticks, set(&[(1, 60)]));
}

#[test]
fn a_segment_over_parts_counts_each_tick_once() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    keep(&mut log, vec![machine.hello(), machine.ticks(10, 19), machine.sealed(1, 40)]);
    assert_eq!(log.streams()[&machine.stream].samples, 40 * 5);
    assert_eq!(served(&log, &machine).ticks, set(&[(1, 40)]));
}

#[test]
fn a_machine_that_signs_two_histories_is_noticed_whichever_part_comes_first() {
    let machine = Machine::new(1);
    let one = machine.segment(1, 10);
    let two = machine.segment_after(one.header().hash(), 11, 20);
    let three = machine.segment_after(two.header().hash(), 21, 30);
    // As if a copy of the machine had gone on from the tenth tick.
    let other = machine.segment_after(machine.segment_after(one.header().hash(), 11, 19).header().hash(), 21, 30);
    let forked = |segments: Vec<Segment>| -> Vec<bool> {
        let mut log = open(&FaultDisk::new());
        keep(&mut log, vec![machine.hello()]);
        let outcomes = log.commit(segments.into_iter().map(Write::Segment).collect()).expect("sound");
        outcomes.iter().map(|outcome| matches!(outcome, Outcome::Kept(kept) if kept.forked)).collect()
    };
    assert_eq!(forked(vec![one.clone(), two.clone(), three.clone()]), [false; 3]);
    assert_eq!(forked(vec![three, one.clone(), two.clone()]), [false; 3], "in any order");
    assert_eq!(forked(vec![one.clone(), two.clone(), other.clone()]), [false, false, true]);
    assert_eq!(forked(vec![other.clone(), one.clone(), two]), [false, false, true]);
    assert_eq!(forked(vec![other, one]), [false, false], "what does not touch can not be compared");
}

#[test]
fn a_segment_that_partly_overlaps_another_is_refused() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    keep(&mut log, vec![machine.hello(), machine.sealed(10, 20)]);
    let outcomes = log.commit(vec![machine.sealed(15, 30), machine.sealed(12, 18)]).expect("sound");
    assert_eq!(outcomes[0], Outcome::Forged(machine.stream, RangeSet::new()));
    assert!(matches!(&outcomes[1], Outcome::Kept(kept) if kept.duplicates == 7));
    assert_eq!(served(&log, &machine).ticks, set(&[(10, 20)]));
}

#[test]
fn a_segment_that_reaches_into_what_was_forgotten_of_columns_is_refused() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    keep(&mut log, vec![machine.hello(), machine.sealed(91, 100), machine.sealed(101, 110)]);
    keep(&mut log, vec![machine.receipt(set(&[(1, 100)]), 1, T0)]);
    assert_eq!(lay_out(&mut log), 1);
    log.forget(UtcMs(T0 + 80 * 3_600_000)).expect("sound");
    let outcomes = log.commit(vec![machine.sealed(81, 100)]).expect("sound");
    assert_eq!(outcomes, [Outcome::Forged(machine.stream, RangeSet::new())]);
    assert_eq!(asked(&log, &machine), set(&[(101, 110)]), "the forgotten part of the columns stays out of sight");
}

#[test]
fn a_seal_over_loose_ticks_makes_a_segment_of_them() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    let Segment { seal, .. } = machine.segment(1, 40);
    keep(&mut log, vec![machine.hello(), machine.ticks(2, 40)]);
    assert_eq!(log.commit(vec![Write::Seal(seal.clone())]).expect("sound"), [Outcome::TicksMissing]);
    keep(&mut log, vec![machine.ticks(1, 1), Write::Seal(seal.clone())]);
    assert_eq!(log.seals(machine.stream, &RangeSet::of(1, 40)).expect("sound"), [seal]);
    assert!(log.tail(machine.stream).expect("sound").is_empty());
    assert_eq!(served(&log, &machine).ticks, set(&[(1, 40)]));
}

#[test]
fn ticks_that_are_not_what_was_sealed_go() {
    let (machine, mut other) = (Machine::new(1), Machine::new(1));
    other.series = 4;
    let mut log = open(&FaultDisk::new());
    let Segment { seal, .. } = machine.segment(1, 10);
    keep(&mut log, vec![machine.hello(), other.ticks(1, 10), machine.ticks(11, 12)]);
    let outcomes = log.commit(vec![Write::Seal(seal.clone())]).expect("sound");
    assert_eq!(outcomes, [Outcome::Forged(machine.stream, set(&[(1, 10)]))]);
    let facts = &log.streams()[&machine.stream];
    assert_eq!((facts.have.clone(), facts.samples), (set(&[(11, 12)]), 10));
    keep(&mut log, vec![machine.ticks(1, 10), Write::Seal(seal)]);
    assert_eq!(served(&log, &machine).ticks, set(&[(1, 12)]));
}

#[test]
fn a_tick_wins_over_a_gap_in_either_order() {
    let machine = Machine::new(1);
    let orders = [
        vec![machine.ticks(1, 10), machine.gap(5, 20, GapReason::Interrupted, None), machine.ticks(15, 15)],
        vec![machine.ticks(1, 10), machine.ticks(15, 15), machine.gap(5, 20, GapReason::Interrupted, None)],
        vec![machine.gap(5, 20, GapReason::Interrupted, None), machine.ticks(15, 15), machine.ticks(1, 10)],
    ];
    for order in orders {
        let disk = FaultDisk::new();
        let mut log = open(&disk);
        keep(&mut log, vec![machine.hello()]);
        keep(&mut log, order);
        let facts = log.streams()[&machine.stream].clone();
        assert_eq!(facts.have, set(&[(1, 20)]));
        assert_eq!(facts.gaps, set(&[(11, 14), (16, 20)]));
        assert_eq!(facts.sealed, set(&[(5, 20)]));
        assert_eq!(facts.samples, 55);
        let served = served(&log, &machine);
        assert_eq!((served.ticks, served.gaps), (set(&[(1, 10), (15, 15)]), set(&[(5, 20)])));
        assert_eq!(given_up(&log, &machine)[&GapReason::Interrupted], 9);
        drop(log);
        assert_eq!(open(&disk).streams()[&machine.stream], facts);
    }
}

#[test]
fn a_gap_grows_over_its_neighbours_and_stays_one() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    let evicted = |first, last| machine.gap(first, last, GapReason::Evicted, Some((last - first + 1) * 5));
    keep(&mut log, vec![machine.hello(), evicted(1, 10), evicted(1, 30), evicted(5, 8)]);
    assert_eq!(log.streams()[&machine.stream].gap_list.len(), 1);
    assert_eq!(given_up(&log, &machine)[&GapReason::Evicted], 30);
    assert_eq!(log.streams()[&machine.stream].gap_list[0].samples, Some(150));
    assert_eq!(log.statements(machine.stream).expect("sound").len(), 1);
}

#[test]
fn definitions_are_appended_and_never_changed() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    let schema = |from, places: &[u32]| Write::Schema {
        stream: machine.stream,
        from,
        defs: places.iter().copied().map(def).collect(),
    };
    keep(&mut log, vec![machine.hello(), schema(0, &[0, 1, 2]), schema(1, &[1, 2, 3])]);
    let wrong = Outcome::WrongSchema(machine.stream);
    let outcomes = log.commit(vec![schema(2, &[9, 4]), schema(5, &[5])]).expect("sound");
    assert_eq!(outcomes, [wrong.clone(), wrong]);
    let defs: Vec<_> = (0..4).map(def).collect();
    assert_eq!(log.schema(machine.stream, 0, 100).expect("sound"), defs);
    assert_eq!(log.streams()[&machine.stream].schema_hash, vigie_codec::schema::SchemaHash::of(&defs));
}

#[test]
fn nothing_is_kept_of_a_stream_nobody_introduced() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    let unknown = Outcome::UnknownStream(machine.stream);
    assert_eq!(log.commit(vec![machine.ticks(1, 2), machine.sealed(1, 2)]).expect("sound"), [unknown.clone(), unknown]);
}

#[test]
fn a_receipt_only_grows_within_one_life_of_the_hub() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    keep(&mut log, vec![machine.hello(), machine.receipt(set(&[(1, 10)]), 3, T0)]);
    keep(&mut log, vec![machine.receipt(set(&[(1, 8)]), 3, T0 + 1), machine.receipt(set(&[(1, 99)]), 2, T0 + 2)]);
    assert_eq!(*log.streams()[&machine.stream].held(), set(&[(1, 10)]));
    keep(&mut log, vec![machine.receipt(set(&[(1, 4)]), 4, T0 + 3)]);
    assert_eq!(*log.streams()[&machine.stream].held(), set(&[(1, 4)]));
}

#[test]
fn loading_keeps_to_the_budget_and_begins_with_the_newest() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    keep(&mut log, vec![machine.hello(), machine.sealed(1, 100), machine.sealed(101, 200), machine.ticks(201, 300)]);
    let newest = log.load(machine.stream, &RangeSet::of(1, 300), 1, true).expect("sound");
    assert!(matches!(&newest[..], [Record::Ticks(ticks)] if ticks.len() == 64 && ticks[63].seq == Seq(300)));
    let oldest = log.load(machine.stream, &RangeSet::of(1, 300), 1, false).expect("sound");
    assert!(matches!(&oldest[..], [Record::Segment(segment)] if segment.header().first == Seq(1)));
    let some = log.load(machine.stream, &set(&[(150, 150), (250, 251)]), 1 << 20, true).expect("sound");
    assert!(matches!(&some[..], [Record::Ticks(ticks), Record::Segment(_)] if ticks.len() == 2));
}

#[test]
fn a_wrong_clock_is_put_right_when_asked_about() {
    let (machine, disk) = (Machine::new(1), FaultDisk::new());
    let mut log = open(&disk);
    // The machine believes it is 2023; the hub knows it is ten years later.
    let true_t0 = T0 + 10 * 365 * 86_400_000;
    keep(&mut log, vec![machine.hello(), machine.sealed(1, 10), machine.sealed(11, 20), machine.ticks(21, 25)]);
    let asked = |log: &Log, from: i64, to: i64| {
        let mut seen = Vec::new();
        let series = [SeriesIx(2)];
        log.samples_between(machine.stream, &series, UtcMs(from), UtcMs(to), |ix, at, value| {
            assert_eq!(ix, SeriesIx(2));
            seen.push((at.0, value));
        })
        .expect("sound");
        seen
    };
    let expected = |t0: i64, numbers: std::ops::RangeInclusive<u64>| -> Vec<(i64, i64)> {
        numbers.map(|number| (t0 + number as i64 * 10_000, value(number, 2))).collect()
    };
    assert_eq!(asked(&log, T0 + 90_000, T0 + 120_000), expected(T0, 9..=12));
    keep(&mut log, vec![machine.anchor(1, 0, true_t0)]);
    assert!(asked(&log, T0, T0 + 300_000).is_empty());
    assert_eq!(asked(&log, true_t0 + 90_000, true_t0 + 120_000), expected(true_t0, 9..=12));
    assert_eq!(asked(&log, true_t0 + 190_000, true_t0 + 900_000), expected(true_t0, 19..=25));
    keep(&mut log, vec![machine.sealed(21, 40)]);
    assert_eq!(asked(&log, true_t0, true_t0 + 900_000), expected(true_t0, 1..=40));
    let (at, tick) = log.last_tick(machine.stream).expect("sound").expect("forty ticks");
    assert_eq!((at.0, tick.seq), (true_t0 + 400_000, Seq(40)));
}

#[test]
fn a_folder_is_open_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let (log, report) = Log::open(dir.path(), options()).expect("an empty folder");
    assert!(report.fresh && !report.unclean);
    assert!(matches!(Log::open(dir.path(), options()), Err(OpenError::InUse(_))));
    let epoch = log.epoch();
    drop(log);
    let (log, report) = Log::open(dir.path(), options()).expect("closed in order");
    assert_eq!((log.epoch(), report.fresh, report.unclean), (epoch, false, false));
}

#[test]
fn a_file_that_is_no_log_is_set_aside() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("log.redb"), vec![0x5a; 100_000]).expect("writable");
    let (_log, report) = Log::open(dir.path(), options()).expect("a fresh one");
    assert!(report.damaged, "{report:?}");
    let aside = report.set_aside.expect("kept for the curious");
    assert!(std::path::Path::new(&aside).exists());
}

#[test]
fn segments_of_the_size_agents_seal_fill_their_pages() {
    let (machine, disk) = (Machine { noisy: true, ..Machine::new(1) }, FaultDisk::new());
    let mut log = open(&disk);
    // As many ticks as go into the body that agents aim for.
    let fits = |ticks: &u64| machine.segment(1, *ticks).body.len() <= vigie_codec::segment::TARGET_BODY_BYTES;
    let ticks = (300..500).take_while(fits).last().expect("three hundred fit");
    let segments: Vec<_> = (0..100).map(|at| machine.segment(at * ticks + 1, (at + 1) * ticks)).collect();
    let payload: u64 = segments.iter().map(|segment| segment.body.len() as u64).sum();
    assert!(payload > segments.len() as u64 * 15_800, "{payload}");
    keep(&mut log, vec![machine.hello()]);
    for some in segments.chunks(4) {
        keep(&mut log, some.iter().cloned().map(Write::Segment).collect());
    }
    drop(log);
    let file = disk.used_bytes() - (1 << 20); // the ballast
    assert!(file < payload * 115 / 100, "{file} bytes for {payload}");
}

#[test]
fn a_log_may_be_handed_to_another_thread() {
    fn may<T: Send + Sync>() {}
    may::<Log>();
    may::<vigie_store::State>();
}
