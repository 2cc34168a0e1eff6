//! How does another engine get all of it too?
//!
//! What is durable here is sent on by Prometheus remote write. The log itself is the queue: nothing is copied, and what
//! was sent is a set of numbers for each stream and target, written down after the receiver's word. After a crash at most
//! what was last under way is sent again, and receivers absorb the same sample twice.
//!
//! [`Queue`] decides which numbers go next, [`Trial`] finds what of a batch a receiver refuses, [`Pauses`] how long to wait;
//! they know no IO. [`Forwarder`] is their body.

mod batch;
mod beside;
mod book;
mod carry;
mod credentials;
mod door;
mod forwarder;
mod hand;
mod names;
mod pauses;
mod queue;
mod stock;
mod target;
mod trial;
mod verdict;
mod watch;

pub use beside::Beside;
pub use book::{SENT, sent_of};
pub use forwarder::{Forwarder, Owners, Setup, StartError};
pub use pauses::Pauses;
pub use queue::{Queue, Waiting};
pub use target::{Since, Target, TargetError, TargetSaid};
pub use trial::Trial;
pub use watch::{Failing, Report};
