//! Carries out what is due, each on a thread of its own, and writes down how it ended.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{error, info, warn};
use vigie_jobs::{Ended, Job, JobId};

use super::Book;
use super::book::NotChanged;

/// Looked at again after this, whatever the clock says: one that is set forward makes things due that were not.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// What could not be written down is tried again this soon: until then the job counts as under way, and is not begun again.
const AGAIN: Duration = Duration::from_secs(5);

/// What is under way when the hub stops has so long to end in order; else it is taken up again at the next start.
const LINGER: Duration = Duration::from_secs(5);

/// Who can carry a job out. Asked on blocking threads.
pub(crate) trait CarryOut: Send + Sync + std::fmt::Debug + 'static {
    /// Does it to its end, or until it is to stop.
    fn carry_out(&self, job: &Job, stop: &Arc<AtomicBool>) -> Ended;
}

/// Takes jobs from the book.
#[derive(Debug)]
pub(crate) struct Runner {
    book: Arc<Book>,
    works: Arc<dyn CarryOut>,
    /// By which each that is under way is told to stop.
    stops: Mutex<BTreeMap<JobId, Arc<AtomicBool>>>,
    closing: AtomicBool,
}

impl Runner {
    pub(crate) fn new(book: Arc<Book>, works: Arc<dyn CarryOut>) -> Self {
        Self { book, works, stops: Mutex::default(), closing: AtomicBool::new(false) }
    }

    /// For as long as the program runs.
    pub(crate) async fn tend(self: Arc<Self>) {
        while !self.closing.load(Ordering::SeqCst) {
            self.clone().begin_all().await;
            let rest = self.book.rest().map_or(LOOK_EVERY, |rest| rest.min(LOOK_EVERY));
            // Whichever comes first.
            drop(tokio::time::timeout(rest, self.book.changed()).await);
        }
    }

    /// Calls off what is under way, in a person's name; what waits at once.
    pub(crate) fn cancel(&self, id: &JobId, by: &str) -> Result<Job, NotChanged> {
        let job = self.book.change(id, |job, now| job.cancel(by, now))?;
        self.stop_if_meant(id);
        Ok(job)
    }

    /// Has what is under way stop, begins nothing more, and waits for a moment.
    pub(crate) async fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        let waited = async {
            loop {
                let under_way: Vec<_> = self.stops().values().cloned().collect();
                if under_way.is_empty() {
                    return;
                }
                under_way.iter().for_each(|stop| stop.store(true, Ordering::SeqCst));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(LINGER, waited).await.is_err() {
            info!("a job is still under way; it is taken up again at the next start");
        }
    }

    async fn begin_all(self: Arc<Self>) {
        while !self.closing.load(Ordering::SeqCst) {
            let book = self.book.clone();
            let begun = tokio::task::spawn_blocking(move || book.begin_next()).await;
            match begun {
                Ok(Ok(Some(job))) => self.clone().begin(job),
                Ok(Ok(None)) => return,
                Ok(Err(not)) => return warn!(error = %not, "a job that is due could not be begun; it is tried again"),
                Err(died) => return error!(%died, "jobs could not be looked at; it is tried again"),
            }
        }
    }

    fn begin(self: Arc<Self>, job: Job) {
        let stop = Arc::new(AtomicBool::new(false));
        self.stops().insert(job.id.clone(), stop.clone());
        // Somebody may have called it off between its beginning and here.
        self.stop_if_meant(&job.id);
        tokio::spawn(async move {
            let (works, id, kind) = (self.works.clone(), job.id.clone(), job.kind.as_str());
            let done = tokio::task::spawn_blocking(move || works.carry_out(&job, &stop)).await;
            let ended = done.unwrap_or_else(|died| {
                error!(job = %id, kind, %died, "a job ended badly by an error of ours");
                Ended::Failed("it ended by an error of the hub itself, which its log tells of".to_owned())
            });
            match &ended {
                Ended::Done(_, said) => info!(job = %id, kind, said, "a job is done"),
                Ended::Failed(why) | Ended::Hopeless(why) => warn!(job = %id, kind, why, "a job failed"),
                Ended::Stopped => info!(job = %id, kind, "a job was broken off"),
            }
            self.write_down(&id, ended).await;
            self.stops().remove(&id);
        });
    }

    /// Until it is written down that it ended it counts as under way, so that nobody begins it twice.
    async fn write_down(&self, id: &JobId, ended: Ended) {
        loop {
            let (book, own, ended) = (self.book.clone(), id.clone(), ended.clone());
            let written = tokio::task::spawn_blocking(move || book.ended(&own, ended, jitter())).await;
            match written {
                // Its client was erased meanwhile, and the job with it.
                Ok(Ok(_) | Err(NotChanged::NotHere)) => return,
                Ok(Err(not)) => warn!(job = %id, error = %not, "how a job ended could not be kept; it is tried again"),
                Err(died) => return error!(job = %id, %died, "how a job ended could not be kept"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn stop_if_meant(&self, id: &JobId) {
        if self.book.one(id).is_some_and(|job| job.is_to_stop())
            && let Some(stop) = self.stops().get(id)
        {
            stop.store(true, Ordering::SeqCst);
        }
    }

    fn stops(&self) -> MutexGuard<'_, BTreeMap<JobId, Arc<AtomicBool>>> {
        self.stops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A share from 0 to 1. Where the system gives no chance, what failed together is tried together.
fn jitter() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use serde_json::{Value, json};
    use vigie_jobs::{JobKind, JobState, JobWish, Priority};
    use vigie_model::UtcMs;
    use vigie_node::NodeClock;
    use vigie_store::State;
    use vigie_store::fault::FaultDisk;

    use super::*;

    /// Says what it was given, and goes on when it is told to, or is to stop.
    #[derive(Debug)]
    struct Told {
        begun: Mutex<Sender<JobId>>,
        go_on: Mutex<Receiver<Ended>>,
    }

    impl CarryOut for Told {
        fn carry_out(&self, job: &Job, stop: &Arc<AtomicBool>) -> Ended {
            self.begun.lock().expect("no test panics here").send(job.id.clone()).expect("somebody listens");
            loop {
                let told = self.go_on.lock().expect("no test panics here").try_recv();
                match told {
                    Ok(ended) => return ended,
                    Err(_) if stop.load(Ordering::SeqCst) => return Ended::Stopped,
                    Err(_) => std::thread::sleep(Duration::from_millis(2)),
                }
            }
        }
    }

    struct Hub {
        book: Arc<Book>,
        runner: Arc<Runner>,
        begun: Receiver<JobId>,
        go_on: Sender<Ended>,
    }

    impl Hub {
        fn on(disk: &FaultDisk) -> Self {
            let state = Arc::new(State::open_on(disk.clone()).expect("a state").0);
            let book = Arc::new(Book::open(state, NodeClock::new()).expect("a book"));
            let ((begins, begun), (go_on, told)) = (channel(), channel());
            let works = Told { begun: Mutex::new(begins), go_on: Mutex::new(told) };
            let runner = Arc::new(Runner::new(book.clone(), Arc::new(works)));
            tokio::spawn(runner.clone().tend());
            Self { book, runner, begun, go_on }
        }

        /// What is to come sooner comes first, of two that are asked for within a millisecond, too.
        fn add(&self, kind: JobKind, not_before: i64) -> JobId {
            let wish = JobWish {
                kind,
                priority: Priority::Usual,
                client: None,
                what: "one".to_owned(),
                by: "ann".to_owned(),
                order: json!({}),
                not_before: UtcMs(not_before),
            };
            self.book.add(wish).expect("kept").id
        }

        async fn stands(&self, id: &JobId, wanted: JobState) {
            for _ in 0..5_000 {
                if self.book.one(id).expect("there").state(NodeClock::new().now().utc) == wanted {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            panic!("{wanted:?} never came: {:?}", self.book.one(id));
        }

        fn next_begun(&self) -> JobId {
            self.begun.recv_timeout(Duration::from_secs(20)).expect("it is begun")
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_asked_for_is_carried_out_once_and_one_after_another_of_a_kind() {
        let hub = Hub::on(&FaultDisk::new());
        let (first, second) = (hub.add(JobKind::Backup, 0), hub.add(JobKind::Backup, 1));
        assert_eq!(hub.next_begun(), first);
        hub.stands(&first, JobState::Running).await;
        assert!(hub.begun.try_recv().is_err(), "one backup at a time");
        hub.go_on.send(Ended::Done(Value::Null, "done".to_owned())).expect("it listens");
        assert_eq!(hub.next_begun(), second);
        hub.stands(&first, JobState::Done).await;
        hub.go_on.send(Ended::Failed("the disk is full".to_owned())).expect("it listens");
        hub.stands(&second, JobState::Retrying).await;
        assert!(hub.begun.try_recv().is_err(), "not at once");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_called_off_while_it_runs_stops() {
        let hub = Hub::on(&FaultDisk::new());
        let id = hub.add(JobKind::Export, 0);
        assert_eq!(hub.next_begun(), id);
        hub.runner.cancel(&id, "bob").expect("it runs");
        hub.stands(&id, JobState::Cancelled).await;
        assert!(hub.runner.cancel(&id, "bob").is_err(), "it has ended");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_hub_that_stops_in_order_leaves_what_ran_for_the_next_start() {
        let disk = FaultDisk::new();
        let hub = Hub::on(&disk);
        let id = hub.add(JobKind::Export, 0);
        assert_eq!(hub.next_begun(), id);
        hub.runner.close().await;
        let job = hub.book.one(&id).expect("there");
        assert_eq!((job.is_open(), job.is_running(), job.tries), (true, false, 0));
        let again = Hub::on(&disk.killed());
        assert_eq!(again.next_begun(), id);
        again.go_on.send(Ended::Done(Value::Null, "done".to_owned())).expect("it listens");
        again.stands(&id, JobState::Done).await;
    }
}
