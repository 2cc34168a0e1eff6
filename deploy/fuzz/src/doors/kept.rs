//! What a disk gives back.

use std::sync::OnceLock;

use vigie_codec::columns::short::{Reader, Writer};
use vigie_codec::columns::{Columns, Head, MAX_SAMPLES};
use vigie_codec::disk::{self, Kind};
use vigie_codec::segment::Segment;
use vigie_model::{Resolution, SeriesDef, SeriesIx};
use vigie_rollup::{Fold, Hour, Piece, Shape, Sheet, Window};

use crate::Door;
use crate::good::{T0_MS, def, segment, ticks};

const KEY: &[u8] = b"place";

pub(super) const RECORD: Door = Door {
    name: "codec.record",
    good: || {
        vec![
            disk::write(Kind::Segment, KEY, &segment()),
            disk::write(Kind::Series, KEY, &def()),
            disk::write(Kind::Tick, KEY, &ticks()[0]),
        ]
    },
    knock: |bytes| {
        // The checksum stops nearly all; the shapes under it are knocked at without.
        let _whether = disk::read::<Segment>(Kind::Segment, KEY, bytes);
        let _whether = disk::read::<SeriesDef>(Kind::Series, KEY, bytes);
        let _whether = postcard::from_bytes::<Segment>(bytes);
        let _whether = postcard::from_bytes::<SeriesDef>(bytes);
        let _whether = postcard::from_bytes::<vigie_model::Tick>(bytes);
    },
};

pub(super) const HEAD: Door = Door {
    name: "codec.columns.head",
    good: || Columns::encode(&ticks()).map(|columns| columns.head).into_iter().collect(),
    knock: |bytes| {
        let Ok(head) = Head::read(bytes) else { return };
        assert!(head.samples() <= MAX_SAMPLES, "columns unfold to no more than they may");
        assert_eq!(head.moments().len(), head.utc_ms().len());
        let within = head.boots().all(|(_, from, until)| from < until && until <= head.utc_ms().len());
        assert!(within, "boots lie within the ticks");
        for series in (0..12).map(SeriesIx) {
            assert!(head.having(series).all(|(from, until)| from <= until && until <= head.utc_ms().len()));
        }
        // Leaves that are not of this head give an error or nonsense, never a panic.
        let leaf = bytes;
        let _whether = head.ticks(&vec![leaf; (head.leaves() as usize).min(64)]);
    },
};

/// Made once: it is the leaf that is knocked with.
static HEAD_OF_TICKS: OnceLock<Head> = OnceLock::new();

pub(super) const LEAF: Door = Door {
    name: "codec.columns.leaf",
    good: || Columns::encode(&ticks()).map(|columns| columns.leaves).unwrap_or_default(),
    knock: |bytes| {
        let head = HEAD_OF_TICKS.get_or_init(|| {
            let columns = Columns::encode(&ticks()).expect("good ticks can be laid out");
            Head::read(&columns.head).expect("what was written can be read")
        });
        for series in (0..9).map(SeriesIx) {
            let expected = head.having(series).map(|(from, until)| until - from).sum::<usize>();
            if let Ok(values) = head.column(series, bytes) {
                assert_eq!(values.len(), expected, "a column has a value for each tick that has one");
            }
        }
    },
};

pub(super) const SHORT: Door = Door {
    name: "codec.columns.short",
    good: || {
        let mut writer = Writer::default();
        writer.column((0..40).map(|at| at * 3));
        writer.column([7; 20]);
        vec![writer.finish()]
    },
    knock: |bytes| {
        let mut reader = Reader::new(bytes);
        assert_eq!(reader.column(40).len(), 40);
        assert_eq!(reader.column(20).len(), 20);
    },
};

pub(super) const SHEET: Door = Door {
    name: "rollup.sheet",
    good: || {
        let mut fold = Fold::new(Hour::of(vigie_model::UtcMs(T0_MS)));
        for tick in ticks() {
            fold.add(tick.at.utc, &tick, |_| Some(Shape::of(&def())));
        }
        let piece = fold.finish().expect("there are ticks");
        [Window::Hour, Window::Minute].iter().flat_map(|window| piece.sheets(*window)).map(|(_, bytes)| bytes).collect()
    },
    knock: |bytes| {
        if let Ok(sheet) = Sheet::read(bytes) {
            for series in (0..9).map(SeriesIx) {
                let Ok((cells, sketch)) = sheet.series(series) else { continue };
                for (_, cell) in &cells {
                    let _number = (cell.sum(Resolution::HUNDREDTH), cell.mean(Resolution::HUNDREDTH));
                }
                let _quantile = sketch.map(|sketch| sketch.quantile(0.5));
            }
        }
        if let Ok(piece) = Piece::of_sheets([bytes]) {
            // By bytes, for what was invented may hold a NaN as its sum.
            let again: Vec<_> = piece.sheets(Window::Hour).into_iter().map(|(_, bytes)| bytes).collect();
            let read = Piece::of_sheets(again.iter().map(Vec::as_slice)).expect("what was written can be read");
            let once_more: Vec<_> = read.sheets(Window::Hour).into_iter().map(|(_, bytes)| bytes).collect();
            assert_eq!(again, once_more, "what was read is written as it was");
        }
    },
};
