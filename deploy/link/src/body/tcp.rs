//! How do TCP streams pass a link that loses, delays and is cut?
//!
//! Their bytes share the wire and the road with datagrams, but are never lost, doubled, damaged or overtaken: TCP sees
//! to that on a real link, where loss shows as delay only, and so it does here. What TCP itself would do, slow start
//! and backing off, happens only on the short loopback hops outside the link and is therefore not rehearsed.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::office::{Exit, FlowKind, Office};
use super::{Listening, StartError, WhenCut};
use crate::{Direction, FlowId, Load, SEGMENT_BYTES};

/// How much of one stream may be between its two sockets, in each direction.
///
/// What a TCP window is: 1 MiB is 28 Mbit/s over a satellite's 300 ms. Bounds what a receiver that does not read costs.
const WINDOW_BYTES: usize = 1024 * 1024;

/// How many connections one listener carries at once.
///
/// Each costs two sockets, and a process may usually open 1024 files. Others wait to be accepted.
const MAX_CONNECTIONS: usize = 128;

/// How long the target may take to accept. The link's own delay is not in this; the target is near.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// How long to leave a listener alone that failed to accept, as it does when files run out.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

struct Listener {
    socket: TcpListener,
    target: SocketAddr,
    when_cut: WhenCut,
    office: Arc<Office>,
    places: Arc<Semaphore>,
}

/// Listens, and forwards from then on.
pub(super) async fn start(
    listen: SocketAddr,
    target: SocketAddr,
    when_cut: WhenCut,
    office: &Arc<Office>,
    tasks: &mut JoinSet<()>,
) -> Result<Listening, StartError> {
    let taken = |why| StartError::Listen { what: "TCP", address: listen, why };
    let socket = TcpListener::bind(listen).await.map_err(taken)?;
    let listening = Listening { listen: socket.local_addr().map_err(taken)?, target };
    let listener = Listener {
        socket,
        target,
        when_cut,
        office: Arc::clone(office),
        places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
    };
    tasks.spawn(listener.accept());
    Ok(listening)
}

impl Listener {
    async fn accept(self) {
        // Owned here, so that every connection ends with its listener.
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let place = Arc::clone(&self.places).acquire_owned().await;
            let place = place.expect("the semaphore is never closed");
            let Ok((client, _)) = self.socket.accept().await else {
                tokio::time::sleep(AFTER_FAILURE).await;
                continue;
            };
            if self.office.streams_held() {
                match self.when_cut {
                    WhenCut::Hang => self.office.until_streams_flow().await,
                    WhenCut::Refuse => {
                        reset(&client);
                        continue;
                    }
                }
            }
            let (office, target) = (Arc::clone(&self.office), self.target);
            connections.spawn(async move {
                connect(office, client, target).await;
                drop(place);
            });
        }
    }
}

/// A target that does not answer looks to the client like a connection that breaks at once.
async fn connect(office: Arc<Office>, mut client: TcpStream, target: SocketAddr) {
    let connecting = tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(target));
    let Ok(Ok(mut upstream)) = connecting.await else {
        return reset(&client);
    };
    if converse(&office, &mut client, &mut upstream).await.is_err() {
        // One side broke; the other is to see it break too, not to end well.
        reset(&client);
        reset(&upstream);
    }
}

/// Carries bytes both ways until both have ended or one has broken.
async fn converse(office: &Arc<Office>, client: &mut TcpStream, upstream: &mut TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    upstream.set_nodelay(true)?;
    let (up_exit, up_arrived) = mpsc::unbounded_channel();
    let (down_exit, down_arrived) = mpsc::unbounded_channel();
    let flow = office.open_flow(FlowKind::Tcp, Exit::Stream(up_exit), Exit::Stream(down_exit));
    let up = Half::new(office, flow.id(), Direction::Up);
    let down = Half::new(office, flow.id(), Direction::Down);
    let (from_client, to_client) = client.split();
    let (from_upstream, to_upstream) = upstream.split();
    tokio::try_join!(
        up.take_in(from_client),
        up.hand_out(up_arrived, to_upstream),
        down.take_in(from_upstream),
        down.hand_out(down_arrived, to_client),
    )?;
    Ok(())
}

/// One direction of a connection.
struct Half<'a> {
    office: &'a Office,
    flow: FlowId,
    direction: Direction,
    window: Semaphore,
}

impl<'a> Half<'a> {
    fn new(office: &'a Office, flow: FlowId, direction: Direction) -> Self {
        Self { office, flow, direction, window: Semaphore::new(WINDOW_BYTES) }
    }

    /// Reads pieces and puts them into the pipe. Stops reading while the pipe has no room, and so stalls the sender.
    async fn take_in(&self, mut from: impl AsyncRead + Unpin) -> io::Result<()> {
        let mut buffer = [0; SEGMENT_BYTES];
        loop {
            let length = from.read(&mut buffer).await?;
            if length == 0 {
                self.office.send_stream(self.direction, self.flow, Load::End).await;
                return Ok(());
            }
            self.take_window(length).await;
            let load = Load::Segment(buffer[..length].to_vec());
            self.office.send_stream(self.direction, self.flow, load).await;
        }
    }

    /// Writes what has arrived.
    async fn hand_out(
        &self,
        mut arrived: mpsc::UnboundedReceiver<Load>,
        mut to: impl AsyncWrite + Unpin,
    ) -> io::Result<()> {
        while let Some(load) = arrived.recv().await {
            match load {
                Load::Segment(bytes) => {
                    to.write_all(&bytes).await?;
                    self.window.add_permits(bytes.len());
                }
                Load::End => return to.shutdown().await,
                Load::Datagram(_) => unreachable!("streams carry no datagrams"),
            }
        }
        Ok(())
    }

    async fn take_window(&self, length: usize) {
        let length = u32::try_from(length).expect("a segment is small");
        let window = self.window.acquire_many(length).await;
        window.expect("the semaphore is never closed").forget();
    }
}

/// Lets the peer see a reset instead of an orderly end once this is dropped.
fn reset(stream: &TcpStream) {
    // Best effort: a socket that cannot be told is broken already.
    drop(stream.set_zero_linger());
}
