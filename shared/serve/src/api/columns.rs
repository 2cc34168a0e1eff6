//! All machines at once, in a form that is small enough for that.
//!
//! A list of ten thousand rows with all that is known of each is megabytes. Here is what a table shows of them, column by
//! column: the same words and numbers stand beside one another and come to some bytes for a machine.

use std::collections::BTreeSet;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::{Slug, UtcMs};

use super::machines::{FIELDS, Looked};
use crate::answer::Drawn;
use crate::door::Caller;
use crate::list::{self, age_seconds};
use crate::params::Params;
use crate::problem::Problem;
use crate::shared::App;
use crate::{Machine, Mark, Reachability, Shown, Stamp, status, work};

/// Machines in one answer: what a browser's table holds without paging.
const MOST: usize = 50_000;

/// The least that is told of an id, so that people recognise it.
const LEAST_ID: usize = 6;

/// Machines by client, site and name, column by column.
#[derive(Serialize, ToSchema)]
pub(crate) struct Columns {
    as_of: Stamp,
    /// How many match; what is listed ends at 50,000.
    total: usize,
    /// Clients and sites, which `place` points into.
    places: Vec<Spot>,
    /// What the digits of `shown` stand for.
    shown_words: [&'static str; 10],
    /// What the digits of `reach` stand for.
    reach_words: [&'static str; 7],
    /// The beginning of each id, as long as it takes to be nobody else's here.
    id: Vec<String>,
    name: Vec<String>,
    place: Vec<usize>,
    /// What machines are called, each once, which `mark` points into.
    marks: Vec<Mark>,
    mark: Vec<usize>,
    /// A digit for each.
    shown: String,
    /// What it was when it was last heard, a letter for each: `o`k, `w`arning, `c`ritical, `u`nknown.
    was: String,
    /// A digit for each.
    reach: String,
    /// Seconds before `as_of` that the newest sample here was measured.
    heard: Vec<Option<u64>>,
    /// Thousandths.
    cpu: Vec<Option<u32>>,
    /// Thousandths.
    memory: Vec<Option<u32>>,
    /// Ticks that are waited for.
    waiting: Vec<u64>,
    /// Whether that is reckoned, a digit for each: 1 for yes.
    reckoned: String,
    /// Ticks that will not come.
    lost: Vec<u64>,
}

/// A client's site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub(crate) struct Spot {
    client: Slug,
    site: Slug,
}

/// `GET /api/v1/machines/columns?q=`.
pub(crate) async fn columns(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = list::Wanted::read(&Params::of_uri(&uri), "machines", FIELDS, list::MOST_ROWS, &[])?;
    let drawn = work::list(&app, move |app| {
        let mut machines = app.machines_seen(&caller);
        app.judge(&mut machines);
        let now = app.lookout.now();
        machines.retain(|machine| wanted.keeps(&Looked { machine, now: now.utc }));
        Drawn::new(&Columns::of(machines, now.utc), now)
    });
    Ok(drawn.await?.answer(&headers))
}

impl Columns {
    fn of(mut machines: Vec<Machine>, now: UtcMs) -> Self {
        let total = machines.len();
        machines.sort_by(|a, b| (&a.client, &a.site, &a.name, a.id).cmp(&(&b.client, &b.site, &b.name, b.id)));
        machines.truncate(MOST);
        let spots: BTreeSet<_> = machines.iter().map(Spot::of).collect();
        let places: Vec<_> = spots.into_iter().collect();
        let place = |one: &Machine| {
            let order = |own: &Spot| (&own.client, &own.site).cmp(&(&one.client, &one.site));
            places.binary_search_by(order).expect("each machine's place is in the list")
        };
        let marks: BTreeSet<&Mark> = machines.iter().map(|one| &one.mark).collect();
        let marks: Vec<Mark> = marks.into_iter().cloned().collect();
        let mark = |one: &Machine| marks.binary_search(&one.mark).expect("what each machine is called is in the list");
        let mark = machines.iter().map(mark).collect();
        let ids: Vec<String> = machines.iter().map(|one| one.id.to_string()).collect();
        let length = told_length(&ids);
        let each = |of: fn(&Machine) -> char| machines.iter().map(of).collect::<String>();
        Self {
            as_of: Stamp(now),
            total,
            place: machines.iter().map(place).collect(),
            marks,
            mark,
            shown_words: Shown::WORDS,
            reach_words: Reachability::WORDS,
            id: ids.iter().map(|id| id[..length].to_owned()).collect(),
            shown: each(|one| digit(status(one.health, one.reachability.state).shown as usize)),
            was: each(|one| one.health.as_str().chars().next().unwrap_or('u')),
            reach: each(|one| digit(one.reachability.state as usize)),
            heard: machines.iter().map(|one| heard(one, now)).collect(),
            cpu: machines.iter().map(|one| one.cpu.as_ref().map(|fact| thousandths(fact.value))).collect(),
            memory: machines.iter().map(|one| one.memory.as_ref().map(|fact| thousandths(fact.value))).collect(),
            waiting: machines.iter().map(|one| one.ledger.waiting.ticks).collect(),
            reckoned: each(|one| digit(usize::from(one.ledger.waiting.estimated))),
            lost: machines.iter().map(|one| one.ledger.given_up.iter().map(|gone| gone.ticks).sum()).collect(),
            name: machines.into_iter().map(|one| one.name).collect(),
            places,
        }
    }
}

impl Spot {
    fn of(one: &Machine) -> Self {
        Self { client: one.client.clone(), site: one.site.clone() }
    }
}

fn heard(one: &Machine, now: UtcMs) -> Option<u64> {
    one.last_sample.as_ref().map(|last| age_seconds(last.observed_at, now) as u64)
}

fn thousandths(share: f64) -> u32 {
    (share * 1_000.0).round().clamp(0.0, 1_000_000.0) as u32
}

/// Words of a state are ten at most.
fn digit(place: usize) -> char {
    u32::try_from(place).ok().and_then(|place| char::from_digit(place, 10)).unwrap_or('0')
}

/// How much of each id it takes so that no two begin alike.
fn told_length(ids: &[String]) -> usize {
    let mut sorted: Vec<&str> = ids.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    let alike = |pair: &[&str]| pair[0].bytes().zip(pair[1].bytes()).take_while(|(a, b)| a == b).count();
    let most = sorted.windows(2).map(alike).max().unwrap_or(0);
    let whole = sorted.first().map_or(LEAST_ID, |id| id.len());
    (most + 1).clamp(LEAST_ID, whole.max(LEAST_ID))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_told_as_far_as_it_takes_to_know_it_from_all_others() {
        let ids = |all: &[&str]| told_length(&all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        assert_eq!(ids(&["aaaaaaaaaa", "bbbbbbbbbb"]), LEAST_ID);
        assert_eq!(ids(&["aaaaaaaabb", "ffffffffff", "aaaaaaaacc"]), 9);
        assert_eq!(ids(&[]), LEAST_ID);
    }

    #[test]
    fn every_word_of_a_state_has_a_digit_of_its_own() {
        for words in [Shown::WORDS.len(), Reachability::WORDS.len()] {
            assert_eq!((0..words).map(digit).collect::<BTreeSet<_>>().len(), words);
        }
    }
}
