//! How has this relay's way to the hub been, and how full is its store?
//!
//! Looked at every few seconds and noted each minute, five minutes at a time: as samples of the relay's own site. They go the way of all others:
//! durable here, drawn on the relay's page while the line is cut, and at the hub once it is not, exactly once.

mod stretch;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use stretch::{Came, Seen, Stretch};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::{debug, warn};
use vigie_fleet::Fleet;
use vigie_formats::{Batch, ForeignSample, ForeignSeries, Kind, LeftOut, Metadata, NAME};
use vigie_model::NodeId;
use vigie_net::UplinkState;
use vigie_node::{NodeClock, NodeHandle};
use vigie_serve::{
    Intake, LINE_LOST, LINE_RECEIVED, LINE_SENT, LINE_TRIP, LINE_UP, Lookout, NotTaken, Place, STORE_LIMIT, STORE_USED,
    Said, TICKS_WAITING,
};

/// How often the line is looked at: nothing is sent for it.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// After a start the first is noted so soon: who sets up a relay sees that it measures.
const FIRST_AFTER: Duration = Duration::from_secs(10);

/// Each telling costs the line some hundred bytes more than what it tells of.
const TELL_EVERY: Duration = Duration::from_secs(300);

/// Stretches that are kept while the store does not take them.
const MOST_KEPT: usize = 60;

/// A store is not measured in bytes: what stands in steps travels for less.
const STORE_STEP_BYTES: u64 = 65_536;

/// What is noted of the line: its name, what it is, and where it stands in what a stretch came down to.
type Noted = (&'static str, Kind, &'static str, fn(&Came) -> Option<f64>);
const LINE: [Noted; 5] = [
    (LINE_UP, Kind::Gauge, "Share of the time in which the hub was heard.", |came| Some(came.up)),
    (LINE_TRIP, Kind::Gauge, "Round trip to the hub while it was heard, smoothed.", |came| came.round_trip_s),
    (LINE_LOST, Kind::Gauge, "Share of the packets to the hub that were lost.", |came| came.lost),
    (LINE_SENT, Kind::Counter, "Bytes in datagrams to the hub since the relay's program began.", |came| {
        Some(came.sent_bytes as f64)
    }),
    (LINE_RECEIVED, Kind::Counter, "Bytes in datagrams from the hub since the relay's program began.", |came| {
        Some(came.received_bytes as f64)
    }),
];

/// What is noted of the store.
const STORE: [(&str, &str); 3] = [
    (TICKS_WAITING, "Ticks at the relay that the hub has not confirmed."),
    (STORE_USED, "Bytes that the relay's store takes."),
    (STORE_LIMIT, "Bytes that the relay's store may take."),
];

/// Whose line it is, and where what is measured goes.
pub(crate) struct Measured {
    pub(crate) id: NodeId,
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) handle: NodeHandle,
    pub(crate) uplink: watch::Receiver<UplinkState>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) into: Arc<dyn Intake>,
    pub(crate) clock: NodeClock,
}

/// Measures for as long as the program runs; never where `every` is nothing.
pub(crate) async fn measure(this: Measured, every: Duration) {
    if every.is_zero() {
        return;
    }
    let this = Arc::new(this);
    let mut looks = tokio::time::interval(LOOK_EVERY);
    // After a sleep of the machine one look says as much as a hundred.
    looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut stretch, mut kept) = (Stretch::default(), Vec::new());
    let (mut ends, mut told) = (Instant::now() + FIRST_AFTER.min(every), None::<Instant>);
    loop {
        looks.tick().await;
        stretch.look(this.seen());
        let now = Instant::now();
        if now < ends {
            continue;
        }
        ends = now + every;
        kept.extend(stretch.ends().map(|came| (this.clock.now().utc.0, came)));
        let first = kept.len().saturating_sub(MOST_KEPT);
        kept.drain(..first);
        // Half a look late is in time.
        if told.is_some_and(|told| now.duration_since(told) + LOOK_EVERY / 2 < TELL_EVERY.max(every)) {
            continue;
        }
        match Arc::clone(&this).note(kept.clone()).await {
            Ok(()) => {
                kept.clear();
                told = Some(now);
            }
            Err(NotTaken::TooManySeries { most }) => {
                warn!(most, "how the line is can not be noted: too many series are pushed to this site")
            }
            Err(error) => debug!(%error, "how the line is waits for the store"),
        }
    }
}

impl Measured {
    fn seen(&self) -> Option<Seen> {
        let view = self.handle.view();
        let (session, up) = view.up()?;
        let heard = matches!(&*self.uplink.borrow(), UplinkState::Connected { suspect: false, .. });
        Some(Seen { session, heard, path: up.link.path() })
    }

    /// Durable once this is done.
    async fn note(self: Arc<Self>, stretches: Vec<(i64, Came)>) -> Result<(), NotTaken> {
        // It reads rows and waits for the store's own locks.
        let taking = tokio::task::spawn_blocking(move || {
            let batch = self.batch(&stretches);
            self.into.take(&self.place, Said::Batch(&batch))
        });
        let taking: Pin<Box<_>> =
            taking.await.map_err(|_| NotTaken::Later { why: "the node is stopping".to_owned(), after: LOOK_EVERY })?;
        taking.await.map(drop)
    }

    fn batch(&self, stretches: &[(i64, Came)]) -> Batch {
        let mut series: Vec<_> = LINE
            .iter()
            .map(|(name, kind, help, of)| {
                let samples = stretches.iter().filter_map(|(at_ms, came)| Some((*at_ms, of(came)?)));
                self.series((name, *kind, help), samples.collect())
            })
            .collect();
        // How full it was at earlier ends is not known any more.
        if let (Some((at_ms, _)), Some(up)) = (stretches.last(), self.fleet.upward()) {
            let room = up.room.map(|room| (room.used_bytes.next_multiple_of(STORE_STEP_BYTES), room.most_bytes));
            let now = [Some(up.waiting.ticks), room.map(|(used, _)| used), room.map(|(_, most)| most)];
            series.extend(STORE.into_iter().zip(now).filter_map(|((name, help), value)| {
                Some(self.series((name, Kind::Gauge, help), vec![(*at_ms, value? as f64)]))
            }));
        }
        Batch { series, families: Vec::new(), left_out: LeftOut::default() }
    }

    fn series(&self, (name, kind, help): (&str, Kind, &str), samples: Vec<ForeignSample>) -> ForeignSeries {
        let labels = [(NAME, name.to_owned()), ("relay", self.name.clone()), ("relay_id", self.id.to_string())];
        let metadata = Arc::new(Metadata { kind, help: help.to_owned(), unit: String::new() });
        let labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        ForeignSeries { labels, samples, metadata: Some(metadata), started_ms: None }
    }
}
