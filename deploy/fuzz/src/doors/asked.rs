//! What people and their programs ask.

use vigie_query::{Dialect, InMemory, LabelSet, Limits, Options, Query, Steps, format_query};

use crate::Door;

const QUESTIONS: &[&str] = &[
    "sum by (job) (rate(up{job=~\"a.*\",b!=\"\"}[5m] offset 1m)) / on(job) group_left() count(up) > bool 0.5",
    "histogram_quantile(0.9, sum by (le) (rate(h_bucket[1h:5m] @ end())))",
    "label_replace(up, \"a\", \"$1\", \"job\", \"(.*)\") or vector(1) unless absent(up)",
    "-1e3 ^ 2 % 5 == 0x1f and quantile_over_time(0.5, up[1d])",
    "topk(5, predict_linear(mem[1h], 3600)) atan2 Inf",
];

fn questions() -> Vec<Vec<u8>> {
    QUESTIONS.iter().map(|question| question.as_bytes().to_vec()).collect()
}

/// Two series of a quarter of an hour.
fn few() -> InMemory {
    let mut few = InMemory::default();
    for job in ["a", "b"] {
        let labels = LabelSet::new([("__name__", "up"), ("job", job)]);
        few.add(labels, (0..90).map(|at| (at * 10_000, f64::from(u8::try_from(at % 7).unwrap_or(0)))));
    }
    few
}

pub(super) const PROMQL: Door = Door {
    name: "query.promql",
    good: questions,
    knock: |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        for dialect in [Dialect::Prometheus2, Dialect::Prometheus3] {
            let options = Options { dialect, ..Options::default() };
            let Ok(query) = Query::parse_with(text, options) else { continue };
            // Over a little, and within little: that it ends is what matters.
            let limits = Limits { max_samples: 10_000, max_points: 20, ..Limits::usual() };
            let steps = Steps::new(0, 600_000, 60_000, &limits).expect("eleven steps are within twenty");
            let _answer = query.range(&few(), steps, 300_000, &limits);
        }
    },
};

pub(super) const FORMAT: Door = Door {
    name: "query.format",
    good: questions,
    knock: |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let Ok(written) = format_query(text) else { return };
        assert_eq!(format_query(&written).as_deref(), Ok(written.as_str()), "what was formatted stays as it is");
    },
};
