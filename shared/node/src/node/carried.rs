//! A file that was carried here, in the place of a connection.
//!
//! The mind hears it as a session, because it is one that was written down. Nobody is connected by it: it stands in no view,
//! and nobody is told that the relay was heard.

use tokio::sync::{mpsc, oneshot};
use vigie_sync::{CloseWhy, Event, Input, Lane, PeerIs, SessionId};

use super::Node;
use super::links::Came;

/// What whoever reads such a file tells the loop.
#[derive(Debug)]
pub enum Carried {
    /// It begins.
    Begin {
        /// Who wrote it.
        peer: PeerIs,
        /// Where the mind's words go.
        told: mpsc::UnboundedSender<CarriedTold>,
        /// By which way its frames come.
        begun: oneshot::Sender<CarriedLine>,
    },
    /// It is over.
    End(SessionId),
}

/// By which way the frames of a file come to the loop: that of all connections, which holds senders back.
#[derive(Debug)]
pub struct CarriedLine {
    /// The loop's name for it.
    pub(crate) session: SessionId,
    frames: mpsc::Sender<Came>,
}

impl CarriedLine {
    /// Says a frame, and waits while others are before it; whether the loop goes on.
    pub(crate) fn say(&self, lane: Lane, frame: Vec<u8>) -> bool {
        self.frames.blocking_send(Came::Frame(self.session, lane, frame.into())).is_ok()
    }
}

/// What the mind says to it.
#[derive(Debug)]
pub enum CarriedTold {
    /// A frame.
    Frame(Vec<u8>),
    /// It hears no more of it.
    Closed(CloseWhy),
}

impl Node {
    pub(super) fn carried(&mut self, carried: Carried) {
        match carried {
            Carried::Begin { peer, told, begun } => {
                let session = SessionId(self.next_session);
                self.next_session += 1;
                self.carried.insert(session, told);
                let profile = self.down.clone();
                self.tell(Input::Connected { session, peer, profile });
                // Who has given up meanwhile is heard to have ended by nothing else.
                if begun.send(CarriedLine { session, frames: self.frames.0.clone() }).is_err() {
                    self.carried(Carried::End(session));
                }
            }
            Carried::End(session) => {
                if self.carried.remove(&session).is_some() {
                    self.tell(Input::Gone(session));
                }
            }
        }
    }

    /// Whether something is of a file and of nobody who is here now. That two histories were signed is true by whichever way
    /// it was learnt.
    pub(super) fn is_of_carried(&self, event: &Event) -> bool {
        let session = match event {
            Event::Seen { from: session, .. }
            | Event::Greeted(session, _)
            | Event::Announced { session, .. }
            | Event::Clock { session, .. }
            | Event::Beats { session, .. }
            | Event::Refused(session, _)
            | Event::Paused(session, _)
            | Event::Errand(session, _)
            | Event::Goodbye(session, _) => session,
            Event::Forked(_) => return false,
        };
        self.carried.contains_key(session)
    }
}
