//! How is a password proved once more, and a new one taken?

use axum::http::request::Parts;
use vigie_people::{Answer, Asker, Name, Order, Refused, Verifier, Who};

use super::NotDone;
use super::door::{guesses, may_try, problem};
use crate::door::{Address, Caller};
use crate::problem::Problem;
use crate::shared::{App, Shared};
use crate::work;

/// The order by which a password becomes another one.
pub(crate) fn changed(proved: Verifier, new: Option<Verifier>) -> Order {
    Order::SetPassword { proved, password: new.unwrap_or_else(Verifier::of_nobody) }
}

/// Carries out what needs one's password, given once more; slowly and few at a time, and counted as a try. `new` is checked
/// and worked out, too.
pub(crate) async fn with_password(
    app: &App,
    caller: Caller,
    parts: &Parts,
    by: &'static str,
    password: String,
    new: Option<String>,
    order: impl FnOnce(Verifier, Option<Verifier>) -> Order + Send + 'static,
) -> Result<Answer, Problem> {
    let asker = caller.asker(by, Address::of(parts, &app.options).to_string());
    let turn = work::turn(&app.passwords).await?;
    work::list(app, move |app| {
        let _turn = turn;
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        let not = |refused: Refused| problem(NotDone::Refused(refused));
        let Who::Person(person, _) = &asker.who else { return Err(not(Refused::NotAPerson)) };
        let person = people.directory().person(person).cloned().ok_or_else(|| not(Refused::NotAPerson))?;
        may_try(app, person.email.as_str(), &asker.from)?;
        let own = person.password.as_ref().map(|own| own.verifier.clone()).unwrap_or_else(Verifier::of_nobody);
        let refused = |why: Refused| {
            guesses(app).failed(person.email.as_str(), &asker.from, app.lookout.now().mono_ms);
            people.turned_away(Some(&person.id), &asker, "wrong password or code");
            not(why)
        };
        if !work::behind(|| own.proves(&password)) {
            return Err(refused(Refused::Wrong));
        }
        let new = new.map(|new| fresh(app, &new, &[person.name.as_str(), person.email.as_str()])).transpose()?;
        match people.carry_out(order(own, new), &asker) {
            Ok(answer) => {
                guesses(app).came_in(person.email.as_str(), &asker.from);
                Ok(answer)
            }
            Err(NotDone::Refused(Refused::Wrong)) => Err(refused(Refused::Wrong)),
            Err(other) => Err(problem(other)),
        }
    })
    .await
}

/// The first password of somebody who came in without one, and has just proved who they are.
pub(crate) async fn chosen(
    app: &App,
    caller: &Caller,
    parts: &Parts,
    by: &'static str,
    new: String,
) -> Result<Answer, Problem> {
    let asker = caller.asker(by, Address::of(parts, &app.options).to_string());
    let turn = work::turn(&app.passwords).await?;
    work::list(app, move |app| {
        let _turn = turn;
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        let not = |refused: Refused| problem(NotDone::Refused(refused));
        let Who::Person(person, _) = &asker.who else { return Err(not(Refused::NotAPerson)) };
        let person = people.directory().person(person).cloned().ok_or_else(|| not(Refused::NotAPerson))?;
        // Before anything is worked out.
        if !people.directory().has_just_proved(&asker.who, app.lookout.now().utc) {
            return Err(not(Refused::NeedsProof));
        }
        let password = fresh(app, &new, &[person.name.as_str(), person.email.as_str()])?;
        people.carry_out(Order::FirstPassword { password }, &asker).map_err(problem)
    })
    .await
}

/// What proves a new password, if it is good enough. Slow.
pub(crate) fn fresh(app: &Shared, password: &str, about: &[&str]) -> Result<Verifier, Problem> {
    let people = app.people.as_deref().ok_or_else(Problem::internal)?;
    let organisation = people.directory().begun().map(|begun| begun.organisation.clone()).unwrap_or_default();
    let about: Vec<&str> = about.iter().copied().chain([organisation.as_str()]).collect();
    vigie_people::check(password, &about)
        .map_err(|weak| Problem::bad_parameter(format!("{weak}; nothing was changed")))?;
    let chance = people.chance().map_err(problem)?;
    work::behind(|| Verifier::of(password, &chance))
        .ok_or_else(|| problem(NotDone::NotKept("there is no memory for it".to_owned())))
}

/// Takes an invitation up; a wrong code counts as a try, and is not worked on.
pub(crate) async fn take_up(
    app: &App,
    parts: &Parts,
    by: &'static str,
    code: String,
    name: Option<Name>,
    password: String,
) -> Result<Answer, Problem> {
    let from = Address::of(parts, &app.options).to_string();
    let turn = work::turn(&app.passwords).await?;
    work::list(app, move |app| {
        let _turn = turn;
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        // Codes have 80 bits: nobody finds one, and whoever tries is counted under a name that nobody has.
        may_try(app, "an invitation", &from)?;
        let invited = people.directory().invitation(&code, app.lookout.now().utc).cloned();
        let Some(invited) = invited else {
            guesses(app).failed("an invitation", &from, app.lookout.now().mono_ms);
            return Err(problem(NotDone::Refused(Refused::NotThere("invitation"))));
        };
        let called = name.as_ref().unwrap_or(&invited.name).clone();
        let password = fresh(app, &password, &[called.as_str(), invited.email.as_str()])?;
        people.carry_out(Order::Accept { code, name, password }, &Asker { who: Who::Nobody, by, from }).map_err(problem)
    })
    .await
}
