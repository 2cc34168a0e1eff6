//! How does a rule file become rows, and how are rules taken back?

use std::collections::{BTreeMap, BTreeSet};

use vigie_alerts::{EditError, Said};
use vigie_merge::{Context, Key, Many, Row, Scope, limit};
use vigie_model::UtcMs;
use vigie_serve::Undecided;
use vigie_watch::{Group, MAX_FILE_BYTES, Machine, Mind, RuleKind, Settings, Strictness, read_rules, write_rules};

use super::compose::one_rule;
use super::held::Rulings;
use super::history::Changed;
use super::shape::{self, Of, Ruled, What, written_key};
use super::words::senseless;
use crate::rows::RowEdit;
use crate::watchman::{Watchman, lock};

/// Rules of one place, files and forms together, those too that were taken back: a relay evaluates a thousand within half a
/// core.
const MAX_ROWS: usize = 1_000;

/// Bytes of a file's name without its ending.
const STEM_BYTES: usize = 48;

/// Who changes something, where and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Author<'a> {
    pub(crate) by: &'a str,
    pub(crate) at: &'a str,
    pub(crate) now: UtcMs,
}

/// What applying a file would change.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// `+ group/rule`, `~ group/rule`, `- group/rule`.
    pub(crate) changes: Vec<String>,
    writes: Vec<(Key, Ruled, &'static str)>,
}

impl Author<'_> {
    pub(crate) fn says<T>(&self, what: T) -> Said<T> {
        Said::new(what, self.by, self.at, self.now)
    }
}

/// What changes when a file takes the place of the one of its name there.
///
/// # Errors
/// When a rule is wrong, with its line: nothing is written then.
pub(crate) fn plan(
    rulings: &Rulings,
    (scope, of): (&Scope, &Of),
    (name, text): (&str, &str),
    machines: &[Machine],
    settings: &Settings,
) -> Result<Plan, Undecided> {
    let stem = stem(name)?;
    if text.len() > MAX_FILE_BYTES {
        return Err(senseless(&format!("{name}: a rule file has at most {MAX_FILE_BYTES} bytes")));
    }
    let groups = read_rules(name, text, Strictness::Prometheus3)
        .map_err(|faults| senseless(&faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
    let mut wanted: BTreeMap<Key, (Ruled, String)> = BTreeMap::new();
    for (turn, (group, one)) in each(&groups).enumerate() {
        let rule = &one.rules[0];
        let at = || format!("{name}:{}: {}/{}", line_of(text, &rule.name), group.name, rule.name);
        if rule.kind == RuleKind::Recording && *of != Of::All {
            return Err(senseless(&format!("{}: a rule that writes a series is for a place, not for machines", at())));
        }
        let written = write_rules(std::slice::from_ref(&one));
        let confined = one_rule(&written, scope, of, machines).map_err(|why| senseless(&format!("{}: {why}", at())))?;
        Mind::new(&[confined], settings.clone()).map_err(|error| senseless(&format!("{}: {error}", at())))?;
        let same = |known: &&(Ruled, String)| known.1 == format!("{}/{}", group.name, rule.name);
        let times = wanted.values().filter(same).count();
        let key = written_key(scope, &stem, of, (&group.name, &rule.name, times))
            .map_err(|error| senseless(&error.to_string()))?;
        let what = What::Written {
            file: stem.clone(),
            group: group.name.clone(),
            turn: u32::try_from(turn).unwrap_or(u32::MAX),
            text: written,
        };
        let ruled = Ruled { name: rule.name.clone(), of: of.clone(), what };
        check_size(&ruled, &at())?;
        wanted.insert(key, (ruled, format!("{}/{}", group.name, rule.name)));
    }
    let plan = differences(rulings, (scope, of), &stem, wanted);
    let new = plan.writes.iter().filter(|(key, ..)| rulings.row(key).is_none()).count();
    check_room(rulings, scope, new)?;
    Ok(plan)
}

fn differences(
    rulings: &Rulings,
    (scope, of): (&Scope, &Of),
    stem: &str,
    wanted: BTreeMap<Key, (Ruled, String)>,
) -> Plan {
    let mut plan = Plan::default();
    for (key, _, said) in rulings.in_force() {
        let is_of_file = key.scope() == *scope && said.what.of == *of && said.what.file() == Some(stem);
        if let (true, false, What::Written { group, .. }) = (is_of_file, wanted.contains_key(key), &said.what.what) {
            plan.changes.push(format!("- {group}/{}", said.what.name));
            let what = What::Removed { file: Some(stem.to_owned()) };
            plan.writes.push((key.clone(), Ruled { what, ..said.what.clone() }, "removed"));
        }
    }
    for (key, (ruled, shown)) in wanted {
        let here = rulings.row(&key);
        let said = here.and_then(|held| held.effective()).map(|said| &said.what);
        let is_there = said.is_some_and(|said| !matches!(said.what, What::Removed { .. }));
        // Versions beside one another are settled by saying it again.
        let is_same = said == Some(&ruled) && here.is_some_and(|held| held.versions.len() == 1);
        if !is_same {
            plan.changes.push(format!("{} {shown}", if is_there { "~" } else { "+" }));
            plan.writes.push((key, ruled, if is_there { "changed" } else { "added" }));
        }
    }
    plan
}

impl Watchman {
    /// Writes what a plan says, in one commit; who changed what is written beside it.
    ///
    /// # Errors
    /// When it can not be kept; nothing was changed then.
    pub(crate) fn write_rulings(&self, plan: Plan, by: &str) -> Result<Vec<String>, Undecided> {
        let author = Author { by, at: &self.name, now: self.utc() };
        let edits = {
            let register = lock(&self.register);
            let mut edits = Vec::new();
            for (key, ruled, word) in plan.writes {
                edits.extend(write(&register.rulings, self.node, key, ruled, word.to_owned(), author)?);
            }
            edits
        };
        if !edits.is_empty() {
            self.write_decision(edits)?;
            // Whoever said it is answered when it holds: what they ask next shows it.
            self.take_new_rules();
        }
        Ok(plan.changes)
    }
}

/// What writes one row, and notes that it was changed.
pub(crate) fn write(
    rulings: &Rulings,
    node: vigie_model::NodeId,
    key: Key,
    ruled: Ruled,
    word: String,
    author: Author<'_>,
) -> Result<Vec<RowEdit>, Undecided> {
    let seen = match rulings.row(&key) {
        None => Many::new().context(),
        Some(held) => {
            let newer = held.versions.iter().any(|version| version.said.is_err());
            held.seen.clone().filter(|_| !newer).ok_or_else(|| {
                senseless(&format!("{} was written by a newer version of this program: update this node", ruled.name))
            })?
        }
    };
    let what = Changed { rule: ruled.name.clone(), what: format!("{word}{}", ruled.of.shown()) };
    let noted = rulings.history.note(&key, node, &author.says(what)).map_err(|error| senseless(&error.to_string()))?;
    let value = shape::encode(&author.says(ruled));
    Ok(std::iter::once(decide(key, seen, value)).chain(noted).collect())
}

fn decide(key: Key, seen: Context, value: Vec<u8>) -> RowEdit {
    RowEdit::new(key, move |row, marker| {
        let mut many = match row {
            None => Many::new(),
            Some(Row::Many(many)) => many,
            Some(_) => return Err(EditError::OtherType),
        };
        many.write(Some(value), marker, &seen)?;
        Ok(Row::Many(many))
    })
}

/// A rule that one row can hold, with who wrote it: names of people and nodes are at most 128 bytes each.
pub(crate) fn check_size(ruled: &Ruled, at: &str) -> Result<(), Undecided> {
    let room = limit::VALUE_BYTES - 2 * 130;
    let bytes = shape::encode(&Said::new(ruled.clone(), "", "", UtcMs(i64::MAX))).len();
    if bytes <= room {
        return Ok(());
    }
    Err(senseless(&format!(
        "{at} takes {bytes} bytes, a rule that travels to sites has at most {room}: shorten its texts, or put the file \
         into the folder of rules at each node"
    )))
}

/// Whether a place may have so many more rows.
pub(crate) fn check_room(rulings: &Rulings, scope: &Scope, new: usize) -> Result<(), Undecided> {
    let count = rulings.count(scope);
    if new > 0 && count + new > MAX_ROWS {
        return Err(senseless(&format!(
            "a place has at most {MAX_ROWS} rules, those that were taken back too; this one has {count}"
        )));
    }
    Ok(())
}

/// Each rule of the groups, with a group that holds it alone.
fn each(groups: &[Group]) -> impl Iterator<Item = (&Group, Group)> {
    groups.iter().flat_map(|group| {
        group.rules.iter().map(move |rule| (group, Group { rules: vec![rule.clone()], ..group.clone() }))
    })
}

/// What a file is called in keys.
fn stem(name: &str) -> Result<String, Undecided> {
    let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if stem.is_empty() || stem.len() > STEM_BYTES || !stem.chars().all(plain) {
        let name: String = name.chars().take(80).collect();
        return Err(senseless(&format!(
            "a rule file is called NAME.yml, of letters, digits, - and _; {name:?} is not"
        )));
    }
    Ok(stem.to_owned())
}

/// Where a rule stands in the file, as far as its name says.
fn line_of(text: &str, rule: &str) -> usize {
    text.lines()
        .position(|line| line.contains(rule) && (line.contains("alert") || line.contains("record")))
        .map_or(1, |at| at + 1)
}

/// What a file of a place had, to be taken back.
///
/// # Errors
/// When there is no such file there.
pub(crate) fn removal(rulings: &Rulings, scope: &Scope, of: &Of, name: &str) -> Result<Plan, Undecided> {
    let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")).unwrap_or(name);
    let rules: BTreeSet<String> = rulings
        .in_force()
        .filter(|(key, _, said)| key.scope() == *scope && said.what.of == *of)
        .filter(|(_, _, said)| matches!(said.what.what, What::Written { .. }))
        .filter(|(_, _, said)| said.what.file() == Some(stem) || said.what.name == name)
        .map(|(key, ..)| key.to_string())
        .collect();
    let mut plan = Plan::default();
    for (key, _, said) in rulings.in_force().filter(|(key, ..)| rules.contains(&key.to_string())) {
        let What::Written { file, group, .. } = &said.what.what else { continue };
        plan.changes.push(format!("- {group}/{}", said.what.name));
        let what = What::Removed { file: Some(file.clone()) };
        plan.writes.push((key.clone(), Ruled { what, ..said.what.clone() }, "removed"));
    }
    if plan.writes.is_empty() { Err(Undecided::NotHere("file or rule of that name at that place")) } else { Ok(plan) }
}
