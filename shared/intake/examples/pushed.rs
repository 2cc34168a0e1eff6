//! What do samples that others push cost: time in each step, and bytes while they come and at rest?
//!
//! `pushed [HOURS [SENDERS [SERIES [TICKS_AT_ONCE]]]]`: by default three hours of 100 senders with 100 series each, ten
//! minutes in each body. `pushed 4 20 50 1` is a steady load of 1,000 series.

use std::time::{Duration, Instant};

use vigie_agent::collect::{Class, synthetic_series, synthetic_value};
use vigie_codec::SigningKey;
use vigie_intake::{Book, Limits, Noted, Outcome};
use vigie_model::{Incarnation, NodeId};
use vigie_store::{Log, Options, ShelfUsage, Write};

const INTERVAL_S: u64 = 10;
const T0: i64 = 1_790_000_000_000;

/// Bodies that come in while others are written, and so in one commit with them.
const SENDERS_AT_ONCE: usize = 8;

/// Every so many seconds of what is measured the hub looks for work; it does so every five seconds, and here time flies.
const LOOK_EVERY_S: u64 = 900;

struct Hub {
    log: Log,
    book: Book,
    streams: u64,
    numbering: Duration,
    keeping: Duration,
    laying: Duration,
}

impl Hub {
    fn body(&mut self, labels: &[Vec<(String, String)>], sender: u32, ticks: std::ops::Range<u64>) -> Noted {
        let begun = Instant::now();
        let place = ("acme".parse().expect("a slug"), "lyon".parse().expect("a slug"));
        let mut fresh = || {
            self.streams += 1;
            Some(Incarnation(self.streams))
        };
        let mut entry = self.book.entry(place, &mut fresh);
        let name = format!("sender-{sender:04}");
        for (series, own) in (0u32..).zip(labels) {
            let mut labels: Vec<(&str, &str)> = own.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            labels.push(("machine", &name));
            labels.sort_unstable();
            let resolution = synthetic_series(Class::Machine, series).resolution();
            let seed = 1_000_003 + u64::from(sender);
            let value = |seq| resolution.value(synthetic_value(seed, Class::Machine, series, seq));
            let at_ms = |seq: u64| T0 + (seq * INTERVAL_S * 1_000) as i64 + i64::from(sender) * 7;
            let samples: Vec<_> = ticks.clone().map(|seq| (at_ms(seq), value(seq))).collect();
            entry.series(&labels, &samples);
        }
        let noted = entry.finish();
        self.numbering += begun.elapsed();
        noted
    }

    fn keep(&mut self, noted: Vec<(Vec<Write>, Outcome)>) {
        let begun = Instant::now();
        let writes = noted.iter().flat_map(|(writes, _)| writes.clone()).collect();
        self.log.commit(writes).expect("room");
        noted.into_iter().for_each(|(_, outcome)| self.book.done(outcome, 0));
        self.keeping += begun.elapsed();
    }

    fn lay_out(&mut self) {
        let begun = Instant::now();
        loop {
            let gathered = self.log.gather(64).expect("sound");
            if gathered.is_empty() {
                break;
            }
            let laid: Vec<_> = gathered.into_iter().map(|one| one.lay_out().expect("own segments")).collect();
            self.log.put_in_place(&laid).expect("room");
        }
        if self.log.has_to_give_back() {
            self.log.give_back().expect("room");
        }
        self.laying += begun.elapsed();
    }
}

#[expect(clippy::print_stdout, reason = "a program that prints figures")]
fn main() {
    let mut said = std::env::args().skip(1).filter_map(|count| count.parse::<u64>().ok());
    let mut next = |usual: u64| said.next().unwrap_or(usual);
    let (hours, senders, series, at_once) = (next(3), next(100), next(100), next(60));
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("log.redb");
    let (log, _) = Log::open(dir.path(), Options::hub(1 << 40)).expect("an empty folder");
    let key = SigningKey::from_bytes(&[7; 32]);
    let node = NodeId::of_key(key.verifying_key().as_bytes());
    let book = Book::new(node, key, Limits::default());
    let none = Duration::ZERO;
    let mut hub = Hub { log, book, streams: 0, numbering: none, keeping: none, laying: none };
    let labels: Vec<Vec<(String, String)>> = (0..series as u32)
        .map(|ix| {
            let def = synthetic_series(Class::Machine, ix);
            let mut labels = def.prometheus_labels();
            labels.push(("__name__".to_owned(), def.prometheus_name()));
            labels
        })
        .collect();
    let (ticks, look_every) = (hours * 3_600 / INTERVAL_S, LOOK_EVERY_S / INTERVAL_S);
    let mut samples = 0;
    let mut looked = 0;
    for from in (0..ticks).step_by(at_once as usize) {
        for some in (0..senders as u32).collect::<Vec<_>>().chunks(SENDERS_AT_ONCE) {
            let noted: Vec<Noted> =
                some.iter().map(|sender| hub.body(&labels, *sender, from..from + at_once)).collect();
            samples += noted.iter().map(|noted| noted.samples).sum::<u64>();
            hub.keep(noted.into_iter().map(|noted| (noted.writes, noted.outcome)).collect());
        }
        if let Some((writes, outcome)) = hub.book.due(0, false) {
            hub.keep(vec![(writes, outcome)]);
        }
        if from - looked >= look_every {
            looked = from;
            hub.lay_out();
        }
    }
    let per = |bytes: u64| bytes as f64 / samples as f64;
    let file_bytes = || std::os::unix::fs::MetadataExt::blocks(&std::fs::metadata(&file).expect("there")) * 512;
    println!("{samples} samples; while they come the file takes {:.3} bytes each", per(file_bytes()));
    hub.lay_out();
    for (what, took) in [("numbering", hub.numbering), ("keeping", hub.keeping), ("laying out", hub.laying)] {
        println!("  {what}: {:.0} ns a sample", took.as_nanos() as f64 / samples as f64);
    }
    println!("at rest: {:.3}", per(file_bytes()));
    let usage = hub.log.usage().expect("sound");
    for shelf in usage.shelves.iter().filter(|shelf| shelf.rows > 0) {
        let ShelfUsage { name, rows, record_bytes, index_bytes, padding_bytes } = shelf;
        let [records, index, padding] = [record_bytes, index_bytes, padding_bytes].map(|bytes| per(*bytes));
        println!("  {name:10} {rows:8} rows: {records:.4} in records, {index:.4} in index, {padding:.4} empty");
    }
    println!("  bookkeeping: {:.4}, pages in use: {:.4}", per(usage.bookkeeping_bytes()), per(usage.taken_bytes));
}
