//! How fast does a hub of ten thousand machines with 150 series each answer, and what does it remember them in?

use std::sync::{Arc, LazyLock, RwLock};

use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt;
use vigie_codec::SigningKey;
use vigie_fleet::{Answers, Fleet, Known, Word};
use vigie_merge::RangeSet;
use vigie_model::{
    Boot, Incarnation, Kind, Moment, NodeId, Resolution, Role, Sample, Seq, SeriesDef, SeriesIx, StreamId, Tick, UtcMs,
};
use vigie_node::{Happening, NodeClock};
use vigie_query::{Hints, Limits, Matcher, Query, Selection, Source, Value, Visit};
use vigie_serve::{Clients, Identity, Lookout, Options, TokenTable, router};
use vigie_store::fault::FaultDisk;
use vigie_store::{Log, StreamFacts, Write};

const MACHINES: u32 = 10_000;
const SITES: u32 = 10;
const SERIES: u32 = 150;
const TICKS: u64 = 12;
const INTERVAL_MS: i64 = 10_000;
const LOOKBACK_MS: i64 = 300_000;

static WORLD: LazyLock<World> = LazyLock::new(|| World::new(false));

/// The same with a relay at each site, none of which is heard.
static CUT_OFF: LazyLock<World> = LazyLock::new(|| World::new(true));

fn main() {
    let world = &*WORLD;
    let series = f64::from(MACHINES * SERIES);
    println!(
        "{MACHINES} machines of {SERIES} series: {:.1} B a series in all, of it {:.1} B for index and facts",
        world.all_bytes as f64 / series,
        world.index_bytes as f64 / series,
    );
    divan::main();
}

/// A hub whose machines have just measured.
struct World {
    fleet: Arc<Fleet>,
    now_ms: i64,
    index_bytes: u64,
    all_bytes: u64,
}

impl World {
    fn new(is_cut_off: bool) -> Self {
        let (log, facts) = log_with_one_schema();
        let before = resident_bytes();
        let fleet = Fleet::of_log((Role::Hub, "hub".to_owned()), None, Arc::new(RwLock::new(log)), NodeClock::new());
        let streams: Vec<StreamId> = (0..MACHINES).map(stream).collect();
        for (number, stream) in (0..).zip(&streams) {
            fleet.enrolled(known(number, stream.agent, Role::Agent));
            fleet.happened(&Happening::Facts(*stream, Arc::new(facts.clone())));
        }
        for site in (0..SITES).filter(|_| is_cut_off) {
            fleet.enrolled(known(site, stream(MACHINES + site).agent, Role::Relay));
        }
        for (number, stream_of) in (0..).zip(&streams).filter(|_| is_cut_off) {
            let relay = stream(MACHINES + number % SITES).agent;
            let Known { client, site, .. } = known(number, stream_of.agent, Role::Agent);
            let (machine, answers, since) = (stream_of.agent, Answers::Yes, UtcMs(1));
            fleet.vouched(Word { client, site, relay, machine, answers, since });
        }
        let index_bytes = resident_bytes().saturating_sub(before);
        let now_ms = fleet_now_ms();
        let begin_ms = now_ms - TICKS as i64 * INTERVAL_MS;
        // Somebody asks before the first tick: from here on memory knows everything.
        assert_eq!(ask(&fleet, &[], begin_ms), 0);
        for seq in 1..=TICKS {
            let at = Moment { utc: UtcMs(begin_ms + seq as i64 * INTERVAL_MS), boot: Boot { no: 1, ms: seq * 10_000 } };
            for (number, stream) in (0..).zip(&streams) {
                let samples = (0..SERIES).filter(|ix| is_due(*ix, seq));
                let samples =
                    samples.map(|ix| Sample { series: SeriesIx(ix), value: i64::from(ix + number) }).collect();
                let tick = Arc::new(Tick { seq: Seq(seq), at, samples });
                fleet.happened(&Happening::Seen(*stream, tick, None));
                let here = RangeSet::of(1, seq);
                let facts = StreamFacts { have: here.clone(), present: here, ..facts.clone() };
                fleet.happened(&Happening::Facts(*stream, Arc::new(facts)));
            }
        }
        let all_bytes = resident_bytes().saturating_sub(before);
        Self { fleet: Arc::new(fleet), now_ms, index_bytes, all_bytes }
    }
}

/// A third of the series is measured every minute only.
fn is_due(series: u32, seq: u64) -> bool {
    series.is_multiple_of(3) == seq.is_multiple_of(6) || !series.is_multiple_of(3)
}

fn fleet_now_ms() -> i64 {
    NodeClock::new().now().utc.0
}

/// One machine's definitions, which all others share.
fn log_with_one_schema() -> (Log, StreamFacts) {
    let (mut log, _) = Log::open_on(FaultDisk::new(), vigie_store::Options::hub(1 << 30)).expect("an empty disk");
    let key = SigningKey::from_bytes(&[0; 32]);
    let agent = NodeId::of_key(key.verifying_key().as_bytes());
    let stream = StreamId { agent, incarnation: Incarnation(1) };
    let defs = (0..SERIES).map(|ix| {
        let device = (ix % 5).to_string();
        let labels = [("device", device.as_str()), ("direction", "receive")];
        let name = format!("system.figure.{}", ix / 5);
        SeriesDef::new(&name, &labels, "By", Kind::Counter, Resolution::ONE).expect("a definition")
    });
    let key = *key.verifying_key().as_bytes();
    let hello = Write::Stream { stream, key, name: "box".to_owned() };
    log.commit(vec![hello, Write::Schema { stream, from: 0, defs: defs.collect() }]).expect("a disk in order");
    let facts = log.streams().get(&stream).cloned().expect("it was introduced");
    (log, facts)
}

fn stream(number: u32) -> StreamId {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number.to_le_bytes());
    StreamId { agent: NodeId::of_key(&key), incarnation: Incarnation(1) }
}

fn known(number: u32, node: NodeId, role: Role) -> Known {
    let client = "acme".parse().expect("a slug");
    let site = format!("site-{}", number % SITES).parse().expect("a slug");
    Known { node, role, client, site, name: format!("machine-{number}") }
}

/// The newest sample of each series that matches, as an instant vector asks for it.
fn ask(fleet: &Fleet, matchers: &[Matcher], at_ms: i64) -> usize {
    let hints = Hints { range_ms: Some(LOOKBACK_MS), newest_alone: true, ..Hints::default() };
    let selection = Selection { matchers, start_ms: at_ms - LOOKBACK_MS + 1, end_ms: at_ms, hints };
    let mut found = 0;
    let asked = fleet.select(&selection, &Limits::usual(), &mut |piece| {
        found += piece.values.len();
        Visit::Continue(())
    });
    asked.expect("memory answers");
    found
}

/// One series of each machine; of a tenth of the machines; of one.
fn one_series(of: &str) -> Vec<Matcher> {
    let mut matchers = vec![Matcher::equal("__name__", "system_figure_7_bytes_total"), Matcher::equal("device", "1")];
    match of {
        "10000" => {}
        "1000" => matchers.push(Matcher::equal("site", "site-3")),
        _ => matchers.push(Matcher::equal("machine", "machine-77")),
    }
    matchers
}

#[divan::bench(args = ["1", "1000", "10000"])]
fn last_value_of_one_metric(bencher: divan::Bencher<'_, '_>, machines: &str) {
    let (world, matchers) = (&*WORLD, one_series(machines));
    let count: usize = machines.parse().expect("a number");
    bencher.bench(|| assert_eq!(ask(&world.fleet, &matchers, world.now_ms), count));
}

/// As Grafana asks: a whole question, up to the rows of its answer.
#[divan::bench(args = ["1000", "10000"])]
fn question_for_the_last_value(bencher: divan::Bencher<'_, '_>, machines: &str) {
    let matchers = if machines == "1000" { ",site=\"site-3\"" } else { "" };
    let text = format!("system_figure_7_bytes_total{{device=\"1\"{matchers}}}");
    answers(bencher, &text, machines.parse().expect("a number"));
}

#[divan::bench]
fn question_for_the_top_ten_of_ten_thousand(bencher: divan::Bencher<'_, '_>) {
    answers(bencher, "topk(10, system_figure_7_bytes_total{device=\"1\"})", 10);
}

#[divan::bench]
fn question_for_sums_by_site_of_ten_thousand(bencher: divan::Bencher<'_, '_>) {
    answers(bencher, "sum by (site) (system_figure_7_bytes_total{device=\"1\"})", SITES as usize);
}

/// The same through the door of HTTP, up to the last byte of the answer.
#[divan::bench(args = ["1000", "10000"])]
fn request_for_the_last_value(bencher: divan::Bencher<'_, '_>, machines: &str) {
    requests(bencher, &WORLD, machines, "");
}

/// As after a start: no relay was heard yet, and the answer says so.
#[divan::bench(args = ["1000", "10000"])]
fn request_for_the_last_value_while_all_sites_are_cut_off(bencher: divan::Bencher<'_, '_>, machines: &str) {
    requests(bencher, &CUT_OFF, machines, "");
}

#[divan::bench(args = ["1000", "10000"])]
fn request_for_the_top_ten_while_all_sites_are_cut_off(bencher: divan::Bencher<'_, '_>, machines: &str) {
    requests(bencher, &CUT_OFF, machines, "topk(10,");
}

fn requests(bencher: divan::Bencher<'_, '_>, world: &World, machines: &str, of: &str) {
    let site = if machines == "1000" { "%2Csite%3D%22site-3%22" } else { "" };
    let end = if of.is_empty() { "" } else { ")" };
    let query = format!("{of}system_figure_7_bytes_total%7Bdevice%3D%221%22{site}%7D{end}");
    let at = world.now_ms as f64 / 1_000.0;
    let path = format!("/prometheus/api/v1/query?query={query}&time={at}");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let token = "token";
    let who = Identity { name: "bench".to_owned(), clients: Clients::All, ..Identity::default() };
    let access = TokenTable::new([(TokenTable::hash(token), who)]);
    let router = router(Arc::clone(&world.fleet) as Arc<dyn Lookout>, Arc::new(access), Options::default());
    bencher.bench(|| {
        let ask = Request::builder().uri(&path).header("authorization", format!("Bearer {token}"));
        let ask = ask.body(Body::empty()).expect("a request");
        let length = runtime.block_on(async {
            let response = router.clone().oneshot(ask).await.expect("an answer");
            assert!(response.status().is_success(), "{}", response.status());
            to_bytes(response.into_body(), usize::MAX).await.expect("a whole answer").len()
        });
        assert!(length > if of.is_empty() { 100_000 } else { 1_000 });
    });
}

fn answers(bencher: divan::Bencher<'_, '_>, text: &str, count: usize) {
    let (world, query) = (&*WORLD, Query::parse(text).expect("a question"));
    bencher.bench(|| {
        let answer = query.instant(&*world.fleet, world.now_ms, LOOKBACK_MS, &Limits::usual()).expect("an answer");
        let Value::Vector(rows) = answer.value else { panic!("rows are asked for") };
        assert_eq!(rows.len(), count);
    });
}

#[divan::bench]
fn last_value_of_all_series_of_one_machine(bencher: divan::Bencher<'_, '_>) {
    let (world, matchers) = (&*WORLD, [Matcher::equal("machine", "machine-77")]);
    bencher.bench(|| assert_eq!(ask(&world.fleet, &matchers, world.now_ms), SERIES as usize));
}

#[divan::bench]
fn series_of_one_name(bencher: divan::Bencher<'_, '_>) {
    let (world, matchers) = (&*WORLD, one_series("10000"));
    bencher.bench(|| {
        let mut found = 0;
        let listed = world.fleet.series(&matchers, i64::MIN, i64::MAX, &Limits::usual(), &mut |_| {
            found += 1;
            Visit::Continue(())
        });
        listed.expect("the index answers");
        assert_eq!(found, MACHINES);
    });
}

/// What the page of machines asks for, of sites without relays and of sites whose relays said that each answers.
#[divan::bench(args = [false, true])]
fn table_of_all_machines(bencher: divan::Bencher<'_, '_>, has_relays: bool) {
    let world = if has_relays { &*CUT_OFF } else { &*WORLD };
    bencher.bench(|| world.fleet.glances_where(&mut |_, _, _| true).len());
}

#[divan::bench]
fn list_of_all_machines(bencher: divan::Bencher<'_, '_>) {
    bencher.bench(|| WORLD.fleet.machines().len());
}

fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = text.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4_096
}
