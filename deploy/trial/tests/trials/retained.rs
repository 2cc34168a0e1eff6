//! A hub that is killed while samples and minutes go for their age loses and doubles nothing: what went is in its hours.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use vigie_merge::RangeSet;
use vigie_model::{Role, SeriesDef, SeriesIx, UtcMs};
use vigie_rollup::Window;
use vigie_store::{Log, Options};
use vigie_sync::Ledger;
use vigie_trial::{Door, Mesh, Samples, Sender, eventually, pushed};

const EVERY_MS: i64 = 10_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Places that others push to: each is a stream, and each stream goes in transactions of its own.
const SITES: u32 = 5;
const SERIES: u32 = 2;

/// Days of samples, of which in the end the newest stays as it was measured, and two as minutes.
const DAYS: i64 = 5;
const BEFORE: &str = "[retention]\nraw_days = 400\nminute_days = 400\n";
const AFTER: &str = "[retention]\nraw_days = 1\nminute_days = 2\n";

/// All that stays, and all that goes, is here.
const LOG: &str = "log.redb";

fn rounds(usual: u32) -> u32 {
    std::env::var("VIGIE_TRIAL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(usual)
}

/// Different in each round, the same in each run: while some transactions come and go.
fn moment(round: u32) -> Duration {
    Duration::from_millis(u64::from(round.wrapping_mul(2_654_435_761) >> 16) % 400)
}

fn value(series: u32, at_ms: i64) -> f64 {
    ((at_ms / EVERY_MS).wrapping_mul(i64::from(series) + 3) % 1_009) as f64
}

/// Samples of some hours.
fn said(hours: std::ops::Range<i64>) -> Samples {
    let begin = |hour: i64| hour * HOUR_MS / EVERY_MS;
    let moments = (begin(hours.start)..begin(hours.end)).map(|no| no * EVERY_MS + 7_000);
    moments.flat_map(|at| (0..SERIES).map(move |n| ((n, at), value(n, at).to_bits()))).collect()
}

#[test]
fn a_hub_that_is_killed_while_samples_and_minutes_go_for_their_age_loses_and_doubles_nothing() {
    let mut mesh = Mesh::new();
    let now_hour = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64 / HOUR_MS;
    let hours = now_hour - DAYS * 24..now_hour - 2;
    assert!(mesh.hub.stop(), "the hub ends in order");
    let config = mesh.dir().join("cloud.toml");
    std::fs::write(&config, BEFORE).expect("settings can be written");
    mesh.hub.say_env("VIGIE_CONFIG", &config.to_string_lossy());
    mesh.hub.again();
    let all = push(&mut mesh, &hours);
    std::fs::write(&config, AFTER).expect("settings can be written");
    let (log, full) = (mesh.hub_data().join(LOG), mesh.dir().join("full"));
    std::fs::copy(&log, &full).expect("a file can be copied");
    let mut hit = 0;
    for round in 0..rounds(3) {
        std::fs::copy(&full, &log).expect("a file can be copied");
        mesh.hub.again();
        let begun = lets_go_of_something(&log);
        std::thread::sleep(moment(round));
        mesh.hub.kill();
        hit += u32::from(begun && is_half_done(&mesh, &all));
    }
    println!("{hit} kills left some streams that were done with and some that were not");
    mesh.hub.again();
    eventually("what is too old has gone", || {
        mesh.door();
        std::thread::sleep(Duration::from_secs(17));
        assert!(mesh.hub.stop(), "the hub ends in order");
        let gone = read(&mesh.hub_data(), &all).iter().all(Stream::is_done);
        mesh.hub.again();
        gone
    });
    let door = mesh.door();
    for site in 0..SITES {
        let raw = pushed::answered(&door, &job(site)).expect("the hub answers");
        assert!(raw.iter().all(|(key, bits)| all.get(key) == Some(bits)), "nothing unsaid is there");
        let young = all.iter().filter(|((_, at), _)| *at >= (now_hour + 2) * HOUR_MS - DAY_MS);
        assert!(young.into_iter().all(|(key, _)| raw.contains_key(key)), "what is young is there as it was measured");
        assert!(raw.len() < all.len() / 2, "{} of {} are left", raw.len(), all.len());
        assert_eq!(taken_away(&door, &job(site)), in_hours(&all), "and all of it is in its hours, once");
    }
    assert!(mesh.hub.stop(), "the hub ends in order");
    read(&mesh.hub_data(), &all);
}

/// Pushes all there is to say, each place the same, and ends the hub when all of it is folded and laid out.
fn push(mesh: &mut Mesh, hours: &std::ops::Range<i64>) -> Samples {
    let mut all = Samples::new();
    for site in 0..SITES {
        let mut sender = Sender::new(mesh.door(), &format!("/to/acme/site-{site}/api/v1/write"), &job(site));
        for from in hours.clone().step_by(12) {
            sender.push(&said(from..(from + 12).min(hours.end)));
        }
        all = sender.acknowledged;
    }
    let (door, wanted) = (mesh.door(), in_hours(&all));
    eventually("all of it is in hours", || (0..SITES).all(|site| taken_away(&door, &job(site)) == wanted));
    eventually("all of it is laid out", || {
        std::thread::sleep(Duration::from_secs(6));
        assert!(mesh.hub.stop(), "the hub ends in order");
        let is_done = pushed::is_laid_out(&mesh.hub_data());
        if !is_done {
            mesh.hub.again();
        }
        is_done
    });
    all
}

/// Waits until the hub writes to its log, which nobody else makes it do: it looks for what is too old some seconds after
/// its start.
fn lets_go_of_something(log: &Path) -> bool {
    let changed = || std::fs::metadata(log).and_then(|about| about.modified()).expect("a file has a time");
    std::thread::sleep(Duration::from_secs(10));
    let (before, deadline) = (changed(), Instant::now() + Duration::from_secs(20));
    while changed() == before && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    changed() != before
}

fn job(site: u32) -> String {
    format!("kept-{site}")
}

/// How many samples each series had in each hour, their sum and their extremes.
type Hours = BTreeMap<(u32, i64), (u64, f64, f64, f64)>;

fn in_hours(all: &Samples) -> Hours {
    let mut hours = Hours::new();
    for ((series, at_ms), bits) in all {
        let (value, none) = (f64::from_bits(*bits), (0, 0.0, f64::INFINITY, f64::NEG_INFINITY));
        let hour = hours.entry((*series, at_ms.div_euclid(HOUR_MS) * HOUR_MS)).or_insert(none);
        *hour = (hour.0 + 1, hour.1 + value, hour.2.min(value), hour.3.max(value));
    }
    hours
}

/// The same as the hub exports it; each hour of a series once.
fn taken_away(door: &Door, job: &str) -> Hours {
    let path = format!("/api/v1/export?format=parquet&resolution=1h&match[]=pushed%7Bjob%3D%22{job}%22%7D");
    let answer = door.get(&path).expect("the hub answers");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut file = tempfile::tempfile().expect("a file");
    std::io::Write::write_all(&mut file, &answer.body).expect("a file can be written");
    let reader = SerializedFileReader::new(file).expect("a whole file");
    let mut hours = Hours::new();
    for row in reader.get_row_iter(None).expect("rows") {
        let row = row.expect("a row");
        let labels: serde_json::Value = serde_json::from_str(row.get_string(1).expect("labels")).expect("JSON");
        let series = labels["n"].as_str().expect("its own label").parse().expect("a number");
        assert_eq!(row.get_long(3).expect("seconds"), 3_600);
        let number = |at| row.get_double(at).expect("a number");
        let hour = (row.get_long(4).expect("a count").cast_unsigned(), number(5), number(6), number(7));
        let twice = hours.insert((series, row.get_timestamp_millis(2).expect("a time")), hour);
        assert_eq!(twice, None, "an hour leaves once");
    }
    hours
}

/// Whether a kill left some streams of which what is too old has gone, and some of which it has not. What the disk has is
/// looked at in a copy: opening mends, and the hub is to do that itself.
fn is_half_done(mesh: &Mesh, all: &Samples) -> bool {
    let copy = mesh.dir().join("copy");
    std::fs::create_dir_all(&copy).expect("a folder");
    for entry in std::fs::read_dir(mesh.hub_data()).expect("a folder").map(|entry| entry.expect("an entry")) {
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            std::fs::copy(entry.path(), copy.join(entry.file_name())).expect("a file can be copied");
        }
    }
    let streams = read(&copy, all);
    std::fs::remove_dir_all(&copy).expect("a folder can be removed");
    let done = streams.iter().filter(|stream| stream.is_done()).count();
    0 < done && done < streams.len()
}

/// How far a stream is.
#[derive(Debug)]
struct Stream {
    /// Nothing is left as it was measured that is too old, but for what lies beside what is not.
    expired: bool,
    /// No minutes are left that are too old.
    minutes_expired: bool,
}

impl Stream {
    fn is_done(&self) -> bool {
        self.expired && self.minutes_expired
    }
}

/// Looks at each stream of a store: nothing of it is lost, nothing is in two hours, and what is not there any more as it was
/// measured is in its hour with the right sums.
fn read(data: &Path, all: &Samples) -> Vec<Stream> {
    let (log, _) = Log::open(data, Options::hub(1 << 40)).expect("the log of a hub that is not running opens");
    let (newest, wanted) = (all.keys().map(|(_, at)| *at).max().expect("some"), in_hours(all));
    let mut streams = Vec::new();
    for (stream, facts) in log.streams() {
        let ledger = Ledger::of(facts, Role::Hub);
        assert!(ledger.meets() && ledger.given_up.is_empty(), "{stream}: {ledger:?}");
        assert_eq!(ledger.at_hub, ledger.collected, "{stream}: what went for its age was here");
        let defs = log.schema(*stream, 0, usize::MAX).expect("definitions can be read");
        let series: Vec<SeriesIx> = (0..defs.len() as u32).map(SeriesIx).collect();
        let (mut read, mut oldest) = (RangeSet::new(), i64::MAX);
        log.ticks_between(*stream, UtcMs(i64::MIN), UtcMs(i64::MAX), |at, tick| {
            assert!(read.insert(tick.seq.0, tick.seq.0), "{stream}: tick {} is there twice", tick.seq);
            oldest = oldest.min(at.0);
            for sample in &tick.samples {
                let value = defs[sample.series.0 as usize].resolution().value(sample.value);
                let said = all.get(&(number_of(&defs[sample.series.0 as usize]), at.0));
                assert_eq!(said, Some(&value.to_bits()), "{stream}: tick {}", tick.seq);
            }
        })
        .expect("the log of a hub that is not running can be read");
        let (hours, _) = windows(&log, *stream, &series, Window::Hour, |hour, cells| {
            for (def, cell) in defs.iter().zip(cells) {
                let key = (number_of(def), hour);
                let (count, sum, ..) = wanted.get(&key).copied().unwrap_or_else(|| panic!("nobody said {key:?}"));
                // A part of it may still have to be folded.
                assert!(cell.0 < count || *cell == (count, sum), "{stream}: {cell:?} of {key:?}");
            }
        });
        let gone = facts.ticks().without(&read);
        assert!(gone.without(&hours).is_empty(), "{stream}: {gone:?} went and no hour tells of it");
        let (_, oldest_minute) = windows(&log, *stream, &series, Window::Minute, |_, _| {});
        // What is laid out together goes together: a day's.
        let old = |at_ms: i64, hours: i64| at_ms < newest - hours * HOUR_MS;
        streams.push(Stream { expired: !old(oldest, 60), minutes_expired: !old(oldest_minute, 60) });
    }
    assert_eq!(streams.len(), SITES as usize);
    streams
}

/// Hands each hour's count and sum of each series to `each`; gives the ticks that are in them, and when the first begins.
fn windows(
    log: &Log,
    stream: vigie_model::StreamId,
    series: &[SeriesIx],
    window: Window,
    mut each: impl FnMut(i64, &[(u64, f64)]),
) -> (RangeSet, i64) {
    let (mut covered, mut first) = (RangeSet::new(), i64::MAX);
    log.rollups_between(stream, series, window, UtcMs(i64::MIN), UtcMs(i64::MAX), |rolled| {
        assert!(covered.intersection(&rolled.covered).is_empty(), "{stream}: a tick of {:?} counts twice", rolled.hour);
        covered.union_with(&rolled.covered);
        first = first.min(rolled.hour.begins().0);
        let defs = log.schema(stream, 0, usize::MAX).expect("definitions can be read");
        let whole = |(cells, def): (&Vec<(UtcMs, vigie_rollup::Cell)>, &SeriesDef)| {
            let (count, sum) = cells.iter().fold((0, 0.0), |(count, sum), (_, cell)| {
                (count + u64::from(cell.count()), sum + cell.sum(def.resolution()))
            });
            (count, sum)
        };
        let cells: Vec<(u64, f64)> = rolled.cells.iter().zip(&defs).map(whole).collect();
        each(rolled.hour.begins().0, &cells);
        ControlFlow::Continue(())
    })
    .expect("hours can be read");
    (covered, first)
}

/// The number in the labels of a pushed series.
fn number_of(def: &SeriesDef) -> u32 {
    let own = def.labels().iter().find(|(name, _)| name == "n").expect("its own label");
    own.1.parse().expect("a number")
}
