//! Who is on call, as the hub says it for itself and its sites?
//!
//! Schedules are rows beside routes. A step of a route names one: that of the route's own place, or of a wider one; never
//! another client's. People's numbers stand in these rows, which go to the sites that they are for.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vigie_alerts::Said;
use vigie_merge::{Key, Kind, Row, Scope, Ulid};
use vigie_model::UtcMs;
use vigie_notify::config::{ScheduleSaid, StandInSaid};
use vigie_notify::{Route, Schedule};
use vigie_serve::{OnCallNow, OnCallShown, Stamp, Undecided};

use crate::routes::{Held, RouteRow, edit};
use crate::rows::RowEdit;
use crate::ruling::{Typed, scope_text};
use crate::trying::place_of_scope;
use crate::watchman::{Watchman, lock};

/// Schedules of one place.
const MAX_SCHEDULES: usize = 32;

/// In keys, before a schedule's name.
const WORD: &str = "oncall";

/// All schedules whose rows are here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schedules {
    rows: BTreeMap<Key, Held>,
}

/// Whether a row of routes is a schedule.
pub fn is_schedule(key: &Key) -> bool {
    let parts: Vec<&str> = key.name().split('/').collect();
    parts.len() == 3 && parts[0] == WORD
}

impl Schedules {
    /// Takes in a row as it now stands.
    pub(crate) fn take(&mut self, key: &Key, row: &Row) -> bool {
        match Held::read(row) {
            Some(held) => drop(self.rows.insert(key.clone(), held)),
            None => drop(self.rows.remove(key)),
        }
        true
    }

    /// Those that were not taken back, as far as they make sense here.
    fn found(&self) -> impl Iterator<Item = (&Key, &Said<RouteRow>, Result<Schedule, String>)> {
        self.rows.iter().filter_map(|(key, held)| {
            let said = held.said.as_ref()?;
            let text = said.what.text.as_ref()?;
            let read = serde_json::from_str::<ScheduleSaid>(text).map_err(|error| error.to_string());
            Some((key, said, read.and_then(|said| said.check().map_err(|error| error.to_string()))))
        })
    }

    /// Those that can be used, each under a name that says its place too.
    pub(crate) fn all(&self) -> BTreeMap<String, Schedule> {
        let good = self.found().filter_map(|(key, _, schedule)| Some((key.scope(), schedule.ok()?)));
        good.map(|(scope, schedule)| (full(&scope, &schedule.name), schedule)).collect()
    }

    /// What a route of a place names, under names that say the place too: of its own place, or the next wider one.
    pub(crate) fn resolve(&self, route: &mut Route, scope: &Scope, all: &BTreeMap<String, Schedule>) {
        let wider = match scope {
            Scope::Deployment => vec![Scope::Deployment],
            Scope::Client(client) => vec![Scope::Client(client.clone()), Scope::Deployment],
            Scope::Site(client, _) => vec![scope.clone(), Scope::Client(client.clone()), Scope::Deployment],
        };
        for name in route.ladder.steps.iter_mut().flat_map(|step| &mut step.on_call) {
            let found = wider.iter().map(|scope| full(scope, name)).find(|full| all.contains_key(full));
            // One that is not here is nobody's; the step passes over it.
            *name = found.unwrap_or_else(|| full(scope, name));
        }
    }

    /// What writes a schedule for a place.
    fn written(
        &self,
        scope: &Scope,
        said: &Value,
        says: impl Fn(RouteRow) -> Said<RouteRow>,
    ) -> Result<(String, Option<RowEdit>), Undecided> {
        let name = said["name"].as_str().unwrap_or_default().to_owned();
        let wrong = |why: String| Undecided::Senseless(format!("schedule {name:?}: {why}"));
        let schedule: ScheduleSaid = serde_json::from_value(said.clone()).map_err(|error| wrong(error.to_string()))?;
        schedule.check().map_err(|error| Undecided::Senseless(error.to_string()))?;
        let key = key(scope, &name)?;
        let row = RouteRow { name: name.clone(), text: Some(json!(schedule).to_string()) };
        let there = self.rows.get(&key).and_then(|held| held.said.as_ref());
        if there.is_some_and(|there| there.what == row) {
            return Ok((String::new(), None));
        }
        let is_there = there.is_some_and(|there| there.what.text.is_some());
        let count = self.rows.keys().filter(|known| known.scope() == *scope && **known != key).count();
        if count >= MAX_SCHEDULES {
            return Err(Undecided::Senseless(format!("a place has at most {MAX_SCHEDULES} schedules")));
        }
        let edit = edit(self.rows.get(&key), key, &says(row), "schedule")?;
        Ok((format!("{} {name}", if is_there { "~" } else { "+" }), Some(edit)))
    }

    /// What was said under a name for a place, if it can be read here.
    pub(crate) fn row(&self, scope: &Scope, name: &str) -> Option<&Said<RouteRow>> {
        self.rows.get(&key(scope, name).ok()?)?.said.as_ref()
    }

    fn said(&self, scope: &Scope, name: &str) -> Result<ScheduleSaid, Undecided> {
        let held = self.rows.get(&key(scope, name)?).and_then(|held| held.said.as_ref());
        let text = held.and_then(|said| said.what.text.as_ref());
        let none = Undecided::NotHere("schedule of that name at that place");
        let text = text.ok_or(none)?;
        serde_json::from_str(text).map_err(|error| Undecided::Senseless(error.to_string()))
    }
}

impl Watchman {
    /// Who is on call now, and who is next, of every schedule.
    pub(crate) fn on_call_shown(&self) -> Vec<OnCallShown> {
        let now = self.utc();
        let register = lock(&self.register);
        let shown = register.routes.schedules.found().map(|(key, said, schedule)| {
            let (client, site) = place_of_scope(&key.scope());
            let (on_call, next, why) = match &schedule {
                Ok(schedule) => {
                    let first = schedule.at(now);
                    let next = first.as_ref().and_then(|found| schedule.at(found.until));
                    (first, next, None)
                }
                Err(why) => (None, None, Some(why.clone())),
            };
            let person = |found: vigie_notify::OnCall| OnCallNow {
                name: found.person.name,
                until: Stamp(found.until),
                stands_in: found.stands_in,
            };
            OnCallShown {
                name: said.what.name.clone(),
                scope: scope_text(&key.scope()),
                client,
                site,
                on_call: on_call.map(person),
                next: next.map(person),
                why,
                by: said.by.clone(),
                made_at: Stamp(said.happened),
            }
        });
        shown.collect()
    }

    /// Says a schedule for a place: at the hub alone.
    pub(crate) fn apply_schedules(&self, typed: &Typed<'_>, said: &[Value], by: &str) -> Result<Value, Undecided> {
        let scope = self.route_scope(typed)?;
        let now = self.utc();
        let (mut changes, mut edits) = (Vec::new(), Vec::new());
        for one in said {
            let says = |row| Said::new(row, by, &self.name, now);
            let (change, edit) = lock(&self.register).routes.schedules.written(&scope, one, says)?;
            if let Some(edit) = edit {
                changes.push(change);
                edits.push(edit);
            }
        }
        if !edits.is_empty() {
            self.write_decision(edits)?;
        }
        Ok(json!({ "scope": scope_text(&scope), "changes": changes }))
    }

    /// Takes a schedule of a place back: at the hub alone.
    pub(crate) fn remove_schedule(&self, typed: &Typed<'_>, name: &str, by: &str) -> Result<Value, Undecided> {
        let scope = self.route_scope(typed)?;
        let says = Said::new(RouteRow { name: name.to_owned(), text: None }, by, &self.name, self.utc());
        let edit = {
            let register = lock(&self.register);
            let schedules = &register.routes.schedules;
            schedules.said(&scope, name)?;
            let key = key(&scope, name)?;
            edit(schedules.rows.get(&key), key, &says, "schedule")?
        };
        self.write_decision(vec![edit])?;
        Ok(json!({ "scope": scope_text(&scope), "changes": [format!("- {name}")] }))
    }

    /// Somebody stands in, from one moment to another: at the hub alone. Who stood in before now is forgotten.
    pub(crate) fn stand_in(
        &self,
        typed: &Typed<'_>,
        name: &str,
        (who, from, to): (&str, UtcMs, UtcMs),
        by: &str,
    ) -> Result<Value, Undecided> {
        let scope = self.route_scope(typed)?;
        let mut said = lock(&self.register).routes.schedules.said(&scope, name)?;
        let schedule = said.check().map_err(|error| Undecided::Senseless(error.to_string()))?;
        let now = self.utc();
        let over: Vec<bool> = schedule.stand_ins.iter().map(|one| one.to <= now).collect();
        let mut over = over.into_iter();
        said.stand_in.retain(|_| !over.next().unwrap_or(false));
        said.stand_in.push(StandInSaid { from: schedule.local(from), to: schedule.local(to), who: who.to_owned() });
        self.apply_schedules(typed, &[json!(said)], by)
    }
}

fn full(scope: &Scope, name: &str) -> String {
    format!("{scope}:{name}")
}

fn key(scope: &Scope, name: &str) -> Result<Key, Undecided> {
    let hash = blake3::hash(format!("{WORD}/{name}").as_bytes());
    let id = Ulid::new(UtcMs(0), hash.as_bytes().first_chunk::<10>().copied().unwrap_or_default());
    let name = format!("{WORD}/{name}/{id}");
    Key::new(scope, &Kind::Route, &name).map_err(|error| Undecided::Senseless(error.to_string()))
}
