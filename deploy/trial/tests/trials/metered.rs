//! A site whose bytes cost money is known by its hours; its ticks come when somebody asks for them, once and equal.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use vigie_trial::{Agent, Door, Line, Mesh, Relay, WrongClock, eventually, oracle};

const HOUR_MS: i64 = 3_600_000;

/// One series, which each tick has: how many samples, and their sum.
const COUNT: &str = "sum(count_over_time({__name__=~\"system_cpu_utilization.*\",site=\"lyon\"}[3h]))";
const SUM: &str = "sum(sum_over_time({__name__=~\"system_cpu_utilization.*\",site=\"lyon\"}[3h]))";

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64
}

/// The end of an hour, an hour or two after a time: windows that end there hold whole hours.
fn end_of_hours(at_ms: i64) -> i64 {
    (at_ms.div_euclid(HOUR_MS) + 2) * HOUR_MS
}

/// A site, three hours after it had measured a machine while its line was cut: as long as no hour can be folded before it is
/// over, clocks that are set make the trial short. Without libfaketime there is no such site.
struct Site {
    mesh: Mesh,
    clock: WrongClock,
    wan: Line,
    relay: Relay,
    agent: Agent,
    /// Ticks that the agent numbered.
    ticks: u64,
    /// When it was.
    at_ms: i64,
}

impl Site {
    fn new(settings: &str) -> Option<Self> {
        let mut mesh = Mesh::new();
        let clock = WrongClock::new(&mesh.dir().join("offset"))?;
        assert!(mesh.hub.stop(), "the hub ends in order");
        clock.give(&mut mesh.hub);
        mesh.hub.again();
        mesh.door();
        let wan = mesh.line("wan", mesh.hub_udp());
        let mut relay = mesh.relay("lyon", "relay-1", wan.udp);
        relay.door();
        assert!(relay.program.stop(), "the relay ends in order");
        clock.give(&mut relay.program);
        let config = mesh.dir().join("relay.toml");
        std::fs::write(&config, settings).expect("settings can be written");
        relay.program.say_env("VIGIE_CONFIG", &config.to_string_lossy());
        relay.program.again();
        eventually("the relay has reached the hub", || relay.program.log().contains("connected"));
        let mut agent = mesh.agent("lyon", "till-1", 91, &[relay.udp], &[]);
        let here = relay.door();
        eventually("the relay knows the machine", || {
            ledger(&here, &agent).is_some_and(|total| ticks(&total, "at_relay") > 0)
        });
        wan.tell(r#"{"do":"cut"}"#);
        let before = ledger(&here, &agent).map_or(0, |total| ticks(&total, "collected"));
        eventually("the site measures on", || {
            ledger(&here, &agent).is_some_and(|total| ticks(&total, "collected") >= before + 20)
        });
        // Once more up, to bring what it sealed at the end; nothing new is measured within the hour.
        assert!(agent.program.stop(), "the agent ends in order");
        for interval in ["--fast-s", "--medium-s", "--slow-s"] {
            agent.program.say(interval, "3600");
        }
        agent.program.again();
        let mut all = 0;
        eventually("the relay has all of it", || {
            let Some(status) = mesh.status("vigie-agent", &agent.data) else { return false };
            let told = &status["ledger"];
            all = told["collected"].as_u64().unwrap_or(0);
            all > 0
                && told["waiting"] == 0
                && told["at_relay"].as_u64().zip(told["at_hub"].as_u64()).is_some_and(|(relay, hub)| relay + hub == all)
        });
        // Nobody hears why.
        agent.program.kill();
        let at_ms = now_ms();
        // Three hours pass for the site and for the hub; an hour is folded 65 minutes after its end.
        clock.is_off_by("+3h");
        let site = Self { mesh, clock, wan, relay, agent, ticks: all, at_ms };
        eventually("the site has folded all of it", || {
            answer(&site.relay.door(), COUNT, site.end_ms(), "1h").is_some_and(|(count, _)| count == all as f64)
        });
        Some(site)
    }

    fn end_ms(&self) -> i64 {
        end_of_hours(self.at_ms)
    }
}

/// The sums of a machine's ledger at a node.
fn ledger(door: &Door, agent: &Agent) -> Option<Value> {
    let answer = door.get(&format!("/api/v1/machines/{}/ledger", agent.node)).filter(|answer| answer.status == 200)?;
    Some(answer.json()?["total"].take())
}

fn ticks(total: &Value, key: &str) -> u64 {
    total[key]["ticks"].as_u64().unwrap_or(0)
}

/// The one value that answers a question from what has this resolution, and what the answer says of itself.
fn answer(door: &Door, text: &str, at_ms: i64, resolution: &str) -> Option<(f64, String)> {
    let text: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let path = format!("/prometheus/api/v1/query?query={text}&time={}&resolution={resolution}", at_ms / 1000);
    let answer = door.get(&path)?.json()?;
    let value = answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()?;
    Some((value, format!("{} {}", answer["warnings"], answer["infos"])))
}

fn raw(agent: &Agent, at_ms: i64) -> String {
    format!("/api/v1/machines/{}/raw?start={}&end={}", agent.node, (at_ms - HOUR_MS) / 1000, at_ms / 1000)
}

#[test]
fn a_metered_site_is_known_by_its_hours_and_gives_its_ticks_once_when_they_are_asked_for() {
    let Some(mut site) = Site::new("[link]\nsend = \"rollups\"\n") else { return };
    let (here, hub) = (site.relay.door(), site.mesh.door());
    site.wan.tell(r#"{"do":"heal"}"#);
    eventually("the hub knows all of it by its hours", || {
        ledger(&hub, &site.agent).is_some_and(|total| ticks(&total, "folded") == site.ticks)
    });
    let total = ledger(&hub, &site.agent).expect("the hub answers");
    assert_eq!([ticks(&total, "at_hub"), ticks(&total, "waiting")], [0, 0], "no tick crossed the line: {total}");

    let told = |text: &str, grain: &str| answer(&hub, text, site.end_ms(), grain).expect("the hub answers");
    let (count, said) = told(COUNT, "auto");
    assert_eq!(count, site.ticks as f64, "each sample counts once: {said}");
    assert!(
        said.contains("1h resolution") && said.contains("coverage"),
        "the answer says what it is made from: {said}"
    );
    let (sum, _) = told(SUM, "auto");
    let below = answer(&here, SUM, site.end_ms(), "raw").expect("the relay answers").0;
    assert!((sum - below).abs() <= 1e-9 * below.abs(), "hours at the hub say {sum}, the site's ticks {below}");

    eventually("the hub knows by the relay that the machine does not answer, and since when", || {
        let machine = hub.get(&format!("/api/v1/machines/{}", site.agent.node)).and_then(|answer| answer.json());
        let reach = machine.map(|machine| machine["reachability"].clone()).unwrap_or_default();
        assert_ne!(reach["state"], "live", "{reach}");
        reach["state"] == "silent" && reach["since"].is_string()
    });

    let path = raw(&site.agent, site.at_ms);
    let state = || hub.get(&path).and_then(|answer| answer.json()).map(|raw| raw["state"].clone());
    assert_eq!(state(), Some("not_asked".into()));
    assert_eq!(hub.post(&path, &[], b"").map(|answer| answer.status), Some(202));
    eventually("what was asked for is here", || state() == Some("here".into()));
    let total = ledger(&hub, &site.agent).expect("the hub answers");
    assert_eq!([ticks(&total, "at_hub"), ticks(&total, "folded")], [site.ticks, 0], "{total}");
    let (raw_count, said) = told(COUNT, "raw");
    assert_eq!(raw_count, count, "as many ticks as their hours said: {said}");
    let raw_sum = told(SUM, "raw").0;
    assert!((sum - raw_sum).abs() <= 1e-9 * raw_sum.abs(), "hours said {sum}, ticks say {raw_sum}");
    assert!(site.relay.program.stop() && site.mesh.hub.stop(), "both end in order");
    let (kept, given_up) = oracle::check(&oracle::held(&site.mesh.hub_data()), &site.agent, &[]);
    assert_eq!((kept, given_up), (site.ticks, 0), "nothing is twice and nothing is lost");
}

#[test]
fn what_a_metered_site_lets_go_of_for_its_age_is_told_by_its_hours_and_waited_for_by_nobody() {
    let Some(mut site) = Site::new("[link]\nsend = \"rollups\"\n[retention]\nraw_days = 1\n") else { return };
    let (here, hub) = (site.relay.door(), site.mesh.door());
    site.clock.is_off_by("+30h");
    site.wan.tell(r#"{"do":"heal"}"#);
    eventually("the site has let go of all of it, and the hub knows that", || {
        ledger(&hub, &site.agent).is_some_and(|total| ticks(&total, "thinned") == site.ticks)
    });
    for (node, door) in [("the hub", &hub), ("the relay", &here)] {
        let total = ledger(door, &site.agent).expect("it answers");
        let [folded, thinned, waiting] = ["folded", "thinned", "waiting"].map(|key| ticks(&total, key));
        assert_eq!([folded, thinned, waiting], [site.ticks, site.ticks, 0], "{node}: {total}");
        assert_eq!(total["given_up"].as_array().map(Vec::len), Some(0), "{node}: {total}");
        let (count, said) = answer(door, COUNT, site.end_ms(), "auto").expect("it answers");
        assert_eq!(count, site.ticks as f64, "{node}: {said}");
    }
    let path = raw(&site.agent, site.at_ms);
    let asked = hub.post(&path, &[], b"").and_then(|answer| answer.json()).expect("the hub answers");
    assert_eq!([&asked["state"], &asked["thinned"]], [&Value::from("gone"), &Value::from(site.ticks)], "{asked}");
    assert!(site.relay.program.stop() && site.mesh.hub.stop(), "both end in order");
    let relay = oracle::held(&site.relay.data);
    // What the relay notes of its own line is not a day old.
    let of_agent = |stream: &vigie_model::StreamId| stream.agent.to_string() == site.agent.node;
    let mut left = relay.ticks.iter().filter(|(stream, _)| of_agent(stream)).peekable();
    assert!(left.peek().is_some(), "its stream is known");
    assert!(left.all(|(_, ticks)| ticks.is_empty()), "nothing is left of it at the site");
}
