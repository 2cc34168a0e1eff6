//! Is this store still the one that others know?
//!
//! A copy that was brought back would give places and dots a second time. Two nets catch it: a mark that is written into the
//! store and beside it at each start, and what peers say they have seen of this node. A copy of the whole machine that runs
//! on from the same moment escapes the first, not the second, unless both copies had come equally far.

use std::collections::BTreeMap;

use vigie_merge::{Actor, HybridClock, Key};
use vigie_model::NodeId;

use super::record::{Life, Next, PeerNote};
use super::shelf::tables;
use super::{BOTH, Changed, Knows, Owner, Random, Rows, RowsError, Shelf};
use crate::state::TxError;

/// Why these rows began a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewLife {
    /// There were none.
    First,
    /// What stands beside the store is not what stands in it: it is an older copy, or somebody else's.
    Restored,
    /// A peer has seen more of this node than this node knows, or what it never did.
    SeenElsewhere,
    /// A row, or what is beside the rows, was damaged.
    Damaged,
    /// The hub said so: what was forgotten everywhere may still be here.
    BeginsAgain,
}

/// Peers that are remembered: more than the largest hub has.
const PEERS: usize = 65_536;

impl<S: Shelf> Rows<S> {
    /// Opens the rows on a shelf. `lost`: some of what was there is known to be gone.
    ///
    /// # Errors
    /// When the shelf can not be read or written now; nothing is harmed, open again.
    pub fn open(
        shelf: S,
        owner: Owner,
        knows: Knows,
        mut random: Random,
        lost: bool,
        mono_ms: u64,
    ) -> Result<(Self, Option<NewLife>), RowsError> {
        let mut found: (Option<Life>, Option<Next>, bool) = (None, None, false);
        let mut damaged = lost;
        shelf.look(&mut |look| {
            let some = !look.range(tables::ROWS, b"", b"", 1)?.is_empty();
            found = (Life::read(look)?, Next::find(look)?, some);
            damaged |= look.met_damage();
            Ok(())
        })?;
        let (life, next, some) = found;
        let known = life.as_ref().is_some_and(|life| vouches(shelf.witness().as_deref(), life.start()));
        let why = match &life {
            None if some || next.is_some() => Some(NewLife::Damaged),
            None => Some(NewLife::First),
            Some(_) if damaged || (next.is_none() && some) => Some(NewLife::Damaged),
            Some(_) if !known => Some(NewLife::Restored),
            Some(_) => None,
        };
        let next = next.unwrap_or_default();
        let life = life.unwrap_or(Life {
            epoch: 0,
            actor: Actor(0),
            starts: Vec::new(),
            former: Vec::new(),
            fresh: [false; 2],
        });
        let clock = HybridClock::restart(next.reserved, owner.floor, mono_ms);
        let start = random();
        let mut rows = Self {
            shelf,
            owner,
            knows,
            random,
            clock,
            life,
            newest: [next.last; 2],
            last: next.last,
            empty: !some,
            changed: Changed::default(),
            believed: BTreeMap::new(),
            born_in_this_run: false,
            counts: super::caps::Counts::default(),
        };
        match why {
            Some(why) => rows.begin_new_life(why)?,
            None => rows.start(start)?,
        }
        Ok((rows, why))
    }

    /// Begins a new life: another epoch, another actor, and no place known in anybody's sequence. The rows stay.
    ///
    /// # Errors
    /// When it is not durable for certain; until it is, every session must stay ended.
    pub fn begin_new_life(&mut self, why: NewLife) -> Result<(), RowsError> {
        match why {
            NewLife::First => tracing::debug!("the rows begin"),
            why => tracing::warn!(?why, number = self.owner.number, "the rows begin a new life"),
        }
        let mut life = self.life.clone();
        life.former.push((life.epoch, life.actor));
        life.epoch = (self.random)();
        life.starts.clear();
        life.fresh = [why == NewLife::BeginsAgain; 2];
        // An older copy does not know the lives that came after it: chance keeps it off them, once in 65,536 not.
        let mut taken: Vec<Actor> = life.former.iter().map(|(_, actor)| *actor).collect();
        loop {
            let actor = Actor::of(self.owner.number, (self.random)() as u16);
            if actor.life() != 0 && !taken.contains(&actor) {
                life.actor = actor;
                break;
            }
            taken.push(actor);
        }
        self.begin(life, true)?;
        self.born_in_this_run = true;
        Ok(())
    }

    /// As [`Rows::begin_new_life`], but only what was written here in this life, the hub has not heard of and `stays` names
    /// stays: anything older may have been deleted meanwhile, and forgotten; it is fetched from those who have it. Says how
    /// many rows went.
    ///
    /// # Errors
    /// As [`Rows::begin_new_life`].
    pub fn begin_again(&mut self, stays: impl Fn(&Key) -> bool) -> Result<u64, RowsError> {
        let (mut gone, epoch, hub) = (Vec::new(), self.life.epoch, self.hub()?);
        self.look(|look| {
            let note = hub.map_or(Ok(None), |hub| PeerNote::read(look, hub))?.unwrap_or_default();
            super::record::each(look, b"", &mut |key, record| {
                let heard = note.passed[key.kind().urgency() as usize];
                let unheard = note.passed_epoch == epoch && record.seq > heard && record.from.is_none();
                if !(unheard && record.bytes().is_some() && stays(key)) {
                    gone.push((key.clone(), record.seq));
                }
            })
        })?;
        let count = gone.len() as u64;
        self.change(|change| {
            for (key, seq) in &gone {
                change.remove(tables::ROWS, key.as_bytes())?;
                change.remove(tables::CHANGES, &super::shelf::place(key.kind().urgency(), key, *seq))?;
            }
            for (node, _) in change.range(tables::PEERS, b"", b"", PEERS)? {
                change.remove(tables::PEERS, &node)?;
            }
            Ok(())
        })?;
        self.empty = self.look(|look| Ok(look.range(tables::ROWS, b"", b"", 1)?.is_empty()))?;
        self.changed.add(gone.into_iter().map(|(key, _)| key));
        self.counts.forget();
        self.begin_new_life(NewLife::BeginsAgain)?;
        Ok(count)
    }

    /// What peers remember of this node, told by one of them: whether it is in this store's own past.
    pub(super) fn recognises(&self, seen: &vigie_codec::wire::rows::Seen) -> bool {
        if seen.epoch == self.life.epoch {
            return self.life.includes(seen, self.last);
        }
        // What is said of a former life was dealt with when it ended. A life that this store knows nothing of came before
        // one that began just now; else it came after: the store was an older copy before, too, and is one again.
        self.born_in_this_run || self.life.former.iter().any(|(epoch, _)| *epoch == seen.epoch)
    }

    fn start(&mut self, start: u64) -> Result<(), RowsError> {
        let mut life = self.life.clone();
        life.began(start, self.last);
        self.begin(life, false)
    }

    /// Writes a life down: beside the store first, where both the old start and the new one are right until it is done.
    fn begin(&mut self, mut life: Life, anew: bool) -> Result<(), RowsError> {
        if anew {
            life.began((self.random)(), self.last);
        }
        let before = self.life.start();
        self.shelf.set_witness(&mark(&[before, life.start()])).map_err(RowsError::Witness)?;
        let (written, clock) = (life.clone(), self.clock.clone());
        let mut last = self.last;
        self.shelf.change(&mut |change| {
            written.write(change)?;
            let mut next = Next::read(change)?;
            if anew {
                // Where the end of the sequence was lost, it is after the last change there is.
                next.last = next.last.max(last_change(change)?);
                next.reserved = next.reserved.max(clock.last());
                next.write(change)?;
                forget_cursors(change)?;
            }
            last = next.last;
            Ok(true)
        })?;
        self.shelf.set_witness(&mark(&[life.start()])).map_err(RowsError::Witness)?;
        self.life = life;
        self.last = last;
        self.newest = [last; 2];
        Ok(())
    }
}

/// Up to where others' changes are here is not known any more; what was seen of them still is.
fn forget_cursors(change: &mut dyn super::Change) -> Result<(), TxError> {
    for (node, _) in change.range(tables::PEERS, b"", b"", PEERS)? {
        let Ok(node) = <[u8; 16]>::try_from(node.as_slice()) else { continue };
        let node = NodeId::from_bytes(node);
        if let Some(mut note) = PeerNote::read(change, node)? {
            note.sure = false;
            note.write(change, node)?;
        }
    }
    Ok(())
}

/// The largest place in use.
fn last_change(change: &mut dyn super::Change) -> Result<u64, TxError> {
    let mut last = 0;
    for urgency in BOTH {
        let mut from = vec![urgency as u8];
        loop {
            let some = change.range(tables::CHANGES, &[urgency as u8], &from, 1_024)?;
            let places = some.iter().filter_map(|(place, _)| place.last_chunk::<8>());
            last = places.map(|place| u64::from_be_bytes(*place)).fold(last, u64::max);
            match some.last() {
                Some((place, _)) if some.len() == 1_024 => from = [place.as_slice(), &[0]].concat(),
                _ => break,
            }
        }
    }
    Ok(last)
}

/// A stamp that says which starts of the program are right.
fn mark(starts: &[u64]) -> Vec<u8> {
    starts.iter().flat_map(|start| start.to_be_bytes()).collect()
}

fn vouches(witness: Option<&[u8]>, start: u64) -> bool {
    witness.is_some_and(|witness| witness.chunks_exact(8).any(|one| one == start.to_be_bytes()))
}
