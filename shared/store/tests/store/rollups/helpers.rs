//! A store of one machine, and what its hours should be.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::rc::Rc;

use vigie_merge::RangeSet;
use vigie_model::{Kind, Resolution, SeriesDef, SeriesIx, UtcMs};
use vigie_rollup::{Fold, HOUR_MS, Piece, Shape, Window};
use vigie_store::fault::FaultDisk;
use vigie_store::{Log, Rolled, Write};

use crate::common::*;

/// Long after all that is measured here.
pub(crate) const LATER: UtcMs = UtcMs(T0 + 10_000 * HOUR_MS);

/// What the hours of a machine should be, each worked out once: a test that looks at two hundred stores with the same ticks
/// in them would otherwise do nothing else.
pub(crate) struct Expected<'m> {
    machine: &'m Machine,
    ahead_ms: i64,
    known: RefCell<HashMap<Folded, Rc<Piece>>>,
}

/// An hour, and the ticks that are in it.
type Folded = (i64, Vec<(u64, u64)>);

impl<'m> Expected<'m> {
    /// Of a machine whose clock was behind by so much.
    pub(crate) fn of(machine: &'m Machine, ahead_ms: i64) -> Self {
        Self { machine, ahead_ms, known: RefCell::default() }
    }

    /// The ticks that were folded; panics where a cell is not what they come down to, or a tick counts twice.
    pub(crate) fn covered_by(&self, log: &Log, window: Window) -> RangeSet {
        let mut covered = RangeSet::new();
        for rolled in all_rolled(log, self.machine, window) {
            assert!(covered.intersection(&rolled.covered).is_empty(), "a tick counts twice");
            covered.union_with(&rolled.covered);
            let piece = self.piece(&rolled);
            for (ix, (cells, sketch)) in rolled.cells.iter().zip(&rolled.sketches).enumerate() {
                let series = SeriesIx(ix as u32);
                assert_eq!(*cells, piece.cells(series, window), "{series:?} of {:?}", rolled.hour);
                assert_eq!(sketch.as_ref(), piece.sketch(series).filter(|_| window == Window::Hour));
            }
        }
        covered
    }

    fn piece(&self, rolled: &Rolled) -> Rc<Piece> {
        let key = (rolled.hour.count(), rolled.covered.ranges().collect());
        Rc::clone(self.known.borrow_mut().entry(key).or_insert_with(|| Rc::new(self.plainly(rolled))))
    }

    /// The ticks of an hour, folded again.
    fn plainly(&self, rolled: &Rolled) -> Piece {
        let mut fold = Fold::new(rolled.hour);
        for number in rolled.covered.ranges().flat_map(|(first, last)| first..=last) {
            let taken = fold.add(UtcMs(at(number).0 + self.ahead_ms), &self.machine.tick(number), shape);
            assert!(taken, "tick {number} is not of {:?}", rolled.hour);
        }
        fold.finish().expect("ticks")
    }
}

/// The ticks that were folded, the same into hours as into minutes.
pub(crate) fn rolled(log: &Log, machine: &Machine, ahead_ms: i64) -> RangeSet {
    let expected = Expected::of(machine, ahead_ms);
    let hours = expected.covered_by(log, Window::Hour);
    assert_eq!(hours, expected.covered_by(log, Window::Minute));
    hours
}

pub(crate) fn begin(disk: &FaultDisk, machine: &Machine) -> Log {
    let mut log = open(disk);
    keep(&mut log, vec![machine.hello(), defs(machine)]);
    log
}

/// The first is a running total.
pub(crate) fn defs(machine: &Machine) -> Write {
    let mut defs: Vec<SeriesDef> = (0..machine.series).map(def).collect();
    defs[0] = SeriesDef::new("test.total", &[], "1", Kind::Counter, Resolution::ONE).expect("a plain series");
    Write::Schema { stream: machine.stream, from: 0, defs }
}

fn shape(ix: SeriesIx) -> Option<Shape> {
    let total = ix.0 == 0;
    Some(Shape { exact: false, climbs: total, sketched: !total })
}

pub(crate) fn at(number: u64) -> UtcMs {
    UtcMs(T0 + number as i64 * 10_000)
}

pub(crate) fn sealed_by_hundreds(machine: &Machine, first: u64, last: u64) -> Vec<Write> {
    (first..=last).step_by(100).map(|from| machine.sealed(from, last.min(from + 99))).collect()
}

pub(crate) fn keep_if_new(log: &mut Log, machine: &Machine, first: u64, last: u64) {
    if !log.streams()[&machine.stream].have.contains(first) {
        keep(log, vec![machine.sealed(first, last)]);
    }
}

pub(crate) fn gathered(log: &Log, now: UtcMs) -> Vec<vigie_store::ToFold> {
    log.gather_folds(now, 8).unwrap_or_default()
}

/// Folds all there is to fold; says how often anything was put in its place.
pub(crate) fn fold_all(log: &mut Log, now: UtcMs) -> usize {
    let mut put = 0;
    for turn in 0.. {
        assert!(turn < 1_000, "it never ends");
        let folded: Vec<_> = gathered(log, now).into_iter().map(vigie_store::ToFold::fold).collect();
        if folded.is_empty() || log.put_folded(&folded).is_err() {
            break;
        }
        put += 1;
    }
    put
}

pub(crate) fn all_rolled(log: &Log, machine: &Machine, window: Window) -> Vec<Rolled> {
    ask(log, machine, window).expect("sound")
}

pub(crate) fn ask(log: &Log, machine: &Machine, window: Window) -> Result<Vec<Rolled>, vigie_store::ReadError> {
    let series: Vec<SeriesIx> = (0..machine.series).map(SeriesIx).collect();
    let mut all = Vec::new();
    log.rollups_between(machine.stream, &series, window, UtcMs(0), LATER, |rolled| {
        all.push(rolled.clone());
        ControlFlow::Continue(())
    })?;
    Ok(all)
}
