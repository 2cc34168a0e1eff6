//! What becomes of a command whose reader has gone, as `head` goes after some lines?

use std::fs::OpenOptions;
use std::process::Stdio;

use vigie_trial::run_into;

/// Commands of the four programs that say something and need nobody else for it. What `doctor` looks for is not there.
const SAYING: [(&str, &[&str]); 8] = [
    ("vigie-agent", &["doctor", "--data", "/nowhere"]),
    ("vigie-agent", &["doctor", "--data", "/nowhere", "--json"]),
    ("vigie-relay", &["doctor", "--data", "/nowhere"]),
    ("vigie-relay", &["doctor", "--data", "/nowhere", "--json"]),
    ("vigie-cloud", &["doctor", "--data", "/nowhere"]),
    ("vigie-cloud", &["doctor", "--data", "/nowhere", "--json"]),
    ("vigie", &["completion", "bash"]),
    ("vigie", &["completion", "zsh"]),
];

#[test]
fn a_command_whose_reader_has_gone_ends_without_a_word_as_a_closed_pipe_ends_programs() {
    for (name, args) in SAYING {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let ended = run_into(name, args, Stdio::from(writer), Stdio::piped());
        assert_eq!(ended.status.code(), Some(141), "{name} {args:?}: {ended:?}");
        assert!(ended.stderr.is_empty(), "{name} {args:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }
}

#[test]
fn a_command_that_fails_says_so_by_its_code_though_nobody_reads_why() {
    for (name, args, code) in [
        ("vigie-agent", &["status", "--data", "/nowhere"][..], 6),
        ("vigie-relay", &["status", "--data", "/nowhere"], 6),
        ("vigie-cloud", &["status", "--data", "/nowhere"], 6),
        ("vigie", &["sites", "list"], 4),
    ] {
        let read = run_into(name, args, Stdio::piped(), Stdio::piped());
        assert!(read.status.code() == Some(code) && !read.stderr.is_empty(), "{name}: {read:?}");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let unread = run_into(name, args, Stdio::piped(), Stdio::from(writer));
        assert_eq!(unread.status.code(), Some(code), "{name}: {unread:?}");
    }
}

#[test]
fn an_answer_that_does_not_fit_on_its_disk_is_no_success() {
    for (name, args) in SAYING {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("Linux has one");
        let ended = run_into(name, args, Stdio::from(full), Stdio::piped());
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{name} {args:?}: {said}");
        assert!(said.contains("the answer could not be written, and is not whole"), "{name} {args:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}
