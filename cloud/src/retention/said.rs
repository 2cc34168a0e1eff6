//! How long a client's data is kept, as it is said while the hub runs: before what its file says.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use serde::{Deserialize, Serialize};
use vigie_model::{NodeId, Slug, StreamId, UtcMs, pushed_place};
use vigie_node::{Failed, Keeping, Keeps, NodeClock};
use vigie_serve::{ClientTerms, KeepDays, KeepingTerms, Stamp, Undecided};
use vigie_store::{Log, Rollups, State};

use super::{DaysSaid, Retention};
use crate::registry::Registry;

/// A row for each client.
pub(crate) const TABLE: &str = "retention.client";

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
    days: KeepDays,
    by: String,
    made_ms: i64,
}

/// What the file says, and what is said of clients beside it.
#[derive(Debug)]
pub(crate) struct Terms {
    file: Retention,
    state: Arc<State>,
    registry: Arc<Registry>,
    /// The hub itself, to which others push for many.
    hub: NodeId,
    clock: NodeClock,
    said: RwLock<BTreeMap<Slug, Row>>,
    log: OnceLock<Arc<RwLock<Log>>>,
}

impl Terms {
    pub(crate) fn open(
        file: Retention,
        (state, registry, clock): (Arc<State>, Arc<Registry>, NodeClock),
        hub: NodeId,
    ) -> Result<Self, Failed> {
        let rows = state.scan(TABLE, b"")?.into_iter();
        let read = |(key, row): (Vec<u8>, Vec<u8>)| {
            let client: Slug = std::str::from_utf8(&key).ok()?.parse().ok()?;
            Some((client, serde_json::from_slice::<Row>(&row).ok()?))
        };
        let said = RwLock::new(rows.filter_map(read).collect());
        Ok(Self { file, state, registry, hub, clock, said, log: OnceLock::new() })
    }

    /// What the log folds ticks into. Minutes are for when their samples go: until then they would be a second copy of them.
    pub(crate) fn rollups(&self) -> Rollups {
        let is_said = self.said().values().any(|row| row.days.raw_days.is_some_and(|days| days > 0));
        if self.file.is_for_ever() && !is_said { Rollups::Hours } else { Rollups::All }
    }

    /// From now on this log makes minutes as soon as somebody's samples are to go.
    pub(crate) fn rule(&self, log: Arc<RwLock<Log>>) {
        self.log.get_or_init(|| log);
    }

    fn said(&self) -> RwLockReadGuard<'_, BTreeMap<Slug, Row>> {
        self.said.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn days(&self, client: Option<&Slug>) -> DaysSaid {
        let file = self.file.days(client);
        let said = self.said();
        client.and_then(|client| said.get(client)).map_or(file, |row| DaysSaid::from(row.days).or(file))
    }

    fn changed(&self, client: &Slug, row: Option<Row>) -> ClientTerms {
        let mut said = self.said.write().unwrap_or_else(PoisonError::into_inner);
        match row {
            Some(row) => drop(said.insert(client.clone(), row)),
            None => drop(said.remove(client)),
        }
        drop(said);
        if let (Rollups::All, Some(log)) = (self.rollups(), self.log.get()) {
            log.write().unwrap_or_else(PoisonError::into_inner).fold_into(Rollups::All);
        }
        self.terms(Some(client))
    }
}

impl KeepingTerms for Terms {
    fn terms(&self, client: Option<&Slug>) -> ClientTerms {
        let days = self.days(client);
        let row = client.and_then(|client| self.said().get(client).cloned());
        let kept = |days: Option<u32>| Some(days.unwrap_or(0));
        let keeps = KeepDays {
            raw_days: kept(days.raw_days),
            minute_days: kept(days.minute_days),
            hour_days: kept(days.hour_days),
        };
        ClientTerms {
            client: client.cloned(),
            keeps,
            said: row.as_ref().map(|row| row.days),
            by: row.as_ref().map(|row| row.by.clone()),
            made_at: row.map(|row| Stamp(UtcMs(row.made_ms))),
        }
    }

    fn clients(&self) -> Vec<Slug> {
        let mut clients: Vec<Slug> = self.file.clients().cloned().chain(self.said().keys().cloned()).collect();
        clients.sort();
        clients.dedup();
        clients
    }

    fn set(&self, client: &Slug, days: KeepDays, by: &str) -> Result<ClientTerms, Undecided> {
        let wanted = DaysSaid::from(days).or(self.file.days(Some(client)));
        wanted.keeping(&format!(" of {client}")).map_err(|error| Undecided::Senseless(error.to_string()))?;
        let row = Row { days, by: by.chars().take(128).collect(), made_ms: self.clock.now().utc.0 };
        // Numbers and a name: writing them to memory does not fail.
        let bytes = serde_json::to_vec(&row).unwrap_or_default();
        let kept = self.state.put(TABLE, client.as_str().as_bytes(), &bytes);
        kept.map_err(|error| Undecided::NotKept(error.to_string()))?;
        Ok(self.changed(client, Some(row)))
    }

    fn unset(&self, client: &Slug) -> Result<ClientTerms, Undecided> {
        let gone = self.state.remove(TABLE, client.as_str().as_bytes());
        if !gone.map_err(|error| Undecided::NotKept(error.to_string()))? {
            return Err(Undecided::NotHere("word about how long data of that client is kept"));
        }
        Ok(self.changed(client, None))
    }
}

impl Keeps for Terms {
    fn keeping(&self, stream: StreamId, name: &str) -> Keeping {
        // What was checked when it was said makes sense.
        let of = |client: Option<&Slug>| self.days(client).keeping("").unwrap_or_default();
        if stream.agent == self.hub {
            return of(pushed_place(name).map(|(client, _)| client).as_ref());
        }
        match self.registry.node(stream.agent) {
            // A machine that lost its rights is its client's all the same.
            Ok(Some(row)) => of(Some(&row.client)),
            // Nobody knows whose it is, or it can not be read now: nothing is deleted by a guess.
            Ok(None) | Err(_) => Keeping::default(),
        }
    }
}

impl From<KeepDays> for DaysSaid {
    fn from(days: KeepDays) -> Self {
        Self { raw_days: days.raw_days, minute_days: days.minute_days, hour_days: days.hour_days }
    }
}

#[cfg(test)]
mod tests {
    use vigie_store::fault::FaultDisk;

    use super::*;
    use crate::retention::RetentionSaid;

    fn slug(text: &str) -> Slug {
        text.parse().expect("a name")
    }

    fn terms(disk: &FaultDisk, file: &str) -> Terms {
        let state = Arc::new(State::open_on(disk.clone()).expect("a state").0);
        let file = toml::from_str::<RetentionSaid>(file).expect("a table").check().expect("in order");
        let registry = Arc::new(Registry::new(state.clone()));
        Terms::open(file, (state, registry, NodeClock::new()), NodeId::of_key(&[1; 32])).expect("terms")
    }

    fn days(raw: Option<u32>, minutes: Option<u32>, hours: Option<u32>) -> KeepDays {
        KeepDays { raw_days: raw, minute_days: minutes, hour_days: hours }
    }

    #[test]
    fn what_is_said_of_a_client_counts_before_the_file_and_outlives_a_start() {
        let disk = FaultDisk::new();
        let file = "raw_days = 90\nminute_days = 400\n[clients.acme]\nraw_days = 30";
        let (acme, bron) = (slug("acme"), slug("bron"));
        let of = terms(&disk, file);
        assert_eq!(of.terms(Some(&acme)).keeps, days(Some(30), Some(400), Some(0)));
        of.set(&acme, days(Some(7), None, None), "ann").expect("kept");
        of.set(&bron, days(Some(0), Some(0), None), "ann").expect("kept");
        drop(of);
        let of = terms(&disk, file);
        assert_eq!(of.terms(Some(&acme)).keeps, days(Some(7), Some(400), Some(0)));
        assert_eq!(of.terms(Some(&acme)).by.as_deref(), Some("ann"));
        assert_eq!(of.terms(Some(&bron)).keeps, days(Some(0), Some(0), Some(0)), "0 is for ever");
        assert_eq!(of.terms(None).keeps, days(Some(90), Some(400), Some(0)), "all others as before");
        assert_eq!(of.unset(&acme).expect("gone").keeps, days(Some(30), Some(400), Some(0)));
        assert!(matches!(of.unset(&acme), Err(Undecided::NotHere(_))));
        assert_eq!(of.clients(), [acme, bron]);
    }

    #[test]
    fn a_word_that_would_leave_a_time_untold_is_refused() {
        let of = terms(&FaultDisk::new(), "");
        let why = of.set(&slug("acme"), days(Some(90), None, Some(30)), "ann").expect_err("hours go first").to_string();
        assert!(why.contains("hour_days is shorter than raw_days"), "{why}");
        assert_eq!(of.terms(Some(&slug("acme"))).said, None);
    }

    #[test]
    fn minutes_are_made_once_somebodys_samples_are_to_go() {
        let of = terms(&FaultDisk::new(), "");
        assert_eq!(of.rollups(), Rollups::Hours);
        of.set(&slug("acme"), days(Some(7), None, None), "ann").expect("kept");
        assert_eq!(of.rollups(), Rollups::All);
    }

    #[test]
    fn what_others_pushed_to_the_hub_is_kept_as_its_client_says() {
        let of = terms(&FaultDisk::new(), "raw_days = 90");
        let stream = StreamId { agent: NodeId::of_key(&[1; 32]), incarnation: vigie_model::Incarnation(1) };
        let name = vigie_model::pushed_name(&slug("acme"), &slug("lyon"));
        let raw = |of: &Terms| of.keeping(stream, &name).raw.map(|raw| raw.as_secs() / 86_400);
        assert_eq!(raw(&of), Some(90));
        of.set(&slug("acme"), days(Some(7), None, None), "ann").expect("kept");
        assert_eq!(raw(&of), Some(7));
    }
}
