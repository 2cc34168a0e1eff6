//! How much is asked of this node over HTTP?

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::Exposition;
use crate::push::Kept;
use crate::shared::{App, Shared};

/// Counts by route and status. Routes are those of the router, so the map stays small.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    requests: Mutex<BTreeMap<(String, u16), Served>>,
    refused: AtomicU64,
    exported: AtomicU64,
    pushed: Mutex<BTreeMap<&'static str, Pushed>>,
}

/// What came through one of the doors for samples of others.
#[derive(Debug, Default, Clone)]
struct Pushed {
    bytes: u64,
    samples: u64,
    duplicates: u64,
    refused_samples: BTreeMap<&'static str, u64>,
    refused_requests: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Served {
    count: u64,
    time: Duration,
}

/// Counts a request and how long its answer took to begin.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let begun = Instant::now();
    let response = next.run(request).await;
    app.tally.served(route, response.status().as_u16(), begun.elapsed());
    response
}

impl Tally {
    fn served(&self, route: String, status: u16, time: Duration) {
        let mut requests = self.requests.lock().expect("no thread panics while it counts");
        let served = requests.entry((route, status)).or_default();
        served.count += 1;
        served.time += time;
    }

    /// Notes credentials that were not good.
    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes a body that came through a door, as large as it was sent.
    pub(crate) fn body(&self, door: &'static str, bytes: usize) {
        self.at(door, |pushed| pushed.bytes += bytes as u64);
    }

    /// Notes what became of the samples of a push.
    pub(crate) fn taken(&self, door: &'static str, kept: &Kept) {
        self.at(door, |pushed| {
            pushed.samples += kept.taken.samples;
            pushed.duplicates += kept.taken.duplicates;
            let left_out = kept.left_out.iter().map(|(reason, count)| (reason.word(), count));
            for (reason, count) in left_out.chain([("not_kept", kept.taken.refused)]).filter(|(_, count)| *count > 0) {
                *pushed.refused_samples.entry(reason).or_default() += count;
            }
        });
    }

    /// Notes a push of which nothing was kept.
    pub(crate) fn turned_away(&self, door: &'static str, reason: &'static str) {
        self.at(door, |pushed| *pushed.refused_requests.entry(reason).or_default() += 1);
    }

    fn at(&self, door: &'static str, count: impl FnOnce(&mut Pushed)) {
        count(self.pushed.lock().expect("no thread panics while it counts").entry(door).or_default());
    }

    /// Notes samples that left in an export.
    pub(crate) fn exported(&self, samples: usize) {
        self.exported.fetch_add(samples as u64, Ordering::Relaxed);
    }
}

impl Tally {
    fn write_pushed(&self, out: &mut Exposition) {
        let pushed = self.pushed.lock().expect("no thread panics while it counts").clone();
        let mut counter = |name: &str, help: &str, of: fn(&Pushed) -> u64| {
            let family = out.counter(name, help);
            pushed.iter().fold(family, |family, (door, pushed)| family.with(&[("door", door)], of(pushed) as f64));
        };
        counter("vigie_http_pushed_bytes_total", "Bytes of pushed bodies, as they were sent.", |pushed| pushed.bytes);
        counter("vigie_http_pushed_samples_total", "Pushed samples that were kept.", |pushed| pushed.samples);
        let help = "Pushed samples that were here already.";
        counter("vigie_http_pushed_duplicates_total", help, |pushed| pushed.duplicates);
        let mut by_reason = |name: &str, help: &str, of: fn(&Pushed) -> &BTreeMap<&'static str, u64>| {
            let mut family = out.counter(name, help);
            for (door, pushed) in &pushed {
                for (reason, count) in of(pushed) {
                    family = family.with(&[("door", door), ("reason", reason)], *count as f64);
                }
            }
        };
        let help = "What of pushes was not kept while the rest was, by reason.";
        by_reason("vigie_http_pushed_refused_total", help, |pushed| &pushed.refused_samples);
        let help = "Pushes of which nothing was kept, by reason.";
        by_reason("vigie_http_pushes_refused_total", help, |pushed| &pushed.refused_requests);
    }
}

impl Shared {
    /// Writes what the router knows of itself.
    pub(crate) fn write_metrics(&self, out: &mut Exposition) {
        let requests = self.tally.requests.lock().expect("no thread panics while it counts").clone();
        let mut family = out.counter("vigie_http_requests_total", "HTTP requests answered, by route and status.");
        for ((route, status), served) in &requests {
            family = family.with(&[("route", route), ("status", &status.to_string())], served.count as f64);
        }
        let help = "Time until answers began, by route and status.";
        let mut family = out.counter("vigie_http_request_seconds_total", help);
        for ((route, status), served) in &requests {
            family = family.with(&[("route", route), ("status", &status.to_string())], served.time.as_secs_f64());
        }
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
        out.counter("vigie_http_refused_total", "Tokens that were not good.").value(count(&self.tally.refused));
        out.counter("vigie_http_exported_samples_total", "Samples sent by exports.").value(count(&self.tally.exported));
        out.gauge("vigie_http_sessions", "Browsers signed in.").value(self.sessions.count() as f64);
        self.tally.write_pushed(out);
        let busy = self.options.queries_at_once.saturating_sub(self.queries.available_permits());
        out.gauge("vigie_http_queries_running", "Queries being worked out.").value(busy as f64);
    }
}
