//! How does telling people go, for who looks at it?

use vigie_alerts::Alert;
use vigie_model::{NodeId, Slug, UtcMs};
use vigie_notify::{AlertId, Channels, Letter, LetterId, NotMoved, NotSent, Text, subject};
use vigie_serve::{Message, Stamp, Telling, Undecided};

use crate::mutes::place_of;
use crate::watchman::{Watchman, lock};

/// Messages that are shown of those that were sent.
const SENT: usize = 100;

impl Watchman {
    pub(crate) fn telling_shown(&self) -> Telling {
        let waiting = self.desk.waiting((self.clock)().now());
        let waiting = waiting.iter().map(|one| message(&one.letter, one.next_at, one.letter.why.as_ref()));
        let dead = self.desk.dead().unwrap_or_default();
        let dead = dead.iter().map(|dead| message(&dead.letter, dead.at, Some(&dead.why)));
        let sent = self.desk.sent().unwrap_or_default();
        let latest = &sent[sent.len().saturating_sub(SENT)..];
        let sent = latest.iter().map(|sent| Message {
            id: sent.id.to_string(),
            key: sent.key.to_string(),
            route: sent.route.clone(),
            channel: sent.channel.clone(),
            to: sent.to.clone(),
            subject: sent.kind.word().to_owned(),
            at: Stamp(sent.at),
            tries: sent.attempts,
            said: sent.said.as_str().to_owned(),
            displayed_at: self.displayed_at(&sent.key.to_string()),
        });
        let (always, speaks) = self.speaks();
        Telling {
            routes: self.desk.routes().1.len(),
            always,
            speaks,
            waiting: waiting.collect(),
            sent: sent.collect(),
            dead: dead.collect(),
            cuts: self.cuts_shown(),
        }
    }

    /// What somebody has sent now.
    pub(crate) fn message_again(&self, id: &str) -> Result<Message, Undecided> {
        let now = (self.clock)().now();
        let letter = self.desk.send_again(letter_named(id)?, now).map_err(undecided)?;
        Ok(message(&letter, now.utc, letter.why.as_ref()))
    }

    /// What somebody does not want to be sent.
    pub(crate) fn message_called_off(&self, id: &str) -> Result<Message, Undecided> {
        let now = (self.clock)().now();
        let letter = self.desk.call_off(letter_named(id)?, now).map_err(undecided)?;
        Ok(message(&letter, now.utc, letter.why.as_ref()))
    }

    /// When a device said that it has shown a message.
    pub(crate) fn displayed_at(&self, key: &str) -> Option<Stamp> {
        Some(Stamp(UtcMs(self.channels.devices()?.shown_at(key)?)))
    }

    /// Every incident, by the alert that messages name and as its page is called.
    pub fn alerts_told(&self) -> Vec<(AlertId, String)> {
        let register = lock(&self.register);
        self.with_teller(|teller| {
            let told = |alert: &Alert| Some((teller.instance(alert)?.alert, alert.place.id.to_string()));
            register.book.alerts().filter_map(told).collect()
        })
    }

    /// The channels by which this node tells.
    pub fn channels(&self) -> &Channels {
        &self.channels
    }

    /// The incident of an alert that is told of, as its page is called.
    pub fn incident_of(&self, told: AlertId) -> Option<String> {
        self.at_told(told, |alert| Some(alert.place.id.to_string()))
    }

    /// The machine that an alert is about of which is told, with its place; nothing where it is about none, or about several.
    pub fn machine_of(&self, told: AlertId) -> Option<(Slug, Slug, NodeId)> {
        self.at_told(told, |alert| {
            let machine = alert.about.as_ref()?.labels.get("machine_id")?.parse().ok()?;
            let (client, site) = place_of(&alert.place.scope);
            Some((client?.clone(), site?.clone(), machine))
        })
    }

    fn at_told<T>(&self, told: AlertId, what: impl FnOnce(&Alert) -> Option<T>) -> Option<T> {
        let register = lock(&self.register);
        self.with_teller(|teller| {
            let is_it = |alert: &&Alert| teller.instance(alert).is_some_and(|instance| instance.alert == told);
            // What is open is meant, and of several what began first; of what is over the newest. An id begins with its time.
            let its: Vec<&Alert> = register.book.alerts().filter(is_it).collect();
            let open = its.iter().filter(|alert| alert.is_open()).min_by_key(|alert| alert.place.id);
            what(open.or_else(|| its.iter().max_by_key(|alert| alert.place.id))?)
        })
    }
}

fn message(letter: &Letter, at: UtcMs, why: Option<&Text>) -> Message {
    Message {
        id: letter.id().to_string(),
        key: letter.intent.key.to_string(),
        route: letter.intent.route.clone(),
        channel: letter.intent.channel.clone(),
        to: letter.intent.to.clone(),
        subject: subject(&letter.intent.notice),
        at: Stamp(at),
        tries: letter.attempts,
        said: why.map(|why| why.as_str().to_owned()).unwrap_or_default(),
        displayed_at: None,
    }
}

const NONE: Undecided = Undecided::NotHere("such message that waits or was given up");

/// As it is shown: thirty-two hexadecimal digits.
fn letter_named(id: &str) -> Result<LetterId, Undecided> {
    let mut bytes = [0; 16];
    for (at, byte) in bytes.iter_mut().enumerate() {
        let digits = id.get(at * 2..at * 2 + 2).filter(|_| id.len() == 32).ok_or(NONE)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| NONE)?;
    }
    Ok(vigie_notify::Digest16(bytes))
}

fn undecided(not: NotSent) -> Undecided {
    let senseless = |text: &str| Undecided::Senseless(text.to_owned());
    match not {
        NotSent::NotMoved(NotMoved::Unknown) => NONE,
        NotSent::NotMoved(NotMoved::UnderWay) => senseless("the message is under way: look again in a moment"),
        NotSent::NotMoved(NotMoved::NoRoom) => senseless("too many messages wait: wait until some are gone"),
        NotSent::Read(error) => Undecided::NotKept(error.to_string()),
        NotSent::NotWritten(error) => Undecided::NotKept(error.to_string()),
    }
}
