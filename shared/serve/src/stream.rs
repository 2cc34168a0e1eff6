//! How does an answer of any length leave in little memory?
//!
//! A blocking thread writes into an [`Outlet`]; the outlet hands chunks to the connection through a short queue and waits
//! while the queue is full. When the reader leaves, the thread learns it; when the thread fails half-way, or the reader's
//! credentials are taken back meanwhile, the connection is broken off, so that no reader takes a part for the whole.

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use http_body::Frame;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::task::spawn_blocking;
use vigie_query::Limits;

use crate::door::sees_tagged;
use crate::shared::{App, Shared};
use crate::{Identity, people, work};

/// What is handed over at once: large enough that the queue costs nothing, small enough to be seen moving on a bad link.
const CHUNK_BYTES: usize = 64 * 1024;

/// Chunks on their way. With this an answer of half a megabyte frees its thread at once.
const QUEUED_CHUNKS: usize = 8;

/// A reader that takes nothing for this long has gone, whatever its connection says.
const PATIENCE: Duration = Duration::from_secs(60);

/// What goes from the thread to the connection.
enum Piece {
    Chunk(Bytes),
    End,
}

/// Where an answer is written.
pub(crate) struct Outlet<E> {
    /// Not yet written out. Append to it, then call [`Outlet::spill`].
    pub(crate) text: Vec<u8>,
    begun: Option<oneshot::Sender<Result<(), E>>>,
    pieces: mpsc::Sender<Piece>,
    runtime: Handle,
    reader: Reader,
}

/// Who reads, and where it is asked whether they still may.
struct Reader {
    app: App,
    who: Arc<Identity>,
    /// How often a tag had been taken away when the answer began, for who sees machines by their tags.
    taken: Option<u64>,
}

impl Reader {
    /// Before anything of the answer is read: what is taken away from then on counts.
    fn begin(&mut self) {
        self.taken = sees_tagged(&self.who.all_powers()).then(|| self.app.marks().taken());
    }

    /// Which tag it was does not matter: they are taken away now and then, and who asks again gets what is theirs now.
    fn still_may(&self) -> bool {
        still_may(&self.app, &self.who) && self.taken.is_none_or(|taken| self.app.marks().taken() == taken)
    }
}

/// Whether credentials are what they were when an answer began: neither taken back nor given to another.
pub(crate) fn still_may(app: &Shared, who: &Identity) -> bool {
    let as_it_was = || app.access.identity(&who.name).as_ref() == Some(who);
    people::still_may(app, who).unwrap_or_else(as_it_was)
}

/// The reader has gone, or may read no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReaderGone;

/// What one streamed answer needs.
pub(crate) struct Job {
    pub(crate) turn: OwnedSemaphorePermit,
    pub(crate) who: Arc<Identity>,
    pub(crate) life: Option<Duration>,
    pub(crate) content_type: &'static str,
}

/// Runs `write` on a blocking thread. An error before the first chunk is given back; afterwards it breaks the connection.
pub(crate) async fn stream<E, F>(app: &App, job: Job, write: F) -> Result<Response, Option<E>>
where
    E: std::fmt::Debug + Send + 'static,
    F: FnOnce(&Shared, &Limits, &mut Outlet<E>) -> Result<(), E> + Send + 'static,
{
    let Job { turn, who, life, content_type } = job;
    let (begun, has_begun) = oneshot::channel();
    let (pieces, queue) = mpsc::channel(QUEUED_CHUNKS);
    let gone = pieces.clone();
    let app = Arc::clone(app);
    let reader = Reader { app: Arc::clone(&app), who, taken: None };
    let mut outlet = Outlet { text: Vec::new(), begun: Some(begun), pieces, runtime: Handle::current(), reader };
    spawn_blocking(move || {
        let _turn = turn;
        outlet.reader.begin();
        let limits = work::limits(life, move || gone.is_closed());
        let written = write(&app, &limits, &mut outlet);
        outlet.finish(written);
    });
    match has_begun.await {
        Ok(Ok(())) => {
            let body = Body::new(Spout { queue, ended: false });
            Ok(([(header::CONTENT_TYPE, content_type)], body).into_response())
        }
        Ok(Err(error)) => Err(Some(error)),
        // The thread panicked; the panic was logged where it happened.
        Err(_) => Err(None),
    }
}

/// A file that is open to everybody, in chunks, for as long as its reader takes some.
pub(crate) fn poured(mut file: std::fs::File, turn: OwnedSemaphorePermit) -> Body {
    let (pieces, queue) = mpsc::channel(QUEUED_CHUNKS);
    tokio::spawn(async move {
        let _turn = turn;
        loop {
            let chunk = spawn_blocking(move || {
                let mut chunk = vec![0; CHUNK_BYTES];
                let read = file.read(&mut chunk)?;
                chunk.truncate(read);
                io::Result::Ok((file, chunk))
            });
            // What can not be read to its end breaks the connection off, so that nobody takes a part for the whole.
            let Ok(Ok((back, chunk))) = chunk.await else { return };
            file = back;
            let piece = if chunk.is_empty() { Piece::End } else { Piece::Chunk(chunk.into()) };
            let is_end = matches!(piece, Piece::End);
            let sent = tokio::time::timeout(PATIENCE, pieces.send(piece)).await;
            if is_end || !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
    });
    Body::new(Spout { queue, ended: false })
}

impl<E: std::fmt::Debug> Outlet<E> {
    /// Sends what was written if it is worth sending.
    pub(crate) fn spill(&mut self) -> Result<(), ReaderGone> {
        if self.text.len() < CHUNK_BYTES { Ok(()) } else { self.send_text() }
    }

    fn send_text(&mut self) -> Result<(), ReaderGone> {
        self.begin();
        let room = self.text.capacity().min(2 * CHUNK_BYTES);
        let chunk = Piece::Chunk(std::mem::replace(&mut self.text, Vec::with_capacity(room)).into());
        self.send(chunk)
    }

    fn begin(&mut self) {
        if let Some(begun) = self.begun.take() {
            // When the asker has left, the next send says so.
            begun.send(Ok(())).ok();
        }
    }

    /// Asked before each piece: an answer may take hours, and rights that are taken back end it within one queue's length.
    fn send(&self, piece: Piece) -> Result<(), ReaderGone> {
        if !self.reader.still_may() {
            tracing::info!(
                who = self.reader.who.name,
                "credentials were taken back; an answer under way was broken off"
            );
            return Err(ReaderGone);
        }
        let sent = tokio::time::timeout(PATIENCE, self.pieces.send(piece));
        match self.runtime.block_on(sent) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(ReaderGone),
        }
    }

    fn finish(mut self, written: Result<(), E>) {
        match written {
            Ok(()) => {
                let rest = if self.text.is_empty() { Ok(()) } else { self.send_text() };
                self.begin();
                rest.and_then(|()| self.send(Piece::End)).ok();
            }
            Err(error) => match self.begun.take() {
                Some(begun) => {
                    begun.send(Err(error)).ok();
                }
                None => tracing::warn!(?error, "an answer was broken off half-way"),
            },
        }
    }
}

/// For writers of formats; what they write is sent on as it grows.
impl<E: std::fmt::Debug> io::Write for Outlet<E> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        self.spill().map_err(|ReaderGone| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // What is left is sent when the writer is done.
        Ok(())
    }
}

/// The connection's end of the queue.
struct Spout {
    queue: mpsc::Receiver<Piece>,
    ended: bool,
}

impl HttpBody for Spout {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let Poll::Ready(piece) = self.queue.poll_recv(cx) else { return Poll::Pending };
        Poll::Ready(match piece {
            Some(Piece::Chunk(chunk)) => Some(Ok(Frame::data(chunk))),
            Some(Piece::End) => {
                self.ended = true;
                None
            }
            // The thread ended without saying that it was done.
            None => Some(Err(io::Error::new(io::ErrorKind::BrokenPipe, "the answer broke off"))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
