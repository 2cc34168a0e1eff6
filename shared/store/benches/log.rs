//! What does keeping cost?

use std::hint::black_box;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use vigie_codec::SigningKey;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{HeaderHash, Segment, seal};
use vigie_merge::RangeSet;
use vigie_model::{Boot, Incarnation, Moment, NodeId, Sample, Seq, SeriesIx, StreamId, Tick, UtcMs};
use vigie_store::fault::FaultDisk;
use vigie_store::{Log, Options, Write};

fn main() {
    divan::main();
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn stream() -> StreamId {
    StreamId { agent: NodeId::of_key(key().verifying_key().as_bytes()), incarnation: Incarnation(1) }
}

fn hello() -> Write {
    Write::Stream { stream: stream(), key: *key().verifying_key().as_bytes(), name: "bench".to_owned() }
}

/// A machine: 150 series, most of which move a little.
fn tick(number: u64) -> Tick {
    let value = |series: u64| (number * (series % 7) + (number * series * 2_654_435_761) % (1 << (series % 12))) as i64;
    let samples = (0..150).map(|series| Sample { series: SeriesIx(series as u32), value: value(series) }).collect();
    let at = Moment { utc: UtcMs(number as i64 * 10_000), boot: Boot { no: 1, ms: number * 10_000 } };
    Tick { seq: Seq(number), at, samples }
}

/// Segments of about 16 kB.
fn segments(count: u64) -> Vec<Segment> {
    const TICKS: u64 = 90;
    (0..count)
        .map(|at| {
            let ticks: Vec<Tick> = (at * TICKS + 1..=(at + 1) * TICKS).map(tick).collect();
            seal(stream(), &ticks, (0, SchemaHash::EMPTY), HeaderHash::NONE, &key()).expect("a run")
        })
        .collect()
}

fn filled(segments: &[Segment]) -> FaultDisk {
    let disk = FaultDisk::new();
    let mut log = Log::open_on(disk.clone(), Options::hub(1 << 40)).expect("an empty disk").0;
    log.commit(vec![hello()]).expect("sound");
    for some in segments.chunks(100) {
        log.commit(some.iter().cloned().map(Write::Segment).collect()).expect("sound");
    }
    disk
}

#[divan::bench(args = [false, true])]
fn an_agent_commits_a_tick_of_150_samples(bencher: Bencher<'_, '_>, quick_repair: bool) {
    let dir = tempfile::tempdir().expect("a folder");
    let options = Options { quick_repair, cap_percent_of_disk: None, ..Options::agent(1 << 40) };
    let mut log = Log::open(dir.path(), options).expect("an empty folder").0;
    log.commit(vec![hello()]).expect("sound");
    let mut number = 0;
    bencher.bench_local(move || {
        number += 1;
        log.commit(vec![Write::Ticks { stream: stream(), ticks: vec![Arc::new(tick(number))] }]).expect("sound")
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn a_hub_commits_100_segments(bencher: Bencher<'_, '_>) {
    let segments = segments(100);
    let bytes: usize = segments.iter().map(|segment| segment.body.len()).sum();
    bencher
        .counter(BytesCount::new(bytes))
        .with_inputs(|| {
            let dir = tempfile::tempdir().expect("a folder");
            let mut log = Log::open(dir.path(), Options::hub(1 << 40)).expect("an empty folder").0;
            log.commit(vec![hello()]).expect("sound");
            (log, segments.iter().cloned().map(Write::Segment).collect::<Vec<_>>(), dir)
        })
        .bench_local_values(|(mut log, writes, dir)| {
            log.commit(writes).expect("sound");
            (log, dir)
        });
}

#[divan::bench]
fn opening_a_log_of_16_mb(bencher: Bencher<'_, '_>) {
    let image = filled(&segments(1_000)).image();
    bencher
        .with_inputs(|| FaultDisk::from_image(image.clone()))
        .bench_local_values(|disk| Log::open_on(disk, Options::hub(1 << 40)).expect("sound"));
}

#[divan::bench]
fn loading_a_megabyte_of_backlog(bencher: Bencher<'_, '_>) {
    let log = Log::open_on(filled(&segments(200)), Options::hub(1 << 40)).expect("sound").0;
    let all = RangeSet::of(1, u64::MAX - 1);
    bencher.bench_local(|| black_box(log.load(stream(), &all, 1 << 20, true).expect("sound")));
}

#[divan::bench]
fn an_hour_of_three_series(bencher: Bencher<'_, '_>) {
    let log = Log::open_on(filled(&segments(1_000)), Options::hub(1 << 40)).expect("sound").0;
    let series = [SeriesIx(3), SeriesIx(50), SeriesIx(149)];
    let (from, to) = (UtcMs(400_000_000), UtcMs(400_000_000 + 3_600_000));
    bencher.counter(ItemsCount::new(3 * 360usize)).bench_local(|| {
        let mut sum = 0i64;
        log.samples_between(stream(), &series, from, to, |_, _, value| sum = sum.wrapping_add(value)).expect("sound");
        sum
    });
}
