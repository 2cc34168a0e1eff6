//! What must a hub know of its people, and how do they come in?
//!
//! The hub keeps them and makes each change durable together with its line in the audit; who they are, what they may and
//! what they ask is read here, from every browser and program alike.

mod account;
pub(crate) mod api;
mod audit;
mod browser;
mod client_export;
pub(crate) mod door;
mod entrance;
mod export;
mod invite_page;
pub(crate) mod inviting;
mod key_pages;
pub(crate) mod keys;
mod letters;
mod password;
pub(crate) mod seeing;
pub(crate) mod sheet;
mod with;
mod words;

use std::fmt;
use std::sync::RwLockReadGuard;

use vigie_model::Slug;
use vigie_people::{Answer, Asker, Chance, Directory, Done, Head, Id, Link, Note, Order, Refused, Who};

pub(crate) use account::pages;
pub(crate) use api::{open_ways, ways};
pub(crate) use audit::{AuditLine, AuditLines, AuditVerified};
pub use audit::{shown as audit_line, verified as verify_audit};
pub(crate) use door::problem as not_done;
pub(crate) use door::{by_session, by_token, sign_out, still_may};
pub(crate) use entrance::{sign_in_page, signs_in};
pub use letters::{Draft, FirstTry, Letter, Post, how as letter_went, mailed as letter_noted};
pub(crate) use with::ways as with_ways;

/// What a hub implements so that people sign in to it. Asked from blocking threads.
pub trait People: Send + Sync + 'static {
    /// Everybody, as they are now. Let go of it soon: whoever changes something waits.
    fn directory(&self) -> RwLockReadGuard<'_, Directory>;

    /// Bytes that nobody knows.
    ///
    /// # Errors
    /// When the system gives none.
    fn chance(&self) -> Result<Chance, NotDone>;

    /// Carries an order out: what comes of it is durable, with its lines in the audit, before this returns.
    ///
    /// # Errors
    /// When it is refused or can not be kept; nothing was changed then.
    fn carry_out(&self, order: Order, asker: &Asker) -> Result<Answer, NotDone> {
        self.carry_out_with(order, asker, &mut |_, _| None)
    }

    /// As [`People::carry_out`], with what is to be kept beside it in the same step: wherever the hub is killed there are both or
    /// neither. It is asked for once it is known what comes of the order, and before any of it is there.
    ///
    /// # Errors
    /// As [`People::carry_out`].
    fn carry_out_with(&self, order: Order, asker: &Asker, with: &mut With<'_>) -> Result<Answer, NotDone>;

    /// Whether this is the code that the hub showed its operator, by which somebody takes it into use.
    fn may_begin(&self, code: &str) -> bool;

    /// Writes down that somebody was not let in; a person's id where the address is one's.
    fn turned_away(&self, person: Option<&Id>, asker: &Asker, why: &'static str);

    /// Writes down that another house let nobody in, what it is called here, and why not.
    fn not_vouched(&self, house: &str, asker: &Asker, why: &str);

    /// Notes that a browser or a token was used.
    fn used(&self, who: &Who);

    /// Does something that is kept elsewhere, as a decision of an alert is, in somebody's name: its lines stand in the audit
    /// before this returns. `name` is what they are called by what is kept.
    fn acting(&self, asker: &Asker, name: &str, work: &mut dyn FnMut());

    /// Writes down what somebody did where nothing that is kept tells of it.
    ///
    /// # Errors
    /// When it can not be kept.
    fn noted(&self, asker: &Asker, note: Note) -> Result<(), NotDone>;

    /// Lines of a chain of the audit, in their order: a client's, or the provider's.
    ///
    /// # Errors
    /// When they can not be read now.
    fn lines(&self, client: Option<&Slug>, after: u64, most: usize) -> Result<Vec<(u64, Link)>, NotDone>;

    /// Where a chain ends.
    ///
    /// # Errors
    /// When it can not be read now.
    fn head(&self, client: Option<&Slug>) -> Result<Head, NotDone>;
}

/// Says what is kept beside what comes of an order, where anything is.
pub type With<'a> = dyn FnMut(&Directory, &Done) -> Option<Beside> + 'a;

/// A row of something else than people that is kept in one step with a change of theirs.
pub struct Beside {
    /// Where it stands.
    pub table: &'static str,
    /// By which key.
    pub key: Vec<u8>,
    /// What it says.
    pub row: Vec<u8>,
    /// Told when it is kept, before anything else is decided of people.
    pub kept: Box<dyn FnOnce() + Send>,
}

impl fmt::Debug for Beside {
    /// Where it stands, and not what: letters bear secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside").field("table", &self.table).finish_non_exhaustive()
    }
}

/// Why an order was not carried out. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It can not be kept or read now; asking again may help.
    #[error("it can not be kept now: {0}; nothing was changed")]
    NotKept(String),
}
