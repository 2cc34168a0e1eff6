//! How do nodes find, trust and reach each other? Identities, endpoints, and frames on lanes over QUIC.
//!
//! Knows nothing of what the frames say: the session above is fed with them and says what to send. Keeps no data, and
//! acknowledges none.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod ca;
mod complaints;
mod connection;
mod crowd;
mod endpoint;
mod enrol;
mod enrol_wire;
mod enrolment;
mod envelope;
mod files;
mod fingerprint;
mod frame;
mod identity;
mod inbound;
mod key;
mod listener;
mod outbox;
mod peer;
mod pem;
mod redial;
mod refusal;
mod renewal;
mod revocations;
mod rights;
mod roster;
mod stats;
mod suspicion;
mod tls;
mod token;
mod transport;
mod trust;
mod uplink;
mod verify;

pub use address::{MAX_ADDRESS_BYTES, is_plausible as is_plausible_address};
pub use ca::{Ca, CaError, Issued, LEAF_LIFE, public_key_of_csr, renewal_due};
pub use connection::{Connection, FrameSender, Link};
pub use endpoint::{Endpoint, EndpointConfig, EndpointError, EnrolmentEndpoint};
pub use enrol::{EnrolError, Enrolled, come_back, enrol, part_from_twin};
pub use enrol_wire::{Admission, Admitted, Ask, EnrolRequest, Parting, Refused, RefusedWhy};
pub use enrolment::{Enrolment, EnrolmentError, Served, forward_enrolment, serve_enrolment};
pub use envelope::{EnvelopeError, MAX_MESSAGE_BYTES};
pub use files::FileError;
pub use fingerprint::CaFingerprint;
pub use frame::{FrameError, MAX_FRAME_BYTES};
pub use identity::{Facts, Identity, IdentityError};
pub use key::{KeyError, NodeKey, verify_signature};
pub use listener::{Accepted, Listener};
pub use outbox::{MAX_QUEUED_BYTES, SendError};
pub use peer::{Peer, PeerError, Validity};
pub use redial::{AttemptId, MAX_ATTEMPTS, Redialer, Wish};
pub use refusal::{CloseCode, Closed, DialError, Refusal};
pub use renewal::Renewal;
pub use revocations::{MAX_REVOKED, RevocationError, Revocations, SharedRevocations};
pub use rights::{Standing, Unfit};
pub use roster::Roster;
pub use stats::{LaneBytes, PathStats};
pub use suspicion::Suspicion;
pub use token::{JoinToken, ProofKey, Token, TokenError, TokenId, TokenSecret};
pub use trust::{TrustedTime, verification_time};
pub use uplink::{Target, Uplink, UplinkState};
