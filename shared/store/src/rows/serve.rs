//! What is a peer told?

use vigie_codec::wire::rows::{BATCH_BYTES, Entry, MAX_ENTRIES, RowAsk, RowGive, RowHello, Said};
use vigie_merge::{Key, Scope, Urgency};
use vigie_model::Role;
use vigie_sync::rows::{Digest, RowPeer, Stamp, guard};

use super::apply::heard_ms;
use super::record::{self, Body, PeerNote, Record};
use super::shelf::{Look, scope_prefix, tables};
use super::{BOTH, Rows, RowsError, Shelf, is_hub};
use crate::state::TxError;

/// Changes of one scope that are looked at in one go.
const LOOKED_AT: usize = 1_024;

/// Bytes of one frame whatever a group needs: with a row of the largest size on top it is still below the largest frame.
const MOST_BYTES: usize = 2 * BATCH_BYTES;

/// Bytes that an entry takes besides its key and row, about.
const AROUND_BYTES: usize = 8;

/// A change in the sequence.
pub(super) struct Changed {
    pub(super) seq: u64,
    pub(super) key: Key,
}

impl<S: Shelf> Rows<S> {
    /// What changed since, for a peer: at most about a batch, whole groups where they fit, without what the peer itself sent
    /// and what it may not see or take.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn serve(&mut self, peer: &RowPeer, hello: &RowHello, ask: &RowAsk) -> Result<RowGive, RowsError> {
        let (epoch, last) = (self.life.epoch, self.last);
        let me = self.owner.who.clone();
        let urgency = BOTH[usize::from(ask.urgency.min(1))];
        let told = |key: &Key, record: &Record| {
            let sent_it = record.from == Some((peer.node, hello.epoch));
            let is_row = record.bytes().is_some();
            // What is forgotten only the hub says.
            let takes_it = if is_row { guard::may_write(&me, key) || hello.recovering } else { is_hub(me.role) };
            !sent_it && takes_it && guard::may_see(peer, key)
        };
        let mut since = ask.since;
        let (entries, upto) = self.look(|look| {
            let scopes = scopes_of(look, urgency, peer)?;
            loop {
                let (changes, upto) = match peer.role {
                    Role::Agent => (own_changes(look, urgency, peer, since)?, last),
                    Role::Hub | Role::Relay => changes_since(look, urgency, &scopes, since, last)?,
                };
                let mut batch = Batch::new(since);
                for Changed { seq, key } in changes {
                    let Some(record) = record::of(look, &key)?.filter(|record| record.seq == seq) else { continue };
                    if !batch.take(seq, &key, record, &told) {
                        return Ok(batch.end(None));
                    }
                }
                if !batch.entries.is_empty() || upto >= last {
                    return Ok(batch.end(Some(upto)));
                }
                // All of these were not for the peer.
                since = upto;
            }
        })?;
        let more = upto < last;
        Ok(RowGive { urgency: ask.urgency, epoch, since: ask.since, upto, more, entries })
    }

    /// Remembers what a peer says it has of this store's changes.
    ///
    /// # Errors
    /// When it is not durable for certain.
    pub fn passed(&mut self, peer: &RowPeer, ask: &RowAsk, stamp: Stamp) -> Result<(), RowsError> {
        let (epoch, urgency) = (self.life.epoch, usize::from(ask.urgency.min(1)));
        let now_ms = heard_ms(stamp, &self.clock);
        let note = self.look(|look| PeerNote::read(look, peer.node))?;
        let known = note.as_ref().is_some_and(|note| note.passed_epoch == epoch && note.passed[urgency] >= ask.since);
        // A small write for each question would cost more than the question.
        let fresh = note.as_ref().is_some_and(|note| now_ms.saturating_sub(note.heard_ms) < 600_000);
        if ask.epoch != epoch || (known && fresh) {
            return Ok(());
        }
        self.change(|change| {
            let mut note = PeerNote::read(change, peer.node)?.unwrap_or_default();
            if note.passed_epoch != epoch {
                (note.passed_epoch, note.passed) = (epoch, [0; 2]);
            }
            note.passed[urgency] = note.passed[urgency].max(ask.since);
            note.heard_ms = now_ms;
            note.write(change, peer.node)
        })
    }

    /// The sums of what a peer and this node both may see.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn digest(&mut self, peer: &RowPeer) -> Result<Digest, RowsError> {
        let (last, mine) = (self.last, self.owner.who.clone());
        self.look(|look| {
            let mut rows: Vec<(Key, Vec<u8>)> = Vec::new();
            for prefix in seen_by(peer) {
                record::each(look, prefix.as_bytes(), &mut |key, record| {
                    let seen = guard::may_see(peer, key) && guard::may_see(&mine, key);
                    rows.extend(record.bytes().filter(|_| seen).map(|bytes| (key.clone(), bytes.to_vec())));
                })?;
            }
            // Prefixes of one site lie apart among those of others.
            rows.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            Ok(Digest::new(last, rows.iter().map(|(key, bytes)| (key.as_bytes(), bytes.as_slice()))))
        })
    }

    /// Rows by key, as many as fit in a frame, without what the peer may not see or take.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn fetch(&mut self, peer: &RowPeer, hello: &RowHello, keys: &[Vec<u8>]) -> Result<Vec<Entry>, RowsError> {
        let me = self.owner.who.clone();
        self.look(|look| {
            let (mut entries, mut bytes) = (Vec::new(), 0);
            for key in keys.iter().filter_map(|key| Key::read(key).ok()) {
                let takes_it = guard::may_write(&me, &key) || hello.recovering;
                if entries.len() >= MAX_ENTRIES || bytes >= BATCH_BYTES || !takes_it || !guard::may_see(peer, &key) {
                    continue;
                }
                let Some(Body::Row(row)) = record::of(look, &key)?.map(|record| record.body) else { continue };
                bytes += key.as_bytes().len() + row.len() + AROUND_BYTES;
                entries.push(Entry { key: key.as_bytes().to_vec(), said: Said::Row(row), begins: true });
            }
            Ok(entries)
        })
    }
}

/// What is gathered for one frame.
struct Batch {
    entries: Vec<Entry>,
    bytes: usize,
    /// The place of the last entry or of what was passed over.
    upto: u64,
    /// The group under way: its first place, and where it begins among the entries.
    group: Option<(u64, usize)>,
    /// The last place before the group under way.
    before: u64,
}

impl Batch {
    fn new(since: u64) -> Self {
        Self { entries: Vec::new(), bytes: 0, upto: since, group: None, before: since }
    }

    /// Takes one more; `false` when it does not fit, and ends with the last whole group, unless there is none.
    fn take(&mut self, seq: u64, key: &Key, record: Record, told: &impl Fn(&Key, &Record) -> bool) -> bool {
        if !told(key, &record) {
            self.upto = seq;
            return true;
        }
        let said = match record.body {
            Body::Row(ref row) => Said::Row(row.clone()),
            Body::Forgotten { was, passed } => Said::Forget { was, passed },
        };
        let size = key.as_bytes().len() + AROUND_BYTES + record.bytes().map_or(20, <[u8]>::len);
        let begins = self.group.is_none_or(|(group, _)| group != record.group);
        let full = self.entries.len() >= MAX_ENTRIES || self.bytes + size > MOST_BYTES;
        let enough = self.bytes + size > BATCH_BYTES && !self.entries.is_empty();
        if full || (enough && begins) {
            self.cut(begins);
            return false;
        }
        if enough && self.group.is_some_and(|(_, at)| at > 0) {
            // It does not fit beside what is there already: the whole group goes next time.
            self.cut(false);
            return false;
        }
        if begins {
            (self.group, self.before) = (Some((record.group, self.entries.len())), self.upto);
        }
        self.bytes += size;
        self.upto = seq;
        self.entries.push(Entry { key: key.as_bytes().to_vec(), said, begins });
        true
    }

    /// Leaves out a group that was begun, unless it is all there is.
    fn cut(&mut self, whole: bool) {
        if let Some((_, at)) = self.group.filter(|(_, at)| !whole && *at > 0) {
            self.entries.truncate(at);
            self.upto = self.before;
        }
    }

    fn end(self, upto: Option<u64>) -> (Vec<Entry>, u64) {
        (self.entries, upto.unwrap_or(self.upto))
    }
}

/// The next changes of these scopes in order, and up to where none is missing.
pub(super) fn changes_since(
    look: &mut dyn Look,
    urgency: Urgency,
    scopes: &[Scope],
    since: u64,
    last: u64,
) -> Result<(Vec<Changed>, u64), TxError> {
    let (mut found, mut upto) = (Vec::new(), last);
    for scope in scopes {
        let prefix = scope_prefix(urgency, scope);
        let from = [prefix.as_slice(), &(since + 1).to_be_bytes()].concat();
        let some = look.range(tables::CHANGES, &prefix, &from, LOOKED_AT)?;
        let cut = some.len() == LOOKED_AT;
        for (place, key) in some {
            let Some(seq) = place.last_chunk::<8>().map(|seq| u64::from_be_bytes(*seq)) else { continue };
            if let Ok(key) = Key::read(&key) {
                found.push(Changed { seq, key });
            }
        }
        if cut {
            upto = upto.min(found.last().map_or(since, |changed: &Changed| changed.seq));
        }
    }
    found.retain(|changed| changed.seq <= upto);
    found.sort_by_key(|changed| changed.seq);
    Ok((found, upto))
}

/// How the keys begin that somebody may see, and perhaps others.
fn seen_by(peer: &RowPeer) -> Vec<String> {
    match (&peer.view, peer.role) {
        (view, Role::Agent) => guard::OF_AGENTS.iter().map(|kind| format!("{view}/{kind}/{}", peer.node)).collect(),
        (Scope::Site(client, site), _) => Scope::seen_by_site(client, site).map(|scope| format!("{scope}/")).into(),
        (Scope::Deployment | Scope::Client(_), _) => vec![String::new()],
    }
}

/// What changed of an agent's own rows. They are few and lie together: no walk over what changed at its site.
fn own_changes(look: &mut dyn Look, urgency: Urgency, agent: &RowPeer, since: u64) -> Result<Vec<Changed>, TxError> {
    let mut found = Vec::new();
    for prefix in seen_by(agent) {
        record::each(look, prefix.as_bytes(), &mut |key, record| {
            if record.seq > since && key.kind().urgency() == urgency {
                found.push(Changed { seq: record.seq, key: key.clone() });
            }
        })?;
    }
    found.sort_by_key(|changed| changed.seq);
    Ok(found)
}

/// The scopes somebody sees, as far as there are changes in them.
pub(super) fn scopes_of(look: &mut dyn Look, urgency: Urgency, peer: &RowPeer) -> Result<Vec<Scope>, TxError> {
    let view = &peer.view;
    if let Scope::Site(client, site) = view {
        return Ok(Scope::seen_by_site(client, site).to_vec());
    }
    let (mut scopes, mut from) = (Vec::new(), vec![urgency as u8]);
    while let Some((_, key)) = look.range(tables::CHANGES, &[urgency as u8], &from, 1)?.pop() {
        let Ok(key) = Key::read(&key) else { break };
        let scope = key.scope();
        from = scope_prefix(urgency, &scope);
        // After all places of this scope.
        from.extend([0xff; 9]);
        if view.sees(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}
