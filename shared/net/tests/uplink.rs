//! One good connection upwards, over links that break: real QUIC in virtual time.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use support::memory::Network;
use support::{Deployment, key, session};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use vigie_model::Role;
use vigie_net::{Connection, Endpoint, Revocations, Roster, Target, Uplink, UplinkState};
use vigie_sync::{Lane, LinkKind, LinkProfile};

const RELAY: &str = "10.0.0.1:4433";
const AGENT: &str = "10.0.0.2:5000";

#[tokio::test(start_paused = true)]
async fn a_link_that_loses_a_tenth_and_is_cut_for_ten_minutes_comes_back_within_seconds() {
    let network = Network::new(7, 10, Duration::from_millis(50));
    let mut site = Site::open(&network, LinkKind::Wan);
    let began = Instant::now();
    site.heard_after(began).await;
    sleep(Duration::from_secs(60)).await;
    network.cut(true);
    sleep(Duration::from_secs(600)).await;
    assert!(matches!(site.uplink_state(), UplinkState::Searching { .. }));
    network.cut(false);
    let back = Instant::now();
    site.heard_after(back).await;
    assert!(back.elapsed() < Duration::from_secs(10), "{:?}", back.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_dead_connection_is_replaced_long_before_its_idle_timeout() {
    let network = Network::new(7, 0, Duration::from_millis(50));
    let mut site = Site::open(&network, LinkKind::Wan);
    site.heard_after(Instant::now()).await;
    sleep(Duration::from_secs(30)).await;
    // The relay loses its memory: it will never answer on the old connection again, nor say so.
    site.restart_relay(&network);
    let restarted = Instant::now();
    site.heard_after(restarted).await;
    assert!(restarted.elapsed() < Duration::from_secs(15), "{:?}", restarted.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_short_silence_does_not_cost_the_connection() {
    let network = Network::new(7, 0, Duration::from_millis(50));
    let mut site = Site::open(&network, LinkKind::Wan);
    site.heard_after(Instant::now()).await;
    sleep(Duration::from_secs(30)).await;
    network.cut(true);
    sleep(Duration::from_secs(3)).await;
    network.cut(false);
    site.heard_after(Instant::now()).await;
    sleep(Duration::from_secs(30)).await;
    assert_eq!(site.connections_seen(), 1);
}

#[tokio::test(start_paused = true)]
async fn attempts_that_lost_the_race_do_not_crowd_a_line_that_is_just_back() {
    let network = Network::new(7, 0, Duration::from_millis(300));
    let mut site = Site::open(&network, LinkKind::Wan);
    site.heard_after(Instant::now()).await;
    network.cut(true);
    sleep(Duration::from_secs(60)).await;
    network.cut(false);
    let (back, before) = (Instant::now(), network.beginnings());
    site.heard_after(back).await;
    sleep(Duration::from_secs(10)).await;
    // Those that were due until one got through, their repetitions, and what the other side answered: 6 to 12 by chance.
    let sent = network.beginnings() - before;
    assert!(sent <= 14, "{sent} packets of 1,200 bytes");
}

#[tokio::test(start_paused = true)]
async fn a_revoked_agent_knocks_rarely_and_says_why_it_is_alone() {
    let network = Network::new(7, 0, Duration::from_millis(5));
    let site = Site::open(&network, LinkKind::Lan);
    site.deployment.revocations.raise(Revocations::new(1, [key(30).node_id()])).unwrap();
    sleep(Duration::from_secs(20)).await;
    // A try is about ten packets; a dense search would have made forty tries.
    let before = network.datagrams();
    sleep(Duration::from_secs(20)).await;
    assert!(network.datagrams() - before < 250, "{}", network.datagrams() - before);
    match site.uplink_state() {
        UplinkState::Searching { last_error: Some(error), .. } => assert!(error.contains("revoked"), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_address_is_used_when_the_first_is_silent() {
    let network = Network::new(7, 0, Duration::from_millis(5));
    let deployment = Deployment::new(1);
    let relay = relay(&deployment, &network, RELAY);
    let mut door = relay.listen();
    let agent = agent(&deployment, &network, LinkKind::Lan);
    let mut uplink = Uplink::begin(agent, vec![Target::at("10.0.0.9:4433"), Target::at(RELAY)]);
    let began = Instant::now();
    let mut up = uplink.next().await;
    up.confirmed().await.unwrap();
    session(&mut door).await;
    assert!(began.elapsed() < Duration::from_secs(2));
    let connected =
        |state: &UplinkState| matches!(state, UplinkState::Connected { peer, .. } if peer.role == Role::Relay);
    timeout(Duration::from_secs(1), uplink.watch().wait_for(connected)).await.unwrap().unwrap();
}

/// An agent that says something each second, and a relay that hears it.
struct Site {
    deployment: Arc<Deployment>,
    heard: mpsc::UnboundedReceiver<(Instant, usize)>,
    hearing: mpsc::UnboundedSender<(Instant, usize)>,
    state: tokio::sync::watch::Receiver<UplinkState>,
    relay: Option<(Endpoint, tokio::task::JoinHandle<()>)>,
    seen: usize,
}

impl Site {
    fn open(network: &Arc<Network>, kind: LinkKind) -> Self {
        let deployment = Arc::new(Deployment::new(1));
        let (hearing, heard) = mpsc::unbounded_channel();
        let endpoint = agent(&deployment, network, kind);
        let mut uplink = Uplink::begin(endpoint, vec![Target::at(RELAY)]);
        let state = uplink.watch();
        tokio::spawn(async move {
            loop {
                speak(uplink.next().await).await;
            }
        });
        let mut site = Self { deployment, heard, hearing, state, relay: None, seen: 0 };
        site.restart_relay(network);
        site
    }

    fn restart_relay(&mut self, network: &Arc<Network>) {
        if let Some((_, task)) = self.relay.take() {
            task.abort();
        }
        let relay = relay(&self.deployment, network, RELAY);
        let (mut door, hearing) = (relay.listen(), self.hearing.clone());
        let task = tokio::spawn(async move {
            let (roster, mut number) = (Arc::new(Roster::default()), 0);
            loop {
                let down = session(&mut door).await;
                number += 1;
                tokio::spawn(listen(down, number, roster.clone(), hearing.clone()));
            }
        });
        self.relay = Some((relay, task));
    }

    async fn heard_after(&mut self, moment: Instant) {
        let hear = async {
            loop {
                let (at, number) = self.heard.recv().await.unwrap();
                self.seen = self.seen.max(number);
                if at > moment {
                    return;
                }
            }
        };
        timeout(Duration::from_secs(120), hear).await.expect("the relay hears the agent");
    }

    fn connections_seen(&mut self) -> usize {
        while let Ok((_, number)) = self.heard.try_recv() {
            self.seen = self.seen.max(number);
        }
        self.seen
    }

    fn uplink_state(&self) -> UplinkState {
        self.state.borrow().clone()
    }
}

async fn speak(mut up: Connection) {
    let mut beat = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = beat.tick() => drop(up.try_send(Lane::Live, "measured")),
            closed = up.recv() => if closed.is_err() { return },
        }
    }
}

async fn listen(
    mut down: Connection,
    number: usize,
    roster: Arc<Roster>,
    heard: mpsc::UnboundedSender<(Instant, usize)>,
) {
    while down.recv().await.is_ok() {
        roster.enter(down.link());
        heard.send((Instant::now(), number)).unwrap();
    }
}

fn relay(deployment: &Deployment, network: &Arc<Network>, address: &str) -> Endpoint {
    let config = deployment.config(deployment.relay(20)).accepting(LinkProfile::of(LinkKind::Wan), 64);
    Endpoint::over(config, network.socket(address)).unwrap()
}

fn agent(deployment: &Deployment, network: &Arc<Network>, kind: LinkKind) -> Endpoint {
    let mut config = deployment.config(deployment.agent(30));
    config.dial = LinkProfile::of(kind);
    Endpoint::over(config, network.socket(AGENT)).unwrap()
}
