//! Is what is wrong seen here, and do people hear of it? What a doctor asks of a watchman.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vigie_node::Finding;
use vigie_notify::{Channel, Seat, Steady};

use crate::watchman::{Watchman, lock};

/// A message that waits for longer has found its channel shut again and again: an hour.
const LONG_MS: i64 = 3_600_000;

impl Watchman {
    /// What `doctor` looks at, for the status that a running node gives.
    pub fn checkup(&self) -> Value {
        let found = lock(&self.found);
        let (faults, failing) = (found.rulebook.faults.clone(), found.failures.len());
        drop(found);
        let (always, speaks) = self.speaks();
        json!({ "faults": faults, "failing": failing, "dead": self.given_up(), "late": self.late(),
            "routes": self.desk.routes().1.len(), "always": always, "speaks": speaks, "crowded": self.is_crowded(),
            "chats": self.chats() })
    }

    /// The routes that always speak, and when the others do, in one sentence.
    pub(crate) fn speaks(&self) -> (Vec<String>, String) {
        let (seat, routes) = self.desk.routes();
        let always: Vec<String> = routes.iter().filter(|(_, always)| *always).map(|(name, _)| name.clone()).collect();
        let told = match (seat, routes.len(), always.len()) {
            (Seat::Hub, 0, _) => "nobody is told by this hub: there is no [[route]] in cloud.toml".to_owned(),
            (Seat::Hub, ..) => {
                "the hub's routes speak while it hears a site; what a site's relay told meanwhile is not told again, but on \
                 routes with always = true"
                    .to_owned()
            }
            (Seat::Relay, 0, _) => {
                "nobody is told by this relay: there is no [[route]] in relay.toml; while the hub is in reach its routes \
                 speak, and when this site is cut off nobody does"
                    .to_owned()
            }
            (Seat::Relay, all, constant) if all == constant => {
                "this relay's routes always speak: who has one at the hub too is told twice".to_owned()
            }
            (Seat::Relay, _, constant) => {
                let but = if constant == 0 { "" } else { ", but for those with always = true, which always do" };
                format!(
                    "while the hub is in reach the hub's routes speak, whether it has any or not; this relay's speak when \
                     it is cut off{but}"
                )
            }
        };
        (always, told)
    }

    /// Channels that people could answer by: whether they can, and why not where they should.
    fn chats(&self) -> Vec<Value> {
        let chat = |channel: &Channel| {
            let answers = channel.answers()?;
            Some(json!({ "channel": channel.name(), "two_way": answers == Ok(true), "why": answers.err() }))
        };
        self.channels.all().filter_map(chat).collect()
    }

    /// For each receiver what was given up since something last arrived there: how much, and why the last.
    fn given_up(&self) -> Vec<Value> {
        let mut arrived: BTreeMap<(String, String), Steady> = BTreeMap::new();
        for (when, sent) in self.desk.sent_when().unwrap_or_default() {
            arrived.insert((sent.channel, sent.to), when);
        }
        let mut given_up: BTreeMap<(String, String), (u64, String)> = BTreeMap::new();
        for (when, dead) in self.desk.dead_when().unwrap_or_default() {
            let receiver = (dead.letter.intent.channel, dead.letter.intent.to);
            if arrived.get(&receiver).is_none_or(|arrived| *arrived < when) {
                let of = given_up.entry(receiver).or_default();
                *of = (of.0 + 1, dead.why.as_str().to_owned());
            }
        }
        let shown =
            |((channel, to), (letters, why))| json!({ "channel": channel, "to": to, "letters": letters, "why": why });
        given_up.into_iter().map(shown).collect()
    }

    /// For each channel how many messages have waited for too long, and since when the oldest does.
    fn late(&self) -> Vec<Value> {
        let mut late: BTreeMap<String, (u64, i64)> = BTreeMap::new();
        for one in self.desk.waiting((self.clock)().now()) {
            if one.waits_ms > LONG_MS {
                let of = late.entry(one.letter.intent.channel).or_default();
                *of = (of.0 + 1, of.1.max(one.waits_ms));
            }
        }
        let shown =
            |(channel, (letters, waits_ms))| json!({ "channel": channel, "letters": letters, "waits_ms": waits_ms });
        late.into_iter().map(shown).collect()
    }
}

/// What a doctor says of the watch of a node, from the `watch` of its status.
pub fn findings(checkup: &Value) -> Vec<Finding> {
    let list = |name: &str| checkup[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let faults: Vec<String> = list("faults").iter().map(text).collect();
    let failing = checkup["failing"].as_u64().unwrap_or(0);
    let rules = match (faults.is_empty(), failing) {
        (false, _) => format!("left out: {}", faults.join("; ")),
        (true, 0) => "all are evaluated".to_owned(),
        (true, failing) => format!("{failing} can not be worked out"),
    };
    let mut findings = vec![Finding::check(
        "rules",
        faults.is_empty() && failing == 0,
        rules,
        "rules list says which and why; mend the file: it is read again within 10 s",
    )];
    let mut trouble = Vec::new();
    for dead in list("dead") {
        let (channel, to, why) = (text(&dead["channel"]), text(&dead["to"]), text(&dead["why"]));
        let to = if to.is_empty() { String::new() } else { format!(" to {to}") };
        trouble.push(format!("{channel}{to}: {} messages given up, the last for: {why}", dead["letters"]));
    }
    for late in list("late") {
        let minutes = late["waits_ms"].as_i64().unwrap_or(0) / 60_000;
        trouble.push(format!(
            "{}: {} messages wait, the oldest for {minutes} min",
            text(&late["channel"]),
            late["letters"]
        ));
    }
    if checkup["crowded"].as_bool().unwrap_or(false) {
        trouble
            .push("more alerts are open than are followed: of the rest nobody is told before some are over".to_owned());
    }
    let good = trouble.is_empty();
    let said = if good { text(&checkup["speaks"]) } else { trouble.join("; ") };
    let advice = "look at the channel: its server, password file and receivers; what waits is sent as soon as it works";
    findings.push(Finding::check("telling", good, said, advice));
    findings.extend(answers(&list("chats")));
    findings
}

/// Whether people can answer from where they are told, if they are told in chats.
fn answers(chats: &[Value]) -> Option<Finding> {
    let broken = chats.iter().filter(|chat| chat["why"].is_string()).count();
    let said = |chat: &Value| {
        let name = chat["channel"].as_str().unwrap_or_default();
        match (&chat["why"], chat["two_way"] == true) {
            (Value::String(why), _) => format!("{name}: {why}"),
            (_, true) => format!("{name}: two-way"),
            (_, false) => format!("{name}: one-way, it has no [channel.two_way]"),
        }
    };
    let said: Vec<String> = chats.iter().map(said).collect();
    let advice = "put the secret into the file that [channel.two_way] names; it is read anew each time";
    (!said.is_empty()).then(|| Finding::check("answers", broken == 0, said.join("; "), advice))
}
