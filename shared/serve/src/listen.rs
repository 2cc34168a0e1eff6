//! How many may be connected, and how long may they say nothing?

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};
use tokio_rustls::{Accept, TlsAcceptor, server::TlsStream};

use crate::tls::Tls;

/// Connections at once; further ones wait to be taken. A browser holds six, and this is below the 1,024 files that a
/// process has by default.
const MAX_CONNECTIONS: usize = 512;

/// A connection over which nothing went in either direction for this long is closed. Longer than an export waits for its
/// reader, than any page or Grafana rests between two questions, and than a storage looks for a rare series.
const MAX_SILENCE: Duration = Duration::from_secs(300);

/// Who has connected to a page over TLS and not come to terms by then is let go.
const SHAKEN_WITHIN: Duration = Duration::from_secs(10);

/// Serves a [`router`](crate::router()) on a listener until `until` is done, then lets running answers end.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    until: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_with(listener, router, None, until).await
}

/// As [`serve`]; where there is a certificate nothing is said in the clear.
///
/// # Errors
/// As [`serve`].
pub async fn serve_with(
    listener: TcpListener,
    router: Router,
    tls: Option<Tls>,
    until: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let bounded = Bounded { listener, acceptor: tls.as_ref().map(Tls::acceptor), places };
    let service = router.into_make_service_with_connect_info::<Peer>();
    axum::serve(bounded, service).with_graceful_shutdown(until).await
}

/// The address that is counted when somebody guesses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl axum::extract::connect_info::Connected<axum::serve::IncomingStream<'_, Bounded>> for Peer {
    fn connect_info(stream: axum::serve::IncomingStream<'_, Bounded>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A listener that takes only as many as there are places.
pub(crate) struct Bounded {
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    places: Arc<Semaphore>,
}

impl Listener for Bounded {
    type Io = Impatient;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Impatient, SocketAddr) {
        let place = Arc::clone(&self.places).acquire_owned().await.expect("this semaphore is never closed");
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        // A question fits one packet; waiting to fill it only adds a round trip.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let (stream, patience) = match &self.acceptor {
            None => (Stream::Plain(stream), MAX_SILENCE),
            Some(acceptor) => (Stream::Shaking(Box::new(acceptor.accept(stream))), SHAKEN_WITHIN),
        };
        (Impatient { stream, quiet: Box::pin(sleep(patience)), _place: place }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// What goes over a connection.
enum Stream {
    Plain(TcpStream),
    /// Coming to terms: the first who reads or writes waits for it, not who takes the next connection.
    Shaking(Box<Accept<TcpStream>>),
    Sealed(Box<TlsStream<TcpStream>>),
}

/// A connection that ends when nothing goes over it.
pub(crate) struct Impatient {
    stream: Stream,
    quiet: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Impatient {
    /// What reads and writes. Whoever has come to terms has as long as on any other connection.
    fn ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Duplex>>> {
        let was_shaking = matches!(self.stream, Stream::Shaking(_));
        let ready = self.stream.poll_ready(cx);
        if was_shaking && ready.is_ready() {
            self.quiet.as_mut().reset(Instant::now() + MAX_SILENCE);
        }
        ready
    }

    /// Passes on what happened, and notes that something did, or that nothing has for too long.
    fn watched<T>(&mut self, cx: &mut Context<'_>, happened: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if happened.is_ready() {
            self.quiet.as_mut().reset(Instant::now() + MAX_SILENCE);
            return happened;
        }
        if self.quiet.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl Stream {
    /// What reads and writes, once both sides have come to terms.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Duplex>>> {
        if let Self::Shaking(accept) = self {
            match Pin::new(accept).poll(cx) {
                Poll::Ready(Ok(stream)) => *self = Self::Sealed(Box::new(stream)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(match self {
            Self::Plain(stream) => Ok(Pin::new(stream)),
            Self::Sealed(stream) => Ok(Pin::new(stream.as_mut())),
            Self::Shaking(_) => Err(io::ErrorKind::NotConnected.into()),
        })
    }
}

/// What can be read from and written to.
trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

impl AsyncRead for Impatient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = self.ready(cx).map_ok(|stream| stream.poll_read(cx, buffer));
        self.watched(cx, flat(read))
    }
}

impl AsyncWrite for Impatient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.ready(cx).map_ok(|stream| stream.poll_write(cx, bytes));
        self.watched(cx, flat(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.ready(cx).map_ok(|stream| stream.poll_flush(cx));
        self.watched(cx, flat(flushed))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Who never came to terms is owed no goodbye.
        if matches!(self.stream, Stream::Shaking(_)) {
            return Poll::Ready(Ok(()));
        }
        flat(self.ready(cx).map_ok(|stream| stream.poll_shutdown(cx)))
    }
}

fn flat<T>(polled: Poll<io::Result<Poll<io::Result<T>>>>) -> Poll<io::Result<T>> {
    match polled {
        Poll::Ready(Ok(inner)) => inner,
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Pending => Poll::Pending,
    }
}
