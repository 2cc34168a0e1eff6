//! Do people decide from Slack and Teams, and nobody else? A real hub, and requests that are signed here as the chats say.

use std::io::{Read, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};

use super::webhooks::{Got, receiver, told};
use super::{Hub, console};

const SLACK_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const TEAMS_SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const TEAMS_KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A hub whose chats are a receiver on loopback, with an incident of acme at lyon that each of them was told.
struct House {
    hub: Hub,
    got: Got,
    /// Where Slack has messages changed.
    slack: String,
    incident: String,
    files: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let (url, got) = receiver();
        let slack = url.trim_end_matches("/events").to_owned();
        let files = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = files.path().join(name);
            std::fs::write(&path, text).expect("written");
            path.display().to_string()
        };
        let (at, slack_secret) = (file("url", &url), file("slack", &format!("{SLACK_SECRET}\n")));
        let teams_secret = file("teams", TEAMS_SECRET);
        let people = "[channel.two_way.people]\nU1 = 'marie@acme.org'\nU2 = 'look@acme.org'\nU3 = 'gone@acme.org'\n";
        let channel = |kind: &str, name: &str, more: &str| {
            let secret = if kind == "slack" { &slack_secret } else { &teams_secret };
            let answers = if kind == "slack" { format!("answers_to = '{slack}'\n") } else { String::new() };
            format!(
                "[[channel]]\nkind = '{kind}'\nname = '{name}'\nurl_file = '{at}'\nprivate = true\n\
                 [channel.two_way]\nsecret_file = '{secret}'\n{answers}{more}\n"
            )
        };
        let text = [
            "[alerts]\nurl = 'https://hub.example.org'\n".to_owned(),
            channel("slack", "ops", &format!("clients = ['acme']\n{people}")),
            channel("slack", "bron", "clients = ['bron']\nstrangers = 'channel'"),
            channel("slack", "anybody", "clients = ['acme']\nstrangers = 'channel'"),
            channel("teams", "team", &format!("clients = ['acme']\n{people}")),
            channel("teams", "team-bron", "clients = ['bron']\nstrangers = 'channel'"),
            format!("[[channel]]\nkind = 'slack'\nname = 'one-way'\nurl_file = '{at}'\nprivate = true\n"),
            "[[route]]\nname = 'all'\nchannels = ['ops', 'bron', 'anybody', 'team']\nwait_s = 0\n".to_owned(),
        ];
        let hub = Hub::configured(&text.concat());
        for (email, grant) in
            [("root@example.org", "admin@*"), ("marie@acme.org", "operator@acme"), ("look@acme.org", "observer@acme")]
        {
            let added =
                console(&hub, &["person", "add", "--email", email, "--name", "Somebody", "--grant", grant, "--json"]);
            let code = serde_json::from_str::<Value>(&added).expect("an answer")["code"].clone();
            let body = json!({ "code": code, "password": "seven loud lanterns hum" }).to_string();
            hub.json(&["--json", "api", "post", "/api/v1/invitations/accept", "--body", &body]);
        }
        let rule = json!({ "name": "Shelf", "client": "acme", "site": "lyon", "metric": "shelf_celsius", "above": "8",
            "for": "0s", "severity": "critical", "summary": "<!channel> *shelf* is warm" });
        hub.json(&["--json", "api", "post", "/api/v1/watch/rules", "--body", &rule.to_string()]);
        let mut house = Self { hub, got, slack, incident: String::new(), files };
        house.wait("it is found wrong", |house| {
            house.hub.push("/to/acme/lyon/api/v1/import/prometheus", "shelf_celsius 12\n");
            house.hub.json(&["--json", "alerts", "list", "rule:Shelf"])["incidents"][0]["id"].is_string()
        });
        let found = house.hub.json(&["--json", "alerts", "list", "rule:Shelf"]);
        house.incident = found["incidents"][0]["id"].as_str().expect("an id").to_owned();
        house
    }

    fn wait(&self, what: &str, is: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !is(self) {
            assert!(begun.elapsed() < Duration::from_secs(120), "{what}: it is not so");
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// The message that a channel of Slack was told, and the block of its buttons.
    fn message(&self, channel: &str) -> (Value, Value) {
        let buttons = |body: &Value| {
            let blocks = body["blocks"].as_array()?;
            let is_of = |block: &&Value| {
                let value = block["elements"][0]["value"].as_str().unwrap_or_default();
                block["type"] == "actions" && value.contains(&format!(" {channel} "))
            };
            blocks.iter().find(is_of).cloned()
        };
        let (_, message) = told(&self.got, |body| buttons(body).is_some());
        let buttons = buttons(&message).expect("buttons");
        (message, buttons)
    }

    fn posts(&self, path: &str, headers: &str, body: &[u8]) -> (u16, String) {
        let address = self.hub.url.trim_start_matches("http://");
        let mut wire = std::net::TcpStream::connect(address).expect("the hub listens");
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
        );
        wire.write_all(head.as_bytes()).expect("it is sent");
        // Who is refused before the body is read may close while it comes.
        drop(wire.write_all(body));
        let mut said = Vec::new();
        drop(wire.read_to_end(&mut said));
        let said = String::from_utf8_lossy(&said).into_owned();
        let status = said.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, said)
    }

    /// Says how long a body is, and sends none of it: it is refused for that.
    fn announces(&self, path: &str, header: &str, bytes: usize) -> u16 {
        let address = self.hub.url.trim_start_matches("http://");
        let mut wire = std::net::TcpStream::connect(address).expect("the hub listens");
        let head = format!(
            "POST /api/v1/chats/{path} HTTP/1.1\r\nhost: {address}\r\n{header}\r\ncontent-length: {bytes}\r\n\r\n"
        );
        wire.write_all(head.as_bytes()).expect("it is sent");
        let mut status = [0; 12];
        wire.read_exact(&mut status).expect("an answer");
        String::from_utf8_lossy(&status[9..]).parse().expect("a status")
    }

    fn slack(&self, channel: &str, (secret, at_s): (&str, i64), body: &str) -> (u16, String) {
        let key = Key::new(HMAC_SHA256, secret.as_bytes());
        let tag = sign(&key, format!("v0:{at_s}:{body}").as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let headers = format!(
            "content-type: application/x-www-form-urlencoded\r\nx-slack-request-timestamp: {at_s}\r\n\
             x-slack-signature: v0={hex}\r\n"
        );
        self.posts(&format!("/api/v1/chats/{channel}/slack"), &headers, body.as_bytes())
    }

    fn teams(&self, channel: &str, key: &[u8], body: &str) -> (u16, String) {
        let tag = sign(&Key::new(HMAC_SHA256, key), body.as_bytes());
        let headers = format!(
            "content-type: application/json\r\nauthorization: HMAC {}\r\n",
            data_encoding::BASE64.encode(tag.as_ref())
        );
        self.posts(&format!("/api/v1/chats/{channel}/teams"), &headers, body.as_bytes())
    }

    /// What Slack sends when somebody presses a button of the message that a channel was told.
    fn pressed(&self, channel: &str, action: usize, user: (&str, &str), ts: &str) -> String {
        self.pressed_in(channel, action, user, ts, now_s())
    }

    /// The same, of a message that was sent at this time.
    fn pressed_in(&self, channel: &str, action: usize, user: (&str, &str), ts: &str, sent_s: i64) -> String {
        let sent = format!("{sent_s}.000100");
        let (message, buttons) = self.message(channel);
        let button = &buttons["elements"][action];
        form(&json!({
            "type": "block_actions",
            "user": { "id": user.0, "username": user.1, "name": user.1, "team_id": "T1" },
            "api_app_id": "A1", "token": "verification", "trigger_id": "1.2.3",
            "container": { "type": "message", "message_ts": sent, "channel_id": "C1", "is_ephemeral": false },
            "team": { "id": "T1", "domain": "acme" }, "channel": { "id": "C1", "name": "ops" },
            "message": { "type": "message", "text": message["text"], "ts": sent, "blocks": message["blocks"] },
            "response_url": format!("{}/actions/T1/{ts}", self.slack),
            "actions": [{ "type": "button", "action_id": button["action_id"], "block_id": buttons["block_id"],
                "value": button["value"], "text": button["text"], "action_ts": ts }],
        }))
    }

    fn shown(&self) -> Value {
        self.hub.json(&["--json", "alerts", "show", &self.incident])
    }

    /// Closes the incident at the hub.
    fn resolve(&self) {
        let path = format!("/api/v1/incidents/{}/resolve", self.incident);
        self.hub.json(&["--json", "api", "post", &path, "--body", "{}"]);
    }

    fn acknowledged_by(&self) -> Vec<String> {
        let shown = self.shown();
        let words = shown["acknowledgements"].as_array().cloned().unwrap_or_default();
        words.iter().filter_map(|word| word["by"].as_str().map(str::to_owned)).collect()
    }

    fn audit(&self, what: &str) -> Vec<Value> {
        let list = self.hub.json(&["--json", "audit", "list", "--client", "acme", &format!("what:{what}")]);
        list["lines"].as_array().cloned().unwrap_or_default()
    }

    /// What Slack was told in answer to one press.
    fn answered(&self, is: impl Fn(&Value) -> bool) -> Value {
        told(&self.got, |body| body.get("replace_original").is_some() && is(body)).1
    }
}

fn form(payload: &Value) -> String {
    let escaped: String = payload.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("payload={escaped}")
}

fn now_s() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()).expect("before the end")
}

fn now_text(ago_s: i64) -> String {
    let seconds = now_s() - ago_s;
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 0000-03-01, as Hinnant counts them.
    let z = days + 719_468;
    let (era, day) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (date, month) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}.000Z", second / 3_600, second / 60 % 60, second % 60)
}

fn has(body: &Value, words: &str) -> bool {
    body.to_string().contains(words)
}

#[test]
fn who_presses_a_button_in_slack_decides_once_in_their_own_name_and_nobody_else_does() {
    let house = House::new();
    let (message, _) = house.message("ops");
    assert!(!has(&message, "\"mrkdwn\",\"text\":\"<!channel>"), "what a rule says is text: {message}");
    let marie = ("U1", "marie");

    // What is not signed, or not now, is answered as what is not there.
    let press = house.pressed("ops", 0, marie, "1.1");
    let nowhere = house.posts("/api/v1/chats/nobody/slack", "", b"x");
    assert_eq!(nowhere.0, 401, "{}", nowhere.1);
    let body = |(status, said): (u16, String)| (status, said.split("\r\n\r\n").nth(1).map(str::to_owned));
    let nowhere = body(nowhere);
    for (channel, secret, at) in [
        ("ops", "8f742231b10e8888abcd99yyyzzz85a6", now_s()),
        ("ops", SLACK_SECRET, now_s() - 301),
        ("ops", SLACK_SECRET, now_s() + 310),
        ("one-way", SLACK_SECRET, now_s()),
        ("team", SLACK_SECRET, now_s()),
        ("nobody", SLACK_SECRET, now_s()),
    ] {
        assert_eq!(body(house.slack(channel, (secret, at), &press)), nowhere, "{channel} {at}");
    }
    assert_eq!(body(house.posts("/api/v1/chats/ops/slack", "", press.as_bytes())), nowhere);
    assert_eq!(house.announces("ops/slack", "x-slack-signature: v0=00", (1 << 20) + 1), 413);
    assert!(house.acknowledged_by().is_empty());

    // Whom the file does not name, and who only looks, change nothing, and are told why.
    for (user, why) in [
        (("U9", "eve"), "does not know who U9 is"),
        (("U3", "gone"), "does not know who U3"),
        (("U2", "look"), "may not decide"),
    ] {
        let press = house.pressed("ops", 0, user, &format!("2.{}", user.0));
        assert_eq!(house.slack("ops", (SLACK_SECRET, now_s()), &press).0, 200);
        assert_eq!(house.answered(|body| has(body, why))["response_type"], "ephemeral");
    }
    // A channel of another client, a button that somebody made, and an incident that nobody has.
    let other = house.pressed("bron", 0, ("U7", "stranger"), "3.1");
    let made = house.pressed("ops", 0, marie, "3.2").replace("%61%6C%6C", "%61%6C%62");
    let forged = form(
        &json!({ "type": "block_actions", "user": { "id": "U1" }, "response_url": format!("{}/actions/3", house.slack),
        "actions": [{ "action_id": "vigie.acknowledge", "value": "00 v1 00000000000000000000000000000000 en ops all", "action_ts": "3.3" }] }),
    );
    for (at, press) in [other, made, forged].into_iter().enumerate() {
        let before = house.got.lock().expect("no test panics here").len();
        assert_eq!(house.slack("ops", (SLACK_SECRET, now_s()), &press).0, 200);
        house.wait(&format!("{at} is answered"), |house| {
            let got = house.got.lock().expect("no test panics here");
            got[before..].iter().any(|(_, body)| has(body, "no such incident") && body["response_type"] == "ephemeral")
        });
    }
    assert!(house.acknowledged_by().is_empty() && house.audit("alert.*").is_empty());

    // A message of last week keeps its buttons, and they are of what was then.
    let old = house.pressed_in("ops", 0, marie, "3.4", now_s() - 7 * 86_400);
    assert_eq!(house.slack("ops", (SLACK_SECRET, now_s()), &old).0, 200);
    assert_eq!(house.answered(|body| has(body, "is over"))["response_type"], "ephemeral");
    assert!(house.acknowledged_by().is_empty());

    // Marie, once, however often Slack asks and whoever sends it again.
    let at = now_s();
    let began = Instant::now();
    assert_eq!(house.slack("ops", (SLACK_SECRET, at), &press).0, 200);
    assert!(began.elapsed() < Duration::from_secs(3), "Slack waits for three seconds");
    assert_eq!(house.acknowledged_by(), ["marie@acme.org"]);
    assert_eq!(house.slack("ops", (SLACK_SECRET, at), &press).0, 401, "a replay");
    assert_eq!(house.slack("ops", (SLACK_SECRET, at - 1), &press).0, 200, "Slack asks again");
    let changed = house.answered(|body| body["replace_original"] == true && has(body, "marie@acme.org"));
    let texts: Vec<&Value> = changed["blocks"].as_array().expect("blocks").iter().collect();
    assert!(has(&changed, "✓ marie@acme.org has it") && !has(&changed, "vigie.acknowledge"), "{changed}");
    assert!(has(&changed, "vigie.snooze") && texts.iter().any(|block| block["type"] == "context"), "{changed}");
    let lines = house.audit("alert.acknowledge");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(
        (&lines[0]["who"], &lines[0]["by"], &lines[0]["from"]),
        (&json!("marie@acme.org"), &json!("slack"), &json!("Slack, route all"))
    );

    // Where the file says so whoever is in the channel decides, in its name.
    let hostile = house.pressed("anybody", 1, ("U8", "<!channel> \u{202e}x"), "4.1");
    assert_eq!(house.slack("anybody", (SLACK_SECRET, now_s()), &hostile).0, 200);
    let by = "@<!channel> x in Slack, by route all";
    let changed = house.answered(|body| has(body, by) && body["replace_original"] == true);
    let said = changed["blocks"].as_array().expect("blocks").iter().find(|block| has(block, by)).expect("it is said");
    assert_eq!(said["elements"][0]["type"], "plain_text");
    assert!(house.shown()["snoozed_until"].is_string());
    assert_eq!(house.audit("alert.snooze")[0]["who"], by);

    // What is over is over.
    house.resolve();
    let late = house.pressed("ops", 1, marie, "5.1");
    assert_eq!(house.slack("ops", (SLACK_SECRET, now_s()), &late).0, 200);
    assert_eq!(house.answered(|body| has(body, "This is over"))["response_type"], "ephemeral");
    assert_eq!(house.audit("alert.snooze").len(), 1);

    let says = super::out(&doctor(&house));
    assert!(says.contains("ops: two-way") && says.contains("one-way: one-way"), "{says}");
    std::fs::write(house.files.path().join("slack"), "short").expect("written");
    assert!(super::out(&doctor(&house)).contains("holds no signing secret"));
    assert_eq!(body(house.slack("ops", ("short", now_s()), &late)), nowhere, "without its secret nothing is there");
}

fn doctor(house: &House) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_vigie-cloud"));
    command.arg("doctor").arg("--data").arg(house.hub.folder.path().join("hub"));
    command.output().expect("it runs")
}

#[test]
fn who_writes_to_us_in_teams_decides_by_a_code_and_is_answered_at_once() {
    let house = House::new();
    let (_, card) = told(&house.got, |body| body["type"] == "message" && has(body, "Code "));
    assert!(has(&card, "Action.OpenUrl") && has(&card, "@Vigie ack CODE"), "{card}");
    let text = card.to_string();
    let code = text.split("\"Code ").nth(1).and_then(|rest| rest.get(..6)).expect("a code").to_owned();
    let mut number = 0;
    let mut line = |user: &str, text: &str, ago_s: i64, locale: &str| {
        number += 1;
        json!({ "type": "message", "id": number.to_string(), "timestamp": now_text(ago_s), "locale": locale,
            "channelId": "msteams", "textFormat": "plain", "text": format!("<at>Vigie</at> {text}\n"),
            "from": { "id": format!("29:{user}"), "name": "Marie", "aadObjectId": user },
            "conversation": { "id": "19:general", "conversationType": "channel" } })
        .to_string()
    };
    let said = |(status, said): (u16, String)| {
        assert_eq!(status, 200, "{said}");
        said
    };

    assert_eq!(
        house.teams("team", b"another key of thirty-two bytes!", &line("U1", &format!("ack {code}"), 0, "en-US")).0,
        401
    );
    assert_eq!(house.teams("team", TEAMS_KEY, &line("U1", &format!("ack {code}"), 301, "en-US")).0, 401);
    assert_eq!(house.teams("ops", TEAMS_KEY, &line("U1", "help", 0, "en-US")).0, 401);
    assert_eq!(house.announces("team/teams", "authorization: HMAC AA==", 300_000), 413);
    assert!(said(house.teams("team", TEAMS_KEY, &line("U9", "help", 0, "en-US"))).contains("Write: ack CODE"));
    assert!(said(house.teams("team", TEAMS_KEY, &line("U9", "aide", 0, ""))).contains("Écrivez"));
    let refused = [("U9", "does not know who U9"), ("U2", "may not decide")];
    for (user, why) in refused {
        let answer = said(house.teams("team", TEAMS_KEY, &line(user, &format!("ack {code}"), 0, "en-US")));
        assert!(answer.contains(why), "{answer}");
    }
    let other = said(house.teams("team-bron", TEAMS_KEY, &line("U1", &format!("ack {code}"), 0, "en-US")));
    assert!(other.contains("no such incident") && !other.contains("shelf"), "another client's: {other}");
    assert!(said(house.teams("team", TEAMS_KEY, &line("U1", "ack ZZZZZZ", 0, "en-US"))).contains("no such incident"));
    assert!(house.acknowledged_by().is_empty());

    let order = line("U1", &format!("ack {} on my way", &code[..4].to_lowercase()), 0, "fr-FR");
    let answer = said(house.teams("team", TEAMS_KEY, &order));
    assert!(answer.contains("✓ marie@acme.org s’en occupe") && answer.contains("TextRun"), "{answer}");
    assert!(answer.contains("<!channel> *shelf* is warm") && !answer.contains("TextBlock\",\"text"), "{answer}");
    assert_eq!(house.teams("team", TEAMS_KEY, &order).0, 401, "a replay");
    assert_eq!(house.acknowledged_by(), ["marie@acme.org"]);
    said(house.teams("team", TEAMS_KEY, &line("U1", &format!("snooze {code} 1h"), 0, "en-US")));
    said(house.teams("team", TEAMS_KEY, &line("U1", &format!("comment {code} the door &lt;was&gt; open"), 0, "en-US")));
    let shown = house.shown();
    assert!(shown["snoozed_until"].is_string() && has(&shown["comments"], "the door <was> open"), "{shown}");
    let lines = house.audit("alert.*");
    assert!(
        lines.len() == 3 && lines.iter().all(|line| line["by"] == "teams" && line["who"] == "marie@acme.org"),
        "{lines:?}"
    );

    house.resolve();
    let over = said(house.teams("team", TEAMS_KEY, &line("U1", &format!("ack {code}"), 0, "en-US")));
    assert!(over.contains("This is over"), "{over}");
}
