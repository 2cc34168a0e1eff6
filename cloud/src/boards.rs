//! The dashboards that people keep, as rows of the hub's own store.
//!
//! What is on a board is read when somebody opens it; in memory stands only what lists show.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::HEXLOWER;
use vigie_node::{Failed, NodeClock};
use vigie_people::Erasure;
use vigie_serve::{BoardHead, BoardKept, BoardOwner, BoardWish, Boards, Undecided};
use vigie_store::State;

use crate::people::Belongings;

/// A row for each board.
pub(crate) const TABLE: &str = "boards.board";

/// Boards of one owner: whoever has more does not find one again.
const MOST_OF_ONE: usize = 100;

/// Boards of all. What lists show of them stands in memory, some 500 bytes each.
const MOST: usize = 2_000;

const NOT_HERE: Undecided = Undecided::NotHere("such board");

/// All boards of this hub.
#[derive(Debug)]
pub(crate) struct Shelf {
    state: Arc<State>,
    clock: NodeClock,
    /// Held through each change, so that nothing is decided by a version that is no more.
    heads: Mutex<BTreeMap<String, BoardHead>>,
}

impl Shelf {
    pub(crate) fn open(state: Arc<State>, clock: NodeClock) -> Result<Self, Failed> {
        let rows = state.scan(TABLE, b"")?.into_iter();
        // A row of a later version of this program is left as it is.
        let read = |(_, row): (Vec<u8>, Vec<u8>)| serde_json::from_slice::<BoardKept>(&row).ok();
        let heads = rows.filter_map(read).map(|board| (board.head.id.clone(), board.head)).collect();
        Ok(Self { state, clock, heads: Mutex::new(heads) })
    }

    fn heads(&self) -> MutexGuard<'_, BTreeMap<String, BoardHead>> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, heads: &mut BTreeMap<String, BoardHead>, board: BoardKept) -> Result<BoardKept, Undecided> {
        // Texts and numbers: writing them to memory does not fail.
        let bytes = serde_json::to_vec(&board).unwrap_or_default();
        self.state.put(TABLE, board.head.id.as_bytes(), &bytes).map_err(not_kept)?;
        heads.insert(board.head.id.clone(), board.head.clone());
        Ok(board)
    }
}

impl Boards for Shelf {
    fn heads(&self) -> Vec<BoardHead> {
        Self::heads(self).values().cloned().collect()
    }

    fn one(&self, id: &str) -> Result<Option<BoardKept>, Undecided> {
        let row = self.state.get(TABLE, id.as_bytes()).map_err(not_kept)?;
        row.map(|row| serde_json::from_slice(&row).map_err(not_kept)).transpose()
    }

    fn add(&self, wish: &BoardWish, owner: &BoardOwner) -> Result<BoardKept, Undecided> {
        let mut id = [0; 8];
        getrandom::fill(&mut id)
            .map_err(|error| Undecided::NotKept(format!("the system gives no random bytes: {error}")))?;
        let mut heads = Self::heads(self);
        if heads.len() >= MOST {
            return Err(Undecided::Senseless(format!("there are {MOST} boards at most on this hub")));
        }
        if heads.values().filter(|head| head.owner.key == owner.key).count() >= MOST_OF_ONE {
            return Err(Undecided::Senseless(format!("you have {MOST_OF_ONE} boards at most: let one go first")));
        }
        let now = self.clock.now().utc.0;
        let head = BoardHead {
            id: HEXLOWER.encode(&id),
            version: 1,
            owner: owner.clone(),
            name: wish.name.clone(),
            shared: wish.shared.clone(),
            widgets: wish.widgets.len(),
            made_ms: now,
            changed_ms: now,
            changed_by: owner.name.clone(),
        };
        self.keep(&mut heads, BoardKept { head, wish: wish.clone() })
    }

    fn change(&self, id: &str, seen: u64, wish: &BoardWish, by: &str) -> Result<BoardKept, Undecided> {
        let mut heads = Self::heads(self);
        let head = BoardHead {
            version: seen + 1,
            name: wish.name.clone(),
            shared: wish.shared.clone(),
            widgets: wish.widgets.len(),
            changed_ms: self.clock.now().utc.0,
            changed_by: by.chars().take(128).collect(),
            ..as_seen(&heads, id, seen)?
        };
        self.keep(&mut heads, BoardKept { head, wish: wish.clone() })
    }

    fn remove(&self, id: &str, seen: u64) -> Result<(), Undecided> {
        let mut heads = Self::heads(self);
        as_seen(&heads, id, seen)?;
        self.state.remove(TABLE, id.as_bytes()).map_err(not_kept)?;
        heads.remove(id);
        Ok(())
    }
}

impl Belongings for Shelf {
    /// Their boards go; on others' that they changed the pseudonym stands.
    fn let_go(&self, erasure: &Erasure) -> Result<(), String> {
        let failed = |error: Undecided| format!("boards: {error:?}");
        let mut heads = Self::heads(self);
        for head in heads.values().cloned().collect::<Vec<_>>() {
            if erasure.names(&head.owner.key) {
                self.state.remove(TABLE, head.id.as_bytes()).map_err(|error| failed(not_kept(error)))?;
                heads.remove(&head.id);
            } else if let Some(changed_by) = erasure.renamed(&head.changed_by)
                && let Some(board) = self.one(&head.id).map_err(failed)?
            {
                let board = BoardKept { head: BoardHead { changed_by, ..head }, ..board };
                self.keep(&mut heads, board).map_err(failed)?;
            }
        }
        Ok(())
    }
}

fn as_seen(heads: &BTreeMap<String, BoardHead>, id: &str, seen: u64) -> Result<BoardHead, Undecided> {
    let head = heads.get(id).ok_or(NOT_HERE)?;
    if head.version == seen { Ok(head.clone()) } else { Err(Undecided::Changed) }
}

fn not_kept(error: impl std::fmt::Display) -> Undecided {
    Undecided::NotKept(error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vigie_store::fault::FaultDisk;

    use super::*;

    fn shelf(disk: &FaultDisk) -> Shelf {
        let state = Arc::new(State::open_on(disk.clone()).expect("a state").0);
        Shelf::open(state, NodeClock::new()).expect("a shelf")
    }

    fn wish(name: &str) -> BoardWish {
        let widget = json!({ "kind": "text", "x": 0, "y": 0, "w": 12, "h": 2, "text": "call Marc" });
        serde_json::from_value(json!({ "name": name, "shared": "acme", "widgets": [widget] })).expect("a board")
    }

    fn owner(key: &str) -> BoardOwner {
        BoardOwner { key: key.to_owned(), name: format!("{key}@acme.org") }
    }

    #[test]
    fn a_board_outlives_a_crash_as_it_was_answered() {
        let disk = FaultDisk::new();
        let shelf_ = shelf(&disk);
        let made = shelf_.add(&wish("Night"), &owner("ann")).expect("kept");
        let changed = shelf_.change(&made.head.id, 1, &wish("Day"), "bob@acme.org").expect("kept");
        let gone = shelf_.add(&wish("Old"), &owner("ann")).expect("kept");
        shelf_.remove(&gone.head.id, 1).expect("gone");
        drop(shelf_);
        let disk = disk.power_cut(7);
        let shelf_ = shelf(&disk);
        assert_eq!(Boards::heads(&shelf_), std::slice::from_ref(&changed.head));
        assert_eq!((changed.head.version, changed.head.changed_by.as_str()), (2, "bob@acme.org"));
        assert_eq!(changed.head.owner, owner("ann"), "who changes it does not take it");
        assert_eq!(shelf_.one(&made.head.id).expect("it is read"), Some(changed));
    }

    #[test]
    fn of_two_who_saw_the_same_version_one_is_told() {
        let shelf = shelf(&FaultDisk::new());
        let made = shelf.add(&wish("Night"), &owner("ann")).expect("kept").head;
        shelf.change(&made.id, made.version, &wish("Day"), "ann").expect("the first");
        assert_eq!(shelf.change(&made.id, made.version, &wish("Dusk"), "bob"), Err(Undecided::Changed));
        assert_eq!(shelf.remove(&made.id, made.version), Err(Undecided::Changed));
        assert_eq!(shelf.one(&made.id).expect("read").map(|one| one.wish.name), Some("Day".to_owned()));
        assert_eq!(shelf.change("0000", 1, &wish("Day"), "bob"), Err(NOT_HERE));
    }

    #[test]
    fn whoever_has_too_many_lets_one_go_first() {
        let shelf = shelf(&FaultDisk::new());
        for _ in 0..MOST_OF_ONE {
            shelf.add(&wish("Night"), &owner("ann")).expect("kept");
        }
        let why = shelf.add(&wish("Night"), &owner("ann")).expect_err("too many");
        assert!(why.to_string().contains("100 boards at most"), "{why}");
        shelf.add(&wish("Night"), &owner("bob")).expect("somebody else's");
        let one = Boards::heads(&shelf).into_iter().find(|head| head.owner.key == "ann").expect("one");
        shelf.remove(&one.id, one.version).expect("gone");
        shelf.add(&wish("Night"), &owner("ann")).expect("room again");
    }
}
