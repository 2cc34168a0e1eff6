//! Which series of which stream is it, which tick does it stand in, and was it said before?

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use vigie_codec::SigningKey;
use vigie_codec::segment::HeaderHash;
use vigie_formats::{ForeignSample, NAME};
use vigie_model::{Incarnation, NodeId, Sample, SeriesDef, SeriesIx, Slug, StreamId, Tick, pushed_name};
use vigie_sync::keep::Write;

use crate::line::Line;

/// For whom something is pushed.
pub(crate) type Place = (Slug, Slug);

/// The farthest moment that is taken in, before and after 1970: what a calendar of programs can show.
const FARTHEST_MS: u64 = 8_640_000_000_000_000;

/// How much is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Series of one place. Each costs some hundred bytes of memory.
    pub series_per_place: usize,
    /// Samples that a store in trouble has left undone, and that wait in memory; above it nothing more is numbered.
    pub samples_undone: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { series_per_place: 1_000_000, samples_undone: 1_000_000 }
    }
}

/// What was pushed, as writes that make it durable.
#[derive(Debug)]
pub struct Noted {
    /// In this order, in one commit.
    pub writes: Vec<Write>,
    /// To be told back to [`Book::done`] or [`Book::undone`].
    pub outcome: Outcome,
    /// Samples in the writes.
    pub samples: u64,
    /// Samples of moments of which their series has a value already, the same or another: the first stands.
    pub duplicates: u64,
    /// Samples of series beyond the limit, of series that can not be declared, or of impossible moments.
    pub refused: u64,
}

/// What will be known when the writes are durable.
#[derive(Debug, Default)]
pub struct Outcome {
    ticks: Vec<(usize, Vec<Arc<Tick>>)>,
    sealed: Vec<(usize, u64, HeaderHash)>,
}

/// The moment of the newest sample of a series that has none.
const NONE_MS: i64 = i64::MIN;

/// Where a series stands.
#[derive(Debug, Clone, Copy)]
struct Spot {
    line: u32,
    ix: u32,
}

#[derive(Debug)]
struct Desk {
    series: HashMap<[u8; 16], Spot>,
    /// The line that takes new series.
    open: Option<usize>,
}

/// All that was pushed to this node.
#[derive(Debug)]
pub struct Book {
    node: NodeId,
    key: SigningKey,
    limits: Limits,
    desks: HashMap<Place, Desk>,
    lines: Vec<Line>,
    /// When the newest sample of each series was, by its line.
    lasts: Vec<Vec<i64>>,
    /// What a store in trouble left undone, in order: it is tried again before anything else.
    undone: Vec<(Vec<Write>, Outcome)>,
    undone_samples: usize,
}

/// One push on its way into the book.
#[expect(missing_debug_implementations, reason = "what gives incarnations has no shape")]
pub struct Entry<'b> {
    book: &'b mut Book,
    place: Place,
    fresh: &'b mut dyn FnMut() -> Option<Incarnation>,
    defined: BTreeMap<usize, (u32, Vec<SeriesDef>)>,
    ticks: BTreeMap<(usize, i64), Vec<Sample>>,
    duplicates: u64,
    refused: u64,
}

impl Book {
    /// An empty book of a node, whose key signs for what it takes in.
    pub fn new(node: NodeId, key: SigningKey, limits: Limits) -> Self {
        let (desks, lines, lasts) = (HashMap::new(), Vec::new(), Vec::new());
        Self { node, key, limits, desks, lines, lasts, undone: Vec::new(), undone_samples: 0 }
    }

    /// Takes over a stream that the store holds; see [`Line::resume`].
    pub fn know(&mut self, place: &Place, line: Line, defs: &[SeriesDef]) {
        let at = self.lines.len();
        let open = line.has_room();
        let desk = desk(&mut self.desks, place);
        for (ix, def) in (0u32..).zip(defs) {
            let labels = def.labels().iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let mut all: Vec<(&str, &str)> = labels.chain([(NAME, def.name())]).collect();
            all.sort_unstable();
            desk.series.insert(fingerprint(&all), Spot { line: at as u32, ix });
        }
        if open {
            desk.open = Some(at);
        }
        self.lines.push(line);
        self.lasts.push(vec![NONE_MS; defs.len()]);
    }

    /// Begins to write down a push for a place. `fresh` gives the incarnation of a new stream: a random one, or none when
    /// there is no chance to be had, and then new series are refused.
    pub fn entry<'b>(&'b mut self, place: Place, fresh: &'b mut dyn FnMut() -> Option<Incarnation>) -> Entry<'b> {
        Entry { book: self, place, fresh, defined: BTreeMap::new(), ticks: BTreeMap::new(), duplicates: 0, refused: 0 }
    }

    /// Whether so much is undone that nothing more may be numbered.
    pub fn is_full(&self) -> bool {
        self.undone_samples >= self.limits.samples_undone
    }

    /// What was left undone, and segments that are due; nothing when there is nothing to do.
    pub fn due(&mut self, now_ms: u64, closing: bool) -> Option<(Vec<Write>, Outcome)> {
        let (mut writes, mut outcome) = self.again();
        for (at, line) in self.lines.iter_mut().enumerate() {
            for segment in line.seal(&self.key, now_ms, closing) {
                outcome.sealed.push((at, segment.header().last.0, segment.header().hash()));
                writes.push(Write::Segment(segment.clone()));
            }
        }
        (!writes.is_empty()).then_some((writes, outcome))
    }

    /// The writes of an outcome are durable.
    pub fn done(&mut self, outcome: Outcome, now_ms: u64) {
        for (line, ticks) in outcome.ticks {
            let lasts = &mut self.lasts[line];
            for tick in &ticks {
                for sample in &tick.samples {
                    let last_ms = &mut lasts[sample.series.0 as usize];
                    *last_ms = tick.at.utc.0.max(*last_ms);
                }
            }
            self.lines[line].kept(ticks, now_ms);
        }
        for (line, last, head) in outcome.sealed {
            self.lines[line].sealed(last, head, now_ms);
        }
    }

    /// The writes of an outcome may not be durable: they are tried again as they were, because their numbers are given.
    pub fn undone(&mut self, writes: Vec<Write>, outcome: Outcome) {
        // Segments are remembered by their lines.
        let writes: Vec<Write> = writes.into_iter().filter(|write| !matches!(write, Write::Segment(_))).collect();
        let outcome = Outcome { sealed: Vec::new(), ..outcome };
        self.undone_samples += outcome.samples();
        if !writes.is_empty() {
            self.undone.push((writes, outcome));
        }
    }

    /// Takes what was left undone, to be tried again.
    fn again(&mut self) -> (Vec<Write>, Outcome) {
        let (mut writes, mut outcome) = (Vec::new(), Outcome::default());
        for (some, one) in self.undone.drain(..) {
            writes.extend(some);
            outcome.ticks.extend(one.ticks);
        }
        self.undone_samples = 0;
        (writes, outcome)
    }
}

impl Entry<'_> {
    /// Writes down some samples of one series, whose labels are sorted and have a name.
    pub fn series(&mut self, labels: &[(&str, &str)], samples: &[ForeignSample]) {
        let Some(Spot { line, ix }) = self.spot(labels) else {
            self.refused += samples.len() as u64;
            return;
        };
        let last_ms = self.book.lasts[line as usize][ix as usize];
        for (at_ms, value) in samples {
            let bits = value.to_bits().cast_signed();
            if at_ms.unsigned_abs() > FARTHEST_MS {
                self.refused += 1;
            } else if last_ms == *at_ms || self.is_recent((line, ix), *at_ms) {
                // Of two values at one moment the first stands, as in Prometheus.
                self.duplicates += 1;
            } else {
                let tick = self.ticks.entry((line as usize, *at_ms)).or_default();
                tick.push(Sample { series: SeriesIx(ix), value: bits });
            }
        }
    }

    fn is_recent(&self, (line, ix): (u32, u32), at_ms: i64) -> bool {
        self.book.lines[line as usize].recent.has(SeriesIx(ix), at_ms)
    }

    fn spot(&mut self, labels: &[(&str, &str)]) -> Option<Spot> {
        let fingerprint = fingerprint(labels);
        let Book { desks, lines, lasts, limits, node, .. } = &mut *self.book;
        let desk = desk(desks, &self.place);
        if let Some(spot) = desk.series.get(&fingerprint) {
            return Some(*spot);
        }
        if desk.series.len() >= limits.series_per_place {
            return None;
        }
        let name = labels.iter().find(|(name, _)| *name == NAME)?.1;
        let own: Vec<(&str, &str)> = labels.iter().filter(|(name, _)| *name != NAME).copied().collect();
        let def = SeriesDef::foreign(name, &own).ok()?;
        let at = match desk.open.filter(|at| lines[*at].has_room()) {
            Some(at) => at,
            None => {
                let stream = StreamId { agent: *node, incarnation: (self.fresh)()? };
                lines.push(Line::new(stream, pushed_name(&self.place.0, &self.place.1)));
                lasts.push(Vec::new());
                *desk.open.insert(lines.len() - 1)
            }
        };
        let ix = lines[at].define(&def);
        lasts[at].push(NONE_MS);
        self.defined.entry(at).or_insert_with(|| (ix, Vec::new())).1.push(def);
        let spot = Spot { line: at as u32, ix };
        desk.series.insert(fingerprint, spot);
        Some(spot)
    }

    /// All of the push, numbered; behind what was left undone, which stands before it.
    pub fn finish(mut self) -> Noted {
        let (mut writes, mut outcome) = self.book.again();
        let mut ticks: BTreeMap<usize, Vec<Arc<Tick>>> = BTreeMap::new();
        let mut taken = 0;
        for ((line, at_ms), mut samples) in std::mem::take(&mut self.ticks) {
            let said = samples.len();
            // Of two values at one moment the first stands.
            samples.sort_by_key(|sample| sample.series);
            samples.dedup_by_key(|sample| sample.series);
            self.duplicates += (said - samples.len()) as u64;
            taken += samples.len() as u64;
            ticks.entry(line).or_default().push(self.book.lines[line].number(at_ms, samples));
        }
        let touched = self.defined.keys().chain(ticks.keys()).copied().collect::<std::collections::BTreeSet<_>>();
        for at in touched {
            let line = &self.book.lines[at];
            writes.extend(line.introduction(&self.book.key));
            if let Some((from, defs)) = self.defined.remove(&at) {
                writes.push(Write::Schema { stream: line.stream, from, defs });
            }
            if let Some(ticks) = ticks.remove(&at) {
                writes.push(Write::Ticks { stream: line.stream, ticks: ticks.clone() });
                writes.push(Write::Tally { stream: line.stream, tally: line.tally() });
                outcome.ticks.push((at, ticks));
            }
        }
        Noted { writes, outcome, samples: taken, duplicates: self.duplicates, refused: self.refused }
    }
}

impl Outcome {
    fn samples(&self) -> usize {
        self.ticks.iter().flat_map(|(_, ticks)| ticks).map(|tick| tick.samples.len()).sum()
    }
}

fn desk<'d>(desks: &'d mut HashMap<Place, Desk>, place: &Place) -> &'d mut Desk {
    if !desks.contains_key(place) {
        desks.insert(place.clone(), Desk { series: HashMap::new(), open: None });
    }
    desks.get_mut(place).expect("inserted above")
}

/// Half of BLAKE3 over the labels, each with its length before it: nobody finds two series with the same.
fn fingerprint(labels: &[(&str, &str)]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for (name, value) in labels {
        hasher.update(&(name.len() as u32).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update(&(value.len() as u32).to_le_bytes());
        hasher.update(value.as_bytes());
    }
    let mut half = [0; 16];
    hasher.finalize_xof().fill(&mut half);
    half
}
