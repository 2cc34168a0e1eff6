use proptest::prelude::*;
use vigie_codec::columns::Columns;
use vigie_model::{Boot, Moment, Sample, Seq};

use super::*;

/// Ticks with these pauses before them, some of which have the series; and its values, one for each of those.
fn laid_out(ticks: &[(i64, bool)]) -> (Head, Vec<i64>, Packed) {
    let mut times = Vec::new();
    let mut utc = 1_000;
    let tick = |(seq, (pause, has)): (u64, &(i64, bool))| {
        utc += pause;
        times.push(utc);
        let mut samples = vec![Sample { series: SeriesIx(0), value: 0 }];
        samples.extend(has.then_some(Sample { series: SeriesIx(1), value: seq as i64 }));
        Tick { seq: Seq(seq), at: Moment { utc: UtcMs(utc), boot: Boot { no: 1, ms: seq } }, samples }
    };
    let ticks: Vec<Tick> = (1..).zip(ticks).map(tick).collect();
    let values: Vec<i64> = ticks.iter().filter_map(|tick| tick.value(SeriesIx(1))).collect();
    let head = Columns::encode(&ticks).expect("a run").head;
    (Head::read(&head).expect("just written"), times, Packed::new(&values))
}

proptest! {
    #[test]
    fn the_newest_at_each_moment_is_the_one_that_all_samples_have(
        ticks in prop::collection::vec((0i64..40, any::<bool>()), 1..200),
        cuts in prop::collection::btree_set(0usize..200, 0..6),
        at in 0i64..4_000,
        step_ms in 1i64..300,
    ) {
        let (head, times, values) = laid_out(&ticks);
        let cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= ticks.len()).collect();
        let rows: Vec<(usize, usize)> = cuts.chunks_exact(2).map(|cut| (cut[0], cut[1])).collect();
        let (mut all, mut some) = (Column::default(), Column::default());
        take_all(stretches(&head, SeriesIx(1), &rows), &times, &values, &mut all);
        let inside = |at: usize| rows.iter().any(|(from, to)| (*from..*to).contains(&at));
        let wanted = (0..ticks.len()).filter(|at| inside(*at) && ticks[*at].1);
        prop_assert_eq!(&all.values, &wanted.map(|at| at as i64 + 1).collect::<Vec<_>>());

        let moments = Moments { at: UtcMs(at), step_ms };
        let own: Vec<_> = stretches(&head, SeriesIx(1), &rows).collect();
        Newest::of(&rows, &times, moments).take(&own, &times, &values, &mut some);
        let newest = |column: &Column, moment: i64| {
            let at = column.times_ms.partition_point(|at| *at <= moment).checked_sub(1)?;
            Some((column.times_ms[at], column.values[at]))
        };
        for moment in (-100..200).map(|step| at + step * step_ms) {
            prop_assert_eq!(newest(&some, moment), newest(&all, moment));
        }
    }
}

#[test]
fn the_widest_step_has_one_moment() {
    let (_, times, values) = laid_out(&[(5, true), (5, true), (5, true)]);
    let mut newest = Column::default();
    let moments = Moments { at: UtcMs(1_012), step_ms: i64::MAX };
    Newest::of(&[(0, 2)], &times, moments).take(&[(0, 2, 0)], &times, &values, &mut newest);
    assert_eq!(newest, Column { times_ms: vec![1_010], values: vec![2] });
}
