//! Into which place does a push go?

use axum::extract::RawPathParams;

use super::refusal::{Refusal, Why};
use crate::{Place, Writes};

/// The place that the path names, or the only one that these credentials may write to.
pub(super) fn of(writes: &Writes, path: &RawPathParams) -> Result<Place, Refusal> {
    let part = |name: &str| path.iter().find(|(key, _)| *key == name).map(|(_, value)| value);
    match (part("client"), part("site")) {
        (Some(client), Some(site)) => named(writes, client, site),
        _ => only(writes),
    }
}

/// Says the same to a place that is nobody's and to one that is somebody else's.
fn named(writes: &Writes, client: &str, site: &str) -> Result<Place, Refusal> {
    let place = client.parse().ok().zip(site.parse().ok()).map(|(client, site)| Place { client, site });
    place
        .filter(|place| writes.include(place))
        .ok_or_else(|| Refusal::new(Why::NoRight, "these credentials may not write into this place; nothing was kept"))
}

fn only(writes: &Writes) -> Result<Place, Refusal> {
    let name_it = "these credentials may write into several places: name one by /to/CLIENT/SITE before the path";
    match writes {
        Writes::Nothing => Err(Refusal::new(Why::NoRight, "these credentials may not write; nothing was kept")),
        Writes::Everywhere => Err(Refusal::new(Why::NameThePlace, name_it)),
        Writes::Only(places) => match places.iter().collect::<Vec<_>>()[..] {
            [] => Err(Refusal::new(Why::NoRight, "these credentials may not write; nothing was kept")),
            [place] => Ok(place.clone()),
            _ => Err(Refusal::new(Why::NameThePlace, name_it)),
        },
    }
}
