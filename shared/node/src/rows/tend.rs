//! What is done for the rows now and then?

use std::time::Duration;

use tracing::{debug, info, warn};
use vigie_merge::Scope;
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
    /// Where it can not be said, nothing is forgotten.
    pub async fn tend(self, enrolled: impl Fn() -> Option<Vec<(NodeId, Scope)>> + Send + Clone + 'static) {
        tokio::time::sleep(FIRST_AFTER).await;
        loop {
            let (rows, enrolled) = (self.clone(), enrolled.clone());
            let forget = move || enrolled().map_or(Ok(Collected::default()), |all| rows.forget(&all));
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

    fn forget(&self, enrolled: &[(NodeId, Scope)]) -> Result<Collected, RowsError> {
        let stamp = self.stamp();
        self.with(|rows| rows.forget(enrolled, stamp))
    }
}
