//! Who carries out which kind of job?

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};

use serde_json::json;
use vigie_jobs::{Ended, Job, JobKind};
use vigie_node::{NodeClock, let_go_of_old};
use vigie_store::Log;

use super::Exports;
use super::runner::CarryOut;
use crate::backup::Backups;
use crate::clients::Eraser;
use crate::people::Mailer;
use crate::retention::Terms;

/// All that jobs do.
#[derive(Debug)]
pub(crate) struct Works {
    pub(crate) backups: Arc<Backups>,
    pub(crate) eraser: Arc<Eraser>,
    pub(crate) exports: Arc<Exports>,
    pub(crate) mailer: Option<Arc<Mailer>>,
    pub(crate) log: Arc<RwLock<Log>>,
    pub(crate) terms: Arc<Terms>,
    pub(crate) clock: NodeClock,
}

impl CarryOut for Works {
    fn carry_out(&self, job: &Job, stop: &Arc<AtomicBool>) -> Ended {
        match job.kind {
            JobKind::Backup => self.backups.carry_out(job, stop),
            JobKind::Erasure => self.erase(),
            JobKind::Export => self.exports.carry_out(job, stop),
            JobKind::Mail => self.write_to_somebody(job, stop),
            JobKind::Retention => self.let_go(stop),
        }
    }
}

impl Works {
    fn erase(&self) -> Ended {
        match self.eraser.finish_all() {
            Ok(()) => Ended::Done(json!(null), "nothing of it is left".to_owned()),
            Err(failed) => Ended::Failed(failed.text),
        }
    }

    fn write_to_somebody(&self, job: &Job, stop: &AtomicBool) -> Ended {
        match &self.mailer {
            Some(mailer) => mailer.carry_out(job, stop),
            None => Ended::Failed("this hub writes no letters any more: say [people] mail in its file".to_owned()),
        }
    }

    fn let_go(&self, stop: &AtomicBool) -> Ended {
        let gone = let_go_of_old(&self.log, self.terms.as_ref(), self.clock.now().utc, stop);
        match gone {
            Ok(gone) if gone.stopped && stop.load(Ordering::Relaxed) => Ended::Stopped,
            Ok(gone) => {
                let said = match (gone.streams, gone.ticks, gone.bytes) {
                    (0, ..) => "everything is kept for ever: nothing was looked for".to_owned(),
                    (_, 0, 0) => "nothing was older than it is to be kept".to_owned(),
                    (_, ticks, bytes) => format!("{ticks} ticks, {bytes} bytes were let go of"),
                };
                Ended::Done(json!({ "streams": gone.streams, "ticks": gone.ticks, "bytes": gone.bytes }), said)
            }
            Err(error) => Ended::Failed(format!("the store can not be written: {error}")),
        }
    }
}
