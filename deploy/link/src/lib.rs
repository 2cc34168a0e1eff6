//! What would this do on a bad link? Forwards UDP and TCP with seeded delay, loss, rate and cuts.
//!
//! Knows nothing of Vigie: no QUIC, no identities, no messages, only datagrams and streams of bytes. Everything but
//! [`body`] is pure: time arrives as a [`Moment`], chance comes from a seed, and no socket is in sight.
//!
//! One process is one link. All its listeners share one [`Pipe`] each way, as all programs of a site share one uplink.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod body;
mod chance;
mod change;
mod condition;
mod control;
mod flows;

mod link;
mod moment;
mod parcel;
mod pipe;
mod profile;
mod road;
mod tally;

pub use chance::{Chance, ChanceError, Dice, DiceCup};
pub use change::{ChangeError, ConditionChange, LinkChange};
pub use condition::{Condition, MAX_DELAY, MAX_QUEUE_BYTES, MAX_RATE_KBIT, RateKbit};
pub use control::{ConditionReport, MAX_LINE_BYTES, Reply, Request, RequestError};
pub use flows::{FLOW_IDLE, FlowTable, MAX_FLOWS, TableFull};
pub use link::{Direction, Link, Side};
pub use moment::Moment;
pub use parcel::{FlowId, Load, Parcel, SEGMENT_BYTES};
pub use pipe::{DropCause, MAX_IN_PIPE_BYTES, Offer, Pipe};
pub use profile::{NoSuchProfile, Profile};
pub use tally::{Count, DatagramTally, Dropped, InPipe, PipeStats, Stats, StreamTally};
