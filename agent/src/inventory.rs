//! What is this machine, and who is told when that changes?
//!
//! Looks at the machine at start and every slow interval, and writes the facts that changed as rows of its own, which go
//! up with everything else. A fact that reads otherwise than it was measured (the store was lost and an older copy came
//! back from above, or a copy of this machine wrote it) is written again, a minute later at the earliest.

mod look;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::{debug, warn};
use vigie_codec::inventory;
use vigie_merge::{Key, KeyError, Kind, Row};
use vigie_model::UtcMs;
use vigie_model::inventory::{Agent, Observed, Word};
use vigie_node::{NodeClock, NodeRows};

pub(crate) use self::look::hardware_id;

use self::look::Looked;

/// A fact that somebody else wrote is written again after this long: two copies of one machine would do nothing else.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Looks and writes for as long as the program runs.
pub(crate) async fn tend(rows: NodeRows, clock: NodeClock, every: Duration) {
    let agent = Agent { version: env!("CARGO_PKG_VERSION").to_owned(), began: clock.now().utc };
    let mut changes = rows.subscribe(&[Kind::Fact]);
    loop {
        let (looking, at, agent) = (rows.clone(), clock.now().utc, agent.clone());
        let looked = tokio::task::spawn_blocking(move || write_changed(&looking, &Looked::now(), &agent, at)).await;
        match looked {
            Ok(Ok(0)) => {}
            Ok(Ok(changed)) => debug!(changed, "facts of this machine were written"),
            Ok(Err(error)) => warn!(%error, "the facts of this machine could not be kept; trying again"),
            Err(_) => warn!("looking at this machine ended badly; trying again"),
        }
        // What was just written is no news.
        drop(changes.take());
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            _ = changes.next() => tokio::time::sleep(AGAIN_AFTER).await,
        }
    }
}

/// Why facts were not written.
#[derive(Debug, thiserror::Error)]
enum InventoryError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Read(#[from] vigie_store::rows::RowsError),
    #[error(transparent)]
    Write(#[from] vigie_store::rows::WriteError),
}

/// Writes the facts that are not as they stand, in one commit; says how many.
fn write_changed(rows: &NodeRows, looked: &Looked, agent: &Agent, at: UtcMs) -> Result<usize, InventoryError> {
    let Looked { system, disks, nics } = looked;
    let differing = [
        differs(rows, Word::System, inventory::write(&Observed { at, what: system }), system)?,
        list_differs(rows, Word::Disks, at, disks)?,
        list_differs(rows, Word::Nics, at, nics)?,
        differs(rows, Word::Agent, inventory::write(&Observed { at, what: agent }), agent)?,
    ];
    let differing: Vec<(Key, Vec<u8>)> = differing.into_iter().flatten().collect();
    if !differing.is_empty() {
        let write = |pen: &mut vigie_store::rows::Pen<'_>| {
            differing.iter().try_for_each(|(key, value)| pen.last(key, Some(value.clone())))
        };
        rows.edit_blocking(write)?;
    }
    Ok(differing.len())
}

fn list_differs<T: Serialize + DeserializeOwned + PartialEq + Clone>(
    rows: &NodeRows,
    word: Word,
    at: UtcMs,
    list: &[T],
) -> Result<Option<(Key, Vec<u8>)>, InventoryError> {
    let (fact, bytes) = inventory::write_list(at, list.to_vec());
    differs(rows, word, bytes, &fact.what)
}

/// The row to write, unless it already says this.
fn differs<T: DeserializeOwned + PartialEq>(
    rows: &NodeRows,
    word: Word,
    bytes: Vec<u8>,
    what: &T,
) -> Result<Option<(Key, Vec<u8>)>, InventoryError> {
    let who = rows.who();
    let key = Key::new(&who.view, &Kind::Fact, &format!("{}/{}", who.node, word.as_str()))?;
    let stands = match rows.get(&key)? {
        Some(Row::Last(last)) => last.value().and_then(inventory::read::<T>),
        _ => None,
    };
    Ok((stands.is_none_or(|stands| stands.what != *what)).then_some((key, bytes)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use vigie_model::{NodeId, Role, Slug};
    use vigie_store::State;
    use vigie_store::fault::FaultDisk;

    use super::*;

    #[test]
    fn facts_are_written_once_and_again_only_when_they_change() {
        let (state, _) = State::open_on(FaultDisk::new()).expect("a store in memory");
        let name: Slug = "acme".parse().expect("a name");
        let (me, clock) = (NodeId::from_bytes([7; 16]), NodeClock::new());
        let open = |state: &Arc<State>| {
            NodeRows::open(state.clone(), (me, Role::Agent), Some((&name, &name)), UtcMs(0), false, clock.clone())
                .expect("they open")
        };
        let rows = open(&Arc::new(state));
        let agent = Agent { version: "1".to_owned(), began: UtcMs(5) };
        let mut looked = Looked::now();
        let write = |looked: &Looked, at| write_changed(&rows, looked, &agent, UtcMs(at)).expect("they are kept");
        assert_eq!(write(&looked, 10), 4);
        assert_eq!(write(&looked, 20), 0);
        looked.disks.clear();
        looked.system.kernel = Some("newer".to_owned());
        assert_eq!(write(&looked, 30), if Looked::now().disks.is_empty() { 1 } else { 2 });
        let system = rows.scan(&rows.who().view, &Kind::Fact).expect("they are read");
        let at = |word: Word| {
            let row = system.iter().find(|(key, _)| key.name().ends_with(word.as_str()));
            let Some((_, Row::Last(last))) = row else { return None };
            match word {
                Word::System => {
                    last.value().and_then(inventory::read::<vigie_model::inventory::System>).map(|fact| fact.at)
                }
                _ => last.value().and_then(inventory::read::<Agent>).map(|fact| fact.at),
            }
        };
        assert_eq!((at(Word::System), at(Word::Agent)), (Some(UtcMs(30)), Some(UtcMs(10))));
    }
}
