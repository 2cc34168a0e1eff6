//! How does one alert stand, by all the rows of it that are here?

use std::collections::BTreeMap;

use vigie_merge::{Context, Ulid};
use vigie_model::UtcMs;

use crate::about::About;
use crate::past::Spell;
use crate::row::{Part, Place};
use crate::said::Said;

/// One alert, as far as its rows are here. Rows arrive in any order, so each part may be missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Which.
    pub place: Place,
    /// What it is about; not yet known while only decisions have arrived.
    pub about: Option<About>,
    /// When this node first learnt of it.
    pub learnt: UtcMs,
    /// What it was about was deleted: somebody erased it.
    pub(crate) is_erased: bool,
    pub(crate) past: Vec<Spell>,
    pub(crate) raises: BTreeMap<Vec<u8>, Context>,
    pub(crate) acknowledged: Decided<String>,
    pub(crate) assigned: Decided<String>,
    pub(crate) snoozed: Decided<UtcMs>,
    pub(crate) closed: Decided<String>,
    pub(crate) comments: BTreeMap<Ulid, Learnt<String>>,
}

/// What was decided of one question, by each who did not know of the others; and when this node learnt it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decided<T> {
    /// Latest first; `None` was taken back.
    pub(crate) versions: Vec<Said<Option<T>>>,
    pub(crate) seen: Option<Context>,
    pub(crate) learnt: Option<UtcMs>,
}

/// Something said, and when this node learnt it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Learnt<T> {
    pub(crate) said: Said<T>,
    pub(crate) learnt: UtcMs,
}

impl<T> Default for Decided<T> {
    fn default() -> Self {
        Self { versions: Vec::new(), seen: None, learnt: None }
    }
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It is so, and nobody has said that they know.
    Firing,
    /// It is so, and somebody knows.
    Acknowledged,
    /// It is so, and is quiet until a moment that somebody named.
    Snoozed,
    /// It is over.
    Resolved,
}

impl Alert {
    pub(crate) fn new(place: Place, learnt: UtcMs) -> Self {
        Self {
            place,
            about: None,
            learnt,
            is_erased: false,
            past: Vec::new(),
            raises: BTreeMap::new(),
            acknowledged: Decided::default(),
            assigned: Decided::default(),
            snoozed: Decided::default(),
            closed: Decided::default(),
            comments: BTreeMap::new(),
        }
    }

    /// Whether it still is so: a raise is in it that nobody who saw it has settled.
    pub fn is_open(&self) -> bool {
        !self.raises.is_empty()
    }

    /// How it stands now.
    pub fn standing(&self, now: UtcMs) -> Standing {
        if !self.is_open() {
            Standing::Resolved
        } else if self.snoozed_until().is_some_and(|until| now < until) {
            Standing::Snoozed
        } else if self.acknowledgements().next().is_some() {
            Standing::Acknowledged
        } else {
            Standing::Firing
        }
    }

    /// Who acknowledged, and their notes; several when they did not know of one another. Latest first.
    pub fn acknowledgements(&self) -> impl Iterator<Item = (&Said<Option<String>>, &str)> {
        self.acknowledged.standing()
    }

    /// To whom it is assigned, and by whom; several when they did not know of one another.
    pub fn assignments(&self) -> impl Iterator<Item = (&Said<Option<String>>, &str)> {
        self.assigned.standing()
    }

    /// Until when it is to be quiet. Of several versions the earliest end holds, and one that was taken back ends it: a
    /// conflict never makes it quieter.
    pub fn snoozed_until(&self) -> Option<UtcMs> {
        let versions = &self.snoozed.versions;
        versions.iter().map(|said| said.what).min().flatten()
    }

    /// Who closed it, and why.
    pub fn closings(&self) -> impl Iterator<Item = (&Said<Option<String>>, &str)> {
        self.closed.standing()
    }

    /// Whether somebody closed it while somebody else raised it, neither knowing of the other: it stays open, and both are
    /// shown until somebody decides again.
    pub fn is_contradicted(&self) -> bool {
        self.is_open() && self.closings().next().is_some()
    }

    /// What people said, oldest first, each with when this node learnt it.
    pub fn comments(&self) -> impl Iterator<Item = (Ulid, &Said<String>, UtcMs)> {
        self.comments.iter().map(|(id, one)| (*id, &one.said, one.learnt))
    }

    /// When it began and ended before this time, oldest first: as many as are kept, while [`About::times`] counts all.
    pub fn past(&self) -> &[Spell] {
        &self.past
    }

    /// Of which parts there are rows here, as far as they can be read; that it was raised, and for what, always counts.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        let decided = [
            (Part::Acknowledged, self.acknowledged.seen.is_some()),
            (Part::Assigned, self.assigned.seen.is_some()),
            (Part::Snoozed, self.snoozed.seen.is_some()),
            (Part::Closed, self.closed.seen.is_some()),
        ];
        let decided = decided.into_iter().filter_map(|(part, is_here)| is_here.then_some(part));
        let past = (!self.past.is_empty()).then_some(Part::Past);
        [Part::Raises, Part::About]
            .into_iter()
            .chain(past)
            .chain(decided)
            .chain(self.comments.keys().copied().map(Part::Comment))
    }

    /// When this node learnt the newest decision of each question: acknowledged, assigned, snoozed, closed.
    pub fn learnt_decisions(&self) -> [Option<UtcMs>; 4] {
        [self.acknowledged.learnt, self.assigned.learnt, self.snoozed.learnt, self.closed.learnt]
    }
}

impl Decided<String> {
    /// The versions that were not taken back.
    fn standing(&self) -> impl Iterator<Item = (&Said<Option<String>>, &str)> {
        self.versions.iter().filter_map(|said| Some((said, said.what.as_deref()?)))
    }
}
