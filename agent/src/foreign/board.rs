//! How is each source doing, and what was not taken?
//!
//! Written by the sources and the desk, read by `status`, `doctor` and the agent's own figures.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::Settings;
use crate::collect::{FOREIGN_REASONS, ForeignFigures};

/// Why something that was said was not taken. Counted in samples, in lines or packets for what can not be read, and in
/// pages and posts where they fail as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A new series beyond the cap.
    SeriesCap,
    /// What an otherwise good page, post or line holds and no series can be made of.
    LeftOut,
    /// A page, a post or a line that can not be read.
    Unreadable,
    /// A second sample of the same series and moment.
    Duplicate,
    /// A time too far from the present.
    Untimely,
    /// The store is behind, or more came at once than is looked at.
    Busy,
}

impl Refusal {
    /// Its place in [`FOREIGN_REASONS`].
    fn at(self) -> usize {
        match self {
            Self::SeriesCap => 0,
            Self::LeftOut => 1,
            Self::Unreadable => 2,
            Self::Duplicate => 3,
            Self::Untimely => 4,
            Self::Busy => 5,
        }
    }
}

/// What became of something that was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Samples that have a place in a tick, end marks among them.
    pub(crate) samples: u64,
    refused: [u64; FOREIGN_REASONS.len()],
}

impl Taken {
    pub(crate) fn refuse(&mut self, why: Refusal, count: usize) {
        self.refused[why.at()] += count as u64;
    }

    #[cfg(test)]
    pub(crate) fn count(&self, why: Refusal) -> u64 {
        self.refused[why.at()]
    }

    /// All that was refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.iter().sum()
    }

    /// In words: `series_cap: 3, duplicate: 1`.
    pub(crate) fn remark(&self) -> String {
        let parts = FOREIGN_REASONS.iter().zip(self.refused).filter(|(_, count)| *count > 0);
        parts.map(|(word, count)| format!("{word}: {count}")).collect::<Vec<_>>().join(", ")
    }
}

/// One source, for people.
#[derive(Debug, Clone)]
struct Source {
    kind: &'static str,
    place: String,
    up: Option<bool>,
    why: Option<String>,
    /// Samples in the last page or flush, or in all posts.
    samples: u64,
    failures: u64,
}

#[derive(Debug, Default)]
struct Shown {
    sources: Vec<Source>,
    figures: ForeignFigures,
}

/// What is known of all sources.
#[derive(Debug, Default)]
pub(crate) struct Board {
    shown: Mutex<Shown>,
    cap: usize,
}

impl Board {
    pub(crate) fn new(settings: &Settings) -> Self {
        let source = |(kind, place)| Source { kind, place, up: None, why: None, samples: 0, failures: 0 };
        let sources = settings.sources().into_iter().map(source).collect();
        Self { shown: Mutex::new(Shown { sources, figures: ForeignFigures::default() }), cap: settings.series }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A source answers, or listens.
    pub(crate) fn up(&self, source: usize, samples: usize) {
        if let Some(source) = self.shown().sources.get_mut(source) {
            (source.up, source.samples) = (Some(true), samples as u64);
        }
    }

    /// What a source that listens has said by now.
    pub(crate) fn heard(&self, source: usize, samples: usize) {
        if let Some(source) = self.shown().sources.get_mut(source) {
            source.samples = samples as u64;
        }
    }

    /// What a source that listens has said more.
    pub(crate) fn also_heard(&self, source: usize, samples: u64) {
        if let Some(source) = self.shown().sources.get_mut(source) {
            source.samples += samples;
        }
    }

    /// A source does not answer, or can not listen. Its reason is kept after it recovered.
    pub(crate) fn down(&self, source: usize, why: String) {
        let mut shown = self.shown();
        shown.figures.failures += 1;
        if let Some(source) = shown.sources.get_mut(source) {
            source.failures += 1;
            (source.up, source.why) = (Some(false), Some(why));
        }
    }

    pub(crate) fn refused(&self, why: Refusal, count: u64) {
        self.shown().figures.refused[why.at()] += count;
    }

    /// What the desk made of something.
    pub(crate) fn taken(&self, taken: &Taken, series: usize) {
        let figures = &mut self.shown().figures;
        figures.series = series as u64;
        figures.samples += taken.samples;
        figures.refused.iter_mut().zip(taken.refused).for_each(|(sum, more)| *sum += more);
    }

    /// For the agent's own figures; nothing when nobody was asked to say anything.
    pub(crate) fn figures(&self) -> Option<ForeignFigures> {
        let shown = self.shown();
        (!shown.sources.is_empty()).then_some(shown.figures)
    }

    /// For `status`; nothing when nobody was asked to say anything.
    pub(crate) fn tell(&self) -> Value {
        let shown = self.shown();
        if shown.sources.is_empty() {
            return Value::Null;
        }
        let source = |source: &Source| {
            json!({ "kind": source.kind, "place": source.place, "up": source.up, "why": source.why,
                "samples": source.samples, "failures": source.failures })
        };
        let figures = &shown.figures;
        let refused: serde_json::Map<String, Value> = FOREIGN_REASONS
            .iter()
            .zip(figures.refused)
            .map(|(word, count)| ((*word).to_owned(), count.into()))
            .collect();
        json!({
            "sources": shown.sources.iter().map(source).collect::<Vec<_>>(),
            "series": figures.series,
            "series_cap": self.cap,
            "samples": figures.samples,
            "refused": refused,
        })
    }
}
