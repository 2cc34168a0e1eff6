//! Rules, routes and budgets are said at the hub and at a site, and each side has what the other said, also after a cut.

use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vigie_trial::watched::OVEN_RULES;
use vigie_trial::{Door, Mesh, Receiver, Relay, eventually, run_once};

/// What came must be evaluated within this time.
const EVALUATED_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn rules_of_the_hub_reach_a_site_that_was_cut_off_and_what_both_said_meanwhile_stands_side_by_side() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let mut relay = mesh.relay("lyon", "relay-1", wan.udp);
    let mut agent = mesh.agent("lyon", "till-1", 1, &[relay.udp], &[]);
    let door = relay.door();
    push(&door, 300);
    eventually("the relay sees its machine", || machines(&door) == 1);
    eventually("the hub knows the site's machine", || {
        let list = json_of(&mesh.hub_command(&["tags", "list", "--json"]));
        list.as_array().is_some_and(|list| list.iter().any(|one| one["machine"] == "till-1"))
    });

    // While the line stands: applied at the hub, evaluated at the site.
    let file = mesh.dir().join("shop.yml");
    std::fs::write(&file, OVEN_RULES).expect("a file");
    let shop = file.to_string_lossy().into_owned();
    let applied = Instant::now();
    let said = mesh.hub_command(&["rules", "apply", &shop, "--client", "acme", "--site", "lyon", "--as", "ann"]);
    assert!(text(&said).contains("shop.yml of acme/lyon is in use\n+ oven/OvenHot"), "{said:?}");
    eventually("the site finds it", || open(&door).contains(&"OvenHot".to_owned()));
    let took = applied.elapsed();
    println!("rule applied at the hub to alert at the site: {took:?}");
    assert!(took < EVALUATED_WITHIN, "{took:?}");
    push(&door, 20);
    eventually("it is over", || !open(&door).contains(&"OvenHot".to_owned()));

    // Cut: both sides change the same rule, and the hub applies another.
    wan.tell(r#"{"do":"cut"}"#);
    let at_site = ["rules", "set", "Shelf", "--metric", "shelf_celsius", "--above", "8", "--as", "marc", "--json"];
    let levels = json_of(&relay_command(&relay, &at_site));
    assert_eq!((&levels["levels"][0]["scope"], &levels["levels"][0]["by"]), (&json!("acme/lyon"), &json!("marc")));
    let at_hub =
        ["rules", "set", "Shelf", "--metric", "shelf_celsius", "--above", "6", "--client", "acme", "--site", "lyon"];
    assert!(mesh.hub_command(&at_hub).status.success());
    let cool = "groups:\n  - name: cool\n    interval: 1s\n    rules:\n      - alert: Warm\n        expr: cellar_celsius > 18\n";
    std::fs::write(mesh.dir().join("cellar.yml"), cool).expect("a file");
    let cellar = mesh.dir().join("cellar.yml").to_string_lossy().into_owned();
    assert!(mesh.hub_command(&["rules", "apply", &cellar, "--client", "acme"]).status.success());
    let route = mesh.dir().join("night.toml");
    std::fs::write(&route, "[[route]]\nname = 'night'\nchannels = ['pager']\n").expect("a file");
    let night = route.to_string_lossy().into_owned();
    assert!(mesh.hub_command(&["routes", "apply", &night, "--client", "acme", "--site", "lyon"]).status.success());
    let budget =
        ["link", "set", "--client", "acme", "--site", "lyon", "--bytes-per-month", "300000000", "--hours", "22-6"];
    assert!(mesh.hub_command(&budget).status.success());
    post(&door, "shelf_celsius 7\ncellar_celsius 20\n");
    assert!(!open(&door).iter().any(|rule| rule == "Shelf" || rule == "Warm"), "only its own word counts here yet");

    // The relay is restarted while it is cut off: what it knew is evaluated as before.
    relay.program.kill();
    relay.program.again();
    let door = relay.door();
    post(&door, "shelf_celsius 9\n");
    eventually("the site's own word holds after a restart", || open(&door).contains(&"Shelf".to_owned()));
    post(&door, "shelf_celsius 7\ncellar_celsius 20\n");

    let healed = Instant::now();
    wan.tell(r#"{"do":"heal"}"#);
    eventually("both have both versions", || {
        let versions = |said: Output| json_of(&said)[0]["versions"].as_array().map_or(0, Vec::len);
        versions(mesh.hub_command(&["rules", "diff", "Shelf", "--json"])) == 2
            && versions(relay_command(&relay, &["rules", "diff", "Shelf", "--json"])) == 2
    });
    println!("cut healed to both versions on both sides: {:?}", healed.elapsed());
    eventually("the site evaluates what came meanwhile", || {
        post(&door, "cellar_celsius 20\n");
        open(&door).contains(&"Warm".to_owned())
    });
    println!("cut healed to alert by a rule of the cut: {:?}", healed.elapsed());
    let routes = json_of(&relay_command(&relay, &["routes", "list", "--json"]));
    assert_eq!(routes["routes"][0]["unknown_channels"], json!(["pager"]), "{routes}");
    eventually("the budget is taken up without a restart", || {
        let status = json_of(&relay_command(&relay, &["status", "--json"]));
        status["budget"]["bytes_per_month"] == 300_000_000 && status["allowance_left_bytes"].is_i64()
    });
    // Said again, one version is left, and fires by what it says.
    let again = ["rules", "set", "Shelf", "--above", "6.5", "--client", "acme", "--site", "lyon"];
    assert!(mesh.hub_command(&again).status.success());
    eventually("it fires by the last word", || {
        post(&door, "shelf_celsius 7\n");
        let one = text(&relay_command(&relay, &["rules", "diff", "Shelf"])).contains("every rule has one version");
        one && open(&door).contains(&"Shelf".to_owned())
    });
    let history = text(&mesh.hub_command(&["rules", "history", "Shelf"]));
    assert!(history.contains("by marc at") && history.lines().count() == 3, "{history}");
    let shown = text(&relay_command(&relay, &["rules", "show", "CpuBusy", "--machine", "till-1"]));
    assert!(shown.contains("threshold 0.95, from the rule as written"), "{shown}");
    assert!(agent.program.stop() && relay.program.stop() && mesh.hub.stop(), "all end in order");
}

#[test]
fn a_route_of_the_hub_tells_by_a_channel_of_the_relay_while_the_site_is_cut_off() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let hook = Receiver::webhook();
    let mut relay = mesh.relay("lyon", "relay-1", wan.udp);
    relay.program.kill();
    let secret = mesh.dir().join("hook.key");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").expect("a file");
    let channel = format!(
        "[[channel]]\nkind = 'webhook'\nname = 'pager'\nurl = 'http://127.0.0.1:{}/'\nsecret_file = '{}'\n",
        hook.port,
        secret.display()
    );
    let config = mesh.dir().join("relay.toml");
    std::fs::write(&config, channel).expect("a file");
    relay.program.say_env("VIGIE_CONFIG", &config.to_string_lossy());
    relay.program.again();
    let door = relay.door();
    let (rules, route) = (mesh.dir().join("shop.yml"), mesh.dir().join("night.toml"));
    std::fs::write(&rules, OVEN_RULES).expect("a file");
    let said = "[[route]]\nname = 'night'\nchannels = ['pager']\nwait_s = 0\ninterval_s = 0\nalways = true\n";
    std::fs::write(&route, said).expect("a file");
    let place = ["--client", "acme", "--site", "lyon"];
    for (what, file) in [("rules", &rules), ("routes", &route)] {
        let file = file.to_string_lossy().into_owned();
        let done = mesh.hub_command(&[&[what, "apply", &file][..], &place].concat());
        assert!(done.status.success(), "{done:?}");
    }
    eventually("the relay has the route", || {
        json_of(&relay_command(&relay, &["routes", "list", "--json"]))["routes"][0]["used"] == true
    });
    eventually("and the rule", || text(&relay_command(&relay, &["rules", "list"])).contains("OvenHot"));
    wan.tell(r#"{"do":"cut"}"#);
    push(&door, 300);
    eventually("the site's people are told by the hub's route", || {
        hook.came().iter().any(|one| one.body.contains("OvenHot"))
    });
    assert!(relay.program.stop() && mesh.hub.stop(), "both end in order");
}

/// The oven of the site is this hot, as somebody pushes it to the relay.
fn push(door: &Door, heat: u32) {
    post(door, &format!("oven_celsius {heat}\n"));
}

fn post(door: &Door, samples: &str) {
    let head = [("Content-Type", "text/plain")];
    let status = door.post("/api/v1/import/prometheus", &head, samples.as_bytes()).map(|answer| answer.status);
    assert!(status.is_some_and(|status| (200..300).contains(&status)), "{status:?}");
}

fn machines(door: &Door) -> usize {
    let answer = door.get("/api/v1/machines").and_then(|answer| answer.json());
    answer.and_then(|answer| answer["machines"].as_array().map(Vec::len)).unwrap_or(0)
}

/// The rules of all that is open.
fn open(door: &Door) -> Vec<String> {
    let answer = door.get("/api/v1/incidents").and_then(|answer| answer.json()).unwrap_or_default();
    let incidents = answer["incidents"].as_array().cloned().unwrap_or_default();
    incidents.iter().filter_map(|one| one["rule"].as_str().map(str::to_owned)).collect()
}

fn relay_command(relay: &Relay, args: &[&str]) -> Output {
    let data = relay.data.to_string_lossy().into_owned();
    run_once("vigie-relay", &[args, &["--data", &data]].concat())
}

fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("it answers in JSON")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
