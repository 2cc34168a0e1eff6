//! What does this machine know of time and of lost rights, across restarts?

use tracing::warn;
use vigie_codec::wire::{Clock, Opaque};
use vigie_model::{ClockSource, UtcMs};
use vigie_net::{Endpoint, Identity, Revocations, TrustedTime};
use vigie_store::State;

use crate::Failed;

/// How far the floor must rise to be worth a write.
const WORTH_MS: i64 = 3_600_000;

/// The latest moment that has surely passed.
pub fn floor(state: &State) -> UtcMs {
    let kept = state.get("node", b"time").ok().flatten();
    UtcMs(kept.and_then(|bytes| Some(i64::from_be_bytes(bytes.try_into().ok()?))).unwrap_or(0))
}

/// The hub vouched for a time.
pub fn raise(state: &State, time: &TrustedTime, clock: Clock) {
    if clock.source != ClockSource::Hub {
        return;
    }
    let passed = UtcMs(clock.utc.0.saturating_sub(i64::from(clock.error_ms)));
    let worth = passed.0.saturating_sub(time.floor().0) > WORTH_MS;
    time.raise_floor(passed);
    if worth && let Err(error) = state.put("node", b"time", &passed.0.to_be_bytes()) {
        warn!(%error, "the time that surely passed could not be kept");
    }
}

/// The hub's list of nodes that lost their rights; only a later one is taken.
///
/// # Errors
/// When the hub did not sign it, or it can not be kept.
pub fn revoked(list: &Opaque, identity: &Identity, endpoint: &Endpoint, state: &State) -> Result<(), Failed> {
    let offered = Revocations::open(&list.body, &identity.facts().hub_key)?;
    if endpoint.revocations().raise(offered)? {
        state.put("node", b"revoked", &list.body)?;
    }
    Ok(())
}

/// The list kept from earlier.
pub fn known_revoked(state: &State, identity: &Identity) -> Revocations {
    let kept = state.get("node", b"revoked").ok().flatten();
    kept.and_then(|bytes| Revocations::open(&bytes, &identity.facts().hub_key).ok())
        .unwrap_or_else(|| Revocations::new(0, []))
}
