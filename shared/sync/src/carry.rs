//! How does a session become a file, and a file a session?
//!
//! When a line stays away for weeks, a file goes by hand in its place. [`Offering`] has the relay's own mind say to nobody
//! what it would say to the hub; [`Taking`] says it to the hub's mind in the relay's name. So there is one mind on each side
//! and one admission, and what came by hand is known by the same sets of numbers as what comes by the line: nothing is
//! brought twice, by whichever way. Knows no files, no disks, no clock and no chance.

mod offering;
mod taking;

pub use offering::{Offer, Offering, Unreadable};
pub use taking::{Count, NotCarried, Taking, ticks_of};
