//! What was sent or given up, and for how long is it remembered?

use std::collections::{BTreeSet, VecDeque};

use super::super::clocks::{Clocks, Steady};
use super::super::key::{Mark, mark};
use super::super::letter::{DeadLetter, LetterId, SentLetter, ToldLetter};
use super::super::notice::Intent;
use super::super::rows::{Rows, Table};
use super::super::text::Text;
use super::super::told::{digest, told_in};
use super::{Outbox, Settled};

/// What was sent is remembered so long, and so much of it: to be shown, and so that it is not sent again.
pub(crate) const MAX_SENT: usize = 5_000;
pub(crate) const SENT_KEEP_MS: i64 = 30 * 86_400_000;

/// What was given up.
const MAX_DEAD: usize = 500;
const DEAD_KEEP_MS: i64 = 90 * 86_400_000;

/// What is told beyond these before it can be shown to the other side may be told twice: as many as are remembered there.
const MAX_UNSHOWN: usize = 10_000;

impl Outbox {
    pub(super) fn sent(&mut self, id: LetterId, said: Text, now: Clocks) -> Settled {
        let Some(intent) = self.log(id, said, now) else { return Settled::Unknown };
        let mut marks: Vec<Mark> = Vec::with_capacity(intent.tells.len());
        for (instance, change) in &intent.tells {
            let mark = mark(&intent.route, *instance, *change);
            if self.unshown.len() < MAX_UNSHOWN && self.unshown.insert(mark, instance.began).is_none() {
                self.rows.put(Table::Shown, &mark.0, &instance.began);
            }
            marks.push(mark);
        }
        Settled::Sent(marks)
    }

    /// Moves a letter into the log of what is done.
    pub(super) fn log(&mut self, id: LetterId, said: Text, now: Clocks) -> Option<Intent> {
        let letter = self.letters.get(&id).cloned()?;
        self.remove(id);
        let intent = letter.intent;
        let row = SentLetter {
            at: now.wall,
            id,
            key: intent.key,
            route: intent.route.clone(),
            channel: intent.channel.clone(),
            to: intent.to.clone(),
            kind: intent.notice.kind,
            attempts: letter.attempts,
            took_ms: now.steady.since(intent.not_before).max(0),
            said,
        };
        let of = told_in(&intent.notice).collect();
        self.rows.put(Table::Sent, &at_key(now.steady, id), &row);
        self.rows.put(Table::Told, &at_key(now.steady, id), &ToldLetter { route: intent.route.clone(), of });
        self.sent.push_back((now.steady, id));
        self.known.insert(id);
        prune(&mut self.sent, &mut self.known, &mut self.rows, (Table::Sent, MAX_SENT, SENT_KEEP_MS), now.steady);
        Some(intent)
    }

    pub(super) fn bury(&mut self, id: LetterId, why: Text, now: Clocks) {
        let Some(letter) = self.letters.get(&id).cloned() else { return };
        self.remove(id);
        self.rows.put(Table::Dead, &at_key(now.steady, id), &DeadLetter { at: now.wall, letter, why });
        self.dead.push_back((now.steady, id));
        self.known.insert(id);
        prune(&mut self.dead, &mut self.known, &mut self.rows, (Table::Dead, MAX_DEAD, DEAD_KEEP_MS), now.steady);
    }
}

fn prune(
    list: &mut VecDeque<(Steady, LetterId)>,
    known: &mut BTreeSet<LetterId>,
    rows: &mut Rows,
    (table, most, keep_ms): (Table, usize, i64),
    now: Steady,
) {
    while let Some((at, id)) = list.front().copied() {
        if list.len() <= most && now.since(at) <= keep_ms {
            return;
        }
        list.pop_front();
        known.remove(&id);
        rows.remove(table, &at_key(at, id));
        if table == Table::Sent {
            rows.remove(Table::Told, &at_key(at, id));
        }
    }
}

/// Rows of what is over stand in the order in which it was over: all times of ours are after 1970.
pub(super) fn at_key(at: Steady, id: LetterId) -> Vec<u8> {
    [at.0.max(0).to_be_bytes().as_slice(), &id.0].concat()
}

/// When something was over, from its row's key.
pub(crate) fn when(key: &[u8]) -> Option<Steady> {
    dated(key).map(|(at, _)| at)
}

pub(super) fn dated(key: &[u8]) -> Option<(Steady, LetterId)> {
    let (at, id) = key.split_at_checked(8)?;
    Some((Steady(i64::from_be_bytes(at.try_into().ok()?)), digest(id)?))
}
