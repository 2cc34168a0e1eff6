//! How much is asked of this node over HTTP?

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::Exposition;
use crate::shared::{App, Shared};

/// Counts by route and status. Routes are those of the router, so the map stays small.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    requests: Mutex<BTreeMap<(String, u16), Served>>,
    refused: AtomicU64,
    exported: AtomicU64,
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

    /// Notes samples that left in an export.
    pub(crate) fn exported(&self, samples: usize) {
        self.exported.fetch_add(samples as u64, Ordering::Relaxed);
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
        let busy = self.options.queries_at_once.saturating_sub(self.queries.available_permits());
        out.gauge("vigie_http_queries_running", "Queries being worked out.").value(busy as f64);
    }
}
