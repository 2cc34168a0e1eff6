//! The body: one task for each target, and its batches under way.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls::ClientConfig;
use tokio::sync::watch as signal;
use tokio::task::{JoinError, JoinHandle, JoinSet, spawn_blocking};
use tokio::time::sleep;
use tracing::{error, info};
use vigie_model::StreamId;
use vigie_node::NodeClock;
use vigie_query::Owner;
use vigie_serve::Exposition;
use vigie_store::{Log, State};

use crate::carry::{Carried, Carrier, Pace};
use crate::door::{Door, trust};
use crate::hand::{Done, Hand, LOOK_EVERY};
use crate::target::Target;
use crate::watch::{Report, Watch, write_metrics};

/// Batches of one target that are under way at once. On a line of 100 ms that is 80,000 samples a second.
const AT_ONCE: usize = 4;

/// Whose are the streams?
pub trait Owners: fmt::Debug + Send + Sync + 'static {
    /// The owner of a stream of this name, as queries show it; nothing while nobody is known to own it. Asked from a
    /// blocking thread, and not often.
    fn owner(&self, stream: StreamId, name: &str) -> Option<Owner>;
}

/// What the body works with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The telemetry: the queue.
    pub log: Arc<RwLock<Log>>,
    /// Where what was sent is written down.
    pub state: Arc<State>,
    /// Whose streams are.
    pub owners: Arc<dyn Owners>,
    /// The time.
    pub clock: NodeClock,
}

/// A target that can not be begun with. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nothing can be sent on to {name:?}: {why}")]
pub struct StartError {
    /// Which.
    pub name: String,
    /// Why.
    pub why: String,
}

/// All targets of a node. What is sent goes on until it is closed.
#[derive(Debug)]
pub struct Forwarder {
    clock: NodeClock,
    watches: Vec<Arc<Watch>>,
    stop: signal::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Forwarder {
    /// Begins to send, from within a runtime.
    ///
    /// # Errors
    /// When what was sent can not be read or written, or nothing is trusted. A secret that is not there is waited for.
    pub fn start(targets: Vec<Target>, setup: &Setup) -> Result<Self, StartError> {
        let (stop, stopped) = signal::channel(false);
        let mut lines = Vec::new();
        for target in targets {
            let name = target.name.clone();
            let line = Line::open(Arc::new(target), setup).map_err(|why| StartError { name, why })?;
            lines.push(line);
        }
        let watches = lines.iter().map(|line| line.carrier.watch.clone()).collect();
        let tasks = lines.into_iter().map(|line| tokio::spawn(line.live(stopped.clone()))).collect();
        Ok(Self { clock: setup.clock.clone(), watches, stop, tasks: Mutex::new(tasks) })
    }

    /// How each target is doing.
    pub fn reports(&self) -> Vec<Report> {
        self.watches.iter().map(|watch| watch.report()).collect()
    }

    /// Writes the metrics of all targets.
    pub fn write_metrics(&self, out: &mut Exposition) {
        write_metrics(&self.reports(), self.clock.now().utc, out);
    }

    /// Stops, and writes down what has arrived. What is under way is sent again the next time.
    pub async fn close(&self) {
        self.stop.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            // It ends by itself; a panic in it has been told.
            drop(task.await);
        }
    }
}

/// One target.
struct Line {
    carrier: Arc<Carrier>,
    hand: Hand,
    tls: Option<Arc<ClientConfig>>,
    doors: Vec<Door>,
    under_way: JoinSet<Carried>,
    /// Which streams each task has.
    streams: HashMap<tokio::task::Id, Vec<StreamId>>,
}

impl Line {
    fn open(target: Arc<Target>, setup: &Setup) -> Result<Self, String> {
        let tls = trust(&target)?;
        let watch = Arc::new(Watch::new(&target.name, target.shown()));
        let hand = Hand::open(target.clone(), setup, watch.clone())?;
        info!(target_name = target.name, to = target.shown(), "what becomes durable here is sent on");
        let (clock, pace) = (setup.clock.clone(), Pace::new(target.samples_per_second));
        let carrier = Arc::new(Carrier { target, watch, clock, pace, chance: AtomicU8::new(0) });
        let (doors, under_way, streams) = (Vec::new(), JoinSet::new(), HashMap::new());
        Ok(Self { carrier, hand, tls, doors, under_way, streams })
    }

    async fn live(self, mut stopped: signal::Receiver<bool>) {
        let Self { carrier, mut hand, tls, mut doors, mut under_way, mut streams } = self;
        let mut done = Vec::new();
        loop {
            let (arrived, room) = (std::mem::take(&mut done), AT_ONCE - under_way.len());
            let step = spawn_blocking(move || {
                let batches = hand.step(arrived, room);
                (hand, batches)
            });
            let Ok((same, batches)) = step.await else {
                const ENDED: &str = "sending on has ended by an error; start the program again";
                carrier.watch.failed(ENDED, carrier.clock.now().utc);
                return error!(target_name = carrier.target.name, "{ENDED}");
            };
            hand = same;
            for batch in batches {
                let door = doors.pop().unwrap_or_else(|| Door::new(carrier.target.clone(), tls.clone()));
                let of = batch.shares().iter().map(|share| share.stream).collect();
                let carrier = carrier.clone();
                let task = under_way.spawn(async move { carrier.carry(batch, door).await });
                streams.insert(task.id(), of);
            }
            tokio::select! {
                Some(ended) = under_way.join_next_with_id() => done.push(take_in(ended, &mut doors, &mut streams)),
                () = sleep(LOOK_EVERY) => {}
                _ = stopped.wait_for(|stop| *stop) => break,
            }
        }
        under_way.abort_all();
        while let Some(ended) = under_way.join_next_with_id().await {
            done.push(take_in(ended, &mut doors, &mut streams));
        }
        let last = spawn_blocking(move || {
            hand.step(done, 0);
            hand.note();
        });
        if last.await.is_err() {
            error!(target_name = carrier.target.name, "what arrived last is not written down; it is sent again");
        }
    }
}

fn take_in(
    ended: Result<(tokio::task::Id, Carried), JoinError>,
    doors: &mut Vec<Door>,
    streams: &mut HashMap<tokio::task::Id, Vec<StreamId>>,
) -> Done {
    match ended {
        Ok((id, Carried { shares, samples, refused, door })) => {
            streams.remove(&id);
            doors.push(door);
            Done::Arrived { shares, samples, refused }
        }
        Err(broken) => Done::Lost(streams.remove(&broken.id()).unwrap_or_default()),
    }
}
