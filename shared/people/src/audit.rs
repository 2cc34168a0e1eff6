//! Who did what, and would it show if a line were taken out?
//!
//! Each client has a chain of its own, and the provider one: a line bears a number, and its hash covers the line before it.
//! A line that was changed, removed or moved breaks the chain there; lines cut off at the end are missed because the head is
//! kept apart. Whoever can write the whole file can make a whole new chain: against them the head is written down elsewhere.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use vigie_model::{Slug, UtcMs};

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
}

/// The end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The number of the last line; 0 for none.
    pub seq: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// A line as it is kept: its bytes as they were hashed, and the hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What the chain says up to here.
    pub hash: [u8; 32],
    /// The line as JSON.
    pub text: Vec<u8>,
}

/// Where and how a chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A line is not there.
    #[error("line {0} is missing")]
    Missing(u64),
    /// A line is not what was written, or stands where another stood.
    #[error("line {0} was changed or moved")]
    Changed(u64),
    /// Lines at the end are not there.
    #[error("lines after {0} were cut off")]
    Cut(u64),
    /// There are more lines than were written.
    #[error("line {0} was added from outside")]
    Added(u64),
}

impl Head {
    /// The head of a chain without lines.
    pub fn of(client: Option<&Slug>) -> Self {
        // No client is called so: a name has no star.
        let name = client.map_or("*", Slug::as_str);
        Self { seq: 0, hash: blake3::derive_key("vigie 2026-11 audit chain begins", name.as_bytes()) }
    }

    /// The next line after this one.
    pub fn next(&self, line: &Line) -> (Self, Link) {
        // A struct of texts and numbers always has a form.
        let text = serde_json::to_vec(line).unwrap_or_default();
        let hash = self.hash_of(&text);
        (Self { seq: self.seq + 1, hash }, Link { hash, text })
    }

    fn hash_of(&self, text: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("vigie 2026-11 audit chain");
        hasher.update(&self.hash).update(&(self.seq + 1).to_be_bytes()).update(text);
        *hasher.finalize().as_bytes()
    }
}

/// Goes through a chain as it is kept, number by number.
#[derive(Debug, Clone)]
pub struct Check {
    at: Head,
}

impl Check {
    /// At the beginning of a client's chain.
    pub fn begin(client: Option<&Slug>) -> Self {
        Self { at: Head::of(client) }
    }

    /// The next line that is there.
    ///
    /// # Errors
    /// When it is not the one that was written.
    pub fn step(&mut self, seq: u64, link: &Link) -> Result<(), Broken> {
        let wanted = self.at.seq + 1;
        if seq != wanted {
            return Err(Broken::Missing(wanted));
        }
        let says = serde_json::from_slice::<Line>(&link.text).ok();
        if self.at.hash_of(&link.text) != link.hash || says.is_none_or(|line| line.seq != seq) {
            return Err(Broken::Changed(seq));
        }
        self.at = Head { seq, hash: link.hash };
        Ok(())
    }

    /// The end, against the head that is kept apart.
    ///
    /// # Errors
    /// When lines are missing at the end, or too many.
    pub fn end(self, head: &Head) -> Result<Head, Broken> {
        match self.at.seq.cmp(&head.seq) {
            std::cmp::Ordering::Less => Err(Broken::Cut(self.at.seq)),
            std::cmp::Ordering::Greater => Err(Broken::Added(head.seq + 1)),
            std::cmp::Ordering::Equal if self.at.hash != head.hash => Err(Broken::Changed(head.seq)),
            std::cmp::Ordering::Equal => Ok(self.at),
        }
    }
}

impl Link {
    /// As it stands in a row.
    pub fn encode(&self) -> Vec<u8> {
        [self.hash.as_slice(), &self.text].concat()
    }

    /// Out of a row; nothing when it is too short to be one.
    pub fn decode(row: &[u8]) -> Option<Self> {
        let (hash, text) = row.split_first_chunk::<32>()?;
        Some(Self { hash: *hash, text: text.to_vec() })
    }

    /// What it says; nothing when it was damaged.
    pub fn line(&self) -> Option<Line> {
        serde_json::from_slice(&self.text).ok()
    }
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
        }
    }
}
