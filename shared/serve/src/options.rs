//! What may the operator choose about serving?

use std::sync::Arc;
use std::time::Duration;

use vigie_issuers::Issuers;
use vigie_passkeys::Passkeys;

use crate::{DrawQr, Post, Programs, Web};

/// How a node serves. [`Options::default`] is safe on plain HTTP in a site's own network.
#[derive(Debug, Clone)]
pub struct Options {
    /// The page is reached over TLS (ended here or by a proxy): cookies are marked `Secure` and carry the `__Host-`
    /// prefix, and browsers are told to come back by TLS only.
    pub tls: bool,
    /// A proxy on this machine's loopback stands in front, and its `X-Forwarded-For` says who asks. Without a proxy this
    /// stays off, because anybody can send the header.
    pub behind_loopback_proxy: bool,
    /// `/metrics` answers without a token when asked from this machine's loopback (and no proxy is in front).
    pub metrics_open_to_loopback: bool,
    /// How long one query may take.
    pub query_timeout: Duration,
    /// Queries and lists that are worked on at once; more wait. Each may hold `Limits::MAX_SAMPLES` in memory.
    pub queries_at_once: usize,
    /// Exports at once: each holds a thread for as long as its reader takes.
    pub exports_at_once: usize,
    /// Pushed bodies that are read at once; more wait. Each may hold some times `intake_limits.body_bytes` in memory.
    pub intakes_at_once: usize,
    /// What one pushed body may hold.
    pub intake_limits: vigie_formats::Limits,
    /// A session that was not used for this long ends.
    pub session_idle: Duration,
    /// A session ends after this long, used or not.
    pub session_life: Duration,
    /// Other houses by whose accounts a hub's people come in.
    pub issuers: Arc<Issuers>,
    /// The pages that browsers run, of a node that has them.
    pub web: Web,
    /// The agents that this node hands out, with the script that installs them.
    pub programs: Arc<Programs>,
    /// Where people reach this hub, for links in letters.
    pub origin: Option<String>,
    /// How people are written to; without it whoever invites hands the link on.
    pub post: Option<Arc<dyn Post>>,
    /// How addresses and secrets are drawn for telephones, where they are; with it a hub makes stickers for its relays.
    pub qr: Option<DrawQr>,
    /// How a hub's people come in by passkeys; they need a name that browsers reach the hub by.
    pub passkeys: Option<Arc<Passkeys>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tls: false,
            behind_loopback_proxy: false,
            metrics_open_to_loopback: false,
            query_timeout: Duration::from_secs(30),
            queries_at_once: 4,
            exports_at_once: 2,
            intakes_at_once: 2,
            intake_limits: vigie_formats::Limits::default(),
            // A working day's lunch does not sign anybody out; a stolen laptop's cookie is dead the next morning.
            session_idle: Duration::from_secs(8 * 3600),
            session_life: Duration::from_secs(7 * 24 * 3600),
            issuers: Arc::default(),
            web: Web::default(),
            programs: Arc::default(),
            origin: None,
            post: None,
            qr: None,
            passkeys: None,
        }
    }
}
