//! Of what does nobody need to hear the end, for somebody had its beginning not sent?
//!
//! Remembered for each receiver of each thread by hashes alone, until they are told of that thread again.

use serde::{Deserialize, Serialize};

use super::super::alert::{Change, Instance};
use super::super::clocks::{Clocks, Steady};
use super::super::key::{Digest16, hash};
use super::super::letter::LetterId;
use super::super::notice::{Intent, Kind};
use super::super::rows::Table;
use super::super::text::Text;
use super::Outbox;

/// Receivers of threads of which something is remembered. People call single messages off by hand.
const MOST: usize = 1_000;

/// An end that comes later is told.
const KEEP_MS: i64 = 30 * 86_400_000;

/// What of a thread was called off for one receiver.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CalledOff {
    at: Steady,
    instances: Vec<Instance>,
}

impl Outbox {
    /// A beginning was called off: so is the end that waits behind it, and the one that will come.
    pub(super) fn end_is_called_off(&mut self, beginning: &Intent, now: Clocks) {
        let place = place(beginning);
        let is_told_otherwise =
            self.letters.values().any(|letter| is_beginning(&letter.intent) && self::place(&letter.intent) == place);
        if !is_beginning(beginning) || is_told_otherwise {
            return;
        }
        let known = self.called_off.get(&place).map(|known| known.instances.clone()).unwrap_or_default();
        let began = beginning.tells.iter().filter(|(_, change)| *change == Change::Began);
        let mut instances: Vec<Instance> = began.map(|(instance, _)| *instance).chain(known).collect();
        instances.sort_unstable();
        instances.dedup();
        self.remember(place, CalledOff { at: now.steady, instances });
        let waits = |id: &LetterId| !self.under_way.contains(id);
        let behind = self.letters.iter().filter(|(id, letter)| waits(id) && self.is_end_called_off(&letter.intent));
        for id in behind.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.log(id, Text::new("taken back: somebody called its beginning off"), now);
        }
    }

    /// Whether this is the end of what was called off for its receiver, and of nothing else.
    pub(super) fn is_end_called_off(&self, end: &Intent) -> bool {
        let Some(called_off) = self.called_off.get(&place(end)) else { return false };
        matches!(end.notice.kind, Kind::Resolved | Kind::Back)
            && end.tells.iter().all(|(instance, _)| called_off.instances.binary_search(instance).is_ok())
    }

    /// Its receiver is told of the thread after all: they hear of ends, too.
    pub(super) fn is_told_of(&mut self, intent: &Intent) {
        let place = place(intent);
        if is_beginning(intent) && self.called_off.remove(&place).is_some() {
            self.rows.remove(Table::CalledOff, &place.0);
        }
    }

    fn remember(&mut self, place: Digest16, called_off: CalledOff) {
        let now = called_off.at;
        self.rows.put(Table::CalledOff, &place.0, &called_off);
        self.called_off.insert(place, called_off);
        let is_old = |called_off: &CalledOff| now.since(called_off.at) > KEEP_MS;
        let mut gone: Vec<Digest16> =
            self.called_off.iter().filter(|(_, old)| is_old(old)).map(|(place, _)| *place).collect();
        if self.called_off.len() - gone.len() > MOST {
            gone.extend(self.called_off.iter().min_by_key(|(_, old)| old.at).map(|(place, _)| *place));
        }
        for place in gone {
            self.called_off.remove(&place);
            self.rows.remove(Table::CalledOff, &place.0);
        }
    }
}

fn is_beginning(of: &Intent) -> bool {
    matches!(of.notice.kind, Kind::Firing | Kind::Cut)
}

/// A receiver of a thread by one route.
fn place(of: &Intent) -> Digest16 {
    hash("called off", &[&of.thread.0, of.route.as_bytes(), of.channel.as_bytes(), of.to.as_bytes()])
}
