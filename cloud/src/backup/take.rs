//! Writing a backup: blocking, while the hub goes on.

use std::fs::{self, File, OpenOptions};
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use vigie_backup::{Head, Lock, Passphrase, WriteError, Writer};
use vigie_node::Failed;
use vigie_store::Snapshot;

use super::files;

/// A backup that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) path: String,
    /// The moment that it shows.
    pub(crate) made_at_ms: i64,
    pub(crate) bytes: u64,
    pub(crate) files: u64,
    pub(crate) rows: u64,
    /// Rows that failed their checksum, and went as they stand.
    pub(crate) damaged_rows: u64,
    /// Files of the folder that are too large to be the hub's.
    pub(crate) left_out: Vec<String>,
    pub(crate) sealed: bool,
    pub(crate) took_ms: u64,
}

/// How far one under way has come, and whether it is to stop.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) rows: AtomicU64,
    pub(crate) of_rows: AtomicU64,
    pub(crate) stop: Arc<AtomicBool>,
}

/// What is to be written where.
pub(crate) struct Taking<'t> {
    pub(crate) data: &'t Path,
    pub(crate) to: &'t Path,
    pub(crate) head: Head,
    pub(crate) passphrase: Option<&'t Passphrase>,
    /// Of both stores, as of one moment.
    pub(crate) snapshots: Vec<Snapshot>,
}

impl Taking<'_> {
    /// Writes it beside its place and puts it there when it is whole and durable.
    pub(crate) fn carry_out(&self, progress: &Progress) -> Result<Taken, Failed> {
        let began = Instant::now();
        self.look_at_place()?;
        let part = self.part();
        let written = self.write(&part, progress).and_then(|taken| {
            // Unlike a renaming, a link never takes the place of another file.
            fs::hard_link(&part, self.to).map_err(|error| self.refused(&error))?;
            Ok(taken)
        });
        drop(fs::remove_file(&part));
        let mut taken = written?;
        sync_folder_of(self.to).map_err(|error| self.refused(&error))?;
        taken.bytes = fs::metadata(self.to)?.len();
        taken.took_ms = began.elapsed().as_millis() as u64;
        Ok(taken)
    }

    fn part(&self) -> PathBuf {
        let mut name = self.to.as_os_str().to_owned();
        name.push(".part");
        name.into()
    }

    fn look_at_place(&self) -> Result<(), Failed> {
        let shown = self.to.display();
        if !self.to.is_absolute() {
            return Err(Failed::new(2, format!("{shown} is no absolute path; no backup was taken")));
        }
        if self.to.exists() {
            return Err(Failed::new(2, format!("{shown} is there already and stays as it is; name another file")));
        }
        let folder = self.to.parent().unwrap_or(self.to);
        let (folder, data) = (fs::canonicalize(folder), fs::canonicalize(self.data));
        let folder = folder.map_err(|error| self.refused(&error))?;
        if data.is_ok_and(|data| folder.starts_with(data)) {
            let text = format!("{shown} is in the data folder, and would be lost with it; name a file elsewhere");
            return Err(Failed::new(2, text));
        }
        Ok(())
    }

    fn refused(&self, error: &dyn std::fmt::Display) -> Failed {
        Failed::new(1, format!("no backup was written to {}: {error}", self.to.display()))
    }

    fn write(&self, part: &Path, progress: &Progress) -> Result<Taken, Failed> {
        let refused = |error: &dyn std::fmt::Display| self.refused(error);
        // One that was broken off by a crash is in the way.
        drop(fs::remove_file(part));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part);
        let file = BufWriter::new(file.map_err(|error| refused(&error))?);
        let mut writer = Writer::begin(file, &self.head, self.passphrase).map_err(|error| refused(&error))?;
        let (kept, left_out) = files::of(self.data).map_err(|error| refused(&error))?;
        for file in &kept {
            writer.file(&file.path, file.mode, &file.content).map_err(|error| refused(&error))?;
        }
        let rows = self.snapshots.iter().try_fold(0, |rows, snapshot| Ok::<_, Failed>(rows + snapshot.rows()?))?;
        progress.of_rows.store(rows, Ordering::Relaxed);
        let mut damaged_rows = 0;
        for snapshot in &self.snapshots {
            damaged_rows += write_rows(snapshot, &mut writer, progress).map_err(|failed| refused(&failed.text))?;
        }
        let (file, total) = writer.end().map_err(|error| refused(&error))?;
        let file = file.into_inner().map_err(|error| refused(error.error()))?;
        file.sync_all().map_err(|error| refused(&error))?;
        Ok(Taken {
            path: self.to.display().to_string(),
            made_at_ms: self.head.made_at_ms,
            bytes: 0,
            files: total.files,
            rows: total.rows,
            damaged_rows,
            left_out,
            sealed: self.head.lock.is_some(),
            took_ms: 0,
        })
    }
}

/// Says how many rows fail their checksum.
fn write_rows(snapshot: &Snapshot, writer: &mut Writer<BufWriter<File>>, progress: &Progress) -> Result<u64, Failed> {
    let (mut damaged, mut refused) = (0, None::<WriteError>);
    writer.store(snapshot.which().name())?;
    snapshot.each(|row| {
        damaged += u64::from(!snapshot.which().is_right(row.table, row.key, row.value));
        progress.rows.fetch_add(1, Ordering::Relaxed);
        refused = writer.row(row.table, row.key, row.value).err();
        match refused.is_some() || progress.stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })?;
    if progress.stop.load(Ordering::Relaxed) {
        return Err(Failed::new(1, "it was stopped"));
    }
    refused.map_or(Ok(damaged), |error| Err(error.into()))
}

/// A head for a backup of now.
pub(crate) fn head(node: String, name: String, made_at_ms: i64, sealed: bool) -> Result<Head, Failed> {
    let lock = match sealed {
        true => {
            let mut salt = [0; 16];
            getrandom::fill(&mut salt)
                .map_err(|error| Failed::new(1, format!("the system gives no random bytes: {error}")))?;
            Some(Lock::new(salt))
        }
        false => None,
    };
    Ok(Head { node, name, software: env!("CARGO_PKG_VERSION").to_owned(), made_at_ms, lock })
}

pub(super) fn sync_folder_of(file: &Path) -> std::io::Result<()> {
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
