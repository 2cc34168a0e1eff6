//! `rules list|show|test`, and where the others are carried out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};
use vigie_node::Failed;
use vigie_watch::{Group, RunOptions, Strictness, read_rules, read_tests, run_tests};

use super::levels::{self, ApplyArgs, DiffArgs, RemoveArgs, SetArgs, UnsetArgs};
use super::say::{lines, moment, print, text};
use super::{Node, Program, Where, duration_ms};

/// What a request at the local socket may hold, with what stands around it.
const MAX_SENT_BYTES: usize = 40 * 1024;

/// The rules that a node evaluates.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "what is flattened speaks for itself, and its text would be in the help")]
pub enum RulesCommand {
    /// List the rules that are evaluated, and what they find.
    List {
        #[command(flatten)]
        at: Where,
    },
    /// Show a rule.
    Show {
        #[command(flatten)]
        at: Where,
        /// Its name, from the list.
        name: String,
        /// What holds for this machine, and which level gave which value.
        #[arg(long)]
        machine: Option<String>,
    },
    /// Take a rule file into use for a place, instead of what the file of its name had there. It travels to the sites that it
    /// is for, and Prometheus reads the same files.
    Apply(Box<ApplyArgs>),
    /// Take back what a file had at a place, or one rule of it.
    Remove(Box<RemoveArgs>),
    /// Change a rule at a place, or make one: a threshold, a duration, on or off. What is not said is as in wider places.
    Set(Box<SetArgs>),
    /// Take back what is said of a rule at a place.
    Unset(Box<UnsetArgs>),
    /// Say who changed a rule, and when; all rules if no name is given.
    History {
        #[command(flatten)]
        at: Where,
        /// Its name.
        #[arg(default_value = "")]
        name: String,
    },
    /// Run unit tests of rules, as promtool does; or with --past say what a rule file would have done on this node.
    Test {
        #[command(flatten)]
        at: Where,
        /// Files of unit tests; with --past, one file of rules.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Over how long: a number with s, m, h or d, as in 30d.
        #[arg(long, value_name = "TIME")]
        past: Option<String>,
        /// With --past: how far apart it is looked.
        #[arg(long, value_name = "TIME", default_value = "1m")]
        step: String,
    },
    /// Say what applying a rule file would change, or show the versions of a rule that stand beside one another.
    Diff(Box<DiffArgs>),
}

/// Carries out a command of rules.
///
/// # Errors
/// When the node does not run or refuses, or a file is wrong.
pub fn rules(command: RulesCommand, program: Program) -> Result<ExitCode, Failed> {
    match command {
        RulesCommand::List { at } => Node { program, at }.tell(&json!({ "ask": "rules" }), listed),
        RulesCommand::Show { at, name, machine } => show(&Node { program, at }, &name, machine.as_deref()),
        RulesCommand::Apply(args) => levels::apply(*args, program),
        RulesCommand::Remove(args) => levels::remove(*args, program),
        RulesCommand::Set(args) => levels::set(*args, program),
        RulesCommand::Unset(args) => levels::unset(*args, program),
        RulesCommand::History { at, name } => levels::history(at, &name, program),
        RulesCommand::Diff(args) => levels::diff(*args, program),
        RulesCommand::Test { at, files, past: Some(past), step } => {
            let [file] = &files[..] else {
                return Err(Failed::new(2, "--past takes one file of rules; nothing was changed"));
            };
            let (name, text_of) = read(file)?;
            let request = json!({ "ask": "rules-past", "name": name, "text": text_of, "ms": duration_ms(&past)?,
                "step_ms": duration_ms(&step)? });
            Node { program, at }.tell(&request, history)
        }
        RulesCommand::Test { at, files, past: None, .. } => test(&files, at.json),
    }
}

/// A rule as it is evaluated here, and what is said of it.
fn show(node: &Node, name: &str, machine: Option<&str>) -> Result<ExitCode, Failed> {
    let said = node.ask(&json!({ "ask": "rules" }))?;
    let found: Vec<Value> = rules_of(&said).filter(|(_, rule)| rule["name"] == name).map(told).collect();
    let said = node.ask(&json!({ "ask": "rules-levels", "name": name, "machine": machine }))?;
    if found.is_empty() && said.is_null() {
        return Err(Failed::new(5, format!("there is no rule {name:?} here; `rules list` shows them")));
    }
    Ok(print(&json!({ "rules": found, "said": said }), node.at.json, |all| {
        let rules = lines(&all["rules"], shown, "it is not evaluated here");
        let is_said = all["said"]["levels"].as_array().is_some_and(|levels| !levels.is_empty());
        if is_said || all["said"]["machine"].is_object() {
            format!("{rules}\n{}", levels::levels(&all["said"]))
        } else {
            rules
        }
    }))
}

pub(super) fn read(file: &Path) -> Result<(String, String), Failed> {
    let text = fs::read_to_string(file).map_err(|error| {
        Failed::new(1, format!("{} could not be read: {error}; nothing was changed", file.display()))
    })?;
    if text.len() > MAX_SENT_BYTES {
        let advice = "copy it into the node's folder of rules (`rules list` names it): it is read within 10 s";
        return Err(Failed::new(2, format!("{} has more than {MAX_SENT_BYTES} bytes; {advice}", file.display())));
    }
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok((name, text))
}

/// Runs files of unit tests, with the rule files that they name beside them.
fn test(files: &[PathBuf], as_json: bool) -> Result<ExitCode, Failed> {
    let mut failed = Vec::new();
    for file in files {
        let found = test_file(file)?;
        failed.extend(found.into_iter().map(|difference| format!("{}: {difference}", file.display())));
    }
    print(&json!({ "files": files.len(), "failed": failed }), as_json, |said| {
        lines(&said["failed"], |one| one.as_str().unwrap_or_default().to_owned(), "all tests hold")
    });
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn test_file(file: &Path) -> Result<Vec<String>, Failed> {
    let open = |path: &Path| {
        fs::read_to_string(path)
            .map_err(|error| Failed::new(1, format!("{} could not be read: {error}", path.display())))
    };
    let name = file.display().to_string();
    let all = |faults: Vec<vigie_watch::Fault>| {
        Failed::new(2, faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    };
    let tests = read_tests(&name, &open(file)?, false).map_err(all)?;
    let beside = file.parent().unwrap_or(Path::new("."));
    let mut groups: Vec<Group> = Vec::new();
    for rules in &tests.rule_files {
        let path = beside.join(rules);
        let text = open(&path)?;
        groups.extend(read_rules(&path.display().to_string(), &text, Strictness::Prometheus3).map_err(all)?);
    }
    Ok(run_tests(&tests, &groups, &RunOptions::default()).iter().map(ToString::to_string).collect())
}

fn rules_of(said: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let groups = said["groups"].as_array().into_iter().flatten();
    groups.flat_map(|group| group["rules"].as_array().into_iter().flatten().map(move |rule| (group, rule)))
}

fn told((group, rule): (&Value, &Value)) -> Value {
    json!({ "group": group["name"], "file": group["file"], "origin": group["origin"], "rule": rule })
}

fn listed(said: &Value) -> String {
    let line = |(group, rule): (&Value, &Value)| {
        let alerts = rule["alerts"].as_array().cloned().unwrap_or_default();
        let firing = alerts.iter().filter(|alert| alert["firing"] == true).count();
        let pending = alerts.len() - firing;
        let error =
            rule["last_error"].as_str().map(|why| format!("  can not be worked out: {why}")).unwrap_or_default();
        format!(
            "{:<20} {:<18} {:<12} {}  firing {firing}, pending {pending}{error}",
            text(&rule["name"]),
            text(&group["name"]),
            text(&group["file"]),
            origin(&group["origin"])
        )
    };
    let mut said_lines: Vec<String> = rules_of(said).map(line).collect();
    let faults = said["faults"].as_array().into_iter().flatten();
    said_lines.extend(faults.map(|fault| format!("left out: {}", fault.as_str().unwrap_or_default())));
    said_lines.push(format!("rule files are read from {}", text(&said["folder"])));
    said_lines.push(text(&said["speaks"]));
    said_lines.join("\n")
}

/// Where rules come from, in few words.
fn origin(origin: &Value) -> String {
    let versions = origin["versions"].as_u64().unwrap_or(0);
    let beside = if versions > 1 { format!(", {versions} versions") } else { String::new() };
    match origin["by"].as_str() {
        None => text(&origin["source"]),
        Some(_) => format!(
            "{} {} by {} {}{beside}",
            text(&origin["source"]),
            text(&origin["scope"]),
            text(&origin["by"]),
            moment(&origin["made_at"])
        ),
    }
}

fn shown(one: &Value) -> String {
    let rule = &one["rule"];
    let mut said = vec![
        format!("{}/{} of {}", text(&one["group"]), text(&rule["name"]), text(&one["file"])),
        format!("  from  {}", origin(&one["origin"])),
        format!("  expr  {}", text(&rule["expr"])),
        format!("  for   {} s", rule["for_ms"].as_i64().unwrap_or(0) / 1_000),
    ];
    for kind in ["labels", "annotations"] {
        let pairs = rule[kind].as_object().into_iter().flatten();
        said.extend(pairs.map(|(name, value)| format!("  {name}: {}", text(value))));
    }
    for alert in rule["alerts"].as_array().into_iter().flatten() {
        let state = if alert["firing"] == true { "firing" } else { "pending" };
        said.push(format!("  {state} since {} at {}", moment(&alert["active_at"]), alert["value"]));
    }
    said.join("\n")
}

fn history(said: &Value) -> String {
    let mut all = vec![format!(
        "would have fired {} times and told {} times from {} to {}; {} alerts flapped{}",
        said["fired"],
        said["notices"],
        moment(&said["from"]),
        moment(&said["reached"]),
        said["flapped"],
        if said["whole"] == true {
            ""
        } else {
            "; the rest of the time was not reached: ask for less, or a longer --step"
        }
    )];
    for episode in said["episodes"].as_array().into_iter().flatten() {
        let machine = text(&episode["labels"]["machine"]);
        let ended = if episode["ended"].is_string() { moment(&episode["ended"]) } else { "still".to_owned() };
        all.push(format!("  {}  {machine}  {} to {ended}", text(&episode["rule"]), moment(&episode["fired"])));
    }
    all.extend(said["failures"].as_array().into_iter().flatten().map(|one| format!("  {}", text(one))));
    all.join("\n")
}
