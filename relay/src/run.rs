//! The relay's life.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tracing::{info, warn};
use vigie_codec::VerifyingKey;
use vigie_fleet::{Fleet, Upstream};
use vigie_grants::Porch;
use vigie_intake::Pushed;
use vigie_lookout::{Body, CertificateEnds, Parts};
use vigie_model::{ClockSource, Role, UtcMs};
use vigie_net::{Endpoint, EndpointConfig, Identity, SharedRevocations, Target, TrustedTime, Uplink, UplinkState};
use vigie_node::{
    CarryOut, Command, Failed, Happening, KeeperOptions, Node, NodeClock, NodeHandle, NodeRows, NodeSetup, Renewing,
    StopSignal, enrolled_name, hatch, load_identity, loop_ended, open_state_told, trust,
};
use vigie_serve::{Incidents, Lookout, Surroundings, Tls};
use vigie_store::{Log, Options, State};
use vigie_sync::{Errand, LinkKind, LinkProfile, Me, Sends, SessionId, Way};

use crate::access::SiteAccess;
use crate::config::Config;
use crate::errands::Errands;
use crate::http::serve;
use crate::measured::{Measured, measure};
use crate::name::Announcer;
use crate::status::Status;
use crate::{around, budget, own, page};

/// Agents of one site, and as many again while they reconnect.
const MAX_CONNECTIONS: usize = 2_048;

/// Where hours are all that goes up, so long after each part of an hour it goes: an agent seals what is older than ten
/// minutes.
const FOLD_AFTER: Duration = Duration::from_secs(11 * 60);

/// How often the connections are looked at for signs of life.
const LISTEN_EVERY: Duration = Duration::from_secs(2);

/// Runs until a signal ends it.
pub(crate) fn run(config: Config) -> Result<ExitCode, Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async { Relay::start(config).await?.live().await })
}

struct Relay {
    stop: StopSignal,
    data: std::path::PathBuf,
    hub: Vec<String>,
    identity: Arc<Identity>,
    endpoint: Endpoint,
    handle: NodeHandle,
    happenings: mpsc::Receiver<Happening>,
    clock: NodeClock,
    state: Arc<State>,
    fleet: Arc<Fleet>,
    lookout: Body,
    pushed: Pushed,
    errands: Errands,
    renewing: Renewing,
    up: Option<SessionId>,
    uplink: watch::Receiver<UplinkState>,
    http: tokio::task::JoinHandle<std::io::Result<()>>,
    close_http: tokio::sync::oneshot::Sender<()>,
    page: tokio::task::JoinHandle<()>,
    close_page: tokio::sync::oneshot::Sender<()>,
}

impl Relay {
    async fn start(config: Config) -> Result<Self, Failed> {
        let identity = Arc::new(load_identity(&config.data, Role::Relay)?);
        let tls = Tls::of(config.tls.clone())
            .map_err(|error| Failed::new(2, format!("[tls] {error}; nothing was started")))?;
        let clock = NodeClock::new();
        let (state, lost) = open_state_told(&config.data)?;
        let state = Arc::new(state);
        let log = open_log(&config)?;
        let name = config.name.clone().unwrap_or_else(|| enrolled_name(&config.data));
        let lan = LinkProfile::of(LinkKind::Lan);
        let time = TrustedTime::system(trust::floor(&state));
        let revocations = SharedRevocations::new(trust::known_revoked(&state, &identity));
        let dial = EndpointConfig::dialling(identity.clone(), config.link.clone(), time).with_revocations(revocations);
        let endpoint = Endpoint::bind(dial.accepting(lan.clone(), MAX_CONNECTIONS), config.listen)?;
        let hub = config.hub.clone().unwrap_or_else(|| identity.facts().hub_addrs.clone());
        let uplink = Uplink::begin(endpoint.clone(), hub.iter().map(Target::at).collect());
        let watch = uplink.watch();
        let hub_key = VerifyingKey::from_bytes(&identity.facts().hub_key)
            .map_err(|_| Failed::new(1, "the hub's key in the identity is no key; enrol this relay again"))?;
        let me = Me {
            node: identity.node(),
            role: Role::Relay,
            name: name.clone(),
            software: env!("CARGO_PKG_VERSION").to_owned(),
            store_epoch: log.epoch(),
            hub_key,
            receipt_key: None,
        };
        let keeper =
            KeeperOptions { group: Duration::from_secs(1), tidy_every: Duration::from_secs(60), gap_key: None };
        let place = Some((identity.client(), identity.site()));
        let who = (identity.node(), Role::Relay);
        let rows = NodeRows::open(state.clone(), who, place, trust::floor(&state), lost, clock.clone())?;
        let said = (rows.clone(), config.link.clone());
        let (node, handle, happenings) = Node::new(NodeSetup {
            me,
            endpoint: endpoint.clone(),
            listens: true,
            uplink: Some(uplink),
            up: budget::treated(&said.0, &said.1),
            down: lan,
            log,
            keeper,
            rows: rows.clone(),
            clock: clock.clone(),
        })?;
        tokio::spawn(handle.rows().clone().tend(|| Some(Vec::new()), |_| BTreeSet::new()));
        tokio::spawn(budget::keep_up(said.0, said.1.clone(), handle.clone()));
        let home = Some((identity.client().clone(), identity.site().clone()));
        let around = Arc::new(Surroundings::default());
        tokio::spawn(around::look_around(around.clone(), hub.clone(), watch.clone(), clock.clone()));
        let own = Some(own::says(endpoint.clone(), clock.clone()));
        let upstream = Some(Upstream { to: hub.join(", "), search: watch.clone(), around, own });
        let is = (identity.node(), Role::Relay, name.clone());
        let fleet = Arc::new(Fleet::new(is, home.clone(), upstream, handle.clone(), clock.clone()));
        let own = (identity.node(), identity.key().signing_key().clone());
        let pushed = Pushed::open(handle.clone(), clock.clone(), own, vigie_intake::Limits::default())
            .map_err(|error| Failed::new(1, format!("what was pushed before can not be read: {error}")))?;
        fleet.take_in(Arc::new(pushed.clone()));
        tokio::spawn(pushed.clone().tend());
        let own = Measured {
            id: identity.node(),
            name: name.clone(),
            place: vigie_serve::Place { client: identity.client().clone(), site: identity.site().clone() },
            handle: handle.clone(),
            uplink: watch.clone(),
            fleet: fleet.clone(),
            into: Arc::new(pushed.clone()),
            clock: clock.clone(),
        };
        tokio::spawn(measure(own, config.measured_every));
        let people = Porch::open(rows.clone(), clock.clone(), trust::floor(&state))
            .map_err(|error| Failed::new(1, format!("who was let in can not be read: {error}")))?
            .ok_or_else(|| Failed::new(1, "these rows are no site's; enrol this relay again"))?;
        tokio::spawn(people.clone().keep_up());
        let lookout = Body::start(Parts {
            sight: fleet.clone(),
            rows,
            state: state.clone(),
            node: identity.node(),
            role: Role::Relay,
            name,
            home,
            config: config.alerts,
            certificate_ends: certificate_ends(endpoint.clone()),
            stated: Arc::new(Vec::new),
            clock: clock.clone(),
        })?;
        let carry = CarryOut {
            handle: handle.clone(),
            identity: identity.clone(),
            name: enrolled_name(&config.data),
            sends: config.link.sends,
            clock: clock.clone(),
        };
        let stop = StopSignal::listen();
        hatch::open(
            &config.data,
            Arc::new(Status {
                fleet: fleet.clone(),
                handle: handle.clone(),
                uplink: watch.clone(),
                identity: identity.clone(),
                watchman: lookout.watchman(),
                link: config.link.clone(),
                tls: tls.clone(),
                carry: carry.clone(),
            }),
        )?;
        let token = vigie_node::http_token(&config.http_token_file)?;
        let own = vigie_serve::Place { client: identity.client().clone(), site: identity.site().clone() };
        let access = Arc::new(SiteAccess::new(&token, own, people));
        let seen: (Arc<Fleet>, Arc<dyn Incidents>) = (fleet.clone(), lookout.watchman());
        let is_secret = tls.is_some();
        let (http, close_http, at) = serve(config.http, seen, access, carry, (tls, config.programs)).await?;
        let name = config.page_name.as_deref().filter(|_| !at.ip().is_loopback());
        let announcer = name.and_then(|name| Announcer::begin(name, identity.site().as_str()));
        let served = page::Served { at, tls: is_secret };
        let (close_page, page_closed) = tokio::sync::oneshot::channel();
        let page = tokio::spawn(page::tell(handle.rows().clone(), clock.clone(), served, announcer, page_closed));
        info!(node = %identity.node(), listen = %config.listen, http = %config.http, "the site is looked after");
        tokio::spawn(node.run());
        Ok(Self {
            stop,
            renewing: Renewing::new(&config.data, &identity, chance(&identity)),
            data: config.data,
            hub,
            identity,
            endpoint,
            handle,
            happenings,
            clock,
            state,
            pushed,
            fleet,
            lookout,
            errands: Errands::default(),
            up: None,
            uplink: watch,
            http,
            close_http,
            page,
            close_page,
        })
    }

    async fn live(mut self) -> Result<ExitCode, Failed> {
        let mut listen = tokio::time::interval(LISTEN_EVERY);
        loop {
            tokio::select! {
                () = self.stop.heard() => break,
                happening = self.happenings.recv() => match happening {
                    Some(happening) => self.happened(happening),
                    None => return Err(loop_ended(&self.handle)),
                },
                _ = listen.tick() => {
                    self.fleet.listen();
                    self.hear_hub();
                    self.renew();
                }
            }
        }
        info!("stopping");
        self.fleet.set_not_ready(vec!["the relay is stopping".to_owned()]);
        // An error says that the server has ended by itself.
        let _ended = self.close_http.send(());
        drop(self.close_page);
        // Its name is given back before anything that may take long.
        drop(self.page.await);
        self.lookout.close().await;
        self.pushed.close().await;
        self.handle.leave("the relay was stopped").await;
        self.http.abort();
        drop(std::fs::remove_file(hatch::path(&self.data)));
        Ok(ExitCode::SUCCESS)
    }

    fn happened(&mut self, happening: Happening) {
        self.fleet.happened(&happening);
        match happening {
            Happening::Up { session, peer, .. } => {
                self.errands.connected(session, &peer, &self.handle);
                if peer.way == Way::Up {
                    self.endpoint.time().reached();
                    self.up = Some(session);
                    self.renewing.connected(session);
                }
            }
            Happening::Down(session, node, _) => {
                self.errands.disconnected(session, node);
                self.renewing.disconnected(session);
                if self.up.take_if(|up| *up == session).is_some() {
                    self.endpoint.time().cut_off(self.clock.now().utc);
                }
            }
            Happening::Clock(session, clock, round_trip_ms) if self.up == Some(session) => {
                let half = round_trip_ms / 2;
                self.clock.correct(UtcMs(clock.utc.0.saturating_add(half.cast_signed())));
                let error_ms = u32::try_from(half).unwrap_or(u32::MAX).saturating_add(clock.error_ms);
                self.handle.command(Command::Clock(error_ms, ClockSource::Hub));
                trust::raise(&self.state, self.endpoint.time(), clock);
            }
            Happening::Errand(session, errand) => self.errand(session, errand),
            Happening::Enrolment(enrolment) => self.errands.enrolment(*enrolment, &self.endpoint, &self.hub),
            Happening::Greeted(session, _) if self.up != Some(session) && self.up.is_none() => {
                // Cut off from the hub since the start: agents are told the time as this box knows it.
                self.handle.command(Command::Clock(1_000, ClockSource::Relay));
            }
            _ => {}
        }
    }

    fn errand(&mut self, session: SessionId, errand: Errand) {
        let from_above = self.up == Some(session);
        let done = match errand {
            Errand::CertAsk(ask) => {
                self.errands.asked(session, ask, &self.handle);
                Ok(())
            }
            Errand::CertTell(answer) if from_above && answer.node == self.identity.node() => {
                let chance = chance(&self.identity);
                self.renewing.answered(&answer, &self.identity, &self.endpoint, chance).map(|new| self.identity = new)
            }
            Errand::CertTell(answer) if from_above => {
                self.errands.told(answer, &self.handle);
                Ok(())
            }
            Errand::Revoked(list) if from_above => {
                let taken = trust::revoked(&list, &self.identity, &self.endpoint, &self.state);
                self.errands.revoked(list, &self.handle);
                self.part_from_revoked();
                taken
            }
            Errand::CertTell(_) | Errand::Revoked(_) => Err(Failed::new(4, "the hub's word came from below")),
        };
        if let Err(failed) = done {
            warn!(error = %failed.text, "an errand could not be done");
        }
    }

    /// A node that lost its rights while it was connected is connected no longer.
    fn part_from_revoked(&self) {
        for (session, view) in &self.handle.view().sessions {
            if self.endpoint.revocations().contains(view.peer.node) {
                warn!(peer = %view.peer, "revoked; closing its session");
                self.handle.command(Command::Close(*session, "revoked".to_owned()));
            }
        }
    }

    /// While the hub is heard it tells of alerts; once it is not, this relay does.
    fn hear_hub(&self) {
        let heard = self.up.and_then(|_| self.fleet.upward()).and_then(|up| up.link.last_heard);
        if let Some(at) = heard {
            self.lookout.hub_heard(UtcMs(at.ms()));
        }
    }

    fn renew(&mut self) {
        if let Some((session, errand)) = self.renewing.due(self.endpoint.time().wall(), &self.identity) {
            self.handle.command(Command::Pass(session, errand));
        }
        let state = self.uplink.borrow().clone();
        match self.renewing.come_back(&state, &self.identity, &self.endpoint) {
            Ok(Some(renewed)) => self.identity = renewed,
            Ok(None) => {}
            Err(failed) => warn!(error = %failed.text, "the next certificate could not be taken into use"),
        }
    }
}

/// The same for a node at every start, and different between nodes: it spreads renewals.
fn chance(identity: &Identity) -> u32 {
    let [a, b, c, d, ..] = *identity.node().as_bytes();
    u32::from_be_bytes([a, b, c, d])
}

fn open_log(config: &Config) -> Result<Log, Failed> {
    let mut options = Options { floor: config.keep, ..Options::relay(config.store_bytes) };
    if config.link.sends == Sends::Rollups {
        // The hub sees this site by its hours alone: the one under way too, each part that agents have sealed by then.
        (options.fold_every, options.fold_after) = (config.rollups_every, FOLD_AFTER);
        // What the hub knows by its hours may go from here: else nothing would, for the hub never signs for it.
        options.thins = true;
    }
    config.retention.put_into(&mut options);
    let (log, report) = Log::open(Path::new(&config.data), options)?;
    if report.unclean || report.damaged {
        warn!(?report, "the store was not closed in order; it was checked");
    }
    Ok(log)
}

/// When the certificate that others see ends.
fn certificate_ends(endpoint: Endpoint) -> CertificateEnds {
    Arc::new(move || endpoint.identity().validity().not_after)
}
