//! What must a node know so that people can see who is told, and try it?

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use vigie_model::{Severity, Slug};

use crate::{Message, Stamp, ToldOf, Undecided};

/// What hub and relay implement so that people and programs can see by which routes people are told, and try them.
///
/// Asked from blocking threads, as [`Incidents`](crate::Incidents) are. Lists are whole: what the asker may see is cut out of
/// them by the router. No secret is in anything of this: channels are told by name and kind alone.
pub trait Dispatch: Send + Sync {
    /// The routes of this node: its own file's, and those that the hub says.
    fn routes(&self) -> Vec<RouteShown>;

    /// Who is on call, of every schedule that is here.
    fn on_call(&self) -> Vec<OnCallShown>;

    /// Sends a real test by every channel of a route, to each of its receivers, and says what each service said.
    ///
    /// # Errors
    /// When there is no such route, it is not used here, or it was tried a moment ago: nothing was sent then.
    fn try_route(&self, name: &str, by: &str) -> Result<RouteTried, Undecided>;

    /// Which messages this node sent, or means to send, about an incident, and how each route stands that is for it.
    ///
    /// # Errors
    /// When there is no such incident, or what was sent can not be read.
    fn told_of(&self, incident: &str) -> Result<ToldOf, Undecided>;

    /// Has a message sent now that waits, or was given up: under the key that it had.
    ///
    /// # Errors
    /// When there is none, it is under way, or it can not be kept.
    fn send_again(&self, message: &str) -> Result<Message, Undecided>;

    /// Has a message that waits not sent.
    ///
    /// # Errors
    /// When none waits, it is under way, or it can not be kept.
    fn call_off(&self, message: &str) -> Result<Message, Undecided>;

    /// What is said for a place under a name, as files say it; nothing where nothing is. What stands in a node's own file is
    /// none of it.
    fn said(&self, what: Dispatched, place: &SaidAt, name: &str) -> Option<DispatchSaid>;

    /// Says a route or a schedule for a place, durably, in a person's name. The fields are those of `[[route]]` or
    /// `[[schedule]]`.
    ///
    /// # Errors
    /// When it makes no sense, this node may not, or it can not be kept; nothing was changed then.
    fn say(
        &self,
        what: Dispatched,
        place: &SaidAt,
        name: &str,
        said: &Value,
        by: &str,
    ) -> Result<DispatchSaid, Undecided>;

    /// Takes back what is said for a place under a name.
    ///
    /// # Errors
    /// When nothing is, this node may not, or it can not be kept; nothing was changed then.
    fn take_back(&self, what: Dispatched, place: &SaidAt, name: &str, by: &str) -> Result<(), Undecided>;

    /// Has somebody of a schedule stand in, from one moment to another.
    ///
    /// # Errors
    /// When there is no such schedule or person, this node may not, or it can not be kept; nothing was changed then.
    fn stand_in(
        &self,
        place: &SaidAt,
        name: &str,
        who: (&str, Stamp, Stamp),
        by: &str,
    ) -> Result<DispatchSaid, Undecided>;
}

/// What is said of telling people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dispatched {
    /// A route.
    Route,
    /// A schedule of who is on call.
    OnCall,
}

/// For whom something is said: everybody, a client, or a site of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaidAt {
    /// Whose; everybody's if nobody's.
    pub client: Option<Slug>,
    /// Which site; never without a client.
    pub site: Option<Slug>,
}

/// A route or a schedule, as it was said.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DispatchSaid {
    /// Its name.
    pub name: String,
    /// Whose; everybody's if nobody's.
    pub client: Option<Slug>,
    /// At which site.
    pub site: Option<Slug>,
    /// With the fields of `[[route]]` or `[[schedule]]`.
    #[schema(value_type = Object)]
    pub said: Value,
    /// Who said it.
    pub by: String,
    /// When.
    pub made_at: Stamp,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RouteShown {
    /// Its name.
    pub name: String,
    /// `file` or `hub`: whose word it is.
    pub source: &'static str,
    /// In words, where it was said for.
    pub scope: String,
    /// The client whose alerts alone it tells of.
    pub client: Option<Slug>,
    /// The site whose alerts alone it tells of.
    pub site: Option<Slug>,
    /// Its channels that are configured here.
    pub channels: Vec<String>,
    /// Those that are not.
    pub unknown_channels: Vec<String>,
    /// From which severity on it tells.
    pub severity: Option<Severity>,
    /// Whether it speaks whatever the other side does.
    pub always: bool,
    /// Whether it tells anybody here.
    pub used: bool,
    /// Why not.
    pub why: Option<String>,
    /// Who said it.
    pub by: Option<String>,
    /// When.
    pub made_at: Option<Stamp>,
}

/// A schedule, and who is on call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OnCallShown {
    /// Its name.
    pub name: String,
    /// In words, for whom it was said.
    pub scope: String,
    /// Whose it is; everybody's if nobody's.
    pub client: Option<Slug>,
    /// At which site.
    pub site: Option<Slug>,
    /// Who is on call now; nobody before the first turn.
    pub on_call: Option<OnCallNow>,
    /// Who is next.
    pub next: Option<OnCallNow>,
    /// Why it is not used here.
    pub why: Option<String>,
    /// Who said it.
    pub by: String,
    /// When.
    pub made_at: Stamp,
}

/// Somebody who is on call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OnCallNow {
    /// Their name.
    pub name: String,
    /// Until when.
    pub until: Stamp,
    /// They stand in for somebody.
    pub stands_in: bool,
}

/// What came of trying a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RouteTried {
    /// Which route.
    pub route: String,
    /// Whether every receiver has taken it.
    pub delivered: bool,
    /// What each receiver said.
    pub receivers: Vec<ReceiverTried>,
}

/// What a receiver said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReceiverTried {
    /// By which channel.
    pub channel: String,
    /// What the channel is, as files say it.
    pub kind: &'static str,
    /// To whom; empty where a channel has one receiver that has no name.
    pub to: String,
    /// Whether it has taken the message.
    pub delivered: bool,
    /// What it said, or why there was nothing to be heard.
    pub said: String,
    /// How long it took.
    pub took_ms: u64,
    /// Of a chat, whether people can answer from there, and why not.
    pub two_way: Option<String>,
}
