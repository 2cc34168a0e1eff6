//! What does a cut look like, before one has lived through one? Two sites that nobody has, one of which is cut off again and
//! again.
//!
//! Only what is measured is made up (`figures`), and when the line goes (`script`). Everything else is what
//! every site has: agents with stores that number, sign and keep, relays with stores that judge, wait and catch up, certificates,
//! and sessions over QUIC. They live in a runtime of their own, which ends with the [`Stage`]. Knows nothing of the hub but its
//! address and who gives tokens: whatever it shows there came by the door that every node comes by.

mod agent;
mod cast;
mod figures;
mod opening;
mod relay;
mod road;
mod script;
mod stage;

pub use cast::{MACHINES, SITES};
pub use script::{Act, act};
pub use stage::{Progress, Setup, Stage};
