//! Takes the wish, and deletes records beside reading and writing until the receipt can say that nothing is left.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tracing::info;
use vigie_jobs::{Job, JobKind, JobWish, Priority};
use vigie_model::{NodeId, Slug};
use vigie_node::{Failed, NodeClock};
use vigie_people::ClientErasure;
use vigie_serve::{ChainEnd, Erasure, ErasureState, Erasures, Holdings, Stamp, Undecided};
use vigie_store::{Log, State};

use super::receipt::{self, Row};
use super::sift::{of_log, sift};
use super::whose::Whose;
use crate::jobs::Book;
use crate::people::{Register, audit_head};

/// How long the hub goes on after a wish was taken: who asked has the answer by then, and its line is in the audit.
const ANSWERED_AFTER: Duration = Duration::from_millis(1_500);

/// What an erasure can not reach.
const NOT_REACHED: [&str; 6] = [
    "backups that were made before, exports that somebody fetched, and a damaged file that was set aside",
    "what the client's own machines and relays keep",
    "what other engines and receivers of messages were sent",
    "the hub's configuration file, and its log of what happened",
    "what other people wrote of the client in free text: names of boards, comments, texts of rules for everybody",
    "what the file system or the disk keeps of blocks that were freed",
];

/// Who erases clients.
#[derive(Debug)]
pub(crate) struct Eraser {
    pub(crate) state: Arc<State>,
    pub(crate) log: Arc<RwLock<Log>>,
    pub(crate) hub: NodeId,
    pub(crate) people: Arc<Register>,
    /// The routes of the hub's own file.
    pub(crate) in_file: BTreeSet<String>,
    pub(crate) clock: NodeClock,
    pub(crate) runtime: Handle,
    /// Whom to tell that the hub is to start again.
    pub(crate) again: UnboundedSender<()>,
    /// One wish at a time.
    pub(crate) asking: Mutex<()>,
}

impl Eraser {
    /// Has what earlier lives of this program left of erased clients deleted, by a job for each.
    pub(crate) fn go_on(&self, book: &Book) -> Result<(), Failed> {
        let waiting = receipt::all(&self.state)?.into_iter().filter(|row| row.is(ErasureState::Deleting));
        let known = book.all();
        for row in waiting {
            let is_its = |job: &&Job| job.kind == JobKind::Erasure && job.order["erasure"] == row.told.id.as_str();
            if known.iter().filter(is_its).any(|job| job.is_open()) {
                continue;
            }
            let added = book.add(JobWish {
                kind: JobKind::Erasure,
                priority: Priority::Urgent,
                client: None,
                what: row.told.pseudonym.clone(),
                by: row.told.by.clone(),
                order: json!({ "erasure": row.told.id }),
                not_before: self.clock.now().utc,
            });
            added.map_err(|not| Failed::new(1, format!("an erasure could not be gone on with: {not}")))?;
        }
        Ok(())
    }

    /// Deletes all that is left of every client that is being erased.
    pub(crate) fn finish_all(&self) -> Result<(), Failed> {
        let waiting: Vec<Row> =
            receipt::all(&self.state)?.into_iter().filter(|row| row.is(ErasureState::Deleting)).collect();
        if waiting.is_empty() {
            return Ok(());
        }
        self.are_disowned(&waiting)?;
        self.sweep()?;
        // Who was erased with their client is named by rows until this is done, and by free pages after it.
        self.people.tidy().map_err(|not| Failed::new(1, not.to_string()))?;
        let rewritten = self.rewrite()?;
        for mut row in waiting {
            self.done(&mut row, rewritten)?;
        }
        Ok(())
    }

    /// What the log still knows could not be disowned when the hub began, and is by then in use: it is at the next start.
    fn are_disowned(&self, waiting: &[Row]) -> Result<(), Failed> {
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
        let known = |row: &Row| row.streams().iter().any(|stream| log.streams().contains_key(stream));
        if !waiting.iter().any(known) {
            return Ok(());
        }
        Err(Failed::new(1, "its streams could not be let go of when the hub began: start it again".to_owned()))
    }

    /// Deletes records, as long at rest as at work, so that what comes in never waits for what goes.
    fn sweep(&self) -> Result<(), Failed> {
        loop {
            let begun = Instant::now();
            let swept = self.log.write().unwrap_or_else(PoisonError::into_inner).sweep_disowned()?;
            if swept.left == 0 {
                return Ok(());
            }
            std::thread::sleep(begun.elapsed());
        }
    }

    /// Writes both files anew, so that nothing of what went stands in them; says whether that was done with both.
    fn rewrite(&self) -> Result<bool, Failed> {
        let state = self.state.write_anew()?;
        let log = self.log.write().unwrap_or_else(PoisonError::into_inner).write_anew()?;
        Ok(state && log)
    }

    fn done(&self, row: &mut Row, rewritten: bool) -> Result<(), Failed> {
        let streams = row.streams();
        let (records, bytes) = self.log.read().unwrap_or_else(PoisonError::into_inner).records_of(&streams)?;
        if records > 0 {
            return Err(Failed::new(1, format!("{records} records of it are still there")));
        }
        let mut left = row.told.left.unwrap_or_default();
        (left.streams, left.bytes) = (records, bytes);
        let head = audit_head(&self.state, None)?;
        row.told.left = Some(left);
        row.told.audit = Some(ChainEnd { lines: head.seq, head: data_encoding::HEXLOWER.encode(&head.hash) });
        row.told.finished_at = Some(Stamp(self.clock.now().utc));
        row.told.rewritten = rewritten;
        row.told.state = ErasureState::Done;
        row.set_streams(&BTreeSet::new());
        row.put(&self.state)?;
        info!(erasure = row.told.id, nothing_left = left.is_nothing(), "an erased client's records are deleted");
        Ok(())
    }

    fn whose(&self, client: &Slug, id: &str) -> Result<(Whose, Holdings), Failed> {
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
        let erasure = ClientErasure::new(client.clone(), id);
        let whose = Whose::read((&self.state, &log), self.hub, &self.in_file, erasure, client)?;
        let mut has = Holdings::default();
        of_log(&mut has, &log, &whose);
        Ok((whose, has))
    }

    fn counted(&self, client: &Slug) -> Result<Holdings, Failed> {
        let (whose, of_log) = self.whose(client, "")?;
        let directory = vigie_serve::People::directory(self.people.as_ref()).clone();
        let has = sift(&whose, &directory, |table| self.state.scan(table, b""))?.has;
        let Holdings { streams, samples, bytes, series, .. } = of_log;
        Ok(Holdings { streams, samples, bytes, series, ..has })
    }

    fn begun(&self, client: &Slug, by: &str) -> Result<Erasure, Undecided> {
        let _asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = receipt::all(&self.state).map_err(|error| Undecided::NotKept(error.to_string()))?;
        if let Some(row) = under_way.into_iter().find(|row| row.client.as_ref() == Some(client)) {
            return Ok(row.told);
        }
        let had = self.counted(client).map_err(not_kept)?;
        if had.is_nothing() {
            return Err(Undecided::NotHere("such client"));
        }
        let (id, salt) = (drawn::<8>()?, drawn::<16>()?);
        let told = Erasure {
            pseudonym: ClientErasure::new(client.clone(), &id).pseudonym,
            mark: Erasure::mark_of(&salt, client),
            id,
            salt,
            state: ErasureState::Begun,
            by: by.to_owned(),
            asked_at: Stamp(self.clock.now().utc),
            finished_at: None,
            had,
            left: None,
            nodes: 0,
            chain: None,
            audit: None,
            rewritten: false,
            not_reached: NOT_REACHED.map(str::to_owned).to_vec(),
        };
        Row::new(told.clone(), client.clone()).put(&self.state).map_err(not_kept)?;
        Ok(told)
    }
}

impl Erasures for Eraser {
    fn holdings(&self, client: &Slug) -> Result<Holdings, Undecided> {
        self.counted(client).map_err(not_kept)
    }

    fn erase(&self, client: &Slug, by: &str) -> Result<Erasure, Undecided> {
        let begun = self.begun(client, by)?;
        let again = self.again.clone();
        self.runtime.spawn(async move {
            tokio::time::sleep(ANSWERED_AFTER).await;
            // Fails only when the hub is ending already.
            let _ending = again.send(());
        });
        Ok(begun)
    }

    fn list(&self) -> Result<Vec<Erasure>, Undecided> {
        let rows = receipt::all(&self.state).map_err(|error| Undecided::NotKept(error.to_string()))?;
        Ok(rows.into_iter().map(|row| row.told).collect())
    }
}

fn drawn<const N: usize>() -> Result<String, Undecided> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Undecided::NotKept(format!("the system gives no random bytes: {error}")))?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}

fn not_kept(failed: Failed) -> Undecided {
    Undecided::NotKept(failed.text)
}
