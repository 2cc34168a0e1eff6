//! Who may say something of a client that is between the provider and its clients?

use vigie_model::Slug;
use vigie_people::{At, Refused, Right, Who};

use crate::NotDone;
use crate::door::Caller;
use crate::people::not_done;
use crate::problem::{Code, Problem};
use crate::shared::Shared;

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
    let client = of_provider(caller, rights, denied, client);
    if let (Ok(_), Some(people)) = (&client, app.people.as_deref())
        && !people.directory().is_proved(&caller.who.who, app.lookout.now().utc)
        && caller.who.who != Who::Nobody
    {
        return Err(not_done(NotDone::Refused(Refused::NeedsProof)));
    }
    client
}
