//! How are people written to? By a channel of mail that the hub has anyway.

use std::time::Duration;

use vigie_node::NodeClock;
use vigie_notify::{Channel, Outcome};
use vigie_serve::{Letter, Post, Posted};

/// Whoever invites waits before a page.
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes to people by one channel.
#[derive(Debug)]
pub(crate) struct Mailer {
    channel: Channel,
    clock: NodeClock,
}

impl Mailer {
    pub(crate) fn new(channel: Channel, clock: NodeClock) -> Self {
        Self { channel, clock }
    }

    async fn send(&self, letter: Letter<'_>) -> Result<String, String> {
        let Letter { to, subject, text } = letter;
        let sent = tokio::time::timeout(PATIENCE, self.channel.write(to, subject, text, self.clock.now().utc));
        match sent.await {
            Ok(Some(Outcome::Taken(said))) => Ok(said.to_string()),
            Ok(Some(Outcome::Later { why, .. } | Outcome::Never(why))) => Err(why.to_string()),
            Ok(None) => Err(format!("the channel {:?} sends no mail", self.channel.name())),
            Err(_) => Err(format!("no answer within {} s; whether it arrived is not known", PATIENCE.as_secs())),
        }
    }
}

impl Post for Mailer {
    fn write<'a>(&'a self, letter: Letter<'a>) -> Posted<'a> {
        Box::pin(self.send(letter))
    }
}
