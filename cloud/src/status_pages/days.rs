//! How were a client's machines on each of the last days? Worked out a day and a site at a time, and kept.
//!
//! Old days are looked at again, since what a site kept through a cut may come days later; with a pause after each in
//! proportion to what it took, so that ninety days of a large client never hold the hub up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::{debug, warn};
use vigie_model::{NodeId, Slug, UtcMs};
use vigie_node::NodeClock;
use vigie_serve::{
    AvailabilityWish, DAY_MS, DayMinutes, Incidents, Lookout, Minutes, Powers, STATUS_DAYS, StatusDays, Undecided,
};
use vigie_store::{CommitError, ReadError, State};

/// A row for each client's day: when it was worked out, and of each machine its minutes.
pub(super) const TABLE: &str = "status.day";

/// Bytes of one machine: its id, minutes up, down, unverified.
const MACHINE_BYTES: usize = 16 + 3 * 2;

/// How long nothing is looked at when nothing was due.
const REST: Duration = Duration::from_secs(30);

/// Of each piece of work so many times its length is rested after.
const PAUSES: u32 = 4;

/// Who knows how it was.
#[derive(Clone)]
pub(crate) struct Reckoner {
    pub(crate) incidents: Arc<dyn Incidents>,
    pub(crate) lookout: Arc<dyn Lookout>,
}

/// What is kept of days.
pub(crate) struct Diary {
    state: Arc<State>,
    clients: Mutex<BTreeMap<Slug, Kept>>,
}

#[derive(Default, Clone)]
struct Kept {
    days: Arc<StatusDays>,
    /// When each day was last worked out, or tried.
    tried_ms: BTreeMap<i32, i64>,
}

impl Diary {
    /// Reads what is kept; what is older than is shown goes.
    pub(super) fn open(state: Arc<State>, now: UtcMs) -> Result<Self, ReadError> {
        let (mut clients, first) = (BTreeMap::<Slug, Kept>::new(), first_day(now));
        for (key, row) in state.scan(TABLE, b"")? {
            let Some((client, day, worked_ms, machines)) = read(&key, &row) else { continue };
            if day < first {
                // It is tried again at the next start.
                drop(state.remove(TABLE, &key));
                continue;
            }
            let kept = clients.entry(client).or_default();
            Arc::make_mut(&mut kept.days).put(day, machines);
            kept.tried_ms.insert(day, worked_ms);
        }
        Ok(Self { state, clients: Mutex::new(clients) })
    }

    pub(super) fn days(&self, client: &Slug) -> Arc<StatusDays> {
        self.clients().get(client).map(|kept| kept.days.clone()).unwrap_or_default()
    }

    /// Works out what is due of the clients that are wanted, one day after the other.
    pub(super) async fn tend(self: Arc<Self>, reckoner: Reckoner, clock: NodeClock, wanted: impl Fn() -> Vec<Slug>) {
        loop {
            let now = clock.now().utc;
            // The newest day of all of them: a large client's ninety do not stand before another's today.
            let due = wanted().into_iter().filter_map(|client| Some((self.due(&client, now)?, client)));
            let Some((day, client)) = due.max() else {
                tokio::time::sleep(REST).await;
                continue;
            };
            let (diary, reckoner, began) = (self.clone(), reckoner.clone(), Instant::now());
            let worked = tokio::task::spawn_blocking(move || diary.work_out(&reckoner, &client, day, now)).await;
            if let Err(died) = worked {
                warn!(%died, "a day of a public page could not be worked out");
            }
            tokio::time::sleep(PAUSES * began.elapsed().max(Duration::from_millis(10))).await;
        }
    }

    fn due(&self, client: &Slug, now: UtcMs) -> Option<i32> {
        let clients = self.clients();
        due(clients.get(client).map(|kept| &kept.tried_ms), now)
    }

    /// Works out one day of a client, site by site: each is read on its own, however large the client.
    pub(super) fn work_out(&self, reckoner: &Reckoner, client: &Slug, day: i32, now: UtcMs) {
        let sites = reckoner.lookout.sites_where(&mut |of, _| of == client).into_iter();
        let found: Result<Vec<_>, Undecided> = sites.map(|site| of_site(reckoner, client, &site.name, day)).collect();
        let first = first_day(now);
        let mut clients = self.clients();
        let kept = clients.entry(client.clone()).or_default();
        kept.tried_ms = kept.tried_ms.split_off(&first);
        kept.tried_ms.insert(day, now.0);
        let machines = match found {
            Ok(found) => found.into_iter().flatten(),
            // Half of a client's day would look as if nothing were known of the rest.
            Err(error) => return debug!(%client, day, %error, "a day could not be worked out; it is tried again later"),
        };
        let days = Arc::make_mut(&mut kept.days);
        days.put(day, machines);
        days.forget_before(first);
        let row = written(now, days.day(day).unwrap_or_default());
        drop(clients);
        if let Err(error) = self.keep(client, day, first, &row) {
            warn!(%error, "the days of a public page could not be kept; they are worked out anew");
        }
    }

    fn keep(&self, client: &Slug, day: i32, first: i32, row: &[u8]) -> Result<(), CommitError> {
        self.state.transact(|tx| {
            // One goes when one comes: of the days before there are no more than the hub did not run.
            let old = tx.range(TABLE, &prefix(client), &key(client, i32::MIN), 8)?;
            for (old, _) in old {
                if day_of_key(&old).is_some_and(|day| day < first) {
                    tx.remove(TABLE, &old)?;
                }
            }
            tx.put(TABLE, &key(client, day), row)
        })
    }

    fn clients(&self) -> MutexGuard<'_, BTreeMap<Slug, Kept>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn first_day(now: UtcMs) -> i32 {
    day_of(now) - (STATUS_DAYS - 1)
}

fn day_of(now: UtcMs) -> i32 {
    i32::try_from(now.0.div_euclid(DAY_MS)).unwrap_or(0)
}

/// The newest day that was not looked at for as long as its age allows.
fn due(tried_ms: Option<&BTreeMap<i32, i64>>, now: UtcMs) -> Option<i32> {
    let today = day_of(now);
    (0..STATUS_DAYS).map(|back| (today - back, holds_ms(back))).find_map(|(day, holds)| {
        let tried = tried_ms.and_then(|tried| tried.get(&day));
        tried.is_none_or(|tried| !(0..holds).contains(&(now.0 - tried))).then_some(day)
    })
}

/// For how long a day holds that lies so far back: today goes on, some days back what a cut kept still comes, and once a day
/// whatever came at last.
fn holds_ms(back: i32) -> i64 {
    match back {
        0 => 5 * 60_000,
        1..=7 => 3_600_000,
        _ => DAY_MS,
    }
}

/// The machines of a site of whose day something is known.
fn of_site(reckoner: &Reckoner, client: &Slug, site: &Slug, day: i32) -> Result<Vec<(NodeId, DayMinutes)>, Undecided> {
    let from_ms = i64::from(day) * DAY_MS;
    let (client, site) = (Some(client.clone()), Some(site.clone()));
    let wish = AvailabilityWish { seen: Powers::all(), client, site, from_ms, to_ms: from_ms + DAY_MS };
    let sites = reckoner.incidents.availability(&wish)?.sites.into_iter();
    let machines = sites.flat_map(|site| site.machines).map(|machine| (machine.id, minutes(&machine.minutes)));
    Ok(machines.filter(|(_, minutes)| minutes.verified() > 0).collect())
}

fn minutes(all: &Minutes) -> DayMinutes {
    let count = |minutes: u64| u16::try_from(minutes).unwrap_or(u16::MAX);
    DayMinutes { up: count(all.up), down: count(all.down), unverified: count(all.unverified) }
}

/// Ends with a byte that stands in no name.
fn prefix(client: &Slug) -> Vec<u8> {
    [client.as_str().as_bytes(), &[0]].concat()
}

fn key(client: &Slug, day: i32) -> Vec<u8> {
    [prefix(client).as_slice(), &day.max(0).to_be_bytes()].concat()
}

/// Whether a day is a client's.
pub(super) fn is_of(row_key: &[u8], client: &Slug) -> bool {
    row_key.starts_with(&prefix(client))
}

fn day_of_key(key: &[u8]) -> Option<i32> {
    key.last_chunk::<4>().map(|day| i32::from_be_bytes(*day))
}

fn written(now: UtcMs, machines: &[(NodeId, DayMinutes)]) -> Vec<u8> {
    let mut row = Vec::with_capacity(8 + machines.len() * MACHINE_BYTES);
    row.extend(now.0.to_be_bytes());
    for (machine, minutes) in machines {
        row.extend(machine.as_bytes());
        [minutes.up, minutes.down, minutes.unverified].iter().for_each(|count| row.extend(count.to_be_bytes()));
    }
    row
}

type Day = (Slug, i32, i64, Vec<(NodeId, DayMinutes)>);

fn read(key: &[u8], row: &[u8]) -> Option<Day> {
    let (client, day) = (key.strip_suffix(key.last_chunk::<4>()?)?, day_of_key(key)?);
    let client = std::str::from_utf8(client.strip_suffix(&[0])?).ok()?.parse().ok()?;
    let (worked_ms, row) = row.split_first_chunk::<8>()?;
    let machine = |bytes: &[u8]| {
        let (id, counts) = bytes.split_first_chunk::<16>()?;
        let count = |at: usize| Some(u16::from_be_bytes(counts.get(at..at + 2)?.try_into().ok()?));
        let minutes = DayMinutes { up: count(0)?, down: count(2)?, unverified: count(4)? };
        Some((NodeId::from_bytes(*id), minutes))
    };
    let machines = row.chunks_exact(MACHINE_BYTES).filter_map(machine).collect();
    Some((client, day, i64::from_be_bytes(*worked_ms), machines))
}

#[cfg(test)]
mod tests {
    use vigie_store::fault::FaultDisk;

    use super::*;

    const NOW: UtcMs = UtcMs(1_795_258_930_000);

    fn slug(text: &str) -> Slug {
        text.parse().expect("a name")
    }

    #[test]
    fn the_newest_days_come_first_and_old_ones_are_looked_at_again_once_a_day() {
        let today = day_of(NOW);
        assert_eq!(due(None, NOW), Some(today));
        let mut tried: BTreeMap<i32, i64> = (0..STATUS_DAYS).map(|back| (today - back, NOW.0)).collect();
        assert_eq!(due(Some(&tried), NOW), None);
        assert_eq!(due(Some(&tried), UtcMs(NOW.0 + 5 * 60_000)), Some(today));
        tried.insert(today, NOW.0 + 3_600_000);
        assert_eq!(due(Some(&tried), UtcMs(NOW.0 + 3_600_000)), Some(today - 1));
        tried.remove(&(today - 40));
        assert_eq!(due(Some(&tried), NOW), Some(today), "its word is from the future: a clock was set back");
        tried.insert(today, NOW.0);
        assert_eq!(due(Some(&tried), NOW), Some(today - 40));
    }

    #[test]
    fn a_day_is_kept_as_it_was_and_goes_when_nobody_is_shown_it_any_more() {
        let disk = FaultDisk::new();
        let open = |now| {
            let state = Arc::new(State::open_on(disk.clone()).expect("a state").0);
            Diary::open(state, now).expect("a diary")
        };
        let (node, today) = (NodeId::from_bytes([7; 16]), day_of(NOW));
        let minutes = DayMinutes { up: 1_300, down: 100, unverified: 40 };
        let diary = open(NOW);
        let row = written(NOW, &[(node, minutes)]);
        for (client, day) in [("acme", today), ("acme-2", today), ("acme", today - 3)] {
            diary.keep(&slug(client), day, first_day(NOW), &row).expect("kept");
        }
        drop(diary);
        let diary = open(NOW);
        assert_eq!(diary.days(&slug("acme")).of(today, node), Some(minutes));
        assert_eq!(diary.days(&slug("acme-2")).of(today - 3, node), None, "each client's are its own");
        assert_eq!(diary.due(&slug("acme"), NOW), Some(today - 1));
        drop(diary);
        let later = UtcMs(NOW.0 + 88 * DAY_MS);
        let diary = open(later);
        assert_eq!(diary.days(&slug("acme")).of(today - 3, node), None);
        assert_eq!(diary.days(&slug("acme")).of(today, node), Some(minutes));
        assert_eq!(diary.state.scan(TABLE, b"").expect("rows").len(), 2);
    }
}
