//! What do days of machines cost on disk, and how long does it take to read some series of them?

use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use vigie_agent::collect::{Class, synthetic_value};
use vigie_codec::SigningKey;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{HeaderHash, Segment, seal};
use vigie_model::{Boot, Incarnation, Moment, NodeId, Sample, Seq, SeriesIx, StreamId, Tick, UtcMs};
use vigie_store::{Log, Options, ShelfUsage, Write};

const SERIES: u32 = 150;
const DAY_TICKS: u64 = 8_640;
const SEALED_TICKS: u64 = 60;
const T0: i64 = 1_790_000_000_000;

struct Machine {
    key: SigningKey,
    stream: StreamId,
}

impl Machine {
    fn new(number: u32) -> Self {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&number.to_le_bytes());
        let key = SigningKey::from_bytes(&seed);
        let agent = NodeId::of_key(key.verifying_key().as_bytes());
        Self { key, stream: StreamId { agent, incarnation: Incarnation(1) } }
    }

    fn tick(&self, number: u32, seq: u64) -> Tick {
        let value = |ix| synthetic_value(u64::from(number), Class::Machine, ix, seq);
        let samples = (0..SERIES).map(|ix| Sample { series: SeriesIx(ix), value: value(ix) }).collect();
        let at = Moment { utc: UtcMs(T0 + seq as i64 * 10_000), boot: Boot { no: 1, ms: seq * 10_000 } };
        Tick { seq: Seq(seq), at, samples }
    }

    fn day(&self, number: u32) -> Vec<Segment> {
        let mut before = HeaderHash::NONE;
        let segment = |at: u64| {
            let (first, last) = (at * SEALED_TICKS + 1, (at + 1) * SEALED_TICKS);
            let ticks: Vec<Tick> = (first..=last).map(|seq| self.tick(number, seq)).collect();
            let segment = seal(self.stream, &ticks, (0, SchemaHash::EMPTY), before, &self.key).expect("a run");
            before = segment.header().hash();
            segment
        };
        (0..DAY_TICKS / SEALED_TICKS).map(segment).collect()
    }
}

fn body_bytes(write: &Write) -> usize {
    if let Write::Segment(segment) = write { segment.body.len() } else { 0 }
}

/// What the disk gives for the file.
fn file_bytes(dir: &Path) -> u64 {
    std::fs::metadata(dir.join("log.redb")).map_or(0, |file| file.blocks() * 512)
}

fn lay_out(log: &mut Log) -> usize {
    let mut laid_out = 0;
    loop {
        let gathered = log.gather(64).expect("sound");
        if gathered.is_empty() {
            return laid_out;
        }
        let laid: Vec<_> = gathered.into_iter().map(|one| one.lay_out().expect("own segments")).collect();
        laid_out += log.put_in_place(&laid).expect("room");
    }
}

#[expect(clippy::print_stdout, reason = "a program that prints figures")]
fn main() {
    let machines: u32 = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(20);
    let dir = tempfile::tempdir().expect("a folder");
    let (mut log, _) = Log::open(dir.path(), Options::hub(1 << 40)).expect("an empty folder");
    let (mut kept, mut laying, mut in_bytes, mut laid_out) = (Duration::ZERO, Duration::ZERO, 0, 0);
    let all: Vec<Machine> = (0..machines).map(Machine::new).collect();
    let mut days: Vec<_> = (0..).zip(&all).map(|(number, machine)| machine.day(number).into_iter()).collect();
    let hello = |machine: &Machine| Write::Stream {
        stream: machine.stream,
        key: *machine.key.verifying_key().as_bytes(),
        name: "machine".to_owned(),
    };
    log.commit(all.iter().map(hello).collect()).expect("room");
    // An hour of all machines after the other, as they would come.
    for _ in 0..24 {
        let hour: Vec<Write> =
            days.iter_mut().flat_map(|day| day.take((360 / SEALED_TICKS) as usize)).map(Write::Segment).collect();
        in_bytes += hour.iter().map(body_bytes).sum::<usize>();
        let begun = Instant::now();
        log.commit(hour).expect("room");
        kept += begun.elapsed();
        let begun = Instant::now();
        laid_out += lay_out(&mut log);
        laying += begun.elapsed();
    }
    let samples = u64::from(machines) * DAY_TICKS * u64::from(SERIES);
    let per = |bytes: u64| bytes as f64 / samples as f64;
    let came = per(in_bytes as u64);
    println!("{machines} machines, {samples} samples: kept in {kept:.1?}, {came:.3} bytes each as they came");
    let took = laying;
    println!("laid out {laid_out} times in {took:.1?}: {:.1} ns a sample", took.as_nanos() as f64 / samples as f64);
    let records: u64 = log.streams().values().map(|facts| facts.bytes.total()).sum();
    println!("records: {:.3} bytes a sample", per(records));
    println!("the file, before it gives anything back: {:.3} bytes a sample", per(file_bytes(dir.path())));
    let begun = Instant::now();
    if log.has_to_give_back() {
        log.give_back().expect("room");
    }
    println!("and after, in {:.1?}: {:.3} bytes a sample", begun.elapsed(), per(file_bytes(dir.path())));
    let usage = log.usage().expect("sound");
    for shelf in usage.shelves.iter().filter(|shelf| shelf.rows > 0) {
        let ShelfUsage { name, rows, record_bytes, index_bytes, padding_bytes } = shelf;
        let [records, index, padding] = [record_bytes, index_bytes, padding_bytes].map(|bytes| per(*bytes));
        println!("  {name:10} {rows:8} rows: {records:.4} in records, {index:.4} in index, {padding:.4} empty");
    }
    println!("  bookkeeping: {:.4}, pages in use: {:.4}", per(usage.bookkeeping_bytes()), per(usage.taken_bytes));

    let read = |machines: &[Machine], series: &[SeriesIx]| {
        let mut times: Vec<Duration> = (0..21)
            .map(|_| {
                let begun = Instant::now();
                let mut seen = 0;
                for machine in machines {
                    log.columns_between(machine.stream, series, UtcMs(T0), UtcMs(i64::MAX), |columns| {
                        seen += columns.iter().map(|column| column.values.len()).sum::<usize>();
                        ControlFlow::Continue(())
                    })
                    .expect("sound");
                }
                assert_eq!(seen as u64, DAY_TICKS * machines.len() as u64 * series.len() as u64);
                begun.elapsed()
            })
            .collect();
        times.sort();
        times[10]
    };
    let some: Vec<SeriesIx> = (0..100).map(SeriesIx).collect();
    println!("a day of one series: {:.2?}", read(&all[..1], &some[..1]));
    println!("a day of 100 series of a machine: {:.2?}", read(&all[..1], &some));
    println!("a day of one series of each machine: {:.2?}", read(&all, &some[..1]));
}
