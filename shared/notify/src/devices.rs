//! Which telephones and browsers does a person have messages pushed to, and what came of the last ones?
//!
//! A device is its person's and nobody else's: a browser that another one subscribes with becomes theirs. What a push service
//! took is not yet seen: the device itself says when it has shown a message, by a word that stood in that message alone.
//! Knows no people: whoever sends asks who is meant, and whether they may be told of that place.

mod post;
mod shape;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use vigie_store::{ReadError, State};

use crate::channel::{Subscription, Vapid};

pub use post::{Around, DevicePost, DeviceTried};
pub use shape::{Device, DeviceError, NewDevice, Push, Quiet};

/// The name of the channel by which a hub reaches people's devices.
pub const DEVICES_CHANNEL: &str = "devices";

/// Devices of one person.
pub const MOST_OF_ONE: usize = 20;

/// Devices of all people: each takes some kilobytes of memory.
const MOST_ALL: usize = 10_000;

/// Messages that are remembered of one device.
const MOST_PUSHES: usize = 10;

/// Characters of a name.
const NAME_CHARS: usize = 60;

/// The longest endpoint: those of today have some 300.
const ENDPOINT_BYTES: usize = 2_000;

const DEVICES: &str = "push.device";
const KEYS: &str = "push.key";

/// All devices of a node.
#[derive(Debug)]
pub struct Devices {
    state: Arc<State>,
    held: Mutex<BTreeMap<String, Device>>,
    /// Held while the key is made: there is one.
    key: Mutex<Option<Arc<Vapid>>>,
}

impl Devices {
    /// Reads them.
    ///
    /// # Errors
    /// When they can not be read now.
    pub fn open(state: Arc<State>) -> Result<Self, ReadError> {
        let rows = state.scan(DEVICES, b"")?.into_iter();
        let held = rows.filter_map(|(_, row)| serde_json::from_slice::<Device>(&row).ok());
        let held = held.map(|device| (device.id.clone(), device)).collect();
        Ok(Self { state, held: Mutex::new(held), key: Mutex::default() })
    }

    /// What browsers are given when they subscribe, so that push services know us again. Made when it is first asked for.
    ///
    /// # Errors
    /// When it can not be made, kept or read.
    pub fn public_key(&self) -> Result<String, DeviceError> {
        Ok(self.vapid()?.public())
    }

    /// Somebody's, the oldest first.
    pub fn of(&self, person: &str) -> Vec<Device> {
        let mut all: Vec<Device> = self.held().values().filter(|one| one.person == person).cloned().collect();
        all.sort_by(|a, b| (a.made_ms, &a.id).cmp(&(b.made_ms, &b.id)));
        all
    }

    /// Somebody subscribes, or does so again. A browser that was another's is theirs from now on.
    ///
    /// # Errors
    /// When what the browser said is nothing to push to, there are too many, or it can not be kept.
    pub fn add(&self, new: NewDevice) -> Result<Device, DeviceError> {
        let name = name(&new.name)?;
        checked(&new)?;
        let id = HEXLOWER.encode(&ring::digest::digest(&ring::digest::SHA256, new.endpoint.as_bytes()).as_ref()[..8]);
        let mut held = self.held();
        let before = held.get(&id).filter(|one| one.person == new.person);
        if before.is_none() && held.values().filter(|one| one.person == new.person).count() >= MOST_OF_ONE {
            return Err(DeviceError::TooMany);
        }
        if !held.contains_key(&id) && held.len() >= MOST_ALL {
            return Err(DeviceError::Full);
        }
        let NewDevice { person, endpoint, p256dh, auth, origin, language, made_ms, .. } = new;
        let made_ms = before.map_or(made_ms, |one| one.made_ms);
        let quiet = before.and_then(|one| one.quiet.clone());
        let pushes = before.map(|one| one.pushes.clone()).unwrap_or_default();
        let device = Device {
            id,
            person,
            name,
            endpoint,
            p256dh,
            auth,
            origin,
            language,
            made_ms,
            quiet,
            gone_ms: None,
            pushes,
        };
        self.keep(&device)?;
        held.insert(device.id.clone(), device.clone());
        Ok(device)
    }

    /// Names somebody's device, and says when it does not ring.
    ///
    /// # Errors
    /// When theirs is none such, hours make no sense, or it can not be kept.
    pub fn change(&self, person: &str, id: &str, called: &str, quiet: Option<Quiet>) -> Result<Device, DeviceError> {
        let name = name(called)?;
        if let Some(quiet) = &quiet {
            quiet.hours().map_err(|error| DeviceError::Wrong(error.to_string()))?;
        }
        self.update(person, id, |device| (device.name, device.quiet) = (name, quiet))
    }

    /// Takes somebody's device away.
    ///
    /// # Errors
    /// When theirs is none such, or it can not be kept.
    pub fn remove(&self, person: &str, id: &str) -> Result<Device, DeviceError> {
        let mut held = self.held();
        let found = held.get(id).filter(|one| one.person == person).cloned().ok_or(DeviceError::NotThere)?;
        self.state.remove(DEVICES, id.as_bytes())?;
        held.remove(id);
        Ok(found)
    }

    /// Takes away all devices of some people.
    ///
    /// # Errors
    /// When it can not be kept: some may be gone.
    pub fn remove_whose(&self, is_theirs: impl Fn(&str) -> bool) -> Result<(), DeviceError> {
        let mut held = self.held();
        let theirs: Vec<String> =
            held.values().filter(|one| is_theirs(&one.person)).map(|one| one.id.clone()).collect();
        for id in theirs {
            self.state.remove(DEVICES, id.as_bytes())?;
            held.remove(&id);
        }
        Ok(())
    }

    /// A device says that it has shown a message. The word counts once; says whether it was one.
    ///
    /// # Errors
    /// When it can not be kept: it may be said again.
    pub fn displayed(&self, receipt: &str, now_ms: i64) -> Result<bool, DeviceError> {
        let told = receipt_hash(receipt);
        let mut held = self.held();
        let is_it = |push: &Push| push.receipt == told && push.displayed_ms.is_none();
        let Some(found) = held.values_mut().find(|one| one.pushes.iter().any(is_it)) else { return Ok(false) };
        let mut device = found.clone();
        for push in device.pushes.iter_mut().filter(|push| is_it(push)) {
            push.displayed_ms = Some(now_ms);
        }
        self.keep(&device)?;
        *found = device;
        Ok(true)
    }

    /// When a message was first shown by one of the devices it went to.
    pub fn shown_at(&self, key: &str) -> Option<i64> {
        let held = self.held();
        let of = held.values().flat_map(|one| &one.pushes).filter(|push| push.key == key);
        of.filter_map(|push| push.displayed_ms).min()
    }

    /// Writes down what a push service said. A subscription that is gone is pushed to no more.
    fn pushed(&self, device: &Device, push: Push, is_gone: bool) -> Result<(), DeviceError> {
        let at_ms = push.at_ms;
        let changed = self.update(&device.person, &device.id, |device| {
            device.pushes.push(push);
            let more = device.pushes.len().saturating_sub(MOST_PUSHES);
            device.pushes.drain(..more);
            device.gone_ms = device.gone_ms.or(is_gone.then_some(at_ms));
        });
        // It was taken away meanwhile: then nobody asks any more.
        match changed {
            Ok(_) | Err(DeviceError::NotThere) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn update(&self, person: &str, id: &str, change: impl FnOnce(&mut Device)) -> Result<Device, DeviceError> {
        let mut held = self.held();
        let found = held.get_mut(id).filter(|one| one.person == person).ok_or(DeviceError::NotThere)?;
        let mut device = found.clone();
        change(&mut device);
        self.keep(&device)?;
        found.clone_from(&device);
        Ok(device)
    }

    fn keep(&self, device: &Device) -> Result<(), DeviceError> {
        // Texts and numbers: writing them to memory does not fail.
        let row = serde_json::to_vec(device).unwrap_or_default();
        Ok(self.state.put(DEVICES, device.id.as_bytes(), &row)?)
    }

    fn vapid(&self) -> Result<Arc<Vapid>, DeviceError> {
        let mut held = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = held.as_ref() {
            return Ok(key.clone());
        }
        let der = match self.state.get(KEYS, b"vapid")? {
            Some(der) => der,
            None => {
                let der = Vapid::make().map_err(|_| DeviceError::Chance)?;
                self.state.put(KEYS, b"vapid", &der)?;
                der
            }
        };
        let key = Arc::new(Vapid::of(&der).map_err(DeviceError::Wrong)?);
        *held = Some(key.clone());
        Ok(key)
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, Device>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(said: &str) -> Result<String, DeviceError> {
    let name = said.trim();
    let is_good = !name.is_empty() && name.chars().count() <= NAME_CHARS && !name.chars().any(char::is_control);
    let wrong = || DeviceError::Wrong(format!("a device's name has 1 to {NAME_CHARS} characters"));
    is_good.then(|| name.to_owned()).ok_or_else(wrong)
}

/// Whether what a browser said can be pushed to at all; where it may lead to is judged when something is sent.
fn checked(new: &NewDevice) -> Result<(), DeviceError> {
    let wrong = |why: &str| DeviceError::Wrong(format!("the subscription {why}"));
    let uri: Option<hyper::Uri> = new.endpoint.parse().ok().filter(|_| new.endpoint.len() <= ENDPOINT_BYTES);
    let is_address = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("https" | "http"))
            && uri.authority().is_some_and(|of| !of.host().is_empty() && !of.as_str().contains('@'))
    });
    if !is_address {
        return Err(wrong("has no endpoint that can be pushed to"));
    }
    // Closed once for nothing: keys that are none are refused now, and not when something burns.
    let subscription = Subscription::new(&new.endpoint, &new.p256dh, &new.auth);
    subscription.close(b"", [0; 16]).map(drop).map_err(|why| wrong(&format!("has keys that are none: {why}")))
}

/// A word that is said once, and what is kept of it.
fn new_receipt() -> Result<(String, [u8; 32]), DeviceError> {
    let mut word = [0; 16];
    getrandom::fill(&mut word).map_err(|_| DeviceError::Chance)?;
    let word = BASE64URL_NOPAD.encode(&word);
    let hash = receipt_hash(&word);
    Ok((word, hash))
}

fn receipt_hash(word: &str) -> [u8; 32] {
    *blake3::hash(word.as_bytes()).as_bytes()
}
