//! What is told of a site?

use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::{NodeId, Slug};

use crate::fact::as_text;
use crate::{Amount, Drain, Reach, Stamp};

/// A place with machines, and the link to it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Site {
    /// Its name.
    pub name: Slug,
    /// Whose it is.
    pub client: Slug,
    /// Its relays; none where agents come here by themselves.
    pub relays: Vec<Relay>,
    /// Whether it is heard: see [`reach_of_site`](crate::reach_of_site).
    pub reachability: Reach,
    /// How many machines are enrolled there.
    pub machines: u64,
    /// What it holds that is not here yet.
    pub waiting: Amount,
    /// How fast that comes, while it does.
    pub drain: Option<Drain>,
}

/// One relay of a site.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Relay {
    /// Its node id.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub id: NodeId,
    /// Its host name.
    pub name: String,
    /// The link from it to this node.
    pub link: Link,
    /// Where its own page is, as it said; none where it did not.
    pub page: Option<LocalPage>,
}

/// Where a relay's own page is: what opens on its site's network alone, also while the line is cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LocalPage {
    /// Whether the site's network reaches it; otherwise only the relay's own machine does.
    pub is_open: bool,
    /// Its addresses for a browser, the likeliest first; none where it is closed.
    pub urls: Vec<String>,
    /// The same by a name of that network, where the relay announces one.
    pub name_url: Option<String>,
    /// When the relay first saw it to be so, by its own clock.
    pub told_at: Stamp,
}

/// A link between two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Link {
    /// Whether it stands: of a relay also that it was heard within its beats.
    pub connected: bool,
    /// Since when it stands, or since when it does not or nothing was heard; not known before the first connection.
    pub since: Option<Stamp>,
    /// When anything last came over it.
    pub last_heard: Option<Stamp>,
    /// The round trip, while it stands.
    pub round_trip_ms: Option<f64>,
}

/// The way from this node towards the hub, told by a relay of itself.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Upward {
    /// What is at its end.
    pub to: String,
    /// The link.
    pub link: Link,
    /// What waits here for it: counted, not reckoned.
    pub waiting: Amount,
    /// Rows that wait for it, by the lane they go on; not known where they can not be read now.
    pub rows: Option<RowsWaiting>,
    /// How fast that goes, while it does.
    pub drain: Option<Drain>,
    /// The most ticks that waited since the link was established.
    pub waited_most: Option<u64>,
    /// The room for what waits.
    pub room: Option<Room>,
}

/// The room of a node's store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Room {
    /// Bytes that it takes.
    pub used_bytes: u64,
    /// Bytes that it may take.
    pub most_bytes: u64,
    /// When it will be full at the pace of the last hours; none until that is known. What the hub has goes before that, so
    /// it is the earliest.
    pub full_in_seconds: Option<u64>,
}

/// Pieces of state that changed here and are not at the hub yet, each counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct RowsWaiting {
    /// Alerts, and what people decided of them.
    pub alerts: u64,
    /// Everything else: facts of machines, rules, who signed in.
    pub state: u64,
}

/// How the line towards the hub is doing, told by a relay of itself: what a person on the site can act upon.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Line {
    /// Where the hub was reached, while it is.
    pub found: Option<String>,
    /// The link stands, but nothing comes back at the moment.
    pub suspect: bool,
    /// Attempts in the search that goes on while the link does not stand.
    pub attempts: u64,
    /// Why the last of them failed.
    pub last_error: Option<String>,
    /// Packets sent over this connection.
    pub sent_packets: u64,
    /// Those of them that were lost.
    pub lost_packets: u64,
}
