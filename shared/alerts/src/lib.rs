//! What is wrong, who knows, and what did they decide?
//!
//! An alert's life as small rows that merge: what it is about, its raises, what people decided, what they said. Hub and
//! relay each keep a [`Book`] of the rows they have, and each may change any alert while the line between them is cut.
//! When they meet, both books say the same, and nothing that anybody did is gone:
//!
//! - It is open while a raise is in it. Who closes removes the raises that they had seen: one they had not seen stays, and
//!   so does the alert, with both versions shown ([`Alert::is_contradicted`]).
//! - Two who acknowledge without knowing of each other are both shown. Two snoozes hold only as far as both agree: a
//!   conflict never makes an alert quieter.
//! - One thing that goes wrong again soon is the same alert, counted; later it is another one.
//! - What is over for long enough is [`erased`], on both sides, and does not come back.
//!
//! Pure: it knows no store, no clock and no chance. [`Book::judged`] and [`Book::decided`] say which rows to change, as
//! [`Edit`]s; whoever has the store applies them and hands every changed row to [`Book::take`].

mod about;
mod alert;
mod book;
mod decide;
mod edit;
mod erase;
mod judge;
mod past;
mod renamed;
mod row;
mod said;
mod told;

pub use about::{About, Judge, Thing};
pub use alert::{Alert, Standing};
pub use book::Book;
pub use decide::{DecideError, Decision};
pub use edit::{Edit, EditError};
pub use erase::erased;
pub use judge::{FLAP_MS, Heard, QUIET_MS, Verdict};
pub use past::{MAX_PAST, Spell};
pub use renamed::renamed;
pub use row::{Part, Place};
pub use said::{Said, cut_to};
pub use told::{Word, about, word};
