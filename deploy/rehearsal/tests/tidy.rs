//! Is the tree what the README says it is?

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Rooms that know no IO, no clock and no chance.
const PURE: [&str; 11] =
    ["model", "merge", "codec", "sync", "query", "formats", "rollup", "watch", "people", "backup", "jobs"];

/// What a pure room could do IO with.
const DOERS: [&str; 8] = ["tokio", "quinn", "redb", "axum", "rustls", "getrandom", "rustix", "sysinfo"];

/// The roles, which never import one another.
const ROLES: [&str; 3] = ["agent", "relay", "cloud"];

/// The rooms that build upon others, and those they may not know: whoever stands above them.
const DIRECTION: [&str; 10] = ["model", "merge", "codec", "sync", "rollup", "query", "watch", "store", "node", "fleet"];

#[test]
fn every_room_is_on_the_map_and_the_map_has_no_others() {
    let readme = read("README.md");
    let map = readme.split("## Code map").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("a code map");
    let rooms = map.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).map(str::to_owned);
    let pages = members().into_iter().map(|room| format!("{room}/web"));
    let all = members().into_iter().chain(pages.filter(|room| root().join(room).join("package.json").is_file()));
    assert_eq!(rooms.collect::<BTreeSet<_>>(), all.collect());
}

#[test]
fn pure_rooms_have_nothing_to_do_io_with() {
    for room in PURE {
        let all = everything_below(&format!("shared/{room}"));
        for doer in DOERS {
            assert!(!all.contains(doer), "shared/{room} imports {doer}, itself or through a room below");
        }
    }
}

#[test]
fn agent_relay_and_hub_never_import_one_another() {
    for role in ROLES {
        let all = everything_below(role);
        for other in ROLES.iter().filter(|other| **other != role) {
            assert!(!all.contains(&format!("vigie-{other}")), "{role} imports {other}");
        }
    }
}

#[test]
fn rooms_import_downwards_only() {
    for (at, room) in DIRECTION.iter().enumerate() {
        let all = everything_below(&format!("shared/{room}"));
        for above in DIRECTION.iter().skip(at + 1).chain(&ROLES) {
            assert!(!all.contains(&format!("vigie-{above}")), "shared/{room} imports {above}, which stands above it");
        }
    }
}

#[test]
fn the_mind_of_notify_knows_no_io_and_notify_nobody_above_it() {
    let doers =
        ["tokio", "std::fs", "std::net", "std::env", "SystemTime", "Instant::", "getrandom", "vigie_store", "lettre"];
    let mut seen = 0;
    for path in files_below(&root().join("shared/notify/src/mind")) {
        let text = std::fs::read_to_string(&path).expect("text");
        for doer in doers.iter().chain(&["hyper", "redb", "rustls"]) {
            assert!(!text.contains(doer), "{} speaks of {doer}", path.display());
        }
        seen += 1;
    }
    assert!(seen > 10, "the mind is where it was");
    let all = everything_below("shared/notify");
    for above in ["node", "serve", "fleet", "agent", "relay", "cloud"] {
        assert!(!all.contains(&format!("vigie-{above}")), "shared/notify imports {above}, which stands above it");
    }
}

#[test]
fn one_room_dials_strangers_and_nobody_else_does() {
    // Nodes dial one another, and the hub the engine that its own file names; mail goes to addresses that were judged.
    let may = ["shared/outgoing", "shared/net", "shared/forward", "shared/node"];
    let rooms = members().into_iter().filter(|room| room.starts_with("shared/") || ROLES.contains(&room.as_str()));
    let mut seen = 0;
    for room in rooms.filter(|room| !may.contains(&room.as_str()) && room != "agent") {
        // The command line goes where the person at the terminal says, in that person's name.
        // A relay asks whether its own hub's machine is there.
        let exempt = ["cloud/src/vigie", "relay/src/around.rs"].map(|path| root().join(path));
        let of_node = |path: &PathBuf| !exempt.iter().any(|exempt| path.starts_with(exempt));
        for path in files_below(&root().join(&room).join("src")).into_iter().filter(of_node) {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            for dials in ["TcpStream::connect", "TcpSocket", "lookup_host", "hyper::client", "to_socket_addrs"] {
                assert!(!text.contains(dials), "{} speaks of {dials}: ask vigie-outgoing", path.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 300, "the rooms are where they were");
}

#[test]
fn every_manifest_takes_the_workspace_lints() {
    // libFuzzer's entry point is a symbol of C, which needs what the workspace forbids; each other file there forbids it.
    for member in members().into_iter().filter(|member| member != "deploy/fuzz") {
        let manifest = manifest(&member);
        let taken = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        assert_eq!(taken, Some(true), "{member}/Cargo.toml does not say [lints] workspace = true");
    }
}

#[test]
fn the_readme_leaves_the_figures_their_place() {
    let readme = read("README.md");
    let begin = readme.find("<!-- figures:begin -->").expect("where figures begin");
    let end = readme.find("<!-- figures:end -->").expect("where figures end");
    assert!(begin < end);
    assert!(readme[..begin].contains("\n## Figures\n"), "the figures have their own heading");
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    // In pieces, so that this file itself is clean.
    let homes = [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat()];
    for file in tracked() {
        let Ok(text) = std::fs::read_to_string(root().join(&file)) else { continue };
        for home in &homes {
            assert!(!text.contains(home.as_str()), "{file} holds {home}");
        }
    }
}

/// The files of a folder and of the folders in it.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn manifest(room: &str) -> toml::Table {
    read(&format!("{room}/Cargo.toml")).parse().unwrap_or_else(|error| panic!("{room}/Cargo.toml: {error}"))
}

fn members() -> Vec<String> {
    let workspace: toml::Table = read("Cargo.toml").parse().expect("the workspace's manifest");
    let members = workspace["workspace"]["members"].as_array().expect("members");
    members.iter().map(|member| member.as_str().expect("a path").to_owned()).collect()
}

/// Names of all that a room imports for its programs (not for its tests), and what rooms below it import.
fn everything_below(room: &str) -> BTreeSet<String> {
    let rooms: BTreeMap<String, String> = members().into_iter().map(|member| (package(&member), member)).collect();
    let mut all = BTreeSet::new();
    let mut ahead = vec![room.to_owned()];
    while let Some(room) = ahead.pop() {
        for name in imports(&manifest(&room)) {
            if all.insert(name.clone()) {
                ahead.extend(rooms.get(&name).cloned());
            }
        }
    }
    all
}

/// The dependencies of a manifest, for every platform.
fn imports(manifest: &toml::Table) -> Vec<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let targets = targets.into_iter().flat_map(|targets| targets.values()).filter_map(toml::Value::as_table);
    let tables = targets.chain([manifest]).filter_map(|table| table.get("dependencies")?.as_table());
    tables.flat_map(|table| table.keys().cloned()).collect()
}

fn package(room: &str) -> String {
    manifest(room)["package"]["name"].as_str().expect("a package has a name").to_owned()
}

/// The files that belong to the tree; none where it is not under git, as in a copy.
fn tracked() -> Vec<String> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let listed = listed.ok().filter(|done| done.status.success()).map(|done| done.stdout).unwrap_or_default();
    String::from_utf8_lossy(&listed).split('\0').filter(|file| !file.is_empty()).map(str::to_owned).collect()
}
