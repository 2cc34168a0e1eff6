//! Frames on their way out of one connection.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::sync::mpsc;
use tracing::debug;
use vigie_net::{FrameSender, Link, SendError};
use vigie_sync::Lane;

/// The sending side of a connection as the loop sees it: never waits.
///
/// A lane whose box is full gets a writer of its own that waits for room, so that no other lane waits with it. The mind
/// bounds what may be under way; this only evens out the steps.
#[derive(Debug)]
pub(crate) struct Outlet {
    sender: FrameSender,
    pub(crate) link: Link,
    overflow: BTreeMap<Lane, mpsc::UnboundedSender<Bytes>>,
    told_wire_bytes: u64,
}

/// Bytes of IP and UDP headers on each datagram, IPv4.
const HEADERS_BYTES: u64 = 28;

impl Outlet {
    pub(crate) fn new(sender: FrameSender, link: Link) -> Self {
        Self { sender, link, overflow: BTreeMap::new(), told_wire_bytes: 0 }
    }

    pub(crate) fn send(&mut self, lane: Lane, frame: Vec<u8>) {
        let frame = Bytes::from(frame);
        if let Some(writer) = self.overflow.get(&lane) {
            if writer.send(frame.clone()).is_ok() {
                return;
            }
            self.overflow.remove(&lane);
        }
        match self.sender.try_send(lane, frame.clone()) {
            Ok(()) => {}
            Err(SendError::Full { .. }) => self.wait_for_room(lane, frame),
            Err(error) => debug!(%lane, %error, "a frame could not leave"),
        }
    }

    fn wait_for_room(&mut self, lane: Lane, frame: Bytes) {
        let (writer, mut waiting) = mpsc::unbounded_channel::<Bytes>();
        let sender = self.sender.clone();
        tokio::spawn(async move {
            while let Some(frame) = waiting.recv().await {
                if sender.send(lane, frame).await.is_err() {
                    return;
                }
            }
        });
        // The task was just begun and holds the other end.
        drop(writer.send(frame));
        self.overflow.insert(lane, writer);
    }

    /// Round trip, live bytes not yet taken by the transport, and bytes on the wire since the last time.
    pub(crate) fn path(&mut self) -> (u64, u64, u64) {
        let path = self.link.path();
        let datagrams = path.udp_tx_datagrams + path.udp_rx_datagrams;
        let wire = path.udp_tx_bytes + path.udp_rx_bytes + datagrams * HEADERS_BYTES;
        let spent = wire - self.told_wire_bytes;
        self.told_wire_bytes = wire;
        (path.rtt.as_millis() as u64, self.sender.queued_bytes(Lane::Live) as u64, spent)
    }
}
