//! What does a mind know again after a restart?
//!
//! Times in rows that lie ahead of its clock are of another clock: they are not waited for.

use std::collections::BTreeMap;

use vigie_model::Slug;

use super::super::alert::Instance;
use super::super::clocks::Clocks;
use super::super::group::{Group, Head, Member};
use super::super::route::Rules;
use super::super::rows::{Table, read};
use super::climbing::Climb;
use super::{Mind, SiteLine, digest};

/// What a mind is made of again after a restart.
#[derive(Debug, Default)]
pub struct Restored {
    /// Rows by table and key.
    pub rows: Vec<(Table, Vec<u8>, Vec<u8>)>,
}

impl Mind {
    /// The mind as its rows left it. What belongs to a route that is no longer there is forgotten.
    pub fn restore(rules: Rules, restored: &Restored, now: Clocks) -> Self {
        let mut mind = Self::new(rules, now);
        let of = |table: Table| restored.rows.iter().filter(move |(of, _, _)| *of == table);
        for (_, key, row) in of(Table::Group) {
            let head: Option<Head> = read(row);
            match (head.filter(|head| mind.rules.route(&head.route).is_some()), digest(key)) {
                (Some(mut head), Some(id)) => {
                    head.told_at = head.told_at.map(|told| told.min(now.steady));
                    drop(mind.groups.insert(id, Group { head, members: BTreeMap::new(), check_at: Some(now.steady) }));
                }
                _ => mind.rows.remove(Table::Group, key),
            }
        }
        for (_, key, row) in of(Table::Member) {
            let place = key.get(..16).and_then(digest).and_then(|id| mind.groups.get_mut(&id).map(|group| (id, group)));
            match (place, read::<(Instance, Member)>(row)) {
                (Some((id, group)), Some((instance, member))) => {
                    group.members.insert(instance, member.resumed(now));
                    mind.places.entry(instance).or_default().insert(id);
                    mind.members += 1;
                }
                _ => mind.rows.remove(Table::Member, key),
            }
        }
        for (_, _, row) in of(Table::Site) {
            if let Some((place, line)) = read::<((Slug, Slug), SiteLine)>(row) {
                mind.sites.insert(place, SiteLine { since: line.since.min(now.steady), ..line });
            }
        }
        for (_, key, row) in of(Table::Climb) {
            match (digest(key).filter(|id| mind.groups.contains_key(id)), read::<Climb>(row)) {
                (Some(id), Some(climb)) => drop(mind.climbs.insert(id, climb.resumed(now))),
                _ => mind.rows.remove(Table::Climb, key),
            }
        }
        for (table, key, row) in of(Table::Mark).chain(of(Table::Done)) {
            let kept = if *table == Table::Mark { &mut mind.elsewhere } else { &mut mind.done };
            if let (Some(mark), Some(at)) = (digest(key), read(row)) {
                kept.restore(mark, at);
            }
        }
        mind
    }
}
