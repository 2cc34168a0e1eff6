//! Who decides from a chat, of what, and what is answered?
//!
//! Whoever the chat names counts for nobody until the hub's own file says who that is; then they may there what they may
//! everywhere, and no more than the channel may. What is not theirs is answered as if it were not there. What they decide goes
//! the way of every decision: durable, with a line in the audit that says by which chat.

mod came;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Handle;
use tracing::{info, warn};
use vigie_lookout::Watchman;
use vigie_model::UtcMs;
use vigie_node::NodeClock;
use vigie_notify::{
    Answered as Outcome, Button, Channel, FRESH_MS, Language, Order, Ordered, Press, Pressed, Text, TwoWay, Written,
    card, code_of, ephemeral, is_meant, name_in, slack_signed, teams_signed,
};
use vigie_people::{Email, Powers, Right};
use vigie_serve::{Chat, ChatRequest, Chats, Decision, Incident, IncidentState, Incidents, People, Stamp};

use self::came::Came;
use crate::people::{Acting, Register};
use crate::repeats::Answered;

/// For how long a button keeps its incident quiet.
const SNOOZE_MS: i64 = 3_600_000;

/// When a message that could not be changed is tried again.
const AGAIN_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// The chats of this hub.
pub(crate) struct Answering {
    watchman: Arc<Watchman>,
    people: Arc<Register>,
    came: Came,
    clock: NodeClock,
    runtime: Handle,
    /// One at a time: what comes twice at once is seen to be the same.
    turn: Mutex<()>,
}

/// Who decides.
struct Whom {
    /// As rows and audit call them.
    name: String,
    /// By what they answered; as the chat calls them only where nobody else calls them anything: a person who is erased
    /// leaves no name of theirs behind.
    from: String,
    by: &'static str,
    /// What they may, where they are somebody here; what the channel may otherwise.
    powers: Option<Powers>,
}

/// Somebody, as a chat says them.
#[derive(Clone, Copy)]
struct Said<'a> {
    /// For good.
    user: &'a str,
    /// Now.
    name: &'a str,
    chat: &'a str,
    by: &'static str,
}

impl Answering {
    /// Where a channel is two-way; nothing otherwise. From within a runtime.
    pub(crate) fn of(
        watchman: Arc<Watchman>,
        people: Arc<Register>,
        answered: Arc<Answered>,
        clock: NodeClock,
    ) -> Option<Arc<dyn Chats>> {
        let is_any = watchman.channels().all().any(|channel| channel.two_way().is_some());
        let runtime = Handle::current();
        let came = Came { answered, clock: clock.clone() };
        is_any.then(|| Arc::new(Self { watchman, people, came, clock, runtime, turn: Mutex::default() }) as _)
    }

    fn two_way(&self, chat: Chat, channel: &str) -> Option<&TwoWay> {
        let two_way = self.watchman.channels().get(channel).and_then(Channel::two_way)?;
        (two_way.is_slack() == (chat == Chat::Slack)).then_some(two_way)
    }

    fn slack(&self, request: &ChatRequest, two_way: &TwoWay) -> Option<Value> {
        let key = two_way.key().map_err(|why| warn!(why, "a chat can not be answered")).ok()?;
        let (signed, now) = ((request.signature.as_str(), request.at.as_str()), self.now());
        if let Err(age_ms) = slack_signed(&key, signed, &request.body, now) {
            if let Some(age_ms) = age_ms {
                warn!(
                    channel = request.channel,
                    age_ms, "Slack's request is of another time: a replay, or a clock is wrong"
                );
            }
            return None;
        }
        let turn = self.turn();
        // One app has one secret, and may be answered at the address of any of its channels.
        self.came.is_first(&request.channel, &["request", &request.signature], 2 * FRESH_MS)?;
        // What is pressed beside our buttons, and a link, want nothing.
        let press = Press::read(&request.body).filter(|press| press.pressed != Pressed::Open);
        let Some(press) = press else { return Some(Value::Null) };
        // An app has one address for all its channels: the button says by which it was sent, and only the same secret opens it.
        let sender = Button::read(&press.value).map(|button| button.channel).unwrap_or_default();
        let sender = self.two_way(Chat::Slack, &sender).filter(|sender| sender.key().is_ok_and(|own| own.is(&key)));
        let button = sender.and_then(|sender| Some((sender, Button::opened(&press.value, &key)?)));
        let Some((two_way, button)) = button else {
            self.reply(&request.channel, press.answer_to, ephemeral(&Outcome::NotThere.said(Language::English)));
            return Some(Value::Null);
        };
        if self.came.was_done(&["press", &press.once])? {
            return Some(Value::Null);
        }
        let outcome = self.pressed(&press, &button, two_way);
        self.came.done(&button.channel, &["press", &press.once]);
        drop(turn);
        let said = outcome.said(button.language);
        let is_done = matches!(outcome, Outcome::Acknowledged { .. } | Outcome::Snoozed { .. });
        let changed = press.rewritten(&said).filter(|_| is_done);
        self.reply(&button.channel, press.answer_to, changed.unwrap_or_else(|| ephemeral(&said)));
        Some(Value::Null)
    }

    fn pressed(&self, press: &Press, button: &Button, two_way: &TwoWay) -> Outcome {
        let said = Said { user: &press.user, name: press.name.as_str(), chat: "Slack", by: "slack" };
        let whom = match self.who(two_way, &said, &format!("route {}", button.route), &button.channel) {
            Ok(whom) => whom,
            Err(stranger) => return stranger,
        };
        let incident = self.watchman.incident_of(button.alert).and_then(|id| self.watchman.incident(&id));
        let Some(incident) = incident.filter(|incident| self.sees(two_way, &whom, incident)) else {
            return Outcome::NotThere;
        };
        // Messages keep their buttons for ever: what began after this one was sent is another trouble, which nobody has seen here.
        let began = incident.learnt_at.ms().max(incident.since.map_or(i64::MIN, |since| since.ms()));
        if press.sent_ms.is_some_and(|sent| began > sent.saturating_add(FRESH_MS)) {
            return Outcome::Over(None);
        }
        match press.pressed {
            Pressed::Acknowledge => self.decide(&whom, &incident, Order::Acknowledge(String::new())),
            Pressed::Snooze | Pressed::Open => self.decide(&whom, &incident, Order::Snooze(SNOOZE_MS / 60_000)),
        }
    }

    fn teams(&self, request: &ChatRequest, two_way: &TwoWay) -> Option<Value> {
        let key = two_way.key().map_err(|why| warn!(why, "a chat can not be answered")).ok()?;
        if !teams_signed(&key, &request.signature, &request.body) {
            return None;
        }
        let written = Written::read(&request.body)?;
        if !written.is_fresh(self.now()) {
            warn!(channel = request.channel, "Teams' request is of another time: a replay, or a clock is wrong");
            return None;
        }
        let _turn = self.turn();
        self.came.is_first(&request.channel, &["line", &request.channel, &written.once], 2 * FRESH_MS)?;
        let ordered = Ordered::read(&written.said);
        let language = written.language.or(ordered.language).unwrap_or_default();
        let (outcome, about) = match ordered.order {
            Some((code, order)) => self.ordered((&code, order), &written, &request.channel, two_way),
            None => (Outcome::Help, None),
        };
        let about = about.map(|incident| {
            let machine = incident.machine.map(|machine| format!(" · {machine}")).unwrap_or_default();
            Text::new(&format!("{}{machine}", incident.summary)).to_string()
        });
        let lines: Vec<String> = std::iter::once(outcome.said(language)).chain(about).collect();
        Some(card(&lines, None))
    }

    fn ordered(
        &self,
        (code, order): (&str, Order),
        written: &Written,
        channel: &str,
        two_way: &TwoWay,
    ) -> (Outcome, Option<Incident>) {
        let said = Said { user: &written.user, name: written.name.as_str(), chat: "Teams", by: "teams" };
        let whom = match self.who(two_way, &said, &format!("channel {channel}"), channel) {
            Ok(whom) => whom,
            Err(stranger) => return (stranger, None),
        };
        let named = self.watchman.alerts_told().into_iter().filter(|(alert, _)| is_meant(code, *alert));
        let named = named.filter_map(|(alert, id)| Some((alert, self.watchman.incident(&id)?)));
        let mut named: Vec<_> = named.filter(|(_, incident)| self.sees(two_way, &whom, incident)).collect();
        if named.iter().any(|(_, incident)| is_open(incident)) {
            named.retain(|(_, incident)| is_open(incident));
            // Of what is open of one thing what began first is meant: no code tells them apart.
            named.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
            let mut met = BTreeSet::new();
            named.retain(|(alert, _)| met.insert(*alert));
        } else {
            // Of what is over the newest is meant: an id begins with its time.
            named.sort_by(|(_, one), (_, other)| other.id.cmp(&one.id));
            named.truncate(1);
        }
        if named.len() > 1 {
            return (Outcome::Several(named.into_iter().map(|(alert, _)| code_of(alert)).collect()), None);
        }
        let Some((_, incident)) = named.pop() else { return (Outcome::NotThere, None) };
        (self.decide(&whom, &incident, order), Some(incident))
    }

    /// Who somebody is here whom the chat calls so.
    fn who(&self, two_way: &TwoWay, said: &Said<'_>, way: &str, channel: &str) -> Result<Whom, Outcome> {
        let Said { user, name, chat, by } = *said;
        let stranger = || Outcome::Stranger { user: Text::new(user).to_string(), channel: channel.to_owned() };
        let Some(email) = two_way.person(user) else {
            let name = name_in(chat, name, way);
            let in_its_name = Whom { from: name.clone(), name, by, powers: None };
            return if two_way.lets_strangers() { Ok(in_its_name) } else { Err(stranger()) };
        };
        let directory = self.people.directory();
        let email: Option<Email> = email.parse().ok();
        let person = email.and_then(|email| directory.person_of(&email)).filter(|person| !person.disabled);
        let person = person.ok_or_else(stranger)?;
        let (name, from) = (person.email.to_string(), format!("{chat}, {way}"));
        Ok(Whom { name, from, by, powers: Some(directory.powers_of(&person.id)) })
    }

    /// Whether an incident is there for them: what the channel decides of, and where they look.
    fn sees(&self, two_way: &TwoWay, whom: &Whom, incident: &Incident) -> bool {
        let marks = self.watchman.marks();
        let may = |powers: &Powers| powers.may(Right::Look, incident.at(&marks));
        two_way.is_of(incident.client.as_ref()) && whom.powers.as_ref().is_none_or(may)
    }

    /// Decides in somebody's name of what they see.
    fn decide(&self, whom: &Whom, incident: &Incident, order: Order) -> Outcome {
        let marks = self.watchman.marks();
        if whom.powers.as_ref().is_some_and(|powers| !powers.may(Right::Decide, incident.at(&marks))) {
            return Outcome::NoRight;
        }
        if !is_open(incident) && !matches!(order, Order::Comment(_)) {
            return Outcome::Over(incident.ended.map(|at| UtcMs(at.ms())));
        }
        let (by, now) = (whom.name.clone(), self.now());
        let (decision, outcome) = match order {
            Order::Acknowledge(note) => (Decision::Acknowledge(note), Outcome::Acknowledged { by, at: now }),
            Order::Comment(text) => (Decision::Comment(text), Outcome::Commented { by, at: now }),
            Order::Snooze(minutes) => {
                let until = UtcMs(now.0.saturating_add(minutes.saturating_mul(60_000)));
                (Decision::Snooze(Stamp(until)), Outcome::Snoozed { by, until })
            }
        };
        let Some(scribe) = self.people.scribe() else {
            return Outcome::NotKept("there is no audit yet; nothing was changed".to_owned());
        };
        let acting = Acting { name: whom.name.clone(), who: whom.name.clone(), by: whom.by, from: whom.from.clone() };
        match scribe.acting(acting, || self.watchman.decide(&incident.id, decision, &whom.name)) {
            Ok(_) => {
                info!(incident = incident.id, by = whom.from, "decided from a chat");
                outcome
            }
            Err(undecided) => Outcome::NotKept(undecided.to_string()),
        }
    }

    /// Answers where Slack said, later: it waits for three seconds and no more.
    fn reply(&self, channel: &str, to: String, what: Value) {
        let (watchman, channel) = (self.watchman.clone(), channel.to_owned());
        self.runtime.spawn(async move {
            let Some(two_way) = watchman.channels().get(&channel).and_then(Channel::two_way) else { return };
            for after in AGAIN_AFTER.into_iter().map(Some).chain([None]) {
                let Err(why) = two_way.answer(&to, &what).await else { return };
                match after {
                    Some(after) => tokio::time::sleep(after).await,
                    None => warn!(channel, why, "a message in Slack could not be changed; what was decided stands"),
                }
            }
        });
    }

    fn now(&self) -> UtcMs {
        self.clock.now().utc
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Chats for Answering {
    fn hears(&self, chat: Chat, channel: &str) -> bool {
        // Whether its secret can be read is seen by who has a turn: anybody may knock here.
        self.two_way(chat, channel).is_some()
    }

    fn answer(&self, request: &ChatRequest) -> Option<Value> {
        let two_way = self.two_way(request.chat, &request.channel)?;
        match request.chat {
            Chat::Slack => self.slack(request, two_way),
            Chat::Teams => self.teams(request, two_way),
        }
    }
}

fn is_open(incident: &Incident) -> bool {
    incident.standing != IncidentState::Resolved
}
