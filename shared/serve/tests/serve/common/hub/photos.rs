//! Photos in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use vigie_serve::{NotShown, PhotoKept, Photos, Undecided};

/// Records with their photos, by incident and id.
type Album = BTreeMap<(String, String), (PhotoKept, Vec<u8>)>;

/// Photos in memory: three of an incident.
#[derive(Default)]
pub(crate) struct Stuck(Mutex<Album>);

impl Stuck {
    pub(crate) fn all(&self) -> MutexGuard<'_, Album> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Photos for Stuck {
    fn of(&self, incident: &str) -> Vec<PhotoKept> {
        self.wanted(&|photo| photo.incident == incident)
    }

    fn wanted(&self, wanted: &dyn Fn(&PhotoKept) -> bool) -> Vec<PhotoKept> {
        self.all().values().map(|(photo, _)| photo).filter(|photo| wanted(photo)).cloned().collect()
    }

    fn content(&self, incident: &str, id: &str) -> Result<Option<Vec<u8>>, Undecided> {
        Ok(self.all().get(&(incident.to_owned(), id.to_owned())).map(|(_, content)| content.clone()))
    }

    fn add(&self, photo: &PhotoKept, content: &[u8]) -> Result<bool, NotShown> {
        let mut all = self.all();
        let key = (photo.incident.clone(), photo.id.clone());
        if all.contains_key(&key) {
            return Ok(false);
        }
        if all.keys().filter(|(incident, _)| *incident == photo.incident).count() >= 3 {
            return Err(NotShown::Full("an incident has at most 3 photos".to_owned()));
        }
        all.insert(key, (photo.clone(), content.to_vec()));
        Ok(true)
    }

    fn remove(&self, incident: &str, id: &str) -> Result<(), Undecided> {
        let gone = self.all().remove(&(incident.to_owned(), id.to_owned()));
        gone.map(drop).ok_or(Undecided::NotHere("such photo"))
    }
}
