//! What does every request handler see?

use std::sync::{Arc, Mutex, OnceLock};

use serde_json::Value;
use tokio::sync::Semaphore;
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_people::{At, Guesses};

use crate::door::{Attempts, Caller, Sessions};
use crate::live::Live;
use crate::public::{Gate, Shelf};
use crate::push::{Pushes, Room};
use crate::repeat::UnderWay;
use crate::tally::Tally;
use crate::ways::Way;
use crate::{
    Access, Boards, Carries, Chats, Demonstrating, Devices, Enrolments, Erasures, Glance, Health, Incidents, Jobs,
    KeepingTerms, LetsIn, Lookout, MOST_PHOTO_BYTES, Machine, Mark, Marks, Options, People, Photos, Quotas, Repeats,
    StatusPages, Webhooks, openapi,
};

/// Lists that are drawn up at once. They take milliseconds; this many keeps two cores busy.
const LISTS_AT_ONCE: usize = 8;

/// Programs that are handed out at once, each with at most half a megabyte under way.
const DOWNLOADS_AT_ONCE: usize = 200;

/// Files that are taken in at once: a store has one disk.
const FILES_AT_ONCE: usize = 2;

/// Everything behind the router.
pub(crate) struct Shared {
    pub(crate) lookout: Arc<dyn Lookout>,
    /// What is wrong, where a watchman looks.
    pub(crate) incidents: Option<Arc<dyn Incidents>>,
    pub(crate) access: Arc<dyn Access>,
    /// The people of a hub.
    pub(crate) people: Option<Arc<dyn People>>,
    /// Where answers to writes are kept.
    pub(crate) repeats: Option<Arc<dyn Repeats>>,
    /// Who is told of every event.
    pub(crate) hooks: Option<Arc<dyn Webhooks>>,
    /// People's telephones and browsers.
    pub(crate) devices: Option<Arc<dyn Devices>>,
    /// By which chats people decide.
    pub(crate) chats: Option<Arc<dyn Chats>>,
    /// For how long whose data is kept.
    pub(crate) keeping: Option<Arc<dyn KeepingTerms>>,
    /// Who may come in at sites while they are cut off.
    pub(crate) lets_in: Option<Arc<dyn LetsIn>>,
    /// The dashboards that people keep.
    pub(crate) boards: Option<Arc<dyn Boards>>,
    /// What people show of incidents.
    pub(crate) photos: Option<Arc<dyn Photos>>,
    /// Room for those that come in.
    pub(crate) arriving: Room,
    /// How much each client may have.
    pub(crate) quotas: Option<Arc<dyn Quotas>>,
    pub(crate) erasures: Option<Arc<dyn Erasures>>,
    /// What goes by hand where the line stays away.
    pub(crate) carries: Option<Carries>,
    pub(crate) demonstration: Option<Arc<dyn Demonstrating>>,
    /// What work waits.
    pub(crate) jobs: Option<Arc<dyn Jobs>>,
    /// Who is let in to join.
    pub(crate) enrolments: Option<Arc<dyn Enrolments>>,
    /// What anybody may read of clients, as it was last worked out, and who reads too much of it.
    pub(crate) status: Option<Arc<dyn StatusPages>>,
    pub(crate) shelf: Shelf,
    pub(crate) gate: Gate,
    pub(crate) under_way: UnderWay,
    /// What changes, for those who listen.
    pub(crate) live: Live,
    /// Who guesses at them.
    pub(crate) guesses: Mutex<Guesses>,
    pub(crate) options: Options,
    pub(crate) sessions: Sessions,
    pub(crate) attempts: Attempts,
    pub(crate) tally: Tally,
    pub(crate) lists: Arc<Semaphore>,
    pub(crate) queries: Arc<Semaphore>,
    pub(crate) exports: Arc<Semaphore>,
    pub(crate) downloads: Arc<Semaphore>,
    pub(crate) carrying: Arc<Semaphore>,
    /// Passphrases are checked one at a time: each takes 19 MiB and some tenths of a second of a small box.
    pub(crate) passwords: Arc<Semaphore>,
    pub(crate) pushes: Pushes,
    /// All that is served, and what is said of it.
    pub(crate) ways: OnceLock<Vec<Way>>,
    pub(crate) document: OnceLock<Value>,
    /// Since when this node serves.
    pub(crate) begun: UtcMs,
}

/// As handlers hold it.
pub(crate) type App = Arc<Shared>;

impl Shared {
    /// Whether this is a site's own node, whose people need a page of their own.
    pub(crate) fn is_site(&self) -> bool {
        self.lookout.role() == Role::Relay
    }

    /// What people call each machine, as it is now.
    pub(crate) fn marks(&self) -> Arc<Marks> {
        self.incidents.as_ref().map(|incidents| incidents.marks()).unwrap_or_default()
    }

    /// Every machine, with what people call it. What the asker may see is cut out of them by who asks.
    pub(crate) fn machines(&self) -> Vec<Machine> {
        self.machines_where(&mut |_, _, _| true)
    }

    /// The machines that somebody sees, with what people call them; costs what these are, not what there are.
    pub(crate) fn machines_seen(&self, caller: &Caller) -> Vec<Machine> {
        self.some_machines_seen(caller, |_| true)
    }

    /// As [`Self::machines_seen`], of each what a table shows of it.
    pub(crate) fn glances_seen(&self, caller: &Caller) -> Vec<Glance> {
        if caller.sees_all() {
            return self.glances();
        }
        let (marks, unmarked) = (self.marks(), Mark::default());
        let mut glances = self.lookout.glances_at(
            &mut |client, site| caller.sees_some_of(Some(client), Some(site)),
            &mut |id, client, site| {
                let mark = marks.of(id, client, site).unwrap_or(&unmarked);
                caller.sees_there(At::Machine(client, site, &mark.tags))
            },
        );
        self.finish(&mut glances);
        glances
    }

    /// What a table shows of every machine.
    pub(crate) fn glances(&self) -> Vec<Glance> {
        let mut glances = self.lookout.glances_where(&mut |_, _, _| true);
        self.finish(&mut glances);
        glances
    }

    /// Says of each what people call it, and how it is as far as rules judge it.
    fn finish(&self, glances: &mut [Glance]) {
        let marks = self.marks();
        for one in glances.iter_mut() {
            one.mark = marks.of(one.id, &one.client, &one.site).cloned().unwrap_or_default();
        }
        self.judged(glances.iter_mut().map(|one| (one.id, &mut one.health)));
    }

    /// Of the machines that somebody sees those that are wanted, each asked of by its id, in the order of these.
    pub(crate) fn some_machines_seen(&self, caller: &Caller, mut wanted: impl FnMut(NodeId) -> bool) -> Vec<Machine> {
        if caller.sees_all() {
            return self.machines_where(&mut |id, _, _| wanted(id));
        }
        let (marks, unmarked) = (self.marks(), Mark::default());
        let mut machines = self.lookout.machines_at(
            &mut |client, site| caller.sees_some_of(Some(client), Some(site)),
            &mut |id, client, site| {
                let mark = marks.of(id, client, site).unwrap_or(&unmarked);
                caller.sees_there(At::Machine(client, site, &mark.tags)) && wanted(id)
            },
        );
        machines.iter_mut().for_each(|machine| call(machine, &marks));
        machines
    }

    /// Those that are wanted, each asked of by its id, client and site.
    pub(crate) fn machines_where(&self, wanted: &mut dyn FnMut(NodeId, &Slug, &Slug) -> bool) -> Vec<Machine> {
        let mut machines = self.lookout.machines_where(wanted);
        let marks = self.marks();
        machines.iter_mut().for_each(|machine| call(machine, &marks));
        machines
    }

    /// One of them.
    pub(crate) fn machine(&self, id: NodeId) -> Option<Machine> {
        let mut machine = self.lookout.machine(id)?;
        call(&mut machine, &self.marks());
        Some(machine)
    }

    /// Says of machines how they are, as far as rules judge them.
    pub(crate) fn judge(&self, machines: &mut [Machine]) {
        self.judged(machines.iter_mut().map(|machine| (machine.id, &mut machine.health)));
    }

    fn judged<'m>(&self, healths: impl Iterator<Item = (NodeId, &'m mut Health)>) {
        let Some(incidents) = &self.incidents else { return };
        let unknown: Vec<_> = healths.filter(|(_, health)| **health == Health::Unknown).collect();
        if unknown.is_empty() {
            return;
        }
        let asked: Vec<NodeId> = unknown.iter().map(|(id, _)| *id).collect();
        for ((_, health), known) in unknown.into_iter().zip(incidents.healths(&asked)) {
            *health = known;
        }
    }

    /// What the API says of itself. Drawn up once: ways do not change while a node runs.
    pub(crate) fn document(&self) -> &Value {
        self.document.get_or_init(|| openapi::document(self.ways.get().map(Vec::as_slice).unwrap_or_default()))
    }

    /// Whether this node has pages that need no script: a site's, or those for a hub's people.
    pub(crate) fn has_own_pages(&self) -> bool {
        self.is_site() || self.people.is_some()
    }

    pub(crate) fn new(lookout: Arc<dyn Lookout>, access: Arc<dyn Access>, options: Options) -> Self {
        Self {
            sessions: Sessions::new(options.session_idle, options.session_life),
            attempts: Attempts::default(),
            tally: Tally::default(),
            lists: Arc::new(Semaphore::new(LISTS_AT_ONCE)),
            queries: Arc::new(Semaphore::new(options.queries_at_once.max(1))),
            exports: Arc::new(Semaphore::new(options.exports_at_once.max(1))),
            downloads: Arc::new(Semaphore::new(DOWNLOADS_AT_ONCE)),
            carrying: Arc::new(Semaphore::new(FILES_AT_ONCE)),
            passwords: Arc::new(Semaphore::new(1)),
            people: None,
            repeats: None,
            hooks: None,
            devices: None,
            chats: None,
            keeping: None,
            lets_in: None,
            boards: None,
            photos: None,
            arriving: Room::new(MOST_PHOTO_BYTES),
            quotas: None,
            erasures: None,
            carries: None,
            demonstration: None,
            jobs: None,
            enrolments: None,
            status: None,
            shelf: Shelf::default(),
            gate: Gate::default(),
            live: Live::default(),
            under_way: UnderWay::default(),
            guesses: Mutex::default(),
            pushes: Pushes::new(&options),
            ways: OnceLock::new(),
            document: OnceLock::new(),
            begun: lookout.now().utc,
            incidents: None,
            lookout,
            access,
            options,
        }
    }
}

fn call(machine: &mut Machine, marks: &Marks) {
    machine.mark = marks.of(machine.id, &machine.client, &machine.site).cloned().unwrap_or_default();
}
