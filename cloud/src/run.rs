//! How a hub starts: what is opened, in which order, and who knows whom.

mod life;
mod noded;
mod own;
mod staff;
mod stores;
mod watching;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tracing::{info, warn};
use vigie_fleet::Fleet;
use vigie_forward::{Beside, Forwarder};
use vigie_intake::Pushed;
use vigie_lookout::Body;
use vigie_model::UtcMs;
use vigie_net::{Ca, Endpoint, Identity};
use vigie_node::{Failed, Happening, NodeClock, NodeHandle, StopSignal, hatch};
use vigie_serve::{Carries, Tls};

use self::noded::Noded;
use self::staff::Staff;
use self::stores::Stores;
use self::watching::Watching;
use crate::admission::Gate;
use crate::backup::refuse_half_restored;
use crate::chats::Answering;
use crate::config::Config;
use crate::demonstration::Played;
use crate::desk::Desk;
use crate::grants::Grants;
use crate::jobs::{self, Exports, Runner, Works};
use crate::joining::Joining;
use crate::people::{Mailer, Register};
use crate::registry::Registry;
use crate::status_pages::{Published, Reckoner};
use crate::webhooks::Subscriptions;

/// What is still under way when the hub has stopped has so long to end.
const LINGER: Duration = Duration::from_secs(2);

/// Runs until a signal ends it.
pub(crate) fn run(config: Config) -> Result<ExitCode, Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async { Hub::start(config).await?.live().await })?;
    // What still runs holds the stores; their locks go with the process.
    runtime.shutdown_timeout(LINGER);
    match ended {
        Ended::Stopped => Ok(ExitCode::SUCCESS),
        Ended::Again => Err(vigie_node::again("a client is being erased and the hub must begin again without it")),
    }
}

/// Why the hub ended.
enum Ended {
    /// It was told to.
    Stopped,
    /// To begin again without a client.
    Again,
}

struct Hub {
    config: Config,
    stop: StopSignal,
    identity: Arc<Identity>,
    ca: Arc<Ca>,
    endpoint: Endpoint,
    handle: NodeHandle,
    happenings: mpsc::Receiver<Happening>,
    clock: NodeClock,
    fleet: Arc<Fleet>,
    pushed: Pushed,
    lookout: Body,
    forwarder: Arc<Forwarder>,
    registry: Arc<Registry>,
    people: Arc<Register>,
    runner: Arc<Runner>,
    hooks: Arc<Subscriptions>,
    played: Arc<Played>,
    gate: Arc<Gate>,
    revoked: mpsc::UnboundedReceiver<()>,
    /// Told when the hub is to begin again without a client.
    again: mpsc::UnboundedReceiver<()>,
    enrolments: tokio::task::JoinSet<()>,
    http: tokio::task::JoinHandle<std::io::Result<()>>,
    close_http: tokio::sync::oneshot::Sender<()>,
}

impl Hub {
    /// Opens what is kept, then the node, then who watches it, then who may come, and the doors last: whoever comes in finds all
    /// of it there.
    async fn start(config: Config) -> Result<Self, Failed> {
        let clock = NodeClock::new();
        let now = clock.now().utc;
        tell_what_is_not_ready(&config, now);
        refuse_half_restored(&config.data)?;
        let tls = Tls::of(config.tls.clone())
            .map_err(|error| Failed::new(2, format!("[tls] {error}; nothing was started")))?;
        let (stores, log) = Stores::open(&config, &clock, now)?;
        let noded = Noded::begin(&config, &stores, log, &clock, now)?;
        let (gate, joining) = noded.doors(&config, &stores, &clock)?;
        let watching = Watching::begin(&config, &stores, &noded, &clock)?;
        let staff = Staff::open(&config, &stores, &noded, &watching, &clock)?;
        let (tell_revoked, revoked) = mpsc::unbounded_channel();
        let desk = Desk {
            gate: gate.clone(),
            registry: stores.registry.clone(),
            joining: joining.clone(),
            tokens: staff.tokens.clone(),
            own_token: staff.own_token.clone(),
            ca: stores.ca.clone(),
            identity: stores.identity.clone(),
            handle: noded.handle.clone(),
            forwarder: watching.forwarder.clone(),
            watchman: watching.lookout.watchman(),
            grants: Grants::of(stores.rows.clone(), stores.registry.clone(), clock.clone()),
            people: staff.people.clone(),
            backups: staff.backups.clone(),
            upkept: watching.upkept.clone(),
            carriage: staff.carriage.clone(),
            tls: tls.clone(),
            revocations: noded.revocations.clone(),
            revoked: tell_revoked,
        };
        let stop = StopSignal::listen();
        hatch::open(&config.data, Arc::new(desk))?;
        let listener = listener(&config).await?;
        let listens = noded.endpoint.local_address()?;
        let played = Played::open((&config.data, listens), joining.clone(), staff.eraser.clone())?;
        let hub_key = stores.identity.key().signing_key().to_bytes();
        let hooks = Arc::new(Subscriptions::start(stores.state.clone(), &config.outgoing, clock.clone(), &hub_key)?);
        let (serving, runner) = serving(
            &config,
            (&stores, &noded, &watching, &staff),
            (joining, hooks.clone(), played.clone()),
            &clock,
            &hub_key,
        )?;
        let (close_http, closed) = tokio::sync::oneshot::channel::<()>();
        let until = async move { drop(closed.await) };
        let http = tokio::spawn(vigie_serve::serve_with(listener, vigie_serve::router_of(serving), tls, until));
        info!(node = %stores.identity.node(), listen = %config.listen, http = %config.http, "the hub is open");
        tokio::spawn(noded.node.run());
        Ok(Self {
            config,
            stop,
            identity: stores.identity,
            ca: stores.ca,
            endpoint: noded.endpoint,
            handle: noded.handle,
            happenings: noded.happenings,
            clock,
            pushed: noded.pushed,
            lookout: watching.lookout,
            forwarder: watching.forwarder,
            fleet: noded.fleet,
            registry: stores.registry,
            people: staff.people,
            runner,
            hooks,
            played,
            gate,
            revoked,
            again: staff.again,
            enrolments: tokio::task::JoinSet::new(),
            http,
            close_http,
        })
    }
}

/// What of the file does not work yet, and stops nothing.
fn tell_what_is_not_ready(config: &Config, now: UtcMs) {
    if let Some(why) = config.no_passkeys() {
        warn!(why, "nobody signs in by a passkey");
    }
    for (house, why) in config.unready_houses(now) {
        warn!(house, why, "nobody signs in by this house yet; its files are looked at again when somebody tries");
    }
}

async fn listener(config: &Config) -> Result<TcpListener, Failed> {
    TcpListener::bind(config.http).await.map_err(|error| {
        let text = format!(
            "the page can not be served at {}: {error}; say another with --http; nothing was started",
            config.http
        );
        Failed::new(1, text)
    })
}

/// All that page and API are given, and who carries out the work that waits.
fn serving(
    config: &Config,
    (stores, noded, watching, staff): (&Stores, &Noded, &Watching, &Staff),
    (joining, hooks, played): (Arc<Joining>, Arc<Subscriptions>, Arc<Played>),
    clock: &NodeClock,
    hub_key: &[u8; 32],
) -> Result<(vigie_serve::Parts, Arc<Runner>), Failed> {
    let (state, people, watchman) = (stores.state.clone(), staff.people.clone(), watching.lookout.watchman());
    let published = Arc::new(Published::open(state, clock.clone())?);
    let reckoner = Reckoner { incidents: watchman.clone(), lookout: noded.fleet.clone() };
    tokio::spawn(published.clone().tend(reckoner));
    tokio::spawn(staff.photos.clone().tend(watchman.clone()));
    let chats = Answering::of(watchman.clone(), people.clone(), staff.answered.clone(), clock.clone());
    let shown = Arc::new(Beside::new(noded.fleet.clone(), watching.forwarder.clone()));
    let exports = Arc::new(Exports::open(&config.data, watching.book.clone(), shown.clone(), clock.clone())?);
    let mailer = Mailer::of(config.mail(), (watching.book.clone(), people.clone()), hub_key, clock.clone());
    let works = Works {
        backups: staff.backups.clone(),
        eraser: staff.eraser.clone(),
        exports,
        mailer: mailer.clone(),
        log: noded.handle.log(),
        terms: stores.terms.clone(),
        clock: clock.clone(),
    };
    let jobs = jobs::begin(works, watching.upkept.clone());
    let runner = jobs.runner.clone();
    let parts = vigie_serve::Parts {
        lookout: shown,
        incidents: Some(watchman),
        access: staff.tokens.clone(),
        people: Some(people),
        repeats: Some(staff.answered.clone()),
        hooks: Some(hooks),
        devices: Some(watching.phones.clone()),
        chats,
        keeping: Some(stores.terms.clone()),
        lets_in: Some(Arc::new(Grants::of(stores.rows.clone(), stores.registry.clone(), clock.clone()))),
        boards: Some(staff.boards.clone()),
        photos: Some(staff.photos.clone()),
        quotas: Some(stores.quotas.clone()),
        enrolments: Some(joining),
        erasures: Some(staff.eraser.clone()),
        carries: Some(Carries::In(Arc::new(staff.carriage.clone()))),
        demonstration: Some(played),
        jobs: Some(jobs),
        status: Some(published),
        options: vigie_serve::Options { post: mailer.map(|mailer| mailer as _), ..config.serving() },
    };
    Ok((parts, runner))
}
