//! What waits to be sent, lane by lane, so that none waits behind another?
//!
//! A box and a writer per lane, begun when the lane is first used. The writer of a lane whose peer does not read stands
//! still alone.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use quinn::{SendStream, WriteError};
use tokio::sync::{Notify, mpsc};
use vigie_sync::Lane;

use crate::connection::Link;
use crate::frame::{self, MAX_FRAME_BYTES};
use crate::refusal::Closed;

/// A lane's box takes no more than this, except one frame when it is empty.
///
/// One full frame: more would be decided too early, and seven full boxes are still under 2 MiB.
pub const MAX_QUEUED_BYTES: usize = MAX_FRAME_BYTES;

/// The sending half of all lanes.
pub(crate) struct Outboxes {
    link: Link,
    lanes: [Outbox; Lane::ALL.len()],
}

#[derive(Default)]
struct Outbox {
    writer: OnceLock<mpsc::UnboundedSender<Bytes>>,
    room: Arc<Room>,
}

/// What the writer and the hands that feed it share. Not the way to the writer: it ends when the last hand is gone.
#[derive(Default)]
struct Room {
    queued: AtomicUsize,
    moved: Notify,
}

impl Outboxes {
    pub(crate) fn new(link: Link) -> Self {
        Self { link, lanes: Default::default() }
    }

    pub(crate) fn try_send(&self, lane: Lane, frame: Bytes) -> Result<(), SendError> {
        if frame.is_empty() || frame.len() > MAX_FRAME_BYTES {
            return Err(SendError::Size { bytes: frame.len() });
        }
        if let Some(closed) = self.link.closed() {
            return Err(SendError::Closed(closed));
        }
        let bytes = frame.len();
        if !self.of(lane).room.claim(bytes) {
            return Err(SendError::Full { lane });
        }
        self.open(lane).send(frame).map_err(|_| SendError::Closed(self.end()))
    }

    pub(crate) async fn send(&self, lane: Lane, frame: Bytes) -> Result<(), SendError> {
        loop {
            let moved = self.of(lane).room.moved.notified();
            match self.try_send(lane, frame.clone()) {
                Err(SendError::Full { .. }) => self.wait(moved).await.map_err(SendError::Closed)?,
                sent => return sent,
            }
        }
    }

    pub(crate) async fn drained(&self, lane: Lane) -> Result<(), Closed> {
        loop {
            let moved = self.of(lane).room.moved.notified();
            if self.queued_bytes(lane) == 0 {
                return Ok(());
            }
            self.wait(moved).await?;
        }
    }

    pub(crate) fn queued_bytes(&self, lane: Lane) -> usize {
        self.of(lane).room.queued.load(Ordering::Acquire)
    }

    /// The box's writer, begun if this is the first frame; its stream says the lane's number at once.
    pub(crate) fn open(&self, lane: Lane) -> &mpsc::UnboundedSender<Bytes> {
        self.of(lane).writer.get_or_init(|| {
            // Unbounded in frames, bounded in bytes by `claim`.
            let (sender, frames) = mpsc::unbounded_channel();
            tokio::spawn(write_lane(self.link.clone(), lane, frames, self.of(lane).room.clone()));
            sender
        })
    }

    async fn wait(&self, moved: impl Future<Output = ()>) -> Result<(), Closed> {
        tokio::select! {
            () = moved => Ok(()),
            closed = self.link.ended() => Err(closed),
        }
    }

    fn of(&self, lane: Lane) -> &Outbox {
        &self.lanes[usize::from(lane.number())]
    }

    fn end(&self) -> Closed {
        self.link.closed().unwrap_or_else(|| Closed::Broken("the lane ended".to_owned()))
    }
}

impl Room {
    /// Makes room for a frame, if there is room.
    fn claim(&self, bytes: usize) -> bool {
        let grow = |queued: usize| (queued == 0 || queued + bytes <= MAX_QUEUED_BYTES).then_some(queued + bytes);
        self.queued.fetch_update(Ordering::AcqRel, Ordering::Acquire, grow).is_ok()
    }

    fn release(&self, bytes: usize) {
        self.queued.fetch_sub(bytes, Ordering::AcqRel);
        self.moved.notify_waiters();
    }
}

async fn write_lane(link: Link, lane: Lane, frames: mpsc::UnboundedReceiver<Bytes>, room: Arc<Room>) {
    match write_frames(&link, lane, frames, &room).await {
        // The connection is over; whoever reads it says why.
        Ok(()) | Err(WriteError::ConnectionLost(_)) => {}
        Err(error) => {
            link.misbehaved(&format!("lane {lane} is not read: {error}"));
        }
    }
    // Nobody waits for room that will never come.
    room.moved.notify_waiters();
}

async fn write_frames(
    link: &Link,
    lane: Lane,
    mut frames: mpsc::UnboundedReceiver<Bytes>,
    room: &Room,
) -> Result<(), WriteError> {
    let mut stream: SendStream = link.quinn().open_uni().await?;
    stream.set_priority(lane.priority()).map_err(|_| WriteError::ClosedStream)?;
    stream.write_all(&[lane.number()]).await?;
    while let Some(frame) = frames.recv().await {
        let bytes = frame.len();
        stream.write_all_chunks(&mut [frame::length_prefix(bytes), frame]).await?;
        link.counters().sent(lane, bytes);
        room.release(bytes);
    }
    Ok(())
}

/// A frame that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The lane's box is full; other lanes are not touched by it.
    #[error("lane {lane} is full")]
    Full {
        /// The lane.
        lane: Lane,
    },
    /// Empty, or longer than any frame may be.
    #[error("a frame has 1 to {MAX_FRAME_BYTES} bytes, this one has {bytes}")]
    Size {
        /// How long it is.
        bytes: usize,
    },
    /// The connection is over.
    #[error(transparent)]
    Closed(Closed),
}
