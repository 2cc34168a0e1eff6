//! In whose name is something asked?

use serde::{Deserialize, Serialize};

use crate::{Id, Powers};

/// Whoever asks for a change, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// Who.
    pub who: Who,
    /// By which way: `page`, `api`, `command line`.
    pub by: &'static str,
    /// From which address; empty on the hub's own machine.
    pub from: String,
}

/// In whose name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// Whoever commands the hub's own machine: they have its files anyway.
    Console,
    /// A program whose token the console made, with what that token allows.
    Program(String, Powers),
    /// A person, by a browser that is signed in.
    Person(Id, Id),
    /// A person's token.
    Token(Id),
    /// Somebody at the door.
    #[default]
    Nobody,
}
