//! What two nodes say to each other.
//!
//! `type varint, version u8, body`; the length stands outside, where the lane is read. A shape is never changed in place:
//! a new one gets the next version and its own module. A type that this program does not know is passed over, so that
//! a neighbour may be one version ahead.

pub mod rows;
mod v1;

pub use v1::*;

/// A frame that can not be read: the peer is broken or hostile, and the session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Shorter than an envelope.
    #[error("the frame is shorter than an envelope")]
    Short,
    /// A type we know in a version we do not.
    #[error("frame type {kind} has version {version}, which this program does not know")]
    Version {
        /// The type.
        kind: u16,
        /// Its version.
        version: u8,
    },
    /// The body is not of the shape its type names.
    #[error("the body of a frame of type {kind} has the wrong shape")]
    Shape {
        /// The type.
        kind: u16,
    },
    /// A list is longer than it may be.
    #[error("a frame of type {kind} holds more than it may")]
    TooMany {
        /// The type.
        kind: u16,
    },
}
