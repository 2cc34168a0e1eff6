//! Who comes in, and how?

use serde_json::json;
use vigie_model::Slug;

use super::{Asking, done, notes, notes_on};
use crate::directory::Begun;
use crate::order::{Answer, Done, Refused, SignedIn};
use crate::person::Password;
use crate::secret::Kept;
use crate::session::{MOST_SESSIONS, agent};
use crate::{Change, Email, Grant, Id, Name, Person, Right, Scope, Session, SessionShown, Verifier, Who};

/// Bytes of what a provider calls itself.
const ORGANISATION_BYTES: usize = 100;

impl Asking<'_> {
    pub(super) fn new_person(
        &self,
        email: Email,
        name: Name,
        grants: Vec<Grant>,
        password: Option<Verifier>,
    ) -> Person {
        Person {
            id: self.chance.id("a person's id"),
            email,
            name,
            grants,
            password: password.map(|verifier| Password { verifier, since_ms: self.now.0 }),
            totp: None,
            totp_offered: None,
            recovery: Vec::new(),
            linked: Vec::new(),
            passkeys: Vec::new(),
            second_needed: false,
            disabled: false,
            made_ms: self.now.0,
            seen_ms: None,
            from: Vec::new(),
            looked: Vec::new(),
            version: 1,
        }
    }

    pub(crate) fn begin(
        &self,
        organisation: String,
        name: Name,
        email: Email,
        password: Verifier,
    ) -> Result<Done, Refused> {
        if self.directory.is_begun() {
            return Err(Refused::Begun);
        }
        let organisation = organisation.split_whitespace().collect::<Vec<_>>().join(" ");
        if organisation.is_empty()
            || organisation.len() > ORGANISATION_BYTES
            || organisation.chars().any(char::is_control)
        {
            let says =
                format!("a name of the organisation has 1 to {ORGANISATION_BYTES} bytes and no control characters");
            return Err(Refused::Senseless(says));
        }
        let role: Slug = "admin".parse().expect("a plain word");
        let grants = vec![Grant { role, scope: Scope::everywhere() }];
        let mut person = self.new_person(email, name, grants, Some(password));
        person.came_in(&self.asker.from, self.now);
        let begun = Begun { organisation: organisation.clone(), at_ms: self.now.0 };
        let after = json!({ "organisation": organisation, "admin": person.email });
        let notes = notes([&Scope::everywhere()], "hub.begin", &organisation, &json!(null), &after);
        let (session, signed_in) = self.open(&person, "");
        let by = Some(person.id.clone());
        let changes = vec![Change::Begun(begun), Change::Person(Box::new(person)), session];
        Ok(Done { changes, notes, answer: signed_in, by, erases: None })
    }

    pub(crate) fn sign_in(&self, person: &Id, proved: &Verifier, code: &str, said: &str) -> Result<Done, Refused> {
        let person = self.directory.people.get(person).filter(|person| !person.disabled).ok_or(Refused::Wrong)?;
        let mut person = self.with_proof(person, proved, code)?;
        person.came_in(&self.asker.from, self.now);
        let (session, signed_in) = self.open(&person, said);
        let mut changes = self.too_many(&person.id);
        let notes = notes_on(&person, "session.open", &json!(null), &json!(agent(said)));
        let by = Some(person.id.clone());
        changes.extend([Change::Person(Box::new(person)), session]);
        Ok(Done { changes, notes, answer: signed_in, by, erases: None })
    }

    /// The person with the code used up, if password and code are theirs.
    fn with_proof(&self, person: &Person, proved: &Verifier, code: &str) -> Result<Person, Refused> {
        // It was worked out before, and may be another one by now.
        if person.password.as_ref().is_none_or(|own| own.verifier != *proved) {
            return Err(Refused::Wrong);
        }
        if !person.needs_second() {
            return Ok(person.clone());
        }
        if code.trim().is_empty() {
            return Err(Refused::CodeNeeded);
        }
        if let Some(used) = person.totp.as_ref().and_then(|totp| totp.with_used(code, self.now)) {
            return Ok(Person { totp: Some(used), ..person.clone() });
        }
        let kept = Kept::of_code(code);
        let left: Vec<Kept> = person.recovery.iter().filter(|other| **other != kept).copied().collect();
        if left.len() == person.recovery.len() {
            return Err(Refused::Wrong);
        }
        Ok(Person { recovery: left, ..person.clone() })
    }

    fn open(&self, person: &Person, said: &str) -> (Change, Answer) {
        self.open_proved(person, said, self.now.0)
    }

    pub(super) fn open_proved(&self, person: &Person, said: &str, proved_ms: i64) -> (Change, Answer) {
        let secret = self.chance.secret("", "a session's secret");
        let session = Session {
            id: self.chance.id("a session's id"),
            person: person.id.clone(),
            kept: Kept::of(&secret),
            opened_ms: self.now.0,
            used_ms: self.now.0,
            proved_ms,
            from: self.asker.from.clone(),
            agent: agent(said),
            seen: None,
        };
        let answer = Answer::SignedIn(SignedIn { shown: SessionShown::of(&session, true), secret });
        (Change::Session(Box::new(session)), answer)
    }

    pub(super) fn too_many(&self, person: &Id) -> Vec<Change> {
        let mut sessions: Vec<_> = self.directory.sessions_of(person).collect();
        sessions.sort_by_key(|session| session.used_ms);
        let over = (sessions.len() + 1).saturating_sub(MOST_SESSIONS);
        sessions.into_iter().take(over).map(|session| Change::SessionGone(session.id.clone())).collect()
    }

    pub(crate) fn sign_out(&self) -> Result<Done, Refused> {
        let session = self.session()?;
        let person = self.directory.people.get(&session.person).ok_or(Refused::NotAPerson)?;
        let notes = notes_on(person, "session.close", &json!(session.agent), &json!(null));
        done(vec![Change::SessionGone(session.id.clone())], notes, Answer::Nothing)
    }

    pub(crate) fn prove(&self, proved: &Verifier, code: &str) -> Result<Done, Refused> {
        let (session, person) = (self.session()?, self.own()?);
        let person = self.with_proof(person, proved, code)?;
        let session = Session { proved_ms: self.now.0, ..session.clone() };
        let notes = notes_on(&person, "session.prove", &json!(null), &json!(session.agent));
        done(vec![Change::Person(Box::new(person)), Change::Session(Box::new(session))], notes, Answer::Nothing)
    }

    pub(crate) fn end_session(&self, session: &Id) -> Result<Done, Refused> {
        let none = Refused::NotThere("session");
        let session = self.directory.sessions.get(session).ok_or(none.clone())?;
        let is_own = matches!(&self.asker.who, Who::Person(person, _) if *person == session.person);
        let person = if is_own {
            self.own()?
        } else {
            // Whoever looks after nobody learns from the answer that they may not, and nothing of what is there.
            if !self.powers.anywhere(Right::People) {
                return Err(none);
            }
            self.known(&session.person).map_err(|_| none)?;
            self.looked_after(&session.person, None)?
        };
        let notes = notes_on(person, "session.end", &json!(session.agent), &json!(null));
        done(vec![Change::SessionGone(session.id.clone())], notes, Answer::Nothing)
    }
}
