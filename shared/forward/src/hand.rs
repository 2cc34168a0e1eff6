//! The blocking half of a target: what was sent is written down, what is here is looked at, batches are put together.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tracing::warn;
use vigie_merge::RangeSet;
use vigie_model::{Anchor, Moment, StreamId, Tick};
use vigie_node::NodeClock;
use vigie_query::Owner;
use vigie_store::{Log, ReadError};

use crate::batch::{Batch, REQUEST_SAMPLES, Series, Share};
use crate::book::{Book, Counts};
use crate::forwarder::{Owners, Setup};
use crate::names::Names;
use crate::queue::Queue;
use crate::stock::Stock;
use crate::target::{Since, Target};
use crate::watch::Watch;

/// How often what arrived is written down: a crash sends so much again, and a disk syncs for it no more often.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked what has become durable.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long it is believed whose a stream is; not knowing is believed for a twelfth of it.
const OWNER_MS: u64 = 60_000;

/// The least of one stream in a batch while others wait too: a few ticks of a small machine, one of a large.
const MIN_SHARE: usize = 250;

/// What arrived of a batch, or did not.
#[derive(Debug)]
pub(crate) enum Done {
    /// All that could.
    Arrived { shares: Vec<Share>, samples: u64, refused: u64 },
    /// Nothing is known of it.
    Lost(Vec<StreamId>),
}

#[derive(Debug)]
pub(crate) struct Hand {
    target: Arc<Target>,
    log: Arc<RwLock<Log>>,
    owners: Arc<dyn Owners>,
    clock: NodeClock,
    watch: Arc<Watch>,
    book: Book,
    counts: Counts,
    queue: Queue,
    names: Names,
    stock: Stock,
    known: BTreeMap<StreamId, (Option<Owner>, u64)>,
    /// When the first tick of each stream under way was measured.
    flying: BTreeMap<StreamId, i64>,
    changed: bool,
    noted_at: Instant,
    looked_at: Option<Instant>,
}

impl Hand {
    /// Takes up where the rows end, or begins them.
    pub(crate) fn open(target: Arc<Target>, setup: &Setup, watch: Arc<Watch>) -> Result<Self, String> {
        let book = Book::new(setup.state.clone(), &target.name);
        let failed = |error: ReadError| error.to_string();
        let counts = match book.counts().map_err(failed)? {
            Some(counts) => counts,
            None => begin(&book, target.since, &setup.log, setup.clock.now().utc.0)?,
        };
        let queue = Queue::new(book.sent().map_err(failed)?);
        Ok(Self {
            target,
            log: setup.log.clone(),
            owners: setup.owners.clone(),
            clock: setup.clock.clone(),
            watch,
            book,
            counts,
            queue,
            names: Names::default(),
            stock: Stock::default(),
            known: BTreeMap::new(),
            flying: BTreeMap::new(),
            changed: false,
            noted_at: Instant::now(),
            looked_at: None,
        })
    }

    /// Takes in what became of batches, and puts together at most so many new ones.
    pub(crate) fn step(&mut self, done: Vec<Done>, room: usize) -> Vec<Batch> {
        done.into_iter().for_each(|done| self.take_in(done));
        if self.noted_at.elapsed() >= NOTE_EVERY {
            self.note();
        }
        if self.looked_at.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
            self.looked_at = Some(Instant::now());
            self.look();
        }
        let mut batches = Vec::new();
        while batches.len() < room {
            let batch = self.gather();
            if batch.is_empty() {
                break;
            }
            self.flying.extend(batch.shares().iter().map(|share| (share.stream, share.first_ms)));
            batches.push(batch);
        }
        let waiting = self.queue.waiting();
        let oldest_ms = self.flying.values().copied().chain(waiting.since_ms).min();
        self.watch.counted(&self.counts, waiting.ticks, oldest_ms);
        batches
    }

    /// Writes down what arrived. What can not be written is tried again with the next.
    pub(crate) fn note(&mut self) {
        self.noted_at = Instant::now();
        if !self.changed {
            return;
        }
        match self.book.note(&self.counts, &self.queue.to_note()) {
            Ok(()) => {
                self.queue.noted();
                self.changed = false;
            }
            Err(error) => {
                warn!(target_name = self.target.name, %error, "what arrived at the other engine can not be written down");
            }
        }
    }

    fn take_in(&mut self, done: Done) {
        match done {
            Done::Arrived { shares, samples, refused } => {
                for share in shares {
                    self.counts.ticks += share.numbers.count();
                    self.queue.done(share.stream, share.last_ms);
                    self.flying.remove(&share.stream);
                }
                self.counts.samples += samples;
                self.counts.refused += refused;
                self.changed = true;
            }
            Done::Lost(streams) => {
                for stream in streams {
                    self.queue.back(stream);
                    self.flying.remove(&stream);
                }
            }
        }
    }

    fn look(&mut self) {
        let all: Vec<(StreamId, String, RangeSet)> = {
            let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
            let here = log.streams().iter();
            here.map(|(stream, facts)| (*stream, facts.name.clone(), facts.present.without(&facts.gaps))).collect()
        };
        let now_ms = self.clock.now().utc.0;
        for (stream, name, here) in all {
            if self.owner(stream, &name).is_some_and(|owner| self.target.wants(&owner.client)) {
                self.queue.told(stream, here, now_ms);
            }
        }
    }

    /// Whose a stream is. What nobody owns is not shown to anybody, and not sent.
    fn owner(&mut self, stream: StreamId, name: &str) -> Option<Owner> {
        let now_ms = self.clock.mono_ms();
        if let Some((owner, until_ms)) = self.known.get(&stream)
            && now_ms < *until_ms
        {
            return owner.clone();
        }
        let owner = self.owners.owner(stream, name);
        let until_ms = now_ms + if owner.is_some() { OWNER_MS } else { OWNER_MS / 12 };
        self.known.insert(stream, (owner.clone(), until_ms));
        owner
    }

    /// The next batch: streams in turn, each with its oldest ticks.
    fn gather(&mut self) -> Batch {
        let mut batch = Batch::default();
        let streams = self.queue.waiting().streams.max(1);
        let share = (REQUEST_SAMPLES / streams).max(MIN_SHARE);
        while batch.len() < REQUEST_SAMPLES
            && let Some((stream, wanted)) = self.queue.turn()
        {
            let room = share.min(REQUEST_SAMPLES - batch.len());
            match self.read(stream, &wanted, room) {
                Ok(Some((ticks, series))) => {
                    batch.add(stream, &ticks, &series);
                    self.queue.take(stream, ticks.iter().map(|(_, tick)| (tick.seq.0, tick.seq.0)).collect());
                }
                Ok(None) => self.queue.rest(stream),
                Err(error) => {
                    warn!(target_name = self.target.name, %stream, %error, "a stream can not be read; others go first");
                    self.queue.rest(stream);
                }
            }
        }
        batch
    }

    /// The oldest wanted ticks of a stream with their true times, as far as their series are defined here.
    #[expect(
        clippy::type_complexity,
        reason = "ticks with their times, and the series they are of; named at the one caller"
    )]
    fn read(
        &mut self,
        stream: StreamId,
        wanted: &RangeSet,
        room: usize,
    ) -> Result<Option<(Vec<(i64, Arc<Tick>)>, Arc<[Arc<Series>]>)>, ReadError> {
        let owner = self.known.get(&stream).and_then(|(owner, _)| owner.clone());
        // It may have become another client's since it was put in the queue.
        let Some(owner) = owner.filter(|owner| self.target.wants(&owner.client)) else { return Ok(None) };
        let ticks = self.stock.take(&self.log, stream, wanted, room)?;
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
        let series = self.names.of(&log, stream, &owner, &self.target)?;
        let Some(facts) = log.streams().get(&stream) else { return Ok(None) };
        let is_known = |tick: &Tick| tick.samples.last().is_none_or(|last| (last.series.0 as usize) < series.len());
        let known = ticks.into_iter().take_while(|tick| is_known(tick));
        let timed: Vec<_> = known.map(|tick| (true_ms(&facts.anchors, tick.at), tick)).collect();
        Ok((!timed.is_empty()).then_some((timed, series)))
    }
}

/// The rows of a target that is named for the first time: with [`Since::Now`] all that is here counts as sent.
fn begin(book: &Book, since: Since, log: &RwLock<Log>, now_ms: i64) -> Result<Counts, String> {
    let log = log.read().unwrap_or_else(PoisonError::into_inner);
    let here: Vec<(StreamId, RangeSet)> = match since {
        Since::All => Vec::new(),
        Since::Now => {
            log.streams().iter().map(|(stream, facts)| (*stream, facts.present.without(&facts.gaps))).collect()
        }
    };
    drop(log);
    let counts = Counts { begun_ms: now_ms, ..Counts::default() };
    book.note(&counts, &here).map_err(|error| error.to_string())?;
    Ok(counts)
}

fn true_ms(anchors: &BTreeMap<u32, Anchor>, at: Moment) -> i64 {
    anchors.get(&at.boot.no).and_then(|anchor| anchor.resolve(at)).unwrap_or(at.utc).0
}
