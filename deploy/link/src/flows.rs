//! Who talks through this listener, and who has gone quiet?
//!
//! What a NAT keeps. Knows no sockets: whatever a flow needs is its owner's `V`, handed back when the flow is over.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use crate::Moment;

/// Silence both ways after which a flow is forgotten.
///
/// What RFC 4787 asks of a NAT at least (REQ-5: two minutes). A shorter one would break QUIC connections that a real
/// network keeps.
pub const FLOW_IDLE: Duration = Duration::from_secs(120);

/// How many flows one listener has at most.
///
/// Each costs a socket, and a process may usually open 1024 files.
pub const MAX_FLOWS: usize = 400;

/// The flows of one listener.
#[derive(Debug)]
pub struct FlowTable<K, V> {
    flows: HashMap<K, Flow<V>>,
}

#[derive(Debug)]
struct Flow<V> {
    value: V,
    last_heard: Moment,
}

/// There are [`MAX_FLOWS`] flows already. Some will be forgotten after [`FLOW_IDLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all {MAX_FLOWS} places for clients are taken; one is free after {} s of silence", FLOW_IDLE.as_secs())]
pub struct TableFull;

impl<K: Eq + Hash + Clone, V> FlowTable<K, V> {
    /// No flows yet.
    pub fn new() -> Self {
        Self { flows: HashMap::new() }
    }

    /// Notes that a flow is alive, and gives what belongs to it; `None` if it is not known.
    pub fn touch(&mut self, client: &K, now: Moment) -> Option<&V> {
        let flow = self.flows.get_mut(client)?;
        flow.last_heard = flow.last_heard.max(now);
        Some(&flow.value)
    }

    /// Whether one more fits. Ask before opening what it needs.
    pub fn has_room(&self) -> Result<(), TableFull> {
        if self.flows.len() < MAX_FLOWS { Ok(()) } else { Err(TableFull) }
    }

    /// Adds a flow.
    pub fn admit(&mut self, client: K, value: V, now: Moment) -> Result<(), TableFull> {
        self.has_room()?;
        self.flows.insert(client, Flow { value, last_heard: now });
        Ok(())
    }

    /// Forgets who has been quiet for [`FLOW_IDLE`], and gives back what belonged to them.
    pub fn expire(&mut self, now: Moment) -> Vec<V> {
        let quiet = self.flows.extract_if(|_, flow| flow.last_heard + FLOW_IDLE <= now);
        quiet.map(|(_, flow)| flow.value).collect()
    }
}

impl<K: Eq + Hash + Clone, V> Default for FlowTable<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_heard_stays_and_who_is_quiet_is_forgotten() {
        let mut table = FlowTable::new();
        table.admit("talker", 1, at(0)).unwrap();
        table.admit("quiet", 2, at(0)).unwrap();
        assert_eq!(table.touch(&"talker", at(100)), Some(&1));
        assert_eq!(table.expire(at(119)), Vec::<i32>::new());
        assert_eq!(table.expire(at(120)), vec![2]);
        assert_eq!(table.touch(&"quiet", at(120)), None);
        assert_eq!(table.expire(at(220)), vec![1]);
    }

    #[test]
    fn a_full_table_takes_new_ones_only_after_others_went_quiet() {
        let mut table = FlowTable::new();
        for client in 0..MAX_FLOWS {
            table.admit(client, (), at(0)).unwrap();
        }
        assert_eq!(table.admit(MAX_FLOWS, (), at(1)), Err(TableFull));
        assert_eq!(table.expire(at(120)).len(), MAX_FLOWS);
        assert_eq!(table.admit(MAX_FLOWS, (), at(120)), Ok(()));
    }

    fn at(seconds: u64) -> Moment {
        Moment::after_birth(Duration::from_secs(seconds))
    }
}
