//! How do people answer from a chat, and how is it known that the chat asks?
//!
//! Pure: a signature is checked, what was pressed or written is read, and what is answered gets its words and its shape.
//! Knows no people and no rights: who may decide of what is its caller's question.

mod button;
mod code;
mod key;
mod order;
mod slack;
mod teams;
mod voice;

pub use button::Button;
pub use code::{code_of, is_meant};
pub use key::{ChatKey, NoChatKey};
pub use order::{Order, Ordered};
pub(crate) use slack::{ACKNOWLEDGE, OPEN, SNOOZE};
pub use slack::{Press, Pressed, ephemeral, slack_signed};
pub use teams::{Written, card, teams_signed};
pub use voice::{Answered, link_word, name_in};

/// How old a request may be: what Slack advises, and clocks of two houses differ by less.
pub const FRESH_MS: i64 = 5 * 60_000;
