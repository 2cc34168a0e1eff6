//! Who sees machines by their tags is told of those on their telephone, and of no other.

use serde_json::{Value, json};
use vigie_trial::{Came, Door, Mesh, Receiver, eventually};

/// Keys of RFC 8291, appendix A: what is pushed is encrypted for them, and not read here.
const P256DH: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

const TELLS: &str = "[outgoing]\nallow = ['127.0.0.0/8']\n\
    [[channel]]\nkind = 'devices'\nname = 'devices'\nto = ['tills@acme.org', 'all@acme.org']\n\
    [[route]]\nname = 'all'\nchannels = ['devices']\nwait_s = 0\ninterval_s = 0\ngroup_by = ['rule', 'machine']\n";

#[test]
fn who_sees_machines_by_their_tags_is_told_of_those_on_their_telephone_and_of_no_other() {
    let mut mesh = Mesh::new();
    let config = mesh.dir().join("cloud.toml");
    std::fs::write(&config, TELLS).expect("settings can be written");
    assert!(mesh.hub.stop(), "the hub ends in order");
    mesh.hub.say_env("VIGIE_CONFIG", &config.to_string_lossy());
    mesh.hub.again();
    let door = mesh.door();
    let (tills, all) = (Receiver::webhook(), Receiver::webhook());
    subscribes(&mesh, &door, "tills@acme.org", "observer@acme#till", &tills);
    subscribes(&mesh, &door, "all@acme.org", "observer@acme", &all);

    let agents = [("till-1", 91), ("oven-1", 92)].map(|(name, seed)| mesh.agent("lyon", name, seed, &[], &[]));
    agents.iter().for_each(|agent| mesh.settles(agent, 2));
    let tagged = mesh.hub_command(&["tags", "add", "till-1", "till", "--client", "acme", "--site", "lyon"]);
    assert!(tagged.status.success(), "{tagged:?}");
    let rule = json!({ "name": "Warm", "client": "acme", "site": "lyon", "metric": "system_cpu_utilization_ratio",
        "above": "-1", "for": "0s", "severity": "critical" });
    let made = post(&door, "/api/v1/watch/rules", &[], &rule);
    assert!(matches!(made.0, 200 | 201), "{made:?}");

    eventually("who sees all of acme is told of both", || pushes(&all) == 2);
    eventually("and the other's part is decided", || decided(&door).len() == 4);
    assert_eq!(pushes(&tills), 1, "of the till, and not of the oven: {:#?}", decided(&door));
    let refused: Vec<String> = decided(&door).into_iter().filter(|(_, taken)| !taken).map(|(to, _)| to).collect();
    assert_eq!(refused, ["tills@acme.org"]);
    drop(agents);
}

/// Invites a person, who accepts and subscribes a telephone on this machine.
fn subscribes(mesh: &Mesh, door: &Door, email: &str, grant: &str, phone: &Receiver) {
    let said =
        mesh.hub_command(&["person", "add", "--email", email, "--name", "Some Body", "--grant", grant, "--json"]);
    assert!(said.status.success(), "{said:?}");
    let code = serde_json::from_slice::<Value>(&said.stdout).expect("it answers in JSON")["code"].clone();
    let (password, nobody) = ("seven loud lanterns hum", Door::new(door.port(), "/", None));
    let accepted = post(&nobody, "/api/v1/invitations/accept", &[], &json!({ "code": code, "password": password }));
    assert_eq!(accepted.0, 201, "{accepted:?}");
    let (status, cookie) = post(&nobody, "/api/v1/sessions", &[], &json!({ "email": email, "password": password }));
    assert!(matches!(status, 200 | 201), "{cookie}");
    let wish = json!({ "name": "Telephone", "language": "en", "subscription": {
        "endpoint": format!("http://127.0.0.1:{}/send", phone.port), "expirationTime": null,
        "keys": { "p256dh": P256DH, "auth": AUTH } } });
    let made = post(&nobody, "/api/v1/me/devices", &[("Cookie", &cookie)], &wish);
    assert_eq!(made.0, 201, "{made:?}");
}

/// The status, and the cookie that is set.
fn post(door: &Door, path: &str, headers: &[(&str, &str)], body: &Value) -> (u16, String) {
    let headers = [&[("Content-Type", "application/json")], headers].concat();
    let answer = door.post(path, &headers, body.to_string().as_bytes()).expect("the hub answers");
    let set = answer.head.lines().filter_map(|line| line.split_once(": "));
    let cookie = set.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let cookie = cookie.and_then(|(_, value)| value.split(';').next()).unwrap_or_default().to_owned();
    (answer.status, if cookie.is_empty() { answer.text() } else { cookie })
}

/// Messages that a telephone's service was given.
fn pushes(phone: &Receiver) -> usize {
    phone.came().iter().filter(|one: &&Came| one.head.starts_with("POST /send")).count()
}

/// To whom messages were, and whether they were taken: all that are done with.
fn decided(door: &Door) -> Vec<(String, bool)> {
    let telling = door.get("/api/v1/telling").and_then(|answer| answer.json()).unwrap_or_default();
    let of = |list: &str, taken: bool| {
        let all = telling[list].as_array().cloned().unwrap_or_default();
        all.into_iter().map(move |one| (one["to"].as_str().unwrap_or_default().to_owned(), taken)).collect::<Vec<_>>()
    };
    [of("sent", true), of("dead", false)].concat()
}
