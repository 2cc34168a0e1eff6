//! How does a person of the hub come in, and who is it that asks?

use axum::http::HeaderMap;
use axum::http::header;
use axum::http::request::Parts;
use vigie_model::UtcMs;
use vigie_people::{Answer, Asker, Directory, Order, Refused, SignedIn, Verifier, Who};

use super::{NotDone, People};
use crate::door::Address;
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::{Identity, work};

/// What is longer is nobody's address.
const MAX_EMAIL_BYTES: usize = 254;

/// What somebody typed at the door.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) code: String,
}

/// Who holds this token of a person, if anybody does.
pub(crate) fn by_token(app: &Shared, token: &str) -> Option<Identity> {
    let (people, now) = (app.people.as_ref()?, app.lookout.now().utc);
    let who = Who::Token(people.directory().token(token, now)?.id.clone());
    Some(identity(people.as_ref(), who, now))
}

/// Whose browser has this secret, if anybody's.
pub(crate) fn by_session(app: &Shared, secret: &str) -> Option<Identity> {
    let (people, now) = (app.people.as_ref()?, app.lookout.now().utc);
    let who = {
        let directory = people.directory();
        let session = directory.session(secret, now)?;
        Who::Person(session.person.clone(), session.id.clone())
    };
    Some(identity(people.as_ref(), who, now))
}

/// Whether a person's session or token, if it is one, still may what it did when this was found.
pub(crate) fn still_may(app: &Shared, found: &Identity) -> Option<bool> {
    match found.who {
        Who::Person(..) | Who::Token(_) => {
            let (people, now) = (app.people.as_ref()?, app.lookout.now().utc);
            let powers = people.directory().powers(&found.who, now);
            Some(powers == found.powers)
        }
        Who::Console | Who::Program(..) | Who::Nobody => None,
    }
}

/// Ends the browser's session, if it is a person's. That it can not be written down keeps nobody from leaving: the cookie is
/// taken back, and the session ends by itself.
pub(crate) async fn sign_out(app: &App, parts: &Parts, secret: &str) {
    let from = Address::of(parts, &app.options).to_string();
    let Some(who) = by_session(app, secret).map(|person| person.who) else { return };
    let left = work::list(app, move |app| {
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        people.carry_out(Order::SignOut, &Asker { who, by: "page", from }).map_err(problem)
    });
    if let Err(problem) = left.await {
        tracing::warn!(why = problem.detail, "a session could not be ended");
    }
}

fn identity(people: &dyn People, who: Who, now: UtcMs) -> Identity {
    people.used(&who);
    let directory = people.directory();
    let (name, powers) = (directory.called(&who), directory.powers(&who, now));
    drop(directory);
    Identity { name, powers, who, ..Identity::default() }
}

/// Checks what was typed, slowly and few at a time, and signs a browser in.
pub(crate) async fn sign_in(app: &App, parts: &Parts, by: &'static str, typed: Typed) -> Result<SignedIn, Problem> {
    let from = Address::of(parts, &app.options).to_string();
    let agent = agent(&parts.headers);
    // Before anything is worked out: whoever guesses is not even thought about.
    may_try(app, &typed.email, &from)?;
    let turn = work::turn(&app.passwords).await?;
    let app = App::clone(app);
    let checked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        // Those who had their turn meanwhile have been counted: many at once get no more tries than one after another.
        may_try(&app, &typed.email, &from)?;
        check(&app, &typed, Asker { who: Who::Nobody, by, from }, agent)
    });
    checked.await.unwrap_or_else(|died| {
        tracing::error!(%died, "a password could not be checked");
        Err(Problem::internal())
    })
}

fn check(app: &Shared, typed: &Typed, asker: Asker, agent: String) -> Result<SignedIn, Problem> {
    let people = app.people.as_deref().ok_or_else(Problem::internal)?;
    let (person, verifier) = {
        let directory = people.directory();
        let (person, verifier) = directory.door(&typed.email);
        (person.map(|person| person.id.clone()), verifier)
    };
    let proved = work::behind(|| verifier.proves(&typed.password));
    let signed_in = match person.clone().filter(|_| proved) {
        None => Err(NotDone::Refused(Refused::Wrong)),
        Some(person) => people.carry_out(sign_in_order(person, verifier, &typed.code, agent), &asker),
    };
    let from = asker.from.as_str();
    match signed_in {
        Ok(Answer::SignedIn(signed_in)) => {
            guesses(app).came_in(&account(&typed.email), from);
            Ok(signed_in)
        }
        Ok(_) => Err(Problem::internal()),
        Err(NotDone::Refused(refused)) => {
            // Who has the right password and no code yet did not guess; who sends wrong codes does.
            if refused != Refused::CodeNeeded {
                guesses(app).failed(&account(&typed.email), from, app.lookout.now().mono_ms);
                app.tally.refused();
                people.turned_away(person.as_ref(), &asker, if proved { "wrong code" } else { "wrong password" });
            }
            Err(problem(NotDone::Refused(refused)))
        }
        Err(other) => Err(problem(other)),
    }
}

fn sign_in_order(person: vigie_people::Id, proved: Verifier, code: &str, agent: String) -> Order {
    Order::SignIn { person, proved, code: code.chars().take(64).collect(), agent }
}

/// Whether somebody may try now.
pub(super) fn may_try(app: &Shared, email: &str, from: &str) -> Result<(), Problem> {
    let people = app.people.as_deref().ok_or_else(Problem::internal)?;
    let known = known(&people.directory(), email, from);
    let waits = guesses(app).may_try(&account(email), from, known, app.lookout.now().mono_ms);
    waits.map_err(|seconds| {
        let detail = format!("too many wrong tries came from this address; it is listened to again in {seconds} s");
        let problem = Problem::new(Code::TooManyAttempts, detail, "wait, then use the right password");
        Problem { retry_after_seconds: Some(seconds), ..problem }
    })
}

fn known(directory: &Directory, email: &str, from: &str) -> bool {
    let person = email.parse().ok().and_then(|email| directory.person_of(&email));
    person.is_some_and(|person| person.knows(from))
}

/// What guesses are counted by: an address however it is written, and no longer than one is.
fn account(email: &str) -> String {
    email.trim().chars().take(MAX_EMAIL_BYTES).collect::<String>().to_lowercase()
}

pub(super) fn guesses(app: &Shared) -> std::sync::MutexGuard<'_, vigie_people::Guesses> {
    app.guesses.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

pub(super) fn agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.unwrap_or_default().chars().take(400).collect()
}

/// Why something was not done, as programs and people read it.
pub(crate) fn problem(not: NotDone) -> Problem {
    let said = not.to_string();
    match not {
        NotDone::NotKept(_) => Problem { retry_after_seconds: Some(5), ..Problem::new(Code::Busy, said, "ask again") },
        NotDone::Refused(refused) => refusal(&refused, said),
    }
}

fn refusal(refused: &Refused, said: String) -> Problem {
    let may = "use credentials that have this right there: GET /api/v1/me says what these may";
    match refused {
        Refused::NoRight(_) | Refused::MoreThanOwn(_) | Refused::NotAPerson => Problem::new(Code::NoRight, said, may),
        Refused::NeedsProof => {
            Problem::new(Code::ProofNeeded, said, "POST /api/v1/me/proof with your password, then ask again")
        }
        Refused::NotThere(_) => Problem { next: "list what there is, and ask again", ..Problem::not_found(said) },
        Refused::Senseless(_) => Problem::bad_parameter(said),
        Refused::Changed => Problem::new(Code::Outdated, said, "look at it again, and send its version in If-Match"),
        Refused::QuotaUsed { .. } => {
            Problem::new(Code::QuotaUsed, said, "GET /api/v1/quotas says how much there may be")
        }
        Refused::Taken(_) | Refused::LastAdmin | Refused::Begun => {
            Problem::new(Code::Conflict, said, "look at what there is, and ask for something else")
        }
        Refused::Wrong => Problem::new(Code::Unauthorized, said, "check them and try again, or ask for a reset"),
        Refused::Stranger => {
            Problem::new(Code::Unauthorized, said, "ask whoever looks after this hub for an invitation to its address")
        }
        Refused::Twice => Problem::new(Code::Unauthorized, said, "begin again"),
        Refused::CodeNeeded => Problem::new(Code::TotpNeeded, said, "send the code, too"),
    }
}
