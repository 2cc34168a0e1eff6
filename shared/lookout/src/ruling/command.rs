//! What the command line asks about rules as people say them: applied, changed, taken back; and about tags.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use vigie_model::{Slug, UtcMs};
use vigie_node::Failed;
use vigie_serve::{Dispatch, Incidents, Mark, Place, RuleWish, Undecided};

use super::place::{Typed, scope_text};
use super::write::{Plan, plan, removal};
use crate::command::{read, undecided};
use crate::watchman::{Watchman, lock};

/// What can be asked.
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
enum Request {
    RulesApply { place: PlaceSaid, name: String, text: String, by: String },
    RulesDiff { place: PlaceSaid, name: String, text: String },
    RulesRemove { place: PlaceSaid, name: String, by: String },
    RulesSet { wish: Box<RuleWish>, by: String },
    RulesUnset { wish: Box<RuleWish>, by: String },
    RulesLevels { name: String, machine: Option<String> },
    RulesVersions { name: String },
    RulesHistory { name: String },
    Tag { machine: String, client: Option<Slug>, site: Option<Slug>, name: Slug, group: bool, remove: bool },
    Tags,
    Routes,
    RoutesApply { place: PlaceSaid, routes: Vec<Value>, by: String },
    RoutesRemove { place: PlaceSaid, name: String, by: String },
    RoutesTest { name: String, by: String },
    Oncall,
    OncallApply { place: PlaceSaid, schedules: Vec<Value>, by: String },
    OncallRemove { place: PlaceSaid, name: String, by: String },
    OncallStandIn { place: PlaceSaid, name: String, who: String, from_ms: i64, to_ms: i64, by: String },
}

/// The words that begin a request which this room answers.
const ASKS: [&str; 18] = [
    "rules-apply",
    "rules-diff",
    "rules-remove",
    "rules-set",
    "rules-unset",
    "rules-levels",
    "rules-versions",
    "rules-history",
    "tag",
    "tags",
    "routes",
    "routes-apply",
    "routes-remove",
    "routes-test",
    "oncall",
    "oncall-apply",
    "oncall-remove",
    "oncall-stand-in",
];

/// For whom something is said, as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PlaceSaid {
    client: Option<Slug>,
    site: Option<Slug>,
    machine: Option<String>,
    group: Option<Slug>,
    tag: Option<Slug>,
}

impl PlaceSaid {
    fn typed(&self) -> Typed<'_> {
        let Self { client, site, machine, group, tag } = self;
        Typed {
            client: client.as_ref(),
            site: site.as_ref(),
            machine: machine.as_deref(),
            group: group.as_ref(),
            tag: tag.as_ref(),
        }
    }
}

/// Answers a request at the local socket; nothing where it is not about what people say of rules.
pub(crate) async fn answer(watchman: &Arc<Watchman>, request: &Value) -> Option<Result<Value, Failed>> {
    request["ask"].as_str().filter(|ask| ASKS.contains(ask))?;
    let request: Request = match read(request) {
        Ok(request) => request,
        Err(failed) => return Some(Err(failed)),
    };
    let watchman = watchman.clone();
    let done = tokio::task::spawn_blocking(move || watchman.rule(request)).await;
    Some(done.unwrap_or_else(|_| Err(Failed::new(1, "it failed by an error of ours; look at the node's log"))))
}

impl Watchman {
    fn rule(&self, request: Request) -> Result<Value, Failed> {
        let failed = |error: Undecided| undecided(&error);
        match request {
            Request::RulesApply { place, name, text, by } => {
                let (plan, scope) = self.planned(&place, &name, &text).map_err(failed)?;
                let changes = self.write_rulings(plan, &by).map_err(failed)?;
                Ok(json!({ "file": name, "scope": scope, "changes": changes }))
            }
            Request::RulesDiff { place, name, text } => {
                Ok(json!(self.planned(&place, &name, &text).map_err(failed)?.0.changes))
            }
            Request::RulesRemove { place, name, by } => {
                let (scope, of) = self.place(&place.typed()).map_err(failed)?;
                let plan = removal(&lock(&self.register).rulings, &scope, &of, &name).map_err(failed)?;
                Ok(json!({ "changes": self.write_rulings(plan, &by).map_err(failed)? }))
            }
            Request::RulesSet { wish, by } => self.tune(&wish, &by).map(|levels| json!(levels)).map_err(failed),
            Request::RulesUnset { wish, by } => self.untune(&wish, &by).map(|levels| json!(levels)).map_err(failed),
            Request::RulesLevels { name, machine } => {
                if let Some(machine) = &machine {
                    self.one_machine(machine, None, None).map_err(failed)?;
                }
                Ok(json!(self.levels_of(&name, machine.as_deref())))
            }
            Request::RulesVersions { name } => Ok(self.rule_versions(&name)),
            Request::RulesHistory { name } => Ok(self.rule_history(&name)),
            Request::Tag { machine, client, site, name, group, remove } => {
                let words = [name].into();
                let said = if group {
                    Mark { groups: words, ..Mark::default() }
                } else {
                    Mark { tags: words, ..Mark::default() }
                };
                self.tag(&machine, (client.as_ref(), site.as_ref()), &said, !remove).map_err(failed)
            }
            Request::Tags => Ok(self.tagged()),
            Request::Routes => Ok(self.routes_shown()),
            Request::RoutesApply { place, routes, by } => {
                self.apply_routes(&place.typed(), &routes, &by).map_err(failed)
            }
            Request::Oncall => Ok(json!(self.on_call_shown())),
            Request::OncallApply { place, schedules, by } => {
                self.apply_schedules(&place.typed(), &schedules, &by).map_err(failed)
            }
            Request::OncallRemove { place, name, by } => {
                self.remove_schedule(&place.typed(), &name, &by).map_err(failed)
            }
            Request::OncallStandIn { place, name, who, from_ms, to_ms, by } => {
                let stands_in = (who.as_str(), UtcMs(from_ms), UtcMs(to_ms));
                self.stand_in(&place.typed(), &name, stands_in, &by).map_err(failed)
            }
            Request::RoutesTest { name, by } => self.try_route(&name, &by).map(|tried| json!(tried)).map_err(failed),
            Request::RoutesRemove { place, name, by } => self.remove_route(&place.typed(), &name, &by).map_err(failed),
        }
    }

    fn planned(&self, place: &PlaceSaid, name: &str, text: &str) -> Result<(Plan, String), Undecided> {
        let (scope, of) = self.place(&place.typed())?;
        let (settings, machines) = (self.settings(), self.machines());
        let register = lock(&self.register);
        let plan = plan(&register.rulings, (&scope, &of), (name, text), &machines, &settings)?;
        Ok((plan, format!("{}{}", scope_text(&scope), of.shown())))
    }

    fn tag(
        &self,
        machine: &str,
        (client, site): (Option<&Slug>, Option<&Slug>),
        said: &Mark,
        present: bool,
    ) -> Result<Value, Undecided> {
        let machine = self.one_machine(machine, client, site)?;
        let known = self.marks().of(machine.node, &machine.client, &machine.site).cloned().unwrap_or_default();
        let none = Mark::default();
        let mark = if present { known.changed(said, &none) } else { known.changed(&none, said) };
        let place = Place { client: machine.client.clone(), site: machine.site.clone() };
        self.call(&[(place, machine.node, mark)])?;
        Ok(self.tagged())
    }

    fn tagged(&self) -> Value {
        let marks = self.marks();
        let presence = lock(&self.presence);
        let machines = presence.machines().map(|machine| {
            let mark = marks.of(machine.node, &machine.client, &machine.site).cloned().unwrap_or_default();
            json!({ "machine": machine.name, "client": machine.client, "site": machine.site, "tags": mark.tags,
                "groups": mark.groups })
        });
        machines.collect()
    }
}
