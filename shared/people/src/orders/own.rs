//! What does a person do with their own account?

use serde_json::json;

use super::{Asking, done, notes_on};
use crate::order::{Answer, Done, Recovery, Refused, TotpOffered};
use crate::person::Password;
use crate::secret::Kept;
use crate::{Change, Id, Person, Totp, Verifier};

/// Recovery codes of one set.
const CODES: usize = 10;

impl Asking<'_> {
    pub(crate) fn set_password(&self, proved: &Verifier, password: Verifier) -> Result<Done, Refused> {
        let (own, present) = (self.own()?, self.session()?.id.clone());
        if own.password.as_ref().is_none_or(|own| own.verifier != *proved) {
            return Err(Refused::Wrong);
        }
        let person =
            Person { password: Some(Password { verifier: password, since_ms: self.now.0 }), ..own.clone().changed() };
        // Whoever changes a password that somebody else may know wants them out.
        let mut changes = self.sessions_ended(&own.id, Some(&present));
        let notes = notes_on(&person, "person.password", &json!(null), &json!("changed"));
        changes.push(Change::Person(Box::new(person)));
        done(changes, notes, Answer::Nothing)
    }

    pub(super) fn sessions_ended(&self, person: &Id, but: Option<&Id>) -> Vec<Change> {
        let others = self.directory.sessions_of(person).filter(|session| Some(&session.id) != but);
        others.map(|session| Change::SessionGone(session.id.clone())).collect()
    }

    pub(crate) fn offer_totp(&self) -> Result<Done, Refused> {
        let own = self.just_proved()?;
        let totp = Totp::new(self.chance);
        let issuer = self.directory.begun.as_ref().map_or("Vigie", |begun| begun.organisation.as_str());
        let uri = totp.uri(&format!("Vigie {issuer}"), own.email.as_str());
        let answer = Answer::Totp(TotpOffered { secret: totp.shown(), uri });
        let person = Person { totp_offered: Some(totp), ..own.clone() };
        done(vec![Change::Person(Box::new(person))], Vec::new(), answer)
    }

    pub(crate) fn confirm_totp(&self, code: &str) -> Result<Done, Refused> {
        let own = self.just_proved()?;
        let none = || Refused::Senseless("no telephone was offered a secret; begin anew".to_owned());
        let offered = own.totp_offered.as_ref().ok_or_else(none)?;
        let totp = offered.with_used(code, self.now).ok_or(Refused::Wrong)?;
        let (codes, recovery) = self.recovery_codes();
        let person = Person { totp: Some(totp), totp_offered: None, recovery, ..own.clone().changed() };
        let notes = notes_on(&person, "person.totp", &json!(own.totp.is_some()), &json!(true));
        done(vec![Change::Person(Box::new(person))], notes, Answer::Recovery(Recovery { codes }))
    }

    pub(crate) fn end_totp(&self) -> Result<Done, Refused> {
        let own = self.just_proved()?;
        if own.totp.is_none() {
            return Err(Refused::NotThere("telephone"));
        }
        let recovery = if own.second_needed { own.recovery.clone() } else { Vec::new() };
        let person = Person { totp: None, totp_offered: None, recovery, ..own.clone().changed() };
        let notes = notes_on(&person, "person.totp", &json!(true), &json!(false));
        done(vec![Change::Person(Box::new(person))], notes, Answer::Nothing)
    }

    pub(crate) fn new_recovery(&self) -> Result<Done, Refused> {
        let own = self.just_proved()?;
        if !own.needs_second() {
            return Err(Refused::NotThere("telephone or passkey that would be asked for"));
        }
        let (codes, recovery) = self.recovery_codes();
        let person = Person { recovery, ..own.clone().changed() };
        let left = own.recovery.len();
        let notes = notes_on(&person, "person.recovery", &json!(left), &json!(person.recovery.len()));
        done(vec![Change::Person(Box::new(person))], notes, Answer::Recovery(Recovery { codes }))
    }

    pub(super) fn recovery_codes(&self) -> (Vec<String>, Vec<Kept>) {
        let codes: Vec<String> = (0..CODES).map(|n| self.chance.code(&format!("recovery code {n}"))).collect();
        let kept = codes.iter().map(|code| Kept::of_code(code)).collect();
        (codes, kept)
    }

    pub(super) fn just_proved(&self) -> Result<&Person, Refused> {
        let own = self.own()?;
        if self.session()?.is_proved(self.now) { Ok(own) } else { Err(Refused::NeedsProof) }
    }
}
