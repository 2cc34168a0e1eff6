//! Boards in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use vigie_serve::{BoardHead, BoardKept, BoardOwner, BoardWish, Boards, Undecided};

/// Boards in memory.
#[derive(Default)]
pub(crate) struct Pinned(Mutex<BTreeMap<String, BoardKept>>);

impl Pinned {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, BoardKept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Boards for Pinned {
    fn heads(&self) -> Vec<BoardHead> {
        self.all().values().map(|board| board.head.clone()).collect()
    }

    fn one(&self, id: &str) -> Result<Option<BoardKept>, Undecided> {
        Ok(self.all().get(id).cloned())
    }

    fn add(&self, wish: &BoardWish, owner: &BoardOwner) -> Result<BoardKept, Undecided> {
        let mut all = self.all();
        let head = BoardHead {
            id: format!("{:016x}", all.len() + 1),
            version: 1,
            owner: owner.clone(),
            name: wish.name.clone(),
            shared: wish.shared.clone(),
            widgets: wish.widgets.len(),
            made_ms: 0,
            changed_ms: 0,
            changed_by: owner.name.clone(),
        };
        let board = BoardKept { head, wish: wish.clone() };
        all.insert(board.head.id.clone(), board.clone());
        Ok(board)
    }

    fn change(&self, id: &str, seen: u64, wish: &BoardWish, by: &str) -> Result<BoardKept, Undecided> {
        let mut all = self.all();
        let board = all.get_mut(id).filter(|board| board.head.version == seen).ok_or(Undecided::Changed)?;
        board.head.version += 1;
        (board.head.name, board.head.shared) = (wish.name.clone(), wish.shared.clone());
        (board.head.changed_by, board.wish) = (by.to_owned(), wish.clone());
        Ok(board.clone())
    }

    fn remove(&self, id: &str, _: u64) -> Result<(), Undecided> {
        self.all().remove(id).map(drop).ok_or(Undecided::NotHere("such board"))
    }
}
