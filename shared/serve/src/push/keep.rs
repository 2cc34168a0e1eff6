//! How does a push get from its bytes to the store?

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use vigie_formats::otlp::Otlp;
use vigie_formats::remote_write::RemoteWrite;
use vigie_formats::text::{TextFormat, parse};
use vigie_formats::{LeftOut, Limits};

use super::body::{Packing, Room, drain, no_room};
use super::refusal::{Refusal, Why};
use crate::shared::App;
use crate::{Intake, Options, Place, Said, Taken, Taking, work};

/// How long a sender waits until what it sent is durable: several times what a store takes for a group commit.
const DURABLE_WAIT: Duration = Duration::from_secs(25);

/// What is read of a refused body, so that its sender hears the refusal and does not try again for ever.
const MAX_DRAINED_BYTES: usize = 64 << 20;

/// Buffers that grew larger are not kept: usual bodies unpack to less.
const MAX_KEPT_SCRATCH_BYTES: usize = 4 << 20;

/// What all pushes share.
#[derive(Debug)]
pub(crate) struct Pushes {
    room: Room,
    turns: Arc<Semaphore>,
    scratch: Mutex<Vec<Vec<u8>>>,
}

impl Pushes {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            room: Room::new(options.intake_limits.body_bytes),
            turns: Arc::new(Semaphore::new(options.intakes_at_once.max(1))),
            scratch: Mutex::default(),
        }
    }

    /// Lends a buffer to `work`. There are never more than turns.
    fn with_scratch<T>(&self, work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let mut scratch = self.scratch.lock().ok().and_then(|mut kept| kept.pop()).unwrap_or_default();
        let done = work(&mut scratch);
        if scratch.capacity() <= MAX_KEPT_SCRATCH_BYTES
            && let Ok(mut kept) = self.scratch.lock()
        {
            kept.push(scratch);
        }
        done
    }
}

/// How a body is to be read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    RemoteWrite(RemoteWrite),
    Otlp(Otlp, Packing),
    /// With the time of samples that say none, in milliseconds since 1970 UTC.
    Text(TextFormat, Packing, i64),
}

/// What became of a push of which at least a part is durable.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) taken: Taken,
    pub(crate) left_out: LeftOut,
}

impl Kept {
    /// Samples that were said and are not here.
    pub(super) fn missing(&self) -> u64 {
        self.left_out.samples().saturating_add(self.taken.refused)
    }

    /// Samples that were said and are here, now or since an earlier push.
    pub(super) fn here(&self) -> u64 {
        self.taken.samples.saturating_add(self.taken.duplicates)
    }

    /// What is not here and why, for people.
    pub(super) fn remark(&self) -> String {
        let left_out = (self.left_out.samples() > 0).then(|| format!("left out {}", self.left_out));
        let refused = (self.taken.refused > 0).then(|| {
            let why = self.taken.why.as_deref().unwrap_or("over a limit");
            format!("{} samples refused: {why}", self.taken.refused)
        });
        [left_out, refused].into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

/// Reads a body and keeps what it says, and counts what became of it.
pub(super) async fn keep(
    app: &App,
    door: &'static str,
    asked: Result<(Place, Form), Refusal>,
    mut body: Body,
) -> Result<Kept, Refusal> {
    let kept = match asked {
        Ok((into, form)) => Push { door, into, form }.read_and_keep(app, &mut body).await,
        Err(refusal) => Err(refusal),
    };
    match &kept {
        Ok(kept) => app.tally.taken(door, kept),
        Err(refusal) => {
            app.tally.turned_away(door, refusal.why.word());
            drain(body, MAX_DRAINED_BYTES).await;
        }
    }
    kept
}

/// A push on its way in.
#[derive(Debug)]
struct Push {
    door: &'static str,
    into: Place,
    form: Form,
}

impl Push {
    async fn read_and_keep(self, app: &App, body: &mut Body) -> Result<Kept, Refusal> {
        let intake = app.lookout.intake().ok_or_else(no_intake)?;
        let limits = app.options.intake_limits;
        let body = app.pushes.room.read(body, limits.body_bytes).await?;
        app.tally.body(self.door, body.bytes.len());
        let turn = work::turn(&app.pushes.turns).await.map_err(|_| no_room())?;
        let app = Arc::clone(app);
        let ordered = spawn_blocking(move || {
            let _turn = turn;
            app.pushes.with_scratch(|scratch| self.order(&body.bytes, &limits, scratch, &*intake))
        });
        let (taking, left_out) = ordered.await.map_err(|_| failed())??;
        let taken = tokio::time::timeout(DURABLE_WAIT, taking).await.map_err(|_| not_durable())??;
        Ok(Kept { taken, left_out })
    }

    /// Decodes the body and puts it into the node's order.
    fn order(
        self,
        body: &[u8],
        limits: &Limits,
        scratch: &mut Vec<u8>,
        intake: &dyn Intake,
    ) -> Result<(Taking, LeftOut), Refusal> {
        let batch = match self.form {
            Form::RemoteWrite(version) => {
                let view = version.decode(body, limits, scratch)?;
                return Ok((intake.take(&self.into, Said::View(&view)), view.left_out().clone()));
            }
            Form::Otlp(encoding, packing) => {
                encoding.decode(packing.unpack(body, limits.body_bytes, scratch)?, limits)?
            }
            Form::Text(format, packing, at_ms) => {
                parse(packing.unpack(body, limits.body_bytes, scratch)?, format, at_ms, limits)?
            }
        };
        Ok((intake.take(&self.into, Said::Batch(&batch)), batch.left_out))
    }
}

fn no_intake() -> Refusal {
    Refusal::new(Why::NotTakenInHere, "this node takes in no samples of others")
}

fn failed() -> Refusal {
    // The panic was logged where it happened.
    Refusal::new(Why::Failed, "the samples could not be taken in; look at this node's log")
}

fn not_durable() -> Refusal {
    Refusal::later(Why::Store, "the samples did not become durable in time; send them again", 5)
}
