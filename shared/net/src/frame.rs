//! Where does one message end and the next begin on a lane?
//!
//! A frame is its length as a little-endian base-128 number, then its bytes. Pure: fed with what arrives.

use bytes::{Buf, Bytes};

/// Frames above this are refused before allocation.
///
/// A relay on a 2 Mbit/s uplink sends this in about one second, so an alert never waits longer behind samples; and one
/// half-arrived frame on each of seven lanes is still under 2 MiB.
pub const MAX_FRAME_BYTES: usize = 256 * 1024;

/// The length of the largest frame takes three bytes; a fourth is never right.
const MAX_LENGTH_BYTES: u8 = 3;

/// What is claimed is not believed: the buffer begins with at most this and grows with what really arrives.
const FIRST_ALLOCATION: usize = 4 * 1024;

/// The bytes that stand before a frame of this length.
pub(crate) fn length_prefix(length: usize) -> Bytes {
    let mut prefix = Vec::with_capacity(usize::from(MAX_LENGTH_BYTES));
    let mut rest = length;
    while rest >= 0x80 {
        prefix.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    prefix.push(rest as u8);
    Bytes::from(prefix)
}

/// Puts frames together from pieces of any size.
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    length: usize,
    length_bytes: u8,
    length_known: bool,
    body: Vec<u8>,
}

impl FrameReader {
    /// Takes from the front of `piece` what belongs to the present frame; returns the frame once it is whole.
    pub(crate) fn feed(&mut self, piece: &mut Bytes) -> Result<Option<Bytes>, FrameError> {
        while !self.length_known {
            if !piece.has_remaining() {
                return Ok(None);
            }
            self.feed_length(piece.get_u8())?;
        }
        let wanted = (self.length - self.body.len()).min(piece.len());
        self.body.extend_from_slice(&piece[..wanted]);
        piece.advance(wanted);
        if self.body.len() < self.length {
            return Ok(None);
        }
        Ok(Some(Bytes::from(std::mem::take(self).body)))
    }

    fn feed_length(&mut self, byte: u8) -> Result<(), FrameError> {
        self.length |= usize::from(byte & 0x7f) << (7 * self.length_bytes);
        self.length_bytes += 1;
        if byte & 0x80 != 0 {
            return if self.length_bytes < MAX_LENGTH_BYTES { Ok(()) } else { Err(FrameError::TooLarge) };
        }
        match self.length {
            0 => Err(FrameError::Empty),
            length if length > MAX_FRAME_BYTES => Err(FrameError::TooLarge),
            // One number, one form: bytes that mean the same must be the same.
            _ if byte == 0 => Err(FrameError::Overlong),
            length => {
                self.length_known = true;
                self.body.reserve_exact(length.min(FIRST_ALLOCATION));
                Ok(())
            }
        }
    }
}

/// A frame that is refused; the connection is closed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than any frame may be.
    #[error("a frame of more than {MAX_FRAME_BYTES} bytes")]
    TooLarge,
    /// Without bytes: nothing is said with it, and it would cost the reader more than the writer.
    #[error("an empty frame")]
    Empty,
    /// A length in a longer form than it needs.
    #[error("a length in more bytes than it needs")]
    Overlong,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_claim_allocates_nothing_before_bytes_arrive() {
        let mut reader = FrameReader::default();
        let mut claim = length_prefix(MAX_FRAME_BYTES);
        assert_eq!(reader.feed(&mut claim), Ok(None));
        assert!(reader.body.capacity() <= FIRST_ALLOCATION);
    }

    #[test]
    fn a_frame_that_is_too_large_empty_or_oddly_written_is_refused() {
        let refused = |bytes: &'static [u8]| FrameReader::default().feed(&mut Bytes::from_static(bytes)).unwrap_err();
        assert_eq!(FrameReader::default().feed(&mut length_prefix(MAX_FRAME_BYTES + 1)), Err(FrameError::TooLarge));
        assert_eq!(refused(&[0xff, 0xff, 0xff, 0xff]), FrameError::TooLarge);
        assert_eq!(refused(&[0]), FrameError::Empty);
        assert_eq!(refused(&[0x81, 0x00]), FrameError::Overlong);
    }

    proptest! {
        #[test]
        fn frames_are_the_same_however_the_bytes_are_cut(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..500), 0..8),
            cut in 1_usize..64,
        ) {
            let sent: Vec<u8> = frames.iter().flat_map(|f| [&length_prefix(f.len())[..], f].concat()).collect();
            let (mut reader, mut got) = (FrameReader::default(), Vec::new());
            for piece in sent.chunks(cut) {
                let mut piece = Bytes::copy_from_slice(piece);
                while let Some(frame) = reader.feed(&mut piece).unwrap() {
                    got.push(frame.to_vec());
                }
            }
            prop_assert_eq!(got, frames);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
            let (mut reader, mut piece) = (FrameReader::default(), Bytes::from(bytes));
            while let Ok(Some(_)) = reader.feed(&mut piece) {}
        }
    }
}
