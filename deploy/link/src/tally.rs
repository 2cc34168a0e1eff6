//! What has gone in, what has come out, and what became of the rest?

use serde::{Deserialize, Serialize};

use crate::Parcel;

/// Everything a link has counted since it was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stats {
    /// Towards the target.
    pub up: PipeStats,
    /// Back from the target.
    pub down: PipeStats,
    /// UDP clients with a socket of their own just now.
    pub udp_flows: u64,
    /// Datagrams of new clients that found no room in the table of clients, or no socket; they entered no pipe.
    pub udp_refused: u64,
    /// TCP connections just now.
    pub tcp_connections: u64,
}

/// What one direction has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PipeStats {
    /// Datagrams. In plus duplicated is out plus dropped plus what is in the pipe.
    pub udp: DatagramTally,
    /// Streams.
    pub tcp: StreamTally,
    /// What is under way, of both.
    pub in_pipe: InPipe,
}

/// What became of datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DatagramTally {
    /// Offered to the pipe.
    #[serde(rename = "in")]
    pub entered: Count,
    /// Left the pipe at its far end.
    #[serde(rename = "out")]
    pub left: Count,
    /// Ended inside, in packets by cause.
    pub dropped: Dropped,
    /// Twins that were made.
    pub duplicated: u64,
    /// Held back to be overtaken.
    pub reordered: u64,
    /// Had a bit flipped.
    pub corrupted: u64,
    /// Left the pipe, yet the socket there would not take them or nobody was left to send for. Part of `out`.
    pub undelivered: u64,
}

/// What became of streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StreamTally {
    /// Taken from one side, in pieces of up to [`crate::SEGMENT_BYTES`].
    #[serde(rename = "in")]
    pub entered: Count,
    /// Handed to the other side.
    #[serde(rename = "out")]
    pub left: Count,
    /// Pieces that loss made wait as for a repetition.
    pub repeated: u64,
}

/// Packets, and their bytes without and with headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Count {
    /// How many.
    pub packets: u64,
    /// Their payload.
    pub bytes: u64,
    /// Their payload, plus 28 bytes of IPv4 and UDP header each, or 40 of IPv4 and TCP.
    pub wire_bytes: u64,
}

/// Datagrams that ended inside the pipe, by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dropped {
    /// The link was cut, before they came or while they were under way.
    pub cut: u64,
    /// Bad luck.
    pub loss: u64,
    /// The queue before the wire was full.
    pub queue: u64,
    /// The pipe held as much as it may; see [`crate::MAX_IN_PIPE_BYTES`].
    pub full: u64,
}

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InPipe {
    /// Parcels.
    pub packets: u64,
    /// Their payload.
    pub bytes: u64,
    /// Of these, bytes with headers that still wait for the wire.
    pub waiting_wire_bytes: u64,
}

impl Count {
    pub(crate) fn add(&mut self, parcel: &Parcel) {
        self.packets += 1;
        self.bytes += parcel.bytes() as u64;
        self.wire_bytes += parcel.wire_bytes() as u64;
    }
}

impl Dropped {
    /// All causes together.
    pub fn total(&self) -> u64 {
        self.cut + self.loss + self.queue + self.full
    }
}

impl PipeStats {
    pub(crate) fn count_in(&mut self, parcel: &Parcel) {
        if parcel.is_datagram() {
            self.udp.entered.add(parcel);
        } else {
            self.tcp.entered.add(parcel);
        }
    }

    pub(crate) fn count_out(&mut self, parcel: &Parcel) {
        if parcel.is_datagram() {
            self.udp.left.add(parcel);
        } else {
            self.tcp.left.add(parcel);
        }
    }
}
