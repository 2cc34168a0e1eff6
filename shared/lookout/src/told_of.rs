//! Who was told of one incident, for who looks at it?

use vigie_alerts::Alert;
use vigie_merge::Ulid;
use vigie_model::UtcMs;
use vigie_notify::{DeadLetter, Facts, Letter, OfAlert, SentLetter, Standing, Times};
use vigie_serve::{MessageOf, MessageState, RouteOf, RouteStands, Stamp, ToldOf, Undecided};

use crate::watchman::{Watchman, lock};

/// Messages that are shown of one incident.
const MOST: usize = 200;

impl Watchman {
    pub(crate) fn told_of_incident(&self, id: &str) -> Result<ToldOf, Undecided> {
        let none = Undecided::NotHere("such incident");
        let asked = {
            let register = lock(&self.register);
            let alert = Ulid::read(id).and_then(|id| register.book.alert(id)).ok_or(none)?;
            self.with_teller(|teller| {
                let facts = teller.facts(alert)?;
                let instance = teller.instance(alert)?;
                Some((times(alert, instance.alert)?, facts))
            })
        };
        // Only decisions of it have arrived: nobody can have been told.
        let Some((times, facts)) = asked else { return Ok(ToldOf::default()) };
        self.told_of_times(&times, &facts)
    }

    fn told_of_times(&self, times: &Times, facts: &Facts) -> Result<ToldOf, Undecided> {
        let now = (self.clock)().now();
        let known = self.desk.of_alert(times, facts, now).map_err(|error| Undecided::NotKept(error.to_string()))?;
        let OfAlert { waiting, sent, dead, routes, known_since } = known;
        let sent = sent.into_iter().map(|one| {
            let shown = self.displayed_at(&one.key.to_string());
            MessageOf { displayed_at: shown, ..arrived(one) }
        });
        let waiting = waiting.iter().map(|one| message(&one.letter, MessageState::Waiting, one.next_at));
        let mut messages: Vec<MessageOf> = sent.chain(dead.into_iter().map(given_up)).chain(waiting).collect();
        messages.sort_by_key(|one| one.at.ms());
        let earlier = messages.len().saturating_sub(MOST);
        messages.drain(..earlier);
        let route = |one: vigie_notify::RouteStanding| RouteOf {
            route: one.route,
            standing: stands(one.standing),
            until: one.until.map(Stamp),
        };
        Ok(ToldOf {
            messages,
            earlier,
            routes: routes.into_iter().map(route).collect(),
            known_since: (known_since > times.from).then_some(Stamp(known_since)),
        })
    }
}

/// All times of this incident, and none of another one about the same thing.
fn times(alert: &Alert, of: vigie_notify::AlertId) -> Option<Times> {
    let about = alert.about.as_ref()?;
    Some(Times { alert: of, from: about.began, to: about.since })
}

fn arrived(sent: SentLetter) -> MessageOf {
    MessageOf {
        id: sent.id.to_string(),
        state: MessageState::Sent,
        kind: sent.kind.word().to_owned(),
        route: sent.route,
        channel: sent.channel,
        to: named(sent.to),
        at: Stamp(sent.at),
        tries: sent.attempts,
        said: named(sent.said.as_str().to_owned()),
        displayed_at: None,
    }
}

fn given_up(dead: DeadLetter) -> MessageOf {
    MessageOf { said: named(dead.why.as_str().to_owned()), ..message(&dead.letter, MessageState::Dead, dead.at) }
}

fn message(letter: &Letter, state: MessageState, at: UtcMs) -> MessageOf {
    MessageOf {
        id: letter.id().to_string(),
        state,
        kind: letter.intent.notice.kind.word().to_owned(),
        route: letter.intent.route.clone(),
        channel: letter.intent.channel.clone(),
        to: named(letter.intent.to.clone()),
        at: Stamp(at),
        tries: letter.attempts,
        said: letter.why.as_ref().and_then(|why| named(why.as_str().to_owned())),
        displayed_at: None,
    }
}

fn named(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn stands(standing: Standing) -> RouteStands {
    match standing {
        Standing::Told => RouteStands::Told,
        Standing::Elsewhere => RouteStands::Elsewhere,
        Standing::Known => RouteStands::Known,
        Standing::Muted => RouteStands::Muted,
        Standing::BehindCut => RouteStands::BehindCut,
        Standing::Held => RouteStands::Held,
        Standing::Waits => RouteStands::Waits,
        Standing::Nothing => RouteStands::Nothing,
    }
}
