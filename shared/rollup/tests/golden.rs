//! The bytes of version 1 are frozen: what is on disks must be readable by every later program.
//!
//! A change here is a change of shape. It needs a new version beside the old one, never a new golden value.

mod common;

use common::*;
use vigie_model::{Boot, Moment, Sample, Seq, SeriesIx, Tick, UtcMs};
use vigie_rollup::{Piece, Window};

fn tick(number: u64) -> (UtcMs, Tick) {
    let climb = number as i64 * 7 % 400;
    let double = if number % 50 == 9 { f64::NAN } else { climb as f64 / 4.0 };
    let values = [
        (number as i64 * 37) % 257 - 40,
        climb,
        (climb as f64).to_bits().cast_signed(),
        double.to_bits().cast_signed(),
    ];
    let samples = (0..4u32).zip(values).map(|(ix, value)| Sample { series: SeriesIx(ix), value });
    let at = UtcMs(T0 + number as i64 * 10_000);
    let at_both = Moment { utc: at, boot: Boot { no: 1, ms: number * 10_000 } };
    // The last series rests every sixth time.
    let samples = samples.take(if number.is_multiple_of(6) { 3 } else { 4 }).collect();
    (at, Tick { seq: Seq(number), at: at_both, samples })
}

#[test]
fn a_piece_has_the_bytes_it_always_had() {
    let ticks: Vec<_> = (1..200).filter(|number| !(70..75).contains(number)).map(tick).collect();
    let piece = fold(&ticks).expect("there are ticks");
    let prints: Vec<String> = [Window::Hour, Window::Minute]
        .iter()
        .flat_map(|window| piece.sheets(*window))
        .map(|(_, bytes)| fingerprint(&bytes))
        .collect();
    let golden: Vec<&str> = include_str!("golden.txt").lines().collect();
    assert_eq!(prints, golden);
    let first = piece.sheets(Window::Hour).remove(0).1;
    assert_eq!(Piece::of_sheets([first.as_slice()]), Ok(piece.without_minutes()));
}

#[test]
fn a_piece_of_many_sheets_is_whole_or_none() {
    let shape = |_| Some(SHAPES[0]);
    let mut fold = vigie_rollup::Fold::new(vigie_rollup::Hour::of(UtcMs(T0)));
    for number in 1..300u64 {
        let noise =
            |ix: u32| i64::from(blake3::hash(&[&number.to_le_bytes()[..], &ix.to_le_bytes()].concat()).as_bytes()[0]);
        let samples = (0..300).map(|ix| Sample { series: SeriesIx(ix), value: noise(ix) << (ix % 30) }).collect();
        let at = UtcMs(T0 + number as i64 * 10_000);
        assert!(fold.add(
            at,
            &Tick { seq: Seq(number), at: Moment { utc: at, boot: Boot { no: 1, ms: 1 } }, samples },
            shape
        ));
    }
    let piece = fold.finish().expect("ticks");
    let sheets = piece.sheets(Window::Minute);
    assert!(sheets.len() > 2 && sheets.iter().all(|(_, bytes)| bytes.len() < vigie_rollup::SHEET_BYTES + 2_000));
    let hours = piece.sheets(Window::Hour);
    let of = |sheets: &[&(SeriesIx, Vec<u8>)]| Piece::of_sheets(sheets.iter().map(|(_, bytes)| bytes.as_slice()));
    let all: Vec<_> = hours.iter().chain(&sheets).collect();
    assert_eq!(of(&all), Ok(piece));
    for missing in 0..all.len() {
        let rest: Vec<_> = all.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, sheet)| *sheet).collect();
        assert!(of(&rest).is_err(), "sheet {missing} is missed");
    }
}

fn fingerprint(bytes: &[u8]) -> String {
    format!("{} {}", bytes.len(), &blake3::hash(bytes).to_hex()[..24])
}
