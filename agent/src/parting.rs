//! How does a copy of a machine become a machine of its own?
//!
//! The hub gives an identity for a new key, at the word of the key that both share. It lies beside the present one until
//! everything measured so far is signed and kept; then it takes its place, and the program begins again. What was measured
//! before stays what it was, of the old machine's lives, and is still brought: the new certificate says whose copy this was.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::{error, info, warn};
use vigie_model::Role;
use vigie_net::{EnrolmentEndpoint, Identity, NodeKey, TrustedTime, part_from_twin};
use vigie_node::{Failed, identity_folder};

use crate::twin::Twin;

/// Looks after it.
#[derive(Debug)]
pub(crate) struct Parting {
    twin: Twin,
    data: PathBuf,
    /// Where the hub may be asked, and what this machine is called there.
    at: Vec<String>,
    name: String,
    asking: Arc<AtomicBool>,
}

impl Parting {
    pub(crate) fn new(twin: Twin, data: &Path, at: Vec<String>, name: String) -> Self {
        Self { twin, data: data.to_owned(), at, name, asking: Arc::default() }
    }

    /// Whether another machine runs with this identity.
    pub(crate) fn has_twin(&self) -> bool {
        self.twin.is_there()
    }

    /// A connection was pushed out by one that is none of this program's.
    pub(crate) fn displaced(&mut self, now_ms: u64) {
        if self.twin.displaced(now_ms) {
            let certain = self.twin.is_certain();
            warn!(
                certain,
                "another machine runs with this identity: a folder was copied; one of both becomes a machine of \
                its own as soon as the hub is in reach, and nothing is lost meanwhile"
            );
        }
    }

    /// Asks if it is time. Says whether an identity of its own is there.
    pub(crate) fn look(&mut self, now_ms: u64, identity: &Arc<Identity>, time: &TrustedTime) -> bool {
        if next_is_whole(&self.data, identity) {
            return true;
        }
        if self.twin.is_due(now_ms) && !self.asking.swap(true, Ordering::AcqRel) {
            let (asking, data, at) = (self.asking.clone(), self.data.clone(), self.at.clone());
            let (identity, time, who) = (identity.clone(), time.clone(), (self.name.clone(), self.twin.is_certain()));
            tokio::spawn(async move {
                if let Err(failed) = ask(&data, &identity, time, &who, &at).await {
                    warn!(error = %failed.text, "no identity of its own yet; measuring and keeping go on");
                }
                asking.store(false, Ordering::Release);
            });
        }
        false
    }
}

async fn ask(
    data: &Path,
    identity: &Identity,
    time: TrustedTime,
    (name, certain): &(String, bool),
    at: &[String],
) -> Result<(), Failed> {
    let next = next_folder(data);
    let key = NodeKey::load_or_generate(&Identity::key_file(&next))?;
    let endpoint = EnrolmentEndpoint::bind_anywhere(time)?;
    let own = part_from_twin(&endpoint, identity, &key, (name, *certain), at).await?;
    own.save(&next)?;
    info!(node = %own.node(), "this machine has an identity of its own");
    Ok(())
}

fn next_folder(data: &Path) -> PathBuf {
    data.join("identity.next")
}

/// An identity that lies ready, and is not the present one.
fn next_is_whole(data: &Path, present: &Identity) -> bool {
    let next = next_folder(data);
    // Looked at each round: a folder that is not there costs nothing.
    next.is_dir() && Identity::load(&next, Role::Agent).is_ok_and(|next| next.node() != present.node())
}

/// Puts the identity that lies ready in the place of the present one, whose key is not kept: it is another machine's.
///
/// # Errors
/// When the disk refuses; whatever was done, [`finish`] goes on from there.
pub(crate) fn take_over(data: &Path) -> Result<(), Failed> {
    let failed =
        |error: std::io::Error| Failed::new(1, format!("the new identity can not be put in its place: {error}"));
    let (present, former) = (identity_folder(data), data.join("identity.former"));
    if former.exists() {
        std::fs::remove_dir_all(&former).map_err(failed)?;
    }
    std::fs::rename(&present, &former).map_err(failed)?;
    finish(data);
    Ok(())
}

/// Completes what a power cut may have left half done.
pub(crate) fn finish(data: &Path) {
    let (present, former) = (identity_folder(data), data.join("identity.former"));
    let done = (|| {
        if !present.exists() && next_folder(data).is_dir() {
            std::fs::rename(next_folder(data), &present)?;
            std::fs::File::open(data)?.sync_all()?;
        }
        if present.exists() && former.exists() {
            std::fs::remove_dir_all(&former)?;
        }
        Ok::<(), std::io::Error>(())
    })();
    if let Err(error) = done {
        error!(%error, "the identity of this machine is not where it belongs, in {}", present.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, text: &str) {
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(folder.join("key.pem"), text).expect("a file");
    }

    fn key(data: &Path) -> String {
        std::fs::read_to_string(identity_folder(data).join("key.pem")).expect("there is one")
    }

    #[test]
    fn the_new_identity_takes_the_place_of_the_old_whose_key_goes_wherever_the_power_is_cut() {
        let dir = tempfile::tempdir().expect("a folder");
        let data = dir.path();
        put(&identity_folder(data), "shared");
        put(&next_folder(data), "own");
        take_over(data).expect("it can be done");
        assert_eq!((key(data).as_str(), data.join("identity.former").exists()), ("own", false));

        // Cut between both renames.
        put(&next_folder(data), "third");
        std::fs::rename(identity_folder(data), data.join("identity.former")).expect("renamed");
        finish(data);
        assert_eq!((key(data).as_str(), data.join("identity.former").exists()), ("third", false));
        finish(data);
        assert_eq!(key(data), "third", "nothing is left to do");
    }
}
