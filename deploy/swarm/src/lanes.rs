//! Frames on their way out, so that the relay's loop never waits for a full lane.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::sync::mpsc;
use vigie_net::{Connection, FrameSender, Link};
use vigie_sync::Lane;

/// Bytes of IP and UDP headers on each datagram, IPv4.
const HEADERS_BYTES: u64 = 28;

/// The sending side of the relay's connection.
#[derive(Debug)]
pub(crate) struct Lanes {
    sender: FrameSender,
    pub(crate) link: Link,
    writers: BTreeMap<Lane, mpsc::UnboundedSender<Bytes>>,
    told: [u64; 2],
}

impl Lanes {
    pub(crate) fn new(connection: &Connection) -> Self {
        Self { sender: connection.sender(), link: connection.link(), writers: BTreeMap::new(), told: [0; 2] }
    }

    /// A writer for each lane keeps its order; the mind bounds what is under way.
    pub(crate) fn send(&mut self, lane: Lane, frame: Vec<u8>) {
        let sender = self.sender.clone();
        let writer = self.writers.entry(lane).or_insert_with(|| {
            let (writer, mut waiting) = mpsc::unbounded_channel::<Bytes>();
            tokio::spawn(async move {
                while let Some(frame) = waiting.recv().await {
                    if sender.send(lane, frame).await.is_err() {
                        return;
                    }
                }
            });
            writer
        });
        // Fails when the connection is over, which its reader says too.
        drop(writer.send(Bytes::from(frame)));
    }

    /// Bytes on the wire since the last look: sent and received.
    pub(crate) fn wire_bytes(&mut self) -> [u64; 2] {
        let path = self.link.path();
        let sent = path.udp_tx_bytes + path.udp_tx_datagrams * HEADERS_BYTES;
        let received = path.udp_rx_bytes + path.udp_rx_datagrams * HEADERS_BYTES;
        let fresh = [sent - self.told[0], received - self.told[1]];
        self.told = [sent, received];
        fresh
    }

    /// Bytes of live frames that the transport has not taken.
    pub(crate) fn live_queued_bytes(&self) -> u64 {
        self.sender.queued_bytes(Lane::Live) as u64
    }
}
