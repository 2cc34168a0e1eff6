//! The thread that carries out what sessions wish of the rows.
//!
//! Each session's wishes in their order; between sessions those that concern alerts and decisions first, and among equals
//! each in its turn. An answer is told after its commit.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use tracing::error;
use vigie_codec::wire::rows::RowHello;
use vigie_model::Role;
use vigie_store::rows::{NewLife, RowsError};
use vigie_sync::rows::{RowFacts, RowInput, RowPeer, RowWish};
use vigie_sync::{RowsWish, SessionId};

use super::NodeRows;
use super::waiting::Waiting;

/// What the thread tells the loop.
#[derive(Debug)]
pub(crate) enum RowsDone {
    /// To [`RowsWish::Begin`].
    Begun(SessionId, RowHello, RowFacts),
    /// To [`RowsWish::Talk`].
    Answered(SessionId, RowInput),
}

/// What a session wishes, and of which peer it is.
pub(super) type Wished = (SessionId, RowPeer, RowsWish);

#[derive(Debug)]
enum Job {
    Wish(Box<Wished>),
    Gone(SessionId),
    Stop,
}

/// A hand to the thread.
#[derive(Debug)]
pub(crate) struct RowDesk {
    jobs: Sender<Job>,
    thread: Option<JoinHandle<()>>,
}

impl RowDesk {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(rows: NodeRows, told: tokio::sync::mpsc::UnboundedSender<RowsDone>) -> std::io::Result<Self> {
        let (jobs, inbox) = channel();
        let worker = Worker { rows, told, waiting: Waiting::default() };
        let thread = std::thread::Builder::new().name("vigie-rows".to_owned()).spawn(move || worker.run(&inbox))?;
        Ok(Self { jobs, thread: Some(thread) })
    }

    pub(crate) fn wish(&self, session: SessionId, peer: RowPeer, wish: RowsWish) {
        self.job(Job::Wish(Box::new((session, peer, wish))));
    }

    pub(crate) fn gone(&self, session: SessionId) {
        self.job(Job::Gone(session));
    }

    fn job(&self, job: Job) {
        // Fails only once the thread is gone, and then the program is ending.
        drop(self.jobs.send(job));
    }

    /// Ends when what is under way is done; what waits is asked for again by the next session.
    pub(crate) fn stop(&mut self) {
        self.job(Job::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("the thread of the rows ended badly; what was not acknowledged comes again");
        }
    }
}

impl Drop for RowDesk {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Worker {
    rows: NodeRows,
    told: tokio::sync::mpsc::UnboundedSender<RowsDone>,
    waiting: Waiting,
}

impl Worker {
    fn run(mut self, inbox: &Receiver<Job>) {
        loop {
            // Everything that has come is looked at before one wish is chosen; nothing is waited for while one is there.
            let job = if self.waiting.is_empty() { inbox.recv().ok() } else { inbox.try_recv().ok() };
            match job {
                Some(Job::Wish(wished)) => {
                    self.waiting.add(*wished);
                    continue;
                }
                Some(Job::Gone(session)) => {
                    self.waiting.gone(session);
                    continue;
                }
                Some(Job::Stop) => return,
                None if self.waiting.is_empty() => return,
                None => {}
            }
            if let Some((session, peer, wish)) = self.waiting.next() {
                self.carry_out(session, &peer, wish);
            }
        }
    }

    fn carry_out(&self, session: SessionId, peer: &RowPeer, wish: RowsWish) {
        let done = match wish {
            RowsWish::Begin => self.rows.with(|rows| {
                let hub = rows.hub()?;
                Ok(RowsDone::Begun(session, rows.hello(peer, hub)?, rows.facts()))
            }),
            RowsWish::Talk(wish) => match self.talk(peer, &wish) {
                Ok(Some(answer)) => Ok(RowsDone::Answered(session, answer)),
                Ok(None) => return,
                Err(error) => Err(error),
            },
        };
        let done = done.unwrap_or_else(|error| {
            // A new life ends every session by itself: its facts have another epoch.
            match error {
                RowsError::NewLife => self.rows.note_life(NewLife::Damaged),
                error => self.rows.note_trouble(&error.to_string(), peer.node),
            }
            RowsDone::Answered(session, RowInput::Failed)
        });
        // The loop may be gone first when the program stops.
        drop(self.told.send(done));
    }

    fn talk(&self, peer: &RowPeer, wish: &RowWish) -> Result<Option<RowInput>, RowsError> {
        let stamp = self.rows.stamp();
        if let RowWish::Recall(hello) = wish
            && self.rows.with(|rows| rows.met_in_another_life(peer, hello))?
        {
            self.rows.note_peer_anew(peer.node);
        }
        let answer = self.rows.with(|rows| rows.carry_out(peer, wish, stamp))?;
        match (&answer, wish) {
            (Some(RowInput::Applied(applied)), _) => {
                self.rows.note_kept();
                self.rows.note_applied(peer.node, applied);
            }
            (_, RowWish::Reborn) => self.rows.note_life(NewLife::SeenElsewhere),
            (_, RowWish::BeginAgain) if peer.role != Role::Agent => self.rows.note_life(NewLife::BeginsAgain),
            _ => {}
        }
        Ok(answer)
    }
}
