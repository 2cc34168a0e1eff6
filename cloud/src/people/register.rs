//! Keeps the hub's people: each change durable with its line in the audit before anybody sees it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use serde_json::json;
use tracing::{info, warn};
use vigie_model::{Slug, UtcMs};
use vigie_node::{Failed, NodeClock, random_text};
use vigie_people::{
    Answer, Asker, Chance, Change, Directory, Done, Erased, Head, Id, Kept, Link, Note, Order, Spans, Who,
};
use vigie_serve::{Beside, NotDone, People, With};
use vigie_store::State;

use super::audit::{self, Doer};
use super::erase;
use super::erase::Belongings;
use super::rows;
use super::scribe::{Acting, Scribe};

/// How often what was used is written down, and what has ended goes.
const TEND_EVERY: Duration = Duration::from_secs(60);

/// Lines of a day about people who were not let in, over all: whoever guesses must not fill the audit. The log has them all.
const TURNED_AWAY_A_DAY: u32 = 500;

const DAY_MS: i64 = 86_400_000;

/// The people of this hub.
#[derive(Debug)]
pub(crate) struct Register {
    state: Arc<State>,
    clock: NodeClock,
    directory: RwLock<Directory>,
    /// Held from the decision to the end of the commit: two orders never decide on the same moment.
    deciding: Mutex<()>,
    /// What was used since it was last written down, by id.
    used: Mutex<BTreeMap<Id, Change>>,
    turned_away: Mutex<(i64, u32)>,
    /// The same, of other houses: whoever brings nonsense of theirs hides no guesses at passwords.
    not_vouched: Mutex<(i64, u32)>,
    setup: Mutex<Option<Setup>>,
    /// Who writes down what is kept as rows.
    scribe: OnceLock<Arc<Scribe>>,
    /// What else goes with who is erased.
    belongings: OnceLock<Vec<Arc<dyn Belongings>>>,
}

/// The code by which somebody takes the hub into use.
#[derive(Debug)]
struct Setup {
    kept: Kept,
    file: PathBuf,
}

impl Register {
    /// Reads everybody. On a hub that nobody has taken into use, the code for that is written into a file of the data folder
    /// that its owner alone can read, and into the log.
    pub(crate) fn open(state: Arc<State>, clock: NodeClock, data: &Path, spans: Spans) -> Result<Self, Failed> {
        let mut directory = rows::read(&state)?;
        directory.spans = spans;
        let file = data.join("setup.code");
        let setup = if !directory.is_begun() {
            let code = random_text()?;
            write_secret(&file, &code)?;
            info!(file = %file.display(), "nobody has taken this hub into use: open its page at /begin?code=CODE, with the code of this file");
            Some(Setup { kept: Kept::of(&code), file })
        } else {
            remove(&file);
            None
        };
        Ok(Self {
            state,
            clock,
            directory: RwLock::new(directory),
            deciding: Mutex::new(()),
            used: Mutex::default(),
            turned_away: Mutex::default(),
            not_vouched: Mutex::default(),
            setup: Mutex::new(setup),
            scribe: OnceLock::new(),
            belongings: OnceLock::new(),
        })
    }

    /// From now on this one writes down what is kept as rows, and what of these is somebody's goes with who is erased.
    pub(crate) fn written_by(&self, scribe: Arc<Scribe>, belongings: Vec<Arc<dyn Belongings>>) {
        self.belongings.get_or_init(|| belongings);
        self.scribe.get_or_init(|| scribe);
    }

    /// How many people clients may have, where that is limited: from now on no more are invited.
    pub(crate) fn may_have(&self, most_users: BTreeMap<Slug, u64>) {
        self.directory.write().unwrap_or_else(PoisonError::into_inner).most_users = most_users;
    }

    /// Who writes down what is kept as rows.
    pub(crate) fn scribe(&self) -> Option<&Arc<Scribe>> {
        self.scribe.get()
    }

    /// Writes down what the command line did where nothing that is kept tells of it.
    pub(crate) fn noted_of_console(&self, note: Note) -> Result<(), Failed> {
        let asker = Asker { who: Who::Console, by: "command line", from: String::new() };
        self.noted(&asker, note).map_err(|not| Failed::new(1, not.to_string()))
    }

    /// Writes down what was used, and lets go what has ended, for as long as the program runs.
    pub(crate) async fn tend(self: Arc<Self>) {
        let mut every = tokio::time::interval(TEND_EVERY);
        loop {
            every.tick().await;
            let register = self.clone();
            let tidied = tokio::task::spawn_blocking(move || register.tidy());
            if let Ok(Err(error)) = tidied.await {
                warn!(%error, "who used what could not be written down; it is tried again");
            }
        }
    }

    /// Writes down what was used, and lets go what has ended.
    pub(crate) fn tidy(&self) -> Result<(), NotDone> {
        let deciding = lock(&self.deciding);
        let used = std::mem::take(&mut *lock(&self.used));
        let directory = self.directory();
        // What went meanwhile does not come back by having been used before.
        let there = |change: &Change| match change {
            Change::Session(session) => directory.has_session(&session.id),
            Change::Token(token) => directory.has_token(&token.id),
            _ => true,
        };
        let mut changes: Vec<Change> = used.into_values().filter(there).collect();
        changes.extend(directory.ended(self.now()));
        drop(directory);
        if !changes.is_empty() {
            let done = Done { changes, notes: Vec::new(), answer: Answer::Nothing, by: None, erases: None };
            self.keep(&done, None, Doer { who: "hub", by: "hub", from: "" })?;
        }
        drop(deciding);
        self.erase_from_rows()?;
        Ok(())
    }

    /// Makes it durable, in one step; says in how many lines of the audit a pseudonym stands that did not before.
    fn keep(&self, done: &Done, beside: Option<Beside>, doer: Doer<'_>) -> Result<u64, NotDone> {
        let now = self.now();
        let kept = self.state.transact(|tx| {
            done.changes.iter().try_for_each(|change| rows::write(tx, change))?;
            beside.iter().try_for_each(|beside| tx.put(beside.table, &beside.key, &beside.row))?;
            if let Some(erasure) = &done.erases {
                return erase::lines(tx, erasure, &done.notes, doer, now);
            }
            done.notes.iter().try_for_each(|note| audit::append(tx, note.clone(), doer, now))?;
            Ok(0)
        });
        let lines = kept.map_err(|error| NotDone::NotKept(error.to_string()))?;
        let mut directory = self.directory.write().unwrap_or_else(PoisonError::into_inner);
        done.changes.iter().for_each(|change| directory.apply(change));
        drop(directory);
        beside.into_iter().for_each(|beside| (beside.kept)());
        Ok(lines)
    }

    /// Erases from the rows that sites and hub share whoever was erased from all else: what a crash left undone, too. Says how
    /// many rows were written, and how many still bear a name.
    fn erase_from_rows(&self) -> Result<(u64, u64), NotDone> {
        let Some(scribe) = self.scribe() else { return Ok((0, 0)) };
        let belongings = self.belongings.get().map(Vec::as_slice).unwrap_or_default();
        erase::rows(&self.state, scribe.rows(), belongings).map_err(|failed| NotDone::NotKept(failed.text))
    }

    pub(super) fn now(&self) -> UtcMs {
        self.clock.now().utc
    }

    /// The chains of the audit.
    pub(crate) fn chains(&self) -> Result<Vec<Option<Slug>>, NotDone> {
        audit::chains(&self.state).map_err(|error| NotDone::NotKept(error.to_string()))
    }

    /// Writes a refusal down, so many of a day.
    fn refused(&self, counted: &Mutex<(i64, u32)>, note: Note, asker: &Asker) {
        {
            let (today, mut count) = (self.now().0.div_euclid(DAY_MS), lock(counted));
            *count = if count.0 == today { (today, count.1.saturating_add(1)) } else { (today, 1) };
            if count.1 > TURNED_AWAY_A_DAY {
                return;
            }
        }
        let doer = Doer { who: "nobody", by: asker.by, from: &asker.from };
        if let Err(error) = self.state.transact(|tx| audit::append(tx, note, doer, self.now())) {
            warn!(%error, "a refusal could not be written into the audit");
        }
    }

    fn has_begun(&self) {
        if let Some(setup) = lock(&self.setup).take() {
            remove(&setup.file);
        }
    }
}

impl People for Register {
    fn directory(&self) -> RwLockReadGuard<'_, Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn chance(&self) -> Result<Chance, NotDone> {
        let mut bytes = [0; 32];
        let filled = getrandom::fill(&mut bytes);
        filled.map_err(|error| NotDone::NotKept(format!("the system gives no random bytes: {error}")))?;
        Ok(Chance::new(bytes))
    }

    fn carry_out_with(&self, order: Order, asker: &Asker, with: &mut With<'_>) -> Result<Answer, NotDone> {
        let chance = self.chance()?;
        let deciding = lock(&self.deciding);
        let (done, beside, who) = {
            let directory = self.directory();
            let done = directory.decide(order, asker, &chance, self.now())?;
            let beside = with(&directory, &done);
            // Who signs in or is invited is known by name as soon as they are known at all.
            let coming = done.changes.iter().find_map(|change| match change {
                Change::Person(person) if Some(&person.id) == done.by.as_ref() => Some(person.email.to_string()),
                _ => None,
            });
            (done, beside, coming.unwrap_or_else(|| directory.called(&asker.who)))
        };
        // Who erases themselves is not named by the line that tells of it.
        let by_themselves = done.erases.as_ref().filter(|erases| erases.names(&who)).map(|erases| &erases.pseudonym);
        let from = if by_themselves.is_some() { "" } else { asker.from.as_str() };
        let who = by_themselves.cloned().unwrap_or(who);
        let lines = self.keep(&done, beside, Doer { who: &who, by: asker.by, from })?;
        drop(deciding);
        if self.directory().is_begun() {
            self.has_begun();
        }
        for note in &done.notes {
            info!(who, what = note.what, on = note.on, from, "people changed");
        }
        Ok(match done.answer {
            Answer::Erased(erased) => {
                // They are erased; what rows still say is tried again within a minute, and after a crash.
                let (rows, rows_left) = self.erase_from_rows().unwrap_or_else(|error| {
                    warn!(%error, "a person who was erased could not be erased from rows; it is tried again");
                    (0, 0)
                });
                Answer::Erased(Erased { lines, rows, rows_left, ..erased })
            }
            answer => answer,
        })
    }

    fn may_begin(&self, code: &str) -> bool {
        lock(&self.setup).as_ref().is_some_and(|setup| setup.kept == Kept::of(code))
    }

    fn turned_away(&self, person: Option<&Id>, asker: &Asker, why: &'static str) {
        let from = asker.from.as_str();
        let known = person.and_then(|person| {
            let directory = self.directory();
            let person = directory.person(person)?;
            let client = person.grants.first().and_then(|grant| grant.scope.of_client().cloned());
            Some((person.email.to_string(), client))
        });
        // Who types a password into the field for the address has it written nowhere.
        let Some((email, client)) = known else { return warn!(from, why, "somebody unknown was not let in") };
        warn!(email, from, why, "not let in");
        let note = Note { client, what: "session.refused", on: email, before: json!(null), after: json!(why) };
        self.refused(&self.turned_away, note, asker);
    }

    fn not_vouched(&self, house: &str, asker: &Asker, why: &str) {
        let note = Note {
            client: None,
            what: "session.refused",
            on: house.to_owned(),
            before: json!(null),
            after: json!(why),
        };
        self.refused(&self.not_vouched, note, asker);
    }

    fn used(&self, who: &Who) {
        let change = {
            let mut directory = self.directory.write().unwrap_or_else(PoisonError::into_inner);
            directory.used(who, self.now())
        };
        let id = match &change {
            Some(Change::Session(session)) => session.id.clone(),
            Some(Change::Token(token)) => token.id.clone(),
            _ => return,
        };
        change.map(|change| lock(&self.used).insert(id, change));
    }

    fn acting(&self, asker: &Asker, name: &str, work: &mut dyn FnMut()) {
        let who = self.directory().called(&asker.who);
        match self.scribe() {
            Some(scribe) => {
                scribe.acting(Acting { name: name.to_owned(), who, by: asker.by, from: asker.from.clone() }, work);
            }
            None => work(),
        }
    }

    fn noted(&self, asker: &Asker, note: Note) -> Result<(), NotDone> {
        let who = self.directory().called(&asker.who);
        let doer = Doer { who: &who, by: asker.by, from: &asker.from };
        let written = self.state.transact(|tx| audit::append(tx, note, doer, self.now()));
        written.map_err(|error| NotDone::NotKept(error.to_string()))
    }

    fn lines(&self, client: Option<&Slug>, after: u64, most: usize) -> Result<Vec<(u64, Link)>, NotDone> {
        audit::lines(&self.state, client, after, most).map_err(|error| NotDone::NotKept(error.to_string()))
    }

    fn head(&self, client: Option<&Slug>) -> Result<Head, NotDone> {
        audit::head(&self.state, client).map_err(|error| NotDone::NotKept(error.to_string()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write_secret(file: &Path, code: &str) -> Result<(), Failed> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    remove(file);
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let written = made.and_then(|mut file| writeln!(file, "{code}"));
    written.map_err(|error| Failed::new(1, format!("the code for the first start can not be written: {error}")))
}

/// Whatever was there before is not the code any more.
fn remove(file: &Path) {
    if let Err(error) = std::fs::remove_file(file)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        warn!(file = %file.display(), %error, "the code of the first start can not be removed; it opens nothing any more");
    }
}

#[cfg(test)]
mod tests;
