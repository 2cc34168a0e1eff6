//! What do relays say of the machines on their networks?
//!
//! A relay says which of its machines do not answer; of the others that it carries it says by that that they do. Of two
//! relays the one that hears a machine is right.

use std::collections::{BTreeMap, BTreeSet};

use vigie_codec::wire::Answers;
use vigie_model::{NodeId, UtcMs};
use vigie_sync::Word;

/// What one relay says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vouching {
    /// The machines that it brings, on its newest connection.
    carries: BTreeSet<NodeId>,
    /// Those that do not answer it; nothing until it has said so.
    silent: Option<BTreeMap<NodeId, Silence>>,
}

/// A machine that does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Silence {
    /// When it was last heard, by this node's clock.
    pub(crate) heard_at: UtcMs,
    /// It had said goodbye.
    pub(crate) is_away: bool,
}

/// What a relay says of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vouched {
    Answers,
    Silent(Silence),
}

impl Vouching {
    /// The relay is connected anew: what it carries comes again, what it says stands until it says more.
    pub(crate) fn connected(&mut self) {
        self.carries.clear();
    }

    /// It brings a machine.
    pub(crate) fn brings(&mut self, machine: NodeId) {
        self.carries.insert(machine);
    }

    /// It says which do not answer: all of them, or what has changed.
    pub(crate) fn said(&mut self, whole: bool, list: &[Word], now: UtcMs) {
        if whole {
            self.silent = Some(BTreeMap::new());
        }
        let Some(silent) = &mut self.silent else { return };
        for word in list {
            let heard_at = UtcMs(now.0.saturating_sub(1_000 * i64::from(word.heard_s_ago)));
            match word.answers {
                Answers::Yes => silent.remove(&word.stream.agent),
                Answers::No => silent.insert(word.stream.agent, Silence { heard_at, is_away: false }),
                Answers::Away => silent.insert(word.stream.agent, Silence { heard_at, is_away: true }),
            };
        }
    }

    /// What it says of a machine, if anything.
    pub(crate) fn of(&self, machine: NodeId) -> Option<Vouched> {
        let silent = self.silent.as_ref().filter(|_| self.carries.contains(&machine))?;
        Some(silent.get(&machine).map_or(Vouched::Answers, |silence| Vouched::Silent(*silence)))
    }
}

#[cfg(test)]
mod tests {
    use vigie_model::{Incarnation, StreamId};

    use super::*;

    fn machine(no: u8) -> NodeId {
        NodeId::from_bytes([no; 16])
    }

    fn word(no: u8, answers: Answers) -> Word {
        Word { stream: StreamId { agent: machine(no), incarnation: Incarnation(1) }, answers, heard_s_ago: 40 }
    }

    #[test]
    fn who_is_carried_and_not_named_answers_once_the_relay_has_said_all() {
        let (mut vouching, now) = (Vouching::default(), UtcMs(100_000));
        vouching.brings(machine(1));
        vouching.brings(machine(2));
        vouching.said(false, &[word(1, Answers::No)], now);
        assert_eq!(vouching.of(machine(1)), None, "a change of what was never said");
        vouching.said(true, &[word(1, Answers::No)], now);
        let silence = Silence { heard_at: UtcMs(60_000), is_away: false };
        assert_eq!(vouching.of(machine(1)), Some(Vouched::Silent(silence)));
        assert_eq!(vouching.of(machine(2)), Some(Vouched::Answers));
        assert_eq!(vouching.of(machine(3)), None, "it brings no such machine");
        vouching.said(false, &[word(1, Answers::Yes), word(2, Answers::Away)], now);
        assert_eq!(vouching.of(machine(1)), Some(Vouched::Answers));
        assert_eq!(vouching.of(machine(2)), Some(Vouched::Silent(Silence { is_away: true, ..silence })));
        vouching.connected();
        assert_eq!(vouching.of(machine(2)), None, "until it brings it again");
    }
}
