//! What is sent now, and what becomes of it?
//!
//! A letter is written down before it is sent, with the number of its attempts; what is not known to have arrived is sent
//! again with the same key. What of a letter nobody needs any more is taken back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use vigie_model::UtcMs;

use super::clocks::{Clocks, Steady};
use super::key::{Digest16, Mark};
use super::letter::{Letter, LetterId, Outcome, Whose, id_of};
use super::notice::Intent;
use super::pauses::Pauses;
use super::rows::{Rows, Table, read};
use super::text::Text;
use super::told::{Restored, digest};

mod by_hand;
mod called_off;
mod log;
mod taken_back;

pub use by_hand::NotMoved;
use called_off::CalledOff;
use log::dated;
pub(crate) use log::{MAX_SENT, SENT_KEEP_MS, when};

/// Letters that wait at once. A receiver that is away for a day during a storm is told the worst of it.
const MAX_LETTERS: usize = 5_000;

/// Letters under way by one channel. More would only wait at the receiver.
const AT_ONCE: usize = 4;

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It arrived; this is what the other side may be told.
    Sent(Vec<Mark>),
    /// It is sent again after so many milliseconds.
    Again(i64),
    /// It is in the dead letters.
    Dead,
    /// It is not known here: it was settled before.
    Unknown,
}

/// Messages between the decision and the receiver's word.
#[derive(Debug, Default)]
pub struct Outbox {
    letters: BTreeMap<LetterId, Letter>,
    under_way: BTreeSet<LetterId>,
    channels: BTreeMap<String, Channel>,
    /// Oldest first.
    sent: VecDeque<(Steady, LetterId)>,
    known: BTreeSet<LetterId>,
    dead: VecDeque<(Steady, LetterId)>,
    number: u64,
    /// What was told and is still to be shown to the other side, each with when its instance began.
    unshown: BTreeMap<Mark, UtcMs>,
    /// What nobody is told the end of, by receiver and thread.
    called_off: BTreeMap<Digest16, CalledOff>,
    rows: Rows,
}

/// How a channel is doing. Not written down: a start may as well try.
#[derive(Debug, Default, Clone, Copy)]
struct Channel {
    failures: u32,
    not_before: Option<Steady>,
    under_way: usize,
}

impl Outbox {
    /// The outbox as its rows left it. Nothing is under way, and nothing waits for a time of another clock.
    pub fn restore(restored: &Restored, now: Clocks) -> Self {
        let mut outbox = Self::default();
        for (table, key, row) in &restored.rows {
            match table {
                Table::Letter => {
                    if let Some(letter) = read::<Letter>(row).map(|letter| letter.resumed(now.steady)) {
                        outbox.number = outbox.number.max(letter.number + 1);
                        outbox.letters.insert(letter.id(), letter);
                    }
                }
                Table::Sent => outbox.sent.extend(dated(key)),
                Table::Dead => outbox.dead.extend(dated(key)),
                Table::Shown => outbox.unshown.extend(digest(key).zip(read(row))),
                Table::CalledOff => outbox.called_off.extend(digest(key).zip(read(row))),
                Table::Group
                | Table::Member
                | Table::Site
                | Table::Told
                | Table::Mark
                | Table::Done
                | Table::Clock
                | Table::Climb => {}
            }
        }
        outbox.sent.make_contiguous().sort_unstable();
        outbox.dead.make_contiguous().sort_unstable();
        outbox.known = outbox.sent.iter().chain(&outbox.dead).map(|(_, id)| *id).collect();
        outbox
    }

    /// Takes in what is to be told. What waits, was sent or was given up under the same key is not told again.
    pub fn add(&mut self, intent: Intent, now: Clocks) {
        let id = id_of(&intent);
        if self.letters.contains_key(&id) || self.known.contains(&id) {
            return;
        }
        if self.is_end_called_off(&intent) || self.take_back(&intent, now) {
            return;
        }
        self.is_told_of(&intent);
        if self.letters.len() >= MAX_LETTERS {
            self.make_room(now);
        }
        let letter = Letter { next_at: intent.not_before, intent, number: self.number, attempts: 0, why: None };
        self.number += 1;
        self.rows.put(Table::Letter, &id.0, &letter);
        self.letters.insert(id, letter);
    }

    /// What is to be sent now. Each is counted as tried, and under way until it is settled; write the rows down first.
    pub fn due(&mut self, now: Clocks) -> Vec<Letter> {
        self.give_up_expired(now);
        let mut ready: Vec<(u64, LetterId)> = self
            .letters
            .iter()
            .filter(|(id, letter)| letter.next_at <= now.steady && !self.under_way.contains(id))
            .map(|(id, letter)| (letter.number, *id))
            .collect();
        ready.sort_unstable();
        let firsts = self.firsts();
        ready.into_iter().filter(|(_, id)| firsts.contains(id)).filter_map(|(_, id)| self.start(id, now)).collect()
    }

    /// When something may be due next, but for what waits for what is under way.
    pub fn next_at(&self) -> Option<Steady> {
        let firsts = self.firsts();
        let waiting = self.letters.iter().filter(|(id, _)| firsts.contains(id) && !self.under_way.contains(id));
        let at = |letter: &Letter| {
            let channel = self.channels.get(&letter.intent.channel);
            let full = channel.is_some_and(|channel| channel.under_way >= channel.may());
            let pause = channel.and_then(|channel| channel.not_before).unwrap_or(letter.next_at);
            (!full).then_some(letter.next_at.max(pause).min(letter.intent.expires))
        };
        waiting.filter_map(|(_, letter)| at(letter)).min()
    }

    /// Says how sending went. `chance` spreads the attempts of many senders.
    pub fn settle(&mut self, id: LetterId, outcome: Outcome, now: Clocks, chance: u8) -> Settled {
        if self.under_way.remove(&id)
            && let Some(letter) = self.letters.get(&id)
        {
            let channel = self.channels.entry(letter.intent.channel.clone()).or_default();
            channel.under_way = channel.under_way.saturating_sub(1);
        }
        let Some(letter) = self.letters.get_mut(&id) else { return Settled::Unknown };
        let channel = self.channels.entry(letter.intent.channel.clone()).or_default();
        match outcome {
            Outcome::Taken(said) => {
                *channel = Channel { under_way: channel.under_way, ..Channel::default() };
                self.sent(id, said, now)
            }
            Outcome::Later { why, after_ms, whose } => {
                let failures = match whose {
                    Whose::Channel => {
                        channel.failures = channel.failures.saturating_add(1);
                        channel.failures
                    }
                    Whose::Letter => letter.attempts,
                };
                let after_ms = Pauses::after(failures, after_ms, chance);
                let at = now.steady.after(after_ms);
                if whose == Whose::Channel {
                    channel.not_before = channel.not_before.max(Some(at));
                }
                letter.next_at = at;
                letter.why = Some(why);
                self.rows.put(Table::Letter, &id.0, letter);
                Settled::Again(after_ms)
            }
            Outcome::Never(why) => {
                // It was the letter, not the channel, that was refused.
                *channel = Channel { under_way: channel.under_way, ..Channel::default() };
                self.bury(id, why, now);
                Settled::Dead
            }
        }
    }

    /// Nobody sends what was under way any more: it is due again.
    pub fn release(&mut self) {
        self.under_way.clear();
        self.channels.clear();
    }

    /// Letters that wait or are under way.
    pub fn waiting(&self) -> impl Iterator<Item = &Letter> {
        self.letters.values()
    }

    /// How many were given up and are still remembered.
    pub fn dead(&self) -> usize {
        self.dead.len()
    }

    /// What was told and is still to be shown to the other side, each with when its instance began.
    pub fn unshown(&self) -> impl Iterator<Item = (Mark, UtcMs)> {
        self.unshown.iter().map(|(mark, began)| (*mark, *began))
    }

    /// It is shown, or never will be.
    pub fn shown(&mut self, marks: &[Mark]) {
        for mark in marks.iter().filter(|mark| self.unshown.remove(*mark).is_some()) {
            self.rows.remove(Table::Shown, &mark.0);
        }
    }

    /// What changed since this was last taken.
    pub fn take_rows(&mut self) -> Rows {
        std::mem::take(&mut self.rows)
    }

    /// Gives up what goes by channels that are no longer there.
    pub fn keep_channels(&mut self, are_there: impl Fn(&str) -> bool, now: Clocks) {
        let gone: Vec<LetterId> = self.ids(|letter| !are_there(&letter.intent.channel));
        gone.into_iter().for_each(|id| self.bury(id, Text::new("its channel is no longer configured"), now));
    }

    fn start(&mut self, id: LetterId, now: Clocks) -> Option<Letter> {
        let letter = self.letters.get(&id)?;
        let channel = self.channels.entry(letter.intent.channel.clone()).or_default();
        if channel.under_way >= channel.may() || channel.not_before.is_some_and(|at| at > now.steady) {
            return None;
        }
        channel.under_way += 1;
        self.under_way.insert(id);
        let letter = self.letters.get_mut(&id)?;
        letter.attempts = letter.attempts.saturating_add(1);
        self.rows.put(Table::Letter, &id.0, letter);
        Some(letter.clone())
    }

    /// Nobody hears the end of something before its beginning: letters of a thread go one after the other.
    fn firsts(&self) -> BTreeSet<LetterId> {
        let mut firsts: BTreeMap<(Digest16, &str, &str), (u64, LetterId)> = BTreeMap::new();
        for (id, letter) in &self.letters {
            let of = (letter.intent.thread, letter.intent.channel.as_str(), letter.intent.to.as_str());
            let first = firsts.entry(of).or_insert((letter.number, *id));
            *first = (*first).min((letter.number, *id));
        }
        firsts.into_values().map(|(_, id)| id).collect()
    }

    fn remove(&mut self, id: LetterId) {
        self.letters.remove(&id);
        self.rows.remove(Table::Letter, &id.0);
    }

    fn give_up_expired(&mut self, now: Clocks) {
        let expired = self.ids(|letter| letter.intent.expires <= now.steady);
        for id in expired {
            let said = self.letters.get(&id).and_then(|letter| letter.why.clone());
            let why = said.map_or("it was not sent in time".to_owned(), |why| format!("not in time; at last: {why}"));
            self.bury(id, Text::new(&why), now);
        }
    }

    /// The least severe goes, and of those the oldest.
    fn make_room(&mut self, now: Clocks) {
        let waiting = self.letters.iter().filter(|(id, _)| !self.under_way.contains(id));
        let least = waiting.min_by_key(|(_, letter)| (letter.intent.notice.severity, letter.number)).map(|(id, _)| *id);
        if let Some(id) = least {
            self.bury(id, Text::new("too many messages were waiting"), now);
        }
    }

    fn ids(&self, which: impl Fn(&Letter) -> bool) -> Vec<LetterId> {
        let of = self.letters.iter().filter(|(id, letter)| !self.under_way.contains(id) && which(letter));
        of.map(|(id, _)| *id).collect()
    }
}

impl Channel {
    /// A channel that fails is tried by one letter, not by all that wait.
    fn may(self) -> usize {
        if self.failures > 0 { 1 } else { AT_ONCE }
    }
}
