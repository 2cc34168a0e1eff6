//! What do a node that enrols and the hub say to each other, byte for byte?
//!
//! Shapes are frozen per version. Counts and lengths are checked as they are read: this comes from strangers.

mod admission;
mod answer;
mod plea;
mod request;
mod v1;

use crate::address;
pub use admission::{Admission, Admitted, Parting, Refused, RefusedWhy};
pub(crate) use answer::{Answer, AnswerError, Grant, decode_answer, encode_grant, encode_refusal};
pub(crate) use plea::{Part, Plea, Return};
pub use request::{Ask, EnrolRequest};

/// A host name has at most this (RFC 1035).
const MAX_HOSTNAME_BYTES: usize = 255;
/// Addresses that one node may announce, and that one answer may name.
const MAX_ADDRESSES: usize = 16;
/// Requests and certificates of ours are far below this.
const MAX_DER_BYTES: usize = 4 * 1024;

fn are_addresses(addresses: &[String]) -> bool {
    addresses.len() <= MAX_ADDRESSES && addresses.iter().all(|address| address::is_plausible(address))
}

#[cfg(test)]
mod tests;
