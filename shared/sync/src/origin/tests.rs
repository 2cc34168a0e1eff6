use vigie_model::{Boot, SeriesIx};

use super::*;

fn origin() -> Origin {
    let key = SigningKey::from_bytes(&[3; 32]);
    let agent = NodeId::of_key(&key.verifying_key().to_bytes());
    Origin::new(agent, Incarnation(9), "till-3".to_owned(), key, Vec::new(), SealAfter { ticks: 4, age_ms: 60_000 })
}

fn moment(ms: u64) -> Moment {
    Moment { utc: UtcMs(1_000_000 + ms.cast_signed()), boot: Boot { no: 1, ms } }
}

fn measure(origin: &mut Origin, ms: u64) -> Option<Arc<Tick>> {
    origin.measured(moment(ms), vec![Sample { series: SeriesIx(0), value: 7 }], ms)
}

fn commit(origin: &mut Origin, ms: u64) -> Vec<Write> {
    let (writes, promise) = origin.writes(ms, UtcMs(0), false);
    origin.kept(&promise);
    writes
}

#[test]
fn numbers_run_out_when_nothing_can_be_reserved() {
    let mut origin = origin();
    commit(&mut origin, 0);
    let given = (0..100).filter_map(|ms| measure(&mut origin, ms)).count();
    assert_eq!(given as u64, RESERVED_AHEAD);
    assert!(!origin.can_number());
    commit(&mut origin, 100);
    assert!(measure(&mut origin, 101).is_some());
}

#[test]
fn a_run_is_sealed_when_it_is_long_enough_and_each_seal_names_the_one_before() {
    let mut origin = origin();
    let mut heads = vec![HeaderHash::NONE];
    for ms in 0..12 {
        measure(&mut origin, ms);
        for write in commit(&mut origin, ms) {
            if let Write::Segment(segment) = write {
                assert_eq!(segment.header().ticks(), 4);
                assert_eq!(segment.header().before, heads[heads.len() - 1]);
                heads.push(segment.header().hash());
            }
        }
    }
    assert_eq!(heads.len(), 4);
}

#[test]
fn wide_ticks_are_sealed_in_segments_that_others_accept() {
    let mut origin = origin();
    for ms in 0..16u64 {
        // Values that no coder can make short.
        let noise = |ix: u32| {
            let mixed = (ms << 32 | u64::from(ix)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            ((mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)).cast_signed()
        };
        let samples = (0..5_000).map(|ix| Sample { series: SeriesIx(ix), value: noise(ix) }).collect();
        origin.measured(moment(ms), samples, ms);
    }
    let (writes, _) = origin.writes(16, UtcMs(0), false);
    let segments: Vec<_> = writes
        .iter()
        .filter_map(|write| match write {
            Write::Segment(segment) => Some(segment),
            _ => None,
        })
        .collect();
    assert!(segments.len() > 1 && segments.iter().all(|segment| segment.body.len() <= MAX_BODY_BYTES));
    let follows = |pair: &[&Segment]| {
        let (one, next) = (pair[0].header(), pair[1].header());
        one.last.next() == next.first && next.before == one.hash()
    };
    assert!(segments.windows(2).all(follows));
    assert_eq!(segments.iter().map(|segment| segment.header().ticks()).sum::<u64>(), 16);
}

#[test]
fn a_segment_whose_commit_failed_is_tried_again_as_it_was() {
    let mut origin = origin();
    let segments = |writes: &[Write]| -> Vec<_> {
        let segment = |write: &Write| match write {
            Write::Segment(segment) => {
                Some((segment.header().first.0, segment.header().last.0, segment.header().hash()))
            }
            _ => None,
        };
        writes.iter().filter_map(segment).collect()
    };
    (0..4).for_each(|at| drop(measure(&mut origin, at)));
    let (failed, _) = origin.writes(10, UtcMs(0), false);
    (4..9).for_each(|at| drop(measure(&mut origin, at)));
    let (again, promise) = origin.writes(20, UtcMs(0), false);
    assert_eq!(segments(&failed), segments(&again), "the first may be on the disk");
    let loose = again.iter().find_map(|write| match write {
        Write::Ticks { ticks, .. } => Some(ticks.len()),
        _ => None,
    });
    assert_eq!(loose, Some(5), "what came since does not wait for it");
    origin.kept(&promise);
    let (then, promise) = origin.writes(30, UtcMs(0), true);
    let [(5, 9, hash)] = segments(&then)[..] else { panic!("{then:?}") };
    origin.kept(&promise);
    assert_eq!((origin.head, origin.owes()), (hash, false));
}

#[test]
fn a_tick_measured_while_a_seal_is_kept_begins_a_young_tail() {
    let mut origin = origin();
    (0..4).for_each(|at| drop(measure(&mut origin, at)));
    let (_, promise) = origin.writes(100_000, UtcMs(0), false);
    measure(&mut origin, 100_001);
    origin.kept(&promise);
    measure(&mut origin, 110_000);
    let sealed = commit(&mut origin, 110_001).into_iter().any(|write| matches!(write, Write::Segment(_)));
    assert!(!sealed, "two young ticks are no segment yet");
}

#[test]
fn after_a_crash_the_reserved_numbers_are_owned_up_to_and_never_given_again() {
    let mut origin = origin();
    measure(&mut origin, 0);
    commit(&mut origin, 0);
    let mut facts = StreamFacts::new([0; 32], "till-3".to_owned());
    facts.have = RangeSet::of(1, 1);
    facts.reserved = Seq(1 + RESERVED_AHEAD);
    let key = SigningKey::from_bytes(&[3; 32]);
    let after = SealAfter::default();
    let (mut again, writes) = Origin::resume(origin.stream(), &facts, Vec::new(), Vec::new(), key, after, UtcMs(5));
    let Some(Write::Statement(signed)) = writes.first() else { panic!("a gap comes first") };
    let Statement::Gap(gap) = signed.statement else { panic!("a gap comes first") };
    assert_eq!((gap.first, gap.last, gap.reason), (Seq(2), facts.reserved, GapReason::Interrupted));
    assert!(!again.can_number(), "nothing is given before something is reserved");
    commit(&mut again, 1);
    assert_eq!(measure(&mut again, 2).map(|tick| tick.seq), Some(facts.reserved.next()));
}

#[test]
fn a_store_in_trouble_costs_the_oldest_in_memory_and_says_so() {
    let mut origin = origin();
    for ms in 0..MAX_UNKEPT as u64 + 10 {
        measure(&mut origin, ms);
    }
    let (writes, _) = origin.writes(0, UtcMs(0), false);
    let gap = writes.iter().find_map(|write| match write {
        Write::Statement(SignedStatement { statement: Statement::Gap(gap), .. }) => Some(*gap),
        _ => None,
    });
    let gap = gap.expect("what was dropped is a gap");
    assert_eq!((gap.first, gap.last, gap.samples), (Seq(1), Seq(10), Some(10)));
}
