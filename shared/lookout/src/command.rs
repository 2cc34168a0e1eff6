//! What the command line asks of a running node, at its local socket: who may open that is trusted with the node, and says
//! in whose name they decide.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use vigie_model::{Slug, UtcMs};
use vigie_node::Failed;
use vigie_query::{Halt, Limits, Stop};
use vigie_serve::{AvailabilityWish, Decision, Incidents, MuteWish, Powers, RuleOrigin, RuleSource, Stamp, Undecided};
use vigie_watch::{Flaps, Group, Settings, Span, backtest};

use crate::rulebook::{self, ApplyError};
use crate::watchman::{Watchman, lock};

/// How long a back-test may take: the socket is listened at for a little longer.
const PAST_TAKES: Duration = Duration::from_secs(15);

/// Episodes that a back-test tells one by one.
const EPISODES: usize = 50;

/// What can be asked.
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
enum Request {
    Incidents,
    Incident { id: String },
    Decide { id: String, word: String, text: String, until_ms: Option<i64>, by: String },
    Rules,
    RulesHere { name: String, text: String },
    RulesPast { name: String, text: String, ms: i64, step_ms: i64 },
    Mutes,
    Mute { wish: MuteWish, by: String },
    MutePreview { wish: MuteWish },
    MuteEnd { id: String, by: String },
    Telling,
    Availability { client: Option<Slug>, site: Option<Slug>, from_ms: i64, to_ms: i64 },
}

/// The words that begin a request which this room answers.
const ASKS: [&str; 12] = [
    "incidents",
    "incident",
    "decide",
    "rules",
    "rules-here",
    "rules-past",
    "mutes",
    "mute",
    "mute-preview",
    "mute-end",
    "telling",
    "availability",
];

/// Answers a request at the local socket; nothing where it is not about alerts.
pub async fn answer(watchman: &Arc<Watchman>, request: &Value) -> Option<Result<Value, Failed>> {
    if let Some(answer) = crate::ruling::command::answer(watchman, request).await {
        return Some(answer);
    }
    let ask = request["ask"].as_str().filter(|ask| ASKS.contains(ask))?;
    tracing::debug!(ask, "asked at the local socket");
    let request: Request = match read(request) {
        Ok(request) => request,
        Err(failed) => return Some(Err(failed)),
    };
    let watchman = watchman.clone();
    let done = tokio::task::spawn_blocking(move || watchman.carry_out(request)).await;
    Some(done.unwrap_or_else(|_| Err(Failed::new(1, "it failed by an error of ours; look at the node's log"))))
}

/// What somebody asks, if it is a request.
pub(crate) fn read<T: serde::de::DeserializeOwned>(request: &Value) -> Result<T, Failed> {
    let wrong = |error| Failed::new(2, format!("not a request: {error}; nothing was changed"));
    serde_json::from_value(request.clone()).map_err(wrong)
}

impl Watchman {
    fn carry_out(&self, request: Request) -> Result<Value, Failed> {
        match request {
            Request::Incidents => {
                Ok(json!({ "incidents": self.incidents(), "cuts": self.cuts(), "changes": self.changes() }))
            }
            Request::Incident { id } => {
                let none = || Failed::new(5, format!("there is no incident {id:?} here; `alerts list` shows them"));
                self.incident(&id).map(|one| json!(one)).ok_or_else(none)
            }
            Request::Decide { id, word, text, until_ms, by } => {
                let decision = decision(&word, text, until_ms)?;
                self.decide(&id, decision, &by).map(|one| json!(one)).map_err(|error| undecided(&error))
            }
            Request::Rules => {
                let faults = lock(&self.found).rulebook.faults.clone();
                let folder = self.watching.rules.display().to_string();
                let (always, speaks) = self.speaks();
                Ok(json!({ "groups": self.rules(), "folder": folder, "faults": faults, "always": always,
                    "speaks": speaks }))
            }
            Request::RulesHere { name, text } => self.apply_here(&name, &text),
            Request::RulesPast { name, text, ms, step_ms } => self.past(&name, &text, ms, step_ms),
            Request::Mutes => Ok(json!(self.mutes())),
            Request::Mute { wish, by } => {
                self.mute(&self.at_home(wish)?, &by).map(|mute| json!(mute)).map_err(|error| undecided(&error))
            }
            Request::MutePreview { wish } => {
                self.preview(&self.at_home(wish)?).map(|preview| json!(preview)).map_err(|error| undecided(&error))
            }
            Request::MuteEnd { id, by } => {
                self.end_mute(&id, &by).map(|mute| json!(mute)).map_err(|error| undecided(&error))
            }
            Request::Telling => Ok(json!(self.telling())),
            Request::Availability { client, site, from_ms, to_ms } => {
                let wish = AvailabilityWish { seen: Powers::all(), client, site, from_ms, to_ms };
                self.availability(&wish).map(|found| json!(found)).map_err(|error| undecided(&error))
            }
        }
    }

    /// A relay mutes at its own site.
    fn at_home(&self, mut wish: MuteWish) -> Result<MuteWish, Failed> {
        let Some((client, site)) = &self.home else { return Ok(wish) };
        let is_other = |said: &Option<Slug>, own| said.as_ref().is_some_and(|said| said != own);
        if is_other(&wish.client, client) || is_other(&wish.site, site) {
            let text = format!("a relay mutes at its own site alone, {client}/{site}; nothing was changed");
            return Err(Failed::new(2, text));
        }
        (wish.client, wish.site) = (Some(client.clone()), Some(site.clone()));
        Ok(wish)
    }

    pub(crate) fn settings(&self) -> Settings {
        lock(&self.judging).settings.clone()
    }

    /// Puts a file into this node's own folder.
    fn apply_here(&self, name: &str, text: &str) -> Result<Value, Failed> {
        let new = rulebook::check(name, text, &self.settings()).map_err(refused)?;
        let rulebook = lock(&self.found).rulebook.clone();
        let is_old = |origin: &RuleOrigin, file: &str| origin.source == RuleSource::File && file == name;
        let old = rulebook.groups.iter().filter(|(file, _, origin)| is_old(origin, file)).map(|(_, group, _)| group);
        let changes = differences(&by_name(old), &by_name(new.iter()));
        rulebook::put(&self.watching.rules, name, text, &self.settings()).map_err(refused)?;
        self.reload();
        Ok(json!({ "file": self.watching.rules.join(name).display().to_string(), "changes": changes }))
    }

    /// What these rules would have done here.
    fn past(&self, name: &str, text: &str, ms: i64, step_ms: i64) -> Result<Value, Failed> {
        let groups = rulebook::check(name, text, &self.settings()).map_err(refused)?;
        let until = Instant::now() + PAST_TAKES;
        let stop = Stop::when(move || (Instant::now() > until).then_some(Halt::TimedOut));
        let settings = Settings { limits: Limits { stop, ..Limits::usual() }, ..self.settings() };
        let now_ms = self.utc().0;
        let span = Span { from_ms: now_ms.saturating_sub(ms.max(0)), until_ms: now_ms, step_ms };
        let history = backtest(&groups, &settings, self.sight.source(), span, Flaps::default())?;
        let stamp = |ms: i64| Stamp(UtcMs(ms));
        let fired = history.episodes.iter().filter(|episode| episode.fired_ms.is_some());
        let told: Vec<Value> = fired
            .clone()
            .take(EPISODES)
            .map(|episode| {
                let labels: BTreeMap<_, _> = episode.labels.iter().collect();
                json!({ "rule": episode.rule.to_string(), "labels": labels, "severity": episode.severity,
                    "fired": episode.fired_ms.map(stamp), "ended": episode.ended_ms.map(stamp) })
            })
            .collect();
        Ok(json!({ "fired": fired.count() + history.more_episodes, "notices": history.notices,
            "flapped": history.flapped, "reached": history.reached_ms.map(stamp), "from": stamp(span.from_ms),
            "whole": history.halted.is_none(), "episodes": told,
            "failures": history.failures.iter().map(|one| format!("{}: {}", one.rule, one.why)).collect::<Vec<_>>() }))
    }
}

fn decision(word: &str, text: String, until_ms: Option<i64>) -> Result<Decision, Failed> {
    match (word, until_ms) {
        ("acknowledge", _) => Ok(Decision::Acknowledge(text)),
        ("unacknowledge", _) => Ok(Decision::Unacknowledge),
        ("assign", _) => Ok(Decision::Assign(text)),
        ("comment", _) => Ok(Decision::Comment(text)),
        ("snooze", Some(until)) => Ok(Decision::Snooze(Stamp(UtcMs(until)))),
        ("wake", _) => Ok(Decision::Wake),
        ("resolve", _) => Ok(Decision::Resolve(text)),
        _ => Err(Failed::new(2, format!("{word:?} is no decision; nothing was changed"))),
    }
}

pub(crate) fn undecided(error: &Undecided) -> Failed {
    let code = match error {
        Undecided::NotHere(_) => 5,
        Undecided::Senseless(_) => 2,
        Undecided::Changed | Undecided::NotKept(_) => 1,
    };
    Failed::new(code, error.to_string())
}

fn refused(error: ApplyError) -> Failed {
    let code = if matches!(error, ApplyError::Folder { .. }) { 1 } else { 2 };
    Failed::new(code, format!("{error}\nnothing was changed"))
}

/// Rules by what they are called, each as it would be written.
fn by_name<'g>(groups: impl Iterator<Item = &'g Group>) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for group in groups {
        for rule in &group.rules {
            let one = Group { rules: vec![rule.clone()], ..group.clone() };
            let name = format!("{}/{}", group.name, rule.name);
            *all.entry(name).or_default() += &vigie_watch::write_rules(std::slice::from_ref(&one));
        }
    }
    all
}

fn differences(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<String> {
    let gone = old.keys().filter(|name| !new.contains_key(*name)).map(|name| format!("- {name}"));
    let come = new.iter().filter_map(|(name, text)| match old.get(name) {
        None => Some(format!("+ {name}")),
        Some(before) if before != text => Some(format!("~ {name}")),
        Some(_) => None,
    });
    gone.chain(come).collect()
}
