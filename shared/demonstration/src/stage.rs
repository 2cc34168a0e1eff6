//! Where the demonstration is played: a runtime of its own, which takes with it all that ran in it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tracing::{info, warn};
use vigie_model::{Role, UtcMs};
use vigie_node::Failed;

use crate::agent::Agent;
use crate::cast::{CAST, SITES};
use crate::opening::{Tokens, opened};
use crate::relay::Relay;
use crate::road::Road;

/// So long all have for keeping what they have and saying goodbye.
const FAREWELL: Duration = Duration::from_secs(5);

/// What a demonstration needs.
pub struct Setup {
    /// Where its nodes keep what they keep.
    pub folder: PathBuf,
    /// Where the hub listens for nodes, from here.
    pub hub: SocketAddr,
    /// When it began, at this start or an earlier one.
    pub began: UtcMs,
    /// Who gives a token by which nodes join this site; asked only for nodes that never did.
    pub tokens: Tokens,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").field("hub", &self.hub).field("began", &self.began).finish_non_exhaustive()
    }
}

/// How far a stage is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Progress {
    /// Its nodes join or open their stores.
    #[default]
    Starting,
    /// All of them live.
    Playing,
    /// It could not begin, and why.
    Failed(String),
}

/// A demonstration that is played.
#[derive(Debug)]
pub struct Stage {
    runtime: Option<Runtime>,
    stop: watch::Sender<bool>,
    progress: watch::Receiver<Progress>,
    played: Option<JoinHandle<()>>,
}

impl Stage {
    /// Begins to play, and goes on until it is closed. What comes of it says [`Stage::progress`].
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn begin(setup: Setup) -> Result<Self, Failed> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("demonstration")
            .thread_stack_size(512 * 1024)
            .enable_all()
            .build()?;
        let (stop, stopped) = watch::channel(false);
        let (said, progress) = watch::channel(Progress::Starting);
        let played = runtime.spawn(async move {
            if let Err(failed) = play(setup, stopped, &said).await {
                warn!(error = failed.text, "the demonstration could not begin; it is tried again");
                said.send_replace(Progress::Failed(failed.text));
            }
        });
        Ok(Self { runtime: Some(runtime), stop, progress, played: Some(played) })
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// Has everybody keep what they have and leave, and lets go of all of it.
    pub async fn close(mut self) {
        self.stop.send_replace(true);
        if let Some(played) = self.played.take()
            && tokio::time::timeout(FAREWELL, played).await.is_err()
        {
            warn!("the demonstration did not end in time, and is ended");
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What its stores did not commit stands nowhere, and nobody misses it.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn play(setup: Setup, stop: watch::Receiver<bool>, said: &watch::Sender<Progress>) -> Result<(), Failed> {
    let mut lives = JoinSet::new();
    for (no, site) in SITES.into_iter().enumerate() {
        let name = ["relay-", site].concat();
        let folder = setup.folder.join(&name);
        let relay = opened(folder, (Role::Relay, name, site), setup.hub, setup.tokens.clone()).await?;
        let road = Road::build(setup.hub).await?;
        let relay = Relay::begin(&relay, road, (no == 0).then_some(setup.began))?;
        let at = relay.at()?;
        lives.spawn(relay.live(stop.clone()));
        for part in CAST.iter().filter(|part| part.site == site) {
            let (folder, name) = (setup.folder.join(part.name), part.name.to_owned());
            let agent = opened(folder, (Role::Agent, name, site), setup.hub, setup.tokens.clone()).await?;
            lives.spawn(Agent::begin(part, &agent, at, setup.began)?.live(stop.clone()));
        }
    }
    info!("the demonstration plays");
    said.send_replace(Progress::Playing);
    while lives.join_next().await.is_some() {}
    Ok(())
}
