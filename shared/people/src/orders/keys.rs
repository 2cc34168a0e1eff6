//! How do passkeys come and go, and who comes in by one?

use serde_json::json;

use super::{Asking, done, notes_of_grants, notes_on};
use crate::order::{Answer, Done, Recovery, Refused};
use crate::passkey::MOST_PASSKEYS;
use crate::person::Password;
use crate::session::agent;
use crate::{Change, Id, KeyShown, Name, Passkey, PasskeyShown, Person, Session, Verifier};

impl Asking<'_> {
    pub(crate) fn add_passkey(&self, name: Name, shown: KeyShown) -> Result<Done, Refused> {
        let own = self.just_proved()?;
        let key = self.passkey(own, name, shown)?;
        let answer = Answer::Passkey(PasskeyShown::of(&key));
        let notes = notes_on(own, "passkey.add", &json!(null), &json!(key.name));
        let mut person = own.clone().changed();
        person.passkeys.push(key);
        done(vec![Change::Person(Box::new(person))], notes, answer)
    }

    /// A passkey to be of somebody.
    fn passkey(&self, of: &Person, name: Name, shown: KeyShown) -> Result<Passkey, Refused> {
        if of.passkeys.len() >= MOST_PASSKEYS {
            return Err(Refused::Senseless(format!("you have {MOST_PASSKEYS} passkeys; remove some first")));
        }
        if self.directory.person_with_passkey(&shown.credential).is_some() {
            return Err(Refused::Taken("this passkey"));
        }
        let KeyShown { credential, key, counter } = shown;
        let (id, since_ms) = (self.chance.id("a passkey's id"), self.now.0);
        Ok(Passkey { id, name, credential, key, counter, since_ms, used_ms: None, doubted_ms: None })
    }

    pub(crate) fn rename_passkey(&self, passkey: &Id, name: Name) -> Result<Done, Refused> {
        let own = self.own()?;
        let mut person = own.clone().changed();
        let found = person.passkeys.iter_mut().find(|key| key.id == *passkey);
        let key = found.ok_or(Refused::NotThere("passkey"))?;
        let before = std::mem::replace(&mut key.name, name);
        let answer = Answer::Passkey(PasskeyShown::of(key));
        let notes = notes_on(own, "passkey.rename", &json!(before), &json!(key.name));
        done(vec![Change::Person(Box::new(person))], notes, answer)
    }

    pub(crate) fn remove_passkey(&self, passkey: &Id) -> Result<Done, Refused> {
        let own = self.just_proved()?;
        let mut person = own.clone().changed();
        let at = person.passkeys.iter().position(|key| key.id == *passkey).ok_or(Refused::NotThere("passkey"))?;
        let gone = person.passkeys.remove(at);
        if !person.has_way_in() {
            let says = "there would be no way left to sign in; choose a password first, or add another passkey";
            return Err(Refused::Senseless(says.to_owned()));
        }
        // Without any, there is nothing that could stand beside the password.
        let has_others = person.open_passkeys().next().is_some();
        person.second_needed &= has_others;
        if !person.needs_second() {
            person.recovery.clear();
        }
        let notes = notes_on(own, "passkey.remove", &json!(gone.name), &json!(null));
        done(vec![Change::Person(Box::new(person))], notes, Answer::Nothing)
    }

    pub(crate) fn sign_in_by_key(&self, shown: KeyShown, said: &str) -> Result<Done, Refused> {
        let (mut person, name) = self.with_key(shown)?;
        person.came_in(&self.asker.from, self.now);
        let (session, answer) = self.open_proved(&person, said, self.now.0);
        let opened = json!({ "agent": agent(said), "with": format!("passkey {name}") });
        let notes = notes_on(&person, "session.open", &json!(null), &opened);
        let mut changes = self.too_many(&person.id);
        let by = Some(person.id.clone());
        changes.extend([Change::Person(Box::new(person)), session]);
        Ok(Done { changes, notes, answer, by, erases: None })
    }

    pub(crate) fn prove_by_key(&self, shown: KeyShown) -> Result<Done, Refused> {
        let (session, own) = (self.session()?, self.own()?);
        let (person, name) = self.with_key(shown)?;
        if person.id != own.id {
            return Err(Refused::Wrong);
        }
        let session = Session { proved_ms: self.now.0, ..session.clone() };
        let after = json!({ "agent": session.agent, "with": format!("passkey {name}") });
        let notes = notes_on(&person, "session.prove", &json!(null), &after);
        done(vec![Change::Person(Box::new(person)), Change::Session(Box::new(session))], notes, Answer::Nothing)
    }

    /// Whose passkey this is, with its use written down, and what it is called.
    fn with_key(&self, shown: KeyShown) -> Result<(Person, Name), Refused> {
        let found = self.directory.person_with_passkey(&shown.credential).filter(|person| !person.disabled);
        let mut person = found.ok_or(Refused::Wrong)?.clone();
        let key = person.passkeys.iter_mut().find(|key| key.credential == shown.credential);
        let key = key.filter(|key| key.doubted_ms.is_none()).ok_or(Refused::Wrong)?;
        // Two that were shown at once: the one that comes second is older than what is kept by now.
        if (shown.counter > 0 || key.counter > 0) && shown.counter <= key.counter {
            return Err(Refused::Wrong);
        }
        (key.key, key.counter, key.used_ms) = (shown.key, shown.counter, Some(self.now.0));
        let name = key.name.clone();
        Ok((person, name))
    }

    /// A passkey counted backwards.
    pub(crate) fn doubt_passkey(&self, credential: &str) -> Result<Done, Refused> {
        let none = || Refused::NotThere("passkey");
        let owner = self.directory.person_with_passkey(credential).ok_or_else(none)?;
        let mut person = owner.clone().changed();
        let key = person.passkeys.iter_mut().find(|key| key.credential == credential).ok_or_else(none)?;
        let since = key.doubted_ms.get_or_insert(self.now.0);
        let after = json!({ "passkey": key.name, "opens": false, "since_ms": since });
        let notes = notes_on(owner, "passkey.doubt", &json!({ "passkey": key.name, "opens": true }), &after);
        done(vec![Change::Person(Box::new(person))], notes, Answer::Nothing)
    }

    /// A password alone opens no more, or opens again.
    pub(crate) fn need_second(&self, needed: bool) -> Result<Done, Refused> {
        let own = self.just_proved()?;
        if needed && own.open_passkeys().next().is_none() {
            let says = "there is no passkey that could stand beside your password; add one first";
            return Err(Refused::Senseless(says.to_owned()));
        }
        let mut person = Person { second_needed: needed, ..own.clone().changed() };
        let notes = notes_on(own, "person.second", &json!(own.second_needed), &json!(needed));
        let mut codes = Vec::new();
        if !person.needs_second() {
            person.recovery.clear();
        } else if person.recovery.is_empty() {
            (codes, person.recovery) = self.recovery_codes();
        }
        done(vec![Change::Person(Box::new(person))], notes, Answer::Recovery(Recovery { codes }))
    }

    /// The first password of somebody who came in without one.
    pub(crate) fn first_password(&self, password: Verifier) -> Result<Done, Refused> {
        let own = self.just_proved()?;
        if own.password.is_some() {
            return Err(Refused::Taken("a password of yours; give it to change it"));
        }
        let password = Some(Password { verifier: password, since_ms: self.now.0 });
        let person = Person { password, ..own.clone().changed() };
        let notes = notes_on(own, "person.password", &json!(null), &json!("chosen"));
        done(vec![Change::Person(Box::new(person))], notes, Answer::Nothing)
    }

    /// Somebody takes an invitation up by a passkey, and is in.
    pub(crate) fn accept_by_key(
        &self,
        code: &str,
        name: Option<Name>,
        (called, shown): (Name, KeyShown),
        said: &str,
    ) -> Result<Done, Refused> {
        let none = || Refused::NotThere("invitation");
        let invitation = self.directory.invitation(code, self.now).ok_or_else(none)?;
        let (mut person, mut notes) = match &invitation.person {
            Some(person) => {
                let there = self.directory.people.get(person).filter(|person| !person.disabled).ok_or_else(none)?;
                let after = there.clone().changed();
                let notes = notes_on(&after, "person.accept", &json!("reset"), &json!("passkey added"));
                (after, notes)
            }
            None => {
                // What the device calls its owner was said before there was one: the invitation's id.
                let person = Person { id: invitation.id.clone(), ..self.invited(invitation, name, None)? };
                let notes = notes_of_grants("person.accept", person.email.as_str(), &[], &person.grants);
                (person, notes)
            }
        };
        let key = self.passkey(&person, called, shown)?;
        notes.extend(notes_on(&person, "passkey.add", &json!(null), &json!(key.name)));
        person.passkeys.push(key);
        person.came_in(&self.asker.from, self.now);
        let (session, answer) = self.open_proved(&person, said, self.now.0);
        let by = Some(person.id.clone());
        let gone = Change::InvitationGone(invitation.id.clone());
        Ok(Done { changes: vec![gone, Change::Person(Box::new(person)), session], notes, answer, by, erases: None })
    }
}
