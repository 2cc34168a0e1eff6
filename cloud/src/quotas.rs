//! How much may a client have, and how much has it?
//!
//! Machines and people are counted when it is asked, and one more than a client may have is not let in. Series, samples and
//! bytes are counted once a minute out of what the log keeps of each stream in memory, and are only told of: no sample is
//! refused, and no alert stops, because somebody has more than was agreed.

mod count;
mod row;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use vigie_model::{NodeId, Slug, UtcMs};
use vigie_node::{Failed, NodeClock};
use vigie_query::{LabelSet, NAME};
use vigie_serve::{ClientQuota, People, QuotaMost, QuotaOf, QuotaUse, Stamp, Undecided};
use vigie_store::{Log, State};
use vigie_watch::presence::QUOTA_USED_RATIO;

use self::count::Counted;
use self::row::Row;
pub(crate) use self::row::{TABLE, most_machines};
use crate::people::Register;
use crate::registry::Registry;

/// How often series, samples and bytes are counted: some milliseconds for ten thousand machines.
const COUNT_EVERY: Duration = Duration::from_secs(60);

/// What is said of clients, and what is counted of them.
#[derive(Debug)]
pub(crate) struct Quotas {
    state: Arc<State>,
    registry: Arc<Registry>,
    people: OnceLock<Arc<Register>>,
    /// The hub itself, to which others push for many.
    hub: NodeId,
    clock: NodeClock,
    said: RwLock<BTreeMap<Slug, Row>>,
    counted: Mutex<Counted>,
}

impl Quotas {
    pub(crate) fn open(
        (state, registry, clock): (Arc<State>, Arc<Registry>, NodeClock),
        hub: NodeId,
    ) -> Result<Self, Failed> {
        let said = RwLock::new(row::all(&state)?);
        Ok(Self { state, registry, people: OnceLock::new(), hub, clock, said, counted: Mutex::default() })
    }

    /// From now on these people are counted, and no more are invited than a client may have.
    pub(crate) fn over(&self, people: Arc<Register>) {
        let people = self.people.get_or_init(|| people);
        people.may_have(self.most_users());
    }

    /// Counts what the log has of each client, for as long as the program runs.
    pub(crate) async fn tend(self: Arc<Self>, log: Arc<RwLock<Log>>) {
        let mut every = tokio::time::interval(COUNT_EVERY);
        loop {
            every.tick().await;
            let (quotas, log) = (self.clone(), log.clone());
            let counted = tokio::task::spawn_blocking(move || quotas.count(&log));
            if let Ok(Err(failed)) = counted.await {
                tracing::warn!(error = %failed.text, "what clients have could not be counted; it is tried again");
            }
        }
    }

    fn count(&self, log: &RwLock<Log>) -> Result<(), Failed> {
        let owners = self.registry.clients_of_nodes()?;
        let facts = log.read().unwrap_or_else(PoisonError::into_inner).all_facts();
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.take(&facts, &owners, self.hub, self.clock.now());
        Ok(())
    }

    /// The share that is used of each quota that is said, as a series for rules.
    pub(crate) fn stated(&self) -> Vec<(Arc<LabelSet>, f64)> {
        let (clients, users) = (vigie_serve::Quotas::clients(self), self.users_of_each());
        let used = |client: &Slug| self.uses(client, of_one(&users, client)).0;
        let each = clients.iter().flat_map(|client| used(client).into_iter().map(move |one| (client, one)));
        let stated = each.filter_map(|(client, one)| {
            let labels = [(NAME, QUOTA_USED_RATIO), ("client", client.as_str()), ("quota", one.of.as_str())];
            Some((Arc::new(LabelSet::new(labels)), one.ratio()?))
        });
        stated.collect()
    }

    fn said(&self) -> RwLockReadGuard<'_, BTreeMap<Slug, Row>> {
        self.said.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn most_users(&self) -> BTreeMap<Slug, u64> {
        self.said().iter().filter_map(|(client, row)| Some((client.clone(), row.most.users?))).collect()
    }

    /// How many people each client has that has any; nothing while nobody is known.
    fn users_of_each(&self) -> Option<BTreeMap<Slug, u64>> {
        Some(self.people.get()?.directory().users_of_each(self.now()))
    }

    /// What a client with so many people has of each thing, and when that was counted.
    fn uses(&self, client: &Slug, users: Option<u64>) -> (Vec<QuotaUse>, Option<UtcMs>) {
        let most = self.said().get(client).map(|row| row.most).unwrap_or_default();
        let (of_log, at) = {
            let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
            (counted.of(client), counted.at())
        };
        let used = |what: QuotaOf| match what {
            QuotaOf::Machines => self.registry.machines_of(client).ok(),
            QuotaOf::Users => users,
            QuotaOf::Series => at.map(|_| of_log.series),
            QuotaOf::SamplesPerSecond => of_log.samples_per_second,
            QuotaOf::StorageBytes => at.map(|_| of_log.bytes),
        };
        (QuotaOf::ALL.into_iter().map(|what| QuotaUse::new(what, used(what), most.of(what))).collect(), at)
    }

    fn now(&self) -> UtcMs {
        self.clock.now().utc
    }

    fn changed(&self, client: &Slug, row: Option<Row>) -> ClientQuota {
        let mut said = self.said.write().unwrap_or_else(PoisonError::into_inner);
        match row {
            Some(row) => drop(said.insert(client.clone(), row)),
            None => drop(said.remove(client)),
        }
        drop(said);
        if let Some(people) = self.people.get() {
            people.may_have(self.most_users());
        }
        vigie_serve::Quotas::quota(self, client)
    }
}

/// How many people a client has, by how many each has.
fn of_one(users: &Option<BTreeMap<Slug, u64>>, client: &Slug) -> Option<u64> {
    users.as_ref().map(|users| users.get(client).copied().unwrap_or(0))
}

impl Quotas {
    fn shown(&self, client: &Slug, users: Option<u64>) -> ClientQuota {
        let (uses, counted_at) = self.uses(client, users);
        let row = self.said().get(client).cloned();
        ClientQuota {
            client: client.clone(),
            said: row.as_ref().map(|row| row.most),
            uses,
            counted_at: counted_at.map(Stamp),
            by: row.as_ref().map(|row| row.by.clone()),
            made_at: row.map(|row| Stamp(UtcMs(row.made_ms))),
        }
    }
}

impl vigie_serve::Quotas for Quotas {
    fn quota(&self, client: &Slug) -> ClientQuota {
        self.shown(client, self.people.get().map(|people| people.directory().users_of(client, self.now())))
    }

    fn quotas(&self, clients: &[Slug]) -> Vec<ClientQuota> {
        let users = self.users_of_each();
        clients.iter().map(|client| self.shown(client, of_one(&users, client))).collect()
    }

    fn clients(&self) -> Vec<Slug> {
        self.said().keys().cloned().collect()
    }

    fn set(&self, client: &Slug, most: QuotaMost, by: &str) -> Result<ClientQuota, Undecided> {
        let row = Row { most, by: by.chars().take(128).collect(), made_ms: self.now().0 };
        let kept = self.state.put(TABLE, client.as_str().as_bytes(), &row.encode());
        kept.map_err(|error| Undecided::NotKept(error.to_string()))?;
        Ok(self.changed(client, Some(row)))
    }

    fn unset(&self, client: &Slug) -> Result<ClientQuota, Undecided> {
        let gone = self.state.remove(TABLE, client.as_str().as_bytes());
        if !gone.map_err(|error| Undecided::NotKept(error.to_string()))? {
            return Err(Undecided::NotHere("word about how much that client may have"));
        }
        Ok(self.changed(client, None))
    }
}
