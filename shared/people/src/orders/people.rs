//! How do people come, change and go?

use serde_json::json;

use super::{Asking, done, notes_of_grants, notes_on};
use crate::invitation::{INVITED_MS, Language, MOST_INVITATIONS, Mailed, RESET_MS};
use crate::order::{Answer, Done, Invited, Refused};
use crate::person::Password;
use crate::secret::Kept;
use crate::{Change, Email, Grant, Id, Invitation, Name, Person, PersonShown, Right, Scope, Verifier};

/// Who is invited, and how they are written to.
struct Called {
    email: Email,
    name: Name,
    language: Language,
}

impl Asking<'_> {
    pub(crate) fn invite(
        &self,
        email: Email,
        name: Name,
        grants: Vec<Grant>,
        language: Language,
    ) -> Result<Done, Refused> {
        self.may_give(&grants)?;
        let invited = self.directory.invitations.values().find(|other| other.email == email && other.person.is_none());
        if self.directory.person_of(&email).is_some() {
            return Err(Refused::Taken("a person of this address"));
        }
        if invited.is_some_and(|other| !other.is_over(self.now)) {
            return Err(Refused::Taken("an invitation for this address"));
        }
        self.directory.has_room(&[], &grants, self.now)?;
        let notes = notes_of_grants("person.invite", email.as_str(), &[], &grants);
        let called = Called { email, name, language };
        let (invitation, answer) = self.invitation(called, grants, None, INVITED_MS)?;
        let mut changes: Vec<Change> = invited.map(|old| Change::InvitationGone(old.id.clone())).into_iter().collect();
        changes.push(invitation);
        done(changes, notes, answer)
    }

    fn invitation(
        &self,
        called: Called,
        grants: Vec<Grant>,
        person: Option<Id>,
        life_ms: i64,
    ) -> Result<(Change, Answer), Refused> {
        let Called { email, name, language } = called;
        if self.directory.invitations.len() >= MOST_INVITATIONS {
            return Err(Refused::Senseless(format!("{MOST_INVITATIONS} invitations are open; withdraw some first")));
        }
        let code = self.chance.code("an invitation's code");
        let invitation = Invitation {
            id: self.chance.id("an invitation's id"),
            email,
            name,
            grants,
            person,
            kept: Kept::of_code(&code),
            by: self.asker.who.clone(),
            language,
            mailed: None,
            made_ms: self.now.0,
            until_ms: self.now.0.saturating_add(life_ms),
        };
        let (id, email, until_ms) = (invitation.id.clone(), invitation.email.clone(), invitation.until_ms);
        Ok((Change::Invitation(Box::new(invitation)), Answer::Invited(Invited { id, email, code, until_ms })))
    }

    pub(crate) fn renew(&self, invitation: &Id) -> Result<Done, Refused> {
        let found = self.own_invitation(invitation)?;
        // Whoever sends it again answers for it from now on.
        self.may_give(&found.grants)?;
        let life_ms = if found.person.is_some() { RESET_MS } else { INVITED_MS };
        let code = self.chance.code("an invitation's code");
        let renewed = Invitation {
            kept: Kept::of_code(&code),
            by: self.asker.who.clone(),
            mailed: None,
            until_ms: self.now.0.saturating_add(life_ms),
            ..found.clone()
        };
        let notes = notes_of_grants("person.reinvite", found.email.as_str(), &found.grants, &found.grants);
        let (id, email, until_ms) = (renewed.id.clone(), renewed.email.clone(), renewed.until_ms);
        let answer = Answer::Invited(Invited { id: id.clone(), email, code, until_ms });
        done(vec![Change::InvitationGone(id), Change::Invitation(Box::new(renewed))], notes, answer)
    }

    /// How the letter with an invitation's code went: the hub itself says so.
    pub(crate) fn mailed(&self, invitation: &Id, how: Mailed) -> Result<Done, Refused> {
        let found = self.directory.invitations.get(invitation).ok_or(Refused::NotThere("invitation"))?;
        let after = json!({ "taken": how.taken, "said": how.said });
        let scopes = found.grants.iter().map(|grant| &grant.scope);
        let notes = super::notes(scopes, "person.mail", found.email.as_str(), &json!(null), &after);
        let told = Invitation { mailed: Some(how), ..found.clone() };
        done(vec![Change::Invitation(Box::new(told))], notes, Answer::Nothing)
    }

    /// An invitation that the asker may know of and change.
    fn own_invitation(&self, invitation: &Id) -> Result<&Invitation, Refused> {
        if !self.powers.anywhere(Right::People) {
            return Err(Refused::NoRight(Right::People));
        }
        let known = |open: &&Invitation| self.directory.is_invitation_known(open, &self.powers);
        let found = self.directory.invitations.get(invitation).filter(known).ok_or(Refused::NotThere("invitation"))?;
        found.grants.iter().try_for_each(|grant| self.may(Right::People, &grant.scope))?;
        Ok(found)
    }

    pub(crate) fn accept(&self, code: &str, name: Option<Name>, password: Verifier) -> Result<Done, Refused> {
        let none = || Refused::NotThere("invitation");
        let invitation = self.directory.invitation(code, self.now).ok_or_else(none)?;
        let gone = Change::InvitationGone(invitation.id.clone());
        let person = match &invitation.person {
            Some(person) => {
                let there = self.directory.people.get(person).filter(|person| !person.disabled).ok_or_else(none)?;
                let password = Some(Password { verifier: password, since_ms: self.now.0 });
                Person { password, ..there.clone().changed() }
            }
            None => self.invited(invitation, name, Some(password))?,
        };
        let notes = match invitation.person {
            Some(_) => notes_on(&person, "person.accept", &json!("reset"), &json!("password chosen")),
            None => notes_of_grants("person.accept", person.email.as_str(), &[], &person.grants),
        };
        let (answer, by) = (self.shown(&person), Some(person.id.clone()));
        Ok(Done { changes: vec![gone, Change::Person(Box::new(person))], notes, answer, by, erases: None })
    }

    /// The person that an invitation makes of who takes it up.
    pub(super) fn invited(
        &self,
        invitation: &Invitation,
        name: Option<Name>,
        password: Option<Verifier>,
    ) -> Result<Person, Refused> {
        // Whoever invited may have lost meanwhile what they gave.
        let allowed = self.directory.allowed_by(&invitation.grants);
        let inviter = self.directory.inviter_powers(&invitation.by, self.now);
        let looks_after = |grant: &Grant| inviter.in_all_of(Right::People, &grant.scope);
        if !inviter.include(&allowed) || !invitation.grants.iter().all(looks_after) {
            return Err(Refused::NotThere("invitation"));
        }
        if self.directory.person_of(&invitation.email).is_some() {
            return Err(Refused::Taken("a person of this address"));
        }
        let name = name.unwrap_or_else(|| invitation.name.clone());
        Ok(self.new_person(invitation.email.clone(), name, invitation.grants.clone(), password))
    }

    pub(crate) fn withdraw(&self, invitation: &Id) -> Result<Done, Refused> {
        let found = self.own_invitation(invitation)?;
        let notes = notes_of_grants("person.withdraw", found.email.as_str(), &found.grants, &[]);
        done(vec![Change::InvitationGone(found.id.clone())], notes, Answer::Nothing)
    }

    pub(crate) fn allow(&self, person: &Id, grants: Vec<Grant>, version: Option<u64>) -> Result<Done, Refused> {
        let before = self.looked_after(person, version)?;
        self.may_give(&grants)?;
        let after = Person { grants, ..before.clone().changed() };
        if !self.rules(&after.grants) && self.rules(&before.grants) && !self.directory.others_rule(person) {
            return Err(Refused::LastAdmin);
        }
        if !before.disabled {
            self.directory.has_room(&before.grants, &after.grants, self.now)?;
        }
        let notes = notes_of_grants("person.role", before.email.as_str(), &before.grants, &after.grants);
        let answer = self.shown(&after);
        done(vec![Change::Person(Box::new(after))], notes, answer)
    }

    pub(crate) fn disable(&self, person: &Id, version: Option<u64>) -> Result<Done, Refused> {
        let before = self.looked_after(person, version)?;
        if self.rules(&before.grants) && !self.directory.others_rule(person) {
            return Err(Refused::LastAdmin);
        }
        let mut changes = self.sessions_ended(person, None);
        let after = Person { disabled: true, ..before.clone().changed() };
        let notes = notes_on(&after, "person.disable", &json!(!before.disabled), &json!(false));
        let answer = self.shown(&after);
        changes.push(Change::Person(Box::new(after)));
        done(changes, notes, answer)
    }

    pub(crate) fn enable(&self, person: &Id, version: Option<u64>) -> Result<Done, Refused> {
        let before = self.looked_after(person, version)?;
        if before.disabled {
            self.directory.has_room(&[], &before.grants, self.now)?;
        }
        let after = Person { disabled: false, ..before.clone().changed() };
        let notes = notes_on(&after, "person.enable", &json!(!before.disabled), &json!(true));
        let answer = self.shown(&after);
        done(vec![Change::Person(Box::new(after))], notes, answer)
    }

    pub(crate) fn reset(&self, person: &Id) -> Result<Done, Refused> {
        let before = self.looked_after(person, None)?;
        if before.disabled {
            return Err(Refused::Senseless("this person is disabled; enable them first".to_owned()));
        }
        let older = self.directory.invitations.values().filter(|other| other.person.as_ref() == Some(person));
        let mut changes: Vec<Change> = older.map(|other| Change::InvitationGone(other.id.clone())).collect();
        changes.extend(self.sessions_ended(person, None));
        let after = Person {
            password: None,
            totp: None,
            totp_offered: None,
            recovery: Vec::new(),
            passkeys: Vec::new(),
            second_needed: false,
            ..before.clone().changed()
        };
        let grants = after.grants.clone();
        let (email, name) = (after.email.clone(), after.name.clone());
        let called = Called { email, name, language: Language::default() };
        let (invitation, answer) = self.invitation(called, grants, Some(person.clone()), RESET_MS)?;
        let passkeys = before.passkeys.len();
        let had = json!({ "password": before.password.is_some(), "totp": before.totp.is_some(), "passkeys": passkeys });
        let notes = notes_on(&after, "person.reset", &had, &json!("a code was given"));
        changes.extend([Change::Person(Box::new(after)), invitation]);
        done(changes, notes, answer)
    }

    /// Whether whoever has these looks after people everywhere.
    pub(super) fn rules(&self, grants: &[Grant]) -> bool {
        self.directory.allowed_by(grants).in_all_of(Right::People, &Scope::everywhere())
    }

    fn shown(&self, person: &Person) -> Answer {
        Answer::Person(Box::new(PersonShown::of(person, None)))
    }
}
