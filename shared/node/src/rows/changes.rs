//! Who hears which rows changed?

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;
use vigie_merge::Kind;
use vigie_store::rows::Changed;

/// Everybody who asked.
#[derive(Debug, Default)]
pub(super) struct Mailboxes(Mutex<Vec<Weak<Mailbox>>>);

#[derive(Debug)]
struct Mailbox {
    /// All where there is none.
    kinds: Vec<Kind>,
    changed: Mutex<Changed>,
    news: Notify,
}

/// Changes of rows, as they come. What changed several times before it was asked for is told once.
#[derive(Debug)]
pub struct RowChanges(Arc<Mailbox>);

impl RowChanges {
    /// What changed since the last answer; waits until something did. Safe to drop at any await.
    pub async fn next(&mut self) -> Changed {
        loop {
            let changed = std::mem::take(&mut *self.0.changed());
            if !changed.is_empty() {
                return changed;
            }
            self.0.news.notified().await;
        }
    }

    /// What changed since the last answer, if anything did.
    pub fn take(&mut self) -> Changed {
        std::mem::take(&mut *self.0.changed())
    }
}

impl Mailboxes {
    pub(super) fn open(&self, kinds: &[Kind]) -> RowChanges {
        let mailbox = Arc::new(Mailbox { kinds: kinds.to_vec(), changed: Mutex::default(), news: Notify::new() });
        self.all().push(Arc::downgrade(&mailbox));
        RowChanges(mailbox)
    }

    pub(super) fn tell(&self, changed: &Changed) {
        let mut all = self.all();
        all.retain(|mailbox| mailbox.strong_count() > 0);
        all.iter().filter_map(Weak::upgrade).for_each(|mailbox| mailbox.tell(changed));
    }

    fn all(&self) -> MutexGuard<'_, Vec<Weak<Mailbox>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mailbox {
    fn tell(&self, changed: &Changed) {
        let mine = |kind: &Kind| self.kinds.is_empty() || self.kinds.contains(kind);
        let keys = changed.keys.iter().filter(|key| mine(&key.kind())).cloned().collect();
        let changed = Changed { keys, all: changed.all };
        if !changed.is_empty() {
            self.changed().join(&changed);
            self.news.notify_one();
        }
    }

    fn changed(&self) -> MutexGuard<'_, Changed> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
