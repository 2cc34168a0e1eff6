//! How does a body come in without filling the memory, whoever sends it?

use std::future::poll_fn;
use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::refusal::{Refusal, Why};

/// Bytes of bodies that wait to be read, all senders together. Two of the largest fit; usual ones have some hundred
/// kilobytes.
const ROOM_BYTES: usize = 64 << 20;

/// What is taken of the room at once.
const STEP_BYTES: usize = 64 << 10;

/// How long a body waits for room. Senders ask again.
const ROOM_WAIT: Duration = Duration::from_secs(5);

/// How long a body may take. Senders give up after 10 to 30 seconds; the largest body over 1 Mbit/s takes four minutes.
const MAX_TIME: Duration = Duration::from_secs(300);

/// How long a refused body is listened to.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Room for bodies.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Semaphore>);

/// A whole body, as it was sent, and the room that it takes.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) bytes: Vec<u8>,
    room: Option<OwnedSemaphorePermit>,
}

/// How a body is packed, where its format leaves that to the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
}

impl Room {
    /// Room for some bodies of at most `most` bytes.
    pub(crate) fn new(most: usize) -> Self {
        let bytes = ROOM_BYTES.max(most.saturating_mul(2));
        Self(Arc::new(Semaphore::new((bytes / STEP_BYTES).min(Semaphore::MAX_PERMITS))))
    }

    /// Reads a body of at most `most` bytes.
    pub(crate) async fn read(&self, body: &mut Body, most: usize) -> Result<Held, Refusal> {
        if body.size_hint().lower() > most as u64 {
            return Err(too_large(most));
        }
        let until = Instant::now() + MAX_TIME;
        let mut held = Held { bytes: Vec::new(), room: None };
        while let Some(piece) = timeout_at(until, next_piece(body)).await.map_err(|_| too_slow())?.map_err(broke_off)? {
            if held.bytes.len() + piece.len() > most {
                return Err(too_large(most));
            }
            self.widen(&mut held, piece.len()).await?;
            held.bytes.extend_from_slice(&piece);
        }
        Ok(held)
    }

    /// Takes room for some more bytes.
    async fn widen(&self, held: &mut Held, more: usize) -> Result<(), Refusal> {
        let has = held.room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let needs = (held.bytes.len() + more).div_ceil(STEP_BYTES);
        let Some(lacks) = needs.checked_sub(has).filter(|lacks| *lacks > 0) else { return Ok(()) };
        let lacks = u32::try_from(lacks).map_err(|_| no_room())?;
        let got = timeout(ROOM_WAIT, Arc::clone(&self.0).acquire_many_owned(lacks)).await;
        let Ok(Ok(got)) = got else { return Err(no_room()) };
        match &mut held.room {
            Some(room) => room.merge(got),
            none => *none = Some(got),
        }
        Ok(())
    }
}

impl Packing {
    /// How a request says that its body is packed.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let said = headers.get(header::CONTENT_ENCODING).map_or("", |said| said.to_str().unwrap_or("?"));
        match said.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Plain),
            "gzip" => Ok(Self::Gzip),
            _ => Err(Refusal::new(Why::MediaType, "this content encoding is not taken here; gzip and none are")),
        }
    }

    /// The body unpacked, in `scratch` if it was packed, and at most `most` bytes of it.
    pub(super) fn unpack<'a>(self, body: &'a [u8], most: usize, scratch: &'a mut Vec<u8>) -> Result<&'a [u8], Refusal> {
        if self == Self::Plain {
            return Ok(body);
        }
        scratch.clear();
        let read = MultiGzDecoder::new(body).take(most as u64 + 1).read_to_end(scratch);
        read.map_err(|error| Refusal::new(Why::Unreadable, format!("the body can not be unpacked as gzip ({error})")))?;
        if scratch.len() > most { Err(too_large(most)) } else { Ok(scratch) }
    }
}

/// Reads on for a while and forgets it: a connection that is closed while its sender still writes may lose the answer, and
/// a sender that hears no answer sends again.
pub(crate) async fn drain(mut body: Body, most: usize) {
    let mut left = most;
    let reading = async {
        while let Ok(Some(piece)) = next_piece(&mut body).await {
            let Some(less) = left.checked_sub(piece.len()) else { return };
            left = less;
        }
    };
    // Whoever takes longer has the connection closed.
    timeout(DRAIN_TIME, reading).await.ok();
}

/// What a sender is told whose turn does not come.
pub(super) fn no_room() -> Refusal {
    Refusal::later(Why::Busy, "this node takes in as much as it can; nothing was kept, send it again", 5)
}

/// The next piece of a body; trailers are passed over.
pub(crate) async fn next_piece(body: &mut Body) -> Result<Option<Bytes>, axum::Error> {
    loop {
        match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            None => return Ok(None),
            Some(Err(error)) => return Err(error),
            Some(Ok(frame)) => {
                if let Ok(piece) = frame.into_data() {
                    return Ok(Some(piece));
                }
            }
        }
    }
}

fn broke_off(error: axum::Error) -> Refusal {
    Refusal::new(Why::Unreadable, format!("the body broke off: {error}"))
}

fn too_large(most: usize) -> Refusal {
    let text = format!("the body is larger than {most} bytes, which is all that is taken at once; nothing was kept");
    Refusal::new(Why::TooLarge, text)
}

fn too_slow() -> Refusal {
    let seconds = MAX_TIME.as_secs();
    Refusal::new(Why::TooSlow, format!("the body took longer than {seconds} s; nothing was kept, send less at once"))
}
