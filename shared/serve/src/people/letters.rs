//! How are people written to, and where is it written down how that went?

use std::future::Future;
use std::pin::Pin;

use vigie_jobs::JobId;
use vigie_model::{Slug, UtcMs};
use vigie_people::{Asker, Id, Mailed, Order, Who};

use super::{Beside, People};

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

/// A letter that is written, and goes once it is kept.
#[derive(Debug)]
pub struct Draft {
    /// The job by which it goes, and is tried again.
    pub job: JobId,
    /// What keeps it.
    pub beside: Beside,
}

/// How the first try of a letter went, later.
pub type FirstTry<'a> = Pin<Box<dyn Future<Output = Mailed> + Send + 'a>>;

/// What a hub implements so that people are written to. Whoever sends a letter writes down how each went that people are to know
/// of, by [`letter_noted`](mailed).
pub trait Post: std::fmt::Debug + Send + Sync + 'static {
    /// Writes a letter that is to be kept together with the invitation that it brings. Asked on blocking threads.
    ///
    /// # Errors
    /// When none can be kept now, and why: for people.
    fn draft(&self, letter: Letter<'_>) -> Result<Draft, String>;

    /// How the first try of one that was kept goes, or why there was none yet.
    fn first_try<'a>(&'a self, job: &'a JobId) -> FirstTry<'a>;
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
