//! How does a question get a thread, and when does it lose it again?

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use vigie_query::{Halt, Limits, Stop};

use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};

/// How long a question waits for its turn. A person waits that long for a page, and a client asks again.
const TURN_WAIT: Duration = Duration::from_secs(5);

/// Waits for a turn among `turns`.
pub(crate) async fn turn(turns: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    match tokio::time::timeout(TURN_WAIT, Arc::clone(turns).acquire_owned()).await {
        Ok(Ok(turn)) => Ok(turn),
        Ok(Err(_)) | Err(_) => {
            let problem = Problem::new(Code::Busy, "this node answers as many questions as it can", "ask again");
            Err(Problem { retry_after_seconds: Some(5), ..problem })
        }
    }
}

/// Draws up a list on a blocking thread: a lookout may take a lock or read a disk.
pub(crate) async fn list<T, F>(app: &App, draw: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce(&Shared) -> Result<T, Problem> + Send + 'static,
{
    let turn = turn(&app.lists).await?;
    let app = Arc::clone(app);
    let drawn = spawn_blocking(move || {
        let _turn = turn;
        draw(&app)
    });
    drawn.await.unwrap_or_else(|died| {
        tracing::error!(%died, "a list could not be drawn up");
        Err(Problem::internal())
    })
}

/// How far behind whoever is waited for stands what is slow on purpose (`nice(2)`): it has the tenth part of a processor
/// that is asked for, and all of one that is not.
#[cfg(target_os = "linux")]
const BEHIND: i32 = 10;

/// Works out what takes long by itself, as the check of a password does, and lets everybody else go first: a flood of wrong
/// sign-ins must not take the processors from those who are in already. Nothing that others wait for may be held meanwhile.
pub(crate) fn behind<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let worked = std::thread::scope(|scope| {
        // A thread of its own: nobody may come forward again who has once stepped back.
        let thread = scope.spawn(|| {
            step_back();
            work()
        });
        thread.join()
    });
    worked.unwrap_or_else(|died| std::panic::resume_unwind(died))
}

/// Of this thread alone, which is what Linux takes a process for here (setpriority(2), "C library/kernel differences").
#[cfg(target_os = "linux")]
fn step_back() {
    if let Err(why) = rustix::process::setpriority_process(None, BEHIND) {
        tracing::debug!(%why, "a slow check does not stand behind the others");
    }
}

#[cfg(not(target_os = "linux"))]
fn step_back() {}

/// The limits of a question that ends when `left` says its asker has, and after `life` if there is one.
pub(crate) fn limits(life: Option<Duration>, left: impl Fn() -> bool + Send + Sync + 'static) -> Limits {
    let deadline = life.and_then(|life| Instant::now().checked_add(life));
    let stop = Stop::when(move || {
        if left() {
            Some(Halt::Canceled)
        } else {
            deadline.filter(|deadline| Instant::now() > *deadline).map(|_| Halt::TimedOut)
        }
    });
    Limits { stop, ..Limits::usual() }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_slow_on_purpose_stands_behind_and_nobody_else_does() {
        let niceness = || rustix::process::getpriority_process(None).expect("it can be read");
        let before = niceness();
        assert_eq!(behind(niceness), before.max(BEHIND));
        assert_eq!(niceness(), before, "whoever waits for it stands where it stood");
    }
}
