//! Which rules are evaluated here? The defaults with what people say of them, what they wrote at hub or site, and those of
//! the files in a folder.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use vigie_model::Role;
use vigie_serve::{RuleOrigin, RuleSource};
use vigie_watch::{Fault, Group, MAX_FILE_BYTES, Machine, Mind, Settings, Strictness, read_rules};

use crate::ruling::Composed;
use crate::seats::{origin, seated};

/// What the rules of this program are called where files are named.
pub(crate) const DEFAULTS: &str = "defaults";

/// Files of one folder: beyond it somebody has mistaken the folder.
const MAX_FILES: usize = 256;

/// Rules, and where they come from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rulebook {
    /// Each group with its file, and where it comes from; their names are unique.
    pub(crate) groups: Vec<(String, Group, RuleOrigin)>,
    /// What of the folder could not be read; the rest is used.
    pub(crate) faults: Vec<String>,
    /// The rules that raise alerts here, each with its group.
    pub(crate) alerts: BTreeSet<(String, String)>,
    /// The machines for which it was made: rules are confined to some of them.
    pub(crate) machines: Vec<Machine>,
    seen: Seen,
}

/// What a folder looked like: files, their lengths and when they were written.
type Seen = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// A rule file that was not taken into use. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    /// Something in it is wrong.
    #[error("{}", faults(.0))]
    Faults(Vec<Fault>),
    /// A rule can not be worked out.
    #[error(transparent)]
    Compile(#[from] vigie_watch::CompileError),
    /// It can not be called so.
    #[error("a rule file is called NAME.yml, of letters, digits, - and _; {0:?} is not")]
    Name(String),
    /// The folder can not be written.
    #[error("{path} can not be written: {error}")]
    Folder { path: String, error: std::io::Error },
}

fn faults(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Rulebook {
    /// What people say, and what is in the folder. A file that is wrong is left out, and said.
    pub(crate) fn read(folder: &Path, composed: Composed, machines: Vec<Machine>) -> Self {
        let seen = look(folder);
        let mut book = Self { seen, machines, faults: composed.faults, ..Self::default() };
        for (file, group, origin) in composed.groups {
            book.add(&file, group, origin);
        }
        let here = RuleOrigin { source: RuleSource::File, scope: "this node".to_owned(), ..RuleOrigin::default() };
        let paths: Vec<PathBuf> = book.seen.iter().map(|(path, ..)| path.clone()).collect();
        for path in paths {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            match read_file(&path, &name) {
                Ok(groups) => groups.into_iter().for_each(|group| book.add(&name, group, here.clone())),
                Err(fault) => book.faults.push(fault),
            }
        }
        book
    }

    /// Alerts are known by their group's name, which files need not share out among them.
    fn add(&mut self, file: &str, mut group: Group, origin: RuleOrigin) {
        if self.groups.iter().any(|(_, known, _)| known.name == group.name) {
            group.name = format!("{} ({file})", group.name);
        }
        if self.groups.iter().any(|(_, known, _)| known.name == group.name) {
            return self.faults.push(format!("{file}: a second group {:?} is left out", group.name));
        }
        self.groups.push((file.to_owned(), group, origin));
    }

    /// Whether the folder is not what it was when this was read.
    pub(crate) fn is_outdated(&self, folder: &Path) -> bool {
        look(folder) != self.seen
    }

    /// The rules, ready to be evaluated by a relay or a hub. A group that can not be worked out is left out, and said.
    pub(crate) fn mind(&mut self, settings: &Settings, role: Role) -> Mind {
        let groups = std::mem::take(&mut self.groups);
        for (file, group, origin) in groups {
            match Mind::new(std::slice::from_ref(&group), settings.clone()) {
                Ok(_) => self.groups.push((file, group, origin)),
                Err(error) => self.faults.push(format!("{file}: {error}")),
            }
        }
        let groups = seated(self.groups.iter().map(|(_, group, _)| group), role);
        let alerting = |group: &Group| {
            let alerts = group.rules.iter().filter(|rule| rule.alerting().is_some());
            let name = origin(&group.name).to_owned();
            alerts.map(|rule| (name.clone(), rule.name.clone())).collect::<Vec<_>>()
        };
        self.alerts = groups.iter().flat_map(alerting).collect();
        Mind::new(&groups, settings.clone()).unwrap_or_else(|error| {
            self.faults.push(error.to_string());
            // Without groups there is nothing that could be wrong.
            Mind::new(&[], settings.clone()).expect("no rules can be worked out")
        })
    }

    /// Whether a rule of this name raises alerts here.
    pub(crate) fn has_alert(&self, name: &str) -> bool {
        self.groups_with_alert(name).next().is_some()
    }

    /// The groups in which a rule of this name raises alerts.
    pub(crate) fn groups_with_alert(&self, name: &str) -> impl Iterator<Item = &str> {
        let has = move |group: &Group| group.rules.iter().any(|rule| rule.alerting().is_some() && rule.name == name);
        self.groups.iter().map(|(_, group, _)| group).filter(move |group| has(group)).map(|group| group.name.as_str())
    }
}

/// Reads a rule file as it would be taken into use.
pub(crate) fn check(name: &str, text: &str, settings: &Settings) -> Result<Vec<Group>, ApplyError> {
    let groups = read_rules(name, text, Strictness::Prometheus3).map_err(ApplyError::Faults)?;
    Mind::new(&groups, settings.clone())?;
    Ok(groups)
}

/// Puts a file into the folder in one step: after a crash it is there whole, or not at all.
pub(crate) fn put(folder: &Path, name: &str, text: &str, settings: &Settings) -> Result<(), ApplyError> {
    let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if stem.is_empty() || stem.len() > 64 || !stem.chars().all(plain) {
        return Err(ApplyError::Name(name.chars().take(80).collect()));
    }
    check(name, text, settings)?;
    let wrong = |error| ApplyError::Folder { path: folder.display().to_string(), error };
    fs::create_dir_all(folder).map_err(wrong)?;
    let (draft, place) = (folder.join(format!("{name}.draft")), folder.join(name));
    let written = fs::File::create(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&draft, &place)).map_err(wrong)?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(wrong)
}

fn read_file(path: &Path, name: &str) -> Result<Vec<Group>, String> {
    let length = fs::metadata(path).map_err(|error| format!("{name}: {error}"))?.len();
    if length > MAX_FILE_BYTES as u64 {
        return Err(format!("{name}: a rule file has at most {MAX_FILE_BYTES} bytes"));
    }
    let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    read_rules(name, &text, Strictness::Prometheus3).map_err(|found| faults(&found))
}

fn look(folder: &Path) -> Seen {
    // No folder is an empty one.
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let is_rules = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_rules).collect();
    paths.sort_unstable();
    paths.truncate(MAX_FILES);
    let seen = paths.into_iter().filter_map(|path| {
        let found = fs::metadata(&path).ok()?;
        Some((path, found.len(), found.modified().ok()))
    });
    seen.collect()
}
