//! When does a node ask for its next certificate, and what becomes of the answer?

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::{info, warn};
use vigie_codec::wire::Opaque;
use vigie_model::UtcMs;
use vigie_net::{Endpoint, EnrolmentEndpoint, Identity, Renewal, TrustedTime, UplinkState, come_back, renewal_due};
use vigie_sync::{Errand, SessionId};

use crate::{Failed, join};

/// A request that was not answered is repeated after this long: the hub may have been out of the relay's reach.
const AGAIN_MS: i64 = 600_000;

/// A node whose certificate has ended asks to come back this often.
const COME_BACK_MS: i64 = 60_000;

/// The certificate of this node, watched.
#[derive(Debug)]
pub struct Renewing {
    data: PathBuf,
    up: Option<SessionId>,
    due: UtcMs,
    come_back_due: UtcMs,
    /// Where a certificate lands that was given to a node whose own had ended.
    returned: Arc<Mutex<Option<Identity>>>,
}

impl Renewing {
    /// Watches the certificate that lies in this data folder. `chance` spreads a site's renewals.
    pub fn new(data: &Path, identity: &Identity, chance: u32) -> Self {
        Self {
            data: data.to_owned(),
            up: None,
            due: renewal_due(identity.validity(), chance),
            come_back_due: UtcMs(0),
            returned: Arc::default(),
        }
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

    /// A certificate that has ended is not the end: the key and the old leaf ask for the next one, without a token. Begins
    /// that when the node is refused as expired, and gives the new identity once it is there.
    ///
    /// # Errors
    /// When the new identity can not be kept or taken into use.
    pub fn come_back(
        &mut self,
        state: &UplinkState,
        identity: &Identity,
        endpoint: &Endpoint,
    ) -> Result<Option<Arc<Identity>>, Failed> {
        let returned = self.returned.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(renewed) = returned {
            self.due = renewal_due(renewed.validity(), u32::MAX / 2);
            return self.adopt(renewed, endpoint).map(Some);
        }
        let UplinkState::Searching { last_error: Some(why), .. } = state else { return Ok(None) };
        let now = endpoint.time().wall();
        if !why.contains("expired") || now < self.come_back_due {
            return Ok(None);
        }
        self.come_back_due = UtcMs(now.0.saturating_add(COME_BACK_MS));
        info!("the certificate has ended; asking the hub for the next one");
        let (identity, slot, time) = (identity.clone(), self.returned.clone(), endpoint.time().clone());
        tokio::spawn(async move {
            match ask_to_come_back(&identity, time).await {
                Ok(renewed) => *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(renewed),
                Err(failed) => warn!(error = %failed.text, "not taken back yet; measuring and keeping go on"),
            }
        });
        Ok(None)
    }

    fn adopt(&self, renewed: Identity, endpoint: &Endpoint) -> Result<Arc<Identity>, Failed> {
        let renewed = Arc::new(renewed);
        renewed.save(&join::identity_folder(&self.data))?;
        endpoint.adopt(renewed.clone())?;
        info!(until = renewed.validity().not_after.0, "the certificate was renewed");
        Ok(renewed)
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
                let renewed = self.adopt(identity.renewed(leaf)?, endpoint)?;
                self.due = renewal_due(renewed.validity(), chance);
                Ok(renewed)
            }
            Renewal::Refused { text } => Err(Failed::new(4, format!("the hub will not renew the certificate: {text}"))),
            Renewal::Request { .. } => Err(Failed::new(1, "a request came where an answer was expected")),
        }
    }
}

async fn ask_to_come_back(identity: &Identity, time: TrustedTime) -> Result<Identity, Failed> {
    let endpoint = EnrolmentEndpoint::bind_anywhere(time)?;
    Ok(come_back(&endpoint, identity, &[]).await?)
}
