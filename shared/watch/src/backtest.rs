//! What would these rules have done?
//!
//! Steps the same mind over what was kept, a stretch at a time: the expressions of a stretch are worked out at once where
//! no rule reads what another writes. Says how often a person would have been told, and what flapped. Stops when
//! `settings.limits.stop` says so, and says how far it came.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use vigie_model::Severity;
use vigie_query::{Coverage, Halt, LabelSet, Limits, QueryError, Selection, SeriesSamples, Source, SourceError, Visit};

use crate::flaps::Flaps;
use crate::mind::{CompileError, Failure, Fingerprint, Mind, Phase, RuleKey, Settings, Transition};
use crate::rule::Group;
use crate::test::storage::Storage;

/// Moments that are worked out at once: an hour of 10 s.
const STRETCH: i64 = 360;

/// Steps of one back-test: 30 days of 5 s, and then some.
const MAX_STEPS: i64 = 600_000;

/// Episodes that are told one by one; of the others it is said how many.
const MAX_EPISODES: usize = 10_000;

/// Samples that rules wrote for rules, 32 MB; the oldest beyond a day go first.
const MAX_WRITTEN: usize = 2_000_000;

/// Of when, and how closely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first moment, in ms since 1970.
    pub from_ms: i64,
    /// The last, included.
    pub until_ms: i64,
    /// How far apart, in ms.
    pub step_ms: i64,
}

/// An alert from when it began to hold until it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// Whose.
    pub rule: RuleKey,
    /// Which.
    pub fingerprint: Fingerprint,
    /// Its labels.
    pub labels: Arc<LabelSet>,
    /// How bad.
    pub severity: Severity,
    /// When it began to hold, in ms since 1970.
    pub began_ms: i64,
    /// When it fired, if it did.
    pub fired_ms: Option<i64>,
    /// When it ended, if it did.
    pub ended_ms: Option<i64>,
}

/// What would have been.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// In the order in which they began.
    pub episodes: Vec<Episode>,
    /// Episodes beyond those.
    pub more_episodes: usize,
    /// How often a person would have been told: of beginnings and ends, without what flapped.
    pub notices: usize,
    /// Alerts that flapped at some time.
    pub flapped: usize,
    /// The newest moment that was worked out.
    pub reached_ms: Option<i64>,
    /// Rules that could not be worked out at some moment, and why they first could not.
    pub failures: Vec<Failure>,
    /// Why it ended early, if it did.
    pub halted: Option<Halt>,
}

/// A back-test that was not begun.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BacktestError {
    /// The rules can not be worked out.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The step is not positive, the end before the beginning, or there are too many steps.
    #[error("a back-test has a positive step and at most {MAX_STEPS} of them")]
    Span,
}

/// Works out what rules would have done over what a source kept.
///
/// # Errors
/// When the rules or the span make no sense.
pub fn backtest(
    groups: &[Group],
    settings: &Settings,
    source: &dyn Source,
    span: Span,
    flaps: Flaps,
) -> Result<History, BacktestError> {
    let Span { from_ms, until_ms, step_ms } = span;
    if step_ms <= 0 || until_ms < from_ms || until_ms.saturating_sub(from_ms) / step_ms > MAX_STEPS {
        return Err(BacktestError::Span);
    }
    let groups: Vec<Group> = groups.iter().map(|group| Group { interval_ms: Some(step_ms), ..group.clone() }).collect();
    let mut mind = Mind::new(&groups, settings.clone())?;
    let mut told = Told { flaps, open: HashMap::new(), flapped: HashSet::new(), history: History::default() };
    let keeps = mind.reads_its_own();
    let (mut written, mut now_ms, mut stretch) = (Storage::default(), from_ms, STRETCH);
    while now_ms <= until_ms {
        let end_ms = now_ms.saturating_add((stretch - 1) * step_ms).min(until_ms);
        match mind.look_ahead(source, (now_ms, end_ms, step_ms)) {
            Ok(()) => {}
            Err(QueryError::TimedOut) => return Ok(told.halted(Halt::TimedOut)),
            Err(QueryError::Canceled) => return Ok(told.halted(Halt::Canceled)),
            // Too much for one read: in smaller pieces. What fails at a single moment fails there by itself.
            Err(_) if stretch > 1 => {
                stretch /= 2;
                continue;
            }
            Err(_) => {}
        }
        while now_ms <= end_ms {
            if let Err(halt) = settings.limits.stop.check() {
                return Ok(told.halted(halt));
            }
            let evaluation = mind.evaluate(&Both { base: source, written: &written }, now_ms);
            if keeps {
                written.write(&evaluation.outputs);
            }
            told.take(evaluation.transitions, evaluation.failures, now_ms);
            now_ms = now_ms.saturating_add(step_ms);
        }
        if written.samples() > MAX_WRITTEN {
            written.forget_before(now_ms.saturating_sub(86_400_000));
        }
    }
    Ok(told.history())
}

struct Told {
    flaps: Flaps,
    /// Where in the history the episode of an alert stands that has not ended.
    open: HashMap<Fingerprint, usize>,
    flapped: HashSet<Fingerprint>,
    history: History,
}

impl Told {
    fn take(&mut self, transitions: Vec<Transition>, failures: Vec<Failure>, now_ms: i64) {
        self.history.reached_ms = Some(now_ms);
        for failure in failures {
            if !self.history.failures.iter().any(|known| known.rule == failure.rule) {
                self.history.failures.push(failure);
            }
        }
        for transition in transitions.into_iter().filter(|transition| transition.from != transition.to) {
            self.count(&transition);
            self.note(transition);
        }
    }

    /// The first change as a flapping alert is still told.
    fn count(&mut self, transition: &Transition) {
        let fires = transition.to.is_firing();
        if fires == transition.from.is_firing() {
            return;
        }
        let was_flapping = self.flaps.is_flapping(transition.fingerprint, transition.at_ms);
        let is_flapping = self.flaps.note(transition.fingerprint, fires, transition.at_ms);
        if is_flapping {
            self.flapped.insert(transition.fingerprint);
        }
        self.history.notices += usize::from(!(was_flapping && is_flapping));
    }

    fn note(&mut self, transition: Transition) {
        let Transition { rule, fingerprint, labels, severity, from, to, at_ms, .. } = transition;
        if from == Phase::Inactive {
            if self.history.episodes.len() >= MAX_EPISODES {
                self.history.more_episodes += 1;
                return;
            }
            self.open.insert(fingerprint, self.history.episodes.len());
            let episode =
                Episode { rule, fingerprint, labels, severity, began_ms: at_ms, fired_ms: None, ended_ms: None };
            self.history.episodes.push(episode);
        }
        let Some(episode) = self.open.get(&fingerprint).and_then(|at| self.history.episodes.get_mut(*at)) else {
            return;
        };
        match to {
            Phase::Firing => episode.fired_ms = episode.fired_ms.or(Some(at_ms)),
            Phase::Inactive => {
                episode.ended_ms = Some(at_ms);
                self.open.remove(&fingerprint);
            }
            Phase::Pending | Phase::Keeping => {}
        }
    }

    fn halted(mut self, halt: Halt) -> History {
        self.history.halted = Some(halt);
        self.history()
    }

    fn history(self) -> History {
        History { flapped: self.flapped.len(), ..self.history }
    }
}

/// What was kept, and what the rules write.
struct Both<'a> {
    base: &'a dyn Source,
    written: &'a Storage,
}

impl Source for Both<'_> {
    fn select(
        &self,
        selection: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let mut end = Visit::Continue(());
        let coverage = self.base.select(selection, limits, &mut |piece| {
            end = sink(piece);
            end
        })?;
        if end.is_continue() {
            self.written.select(selection, limits, sink)?;
        }
        Ok(coverage)
    }
}
