//! A data folder made of a backup.
//!
//! It is made beside its place and moved there when it is whole. Its log has another epoch, so that what this hub signed
//! after the backup is not taken for what it holds: nodes offer it again what they keep. Its rows begin a new life by
//! themselves, because the witness beside their store is in no backup. Nobody stays signed in.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde_json::json;
use vigie_backup::{Item, Passphrase};
use vigie_model::UtcMs;
use vigie_node::Failed;
use vigie_people::Note;
use vigie_store::{Restoring, State, Which};

use super::check::{self, Checked};
use super::{TABLE, files, take};
use crate::jobs;
use crate::people::{Doer, append, forget_sessions};

/// In a data folder: here one is being made.
const UNDER_WAY: &str = "restoring";

/// In it: all is here, and only has to be moved.
const WHOLE: &str = "whole";

/// What is left of it when it is over, for a moment.
const OVER: &str = "restored";

pub(super) const MARKS: [&str; 2] = [UNDER_WAY, OVER];

/// The key of what this hub was made of.
const RESTORED: &[u8] = b"restored";

/// Refuses a data folder in which a restore broke off.
pub(crate) fn refuse_half_restored(data: &Path) -> Result<(), Failed> {
    if data.join(UNDER_WAY).exists() {
        let text =
            format!("a restore into {} did not come to its end; run it again; nothing was started", data.display());
        return Err(Failed::new(1, text));
    }
    Ok(())
}

/// Makes a data folder.
pub(super) fn restore(
    from: &Path,
    data: &Path,
    passphrase: Option<&Passphrase>,
    now: UtcMs,
    told: impl FnMut(u64),
) -> Result<Checked, Failed> {
    look_at(data)?;
    let under_way = data.join(UNDER_WAY);
    drop(fs::remove_dir_all(&under_way));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&under_way)?;
    let made = make(from, &under_way, passphrase, now, told);
    if made.is_err() {
        drop(fs::remove_dir_all(&under_way));
    }
    let checked = made?;
    fs::write(under_way.join(WHOLE), [])?;
    take::sync_folder_of(&under_way.join(WHOLE))?;
    move_in(data)?;
    Ok(checked)
}

/// An empty folder, or one where an earlier restore broke off before it was whole. Where one broke off later, it is ended.
fn look_at(data: &Path) -> Result<(), Failed> {
    let entries = match fs::read_dir(data) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<Vec<_>>>()?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Failed::new(1, format!("{} can not be read: {error}", data.display()))),
    };
    if data.join(UNDER_WAY).join(WHOLE).exists() {
        move_in(data)?;
        let text = format!("{} was whole already, and is in place now; nothing else was done", data.display());
        return Err(Failed::new(2, text));
    }
    if entries.iter().any(|name| name != UNDER_WAY) {
        let text = format!(
            "{} is not empty, and nothing in it was changed; name an empty folder with --data, or move what is there away",
            data.display()
        );
        return Err(Failed::new(2, text));
    }
    Ok(())
}

fn make(
    from: &Path,
    folder: &Path,
    passphrase: Option<&Passphrase>,
    now: UtcMs,
    told: impl FnMut(u64),
) -> Result<Checked, Failed> {
    let mut stores = BTreeMap::<&str, Restoring>::new();
    let checked = check::read(from, passphrase, told, |_, which, item| match (item, which) {
        (Item::File { path, mode, content }, _) => write_file(folder, &path, mode, &content),
        (Item::Store(_), Some(which)) => {
            stores.insert(which.name(), Restoring::begin(folder, which)?);
            Ok(())
        }
        (Item::Row { table, key, value }, Some(which)) => match stores.get_mut(which.name()) {
            Some(store) => Ok(store.put(table, key, value)?),
            None => Err(Failed::new(1, "the backup holds rows of no store")),
        },
        (Item::Store(_) | Item::Row { .. }, None) => {
            Err(Failed::new(1, "the backup holds a store that this version does not know; use a later one"))
        }
    })?;
    if stores.len() != Which::BOTH.len() {
        return Err(Failed::new(1, "the backup holds no hub: one of its stores is missing"));
    }
    let epoch =
        getrandom::u64().map_err(|error| Failed::new(1, format!("the system gives no random bytes: {error}")))?;
    for (_, store) in stores {
        store.end(epoch)?;
    }
    note(folder, &checked, now)?;
    Ok(checked)
}

fn write_file(folder: &Path, path: &str, mode: u32, content: &[u8]) -> Result<(), Failed> {
    let Some(place) = files::place(folder, path) else {
        return Err(Failed::new(1, format!("the backup holds a file that has no place here: {path:?}")));
    };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(place.parent().unwrap_or(folder))?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode & 0o777).open(&place)?;
    file.write_all(content)?;
    Ok(file.sync_all()?)
}

/// Ends all sessions, and says in the audit what was done.
fn note(folder: &Path, checked: &Checked, now: UtcMs) -> Result<(), Failed> {
    let (state, _) = State::open(folder)?;
    forget_sessions(&state)?;
    jobs::brought_back(&state, now)?;
    let of = json!({ "made_at_ms": checked.made_at_ms, "restored_at_ms": now.0, "damaged_rows": checked.damaged_rows });
    state.transact(|tx| {
        tx.put(TABLE, RESTORED, of.to_string().as_bytes())?;
        let note = Note {
            client: None,
            what: "hub.restore",
            on: checked.name.clone(),
            before: serde_json::Value::Null,
            after: of.clone(),
        };
        append(tx, note, Doer { who: "console", by: "command line", from: "" }, now)
    })?;
    Ok(())
}

/// Moves what is whole into its place, and takes the marks away last.
fn move_in(data: &Path) -> Result<(), Failed> {
    let under_way = data.join(UNDER_WAY);
    let entries: Vec<PathBuf> =
        fs::read_dir(&under_way)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    for path in entries.iter().filter(|path| !path.ends_with(WHOLE)) {
        let name = path.file_name().unwrap_or_default();
        fs::rename(path, data.join(name))?;
    }
    take::sync_folder_of(&under_way)?;
    // At once, whatever happens in between: nothing is under way any more.
    let over = data.join(OVER);
    fs::rename(&under_way, &over)?;
    take::sync_folder_of(&over)?;
    Ok(fs::remove_dir_all(&over)?)
}

#[cfg(test)]
mod tests {
    use vigie_store::Log;

    use super::super::keep::take_at_rest;
    use super::super::take::Progress;
    use super::*;

    const NOW: UtcMs = UtcMs(1_795_219_200_000);

    /// The data folder of a hub in which somebody is signed in, and a backup of it.
    fn backed_up(dir: &Path, words: Option<&Passphrase>) -> (PathBuf, PathBuf) {
        let (data, backup) = (dir.join("hub"), dir.join("hub.backup"));
        let (state, _) = State::open(&data).expect("opens");
        state.put("people.session", b"s1", b"{}").expect("room");
        state.put("hub", b"epoch", b"kept").expect("room");
        drop(state);
        drop(Log::open(&data, vigie_store::Options::hub(1 << 30)).expect("opens"));
        let (ca, place) =
            (vigie_net::Ca::load_or_create(&data.join("ca"), NOW).expect("room"), "hub".parse().expect("a name"));
        let folder = vigie_node::identity_folder(&data);
        let key = vigie_net::NodeKey::load_or_generate(&vigie_net::Identity::key_file(&folder)).expect("room");
        let life = std::time::Duration::from_secs(86_400);
        let chain = ca
            .issue(&key.csr().expect("a key"), vigie_model::Role::Hub, &place, &place, life, NOW)
            .expect("a key")
            .chain;
        let facts = vigie_net::Facts { hub_key: key.public_key(), hub_addrs: Vec::new(), relay_addrs: Vec::new() };
        vigie_net::Identity::new(key, &chain, facts).expect("its own").save(&folder).expect("room");
        take_at_rest(&data, &backup, words, &Progress::default()).expect("room");
        (data, backup)
    }

    fn made_of(backup: &Path, data: &Path, words: Option<&Passphrase>) -> Result<Checked, Failed> {
        restore(backup, data, words, NOW, |_| {})
    }

    #[test]
    fn a_hub_is_made_again_with_its_keys_and_state_and_nobody_signed_in() {
        let dir = tempfile::tempdir().expect("a folder");
        let words = Passphrase::new("a lantern for the night watch");
        let (data, backup) = backed_up(dir.path(), Some(&words));
        let again = dir.path().join("again");
        let checked = made_of(&backup, &again, Some(&words)).expect("whole");
        assert_eq!((checked.damaged_rows, checked.sealed), (0, true));
        let same = |path: &str| {
            assert_eq!(fs::read(data.join(path)).expect("there"), fs::read(again.join(path)).expect("there"))
        };
        let kept = files::of(&data).expect("readable").0;
        assert!(kept.len() >= 4, "{kept:?}");
        kept.iter().for_each(|file| same(&file.path));
        assert!(refuse_half_restored(&again).is_ok());
        let epoch = |data: &Path| Log::open(data, vigie_store::Options::hub(1 << 30)).expect("opens").0.epoch();
        assert_ne!(epoch(&data), epoch(&again), "another life");
        let (state, _) = State::open(&again).expect("opens");
        assert_eq!(state.get("hub", b"epoch").expect("sound").as_deref(), Some(b"kept".as_slice()));
        assert!(state.scan("people.session", b"").expect("sound").is_empty());
        assert_eq!(crate::people::audit_lines(&state).expect("sound")[0].what, "hub.restore");
    }

    #[test]
    fn a_damaged_backup_or_other_words_leave_the_folder_empty() {
        let dir = tempfile::tempdir().expect("a folder");
        let words = Passphrase::new("a lantern for the night watch");
        let (_, backup) = backed_up(dir.path(), Some(&words));
        let again = dir.path().join("again");
        assert!(made_of(&backup, &again, None).is_err_and(|failed| failed.text.contains("none was given")));
        let mut bytes = fs::read(&backup).expect("there");
        *bytes.last_mut().expect("not empty") ^= 1;
        let damaged = dir.path().join("damaged");
        fs::write(&damaged, bytes).expect("room");
        assert!(made_of(&damaged, &again, Some(&words)).is_err_and(|failed| failed.text.contains("damaged")));
        assert_eq!(fs::read_dir(&again).map_or(0, Iterator::count), 0);
        assert!(made_of(&backup, &again, Some(&words)).is_ok(), "and it can be tried again");
        assert!(made_of(&backup, &again, Some(&words)).is_err_and(|failed| failed.text.contains("not empty")));
    }

    #[test]
    fn one_that_broke_off_is_refused_by_the_hub_and_begun_or_ended_by_the_next() {
        let dir = tempfile::tempdir().expect("a folder");
        let (_, backup) = backed_up(dir.path(), None);
        let again = dir.path().join("again");
        fs::create_dir_all(again.join(UNDER_WAY)).expect("room");
        fs::write(again.join(UNDER_WAY).join("log.redb"), "half").expect("room");
        assert!(refuse_half_restored(&again).is_err());
        assert!(made_of(&backup, &again, None).is_ok());
        // As if it had ended in the middle of the moves.
        fs::create_dir(again.join(UNDER_WAY)).expect("room");
        fs::rename(again.join("state.redb"), again.join(UNDER_WAY).join("state.redb")).expect("room");
        fs::write(again.join(UNDER_WAY).join(WHOLE), "").expect("room");
        assert!(made_of(&backup, &again, None).is_err_and(|failed| failed.text.contains("in place now")));
        assert!(refuse_half_restored(&again).is_ok() && again.join("state.redb").exists());
    }
}
