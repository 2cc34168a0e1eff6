//! When does a node ask for its next certificate, and what becomes of the answer?

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{info, warn};
use vigie_codec::wire::Opaque;
use vigie_model::UtcMs;
use vigie_net::{Endpoint, Identity, Renewal, renewal_due};
use vigie_sync::{Errand, SessionId};

use crate::{Failed, join};

/// A request that was not answered is repeated after this long: the hub may have been out of the relay's reach.
const AGAIN_MS: i64 = 600_000;

/// The certificate of this node, watched.
#[derive(Debug)]
pub struct Renewing {
    data: PathBuf,
    up: Option<SessionId>,
    due: UtcMs,
}

impl Renewing {
    /// Watches the certificate that lies in this data folder. `chance` spreads a site's renewals.
    pub fn new(data: &Path, identity: &Identity, chance: u32) -> Self {
        Self { data: data.to_owned(), up: None, due: renewal_due(identity.validity(), chance) }
    }

    /// There is a way up.
    pub fn connected(&mut self, session: SessionId) {
        self.up = Some(session);
    }

    /// It is gone.
    pub fn disconnected(&mut self, session: SessionId) {
        self.up.take_if(|up| *up == session);
    }

    /// The request to send now, if it is time.
    pub fn due(&mut self, now: UtcMs, identity: &Identity) -> Option<(SessionId, Errand)> {
        let session = self.up.filter(|_| now >= self.due)?;
        let csr = match identity.key().csr() {
            Ok(csr) => csr,
            Err(error) => {
                warn!(%error, "no certificate request could be made");
                return None;
            }
        };
        let body = Renewal::Request { csr }.encode().ok()?;
        self.due = UtcMs(now.0.saturating_add(AGAIN_MS));
        info!("asking the hub for the next certificate");
        Some((session, Errand::CertAsk(Opaque { node: identity.node(), body })))
    }

    /// Takes the hub's answer; gives the identity to use from now on.
    ///
    /// # Errors
    /// When the answer can not be used; the present certificate stays.
    pub fn answered(
        &mut self,
        answer: &Opaque,
        identity: &Identity,
        endpoint: &Endpoint,
        chance: u32,
    ) -> Result<Arc<Identity>, Failed> {
        match Renewal::decode(&answer.body)? {
            Renewal::Granted { chain: [leaf, _] } => {
                let renewed = Arc::new(identity.renewed(leaf)?);
                renewed.save(&join::identity_folder(&self.data))?;
                endpoint.adopt(renewed.clone())?;
                self.due = renewal_due(renewed.validity(), chance);
                info!(until = renewed.validity().not_after.0, "the certificate was renewed");
                Ok(renewed)
            }
            Renewal::Refused { text } => Err(Failed::new(4, format!("the hub will not renew the certificate: {text}"))),
            Renewal::Request { .. } => Err(Failed::new(1, "a request came where an answer was expected")),
        }
    }
}
