//! Into which place does a push go?

use axum::extract::RawPathParams;
use vigie_people::{At, Right, Scope};

use super::refusal::{Refusal, Why};
use crate::Place;
use crate::door::Caller;

/// The place that the path names, or the only one that these credentials may write to.
pub(super) fn of(caller: &Caller, path: &RawPathParams) -> Result<Place, Refusal> {
    let part = |name: &str| path.iter().find(|(key, _)| *key == name).map(|(_, value)| value);
    match (part("client"), part("site")) {
        (Some(client), Some(site)) => named(caller, client, site),
        _ => only(caller),
    }
}

/// Says the same to a place that is nobody's and to one that is somebody else's.
fn named(caller: &Caller, client: &str, site: &str) -> Result<Place, Refusal> {
    let place = client.parse().ok().zip(site.parse().ok()).map(|(client, site)| Place { client, site });
    place
        .filter(|place| caller.may(Right::Push, At::Site(&place.client, &place.site)))
        .ok_or_else(|| Refusal::new(Why::NoRight, "these credentials may not write into this place; nothing was kept"))
}

fn only(caller: &Caller) -> Result<Place, Refusal> {
    let scopes: Vec<&Scope> = caller.powers().scopes(Right::Push).collect();
    let place = |scope: &Scope| {
        let place = Place { client: scope.of_client()?.clone(), site: scope.of_site()?.clone() };
        (!scope.is_tagged()).then_some(place)
    };
    let name_it = "these credentials may write into several places: name one by /to/CLIENT/SITE before the path";
    match scopes[..] {
        [] => Err(Refusal::new(Why::NoRight, "these credentials may not write; nothing was kept")),
        // What is pushed is of a place and of no machine, so that it bears no tag.
        _ if scopes.iter().all(|scope| scope.is_tagged()) => {
            let why = "these credentials write for machines with a tag alone, and what is pushed is of a place; nothing was kept";
            Err(Refusal::new(Why::NoRight, why))
        }
        [scope] => place(scope).ok_or_else(|| Refusal::new(Why::NameThePlace, name_it)),
        _ => Err(Refusal::new(Why::NameThePlace, name_it)),
    }
}
