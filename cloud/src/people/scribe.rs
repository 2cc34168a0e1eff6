//! Writes into the audit what people do that is kept as rows: decisions of alerts, maintenance, rules, routes, tags, lines,
//! and who came in at sites; here, and at sites as the hub learns of it.
//!
//! Beside the chains it keeps of each row which deeds are written down, in one transaction with their lines: whatever was
//! decided before a crash is written after it, once. Whoever does something at the hub does it within [`Scribe::acting`], so
//! that the line says by which way and from where, and stands before they are answered.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::warn;
use vigie_merge::{Key, Kind, Row, Scope};
use vigie_model::{Slug, UtcMs};
use vigie_node::{BudgetSaid, Failed, NodeClock, NodeRows, RowChanges};
use vigie_people::{Deed, Note};
use vigie_store::{CommitError, State, StateTx, TxError};

use super::audit::{Doer, append_at};
use super::erase;

/// Of each row, which deeds are written down.
pub(crate) const NOTED: &str = "audit.noted";

/// Rows whose lines are written in one transaction: some thousand lines, so that nobody else waits for long.
const AT_ONCE: usize = 200;

/// What could not be written down is tried again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Who does something, and how it is called.
#[derive(Debug, Clone)]
pub(crate) struct Acting {
    /// As rows say it.
    pub(crate) name: String,
    /// As the audit says it.
    pub(crate) who: String,
    pub(crate) by: &'static str,
    pub(crate) from: String,
}

/// Follows the rows, and writes.
#[derive(Debug)]
pub(crate) struct Scribe {
    state: Arc<State>,
    rows: NodeRows,
    clock: NodeClock,
    /// One act at a time, from its beginning until its lines are written: of what changes meanwhile it is known whose it is.
    turn: tokio::sync::Mutex<()>,
    acting: Mutex<Option<Acting>>,
    pending: Mutex<Pending>,
}

#[derive(Debug)]
struct Pending {
    changes: RowChanges,
    /// What was not written down when it was tried.
    left: BTreeSet<Key>,
    all: bool,
}

/// What is written down of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    /// The deeds that stand in it.
    marks: Vec<String>,
    /// As it is by the last of them.
    is: Value,
}

impl Scribe {
    /// Writes down what was not yet, and follows the rows from now on.
    pub(crate) fn open(state: Arc<State>, rows: NodeRows, clock: NodeClock) -> Result<Self, Failed> {
        let pending = Pending { changes: rows.subscribe(&kinds()), left: BTreeSet::new(), all: true };
        let turn = tokio::sync::Mutex::default();
        let scribe = Self { state, rows, clock, turn, acting: Mutex::default(), pending: Mutex::new(pending) };
        scribe.forget_gone()?;
        scribe.catch_up().map_err(|why| Failed::new(1, format!("the audit can not be written: {why}")))?;
        Ok(scribe)
    }

    /// The rows that it follows.
    pub(crate) fn rows(&self) -> &NodeRows {
        &self.rows
    }

    /// Follows what sites tell, for as long as the program runs.
    pub(crate) async fn follow(self: Arc<Self>) {
        let mut wake = self.rows.subscribe(&kinds());
        loop {
            let scribe = self.clone();
            let done = tokio::task::spawn_blocking(move || scribe.catch_up()).await;
            match done {
                Ok(Ok(())) => drop(wake.next().await),
                Ok(Err(error)) => {
                    warn!(error, "what people did could not be written into the audit; it is tried again");
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
                Err(error) => {
                    warn!(%error, "the audit was not written by an error of ours; it is tried again");
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
            }
        }
    }

    /// Does something in somebody's name, on a thread that may block.
    pub(crate) fn acting<T>(&self, who: Acting, work: impl FnOnce() -> T) -> T {
        let _turn = self.turn.blocking_lock();
        self.begin(who);
        let done = work();
        self.end();
        done
    }

    /// As [`Scribe::acting`], where nothing may block.
    pub(crate) async fn acting_with<T>(self: &Arc<Self>, who: Acting, work: impl Future<Output = T>) -> T {
        let _turn = self.turn.lock().await;
        self.begin(who);
        let done = work.await;
        let scribe = self.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || scribe.end()).await {
            warn!(%error, "the audit was not written by an error of ours; it is tried again");
        }
        done
    }

    fn begin(&self, who: Acting) {
        // What came before is not theirs.
        self.written();
        *lock(&self.acting) = Some(who);
    }

    fn end(&self) {
        self.written();
        *lock(&self.acting) = None;
    }

    fn written(&self) {
        // It was done all the same; the line follows as soon as the store takes it.
        if let Err(error) = self.catch_up() {
            warn!(error, "what people did could not be written into the audit at once; it is tried again");
        }
    }

    /// Writes down all that changed and is not yet.
    fn catch_up(&self) -> Result<(), String> {
        let mut pending = lock(&self.pending);
        let changed = pending.changes.take();
        pending.left.extend(changed.keys);
        pending.all |= changed.all;
        if pending.all {
            let all = self.rows.scan_all(&kinds()).map_err(|error| Failed::from(error).text)?;
            pending.left.extend(all.into_iter().map(|(key, _)| key));
            pending.all = false;
        }
        while !pending.left.is_empty() {
            let keys: Vec<Key> = pending.left.iter().take(AT_ONCE).cloned().collect();
            self.write(&keys).map_err(|failed| failed.text)?;
            pending.left.retain(|key| !keys.contains(key));
        }
        Ok(())
    }

    fn write(&self, keys: &[Key]) -> Result<(), Failed> {
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            rows.push((key, self.deeds(key)?));
        }
        let (now, acting) = (self.clock.now().utc, lock(&self.acting).clone());
        let written: Result<(), CommitError> = self.state.transact_if(|tx| {
            let mut any = false;
            for (key, deeds) in &rows {
                any |= write_one(tx, key, deeds.as_deref(), acting.as_ref(), now)?;
            }
            Ok(any)
        });
        Ok(written?)
    }

    /// What people did, by a row; nothing where it is no more.
    fn deeds(&self, key: &Key) -> Result<Option<Vec<Deed>>, Failed> {
        let Some(row) = self.rows.get(key)? else { return Ok(None) };
        let about = about(&self.rows, key)?;
        let mut deeds = vigie_lookout::deeds(key, &row, about.as_ref());
        deeds.extend(vigie_grants::deeds(key, &row));
        deeds.extend(budget(key, &row));
        Ok(Some(deeds))
    }

    /// Rows that went while this program did not run.
    fn forget_gone(&self) -> Result<(), Failed> {
        for (key, _) in self.state.scan(NOTED, b"")? {
            let gone = match Key::read(&key) {
                Ok(key) => self.rows.get(&key)?.is_none(),
                Err(_) => true,
            };
            if gone {
                self.state.remove(NOTED, &key)?;
            }
        }
        Ok(())
    }
}

/// Writes the lines of one row's new deeds; says whether there was anything to write.
fn write_one(
    tx: &mut StateTx<'_>,
    key: &Key,
    deeds: Option<&[Deed]>,
    acting: Option<&Acting>,
    now: UtcMs,
) -> Result<bool, TxError> {
    let kept = tx.get(NOTED, key.as_bytes())?;
    let Some(deeds) = deeds else {
        return if kept.is_some() { tx.remove(NOTED, key.as_bytes()) } else { Ok(false) };
    };
    let noted: Noted = kept.as_deref().and_then(|row| serde_json::from_slice(row).ok()).unwrap_or_default();
    let mark = |deed: &Deed| data_encoding::HEXLOWER.encode(&deed.mark);
    let new: Vec<&Deed> = deeds.iter().filter(|deed| !noted.marks.contains(&mark(deed))).collect();
    let mut is = noted.is.clone();
    // The latest stands first, and is told last.
    for deed in new.iter().rev() {
        // That a pseudonym came in somebody's place is no deed; the line of the deed is there.
        if erase::is_pseudonym(tx, &deed.who)? || erase::is_pseudonym(tx, deed.is["to"].as_str().unwrap_or_default())? {
            continue;
        }
        let note = Note {
            client: client(key),
            what: deed.what,
            on: deed.on.clone(),
            before: noted.is.clone(),
            after: deed.is.clone(),
        };
        let told = told(deed, acting);
        append_at(tx, note, told.doer(), deed.happened.unwrap_or(now), now)?;
        is = deed.is.clone();
    }
    let next = Noted { marks: deeds.iter().map(mark).collect(), is };
    if next == noted {
        return Ok(false);
    }
    // Texts and JSON in memory: writing them does not fail.
    tx.put(NOTED, key.as_bytes(), &serde_json::to_vec(&next).unwrap_or_default())?;
    Ok(true)
}

struct Told {
    who: String,
    by: &'static str,
    from: String,
}

impl Told {
    fn doer(&self) -> Doer<'_> {
        Doer { who: &self.who, by: self.by, from: &self.from }
    }
}

/// Who did it, as far as that is known: who acts now, if the row says nothing else.
fn told(deed: &Deed, acting: Option<&Acting>) -> Told {
    let says_nothing = deed.who.is_empty();
    match acting.filter(|acting| says_nothing || deed.at_hub && deed.who == acting.name) {
        Some(acting) => Told { who: acting.who.clone(), by: acting.by, from: acting.from.clone() },
        None => {
            let who = if says_nothing { "not said".to_owned() } else { deed.who.clone() };
            let from = if deed.from.is_empty() { &deed.at } else { &deed.from };
            // Of what was decided here before a crash the way is not known any more.
            Told { who, by: if deed.at_hub { "hub" } else { "site" }, from: from.clone() }
        }
    }
}

/// What an alert is about whose decision stands in this row.
fn about(rows: &NodeRows, key: &Key) -> Result<Option<vigie_alerts::About>, Failed> {
    let Some((place, _)) = vigie_alerts::Place::of(key) else { return Ok(None) };
    let Ok(about) = place.key(vigie_alerts::Part::About) else { return Ok(None) };
    Ok(rows.get(&about)?.as_ref().and_then(vigie_alerts::about))
}

/// What a site's line may take.
fn budget(key: &Key, row: &Row) -> Option<Deed> {
    let (Kind::Budget, Scope::Site(client, site), Row::Last(last)) = (key.kind(), key.scope(), row) else {
        return None;
    };
    let said = BudgetSaid::read(key, row);
    let is = said.as_ref().map_or(Value::Null, |said| json!(said.budget));
    Some(Deed {
        what: if said.is_some() { "link.set" } else { "link.unset" },
        on: format!("{client}/{site}"),
        who: said.as_ref().map(|said| said.by.clone()).unwrap_or_default(),
        at: String::new(),
        from: String::new(),
        happened: said.map(|said| said.made),
        at_hub: true,
        is,
        mark: Deed::mark(last.value().unwrap_or_default()),
    })
}

fn client(key: &Key) -> Option<Slug> {
    match key.scope() {
        Scope::Deployment => None,
        Scope::Client(client) | Scope::Site(client, _) => Some(client),
    }
}

fn kinds() -> Vec<Kind> {
    let grants = vigie_grants::DEED_KINDS.into_iter();
    vigie_lookout::DEED_KINDS.into_iter().chain(grants).chain([Kind::Budget]).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
