//! Do rules and their unit tests come to the verdict of Prometheus' own `promtool`, in the same words?
//!
//! Needs Debian's `prometheus` (the package brings `promtool`). Where it can not be had, `VIGIE_WITHOUT_PEERS=1` says that
//! this was known and accepted.

mod chosen;
mod generated;
mod strict;
mod templates;

use std::fs;
use std::process::Command;

use tempfile::TempDir;
use vigie_query::{Dialect, Limits, Options};
use vigie_watch::{RunOptions, Strictness, read_rules, read_tests, run_tests};

const MISSING: &str = "Debian's promtool is needed to compare verdicts: apt-get install prometheus \
                       (or set VIGIE_WITHOUT_PEERS=1 to go without)";

#[test]
fn chosen_rules_and_tests_have_promtools_verdict_word_for_word() {
    compare(chosen::cases());
}

#[test]
fn generated_rules_and_tests_have_promtools_verdict_word_for_word() {
    compare(generated::cases(150));
}

#[test]
fn templates_give_the_texts_that_promtool_shows() {
    compare(templates::cases());
}

#[test]
fn rule_files_are_refused_where_promtool_refuses_them() {
    if is_without_peers() {
        return;
    }
    let mut differences = Vec::new();
    let files = strict::files();
    for text in &files {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("rules.yml");
        fs::write(&file, text).expect("a rule file");
        let theirs = promtool(&["check", "rules", &file.to_string_lossy()]);
        let ours = read_rules("rules.yml", text, Strictness::Prometheus2);
        if ours.is_ok() != theirs.0 {
            differences.push(format!("{text}\n  ours {ours:?}\n  theirs {}", theirs.1));
        }
    }
    assert!(differences.is_empty(), "{} of {} differ:\n{}", differences.len(), files.len(), differences.join("\n"));
}

/// Rules, and a test file for them.
struct Case {
    name: String,
    rules: String,
    tests: String,
}

fn compare(cases: Vec<Case>) {
    if is_without_peers() {
        return;
    }
    let (mut failing, mut differences) = (0, Vec::new());
    let count = cases.len();
    for case in cases {
        let (ours, theirs) = (without_parsers(&ours(&case)), without_parsers(&theirs(&case)));
        failing += usize::from(!theirs.is_empty());
        if ours != theirs {
            differences.push(format!("== {}\n-- ours\n{ours}\n-- theirs\n{theirs}", case.name));
        }
    }
    println!("{count} cases compared, {failing} of them with differences to show");
    let shown: Vec<_> = differences.iter().take(10).cloned().collect();
    assert!(differences.is_empty(), "{} of {count} differ:\n{}", differences.len(), shown.join("\n"));
}

/// What two parsers say about one mistake is not the same; where it is said is.
fn without_parsers(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        // Which of two series that should not both be there is named first follows from no rule.
        let cut = ["parse error: ", "hand-side of the operation: ["].iter().find_map(|from| line.find(from));
        let cut = cut.map_or(line, |at| &line[..at]);
        lines.push_str(cut.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, ':' | ' ')));
        lines.push('\n');
    }
    lines
}

/// The differences, one after the other; nothing for success.
fn ours(case: &Case) -> String {
    let tests = match read_tests("tests.yml", &case.tests, true) {
        Ok(tests) => tests,
        Err(faults) => return format!("{faults:?}"),
    };
    let groups = match read_rules("rules.yml", &case.rules, Strictness::Prometheus2) {
        Ok(groups) => groups,
        Err(faults) => return format!("{faults:?}"),
    };
    let options = Options { dialect: Dialect::Prometheus2, ..Options::default() };
    let options = RunOptions { options, limits: Limits::usual() };
    run_tests(&tests, &groups, &options).iter().map(|difference| format!("{difference}\n")).collect()
}

fn theirs(case: &Case) -> String {
    let folder: TempDir = tempfile::tempdir().expect("a folder");
    let tests = folder.path().join("tests.yml");
    fs::write(&tests, &case.tests).expect("a test file");
    fs::write(folder.path().join("rules.yml"), &case.rules).expect("a rule file");
    let (passed, told) = promtool(&["test", "rules", &tests.to_string_lossy()]);
    if passed { String::new() } else { told.strip_prefix("  FAILED:\n").unwrap_or(&told).to_owned() }
}

/// Whether it is content, and what it says.
fn promtool(arguments: &[&str]) -> (bool, String) {
    let done = Command::new("promtool").args(arguments).output().unwrap_or_else(|error| panic!("{MISSING}: {error}"));
    (done.status.success(), String::from_utf8_lossy(&done.stderr).into_owned())
}

fn is_without_peers() -> bool {
    let is_set = std::env::var_os("VIGIE_WITHOUT_PEERS").is_some_and(|set| set == "1");
    if is_set {
        eprintln!("not compared with promtool: VIGIE_WITHOUT_PEERS is set");
    }
    is_set
}
