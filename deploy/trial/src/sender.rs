//! Pushes samples as Prometheus does: the same body again until it is taken, and not a word otherwise.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use vigie_formats::remote_write::V1Writer;
use vigie_formats::{NAME, STALE_NAN_BITS};

use crate::door::Door;

/// The bits of samples, by series and moment (milliseconds since 1970 UTC).
pub type Samples = BTreeMap<(u32, i64), u64>;

/// How long one body may wait for its answer: everything is up again long before.
const PATIENCE: Duration = Duration::from_secs(90);

/// Between two tries. Prometheus waits from 30 ms to 5 s.
const AGAIN_AFTER: Duration = Duration::from_millis(60);

/// A sender of remote write, and what it was promised.
#[derive(Debug)]
pub struct Sender {
    door: Door,
    path: String,
    job: String,
    /// What was answered well.
    pub acknowledged: Samples,
    /// How often a body had to be sent again.
    pub retries: u64,
}

impl Sender {
    /// A sender that writes to a path of a node; its series carry `job`.
    pub fn new(door: Door, path: &str, job: &str) -> Self {
        let (path, job) = (path.to_owned(), job.to_owned());
        Self { door, path, job, acknowledged: Samples::new(), retries: 0 }
    }

    /// Pushes until it is taken. A refusal that would be for ever is none that these trials account for.
    pub fn push(&mut self, samples: &Samples) {
        let body = body(&self.job, samples);
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.door.write(&self.path, &body) {
                Some(answer) if answer.status / 100 == 2 => break,
                Some(answer) if answer.status / 100 == 5 => {}
                Some(answer) => panic!("refused for ever: {} {}", answer.status, answer.text()),
                None => {}
            }
            assert!(Instant::now() < deadline, "nothing was taken for {PATIENCE:?}");
            self.retries += 1;
            std::thread::sleep(AGAIN_AFTER);
        }
        self.acknowledged.extend(samples);
    }
}

/// A body of remote write 1.0: `pushed{job, n}`.
pub fn body(job: &str, samples: &Samples) -> Vec<u8> {
    let mut of_series: BTreeMap<u32, Vec<(i64, f64)>> = BTreeMap::new();
    for ((series, at_ms), bits) in samples {
        of_series.entry(*series).or_default().push((*at_ms, f64::from_bits(*bits)));
    }
    let mut writer = V1Writer::default();
    for (series, samples) in of_series {
        let n = series.to_string();
        writer.series(&[(NAME, "pushed"), ("job", job), ("n", &n)], &samples);
    }
    writer.finish().expect("a small body")
}

/// Made-up bits of some series at some moments: the same for the same seed, and all that is odd among doubles.
pub fn made_up(seed: u64, series: u32, moments_ms: impl IntoIterator<Item = i64>) -> Samples {
    let moments = moments_ms.into_iter();
    moments.flat_map(|at| (0..series).map(move |n| ((n, at), bits(seed, n, at)))).collect()
}

fn bits(seed: u64, series: u32, at_ms: i64) -> u64 {
    let mixed = mix(seed ^ u64::from(series) << 48 ^ at_ms.cast_unsigned());
    let low = mixed >> 13;
    match mixed % 16 {
        // Quiet and signalling, each with something in it that says which it was.
        0 => f64::NAN.to_bits() | low,
        1 => 0xfff0_0000_0000_0001 | low >> 2,
        2 => (-0.0_f64).to_bits(),
        3 => f64::INFINITY.to_bits(),
        4 => f64::NEG_INFINITY.to_bits(),
        5 => STALE_NAN_BITS,
        6 => low >> 1, // below normal
        7..=11 => ((low % 100_000) as f64 / 8.0).to_bits(),
        _ => ((low % 1_000) as f64).to_bits(),
    }
}

fn mix(state: u64) -> u64 {
    let mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
