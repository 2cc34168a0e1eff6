//! What becomes of rows that arrive?

use vigie_codec::wire::rows::{Entry, RowGive, RowHello, RowRefusal, Said};
use vigie_merge::{HybridClock, Key, Merged, Observed, Row};
use vigie_sync::rows::{Applied, RowPeer, Stamp, guard};

use super::caps::Counting;
use super::record::{self, Body, Floor, PeerNote, Record};
use super::shelf::Change;
use super::{Done, Knows, Owner, Places, Rows, RowsError, Shelf, is_hub};
use crate::state::TxError;

/// What a batch is judged by.
struct Judge<'a> {
    owner: Owner,
    knows: Knows,
    peer: &'a RowPeer,
    epoch: u64,
    stamp: Stamp,
    clock: HybridClock,
    counting: Counting,
}

impl<S: Shelf> Rows<S> {
    /// Merges what a peer gave of its sequence, and remembers up to where, in one commit. What begins after the place that is
    /// durable here is not taken: something would be left out.
    ///
    /// # Errors
    /// When nothing of it is durable for certain.
    pub fn apply(
        &mut self,
        peer: &RowPeer,
        hello: &RowHello,
        give: &RowGive,
        stamp: Stamp,
    ) -> Result<Applied, RowsError> {
        let judge = self.judge(peer, hello.epoch, stamp);
        let (node, urgency) = (peer.node, usize::from(give.urgency));
        let told_all = self.life.fresh[urgency] && is_hub(peer.role) && !give.more;
        let mut life = self.life.clone();
        life.fresh[urgency] &= !told_all;
        let kept = life.clone();
        let (applied, done) = self.change(|change| {
            let mut note = PeerNote::read(change, node)?.unwrap_or_default();
            let same_life = note.sure && note.epoch == hello.epoch;
            let durable = if same_life { note.seqs[urgency] } else { 0 };
            if give.epoch != hello.epoch || give.since > durable || give.upto <= durable {
                let upto = Some(durable);
                return Ok((Applied { upto, ..Applied::default() }, None));
            }
            if !same_life {
                note = note.in_life(hello);
            }
            note.seqs[urgency] = give.upto;
            note.start = hello.start;
            note.heard_ms = heard_ms(stamp, &judge.clock);
            note.write(change, node)?;
            if told_all {
                kept.write(change)?;
            }
            let (mut applied, done) = judge.take(change, &give.entries)?;
            applied.upto = Some(give.upto);
            Ok((applied, Some(done)))
        })?;
        if let Some(done) = done {
            self.note_commit(done);
            self.life = life;
        }
        Ok(applied)
    }

    /// Merges rows that are of no sequence.
    ///
    /// # Errors
    /// When nothing of it is durable for certain.
    pub fn keep(
        &mut self,
        peer: &RowPeer,
        hello: &RowHello,
        entries: &[Entry],
        stamp: Stamp,
    ) -> Result<Applied, RowsError> {
        let judge = self.judge(peer, hello.epoch, stamp);
        let (applied, done) = self.change(|change| judge.take(change, entries))?;
        self.note_commit(done);
        Ok(applied)
    }

    /// All was compared: what the peer had up to this place is here.
    ///
    /// # Errors
    /// When it is not durable for certain.
    pub fn settle(&mut self, peer: &RowPeer, hello: &RowHello, at: u64, stamp: Stamp) -> Result<(), RowsError> {
        let heard_ms = heard_ms(stamp, &self.clock);
        self.change(|change| {
            let mut note = PeerNote::read(change, peer.node)?.unwrap_or_default();
            if !note.sure || note.epoch != hello.epoch {
                let known = if at == 0 { [0; 2] } else { note.seqs };
                note = PeerNote { seqs: known, ..note }.in_life(hello);
            }
            note.seqs = note.seqs.map(|seq| seq.max(at));
            note.start = hello.start;
            (note.compared_ms, note.heard_ms) = (Some(heard_ms), heard_ms);
            note.write(change, peer.node)
        })
    }

    fn judge<'a>(&self, peer: &'a RowPeer, epoch: u64, stamp: Stamp) -> Judge<'a> {
        let (owner, knows) = (self.owner.clone(), self.knows.clone());
        let counting = Counting::of(peer, &self.owner, &self.counts);
        Judge { owner, knows, peer, epoch, stamp, clock: self.clock.clone(), counting }
    }
}

impl PeerNote {
    /// The same peer in another life, or known anew: up to here nothing is known to be here.
    fn in_life(self, hello: &RowHello) -> Self {
        let same = self.epoch == hello.epoch;
        let seqs = if same { self.seqs } else { [0; 2] };
        Self { epoch: hello.epoch, start: hello.start, seqs, sure: true, compared_ms: None, ..self }
    }
}

impl Judge<'_> {
    fn take(mut self, change: &mut dyn Change, entries: &[Entry]) -> Result<(Applied, Done), TxError> {
        let mut applied = Applied::default();
        let mut places = Places::begin(change, self.stamp, &self.clock)?;
        for entry in entries {
            if entry.begins {
                places.new_group();
            }
            if let Err(why) = self.take_one(change, &mut places, entry, &mut applied)? {
                applied.refused.push((entry.key.clone(), why));
            }
        }
        let done = places.end(change, self.clock)?;
        Ok((applied, Done { counted: self.counting.found(), ..done }))
    }

    fn take_one(
        &mut self,
        change: &mut dyn Change,
        places: &mut Places,
        entry: &Entry,
        applied: &mut Applied,
    ) -> Result<Result<(), RowRefusal>, TxError> {
        let Ok(key) = Key::read(&entry.key) else { return Ok(Err(RowRefusal::Garbled)) };
        if let Err(why) = guard::may_give(self.peer, &self.owner.who, &key, self.owner.recovering) {
            return Ok(Err(why));
        }
        let old = record::of(change, &key)?;
        match &entry.said {
            Said::Forget { was, passed } if is_hub(self.peer.role) => {
                self.forget(change, places, &key, old, (*was, *passed), applied)?;
                Ok(Ok(()))
            }
            Said::Forget { .. } => Ok(Err(RowRefusal::HubOnly)),
            Said::Row(bytes) => match guard::admit(&key, bytes, |actor| (self.knows)(actor)) {
                Ok(row) => self.merge(change, places, &key, old, (row, bytes), applied),
                Err(why) => Ok(Err(why)),
            },
        }
    }

    fn merge(
        &mut self,
        change: &mut dyn Change,
        places: &mut Places,
        key: &Key,
        old: Option<Record>,
        (theirs, bytes): (Row, &[u8]),
        applied: &mut Applied,
    ) -> Result<Result<(), RowRefusal>, TxError> {
        if let Some(marker) = theirs.marker()
            && self.clock.observe(marker, self.stamp.trusted) == Observed::Future
        {
            applied.future.push(key.clone());
        }
        let from = Some((self.peer.node, self.epoch));
        let (row, from) = match old.as_ref().map(|old| (&old.body, old.row(), old.from)) {
            Some((Body::Forgotten { was, .. }, ..)) if Some(*was) == print(key, bytes) => {
                // From one that has not forgotten it yet, or was given it again by such a one: the hub says it once more.
                if is_hub(self.owner.who.role) {
                    let again = old.as_ref().map(|old| old.body.clone());
                    again.map_or(Ok(()), |note| places.put(change, key, old.as_ref(), note, None))?;
                }
                applied.same += 1;
                return Ok(Ok(()));
            }
            // The peer's own later copy of what only it sent says all that its earlier one did: copies that can not be
            // merged do not pile up on a node that is a version behind.
            Some((_, Some(Row::Kept(_)), sent)) if sent == from && matches!(theirs, Row::Kept(_)) => (theirs, from),
            Some((_, Some(mut ours), _)) => {
                applied.contradictions += u64::from(ours.contradicts(&theirs));
                match ours.merge(theirs) {
                    Err(_) => return Ok(Err(RowRefusal::OtherType)),
                    Ok(Merged::Same) => {
                        applied.same += 1;
                        return Ok(Ok(()));
                    }
                    Ok(Merged::BecameTheirs) => (ours, from),
                    Ok(Merged::Mixed) => (ours, None),
                }
            }
            Some((_, None, _)) | None => (theirs, from),
        };
        if !row.is_within_limits() {
            return Ok(Err(RowRefusal::TooMuch));
        }
        if old.is_none() && !self.counting.has_room(change, key, &places.fresh)? {
            return Ok(Err(RowRefusal::TooMany));
        }
        let encoded = row.encode();
        // A bundle that can be read by now is another row than the one that came.
        let from = from.filter(|_| encoded == bytes);
        places.put(change, key, old.as_ref(), Body::Row(encoded), from)?;
        applied.changed.push(key.clone());
        Ok(Ok(()))
    }

    /// The hub says that everybody has the deletion. A note stays for some days: neighbours that have not heard it yet may
    /// still tell of the row.
    fn forget(
        &mut self,
        change: &mut dyn Change,
        places: &mut Places,
        key: &Key,
        old: Option<Record>,
        (was, passed): (u128, u64),
        applied: &mut Applied,
    ) -> Result<(), TxError> {
        Floor::raise(change, &key.scope(), key.kind().urgency() as usize, passed)?;
        if old.as_ref().is_some_and(|old| old.print(key) != Some(was)) {
            return Ok(());
        }
        // What is written under this key later must be later than what is forgotten, for some may not have forgotten yet.
        let marker = old.as_ref().and_then(Record::row).and_then(|row| row.marker());
        marker.into_iter().for_each(|marker| self.clock.pass(marker.hlc));
        applied.forgotten += u64::from(old.is_some());
        places.put(change, key, old.as_ref(), Body::Forgotten { was, passed }, None)
    }
}

fn print(key: &Key, bytes: &[u8]) -> Option<u128> {
    Some(vigie_codec::wire::rows::fingerprint(key.as_bytes(), bytes))
}

/// Now, in milliseconds since 2025, as well as this node knows.
pub(super) fn heard_ms(stamp: Stamp, clock: &HybridClock) -> u64 {
    stamp.trusted.map_or(clock.last(), vigie_merge::Hlc::of_utc).ms()
}
