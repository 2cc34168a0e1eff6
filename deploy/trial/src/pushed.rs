//! What became of samples that were pushed: asked of a running node, and read from what a stopped one holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use serde_json::Value;
use vigie_model::{SeriesDef, UtcMs, pushed_place};
use vigie_store::{Log, Options};

use crate::door::{Door, escaped};
use crate::eventually;
use crate::sender::Samples;

pub use crate::sender::{body, made_up};

/// All that a node answers of a sender's series, bit for bit; a moment that is answered twice fails the trial. Nothing
/// when the node does not answer.
pub fn answered(door: &Door, job: &str) -> Option<Samples> {
    let path = format!("/api/v1/export?format=parquet&match[]={}", escaped(&format!("pushed{{job=\"{job}\"}}")));
    let answer = door.get(&path).filter(|answer| answer.status == 200)?;
    let mut file = tempfile::tempfile().expect("a file");
    std::io::Write::write_all(&mut file, &answer.body).expect("a file can be written");
    rows(file)
}

/// An export that broke off has no end and can not be read.
fn rows(file: File) -> Option<Samples> {
    let reader = SerializedFileReader::new(file).ok()?;
    let mut samples = Samples::new();
    for row in reader.get_row_iter(None).expect("rows") {
        let row = row.expect("a row");
        let labels: Value = serde_json::from_str(row.get_string(1).expect("labels")).expect("labels in JSON");
        let series = labels["n"].as_str().expect("its own label").parse().expect("a number");
        let at_ms = row.get_timestamp_millis(2).expect("a time");
        let twice = samples.insert((series, at_ms), row.get_double(3).expect("a value").to_bits());
        assert!(twice.is_none(), "series {series} is answered twice at {at_ms}");
    }
    Some(samples)
}

/// Waits until a node answers all that a sender was promised, and fails on anything else that it answers.
pub fn arrives(door: &Door, job: &str, promised: &Samples) {
    eventually(&format!("all {} samples of {job} are answered", promised.len()), || {
        let Some(answered) = answered(door, job) else { return false };
        let unsaid = answered.iter().find(|(key, bits)| promised.get(key) != Some(bits));
        assert_eq!(unsaid, None, "nobody said this");
        answered.len() == promised.len()
    });
}

/// A node answers all that it answered a sender well, and nothing else, to whoever asks next.
pub fn is_answered_at_once(door: &Door, job: &str, promised: &Samples) {
    assert_eq!(answered(door, job).as_ref(), Some(promised), "what was said to be kept of {job} is answered");
}

/// How many samples each series had within a span up to a moment, by a node's own count; a stale marker is none.
pub fn counted(door: &Door, job: &str, end_ms: i64, span: &str) -> BTreeMap<u32, u64> {
    let text = format!("count_over_time(pushed{{job=\"{job}\"}}[{span}])");
    let answer = door.query(&text, end_ms).expect("an answer");
    let rows = answer["data"]["result"].as_array().unwrap_or_else(|| panic!("no rows: {answer}")).iter();
    let number = |value: &Value| value.as_str().expect("a text").parse().expect("a number");
    rows.map(|row| (number(&row["metric"]["n"]) as u32, number(&row["value"][1]))).collect()
}

/// The same count of what a sender was promised.
pub fn counts(promised: &Samples) -> BTreeMap<u32, u64> {
    let mut counts = BTreeMap::new();
    for ((series, _), bits) in promised {
        if *bits != vigie_formats::STALE_NAN_BITS {
            *counts.entry(*series).or_default() += 1;
        }
    }
    counts
}

/// Whether a stopped node has nothing left that would be worth laying out by series.
pub fn is_laid_out(data: &Path) -> bool {
    let (log, _) = Log::open(data, Options::hub(1 << 40)).expect("the log of a stopped node opens");
    log.gather(usize::MAX).expect("the log of a stopped node can be read").is_empty()
}

/// A stream of what others pushed, as a stopped node holds it.
#[derive(Debug)]
pub struct PushedStream {
    /// For whom it was pushed, as `client/site`.
    pub place: String,
    /// Every place given in it: the series' name and labels, and the step its values are kept in there.
    pub places: Vec<(String, String)>,
    /// Numbers that will never come.
    pub given_up: u64,
    /// Kept samples, by series name and labels, with every value that was ever kept of the moment.
    pub samples: BTreeMap<(String, i64), Vec<u64>>,
}

/// Every such stream of a stopped node.
pub fn streams(data: &Path) -> Vec<PushedStream> {
    let (log, _) = Log::open(data, Options::hub(1 << 40)).expect("the log of a stopped node opens");
    let pushed = log.streams().iter().filter_map(|(stream, facts)| Some((stream, facts, pushed_place(&facts.name)?)));
    let read = pushed.map(|(stream, facts, (client, site))| {
        let mut defs = Vec::new();
        while defs.len() < facts.schema_len as usize {
            let part = log.schema(*stream, defs.len() as u32, usize::MAX).expect("definitions can be read");
            assert!(!part.is_empty(), "{stream}: {} definitions are missing", facts.schema_len);
            defs.extend(part);
        }
        let mut samples: BTreeMap<_, Vec<u64>> = BTreeMap::new();
        log.ticks_between(*stream, UtcMs(i64::MIN), UtcMs(i64::MAX), |_, tick| {
            for sample in &tick.samples {
                let def = &defs[sample.series.0 as usize];
                if is_own(def) {
                    continue;
                }
                let bits = def.resolution().value(sample.value).to_bits();
                samples.entry((named(def), tick.at.utc.0)).or_default().push(bits);
            }
        })
        .expect("the log of a stopped node can be read");
        let places =
            defs.iter().filter(|def| !is_own(def)).map(|def| (named(def), format!("{:?}", def.resolution()))).collect();
        PushedStream { place: format!("{client}/{site}"), places, given_up: facts.gaps.count(), samples }
    });
    read.collect()
}

/// A relay notes in the same place how its own line was.
fn is_own(def: &SeriesDef) -> bool {
    def.name().starts_with("vigie_relay_")
}

fn named(def: &SeriesDef) -> String {
    format!("{} {:?}", def.name(), def.labels())
}

/// Checks that a stopped node holds, in one stream of a place, what a sender was promised and nothing else. A sample may lie
/// there several times, when its sender was not told that it was kept; but never with two values.
pub fn check(data: &Path, place: &str, job: &str, promised: &Samples) {
    let streams: Vec<_> = streams(data).into_iter().filter(|stream| stream.place == place).collect();
    assert_eq!(streams.len(), 1, "a place has one stream, however often its node began again");
    let stream = &streams[0];
    let places: BTreeSet<_> = stream.places.iter().collect();
    assert_eq!(places.len(), stream.places.len(), "a series has one place in it for each step of its values");
    let said: BTreeSet<u32> = promised.keys().map(|(series, _)| *series).collect();
    let known: BTreeSet<&String> = places.iter().map(|(series, _)| series).collect();
    assert_eq!(known.len(), said.len(), "nobody said more series");
    assert_eq!(stream.given_up, 0, "nothing of it was given up");
    let labels = |n: u32| vec![("job".to_owned(), job.to_owned()), ("n".to_owned(), n.to_string())];
    for ((series, at_ms), bits) in promised {
        let key = (format!("pushed {:?}", labels(*series)), *at_ms);
        let kept = stream.samples.get(&key).unwrap_or_else(|| panic!("{key:?} is not there"));
        assert!(kept.iter().all(|one| one == bits), "{key:?}: {bits:x} was said, {kept:x?} is kept");
    }
    assert_eq!(stream.samples.len(), promised.len(), "nothing unsaid is there");
}
