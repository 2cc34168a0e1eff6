//! What is done for the rows now and then?

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::{debug, info, warn};
use vigie_merge::{Key, Scope};
use vigie_model::NodeId;
use vigie_store::rows::{Collected, RowsError};

use super::NodeRows;

/// How often deletions that everybody has are forgotten. They are days old by then.
const FORGET_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// The first time: not while everybody reconnects after a start.
const FIRST_AFTER: Duration = Duration::from_secs(3_600);

impl NodeRows {
    /// Forgets once a day, for as long as the program runs, what everybody has the deletion of. `enrolled` says which relays
    /// there are and what each sees, at the hub; a relay forgets what the hub said may be forgotten, and waits for nobody.
    /// Where it can not be said, nothing is forgotten. `over` names rows that only grow and say nothing any more.
    pub async fn tend(
        self,
        enrolled: impl Fn() -> Option<Vec<(NodeId, Scope)>> + Send + Clone + 'static,
        over: impl Fn(&Self) -> BTreeSet<Key> + Send + Clone + 'static,
    ) {
        tokio::time::sleep(FIRST_AFTER).await;
        loop {
            let (rows, enrolled, over) = (self.clone(), enrolled.clone(), over.clone());
            let forget = move || enrolled().map_or(Ok(Collected::default()), |all| rows.forget(&all, &over(&rows)));
            match tokio::task::spawn_blocking(forget).await {
                Ok(Ok(collected)) if collected == Collected::default() => debug!("no deletion of a row was forgotten"),
                Ok(Ok(Collected { noted, gone, retired })) => {
                    info!(noted, gone, retired, "deletions of rows that everybody has were forgotten");
                }
                Ok(Err(error)) => warn!(%error, "deletions of rows could not be forgotten; tried again tomorrow"),
                Err(_) => warn!("forgetting deletions of rows ended badly; tried again tomorrow"),
            }
            tokio::time::sleep(FORGET_EVERY).await;
        }
    }

    /// All that may be forgotten now, some at a time: others want the rows between.
    fn forget(&self, enrolled: &[(NodeId, Scope)], over: &BTreeSet<Key>) -> Result<Collected, RowsError> {
        let mut all = Collected::default();
        loop {
            let stamp = self.stamp();
            let some = self.with(|rows| rows.forget(enrolled, over, stamp))?;
            all = Collected { noted: all.noted + some.noted, gone: all.gone + some.gone, retired: some.retired };
            if some.noted + some.gone == 0 {
                return Ok(all);
            }
        }
    }
}
