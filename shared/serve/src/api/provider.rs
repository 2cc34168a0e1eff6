//! Who may see what is between the provider and its clients, and who may say it?

use vigie_model::Slug;
use vigie_people::{At, Refused, Right, Who};

use crate::NotDone;
use crate::door::Caller;
use crate::people::not_done;
use crate::problem::{Code, Problem};
use crate::shared::Shared;

/// A client that the asker sees as a whole. That it is another's and that there is none are the same answer.
pub(super) fn seen(caller: &Caller, client: &str) -> Result<Slug, Problem> {
    let none = || Problem::not_found("there is no such client here");
    let client = client.parse::<Slug>().map_err(|_| none())?;
    if caller.sees(Some(&client)) { Ok(client) } else { Err(none()) }
}

/// What credentials do not do that lack a right over all of the hub, and whom to ask.
pub(super) type Denied = (&'static str, &'static str);

/// The client of a path, for who has these rights over all of the hub.
pub(super) fn of_provider(caller: &Caller, rights: &[Right], denied: Denied, client: &str) -> Result<Slug, Problem> {
    if !rights.iter().all(|right| caller.may(*right, At::Provider)) {
        return Err(Problem::new(Code::NoRight, denied.0, denied.1));
    }
    client.parse().map_err(|_| Problem::bad_parameter("that can not be the name of a client"))
}

/// The same, for who has just proved who they are, too.
pub(super) fn proved_of_provider(
    app: &Shared,
    caller: &Caller,
    rights: &[Right],
    denied: Denied,
    client: &str,
) -> Result<Slug, Problem> {
    let client = of_provider(caller, rights, denied, client)?;
    proved(app, caller)?;
    Ok(client)
}

/// Whether somebody has just proved who they are, where people are asked to.
pub(super) fn proved(app: &Shared, caller: &Caller) -> Result<(), Problem> {
    match app.people.as_deref() {
        Some(people)
            if !people.directory().is_proved(&caller.who.who, app.lookout.now().utc)
                && caller.who.who != Who::Nobody =>
        {
            Err(not_done(NotDone::Refused(Refused::NeedsProof)))
        }
        _ => Ok(()),
    }
}
