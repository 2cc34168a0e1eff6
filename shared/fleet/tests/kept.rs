//! Is what somebody was told to be kept answered to whoever asks next?

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use vigie_codec::{VerifyingKey, inventory};
use vigie_fleet::{Fleet, Known};
use vigie_merge::{Key, Kind as RowKind, Scope};
use vigie_model::inventory::{Observed, System};
use vigie_model::{
    Boot, Incarnation, Kind, Moment, NodeId, Resolution, Role, Sample, Seq, SeriesDef, SeriesIx, StreamId, Tick, UtcMs,
    pushed_name,
};
use vigie_net::{Ca, Endpoint, EndpointConfig, Facts, Identity, NodeKey, TrustedTime};
use vigie_node::{Happening, KeeperOptions, Node, NodeClock, NodeHandle, NodeRows, NodeSetup};
use vigie_query::{Limits, Matcher, Selection, Source, Visit};
use vigie_serve::{Intake, Lookout, Place, Said, Taking};
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

    /// What a machine is known by, enrolled at a site.
    fn enrols(&self, node: NodeId, site: &str) {
        let slug = |text: &str| text.parse().expect("a slug");
        let (client, site, name) = (slug("acme"), slug(site), "till-1".to_owned());
        self.fleet.enrolled(Known { node, role: Role::Agent, client, site, name });
    }

    /// What a machine at a site says that it runs; or that it says so no more.
    async fn told(&self, node: NodeId, site: &str, os: Option<(&str, Option<&str>)>) {
        let scope = Scope::Site("acme".parse().expect("a slug"), site.parse().expect("a slug"));
        let key = Key::new(&scope, &RowKind::Fact, &format!("{node}/system")).expect("a key");
        let system = |(os, version): (&str, Option<&str>)| System {
            os: Some(os.to_owned()),
            os_version: version.map(str::to_owned),
            ..System::default()
        };
        let row = os.map(|os| inventory::write(&Observed { at: UtcMs(1), what: system(os) }));
        self.handle.rows().edit(move |pen| pen.last(&key, row)).await.expect("a disk in order");
    }

    /// What is listed of each machine's system.
    fn systems(&self) -> Vec<Option<String>> {
        self.fleet
            .glances_where(&mut |_, _, _| true)
            .iter()
            .map(|one| one.system.as_deref().map(str::to_owned))
            .collect()
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_says_what_each_machine_runs_as_it_last_said_and_nothing_of_what_it_said_elsewhere() {
    let hub = Hub::start();
    let (one, other) = (NodeId::from_bytes([1; 16]), NodeId::from_bytes([2; 16]));
    hub.enrols(one, "lyon");
    hub.enrols(other, "lyon");
    hub.told(one, "lyon", Some(("Debian GNU/Linux", Some("12")))).await;
    let debian = |version: &str| Some(format!("Debian GNU/Linux {version}"));
    assert_eq!(hub.systems(), [debian("12"), None]);
    // What changes is taken in by the next who asks, of machines and of sites that nobody knew before, too.
    hub.told(one, "lyon", Some(("Debian GNU/Linux", Some("13")))).await;
    hub.told(other, "lyon", Some((" Alpine\n\u{7}Linux ", None))).await;
    assert_eq!(hub.systems(), [debian("13"), Some("Alpine Linux".to_owned())], "a machine's text is one line of text");
    hub.enrols(other, "brest");
    assert_eq!(hub.systems(), [debian("13"), None], "of what it said at lyon nothing is known to be so at brest");
    hub.told(other, "brest", Some(("Alpine Linux", Some("3.20")))).await;
    hub.told(other, "lyon", None).await;
    assert_eq!(hub.systems(), [debian("13"), Some("Alpine Linux 3.20".to_owned())]);
    hub.told(one, "lyon", None).await;
    assert_eq!(hub.systems()[0], None, "what it says no more");
    hub.handle.leave("the test is over").await;
}
