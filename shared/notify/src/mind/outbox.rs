//! What is sent now, and what becomes of it?
//!
//! A letter is written down before it is sent, with the number of its attempts; what is not known to have arrived is sent
//! again with the same key. What of a letter nobody needs any more is taken back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use vigie_model::UtcMs;

use super::alert::Change;
use super::group::BRIEF_MS;
use super::key::{Digest16, Mark, mark};
use super::letter::{DeadLetter, Letter, LetterId, Outcome, SentLetter, Whose, id_of};
use super::notice::{Intent, Kind};
use super::pauses::Pauses;
use super::rows::{Rows, Table, read};
use super::text::Text;
use super::told::{Restored, digest};

/// Letters that wait at once. A receiver that is away for a day during a storm is told the worst of it.
const MAX_LETTERS: usize = 5_000;

/// What was sent is remembered so long, and so much of it: to be shown, and so that it is not sent again.
const MAX_SENT: usize = 5_000;
const SENT_KEEP_MS: i64 = 30 * 86_400_000;

/// What was given up.
const MAX_DEAD: usize = 500;
const DEAD_KEEP_MS: i64 = 90 * 86_400_000;

/// Letters under way by one channel. More would only wait at the receiver.
const AT_ONCE: usize = 4;

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It arrived; this is what the other side may be told.
    Sent(Vec<Mark>),
    /// It is sent again then.
    Again(UtcMs),
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
    sent: VecDeque<(UtcMs, LetterId)>,
    known: BTreeSet<LetterId>,
    dead: VecDeque<(UtcMs, LetterId)>,
    number: u64,
    rows: Rows,
}

/// How a channel is doing. Not written down: a start may as well try.
#[derive(Debug, Default, Clone, Copy)]
struct Channel {
    failures: u32,
    not_before: Option<UtcMs>,
    under_way: usize,
}

impl Outbox {
    /// The outbox as its rows left it. Nothing is under way.
    pub fn restore(restored: &Restored) -> Self {
        let mut outbox = Self::default();
        for (table, key, row) in &restored.rows {
            match table {
                Table::Letter => {
                    if let Some(letter) = read::<Letter>(row) {
                        outbox.number = outbox.number.max(letter.number + 1);
                        outbox.letters.insert(letter.id(), letter);
                    }
                }
                Table::Sent => outbox.sent.extend(dated(key)),
                Table::Dead => outbox.dead.extend(dated(key)),
                Table::Group | Table::Member | Table::Site | Table::Mark | Table::Done => {}
            }
        }
        outbox.sent.make_contiguous().sort_unstable();
        outbox.dead.make_contiguous().sort_unstable();
        outbox.known = outbox.sent.iter().chain(&outbox.dead).map(|(_, id)| *id).collect();
        outbox
    }

    /// Takes in what is to be told. What waits, was sent or was given up under the same key is not told again.
    pub fn add(&mut self, intent: Intent, now: UtcMs) {
        let id = id_of(&intent);
        if self.letters.contains_key(&id) || self.known.contains(&id) {
            return;
        }
        if self.take_back(&intent, now) {
            return;
        }
        if self.letters.len() >= MAX_LETTERS {
            self.make_room(now);
        }
        let letter = Letter { next_at: intent.not_before, intent, number: self.number, attempts: 0, why: None };
        self.number += 1;
        self.rows.put(Table::Letter, &id.0, &letter);
        self.letters.insert(id, letter);
    }

    /// What is to be sent now. Each is counted as tried, and under way until it is settled; write the rows down first.
    pub fn due(&mut self, now: UtcMs) -> Vec<Letter> {
        self.give_up_expired(now);
        let mut ready: Vec<(u64, LetterId)> = self
            .letters
            .iter()
            .filter(|(id, letter)| letter.next_at <= now && !self.under_way.contains(id))
            .map(|(id, letter)| (letter.number, *id))
            .collect();
        ready.sort_unstable();
        let firsts = self.firsts();
        ready.into_iter().filter(|(_, id)| firsts.contains(id)).filter_map(|(_, id)| self.start(id, now)).collect()
    }

    /// When something may be due next, but for what waits for what is under way.
    pub fn next_at(&self) -> Option<UtcMs> {
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
    pub fn settle(&mut self, id: LetterId, outcome: Outcome, now: UtcMs, chance: u8) -> Settled {
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
                let at = UtcMs(now.0.saturating_add(Pauses::after(failures, after_ms, chance)));
                if whose == Whose::Channel {
                    channel.not_before = channel.not_before.max(Some(at));
                }
                letter.next_at = at;
                letter.why = Some(why);
                self.rows.put(Table::Letter, &id.0, letter);
                Settled::Again(at)
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

    /// What changed since this was last taken.
    pub fn take_rows(&mut self) -> Rows {
        std::mem::take(&mut self.rows)
    }

    /// Gives up what goes by channels that are no longer there.
    pub fn keep_channels(&mut self, are_there: impl Fn(&str) -> bool, now: UtcMs) {
        let gone: Vec<LetterId> = self.ids(|letter| !are_there(&letter.intent.channel));
        gone.into_iter().for_each(|id| self.bury(id, Text::new("its channel is no longer configured"), now));
    }

    fn start(&mut self, id: LetterId, now: UtcMs) -> Option<Letter> {
        let letter = self.letters.get(&id)?;
        let channel = self.channels.entry(letter.intent.channel.clone()).or_default();
        if channel.under_way >= channel.may() || channel.not_before.is_some_and(|at| at > now) {
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

    /// Takes back what the end of everything in it makes needless. Says whether the end itself is needless too.
    ///
    /// A beginning that waits while its end is decided is not sent: the end says since when it was. Where nobody can know
    /// of the beginning, for it was never tried, and it was brief, nobody is told of the end either.
    fn take_back(&mut self, end: &Intent, now: UtcMs) -> bool {
        if !matches!(end.notice.kind, Kind::Resolved | Kind::Back) {
            return false;
        }
        let covered = |letter: &Letter| {
            let of = &letter.intent;
            let ends = |(instance, change): &(_, Change)| {
                *change == Change::Ended || end.tells.contains(&(*instance, Change::Ended))
            };
            matches!(of.notice.kind, Kind::Firing | Kind::Cut)
                && (of.thread, &of.route, &of.channel, &of.to) == (end.thread, &end.route, &end.channel, &end.to)
                && of.tells.iter().all(ends)
        };
        let under_way = &self.under_way;
        let back = self.letters.iter().filter(|(id, letter)| !under_way.contains(id) && covered(letter));
        let back: Vec<LetterId> = back.map(|(id, _)| *id).collect();
        let untried: BTreeSet<_> = back
            .iter()
            .filter_map(|id| self.letters.get(id).filter(|letter| letter.attempts == 0))
            .flat_map(|letter| letter.intent.tells.iter().map(|(instance, _)| *instance))
            .collect();
        for id in back {
            // It stands in the log, so that it is not made anew when the same is heard again.
            self.log(id, Text::new("taken back: it was over before it arrived"), now);
        }
        let brief = end
            .notice
            .over
            .iter()
            .all(|line| line.until.is_some_and(|until| until.at.0.saturating_sub(line.since.at.0) < BRIEF_MS));
        brief && end.notice.more_over == 0 && end.tells.iter().all(|(instance, _)| untried.contains(instance))
    }

    fn sent(&mut self, id: LetterId, said: Text, now: UtcMs) -> Settled {
        let Some(intent) = self.log(id, said, now) else { return Settled::Unknown };
        let marks = intent.tells.iter().map(|(instance, change)| mark(&intent.route, *instance, *change));
        Settled::Sent(marks.collect())
    }

    /// Moves a letter into the log of what is done.
    fn log(&mut self, id: LetterId, said: Text, now: UtcMs) -> Option<Intent> {
        let letter = self.letters.get(&id).cloned()?;
        self.remove(id);
        let intent = letter.intent;
        let row = SentLetter {
            at: now,
            id,
            key: intent.key,
            route: intent.route.clone(),
            channel: intent.channel.clone(),
            to: intent.to.clone(),
            kind: intent.notice.kind,
            attempts: letter.attempts,
            took_ms: now.0.saturating_sub(intent.notice.made.at.0),
            said,
        };
        self.rows.put(Table::Sent, &at_key(now, id), &row);
        self.sent.push_back((now, id));
        self.known.insert(id);
        prune(&mut self.sent, &mut self.known, &mut self.rows, (Table::Sent, MAX_SENT, SENT_KEEP_MS), now);
        Some(intent)
    }

    fn bury(&mut self, id: LetterId, why: Text, now: UtcMs) {
        let Some(letter) = self.letters.get(&id).cloned() else { return };
        self.remove(id);
        self.rows.put(Table::Dead, &at_key(now, id), &DeadLetter { at: now, letter, why });
        self.dead.push_back((now, id));
        self.known.insert(id);
        prune(&mut self.dead, &mut self.known, &mut self.rows, (Table::Dead, MAX_DEAD, DEAD_KEEP_MS), now);
    }

    fn remove(&mut self, id: LetterId) {
        self.letters.remove(&id);
        self.rows.remove(Table::Letter, &id.0);
    }

    fn give_up_expired(&mut self, now: UtcMs) {
        let expired = self.ids(|letter| letter.intent.expires <= now);
        for id in expired {
            let said = self.letters.get(&id).and_then(|letter| letter.why.clone());
            let why = said.map_or("it was not sent in time".to_owned(), |why| format!("not in time; at last: {why}"));
            self.bury(id, Text::new(&why), now);
        }
    }

    /// The least severe goes, and of those the oldest.
    fn make_room(&mut self, now: UtcMs) {
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

fn prune(
    list: &mut VecDeque<(UtcMs, LetterId)>,
    known: &mut BTreeSet<LetterId>,
    rows: &mut Rows,
    (table, most, keep_ms): (Table, usize, i64),
    now: UtcMs,
) {
    while let Some((at, id)) = list.front().copied() {
        if list.len() <= most && now.0.saturating_sub(at.0) <= keep_ms {
            return;
        }
        list.pop_front();
        known.remove(&id);
        rows.remove(table, &at_key(at, id));
    }
}

/// Rows of what is over stand in the order of time: all times of ours are after 1970.
fn at_key(at: UtcMs, id: LetterId) -> Vec<u8> {
    [at.0.max(0).to_be_bytes().as_slice(), &id.0].concat()
}

fn dated(key: &[u8]) -> Option<(UtcMs, LetterId)> {
    let (at, id) = key.split_at_checked(8)?;
    Some((UtcMs(i64::from_be_bytes(at.try_into().ok()?)), digest(id)?))
}
