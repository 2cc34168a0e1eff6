//! The hub's local desk: what the command line asks of the running hub.

mod shown;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use vigie_forward::Forwarder;
use vigie_lookout::Watchman;
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_net::{Ca, Identity, SharedRevocations};
use vigie_node::hatch::{Answering, Long};
use vigie_node::{Command, Failed, NodeHandle, random_text};
use vigie_people::Note;
use vigie_serve::{EnrolmentState, Lookout, Place, Reachability, Tls, TokenTable};
use vigie_sync::Ledger;

use crate::admission::Gate;
use crate::backup::Backups;
use crate::budgets;
use crate::carried::Carriage;
use crate::grants::Grants;
use crate::jobs::Upkept;
use crate::joining::{Joining, NO_REAL_ONES, Wanted, state_of};
use crate::people::{Acting, Register};
use crate::raw;
use crate::registry::{AccessRow, Registry, TokenRow};
use crate::tokens::Tokens;

pub(crate) use self::shown::{forward_line, number, number_ms, show};

/// What the desk needs.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) gate: Arc<Gate>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) joining: Arc<Joining>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) own_token: String,
    pub(crate) ca: Arc<Ca>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) handle: NodeHandle,
    pub(crate) forwarder: Arc<Forwarder>,
    pub(crate) watchman: Arc<Watchman>,
    pub(crate) grants: Grants,
    pub(crate) people: Arc<Register>,
    pub(crate) backups: Arc<Backups>,
    pub(crate) upkept: Arc<Upkept>,
    pub(crate) carriage: Carriage,
    pub(crate) tls: Option<Tls>,
    pub(crate) revocations: SharedRevocations,
    pub(crate) revoked: tokio::sync::mpsc::UnboundedSender<()>,
}

/// What can be asked.
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
enum Request {
    Status,
    TokenCreate { client: Slug, site: Slug, uses: u32, ttl_ms: i64, roles: Vec<Role> },
    TokenList,
    TokenRevoke { id: String },
    NodeList,
    NodeRevoke { node: String },
    AccessCreate { name: String, clients: Vec<Slug>, writes: Vec<Place>, decides: bool },
    AccessList,
    AccessRevoke { name: String },
    Raw { machine: String, from_ms: i64, to_ms: i64, wish: bool },
}

impl Answering for Desk {
    async fn answer(&self, request: Value) -> Result<Value, Failed> {
        if let Some(answer) = self.kept_as_rows(&request).await {
            return answer;
        }
        if let Some(answer) = self.people.answer(&request).await {
            return answer;
        }
        if let Some(answer) = self.backups.answer(&request) {
            if answer.is_ok() && request["ask"] == "backup-take" {
                self.noted(None, "backup.take", request["to"].as_str().unwrap_or_default(), Value::Null)?;
            }
            return answer;
        }
        let request = serde_json::from_value(request).map_err(|error| Failed::new(2, error.to_string()))?;
        self.carry_out(request)
    }

    fn long(&self, request: &Value) -> Option<Long> {
        self.carriage.long(request, &self.people)
    }
}

/// What somebody decides at the terminal: it is kept as rows, and the audit tells of it.
const DECIDING: [&str; 18] = [
    "decide",
    "mute",
    "mute-end",
    "rules-here",
    "rules-apply",
    "rules-remove",
    "rules-set",
    "rules-unset",
    "tag",
    "routes-apply",
    "routes-remove",
    "oncall-apply",
    "oncall-remove",
    "oncall-stand-in",
    "link-set",
    "link-unset",
    "grant-add",
    "grant-revoke",
];

impl Desk {
    /// Alerts, rules, routes, lines, grants: what is decided of them is in the audit before it is answered.
    async fn kept_as_rows(&self, request: &Value) -> Option<Result<Value, Failed>> {
        let ask = request["ask"].as_str()?;
        let scribe = self.people.scribe().filter(|_| DECIDING.contains(&ask));
        let Some(scribe) = scribe else { return self.of_rows(request).await };
        let name = request["by"].as_str().unwrap_or_default().to_owned();
        let who = if name.is_empty() { "console".to_owned() } else { name.clone() };
        let acting = Acting { name, who, by: "command line", from: String::new() };
        scribe.acting_with(acting, self.of_rows(request)).await
    }

    async fn of_rows(&self, request: &Value) -> Option<Result<Value, Failed>> {
        if let Some(answer) = vigie_lookout::answer(&self.watchman, request).await {
            return Some(answer.and_then(|answer| self.tried(request, answer)));
        }
        if let Some(answer) = self.grants.answer(request).await {
            return Some(answer);
        }
        budgets::answer(self.handle.rows(), &self.gate.clock, request).await
    }

    /// What is done at the terminal, and kept nowhere but in the audit.
    fn tried(&self, request: &Value, answer: Value) -> Result<Value, Failed> {
        let name = request["name"].as_str().unwrap_or_default();
        match request["ask"].as_str() {
            Some("routes-test") => {
                self.noted(None, "route.test", name, json!({ "delivered": answer["delivered"] }))?;
            }
            Some("rules-here") => self.noted(None, "rule-file.set", name, json!({ "changes": answer["changes"] }))?,
            _ => {}
        }
        Ok(answer)
    }

    fn noted(&self, client: Option<Slug>, what: &'static str, on: &str, after: Value) -> Result<(), Failed> {
        let note = Note { client, what, on: on.to_owned(), before: Value::Null, after };
        self.people.noted_of_console(note)
    }

    fn now(&self) -> UtcMs {
        self.gate.clock.now().utc
    }

    fn carry_out(&self, request: Request) -> Result<Value, Failed> {
        match request {
            Request::Status => Ok(self.status()),
            Request::Raw { machine, from_ms, to_ms, wish } => {
                let times = (UtcMs(from_ms), UtcMs(to_ms));
                // A wish waits for the store, and others ask meanwhile.
                let answer =
                    tokio::task::block_in_place(|| raw::answer(self.gate.fleet.as_ref(), &machine, times, wish))?;
                if wish {
                    let after = json!({ "from_ms": from_ms, "until_ms": to_ms });
                    let client = self.gate.fleet.machines().into_iter();
                    let mut client = client.filter(|one| one.name == machine || one.id.to_string() == machine);
                    self.noted(client.next().map(|one| one.client), "raw.ask", &machine, after)?;
                }
                Ok(answer)
            }
            Request::TokenCreate { client, .. } if client.is_demonstration() => {
                Err(Failed::new(2, format!("{NO_REAL_ONES}; nothing was changed")))
            }
            Request::TokenCreate { client, site, uses, ttl_ms, roles } => {
                let wanted = Wanted { client, site, roles, uses, ttl_ms, by: String::new() };
                let (row, token) = self.joining.make_token(wanted, true)?;
                Ok(json!({ "id": row.id, "token": token, "expires_at_ms": row.expires_at_ms, "uses": row.uses_left }))
            }
            Request::TokenList => Ok(self.registry.tokens()?.iter().map(|row| self.shown(row)).collect()),
            Request::TokenRevoke { id } => Ok(self.shown(&self.registry.revoke_token(&id, self.now(), true)?)),
            Request::NodeList => Ok(json!(self.registry.nodes()?)),
            Request::NodeRevoke { node } => self.revoke_node(&node),
            Request::AccessCreate { name, clients, writes, decides } => {
                self.make_access(name, clients, writes, decides)
            }
            Request::AccessList => {
                let rows = self.registry.accesses()?.into_iter();
                Ok(rows
                    .map(|row| {
                        json!({ "name": row.name, "clients": row.clients, "writes": row.writes,
                            "decides": row.decides, "made_at_ms": row.made_at_ms })
                    })
                    .collect())
            }
            Request::AccessRevoke { name } => {
                self.registry.remove_access(&name, self.now())?;
                self.tokens.read(&self.registry, &self.own_token)?;
                Ok(Value::Null)
            }
        }
    }

    /// A join token as it is listed: never what proves it.
    fn shown(&self, row: &TokenRow) -> Value {
        let state = match state_of(row, self.now()) {
            EnrolmentState::Revoked => "revoked",
            EnrolmentState::Expired => "expired",
            EnrolmentState::UsedUp => "used up",
            EnrolmentState::Valid => "valid",
        };
        json!({ "id": row.id, "client": row.client, "site": row.site, "roles": row.roles, "uses_left": row.uses_left,
            "made_at_ms": row.made_at_ms, "expires_at_ms": row.expires_at_ms, "revoked": row.revoked, "state": state })
    }

    fn revoke_node(&self, node: &str) -> Result<Value, Failed> {
        let node: NodeId = node.parse()?;
        let row = self.registry.revoke_node(node, self.now())?;
        self.revocations.raise(self.registry.revocations()?)?;
        for (session, view) in &self.handle.view().sessions {
            if view.peer.node == node {
                self.handle.command(Command::Close(*session, "revoked".to_owned()));
            }
        }
        // The loop tells everyone who is connected; it ends only with the program.
        let _ending = self.revoked.send(());
        Ok(json!(row))
    }

    fn make_access(
        &self,
        name: String,
        clients: Vec<Slug>,
        writes: Vec<Place>,
        decides: bool,
    ) -> Result<Value, Failed> {
        if decides && clients.is_empty() && !writes.is_empty() {
            let why = "a token that writes and names no client sees nothing, so it decides nothing";
            return Err(Failed::new(2, format!("{why}; add --client, or leave --decide out; nothing was changed")));
        }
        if name.is_empty() || name.len() > 100 || name == "hub" {
            return Err(Failed::new(2, "a token's name has 1 to 100 bytes and is not \"hub\"; nothing was changed"));
        }
        let token = random_text()?;
        let hash = TokenTable::hash(&token).to_hex().to_string();
        let made_at_ms = self.now().0;
        self.registry.add_access(&AccessRow { name: name.clone(), hash, clients, writes, decides, made_at_ms })?;
        self.tokens.read(&self.registry, &self.own_token)?;
        Ok(json!({ "name": name, "token": token }))
    }

    fn status(&self) -> Value {
        let mut total = Ledger::default();
        let (mut used, mut cap, mut pressure) = (0, 0, String::new());
        if let Ok(log) = self.handle.log().read() {
            log.streams().values().for_each(|facts| total += &Ledger::of(facts, Role::Hub));
            (used, cap, pressure) = (log.used_bytes(), log.cap_bytes(), format!("{:?}", log.pressure()).to_lowercase());
        }
        let (mut sites, mut machines) = (self.gate.fleet.sites(), self.gate.fleet.machines());
        // Nothing of a demonstration is wrong with this hub.
        sites.retain(|site| !site.client.is_demonstration());
        machines.retain(|machine| !machine.client.is_demonstration());
        let count = |state| machines.iter().filter(|machine| machine.reachability.state == state).count();
        let by_state: serde_json::Map<_, _> =
            Reachability::ALL.into_iter().map(|state| (state.as_str().to_owned(), json!(count(state)))).collect();
        json!({
            "node": self.identity.node().to_string(),
            "as_of_ms": self.now().0,
            "advertised": self.gate.hub_addrs,
            "ca": self.ca.fingerprint().to_string(),
            "sites": sites.len(),
            "sites_cut": sites.iter().filter(|site| site.reachability.state == Reachability::Cut).count(),
            "machines": by_state,
            "sessions": self.handle.view().sessions.len(),
            "twins": vigie_node::twins_json(&self.handle.view()),
            "ledger": total,
            "sums_meet": total.meets(),
            "forward": self.forwarder.reports(),
            "store": { "bytes": used, "cap_bytes": cap, "pressure": pressure },
            "rows": self.handle.rows().told().as_json(),
            "watch": self.watchman.checkup(),
            "backup": self.backups.told(),
            "upkeep": self.upkept.told(),
            "tls": self.tls.as_ref().map(Tls::told),
        })
    }
}
