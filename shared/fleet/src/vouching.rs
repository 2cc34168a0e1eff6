//! What do relays say of the machines on their networks?
//!
//! Only who stands beside a machine can say whether it answers. A relay says so in a row of its site, when it changes; who
//! reads the rows hands the words here, and page, API and the judge of silence ask here. Of two relays the one that hears a
//! machine is right; of words that it does not answer, the one of who heard it last.

use std::collections::HashMap;

use vigie_model::{NodeId, Role, Slug, UtcMs};

use crate::fleet::Fleet;
use crate::memory::{Memory, Node, NodeIx};

/// Whether a machine answers the relay of its site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answers {
    /// It does.
    Yes,
    /// It does not, and has not said why.
    No,
    /// It does not, and has said goodbye.
    Away,
}

/// What a relay says of a machine. Whether both are of this place is not its word to give: it is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Whose row it is.
    pub client: Slug,
    /// Of which site.
    pub site: Slug,
    /// Who says so.
    pub relay: NodeId,
    /// Of whom.
    pub machine: NodeId,
    /// What.
    pub answers: Answers,
    /// Since when it answers, or when it was last heard; by the relay's clock.
    pub since: UtcMs,
}

/// The word that counts of a machine, without the places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoken {
    /// Whose it is.
    pub relay: NodeId,
    /// What it says.
    pub answers: Answers,
    /// Since when it answers, or when it was last heard; by the relay's clock.
    pub since: UtcMs,
}

/// The words of all relays: of each machine, in the order of relays. Nearly every machine has one relay.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vouching(HashMap<NodeId, Vec<Word>>);

impl Vouching {
    /// A relay says something of a machine, in place of what it said before.
    pub(crate) fn said(&mut self, word: Word) {
        let words = self.0.entry(word.machine).or_default();
        match words.binary_search_by_key(&word.relay, |known| known.relay) {
            Ok(known) => words[known] = word,
            Err(at) => {
                words.reserve_exact(1);
                words.insert(at, word);
            }
        }
    }

    /// The word that counts, of those that are somebody's to give.
    fn best(&self, machine: NodeId, counts: impl Fn(&Word) -> bool) -> Option<&Word> {
        let words = self.0.get(&machine)?.iter().filter(|word| counts(word));
        words.max_by_key(|word| (word.answers == Answers::Yes, word.since))
    }
}

impl Fleet {
    /// A relay says something of a machine: a row of its site says so.
    pub fn vouched(&self, word: Word) {
        let mut memory = self.memory_mut();
        let word = memory.said_of_a_place(word);
        memory.vouching.said(word);
    }
}

impl Memory {
    /// What the relays of a machine's own site say of it, and the one whose word counts; of a relay, what it says of its own
    /// judging.
    pub(crate) fn word_of(&self, node: &Node) -> Option<(NodeIx, &Word)> {
        let enrolled = node.enrolled.as_ref().filter(|enrolled| !enrolled.is_pushed)?;
        let place = self.place(enrolled.place);
        let is_relay = enrolled.known.role == Role::Relay;
        let counts = |word: &Word| {
            let is_own = !is_relay || word.relay == node.id;
            is_own && place.client == word.client && place.site == word.site && place.relays.contains_key(&word.relay)
        };
        let word = self.vouching.best(node.id, counts)?;
        Some((*place.relays.get(&word.relay)?, word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(relay: u8, answers: Answers, since: i64) -> Word {
        let (machine, relay) = (NodeId::from_bytes([1; 16]), NodeId::from_bytes([relay; 16]));
        let place = |name: &str| name.parse().expect("a name");
        Word { client: place("acme"), site: place("lyon"), relay, machine, answers, since: UtcMs(since) }
    }

    #[test]
    fn the_relay_that_hears_a_machine_is_right_and_otherwise_the_one_that_heard_it_last() {
        use Answers::{Away, No, Yes};
        let cases = [
            (vec![word(1, No, 50)], Some((1, No))),
            (vec![word(1, No, 50), word(1, Yes, 60)], Some((1, Yes))),
            (vec![word(1, Yes, 10), word(2, No, 99)], Some((1, Yes))),
            (vec![word(1, No, 10), word(2, Away, 99)], Some((2, Away))),
            (vec![word(1, No, 99), word(2, Away, 10)], Some((1, No))),
            (vec![], None),
        ];
        for (said, wanted) in cases {
            let mut vouching = Vouching::default();
            said.iter().for_each(|word| vouching.said(word.clone()));
            let best = vouching.best(NodeId::from_bytes([1; 16]), |_| true);
            let best = best.map(|word| (word.relay.as_bytes()[0], word.answers));
            assert_eq!(best, wanted, "{said:?}");
        }
    }
}
