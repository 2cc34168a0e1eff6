//! How does a relay live whose site is made up? As any relay: it takes in its agents, keeps what they bring, judges, and passes
//! it on. Nobody reads its page, so it serves none.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tracing::{debug, warn};
use vigie_fleet::{Fleet, Upstream};
use vigie_lookout::{AlertsConfig, Body, Parts, Watchman};
use vigie_model::{ClockSource, Role, Severity, UtcMs};
use vigie_net::{Endpoint, EndpointConfig, Target, TrustedTime, Uplink};
use vigie_node::{
    Command, Failed, Happening, KeeperOptions, Node, NodeClock, NodeHandle, NodeRows, NodeSetup, enrolled_name,
    open_state_told, trust,
};
use vigie_notify::Seat;
use vigie_serve::{Decision, IncidentState, Incidents, Lookout, Surroundings};
use vigie_store::{Log, Options, State};
use vigie_sync::{LinkKind, LinkProfile, SessionId, Way};

use crate::opening::Opened;
use crate::road::Road;
use crate::script::act;

/// What a month of a site of seven takes, and to spare.
const STORE_BYTES: u64 = 128 << 20;

/// Twice the machines of a site.
const MAX_CONNECTIONS: usize = 32;

/// How often the connections are looked at for signs of life.
const LISTEN_EVERY: Duration = Duration::from_secs(2);

/// How often it is looked where in the script we are.
const PLAY_EVERY: Duration = Duration::from_secs(1);

/// Who is on the site, and what they say when they know.
const SOMEBODY: &str = "Marc (demonstration)";
const KNOWS: &str = "I am at the server. (Nobody is: this is a demonstration.)";

/// A relay of the demonstration.
pub(crate) struct Relay {
    handle: NodeHandle,
    happenings: mpsc::Receiver<Happening>,
    node: tokio::task::JoinHandle<()>,
    endpoint: Endpoint,
    clock: NodeClock,
    state: Arc<State>,
    fleet: Arc<Fleet>,
    lookout: Body,
    road: Road,
    up: Option<SessionId>,
    /// When the demonstration began, where the line is cut now and then.
    began: Option<UtcMs>,
}

impl Relay {
    /// Opens its stores, lets its agents in, and looks for the hub along the road.
    pub(crate) fn begin(opened: &Opened, road: Road, began: Option<UtcMs>) -> Result<Self, Failed> {
        let (identity, clock) = (opened.identity.clone(), NodeClock::new());
        let (state, lost) = open_state_told(&opened.folder)?;
        let state = Arc::new(state);
        let options = Options {
            cache_bytes: 2 << 20,
            hot_bytes: 512 << 10,
            ballast_bytes: 256 << 10,
            index_spans: 4_096,
            ..Options::relay(STORE_BYTES)
        };
        let (log, _) = Log::open(&opened.folder, options)?;
        let (wan, lan) = (LinkProfile::of(LinkKind::Wan), LinkProfile::of(LinkKind::Lan));
        let dial = EndpointConfig::dialling(identity.clone(), wan.clone(), TrustedTime::system(trust::floor(&state)));
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let endpoint = Endpoint::bind(dial.accepting(lan.clone(), MAX_CONNECTIONS), here)?;
        let uplink = Uplink::begin(endpoint.clone(), vec![Target::at(road.at().to_string())]);
        let search = uplink.watch();
        let keeper =
            KeeperOptions { group: Duration::from_secs(1), tidy_every: Duration::from_secs(60), gap_key: None };
        let place = Some((identity.client(), identity.site()));
        let who = (identity.node(), Role::Relay);
        let rows = NodeRows::open(state.clone(), who, place, trust::floor(&state), lost, clock.clone())?;
        let (node, handle, happenings) = Node::new(NodeSetup {
            me: opened.me(log.epoch())?,
            endpoint: endpoint.clone(),
            listens: true,
            uplink: Some(uplink),
            up: wan,
            down: lan,
            log,
            keeper,
            rows: rows.clone(),
            clock: clock.clone(),
        })?;
        tokio::spawn(handle.rows().clone().tend(|| Some(Vec::new()), vigie_lookout::told_of_nothing));
        let home = Some((identity.client().clone(), identity.site().clone()));
        let upstream =
            Some(Upstream { to: "the hub".to_owned(), search, around: Arc::new(Surroundings::default()), own: None });
        let name = enrolled_name(&opened.folder);
        let is = (identity.node(), Role::Relay, name.clone());
        let fleet = Arc::new(Fleet::new(is, home.clone(), upstream, handle.clone(), clock.clone()));
        let lookout = Body::start(Parts {
            sight: fleet.clone(),
            rows,
            state: state.clone(),
            node: identity.node(),
            role: Role::Relay,
            name,
            home,
            // It judges, and tells nobody.
            config: AlertsConfig::quiet(Seat::Relay, &opened.folder),
            certificate_ends: {
                let endpoint = endpoint.clone();
                Arc::new(move || endpoint.identity().validity().not_after)
            },
            stated: Arc::new(Vec::new),
            clock: clock.clone(),
        })?;
        let node = tokio::spawn(node.run());
        Ok(Self { handle, happenings, node, endpoint, clock, state, fleet, lookout, road, up: None, began })
    }

    /// Where its agents find it.
    pub(crate) fn at(&self) -> Result<SocketAddr, Failed> {
        Ok(self.endpoint.local_address()?)
    }

    /// Looks after its site until it is told to stop.
    pub(crate) async fn live(mut self, mut stop: watch::Receiver<bool>) {
        let (mut listen, mut play) = (tokio::time::interval(LISTEN_EVERY), tokio::time::interval(PLAY_EVERY));
        loop {
            tokio::select! {
                _ = stop.changed() => break,
                happening = self.happenings.recv() => match happening {
                    Some(happening) => self.happened(&happening),
                    // Its store was begun anew: a real relay begins again, this one at the next start of the hub.
                    None => return warn!("a relay of the demonstration lost its store"),
                },
                _ = listen.tick() => {
                    self.fleet.listen();
                    self.hear_hub();
                }
                _ = play.tick() => self.play(),
            }
        }
        self.lookout.close().await;
        self.handle.leave("the demonstration stops").await;
        // The loop has said that it left.
        drop(self.node.await);
    }

    fn happened(&mut self, happening: &Happening) {
        self.fleet.happened(happening);
        match happening {
            Happening::Up { session, peer, .. } if peer.way == Way::Up => {
                self.endpoint.time().reached();
                self.up = Some(*session);
            }
            Happening::Down(session, ..) if self.up.take_if(|up| up == session).is_some() => {
                self.endpoint.time().cut_off(self.clock.now().utc);
            }
            Happening::Clock(session, clock, round_trip_ms) if self.up == Some(*session) => {
                let half = round_trip_ms / 2;
                self.clock.correct(UtcMs(clock.utc.0.saturating_add(half.cast_signed())));
                let error_ms = u32::try_from(half).unwrap_or(u32::MAX).saturating_add(clock.error_ms);
                self.handle.command(Command::Clock(error_ms, ClockSource::Hub));
                trust::raise(&self.state, self.endpoint.time(), *clock);
            }
            Happening::Greeted(..) if self.up.is_none() => {
                self.handle.command(Command::Clock(1_000, ClockSource::Relay));
            }
            _ => {}
        }
    }

    fn hear_hub(&self) {
        let heard = self.up.and_then(|_| self.fleet.upward()).and_then(|up| up.link.last_heard);
        if let Some(at) = heard {
            self.lookout.hub_heard(UtcMs(at.ms()));
        }
    }

    /// Has the line go and come back, and somebody on the site know of what is wrong there.
    fn play(&self) {
        let Some(began) = self.began else { return };
        let now = act(self.clock.now().utc.0 - began.0);
        self.road.open(!now.is_cut);
        if now.is_known {
            let watchman = self.lookout.watchman();
            drop(tokio::task::spawn_blocking(move || acknowledge(&watchman)));
        }
    }
}

/// What is critical here and nobody said that they know of.
fn acknowledge(watchman: &Watchman) {
    let firing = watchman.incidents_where(&mut |sketch| {
        sketch.standing == IncidentState::Firing && sketch.severity == Severity::Critical && sketch.about.is_some()
    });
    for one in firing {
        if let Err(error) = watchman.decide(&one.id, Decision::Acknowledge(KNOWS.to_owned()), SOMEBODY) {
            debug!(?error, "nobody on the site of the demonstration could say that they know; tried again");
        }
    }
}
