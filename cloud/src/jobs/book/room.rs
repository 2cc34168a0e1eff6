//! May one more job wait, and what is forgotten for it?

use vigie_jobs::{JobId, JobKind, JobWish, forgotten_first};

use super::{Book, NotChanged};

/// Jobs of one kind and one client that wait or are under way: whoever has more waits for some of them first. Letters are small, and
/// wait for a mail server that is away: as many as there are open invitations at most.
pub(super) fn most_of_one(kind: JobKind) -> usize {
    if kind == JobKind::Mail { 1_000 } else { 20 }
}

impl Book {
    /// Whether one more like it may wait; what the hub does by itself always may.
    pub(super) fn has_room(&self, wish: &JobWish) -> Result<(), NotChanged> {
        let jobs = self.jobs();
        let open = || jobs.values().filter(|job| job.is_open());
        let own = || open().filter(|job| job.client == wish.client);
        let most = most_of_one(wish.kind);
        let is_bounded = wish.client.is_some() || wish.kind == JobKind::Mail;
        if is_bounded && own().filter(|job| job.kind == wish.kind).count() >= most {
            let kind = wish.kind.as_str();
            let why = format!("{most} jobs ({kind}) of a client wait at most: wait for some of them");
            return Err(NotChanged::NoRoom(why));
        }
        // Nobody has more than is left free for all others: whoever comes anew finds room.
        if is_taken_from_all(wish) && own().count() >= self.most.saturating_sub(open().count()) {
            let why = format!(
                "{} jobs of all wait at most, and so many of one client as are left free: wait for some",
                self.most
            );
            return Err(NotChanged::NoRoom(why));
        }
        Ok(())
    }

    /// What has ended and is forgotten for one more, where as many are remembered as can be.
    pub(super) fn forgotten_for(&self, wish: &JobWish) -> Result<Vec<JobId>, NotChanged> {
        let jobs = self.jobs();
        if jobs.len() < self.most {
            return Ok(Vec::new());
        }
        let first = forgotten_first(jobs.values()).cloned();
        if first.is_none() && is_taken_from_all(wish) {
            let why = format!("{} jobs are remembered at most: wait until some are done", self.most);
            return Err(NotChanged::NoRoom(why));
        }
        Ok(first.into_iter().collect())
    }
}

/// What the hub wants by itself always finds room: it is a handful, and without it nothing makes any.
fn is_taken_from_all(wish: &JobWish) -> bool {
    wish.client.is_some() && wish.kind != JobKind::Erasure
}
