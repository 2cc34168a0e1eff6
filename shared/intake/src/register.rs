//! Which series is it, in which step does its next value stand, and where?

use std::collections::HashMap;

use vigie_formats::NAME;
use vigie_model::steps::{EXACT, STEPS, fitting, is_number};
use vigie_model::{SeriesDef, Slug, Tick};

/// For whom something is pushed.
pub(crate) type Place = (Slug, Slug);

/// Half of BLAKE3 over labels.
type Fingerprint = [u8; 16];

/// The moment of the newest sample of a series that has none.
const NONE_MS: i64 = i64::MIN;

/// Where the values of a series in one step are: in which line, at which place of its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) line: u32,
    pub(crate) ix: u32,
}

/// What bears the same labels in one place.
#[derive(Debug)]
struct Series {
    /// Where its numbers are.
    spot: Spot,
    /// In which step those are.
    kept_in: u8,
    /// The finest step a number of it needed.
    step: u8,
    /// Whether it has spots in other steps.
    has_others: bool,
    /// When its newest durable sample was, in ms since 1970 UTC.
    last_ms: i64,
}

#[derive(Debug, Default)]
struct Desk {
    series: HashMap<Fingerprint, u32>,
    /// The line that takes new series.
    open: Option<usize>,
}

/// All series that were ever pushed to this node.
#[derive(Debug, Default)]
pub(crate) struct Register {
    desks: HashMap<Place, Desk>,
    series: Vec<Series>,
    /// Where series have values in another step than their numbers: end marks, and what they grew out of.
    others: HashMap<(u32, u8), Spot>,
    /// Whose each place of each line is.
    owners: Vec<Vec<u32>>,
}

impl Register {
    /// The number of the series of these labels, which are sorted.
    pub(crate) fn find(&self, place: &Place, labels: &[(&str, &str)]) -> Option<u32> {
        self.desks.get(place)?.series.get(&fingerprint(labels)).copied()
    }

    /// How many series a place has.
    pub(crate) fn series_of(&self, place: &Place) -> usize {
        self.desks.get(place).map_or(0, |desk| desk.series.len())
    }

    /// The line that takes the next new series of a place.
    pub(crate) fn open_line(&self, place: &Place) -> Option<usize> {
        self.desks.get(place)?.open
    }

    /// From now on this line takes them.
    pub(crate) fn set_open_line(&mut self, place: &Place, line: usize) {
        self.desk(place).open = Some(line);
    }

    /// Enters a series whose first value stands in a step.
    pub(crate) fn enter(&mut self, place: &Place, labels: &[(&str, &str)], step: usize, spot: Spot) -> u32 {
        let no = self.series.len() as u32;
        self.series.push(Series { spot, kept_in: step as u8, step: 0, has_others: false, last_ms: NONE_MS });
        self.desk(place).series.insert(fingerprint(labels), no);
        self.own(spot, no);
        no
    }

    /// Takes over a definition that the store holds.
    pub(crate) fn know(&mut self, place: &Place, def: &SeriesDef, spot: Spot) {
        let labels = def.labels().iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut all: Vec<(&str, &str)> = labels.chain([(NAME, def.name())]).collect();
        all.sort_unstable();
        // What was pushed was only ever kept in these; anything else reads as what it says, and gets no more.
        let step = STEPS.iter().position(|step| *step == def.resolution()).unwrap_or(EXACT);
        let no = match self.find(place, &all) {
            Some(no) => {
                self.add(no, step, spot);
                no
            }
            None => self.enter(place, &all, step, spot),
        };
        // Whether the exact one holds numbers or only end marks is not known: the first number will tell again.
        if step != EXACT {
            self.moved(no, step);
        }
    }

    /// The step that the next value of a series stands in, the value in it, and where that is if the series has had any.
    pub(crate) fn fit(&self, no: u32, value: f64) -> (usize, i64, Option<Spot>) {
        let series = &self.series[no as usize];
        let (step, kept) = fitting(value, usize::from(series.step));
        let spot = if usize::from(series.kept_in) == step { Some(series.spot) } else { self.other(no, step) };
        (step, kept, spot)
    }

    /// A value of a series stands in a step from now on: a number moves the series there, and the first one begins there.
    pub(crate) fn stands(&mut self, no: u32, value: f64, step: usize) {
        let Series { kept_in, step: finest, .. } = self.series[no as usize];
        if is_number(value) && (usize::from(kept_in) != step || usize::from(finest) != step) {
            self.moved(no, step);
        }
    }

    /// The line in which a series began.
    pub(crate) fn line_of(&self, no: u32) -> usize {
        self.series[no as usize].spot.line as usize
    }

    /// A series has values in one more step.
    pub(crate) fn add(&mut self, no: u32, step: usize, spot: Spot) {
        let series = &mut self.series[no as usize];
        if usize::from(series.kept_in) != step {
            series.has_others = true;
            self.others.entry((no, step as u8)).or_insert(spot);
        }
        self.own(spot, no);
    }

    /// When the newest durable sample of a series was.
    pub(crate) fn last_ms(&self, no: u32) -> i64 {
        self.series[no as usize].last_ms
    }

    /// Everywhere that a series has values.
    pub(crate) fn spots(&self, no: u32) -> impl Iterator<Item = Spot> + '_ {
        let series = &self.series[no as usize];
        let steps = if series.has_others { 0..STEPS.len() } else { 0..0 };
        std::iter::once(series.spot).chain(steps.filter_map(move |step| self.other(no, step)))
    }

    /// A tick of a line is durable.
    pub(crate) fn kept(&mut self, line: usize, tick: &Tick) {
        let Some(owners) = self.owners.get(line) else { return };
        for sample in &tick.samples {
            let owner = owners.get(sample.series.0 as usize);
            if let Some(series) = owner.and_then(|no| self.series.get_mut(*no as usize)) {
                series.last_ms = tick.at.utc.0.max(series.last_ms);
            }
        }
    }

    /// The numbers of a series stand in this step from now on, if it is finer than before.
    fn moved(&mut self, no: u32, step: usize) {
        let other = self.other(no, step);
        let series = &mut self.series[no as usize];
        series.step = series.step.max(step as u8);
        if series.kept_in != series.step
            && let Some(spot) = other.filter(|_| usize::from(series.step) == step)
        {
            let (old_step, old) = (std::mem::replace(&mut series.kept_in, step as u8), series.spot);
            series.spot = spot;
            self.others.remove(&(no, step as u8));
            self.others.insert((no, old_step), old);
        }
    }

    fn other(&self, no: u32, step: usize) -> Option<Spot> {
        if !self.series[no as usize].has_others {
            return None;
        }
        self.others.get(&(no, step as u8)).copied()
    }

    fn own(&mut self, spot: Spot, no: u32) {
        let line = spot.line as usize;
        if self.owners.len() <= line {
            self.owners.resize_with(line + 1, Vec::new);
        }
        let owners = &mut self.owners[line];
        if owners.len() <= spot.ix as usize {
            owners.resize(spot.ix as usize + 1, no);
        }
        owners[spot.ix as usize] = no;
    }

    fn desk(&mut self, place: &Place) -> &mut Desk {
        if !self.desks.contains_key(place) {
            self.desks.insert(place.clone(), Desk::default());
        }
        self.desks.get_mut(place).expect("inserted above")
    }
}

/// Half of BLAKE3 over the labels, each with its length before it: nobody finds two series with the same.
fn fingerprint(labels: &[(&str, &str)]) -> Fingerprint {
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
