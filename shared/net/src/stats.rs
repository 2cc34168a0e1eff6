//! How is the path doing, and what did each lane carry?

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use vigie_sync::Lane;

/// The path as the transport sees it. Counters run since the connection began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PathStats {
    /// The round trip, smoothed; a guess until the first was measured.
    pub rtt: Duration,
    /// The shortest round trip.
    pub min_rtt: Duration,
    /// How many bytes may be in flight now.
    pub cwnd: u64,
    /// How often congestion was seen.
    pub congestion_events: u64,
    /// Packets that were lost.
    pub lost_packets: u64,
    /// Bytes in them.
    pub lost_bytes: u64,
    /// Packets that were sent.
    pub sent_packets: u64,
    /// UDP datagrams sent.
    pub udp_tx_datagrams: u64,
    /// Bytes in them; IP and UDP headers (28 or 48 bytes each) come on top.
    pub udp_tx_bytes: u64,
    /// UDP datagrams received.
    pub udp_rx_datagrams: u64,
    /// Bytes in them.
    pub udp_rx_bytes: u64,
    /// Things sent that the other side must acknowledge: when they grow and nothing comes back, the path is suspect.
    pub asked: u64,
    /// The largest packet that the path is known to take.
    pub mtu: u16,
}

impl PathStats {
    pub(crate) fn of(stats: &quinn::ConnectionStats) -> Self {
        let (path, tx) = (&stats.path, &stats.frame_tx);
        // Acknowledgements are never acknowledged, and probes for larger packets are lost without meaning anything.
        let asked = (tx.stream + tx.ping + tx.crypto + tx.max_data + tx.max_stream_data + tx.path_challenge)
            .saturating_sub(path.sent_plpmtud_probes);
        Self {
            rtt: path.rtt,
            min_rtt: path.min_rtt,
            cwnd: path.cwnd,
            congestion_events: path.congestion_events,
            lost_packets: path.lost_packets,
            lost_bytes: path.lost_bytes,
            sent_packets: path.sent_packets,
            udp_tx_datagrams: stats.udp_tx.datagrams,
            udp_tx_bytes: stats.udp_tx.bytes,
            udp_rx_datagrams: stats.udp_rx.datagrams,
            udp_rx_bytes: stats.udp_rx.bytes,
            asked,
            mtu: path.current_mtu,
        }
    }
}

/// What one lane carried since the connection began, without headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LaneBytes {
    /// Frames that the transport took.
    pub sent_frames: u64,
    /// Bytes in them.
    pub sent_bytes: u64,
    /// Frames that were read.
    pub received_frames: u64,
    /// Bytes in them.
    pub received_bytes: u64,
}

#[derive(Debug, Default)]
pub(crate) struct LaneCounters {
    lanes: [Counters; Lane::ALL.len()],
    heard: AtomicBool,
    first_heard: Notify,
}

#[derive(Debug, Default)]
struct Counters {
    sent_frames: AtomicU64,
    sent_bytes: AtomicU64,
    received_frames: AtomicU64,
    received_bytes: AtomicU64,
}

impl LaneCounters {
    pub(crate) fn sent(&self, lane: Lane, bytes: usize) {
        let counters = self.counters(lane);
        counters.sent_frames.fetch_add(1, Ordering::Relaxed);
        counters.sent_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn received(&self, lane: Lane, bytes: usize) {
        let counters = self.counters(lane);
        counters.received_frames.fetch_add(1, Ordering::Relaxed);
        counters.received_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn heard(&self) {
        if !self.heard.swap(true, Ordering::AcqRel) {
            self.first_heard.notify_waiters();
        }
    }

    pub(crate) fn is_heard(&self) -> bool {
        self.heard.load(Ordering::Acquire)
    }

    pub(crate) async fn until_heard(&self) {
        let heard = self.first_heard.notified();
        if !self.is_heard() {
            heard.await;
        }
    }

    pub(crate) fn of(&self, lane: Lane) -> LaneBytes {
        let counters = self.counters(lane);
        LaneBytes {
            sent_frames: counters.sent_frames.load(Ordering::Relaxed),
            sent_bytes: counters.sent_bytes.load(Ordering::Relaxed),
            received_frames: counters.received_frames.load(Ordering::Relaxed),
            received_bytes: counters.received_bytes.load(Ordering::Relaxed),
        }
    }

    fn counters(&self, lane: Lane) -> &Counters {
        &self.lanes[usize::from(lane.number())]
    }
}
