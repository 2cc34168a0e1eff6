//! Which frame comes next, when seven lanes may have one?
//!
//! Reads streams in place instead of spawning readers: what is half read stays here between two calls, so that a call
//! may be dropped at any moment, and what is not wanted yet stays with the sender.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use quinn::{ConnectionError, ReadError, RecvStream};
use vigie_sync::Lane;

use crate::connection::Link;
use crate::frame::FrameReader;
use crate::refusal::Closed;

/// At most this is taken from a stream at once, so that a fast lane is not read to its end before others get a look.
const PIECE_BYTES: usize = 32 * 1024;

const LANES: usize = Lane::ALL.len();

type Accepting = Pin<Box<dyn Future<Output = Result<RecvStream, ConnectionError>> + Send + Sync>>;

/// The receiving half of all lanes.
pub(crate) struct Inbound {
    link: Link,
    accepting: Accepting,
    /// Streams that have not yet said which lane they are; the transport allows no more of them than there are lanes.
    unnamed: Vec<RecvStream>,
    lanes: [Option<LaneReader>; LANES],
    /// Whose turn it is.
    turn: usize,
}

struct LaneReader {
    stream: RecvStream,
    piece: Bytes,
    frames: FrameReader,
}

impl Inbound {
    pub(crate) fn new(link: Link) -> Self {
        let accepting = accept(&link);
        Self { link, accepting, unnamed: Vec::new(), lanes: Default::default(), turn: 0 }
    }

    /// The next frame of the lane whose turn it is, or of the next one that has a frame.
    pub(crate) fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Result<(Lane, Bytes), Closed>> {
        // Frames that arrived before the connection closed are still worth having, so streams are read first.
        if let Err(closed) = self.open_lanes(context) {
            return match self.poll_lanes(context) {
                Poll::Ready(Ok(frame)) => Poll::Ready(Ok(frame)),
                _ => Poll::Ready(Err(closed)),
            };
        }
        self.poll_lanes(context)
    }

    /// Ready once any lane of the other side is open.
    pub(crate) fn poll_opened(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let result = self.open_lanes(context);
        if self.lanes.iter().any(Option::is_some) {
            return Poll::Ready(Ok(()));
        }
        match result {
            Err(closed) => Poll::Ready(Err(closed)),
            Ok(()) => Poll::Pending,
        }
    }

    fn poll_lanes(&mut self, context: &mut Context<'_>) -> Poll<Result<(Lane, Bytes), Closed>> {
        for step in 0..LANES {
            let place = (self.turn + step) % LANES;
            let lane = Lane::ALL[place];
            let Some(reader) = &mut self.lanes[place] else { continue };
            match reader.poll_frame(context, &self.link) {
                Poll::Pending => {}
                Poll::Ready(Err(closed)) => return Poll::Ready(Err(closed)),
                Poll::Ready(Ok(frame)) => {
                    self.turn = place + 1;
                    self.link.counters().received(lane, frame.len());
                    return Poll::Ready(Ok((lane, frame)));
                }
            }
        }
        Poll::Pending
    }

    /// Takes new streams, and reads which lanes they are.
    fn open_lanes(&mut self, context: &mut Context<'_>) -> Result<(), Closed> {
        let ended = loop {
            match self.accepting.as_mut().poll(context) {
                Poll::Pending => break None,
                Poll::Ready(Ok(stream)) => {
                    self.unnamed.push(stream);
                    self.accepting = accept(&self.link);
                }
                Poll::Ready(Err(error)) => {
                    // Ready once only; a fresh one says the same again when asked again.
                    self.accepting = accept(&self.link);
                    break Some(self.link.why(error));
                }
            }
        };
        let mut place = 0;
        while place < self.unnamed.len() {
            let mut number = [0];
            match self.unnamed[place].poll_read(context, &mut number) {
                Poll::Pending => place += 1,
                Poll::Ready(Ok(1..)) => {
                    let stream = self.unnamed.swap_remove(place);
                    self.name(stream, number[0])?;
                }
                Poll::Ready(Ok(0)) => return Err(self.link.misbehaved("a stream without a lane")),
                Poll::Ready(Err(error)) => return Err(read_failed(&self.link, error)),
            }
        }
        ended.map_or(Ok(()), Err)
    }

    fn name(&mut self, stream: RecvStream, number: u8) -> Result<(), Closed> {
        let Some(lane) = Lane::from_number(number) else {
            return Err(self.link.misbehaved(&format!("a stream of lane {number}, which there is not")));
        };
        let place = &mut self.lanes[usize::from(lane.number())];
        if place.is_some() {
            return Err(self.link.misbehaved(&format!("a second stream of lane {lane}")));
        }
        *place = Some(LaneReader { stream, piece: Bytes::new(), frames: FrameReader::default() });
        self.link.counters().heard();
        Ok(())
    }
}

impl LaneReader {
    fn poll_frame(&mut self, context: &mut Context<'_>, link: &Link) -> Poll<Result<Bytes, Closed>> {
        loop {
            match self.frames.feed(&mut self.piece) {
                Ok(Some(frame)) => return Poll::Ready(Ok(frame)),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Err(link.misbehaved(&error.to_string()))),
            }
            // The future keeps nothing of its own: quinn remembers who waits for a stream.
            match pin!(self.stream.read_chunk(PIECE_BYTES, true)).poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(Some(chunk))) => self.piece = chunk.bytes,
                Poll::Ready(Ok(None)) => return Poll::Ready(Err(link.misbehaved("a lane that ended"))),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(read_failed(link, error))),
            }
        }
    }
}

fn accept(link: &Link) -> Accepting {
    let quinn = link.quinn().clone();
    Box::pin(async move { quinn.accept_uni().await })
}

fn read_failed(link: &Link, error: ReadError) -> Closed {
    match error {
        ReadError::ConnectionLost(error) => link.why(error),
        ReadError::Reset(_) => link.misbehaved("a lane that was reset"),
        ReadError::ClosedStream | ReadError::IllegalOrderedRead | ReadError::ZeroRttRejected => {
            link.misbehaved("a lane that can not be read")
        }
    }
}
