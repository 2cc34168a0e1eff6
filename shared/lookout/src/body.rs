//! Who makes the watchman look, and has people told?

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};
use vigie_merge::Kind;
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_node::{NodeClock, NodeRows, RowChanges, boot_moment};
use vigie_notify::{Channel, Channels, Clock, Desk, Messenger, Told};
use vigie_store::State;

use crate::config::AlertsConfig;
use crate::register::KINDS;
use crate::routes::Routes;
use crate::rows::RowBook;
use crate::sight::{At, Sight};
use crate::watchman::{BeginError, CertificateEnds, OwnSeries, Setup, Watchman};

/// How often it is looked who was heard.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether rules are due: those of presence are each second, so that silence is told within 30 s.
const JUDGE_EVERY: Duration = Duration::from_millis(500);

/// How often it is said again when maintenance mutes: times are told a week ahead.
const MUTES_EVERY: Duration = Duration::from_secs(3_600);

/// How often it is tried again to show the other side what was told, where that was not possible at once.
const SHOW_EVERY: Duration = Duration::from_secs(5);

/// How often it is looked whether there is room for what was not followed: all that is open is told again then.
const REST_EVERY: Duration = Duration::from_secs(30);

/// How often it is looked whether alerts ended long enough ago to go.
const ERASE_EVERY: Duration = Duration::from_secs(3_600);

/// What a running lookout is made of.
pub struct Parts {
    /// The node's samples, and whom it hears.
    pub sight: Arc<dyn Sight>,
    /// The rows that hub and relay share.
    pub rows: NodeRows,
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
    pub config: AlertsConfig,
    /// When the certificate of this node ends, as it is now.
    pub certificate_ends: CertificateEnds,
    /// What else this node says of itself, as series that rules ask for.
    pub stated: OwnSeries,
    /// The node's clock.
    pub clock: NodeClock,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("node", &self.node).field("role", &self.role).finish_non_exhaustive()
    }
}

/// A watchman who looks, and a messenger who tells, until they are closed.
#[derive(Debug)]
pub struct Body {
    watchman: Arc<Watchman>,
    messenger: Messenger,
    tasks: Vec<JoinHandle<()>>,
}

impl Body {
    /// Begins to look and to tell, from within a runtime.
    ///
    /// # Errors
    /// When what was wrong or to be told before can not be read; nothing was started.
    pub fn start(parts: Parts) -> Result<Self, BeginError> {
        let Parts { sight, rows, state, node, role, name, home, config, certificate_ends, stated, clock } = parts;
        let at: Arc<dyn Fn() -> At + Send + Sync> = {
            let clock = clock.clone();
            Arc::new(move || now(&clock))
        };
        // Subscribed before all is read, so that nothing changes unseen between.
        let changes = rows.subscribe(&KINDS);
        // What was to be told by routes of rows is taken up again with them.
        let mut routes = Routes::default();
        for found in rows.all()?.iter().filter(|found| found.key.kind() == Kind::Route) {
            routes.take(&found.key, &found.row);
        }
        let rules = config.rules;
        let devices = config.devices;
        let channels = config.channels.into_iter().map(|setup| Channel::with(setup, devices.clone()));
        let channels = Channels::from(channels.collect::<Vec<_>>());
        // Without the kernel's word no two boots are taken for the same.
        let boot = std::fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let desk = Arc::new(Desk::open(state.clone(), routes.with(&rules), &boot, now(&clock).now())?);
        let setup = Setup {
            sight,
            rows: Arc::new(rows.clone()),
            state,
            node,
            role,
            name,
            home,
            watching: config.watching,
            desk: desk.clone(),
            rules,
            channels: channels.clone(),
            certificate_ends,
            stated,
            clock: at,
        };
        let watchman = Watchman::begin(setup)?;
        let told: Told = {
            let watchman = watchman.clone();
            Arc::new(move || {
                let watchman = watchman.clone();
                drop(spawn_blocking(move || watchman.show_what_was_told()));
            })
        };
        let both: Clock = {
            let clock = clock.clone();
            Arc::new(move || now(&clock).now())
        };
        let messenger = Messenger::start(desk, channels, both, told);
        let tasks = vec![
            every(LOOK_EVERY, watchman.clone(), Watchman::look_around),
            every(JUDGE_EVERY, watchman.clone(), Watchman::judge),
            every(MUTES_EVERY, watchman.clone(), Watchman::tell_mutes),
            every(SHOW_EVERY, watchman.clone(), Watchman::show_what_was_told),
            every(REST_EVERY, watchman.clone(), Watchman::tell_the_rest),
            tokio::spawn(hear(changes, watchman.clone())),
            tokio::spawn(erase(clock, watchman.clone())),
        ];
        Ok(Self { watchman, messenger, tasks })
    }

    /// Who looks: for pages, API and command line.
    pub fn watchman(&self) -> Arc<Watchman> {
        self.watchman.clone()
    }

    /// The hub was heard at that time, at a relay; the same time again is no news.
    pub fn hub_heard(&self, at: UtcMs) {
        let watchman = self.watchman.clone();
        drop(spawn_blocking(move || watchman.hub_heard(at)));
    }

    /// Ends. What is under way is sent again the next time, with the same key.
    pub async fn close(&mut self) {
        self.tasks.drain(..).for_each(|task| task.abort());
        self.messenger.close().await;
    }
}

/// Does something of the watchman's again and again, on a thread that may block, one after the other.
fn every(pause: Duration, watchman: Arc<Watchman>, what: fn(&Watchman)) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = interval(pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let watchman = watchman.clone();
            if let Err(error) = spawn_blocking(move || what(&watchman)).await {
                tracing::error!(%error, "the watchman stumbled by an error of ours; he looks again");
            }
        }
    })
}

/// Erases what ended long ago, while somebody else has told the time.
async fn erase(clock: NodeClock, watchman: Arc<Watchman>) {
    loop {
        tokio::time::sleep(ERASE_EVERY).await;
        let Some(now) = clock.trusted() else { continue };
        let watchman = watchman.clone();
        if let Err(error) = spawn_blocking(move || watchman.erase_bygone(now)).await {
            tracing::error!(%error, "alerts that ended long ago were not erased by an error of ours; it is tried again");
        }
    }
}

/// Takes in what changed in the rows, from whichever side.
async fn hear(mut changes: RowChanges, watchman: Arc<Watchman>) {
    loop {
        let changed = changes.next().await;
        let watchman = watchman.clone();
        let taken = spawn_blocking(move || watchman.changed(changed.all, changed.keys));
        match taken.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "rows that changed could not be read; it is tried again")
            }
            Err(error) => tracing::error!(%error, "rows that changed were not taken in by an error of ours"),
        }
    }
}

fn now(clock: &NodeClock) -> At {
    let (_, boot_ms) = boot_moment();
    At { utc: clock.now().utc, boot_ms: i64::try_from(boot_ms).unwrap_or(i64::MAX) }
}
