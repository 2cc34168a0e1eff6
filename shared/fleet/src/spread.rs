//! Reading for one question on two threads, its answer taken in on the asker's own, which is one of them.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use vigie_query::Visit;

/// A question is worked on by as many threads: a small hub has two cores, and others ask too.
const THREADS: usize = 2;

/// So few series or streams are read sooner than a thread has begun.
const WORTH_SPREADING: usize = 32;

/// Parts of the answer of each other thread that wait to be taken in; a reader that is slow holds the work back.
const WAITING: usize = 4;

/// Does some work on each item and takes in what it gives, in any order of items; what one item gives stays in order. Ends
/// when `take` wants no more, or at the first error.
///
/// `weight`: the series or streams that are read for all items together.
pub(crate) fn spread<T: Sync, R: Send, E: Send>(
    items: &[T],
    weight: usize,
    work: impl Fn(&T, &mut dyn FnMut(R) -> Visit) -> Result<Visit, E> + Sync,
    mut take: impl FnMut(R) -> Visit,
) -> Result<Visit, E> {
    if items.len() < 2 || weight < WORTH_SPREADING {
        for item in items {
            if work(item, &mut take)?.is_break() {
                return Ok(Visit::Break(()));
            }
        }
        return Ok(Visit::Continue(()));
    }
    let next = &AtomicUsize::new(0);
    let (work, one) = (&work, || items.get(next.fetch_add(1, Ordering::Relaxed)));
    thread::scope(|scope| {
        let (give, given) = mpsc::sync_channel::<Result<R, E>>(WAITING * (THREADS - 1));
        for give in vec![give; THREADS - 1] {
            scope.spawn(move || {
                while let Some(item) = one() {
                    // The other end is gone when the answer needs no more.
                    let mut hand =
                        |part| if give.send(Ok(part)).is_ok() { Visit::Continue(()) } else { Visit::Break(()) };
                    match work(item, &mut hand) {
                        Ok(Visit::Continue(())) => {}
                        Ok(Visit::Break(())) => return,
                        Err(error) => return drop(give.send(Err(error))),
                    }
                }
            });
        }
        while let Some(item) = one() {
            if work(item, &mut take)?.is_break() {
                return Ok(Visit::Break(()));
            }
            while let Ok(part) = given.try_recv() {
                if take(part?).is_break() {
                    return Ok(Visit::Break(()));
                }
            }
        }
        for part in given {
            if take(part?).is_break() {
                return Ok(Visit::Break(()));
            }
        }
        Ok(Visit::Continue(()))
    })
}

/// Does something on a thread of its own beside what the asker's own does, where that is worth a thread; both are done when
/// this returns.
pub(crate) fn beside<T: Send, R>(is_worth: bool, other: impl FnOnce() -> T + Send, own: impl FnOnce() -> R) -> (R, T) {
    if !is_worth {
        return (own(), other());
    }
    thread::scope(|scope| {
        let other = scope.spawn(other);
        let own = own();
        (own, other.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(items: &[u64], take: impl FnMut(u64) -> Visit) -> Result<Visit, String> {
        spread(
            items,
            items.len(),
            |item, give| {
                if *item == 666 {
                    return Err("no such number".to_owned());
                }
                if give(item * item).is_break() {
                    return Ok(Visit::Break(()));
                }
                Ok(give(item * item + 1))
            },
            take,
        )
    }

    #[test]
    fn everything_is_done_once_on_one_thread_or_two() {
        for count in [3, 1_000] {
            let items: Vec<u64> = (0..count).collect();
            let mut found = Vec::new();
            let ended = squares(&items[..items.len().min(600)], |part| {
                found.push(part);
                Visit::Continue(())
            });
            assert_eq!(ended, Ok(Visit::Continue(())));
            found.sort_unstable();
            let mut wanted: Vec<u64> = items.iter().take(600).flat_map(|item| [item * item, item * item + 1]).collect();
            wanted.sort_unstable();
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn what_is_done_beside_is_done_whether_or_not_it_is_worth_a_thread() {
        for is_worth in [false, true] {
            let here = thread::current().id();
            let (own, other) = beside(is_worth, || thread::current().id(), || thread::current().id());
            assert_eq!((own == here, other != here), (true, is_worth));
        }
    }

    #[test]
    fn a_reader_that_has_enough_ends_the_work_and_an_error_ends_it_too() {
        let items: Vec<u64> = (0..2_000).collect();
        let mut taken = 0;
        let ended = squares(&items, |_| {
            taken += 1;
            if taken == 5 { Visit::Break(()) } else { Visit::Continue(()) }
        });
        assert_eq!((ended, taken), (Ok(Visit::Break(())), 5));
        assert_eq!(squares(&items, |_| Visit::Continue(())), Err("no such number".to_owned()));
    }
}
