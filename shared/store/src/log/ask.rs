//! What did some series of a stream measure between two times, column by column?

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use vigie_codec::columns::Head;
use vigie_merge::RangeSet;
use vigie_model::{Anchor, SeriesIx, StreamId, Tick, UtcMs};

use super::Log;
use super::columns::Laid;
use super::load::Shelves;
use super::loss::Loss;
use super::query::{Place, resolve};
use super::shelf::{Shelf, at};
use crate::errors::{ReadError, Trouble};

/// Samples of one series, in the order of ticks: their times rise unless the machine's clock was set back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    /// True times as far as they are known, in ms since 1970 UTC.
    pub times_ms: Vec<i64>,
    /// The values in steps of the series' resolution, one for each time.
    pub values: Vec<i64>,
}

impl Column {
    fn push(&mut self, at_ms: i64, value: i64) {
        self.times_ms.push(at_ms);
        self.values.push(value);
    }
}

impl Log {
    /// Hands what some series measured between two times, both included, to `each`: one column for each series asked, in
    /// the order asked, piece by piece in the order of ticks, until it says that it is enough.
    ///
    /// Of what is laid out by series only these are read.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn columns_between(
        &self,
        stream: StreamId,
        series: &[SeriesIx],
        from: UtcMs,
        to: UtcMs,
        mut each: impl FnMut(&[Column]) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let Some(facts) = self.streams.get(&stream) else { return Ok(()) };
        let empty = vec![Column::default(); series.len()];
        let mut columns = empty.clone();
        self.walk(stream, from, to, |place| {
            match place {
                Place::Tick(tick) => take_tick(tick, series, &facts.anchors, (from, to), &mut columns),
                Place::Columns(first) => {
                    let wanted = Wanted { stream, series, from, to, anchors: &facts.anchors, present: &facts.present };
                    let read = self.reading(|shelves| wanted.read(shelves, first, &mut columns))?;
                    if let Some(Laid::Damaged) = read {
                        self.note(Loss::row(stream, Shelf::Columns, at(stream, first).to_vec()));
                    }
                }
                Place::Rest => {}
            }
            if matches!(place, Place::Tick(_)) || columns.iter().all(|column| column.times_ms.is_empty()) {
                return Ok(ControlFlow::Continue(()));
            }
            let enough = each(&columns);
            columns.clone_from(&empty);
            Ok(enough)
        })
    }
}

fn take_tick(
    tick: &Tick,
    series: &[SeriesIx],
    anchors: &BTreeMap<u32, Anchor>,
    (from, to): (UtcMs, UtcMs),
    columns: &mut [Column],
) {
    let at = resolve(anchors, tick.at);
    if at < from || to < at {
        return;
    }
    for (ix, column) in series.iter().zip(columns) {
        if let Some(value) = tick.value(*ix) {
            column.push(at.0, value);
        }
    }
}

/// What is asked of columns.
struct Wanted<'a> {
    stream: StreamId,
    series: &'a [SeriesIx],
    from: UtcMs,
    to: UtcMs,
    anchors: &'a BTreeMap<u32, Anchor>,
    present: &'a RangeSet,
}

impl Wanted<'_> {
    /// Adds what the columns that begin with a number hold of it; nothing if they are damaged.
    fn read(&self, shelves: &Shelves, first: u64, out: &mut [Column]) -> Result<Option<Laid<()>>, Trouble> {
        let head = match shelves.head(self.stream, first)? {
            Some(Laid::Sound(head)) => head,
            Some(Laid::Damaged) => return Ok(Some(Laid::Damaged)),
            None => return Ok(None),
        };
        let times = self.true_times(&head);
        let rows = self.rows(first, &times);
        let mut found: Vec<Column> = Vec::with_capacity(out.len());
        for ix in self.series {
            let mut column = Column::default();
            if let Some(place) = head.place(*ix).filter(|_| !rows.is_empty()) {
                let values = |leaf: &[u8]| head.column(*ix, leaf).ok();
                match shelves.leaf(self.stream, first, place.leaf, values)? {
                    Laid::Sound(values) => select(&head, *ix, &rows, &times, &values, &mut column),
                    Laid::Damaged => return Ok(Some(Laid::Damaged)),
                }
            }
            found.push(column);
        }
        for (column, mut found) in out.iter_mut().zip(found) {
            column.times_ms.append(&mut found.times_ms);
            column.values.append(&mut found.values);
        }
        Ok(Some(Laid::Sound(())))
    }

    /// Most machines' clocks are right, and then the wall clock's column is the answer.
    fn true_times(&self, head: &Head) -> Vec<i64> {
        let mut times = head.utc_ms().to_vec();
        for (boot_no, from, to) in head.boots() {
            let Some(anchor) = self.anchors.get(&boot_no) else { continue };
            let moments = head.moments().skip(from).zip(&mut times[from..to]);
            moments.for_each(|(at, time)| *time = anchor.resolve(at).map_or(*time, |at| at.0));
        }
        times
    }

    /// Which ticks lie between the times and have not been forgotten, as runs of their places.
    fn rows(&self, first: u64, times: &[i64]) -> Vec<(usize, usize)> {
        let inside = |from: usize, to: usize| {
            let numbers = self.present.within(first + from as u64, first + to as u64 - 1);
            numbers.ranges().map(|(a, b)| ((a - first) as usize, (b - first) as usize + 1)).collect::<Vec<_>>()
        };
        if times.is_sorted() {
            let from = times.partition_point(|at| *at < self.from.0);
            let to = times.partition_point(|at| *at <= self.to.0);
            return if from < to { inside(from, to) } else { Vec::new() };
        }
        let between = |at: &i64| self.from.0 <= *at && *at <= self.to.0;
        let mut next = 0;
        let runs = times.chunk_by(|a, b| between(a) == between(b)).map(|run| {
            let from = next;
            next += run.len();
            (between(&run[0]), from, next)
        });
        runs.filter(|(wanted, ..)| *wanted).flat_map(|(_, from, to)| inside(from, to)).collect()
    }
}

/// Takes the wanted ticks of those that have a series.
fn select(head: &Head, ix: SeriesIx, rows: &[(usize, usize)], times: &[i64], values: &[i64], column: &mut Column) {
    let (mut before, mut rows) = (0, rows.iter().copied().peekable());
    for (from, to) in head.having(ix) {
        while let Some((a, b)) = rows.peek().copied().filter(|(a, _)| *a < to) {
            let (low, high) = (a.max(from), b.min(to));
            if low < high {
                column.times_ms.extend_from_slice(&times[low..high]);
                column.values.extend_from_slice(&values[before + low - from..before + high - from]);
            }
            if b > to {
                break;
            }
            rows.next();
        }
        before += to - from;
    }
}
