//! When are backups taken by themselves, where, and how many are kept?

use std::path::{Path, PathBuf};

use serde::Deserialize;
use vigie_backup::Passphrase;
use vigie_model::UtcMs;
use vigie_node::Failed;
use vigie_serve::Stamp;

const HOUR_MS: i64 = 3_600_000;

/// `[backup]` of the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PlanSaid {
    folder: Option<PathBuf>,
    every_hours: Option<u32>,
    keep: Option<u32>,
    passphrase_file: Option<PathBuf>,
}

/// A plan, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) folder: PathBuf,
    pub(crate) every_ms: i64,
    /// So many of the newest stay.
    pub(crate) keep: usize,
    passphrase_file: Option<PathBuf>,
}

impl PlanSaid {
    /// Nothing where no folder is said.
    pub(crate) fn check(&self) -> Result<Option<Plan>, String> {
        let Some(folder) = self.folder.clone() else {
            let something = self.every_hours.is_some() || self.keep.is_some() || self.passphrase_file.is_some();
            return if something { Err("[backup] needs a folder".to_owned()) } else { Ok(None) };
        };
        let (every_hours, keep) = (self.every_hours.unwrap_or(24), self.keep.unwrap_or(7));
        if !folder.is_absolute() || every_hours == 0 || keep == 0 {
            return Err("[backup] folder is an absolute path, every_hours and keep are at least 1".to_owned());
        }
        let every_ms = i64::from(every_hours) * HOUR_MS;
        Ok(Some(Plan { folder, every_ms, keep: keep as usize, passphrase_file: self.passphrase_file.clone() }))
    }
}

impl Plan {
    /// When the next one is due: so long after the last, or now. A last one in the future says nothing.
    pub(crate) fn due_at(&self, now: UtcMs, last_ms: Option<i64>) -> UtcMs {
        let next_ms = last_ms.filter(|last_ms| *last_ms <= now.0).map(|last_ms| last_ms.saturating_add(self.every_ms));
        UtcMs(next_ms.map_or(now.0, |next_ms| next_ms.max(now.0)))
    }

    /// Where the backup of a moment goes. The names sort by time.
    pub(crate) fn file(&self, now: UtcMs) -> PathBuf {
        let stamp: String = Stamp(now).to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        self.folder.join(format!("{BEGINS}{stamp}{ENDS}"))
    }

    /// Those of its files that are too many, oldest first.
    pub(crate) fn too_many(&self) -> std::io::Result<Vec<PathBuf>> {
        let entries: Vec<PathBuf> =
            std::fs::read_dir(&self.folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        let mut own: Vec<PathBuf> = entries.into_iter().filter(|path| is_own(path)).collect();
        own.sort();
        own.truncate(own.len().saturating_sub(self.keep));
        Ok(own)
    }

    pub(crate) fn passphrase(&self) -> Result<Option<Passphrase>, Failed> {
        self.passphrase_file.as_deref().map(read_passphrase).transpose()
    }
}

const BEGINS: &str = "vigie-";
const ENDS: &str = ".backup";

fn is_own(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stamp = name.strip_prefix(BEGINS).and_then(|name| name.strip_suffix(ENDS));
    stamp.is_some_and(|stamp| stamp.len() >= 15 && stamp.starts_with(|first: char| first.is_ascii_digit()))
}

/// The words of a file.
pub(crate) fn read_passphrase(file: &Path) -> Result<Passphrase, Failed> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failed::new(1, format!("the passphrase in {} can not be read: {error}", file.display())))?;
    let passphrase = Passphrase::new(&text);
    if passphrase.is_empty() {
        return Err(Failed::new(2, format!("the passphrase in {} is empty", file.display())));
    }
    Ok(passphrase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(folder: &Path) -> Plan {
        PlanSaid { folder: Some(folder.to_owned()), keep: Some(2), ..PlanSaid::default() }
            .check()
            .expect("sound")
            .expect("a plan")
    }

    #[test]
    fn one_is_due_a_day_after_the_last_and_at_once_where_there_is_none() {
        let plan = plan(Path::new("/backups"));
        let at = |hours: i64| UtcMs(hours * HOUR_MS);
        assert_eq!(plan.due_at(at(100), None), at(100));
        assert_eq!((plan.due_at(at(100), Some(at(77).0)), plan.due_at(at(102), Some(at(77).0))), (at(101), at(102)));
        assert_eq!(plan.due_at(at(100), Some(at(200).0)), at(100), "a last one in the future says nothing");
    }

    #[test]
    fn only_its_own_oldest_files_are_too_many() {
        let folder = tempfile::tempdir().expect("a folder");
        let plan = plan(folder.path());
        let days: Vec<PathBuf> = (1..=4).map(|day| plan.file(UtcMs(day * 24 * HOUR_MS))).collect();
        assert!(
            days[0].ends_with("vigie-19700102T000000000Z.backup") || days[0].ends_with("vigie-19700102T000000Z.backup"),
            "{days:?}"
        );
        days.iter().for_each(|file| std::fs::write(file, "x").expect("room"));
        for other in ["vigie-of-ann.backup", "notes.txt", "vigie-19700101T000000Z.backup.part"] {
            std::fs::write(folder.path().join(other), "x").expect("room");
        }
        assert_eq!(plan.too_many().expect("readable"), days[..2]);
    }

    #[test]
    fn a_plan_without_a_folder_is_none_or_a_mistake() {
        assert_eq!(PlanSaid::default().check(), Ok(None));
        assert!(PlanSaid { keep: Some(3), ..PlanSaid::default() }.check().is_err());
        let relative = PlanSaid { folder: Some("backups".into()), ..PlanSaid::default() };
        assert!(relative.check().is_err());
    }
}
