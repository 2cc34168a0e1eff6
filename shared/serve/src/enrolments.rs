//! What must a hub know so that people let machines join, and see how far each is?

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_model::{NodeId, Role, Slug};

use crate::fact::as_text;
use crate::{Origin, Reach, Stamp, Undecided};

/// What a hub implements so that people let machines and relays join. Asked from blocking threads.
pub trait Enrolments: Send + Sync + 'static {
    /// Every token by which somebody may join or has joined, in any order, each with at most so many of those who joined by
    /// it: the last ones.
    ///
    /// # Errors
    /// When they can not be read now.
    fn list(&self, joined: usize) -> Result<Vec<Enrolment>, Undecided>;

    /// One of them, with all who joined by it.
    ///
    /// # Errors
    /// When it can not be read now.
    fn one(&self, id: &str) -> Result<Option<Enrolment>, Undecided>;

    /// Makes one, in a person's name.
    ///
    /// # Errors
    /// When it can not be kept; nothing was changed then.
    fn make(&self, wish: &EnrolmentWish, by: &str) -> Result<MadeToken, Undecided>;

    /// Takes one back: nobody joins by it any more, and who did stays.
    ///
    /// # Errors
    /// When there is none, or it can not be kept; nothing was changed then.
    fn revoke(&self, id: &str) -> Result<(), Undecided>;

    /// Somebody at this address fetched the script for one, if there is such a one.
    fn fetched(&self, id: &str, from: String);
}

/// A wish to let somebody join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentWish {
    /// Whose machines.
    pub client: Slug,
    /// At which site.
    pub site: Slug,
    /// What may join: agents, unless relays are named.
    #[serde(default = "agents")]
    pub roles: Vec<Role>,
    /// How many.
    #[serde(default = "once")]
    #[schema(minimum = 1, maximum = 1000)]
    pub uses: u32,
    /// For how long.
    #[serde(default = "an_hour")]
    #[schema(minimum = 1, maximum = 10080)]
    pub minutes: u32,
}

impl EnrolmentWish {
    /// The most that may join by one token.
    pub const MOST_USES: u32 = 1_000;
    /// The longest time that one holds: a week.
    pub const MOST_MINUTES: u32 = 7 * 24 * 60;
}

fn agents() -> Vec<Role> {
    vec![Role::Agent]
}

fn once() -> u32 {
    1
}

fn an_hour() -> u32 {
    60
}

/// A token by which machines join, and what came of it. Never the token itself.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Enrolment {
    /// Under which number the hub knows it; no secret.
    pub id: String,
    /// Whose machines.
    pub client: Slug,
    /// At which site.
    pub site: Slug,
    /// What may join.
    pub roles: Vec<Role>,
    /// Whether it still lets somebody in.
    pub state: EnrolmentState,
    /// How many more.
    pub uses_left: u32,
    /// Who made it; empty where that was not noted.
    pub by: String,
    /// When.
    pub made_at: Stamp,
    /// Until when it holds.
    pub expires_at: Stamp,
    /// When the script was last fetched for it from this hub since the hub was started, and from where.
    pub fetched: Option<Fetched>,
    /// Who was last turned away with it since the hub was started, and why.
    pub refused: Option<TurnedAway>,
    /// How many joined by it.
    pub joined_count: usize,
    /// Who joined by it, the first one first; in the list the last five of them.
    pub joined: Vec<Joined>,
}

/// Whether a token still lets somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnrolmentState {
    /// It does.
    Valid,
    /// As many joined as it was made for.
    UsedUp,
    /// Its time is over.
    Expired,
    /// A person took it back.
    Revoked,
}

impl EnrolmentState {
    /// The word of each.
    pub const WORDS: [&'static str; 4] = ["valid", "used_up", "expired", "revoked"];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::UsedUp => "used_up",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// Somebody fetched the script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fetched {
    /// When.
    pub at: Stamp,
    /// From which address.
    pub from: String,
}

/// Somebody held the token and was turned away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TurnedAway {
    /// When.
    pub at: Stamp,
    /// From which address: of a relay, where it carried the request.
    pub from: String,
    /// What the machine called itself.
    pub name: String,
    /// Why.
    pub why: String,
}

/// A node that joined.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Joined {
    /// Its node id.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub id: NodeId,
    /// Its host name.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// When it joined.
    pub at: Stamp,
    /// Whether it is heard, where the asker may look at it; `unseen` before the first sign of life. A relay is `live` while its
    /// link to this hub stands.
    pub reachability: Option<Reach>,
    /// A machine's newest sample here, and the way it came.
    pub last_sample: Option<Origin>,
}

/// A token that was just made.
#[derive(Debug, Clone, PartialEq)]
pub struct MadeToken {
    /// What it lets in.
    pub enrolment: Enrolment,
    /// Its text: `vg1.…`.
    pub token: String,
    /// Where the relays of its site said that they listen, the newest first.
    pub relays: Vec<String>,
}

/// A token that was just made, with the commands that use it: shown this once.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EnrolmentMade {
    /// What it lets in.
    #[serde(flatten)]
    pub enrolment: Enrolment,
    /// The token.
    pub token: String,
    /// What to paste on a Linux machine; none where this hub hands out no program for what may join. Of those for agents the
    /// first one is for machines that reach this hub.
    pub commands: Vec<JoinCommand>,
}

/// One line to be pasted on a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct JoinCommand {
    /// What joins by it: an agent, or a relay.
    pub role: Role,
    /// From whom the program comes: `hub`, or `relay`.
    pub through: &'static str,
    /// Its page, by which the machine must reach it. Of a relay it is a guess: the host by which its agents reach it, and the
    /// usual port.
    pub from: String,
    /// The line.
    pub command: String,
}
