//! A node that takes in what is pushed, over a disk that may fail it, and what it kept of that.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use vigie_codec::SigningKey;
use vigie_intake::{Book, Limits, Noted, Outcome, read_book};
use vigie_model::{Incarnation, NodeId, SeriesDef, SeriesIx, Slug, StreamId, UtcMs};
use vigie_store::fault::FaultDisk;
use vigie_store::{LayOut, Log, Options, Outcome as Became, Write};

pub(crate) type Place = (Slug, Slug);

/// Each value of each series at each moment; the bits, so that a NaN is itself.
pub(crate) type Said = BTreeMap<(String, i64), u64>;

pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn me() -> NodeId {
    NodeId::of_key(key().verifying_key().as_bytes())
}

pub(crate) fn place() -> Place {
    ("acme".parse().expect("a slug"), "lyon".parse().expect("a slug"))
}

fn options() -> Options {
    let lay_out = LayOut::All;
    Options { cap_percent_of_disk: None, new_epoch: Some(7), lay_out, lay_out_ticks: 8, ..Options::relay(1 << 30) }
}

pub(crate) fn open(disk: &FaultDisk) -> Log {
    Log::open_on(disk.clone(), options()).expect("the disk is sound").0
}

/// A node that takes in what is pushed.
pub(crate) struct Node {
    pub(crate) log: Log,
    pub(crate) book: Book,
    pub(crate) streams: u64,
}

impl Node {
    /// Begins where the log ends.
    pub(crate) fn start(log: Log, streams: u64) -> Self {
        let book = read_book(&log, (me(), key()), Limits::default(), UtcMs(0)).expect("sound");
        Self { log, book, streams }
    }

    /// Pushes samples of series named by a letter; says whether they were kept, and how many were known.
    pub(crate) fn push(&mut self, samples: &[(&str, i64, f64)]) -> (bool, u64) {
        let Noted { writes, outcome, duplicates, .. } = self.note(samples);
        (self.keep(writes, outcome), duplicates)
    }

    /// Numbers what is pushed, and keeps nothing yet.
    pub(crate) fn note(&mut self, samples: &[(&str, i64, f64)]) -> Noted {
        let streams = &mut self.streams;
        let mut fresh = || {
            *streams += 1;
            Some(Incarnation(*streams))
        };
        let mut entry = self.book.entry(place(), &mut fresh);
        for (name, at_ms, value) in samples {
            entry.series(&[("__name__", name), ("job", "test")], &[(*at_ms, *value)]);
        }
        entry.finish()
    }

    /// Reads the book anew if it is outdated; says whether it was.
    pub(crate) fn reads_anew(&mut self) -> bool {
        let len = |stream| self.log.streams().get(&stream).map_or(0, |facts| facts.schema_len);
        let is_lost = |stream| self.log.places_given(stream).expect("sound") > len(stream);
        self.book.refuse_if_bereft(len, is_lost);
        let is_outdated = self.book.is_outdated();
        if is_outdated {
            let mut anew = read_book(&self.log, (me(), key()), Limits::default(), UtcMs(0)).expect("sound");
            anew.follow(&self.book);
            self.book = anew;
        }
        is_outdated
    }

    pub(crate) fn tend(&mut self, closing: bool) {
        if let Some((writes, outcome)) = self.book.due(0, closing) {
            self.keep(writes, outcome);
        }
    }

    pub(crate) fn keep(&mut self, writes: Vec<Write>, outcome: Outcome) -> bool {
        match self.log.commit(writes.clone()) {
            Ok(all) => {
                assert!(all.iter().all(|one| matches!(one, Became::Kept(_))), "{all:?}");
                self.book.done(outcome, 0);
                true
            }
            Err(_) => {
                self.book.undone(writes, outcome);
                false
            }
        }
    }

    /// What is kept of everything; no series has two values at a moment.
    pub(crate) fn answered(&self) -> Said {
        let mut said = Said::new();
        for (stream, facts) in self.log.streams() {
            let defs = definitions(&self.log, *stream, facts.schema_len);
            let series: Vec<SeriesIx> = (0..defs.len() as u32).map(SeriesIx).collect();
            let (from, to) = (UtcMs(i64::MIN), UtcMs(i64::MAX));
            self.log
                .columns_between(*stream, &series, from, to, |columns| {
                    for (column, def) in columns.iter().zip(&defs) {
                        for (at, kept) in column.times_ms.iter().zip(&column.values) {
                            let bits = def.resolution().value(*kept).to_bits();
                            let before = said.insert((name_of(def), *at), bits);
                            assert_eq!(before, None, "{} at {at} is kept twice", name_of(def));
                        }
                    }
                    ControlFlow::Continue(())
                })
                .expect("sound");
        }
        said
    }
}

pub(crate) fn definitions(log: &Log, stream: StreamId, len: u32) -> Vec<SeriesDef> {
    let mut defs = Vec::new();
    while (defs.len() as u32) < len {
        defs.extend(log.schema(stream, defs.len() as u32, usize::MAX).expect("sound"));
    }
    defs
}

fn name_of(def: &SeriesDef) -> String {
    assert_eq!(def.prometheus_labels(), [("job".to_owned(), "test".to_owned())]);
    def.prometheus_name()
}
