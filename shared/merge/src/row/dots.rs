//! Clocks of what was seen.

use crdts::{Dot, VClock};

use super::limit;
use crate::hlc::Actor;
use crate::written::{Garbled, Reader, put_number};

/// What a reader had seen of a row when it decided to change it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context(pub(super) VClock<Actor>);

/// The row has changed since it was read, or was read elsewhere and is newer there. Nothing was changed: read it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("someone changed this meanwhile; look at it again")]
pub struct StaleError;

impl Context {
    /// The bytes for whoever reads now and decides later.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_clock(&mut out, &self.0);
        out
    }

    /// What [`Context::encode`] wrote.
    ///
    /// # Errors
    /// When it is none; treat it as stale.
    pub fn read(bytes: &[u8]) -> Result<Self, StaleError> {
        let mut reader = Reader(bytes);
        let clock = read_clock(&mut reader).and_then(|clock| reader.end().map(|()| clock));
        clock.map(Self).map_err(|Garbled| StaleError)
    }
}

pub(super) fn put_clock(out: &mut Vec<u8>, clock: &VClock<Actor>) {
    put_number(out, clock.dots.len() as u64);
    for (actor, counter) in &clock.dots {
        put_number(out, u64::from(actor.0));
        put_number(out, *counter);
    }
}

pub(super) fn read_clock(reader: &mut Reader<'_>) -> Result<VClock<Actor>, Garbled> {
    let (mut clock, mut last) = (VClock::new(), None);
    for _ in 0..reader.count(limit::ACTORS)? {
        let dot = read_dot(reader)?;
        if last.is_some_and(|last| last >= dot.actor) {
            return Err(Garbled);
        }
        last = Some(dot.actor);
        clock.dots.insert(dot.actor, dot.counter);
    }
    Ok(clock)
}

fn read_dot(reader: &mut Reader<'_>) -> Result<Dot<Actor>, Garbled> {
    let actor = Actor(u32::try_from(reader.number()?).map_err(|_| Garbled)?);
    let counter = reader.number()?;
    if counter == 0 || counter >= limit::COUNTER { Err(Garbled) } else { Ok(Dot { actor, counter }) }
}
