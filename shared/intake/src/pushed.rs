//! The body: hands what was pushed to the store, and answers when it is durable.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tracing::warn;
use vigie_codec::SigningKey;
use vigie_formats::{Kind, Metadata, MetadataView, NAME};
use vigie_model::{NodeId, Slug};
use vigie_node::{KeptBack, NodeClock, NodeHandle, random_incarnation};
use vigie_serve::{Described, Intake, NotTaken, Place, Said, Taken, Taking};
use vigie_store::ReadError;
use vigie_sync::keep::{Outcome as Became, Write};

use crate::book::{Awaited, Book, Limits, Noted, Outcome, Standing};
use crate::resume::read_book;

/// How often segments are sealed, and what a store in trouble left undone is tried again.
const TEND_EVERY: Duration = Duration::from_secs(2);

/// When a sender may come again: a disk that is full takes minutes, a commit that failed once is tried within seconds.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The same where the disk only is slower than the senders: as much as may wait is written by then.
const RETRY_SOON: Duration = Duration::from_secs(1);

/// Metrics of all clients whose kind and help are remembered: a few megabytes.
const MAX_DESCRIBED: usize = 20_000;

/// What senders said of a client's families, by client and name.
type Known = BTreeMap<(Slug, String), Arc<Metadata>>;

/// What others push to this node.
#[derive(Debug, Clone)]
pub struct Pushed {
    book: Arc<Mutex<Book>>,
    /// Says that something became durable or was left undone.
    settled: Arc<watch::Sender<()>>,
    handle: NodeHandle,
    clock: NodeClock,
    said: Arc<Mutex<Known>>,
}

impl Pushed {
    /// Takes up where the log of the node ends.
    ///
    /// # Errors
    /// When the log can not be read.
    pub fn open(
        handle: NodeHandle,
        clock: NodeClock,
        (node, key): (NodeId, SigningKey),
        limits: Limits,
    ) -> Result<Self, ReadError> {
        let book = {
            let log = handle.log();
            let log = log.read().unwrap_or_else(PoisonError::into_inner);
            read_book(&log, (node, key), limits, clock.now().utc)?
        };
        let (book, said) = (Arc::new(Mutex::new(book)), Arc::default());
        Ok(Self { book, settled: Arc::default(), handle, clock, said })
    }

    /// Seals, and tries again what was left undone, for as long as the program runs.
    pub async fn tend(self) {
        let mut every = tokio::time::interval(TEND_EVERY);
        loop {
            every.tick().await;
            let this = self.clone();
            // It waits for the log, and reads much where it is outdated.
            let read = tokio::task::spawn_blocking(move || this.read_anew_if_outdated());
            read.await.unwrap_or_default();
            self.seal(false).await;
        }
    }

    /// Seals what there is, before the program ends.
    pub async fn close(&self) {
        self.seal(true).await;
    }

    /// Where damage took definitions while this runs: what follows is kept under new ones, from the next push on.
    fn read_anew_if_outdated(&self) {
        let log = self.handle.log();
        let log = log.read().unwrap_or_else(PoisonError::into_inner);
        let len = |stream| log.streams().get(&stream).map_or(0, |facts| facts.schema_len);
        let is_lost = |stream| log.places_given(stream).is_ok_and(|places| places > len(stream));
        let (whose, limits) = {
            // Who holds the book never waits for the log: a push would wait for the disk with it.
            let mut book = self.book();
            book.refuse_if_bereft(len, is_lost);
            if !book.is_outdated() {
                return;
            }
            ((book.node, book.key.clone()), book.limits)
        };
        // Nothing is numbered by one that is outdated, so that it stays as it is while another is read.
        match read_book(&log, whose, limits, self.clock.now().utc) {
            Ok(mut anew) => {
                warn!("damage took definitions of what was pushed: its book is read anew, and senders come again");
                let mut book = self.book();
                anew.follow(&book);
                *book = anew;
                drop(book);
                self.settled.send_replace(());
            }
            Err(error) => warn!(%error, "the book of what was pushed can not be read anew; it is tried again"),
        }
    }

    async fn seal(&self, closing: bool) {
        let under_way = {
            let mut book = self.book();
            let due = book.due(self.clock.mono_ms(), closing);
            due.map(|(writes, outcome)| self.send(&mut book, writes, outcome))
        };
        if let Some(under_way) = under_way {
            // A failure is told by the store, and what is undone is tried again.
            self.settle(under_way).await.unwrap_or_default();
        }
    }

    /// Sends writes to the store. Who does so holds the book, so that they come there in the order of their numbers.
    fn send(&self, book: &mut Book, writes: Vec<Write>, outcome: Outcome) -> UnderWay {
        book.sent();
        UnderWay { became: Box::pin(self.handle.keep(writes.clone())), writes, outcome }
    }

    async fn settle(&self, under_way: UnderWay) -> Result<(), NotTaken> {
        let UnderWay { became, writes, outcome } = under_way;
        let became = became.await;
        let settled = self.outcome(became, writes, outcome);
        self.settled.send_replace(());
        settled
    }

    fn outcome(
        &self,
        became: Result<Vec<Became>, KeptBack>,
        writes: Vec<Write>,
        outcome: Outcome,
    ) -> Result<(), NotTaken> {
        let mut book = self.book();
        match became {
            Ok(all) if all.iter().all(|one| matches!(one, Became::Kept(_))) => {
                book.done(outcome, self.clock.mono_ms());
                Ok(())
            }
            Ok(all) => {
                let refused = all.iter().find(|one| !matches!(one, Became::Kept(_)));
                warn!(?refused, "what was pushed found no place in the store; it is tried again");
                let never = |one: &Became| matches!(one, Became::WrongSchema(_) | Became::UnknownStream(_));
                if all.iter().any(never) {
                    book.refused(writes, outcome)
                } else {
                    book.undone(writes, outcome)
                }
                Err(later("the store did not take it", RETRY_AFTER))
            }
            Err(kept_back) => {
                book.undone(writes, outcome);
                Err(later(&kept_back.0, RETRY_AFTER))
            }
        }
    }

    /// Waits for what earlier pushes brought already.
    async fn wait_for(&self, awaited: &Awaited) -> Result<(), NotTaken> {
        let mut settled = self.settled.subscribe();
        loop {
            let standing = self.book().standing(awaited);
            match standing {
                Standing::Durable => return Ok(()),
                Standing::Undone => return Err(later("the store did not take it yet", RETRY_AFTER)),
                // The other end of it is held here.
                Standing::OnTheWay => settled.changed().await.unwrap_or_default(),
            }
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what senders say of their metrics. They say it again and again, so a restart may forget it.
    fn remember(&self, client: &Slug, said: &Said<'_>) {
        let mut known = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let mut note = |name: &str, metadata: MetadataView<'_>| {
            let key = (client.clone(), name.to_owned());
            let same = |known: &Arc<Metadata>| known.kind == metadata.kind && known.help == metadata.help;
            if known.get(&key).is_some_and(same) || (known.len() >= MAX_DESCRIBED && !known.contains_key(&key)) {
                return;
            }
            let (help, unit) = (metadata.help.to_owned(), metadata.unit.to_owned());
            known.insert(key, Arc::new(Metadata { kind: metadata.kind, help, unit }));
        };
        said.each_family(&mut note);
        said.each(|series| {
            let name = series.labels.iter().find(|(name, _)| *name == NAME).map_or("", |(_, name)| name);
            series.metadata.into_iter().for_each(|metadata| note(family_of(name, metadata.kind), metadata));
        });
    }

    /// Numbers what was said, so that it has its order, and sends it to the store.
    fn note(&self, into: &Place, said: Said<'_>) -> Result<NotedHere, NotTaken> {
        let mut book = self.book();
        if book.is_refused() {
            return Err(later("what was pushed before found no place in the store", RETRY_AFTER));
        }
        if book.is_full() {
            return Err(if book.is_in_trouble() {
                later("the store has been in trouble for a while", RETRY_AFTER)
            } else {
                later("as much as may wait for the disk is waiting", RETRY_SOON)
            });
        }
        let mut fresh = || random_incarnation().ok();
        let mut entry = book.entry((into.client.clone(), into.site.clone()), &mut fresh);
        said.each(|series| entry.series(series.labels, series.samples));
        let Noted { writes, outcome, samples, duplicates, awaited, refused } = entry.finish();
        let why = (refused > 0).then(|| "too many series, labels beyond the limits, or impossible times".to_owned());
        let under_way = (!writes.is_empty()).then(|| self.send(&mut book, writes, outcome));
        Ok((Taken { samples, duplicates, refused, why }, under_way, awaited))
    }
}

/// What is answered of a push, and when: when what it brought is durable, and what others brought of it.
type NotedHere = (Taken, Option<UnderWay>, Awaited);

/// Writes on their way to the disk.
struct UnderWay {
    became: Pin<Box<dyn Future<Output = Result<Vec<Became>, KeptBack>> + Send>>,
    writes: Vec<Write>,
    outcome: Outcome,
}

impl Intake for Pushed {
    fn take(&self, into: &Place, said: Said<'_>) -> Taking {
        self.remember(&into.client, &said);
        let noted = self.note(into, said);
        let this = self.clone();
        let noted = noted.map(|(taken, under_way, awaited)| {
            // A task of its own: the sender may leave, and the numbers are given.
            let this = self.clone();
            let settle = |under_way| tokio::spawn(async move { this.settle(under_way).await });
            (taken, under_way.map(settle), awaited)
        });
        Box::pin(async move {
            let (taken, settled, awaited) = noted?;
            if let Some(settled) = settled {
                settled.await.map_err(|_| later("the node is stopping", RETRY_AFTER))??;
            }
            this.wait_for(&awaited).await?;
            Ok(taken)
        })
    }

    fn described(&self) -> Vec<Described> {
        let known = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let described = |((client, metric), metadata): (&(Slug, String), &Arc<Metadata>)| Described {
            client: client.clone(),
            metric: metric.clone(),
            metadata: metadata.clone(),
        };
        known.iter().map(described).collect()
    }
}

/// The family of a series: histograms and summaries are several series each.
fn family_of(name: &str, kind: Kind) -> &str {
    let parts: &[&str] = match kind {
        Kind::Histogram | Kind::GaugeHistogram => &["_bucket", "_sum", "_count"],
        Kind::Summary => &["_sum", "_count"],
        _ => &[],
    };
    parts.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name)
}

/// Something that passes.
fn later(why: &str, after: Duration) -> NotTaken {
    NotTaken::Later { why: why.to_owned(), after }
}
