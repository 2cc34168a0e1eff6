//! What have the rules of one moment read already?
//!
//! Rules ask for the same series again and again: what one selector found is kept for the rest of the evaluation. What
//! recording rules have written in it stands over the storage, so that the rules after them see it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::expression::STALE_NAN;
use vigie_query::{
    Coverage, LabelSet, Limits, Matcher, NAME, QueryError, Selection, SeriesSamples, Source, SourceError, Visit,
    all_match,
};

/// Samples that one evaluation keeps for its other rules: 32 MB. What lies above is read again by who asks again.
const MAX_KEPT: usize = 2_000_000;

/// A storage, as the rules of one moment see it.
pub(crate) struct Shared<'a> {
    base: &'a dyn Source,
    kept: Mutex<Kept>,
    fresh: RwLock<HashMap<Arc<str>, Vec<Fresh>>>,
    newest: Mutex<HashMap<Asked, Arc<Newest>>>,
}

/// Matchers as a text, and from when to when, in ms.
type Asked = (Arc<str>, i64, i64);

/// The newest sample of each series that a selector finds, marks of an end left out.
#[derive(Debug)]
pub(crate) struct Newest {
    pub(crate) series: Vec<(Arc<LabelSet>, f64)>,
    pub(crate) coverage: Arc<Coverage>,
    /// The name of the series, where the selector says it.
    name: Option<String>,
}

#[derive(Default)]
struct Kept {
    reads: HashMap<String, Arc<Read>>,
    samples: usize,
}

#[derive(Default)]
struct Read {
    pieces: Vec<(Arc<LabelSet>, Vec<i64>, Vec<f64>)>,
    coverage: Coverage,
}

/// What a recording rule wrote.
struct Fresh {
    labels: Arc<LabelSet>,
    at_ms: i64,
    value: f64,
}

impl<'a> Shared<'a> {
    pub(crate) fn over(base: &'a dyn Source) -> Self {
        Self { base, kept: Mutex::default(), fresh: RwLock::default(), newest: Mutex::default() }
    }

    /// Shows what a rule wrote to the rules after it.
    pub(crate) fn write(&self, labels: &Arc<LabelSet>, at_ms: i64, value: f64) {
        let name: Arc<str> = Arc::from(labels.get(NAME));
        // What was found before does not know it.
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.retain(|_, newest| newest.name.as_deref().is_some_and(|own| *own != *name));
        drop(newest);
        let mut fresh = self.fresh.write().unwrap_or_else(PoisonError::into_inner);
        fresh.entry(name).or_default().push(Fresh { labels: labels.clone(), at_ms, value });
    }

    /// The newest samples between two moments, found once for all rules with the same matchers.
    ///
    /// # Errors
    /// As [`Source::select`], and when there are more series than `limits.max_series`.
    pub(crate) fn newest(
        &self,
        key: &Arc<str>,
        selection: &Selection<'_>,
        limits: &Limits,
    ) -> Result<Arc<Newest>, QueryError> {
        let key = (key.clone(), selection.start_ms, selection.end_ms);
        let known = self.newest.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = Arc::new(self.find_newest(selection, limits)?);
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.values().map(|newest| newest.series.len()).sum::<usize>() + found.series.len() <= MAX_KEPT {
            newest.insert(key, found.clone());
        }
        Ok(found)
    }

    fn find_newest(&self, selection: &Selection<'_>, limits: &Limits) -> Result<Newest, QueryError> {
        let mut newest: Vec<(Arc<LabelSet>, i64, f64)> = Vec::new();
        let mut places: HashMap<Arc<LabelSet>, usize> = HashMap::new();
        let mut is_too_many = false;
        let mut take = |piece: SeriesSamples<'_>| {
            let (Some(at), Some(value)) = (piece.timestamps_ms.last(), piece.values.last()) else {
                return Visit::Continue(());
            };
            match places.get(piece.labels) {
                Some(place) if newest[*place].1 <= *at => (newest[*place].1, newest[*place].2) = (*at, *value),
                Some(_) => {}
                None if newest.len() >= limits.max_series => {
                    is_too_many = true;
                    return Visit::Break(());
                }
                None => {
                    places.insert(piece.labels.clone(), newest.len());
                    newest.push((piece.labels.clone(), *at, *value));
                }
            }
            Visit::Continue(())
        };
        // Not kept as pieces: this is the only one who asks for them in this way.
        let coverage = self.base.select(selection, limits, &mut take)?;
        let stopped = self.fresh(selection, &mut take);
        if is_too_many || stopped.is_break() {
            let most = limits.max_series;
            return Err(QueryError::Execution(format!("the rule reads more than {most} series: narrow its selector")));
        }
        let is_there = |value: f64| value.to_bits() != STALE_NAN.to_bits();
        let series = newest.into_iter().filter(|(.., value)| is_there(*value));
        let name = selection.matchers.iter().filter(|matcher| matcher.name() == NAME).find_map(Matcher::exact);
        let series = series.map(|(labels, _, value)| (labels, value)).collect();
        Ok(Newest { series, coverage: Arc::new(coverage), name: name.map(str::to_owned) })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From the storage, at most once while there is room to keep it.
    fn base(
        &self,
        selection: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<(Coverage, Visit), SourceError> {
        let key = key(selection);
        let known = self.kept().reads.get(&key).cloned();
        if let Some(read) = known {
            return Ok((read.coverage.clone(), read.give(sink)));
        }
        let room = MAX_KEPT.saturating_sub(self.kept().samples);
        let (mut read, mut samples, mut end) = (Read::default(), 0, Visit::Continue(()));
        let mut fits = true;
        read.coverage = self.base.select(selection, limits, &mut |piece| {
            samples += piece.values.len();
            fits &= samples <= room;
            if fits {
                read.pieces.push((piece.labels.clone(), piece.timestamps_ms.to_vec(), piece.values.to_vec()));
            } else {
                read.pieces = Vec::new();
            }
            end = sink(piece);
            end
        })?;
        let coverage = read.coverage.clone();
        if fits && end.is_continue() {
            let mut kept = self.kept();
            kept.samples += samples;
            kept.reads.insert(key, Arc::new(read));
        }
        Ok((coverage, end))
    }

    fn fresh(&self, selection: &Selection<'_>, sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit) -> Visit {
        let fresh = self.fresh.read().unwrap_or_else(PoisonError::into_inner);
        let name = selection.matchers.iter().filter(|matcher| matcher.name() == NAME).find_map(Matcher::exact);
        let lists: Vec<&Vec<Fresh>> = match name {
            Some(name) => fresh.get(name).into_iter().collect(),
            None => fresh.values().collect(),
        };
        for written in lists.into_iter().flatten() {
            let is_within = (selection.start_ms..=selection.end_ms).contains(&written.at_ms);
            if is_within && all_match(selection.matchers, &written.labels) {
                let (timestamps_ms, values) = (&[written.at_ms][..], &[written.value][..]);
                sink(SeriesSamples { labels: &written.labels, timestamps_ms, values })?;
            }
        }
        Visit::Continue(())
    }
}

impl Source for Shared<'_> {
    fn select(
        &self,
        selection: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let (coverage, end) = self.base(selection, limits, sink)?;
        // Whoever wants no more is given no more.
        if end.is_continue() && self.fresh(selection, sink).is_break() {
            return Ok(coverage);
        }
        Ok(coverage)
    }
}

impl Read {
    fn give(&self, sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit) -> Visit {
        for (labels, timestamps_ms, values) in &self.pieces {
            sink(SeriesSamples { labels, timestamps_ms, values })?;
        }
        Visit::Continue(())
    }
}

fn key(selection: &Selection<'_>) -> String {
    let mut key = String::with_capacity(96);
    let Selection { matchers, start_ms, end_ms, hints } = selection;
    let begun = write!(key, "{start_ms} {end_ms} {} {:?} {:?}", hints.newest_alone, hints.range_ms, hints.function);
    let written = begun.and_then(|()| matchers.iter().try_for_each(|matcher| write!(key, " {matcher}")));
    debug_assert!(written.is_ok(), "writing into a text does not fail");
    key
}
