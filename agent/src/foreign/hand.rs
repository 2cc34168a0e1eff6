//! How does a source hand over what was said?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;

use super::board::Refusal;
use super::{Board, Said};
use crate::measure::Ask;

/// Samples that wait for a place in the stream. At 16 bytes each, or some hundred with their labels, this is 10 MB at
/// worst; it fills only while the store can not keep up.
const MAX_WAITING: usize = 100_000;

/// Samples that were said and are in no tick yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    pub(crate) fn add(&self, samples: usize) {
        self.0.fetch_add(samples, Ordering::Relaxed);
    }

    pub(crate) fn less(&self, samples: usize) {
        // Whoever takes away has added before.
        self.0.fetch_sub(samples, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// The way to the measuring thread.
#[derive(Debug, Clone)]
pub(crate) struct Hand {
    orders: Sender<Ask>,
    waiting: Waiting,
    board: Arc<Board>,
}

/// Too much waits; what was said is dropped and counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Busy;

impl Hand {
    pub(crate) fn new(orders: Sender<Ask>, waiting: Waiting, board: Arc<Board>) -> Self {
        Self { orders, waiting, board }
    }

    /// Hands over what was said.
    pub(crate) fn say(&self, said: Said) -> Result<(), Busy> {
        let samples = said.samples();
        if self.waiting.count().saturating_add(samples) > MAX_WAITING {
            self.board.refused(Refusal::Busy, samples as u64);
            return Err(Busy);
        }
        self.waiting.add(samples);
        // Fails only when the thread has ended, and it ends only with the program.
        drop(self.orders.send(Ask::Said(said)));
        Ok(())
    }
}
