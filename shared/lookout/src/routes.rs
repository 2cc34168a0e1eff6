//! Who is told by routes that the hub says, for a client or a site? Rows without secrets: channels by name alone, which each
//! node knows, or not, by its own file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vigie_alerts::{EditError, Said};
use vigie_merge::{Context, Key, Kind, Many, Row, Scope, Ulid, limit};
use vigie_model::{Role, UtcMs};
use vigie_notify::config::{RouteSaid, check_elsewhere};
use vigie_notify::{Route, Rules};
use vigie_serve::{RouteShown, Stamp, Undecided};

use crate::oncall::{Schedules, is_schedule};
use crate::register::News;
use crate::rows::RowEdit;
use crate::ruling::{Of, Typed, scope_text};
use crate::trying::{place_of, place_of_scope};
use crate::watchman::{Watchman, lock};

/// Version of the value's shape.
const VERSION: u8 = 1;

/// Routes of one place: each is asked about each alert.
const MAX_ROUTES: usize = 64;

/// A route as it stands in a row, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RouteRow {
    pub(crate) name: String,
    /// The route in JSON, with the fields of `[[route]]`; none where it was taken back.
    pub(crate) text: Option<String>,
}

/// All routes whose rows are here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Routes {
    rows: BTreeMap<Key, Held>,
    /// Who is on call, for their steps.
    pub(crate) schedules: Schedules,
}

/// A row of a route or of a schedule.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    seen: Option<Context>,
    /// The latest; none where a newer version of this program wrote it.
    pub(crate) said: Option<Said<RouteRow>>,
}

impl Held {
    /// A row as it stands; nothing where there is none any more.
    pub(crate) fn read(row: &Row) -> Option<Self> {
        match row {
            Row::Many(many) if many.is_empty() => None,
            Row::Many(many) => {
                Some(Self { seen: Some(many.context()), said: many.effective().and_then(|value| read(&value)) })
            }
            _ => Some(Self { seen: None, said: None }),
        }
    }
}

/// A route of a row, as it is here.
#[derive(Debug)]
pub(crate) struct Found<'r> {
    pub(crate) key: &'r Key,
    said: Option<&'r Said<RouteRow>>,
    route: Result<(Route, Vec<String>), String>,
}

impl Routes {
    /// Takes in a row as it now stands; says whether it is one of ours.
    pub(crate) fn take(&mut self, key: &Key, row: &Row) -> bool {
        if key.kind() != Kind::Route {
            return false;
        }
        if is_schedule(key) {
            return self.schedules.take(key, row);
        }
        match Held::read(row) {
            Some(held) => drop(self.rows.insert(key.clone(), held)),
            None => return self.rows.remove(key).is_some(),
        }
        true
    }

    /// Those that were not taken back, as far as they can be used with these channels.
    pub(crate) fn found(&self, receivers: &BTreeMap<String, Vec<String>>) -> Vec<Found<'_>> {
        let found = self.rows.iter().filter_map(|(key, held)| {
            let Some(said) = &held.said else {
                let why = "it was written by a newer version of this program: update this node".to_owned();
                return Some(Found { key, said: None, route: Err(why) });
            };
            let text = said.what.text.as_ref()?;
            let route = serde_json::from_str::<RouteSaid>(text)
                .map_err(|error| error.to_string())
                .and_then(|route| check_elsewhere(&route, receivers).map_err(|error| error.to_string()));
            let route = route.map(|(route, unknown)| (confined(route, &key.scope()), unknown));
            Some(Found { key, said: Some(said), route })
        });
        found.collect()
    }

    /// The routes of the node's own file, and those of rows. Of two with one name the file's holds.
    pub(crate) fn with(&self, file: &Rules) -> Rules {
        let mut rules = file.clone();
        rules.schedules = self.schedules.all();
        for route in &mut rules.routes {
            let scope = match place_of(route) {
                (Some(client), Some(site)) => Scope::Site(client, site),
                (Some(client), None) => Scope::Client(client),
                _ => Scope::Deployment,
            };
            self.schedules.resolve(route, &scope, &rules.schedules);
        }
        for found in self.found(&file.receivers) {
            let Ok((mut route, _)) = found.route else { continue };
            self.schedules.resolve(&mut route, &found.key.scope(), &rules.schedules);
            let is_new = rules.routes.iter().all(|known| known.name != route.name);
            if is_new && !route.channels.is_empty() {
                rules.routes.push(route);
            }
        }
        rules
    }

    /// What writes these routes for a place.
    ///
    /// # Errors
    /// When one makes no sense; nothing is written then.
    pub(crate) fn written(
        &self,
        scope: &Scope,
        routes: &[Value],
        says: impl Fn(RouteRow) -> Said<RouteRow>,
    ) -> Result<(Vec<String>, Vec<RowEdit>), Undecided> {
        let (mut changes, mut edits) = (Vec::new(), Vec::new());
        for said in routes {
            let name = said["name"].as_str().unwrap_or_default().to_owned();
            let wrong = |why: String| Undecided::Senseless(format!("route {name:?}: {why}"));
            let route: RouteSaid = serde_json::from_value(said.clone()).map_err(|error| wrong(error.to_string()))?;
            check_elsewhere(&route, &BTreeMap::new()).map_err(|error| wrong(error.to_string()))?;
            let key = key(scope, &name)?;
            let row = RouteRow { name: name.clone(), text: Some(said.to_string()) };
            let there = self.rows.get(&key).and_then(|held| held.said.as_ref());
            if there.is_some_and(|there| there.what == row) {
                continue;
            }
            let is_there = there.is_some_and(|there| there.what.text.is_some());
            changes.push(format!("{} {name}", if is_there { "~" } else { "+" }));
            edits.push(edit(self.rows.get(&key), key, &says(row), "route")?);
        }
        let count = self.rows.keys().filter(|key| key.scope() == *scope).count();
        if count + edits.len() > MAX_ROUTES {
            return Err(Undecided::Senseless(format!("a place has at most {MAX_ROUTES} routes")));
        }
        Ok((changes, edits))
    }

    /// What was said under a name for a place, if it can be read here.
    pub(crate) fn row(&self, scope: &Scope, name: &str) -> Option<&Said<RouteRow>> {
        self.rows.get(&key(scope, name).ok()?)?.said.as_ref()
    }

    /// What takes a route of a place back.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn removed(
        &self,
        scope: &Scope,
        name: &str,
        says: impl Fn(RouteRow) -> Said<RouteRow>,
    ) -> Result<RowEdit, Undecided> {
        let key = key(scope, name)?;
        let there = self.rows.get(&key).and_then(|held| held.said.as_ref());
        if there.is_none_or(|there| there.what.text.is_none()) {
            return Err(Undecided::NotHere("route of that name at that place"));
        }
        edit(self.rows.get(&key), key, &says(RouteRow { name: name.to_owned(), text: None }), "route")
    }
}

/// What writes a row of a route or a schedule, over what is held of it.
pub(crate) fn edit(held: Option<&Held>, key: Key, said: &Said<RouteRow>, what: &str) -> Result<RowEdit, Undecided> {
    let name = &said.what.name;
    if held.is_some_and(|held| held.said.is_none()) {
        return Err(Undecided::Senseless(format!("{what} {name:?} was written by a newer version: update this node")));
    }
    let seen = held.map_or_else(|| Some(Many::new().context()), |held| held.seen.clone());
    let value = [vec![VERSION], postcard::to_stdvec(said).unwrap_or_default()].concat();
    if value.len() > limit::VALUE_BYTES {
        let (bytes, most) = (value.len(), limit::VALUE_BYTES);
        return Err(Undecided::Senseless(format!("{what} {name:?} takes {bytes} bytes, a row holds {most}")));
    }
    Ok(RowEdit::new(key, move |row, marker| {
        let mut many = match row {
            None => Many::new(),
            Some(Row::Many(many)) => many,
            Some(_) => return Err(EditError::OtherType),
        };
        many.write(Some(value), marker, &seen.unwrap_or_default())?;
        Ok(Row::Many(many))
    }))
}

impl Found<'_> {
    /// For a list of routes; `file` are the names of those that stand in the node's own file.
    pub(crate) fn shown(&self, file: &[String], of_hub: bool) -> RouteShown {
        let side = if of_hub { "cloud.toml" } else { "relay.toml" };
        let name = self.said.map_or("?", |said| said.what.name.as_str()).to_owned();
        let (client, site) = place_of_scope(&self.key.scope());
        let mut shown = RouteShown {
            source: "hub",
            scope: scope_text(&self.key.scope()),
            client,
            site,
            channels: Vec::new(),
            unknown_channels: Vec::new(),
            severity: None,
            always: false,
            used: false,
            why: None,
            by: self.said.map(|said| said.by.clone()),
            made_at: self.said.map(|said| Stamp(said.happened)),
            name,
        };
        shown.why = match &self.route {
            Err(why) => Some(why.clone()),
            Ok((route, missing)) => {
                (shown.channels, shown.unknown_channels) = (route.channels.clone(), missing.clone());
                (shown.severity, shown.always) = (Some(route.severity), route.always);
                let none =
                    format!("none of its channels is configured here ({}): {side} names them", missing.join(", "));
                let hidden = format!("{side} has a route of this name, which holds");
                match (file.contains(&shown.name), shown.channels.is_empty()) {
                    (true, _) => Some(hidden),
                    (false, true) => Some(none),
                    (false, false) => None,
                }
            }
        };
        shown.used = shown.why.is_none();
        shown
    }
}

impl Watchman {
    /// Routes of rows may have changed: they are told by from now on. What was told by others before stays told. Call it
    /// without the register, for a disk is waited for.
    pub(crate) fn take_routes(&self, news: &News) {
        if !news.routes {
            return;
        }
        let turn = lock(&self.routing);
        let routes = lock(&self.register).routes.with(&self.told_by);
        if let Err(error) = self.desk.set_rules(routes, (self.clock)().now()) {
            tracing::warn!(%error, "routes changed and hold; what follows from it is not written down yet");
        }
        // Whom a new route names has not heard of what is wrong already.
        self.queue_open();
        drop(turn);
    }

    /// All routes: of the node's own file, and of rows.
    pub(crate) fn all_routes(&self) -> Vec<RouteShown> {
        let of_hub = self.role == Role::Hub;
        let file = self.told_by.routes.iter().map(|route| {
            let (client, site) = place_of(route);
            RouteShown {
                name: route.name.clone(),
                source: "file",
                scope: "this node".to_owned(),
                client,
                site,
                channels: route.channels.clone(),
                unknown_channels: Vec::new(),
                severity: Some(route.severity),
                always: route.always,
                used: true,
                why: None,
                by: None,
                made_at: None,
            }
        });
        let own: Vec<String> = self.told_by.routes.iter().map(|route| route.name.clone()).collect();
        let mut all: Vec<RouteShown> = file.collect();
        let register = lock(&self.register);
        all.extend(register.routes.found(&self.told_by.receivers).iter().map(|found| found.shown(&own, of_hub)));
        all
    }

    /// As they are listed, with when they speak.
    pub(crate) fn routes_shown(&self) -> Value {
        json!({ "routes": self.all_routes(), "speaks": self.speaks().1 })
    }

    /// Says routes for a place: at the hub alone.
    pub(crate) fn apply_routes(&self, typed: &Typed<'_>, routes: &[Value], by: &str) -> Result<Value, Undecided> {
        let scope = self.route_scope(typed)?;
        let now = self.utc();
        let says = |row| Said::new(row, by, &self.name, now);
        let (changes, edits) = lock(&self.register).routes.written(&scope, routes, says)?;
        if !edits.is_empty() {
            self.write_decision(edits)?;
        }
        Ok(json!({ "scope": scope_text(&scope), "changes": changes }))
    }

    /// Takes a route of a place back: at the hub alone.
    pub(crate) fn remove_route(&self, typed: &Typed<'_>, name: &str, by: &str) -> Result<Value, Undecided> {
        let scope = self.route_scope(typed)?;
        let now = self.utc();
        let edit = lock(&self.register).routes.removed(&scope, name, |row| Said::new(row, by, &self.name, now))?;
        self.write_decision(vec![edit])?;
        Ok(json!({ "scope": scope_text(&scope), "changes": [format!("- {name}")] }))
    }

    pub(crate) fn route_scope(&self, typed: &Typed<'_>) -> Result<Scope, Undecided> {
        if self.role != Role::Hub {
            let why = "routes for several nodes are said at the hub; this relay's own stand in relay.toml";
            return Err(Undecided::Senseless(why.to_owned()));
        }
        match self.place(typed)? {
            (scope, Of::All) => Ok(scope),
            _ => Err(Undecided::Senseless("a route is for a place; labels choose machines".to_owned())),
        }
    }
}

/// A route of a place tells of nothing else, whatever it says.
fn confined(mut route: Route, scope: &Scope) -> Route {
    match scope {
        Scope::Deployment => {}
        Scope::Client(client) => route.clients = [client.clone()].into(),
        Scope::Site(client, site) => {
            (route.clients, route.sites) = ([client.clone()].into(), [site.clone()].into());
        }
    }
    route
}

fn key(scope: &Scope, name: &str) -> Result<Key, Undecided> {
    // The hub alone writes it, and what is taken back says so and is never collected: the key may be used again.
    let hash = blake3::hash(name.as_bytes());
    let id = Ulid::new(UtcMs(0), hash.as_bytes().first_chunk::<10>().copied().unwrap_or_default());
    Key::new(scope, &Kind::Route, &format!("{name}/{id}")).map_err(|error| Undecided::Senseless(error.to_string()))
}

pub(crate) fn read(value: &[u8]) -> Option<Said<RouteRow>> {
    postcard::from_bytes(value.strip_prefix(&[VERSION])?).ok()
}
