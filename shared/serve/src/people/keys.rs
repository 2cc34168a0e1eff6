//! How is a passkey asked for, and who comes in by one?
//!
//! Each question goes to one asker and is answered once; what is right is looked at by `vigie-passkeys`, and who it lets in is
//! decided as every other order.

use serde_json::Value;
use vigie_passkeys::{NoKey, Owner, Passkeys, Question, Shown};
use vigie_people::{Answer, Asker, Directory, Id, KeyShown, Name, Order, Person, Refused, SignedIn, Who};

use super::door::{guesses, may_try, problem};
use super::{NotDone, People};
use crate::problem::{Code, Problem};
use crate::shared::Shared;

/// What wrong passkeys are counted under: nobody is called so.
const ACCOUNT: &str = "a passkey";

/// What a browser sends back.
pub(crate) struct Sent {
    pub(crate) question: String,
    pub(crate) answer: Value,
}

fn passkeys(app: &Shared) -> Result<&Passkeys, Problem> {
    let none =
        "this hub has no passkeys: its operator says [people] url = \"https://…\" in cloud.toml; nothing was changed";
    app.options.passkeys.as_deref().ok_or_else(|| Problem::not_found(none))
}

fn people(app: &Shared) -> Result<&dyn People, Problem> {
    app.people.as_deref().ok_or_else(Problem::internal)
}

fn refused(why: Refused) -> Problem {
    problem(NotDone::Refused(why))
}

/// Why a passkey counts for nothing, as programs and people read it.
fn not_taken(no: &NoKey) -> Problem {
    let said = format!("{no}; nothing was changed");
    match no {
        NoKey::NotNow(_) => Problem::new(Code::Busy, said, "ask again"),
        NoKey::NotAnAnswer => Problem::bad_parameter(said),
        NoKey::NotAsked | NoKey::Unknown | NoKey::Wrong(_) => {
            Problem::new(Code::Unauthorized, said, "begin again, or sign in by another way")
        }
    }
}

// ---- coming in

pub(crate) fn ask_at_door(app: &Shared, from: &str) -> Result<Question, Problem> {
    let passkeys = passkeys(app)?;
    passkeys.ask_any(&at_door(from), app.lookout.now().utc).map_err(|no| not_taken(&no))
}

fn at_door(from: &str) -> String {
    format!("door {from}")
}

/// Signs a browser in.
pub(crate) fn sign_in(app: &Shared, sent: &Sent, asker: &Asker, agent: String) -> Result<SignedIn, Problem> {
    may_try(app, ACCOUNT, &asker.from)?;
    let shown = look(app, sent, &at_door(&asker.from), asker)?;
    match people(app)?.carry_out(Order::SignInByKey { shown: Box::new(shown), agent }, asker) {
        Ok(Answer::SignedIn(signed_in)) => Ok(signed_in),
        Ok(_) => Err(Problem::internal()),
        Err(not) => Err(problem(not)),
    }
}

/// A passkey that was shown; one that is not right is counted, and one that counts backwards opens nothing from then on.
fn look(app: &Shared, sent: &Sent, by: &str, asker: &Asker) -> Result<KeyShown, Problem> {
    let (passkeys, people) = (passkeys(app)?, people(app)?);
    let find = |credential: &str| kept(&people.directory(), credential);
    let turned_away = |why| {
        guesses(app).failed(ACCOUNT, &asker.from, app.lookout.now().mono_ms);
        app.tally.refused();
        people.turned_away(None, asker, why);
    };
    match passkeys.shown(&sent.question, &sent.answer, by, app.lookout.now().utc, find) {
        Ok(Shown::Right(shown)) => Ok(shown),
        Ok(Shown::Backwards { credential }) => {
            turned_away("a passkey that counts backwards");
            let doubter = Asker { who: Who::Nobody, ..asker.clone() };
            people.carry_out(Order::DoubtPasskey { credential }, &doubter).map_err(problem)?;
            Err(not_taken(&NoKey::Unknown))
        }
        Err(no) => {
            if let NoKey::Unknown | NoKey::Wrong(_) = no {
                turned_away("a passkey that is nobody's here, or is not right");
            }
            Err(not_taken(&no))
        }
    }
}

fn kept(directory: &Directory, credential: &str) -> Option<Value> {
    let person = directory.person_with_passkey(credential).filter(|person| !person.disabled)?;
    let key = person.open_passkeys().find(|key| key.credential == credential)?;
    Some(key.key.clone())
}

// ---- one's own

/// A signed-in person and their browser.
fn own(app: &Shared, who: &Who) -> Result<(Person, String), Problem> {
    let Who::Person(id, session) = who else { return Err(refused(Refused::NotAPerson)) };
    let directory = people(app)?.directory();
    let person = directory.person(id).cloned().ok_or_else(|| refused(Refused::NotAPerson))?;
    Ok((person, format!("session {session}")))
}

pub(crate) fn ask_to_make(app: &Shared, who: &Who) -> Result<Question, Problem> {
    let (person, to) = own(app, who)?;
    let now = app.lookout.now().utc;
    // Before their device makes one in vain.
    if !people(app)?.directory().has_just_proved(who, now) {
        return Err(refused(Refused::NeedsProof));
    }
    make(app, &person.id, (person.email.as_str(), person.name.as_str()), Some(&person), &to)
}

fn make(
    app: &Shared,
    id: &Id,
    (email, name): (&str, &str),
    has: Option<&Person>,
    to: &str,
) -> Result<Question, Problem> {
    let keys: Vec<&Value> = has.into_iter().flat_map(Person::open_passkeys).map(|key| &key.key).collect();
    let asked = passkeys(app)?.make(Owner { id, email, name }, &keys, to, app.lookout.now().utc);
    asked.map_err(|no| not_taken(&no))
}

pub(crate) fn add(app: &Shared, sent: &Sent, name: Name, asker: &Asker) -> Result<Answer, Problem> {
    let (_, to) = own(app, &asker.who)?;
    let shown = made(app, sent, &to)?;
    people(app)?.carry_out(Order::AddPasskey { name, shown: Box::new(shown) }, asker).map_err(problem)
}

fn made(app: &Shared, sent: &Sent, by: &str) -> Result<KeyShown, Problem> {
    let made = passkeys(app)?.made(&sent.question, &sent.answer, by, app.lookout.now().utc);
    made.map_err(|no| not_taken(&no))
}

pub(crate) fn ask_to_prove(app: &Shared, who: &Who) -> Result<Question, Problem> {
    let (person, to) = own(app, who)?;
    let keys: Vec<&Value> = person.open_passkeys().map(|key| &key.key).collect();
    if keys.is_empty() {
        return Err(refused(Refused::NotThere("passkey of yours")));
    }
    passkeys(app)?.ask_own(&keys, &to, app.lookout.now().utc).map_err(|no| not_taken(&no))
}

pub(crate) fn prove(app: &Shared, sent: &Sent, asker: &Asker) -> Result<Answer, Problem> {
    let (_, to) = own(app, &asker.who)?;
    may_try(app, ACCOUNT, &asker.from)?;
    let shown = look(app, sent, &to, asker)?;
    people(app)?.carry_out(Order::ProveByKey { shown: Box::new(shown) }, asker).map_err(problem)
}

// ---- an invitation

/// Asks who has an invitation's code for a passkey; a wrong code counts as a try.
pub(crate) fn ask_invited(app: &Shared, code: &str, from: &str) -> Result<Question, Problem> {
    may_try(app, "an invitation", from)?;
    let found = {
        let directory = people(app)?.directory();
        let invitation = directory.invitation(code, app.lookout.now().utc).cloned();
        let person = invitation.as_ref().and_then(|open| directory.person(open.person.as_ref()?)).cloned();
        invitation.map(|open| (open, person))
    };
    let Some((invitation, person)) = found else {
        guesses(app).failed("an invitation", from, app.lookout.now().mono_ms);
        return Err(refused(Refused::NotThere("invitation")));
    };
    // Whoever is new gets the invitation's id for their own.
    let id = person.as_ref().map_or(&invitation.id, |person| &person.id);
    let called = (invitation.email.as_str(), invitation.name.as_str());
    make(app, id, called, person.as_ref(), &format!("invitation {}", invitation.id))
}

/// What somebody invited says beside their new passkey.
pub(crate) struct Invited {
    pub(crate) code: String,
    pub(crate) name: Option<Name>,
    pub(crate) called: Name,
}

pub(crate) fn take_up(
    app: &Shared,
    sent: &Sent,
    said: Invited,
    asker: &Asker,
    agent: String,
) -> Result<SignedIn, Problem> {
    may_try(app, "an invitation", &asker.from)?;
    let open = people(app)?.directory().invitation(&said.code, app.lookout.now().utc).map(|open| open.id.clone());
    let Some(open) = open else {
        guesses(app).failed("an invitation", &asker.from, app.lookout.now().mono_ms);
        return Err(refused(Refused::NotThere("invitation")));
    };
    let shown = Box::new(made(app, sent, &format!("invitation {open}"))?);
    let Invited { code, name, called } = said;
    match people(app)?.carry_out(Order::AcceptByKey { code, name, called, shown, agent }, asker).map_err(problem)? {
        Answer::SignedIn(signed_in) => Ok(signed_in),
        _ => Err(Problem::internal()),
    }
}
