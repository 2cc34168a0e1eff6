//! How long does an answer take, once its samples are columns in memory?

use std::hint::black_box;
use std::sync::LazyLock;

use divan::Bencher;
use vigie_query::{InMemory, LabelSet, Limits, Query, Steps};

const DAY_MS: i64 = 86_400_000;

/// 100 counters, every 10 s for a day: 864,000 samples in pieces of an hour, as a log gives them.
static DAY: LazyLock<InMemory> = LazyLock::new(|| {
    let mut source = InMemory::default();
    for machine in 0..100_i64 {
        for hour in 0..24 {
            let ticks =
                (hour * 360..(hour + 1) * 360).map(|tick| (tick * 10_000, (tick % 5_000 * (machine + 1)) as f64));
            source.add(labels("x", machine), ticks);
        }
    }
    source
});

/// 1,000 series with one hour each.
static FLEET: LazyLock<InMemory> = LazyLock::new(|| {
    let mut source = InMemory::default();
    for machine in 0..1000_i64 {
        source.add(labels("x", machine), (0..360).map(|tick| (tick * 10_000, (tick * machine % 977) as f64)));
    }
    source
});

fn labels(name: &str, machine: i64) -> LabelSet {
    let (machine, site) = (format!("machine-{machine}"), format!("site-{}", machine % 20));
    let own = [("client", "acme".to_owned()), ("device", "sda".to_owned()), ("direction", "read".to_owned())];
    LabelSet::new([("__name__", name.to_owned()), ("machine", machine), ("site", site)].into_iter().chain(own))
}

fn main() {
    divan::main();
}

#[divan::bench(args = [
    "x", "sum(x)", "rate(x[5m])", "sum(rate(x[5m]))", "sum by (site) (rate(x[1h]))", "max_over_time(x[1h])",
    "avg_over_time(x[1h])", "quantile_over_time(0.9, x[1h])", "topk(5, rate(x[5m]))", "max_over_time(rate(x[5m])[1h:5m])",
    "x / on(machine) x",
])]
fn a_day_of_100_series_at_288_steps(bencher: Bencher<'_, '_>, text: &str) {
    let limits = Limits::usual();
    let steps = Steps::new(0, DAY_MS - 300_000, 300_000, &limits).expect("288 steps");
    let query = Query::parse(text).expect("a question");
    LazyLock::force(&DAY);
    bencher.bench(|| black_box(query.range(&*DAY, steps, Query::LOOKBACK_MS, &limits)).expect("an answer"));
}

#[divan::bench(args = ["x", "sum by (site) (x)", "sum by (site) (rate(x[5m]))", "topk(10, x)", "x > 500", "x / on(machine) group_left x"])]
fn one_moment_of_1000_series(bencher: Bencher<'_, '_>, text: &str) {
    let limits = Limits::usual();
    let query = Query::parse(text).expect("a question");
    LazyLock::force(&FLEET);
    bencher.bench(|| black_box(query.instant(&*FLEET, 3_500_000, Query::LOOKBACK_MS, &limits)).expect("an answer"));
}

#[divan::bench]
fn reading_a_question() -> Query {
    Query::parse(black_box("sum by (site) (rate(x{site=~\"a.*\",machine!=\"b\"}[5m])) / on(site) group_left count(x)"))
        .expect("a question")
}
