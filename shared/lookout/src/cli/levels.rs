//! `rules apply|remove|set|unset|diff|history` and `tags`: what people say of rules, for a place.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use vigie_model::Slug;
use vigie_node::Failed;

use super::ruling::read;
use super::say::{lines, moment, text};
use super::{Node, Program, Where, Who};

/// For whom something is said. At a relay it is its own site; at the hub everybody, where nothing is said.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// For the machines of a client.
    #[arg(long)]
    client: Option<Slug>,
    /// For those of a site; its client too, where several have one of that name.
    #[arg(long)]
    site: Option<Slug>,
    /// For one machine there, by its name or id.
    #[arg(long, conflicts_with_all = ["group", "tag"])]
    machine: Option<String>,
    /// For those of a group there.
    #[arg(long, conflicts_with = "tag")]
    group: Option<Slug>,
    /// For those with a tag there.
    #[arg(long)]
    tag: Option<Slug>,
}

/// A rule file for a place.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    place: PlaceArgs,
    /// Put it into the folder of rules of this node alone: no other node learns of it.
    #[arg(long)]
    here: bool,
    /// The file, NAME.yml.
    file: PathBuf,
}

/// A file that would be applied, or a rule's versions.
#[derive(Debug, Args)]
pub struct DiffArgs {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    place: PlaceArgs,
    /// A file, NAME.yml: what applying it would change. Or a rule's name: versions that stand beside one another, because
    /// they were written without knowing of each other. All of them if left out.
    what: Option<PathBuf>,
}

/// A file or rule that is taken back.
#[derive(Debug, Args)]
pub struct RemoveArgs {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    place: PlaceArgs,
    /// The file, or one rule of it.
    what: String,
}

/// What is said of a rule in the words of a form.
#[derive(Debug, Args)]
pub struct SetArgs {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    place: PlaceArgs,
    /// The rule: one of the defaults, or a name of your own.
    rule: String,
    /// Switch it on there.
    #[arg(long, conflicts_with = "off")]
    on: bool,
    /// Switch it off there.
    #[arg(long)]
    off: bool,
    /// The series to watch, for a rule of your own.
    #[arg(long)]
    metric: Option<String>,
    /// A label that the series must have, as NAME=VALUE; several times if wanted.
    #[arg(long, value_name = "NAME=VALUE")]
    only: Vec<String>,
    /// What is made of its samples: last, or as in "avg 5m", "max 5m", "min 5m", "rate 5m", "forecast 6h 4d".
    #[arg(long)]
    reading: Option<String>,
    /// Fire above this: a number, or one with %.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, conflicts_with = "below")]
    above: Option<String>,
    /// Fire below this.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    below: Option<String>,
    /// What it must come back to before it clears.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    clear: Option<String>,
    /// For how long it must hold, as in 10m.
    #[arg(long = "for", value_name = "TIME")]
    hold: Option<String>,
    /// How bad it is: info, warning, critical.
    #[arg(long)]
    severity: Option<String>,
    /// What is told of it; {{ $labels.machine }} and {{ $value }} are filled in.
    #[arg(long)]
    summary: Option<String>,
}

/// What was said of a rule and is taken back.
#[derive(Debug, Args)]
pub struct UnsetArgs {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    place: PlaceArgs,
    /// The rule.
    rule: String,
}

/// Words that people give machines, for rules that are for some of them.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "what is flattened speaks for itself, and its text would be in the help")]
pub enum TagsCommand {
    /// List machines with their tags and groups.
    List {
        #[command(flatten)]
        at: Where,
    },
    /// Give a machine a tag, or put it into a group.
    Add(TagArgs),
    /// Take it away.
    Remove(TagArgs),
}

/// A machine and a word.
#[derive(Debug, Args)]
pub struct TagArgs {
    #[command(flatten)]
    at: Where,
    /// Whose machine, where several have one of that name.
    #[arg(long)]
    client: Option<Slug>,
    /// Where.
    #[arg(long)]
    site: Option<Slug>,
    /// The machine, by its name or id.
    machine: String,
    /// The word.
    name: Slug,
    /// A group rather than a tag: tags count for more where both say something of a rule.
    #[arg(long)]
    group: bool,
}

pub(super) fn apply(args: ApplyArgs, program: Program) -> Result<ExitCode, Failed> {
    let (name, text_of) = read(&args.file)?;
    let node = Node { program, at: args.at };
    let said = |changes: &Value| lines(changes, text, "nothing has changed");
    if args.here {
        let request = json!({ "ask": "rules-here", "name": name, "text": text_of });
        return node.tell(&request, |done| format!("{} is in use\n{}", text(&done["file"]), said(&done["changes"])));
    }
    let request = json!({ "ask": "rules-apply", "place": args.place.json(), "name": name, "text": text_of,
        "by": args.who.name() });
    node.tell(&request, |done| {
        format!("{} of {} is in use\n{}", text(&done["file"]), text(&done["scope"]), said(&done["changes"]))
    })
}

pub(super) fn diff(args: DiffArgs, program: Program) -> Result<ExitCode, Failed> {
    let node = Node { program, at: args.at };
    let what = args.what.unwrap_or_default();
    let is_file = what.extension().is_some_and(|ending| ending == "yml" || ending == "yaml") || what.is_file();
    if is_file {
        let (name, text_of) = read(&what)?;
        let request = json!({ "ask": "rules-diff", "place": args.place.json(), "name": name, "text": text_of });
        return node.tell(&request, |changes| lines(changes, text, "nothing would change"));
    }
    let request = json!({ "ask": "rules-versions", "name": what.to_string_lossy() });
    node.tell(&request, |found| lines(found, versions, "every rule has one version"))
}

pub(super) fn remove(args: RemoveArgs, program: Program) -> Result<ExitCode, Failed> {
    let request =
        json!({ "ask": "rules-remove", "place": args.place.json(), "name": args.what, "by": args.who.name() });
    Node { program, at: args.at }.tell(&request, |done| lines(&done["changes"], text, "nothing has changed"))
}

pub(super) fn set(args: SetArgs, program: Program) -> Result<ExitCode, Failed> {
    let wish = args.wish()?;
    let request = json!({ "ask": "rules-set", "wish": wish, "by": args.who.name() });
    Node { program, at: args.at }.tell(&request, levels)
}

pub(super) fn unset(args: UnsetArgs, program: Program) -> Result<ExitCode, Failed> {
    let mut wish = args.place.json();
    wish["name"] = json!(args.rule);
    let request = json!({ "ask": "rules-unset", "wish": wish, "by": args.who.name() });
    Node { program, at: args.at }.tell(&request, levels)
}

pub(super) fn history(at: Where, name: &str, program: Program) -> Result<ExitCode, Failed> {
    let line = |one: &Value| {
        format!(
            "{}  {}  {}  by {} at {}: {}",
            moment(&one["made_at"]),
            text(&one["rule"]),
            text(&one["scope"]),
            text(&one["by"]),
            text(&one["at"]),
            text(&one["what"])
        )
    };
    let request = json!({ "ask": "rules-history", "name": name });
    Node { program, at }.tell(&request, |changes| lines(changes, line, "nobody has changed it"))
}

/// Carries out a command of tags.
///
/// # Errors
/// When the node does not run, or refuses.
pub fn tags(command: TagsCommand, program: Program) -> Result<ExitCode, Failed> {
    let line = |one: &Value| {
        let names = |list: &Value| list.as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(" ");
        let groups = names(&one["groups"]);
        let groups = if groups.is_empty() { groups } else { format!("  groups {groups}") };
        format!(
            "{}/{}  {}  {}{groups}",
            text(&one["client"]),
            text(&one["site"]),
            text(&one["machine"]),
            names(&one["tags"])
        )
    };
    let said = |list: &Value| lines(list, line, "no machine is known here yet");
    let (args, remove) = match command {
        TagsCommand::List { at } => return Node { program, at }.tell(&json!({ "ask": "tags" }), said),
        TagsCommand::Add(args) => (args, false),
        TagsCommand::Remove(args) => (args, true),
    };
    let request = json!({ "ask": "tag", "machine": args.machine, "client": args.client, "site": args.site,
        "name": args.name, "group": args.group, "remove": remove });
    Node { program, at: args.at }.tell(&request, said)
}

impl PlaceArgs {
    fn json(&self) -> Value {
        let Self { client, site, machine, group, tag } = self;
        json!({ "client": client, "site": site, "machine": machine, "group": group, "tag": tag })
    }
}

impl SetArgs {
    fn wish(&self) -> Result<Value, Failed> {
        let mut only = Map::new();
        for one in &self.only {
            let wrong = || Failed::new(2, format!("{one:?} is no NAME=VALUE; nothing was changed"));
            let (name, value) = one.split_once('=').ok_or_else(wrong)?;
            only.insert(name.to_owned(), json!(value));
        }
        let on = match (self.on, self.off) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        let said = json!({ "name": self.rule, "on": on, "metric": self.metric, "reading": self.reading,
            "only": (!only.is_empty()).then_some(only), "above": self.above, "below": self.below, "clear": self.clear,
            "for": self.hold, "severity": self.severity, "summary": self.summary });
        let mut wish = self.place.json();
        if let (Value::Object(wish), Value::Object(said)) = (&mut wish, said) {
            wish.extend(said);
        }
        Ok(wish)
    }
}

/// What is said of a rule, level by level.
pub(super) fn levels(said: &Value) -> String {
    let mut all = vec![text(&said["name"])];
    for level in said["levels"].as_array().into_iter().flatten() {
        let says: Vec<String> = level["says"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| format!("{name} {}", text(value)))
            .collect();
        let beside = if level["beside"] == true { "  (beside the version above; `rules diff` shows both)" } else { "" };
        all.push(format!(
            "  {:<20} {}  by {} at {}, {}{beside}",
            text(&level["scope"]),
            says.join(", "),
            text(&level["by"]),
            text(&level["at"]),
            moment(&level["made_at"])
        ));
    }
    if all.len() == 1 {
        all.push("  nothing is said of it".to_owned());
    }
    let machine = &said["machine"];
    if machine.is_object() {
        let expr = machine["expr"].as_str().map_or("is off".to_owned(), |expr| format!("is evaluated as {expr}"));
        all.push(format!("on {} it {expr}", text(&machine["machine"])));
        all.extend(machine["fault"].as_str().map(|why| format!("  what is said makes no rule: {why}")));
        all.extend(machine["values"].as_array().into_iter().flatten().map(|value| format!("  {}", text(value))));
    }
    all.join("\n")
}

/// A rule's versions.
fn versions(one: &Value) -> String {
    let mut all = vec![format!("{} of {}", text(&one["rule"]), text(&one["scope"]))];
    for (at, version) in one["versions"].as_array().into_iter().flatten().enumerate() {
        let counts = if at == 0 { "evaluated" } else { "beside it" };
        let says = version["says"].as_str().unwrap_or("written by a newer version of this program").trim_end();
        let says = says.lines().map(|line| format!("    {}", text(&json!(line)))).collect::<Vec<_>>().join("\n");
        all.push(format!(
            "  {counts}, said at the {} by {} at {}, {}:\n{says}",
            text(&version["side"]),
            text(&version["by"]),
            text(&version["at"]),
            moment(&version["made_at"])
        ));
    }
    all.push("  say it again at either side, and one version is left".to_owned());
    all.join("\n")
}
