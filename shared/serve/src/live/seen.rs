//! What is there, and what of it is different from a moment before?

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};
use vigie_jobs::{JobId, JobKind, JobState};
use vigie_model::{NodeId, Slug};

use super::ring::Event;
use crate::shared::Shared;
use crate::{Glance, Incident, IncidentState, Mark, Reachability, Shown, Site, Stamp, Word};

/// What can change.
pub(crate) const KINDS: [&str; 6] = ["alert", "decision", "presence", "machine", "site", "job"];

/// What there was when it was last looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    begun: bool,
    machines: Arc<BTreeMap<NodeId, OfMachine>>,
    sites: Arc<BTreeMap<(Slug, Slug), Reachability>>,
    changes: Option<u64>,
    incidents: Arc<Incidents>,
    job_changes: Option<u64>,
    jobs: Arc<BTreeMap<JobId, OfJob>>,
}

/// What of a job tells whether it changed: where it stands, since when, and whether it is being called off.
type OfJob = (JobState, Stamp, bool);

/// What of a machine tells whether it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OfMachine {
    name: Arc<str>,
    client: Slug,
    site: Slug,
    reach: Reachability,
    since: Option<Stamp>,
    shown: Shown,
    mark: Mark,
}

impl Seen {
    /// Looks again. The first look finds no changes.
    pub(super) fn then(self, app: &Shared) -> (Self, Vec<Event>) {
        let mut events = Vec::new();
        let machines = machines(app);
        let sites = sites(&app.lookout.sites());
        let changes = app.incidents.as_ref().map(|watch| watch.changes());
        let incidents = match &app.incidents {
            Some(watch) if changes != self.changes || !self.begun => Arc::new(incidents(&**watch, &self.incidents)),
            _ => Arc::clone(&self.incidents),
        };
        let (job_changes, jobs) = self.jobs(app, &mut events);
        if self.begun {
            if !Arc::ptr_eq(&self.incidents, &incidents) {
                alerts(&self.incidents, &incidents, &mut events);
            }
            changed_machines(&self.machines, &machines, &mut events);
            changed_sites(&self.sites, &sites, &mut events);
        }
        let now = Self {
            begun: true,
            machines: Arc::new(machines),
            sites: Arc::new(sites),
            changes,
            incidents,
            job_changes,
            jobs,
        };
        (now, events)
    }

    /// Looks again at jobs; tells of each that stands elsewhere than it did.
    fn jobs(&self, app: &Shared, out: &mut Vec<Event>) -> (Option<u64>, Arc<BTreeMap<JobId, OfJob>>) {
        let Some(jobs) = app.jobs.as_deref() else { return (None, Arc::default()) };
        let changes = jobs.changes();
        if self.job_changes == Some(changes) {
            return (self.job_changes, Arc::clone(&self.jobs));
        }
        let (mut found, now) = (BTreeMap::new(), app.lookout.now().utc);
        for job in jobs.list() {
            let is = (job.state(now), Stamp(job.since()), job.is_to_stop());
            if self.begun && self.jobs.get(&job.id) != Some(&is) {
                let data = json!({ "id": job.id, "kind": job.kind, "state": is.0, "since": is.1, "stopping": is.2,
                    "what": job.what, "tries": job.tries, "next_at": job.next_at().map(Stamp), "client": job.client });
                // Of letters the client's people are told by whoever looks after them.
                let client = job.client.as_ref().filter(|_| job.kind != JobKind::Mail);
                out.push(event("job", (client, None), None, &data));
            }
            found.insert(job.id, is);
        }
        (Some(changes), Arc::new(found))
    }
}

fn machines(app: &Shared) -> BTreeMap<NodeId, OfMachine> {
    let of = |machine: Glance| {
        let reach = machine.reachability.state;
        // The newest sample's time is another one every time; only what stands still says since when.
        let since = machine.reachability.since.filter(|_| reach != Reachability::Live && reach != Reachability::Late);
        let shown = machine.shown();
        let (client, site, mark) = (machine.client, machine.site, machine.mark);
        (machine.id, OfMachine { name: machine.name, client, site, reach, since, shown, mark })
    };
    app.glances().into_iter().map(of).collect()
}

fn sites(sites: &[Site]) -> BTreeMap<(Slug, Slug), Reachability> {
    sites.iter().map(|site| ((site.client.clone(), site.name.clone()), site.reachability.state)).collect()
}

fn event(
    kind: &'static str,
    (client, site): (Option<&Slug>, Option<&Slug>),
    machine: Option<NodeId>,
    data: &Value,
) -> Event {
    let (client, site) = (client.cloned(), site.cloned());
    Event { seq: 0, kind, client, site, machine, before: None, data: data.to_string() }
}

fn changed_machines(before: &BTreeMap<NodeId, OfMachine>, now: &BTreeMap<NodeId, OfMachine>, out: &mut Vec<Event>) {
    for (id, one) in now {
        let old = before.get(id).filter(|old| old.mark.tags != one.mark.tags);
        // Who saw it for a tag that it bears no more learns that it is gone, and nothing else of it.
        out.extend(old.map(|old| {
            let data = json!({ "change": "went", "id": id.to_string(), "client": old.client, "site": old.site });
            let went = event("machine", (Some(&old.client), Some(&old.site)), Some(*id), &data);
            Event { before: Some(old.mark.tags.clone()), ..went }
        }));
    }
    let mut tell = |kind, id: &NodeId, change: &str, one: &OfMachine| {
        let data = json!({ "change": change, "id": id.to_string(), "name": &*one.name, "client": one.client,
            "site": one.site, "reachability": one.reach, "since": one.since, "shown": one.shown,
            "tags": one.mark.tags, "groups": one.mark.groups });
        out.push(event(kind, (Some(&one.client), Some(&one.site)), Some(*id), &data));
    };
    for (id, one) in now {
        match before.get(id) {
            None => tell("machine", id, "came", one),
            // Who sees the old place alone learns that it is gone there.
            Some(old) if (&old.client, &old.site) != (&one.client, &one.site) => {
                tell("machine", id, "went", old);
                tell("machine", id, "came", one);
            }
            Some(old) if old.reach != one.reach => tell("presence", id, "changed", one),
            Some(old) if (old.shown, &old.name, &old.mark) != (one.shown, &one.name, &one.mark) => {
                tell("machine", id, "changed", one);
            }
            Some(_) => {}
        }
    }
    before.iter().filter(|(id, _)| !now.contains_key(*id)).for_each(|(id, one)| tell("machine", id, "went", one));
}

type Sites = BTreeMap<(Slug, Slug), Reachability>;

fn changed_sites(before: &Sites, now: &Sites, out: &mut Vec<Event>) {
    let mut tell = |(client, site): &(Slug, Slug), change: &str, reach: Reachability| {
        let data = json!({ "change": change, "client": client, "site": site, "reachability": reach });
        out.push(event("site", (Some(client), Some(site)), None, &data));
    };
    for (place, reach) in now {
        match before.get(place) {
            None => tell(place, "came", *reach),
            Some(old) if old != reach => tell(place, "changed", *reach),
            Some(_) => {}
        }
    }
    before.iter().filter(|(place, _)| !now.contains_key(*place)).for_each(|(place, reach)| tell(place, "went", *reach));
}

/// Incidents as they were last worked out, and what says whether one is another since.
type Incidents = BTreeMap<String, (Version, Arc<Incident>)>;

/// What of a sketch is another one when there is something to tell: what was written of it, and how it stands, which a
/// snooze that ends changes while nobody writes.
type Version = (u64, IncidentState);

/// All there are; of thousands only those are worked out that changed.
fn incidents(watch: &dyn crate::Incidents, before: &Incidents) -> Incidents {
    let mut now = Incidents::new();
    let mut versions = HashMap::new();
    let changed = watch.incidents_where(&mut |one| {
        let version = (one.changed, one.standing);
        match before.get(one.id).filter(|(known, _)| *known == version) {
            Some(same) => {
                now.insert(one.id.to_owned(), same.clone());
                false
            }
            None => {
                versions.insert(one.id.to_owned(), version);
                true
            }
        }
    });
    now.extend(
        changed.into_iter().filter_map(|one| Some((one.id.clone(), (versions.remove(&one.id)?, Arc::new(one))))),
    );
    now
}

fn alerts(before: &Incidents, now: &Incidents, out: &mut Vec<Event>) {
    let is_same = |id: &String, one: &Arc<Incident>| before.get(id).is_some_and(|(_, old)| Arc::ptr_eq(old, one));
    for (id, (_, one)) in now.iter().filter(|(id, (_, one))| !is_same(id, one)) {
        let old = before.get(id).map(|(_, old)| &**old);
        decisions(old, one, out);
        let same = |old: &Incident| {
            (old.standing, old.severity, old.times, old.doubt) == (one.standing, one.severity, one.times, one.doubt)
        };
        if !old.is_some_and(same) {
            let data = json!({ "change": if old.is_some() { "changed" } else { "came" }, "id": id,
                "standing": one.standing, "severity": one.severity, "rule": one.rule, "summary": one.summary,
                "client": one.client, "site": one.site, "machine": one.machine, "machine_id": one.machine_id,
                "doubt": one.doubt, "times": one.times, "since": one.since, "ended": one.ended });
            out.push(event("alert", (one.client.as_ref(), one.site.as_ref()), one.about(), &data));
        }
    }
}

/// What people said of an incident, of one kind.
type Words = fn(&Incident) -> &[Word];

fn decisions(old: Option<&Incident>, one: &Incident, out: &mut Vec<Event>) {
    let lists: [(&str, Words); 4] = [
        ("acknowledge", |one| &one.acknowledgements),
        ("assign", |one| &one.assignments),
        ("resolve", |one| &one.closings),
        ("comment", |one| &one.comments),
    ];
    for (word, list) in lists {
        let said = |own: &Word| old.is_some_and(|old| list(old).iter().any(|word| is_same(word, own)));
        for own in list(one).iter().filter(|own| !said(own)) {
            let data = json!({ "word": word, "incident": one.id, "by": own.by, "at": own.at, "text": own.text,
                "happened_at": own.happened_at, "client": one.client, "site": one.site });
            out.push(event("decision", (one.client.as_ref(), one.site.as_ref()), one.about(), &data));
        }
    }
}

/// When it was learnt of is filled in later.
fn is_same(one: &Word, other: &Word) -> bool {
    (&one.by, one.happened_at, &one.text) == (&other.by, other.happened_at, &other.text)
}
