//! Brings one batch to its receiver, however long that takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep, sleep_until};
use vigie_node::NodeClock;

use crate::batch::{Batch, Share};
use crate::credentials::Said;
use crate::door::Door;
use crate::pauses::Pauses;
use crate::target::Target;
use crate::trial::Trial;
use crate::verdict::Verdict;
use crate::watch::Watch;

/// What all batches of a target share.
#[derive(Debug)]
pub(crate) struct Carrier {
    pub(crate) target: Arc<Target>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) clock: NodeClock,
    pub(crate) pace: Pace,
    /// Spreads the pauses of those who failed together.
    pub(crate) chance: AtomicU8,
}

/// A batch whose way is over: each of its samples arrived or was refused for good.
#[derive(Debug)]
pub(crate) struct Carried {
    pub(crate) shares: Vec<Share>,
    pub(crate) samples: u64,
    pub(crate) refused: u64,
    pub(crate) door: Door,
}

impl Carrier {
    pub(crate) async fn carry(&self, batch: Batch, mut door: Door) -> Carried {
        let mut trial = Trial::new(batch.requests());
        let mut pauses = Pauses::default();
        let mut said = Err("not read yet".to_owned());
        while let Some(range) = trial.next() {
            if said.is_err() {
                said = self.target.credentials.read();
            }
            self.pace.wait(range.len()).await;
            let body = Bytes::from(batch.body(range, self.target.version));
            let pause = match post(&mut door, body, &said).await {
                Ok(answer) => match answer.verdict {
                    Verdict::Taken => {
                        trial.taken();
                        None
                    }
                    Verdict::Refused => {
                        self.watch.refused(&answer.why);
                        trial.refuse();
                        None
                    }
                    Verdict::Later => Some((answer.why, answer.after)),
                },
                Err(why) => Some((why, None)),
            };
            match pause {
                None => {
                    self.watch.succeeded();
                    pauses.succeeded();
                }
                Some((why, after)) => {
                    self.watch.failed(&why, self.clock.now().utc);
                    let chance = self.chance.fetch_add(97, Ordering::Relaxed);
                    sleep(pauses.failed(after, chance)).await;
                    // A token may have been replaced meanwhile.
                    said = self.target.credentials.read();
                }
            }
        }
        let refused = trial.refused();
        self.watch.passed_over(refused);
        let samples = (batch.len() as u64).saturating_sub(refused);
        Carried { shares: batch.shares().to_vec(), samples, refused, door }
    }
}

async fn post(door: &mut Door, body: Bytes, said: &Result<Said, String>) -> Result<crate::door::Answer, String> {
    match said {
        Ok(said) => door.post(body, said).await,
        Err(why) => Err(why.clone()),
    }
}

/// How fast samples may go, all requests of a target together.
#[derive(Debug)]
pub(crate) struct Pace {
    per_second: Option<u32>,
    next: tokio::sync::Mutex<Instant>,
}

impl Pace {
    pub(crate) fn new(per_second: Option<u32>) -> Self {
        Self { per_second, next: tokio::sync::Mutex::new(Instant::now()) }
    }

    async fn wait(&self, samples: usize) {
        let Some(per_second) = self.per_second else { return };
        let mut next = self.next.lock().await;
        let begin = (*next).max(Instant::now());
        *next = begin + Duration::from_secs_f64(samples as f64 / f64::from(per_second));
        drop(next);
        sleep_until(begin).await;
    }
}
