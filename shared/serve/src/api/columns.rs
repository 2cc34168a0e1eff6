//! All machines at once, in a form that is small enough for that.
//!
//! A list of ten thousand rows with all that is known of each is megabytes. Here is what a table shows of them, column by
//! column: the same words and numbers stand beside one another and come to some bytes for a machine.

use std::collections::{BTreeSet, HashMap};

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use vigie_model::{NodeId, Slug, UtcMs};

use super::machines::{FIELDS, Looked};
use crate::answer::Drawn;
use crate::door::Caller;
use crate::list::{self, age_seconds};
use crate::params::Params;
use crate::problem::Problem;
use crate::shared::App;
use crate::{Glance, Mark, Reachability, Shown, Stamp, work};

/// Machines in one answer: what a browser's table holds without paging.
const MOST: usize = 50_000;

/// The least that is told of an id, so that people recognise it.
const LEAST_ID: usize = 6;

/// Digits of an id.
const WHOLE_ID: usize = 32;

/// Machines by client, site and name, column by column.
#[derive(Serialize, ToSchema)]
pub(crate) struct Columns<'a> {
    as_of: Stamp,
    /// How many match; what is listed ends at 50,000.
    total: usize,
    /// Clients and sites, which `place` points into.
    places: Vec<Spot<'a>>,
    /// What the digits of `shown` stand for.
    shown_words: [&'static str; 10],
    /// What the digits of `reach` stand for.
    reach_words: [&'static str; 7],
    /// The beginning of each id, as long as it takes to be nobody else's here.
    #[schema(value_type = Vec<String>)]
    id: Vec<Begin>,
    name: Vec<&'a str>,
    place: Vec<usize>,
    /// What machines are called, each once, which `mark` points into.
    marks: Vec<&'a Mark>,
    mark: Vec<usize>,
    /// Operating systems, each once, which `system` points into.
    systems: Vec<&'a str>,
    /// None where the machine has not said it.
    system: Vec<Option<usize>>,
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
    /// Of the fullest file system, thousandths.
    disk: Vec<Option<u32>>,
    /// Ticks that are waited for.
    waiting: Vec<u64>,
    /// Whether that is reckoned, a digit for each: 1 for yes.
    reckoned: String,
    /// Ticks that will not come.
    lost: Vec<u64>,
}

/// So many digits of an id.
struct Begin {
    id: NodeId,
    digits: usize,
}

impl Serialize for Begin {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.id.to_string()[..self.digits])
    }
}

/// A client's site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
pub(crate) struct Spot<'a> {
    client: &'a Slug,
    site: &'a Slug,
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
        let mut machines = app.glances_seen(&caller);
        let now = app.lookout.now();
        machines.retain(|machine| wanted.keeps(&Looked { machine, now: now.utc }));
        Drawn::new(&Columns::of(&machines, now.utc), now)
    });
    Ok(drawn.await?.answer(&headers))
}

impl<'a> Columns<'a> {
    fn of(machines: &'a [Glance], now: UtcMs) -> Self {
        let (places, numbers) = numbered(machines.iter().map(Spot::of));
        let mut rows: Vec<(usize, &'a Glance)> = numbers.into_iter().zip(machines).collect();
        rows.sort_unstable_by(|a, b| (a.0, &a.1.name, a.1.id).cmp(&(b.0, &b.1.name, b.1.id)));
        rows.truncate(MOST);
        let marks: BTreeSet<&'a Mark> = machines.iter().map(|one| &one.mark).collect();
        let marks: Vec<&'a Mark> = marks.into_iter().collect();
        let mark = |one: &Glance| marks.binary_search(&&one.mark).expect("what each machine is called is in the list");
        let systems: BTreeSet<&'a str> = machines.iter().filter_map(|one| one.system.as_deref()).collect();
        let systems: Vec<&'a str> = systems.into_iter().collect();
        let system = |one: &Glance| systems.binary_search(&one.system.as_deref()?).ok();
        let digits = told_length(machines.iter().map(|one| one.id).collect());
        let each = |of: fn(&Glance) -> char| rows.iter().map(|(_, one)| of(one)).collect::<String>();
        let all = || rows.iter().map(|(_, one)| *one);
        Self {
            as_of: Stamp(now),
            total: machines.len(),
            place: rows.iter().map(|(place, _)| *place).collect(),
            mark: all().map(mark).collect(),
            system: all().map(system).collect(),
            shown_words: Shown::WORDS,
            reach_words: Reachability::WORDS,
            id: all().map(|one| Begin { id: one.id, digits }).collect(),
            name: all().map(|one| &*one.name).collect(),
            shown: each(|one| digit(one.shown() as usize)),
            was: each(|one| one.health.as_str().chars().next().unwrap_or('u')),
            reach: each(|one| digit(one.reachability.state as usize)),
            heard: all().map(|one| Some(age_seconds(one.observed_at?, now) as u64)).collect(),
            cpu: all().map(|one| one.cpu.map(thousandths)).collect(),
            memory: all().map(|one| one.memory.map(thousandths)).collect(),
            disk: all().map(|one| one.disk.map(thousandths)).collect(),
            waiting: all().map(|one| one.waiting.ticks).collect(),
            reckoned: each(|one| digit(usize::from(one.waiting.estimated))),
            lost: all().map(|one| one.lost).collect(),
            marks,
            systems,
            places,
        }
    }
}

impl<'a> Spot<'a> {
    fn of(one: &'a Glance) -> Self {
        Self { client: &one.client, site: &one.site }
    }
}

/// Each place once, in order, and for each machine the number of its place in that. Places are looked up once for each machine
/// and compared once for each place; from there on there are numbers.
fn numbered<'a>(spots: impl Iterator<Item = Spot<'a>>) -> (Vec<Spot<'a>>, Vec<usize>) {
    let mut met: HashMap<Spot<'a>, usize> = HashMap::new();
    let of_each: Vec<usize> = spots
        .map(|spot| {
            let next = met.len();
            *met.entry(spot).or_insert(next)
        })
        .collect();
    let mut places: Vec<(Spot<'a>, usize)> = met.into_iter().collect();
    places.sort_unstable();
    let mut number = vec![0; places.len()];
    for (at, (_, met_as)) in places.iter().enumerate() {
        number[*met_as] = at;
    }
    (places.into_iter().map(|(spot, _)| spot).collect(), of_each.into_iter().map(|met_as| number[met_as]).collect())
}

fn thousandths(share: f64) -> u32 {
    (share * 1_000.0).round().clamp(0.0, 1_000_000.0) as u32
}

/// Words of a state are ten at most.
fn digit(place: usize) -> char {
    u32::try_from(place).ok().and_then(|place| char::from_digit(place, 10)).unwrap_or('0')
}

/// How many digits of each id it takes so that no two begin alike.
fn told_length(mut ids: Vec<NodeId>) -> usize {
    ids.sort_unstable();
    let alike = |pair: &[NodeId]| {
        let differ = u128::from_be_bytes(*pair[0].as_bytes()) ^ u128::from_be_bytes(*pair[1].as_bytes());
        // Four bits for each digit.
        differ.leading_zeros() as usize / 4
    };
    let most = ids.windows(2).map(alike).max().unwrap_or(0);
    (most + 1).clamp(LEAST_ID, WHOLE_ID)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_told_as_far_as_it_takes_to_know_it_from_all_others() {
        let id = |begins: &str| format!("{begins:0<32}").parse().expect("an id");
        let length = |all: &[&str]| told_length(all.iter().copied().map(id).collect());
        assert_eq!(length(&["aaaaaaaaaa", "bbbbbbbbbb"]), LEAST_ID);
        assert_eq!(length(&["aaaaaaaabb", "ffffffffff", "aaaaaaaacc"]), 9);
        assert_eq!(length(&["aaaaaaaab2", "ffffffffff", "aaaaaaaab3"]), 10);
        assert_eq!(length(&["aa", "aa"]), WHOLE_ID, "of two that are one nobody's is told apart");
        assert_eq!(length(&[]), LEAST_ID);
    }

    #[test]
    fn places_stand_in_order_and_each_machine_has_the_number_of_its_own() {
        let names: Vec<(Slug, Slug)> = [("b", "x"), ("a", "z"), ("b", "x"), ("a", "y"), ("a", "z")]
            .map(|(client, site)| (client.parse().expect("a name"), site.parse().expect("a name")))
            .to_vec();
        let spot = |at: usize| Spot { client: &names[at].0, site: &names[at].1 };
        let (places, numbers) = numbered((0..names.len()).map(spot));
        assert_eq!(places, [spot(3), spot(1), spot(0)]);
        assert_eq!(numbers, [2, 1, 2, 0, 1]);
    }

    #[test]
    fn every_word_of_a_state_has_a_digit_of_its_own() {
        for words in [Shown::WORDS.len(), Reachability::WORDS.len()] {
            assert_eq!((0..words).map(digit).collect::<BTreeSet<_>>().len(), words);
        }
    }
}
