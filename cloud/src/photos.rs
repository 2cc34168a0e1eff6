//! The photos that people share into incidents, as rows of the hub's own store.
//!
//! A photo and its record stand there by one transaction: after a crash, or on a full disk, there are both or neither, and a
//! backup holds both. In memory are records alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vigie_node::Failed;
use vigie_people::Erasure;
use vigie_serve::{Incidents, NotShown, PhotoKept, Photos, Undecided};
use vigie_store::State;

use crate::people::Belongings;

/// A record for each photo.
pub(crate) const TABLE: &str = "photos.photo";

/// The photo itself, under the key of its record.
pub(crate) const CONTENT: &str = "photos.content";

const MOST_OF_INCIDENT: usize = 20;

const MOST_BYTES_OF_CLIENT: u64 = 200_000_000;

/// Of all clients together.
const MOST_BYTES: u64 = 4_000_000_000;

/// How often it is looked whether incidents are still kept. That takes a look at each that has photos.
const LOOKED_EVERY: Duration = Duration::from_secs(3_600);

/// Records of all: some 400 bytes of memory each.
const MOST: usize = 50_000;

type Records = BTreeMap<Vec<u8>, PhotoKept>;

/// All photos of this hub.
#[derive(Debug)]
pub(crate) struct Album {
    state: Arc<State>,
    /// Held through each change, so that none is beyond what there may be.
    records: Mutex<Records>,
}

impl Album {
    pub(crate) fn open(state: Arc<State>) -> Result<Self, Failed> {
        let rows = state.scan(TABLE, b"")?.into_iter();
        // A row of a later version of this program is left as it is.
        let records = rows.filter_map(|(key, row)| Some((key, serde_json::from_slice(&row).ok()?))).collect();
        Ok(Self { state, records: Mutex::new(records) })
    }

    /// Lets photos go whose incidents are kept no longer.
    pub(crate) async fn tend(self: Arc<Self>, watch: Arc<dyn Incidents>) {
        let mut every = tokio::time::interval(LOOKED_EVERY);
        // Not at once: a hub that has just begun may not have read all that is wrong.
        every.tick().await;
        loop {
            every.tick().await;
            let (album, watch) = (self.clone(), watch.clone());
            let swept =
                tokio::task::spawn_blocking(move || album.sweep(&|incident| watch.incident(incident).is_some()));
            match swept.await {
                Ok(Ok(0)) => {}
                Ok(Ok(gone)) => tracing::info!(gone, "photos of incidents that are kept no longer were let go"),
                Ok(Err(error)) => tracing::warn!(%error, "old photos could not be let go; it is tried again"),
                Err(died) => tracing::error!(%died, "old photos were not looked at"),
            }
        }
    }

    /// How many went whose incident is not there any more.
    fn sweep(&self, is_there: &dyn Fn(&str) -> bool) -> Result<usize, Undecided> {
        let all = self.wanted(&|_| true);
        let gone: Vec<_> = all.into_iter().filter(|photo| !is_there(&photo.incident)).collect();
        for photo in &gone {
            self.remove(&photo.incident, &photo.id)?;
        }
        Ok(gone.len())
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Photos for Album {
    fn of(&self, incident: &str) -> Vec<PhotoKept> {
        let mut photos: Vec<PhotoKept> = of_incident(&self.records(), incident).cloned().collect();
        photos.sort_by(|a, b| (a.happened_ms, &a.id).cmp(&(b.happened_ms, &b.id)));
        photos
    }

    fn wanted(&self, wanted: &dyn Fn(&PhotoKept) -> bool) -> Vec<PhotoKept> {
        self.records().values().filter(|photo| wanted(photo)).cloned().collect()
    }

    fn content(&self, incident: &str, id: &str) -> Result<Option<Vec<u8>>, Undecided> {
        self.state.get(CONTENT, &key(incident, id)).map_err(|error| Undecided::NotKept(error.to_string()))
    }

    fn add(&self, photo: &PhotoKept, content: &[u8]) -> Result<bool, NotShown> {
        let key = key(&photo.incident, &photo.id);
        let mut records = self.records();
        if records.contains_key(&key) {
            return Ok(false);
        }
        has_room(&records, photo)?;
        // Texts and numbers: writing them to memory does not fail.
        let row = serde_json::to_vec(photo).unwrap_or_default();
        let written = self.state.transact(|tx| {
            tx.put(CONTENT, &key, content)?;
            tx.put(TABLE, &key, &row)
        });
        written.map_err(|error| NotShown::NotKept(error.to_string()))?;
        records.insert(key, photo.clone());
        Ok(true)
    }

    fn remove(&self, incident: &str, id: &str) -> Result<(), Undecided> {
        let key = key(incident, id);
        let mut records = self.records();
        if !records.contains_key(&key) {
            return Err(Undecided::NotHere("such photo"));
        }
        let written = self.state.transact(|tx| {
            tx.remove(TABLE, &key)?;
            tx.remove(CONTENT, &key)
        });
        written.map_err(|error| Undecided::NotKept(error.to_string()))?;
        records.remove(&key);
        Ok(())
    }
}

impl Belongings for Album {
    /// The photos stay, as what was found out of an incident does; the pseudonym stands on them.
    fn let_go(&self, erasure: &Erasure) -> Result<(), String> {
        let mut records = self.records();
        for (key, photo) in records.iter_mut() {
            let Some(by) = erasure.renamed(&photo.by) else { continue };
            let renamed = PhotoKept { by, ..photo.clone() };
            let row = serde_json::to_vec(&renamed).unwrap_or_default();
            self.state.put(TABLE, key, &row).map_err(|error| format!("photos: {error}"))?;
            *photo = renamed;
        }
        Ok(())
    }
}

/// No id of an incident has a byte of nothing in it.
fn key(incident: &str, id: &str) -> Vec<u8> {
    [incident.as_bytes(), b"\0", id.as_bytes()].concat()
}

fn of_incident<'a>(records: &'a Records, incident: &str) -> impl Iterator<Item = &'a PhotoKept> {
    let begins = key(incident, "");
    records.range(begins.clone()..).take_while(move |(key, _)| key.starts_with(&begins)).map(|(_, photo)| photo)
}

fn has_room(records: &Records, photo: &PhotoKept) -> Result<(), NotShown> {
    let full = |why: String| Err(NotShown::Full(why));
    if of_incident(records, &photo.incident).count() >= MOST_OF_INCIDENT {
        return full(format!("an incident has at most {MOST_OF_INCIDENT} photos"));
    }
    let of_client = records.values().filter(|one| one.client == photo.client).map(|one| one.bytes).sum::<u64>();
    if of_client + photo.bytes > MOST_BYTES_OF_CLIENT {
        return full(format!("photos of one client have at most {MOST_BYTES_OF_CLIENT} bytes"));
    }
    let of_all = records.values().map(|one| one.bytes).sum::<u64>();
    if records.len() >= MOST || of_all + photo.bytes > MOST_BYTES {
        return full("this hub keeps no more photos".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use vigie_serve::PhotoKind;
    use vigie_store::fault::FaultDisk;

    use super::*;

    fn album(disk: &FaultDisk) -> Album {
        Album::open(Arc::new(State::open_on(disk.clone()).expect("a state").0)).expect("an album")
    }

    fn photo(incident: &str, id: &str, client: &str, bytes: u64) -> PhotoKept {
        PhotoKept {
            id: id.to_owned(),
            incident: incident.to_owned(),
            client: Some(client.parse().expect("a name")),
            by: "ann@acme.org".to_owned(),
            happened_ms: 1,
            learnt_ms: 2,
            kind: PhotoKind::Jpeg,
            bytes,
        }
    }

    #[test]
    fn a_photo_that_was_answered_outlives_a_crash_and_one_taken_away_stays_away() {
        let disk = FaultDisk::new();
        let before = album(&disk);
        let (stays, goes) = (photo("A", "1", "acme", 3), photo("A", "2", "acme", 3));
        assert_eq!(before.add(&stays, b"one"), Ok(true));
        assert_eq!(before.add(&goes, b"two"), Ok(true));
        before.remove("A", "2").expect("gone");
        drop(before);
        let after = album(&disk.power_cut(7));
        assert_eq!(after.of("A"), std::slice::from_ref(&stays));
        assert_eq!(after.content("A", "1"), Ok(Some(b"one".to_vec())));
        assert_eq!(after.content("A", "2"), Ok(None), "nothing of it is left behind");
        assert_eq!(after.remove("A", "2"), Err(Undecided::NotHere("such photo")));
    }

    #[test]
    fn on_a_full_disk_nothing_is_half_kept_and_once_there_is_room_it_is() {
        let disk = FaultDisk::new();
        let album = album(&disk);
        let (photo, content) = (photo("A", "1", "acme", 2 << 20), vec![7; 2 << 20]);
        disk.set_capacity(Some(disk.used_bytes()));
        assert!(matches!(album.add(&photo, &content), Err(NotShown::NotKept(_))));
        assert!(album.of("A").is_empty());
        disk.set_capacity(None);
        let album = Album::open(Arc::new(State::open_on(disk.killed()).expect("a state").0)).expect("an album");
        assert_eq!((album.of("A").len(), album.content("A", "1")), (0, Ok(None)));
        assert_eq!(album.add(&photo, &content), Ok(true));
        assert_eq!(album.content("A", "1"), Ok(Some(content)));
    }

    #[test]
    fn the_name_of_who_is_erased_goes_from_their_photos_and_from_nobody_elses() {
        let disk = FaultDisk::new();
        let before = album(&disk);
        let bobs = PhotoKept { by: "bob@acme.org".to_owned(), ..photo("A", "2", "acme", 3) };
        assert_eq!(before.add(&photo("A", "1", "acme", 3), b"one"), Ok(true));
        assert_eq!(before.add(&bobs, b"two"), Ok(true));
        let who =
            serde_json::json!({ "pseudonym": "erased-1", "words": ["ann@acme.org"], "at_sites": [], "clients": null });
        before.let_go(&serde_json::from_value(who).expect("an erasure")).expect("erased");
        for album in [before, album(&disk.killed())] {
            let by: Vec<_> = album.of("A").into_iter().map(|photo| photo.by).collect();
            assert_eq!(by, ["erased-1", "bob@acme.org"]);
            assert_eq!(album.content("A", "1"), Ok(Some(b"one".to_vec())), "what was found out stays");
        }
    }

    #[test]
    fn photos_go_with_their_incident_and_with_no_other() {
        let album = album(&FaultDisk::new());
        for incident in ["A", "B"] {
            assert_eq!(album.add(&photo(incident, "1", "acme", 3), b"one"), Ok(true));
        }
        assert_eq!(album.sweep(&|_| true), Ok(0));
        assert_eq!(album.sweep(&|incident| incident == "B"), Ok(1));
        assert_eq!((album.of("A").len(), album.of("B").len()), (0, 1));
        assert_eq!(album.content("A", "1"), Ok(None));
        assert_eq!(album.content("B", "1"), Ok(Some(b"one".to_vec())));
    }

    #[test]
    fn the_same_photo_twice_is_one_and_another_incident_has_its_own() {
        let album = album(&FaultDisk::new());
        assert_eq!(album.add(&photo("A", "1", "acme", 3), b"one"), Ok(true));
        assert_eq!(album.add(&photo("A", "1", "acme", 3), b"one"), Ok(false));
        assert_eq!(album.add(&photo("AB", "1", "acme", 3), b"one"), Ok(true));
        assert_eq!((album.of("A").len(), album.of("AB").len()), (1, 1));
    }

    #[test]
    fn an_incident_and_a_client_have_no_more_than_they_may_and_others_still_have_room() {
        let album = album(&FaultDisk::new());
        for n in 0..MOST_OF_INCIDENT {
            assert_eq!(album.add(&photo("A", &n.to_string(), "acme", 1), b"x"), Ok(true));
        }
        assert!(matches!(album.add(&photo("A", "more", "acme", 1), b"x"), Err(NotShown::Full(_))));
        let large = photo("B", "1", "acme", MOST_BYTES_OF_CLIENT);
        assert!(matches!(album.add(&large, b"x"), Err(NotShown::Full(_))));
        assert_eq!(album.content("B", "1"), Ok(None), "nothing is half kept");
        assert_eq!(album.add(&PhotoKept { client: None, ..large }, b"x"), Ok(true));
    }
}
