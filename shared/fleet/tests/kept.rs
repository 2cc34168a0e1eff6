//! Is what somebody was told to be kept answered to whoever asks next?

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use vigie_codec::VerifyingKey;
use vigie_fleet::Fleet;
use vigie_model::{
    Boot, Incarnation, Kind, Moment, Resolution, Role, Sample, Seq, SeriesDef, SeriesIx, StreamId, Tick, UtcMs,
    pushed_name,
};
use vigie_net::{Ca, Endpoint, EndpointConfig, Facts, Identity, NodeKey, TrustedTime};
use vigie_node::{Happening, KeeperOptions, Node, NodeClock, NodeHandle, NodeRows, NodeSetup};
use vigie_query::{Limits, Matcher, Selection, Source, Visit};
use vigie_serve::{Intake, Place, Said, Taking};
use vigie_store::fault::FaultDisk;
use vigie_store::{Log, Options, State, Write};
use vigie_sync::{LinkKind, LinkProfile, Me};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A hub of which nothing runs but its store, and which hears nothing of what happens on it.
struct Hub {
    fleet: Arc<Fleet>,
    handle: NodeHandle,
    identity: Arc<Identity>,
    _unheard: mpsc::Receiver<Happening>,
}

/// Others push elsewhere in this test.
struct Closed;

impl Intake for Closed {
    fn take(&self, _: &Place, _: Said<'_>) -> Taking {
        unreachable!("nobody knocks")
    }
}

impl Hub {
    fn start() -> Self {
        let (clock, link) = (NodeClock::new(), LinkProfile::of(LinkKind::Wan));
        let identity = Arc::new(identity(clock.now().utc));
        let config = EndpointConfig::dialling(identity.clone(), link.clone(), TrustedTime::system(UtcMs(0)));
        let endpoint = Endpoint::bind(config, (Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let (log, _) = Log::open_on(FaultDisk::new(), Options::hub(1 << 30)).expect("an empty disk");
        let (state, _) = State::open_on(FaultDisk::new()).expect("an empty disk");
        let who = (identity.node(), Role::Hub);
        let rows = NodeRows::open(Arc::new(state), who, None, UtcMs(0), false, clock.clone()).expect("no rows");
        let key = identity.key().signing_key().clone();
        let (node, handle, unheard) = Node::new(NodeSetup {
            me: Me {
                node: identity.node(),
                role: Role::Hub,
                name: "hub".to_owned(),
                software: "0".to_owned(),
                store_epoch: 1,
                hub_key: VerifyingKey::from(&key),
                receipt_key: Some(key),
            },
            endpoint,
            listens: false,
            uplink: None,
            up: link.clone(),
            down: link,
            log,
            keeper: KeeperOptions { group: Duration::ZERO, tidy_every: DAY, gap_key: None },
            rows,
            clock: clock.clone(),
        })
        .expect("a thread");
        tokio::spawn(node.run());
        let me = (identity.node(), Role::Hub, "hub".to_owned());
        let fleet = Arc::new(Fleet::new(me, None, None, handle.clone(), clock));
        fleet.take_in(Arc::new(Closed));
        Self { fleet, handle, identity, _unheard: unheard }
    }

    /// All that is answered, by site.
    fn answer(&self) -> BTreeMap<String, Vec<f64>> {
        let mut answer = BTreeMap::<String, Vec<f64>>::new();
        let matchers = [Matcher::equal("client", "acme")];
        let asked = self.fleet.select(&Selection::new(&matchers, 0, i64::MAX), &Limits::usual(), &mut |piece| {
            answer.entry(piece.labels.get("site").to_owned()).or_default().extend(piece.values);
            Visit::Continue(())
        });
        asked.expect("a disk in order");
        answer
    }
}

fn identity(now: UtcMs) -> Identity {
    let key = NodeKey::from_random_bytes([7; 32]);
    let ca = Ca::create(&NodeKey::from_random_bytes([8; 32]), now).expect("an authority");
    let place = "hub".parse().expect("a slug");
    let issued = ca.issue(&key.csr().expect("a request"), Role::Hub, &place, &place, 30 * DAY, now);
    let facts = Facts { hub_key: key.public_key(), hub_addrs: Vec::new(), relay_addrs: Vec::new() };
    Identity::new(key, &issued.expect("a certificate").chain, facts).expect("an identity")
}

fn tick(seq: u64, value: i64) -> Arc<Tick> {
    let at = Moment { utc: UtcMs(seq as i64 * 1_000), boot: Boot { no: 0, ms: seq * 1_000 } };
    Arc::new(Tick { seq: Seq(seq), at, samples: vec![Sample { series: SeriesIx(0), value }] })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_of_a_place_is_answered_before_the_loop_has_told_of_it_also_of_a_place_that_is_new() {
    let hub = Hub::start();
    let key = *hub.identity.key().signing_key().verifying_key().as_bytes();
    let def = SeriesDef::new("pushed", &[], "", Kind::Gauge, Resolution::ONE).expect("a definition");
    let mut wanted = BTreeMap::<String, Vec<f64>>::new();
    for number in 0..5_u64 {
        let site = format!("site-{number}");
        let name = pushed_name(&"acme".parse().expect("a slug"), &site.parse().expect("a slug"));
        let stream = StreamId { agent: hub.identity.node(), incarnation: Incarnation(number + 1) };
        let hello = Write::Stream { stream, key, name };
        let schema = Write::Schema { stream, from: 0, defs: vec![def.clone()] };
        let first = Write::Ticks { stream, ticks: vec![tick(1, 10)] };
        hub.handle.keep(vec![hello, schema, first]).await.expect("a disk in order");
        wanted.insert(site.clone(), vec![10.0]);
        assert_eq!(hub.answer(), wanted, "what came first");
        hub.handle.keep(vec![Write::Ticks { stream, ticks: vec![tick(2, 20)] }]).await.expect("a disk in order");
        wanted.insert(site, vec![10.0, 20.0]);
        assert_eq!(hub.answer(), wanted, "what came next");
    }
    hub.handle.leave("the test is over").await;
}
