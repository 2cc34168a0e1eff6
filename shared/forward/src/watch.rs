//! How is a target doing?

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tracing::{info, warn};
use vigie_model::UtcMs;
use vigie_serve::Exposition;

use crate::book::Counts;

/// How often refusals and failures are told in the log.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// The most of a receiver's words that are kept.
const MAX_WORDS: usize = 300;

/// What is known of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// Scheme, host and port.
    pub to: String,
    /// Ticks that went, since the target was first named: each of their samples arrived or was refused.
    pub sent_ticks: u64,
    /// Samples that arrived.
    pub sent_samples: u64,
    /// Samples that the receiver refused for good, and that were passed over.
    pub refused_samples: u64,
    /// Ticks that wait, or are under way.
    pub waiting_ticks: u64,
    /// Since when the oldest of them has been waiting, in ms since 1970 UTC: when it was measured, or where that was not
    /// yet read, when it was found.
    pub oldest_ms: Option<i64>,
    /// What keeps everything from arriving, while it does.
    pub failing: Option<Failing>,
    /// The last refusal, in the receiver's words.
    pub last_refusal: Option<String>,
}

/// What keeps everything from arriving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failing {
    /// Since when, in ms since 1970 UTC.
    pub since_ms: i64,
    /// The last error.
    pub error: String,
}

/// The report, and when it was last told in the log.
#[derive(Debug)]
pub(crate) struct Watch(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    report: Report,
    /// Refused and not yet told.
    untold: u64,
    told_refusal: Option<Instant>,
    told_failure: Option<Instant>,
    /// The failure that lasts was told, so its end is worth telling.
    is_told: bool,
}

impl Watch {
    pub(crate) fn new(name: &str, to: String) -> Self {
        let report = Report {
            name: name.to_owned(),
            to,
            sent_ticks: 0,
            sent_samples: 0,
            refused_samples: 0,
            waiting_ticks: 0,
            oldest_ms: None,
            failing: None,
            last_refusal: None,
        };
        Self(Mutex::new(Inner { report, untold: 0, told_refusal: None, told_failure: None, is_told: false }))
    }

    pub(crate) fn report(&self) -> Report {
        self.inner().report.clone()
    }

    pub(crate) fn counted(&self, counts: &Counts, waiting_ticks: u64, oldest_ms: Option<i64>) {
        let mut inner = self.inner();
        inner.report.sent_ticks = counts.ticks;
        inner.report.sent_samples = counts.samples;
        inner.report.refused_samples = counts.refused;
        inner.report.waiting_ticks = waiting_ticks;
        inner.report.oldest_ms = oldest_ms;
    }

    pub(crate) fn succeeded(&self) {
        let mut inner = self.inner();
        if inner.report.failing.take().is_some() && std::mem::take(&mut inner.is_told) {
            info!(target_name = inner.report.name, "samples arrive at the other engine again");
        }
    }

    pub(crate) fn failed(&self, error: &str, now: UtcMs) {
        let mut inner = self.inner();
        let error = shortened(error);
        let since_ms = inner.report.failing.as_ref().map_or(now.0, |failing| failing.since_ms);
        if is_due(&mut inner.told_failure) {
            warn!(target_name = inner.report.name, %error, "samples do not arrive at the other engine; they wait");
            inner.is_told = true;
        }
        inner.report.failing = Some(Failing { since_ms, error });
    }

    /// The receiver's words on a refusal; how many it were is told by [`Watch::passed_over`].
    pub(crate) fn refused(&self, why: &str) {
        self.inner().report.last_refusal = Some(shortened(why));
    }

    pub(crate) fn passed_over(&self, samples: u64) {
        let mut inner = self.inner();
        inner.untold += samples;
        if inner.untold > 0 && is_due(&mut inner.told_refusal) {
            let (samples, why) = (std::mem::take(&mut inner.untold), inner.report.last_refusal.as_deref());
            let why = why.unwrap_or("no reason given");
            warn!(
                target_name = inner.report.name,
                samples, why, "the other engine refused samples; they were passed over"
            );
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Report {
    /// How long the oldest of what waits has been waiting, in seconds.
    pub fn oldest_seconds(&self, now: UtcMs) -> f64 {
        self.oldest_ms.map_or(0.0, |oldest| now.0.saturating_sub(oldest).max(0) as f64 / 1e3)
    }

    /// How long nothing has arrived, in seconds.
    pub fn failing_seconds(&self, now: UtcMs) -> f64 {
        self.failing.as_ref().map_or(0.0, |failing| now.0.saturating_sub(failing.since_ms).max(0) as f64 / 1e3)
    }
}

/// Writes the metrics of all targets.
pub(crate) fn write_metrics(reports: &[Report], now: UtcMs, out: &mut Exposition) {
    if reports.is_empty() {
        return;
    }
    let mut write = |is_total: bool, name: &str, help: &str, value: &dyn Fn(&Report) -> f64| {
        let name = format!("vigie_forward_{name}");
        let mut family = if is_total { out.counter(&name, help) } else { out.gauge(&name, help) };
        for report in reports {
            family = family.with(&[("target", &report.name)], value(report));
        }
    };
    write(true, "sent_ticks_total", "Ticks that went to another engine.", &|one| one.sent_ticks as f64);
    write(true, "sent_samples_total", "Samples that arrived at another engine.", &|one| one.sent_samples as f64);
    write(true, "refused_samples_total", "Samples that another engine refused for good.", &|one| {
        one.refused_samples as f64
    });
    write(false, "waiting_ticks", "Ticks that wait for another engine.", &|one| one.waiting_ticks as f64);
    write(false, "oldest_waiting_seconds", "Age of the oldest tick that waits.", &|one| one.oldest_seconds(now));
    write(false, "failing_seconds", "How long nothing has arrived; 0 while all is well.", &|one| {
        one.failing_seconds(now)
    });
}

/// Whether something may be told again, and from now on not for a while.
fn is_due(last: &mut Option<Instant>) -> bool {
    let due = last.is_none_or(|last| last.elapsed() >= TELL_EVERY);
    if due {
        *last = Some(Instant::now());
    }
    due
}

/// On one line, and not too long: it may be a receiver's text.
fn shortened(text: &str) -> String {
    let line = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(MAX_WORDS).collect()
}
