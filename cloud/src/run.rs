//! How a hub starts: what is opened, in which order, and who knows whom.

mod life;
mod own;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tracing::{info, warn};
use vigie_codec::VerifyingKey;
use vigie_fleet::Fleet;
use vigie_forward::{Beside, Forwarder, Setup};
use vigie_intake::Pushed;
use vigie_lookout::{Body, Parts, told_of_nothing};
use vigie_model::{ClockSource, Role, UtcMs};
use vigie_net::{Ca, Endpoint, EndpointConfig, Identity, SharedRevocations, TrustedTime};
use vigie_node::{
    Command, Failed, Happening, KeeperOptions, Node, NodeClock, NodeHandle, NodeRows, NodeSetup, hatch, host_name,
    open_state_told,
};
use vigie_serve::Tls;
use vigie_sync::{LinkKind, LinkProfile, Me};

use crate::admission::Gate;
use crate::backup::{Backups, refuse_half_restored};
use crate::boards::Shelf;
use crate::chats::Answering;
use crate::clients::{self, Eraser, Receipts};
use crate::config::Config;
use crate::desk::Desk;
use crate::devices::Phones;
use crate::grants::Grants;
use crate::jobs::{self, Book, Exports, Runner, Upkept, Works};
use crate::joining::{Heard, Joining};
use crate::owners::Roster;
use crate::people::{Mailer, Register, Scribe};
use crate::quotas::Quotas;
use crate::registry::Registry;
use crate::repeats::Answered;
use crate::retention::Terms;
use crate::status_pages::{Published, Reckoner};
use crate::tokens::Tokens;
use crate::webhooks::Subscriptions;
use own::{certificate_ends, open_log, own_identity, relays_of};

/// Sites and agents without a relay, and as many again while they reconnect.
const MAX_CONNECTIONS: usize = 20_000;

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
    gate: Arc<Gate>,
    revoked: mpsc::UnboundedReceiver<()>,
    /// Told when the hub is to begin again without a client.
    again: mpsc::UnboundedReceiver<()>,
    enrolments: tokio::task::JoinSet<()>,
    http: tokio::task::JoinHandle<std::io::Result<()>>,
    close_http: tokio::sync::oneshot::Sender<()>,
}

impl Hub {
    async fn start(config: Config) -> Result<Self, Failed> {
        if let Some(why) = config.no_passkeys() {
            warn!(why, "nobody signs in by a passkey");
        }
        let clock = NodeClock::new();
        let now = clock.now().utc;
        for (house, why) in config.unready_houses(now) {
            warn!(house, why, "nobody signs in by this house yet; its files are looked at again when somebody tries");
        }
        refuse_half_restored(&config.data)?;
        let tls = Tls::of(config.tls.clone())
            .map_err(|error| Failed::new(2, format!("[tls] {error}; nothing was started")))?;
        let (state, lost) = open_state_told(&config.data)?;
        let state = Arc::new(state);
        // What others go by is this clock.
        clock.vouch();
        let registry = Arc::new(Registry::new(state.clone()));
        let ca = Arc::new(Ca::load_or_create(&config.data.join("ca"), now)?);
        let identity = Arc::new(own_identity(&config, &ca, now)?);
        let in_file: BTreeSet<String> = config.alerts.routes();
        let mut log = open_log(&config)?;
        // Before anybody reads of it: what is let go of here stands in nobody's memory.
        clients::begin(&state, &mut log, identity.node(), &in_file, now);
        let whose = (state.clone(), registry.clone(), clock.clone());
        let terms = Arc::new(Terms::open(config.retention.clone(), whose.clone(), identity.node())?);
        let quotas = Arc::new(Quotas::open(whose, identity.node())?);
        log.fold_into(terms.rollups());
        let store_epoch = registry.hub_epoch(log.epoch(), now)?;
        let key = identity.key().signing_key().clone();
        let name = host_name();
        let me = Me {
            node: identity.node(),
            role: Role::Hub,
            name: name.clone(),
            software: env!("CARGO_PKG_VERSION").to_owned(),
            store_epoch,
            hub_key: VerifyingKey::from(&key),
            receipt_key: Some(key),
        };
        let wan = LinkProfile::of(LinkKind::Wan);
        let revocations = SharedRevocations::new(registry.revocations()?);
        let time = TrustedTime::system(UtcMs(0));
        let endpoint_config = EndpointConfig::dialling(identity.clone(), wan.clone(), time)
            .accepting(wan.clone(), MAX_CONNECTIONS)
            .with_revocations(revocations.clone());
        let endpoint = Endpoint::bind(endpoint_config, config.listen)?;
        let keeper =
            KeeperOptions { group: Duration::from_millis(500), tidy_every: Duration::from_secs(60), gap_key: None };
        let rows = NodeRows::open(state.clone(), (identity.node(), Role::Hub), None, UtcMs(0), lost, clock.clone())?;
        if config.take_back_rows {
            rows.take_back();
        }
        let (node, handle, happenings) = Node::new(NodeSetup {
            me,
            endpoint: endpoint.clone(),
            listens: true,
            uplink: None,
            up: wan.clone(),
            down: wan,
            log,
            keeper,
            rows: rows.clone(),
            clock: clock.clone(),
        })?;
        let relays = registry.clone();
        tokio::spawn(handle.rows().clone().tend(move || relays_of(&relays), told_of_nothing));
        handle.command(Command::Clock(0, ClockSource::Hub));
        let fleet =
            Arc::new(Fleet::new((identity.node(), Role::Hub, name.clone()), None, None, handle.clone(), clock.clone()));
        let own = (identity.node(), identity.key().signing_key().clone());
        let pushed = Pushed::open(handle.clone(), clock.clone(), own, vigie_intake::Limits::default())
            .map_err(|error| Failed::new(1, format!("what was pushed before can not be read: {error}")))?;
        fleet.take_in(Arc::new(pushed.clone()));
        tokio::spawn(pushed.clone().tend());
        let heard = Arc::new(Heard::default());
        let gate = Arc::new(Gate {
            registry: registry.clone(),
            ca: ca.clone(),
            identity: identity.clone(),
            fleet: fleet.clone(),
            handle: handle.clone(),
            clock: clock.clone(),
            leaf_life: config.leaf_life,
            hub_addrs: config.advertise.clone(),
            heard: heard.clone(),
        });
        let joining = Arc::new(Joining {
            registry: registry.clone(),
            ca: ca.clone(),
            hub_addrs: config.advertise.clone(),
            clock: clock.clone(),
            heard,
        });
        registry.nodes()?.iter().for_each(|row| gate.known(row));
        let owners = Arc::new(Roster { registry: registry.clone(), hub: identity.node() });
        let grants = Grants { rows: rows.clone(), registry: registry.clone(), clock: clock.clone() };
        let phones = Arc::new(Phones::open(state.clone(), &config.outgoing, clock.clone())?);
        let book = Arc::new(Book::open(state.clone(), clock.clone())?);
        let upkept = Arc::new(Upkept { book: book.clone(), plans_backups: config.backup.is_some() });
        let lookout = Body::start(Parts {
            sight: fleet.clone(),
            rows,
            state: state.clone(),
            node: identity.node(),
            role: Role::Hub,
            name,
            home: None,
            config: config.alerts.clone().with_devices(phones.post()),
            certificate_ends: certificate_ends(endpoint.clone()),
            stated: {
                let (quotas, upkept) = (quotas.clone(), upkept.clone());
                Arc::new(move || [quotas.stated(), upkept.stated()].concat())
            },
            clock: clock.clone(),
        })?;
        let setup = Setup { log: handle.log(), state: state.clone(), owners, clock: clock.clone() };
        let forwarder = Arc::new(Forwarder::start(config.forward.clone(), &setup)?);
        terms.rule(handle.log());
        let own_token = vigie_node::http_token(&config.http_token_file)?;
        let tokens = Arc::new(Tokens::default());
        tokens.read(&registry, &own_token)?;
        let people = Arc::new(Register::open(state.clone(), clock.clone(), &config.data, config.spans)?);
        let scribe = Arc::new(Scribe::open(state.clone(), handle.rows().clone(), clock.clone())?);
        tokio::spawn(scribe.clone().follow());
        let boards = Arc::new(Shelf::open(state.clone(), clock.clone())?);
        let receipts = Arc::new(Receipts(state.clone()));
        people.written_by(scribe, vec![boards.clone(), phones.clone(), receipts, book.clone()]);
        tokio::spawn(people.clone().tend());
        quotas.over(people.clone());
        tokio::spawn(quotas.clone().tend(handle.log()));
        phones.knows(people.clone(), lookout.watchman());
        let whose = (identity.node().to_string(), host_name());
        let stores = (handle.log(), state.clone());
        let backups = Backups::new((&config.data, config.backup.clone()), whose, stores, clock.clone(), book.clone())?;
        let backups = Arc::new(backups);
        let answered = Arc::new(Answered::open(state.clone(), clock.clone())?);
        tokio::spawn(answered.clone().tend());
        let (begin_again, again) = mpsc::unbounded_channel();
        let eraser = Arc::new(Eraser {
            state: state.clone(),
            log: handle.log(),
            hub: identity.node(),
            people: people.clone(),
            in_file,
            clock: clock.clone(),
            runtime: tokio::runtime::Handle::current(),
            again: begin_again,
            asking: std::sync::Mutex::default(),
        });
        let (tell_revoked, revoked) = mpsc::unbounded_channel();
        let desk = Desk {
            gate: gate.clone(),
            registry: registry.clone(),
            joining: joining.clone(),
            tokens: tokens.clone(),
            own_token,
            ca: ca.clone(),
            identity: identity.clone(),
            handle: handle.clone(),
            forwarder: forwarder.clone(),
            watchman: lookout.watchman(),
            grants,
            people: people.clone(),
            backups: backups.clone(),
            upkept: upkept.clone(),
            tls: tls.clone(),
            revocations,
            revoked: tell_revoked,
        };
        hatch::open(&config.data, Arc::new(desk))?;
        let listener = tokio::net::TcpListener::bind(config.http).await.map_err(|error| {
            let text = format!(
                "the page can not be served at {}: {error}; say another with --http; nothing was started",
                config.http
            );
            Failed::new(1, text)
        })?;
        let hub_key = identity.key().signing_key().to_bytes();
        let hooks = Arc::new(Subscriptions::start(state.clone(), &config.outgoing, clock.clone(), &hub_key)?);
        let published = Arc::new(Published::open(state.clone(), clock.clone())?);
        let reckoner = Reckoner { incidents: lookout.watchman(), lookout: fleet.clone() };
        tokio::spawn(published.clone().tend(reckoner));
        let chats = Answering::of(lookout.watchman(), people.clone(), answered.clone(), clock.clone());
        let shown = Arc::new(Beside::new(fleet.clone(), forwarder.clone()));
        let exports = Arc::new(Exports::open(&config.data, book.clone(), shown.clone(), clock.clone())?);
        let mailer = Mailer::of(config.mail(), (book, people.clone()), &hub_key, clock.clone());
        let works = Works {
            backups,
            eraser: eraser.clone(),
            exports,
            mailer: mailer.clone(),
            log: handle.log(),
            terms: terms.clone(),
            clock: clock.clone(),
        };
        let jobs = jobs::begin(works, upkept);
        let runner = jobs.runner.clone();
        let router = vigie_serve::router_of(vigie_serve::Parts {
            lookout: shown,
            incidents: Some(lookout.watchman()),
            access: tokens,
            people: Some(people.clone()),
            repeats: Some(answered),
            hooks: Some(hooks.clone()),
            devices: Some(phones),
            chats,
            keeping: Some(terms),
            boards: Some(boards),
            quotas: Some(quotas),
            enrolments: Some(joining),
            erasures: Some(eraser),
            jobs: Some(jobs),
            status: Some(published),
            options: vigie_serve::Options { post: mailer.map(|mailer| mailer as _), ..config.serving() },
        });
        let (close_http, closed) = tokio::sync::oneshot::channel::<()>();
        let until = async move { drop(closed.await) };
        let http = tokio::spawn(vigie_serve::serve_with(listener, router, tls, until));
        info!(node = %identity.node(), listen = %config.listen, http = %config.http, "the hub is open");
        tokio::spawn(node.run());
        Ok(Self {
            config,
            identity,
            ca,
            endpoint,
            handle,
            happenings,
            clock,
            pushed,
            lookout,
            forwarder,
            fleet,
            registry,
            people,
            runner,
            hooks,
            gate,
            revoked,
            again,
            enrolments: tokio::task::JoinSet::new(),
            http,
            close_http,
        })
    }
}
