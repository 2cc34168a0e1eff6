//! Which authority is meant? A hash short enough to stand in a join token.

use std::fmt;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// The first half of the BLAKE3 hash of an authority's certificate.
///
/// 16 bytes: to forge one takes 2^128 tries, and a token stays short enough to be read over a telephone.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaFingerprint([u8; 16]);

impl CaFingerprint {
    /// The fingerprint of a certificate in DER form.
    pub fn of(certificate: &[u8]) -> Self {
        let mut short = [0; 16];
        short.copy_from_slice(&blake3::hash(certificate).as_bytes()[..16]);
        Self(short)
    }
}

impl fmt::Display for CaFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for CaFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaFingerprint({self})")
    }
}
