//! One queue for what the hub has to do besides: backups, retention, exports, erasing, letters to people.
//!
//! What a job is and when it is tried again the mind says (`vigie-jobs`). Here it is kept in the hub's own store before anything
//! follows from it, so that a hub that is killed at any moment finds each job as it was: what was under way is taken up again,
//! and as one program alone has the store, nothing runs twice at once. What alerts tell people, and events programs, waits elsewhere: in
//! the outbox and in each webhook's queue, which are shown beside the jobs.

mod book;
mod exports;
mod plan;
mod runner;
mod seen;
mod upkept;
mod works;

use std::sync::Arc;

use self::plan::Planner;
pub(crate) use book::{Book, TABLE, brought_back, is_of_client};
pub(crate) use exports::{Exports, FOLDER};
pub(crate) use runner::Runner;
pub(crate) use seen::Seen;
pub(crate) use upkept::Upkept;
pub(crate) use works::Works;

/// Plans what comes by itself, carries out what is due, for as long as the program runs, and gives the doors what they need.
pub(crate) fn begin(works: Works, upkept: Arc<Upkept>) -> Arc<Seen> {
    let (book, exports, clock) = (upkept.book.clone(), works.exports.clone(), works.clock.clone());
    let (backups, eraser) = (works.backups.clone(), works.eraser.clone());
    let runner = Arc::new(Runner::new(book.clone(), Arc::new(works)));
    let planner = Arc::new(Planner { book: book.clone(), backups, exports: exports.clone(), eraser, clock });
    tokio::spawn(planner.clone().tend());
    tokio::spawn(runner.clone().tend());
    Arc::new(Seen { book, runner, planner, exports, upkept })
}

#[cfg(test)]
mod tests {
    use vigie_jobs::Told;

    /// Where sentences about jobs are said.
    const SAID_IN: [&str; 7] = [
        include_str!("jobs/works.rs"),
        include_str!("jobs/exports.rs"),
        include_str!("jobs/runner.rs"),
        include_str!("jobs/book.rs"),
        include_str!("backup/keep.rs"),
        include_str!("people/post.rs"),
        include_str!("../../shared/jobs/src/job.rs"),
    ];

    /// A sentence that is said otherwise gets a line of its own beside the old one: else French readers read it in English.
    #[test]
    fn each_sentence_that_has_a_code_is_said_somewhere_in_these_words() {
        for (code, sentence) in Told::sentences() {
            let mut pieces = sentence.split('{').map(|part| part.split_once('}').map_or(part, |(_, behind)| behind));
            let first = SAID_IN.iter().any(|source| pieces.clone().all(|piece| source.contains(piece)));
            assert!(first, "{code}: nobody says {:?}", pieces.find(|piece| !piece.is_empty()));
        }
    }
}
