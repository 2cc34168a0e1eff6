//! What is there when a node of the demonstration begins: its identity, kept or enrolled as any other is.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vigie_codec::VerifyingKey;
use vigie_model::Role;
use vigie_net::{Ask, Identity};
use vigie_node::{Failed, enrolled_name, join, load_identity};
use vigie_sync::Me;

/// Who gives a token by which a node joins a site.
pub(crate) type Tokens = Arc<dyn Fn(&str) -> Result<String, Failed> + Send + Sync>;

/// A node's folder, and as whom it is enrolled.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) folder: PathBuf,
    pub(crate) identity: Arc<Identity>,
}

/// The identity that lies in a folder; enrolled with a token now if there is none.
pub(crate) async fn opened(
    folder: PathBuf,
    (role, name, site): (Role, String, &'static str),
    hub: SocketAddr,
    tokens: Tokens,
) -> Result<Opened, Failed> {
    let work = move || {
        let identity = match load_identity(&folder, role) {
            Ok(identity) => identity,
            Err(_) => enrolled(&folder, role, &name, hub, &tokens(site)?)?,
        };
        Ok(Opened { folder, identity: Arc::new(identity) })
    };
    // Enrolling waits for its answers on a thread of its own.
    tokio::task::spawn_blocking(work).await?
}

fn enrolled(folder: &Path, role: Role, name: &str, hub: SocketAddr, token: &str) -> Result<Identity, Failed> {
    let ask = Ask { role, hostname: name.to_owned(), advertised: Vec::new() };
    // The hub stands beside us, wherever it says that others find it.
    Ok(join(folder, token, &ask, &[hub.to_string()])?.identity)
}

impl Opened {
    /// What the mind of this node says of itself.
    pub(crate) fn me(&self, store_epoch: u64) -> Result<Me, Failed> {
        Ok(Me {
            node: self.identity.node(),
            role: self.identity.role(),
            name: enrolled_name(&self.folder),
            software: env!("CARGO_PKG_VERSION").to_owned(),
            store_epoch,
            hub_key: VerifyingKey::from_bytes(&self.identity.facts().hub_key)?,
            receipt_key: None,
        })
    }
}
