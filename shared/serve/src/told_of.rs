//! What is told of the messages of one incident?

use serde::Serialize;
use utoipa::ToSchema;

use crate::Stamp;

/// Who was told of an incident, by this node, and how telling stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ToldOf {
    /// The messages that speak of it, oldest first; the latest 200.
    pub messages: Vec<MessageOf>,
    /// How many more there were before those.
    pub earlier: usize,
    /// How each route stands that is for it; none at all where nobody is told of such a thing.
    pub routes: Vec<RouteOf>,
    /// What was sent before this is not known any more, where the incident began before.
    pub known_since: Option<Stamp>,
}

/// One message of an incident. It may speak of others too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MessageOf {
    /// Which.
    pub id: String,
    /// What became of it.
    pub state: MessageState,
    /// `firing`, `resolved`, `cut`, `back`, `digest`, `acknowledged`, `escalated`.
    pub kind: String,
    /// By which route.
    pub route: String,
    /// By which channel.
    pub channel: String,
    /// To whom; nothing for a webhook, and for who does not see everybody's.
    pub to: Option<String>,
    /// When it is tried next, was sent, or was given up.
    pub at: Stamp,
    /// How often it was tried.
    pub tries: u32,
    /// What was said the last time; nothing for who does not see everybody's.
    pub said: Option<String>,
    /// When a device of theirs said that it has shown it; nothing where that is not known.
    pub displayed_at: Option<Stamp>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It waits or is under way.
    Waiting,
    /// The other end has taken it. Nobody need have read it.
    Sent,
    /// It was given up.
    Dead,
}

/// How telling of an incident stands on a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RouteOf {
    /// Which.
    pub route: String,
    /// How.
    pub standing: RouteStands,
    /// Until when, where that is known.
    pub until: Option<Stamp>,
}

/// Why somebody was told, or was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteStands {
    /// It was given to the channels.
    Told,
    /// The other side, hub or relay, tells of it.
    Elsewhere,
    /// Somebody said that they know before anybody was told.
    Known,
    /// Maintenance or a silence keeps it from being told.
    Muted,
    /// It was judged of what can not be seen: the site is cut off.
    BehindCut,
    /// The route is closed at this hour, or has its quiet hours.
    Held,
    /// It gathers what belongs to it, or gives the other side time.
    Waits,
    /// There is nothing to tell: it was over before anybody could be told, or somebody has settled it.
    Nothing,
}
