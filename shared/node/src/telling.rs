//! How is a role told what happens, when it is slower than that which happens?
//!
//! The loop never waits for it. What nothing else would ever put right is owed until there is room: who came and went, what
//! somebody asked for, and the newest facts of each stream. A tick that was seen is not: the next one, or its facts, say more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::sync::mpsc::{self, error::TrySendError};
use tracing::debug;
use vigie_model::{Role, StreamId};
use vigie_sync::keep::StreamFacts;

use crate::Happening;

/// Happenings that wait for the role.
const WAITING: usize = 4_096;

/// Happenings owed beyond them, at most: all that several full relays say when they come. A peer that says more while the
/// role stands still is not believed to need it.
const OWED: usize = 65_536;

/// The loop's end of what a role is told.
#[derive(Debug)]
pub(crate) struct Telling {
    role: Role,
    happenings: mpsc::Sender<Happening>,
    /// In the order in which they happened.
    owed: VecDeque<Happening>,
    /// The newest of each stream.
    owed_facts: BTreeMap<StreamId, Arc<StreamFacts>>,
    lost: u64,
}

impl Telling {
    /// The loop's end, and the role's.
    pub(crate) fn new(role: Role) -> (Self, mpsc::Receiver<Happening>) {
        let (happenings, heard) = mpsc::channel(WAITING);
        (Self { role, happenings, owed: VecDeque::new(), owed_facts: BTreeMap::new(), lost: 0 }, heard)
    }

    /// Tells what happened, now or as soon as there is room.
    pub(crate) fn happens(&mut self, happening: Happening) {
        self.pay();
        let unsaid = if self.owes() { Some(happening) } else { self.try_tell(happening) };
        match unsaid {
            None => {}
            Some(Happening::Seen(..)) => self.loses(),
            Some(_) if self.owed.len() >= OWED => self.loses(),
            Some(happening) => self.owed.push_back(happening),
        }
    }

    /// Tells what is durable of a stream, now or as soon as there is room.
    pub(crate) fn facts(&mut self, stream: StreamId, facts: Arc<StreamFacts>) {
        self.pay();
        // Older facts never overtake newer ones of their stream.
        if self.owes() || self.try_tell(Happening::Facts(stream, facts.clone())).is_some() {
            self.owed_facts.insert(stream, facts);
        }
    }

    /// Whether anything is owed.
    pub(crate) fn owes(&self) -> bool {
        !self.owed.is_empty() || !self.owed_facts.is_empty()
    }

    /// Waits until something more can be told, or the role has ended.
    pub(crate) async fn room(&self) {
        drop(self.happenings.reserve().await);
    }

    /// Tells what is owed, as far as there is room.
    pub(crate) fn pay(&mut self) {
        while let Some(happening) = self.owed.pop_front() {
            if let Some(unsaid) = self.try_tell(happening) {
                return self.owed.push_front(unsaid);
            }
        }
        while let Some((stream, facts)) = self.owed_facts.pop_first() {
            if self.try_tell(Happening::Facts(stream, facts.clone())).is_some() {
                self.owed_facts.insert(stream, facts);
                return;
            }
        }
    }

    /// What could not be said, if there was no room; a role that has ended is told nothing and owed nothing.
    fn try_tell(&self, happening: Happening) -> Option<Happening> {
        match self.happenings.try_send(happening) {
            Ok(()) | Err(TrySendError::Closed(_)) => None,
            Err(TrySendError::Full(happening)) => Some(happening),
        }
    }

    fn loses(&mut self) {
        self.lost += 1;
        if self.lost.is_power_of_two() {
            debug!(role = %self.role, lost = self.lost, "the role does not keep up with what happens");
        }
    }
}

#[cfg(test)]
mod tests {
    use vigie_model::{Boot, Incarnation, Moment, NodeId, Seq, Tick, UtcMs};
    use vigie_sync::SessionId;

    use super::*;

    const STREAM: StreamId = StreamId { agent: NodeId::from_bytes([7; 16]), incarnation: Incarnation(1) };

    #[test]
    fn whoever_came_while_the_role_was_slow_is_told_when_it_has_room() {
        let (mut telling, mut heard) = Telling::new(Role::Hub);
        (0..WAITING).for_each(|_| telling.happens(seen()));
        telling.happens(went(1));
        telling.happens(went(2));
        telling.happens(seen());
        let mut told = Vec::new();
        while let Ok(happening) = heard.try_recv() {
            told.extend(who_went(&happening));
            telling.pay();
        }
        assert_eq!(told, [1, 2], "in their order");
        assert_eq!((telling.owes(), telling.lost), (false, 1), "only a tick that was seen is not told");
    }

    #[test]
    fn of_the_facts_that_a_slow_role_is_owed_it_is_told_the_newest() {
        let (mut telling, mut heard) = Telling::new(Role::Hub);
        (0..WAITING).for_each(|_| telling.happens(seen()));
        (1..=3).for_each(|samples| telling.facts(STREAM, facts(samples)));
        heard.try_recv().expect("one is taken out");
        telling.facts(STREAM, facts(4));
        let mut told = Vec::new();
        while let Ok(happening) = heard.try_recv() {
            if let Happening::Facts(_, facts) = happening {
                told.push(facts.samples);
            }
            telling.pay();
        }
        assert_eq!((told.last(), telling.owes()), (Some(&4), false));
        assert!(told.is_sorted(), "older facts never come after newer ones: {told:?}");
    }

    #[test]
    fn what_a_role_that_stands_still_is_owed_has_an_end() {
        let (mut telling, heard) = Telling::new(Role::Hub);
        (0..(WAITING + OWED + 9) as u64).for_each(|session| telling.happens(went(session)));
        assert_eq!((telling.owed.len(), telling.lost), (OWED, 9));
        drop(heard);
        telling.pay();
        assert!(!telling.owes(), "a role that has ended is owed nothing");
    }

    fn seen() -> Happening {
        let at = Moment { utc: UtcMs(0), boot: Boot { no: 1, ms: 0 } };
        Happening::Seen(STREAM, Arc::new(Tick { seq: Seq(1), at, samples: Vec::new() }), None)
    }

    fn went(session: u64) -> Happening {
        Happening::Down(SessionId(session), STREAM.agent, "gone".to_owned())
    }

    fn who_went(happening: &Happening) -> Option<u64> {
        match happening {
            Happening::Down(session, ..) => Some(session.0),
            _ => None,
        }
    }

    fn facts(samples: u64) -> Arc<StreamFacts> {
        let mut facts = StreamFacts::new([0; 32], "till".to_owned());
        facts.samples = samples;
        Arc::new(facts)
    }
}
