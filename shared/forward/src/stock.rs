//! Ticks that were read and did not yet go: a segment is unpacked once, however many batches it fills.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use vigie_merge::RangeSet;
use vigie_model::{StreamId, Tick};
use vigie_store::{Log, ReadError, Record};

/// Samples of ticks in stock: 16 bytes each. Above it all are let go, and read again when they are wanted.
const MAX_SAMPLES: usize = 500_000;

/// Bytes of records read at once: about one segment.
const READ_BYTES: usize = 16_000;

/// Ticks in hand.
#[derive(Debug, Default)]
pub(crate) struct Stock {
    ticks: BTreeMap<StreamId, VecDeque<Arc<Tick>>>,
    samples: usize,
}

impl Stock {
    /// The oldest ticks of a stream that are wanted, for about so many samples and at least one, if any can be read.
    pub(crate) fn take(
        &mut self,
        log: &RwLock<Log>,
        stream: StreamId,
        wanted: &RangeSet,
        samples: usize,
    ) -> Result<Vec<Arc<Tick>>, ReadError> {
        let mut wanted = wanted.clone();
        if self.first(stream) != wanted.first() {
            // Something older has come since, or what was read is sent.
            self.forget(stream);
        }
        let (mut found, mut left) = (Vec::new(), samples);
        loop {
            let Some(tick) = self.pop(stream) else {
                if wanted.is_empty() || !self.read(log, stream, &wanted)? {
                    return Ok(found);
                }
                continue;
            };
            if !found.is_empty() && tick.samples.len() > left {
                self.put_back(stream, tick);
                return Ok(found);
            }
            left = left.saturating_sub(tick.samples.len().max(1));
            wanted.remove(0, tick.seq.0);
            found.push(tick);
            if left == 0 {
                return Ok(found);
            }
        }
    }

    /// Reads some more of a stream, which has nothing in stock; says whether there was any.
    fn read(&mut self, log: &RwLock<Log>, stream: StreamId, wanted: &RangeSet) -> Result<bool, ReadError> {
        let records = log.read().unwrap_or_else(PoisonError::into_inner).load(stream, wanted, READ_BYTES, false)?;
        let mut ticks: Vec<Arc<Tick>> = Vec::new();
        for record in records {
            match record {
                Record::Ticks(some) => ticks.extend(some),
                // What can not be unpacked is not sent; whoever sweeps the store sets it aside.
                Record::Segment(segment) => {
                    ticks.extend(segment.ticks().unwrap_or_default().into_iter().map(Arc::new));
                }
                Record::Statement(_) => {}
            }
        }
        ticks.retain(|tick| wanted.contains(tick.seq.0));
        ticks.sort_by_key(|tick| tick.seq);
        if self.samples > MAX_SAMPLES {
            *self = Self::default();
        }
        self.samples += ticks.iter().map(|tick| tick.samples.len()).sum::<usize>();
        let any = !ticks.is_empty();
        self.ticks.insert(stream, ticks.into());
        Ok(any)
    }

    fn first(&self, stream: StreamId) -> Option<u64> {
        Some(self.ticks.get(&stream)?.front()?.seq.0)
    }

    fn pop(&mut self, stream: StreamId) -> Option<Arc<Tick>> {
        let tick = self.ticks.get_mut(&stream)?.pop_front();
        match &tick {
            Some(tick) => self.samples -= tick.samples.len(),
            None => drop(self.ticks.remove(&stream)),
        }
        tick
    }

    fn put_back(&mut self, stream: StreamId, tick: Arc<Tick>) {
        self.samples += tick.samples.len();
        self.ticks.entry(stream).or_default().push_front(tick);
    }

    fn forget(&mut self, stream: StreamId) {
        while self.pop(stream).is_some() {}
    }
}
