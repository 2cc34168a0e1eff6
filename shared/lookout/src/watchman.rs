//! The body: looks every second, judges what is due, writes what changed, and has it told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use vigie_merge::{Key, Row, Scope};
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_notify::{Channels, Desk, Heard, Rules};
use vigie_query::LabelSet;
use vigie_store::State;
use vigie_watch::Instance;
use vigie_watch::presence::Post;

use crate::first_learnt::FirstLearnt;
use crate::health::Judged;
use crate::judging::Judging;
use crate::presence::Presence;
use crate::register::{News, Register};
use crate::remembered;
use crate::rows::{RowBook, RowTrouble};
use crate::rulebook::Rulebook;
use crate::ruling::{meant, rulebook};
use crate::sight::{At, Sight};
use crate::silences::Silences;
use crate::trying::Trials;
use crate::vouching;

/// How long an alert that is over is shown: what is older is in the rows, and in the log of messages.
pub(crate) const SHOWN_MS: i64 = 30 * 86_400_000;

/// What a watchman is made of.
pub struct Setup {
    /// The node's samples, and whom it hears.
    pub sight: Arc<dyn Sight>,
    /// The rows that hub and relay share.
    pub rows: Arc<dyn RowBook>,
    /// The node's own small state.
    pub state: Arc<State>,
    /// Which node this is.
    pub node: NodeId,
    /// Relay or hub.
    pub role: Role,
    /// Its name, for people.
    pub name: String,
    /// Client and site of a relay.
    pub home: Option<(Slug, Slug)>,
    /// What was configured.
    pub watching: Watching,
    /// Where people are told from.
    pub desk: Arc<Desk>,
    /// Routes and receivers of the node's own file.
    pub rules: Rules,
    /// The channels that it has open.
    pub channels: Channels,
    /// When the certificate of this node ends.
    pub certificate_ends: CertificateEnds,
    /// What else this node says of itself, as series that rules ask for.
    pub stated: OwnSeries,
    /// The time.
    pub clock: Arc<dyn Fn() -> At + Send + Sync>,
}

/// When the certificate of this node ends, as it is now: it is renewed.
pub type CertificateEnds = Arc<dyn Fn() -> UtcMs + Send + Sync>;

/// Series of this node's own as they are now, each with its value.
pub type OwnSeries = Arc<dyn Fn() -> Vec<(Arc<LabelSet>, f64)> + Send + Sync>;

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").field("node", &self.node).field("role", &self.role).finish_non_exhaustive()
    }
}

/// How a node watches.
#[derive(Debug, Clone)]
pub struct Watching {
    /// The folder with rule files.
    pub rules: PathBuf,
    /// Rules of the defaults that are left out.
    pub off: BTreeSet<String>,
    /// Where people find this node's page.
    pub url: Option<String>,
    /// Whether messages take the French texts of rules.
    pub french: bool,
    /// How long alerts are kept that are over, from when anything last happened to them.
    pub keep_ms: i64,
}

/// What is wrong, who knows, and who is told: the lookout of a relay or a hub.
pub struct Watchman {
    pub(crate) sight: Arc<dyn Sight>,
    pub(crate) rows: Arc<dyn RowBook>,
    pub(crate) state: Arc<State>,
    pub(crate) node: NodeId,
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) home: Option<(Slug, Slug)>,
    home_scope: Option<Scope>,
    pub(crate) watching: Watching,
    pub(crate) desk: Arc<Desk>,
    /// Routes and receivers of the node's own file.
    pub(crate) told_by: Rules,
    pub(crate) channels: Channels,
    /// When routes were tried.
    pub(crate) trials: Mutex<Trials>,
    pub(crate) judging: Mutex<Judging>,
    pub(crate) register: Mutex<Register>,
    /// Who is there, for whoever tells: taken while nothing is evaluated.
    pub(crate) presence: Mutex<Presence>,
    /// What rules found the last time.
    pub(crate) found: Mutex<Found>,
    pub(crate) certificate_ends: CertificateEnds,
    pub(crate) stated: OwnSeries,
    pub(crate) clock: Arc<dyn Fn() -> At + Send + Sync>,
    /// Rows that changed and could not be read yet.
    unread: Mutex<Unread>,
    /// When machines did not answer, for who asks how long they were there.
    pub(crate) silences: Mutex<Silences>,
    pub(crate) first_learnt: Mutex<FirstLearnt>,
    /// What people say of rules, or of who is meant by them, has changed since rules were last taken into use.
    pub(crate) rules_are_new: AtomicBool,
    /// Held by who hands routes to the desk, so that the latest are the last.
    pub(crate) routing: Mutex<()>,
    /// At a relay: the hub was heard since it was last asked what it has.
    pub(crate) hub_was_heard: AtomicBool,
    /// When the hub was last heard, as somebody said: another time is news, whatever clocks show.
    pub(crate) hub_heard_at: Mutex<Option<UtcMs>>,
    /// What is to be heard by the desk, in the order in which it followed from rows.
    pub(crate) heard: Mutex<Vec<Heard>>,
    /// Held by who hands it to the desk, so that the order is kept.
    pub(crate) handing: Mutex<()>,
    /// More was wrong than the desk follows: it is told of it again when there is room.
    pub(crate) crowded: AtomicBool,
}

impl std::fmt::Debug for Watchman {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watchman").field("node", &self.node).field("role", &self.role).finish_non_exhaustive()
    }
}

/// What rules found, ready to be shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) rulebook: Arc<Rulebook>,
    pub(crate) instances: Arc<Vec<(vigie_watch::RuleKey, Instance)>>,
    pub(crate) failures: BTreeMap<String, String>,
    pub(crate) evaluated: Option<UtcMs>,
    pub(crate) took: Duration,
    pub(crate) judged: Judged,
}

/// Rows that changed: these, or more than are named.
#[derive(Debug, Default)]
struct Unread {
    all: bool,
    keys: BTreeSet<Key>,
}

/// A watchman that could not begin. Nothing was started.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The node's state can not be read.
    #[error("what was wrong before can not be read")]
    State(#[from] vigie_store::ReadError),
    /// The rows can not be read.
    #[error("the rows of alerts can not be read")]
    Rows(#[from] RowTrouble),
}

pub(crate) fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a thread left behind that panicked is whole: each step changes one thing.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watchman {
    /// A watchman that knows what was wrong before, and has listened to nobody yet.
    ///
    /// # Errors
    /// When that can not be read.
    pub fn begin(setup: Setup) -> Result<Arc<Self>, BeginError> {
        let Setup {
            sight,
            rows,
            state,
            node,
            role,
            name,
            home,
            watching,
            desk,
            rules,
            channels,
            certificate_ends,
            stated,
            clock,
        } = setup;
        let now = clock();
        let post = if role == Role::Hub { Post::Hub } else { Post::Relay };
        let presence = Presence::new(post, remembered::heard_relays(&state)?, now);
        // What was said of rules is known before what they found is taken up again.
        let mut register = Register::of(role);
        let all = rows.all()?;
        drop(register.take(all.iter().map(|found| (&found.key, &found.row, found.learnt))));
        let rulebook = rulebook(&register, &watching, meant(&register, sight.sighted().iter()));
        let judging = Judging::begin(&watching, rulebook, role, &state, now)?;
        let silences = Silences::load(&state)?;
        let first_learnt = FirstLearnt::load(&state)?;
        let found = Found { rulebook: judging.rulebook.clone(), ..Found::default() };
        let watchman = Arc::new(Self {
            sight,
            rows,
            state,
            node,
            role,
            name,
            home_scope: home.as_ref().map(|(client, site)| Scope::Site(client.clone(), site.clone())),
            home,
            watching,
            desk,
            told_by: rules,
            channels,
            trials: Mutex::default(),
            judging: Mutex::new(judging),
            register: Mutex::new(Register::of(role)),
            presence: Mutex::new(presence),
            found: Mutex::new(found),
            certificate_ends,
            stated,
            clock,
            unread: Mutex::default(),
            silences: Mutex::new(silences),
            first_learnt: Mutex::new(first_learnt),
            rules_are_new: AtomicBool::new(false),
            routing: Mutex::default(),
            hub_was_heard: AtomicBool::new(true),
            hub_heard_at: Mutex::default(),
            heard: Mutex::default(),
            handing: Mutex::default(),
            crowded: AtomicBool::new(false),
        });
        watchman.look_around();
        watchman.read_all()?;
        Ok(watchman)
    }

    /// Reads all rows: at the beginning, and when too much changed to be named.
    ///
    /// # Errors
    /// When they can not be read.
    pub fn read_all(&self) -> Result<(), RowTrouble> {
        let all = self.rows.all()?;
        let mut register = lock(&self.register);
        let mut news = register.take(all.iter().map(|found| (&found.key, &found.row, found.learnt)));
        (news.mutes, news.routes) = (true, true);
        if let Err(error) = lock(&self.first_learnt).tell(&self.state, &mut register.book) {
            tracing::debug!(%error, "what was learnt of incidents that are no more is forgotten at another start");
        }
        self.take_news(register, &news);
        Ok(())
    }

    /// Rows of these keys changed, or so many that all are to be read. What can not be read now is read the next time, or
    /// when the watchman judges again: nobody names it a second time.
    ///
    /// # Errors
    /// When they can not be read now.
    pub fn changed(&self, all: bool, keys: impl IntoIterator<Item = Key>) -> Result<(), RowTrouble> {
        let mut unread = lock(&self.unread);
        unread.all |= all;
        unread.keys.extend(keys);
        let due = std::mem::take(&mut *unread);
        drop(unread);
        let keys: Vec<Key> = due.keys.iter().cloned().collect();
        let read = match (due.all, keys.is_empty()) {
            (true, _) => self.read_all(),
            (false, true) => Ok(()),
            (false, false) => self.rows.some(&keys).map(|found| {
                self.arrived(&found);
                lock(&self.register).forget(&keys, &found);
            }),
        };
        if read.is_err() {
            let mut unread = lock(&self.unread);
            unread.all |= due.all;
            unread.keys.extend(due.keys);
        }
        read
    }

    /// Reads what could not be read before.
    pub(crate) fn read_what_is_unread(&self) {
        if let Err(error) = self.changed(false, []) {
            tracing::debug!(%error, "rows that changed can still not be read");
        }
    }

    /// Rows changed, here or elsewhere, and now stand so.
    pub fn arrived(&self, rows: &[(Key, Row)]) {
        let learnt = self.utc();
        let mut register = lock(&self.register);
        let news = register.take(rows.iter().map(|(key, row)| (key, row, learnt)));
        self.take_news(register, &news);
    }

    /// What came goes to whoever lives by it; people are told once the register is let go of.
    fn take_news(&self, register: MutexGuard<'_, Register>, news: &News) {
        self.note_rules(news);
        self.queue(&register, news);
        let silences = self.silences_in(&register, news);
        let learnt = self.learnt_in(&register, news);
        drop(register);
        self.take_routes(news);
        self.tell();
        self.remember_silences(&silences);
        self.remember_learnt(&learnt);
        self.take_presence(news);
    }

    /// A relay's own site.
    pub(crate) fn home_scope(&self) -> Option<&Scope> {
        self.home_scope.as_ref()
    }

    pub(crate) fn utc(&self) -> UtcMs {
        (self.clock)().utc
    }

    /// Takes in who was heard, and judges who is there. Call it every second or two from a thread that may block: a longer
    /// pause means that this node did not run, and claims nothing before it has listened again.
    pub fn look_around(&self) {
        let mut presence = lock(&self.presence);
        let now = (self.clock)();
        presence.own_network(self.sight.network_works(), now);
        presence.look(self.sight.sighted(), now);
        for relay in presence.take_new_relays() {
            if let Err(error) = remembered::heard(&self.state, relay) {
                tracing::warn!(%error, %relay, "that this relay was heard is not written down");
            }
        }
    }

    /// What relays vouch for: at the hub, and at a relay what the others of its site say.
    fn take_presence(&self, news: &News) {
        if news.presence.is_empty() {
            return;
        }
        let mut presence = lock(&self.presence);
        for said in news.presence.iter().filter_map(|(key, row)| vouching::read(key, row)) {
            let is_home = self.home.as_ref().is_some_and(|(client, site)| said.client == *client && said.site == *site);
            if self.role == Role::Hub {
                self.sight.vouched(said);
            } else if said.relay != self.node && is_home {
                presence.heard_beside(&said);
            }
        }
    }
}

/// Ten random bytes for an id.
pub(crate) fn chance() -> [u8; 10] {
    let mut bytes = [0; 10];
    // Without chance two alerts of one millisecond would be one: the time of the process goes in.
    if getrandom::fill(&mut bytes).is_err() {
        let now = Instant::now();
        let hash = blake3::hash(format!("{now:?}").as_bytes());
        bytes.copy_from_slice(&hash.as_bytes()[..10]);
    }
    bytes
}
