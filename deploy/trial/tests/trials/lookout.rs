//! A site that is cut off notices, tells and decides by itself.

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::Value;
use vigie_trial::watched::OVEN_RULES;
use vigie_trial::{Came, Door, Mesh, Receiver, Relay, eventually, run_once};

/// How often the rule is evaluated.
const INTERVAL: Duration = Duration::from_secs(1);

/// What a notification may take beyond that.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

/// How long a relay waits for the word of a hub that it has just heard, and some more.
const ALONE_AFTER: Duration = Duration::from_secs(47);

#[test]
fn a_fire_at_a_site_that_is_cut_off_is_told_by_its_relay_acknowledged_there_and_known_at_the_hub_afterwards() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let (mail, hook) = (Receiver::mail(), Receiver::webhook());
    let mut relay = relay_that_tells(&mesh, wan.udp, &mail, &hook);
    let door = relay.door();
    let mut agent = mesh.agent("lyon", "till-1", 1, &[relay.udp], &[]);
    push(&door, 20);
    eventually("the relay sees its machine", || listed(&door, "/api/v1/machines", "machines").len() == 1);
    wan.tell(r#"{"do":"cut"}"#);
    std::thread::sleep(ALONE_AFTER);
    assert_eq!((mail.came().len(), hook.came().len()), (0, 0), "all is well, and a cut line is no page at the site");

    let lit = Instant::now();
    push(&door, 300);
    eventually("mail and webhook have come", || !mail.came().is_empty() && !hook.came().is_empty());
    for (what, came) in [("mail", &mail.came()[0]), ("webhook", &hook.came()[0])] {
        let took = came.at - lit;
        println!("sample to {what}: {took:?}");
        assert!(took <= INTERVAL + TOLD_WITHIN, "{what} took {took:?}");
    }
    assert!(mail.came()[0].head.contains("oven too hot"), "{}", mail.came()[0].head);
    let told: Value = serde_json::from_str(&hook.came()[0].body).expect("a webhook is JSON");
    assert!(told.to_string().contains("OvenHot"), "{told}");

    // Acknowledged at the terminal of the relay; the page and API say so at once.
    let list = json(&relay_command(&relay, &["alerts", "list", "--json"]));
    let id = list[0]["id"].as_str().expect("one is open").to_owned();
    let known = relay_command(&relay, &["alerts", "ack", &id[18..], "on my way", "--as", "ann", "--json"]);
    assert_eq!(json(&known)["standing"], "acknowledged");
    assert!(relay_command(&relay, &["alerts", "comment", &id, "door was open", "--as", "ann"]).status.success());
    let shown = door.get(&format!("/api/v1/incidents/{id}")).and_then(|answer| answer.json()).expect("it is there");
    assert_eq!((&shown["acknowledgements"][0]["by"], &shown["reached"]), (&"ann".into(), &"site".into()), "{shown}");
    let none = relay_command(&relay, &["alerts", "show", "01JD0000000000000000000000"]);
    assert_eq!(none.status.code(), Some(5), "{none:?}");

    push(&door, 20);
    eventually("its end is told", || ended(&hook));
    assert_eq!(door_state(&door, &id), "resolved");

    // A machine that dies is told within half a minute.
    let died = Instant::now();
    agent.program.kill();
    eventually("silence is told", || hook.came().iter().any(|one| one.body.contains("MachineSilent")));
    let took = hook.came().iter().find(|one| one.body.contains("MachineSilent")).map(|one| one.at - died);
    println!("silence to webhook: {took:?}");
    assert!(took.is_some_and(|took| took < Duration::from_secs(30)), "{took:?}");

    // After a restart of the relay nothing is told again, and the hub learns all of it when the line is back.
    let before = keys(&hook);
    relay.program.kill();
    relay.program.again();
    wan.tell(r#"{"do":"heal"}"#);
    eventually("the hub knows what was decided", || {
        let at_hub = mesh.get(&format!("/api/v1/incidents/{id}"));
        at_hub.is_some_and(|one| one["acknowledgements"][0]["by"] == "ann" && one["standing"] == "resolved")
    });
    let at_hub = mesh.get(&format!("/api/v1/incidents/{id}")).expect("it is there");
    assert_eq!(at_hub["comments"][0]["text"], "door was open");
    assert!(at_hub["learnt_at"].as_str() > at_hub["began"].as_str(), "learnt after it happened: {at_hub}");
    eventually("the relay knows that the hub has it", || {
        let one = relay.door().get(&format!("/api/v1/incidents/{id}")).and_then(|answer| answer.json());
        one.is_some_and(|one| one["reached"] == "everywhere")
    });
    let bodies: Vec<String> = hook.came().into_iter().map(|one| one.body).collect();
    assert_eq!(keys(&hook), before, "nobody is told twice: {bodies:#?}");
    assert!(relay.program.stop() && mesh.hub.stop(), "both end in order");
}

fn relay_that_tells(mesh: &Mesh, hub: u16, mail: &Receiver, hook: &Receiver) -> Relay {
    let mut relay = mesh.relay("lyon", "relay-1", hub);
    relay.program.kill();
    let secret = mesh.dir().join("hook.key");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").expect("a file");
    let config = mesh.dir().join("relay.toml");
    std::fs::write(&config, said(mail.port, hook.port, &secret)).expect("a file");
    let rules = relay.data.join("rules");
    std::fs::create_dir_all(&rules).expect("a folder");
    std::fs::write(rules.join("oven.yml"), OVEN_RULES).expect("a file");
    relay.program.say_env("VIGIE_CONFIG", &config.to_string_lossy());
    relay.program.again();
    relay
}

fn said(mail: u16, hook: u16, secret: &Path) -> String {
    format!(
        "[[channel]]\nkind = 'smtp'\nname = 'mail'\nhost = '127.0.0.1'\nport = {mail}\ntls = 'none'\n\
         from = 'vigie@example.org'\nto = ['ops@example.org']\n\n\
         [[channel]]\nkind = 'webhook'\nname = 'hook'\nurl = 'http://127.0.0.1:{hook}/'\nsecret_file = '{}'\n\n\
         [[route]]\nname = 'all'\nchannels = ['mail', 'hook']\nwait_s = 0\ninterval_s = 0\ngroup_by = ['rule', 'machine']\n",
        secret.display()
    )
}

/// The oven of the site is this hot, as somebody pushes it to the relay.
fn push(door: &Door, heat: u32) {
    let text = format!("oven_celsius {heat}\n");
    let answer = door.post("/api/v1/import/prometheus", &[("Content-Type", "text/plain")], text.as_bytes());
    let status = answer.map(|answer| answer.status);
    assert!(status.is_some_and(|status| (200..300).contains(&status)), "{status:?}");
}

fn relay_command(relay: &Relay, args: &[&str]) -> Output {
    let data = relay.data.to_string_lossy().into_owned();
    run_once("vigie-relay", &[args, &["--data", &data]].concat())
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("it answers in JSON")
}

fn listed(door: &Door, path: &str, of: &str) -> Vec<Value> {
    let answer = door.get(path).and_then(|answer| answer.json());
    answer.and_then(|answer| answer[of].as_array().cloned()).unwrap_or_default()
}

fn door_state(door: &Door, id: &str) -> String {
    let one = door.get(&format!("/api/v1/incidents/{id}")).and_then(|answer| answer.json());
    one.and_then(|one| one["standing"].as_str().map(str::to_owned)).unwrap_or_default()
}

fn ended(hook: &Receiver) -> bool {
    hook.came().iter().any(|one| one.body.contains("resolved"))
}

/// What a receiver that honours keys has seen.
fn keys(hook: &Receiver) -> std::collections::BTreeSet<String> {
    let key = |one: &Came| {
        let line = one.head.lines().find(|line| line.to_ascii_lowercase().starts_with("webhook-id:"));
        line.unwrap_or_default().to_owned()
    };
    hook.came().iter().map(key).collect()
}

#[test]
fn rules_and_maintenance_have_the_same_words_at_the_hub() {
    let mut mesh = Mesh::new();
    eventually("the hub answers at its socket", || mesh.hub_command(&["rules", "list"]).status.success());
    let rules = json(&mesh.hub_command(&["rules", "list", "--json"]));
    let groups = rules["groups"].as_array().expect("groups").iter();
    assert_eq!(groups.filter_map(|group| group["rules"].as_array()).map(Vec::len).sum::<usize>(), 35);

    let file = mesh.dir().join("shop.yml");
    std::fs::write(&file, OVEN_RULES).expect("a file");
    let shop = file.to_string_lossy().into_owned();
    let said = |args: &[&str]| String::from_utf8_lossy(&mesh.hub_command(args).stdout).trim().to_owned();
    assert_eq!(said(&["rules", "diff", &shop]), "+ oven/OvenHot");
    assert!(said(&["rules", "apply", &shop]).contains("is in use\n+ oven/OvenHot"));
    assert_eq!(said(&["rules", "diff", &shop]), "nothing would change");
    assert!(said(&["rules", "show", "OvenHot"]).contains("oven_celsius > 200"));
    assert!(said(&["rules", "test", &shop, "--past", "1h"]).contains("would have fired 0 times"));
    std::fs::write(&file, "groups:\n  - name: oven\n    rules:\n      - alert: A\n        expr: 'oven >'\n")
        .expect("a file");
    let wrong = mesh.hub_command(&["rules", "apply", &shop]);
    let why = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(
        wrong.status.code() == Some(2) && why.contains("shop.yml:5") && why.contains("nothing was changed"),
        "{why}"
    );
    assert!(said(&["rules", "show", "OvenHot"]).contains("oven_celsius > 200"), "what was in use still is");

    let work = ["maintenance", "add", "--client", "acme", "--for", "3d", "--hours", "22:00-06:00", "--zone", "UTC"];
    assert!(said(&[&work[..], &["--preview"]].concat()).contains("would mute 0 machines"));
    assert_eq!(said(&["maintenance", "list"]), "nothing is muted");
    let made =
        json(&mesh.hub_command(&["maintenance", "add", "--client", "acme", "--why", "move", "--as", "ann", "--json"]));
    assert_eq!((&made["active"], &made["by"]), (&true.into(), &"ann".into()), "{made}");
    let id = made["id"].as_str().expect("an id").to_owned();
    assert!(said(&["maintenance", "end", &id, "--as", "bob"]).contains("ended by bob"));
    assert_eq!(said(&["alerts", "list"]), "nothing is wrong, as far as is known here");
    assert_eq!(mesh.hub_command(&["maintenance", "end", &id]).status.code(), Some(2), "it is over");
    assert_eq!(mesh.hub_command(&["rules", "show", "NoSuch"]).status.code(), Some(5));
    assert!(mesh.hub.stop(), "it ends in order");
    assert_eq!(mesh.hub_command(&["alerts", "list"]).status.code(), Some(6), "nothing is known");
}

#[test]
fn what_is_pushed_to_the_hub_for_a_site_with_a_relay_is_judged_by_the_hub_and_ended_by_no_relay() {
    let mut mesh = Mesh::new();
    let mut relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let mut agent = mesh.agent("lyon", "till-1", 1, &[relay.udp], &[]);
    eventually("the hub sees the machine", || listed(&mesh.door(), "/api/v1/machines", "machines").len() == 1);
    let file = mesh.dir().join("shop.yml");
    std::fs::write(&file, OVEN_RULES).expect("a file");
    assert!(mesh.hub_command(&["rules", "apply", &file.to_string_lossy()]).status.success());
    let push = |heat: u32| {
        let text = format!("oven_celsius {heat}\n");
        let path = "/to/acme/lyon/api/v1/import/prometheus";
        let answer = mesh.door().post(path, &[("Content-Type", "text/plain")], text.as_bytes());
        assert!(answer.is_some_and(|answer| (200..300).contains(&answer.status)));
    };
    let ovens = || {
        let all = listed(&mesh.door(), "/api/v1/incidents?standing=all", "incidents");
        all.into_iter().filter(|one| one["rule"] == "OvenHot").collect::<Vec<_>>()
    };
    push(300);
    eventually("the hub finds the fire", || ovens().iter().any(|one| one["standing"] == "firing"));
    let found = ovens();
    assert_eq!(
        (found.len(), &found[0]["site"], &found[0]["labels"]["vigie_pushed"]),
        (1, &"lyon".into(), &"hub".into())
    );
    eventually("the relay knows of it", || !listed(&relay.door(), "/api/v1/incidents", "incidents").is_empty());
    push(20);
    eventually("the hub sees it put out", || ovens().iter().all(|one| one["standing"] == "resolved"));
    assert!(agent.program.stop() && relay.program.stop() && mesh.hub.stop(), "all end in order");
}
