//! Whose answers are kept, and is there room for one more of theirs?
//!
//! Who sends much may have as many as are left free for everybody: alone half of the room, and the more send much the smaller
//! their shares, so that there is room at any time for who comes anew. Nothing is pushed out for that: a write whose answer
//! went before its day was over would be done twice.

use std::collections::HashMap;

/// What an answer is found by.
pub(super) type Key = [u8; 32];

/// Those who share one part of the room, by what they are called.
pub(super) type Sharer = [u8; 8];

/// All answers that are kept.
#[derive(Debug)]
pub(super) struct Room {
    most: usize,
    held: HashMap<Key, Held>,
    /// How many are whose.
    shares: HashMap<Sharer, usize>,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// Nobody's in particular where it was kept before that was written down.
    pub(super) whose: Option<Sharer>,
    pub(super) until_ms: i64,
}

impl Room {
    pub(super) fn new(most: usize) -> Self {
        Self { most, held: HashMap::new(), shares: HashMap::new() }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Held> {
        self.held.get(key).copied()
    }

    /// Whether these may have one more.
    pub(super) fn is_free_for(&self, whose: &Sharer) -> bool {
        self.of(whose) < self.most.saturating_sub(self.held.len())
    }

    pub(super) fn of(&self, whose: &Sharer) -> usize {
        self.shares.get(whose).copied().unwrap_or_default()
    }

    /// Holds one, whether there was room or not.
    pub(super) fn hold(&mut self, key: Key, held: Held) {
        self.let_go(&key);
        held.whose.into_iter().for_each(|whose| *self.shares.entry(whose).or_default() += 1);
        self.held.insert(key, held);
    }

    pub(super) fn let_go(&mut self, key: &Key) {
        let Some(whose) = self.held.remove(key).and_then(|held| held.whose) else { return };
        if let Some(share) = self.shares.get_mut(&whose) {
            *share -= 1;
            if *share == 0 {
                self.shares.remove(&whose);
            }
        }
    }

    /// Those whose time is over.
    pub(super) fn over(&self, now_ms: i64) -> Vec<(Key, Held)> {
        self.held.iter().filter(|(_, held)| held.until_ms <= now_ms).map(|(key, held)| (*key, *held)).collect()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: usize = 1_000;

    /// Keeps as many as there is room for.
    fn fill(room: &mut Room, whose: u8) -> usize {
        let before = room.len();
        while room.is_free_for(&[whose; 8]) {
            let mut key = [whose; 32];
            key[..8].copy_from_slice(&room.len().to_be_bytes());
            room.hold(key, Held { whose: Some([whose; 8]), until_ms: 0 });
        }
        room.len() - before
    }

    #[test]
    fn who_sends_much_leaves_room_for_everybody_else() {
        let mut room = Room::new(ROOM);
        assert_eq!(fill(&mut room, 1), 500, "one alone has half");
        assert_eq!(fill(&mut room, 2), 250, "the next has half of what is left");
        for other in 3..10 {
            assert!(fill(&mut room, other) > 0, "there is room for the {other}th");
        }
        assert!(room.len() < ROOM && !room.is_free_for(&[1; 8]));
    }

    #[test]
    fn what_is_let_go_of_makes_room_for_whose_it_was() {
        let mut room = Room::new(ROOM);
        fill(&mut room, 1);
        let (key, held) = room.over(0)[0];
        room.let_go(&key);
        room.let_go(&key);
        assert!(room.is_free_for(&[1; 8]) && room.of(&[1; 8]) == 499);
        room.hold(key, held);
        room.hold(key, held);
        assert_eq!((room.of(&[1; 8]), room.len()), (500, 500), "one that is held already is held once");
    }
}
