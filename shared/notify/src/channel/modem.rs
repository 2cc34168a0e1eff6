//! How does a short message leave by a modem at this machine?
//!
//! By a program that has the modem (`gammu-smsd-inject` where its daemon has it, `gammu` otherwise), run with arguments and
//! never through a shell: what a message says is an argument of its own, and is no option whatever it begins with. A site that
//! is cut off from everything reaches a telephone so.

use std::process::Stdio;

use tokio::process::Command;
use tokio::time::timeout;

use crate::config::ModemWay;
use crate::mind::{Intent, Outcome, Text, Whose, short};

/// What is told of what the program said.
const MAX_SAID_BYTES: usize = 2_000;

#[derive(Debug)]
pub(crate) struct Modem {
    way: ModemWay,
}

impl Modem {
    pub(crate) fn new(way: ModemWay) -> Self {
        Self { way }
    }

    pub(crate) async fn send(&self, intent: &Intent) -> Outcome {
        let later = |why: &str| Outcome::Later { why: Text::new(why), after_ms: None, whose: Whose::Channel };
        // A number that begins with a dash would be an option.
        if !intent.to.trim_start_matches('+').bytes().all(|byte| byte.is_ascii_digit()) || intent.to.is_empty() {
            return Outcome::Never(Text::new(&format!("{:?} is no telephone number", intent.to)));
        }
        let program = self.way.command.display();
        let run = Command::new(&self.way.command)
            .args(self.arguments(intent))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        match timeout(self.way.patience, run).await {
            Ok(Ok(done)) => {
                let said = [done.stdout, done.stderr].concat();
                let said = String::from_utf8_lossy(&said[..said.len().min(MAX_SAID_BYTES)]).trim().to_owned();
                match done.status.code() {
                    Some(0) => Outcome::Taken(Text::new(&said)),
                    Some(code) => later(&format!("{program} ended with {code}: {said}")),
                    None => later(&format!("{program} was stopped by a signal: {said}")),
                }
            }
            Ok(Err(error)) => later(&format!("{program} can not be run: {error}")),
            Err(_) => later(&format!("{program} was not done within {} s", self.way.patience.as_secs())),
        }
    }

    /// As gammu and its daemon's program take them; `-textutf8` takes what follows as it is, a leading dash too.
    fn arguments(&self, intent: &Intent) -> Vec<String> {
        let text = short(&intent.notice, self.way.max_chars);
        let mut all: Vec<String> = self.way.arguments.clone();
        all.extend(["TEXT".to_owned(), intent.to.clone()]);
        if text.chars().count() > 70 {
            all.extend(["-len".to_owned(), text.chars().count().to_string()]);
        }
        // Gammu asks for it where letters stand outside of a telephone's own alphabet, as in most languages.
        if !text.is_ascii() {
            all.push("-unicode".to_owned());
        }
        all.extend(["-textutf8".to_owned(), text]);
        all
    }
}
