//! A deployment whose people are told: ovens that get hot, and who hears of it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{Came, Door, Mesh, Program, Receiver, Relay, eventually, run_once};

/// How long a relay waits for the word of a hub that it has just heard, and some more.
pub const ALONE_AFTER: Duration = Duration::from_secs(47);

/// One for each oven that is too hot, looked at each second.
pub const OVEN_RULES: &str = "groups:
  - name: oven
    interval: 1s
    rules:
      - alert: OvenHot
        expr: oven_celsius > 200
        labels: {severity: critical}
        annotations: {summary: oven too hot}
";

/// Who is told at one side.
#[derive(Debug)]
pub struct People {
    /// By mail.
    pub mail: Receiver,
    /// By webhook.
    pub hook: Receiver,
}

impl People {
    /// People whom nobody has told anything.
    pub fn new() -> Self {
        Self { mail: Receiver::mail(), hook: Receiver::webhook() }
    }

    /// What a webhook that honours keys has been told, each message once, in its order.
    pub fn told(&self) -> Vec<Value> {
        let mut seen = BTreeSet::new();
        let came = self.hook.came().into_iter().filter(|one| seen.insert(key(one)));
        came.filter_map(|one| serde_json::from_str(&one.body).ok()).collect()
    }

    /// Alerts of a rule that were said to be wrong, or to be over: how often in all messages.
    pub fn count(&self, rule: &str, which: &str) -> usize {
        let told = self.told();
        let all = told.iter().flat_map(|one| one[which].as_array().into_iter().flatten());
        all.filter(|one| one["rule"] == rule).count()
    }
}

impl Default for People {
    fn default() -> Self {
        Self::new()
    }
}

/// What a receiver that honours keys goes by.
fn key(one: &Came) -> String {
    let line = one.head.lines().find(|line| line.to_ascii_lowercase().starts_with("webhook-id:"));
    line.unwrap_or_default().to_owned()
}

/// Starts a relay or a hub anew so that it tells these people at once, by a route that the other side has too.
pub fn tells(program: &mut Program, name: &str, data: &Path, people: &People) {
    // It may have just begun, and not hear signals yet.
    program.kill();
    let folder = data.parent().expect("a data folder lies in another");
    let secret = folder.join("hook.key");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").expect("a file");
    let config = folder.join(format!("{name}.toml"));
    let said = format!(
        "[[channel]]\nkind = 'smtp'\nname = 'mail'\nhost = '127.0.0.1'\nport = {}\ntls = 'none'\nprivate = true\n\
         from = 'vigie@example.org'\nto = ['ops@example.org']\n\n\
         [[channel]]\nkind = 'webhook'\nname = 'hook'\nurl = 'http://127.0.0.1:{}/'\nprivate = true\nsecret_file = '{}'\n\n\
         [[route]]\nname = 'all'\nchannels = ['mail', 'hook']\nwait_s = 0\ninterval_s = 0\n\
         group_by = ['rule', 'machine']\n",
        people.mail.port,
        people.hook.port,
        secret.display()
    );
    std::fs::write(&config, said).expect("a file");
    let rules = data.join("rules");
    std::fs::create_dir_all(&rules).expect("a folder");
    std::fs::write(rules.join("oven.yml"), OVEN_RULES).expect("a file");
    program.say_env("VIGIE_CONFIG", &config.to_string_lossy());
    program.again();
}

/// An oven of a site is this hot, as somebody pushes it to the relay.
pub fn oven(door: &Door, name: &str, heat: u32) {
    let text = format!("oven_celsius{{oven=\"{name}\"}} {heat}\n");
    let answer = door.post("/api/v1/import/prometheus", &[("Content-Type", "text/plain")], text.as_bytes());
    let status = answer.map(|answer| answer.status);
    assert!(status.is_some_and(|status| (200..300).contains(&status)), "{status:?}");
}

/// The incident of an oven, as a node shows it; null where it is not known.
pub fn incident(door: &Door, oven: &str) -> Value {
    let answer = door.get("/api/v1/incidents?standing=firing,acknowledged,snoozed,resolved");
    let mut all = answer.and_then(|answer| answer.json()).unwrap_or_default();
    let found = all["incidents"].as_array_mut().into_iter().flatten().find(|one| one["labels"]["oven"] == oven);
    found.map(Value::take).unwrap_or_default()
}

/// Waits until a node shows the incident of an oven, and gives its id.
pub fn known(door: &Door, oven: &str) -> String {
    let mut id = String::new();
    eventually(&format!("the alert of {oven} is known"), || {
        id = incident(door, oven)["id"].as_str().unwrap_or_default().to_owned();
        !id.is_empty()
    });
    id
}

/// What a person at the relay says of an alert.
pub fn said_at_site(relay: &Relay, words: &[&str]) {
    let data = relay.data.to_string_lossy().into_owned();
    let done = run_once("vigie-relay", &[&["alerts"], words, &["--data", &data]].concat());
    assert!(done.status.success(), "{done:?}");
}

/// What a person at the hub says of an alert.
pub fn said_at_hub(mesh: &Mesh, words: &[&str]) {
    let done = mesh.hub_command(&[&["alerts"], words].concat());
    assert!(done.status.success(), "{done:?}");
}

/// What people said of an incident, and by whom, in any order.
pub fn words(incident: &Value, kind: &str) -> BTreeSet<String> {
    let all = incident[kind].as_array().into_iter().flatten();
    all.map(|one| format!("{}: {}", one["by"].as_str().unwrap_or("-"), one["text"].as_str().unwrap_or("-"))).collect()
}

/// How long it takes until something is so, looked at often.
pub fn took(what: &str, so: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    crate::mesh::eventually_every(Duration::from_millis(20), what, so);
    began.elapsed()
}
