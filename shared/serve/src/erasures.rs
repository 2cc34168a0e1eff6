//! What must a hub know so that a client is erased, and that it can be shown?

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_model::Slug;

use crate::{Stamp, Undecided};

/// What a hub implements so that clients are erased. Asked from blocking threads.
pub trait Erasures: Send + Sync + 'static {
    /// What there is of a client now, counted where it is kept.
    ///
    /// # Errors
    /// When it can not be read now.
    fn holdings(&self, client: &Slug) -> Result<Holdings, Undecided>;

    /// Erases a client, in a person's name. When this returns it is decided for good: it goes on by itself, through crashes too.
    ///
    /// # Errors
    /// When there is nothing of such a client, or it can not be written down; nothing was changed then.
    fn erase(&self, client: &Slug, by: &str) -> Result<Erasure, Undecided>;

    /// All erasures, the latest first.
    ///
    /// # Errors
    /// When they can not be read now.
    fn list(&self) -> Result<Vec<Erasure>, Undecided>;
}

/// What is kept of a client, each thing counted where it is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Holdings {
    /// Machines that are enrolled, those that lost their rights too.
    pub machines: u64,
    /// Relays.
    pub relays: u64,
    /// Sites of its nodes and rows.
    pub sites: u64,
    /// Lives of stores that brought samples, and places that others push to.
    pub streams: u64,
    /// Samples that came, those that were let go of for their age too.
    pub samples: u64,
    /// Bytes of samples, minutes, hours and definitions.
    pub bytes: u64,
    /// Definitions of series.
    pub series: u64,
    /// Rows that hub and sites share: all of the kinds below and what machines are.
    pub rows: u64,
    /// Of these, what is or was wrong.
    pub incidents: u64,
    /// Who decided what of it.
    pub decisions: u64,
    /// Maintenance and silences.
    pub maintenance: u64,
    /// Rules.
    pub rules: u64,
    /// Routes.
    pub routes: u64,
    /// Schedules of who is on call.
    pub schedules: u64,
    /// Access that sites grant, and who came in by it.
    pub access: u64,
    /// People who may something here and nowhere else: they are erased.
    pub people: u64,
    /// People who may something elsewhere, too: they lose what they may here.
    pub people_elsewhere: u64,
    /// Invitations to this client.
    pub invitations: u64,
    /// Tokens of people, and of programs, that are for this client.
    pub tokens: u64,
    /// Tokens by which machines join.
    pub enrolments: u64,
    /// Boards that are shared with this client or show it.
    pub boards: u64,
    /// Photos that people shared into its incidents.
    pub photos: u64,
    /// Webhooks of this client.
    pub webhooks: u64,
    /// Messages and events that wait, were sent or given up, and tell of this client.
    pub messages: u64,
    /// What judges remember of what is wrong, and who was told.
    pub remembered: u64,
    /// How far other engines have got its streams.
    pub forwarded: u64,
    /// Whether a quota is said.
    pub quotas: u64,
    /// Whether it is said how long its data is kept.
    pub retention: u64,
    /// Jobs that wait or are remembered; the files of exports go with them.
    pub jobs: u64,
    /// Answers to writes that are kept for a day and name it.
    pub answers: u64,
    /// Lines of its own audit.
    pub audit_lines: u64,
}

impl Holdings {
    /// Whether there is nothing at all.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// How far an erasure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureState {
    /// It is decided and begins: the hub starts again without the client.
    Begun,
    /// Nothing knows the client any more, its nodes stay out; its records are being deleted.
    Deleting,
    /// Its records are deleted, and `left` says what was found after.
    Done,
}

/// Where a chain of the audit ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChainEnd {
    /// The number of its last line.
    pub lines: u64,
    /// That line's hash.
    pub head: String,
}

/// A receipt: what went of a client, and what was found after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Erasure {
    /// Which.
    pub id: String,
    /// What stands in the client's place in the provider's audit.
    pub pseudonym: String,
    /// How far it is.
    pub state: ErasureState,
    /// Who asked for it.
    pub by: String,
    /// When.
    pub asked_at: Stamp,
    /// When nothing was left.
    pub finished_at: Option<Stamp>,
    /// Sixteen random bytes, in hexadecimal.
    pub salt: String,
    /// A hash of these bytes and the client's name: whoever knows the name can show that this is its erasure.
    pub mark: String,
    /// What there was when it was asked for.
    pub had: Holdings,
    /// What was found when all was deleted; null before.
    pub left: Option<Holdings>,
    /// Nodes whose keys are shut out for ever.
    pub nodes: u64,
    /// Where the client's own audit ended, which went with it.
    pub chain: Option<ChainEnd>,
    /// Where the provider's audit stood when all was deleted.
    pub audit: Option<ChainEnd>,
    /// Whether both of the hub's files were written anew, so that nothing of what went stands in them. A store of more than
    /// 256 MB, or one for which the disk has no room twice, is not, and uses the room for what comes.
    pub rewritten: bool,
    /// What an erasure can not reach.
    pub not_reached: Vec<String>,
}

impl Erasure {
    /// The mark of a name under a salt.
    pub fn mark_of(salt: &str, client: &Slug) -> String {
        let mut hasher = blake3::Hasher::new_derive_key("vigie 2026-11 erased client");
        hasher.update(salt.as_bytes()).update(&[0]).update(client.as_str().as_bytes());
        hasher.finalize().to_hex()[..32].to_owned()
    }

    /// Whether it is of a client of this name.
    pub fn is_of(&self, client: &Slug) -> bool {
        self.mark == Self::mark_of(&self.salt, client)
    }
}
