//! How does a machine become a node, from the command line?

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use vigie_model::{Role, UtcMs};
use vigie_net::{Ask, Enrolled, EnrolmentEndpoint, Identity, IdentityError, JoinToken, NodeKey, TrustedTime};

use crate::{Failed, host_name};

/// Where a node's identity lies in its data folder.
pub fn identity_folder(data: &Path) -> PathBuf {
    data.join("identity")
}

/// What a node was enrolled as, which is what people see on either side of a cut; the machine's own name if nothing is kept.
pub fn enrolled_name(data: &Path) -> String {
    let kept = std::fs::read_to_string(name_file(data)).unwrap_or_default();
    let kept = kept.trim();
    if kept.is_empty() || kept.chars().any(char::is_control) { host_name() } else { kept.to_owned() }
}

fn name_file(data: &Path) -> PathBuf {
    data.join("name")
}

/// Before there is an identity: until that is kept, enrolling is begun anew and writes the name anew.
fn keep_name(data: &Path, name: &str) -> std::io::Result<()> {
    let mut file = File::create(name_file(data))?;
    file.write_all(name.as_bytes())?;
    file.sync_all()
}

/// The identity of a node that has enrolled.
///
/// # Errors
/// When it has not, or the identity can not be used.
pub fn load_identity(data: &Path, role: Role) -> Result<Identity, Failed> {
    Identity::load(&identity_folder(data), role).map_err(|error| {
        let code = if matches!(error, IdentityError::NotEnrolled { .. }) { 4 } else { 1 };
        Failed { code, ..Failed::from(error) }
    })
}

/// Enrols with a token and keeps the identity. `via` is tried before the token's own addresses.
///
/// # Errors
/// When the token can not be read, nobody answers, or the hub refuses. A second try with the same folder uses the same
/// key, and so counts as the same machine.
pub fn join(data: &Path, token: &str, ask: &Ask, via: &[String]) -> Result<Enrolled, Failed> {
    let token: JoinToken = token.parse()?;
    let folder = identity_folder(data);
    let key = NodeKey::load_or_generate(&Identity::key_file(&folder))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let enrolled = runtime.block_on(async {
        let endpoint = EnrolmentEndpoint::bind_anywhere(TrustedTime::system(UtcMs(0)))?;
        vigie_net::enrol(&endpoint, &token, &key, ask, via).await.map_err(Failed::from)
    })?;
    keep_name(data, &ask.hostname)?;
    enrolled.identity.save(&folder)?;
    Ok(enrolled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_goes_by_the_name_it_was_enrolled_with() {
        let data = tempfile::tempdir().expect("a folder");
        assert_eq!(enrolled_name(data.path()), host_name(), "nothing is kept of nodes that enrolled long ago");
        keep_name(data.path(), "till 1, au fond à gauche").expect("kept");
        assert_eq!(enrolled_name(data.path()), "till 1, au fond à gauche");
        std::fs::write(name_file(data.path()), "a\u{7}b").expect("written");
        assert_eq!(enrolled_name(data.path()), host_name(), "what is no name is none");
    }
}
