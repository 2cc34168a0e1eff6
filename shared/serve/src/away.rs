//! What happened while nobody could look: during the cut of a site, and minute by minute.

use std::ops::Range;

use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::{NodeId, Slug};
use vigie_people::{At, Powers, Right};

use crate::fact::as_text;
use crate::{Mark, Stamp};

/// What happened at a site while it was cut off, as it is known now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Cut {
    /// The incident of the cut itself.
    pub id: String,
    /// Whose.
    pub client: Slug,
    /// Where.
    pub site: Slug,
    /// When the hub noticed it. What happened in the three minutes before counts too: nobody heard of it either.
    pub from: Stamp,
    /// When the line was back.
    pub to: Stamp,
    /// Incidents that began there meanwhile.
    pub began: u32,
    /// Incidents that ended there meanwhile, whenever they began.
    pub ended: u32,
    /// Those that began meanwhile and are not over yet.
    pub open: u32,
    /// Who acknowledged something there meanwhile.
    pub known_by: Vec<String>,
    /// Which incidents, a hundred at most.
    pub incidents: Vec<String>,
}

/// Whose minutes are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityWish {
    /// What the asker may, of which only what they see is told.
    pub seen: Powers,
    /// Of this client alone.
    pub client: Option<Slug>,
    /// Of this site alone.
    pub site: Option<Slug>,
    /// From when, in ms since 1970 UTC.
    pub from_ms: i64,
    /// Until when.
    pub to_ms: i64,
}

impl AvailabilityWish {
    /// Whether the asker sees a machine of this place, which is called so.
    pub fn sees(&self, client: &Slug, site: &Slug, mark: Option<&Mark>) -> bool {
        let at = mark.map_or(At::Site(client, site), |mark| At::Machine(client, site, &mark.tags));
        self.seen.may(Right::Look, at)
    }
}

impl AvailabilityWish {
    /// Time that may be asked for at once, in ms: a month, with its samples of all machines of a site.
    pub const MOST_MS: i64 = 31 * 24 * 3_600_000;
}

/// For how long machines were there, as it is known now: what comes late is counted when it is asked for again.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Availability {
    /// From when: the beginning of a minute.
    pub from: Stamp,
    /// Until when: the end of one, and not later than now.
    pub to: Stamp,
    /// Each place with its machines.
    pub sites: Vec<SiteMinutes>,
}

/// Which of the places is told of at once, in their order. A place is told of whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacesPage {
    /// Behind this client and site; from the first on if left out.
    pub after: Option<(Slug, Slug)>,
    /// With so many machines at most, unless the first place has more alone.
    pub machines: usize,
}

impl PlacesPage {
    /// Where the page begins and ends among places that stand in their order, each with how many machines it has.
    pub fn of<'a>(&self, places: impl IntoIterator<Item = ((&'a Slug, &'a Slug), usize)>) -> Range<usize> {
        let after = self.after.as_ref().map(|(client, site)| (client, site));
        let mut page = 0..0;
        let mut machines = 0;
        for (at, (place, more)) in places.into_iter().enumerate() {
            if after.is_some_and(|after| place <= after) {
                page = at + 1..at + 1;
                continue;
            }
            machines += more;
            if !page.is_empty() && machines > self.machines {
                break;
            }
            page.end = at + 1;
        }
        page
    }
}

/// A page of places.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacesTold {
    /// The minutes there.
    pub minutes: Availability,
    /// How many machines there are on all pages.
    pub total: usize,
    /// Whether there are more behind these.
    pub more: bool,
}

/// The minutes of a site.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SiteMinutes {
    /// Whose.
    pub client: Slug,
    /// Where.
    pub site: Slug,
    /// Of all its machines together.
    #[serde(flatten)]
    pub minutes: Minutes,
    /// One by one.
    pub machines: Vec<MachineMinutes>,
}

/// The minutes of a machine.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MachineMinutes {
    /// Which.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// How many, of each kind.
    #[serde(flatten)]
    pub minutes: Minutes,
    /// When it was not known to be up, the oldest first; a hundred at most.
    pub lapses: Vec<Lapse>,
    /// How many more there are.
    pub more_lapses: usize,
}

/// Minutes of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
pub struct Minutes {
    /// The machine measured itself.
    pub up: u64,
    /// It did not, and a relay on its network says that it did not answer.
    pub down: u64,
    /// Nothing says how it was.
    pub unverified: u64,
    /// The share of `up` in what is verified, 0 to 1; nothing where nothing is.
    pub availability: Option<f64>,
    /// The share of what is verified in all of it, 0 to 1.
    pub verified: Option<f64>,
}

impl Minutes {
    /// These, with their shares.
    pub fn new(up: u64, down: u64, unverified: u64) -> Self {
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let (known, all) = (up + down, up + down + unverified);
        Self { up, down, unverified, availability: share(up, known), verified: share(known, all) }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::new(self.up + other.up, self.down + other.down, self.unverified + other.unverified)
    }
}

/// Minutes one after the other in which a machine was not known to be up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Lapse {
    /// From when.
    pub from: Stamp,
    /// Until when.
    pub to: Stamp,
    /// Whether somebody says that it was down; else nobody knows.
    pub down: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_before_the_place_with_which_it_has_too_many_machines_and_has_one_at_least() {
        let slug = |name: &str| name.parse::<Slug>().expect("a name");
        let places = [("acme", "lyon", 3), ("acme", "nice", 4), ("bron", "lyon", 9), ("bron", "metz", 1)];
        let places = places.map(|(client, site, machines)| ((slug(client), slug(site)), machines));
        let page = |after: Option<usize>, machines| {
            let after = after.map(|at| places[at].0.clone());
            let all = places.iter().map(|((client, site), machines)| ((client, site), *machines));
            PlacesPage { after, machines }.of(all)
        };
        assert_eq!([page(None, 7), page(Some(1), 7), page(Some(2), 7), page(Some(3), 7)], [0..2, 2..3, 3..4, 4..4]);
        assert_eq!([page(None, 6), page(None, 1), page(None, 17)], [0..1, 0..1, 0..4]);
        let gone = PlacesPage { after: Some((slug("acme"), slug("metz"))), machines: 99 };
        let all = places.iter().map(|((client, site), machines)| ((client, site), *machines));
        assert_eq!(gone.of(all), 1..4, "the place where the page before ended may be gone");
        assert_eq!(gone.of([]), 0..0);
    }

    #[test]
    fn what_is_not_verified_counts_for_neither_side() {
        let one = Minutes::new(90, 10, 100);
        assert_eq!((one.availability, one.verified), (Some(0.9), Some(0.5)));
        assert_eq!(Minutes::new(0, 0, 5).availability, None);
        assert_eq!(one.and(Minutes::new(0, 100, 0)), Minutes::new(90, 110, 100));
    }
}
