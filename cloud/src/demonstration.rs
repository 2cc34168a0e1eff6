//! The demonstration of this hub: begun when somebody asks for it, gone on with after a restart, and gone without a trace.
//!
//! What is remembered is one row of the small state; what its nodes keep lies in a folder of its own, in no backup. All else of
//! it is a client's like any other's, so removing it is erasing that client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::{info, warn};
use vigie_demonstration::{MACHINES, Progress, SITES, Setup, Stage, act};
use vigie_model::{DEMONSTRATION, Role, Slug, UtcMs};
use vigie_node::Failed;
use vigie_people::{Asker, Note, Who};
use vigie_serve::{
    Demonstrating, Demonstration, DemonstrationLine, DemonstrationState, Erasures, Holdings, People, Stamp, Undecided,
};

use crate::clients::Eraser;
use crate::joining::{Joining, Wanted};

/// Where the row stands.
const TABLE: &str = "demonstration";
const KEY: &[u8] = b"now";

/// After so long it goes by itself: by then it was seen, or forgotten.
const LASTS_MS: i64 = 30 * 86_400_000;

/// A token for the nodes of one site is good for so long: they join at once.
const TOKEN_MS: i64 = 10 * 60_000;

/// How often it is looked whether its time is over.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// What is remembered of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
    by: String,
    began_ms: i64,
    ends_ms: i64,
    /// Somebody removed it, or its time was over: what is left of it goes.
    removed: bool,
    /// The receipt.
    erasure: Option<String>,
}

/// The demonstration, or that there is none.
#[derive(Debug)]
pub(crate) struct Played {
    /// Where its nodes keep what they keep.
    folder: PathBuf,
    /// Where the hub listens for nodes.
    hub: SocketAddr,
    joining: Arc<Joining>,
    eraser: Arc<Eraser>,
    client: Slug,
    stage: Mutex<Option<Stage>>,
    /// One wish at a time.
    asking: Mutex<()>,
}

impl Played {
    /// Takes up what was left, from within a runtime, of a hub with this folder that listens there.
    pub(crate) fn open(
        (data, listens): (&Path, SocketAddr),
        joining: Arc<Joining>,
        eraser: Arc<Eraser>,
    ) -> Result<Arc<Self>, Failed> {
        let played = Arc::new(Self {
            folder: data.join("demonstration"),
            hub: near(listens),
            joining,
            eraser,
            client: DEMONSTRATION.parse()?,
            stage: Mutex::default(),
            asking: Mutex::default(),
        });
        tokio::spawn(played.clone().tend());
        Ok(played)
    }

    /// Goes on with it, or with removing it, and removes it when its time is over; for as long as the hub runs.
    async fn tend(self: Arc<Self>) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            look.tick().await;
            let played = self.clone();
            if let Ok(Err(not)) = tokio::task::spawn_blocking(move || played.look()).await {
                warn!(%not, "the demonstration could not be looked after; it is tried again");
            }
        }
    }

    /// Has its nodes keep what they have and leave: the hub ends.
    pub(crate) async fn close(&self) {
        let stage = self.stage().take();
        if let Some(stage) = stage {
            stage.close().await;
        }
    }

    fn look(&self) -> Result<(), Undecided> {
        let asking = self.asking();
        let Some(row) = self.row()? else { return Ok(()) };
        if row.removed {
            return self.clear(row);
        }
        // A hub that was brought back from a backup has what was shown and not what showed it.
        let is_lost = self.stage().is_none() && !self.folder.is_dir();
        if self.eraser.clock.now().utc.0 >= row.ends_ms || is_lost {
            drop(asking);
            let gone = self.remove("hub")?;
            return self.noted(json!({ "erasure": gone.erasure, "why": if is_lost { "restored" } else { "over" } }));
        }
        let mut stage = self.stage();
        if !stage.as_ref().is_some_and(|stage| !matches!(stage.progress(), Progress::Failed(_))) {
            // One that could not begin lets go of its stores before the next opens them.
            drop(stage.take());
            *stage = Some(self.begun(&row)?);
        }
        Ok(())
    }

    fn begun(&self, row: &Row) -> Result<Stage, Undecided> {
        let joining = self.joining.clone();
        let client = self.client.clone();
        let tokens = move |site: &str| {
            let (client, roles, uses) = (client.clone(), vec![Role::Agent, Role::Relay], 1);
            let wanted =
                Wanted { client, site: site.parse()?, roles, uses, ttl_ms: TOKEN_MS, by: "demonstration".to_owned() };
            joining.make_token(wanted, false).map(|(_, text)| text)
        };
        let (folder, began) = (self.folder.clone(), UtcMs(row.began_ms));
        let setup = Setup { folder, hub: self.hub, began, tokens: Arc::new(tokens) };
        std::fs::create_dir_all(&self.folder).map_err(|error| Undecided::NotKept(error.to_string()))?;
        Stage::begin(setup).map_err(not_kept)
    }

    /// Nothing plays it any more and what its nodes kept is gone; its client is erased, or was.
    fn clear(&self, mut row: Row) -> Result<(), Undecided> {
        let stage = self.stage().take();
        if let Some(stage) = stage {
            self.eraser.runtime.block_on(stage.close());
        }
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Undecided::NotKept(format!("{}: {error}", self.folder.display())));
            }
            _ => {}
        }
        match self.eraser.erase(&self.client, &row.by) {
            Ok(erasure) => {
                row.erasure = Some(erasure.id);
                self.keep(&row)
            }
            Err(Undecided::NotHere(_)) => {
                info!("nothing is left of the demonstration");
                self.let_go()
            }
            Err(not) => Err(not),
        }
    }

    fn shown(&self, row: Option<&Row>) -> Demonstration {
        let none = Demonstration::none(MACHINES as u64);
        let Some(row) = row else { return none };
        let progress = self.stage().as_ref().map(Stage::progress);
        let (state, why) = match progress {
            _ if row.removed => (DemonstrationState::Removing, None),
            Some(Progress::Playing) => (DemonstrationState::Playing, None),
            Some(Progress::Failed(why)) => (DemonstrationState::Failed, Some(why)),
            Some(Progress::Starting) | None => (DemonstrationState::Starting, None),
        };
        let now = act(self.eraser.clock.now().utc.0 - row.began_ms);
        let line = SITES[0].parse().ok().filter(|_| state == DemonstrationState::Playing).map(|site| {
            let changes_at = Stamp(UtcMs(row.began_ms + now.changes_at_ms));
            DemonstrationLine { site, cut: now.is_cut, changes_at }
        });
        Demonstration {
            state,
            by: Some(row.by.clone()),
            began: Some(Stamp(UtcMs(row.began_ms))),
            ends_at: Some(Stamp(UtcMs(row.ends_ms))),
            line,
            why,
            erasure: row.erasure.clone(),
            ..none
        }
    }

    fn row(&self) -> Result<Option<Row>, Undecided> {
        let row = self.eraser.state.get(TABLE, KEY).map_err(|error| Undecided::NotKept(error.to_string()))?;
        // What can not be read was written by a later version, and stands for one that nobody removed.
        Ok(row.and_then(|row| serde_json::from_slice(&row).ok()))
    }

    fn keep(&self, row: &Row) -> Result<(), Undecided> {
        // Texts and numbers: writing them to memory does not fail.
        let bytes = serde_json::to_vec(row).unwrap_or_default();
        self.eraser.state.put(TABLE, KEY, &bytes).map_err(|error| Undecided::NotKept(error.to_string()))
    }

    fn let_go(&self) -> Result<(), Undecided> {
        let gone = self.eraser.state.remove(TABLE, KEY);
        gone.map(drop).map_err(|error| Undecided::NotKept(error.to_string()))
    }

    fn noted(&self, after: Value) -> Result<(), Undecided> {
        let asker = Asker { who: Who::Console, by: "hub", from: String::new() };
        let on = DEMONSTRATION.to_owned();
        let note = Note { client: None, what: "demonstration.remove", on, before: Value::Null, after };
        self.eraser.people.noted(&asker, note).map_err(|not| Undecided::NotKept(not.to_string()))
    }

    fn stage(&self) -> MutexGuard<'_, Option<Stage>> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asking(&self) -> MutexGuard<'_, ()> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Demonstrating for Played {
    fn demonstration(&self) -> Result<Demonstration, Undecided> {
        Ok(self.shown(self.row()?.as_ref()))
    }

    fn begin(&self, by: &str) -> Result<Demonstration, Undecided> {
        let _asking = self.asking();
        if let Some(row) = self.row()? {
            let goes = "the demonstration of before is just being removed: ask again in some seconds";
            return if row.removed { Err(Undecided::NotKept(goes.to_owned())) } else { Ok(self.shown(Some(&row))) };
        }
        if self.eraser.holdings(&self.client)? != Holdings::default() {
            let why = format!(
                "a client is called {DEMONSTRATION} here and is no demonstration of this hub's: erase it before"
            );
            return Err(Undecided::Senseless(why));
        }
        let began_ms = self.eraser.clock.now().utc.0;
        let row = Row { by: by.to_owned(), began_ms, ends_ms: began_ms + LASTS_MS, removed: false, erasure: None };
        // Before anybody joins: what joined is always known to be a demonstration's.
        self.keep(&row)?;
        match self.begun(&row) {
            Ok(stage) => *self.stage() = Some(stage),
            Err(not) => {
                self.let_go()?;
                return Err(not);
            }
        }
        Ok(self.shown(Some(&row)))
    }

    fn remove(&self, by: &str) -> Result<Demonstration, Undecided> {
        let _asking = self.asking();
        let mut row = self.row()?.ok_or(Undecided::NotHere("demonstration"))?;
        if !row.removed {
            row = Row { removed: true, by: by.to_owned(), ..row };
            self.keep(&row)?;
        }
        self.clear(row.clone())?;
        Ok(self.shown(Some(&self.row()?.unwrap_or(row))))
    }
}

/// Where somebody on the hub's own machine finds it: whoever listens everywhere listens here.
fn near(listens: SocketAddr) -> SocketAddr {
    let ip = match listens.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listens.port())
}

fn not_kept(failed: Failed) -> Undecided {
    Undecided::NotKept(failed.text)
}
