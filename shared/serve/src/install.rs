//! How does a machine get its agent, and a site its relay, from this node?
//!
//! One script, which is the same for everybody and says of each program its size and SHA-256, and the programs themselves.
//! Neither says anything of anybody, so both are open: what lets a machine join is a token, which they do not hold. Whoever
//! pastes a command that names the script's own SHA-256 gets that script and these programs, or nothing, over plain HTTP too.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use axum::extract::{Path as InPath, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use ring::digest::{Context, SHA256, digest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::door::Address;
use crate::params::Params;
use crate::problem::Problem;
use crate::shared::App;
use crate::{stream, work};

/// One script for who reads it, in the order in which it does things.
const SCRIPT: &str = concat!(
    include_str!("../install/options.sh"),
    include_str!("../install/fetch.sh"),
    include_str!("../install/put.sh"),
    include_str!("../install/unit.sh"),
    include_str!("../install/end.sh"),
);

/// What stands in the script where the programs are named.
const PLACE: &str = "@PROGRAMS@";

/// Which programs are handed out: a file is called so, and by its platform.
const NAMES: [&str; 2] = [AGENT, RELAY];

/// What measures a machine.
pub(crate) const AGENT: &str = "vigie-agent";

/// What remembers for a site.
pub(crate) const RELAY: &str = "vigie-relay";

/// For which machines there can be one.
const PLATFORMS: [&str; 3] = ["x86_64-linux", "aarch64-linux", "armv7-linux"];

/// The platform that this program was made for.
const OWN: &str = match std::env::consts::ARCH.as_bytes() {
    b"x86_64" => "x86_64-linux",
    b"aarch64" => "aarch64-linux",
    b"arm" => "armv7-linux",
    _ => "",
};

/// Why a program is not served.
const NEXT: &str = "its operator puts the program into the folder that the setting [install] names";

/// Where packages put the programs that a node hands out.
const USUAL: &str = "/usr/lib/vigie";

/// What a file says of them: `[install]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InstallSaid {
    /// The folder with the programs.
    pub folder: Option<PathBuf>,
}

impl InstallSaid {
    /// The programs of that folder, or of where packages put them; and, of what is not there, what lies beside this program.
    pub fn programs(&self) -> Programs {
        let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.to_owned()));
        Programs::of(vec![self.folder.clone().unwrap_or_else(|| USUAL.into())], beside)
    }
}

/// A program that is handed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Program {
    /// `vigie-agent` or `vigie-relay`.
    pub name: &'static str,
    /// For which machines, as in `x86_64-linux`.
    pub platform: &'static str,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, as hexadecimal digits.
    pub sha256: String,
}

/// What a node hands out: files named `vigie-agent-PLATFORM` and `vigie-relay-PLATFORM` of some folders, looked at anew each
/// time.
#[derive(Debug, Default)]
pub struct Programs {
    folders: Vec<PathBuf>,
    /// Where a file `vigie-agent` or `vigie-relay` is one for machines as this one.
    beside: Option<PathBuf>,
    known: Mutex<BTreeMap<PathBuf, (Mark, String)>>,
}

/// By what a file is taken for the same as before.
type Mark = (u64, Option<SystemTime>);

impl Programs {
    /// Those of these folders, the first one first, and what lies `beside` this program, if something does.
    pub fn of(folders: Vec<PathBuf>, beside: Option<PathBuf>) -> Self {
        Self { folders, beside, known: Mutex::default() }
    }

    /// All that there is now. Reads each file that is new or was changed: not for a thread that others wait for.
    pub fn all(&self) -> Vec<Program> {
        let one = |(name, platform): (&'static str, &'static str)| {
            let (path, about) = self.find(name, platform)?;
            let sha256 = self.sum(&path, &about).inspect_err(
                |error| tracing::warn!(file = %path.display(), %error, "a program to be handed out can not be read"),
            );
            Some(Program { name, platform, bytes: about.len(), sha256: sha256.ok()? })
        };
        all_that_can_be().filter_map(one).collect()
    }

    /// Whether one of this name is handed out for some machines. Reads no file.
    pub(crate) fn has(&self, name: &str) -> bool {
        PLATFORMS.iter().any(|platform| self.find(name, platform).is_some())
    }

    /// The script, with what there is now.
    pub fn script(&self) -> String {
        let line = |one: Program| format!("{}-{} {} {}", one.name, one.platform, one.bytes, one.sha256);
        let lines = self.all().into_iter().map(line);
        SCRIPT.replacen(PLACE, &lines.collect::<Vec<_>>().join("\n"), 1)
    }

    /// The SHA-256 of the script, for the command that fetches it.
    pub fn script_sha256(&self) -> String {
        HEXLOWER.encode(digest(&SHA256, self.script().as_bytes()).as_ref())
    }

    fn find(&self, name: &str, platform: &str) -> Option<(PathBuf, Metadata)> {
        let named = self.folders.iter().chain(&self.beside).map(|folder| folder.join(format!("{name}-{platform}")));
        let beside = self.beside.iter().filter(|_| platform == OWN).map(|folder| folder.join(name));
        let about = |path: PathBuf| {
            let about = std::fs::metadata(&path).ok().filter(Metadata::is_file)?;
            Some((path, about))
        };
        named.chain(beside).find_map(about)
    }

    fn sum(&self, path: &Path, about: &Metadata) -> io::Result<String> {
        let mark = (about.len(), about.modified().ok());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, sum)) = known.get(path).filter(|(before, _)| *before == mark) {
            return Ok(sum.clone());
        }
        let sum = sum_of(File::open(path)?)?;
        known.insert(path.to_owned(), (mark, sum.clone()));
        Ok(sum)
    }
}

/// Each program of each platform, agents first.
fn all_that_can_be() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMES.into_iter().flat_map(|name| PLATFORMS.into_iter().map(move |platform| (name, platform)))
}

fn sum_of(mut file: File) -> io::Result<String> {
    let (mut hash, mut chunk) = (Context::new(&SHA256), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(HEXLOWER.encode(hash.finish().as_ref())),
            read => hash.update(&chunk[..read]),
        }
    }
}

/// `GET /install.sh`: the script, to be read first. Whoever fetches it for an enrolment (`for=ID`) is noted there.
pub(crate) async fn script(State(app): State<App>, parts: Parts) -> Result<Response, Problem> {
    let text = work::list(&app, |app| Ok(app.options.programs.script())).await?;
    if let (Some(enrolments), Some(id)) = (&app.enrolments, Params::of_uri(&parts.uri).get("for")) {
        enrolments.fetched(id, Address::of(&parts, &app.options).to_string());
    }
    Ok((plain("text/plain; charset=utf-8"), text).into_response())
}

/// `GET /install/{file}`: a program.
pub(crate) async fn file(State(app): State<App>, InPath(name): InPath<String>) -> Result<Response, Problem> {
    let found = work::list(&app, move |app| {
        let none = || Problem { next: NEXT, ..Problem::not_found("this node hands out no such program") };
        let (name, platform) = all_that_can_be()
            .find(|(program, platform)| {
                name.strip_prefix(*program).and_then(|rest| rest.strip_prefix('-')) == Some(*platform)
            })
            .ok_or_else(none)?;
        let (path, _) = app.options.programs.find(name, platform).ok_or_else(none)?;
        let file = File::open(&path).map_err(|error| {
            tracing::warn!(file = %path.display(), %error, "a program to be handed out can not be read");
            none()
        })?;
        let bytes = file.metadata().map_err(|_| none())?.len();
        Ok((file, bytes))
    });
    let (file, bytes) = found.await?;
    let turn = work::turn(&app.downloads).await?;
    let head = [(header::CONTENT_LENGTH, HeaderValue::from(bytes))];
    Ok((StatusCode::OK, plain("application/octet-stream"), head, stream::poured(file, turn)).into_response())
}

/// Asked for anew each time: after an upgrade nobody gets the script of before with the programs of after.
fn plain(kind: &'static str) -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        files.iter().for_each(|(name, bytes)| std::fs::write(folder.path().join(name), bytes).expect("room"));
        folder
    }

    #[test]
    fn the_script_names_each_program_and_changes_with_it() {
        let folder = folder_with(&[("vigie-agent-aarch64-linux", b"one"), ("vigie-agent-plan9", b"two")]);
        let programs = Programs::of(vec![folder.path().to_owned()], None);
        let line = "vigie-agent-aarch64-linux 3 7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
        assert!(programs.script().contains(&format!("PROGRAMS='{line}'")));
        assert!(!programs.script().contains("plan9") && !programs.script().contains(PLACE));
        let before = programs.script_sha256();
        std::fs::write(folder.path().join("vigie-agent-aarch64-linux"), b"other").expect("room");
        assert_ne!(programs.script_sha256(), before);
    }

    #[test]
    fn a_folder_that_was_named_counts_before_what_lies_beside() {
        let (named, beside) = (folder_with(&[]), folder_with(&[("vigie-agent", b"mine")]));
        let programs = Programs::of(vec![named.path().to_owned()], Some(beside.path().to_owned()));
        assert_eq!(programs.all().iter().map(|one| (one.platform, one.bytes)).collect::<Vec<_>>(), [(OWN, 4)]);
        std::fs::write(named.path().join(format!("{AGENT}-{OWN}")), b"packaged").expect("room");
        assert_eq!(programs.all().iter().map(|one| one.bytes).collect::<Vec<_>>(), [8]);
    }

    #[test]
    fn a_relay_is_handed_out_where_one_is_there_and_never_for_an_agent() {
        let folder = folder_with(&[("vigie-agent-aarch64-linux", b"one"), ("vigie-relay-armv7-linux", b"three")]);
        let programs = Programs::of(vec![folder.path().to_owned()], None);
        let all: Vec<_> = programs.all().iter().map(|one| (one.name, one.platform, one.bytes)).collect();
        assert_eq!(all, [(AGENT, "aarch64-linux", 3), (RELAY, "armv7-linux", 5)]);
        assert!(programs.has(RELAY) && programs.script().contains("\nvigie-relay-armv7-linux 5 "));
    }

    #[test]
    fn a_node_without_programs_says_so_by_an_empty_list() {
        let programs = Programs::default();
        assert!(programs.all().is_empty() && programs.script().contains("PROGRAMS=''"));
    }

    #[test]
    fn nothing_that_opens_anything_stands_in_the_script() {
        // It is served to everybody.
        assert_eq!(SCRIPT.matches(PLACE).count(), 1);
        assert!(SCRIPT.ends_with("main \"$@\"\n"), "half of it does nothing");
    }
}
