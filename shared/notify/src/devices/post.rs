//! How does a message get to all of a person's devices?

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vigie_model::{Severity, UtcMs};
use vigie_outgoing::{Client, Guard};

use crate::channel::{Pushing, Subscription, asked_for, push_verdict, trial};
use crate::mind::{AlertId, Intent, Kind, Language, Notice, Outcome, Reply, Text, Whose, push_text, subject};

use super::{DEVICES_CHANNEL, Device, DeviceError, Devices, Push, new_receipt};

/// How long a push service may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whom push services turn to where a device's pages have no address of https.
const NOBODY: &str = "mailto:nobody@localhost";

/// What is known of people and incidents where they are kept.
pub trait Around: Send + Sync + 'static {
    /// The id of whom a schedule or a file means, if they are let in and may see all that a message tells.
    ///
    /// # Errors
    /// Why they are not told, in words for people.
    fn person(&self, to: &str, notice: &Notice) -> Result<String, String>;

    /// The incident of an alert, as its page is called.
    fn incident(&self, alert: AlertId) -> Option<String>;
}

/// Pushes to people's devices.
pub struct DevicePost {
    devices: Arc<Devices>,
    client: Client,
    around: OnceLock<Arc<dyn Around>>,
}

impl fmt::Debug for DevicePost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevicePost").finish_non_exhaustive()
    }
}

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceTried {
    /// Whether the push service took it.
    pub taken: bool,
    /// What it said.
    pub said: Text,
    /// How long that took.
    pub took: Duration,
}

impl DevicePost {
    /// Pushes only to where this guard lets it.
    pub fn new(devices: Arc<Devices>, guard: Guard) -> Self {
        Self { devices, client: Client::new(guard, PATIENCE), around: OnceLock::new() }
    }

    /// Says who knows people and incidents, once: before that everything waits.
    pub fn knows(&self, around: Arc<dyn Around>) {
        self.around.get_or_init(|| around);
    }

    /// The devices.
    pub fn devices(&self) -> &Arc<Devices> {
        &self.devices
    }

    /// Pushes to all devices of whom a message is to. It is told when one of them could be: what the others said stands
    /// with each of them.
    pub(crate) async fn send(&self, intent: &Intent, now: UtcMs) -> Outcome {
        let later = |why: &str| Outcome::Later { why: Text::new(why), after_ms: None, whose: Whose::Letter };
        let Some(around) = self.around.get() else { return later("this node does not know people yet") };
        let notice = &intent.notice;
        let person = match around.person(&intent.to, notice) {
            Ok(person) => person,
            Err(why) => return Outcome::Never(Text::new(&why)),
        };
        let devices: Vec<Device> = self.devices.of(&person).into_iter().filter(|one| one.gone_ms.is_none()).collect();
        if devices.is_empty() {
            return Outcome::Never(Text::new(&format!("{} has no device that can be pushed to", intent.to)));
        }
        let mut said = Vec::new();
        for device in &devices {
            said.push((device.name.as_str(), self.push(device, intent, now).await));
        }
        all_of(&said)
    }

    /// Pushes a test to one of somebody's devices.
    ///
    /// # Errors
    /// When theirs is none such.
    pub async fn test(&self, person: &str, id: &str, now: UtcMs) -> Result<DeviceTried, DeviceError> {
        let device = self.devices.of(person).into_iter().find(|one| one.id == id).ok_or(DeviceError::NotThere)?;
        let began = Instant::now();
        let intent = trial(DEVICES_CHANNEL, &device.id, device.language, now);
        let (taken, said) = match self.push(&device, &intent, now).await {
            Outcome::Taken(said) => (true, said),
            Outcome::Later { why, .. } | Outcome::Never(why) => (false, why),
        };
        Ok(DeviceTried { taken, said, took: began.elapsed() })
    }

    async fn push(&self, device: &Device, intent: &Intent, now: UtcMs) -> Outcome {
        let later = |why: &str| Outcome::Later { why: Text::new(why), after_ms: None, whose: Whose::Letter };
        let (word, receipt) = match new_receipt() {
            Ok(made) => made,
            Err(error) => return later(&error.to_string()),
        };
        let notice = Notice { language: device.language, ..intent.notice.clone() };
        let is_silent = device.is_quiet(now) && notice.severity < Severity::Critical;
        let body = self.body(device, &notice, &intent.thread.to_string(), &word, is_silent);
        let asked = self.devices.vapid().map_err(|error| error.to_string()).and_then(|vapid| {
            let pushing = Pushing {
                subscription: &Subscription::new(&device.endpoint, &device.p256dh, &device.auth),
                vapid: &vapid,
                contact: if device.origin.starts_with("https://") { &device.origin } else { NOBODY },
                urgency: if is_silent { "low" } else { Pushing::urgency(&notice) },
                ttl_s: Pushing::ttl_s(intent),
                topic: &intent.thread.to_string(),
            };
            pushing.ask(&device.name, &body, now)
        });
        let (outcome, is_gone) = match asked {
            Err(why) => return later(&why),
            Ok(ask) => match self.client.ask(ask).await {
                Err(why) => (later(&why), false),
                Ok(answer) => {
                    let said = String::from_utf8_lossy(&answer.body).trim().to_owned();
                    let reply = Reply { status: answer.status, said: &said, after_ms: asked_for(&answer, now) };
                    (push_verdict(&reply, &device.name), matches!(answer.status, 404 | 410))
                }
            },
        };
        let (taken, said) = match &outcome {
            Outcome::Taken(said) => (true, said),
            Outcome::Later { why, .. } | Outcome::Never(why) => (false, why),
        };
        let push = Push {
            key: intent.key.to_string(),
            receipt,
            at_ms: now.0,
            taken,
            said: said.as_str().to_owned(),
            displayed_ms: None,
        };
        if let Err(error) = self.devices.pushed(device, push, is_gone) {
            tracing::warn!(%error, device = device.id, "what a push service said could not be written down");
        }
        outcome
    }

    /// What the device shows: the shape of declarative web push, and what is our own below `vigie`.
    fn body(&self, device: &Device, notice: &Notice, thread: &str, receipt: &str, is_silent: bool) -> Vec<u8> {
        let line = notice.wrong.first().or(notice.over.first());
        let only = notice.wrong.len() == 1 && notice.more_wrong == 0 && notice.over.is_empty();
        let incident = line.and_then(|line| self.around.get()?.incident(line.alert));
        let page = match (&incident, notice.kind) {
            (_, Kind::Test) => format!("{}/devices", device.origin),
            (Some(id), _) if notice.wrong.len() + notice.over.len() == 1 => format!("{}/incidents/{id}", device.origin),
            _ => format!("{}/incidents", device.origin),
        };
        // What is over asks nobody for anything, and of several nobody knows which is meant.
        let acknowledges =
            incident.is_some() && only && matches!(notice.kind, Kind::Firing | Kind::Escalated | Kind::Cut);
        let (language, word) = match device.language {
            Language::English => ("en", "Acknowledge"),
            Language::French => ("fr", "Acquitter"),
        };
        let actions = if acknowledges {
            json!([{ "action": "acknowledge", "title": word, "navigate": page }])
        } else {
            json!([])
        };
        let mut own = json!({ "kind": notice.kind.word(), "severity": notice.severity.as_str(), "receipt": receipt });
        if let Some(id) = incident.filter(|_| only) {
            own["alert"] = Value::String(id);
        }
        Pushing::fitted(
            notice,
            json!({
                "web_push": 8030,
                "notification": {
                    "title": subject(notice), "body": "", "navigate": page, "lang": language, "tag": thread,
                    "silent": is_silent, "require_interaction": notice.severity == Severity::Critical, "actions": actions,
                },
                "mutable": true,
                "vigie": own,
            }),
            |body, text| body["notification"]["body"] = Value::String(text),
            push_text,
        )
    }
}

/// One that took it is enough for it to be told; where none did, whoever may still take it is asked again.
fn all_of(said: &[(&str, Outcome)]) -> Outcome {
    let taken = said.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Taken(_))).count();
    let word = |(name, outcome): &(&str, Outcome)| match outcome {
        Outcome::Taken(said) => format!("{name}: {said}"),
        Outcome::Later { why, .. } | Outcome::Never(why) => format!("{name}: {why}"),
    };
    let words = said.iter().map(word).collect::<Vec<_>>().join("; ");
    let text = Text::new(&words);
    if taken > 0 {
        return Outcome::Taken(text);
    }
    let waits = said.iter().filter_map(|(_, outcome)| match outcome {
        Outcome::Later { after_ms, .. } => Some(*after_ms),
        Outcome::Taken(_) | Outcome::Never(_) => None,
    });
    match waits.min() {
        Some(after_ms) => Outcome::Later { why: text, after_ms, whose: Whose::Letter },
        None => Outcome::Never(text),
    }
}
