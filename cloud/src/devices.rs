//! People's telephones and browsers: who is meant by an address, and what may they be told?
//!
//! Whoever is told sees what they are told. So nothing of a place is pushed to who may not look there, whatever a schedule says.

use std::sync::Arc;

use tokio::runtime::Handle;
use vigie_lookout::Watchman;
use vigie_model::UtcMs;
use vigie_node::{Failed, NodeClock};
use vigie_notify::config::OutgoingSaid;
use vigie_notify::{AlertId, Around, DeviceError, DevicePost, Language, Line, NewDevice, Notice, Push, Quiet};
use vigie_people::{At, Email, Erasure, Id, Powers, Right};
use vigie_serve::{
    Device, DeviceChange, DeviceLanguage, DevicePush, DeviceTried, DeviceWish, Devices, Incidents, People, QuietHours,
    Stamp, Undecided,
};
use vigie_store::State;

use crate::people::{Belongings, Register};

/// The devices of this hub's people.
#[derive(Debug)]
pub(crate) struct Phones {
    post: Arc<DevicePost>,
    clock: NodeClock,
    runtime: Handle,
}

impl Phones {
    /// Reads who subscribed. From within a runtime.
    pub(crate) fn open(state: Arc<State>, outgoing: &OutgoingSaid, clock: NodeClock) -> Result<Self, Failed> {
        let guard = outgoing.guard(false).map_err(|error| Failed::new(2, error.to_string()))?;
        let devices = Arc::new(vigie_notify::Devices::open(state)?);
        Ok(Self { post: Arc::new(DevicePost::new(devices, guard)), clock, runtime: Handle::current() })
    }

    /// Who pushes.
    pub(crate) fn post(&self) -> Arc<DevicePost> {
        self.post.clone()
    }

    /// From now on people and incidents are known.
    pub(crate) fn knows(&self, people: Arc<Register>, watchman: Arc<Watchman>) {
        self.post.knows(Arc::new(Known { people, watchman }));
    }
}

struct Known {
    people: Arc<Register>,
    watchman: Arc<Watchman>,
}

impl Known {
    /// Whether a message tells of machines alone that somebody sees by their tags: of each in it, and of none that it only
    /// counts.
    fn all_machines_are_seen(&self, powers: &Powers, notice: &Notice) -> bool {
        let marks = self.watchman.marks();
        let is_seen = |line: &Line| {
            self.watchman.machine_of(line.alert).is_some_and(|(client, site, machine)| {
                powers.may(Right::Look, marks.at(Some(&client), Some(&site), Some(machine)))
            })
        };
        let mut lines = notice.wrong.iter().chain(&notice.over).peekable();
        lines.peek().is_some() && notice.more_wrong == 0 && notice.more_over == 0 && lines.all(is_seen)
    }
}

impl Around for Known {
    fn person(&self, to: &str, notice: &Notice) -> Result<String, String> {
        let directory = self.people.directory();
        let email: Option<Email> = to.parse().ok();
        let person = email.and_then(|email| directory.person_of(&email)).filter(|person| !person.disabled);
        let person = person.ok_or_else(|| format!("nobody signs in here as {to}"))?;
        // What is of no place is the deployment's; a test says nothing of any.
        let (powers, at) = (directory.powers_of(&person.id), At::of(notice.client.as_ref(), notice.site.as_ref()));
        if notice.client.is_none() || powers.may(Right::Look, at) || self.all_machines_are_seen(&powers, notice) {
            Ok(person.id.to_string())
        } else {
            Err(format!("{to} may not look there, or not at all that it tells"))
        }
    }

    fn incident(&self, alert: AlertId) -> Option<String> {
        self.watchman.incident_of(alert)
    }
}

impl Devices for Phones {
    fn public_key(&self) -> Result<String, Undecided> {
        self.post.devices().public_key().map_err(undecided)
    }

    fn of(&self, person: &Id) -> Vec<Device> {
        self.post.devices().of(&person.to_string()).into_iter().map(shown).collect()
    }

    fn add(&self, person: &Id, wish: &DeviceWish, origin: &str) -> Result<Device, Undecided> {
        let DeviceWish { name, subscription, language } = wish.clone();
        let new = NewDevice {
            person: person.to_string(),
            name,
            endpoint: subscription.endpoint,
            p256dh: subscription.keys.p256dh,
            auth: subscription.keys.auth,
            origin: origin.to_owned(),
            language: match language {
                DeviceLanguage::En => Language::English,
                DeviceLanguage::Fr => Language::French,
            },
            made_ms: self.clock.now().utc.0,
        };
        self.post.devices().add(new).map(shown).map_err(undecided)
    }

    fn change(&self, person: &Id, id: &str, change: &DeviceChange) -> Result<Device, Undecided> {
        let quiet = change.quiet.clone().map(|QuietHours { from, to, zone }| Quiet { from, to, zone });
        self.post.devices().change(&person.to_string(), id, &change.name, quiet).map(shown).map_err(undecided)
    }

    fn remove(&self, person: &Id, id: &str) -> Result<Device, Undecided> {
        self.post.devices().remove(&person.to_string(), id).map(shown).map_err(undecided)
    }

    fn test(&self, person: &Id, id: &str) -> Result<DeviceTried, Undecided> {
        let tried = self.runtime.block_on(self.post.test(&person.to_string(), id, self.clock.now().utc));
        let tried = tried.map_err(undecided)?;
        let took_ms = u64::try_from(tried.took.as_millis()).unwrap_or(u64::MAX);
        Ok(DeviceTried { taken: tried.taken, said: tried.said.as_str().to_owned(), took_ms })
    }

    fn displayed(&self, receipt: &str) -> Result<bool, Undecided> {
        self.post.devices().displayed(receipt, self.clock.now().utc.0).map_err(undecided)
    }
}

impl Belongings for Phones {
    fn let_go(&self, erasure: &Erasure) -> Result<(), String> {
        self.post.devices().remove_whose(|person| erasure.names(person)).map_err(|error| format!("devices: {error}"))
    }
}

fn shown(one: vigie_notify::Device) -> Device {
    let stamp = |ms: i64| Stamp(UtcMs(ms));
    let push = |push: &Push| DevicePush {
        at: stamp(push.at_ms),
        taken: push.taken,
        said: push.said.clone(),
        displayed_at: push.displayed_ms.map(stamp),
    };
    Device {
        unseen: one.unseen(),
        last_push: one.pushes.last().map(push),
        displayed_at: one.pushes.iter().filter_map(|push| push.displayed_ms).max().map(stamp),
        made_at: stamp(one.made_ms),
        gone_at: one.gone_ms.map(stamp),
        quiet: one.quiet.map(|Quiet { from, to, zone }| QuietHours { from, to, zone }),
        id: one.id,
        name: one.name,
    }
}

fn undecided(error: DeviceError) -> Undecided {
    match error {
        DeviceError::NotThere => Undecided::NotHere("such device of yours"),
        DeviceError::Wrong(_) | DeviceError::TooMany | DeviceError::Full => Undecided::Senseless(error.to_string()),
        DeviceError::Chance | DeviceError::Commit(_) | DeviceError::Read(_) => Undecided::NotKept(error.to_string()),
    }
}
