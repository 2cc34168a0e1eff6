//! Which events are still known, and where does somebody go on?

use std::collections::{BTreeSet, VecDeque};

use vigie_model::{NodeId, Slug};
use vigie_people::{At, Powers, Right};

use crate::Marks;

/// Events that are kept: some minutes of a bad day of a large fleet, at some 300 bytes each.
const KEPT: usize = 8_192;

/// Something that changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    /// Its number, given by the ring.
    pub(super) seq: u64,
    /// What changed: one word.
    pub(super) kind: &'static str,
    /// Whose it is; nobody's alone for what concerns the deployment.
    pub(super) client: Option<Slug>,
    pub(super) site: Option<Slug>,
    /// The machine that it is about, if it is about one.
    pub(super) machine: Option<NodeId>,
    /// What that was tagged with before, where it is told to those alone who saw it for that and see it no more.
    pub(super) before: Option<BTreeSet<Slug>>,
    /// As JSON.
    pub(super) data: String,
}

impl Event {
    /// Whether it is told to somebody, by what machines are called now: what happened while they were called otherwise, too.
    pub(super) fn is_for(&self, powers: &Powers, marks: &Marks) -> bool {
        let (client, site) = (self.client.as_ref(), self.site.as_ref());
        let sees = powers.may(Right::Look, marks.at(client, site, self.machine));
        match (&self.before, client, site) {
            (None, ..) => sees,
            (Some(tags), Some(client), Some(site)) => !sees && powers.may(Right::Look, At::Machine(client, site, tags)),
            (Some(_), ..) => false,
        }
    }
}

/// The latest events, each with its number.
#[derive(Debug, Default)]
pub(super) struct Ring {
    epoch: u64,
    newest: u64,
    events: VecDeque<Event>,
}

/// Where somebody goes on who was here before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// After this event.
    After(u64),
    /// What came after their last event is not all known.
    TooOld,
}

impl Ring {
    pub(super) fn new(epoch: u64) -> Self {
        Self { epoch, ..Self::default() }
    }

    pub(super) fn push(&mut self, event: Event) {
        self.newest += 1;
        self.events.push_back(Event { seq: self.newest, ..event });
        if self.events.len() > KEPT {
            self.events.pop_front();
        }
    }

    /// The number of the newest event; 0 before the first.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// What a reader keeps of an event.
    pub(super) fn id(&self, seq: u64) -> String {
        format!("{:016x}-{seq}", self.epoch)
    }

    /// Where to go on after the event with this id.
    pub(super) fn resume(&self, id: &str) -> Since {
        let read = |(epoch, seq): (&str, &str)| Some((u64::from_str_radix(epoch, 16).ok()?, seq.parse::<u64>().ok()?));
        match id.split_once('-').and_then(read) {
            Some((epoch, seq)) if epoch == self.epoch && self.after(seq).is_some() => Since::After(seq),
            _ => Since::TooOld,
        }
    }

    /// What came after an event; nothing can be said where some of it is not kept any more, or it never was.
    pub(super) fn after(&self, seq: u64) -> Option<impl Iterator<Item = &Event>> {
        let first = self.newest - self.events.len() as u64 + 1;
        let known = seq <= self.newest && seq + 1 >= first;
        known.then(|| self.events.iter().skip((seq + 1 - first) as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(events: u64) -> Ring {
        let mut ring = Ring::new(0xabc);
        let nothing =
            Event { seq: 0, kind: "site", client: None, site: None, machine: None, before: None, data: String::new() };
        (1..=events).for_each(|at| ring.push(Event { data: at.to_string(), ..nothing.clone() }));
        ring
    }

    #[test]
    fn who_comes_back_goes_on_after_their_last_event() {
        let ring = ring(10);
        assert_eq!(ring.resume(&ring.id(7)), Since::After(7));
        let told: Vec<&str> = ring.after(7).expect("known").map(|event| event.data.as_str()).collect();
        assert_eq!(told, ["8", "9", "10"]);
        assert_eq!((ring.resume(&ring.id(0)), ring.resume(&ring.id(10))), (Since::After(0), Since::After(10)));
    }

    #[test]
    fn who_was_away_for_too_long_or_elsewhere_begins_anew() {
        let ring = ring(KEPT as u64 + 5);
        assert_eq!((ring.resume(&ring.id(5)), ring.resume(&ring.id(4))), (Since::After(5), Since::TooOld));
        let other = Ring::new(0xabd);
        for id in [other.id(KEPT as u64), ring.id(KEPT as u64 + 6), ring.id(u64::MAX), "x".to_owned(), String::new()] {
            assert_eq!(ring.resume(&id), Since::TooOld, "{id}");
        }
    }
}
