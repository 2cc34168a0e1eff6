//! Which files of the data folder belong to a backup?

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Larger ones are none of the hub's: keys, tokens and rules are far below it.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// Deeper folders are none of the hub's.
const MAX_DEPTH: usize = 4;

/// A file that belongs to it.
#[derive(Debug)]
pub(super) struct Kept {
    /// Below the data folder, with `/` between its parts.
    pub(super) path: String,
    pub(super) mode: u32,
    pub(super) content: Vec<u8>,
}

/// The files that belong to a backup, and the paths of those that are left out for their size.
pub(super) fn of(data: &Path) -> io::Result<(Vec<Kept>, Vec<String>)> {
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    look_into(data, data, 0, &mut kept, &mut left_out)?;
    Ok((kept, left_out))
}

fn look_into(
    data: &Path,
    folder: &Path,
    depth: usize,
    kept: &mut Vec<Kept>,
    left_out: &mut Vec<String>,
) -> io::Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    entries.sort();
    for path in entries {
        let below = path.strip_prefix(data).unwrap_or(&path).to_string_lossy().into_owned();
        // Not through links: what they name is not the hub's.
        let meta = fs::symlink_metadata(&path)?;
        if depth == 0 && is_of_a_store(&below) {
            continue;
        }
        if meta.is_dir() && depth < MAX_DEPTH {
            look_into(data, &path, depth + 1, kept, left_out)?;
        } else if meta.is_file() && meta.len() <= MAX_FILE_BYTES {
            kept.push(Kept { path: below, mode: meta.permissions().mode() & 0o777, content: fs::read(&path)? });
        } else if meta.is_file() || meta.is_dir() {
            left_out.push(below);
        }
    }
    Ok(())
}

/// The stores go row by row; what stands beside them says that they are these very files, which a copy is not. What was exported
/// stands in them.
fn is_of_a_store(name: &str) -> bool {
    name.starts_with("log.")
        || name.starts_with("state.")
        || name == "node.sock"
        || name == crate::jobs::FOLDER
        || super::restore::MARKS.contains(&name)
}

/// Where a file of a backup belongs below a folder; nothing where its path leads out of it.
pub(super) fn place(folder: &Path, path: &str) -> Option<PathBuf> {
    let inside = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
    let first = path.split('/').next().unwrap_or_default();
    (path.split('/').all(inside) && !is_of_a_store(first)).then(|| folder.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_out_of_the_folder_has_no_place() {
        let folder = Path::new("/data");
        assert_eq!(place(folder, "ca/root.pem"), Some("/data/ca/root.pem".into()));
        for path in ["", "/etc/passwd", "../other", "ca/../../x", "ca//x", "./x", "log.redb", "state.witness", "a\0b"] {
            assert_eq!(place(folder, path), None, "{path:?}");
        }
    }

    #[test]
    fn stores_sockets_and_links_are_not_among_the_files() {
        let data = tempfile::tempdir().expect("a folder");
        let write = |name: &str| fs::write(data.path().join(name), name).expect("room");
        fs::create_dir(data.path().join("ca")).expect("room");
        for name in ["ca/root.pem", "http.token", "log.redb", "log.mark", "state.witness", "state.lock"] {
            write(name);
        }
        fs::create_dir(data.path().join("exports")).expect("room");
        write("exports/1.csv");
        std::os::unix::fs::symlink("/etc/passwd", data.path().join("link")).expect("room");
        let large = fs::File::create(data.path().join("core")).expect("room");
        large.set_len(MAX_FILE_BYTES + 1).expect("a sparse file");
        let (kept, left_out) = of(data.path()).expect("readable");
        assert_eq!(kept.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["ca/root.pem", "http.token"]);
        assert_eq!(kept[0].content, b"ca/root.pem");
        assert_eq!(left_out, ["core"]);
    }
}
