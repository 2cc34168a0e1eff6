//! Which disk, core or interface was this again?
//!
//! The kernel lists things in the same order every time, so the place after the last one found is tried first and a
//! round costs one comparison per thing. What vanished keeps its entry: it may come back, and its series is the same.

/// Things by name, each with what was made for it when it was first seen.
#[derive(Debug)]
pub(super) struct Roster<T> {
    entries: Vec<(Box<[u8]>, T)>,
    next: usize,
}

/// Names one roster keeps. A host that makes and drops names all day stops getting new series here instead of growing.
const MAX_NAMES: usize = 1_000;

impl<T> Roster<T> {
    pub(super) fn new() -> Self {
        Self { entries: Vec::new(), next: 0 }
    }

    /// The entry of a name, made now if it is new; `None` when the roster is full.
    pub(super) fn entry(&mut self, name: &[u8], make: impl FnOnce(&str) -> T) -> Option<&mut T> {
        let at = match self.find(name) {
            Some(at) => at,
            None if self.entries.len() >= MAX_NAMES => return None,
            None => {
                let made = make(&String::from_utf8_lossy(name));
                self.entries.push((name.into(), made));
                self.entries.len() - 1
            }
        };
        self.next = at + 1;
        self.entries.get_mut(at).map(|(_, entry)| entry)
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        let expected = if self.next < self.entries.len() { self.next } else { 0 };
        if self.entries.get(expected).is_some_and(|(known, _)| **known == *name) {
            return Some(expected);
        }
        self.entries.iter().position(|(known, _)| **known == *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_made_once_whatever_the_order() {
        let mut roster = Roster::new();
        let mut made = 0;
        for name in ["a", "b", "c", "a", "b", "c", "c", "a", "b"] {
            let entry = roster.entry(name.as_bytes(), |name| {
                made += 1;
                name.to_owned()
            });
            assert_eq!(entry.map(|entry| entry.as_str()), Some(name));
        }
        assert_eq!(made, 3);
    }

    #[test]
    fn a_full_roster_takes_no_new_names_and_keeps_the_old() {
        let mut roster = Roster::new();
        for n in 0..MAX_NAMES {
            assert!(roster.entry(n.to_string().as_bytes(), |_| n).is_some());
        }
        assert!(roster.entry(b"one more", |_| 0).is_none());
        assert_eq!(roster.entry(b"7", |_| 0).copied(), Some(7));
    }
}
