//! Who did what, and would it show if a line were taken out?
//!
//! Each client has a chain of its own, and the provider one: a line bears a number, and its hash covers the line before it.
//! A line that was changed, removed or moved breaks the chain there; lines cut off at the end are missed because the head is
//! kept apart. Whoever can write the whole file can make a whole new chain: against them the head is written down elsewhere.
//! Of a person who is erased the lines stay, with a pseudonym in their place: a later line of the chain names each of them.

mod chain;
mod check;
mod erase;
mod erase_client;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use vigie_model::{Slug, UtcMs};

pub use chain::{Head, Held, Link, Salt};
pub use check::{Broken, Check};
pub(crate) use erase::{ERASE, pseudonym};
pub use erase::{Erasure, LEFT_AT_ONCE, Left, names};
pub use erase_client::{CLIENT_ERASED, ClientErasure};

/// Bytes of a line: what one change says is far below it, and texts are cut before.
pub const LINE_BYTES: usize = 16 * 1024;

/// What is to be written down of a change, before it has its place in a chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// Whose chain; nobody's alone for what concerns the provider.
    pub client: Option<Slug>,
    /// What was done: a word that is never renamed.
    pub what: &'static str,
    /// On what.
    pub on: String,
    /// As it was; null where there was nothing.
    pub before: Value,
    /// As it is.
    pub after: Value,
}

/// Something that a person decided and that is kept as a row: hub and sites each tell the other of theirs.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// What was done: a word that is never renamed.
    pub what: &'static str,
    /// On what.
    pub on: String,
    /// Who, as the row says it; empty where it does not.
    pub who: String,
    /// At which node, as the row says it.
    pub at: String,
    /// From which address, where the row says it.
    pub from: String,
    /// When, by the clock of the node where it was done; none where the row does not say it.
    pub happened: Option<UtcMs>,
    /// Whether the hub wrote it; else a site did.
    pub at_hub: bool,
    /// As it is from then on; null where something was taken back.
    pub is: Value,
    /// The same for the same deed, and for no other of its row.
    pub mark: [u8; 8],
}

impl Deed {
    /// What tells a deed from all others of its row: the hash of what was written.
    pub fn mark(written: &[u8]) -> [u8; 8] {
        let hash = blake3::derive_key("vigie 2026-11 deed", written);
        hash.first_chunk::<8>().copied().unwrap_or_default()
    }
}

/// A line of a chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its number in the chain, from 1.
    pub seq: u64,
    /// Who.
    pub who: String,
    /// By which way: `page`, `api`, `command line`, `site`.
    pub by: String,
    /// From which address.
    pub from: String,
    /// What.
    pub what: String,
    /// On what.
    pub on: String,
    /// As it was.
    pub before: Value,
    /// As it is.
    pub after: Value,
    /// When it happened, in ms since 1970.
    pub happened_ms: i64,
    /// When the hub learnt of it.
    pub learnt_ms: i64,
    /// Whether somebody was erased from it: what told of them is gone, and a pseudonym stands in their place.
    #[serde(default, skip_serializing_if = "is_false")]
    pub erased: bool,
}

fn is_false(is: &bool) -> bool {
    !is
}

impl Note {
    /// With its place and its circumstances.
    pub fn line(self, seq: u64, who: &str, by: &str, from: &str, happened: UtcMs, learnt: UtcMs) -> Line {
        Line {
            seq,
            who: who.to_owned(),
            by: by.to_owned(),
            from: from.to_owned(),
            what: self.what.to_owned(),
            on: self.on,
            before: self.before,
            after: self.after,
            happened_ms: happened.0,
            learnt_ms: learnt.0,
            erased: false,
        }
    }
}
