//! How are people written to? By a channel of mail that the hub has anyway, as jobs: a letter is kept in one step with the
//! invitation that it brings, and tried again until the mail server has it, or nobody needs it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use vigie_jobs::{Ended, Job, JobId, JobKind, JobWish, Priority};
use vigie_model::UtcMs;
use vigie_node::NodeClock;
use vigie_notify::{Channel, Outcome};
use vigie_people::{Id, Mailed};
use vigie_serve::{Beside, Draft, FirstTry, Letter, People, Post, letter_noted, letter_went};

use super::Register;
use super::closed::Closed;
use crate::jobs::{Book, TABLE};

/// Whoever invites waits before a page for so long until they are told that it is not known yet.
const PATIENCE: Duration = Duration::from_secs(30);

/// The channel's own patience is shorter, unless somebody set it so. A letter that was handed over in full may have arrived: RFC
/// 5321, 4.5.3.2.6, asks for ten minutes before it is sent again.
const HANDING_OVER: Duration = Duration::from_secs(600);

/// A letter that is just being handed over has so long to arrive when the hub stops, or it is called off.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How often it is seen whether it is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Writes to people by one channel.
#[derive(Debug)]
pub(crate) struct Mailer {
    channel: Channel,
    book: Arc<Book>,
    people: Arc<Register>,
    closed: Closed,
    clock: NodeClock,
    runtime: Handle,
}

/// What stands in the clear of a letter: for whoever looks after people there.
#[derive(Debug, Serialize, Deserialize)]
struct Errand {
    invitation: Id,
    to: String,
}

/// What nobody reads but who sends it.
#[derive(Serialize, Deserialize)]
struct Words {
    subject: String,
    code: String,
    text: String,
}

impl Mailer {
    /// Where there is a channel; from within a runtime.
    pub(crate) fn of(
        channel: Option<Channel>,
        (book, people): (Arc<Book>, Arc<Register>),
        hub_key: &[u8; 32],
        clock: NodeClock,
    ) -> Option<Arc<Self>> {
        let (closed, runtime) = (Closed::by(hub_key), Handle::current());
        channel.map(|channel| Arc::new(Self { channel, book, people, closed, clock, runtime }))
    }

    /// Sends a letter that waits.
    pub(crate) fn carry_out(&self, job: &Job, stop: &AtomicBool) -> Ended {
        let Ok(errand) = serde_json::from_value::<Errand>(job.order.clone()) else {
            return Ended::Hopeless("to whom it goes can not be read any more: send the invitation again".to_owned());
        };
        let words = job.sealed().and_then(|sealed| self.closed.open(sealed, errand.invitation.to_string().as_bytes()));
        let Some(words) = words.and_then(|words| serde_json::from_slice::<Words>(&words).ok()) else {
            return Ended::Hopeless("this hub can not open the letter any more: send the invitation again".to_owned());
        };
        if self.people.directory().invitation(&words.code, self.clock.now().utc).is_none() {
            let said = "nothing was sent: the invitation was taken up, taken back, sent anew, or its time is over";
            return Ended::Done(Value::Null, said.to_owned());
        }
        let ended = self.runtime.block_on(self.send(&errand, &words, job.made_at, stop));
        self.note(job, &errand, &ended);
        ended
    }

    /// Each try bears the same date and name, by which mail programs know a double.
    async fn send(&self, errand: &Errand, words: &Words, made_at: UtcMs, stop: &AtomicBool) -> Ended {
        let written = self.channel.write(&errand.to, &words.subject, &words.text, made_at);
        let sent = tokio::select! {
            sent = tokio::time::timeout(HANDING_OVER, written) => sent,
            () = out_of_time(stop) => return Ended::Stopped,
        };
        // Some mail servers repeat the address that they did not like.
        let struck = |said: &dyn std::fmt::Display| said.to_string().replace(&words.code, "…");
        match sent {
            Ok(Some(Outcome::Taken(said))) => Ended::Done(Value::Null, struck(&said)),
            Ok(Some(Outcome::Later { why, .. })) => Ended::Failed(struck(&why)),
            Ok(Some(Outcome::Never(why))) => Ended::Hopeless(struck(&why)),
            Ok(None) => Ended::Hopeless(format!("the channel {:?} sends no mail", self.channel.name())),
            Err(_) => {
                let seconds = HANDING_OVER.as_secs();
                Ended::Failed(format!("no answer within {seconds} s; whether it arrived is not known"))
            }
        }
    }

    /// At the invitation it is told that the letter went, that it did not at first, and that it never will: what came in between
    /// the job tells.
    fn note(&self, job: &Job, errand: &Errand, ended: &Ended) {
        let is_last = job.kind.tries().is_some_and(|most| job.tries >= most);
        let (taken, said) = match ended {
            Ended::Done(_, said) => (true, said),
            Ended::Failed(why) if job.tries <= 1 || is_last => (false, why),
            Ended::Hopeless(why) => (false, why),
            Ended::Failed(_) | Ended::Stopped => return,
        };
        letter_noted(&*self.people, &errand.invitation, &letter_went(self.clock.now().utc, taken, said));
    }

    fn wish(&self, letter: Letter<'_>) -> Result<(JobWish, Vec<u8>), String> {
        let errand = Errand { invitation: letter.invitation.clone(), to: letter.to.to_owned() };
        let Letter { client, is_reset, by, subject, code, text, .. } = letter;
        let words = Words { subject: subject.to_owned(), code: code.to_owned(), text: text.to_owned() };
        let wish = JobWish {
            kind: JobKind::Mail,
            priority: Priority::Usual,
            client: client.cloned(),
            what: if is_reset { "password" } else { "invitation" }.to_owned(),
            by: by.to_owned(),
            order: json!(errand),
            not_before: self.clock.now().utc,
        };
        Ok((wish, serde_json::to_vec(&words).map_err(|error| error.to_string())?))
    }

    /// How the first try went, once it did; whoever waits for longer than that is told that it is not known yet.
    async fn tried_first(&self, id: &JobId) -> Mailed {
        let Ok(tried) = tokio::time::timeout(PATIENCE, self.book.tried(id)).await else {
            let is_handed_over = self.book.one(id).is_some_and(|job| job.is_running());
            let why = if is_handed_over {
                "it is being handed over: whether it arrived is not known yet"
            } else {
                "it waits for its turn"
            };
            return self.went_not(why);
        };
        let Some(job) = tried else { return self.went_not("it was taken back") };
        let is_done = job.state(self.clock.now().utc) == vigie_jobs::JobState::Done;
        letter_went(job.since(), is_done, job.log.last_said().unwrap_or_default())
    }

    fn went_not(&self, why: &str) -> Mailed {
        letter_went(self.clock.now().utc, false, why)
    }
}

/// Returns a moment after it is to stop.
async fn out_of_time(stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    tokio::time::sleep(LAST_WORDS).await;
}

impl Post for Mailer {
    fn draft(&self, letter: Letter<'_>) -> Result<Draft, String> {
        let (wish, words) = self.wish(letter)?;
        let sealed = self.closed.close(&words, letter.invitation.to_string().as_bytes())?;
        let job = self.book.draft(wish, Some(sealed)).map_err(|not| not.to_string())?;
        let (id, book) = (job.id.clone(), self.book.clone());
        let (key, row) = Book::row(&job);
        Ok(Draft { job: id, beside: Beside { table: TABLE, key, row, kept: Box::new(move || book.is_kept(job)) } })
    }

    fn first_try<'a>(&'a self, job: &'a JobId) -> FirstTry<'a> {
        Box::pin(self.tried_first(job))
    }
}

#[cfg(test)]
mod tests;
