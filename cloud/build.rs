//! Which files has the hub's web? Lists what was built into `web/dist`, so that the program bears all of it.
//!
//! What is there was committed: no Node is needed to build the hub.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=web/dist");
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo says it")).join("web/dist");
    let mut files = Vec::new();
    list(&root, &mut files);
    files.sort();
    let pages = std::fs::read_to_string(root.join("pages.txt")).expect("the build of cloud/web writes pages.txt");
    let mut text = format!("const PAGES: &[&str] = &{:?};\n", pages.lines().collect::<Vec<_>>());
    text.push_str("const FILES: &[(&str, &[u8])] = &[\n");
    for file in files.iter().filter(|file| !file.ends_with("pages.txt")) {
        let name = file.strip_prefix(&root).expect("below it").to_str().expect("our names are plain");
        let path = file.to_str().expect("a folder with a plain name");
        writeln!(text, "    ({:?}, include_bytes!({path:?})),", format!("/{name}")).expect("memory takes it");
    }
    text.push_str("];\n");
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo says it")).join("web.rs");
    std::fs::write(out, text).expect("cargo's own folder can be written to");
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("web/dist is committed").flatten() {
        let path = entry.path();
        if path.is_dir() { list(&path, files) } else { files.push(path) }
    }
}
