//! Frames on their way out of one connection.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;
use tracing::debug;
use vigie_net::{FrameSender, Link, SendError};
use vigie_sync::Lane;

/// The sending side of a connection as the loop sees it: never waits.
///
/// A lane whose box is full gets a writer of its own that waits for room, so that no other lane waits with it. The mind
/// bounds samples and rows that are under way; this evens out the steps, and bounds what remains: introductions,
/// acknowledgements and receipts for a peer that does not read.
#[derive(Debug)]
pub(crate) struct Outlet {
    sender: FrameSender,
    pub(crate) link: Link,
    overflow: BTreeMap<Lane, mpsc::UnboundedSender<Bytes>>,
    /// Bytes that wait in all of them.
    waiting: Arc<AtomicUsize>,
    told_wire_bytes: u64,
}

/// What may wait beside the boxes of one connection.
///
/// The largest hub that a relay meets anew is told of 16,384 streams at some hundred bytes each, and tells as much of what
/// it has; twice that is still bearable from many peers at once. No frame can be left out of a lane, because the next ones
/// build on it: a peer that reads so little is parted from, and what it had not taken comes in its next session.
pub(crate) const MAX_WAITING_BYTES: usize = 8 * 1024 * 1024;

/// The peer reads too little: the connection is to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unread;

/// Bytes of IP and UDP headers on each datagram, IPv4.
const HEADERS_BYTES: u64 = 28;

impl Outlet {
    pub(crate) fn new(sender: FrameSender, link: Link) -> Self {
        Self { sender, link, overflow: BTreeMap::new(), waiting: Arc::default(), told_wire_bytes: 0 }
    }

    /// # Errors
    /// When too much waits for the peer already; the frame was not taken.
    pub(crate) fn send(&mut self, lane: Lane, frame: Vec<u8>) -> Result<(), Unread> {
        let frame = Bytes::from(frame);
        if !self.overflow.contains_key(&lane) {
            match self.sender.try_send(lane, frame.clone()) {
                Ok(()) => return Ok(()),
                Err(SendError::Full { .. }) => {}
                Err(error) => {
                    debug!(%lane, %error, "a frame could not leave");
                    return Ok(());
                }
            }
        }
        claim(&self.waiting, frame.len())?;
        let writer = self.overflow.entry(lane).or_insert_with(|| wait_for_room(&self.sender, lane, &self.waiting));
        // Fails only once the connection is over, and what waits goes with it.
        drop(writer.send(frame));
        Ok(())
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

/// A writer that waits for room on one lane.
fn wait_for_room(sender: &FrameSender, lane: Lane, counted: &Arc<AtomicUsize>) -> mpsc::UnboundedSender<Bytes> {
    // Unbounded in frames, bounded in bytes by `claim`.
    let (writer, mut waiting) = mpsc::unbounded_channel::<Bytes>();
    let (sender, counted) = (sender.clone(), counted.clone());
    tokio::spawn(async move {
        while let Some(frame) = waiting.recv().await {
            let bytes = frame.len();
            if sender.send(lane, frame).await.is_err() {
                return;
            }
            counted.fetch_sub(bytes, Ordering::Relaxed);
        }
    });
    writer
}

fn claim(waiting: &AtomicUsize, bytes: usize) -> Result<(), Unread> {
    let grow = |now: usize| (now + bytes <= MAX_WAITING_BYTES).then_some(now + bytes);
    waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow).map(drop).map_err(|_| Unread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_a_peer_that_does_not_read_stays_below_its_bound() {
        let waiting = AtomicUsize::new(0);
        let frame = 100_000;
        let taken = (0..1_000).take_while(|_| claim(&waiting, frame).is_ok()).count();
        assert_eq!(taken, MAX_WAITING_BYTES / frame);
        assert_eq!(waiting.load(Ordering::Relaxed), taken * frame, "what was not taken is not counted");
        waiting.fetch_sub(frame, Ordering::Relaxed);
        assert_eq!(claim(&waiting, frame), Ok(()), "there is room again once something has left");
    }
}
