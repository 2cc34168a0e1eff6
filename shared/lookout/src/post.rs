//! How does telling people go, for who looks at it?

use vigie_model::UtcMs;
use vigie_notify::{Text, subject};
use vigie_serve::{Message, Stamp, Telling};

use crate::watchman::Watchman;

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
            key: sent.key.to_string(),
            route: sent.route.clone(),
            channel: sent.channel.clone(),
            to: sent.to.clone(),
            subject: sent.kind.word().to_owned(),
            at: Stamp(sent.at),
            tries: sent.attempts,
            said: sent.said.as_str().to_owned(),
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
}

fn message(letter: &vigie_notify::Letter, at: UtcMs, why: Option<&Text>) -> Message {
    Message {
        key: letter.intent.key.to_string(),
        route: letter.intent.route.clone(),
        channel: letter.intent.channel.clone(),
        to: letter.intent.to.clone(),
        subject: subject(&letter.intent.notice),
        at: Stamp(at),
        tries: letter.attempts,
        said: why.map(|why| why.as_str().to_owned()).unwrap_or_default(),
    }
}
