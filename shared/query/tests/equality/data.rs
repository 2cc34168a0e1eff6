//! The samples that both are given: three hours of counters that begin again, gauges, gaps, histograms and oddities.

use std::fmt::Write;

use vigie_query::{InMemory, LabelSet};

/// The first moment: not on a full minute of the clock, so that steps and samples do not meet by chance.
pub(crate) const BEGIN_MS: i64 = 1_700_000_007_000;

/// How long it is measured.
pub(crate) const LENGTH_MS: i64 = 3 * 3_600_000;

/// A series and its samples in rising time.
pub(crate) struct Series {
    pub(crate) labels: Vec<(&'static str, String)>,
    pub(crate) samples: Vec<(i64, f64)>,
}

pub(crate) fn in_memory() -> InMemory {
    let mut source = InMemory::default();
    for Series { labels, samples } in all() {
        source.add(LabelSet::new(labels), samples);
    }
    source
}

/// In the text form that `promtool` reads.
pub(crate) fn open_metrics() -> String {
    let mut text = String::new();
    for Series { labels, samples } in all() {
        let name = &labels.iter().find(|(key, _)| *key == "__name__").expect("a name").1;
        let others = labels.iter().filter(|(key, _)| *key != "__name__");
        let others: Vec<_> = others.map(|(key, value)| format!("{key}=\"{value}\"")).collect();
        for (at_ms, value) in samples {
            let value = if value.is_infinite() { format!("{value:+}") } else { value.to_string() };
            let value = value.replace("inf", "Inf");
            let (seconds, ms) = (at_ms / 1000, at_ms % 1000);
            writeln!(text, "{name}{{{}}} {value} {seconds}.{ms:03}", others.join(",")).expect("a text");
        }
    }
    text + "# EOF\n"
}

pub(crate) fn all() -> Vec<Series> {
    let mut all = Vec::new();
    counters(&mut all);
    gauges(&mut all);
    oddities(&mut all);
    histograms(&mut all);
    facts(&mut all);
    all
}

/// Every 15 s with some jitter; every instance begins again at its own times.
fn counters(all: &mut Vec<Series>) {
    for (job, instances) in [("api", 3), ("db", 2)] {
        for instance in 0..instances {
            for code in ["200", "404", "500"] {
                let mut chance = Chance::new(&format!("{job}{instance}{code}"));
                let (begins_again, pace) = (chance.below(200) + 40, chance.below(40) as f64 / 4.0);
                let mut count = chance.below(50) as f64;
                let samples = ticks(15_000, &mut chance).into_iter().enumerate().map(|(n, at)| {
                    count += (pace * chance.part()).round();
                    if n > 0 && (n as u64).is_multiple_of(begins_again) {
                        count = chance.below(3) as f64;
                    }
                    (at, count)
                });
                let samples = samples.collect();
                let labels = [("job", job.to_owned()), ("instance", format!("{job}-{instance}"))];
                let code = [("__name__", "requests_total".to_owned()), ("code", code.to_owned())];
                all.push(Series { labels: labels.into_iter().chain(code).collect(), samples });
            }
        }
    }
}

fn gauges(all: &mut Vec<Series>) {
    for (room, floor) in [("hall", "0"), ("lab", "1"), ("attic", "2"), ("roof", "2")] {
        let mut chance = Chance::new(room);
        let phase = chance.part() * 6.0;
        let samples = ticks(30_000, &mut chance).into_iter().enumerate();
        let samples = samples.map(|(n, at)| (at, 12.0 * (n as f64 / 40.0 + phase).sin() + chance.part())).collect();
        all.push(series("temperature", &[("room", room), ("floor", floor)], samples));
    }
    for (n, gap) in [("1", 600_000), ("2", 299_000), ("3", 1_500_000)] {
        let mut chance = Chance::new(n);
        let samples = ticks(20_000, &mut chance).into_iter();
        let samples =
            samples.filter(|at| (at - BEGIN_MS) / gap % 2 == 0).map(|at| (at, (at / 1000 % 97) as f64)).collect();
        all.push(series("gappy", &[("n", n)], samples));
    }
    // One follows the other under the same labels but for the name.
    let (early, late) =
        ticks(15_000, &mut Chance::new("half")).into_iter().partition(|at| at - BEGIN_MS < LENGTH_MS / 2);
    let values = |times: Vec<i64>| times.into_iter().map(|at| (at, (at / 15_000 % 50) as f64)).collect::<Vec<_>>();
    all.push(series("early", &[("half", "x")], values(early)));
    all.push(series("late", &[("half", "x")], values(late)));
    for job in ["api", "db"] {
        let samples = ticks(60_000, &mut Chance::new(job)).into_iter().map(|at| (at, 42.0)).collect();
        all.push(series("constant", &[("job", job)], samples));
    }
}

fn oddities(all: &mut Vec<Series>) {
    let every = |values: &[f64]| {
        let times = ticks(20_000, &mut Chance::new("odd")).into_iter().enumerate();
        times.map(|(n, at)| (at, values[n % values.len()])).collect::<Vec<_>>()
    };
    const NAN: f64 = f64::NAN;
    for (kind, values) in [
        ("nan", &[NAN] as &[f64]),
        ("sometimes", &[1.0, NAN, 3.0, 2.0, NAN, NAN, 7.0]),
        ("up", &[f64::INFINITY]),
        ("down", &[1.0, f64::NEG_INFINITY, 2.0]),
        ("both", &[1.0, f64::INFINITY, -2.0, f64::NEG_INFINITY, 0.5]),
        ("huge", &[1e300, 1.7e308, -1e300, 1e308]),
        // None that is positive and subnormal: of those Go's logarithm on amd64 is wrong.
        ("tiny", &[1e-300, 3e-308, -1e-310, 0.0]),
        ("zero", &[0.0, -0.0]),
        ("steps", &[-3.7, -0.5, 0.5, 1.5, 2.5, 3.49, 1e15]),
    ] {
        all.push(series("odd", &[("kind", kind)], every(values)));
    }
    all.push(series("lonely", &[("once", "yes")], vec![(BEGIN_MS + 3_600_000, 5.0)]));
    // Sums of these show whether small parts get lost.
    all.push(series("cancels", &[("n", "1")], every(&[1.0, 1e16, 1.0, -1e16])));
}

fn histograms(all: &mut Vec<Series>) {
    let bounds = ["0.05", "0.1", "0.5", "1", "2.5", "+Inf"];
    for job in ["api", "db"] {
        let times = ticks(15_000, &mut Chance::new("latency"));
        let mut chance = Chance::new(job);
        let shares: Vec<f64> = bounds.iter().map(|_| chance.part() * 9.0).collect();
        for (at_bound, bound) in bounds.iter().enumerate() {
            let per_tick: f64 = shares[..=at_bound].iter().sum();
            let count = |(n, at): (usize, &i64)| (*at, ((n % 400) as f64 * per_tick).floor());
            let samples = times.iter().enumerate().map(count).collect();
            all.push(series("latency_bucket", &[("job", job), ("le", bound)], samples));
        }
    }
    // Without an end, with counts that fall, with bounds below zero, with a bound that is none.
    for (kind, buckets) in [
        ("open", &[("1", 3.0), ("2", 5.0)] as &[(&str, f64)]),
        ("falling", &[("1", 5.0), ("2", 3.0), ("3", 8.0), ("+Inf", 7.0)]),
        ("negative", &[("-2", 2.0), ("-1", 4.0), ("0", 6.0), ("+Inf", 9.0)]),
        ("twice", &[("1", 2.0), ("1.0", 3.0), ("2", 9.0), ("+Inf", 10.0)]),
        ("empty", &[("1", 0.0), ("+Inf", 0.0)]),
        ("only", &[("+Inf", 4.0)]),
        ("wrong", &[("one", 3.0), ("1", 1.0), ("+Inf", 4.0)]),
    ] {
        for (bound, count) in buckets {
            let samples = ticks(30_000, &mut Chance::new("strange")).into_iter().map(|at| (at, *count)).collect();
            all.push(series("strange_bucket", &[("kind", kind), ("le", bound)], samples));
        }
    }
}

/// What is known of instances, for joins; one instance is known twice, one not at all.
fn facts(all: &mut Vec<Series>) {
    let always = |value: f64| ticks(30_000, &mut Chance::new("facts")).into_iter().map(|at| (at, value)).collect();
    for (instance, version, rack) in
        [("api-0", "1.2", "a"), ("api-1", "1.3", "b"), ("db-0", "9", "a"), ("db-1", "9", "b")]
    {
        all.push(series("info", &[("instance", instance), ("version", version), ("rack", rack)], always(1.0)));
    }
    for (instance, owner) in [("api-0", "ann"), ("api-0", "bob"), ("db-0", "ann")] {
        all.push(series("owners", &[("instance", instance), ("owner", owner)], always(2.0)));
    }
    for (instance, quota) in [("api-0", 100.0), ("api-1", 150.0), ("api-2", 50.0), ("db-1", 10.0)] {
        all.push(series("quota", &[("instance", instance)], always(quota)));
    }
    for path in ["/a/b", "/a/c", "/d", "plain.text"] {
        all.push(series("paths", &[("path", path), ("a_label", "x-y_z")], always(path.len() as f64)));
    }
}

fn series(name: &str, labels: &[(&'static str, &str)], samples: Vec<(i64, f64)>) -> Series {
    let labels = labels.iter().map(|(key, value)| (*key, (*value).to_owned()));
    Series { labels: labels.chain([("__name__", name.to_owned())]).collect(), samples }
}

/// Moments about so far apart, some of them on the beat to the millisecond.
fn ticks(apart_ms: i64, chance: &mut Chance) -> Vec<i64> {
    let jitter = (apart_ms / 20).unsigned_abs();
    let late = |chance: &mut Chance| if chance.below(3) == 0 { chance.below(jitter) as i64 } else { 0 };
    (0..LENGTH_MS / apart_ms).map(|n| BEGIN_MS + n * apart_ms + late(chance)).collect()
}

/// Chance that is the same each time (SplitMix64).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: &str) -> Self {
        Self(seed.bytes().fold(0x9e37_79b9, |state, byte| state.wrapping_mul(131).wrapping_add(u64::from(byte))))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    /// From zero to below one.
    pub(crate) fn part(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 20)
    }

    pub(crate) fn one_of<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len() as u64) as usize]
    }
}
