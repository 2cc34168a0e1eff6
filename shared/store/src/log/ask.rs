//! What did some series of a stream measure between two times, column by column?

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use vigie_codec::columns::{self, Head};
use vigie_merge::RangeSet;
use vigie_model::{Anchor, SeriesIx, StreamId, Tick, UtcMs};

use super::Log;
use super::columns::{Laid, LaidShelves, Leaves};
use super::loss::Loss;
use super::packed::Packed;
use super::query::{Place, resolve};
use super::shelf::{Shelf, at};
use crate::errors::{ReadError, Trouble};

mod newest;

pub use newest::Moments;
use newest::Newest;

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
    /// the order asked, piece by piece in the order of ticks, until it says that it is enough. Whoever is handed them may
    /// take them.
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
        each: impl FnMut(&mut [Column]) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        self.columns_at(stream, series, from, to, None, each)
    }

    /// As [`Log::columns_between`]; where only the newest sample at or before each of some moments is wanted, older ones
    /// may be left out.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn columns_at(
        &self,
        stream: StreamId,
        series: &[SeriesIx],
        from: UtcMs,
        to: UtcMs,
        moments: Option<Moments>,
        mut each: impl FnMut(&mut [Column]) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let Some(facts) = self.streams.get(&stream) else { return Ok(()) };
        let mut columns = vec![Column::default(); series.len()];
        self.walk(stream, from, to, |place| {
            match place {
                Place::Tick(tick) => take_tick(tick, series, &facts.anchors, (from, to), &mut columns),
                Place::Columns(first) => {
                    let (anchors, present) = (&facts.anchors, &facts.present);
                    let wanted = Wanted { stream, series, from, to, moments, anchors, present };
                    if let Some(Laid::Damaged) = wanted.read(self, first, &mut columns)? {
                        self.note(Loss::row(stream, Shelf::Columns, at(stream, first).to_vec()));
                    }
                }
                Place::Rest => {}
            }
            if matches!(place, Place::Tick(_)) || columns.iter().all(|column| column.times_ms.is_empty()) {
                return Ok(ControlFlow::Continue(()));
            }
            let enough = each(&mut columns);
            for column in &mut columns {
                column.times_ms.clear();
                column.values.clear();
            }
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

/// A column that is not here yet: where it is, of which series, and where it goes.
type Lacking<'a> = (columns::Place, SeriesIx, &'a mut Option<Arc<Packed>>);

/// What is asked of columns.
struct Wanted<'a> {
    stream: StreamId,
    series: &'a [SeriesIx],
    from: UtcMs,
    to: UtcMs,
    moments: Option<Moments>,
    anchors: &'a BTreeMap<u32, Anchor>,
    present: &'a RangeSet,
}

impl Wanted<'_> {
    /// Adds what the columns that begin with a number hold of it; nothing if they are damaged.
    fn read(&self, log: &Log, first: u64, out: &mut [Column]) -> Result<Option<Laid<()>>, ReadError> {
        let mut found = log.hot.find(self.stream, first, self.series);
        let held = found.head.take();
        let head = match held.as_ref().filter(|head| self.is_answered(first, head, &found.columns)) {
            Some(head) => Arc::clone(head),
            None => {
                let fetch = |shelves: &LaidShelves| self.fetch(shelves, first, held, &mut found.columns);
                match log.reading_from(LaidShelves::open, fetch)? {
                    Some(Laid::Sound(head)) => {
                        let read = self.series.iter().zip(&found.columns);
                        let read = read.filter_map(|(series, column)| Some((*series, Arc::clone(column.as_ref()?))));
                        log.hot.keep(self.stream, first, &head, read);
                        head
                    }
                    Some(Laid::Damaged) => return Ok(Some(Laid::Damaged)),
                    None => return Ok(None),
                }
            }
        };
        let moved = self.true_times(&head);
        let times = moved.as_deref().unwrap_or_else(|| head.utc_ms());
        let rows = self.rows(first, times);
        let newest = self.moments.filter(|_| times.is_sorted()).map(|moments| Newest::of(&rows, times, moments));
        for ((series, column), out) in self.series.iter().zip(&found.columns).zip(out) {
            let Some(values) = column else { continue };
            let stretches = stretches(&head, *series, &rows);
            match &newest {
                Some(newest) => newest.take(&stretches.collect::<Vec<_>>(), times, values, out),
                None => take_all(stretches, times, values, out),
            }
        }
        Ok(Some(Laid::Sound(())))
    }

    /// Whether nothing is left to read for it.
    fn is_answered(&self, first: u64, head: &Head, columns: &[Option<Arc<Packed>>]) -> bool {
        let mut both = self.series.iter().zip(columns);
        both.all(|(series, column)| column.is_some() || head.place(*series).is_none()) || self.is_elsewhere(first, head)
    }

    /// Whether none of the ticks lies between the times.
    fn is_elsewhere(&self, first: u64, head: &Head) -> bool {
        let moved = self.true_times(head);
        self.rows(first, moved.as_deref().unwrap_or_else(|| head.utc_ms())).is_empty()
    }

    /// Reads the head, if it is not held, and those columns that are not here yet: each leaf once.
    fn fetch(
        &self,
        shelves: &LaidShelves,
        first: u64,
        held: Option<Arc<Head>>,
        columns: &mut [Option<Arc<Packed>>],
    ) -> Result<Option<Laid<Arc<Head>>>, Trouble> {
        let head = match held {
            Some(head) => head,
            None => match shelves.head(self.stream, first)? {
                Some(Laid::Sound(head)) => Arc::new(head),
                Some(Laid::Damaged) => return Ok(Some(Laid::Damaged)),
                None => return Ok(None),
            },
        };
        if self.is_elsewhere(first, &head) {
            return Ok(Some(Laid::Sound(head)));
        }
        let mut wanted: Vec<Lacking<'_>> = Vec::with_capacity(columns.len());
        for (series, column) in self.series.iter().zip(columns) {
            if let Some(place) = head.place(*series).filter(|_| column.is_none()) {
                wanted.push((place, *series, column));
            }
        }
        // Neighbours among the series asked for need not be neighbours on the disk.
        wanted.sort_by_key(|(place, ..)| (place.leaf, place.at));
        let (mut leaves, mut values) = (shelves.leaves(self.stream, first), Vec::new());
        for (place, series, column) in wanted {
            if !whole_column(&head, series, place, &mut leaves, &mut values)? {
                return Ok(Some(Laid::Damaged));
            }
            *column = Some(Arc::new(Packed::new(&values)));
        }
        Ok(Some(Laid::Sound(head)))
    }

    /// Most machines' clocks are right, and then the wall clock's column is the answer: nothing is given.
    fn true_times(&self, head: &Head) -> Option<Vec<i64>> {
        let mut times: Option<Vec<i64>> = None;
        for (begins, ends, from, to) in head.abreast() {
            let Some(anchor) = self.anchors.get(&begins.boot.no) else { continue };
            let is_believed = |at| anchor.resolve(at).is_none_or(|time| time == at.utc);
            // Between them the clocks are as far apart as at both ends.
            if is_believed(begins) && is_believed(ends) {
                continue;
            }
            let times = times.get_or_insert_with(|| head.utc_ms().to_vec());
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

/// Puts a column into `values`, from the leaf that it begins in and those that it goes on in; says whether all of them are sound.
fn whole_column(
    head: &Head,
    series: SeriesIx,
    place: columns::Place,
    leaves: &mut Leaves<'_>,
    values: &mut Vec<i64>,
) -> Result<bool, Trouble> {
    let Some(leaf) = leaves.read(place.leaf)? else { return Ok(false) };
    let on = place.goes_on_in(leaf);
    if on.is_empty() {
        return Ok(head.column_into(series, place.of_leaf(leaf), values).is_ok());
    }
    let mut bytes = place.of_leaf(leaf).to_vec();
    for at in on {
        let Some(leaf) = leaves.read(at)? else { return Ok(false) };
        bytes.extend_from_slice(leaf);
    }
    Ok(head.column_into(series, &bytes, values).is_ok())
}

/// Wanted ticks that have a series: their places, from and up to but not including, and the place of the first's value.
fn stretches(head: &Head, ix: SeriesIx, rows: &[(usize, usize)]) -> impl Iterator<Item = (usize, usize, usize)> {
    let mut before = 0;
    head.having(ix).flat_map(move |(from, to)| {
        let values = before;
        before += to - from;
        let begins = rows.partition_point(|(_, end)| *end <= from);
        let touching = rows[begins..].iter().take_while(move |(begin, _)| *begin < to);
        touching.map(move |(begin, end)| (*begin.max(&from), *end.min(&to), values + begin.max(&from) - from))
    })
}

fn take_all(stretches: impl Iterator<Item = (usize, usize, usize)>, times: &[i64], values: &Packed, out: &mut Column) {
    for (from, to, value) in stretches {
        out.times_ms.extend_from_slice(&times[from..to]);
        values.append(value, value + (to - from), &mut out.values);
    }
}

#[cfg(test)]
mod tests;
