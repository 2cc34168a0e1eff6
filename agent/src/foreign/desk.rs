//! Which places of the stream does what was said go to, and in which step is it kept?
//!
//! A series is known by its name and labels. Its values are kept in the coarsest of [`vigie_model::steps`] that gives them
//! back bit for bit, for good while the agent runs.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use tokio::sync::oneshot;
use vigie_formats::{ForeignSample, ForeignSeries, NAME, STALE_NAN_BITS, label};
use vigie_model::steps::{EXACT, STEPS, fitting, is_number};
use vigie_model::{Moment, Sample, SeriesDef, SeriesIx, UtcMs};

use super::board::{Refusal, Taken};
use crate::collect::Schema;

/// How far behind the present a sample with a time of its own may be: senders try again for some minutes, and a time far
/// from those around it makes every reader of the stream look further.
const OLDEST_MS: i64 = 3_600_000;

/// How far ahead: they have the same clock. What bears a later time would make a silent machine look alive.
const NEWEST_MS: i64 = 10_000;

/// What a source said at one moment.
#[derive(Debug)]
pub(crate) struct Said {
    /// Which source; what one says is compared with what it said before.
    pub(crate) source: usize,
    pub(crate) at: Moment,
    /// Whether it is all the source has to say: what it said before and does not say now has ended.
    pub(crate) whole: bool,
    pub(crate) series: Vec<ForeignSeries>,
    /// Told what became of it.
    pub(crate) answer: Option<oneshot::Sender<Taken>>,
}

impl Said {
    pub(crate) fn samples(&self) -> usize {
        self.series.iter().map(|series| series.samples.len()).sum()
    }

    /// Tells whoever waits for it what became of it.
    pub(crate) fn answer(self, taken: Taken) {
        // Fails when nobody waits any more.
        let _told = self.answer.map(|answer| answer.send(taken));
    }
}

/// What will be one tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) at: Moment,
    /// Sorted by place, each once.
    pub(crate) samples: Vec<Sample>,
}

/// The places of all foreign series.
#[derive(Debug)]
pub(crate) struct Desk {
    cap: usize,
    hashing: RandomState,
    by_hash: HashMap<u64, u32>,
    series: Vec<Series>,
    /// What each source said last, sorted.
    there: HashMap<usize, Vec<u32>>,
}

#[derive(Debug)]
struct Series {
    /// Where its values of each step are.
    places: [Option<SeriesIx>; STEPS.len()],
    /// The finest step a number of it needed.
    step: usize,
    /// The moment of its last sample.
    last_ms: i64,
}

/// One sample that was found good: its moment, its series, its value.
type Kept = (i64, u32, f64);

impl Desk {
    /// The desk of an agent whose stream has these definitions already. At most `cap` series are known.
    pub(crate) fn new(cap: usize, schema: &Schema) -> Self {
        let (by_hash, series, there) = (HashMap::new(), Vec::new(), HashMap::new());
        let mut desk = Self { cap, hashing: RandomState::new(), by_hash, series, there };
        for (at, def) in schema.defs().iter().enumerate().filter(|(_, def)| def.is_foreign()) {
            desk.know(SeriesIx(u32::try_from(at).unwrap_or(u32::MAX)), def, schema);
        }
        desk
    }

    /// Series known.
    pub(crate) fn len(&self) -> usize {
        self.series.len()
    }

    /// Finds a place for everything that was said; what is new stands at the end of the schema afterwards.
    ///
    /// The readings come in the order of time. Times are kept to the second, as the machine's own are, unless that would
    /// put two samples of a series into one.
    pub(crate) fn take(&mut self, said: &Said, schema: &mut Schema) -> (Vec<Reading>, Taken) {
        let mut taken = Taken::default();
        let mut kept = self.sift(said, schema, &mut taken);
        // Stable: of two samples of one series and moment the first stays, as on a page.
        kept.sort_by_key(|(at_ms, no, _)| (*at_ms, *no));
        let before = kept.len();
        kept.dedup_by_key(|(at_ms, no, _)| (*at_ms, *no));
        taken.refuse(Refusal::Duplicate, before - kept.len());
        let ended = if said.whole { self.ended(said, &kept) } else { Vec::new() };
        let mut readings: Vec<Reading> =
            kept.chunk_by(|one, next| one.0 == next.0).map(|part| self.reading(said.at, part, schema)).collect();
        self.end(&ended, said.at, &mut readings, schema);
        readings.sort_by_key(|reading| reading.at.utc);
        taken.samples = readings.iter().map(|reading| reading.samples.len() as u64).sum();
        (readings, taken)
    }

    fn sift(&mut self, said: &Said, schema: &mut Schema, taken: &mut Taken) -> Vec<Kept> {
        let mut kept = Vec::with_capacity(said.samples());
        for series in &said.series {
            let timely: Vec<ForeignSample> =
                series.samples.iter().copied().filter(|(at_ms, _)| is_timely(*at_ms, said.at.utc)).collect();
            taken.refuse(Refusal::Untimely, series.samples.len() - timely.len());
            let Some((_, first)) = timely.first() else { continue };
            let Some(no) = self.find_or_declare(series, *first, schema) else {
                taken.refuse(Refusal::SeriesCap, timely.len());
                continue;
            };
            for (at_ms, value) in timely {
                kept.push((self.moment_of(no, at_ms, said.at.utc.0), no, value));
            }
        }
        kept
    }

    /// The second of a sample, or its very moment when its series has one of that second already.
    fn moment_of(&mut self, no: u32, at_ms: i64, now_ms: i64) -> i64 {
        let Some(series) = self.series.get_mut(no as usize) else { return at_ms };
        let second = at_ms - at_ms.rem_euclid(1_000);
        let moment = if second > series.last_ms && at_ms != now_ms { second } else { at_ms };
        series.last_ms = series.last_ms.max(moment);
        moment
    }

    /// What the source said before and does not say now.
    fn ended(&mut self, said: &Said, kept: &[Kept]) -> Vec<u32> {
        let now: Vec<u32> = kept.iter().filter(|(at_ms, ..)| *at_ms == said.at.utc.0).map(|(_, no, _)| *no).collect();
        let before = self.there.insert(said.source, now).unwrap_or_default();
        let now = self.there.get(&said.source).map_or(&[][..], Vec::as_slice);
        before.into_iter().filter(|no| now.binary_search(no).is_err()).collect()
    }

    fn reading(&mut self, at: Moment, part: &[Kept], schema: &mut Schema) -> Reading {
        let moment = part.first().map_or(at, |(at_ms, ..)| shifted(at, *at_ms));
        let mut samples: Vec<_> = part.iter().filter_map(|(_, no, value)| self.sample(*no, *value, schema)).collect();
        samples.sort_unstable_by_key(|sample| sample.series);
        Reading { at: moment, samples }
    }

    fn end(&mut self, ended: &[u32], at: Moment, readings: &mut Vec<Reading>, schema: &mut Schema) {
        let marks: Vec<_> =
            ended.iter().filter_map(|no| self.sample(*no, f64::from_bits(STALE_NAN_BITS), schema)).collect();
        if marks.is_empty() {
            return;
        }
        match readings.iter_mut().find(|reading| reading.at == at) {
            Some(reading) => {
                reading.samples.extend(marks);
                reading.samples.sort_unstable_by_key(|sample| sample.series);
            }
            None => readings.push(Reading { at, samples: marks }),
        }
    }

    /// The sample of a value, in the step its series has come to.
    fn sample(&mut self, no: u32, value: f64, schema: &mut Schema) -> Option<Sample> {
        let series = self.series.get_mut(no as usize)?;
        let (step, kept) = fitting(value, series.step);
        if is_number(value) {
            series.step = step;
        }
        let place = series.places[step].or_else(|| {
            let known = series.places.iter().flatten().next()?;
            let def = schema.def(*known)?.clone().kept_in(STEPS[step]).ok()?;
            schema.append_foreign(def)
        })?;
        series.places[step] = Some(place);
        Some(Sample { series: place, value: kept })
    }

    /// The series of these labels; a new one is declared in the step of its first value.
    fn find_or_declare(&mut self, said: &ForeignSeries, first: f64, schema: &mut Schema) -> Option<u32> {
        let others =
            || said.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).filter(|(key, _)| *key != NAME);
        let name = label(&said.labels, NAME)?;
        let is_it = |def: &SeriesDef| def.name() == name && has_labels(def, said);
        let key = match self.place(self.hash(name, others()), is_it, schema) {
            Ok(known) => return Some(known),
            Err(free) => free,
        };
        if self.series.len() >= self.cap {
            return None;
        }
        let (step, _) = fitting(first, 0);
        let labels: Vec<_> = others().collect();
        let def = SeriesDef::foreign(name, &labels).and_then(|def| def.kept_in(STEPS[step])).ok()?;
        let place = schema.append_foreign(def)?;
        Some(self.enter(key, step, place))
    }

    /// Enters a definition that the stream had before.
    fn know(&mut self, ix: SeriesIx, def: &SeriesDef, schema: &Schema) {
        let Some(step) = STEPS.iter().position(|step| *step == def.resolution()) else { return };
        let labels = def.labels().iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let is_it = |other: &SeriesDef| other.name() == def.name() && other.labels() == def.labels();
        let no = match self.place(self.hash(def.name(), labels), is_it, schema) {
            Ok(known) => known,
            Err(free) => self.enter(free, step, ix),
        };
        if let Some(series) = self.series.get_mut(no as usize) {
            series.places[step].get_or_insert(ix);
            // Whether the exact one holds numbers or only end marks is not known: the first fraction will tell again.
            if step != EXACT {
                series.step = series.step.max(step);
            }
        }
    }

    fn enter(&mut self, key: u64, step: usize, ix: SeriesIx) -> u32 {
        let no = u32::try_from(self.series.len()).unwrap_or(u32::MAX);
        let mut places = [None; STEPS.len()];
        places[step] = Some(ix);
        self.series.push(Series { places, step: 0, last_ms: i64::MIN });
        self.by_hash.insert(key, no);
        no
    }

    /// Where a series stands, or the free key at which it would be entered: two of one hash take neighbouring keys.
    fn place(&self, mut key: u64, is_it: impl Fn(&SeriesDef) -> bool, schema: &Schema) -> Result<u32, u64> {
        while let Some(no) = self.by_hash.get(&key) {
            let known = self.series.get(*no as usize).and_then(|series| series.places.iter().flatten().next());
            if known.and_then(|ix| schema.def(*ix)).is_some_and(&is_it) {
                return Ok(*no);
            }
            key = key.wrapping_add(1);
        }
        Err(key)
    }

    fn hash<'a>(&self, name: &str, labels: impl Iterator<Item = (&'a str, &'a str)>) -> u64 {
        self.hashing.hash_one((name, labels.collect::<Vec<_>>()))
    }
}

fn has_labels(def: &SeriesDef, said: &ForeignSeries) -> bool {
    def.labels().iter().eq(said.labels.iter().filter(|(key, _)| key != NAME))
}

fn is_timely(at_ms: i64, now: UtcMs) -> bool {
    (now.0.saturating_sub(OLDEST_MS)..=now.0.saturating_add(NEWEST_MS)).contains(&at_ms)
}

/// The moment of another time of the same boot, so that both clocks still mean the same.
fn shifted(at: Moment, utc_ms: i64) -> Moment {
    let mut moment = at;
    moment.boot.ms = at.boot.ms.saturating_add_signed(utc_ms.saturating_sub(at.utc.0));
    moment.utc = UtcMs(utc_ms);
    moment
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vigie_model::{Boot, Resolution};

    use super::*;

    const NOON: i64 = 1_795_219_200_000;

    #[test]
    fn what_vanishes_from_a_page_gets_an_end_mark_once() {
        let (mut desk, mut schema) = begin();
        say(&mut desk, &mut schema, 0, &[("a", 1.0), ("b", 2.0)]);
        let (readings, _) = say(&mut desk, &mut schema, 10, &[("a", 1.0)]);
        assert_eq!(values(&readings, &schema), [("a".to_owned(), 1.0f64.to_bits()), ("b".to_owned(), STALE_NAN_BITS)]);
        let (readings, _) = say(&mut desk, &mut schema, 20, &[("a", 1.0)]);
        assert_eq!(values(&readings, &schema), [("a".to_owned(), 1.0f64.to_bits())]);
        let (readings, _) = say(&mut desk, &mut schema, 30, &[("a", 1.0), ("b", 5.0)]);
        assert_eq!(values(&readings, &schema)[1], ("b".to_owned(), 5.0f64.to_bits()));
        assert_eq!(
            schema.defs().len(),
            3,
            "an end mark has a place of its own, and its series comes back to the first"
        );
    }

    #[test]
    fn a_fraction_moves_a_series_to_a_finer_step_under_the_same_labels() {
        let (mut desk, mut schema) = begin();
        for (at, value) in [7.0, 7.25, 8.0, 0.1 + 0.2, 9.0].into_iter().enumerate() {
            let (readings, _) = say(&mut desk, &mut schema, 10 * at as i64, &[("a", value)]);
            assert_eq!(values(&readings, &schema), [("a".to_owned(), value.to_bits())]);
        }
        let steps: Vec<_> = schema.defs().iter().map(SeriesDef::resolution).collect();
        assert_eq!(steps, [Resolution::ONE, Resolution::HUNDREDTH, Resolution::Exact]);
        let same = schema.defs().windows(2).all(|pair| {
            pair[0].prometheus_name() == pair[1].prometheus_name()
                && pair[0].prometheus_labels() == pair[1].prometheus_labels()
        });
        assert!(same && desk.len() == 1);
    }

    #[test]
    fn a_restarted_agent_finds_every_place_again() {
        let (mut desk, mut schema) = begin();
        say(&mut desk, &mut schema, 0, &[("a", 1.0), ("b", 0.5), ("c", f64::NAN)]);
        say(&mut desk, &mut schema, 10, &[("a", 1.5), ("c", 2.0)]);
        let known = schema.defs().to_vec();
        let mut schema = Schema::from_defs(known.clone());
        let mut desk = Desk::new(100, &schema);
        assert_eq!(desk.len(), 3);
        say(&mut desk, &mut schema, 20, &[("a", 2.0), ("b", 0.75), ("c", f64::NAN)]);
        say(&mut desk, &mut schema, 30, &[("a", 2.0), ("c", 4.0)]);
        assert_eq!(schema.defs(), known);
    }

    #[test]
    fn beyond_the_cap_nothing_new_is_taken_and_it_is_counted() {
        let mut schema = Schema::new();
        let mut desk = Desk::new(2, &schema);
        let (readings, taken) = say(&mut desk, &mut schema, 0, &[("a", 1.0), ("b", 1.0), ("c", 1.0), ("a", 2.0)]);
        assert_eq!(values(&readings, &schema).len(), 2);
        assert_eq!((taken.count(Refusal::SeriesCap), taken.count(Refusal::Duplicate)), (1, 1));
    }

    #[test]
    fn own_times_are_kept_to_the_second_and_none_is_lost_by_it() {
        let (mut desk, mut schema) = begin();
        let times = [NOON - 3_900, NOON - 3_100, NOON - 2_500, NOON + 60_000, NOON - 3_700_000];
        let samples = times.iter().zip(0..).map(|(at, value)| (*at, f64::from(value))).collect();
        let said = Said { whole: false, series: vec![series("a", samples)], ..said(0, Vec::new()) };
        let (readings, taken) = desk.take(&said, &mut schema);
        let moments: Vec<_> = readings.iter().map(|reading| reading.at).collect();
        assert_eq!(moments.iter().map(|at| at.utc.0 - NOON).collect::<Vec<_>>(), [-4_000, -3_100, -3_000]);
        assert!(moments.iter().all(|at| at.utc.0 - NOON == at.boot.ms as i64 - 5_000_000), "{moments:?}");
        assert_eq!(taken.count(Refusal::Untimely), 2);
    }

    proptest! {
        #[test]
        fn every_bit_of_every_value_comes_back(values in prop::collection::vec(value(), 1..40)) {
            let (mut desk, mut schema) = begin();
            for (at, value) in values.iter().enumerate() {
                let (readings, _) = say(&mut desk, &mut schema, 10 * at as i64, &[("a", *value)]);
                prop_assert_eq!(self::values(&readings, &schema), [("a".to_owned(), value.to_bits())]);
            }
            prop_assert!(schema.defs().len() <= STEPS.len());
        }
    }

    fn value() -> impl Strategy<Value = f64> {
        let decimal = (any::<i32>(), 0..10i32).prop_map(|(n, places)| f64::from(n) / 10f64.powi(places));
        prop_oneof![any::<u64>().prop_map(f64::from_bits), decimal, any::<i64>().prop_map(|n| n as f64), Just(-0.0)]
    }

    fn begin() -> (Desk, Schema) {
        let schema = Schema::new();
        (Desk::new(100, &schema), schema)
    }

    fn series(name: &str, samples: Vec<(i64, f64)>) -> ForeignSeries {
        ForeignSeries { labels: vec![(NAME.to_owned(), name.to_owned())], samples, metadata: None, started_ms: None }
    }

    fn said(seconds: i64, series: Vec<ForeignSeries>) -> Said {
        let at = Moment { utc: UtcMs(NOON), boot: Boot { no: 1, ms: 5_000_000 } };
        Said { source: 0, at: shifted(at, NOON + 1_000 * seconds), whole: true, series, answer: None }
    }

    fn say(desk: &mut Desk, schema: &mut Schema, seconds: i64, what: &[(&str, f64)]) -> (Vec<Reading>, Taken) {
        let at_ms = NOON + 1_000 * seconds;
        let what = what.iter().map(|(name, value)| series(name, vec![(at_ms, *value)])).collect();
        desk.take(&said(seconds, what), schema)
    }

    fn values(readings: &[Reading], schema: &Schema) -> Vec<(String, u64)> {
        let samples = readings.iter().flat_map(|reading| &reading.samples);
        let mut values: Vec<_> = samples
            .map(|sample| {
                let def = schema.def(sample.series).expect("declared");
                (def.name().to_owned(), def.resolution().value(sample.value).to_bits())
            })
            .collect();
        values.sort();
        values
    }
}
