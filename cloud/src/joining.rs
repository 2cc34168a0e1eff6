//! Lets machines join: makes the tokens, and remembers what is heard of those who use them.
//!
//! What is heard (who fetched the script, who was turned away) is for whoever stands at the machine just now, and lives in
//! memory alone; what was decided and who joined are rows.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vigie_model::{Role, Slug, UtcMs};
use vigie_net::{Ca, EnrolRequest, JoinToken, Refused, RefusedWhy, TokenId, TokenSecret};
use vigie_node::{Failed, NodeClock};
use vigie_serve::{
    Enrolment, EnrolmentState, EnrolmentWish, Enrolments, Fetched, Joined, MadeToken, Stamp, TurnedAway, Undecided,
};

use crate::registry::{NewToken, NodeRow, Registry, TokenRow};

/// Tokens of which something is remembered. Only those that were made here are, so it takes a day of rolling out to get there.
const MOST_HEARD: usize = 1_024;

/// What joined there would count nowhere, and go with the demonstration.
pub(crate) const NO_REAL_ONES: &str = "vigie-demo is what the demonstration is called: no machine joins it";

/// A name that a machine gives itself is cut there.
const NAME_CHARS: usize = 64;

/// What somebody wants to let in.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) client: Slug,
    pub(crate) site: Slug,
    pub(crate) roles: Vec<Role>,
    pub(crate) uses: u32,
    pub(crate) ttl_ms: i64,
    pub(crate) by: String,
}

/// The tokens, and who makes them.
#[derive(Debug)]
pub(crate) struct Joining {
    pub(crate) registry: Arc<Registry>,
    pub(crate) ca: Arc<Ca>,
    pub(crate) hub_addrs: Vec<String>,
    pub(crate) clock: NodeClock,
    pub(crate) heard: Arc<Heard>,
}

impl Joining {
    /// Makes a token; its text is given this once. With `noted` its line in the audit is written in the same step, in the
    /// console's name.
    pub(crate) fn make_token(&self, wanted: Wanted, noted: bool) -> Result<(TokenRow, String), Failed> {
        let mut random = [0; 24];
        getrandom::fill(&mut random)
            .map_err(|error| Failed::new(1, format!("the system gives no random bytes: {error}")))?;
        let (id, secret) = random.split_at(8);
        let id = TokenId(<[u8; 8]>::try_from(id)?);
        let secret = TokenSecret::from_random_bytes(<[u8; 16]>::try_from(secret)?);
        let now = self.clock.now().utc;
        let Wanted { client, site, roles, uses, ttl_ms, by } = wanted;
        let expires_at = UtcMs(now.0.saturating_add(ttl_ms));
        let new = NewToken { id, proof: secret.proof_key(), client, site, roles, uses, expires_at, by };
        let token = JoinToken { hub_addrs: self.hub_addrs.clone(), ca: self.ca.fingerprint(), id, secret };
        // Before it is kept: what can not be handed out lets nobody in.
        let text = token.to_text()?;
        Ok((self.registry.add_token(new, now, noted)?, text))
    }

    /// A token with those of these who joined by it, of so many at most.
    fn shown(&self, row: TokenRow, all: &[NodeRow], most: usize) -> Enrolment {
        let joined = &all[all.len().saturating_sub(most)..];
        let (fetched, refused) = self.heard.of(&row.id);
        Enrolment {
            state: state_of(&row, self.clock.now().utc),
            id: row.id,
            client: row.client,
            site: row.site,
            roles: row.roles,
            uses_left: row.uses_left,
            by: row.by,
            made_at: Stamp(UtcMs(row.made_at_ms)),
            expires_at: Stamp(UtcMs(row.expires_at_ms)),
            fetched,
            refused,
            joined_count: all.len(),
            joined: joined.iter().filter_map(joined_as).collect(),
        }
    }
}

impl Enrolments for Joining {
    fn list(&self, joined: usize) -> Result<Vec<Enrolment>, Undecided> {
        let most = joined;
        let joined = self.registry.joined().map_err(not_kept)?;
        let rows = self.registry.tokens().map_err(not_kept)?.into_iter();
        let of = |row: TokenRow| {
            let own = joined.get(&row.id).map(Vec::as_slice).unwrap_or_default();
            self.shown(row, own, most)
        };
        Ok(rows.map(of).collect())
    }

    fn one(&self, id: &str) -> Result<Option<Enrolment>, Undecided> {
        let joined = self.registry.joined().map_err(not_kept)?;
        let own = joined.get(id).map(Vec::as_slice).unwrap_or_default();
        let row = self.registry.token(id).map_err(not_kept)?;
        Ok(row.map(|row| self.shown(row, own, usize::MAX)))
    }

    fn make(&self, wish: &EnrolmentWish, by: &str) -> Result<MadeToken, Undecided> {
        let EnrolmentWish { client, site, roles, uses, minutes } = wish.clone();
        if client.is_demonstration() {
            return Err(Undecided::Senseless(NO_REAL_ONES.to_owned()));
        }
        let relays = self.registry.relays_of(&client, &site).map_err(not_kept)?;
        let by = by.chars().take(128).collect();
        let wanted = Wanted { client, site, roles, uses, ttl_ms: i64::from(minutes) * 60_000, by };
        let (row, token) = self.make_token(wanted, false).map_err(not_kept)?;
        Ok(MadeToken { enrolment: self.shown(row, &[], 0), token, relays })
    }

    fn revoke(&self, id: &str) -> Result<(), Undecided> {
        let revoked = self.registry.revoke_token(id, self.clock.now().utc, false);
        revoked.map(drop).map_err(|failed| match failed.code {
            5 => Undecided::NotHere("such token"),
            _ => not_kept(failed),
        })
    }

    fn fetched(&self, id: &str, from: String) {
        // Everybody can ask for the script, for whatever they say.
        if matches!(self.registry.token(id), Ok(Some(_))) {
            self.heard.fetched(id, Fetched { at: Stamp(self.clock.now().utc), from });
        }
    }
}

/// Whether a token lets somebody in.
pub(crate) fn state_of(row: &TokenRow, now: UtcMs) -> EnrolmentState {
    match (row.revoked, row.expires_at_ms <= now.0, row.uses_left) {
        (true, ..) => EnrolmentState::Revoked,
        (false, true, _) => EnrolmentState::Expired,
        (false, false, 0) => EnrolmentState::UsedUp,
        _ => EnrolmentState::Valid,
    }
}

fn joined_as(row: &NodeRow) -> Option<Joined> {
    let at = Stamp(UtcMs(row.enrolled_at_ms));
    let (name, role) = (row.name.clone(), row.role);
    Some(Joined { id: row.node.parse().ok()?, name, role, at, reachability: None, last_sample: None })
}

fn not_kept(failed: Failed) -> Undecided {
    Undecided::NotKept(failed.text)
}

/// What was heard of those who are about to join, by token.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<BTreeMap<String, OfToken>>);

/// Who fetched the script for it, and who was turned away, the last of each.
type OfToken = (Option<Fetched>, Option<TurnedAway>);

impl Heard {
    fn of(&self, id: &str) -> OfToken {
        self.heard().get(id).cloned().unwrap_or_default()
    }

    fn fetched(&self, id: &str, fetched: Fetched) {
        self.note(id, |heard| heard.0 = Some(fetched));
    }

    /// Somebody was turned away. Of who does not hold the token nothing is remembered: anybody can say its number.
    pub(crate) fn refused(&self, request: &EnrolRequest, refused: &Refused, from: SocketAddr, now: UtcMs) {
        if matches!(refused.why, RefusedWhy::Unknown | RefusedWhy::BadRequest) {
            return;
        }
        let name = request.hostname.chars().take(NAME_CHARS).collect();
        let (at, from, why) = (Stamp(now), from.ip().to_canonical().to_string(), refused.to_string());
        self.note(&request.token.to_string(), |heard| heard.1 = Some(TurnedAway { at, from, name, why }));
    }

    fn note(&self, id: &str, change: impl FnOnce(&mut OfToken)) {
        let mut heard = self.heard();
        if heard.len() >= MOST_HEARD && !heard.contains_key(id) {
            // Numbers are chance, so whose is forgotten is, too; the rows stay.
            heard.pop_first();
        }
        change(heard.entry(id.to_owned()).or_default());
    }

    fn heard(&self) -> MutexGuard<'_, BTreeMap<String, OfToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
