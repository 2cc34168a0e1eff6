//! One push on its way into the book: which samples are new, and which ticks do they make?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vigie_formats::{ForeignSample, NAME};
use vigie_model::steps::{STEPS, fitting};
use vigie_model::{Incarnation, Sample, SeriesDef, SeriesIx, StreamId, Tick, pushed_name};
use vigie_sync::keep::Write;

use crate::book::{Awaited, Book, Known, Noted};
use crate::line::Line;
use crate::register::{Place, Spot};

/// The farthest moment that is taken in, before and after 1970: what a calendar of programs can show.
const FARTHEST_MS: u64 = 8_640_000_000_000_000;

/// One push on its way into the book.
#[expect(missing_debug_implementations, reason = "what gives incarnations has no shape")]
pub struct Entry<'b> {
    book: &'b mut Book,
    place: Place,
    fresh: &'b mut dyn FnMut() -> Option<Incarnation>,
    defined: BTreeMap<usize, (u32, Vec<SeriesDef>)>,
    said: Vec<Said>,
    duplicates: u64,
    awaited: Awaited,
    refused: u64,
}

/// A sample that is not known yet.
#[derive(Debug, Clone, Copy)]
struct Said {
    at_ms: i64,
    /// The number of its series.
    no: u32,
    spot: Spot,
    kept: i64,
}

impl<'b> Entry<'b> {
    pub(crate) fn new(book: &'b mut Book, place: Place, fresh: &'b mut dyn FnMut() -> Option<Incarnation>) -> Self {
        let (defined, said) = (BTreeMap::new(), Vec::new());
        let awaited = Awaited { edition: book.edition, ticks: BTreeSet::new() };
        Self { book, place, fresh, defined, said, duplicates: 0, awaited, refused: 0 }
    }

    /// Writes down some samples of one series, whose labels are sorted and have a name.
    pub fn series(&mut self, labels: &[(&str, &str)], samples: &[ForeignSample]) {
        let Some((_, first)) = samples.first() else { return };
        let Some(no) = self.find_or_enter(labels, *first) else {
            self.refused += samples.len() as u64;
            return;
        };
        for (at_ms, value) in samples {
            if at_ms.unsigned_abs() > FARTHEST_MS {
                self.refused += 1;
            } else if self.is_known(no, *at_ms) {
                // Of two values at one moment the first stands, as in Prometheus.
                self.duplicates += 1;
            } else if let Some((spot, kept)) = self.spot(no, labels, *value) {
                self.said.push(Said { at_ms: *at_ms, no, spot, kept });
            } else {
                self.refused += 1;
            }
        }
    }

    /// Whether a series has a value at a moment, durable or on its way: that one is waited for.
    fn is_known(&mut self, no: u32, at_ms: i64) -> bool {
        let known = self.book.knows(no, at_ms);
        if let Known::OnTheWay(line, tick) = known {
            self.awaited.ticks.insert((line, tick));
        }
        known != Known::New
    }

    /// The series of these labels; a new one is defined in the step of its first value.
    fn find_or_enter(&mut self, labels: &[(&str, &str)], first: f64) -> Option<u32> {
        if let Some(no) = self.book.register.find(&self.place, labels) {
            return Some(no);
        }
        if self.book.register.series_of(&self.place) >= self.book.limits.series_per_place {
            return None;
        }
        let (step, _) = fitting(first, 0);
        let open = self.book.register.open_line(&self.place).filter(|at| self.book.lines[*at].has_room());
        let spot = self.define(open, labels, step)?;
        Some(self.book.register.enter(&self.place, labels, step, spot))
    }

    /// Where the next value of a series stands, and as what.
    fn spot(&mut self, no: u32, labels: &[(&str, &str)], value: f64) -> Option<(Spot, i64)> {
        let (step, kept, known) = self.book.register.fit(no, value);
        let spot = match known {
            Some(spot) => spot,
            None => {
                // Beside its other values, so that they go on in the same ticks.
                let own = Some(self.book.register.line_of(no)).filter(|at| self.book.lines[*at].has_room_beside());
                let open = self.book.register.open_line(&self.place).filter(|at| self.book.lines[*at].has_room());
                let spot = self.define(own.or(open), labels, step)?;
                self.book.register.add(no, step, spot);
                spot
            }
        };
        self.book.register.stands(no, value, step);
        Some((spot, kept))
    }

    /// Defines a series of these labels in a step, in a line that has room or else in a new one.
    fn define(&mut self, line: Option<usize>, labels: &[(&str, &str)], step: usize) -> Option<Spot> {
        let name = labels.iter().find(|(name, _)| *name == NAME)?.1;
        let own: Vec<(&str, &str)> = labels.iter().filter(|(name, _)| *name != NAME).copied().collect();
        let def = SeriesDef::foreign(name, &own).and_then(|def| def.kept_in(STEPS[step])).ok()?;
        let at = match line {
            Some(at) => at,
            None => self.begin_line()?,
        };
        let ix = self.book.lines[at].define(&def);
        self.defined.entry(at).or_insert_with(|| (ix, Vec::new())).1.push(def);
        Some(Spot { line: at as u32, ix })
    }

    fn begin_line(&mut self) -> Option<usize> {
        let stream = StreamId { agent: self.book.node, incarnation: (self.fresh)()? };
        self.book.lines.push(Line::new(stream, pushed_name(&self.place.0, &self.place.1)));
        let at = self.book.lines.len() - 1;
        self.book.register.set_open_line(&self.place, at);
        Some(at)
    }

    /// All of the push, numbered; behind what was left undone, which stands before it.
    pub fn finish(mut self) -> Noted {
        let (mut writes, mut outcome) = self.book.again();
        self.put_in_order();
        let samples = self.said.len() as u64;
        let mut ticks = self.number();
        let touched: BTreeSet<usize> = self.defined.keys().chain(ticks.keys()).copied().collect();
        for at in touched {
            let Book { lines, key, .. } = &mut *self.book;
            let line = &mut lines[at];
            writes.extend(line.introduction(key));
            if let Some((from, defs)) = self.defined.remove(&at) {
                writes.push(Write::Schema { stream: line.stream, from, defs });
            }
            let Some(ticks) = ticks.remove(&at) else { continue };
            let segments = line.take(&ticks, key);
            outcome.sealed.extend((!segments.is_empty()).then_some(at));
            writes.extend(segments.into_iter().map(Write::Segment));
            let loose: Vec<Arc<Tick>> = ticks.iter().filter(|tick| line.is_loose(tick.seq)).cloned().collect();
            if !loose.is_empty() {
                writes.push(Write::Ticks { stream: line.stream, ticks: loose });
            }
            writes.push(Write::Tally { stream: line.stream, tally: line.tally() });
            outcome.ticks.push((at, ticks));
        }
        self.book.waiting += samples as usize;
        let Self { duplicates, awaited, refused, .. } = self;
        Noted { writes, outcome, samples, duplicates, awaited, refused }
    }

    /// By moment; of two values of a series at one moment the first stands.
    fn put_in_order(&mut self) {
        self.said.sort_by_key(|said| (said.at_ms, said.no));
        let said = self.said.len();
        self.said.dedup_by_key(|said| (said.at_ms, said.no));
        self.duplicates += (said - self.said.len()) as u64;
    }

    /// What was said at one moment in one line is one tick.
    fn number(&mut self) -> BTreeMap<usize, Vec<Arc<Tick>>> {
        let mut ticks: BTreeMap<usize, Vec<Arc<Tick>>> = BTreeMap::new();
        for of_moment in self.said.chunk_by_mut(|one, next| one.at_ms == next.at_ms) {
            of_moment.sort_unstable_by_key(|said| (said.spot.line, said.spot.ix));
            for of_line in of_moment.chunk_by(|one, next| one.spot.line == next.spot.line) {
                // A run that was grouped is never empty.
                let Some(Said { at_ms, spot, .. }) = of_line.first() else { continue };
                let sample = |said: &Said| Sample { series: SeriesIx(said.spot.ix), value: said.kept };
                let line = spot.line as usize;
                let tick = self.book.lines[line].number(*at_ms, of_line.iter().map(sample).collect());
                ticks.entry(line).or_default().push(tick);
            }
        }
        ticks
    }
}
