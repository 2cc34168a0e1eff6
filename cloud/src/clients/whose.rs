//! Which of the hub's state is a client's?
//!
//! One answer for whoever counts what there is and for whoever lets it go, so that what was counted is what goes. Each room says
//! itself which of its rows are whose.

use std::collections::BTreeSet;

use serde_json::Value;
use vigie_merge::{Key, Kind, Scope};
use vigie_model::{NodeId, Slug, StreamId, pushed_place};
use vigie_notify::Table;
use vigie_people::ClientErasure;
use vigie_serve::{BoardKept, PhotoKept};
use vigie_store::{Log, ReadError, State};

use crate::people::{HEADS, LINES, NOTED};
use crate::registry::{ACCESS, AccessRow, NODES, NodeRow, TOKENS, TokenRow};
use crate::{boards, jobs, photos, quotas, repeats, retention, status_pages};

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    Stays,
    Goes,
    /// It tells of others, too.
    Becomes(Vec<u8>),
}

/// What a client is known by.
#[derive(Debug, Clone)]
pub(super) struct Whose {
    pub(super) client: Slug,
    pub(super) nodes: BTreeSet<NodeId>,
    pub(super) streams: BTreeSet<StreamId>,
    hooks: BTreeSet<String>,
    /// Routes that it has and nobody else.
    routes: BTreeSet<String>,
    pub(super) erasure: ClientErasure,
}

impl Whose {
    /// Reads by what a client is known. `in_file` are the routes of the hub's own file.
    pub(super) fn read(
        (state, log): (&State, &Log),
        hub: NodeId,
        in_file: &BTreeSet<String>,
        erasure: ClientErasure,
        client: &Slug,
    ) -> Result<Self, ReadError> {
        let nodes = state.scan(NODES, b"")?.into_iter();
        let nodes = nodes.filter_map(|(_, row)| serde_json::from_slice::<NodeRow>(&row).ok());
        let nodes: BTreeSet<NodeId> =
            nodes.filter(|row| row.client == *client).filter_map(|row| row.node.parse().ok()).collect();
        let is_pushed = |stream: &StreamId, name: &str| {
            stream.agent == hub && pushed_place(name).is_some_and(|(of, _)| of == *client)
        };
        let streams = log.streams().iter();
        let streams = streams.filter(|(stream, facts)| nodes.contains(&stream.agent) || is_pushed(stream, &facts.name));
        let streams = streams.map(|(stream, _)| *stream).collect();
        let mut hooks = BTreeSet::new();
        for table in vigie_notify::HOOK_TABLES {
            let rows = state.scan(table, b"")?;
            hooks.extend(rows.iter().filter_map(|(_, row)| vigie_notify::hook_of_client(table, row, client)));
        }
        let routes = routes(state, client, in_file)?;
        Ok(Self { client: client.clone(), nodes, streams, hooks, routes, erasure })
    }

    /// What becomes of a row of the state. Of tables that are not named here nothing is a client's, or it goes with its people.
    pub(super) fn fate(&self, table: &str, key: &[u8], row: &[u8]) -> Fate {
        let goes = |is: bool| if is { Fate::Goes } else { Fate::Stays };
        match table {
            NODES => goes(read::<NodeRow>(row).is_some_and(|row| row.client == self.client)),
            TOKENS => goes(read::<TokenRow>(row).is_some_and(|row| row.client == self.client)),
            ACCESS => read::<AccessRow>(row).map_or(Fate::Stays, |row| self.access(row)),
            LINES => goes(is_of(key, &self.client, 0)),
            HEADS => goes(key == self.client.as_str().as_bytes()),
            NOTED => goes(is_of(key, &self.client, b'/')),
            boards::TABLE => read::<BoardKept>(row).map_or(Fate::Stays, |board| self.board(board)),
            photos::TABLE => {
                goes(read::<PhotoKept>(row).is_some_and(|photo| photo.client.as_ref() == Some(&self.client)))
            }
            quotas::TABLE | retention::TABLE => goes(key == self.client.as_str().as_bytes()),
            jobs::TABLE => goes(jobs::is_of_client(row, &self.client)),
            repeats::TABLE => goes(self.is_answered(row)),
            vigie_forward::SENT => {
                goes(vigie_forward::sent_of(key).is_some_and(|stream| self.streams.contains(&stream)))
            }
            table if status_pages::TABLES.contains(&table) => {
                goes(status_pages::is_of_client(table, key, row, &self.client))
            }
            table if vigie_store::rows::STATE_TABLES.contains(&table) => {
                goes(vigie_store::rows::is_of_client(table, key, &self.client, &self.nodes))
            }
            table if vigie_notify::HOOK_TABLES.contains(&table) => {
                goes(vigie_notify::is_hook_of_client(table, key, row, &self.client, &self.hooks))
            }
            table if vigie_lookout::REMEMBERED_TABLES.contains(&table) => {
                goes(vigie_lookout::is_remembered_of_client(table, key, row, &self.client, &self.nodes))
            }
            table => match Table::ALL.into_iter().find(|of| of.name() == table) {
                Some(of) => match vigie_notify::left_without(of, key, row, &self.client, &self.routes) {
                    vigie_notify::Left::All => Fate::Stays,
                    vigie_notify::Left::Nothing => Fate::Goes,
                    vigie_notify::Left::Some(left) => Fate::Becomes(left),
                },
                None => Fate::Stays,
            },
        }
    }

    /// A token that shows nobody in particular shows everybody: so one to which nothing is left goes.
    fn access(&self, mut row: AccessRow) -> Fate {
        let before = row.clients.len() + row.writes.len();
        row.clients.retain(|client| *client != self.client);
        row.writes.retain(|place| place.client != self.client);
        match row.clients.len() + row.writes.len() {
            left if left == before => Fate::Stays,
            0 => Fate::Goes,
            _ => Fate::Becomes(written(&row)),
        }
    }

    /// Widgets that show the client go, and nobody of it sees the board any more.
    fn board(&self, mut board: BoardKept) -> Fate {
        let is_shared = board.head.shared.as_ref().is_some_and(|scope| scope.of_client() == Some(&self.client));
        let names = |question: &str| {
            let parts: Vec<&str> = question.split('"').collect();
            let of_client = |before: &str| before.trim_end_matches(['=', '~', '!', ' ']).ends_with("client");
            parts.windows(2).any(|pair| pair[1] == self.client.as_str() && of_client(pair[0]))
        };
        let before = board.wish.widgets.len();
        board.wish.widgets.retain(|widget| {
            widget.client.as_ref() != Some(&self.client) && !widget.query.as_deref().is_some_and(names)
        });
        if !is_shared && board.wish.widgets.len() == before {
            return Fate::Stays;
        }
        if is_shared {
            (board.head.shared, board.wish.shared) = (None, None);
        }
        board.head.widgets = board.wish.widgets.len();
        board.head.version += 1;
        Fate::Becomes(written(&board))
    }

    /// Whether an answer that is kept for a day may name the client: until when it is kept stands before it. What can not be
    /// read is not known to name nobody.
    fn is_answered(&self, row: &[u8]) -> bool {
        let kept: Option<Value> = row.get(8..).and_then(read);
        let Some(body) = kept.and_then(|kept| kept["answer"]["body"].as_str().map(str::to_owned)) else { return false };
        if body.is_empty() {
            return false;
        }
        let body = data_encoding::BASE64.decode(body.as_bytes()).ok().and_then(|bytes| read::<Value>(&bytes));
        body.is_none_or(|mut body| self.erasure.rename(&mut body) || self.is_of_machines(&body))
    }

    /// Whether one of the client's machines stands in it by its id.
    fn is_of_machines(&self, body: &Value) -> bool {
        match body {
            Value::String(text) => text.parse().is_ok_and(|id| self.nodes.contains(&id)),
            Value::Array(all) => all.iter().any(|one| self.is_of_machines(one)),
            Value::Object(all) => all.values().any(|one| self.is_of_machines(one)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
}

/// The tables of which something may be a client's, those of people left out.
pub(super) fn tables() -> Vec<&'static str> {
    let mut tables = vec![NODES, TOKENS, ACCESS, LINES, HEADS, NOTED];
    tables.extend([
        boards::TABLE,
        photos::TABLE,
        quotas::TABLE,
        retention::TABLE,
        repeats::TABLE,
        jobs::TABLE,
        vigie_forward::SENT,
    ]);
    tables.extend(status_pages::TABLES);
    tables.extend(vigie_store::rows::STATE_TABLES);
    tables.extend(vigie_notify::HOOK_TABLES);
    tables.extend(vigie_lookout::REMEMBERED_TABLES);
    tables.extend(Table::ALL.map(Table::name));
    tables
}

/// What the routes are called that a client has and nobody else.
fn routes(state: &State, client: &Slug, in_file: &BTreeSet<String>) -> Result<BTreeSet<String>, ReadError> {
    let (mut own, mut others) = (BTreeSet::new(), in_file.clone());
    for (key, row) in vigie_store::rows::of_kind(state, &Kind::Route)? {
        let Some(name) = vigie_lookout::route_named(&key, &row) else { continue };
        let is_own = client_of(&key).is_some_and(|of| of == *client);
        if is_own {
            own.insert(name)
        } else {
            others.insert(name)
        };
    }
    Ok(own.difference(&others).cloned().collect())
}

/// Whose a row is.
pub(super) fn client_of(key: &Key) -> Option<Slug> {
    match key.scope() {
        Scope::Deployment => None,
        Scope::Client(client) | Scope::Site(client, _) => Some(client),
    }
}

fn is_of(key: &[u8], client: &Slug, end: u8) -> bool {
    key.strip_prefix(client.as_str().as_bytes()).is_some_and(|rest| rest.first() == Some(&end))
}

fn read<T: serde::de::DeserializeOwned>(row: &[u8]) -> Option<T> {
    serde_json::from_slice(row).ok()
}

fn written<T: serde::Serialize>(row: &T) -> Vec<u8> {
    // Texts and numbers: writing them to memory does not fail.
    serde_json::to_vec(row).unwrap_or_default()
}
