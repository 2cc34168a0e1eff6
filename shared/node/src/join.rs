//! How does a machine become a node, from the command line?

use std::path::{Path, PathBuf};

use vigie_model::{Role, UtcMs};
use vigie_net::{Ask, Enrolled, EnrolmentEndpoint, Identity, IdentityError, JoinToken, NodeKey, TrustedTime};

use crate::Failed;

/// Where a node's identity lies in its data folder.
pub fn identity_folder(data: &Path) -> PathBuf {
    data.join("identity")
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
    enrolled.identity.save(&folder)?;
    Ok(enrolled)
}
