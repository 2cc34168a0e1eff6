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
