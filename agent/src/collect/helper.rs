//! What if the kernel never answers?
//!
//! A question to a dead network filesystem or a broken sensor can hang for hours, and nothing can call it back. So such
//! questions are asked on a thread of their own: one per collector, started when first needed, never a second one while
//! the first is stuck. The round waits a little, once, and then goes on without.

use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::CollectError;

/// Stack of a helper: these threads only read small files and call statvfs.
const STACK_BYTES: usize = 128 * 1024;

/// A thread that answers one kind of question, at most one at a time.
pub(super) struct Helper<Q, A> {
    name: &'static str,
    make: Box<dyn Fn() -> Job<Q, A> + Send>,
    line: Option<Line<Q, A>>,
    asked: Asked,
}

type Job<Q, A> = Box<dyn FnMut(Q) -> A + Send>;

/// The two ends this side holds; dropping them ends the thread as soon as it returns.
struct Line<Q, A> {
    questions: SyncSender<Q>,
    answers: Receiver<A>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    ThisRound,
    /// The answer is overdue by so many rounds and will be dropped.
    Before(u64),
}

impl<Q: Send + 'static, A: Send + 'static> Helper<Q, A> {
    /// A helper that is not running yet. `make` gives the job its state, and gives it anew if it ever panicked.
    pub(super) fn new<J>(name: &'static str, make: impl Fn() -> J + Send + 'static) -> Self
    where
        J: FnMut(Q) -> A + Send + 'static,
    {
        Self { name, make: Box::new(move || Box::new(make())), line: None, asked: Asked::Nothing }
    }

    /// Asks, unless an earlier question is still open.
    pub(super) fn ask(&mut self, question: Q) -> Result<(), CollectError> {
        self.clear_overdue()?;
        let line = match self.line.take() {
            Some(line) => line,
            None => self.start()?,
        };
        if line.questions.try_send(question).is_err() {
            return Err(CollectError::Panicked);
        }
        self.line = Some(line);
        self.asked = Asked::ThisRound;
        Ok(())
    }

    /// The answer to this round's question, waited for until `deadline`.
    pub(super) fn answer(&mut self, deadline: Instant) -> Result<A, CollectError> {
        let (Asked::ThisRound, Some(line)) = (self.asked, &self.line) else {
            return Err(CollectError::Panicked);
        };
        let patience = deadline.saturating_duration_since(Instant::now());
        match line.answers.recv_timeout(patience) {
            Ok(answer) => {
                self.asked = Asked::Nothing;
                Ok(answer)
            }
            Err(RecvTimeoutError::Timeout) => {
                self.asked = Asked::Before(0);
                Err(CollectError::Late { patience_ms: millis(patience) })
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.gone()),
        }
    }

    fn clear_overdue(&mut self) -> Result<(), CollectError> {
        let overdue = match self.asked {
            Asked::Nothing => return Ok(()),
            // Asked and never fetched: treated as overdue, or its answer would be taken for the next one's.
            Asked::ThisRound => 0,
            Asked::Before(rounds) => rounds,
        };
        match self.line.as_ref().map(|line| line.answers.try_recv()) {
            Some(Err(TryRecvError::Empty)) => {
                self.asked = Asked::Before(overdue.saturating_add(1));
                Err(CollectError::Stuck { rounds: overdue.saturating_add(1) })
            }
            Some(Err(TryRecvError::Disconnected)) => Err(self.gone()),
            Some(Ok(_)) | None => {
                self.asked = Asked::Nothing;
                Ok(())
            }
        }
    }

    fn gone(&mut self) -> CollectError {
        self.line = None;
        self.asked = Asked::Nothing;
        CollectError::Panicked
    }

    fn start(&self) -> Result<Line<Q, A>, CollectError> {
        let (questions, asked) = sync_channel::<Q>(1);
        let (answer, answers) = sync_channel::<A>(1);
        let mut job = (self.make)();
        let work = move || {
            while let Ok(question) = asked.recv() {
                if answer.send(job(question)).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name(self.name.to_owned()).stack_size(STACK_BYTES);
        thread.spawn(work).map_err(CollectError::NoThread)?;
        Ok(Line { questions, answers })
    }
}

impl<Q, A> fmt::Debug for Helper<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helper").field("name", &self.name).field("asked", &self.asked).finish_non_exhaustive()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_question_that_is_answered_in_time_is_answered() {
        let mut helper = Helper::new("double", || |n: u32| n * 2);
        for n in 0..5 {
            helper.ask(n).expect("idle");
            assert_eq!(helper.answer(soon()).expect("in time"), n * 2);
        }
    }

    #[test]
    fn a_stuck_question_is_waited_for_once_and_nothing_is_asked_until_it_returned() {
        let gate = Arc::new(Mutex::new(()));
        let started = Arc::new(AtomicUsize::new(0));
        let mut helper = {
            let (gate, started) = (gate.clone(), started.clone());
            Helper::new("stuck", move || {
                started.fetch_add(1, Ordering::SeqCst);
                let gate = gate.clone();
                move |n: u32| gate.lock().map_or(0, |_| n)
            })
        };
        let shut = gate.lock().expect("nobody panicked");
        helper.ask(1).expect("idle");
        let late = helper.answer(Instant::now() + Duration::from_millis(20));
        assert!(matches!(late, Err(CollectError::Late { .. })));
        assert!(matches!(helper.ask(2), Err(CollectError::Stuck { rounds: 1 })));
        assert!(matches!(helper.ask(3), Err(CollectError::Stuck { rounds: 2 })));
        drop(shut);
        // The late answer is dropped, not taken for the new one.
        while helper.ask(4).is_err() {
            thread::yield_now();
        }
        assert_eq!(helper.answer(soon()).expect("in time"), 4);
        assert_eq!(started.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_job_that_panicked_starts_afresh() {
        let mut helper = Helper::new("fragile", || |n: u32| 10u32.checked_div(n).expect("a test panic"));
        helper.ask(0).expect("idle");
        assert!(matches!(helper.answer(soon()), Err(CollectError::Panicked)));
        helper.ask(5).expect("afresh");
        assert_eq!(helper.answer(soon()).expect("in time"), 2);
    }

    #[test]
    fn an_answer_nobody_fetched_is_not_taken_for_the_next_one() {
        let mut helper = Helper::new("double", || |n: u32| n * 2);
        helper.ask(1).expect("idle");
        while helper.ask(2).is_err() {
            thread::yield_now();
        }
        assert_eq!(helper.answer(soon()).expect("in time"), 4);
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }
}
