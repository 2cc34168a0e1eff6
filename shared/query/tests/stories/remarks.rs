use vigie_query::{Lack, Limits, Notes, Query, Shortfall, Steps};

use crate::{MINUTE, OLD, source};

fn notes(lines: &str, text: &str) -> Notes {
    let query = Query::parse(text).expect(text);
    query.instant(&source(lines), 3 * MINUTE, Query::LOOKBACK_MS, &Limits::usual()).expect(text).notes
}

#[test]
fn a_rate_of_what_does_not_look_like_a_counter_is_remarked() {
    let found = notes("level 1 2 3 4\nbytes_total 1 2 3 4", "rate({__name__=~\"level|bytes_total\"}[1m])");
    assert_eq!(
        found.infos(),
        ["PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"level\""]
    );
    assert!(found.warnings().is_empty());
    let query = Query::parse_with("rate(level[3m])", OLD).expect("a rate");
    let answer = query.instant(&source("level 1 2 3"), 2 * MINUTE, 1, &Limits::usual()).expect("an answer");
    assert_eq!(answer.notes, Notes::default(), "Prometheus 2.42 said nothing");
}

#[test]
fn a_quantile_that_is_none_is_warned_of() {
    let warned = notes("level 1 2 3 4", "quantile(1.5, level)").warnings();
    assert_eq!(warned, ["PromQL warning: quantile value should be between 0 and 1, got 1.5"]);
    assert!(notes("level 1 2 3 4", "quantile(0.5, level)").warnings().is_empty());
}

#[test]
fn repaired_and_malformed_histograms_are_remarked() {
    let found = notes("h{le=\"1\"} 5\nh{le=\"2\"} 3\nh{le=\"+Inf\"} 6\nh{le=\"x\"} 1", "histogram_quantile(0.5, h)");
    assert!(found.infos()[0].contains("needed to be fixed for monotonicity"));
    assert!(found.warnings()[0].contains("missing or has a malformed value of \"x\" for metric name \"h\""));
}

#[test]
fn what_is_missing_under_any_expression_is_missing_from_the_answer() {
    let mut source = source("up{machine=\"a\"} 1 1 1\nup{machine=\"b\"} 1 1 1");
    let lack = Lack::Cut { since_ms: 0 };
    source.lacks(Shortfall {
        machine: "b".into(),
        machine_id: "2".into(),
        client: "acme".into(),
        site: "lyon".into(),
        lack,
    });
    let steps = Steps::new(0, 2 * MINUTE, MINUTE, &Limits::usual()).expect("steps");
    for (text, missing) in [
        ("sum(up)", 1),
        ("sum(up) + sum(up)", 1),
        ("max_over_time(sum(rate(up[2m]))[5m:1m])", 1),
        ("absent(up)", 1),
        ("count(up{machine=\"a\"})", 0),
        ("label_replace(up @ end(), \"a\", \"b\", \"c\", \"\") or vector(1)", 1),
        ("vector(1)", 0),
    ] {
        let answer = Query::parse(text).expect(text).range(&source, steps, 300_000, &Limits::usual()).expect(text);
        assert_eq!(answer.coverage.warnings().len(), missing, "{text}");
    }
}
