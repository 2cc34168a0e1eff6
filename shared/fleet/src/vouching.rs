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
    /// Those that do not answer it, as it said last.
    silent: BTreeMap<NodeId, Silence>,
    /// It has said on its newest connection which all of them are: only then do the others answer.
    has_said_all: bool,
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
    /// The relay is connected anew: what it carries comes again. Who did not answer does not until it says more; of the
    /// others nobody knows what became of them meanwhile.
    pub(crate) fn connected(&mut self) {
        self.carries.clear();
        self.has_said_all = false;
    }

    /// It brings a machine.
    pub(crate) fn brings(&mut self, machine: NodeId) {
        self.carries.insert(machine);
    }

    /// It says which do not answer: all of them, or what has changed.
    pub(crate) fn said(&mut self, whole: bool, list: &[Word], now: UtcMs) {
        if whole {
            self.silent.clear();
            self.has_said_all = true;
        }
        if !self.has_said_all {
            return;
        }
        let silent = &mut self.silent;
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
        if !self.carries.contains(&machine) {
            return None;
        }
        let silence = self.silent.get(&machine).map(|silence| Vouched::Silent(*silence));
        silence.or_else(|| self.has_said_all.then_some(Vouched::Answers))
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

    #[test]
    fn after_a_relay_came_back_nobody_answers_by_its_old_word() {
        let (mut vouching, now) = (Vouching::default(), UtcMs(100_000));
        vouching.brings(machine(1));
        vouching.brings(machine(2));
        vouching.said(true, &[word(1, Answers::No)], now);
        vouching.connected();
        vouching.brings(machine(1));
        vouching.brings(machine(2));
        let silence = Silence { heard_at: UtcMs(60_000), is_away: false };
        assert_eq!(vouching.of(machine(1)), Some(Vouched::Silent(silence)), "nothing else was said of it");
        assert_eq!(vouching.of(machine(2)), None, "it may have fallen silent during the cut");
        vouching.said(true, &[word(2, Answers::No)], now);
        let words = [1, 2].map(|no| vouching.of(machine(no)));
        assert_eq!(words, [Some(Vouched::Answers), Some(Vouched::Silent(silence))]);
    }
}
