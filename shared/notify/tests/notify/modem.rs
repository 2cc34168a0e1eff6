//! Is a modem's program told in arguments, whatever a machine calls itself, and is how it ends understood?

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::{MINUTE, alert, at, clocks, configured};
use vigie_notify::{Change, Channel, Facts, Intent, Mind, Outcome, Seat, Text, Whose};

/// A program in the place of gammu's: writes down its arguments, one on a line, and ends as it is told.
fn program(folder: &Path, ends: &str) -> std::path::PathBuf {
    let path = folder.join("inject");
    let text =
        format!("#!/bin/sh\nfor one in \"$@\"; do printf '%s\\n' \"$one\" >> {}/got; done\n{ends}\n", folder.display());
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("it may run");
    path
}

fn line(folder: &Path, ends: &str, title: &str) -> (Channel, Intent) {
    let command = program(folder, ends);
    let text = format!(
        "[[channel]]\nkind='gsm'\nname='m'\ncommand='{}'\narguments=['--config', '/etc/rc']\nto=['+33 612']\ntimeout_s=1\n
         [[route]]\nname='r'\nchannels=['m']\nwait_s=0\n",
        command.display()
    );
    let (rules, mut channels) = configured(&text, Seat::Relay);
    let mut mind = Mind::new(rules, clocks(0));
    let one = alert(1, 0);
    let facts = Facts { title: Text::new(title), ..one.facts() };
    mind.hear(one.changes_with(Change::Began, 0, facts), clocks(0)).expect("heard");
    (Channel::new(channels.remove(0)), mind.due(clocks(MINUTE)).remove(0))
}

#[tokio::test]
async fn what_a_machine_calls_itself_is_one_argument_and_no_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let title = "-c $(touch pwned) `id`; rm -rf \"$HOME\" 'x' é";
    let (channel, intent) = line(folder.path(), "echo 'Written message with ID 7'", title);
    let said = channel.send(&intent, at(0)).await;
    assert_eq!(said, Outcome::Taken(Text::new("Written message with ID 7")));
    let got = std::fs::read_to_string(folder.path().join("got")).expect("it ran");
    let got: Vec<&str> = got.lines().collect();
    assert_eq!(got[..4], ["--config", "/etc/rc", "TEXT", "+33612"]);
    let text = got.last().expect("a text");
    assert_eq!(got[got.len() - 2], "-textutf8");
    assert!(text.contains(title) && text.starts_with("[Critical] "), "{text}");
    assert!(
        got.contains(&"-unicode") && got[5].parse::<usize>().is_ok_and(|len| len == text.chars().count()),
        "{got:?}"
    );
}

#[tokio::test]
async fn a_program_that_fails_hangs_or_is_not_there_makes_the_message_wait() {
    for (ends, word) in [
        ("echo no modem; exit 3", "ended with 3: no modem"),
        ("sleep 60", "not done within 1 s"),
        ("kill -9 $$", "signal"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let (channel, intent) = line(folder.path(), ends, "disk full");
        match channel.send(&intent, at(0)).await {
            Outcome::Later { why, whose: Whose::Channel, .. } => assert!(why.as_str().contains(word), "{why}"),
            other => panic!("it should come later: {other:?}"),
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (channel, intent) = line(folder.path(), "", "disk full");
    std::fs::remove_file(folder.path().join("inject")).expect("it was there");
    let outcome = channel.send(&intent, at(0)).await;
    assert!(matches!(&outcome, Outcome::Later { why, .. } if why.as_str().contains("can not be run")), "{outcome:?}");
    // Somebody on call whose number is none is told so, and no program runs.
    let odd = Intent { to: "--help".to_owned(), ..intent };
    assert!(matches!(channel.send(&odd, at(0)).await, Outcome::Never(_)));
}
