//! However ticks come together, they come down to the same.

mod common;

use common::*;
use proptest::prelude::*;
use vigie_merge::RangeSet;
use vigie_model::{Resolution, SeriesIx, UtcMs};
use vigie_rollup::{Cell, MINUTE_MS, Piece, Pieces, Sheet, Window};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn cells_say_what_a_plain_count_says(ticks in some_ticks(90)) {
        let piece = fold(&ticks).expect("there are ticks");
        for (ix, shape) in SHAPES.iter().enumerate() {
            let series = SeriesIx(ix as u32);
            for window in [Window::Minute, Window::Hour] {
                let cells = piece.cells(series, window);
                prop_assert!(cells.windows(2).all(|two| two[0].0 < two[1].0));
                prop_assert_eq!(cells.iter().map(|(_, cell)| samples(cell)).sum::<u32>(), ticks.len() as u32);
                for (begins, cell) in cells {
                    let inside = |at: &UtcMs| window == Window::Hour || (begins.0..begins.0 + MINUTE_MS).contains(&at.0);
                    let own: Vec<_> = ticks.iter().filter(|(at, _)| inside(at)).cloned().collect();
                    plainly(&own, series, *shape, &cell)?;
                }
            }
            prop_assert_eq!(piece.sketch(series).is_some(), shape.sketched);
        }
    }

    #[test]
    fn what_is_folded_apart_joins_into_what_is_folded_at_once(ticks in some_ticks(90), sides in prop::collection::vec(0usize..4, 90), order in Just([0usize, 1, 2, 3]).prop_shuffle()) {
        let parts: Vec<Piece> = order.iter().filter_map(|side| fold(&chosen(&ticks, |at| sides[at] == *side))).collect();
        let joined = parts[1..].iter().fold(parts[0].clone(), |all, piece| all.join(piece).expect("no common ticks"));
        prop_assert_eq!(&joined, &fold(&ticks).expect("there are ticks"));
        prop_assert!(joined.join(&parts[0]).is_err(), "no tick counts twice");
    }

    #[test]
    fn late_ticks_are_as_if_they_had_come_in_time(ticks in some_ticks(60), late in prop::collection::vec(any::<bool>(), 60)) {
        let mut piece = fold(&chosen(&ticks, |at| !late[at]));
        for at in (0..ticks.len()).filter(|at| late[*at]) {
            let one = fold(&ticks[at..=at]).expect("one tick");
            piece = Some(piece.map_or(one.clone(), |piece| piece.join(&one).expect("a new tick")));
        }
        prop_assert_eq!(piece, fold(&ticks));
    }

    #[test]
    fn pieces_apart_or_within_one_another_answer_for_all_their_ticks(ticks in some_ticks(40), cuts in prop::collection::vec(0usize..40, 1..12), order in any::<u64>()) {
        // Halves of halves: each two are apart, or one holds the other.
        let sets = nested(ticks.len(), &cuts);
        let pieces: Vec<Piece> = sets.iter().filter_map(|set| fold(&chosen(&ticks, |at| set.contains(at as u64)))).collect();
        let mut all = RangeSet::new();
        sets.iter().for_each(|set| { all.union_with(set); });
        let wanted = fold(&chosen(&ticks, |at| all.contains(at as u64)));
        let mut put = Pieces::default();
        for at in shuffled(pieces.len() * 2, order) {
            put.put(pieces[at % pieces.len()].clone());
        }
        prop_assert_eq!(put.answer(), wanted);
    }

    #[test]
    fn whatever_overlaps_no_tick_counts_twice_and_the_order_does_not_matter(ticks in some_ticks(30), sets in prop::collection::vec(prop::collection::vec(any::<bool>(), 30), 1..9), one in any::<u64>(), other in any::<u64>()) {
        let pieces: Vec<Piece> = sets.iter().filter_map(|set| fold(&chosen(&ticks, |at| set[at]))).collect();
        let answer = |order| {
            let mut put = Pieces::default();
            shuffled(pieces.len() * 2, order).into_iter().for_each(|at| { put.put(pieces[at % pieces.len()].clone()); });
            put.answer()
        };
        let said = answer(one);
        prop_assert_eq!(&said, &answer(other));
        if let Some(said) = said {
            let covered = said.covered().clone();
            let own: Vec<_> = ticks.iter().filter(|(_, tick)| covered.contains(tick.seq.0)).cloned().collect();
            let at_once = fold(&own);
            prop_assert_eq!(Some(&said), at_once.as_ref(), "as if those ticks had been folded at once");
            prop_assert!(pieces.iter().all(|piece| piece.covered().count() <= covered.count()), "no single piece knows more");
        }
    }

    #[test]
    fn sheets_come_back_as_they_were(ticks in some_ticks(90), sides in prop::collection::vec(any::<bool>(), 90)) {
        let piece = fold(&chosen(&ticks, |at| sides[at] || at == 0)).expect("there are ticks");
        let mut sheets = piece.sheets(Window::Hour);
        let hours_only = Piece::of_sheets(sheets.iter().map(|(_, bytes)| bytes.as_slice())).expect("its own sheets");
        prop_assert_eq!(&hours_only, &piece.clone().without_minutes());
        sheets.extend(piece.sheets(Window::Minute));
        let back = Piece::of_sheets(sheets.iter().map(|(_, bytes)| bytes.as_slice()));
        prop_assert_eq!(back.as_ref(), Ok(&piece));
        for (_, bytes) in &sheets {
            let sheet = Sheet::read(bytes).expect("its own sheet");
            for series in piece.series() {
                let (cells, sketch) = sheet.series(series).expect("its own series");
                prop_assert_eq!(cells, piece.cells(series, sheet.window()));
                prop_assert_eq!(sketch.as_ref(), piece.sketch(series).filter(|_| sheet.window() == Window::Hour));
            }
        }
    }

    #[test]
    fn bytes_that_are_no_sheet_are_refused_or_say_something(ticks in some_ticks(20), at in any::<usize>(), bit in 0u8..8, cut in any::<usize>(), noise in prop::collection::vec(any::<u8>(), 0..60)) {
        let piece = fold(&ticks).expect("there are ticks");
        for window in [Window::Hour, Window::Minute] {
            for (_, bytes) in piece.sheets(window) {
                let mut wrong = bytes.clone();
                let place = at % wrong.len();
                wrong[place] ^= 1 << bit;
                look_at(&wrong);
                look_at(&bytes[..cut % bytes.len()]);
                look_at(&[&bytes[..cut % bytes.len()], &noise[..]].concat());
            }
        }
        look_at(&noise);
        look_at(&[&[1, 0], &noise[..]].concat());
    }

    #[test]
    fn sums_of_doubles_are_the_same_to_the_last_digit_but_few(values in prop::collection::vec(-1e12f64..1e12, 2..80), sides in prop::collection::vec(any::<bool>(), 80)) {
        let ticks: Vec<_> = values.iter().enumerate().map(|(at, value)| double_tick(at, *value)).collect();
        let at_once = fold(&ticks).expect("there are ticks").cells(SeriesIx(2), Window::Hour)[0].1.sum(Resolution::Exact);
        let (one, other) = (fold(&chosen(&ticks, |at| sides[at])), fold(&chosen(&ticks, |at| !sides[at])));
        if let (Some(one), Some(other)) = (one, other) {
            let apart = other.join(&one).expect("no common ticks").cells(SeriesIx(2), Window::Hour)[0].1.sum(Resolution::Exact);
            let large: f64 = values.iter().map(|value| value.abs()).sum();
            prop_assert!((apart - at_once).abs() <= large * 1e-25 + at_once.abs() * f64::EPSILON, "{} for {}", apart, at_once);
        }
    }
}

/// Reads all that a sheet may say.
fn look_at(bytes: &[u8]) {
    if let Ok(sheet) = Sheet::read(bytes) {
        for series in 0..8 {
            drop(sheet.series(SeriesIx(series)));
        }
    }
    drop(Piece::of_sheets([bytes]));
}

fn samples(cell: &Cell) -> u32 {
    cell.count() + cell.stale() + cell.nan()
}
