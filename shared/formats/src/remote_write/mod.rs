//! How does Prometheus send samples on? Remote write 1.0 and 2.0.
//!
//! Specifications: <https://prometheus.io/docs/specs/prw/remote_write_spec/> and
//! <https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/>.

mod encode;
mod media;
mod v1;
mod v2;

pub use encode::{V1Writer, V2Writer};
pub use media::{RemoteWrite, UnsupportedMedia, Written};

use crate::{Batch, DecodeError, Limits, View};

impl RemoteWrite {
    /// Reads a request's body, packed as it came. `scratch` holds the unpacked bytes; keep it for the next body.
    ///
    /// # Errors
    /// When the body is damaged or over a cap of the whole batch; see [`DecodeError::status`].
    pub fn decode<'a>(self, body: &[u8], limits: &Limits, scratch: &'a mut Vec<u8>) -> Result<View<'a>, DecodeError> {
        let bytes = unpack(body, limits, scratch)?;
        match self {
            Self::V1 => v1::read(bytes, limits),
            Self::V2 => v2::read(bytes, limits),
        }
    }

    /// As [`RemoteWrite::decode`], with texts of its own: dearer by the price of two allocations per label.
    ///
    /// # Errors
    /// As [`RemoteWrite::decode`], and when texts are over [`Limits::text_bytes`].
    pub fn decode_batch(self, body: &[u8], limits: &Limits) -> Result<Batch, DecodeError> {
        self.decode(body, limits, &mut Vec::new())?.to_batch()
    }
}

/// A snappy element says at most 64 bytes in 3.
const SNAPPY_BEST: u64 = 22;

/// Unpacks a body of the block format. What its header claims is believed only within the cap and within reason.
fn unpack<'a>(body: &[u8], limits: &Limits, scratch: &'a mut Vec<u8>) -> Result<&'a [u8], DecodeError> {
    let claimed = snap::raw::decompress_len(body).map_err(snappy)?;
    if claimed > limits.body_bytes || body.len() > limits.body_bytes {
        return Err(DecodeError::BodyTooLarge { found: claimed.max(body.len()) as u64, cap: limits.body_bytes });
    }
    if claimed as u64 > (body.len() as u64).saturating_mul(SNAPPY_BEST) {
        return Err(DecodeError::Snappy { why: format!("{} bytes can not unpack to {claimed}", body.len()) });
    }
    if scratch.len() < claimed {
        scratch.resize(claimed, 0);
    }
    let len = snap::raw::Decoder::new().decompress(body, &mut scratch[..claimed]).map_err(snappy)?;
    Ok(&scratch[..len])
}

fn snappy(error: snap::Error) -> DecodeError {
    DecodeError::Snappy { why: error.to_string() }
}
