//! Who said something, where, and when?

use serde::{Deserialize, Serialize};
use vigie_model::UtcMs;

/// Bytes of a person's or a node's name.
const MAX_NAME_BYTES: usize = 128;

/// What somebody said or decided.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Said<T> {
    /// When it happened, by the clock of the node where it was said.
    pub happened: UtcMs,
    /// Who: a person's name, as their sign-in says it.
    pub by: String,
    /// Where: the name of the hub or relay.
    pub at: String,
    /// What.
    pub what: T,
}

impl<T> Said<T> {
    /// Said by a person, at a node. Names that are too long are cut.
    pub fn new(what: T, by: &str, at: &str, happened: UtcMs) -> Self {
        Self { happened, by: cut_to(by, MAX_NAME_BYTES), at: cut_to(at, MAX_NAME_BYTES), what }
    }
}

/// At most so many bytes of a text; what is cut ends in `…`.
pub fn cut_to(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let room = bytes.saturating_sub('…'.len_utf8());
    let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    if bytes < '…'.len_utf8() { String::new() } else { format!("{}…", &text[..end]) }
}
