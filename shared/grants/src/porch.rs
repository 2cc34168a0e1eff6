//! Whom does a relay let in, by what it has?

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tracing::{info, warn};
use vigie_merge::{Kind, Scope};
use vigie_model::UtcMs;
use vigie_node::{NodeClock, NodeRows};
use vigie_serve::{Clients, Credential, Decides, Identity, NotLetIn, Place, Stamp};
use vigie_store::rows::RowsError;

use crate::audit::{Came, Visit, note};
use crate::grant::{Grant, May, folded, is_ours};
use crate::passphrase::Verifier;

/// The people that the hub let in at this relay's site, as the rows that are here say it. Clones are the same.
#[derive(Debug, Clone)]
pub struct Porch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rows: NodeRows,
    place: Place,
    clock: NodeClock,
    /// It is later than this, whatever the clock says: a box without a battery wakes in the past.
    floor: UtcMs,
    people: RwLock<BTreeMap<String, Grant>>,
    /// Keys what is written down of names that nobody has; nothing where the system gave no random bytes.
    blind: Option<[u8; 32]>,
}

impl Porch {
    /// Reads who was let in; nothing where these rows are not a site's.
    ///
    /// # Errors
    /// When rows can not be read now.
    pub fn open(rows: NodeRows, clock: NodeClock, floor: UtcMs) -> Result<Option<Self>, RowsError> {
        let Scope::Site(client, site) = rows.who().view.clone() else { return Ok(None) };
        let place = Place { client, site };
        let mut key = [0; 32];
        let blind = getrandom::fill(&mut key).is_ok().then_some(key);
        let porch = Self(Arc::new(Inner { rows, place, clock, floor, people: RwLock::default(), blind }));
        porch.read()?;
        Ok(Some(porch))
    }

    /// Follows what the hub changes, for as long as the program runs.
    pub async fn keep_up(self) {
        let mut changes = self.0.rows.subscribe(&[Kind::Grant]);
        loop {
            // What changed before the subscription is in what is read now, and what changes after it wakes this again.
            if let Err(error) = self.read() {
                warn!(%error, "who was let in could not be read; who was before still is");
            }
            changes.next().await;
        }
    }

    /// Reads who was let in, as it is now.
    ///
    /// # Errors
    /// When rows can not be read; who was let in before still is.
    pub fn read(&self) -> Result<(), RowsError> {
        let scope = Scope::Site(self.0.place.client.clone(), self.0.place.site.clone());
        let rows = self.0.rows.scan(&scope, &Kind::Grant)?;
        let grants = rows.iter().filter(|(key, _)| is_ours(key)).filter_map(|(_, row)| Grant::of_row(row));
        let people = grants.map(|grant| (folded(&grant.name), grant)).collect();
        *self.0.people.write().unwrap_or_else(PoisonError::into_inner) = people;
        Ok(())
    }

    /// Lets a person in, or not, and writes it down. Slow on purpose: ask from a blocking thread, one at a time.
    ///
    /// # Errors
    /// When they are not let in.
    pub fn admit(&self, name: &str, passphrase: &str, from: &str) -> Result<Identity, NotLetIn> {
        let grant = self.grant(name);
        let called = grant.as_ref().map_or_else(|| self.unknown(name), |grant| grant.name.clone());
        let verifier = grant.as_ref().map_or_else(Verifier::of_nobody, |grant| grant.verifier.clone());
        let proved = verifier.proves(passphrase);
        let now = self.now();
        let admitted = match grant.filter(|_| proved) {
            None => Err((NotLetIn::Wrong, Came::Wrong)),
            Some(grant) if grant.revoked_ms.is_some() => Err((NotLetIn::Revoked, Came::Revoked)),
            Some(grant) if grant.until_ms <= now.0 => {
                Err((NotLetIn::Expired(Stamp(UtcMs(grant.until_ms))), Came::Expired))
            }
            Some(grant) => Ok(self.identity_of(grant)),
        };
        let came = admitted.as_ref().err().map_or(Came::In, |(_, came)| *came);
        self.write_down(called, from, came, now);
        admitted.map_err(|(not, _)| not)
    }

    /// A person who was let in and still is.
    pub fn identity(&self, name: &str) -> Option<Identity> {
        let grant = self.grant(name).filter(|grant| grant.state(self.now()) == "valid")?;
        Some(self.identity_of(grant))
    }

    fn grant(&self, name: &str) -> Option<Grant> {
        self.0.people.read().unwrap_or_else(PoisonError::into_inner).get(&folded(name)).cloned()
    }

    fn identity_of(&self, grant: Grant) -> Identity {
        // What proves the passphrase has its own salt: a later grant to the same person is another credential.
        let credential = Credential::of(&grant.encode());
        let decides = match grant.may {
            May::Look => Decides::Nothing,
            May::Decide => Decides::of_one(self.0.place.clone()),
        };
        let clients = Clients::Only([self.0.place.client.clone()].into());
        Identity { name: grant.name, clients, decides, credential, ..Identity::default() }
    }

    fn now(&self) -> UtcMs {
        self.0.clock.now().utc.max(self.0.floor)
    }

    /// What stands for a name that nobody has: who types a passphrase into the field for the name has written it nowhere
    /// else. Tries of one name look alike until the relay is started again, and nobody can work out which name it was.
    fn unknown(&self, name: &str) -> String {
        match &self.0.blind {
            Some(key) => {
                let hash = blake3::keyed_hash(key, folded(name).as_bytes()).to_hex();
                format!("unknown name {}", &hash[..8])
            }
            None => "unknown name".to_owned(),
        }
    }

    fn write_down(&self, name: String, from: &str, came: Came, at: UtcMs) {
        match came {
            Came::In => info!(name, from, "let in at the site"),
            Came::Wrong | Came::Expired | Came::Revoked => warn!(name, from, why = came.as_str(), "not let in"),
        }
        let Place { client, site } = self.0.place.clone();
        let (from, relay) = (from.to_owned(), self.0.rows.who().node);
        let visit = Visit { client, site, relay, at, name, from, came };
        // The door does not stay shut because its book is full: the log has it.
        if let Err(error) = note(&self.0.rows, &self.0.place, &visit) {
            warn!(%error, "a sign-in could not be written down for the hub");
        }
    }
}
