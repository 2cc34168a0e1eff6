//! What travels through the pipe?

/// One conversation: one client of a UDP listener, or one TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub u64);

/// Something on its way, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The conversation it belongs to.
    pub flow: FlowId,
    /// What it is.
    pub load: Load,
}

/// What a parcel is; datagrams may be lost, streams only wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Load {
    /// A UDP payload.
    Datagram(Vec<u8>),
    /// The next bytes of a TCP stream, at most [`SEGMENT_BYTES`] of them.
    Segment(Vec<u8>),
    /// The TCP stream ends here in this direction.
    End,
}

/// How TCP streams are cut up.
///
/// An ordinary internet segment, so that on a slow link a datagram waits for one of these and not for a large block.
pub const SEGMENT_BYTES: usize = 1400;

/// IPv4 and UDP headers, which every datagram carries on a real link.
const UDP_HEADER_BYTES: usize = 28;

/// IPv4 and TCP headers without options.
const TCP_HEADER_BYTES: usize = 40;

impl Parcel {
    /// How many bytes of payload it has.
    pub fn bytes(&self) -> usize {
        match &self.load {
            Load::Datagram(bytes) | Load::Segment(bytes) => bytes.len(),
            Load::End => 0,
        }
    }

    /// How many bytes it would be on a real link, headers included.
    pub fn wire_bytes(&self) -> usize {
        match &self.load {
            Load::Datagram(bytes) => bytes.len() + UDP_HEADER_BYTES,
            Load::Segment(bytes) => bytes.len() + TCP_HEADER_BYTES,
            Load::End => TCP_HEADER_BYTES,
        }
    }

    /// Whether it may be lost, doubled, damaged or overtaken.
    pub fn is_datagram(&self) -> bool {
        match self.load {
            Load::Datagram(_) => true,
            Load::Segment(_) | Load::End => false,
        }
    }
}
