//! The last write wins.

use crdts::{CvRDT, LWWReg};

use super::limit;
use crate::hlc::{Actor, Hlc, Marker};
use crate::written::{Garbled, Reader, put_bytes, put_number};

/// What was written; `None` is the memory of a deletion.
pub type Value = Option<Vec<u8>>;

/// A value, and when and by whom it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last(LWWReg<Value, Marker>);

impl Last {
    /// A first write.
    pub fn new(value: Value, marker: Marker) -> Self {
        Self(LWWReg { val: value, marker })
    }

    /// The value.
    pub fn value(&self) -> Option<&[u8]> {
        self.0.val.as_deref()
    }

    /// When and by whom it was written.
    pub fn marker(&self) -> Marker {
        self.0.marker
    }

    /// Writes. The marker is later than [`Last::marker`]: see [`HybridClock::stamp`](crate::HybridClock::stamp).
    pub fn write(&mut self, value: Value, marker: Marker) {
        self.0.update(value, marker);
    }

    pub(super) fn join(&mut self, other: Self) {
        // The register keeps its own value where markers are equal, which would differ for ever: the larger one stays.
        if self.0.validate_merge(&other.0).is_err() {
            self.0.val = std::mem::take(&mut self.0.val).max(other.0.val);
        } else {
            self.0.merge(other.0);
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_marker(out, self.0.marker);
        put_value(out, &self.0.val);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Garbled> {
        Ok(Self(LWWReg { marker: read_marker(reader)?, val: read_value(reader)? }))
    }
}

pub(super) fn put_marker(out: &mut Vec<u8>, marker: Marker) {
    put_number(out, marker.hlc.ms());
    put_number(out, u64::from(marker.hlc.counter()));
    put_number(out, u64::from(marker.actor.0));
}

pub(super) fn read_marker(reader: &mut Reader<'_>) -> Result<Marker, Garbled> {
    let ms = reader.number()?;
    let counter = u16::try_from(reader.number()?).map_err(|_| Garbled)?;
    let actor = u32::try_from(reader.number()?).map_err(|_| Garbled)?;
    if ms >= Hlc::MAX_ADMITTED.ms() {
        return Err(Garbled);
    }
    Ok(Marker { hlc: Hlc::of(ms, counter), actor: Actor(actor) })
}

pub(super) fn put_value(out: &mut Vec<u8>, value: &Value) {
    out.push(u8::from(value.is_some()));
    value.iter().for_each(|value| put_bytes(out, value));
}

pub(super) fn read_value(reader: &mut Reader<'_>) -> Result<Value, Garbled> {
    match reader.byte()? {
        0 => Ok(None),
        1 => reader.bytes().and_then(|value| within(value, limit::VALUE_BYTES)).map(Some),
        _ => Err(Garbled),
    }
}

pub(super) fn within(bytes: &[u8], most: usize) -> Result<Vec<u8>, Garbled> {
    if bytes.len() > most { Err(Garbled) } else { Ok(bytes.to_vec()) }
}
