//! The jobs, as people see them and decide of them over HTTP.

use std::sync::Arc;

use vigie_jobs::{Job, JobId, KindHealth};
use vigie_serve::{ExportWish, Jobs, Undecided, Upkeep};

use super::plan::Planner;
use super::{Book, Exports, Runner, Upkept};

/// What the doors are given.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) book: Arc<Book>,
    pub(crate) runner: Arc<Runner>,
    pub(crate) planner: Arc<Planner>,
    pub(crate) exports: Arc<Exports>,
    pub(crate) upkept: Arc<Upkept>,
}

impl Jobs for Seen {
    fn changes(&self) -> u64 {
        self.book.changes()
    }

    fn list(&self) -> Vec<Job> {
        self.book.all()
    }

    fn one(&self, id: &JobId) -> Option<Job> {
        self.book.one(id)
    }

    fn upkeep(&self) -> Vec<KindHealth> {
        self.upkept.health()
    }

    fn cancel(&self, id: &JobId, by: &str) -> Result<Job, Undecided> {
        Ok(self.runner.cancel(id, by)?)
    }

    fn retry(&self, id: &JobId, by: &str) -> Result<Job, Undecided> {
        Ok(self.book.retry(id, by)?)
    }

    fn run(&self, what: Upkeep, by: &str) -> Result<Job, Undecided> {
        self.planner.now(what, by)
    }

    fn export(&self, wish: &ExportWish, by: &str) -> Result<Job, Undecided> {
        self.exports.ask(wish, by)
    }

    fn file(&self, id: &JobId) -> Result<std::fs::File, Undecided> {
        self.exports.file(id)
    }
}
