//! Who comes to a hub, and what is kept and done for them: people, programs, their boards, backups, and clients that go.

use std::sync::Arc;

use tokio::sync::mpsc;
use vigie_node::{Failed, NodeClock, host_name};

use super::noded::Noded;
use super::stores::Stores;
use super::watching::Watching;
use crate::backup::Backups;
use crate::boards::Shelf;
use crate::carried::Carriage;
use crate::clients::{Eraser, Receipts};
use crate::config::Config;
use crate::people::{Register, Scribe};
use crate::photos::Album;
use crate::repeats::Answered;
use crate::tokens::Tokens;

/// Those who are let in, and what is theirs.
pub(super) struct Staff {
    pub(super) own_token: String,
    pub(super) tokens: Arc<Tokens>,
    pub(super) people: Arc<Register>,
    pub(super) boards: Arc<Shelf>,
    pub(super) photos: Arc<Album>,
    pub(super) backups: Arc<Backups>,
    pub(super) answered: Arc<Answered>,
    pub(super) eraser: Arc<Eraser>,
    pub(super) carriage: Carriage,
    /// Told when the hub is to begin again without a client.
    pub(super) again: mpsc::UnboundedReceiver<()>,
}

impl Staff {
    pub(super) fn open(
        config: &Config,
        stores: &Stores,
        noded: &Noded,
        watching: &Watching,
        clock: &NodeClock,
    ) -> Result<Self, Failed> {
        let (state, log, hub) = (&stores.state, noded.handle.log(), stores.identity.node());
        let own_token = vigie_node::http_token(&config.http_token_file)?;
        let tokens = Arc::new(Tokens::default());
        tokens.read(&stores.registry, &own_token)?;
        let people = Arc::new(Register::open(state.clone(), clock.clone(), &config.data, config.spans)?);
        let scribe = Arc::new(Scribe::open(state.clone(), noded.handle.rows().clone(), clock.clone())?);
        tokio::spawn(scribe.clone().follow());
        let boards = Arc::new(Shelf::open(state.clone(), clock.clone())?);
        let photos = Arc::new(Album::open(state.clone())?);
        let receipts = Arc::new(Receipts(state.clone()));
        let Watching { phones, book, .. } = watching;
        people.written_by(scribe, vec![boards.clone(), photos.clone(), phones.clone(), receipts, book.clone()]);
        tokio::spawn(people.clone().tend());
        stores.quotas.over(people.clone());
        tokio::spawn(stores.quotas.clone().tend(log.clone()));
        phones.knows(people.clone(), watching.lookout.watchman());
        let backups = Backups::new(
            (&config.data, config.backup.clone()),
            (hub.to_string(), host_name()),
            (log.clone(), state.clone()),
            clock.clone(),
            book.clone(),
        )?;
        let answered = Arc::new(Answered::open(state.clone(), clock.clone())?);
        tokio::spawn(answered.clone().tend());
        let (begin_again, again) = mpsc::unbounded_channel();
        let eraser = Arc::new(Eraser {
            state: state.clone(),
            log,
            hub,
            people: people.clone(),
            in_file: stores.in_file.clone(),
            clock: clock.clone(),
            runtime: tokio::runtime::Handle::current(),
            again: begin_again,
            asking: std::sync::Mutex::default(),
        });
        let (handle, identity) = (noded.handle.clone(), stores.identity.clone());
        let carriage = Carriage { handle, registry: stores.registry.clone(), identity };
        Ok(Self {
            own_token,
            tokens,
            people,
            boards,
            photos,
            backups: Arc::new(backups),
            answered,
            eraser,
            carriage,
            again,
        })
    }
}
