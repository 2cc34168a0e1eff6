//! How does somebody see what another person sees?

use serde_json::json;

use super::{Asking, done, notes_on};
use crate::order::{Answer, Done, Refused, SignedIn};
use crate::person::{Looked, MOST_LOOKED};
use crate::secret::Kept;
use crate::session::LONGEST_SEEN_MINUTES;
use crate::{Change, Id, Person, Right, Scope, Seen, Session, SessionShown};

impl Asking<'_> {
    pub(crate) fn see_as(&self, person: &Id, minutes: u32, acts: bool, said: &str) -> Result<Done, Refused> {
        let (own, session) = (self.own()?, self.session()?);
        self.may(Right::People, &Scope::everywhere())?;
        let seen_as = self.looked_after(person, None)?;
        if seen_as.id == own.id || seen_as.disabled {
            return Err(Refused::Senseless("one sees as another person, who is not disabled".to_owned()));
        }
        if !(1..=LONGEST_SEEN_MINUTES).contains(&minutes) {
            let says = format!("one sees as another for 1 to {LONGEST_SEEN_MINUTES} minutes, not {minutes}");
            return Err(Refused::Senseless(says));
        }
        if acts && !self.powers.anywhere(Right::Act) {
            return Err(Refused::NoRight(Right::Act));
        }
        let until_ms = self.now.0.saturating_add(i64::from(minutes) * 60_000);
        let (opened, answer) = self.open_proved(seen_as, said, 0);
        let Change::Session(opened) = opened else { return Err(Refused::NotThere("session")) };
        let seen = Seen { by: own.id.clone(), from: session.id.clone(), until_ms, acts };
        let opened = Session { seen: Some(seen), ..*opened };
        let mut after = seen_as.clone();
        after.looked.push(Looked { by: own.email.clone(), from_ms: self.now.0, until_ms, ended_ms: None, acts });
        let too_many = after.looked.len().saturating_sub(MOST_LOOKED);
        after.looked.drain(..too_many);
        let told = json!({ "by": own.email, "until_ms": until_ms, "acts": acts });
        let notes = notes_on(seen_as, "person.see-as", &json!(null), &told);
        done(vec![Change::Person(Box::new(after)), Change::Session(Box::new(opened))], notes, answer)
    }

    /// Back to one's own browser, which gets another secret: the one of before was taken from it.
    pub(crate) fn see_no_more(&self) -> Result<Done, Refused> {
        let session = self.session()?;
        let seen = session.seen.as_ref().ok_or(Refused::NotThere("person whom you see as"))?;
        let seen_as = self.directory.people.get(&session.person).ok_or(Refused::NotAPerson)?;
        let gone = Change::SessionGone(session.id.clone());
        let notes = notes_on(seen_as, "person.seen", &json!({ "until_ms": seen.until_ms }), &json!(null));
        let after = Change::Person(Box::new(self.looked_until_now(seen_as, seen)));
        let own = self.directory.sessions.get(&seen.from).filter(|own| own.is_open(&self.directory.spans, self.now));
        let Some(own) = own else { return done(vec![gone, after], notes, Answer::Nothing) };
        let secret = self.chance.secret("", "a session's secret");
        let back = Session { kept: Kept::of(&secret), ..own.clone() };
        let answer = Answer::SignedIn(SignedIn { shown: SessionShown::of(&back, true), secret });
        done(vec![gone, after, Change::Session(Box::new(back))], notes, answer)
    }

    fn looked_until_now(&self, person: &Person, seen: &Seen) -> Person {
        let mut after = person.clone();
        let latest = after.looked.iter_mut().rev().find(|looked| looked.until_ms == seen.until_ms);
        if let Some(looked) = latest {
            looked.ended_ms = Some(self.now.0);
        }
        after
    }
}
