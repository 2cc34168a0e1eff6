//! How are people written to, and where is it written down how that went?

use std::future::Future;
use std::pin::Pin;

use vigie_jobs::JobId;
use vigie_model::{Slug, UtcMs};
use vigie_people::{Asker, Id, Mailed, Order, Who};

use super::People;

/// Characters that are kept of what a mail server said.
const SAID_CHARS: usize = 300;

/// A letter to somebody with the code that lets them in.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// Of which invitation.
    pub invitation: &'a Id,
    /// Of whose people; nobody's alone where they are to see more than one client.
    pub client: Option<&'a Slug>,
    /// Whether they are here already, and get in again.
    pub is_reset: bool,
    /// Who has it written.
    pub by: &'a str,
    /// To whom.
    pub to: &'a str,
    /// What it is about.
    pub subject: &'a str,
    /// The secret in it: while it opens nothing any more, nobody needs the letter.
    pub code: &'a str,
    /// What it says, with the secret.
    pub text: &'a str,
}

/// What became of a letter so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// How its first try went, or why there was none yet.
    pub how: Mailed,
    /// The job by which it goes, and is tried again; nothing where it could not be kept.
    pub job: Option<JobId>,
}

/// What became of a letter, later.
pub type Posted<'a> = Pin<Box<dyn Future<Output = Posting> + Send + 'a>>;

/// What a hub implements so that people are written to.
pub trait Post: std::fmt::Debug + Send + Sync + 'static {
    /// Keeps a letter durably, sends it until a mail server has taken it, and tells how the first try went. Whoever sends it writes
    /// down how each went that people are to know of, by [`letter_noted`](mailed).
    fn write<'a>(&'a self, letter: Letter<'a>) -> Posted<'a>;
}

/// How a letter went, in words that fit.
pub fn how(at: UtcMs, taken: bool, said: &str) -> Mailed {
    let said = said.chars().filter(|char| !char.is_control()).take(SAID_CHARS).collect();
    Mailed { at_ms: at.0, taken, said }
}

/// Writes down at the invitation how its letter went; that is lost where it can not be kept, or the invitation is no more.
pub fn mailed(people: &dyn People, invitation: &Id, how: &Mailed) {
    let asker = Asker { who: Who::Nobody, by: "hub", from: String::new() };
    let order = Order::Mailed { invitation: invitation.clone(), how: how.clone() };
    if let Err(why) = people.carry_out(order, &asker) {
        tracing::warn!(%why, "how a letter went could not be written down");
    }
}
