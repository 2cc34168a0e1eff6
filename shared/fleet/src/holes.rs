//! Which stretches of a stream are not here, why, and of which time?

use std::collections::BTreeMap;

use vigie_model::{Seq, StreamId, UtcMs};
use vigie_serve::{Amount, Hole, HoleKind, Stamp};
use vigie_sync::keep::StreamFacts;

/// What is not here of a stream, the oldest first; without its times.
pub(crate) fn holes_of(stream: StreamId, facts: &StreamFacts) -> Vec<Hole> {
    let hole = |kind, reason, first: u64, last: u64| Hole {
        stream,
        kind,
        reason,
        first: Some(Seq(first)),
        last: Some(Seq(last)),
        amount: Amount::known(last - first + 1, None),
        from: None,
        until: None,
    };
    let lost = facts.gap_list.iter().flat_map(|gap| {
        let still = facts.gaps.within(gap.first.0, gap.last.0);
        let parts: Vec<_> = still.ranges().collect();
        parts.into_iter().map(|(first, last)| hole(HoleKind::Lost, Some(gap.reason), first, last)).collect::<Vec<_>>()
    });
    let mut expected = vigie_merge::RangeSet::of(1, facts.collected().ticks);
    expected = expected.without(&facts.have);
    let told = facts.rolled.told();
    let folded: Vec<_> = expected.intersection(&told).ranges().collect();
    let folded = folded.into_iter().map(|(first, last)| hole(HoleKind::Folded, None, first, last));
    expected = expected.without(&told);
    let waiting: Vec<_> = expected.ranges().map(|(first, last)| hole(HoleKind::Waiting, None, first, last)).collect();
    let mut holes: Vec<Hole> = lost.chain(folded).chain(waiting).collect();
    holes.sort_unstable_by_key(|hole| (hole.first, hole.last));
    holes
}

/// The numbers beside these holes: when those ticks were measured says of which time the holes are.
pub(crate) fn beside(holes: &[Hole]) -> impl Iterator<Item = u64> {
    holes.iter().flat_map(|hole| {
        let (first, last) = numbers(hole);
        [first.saturating_sub(1), last.saturating_add(1)]
    })
}

/// Says of which time each hole of a stream is, by when the ticks beside it were measured: from the last that is here to
/// the next that is. A machine measures evenly: of what lies between them each hole has its share, and where nothing is
/// here before, its interval says when it began. What lasts has no end, and where a clock was set back in between it ends
/// when it began.
pub(crate) fn put_times(holes: &mut [Hole], times: &BTreeMap<u64, UtcMs>, interval_ms: Option<u64>, now: UtcMs) {
    for run in holes.chunk_by_mut(|one, next| numbers(one).1.saturating_add(1) >= numbers(next).0) {
        let (Some(first), Some(last)) = (run.first().map(numbers), run.last().map(numbers)) else { continue };
        let (before, after) = (first.0.saturating_sub(1), last.1.saturating_add(1));
        let ends = times.get(&after).map(|at| at.0);
        let between = i64::try_from(after - before).unwrap_or(i64::MAX);
        let reckoned = || {
            let interval_ms = i64::try_from(interval_ms?).ok()?;
            Some(ends?.saturating_sub(interval_ms.saturating_mul(between)))
        };
        let begins = times.get(&before).map(|at| at.0).or_else(reckoned);
        let Some(begins) = begins else {
            // Of what it began with nothing is known, and of how far it reaches only the last knows the end.
            if let Some(hole) = run.last_mut() {
                hole.until = ends.map(|at| Stamp(UtcMs(at)));
            }
            continue;
        };
        let ends = ends.map(|at| at.max(begins));
        let whole_ms = i128::from(ends.unwrap_or(now.0).saturating_sub(begins).max(0));
        // Half way between the last tick of one and the first of the next.
        let share = |number: u64| {
            let twice = i128::from(number - before) * 2 + 1;
            let passed_ms = whole_ms * twice / (2 * i128::from(between));
            begins.saturating_add(i64::try_from(passed_ms).unwrap_or(i64::MAX))
        };
        let mut from = begins;
        for hole in run {
            let (_, own_last) = numbers(hole);
            let until = if own_last == last.1 { ends } else { Some(share(own_last)) };
            (hole.from, hole.until) = (Some(Stamp(UtcMs(from))), until.map(|at| Stamp(UtcMs(at))));
            from = until.unwrap_or(from);
        }
    }
}

fn numbers(hole: &Hole) -> (u64, u64) {
    (hole.first.map_or(0, |seq| seq.0), hole.last.map_or(0, |seq| seq.0))
}

#[cfg(test)]
mod tests {
    use vigie_codec::wire::Tally;
    use vigie_merge::RangeSet;
    use vigie_model::{Gap, GapReason, Incarnation, NodeId};

    use super::*;
    use crate::ledgers::waiting;

    const STREAM: StreamId = StreamId { agent: NodeId::from_bytes([0; 16]), incarnation: Incarnation(1) };

    fn facts(have: &[(u64, u64)], ticks: u64) -> StreamFacts {
        let mut facts = StreamFacts::new([0; 32], "till".to_owned());
        facts.have = have.iter().copied().collect();
        facts.tally = Tally { ticks, samples: 0 };
        facts
    }

    #[test]
    fn what_is_missing_below_the_newest_tick_waits_although_the_agent_has_not_said_so_for_a_while() {
        let mut facts = facts(&[(1, 5), (8, 10)], 4);
        let waiting_of = |facts: &StreamFacts| holes_of(STREAM, facts).iter().map(numbers).collect::<Vec<_>>();
        assert_eq!((waiting(&facts), waiting_of(&facts)), (2, vec![(6, 7)]));
        let account = vigie_sync::Ledger::of(&facts, vigie_model::Role::Hub);
        assert_eq!(waiting(&facts), account.waiting, "the account says the same");
        facts.have = RangeSet::of(1, 10);
        facts.tally.ticks = 12;
        assert_eq!((waiting(&facts), waiting_of(&facts)), (2, vec![(11, 12)]));
    }

    /// Kind, from and until of each hole, of a machine that measured each ten seconds since 0.
    fn timed(facts: &StreamFacts, interval_ms: Option<u64>, now_ms: i64) -> Vec<(HoleKind, Option<i64>, Option<i64>)> {
        let mut holes = holes_of(STREAM, facts);
        let here = facts.have.without(&facts.gaps);
        let times = beside(&holes).filter(|number| here.contains(*number));
        let times = times.map(|number| (number, UtcMs(number as i64 * 10_000))).collect();
        put_times(&mut holes, &times, interval_ms, UtcMs(now_ms));
        let ms = |stamp: Option<Stamp>| stamp.map(|stamp| stamp.0.0);
        holes.iter().map(|hole| (hole.kind, ms(hole.from), ms(hole.until))).collect()
    }

    #[test]
    fn a_hole_is_of_the_time_between_the_ticks_beside_it_and_what_lasts_has_no_end() {
        let facts = facts(&[(1, 10), (21, 30)], 40);
        let waits = HoleKind::Waiting;
        assert_eq!(timed(&facts, None, 400_000), [(waits, Some(100_000), Some(210_000)), (waits, Some(300_000), None)]);
    }

    #[test]
    fn holes_that_touch_share_the_time_between_the_ticks_beside_them() {
        let mut facts = facts(&[(1, 20), (30, 30)], 30);
        facts.gaps = RangeSet::of(11, 20);
        facts.gap_list =
            vec![Gap { first: Seq(11), last: Seq(20), reason: GapReason::Evicted, samples: None, noted_at: UtcMs(0) }];
        let (lost, waits) = (HoleKind::Lost, HoleKind::Waiting);
        let expected = [(lost, Some(100_000), Some(205_000)), (waits, Some(205_000), Some(300_000))];
        assert_eq!(timed(&facts, None, 400_000), expected);
        // The newest of it is on its way: as far as is known until now.
        facts.have = RangeSet::of(1, 20);
        facts.tally.ticks = 29;
        assert_eq!(timed(&facts, None, 300_000), [(lost, Some(100_000), Some(205_000)), (waits, Some(205_000), None)]);
    }

    #[test]
    fn no_hole_ends_before_it_begins_where_a_clock_was_set_back_in_it() {
        let mut holes = holes_of(STREAM, &facts(&[(1, 10), (21, 30)], 30));
        let times = BTreeMap::from([(10, UtcMs(900_000)), (21, UtcMs(210_000))]);
        put_times(&mut holes, &times, None, UtcMs(1_000_000));
        assert_eq!((holes[0].from, holes[0].until), (Some(Stamp(UtcMs(900_000))), Some(Stamp(UtcMs(900_000)))));
    }

    #[test]
    fn where_nothing_is_here_before_the_interval_of_the_machine_says_when_it_began() {
        let facts = facts(&[(21, 30)], 30);
        let waits = HoleKind::Waiting;
        assert_eq!(timed(&facts, Some(10_000), 300_000), [(waits, Some(0), Some(210_000))]);
        assert_eq!(timed(&facts, None, 300_000), [(waits, None, Some(210_000))], "and nobody makes it up");
    }
}
