//! How does what others push become ticks of this node's own?
//!
//! A relay or a hub that takes in samples of other systems becomes the origin of streams of its own: their series are
//! declared, their samples are grouped by moment into ticks, numbered, kept, sealed and signed as an agent's are. So they
//! travel from a relay to the hub by the same conversation, exactly once, and are answered from the same store.
//!
//! Much that comes at once is sealed with the push that brought it; the rest stands loose until it is worth a segment. What
//! waits to become durable is bounded: beyond that senders are told to come again.
//!
//! [`Book`] decides and knows no IO; [`Pushed`] is its body. A push is answered when it is durable. What is sent again is
//! recognised by series and moment, as far as it is on its way to the disk, was kept of late or is the newest of its series;
//! the rest is absorbed when it is read, because a series has one value at a moment. What is sent again while it is on its
//! way is answered when that is durable.
//!
//! Where damage takes definitions while the node runs, the book is read anew from the store, as after a start.

mod book;
mod entry;
mod line;
mod pushed;
mod recent;
mod register;
mod resume;

pub use book::{Awaited, Book, Limits, Noted, Outcome, Standing};
pub use entry::Entry;
pub use pushed::Pushed;
pub use resume::read_book;
