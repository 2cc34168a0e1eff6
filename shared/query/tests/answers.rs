//! What is answered, and what is refused? Each question goes through the parser to a source in memory.

use std::sync::Arc;

use vigie_query::{
    Bounds, Confined, Coverage, Halt, InMemory, LabelSet, Lack, Limits, Point, Query, QueryError, Selection,
    SeriesSamples, Shortfall, Source, SourceError, Steps, Stop, Value, Visit,
};

const MINUTE: i64 = 60_000;
const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

#[test]
fn matchers_choose_the_series() {
    let source = two_sites();
    for (text, wanted) in [
        ("up", vec!["a", "b", "c"]),
        (r#"up{site="lyon"}"#, vec!["a", "b"]),
        (r#"up{site!="lyon"}"#, vec!["c"]),
        (r#"up{machine=~"a|c"}"#, vec!["a", "c"]),
        (r#"up{machine!~"a|c"}"#, vec!["b"]),
        (r#"up{site=~"ly"}"#, vec![]),
        (r#"up{absent=""}"#, vec!["a", "b", "c"]),
        (r#"up{absent!=""}"#, vec![]),
        (r#"{__name__=~"u.",machine="b"}"#, vec!["b"]),
        (r#"(up{site="lyon",machine=~".*"})"#, vec!["a", "b"]),
    ] {
        assert_eq!(machines(&source, text, 10 * MINUTE), wanted, "{text}");
    }
}

#[test]
fn the_newest_sample_counts_for_five_minutes_and_no_longer() {
    let source = one([(0, 1.0), (MINUTE, 2.0)]);
    assert_eq!(instant(&source, "up", 59_999), [1.0]);
    assert_eq!(instant(&source, "up", MINUTE), [2.0]);
    assert_eq!(instant(&source, "up", 6 * MINUTE - 1), [2.0]);
    assert_eq!(instant(&source, "up", 6 * MINUTE), [0.0; 0], "just five minutes old is too old, as in Prometheus 3");
    assert_eq!(instant(&source, "up", -1), [0.0; 0]);
}

#[test]
fn a_series_that_was_marked_stale_is_not_there_until_it_returns() {
    let source = one([(0, 1.0), (MINUTE, STALE), (2 * MINUTE, 3.0)]);
    assert_eq!(instant(&source, "up", MINUTE), [0.0; 0]);
    assert_eq!(instant(&source, "up", 2 * MINUTE), [3.0]);
    let Value::Matrix(rows) = ask(&source, "up[5m]", 2 * MINUTE) else { panic!("a range vector is a matrix") };
    assert_eq!(rows[0].1.len(), 2, "the mark is no sample");
}

#[test]
fn an_ordinary_nan_is_a_value() {
    assert!(instant(&one([(0, f64::NAN)]), "up", 0)[0].is_nan());
}

#[test]
fn an_offset_looks_back_and_shows_the_moment_of_the_question() {
    let source = one([(0, 1.0), (10 * MINUTE, 2.0), (20 * MINUTE, 3.0)]);
    let Value::Vector(rows) = ask(&source, "up offset 10m", 20 * MINUTE) else { panic!("a vector") };
    assert_eq!(rows[0].1, Point { at_ms: 20 * MINUTE, value: 2.0 });
    assert_eq!(instant(&source, "up offset -10m", 10 * MINUTE), [3.0]);
    assert_eq!(instant(&source, "up @ 600", 0), [2.0]);
    assert_eq!(instant(&source, "up @ 1200 offset 10m", 0), [2.0]);
}

#[test]
fn a_range_vector_gives_raw_samples_without_its_left_edge() {
    let source = one([(0, 1.0), (MINUTE, 2.0), (2 * MINUTE, 3.0)]);
    let Value::Matrix(rows) = ask(&source, "up[2m]", 2 * MINUTE) else { panic!("a matrix") };
    assert_eq!(rows[0].1, [Point { at_ms: MINUTE, value: 2.0 }, Point { at_ms: 2 * MINUTE, value: 3.0 }]);
}

#[test]
fn a_range_question_answers_at_each_step_and_leaves_gaps_open() {
    let source = one([(0, 1.0), (MINUTE, 2.0), (20 * MINUTE, 9.0)]);
    let Value::Matrix(rows) = range(&source, "up", 0, 22 * MINUTE, 2 * MINUTE) else { panic!("a matrix") };
    let minutes: Vec<_> = rows[0].1.iter().map(|point| (point.at_ms / MINUTE, point.value)).collect();
    assert_eq!(minutes, [(0, 1.0), (2, 2.0), (4, 2.0), (20, 9.0), (22, 9.0)]);
    let Value::Matrix(rows) = range(&source, "up @ end()", 0, 20 * MINUTE, 10 * MINUTE) else { panic!("a matrix") };
    assert_eq!(rows[0].1.iter().map(|point| point.value).collect::<Vec<_>>(), [9.0; 3]);
}

#[test]
fn lives_of_one_machine_are_one_series_by_time() {
    let mut source = InMemory::default();
    source.add(labels("a", "lyon"), [(2 * MINUTE, 3.0), (3 * MINUTE, 4.0)]);
    source.add(labels("a", "lyon"), [(0, 1.0), (MINUTE, 2.0), (2 * MINUTE, 30.0)]);
    let Value::Matrix(rows) = ask(&source, "up[1h]", 10 * MINUTE) else { panic!("a matrix") };
    let values: Vec<_> = rows[0].1.iter().map(|point| point.value).collect();
    assert_eq!((rows.len(), values), (1, vec![1.0, 2.0, 30.0, 4.0]), "of one moment the sample that came last");
}

#[test]
fn a_number_is_a_number_at_every_step() {
    let source = InMemory::default();
    assert_eq!(ask(&source, "1+1", 5), Value::Scalar(Point { at_ms: 5, value: 2.0 }));
    let Value::Matrix(rows) = range(&source, "42", 0, 2, 1) else { panic!("a matrix") };
    assert_eq!((rows.len(), rows[0].1.len(), rows[0].0.iter().len()), (1, 3, 0));
}

#[test]
fn a_range_vector_has_no_value_at_a_step() {
    let steps = Steps::new(0, 1, 1, &Limits::usual()).expect("two steps");
    let query = Query::parse("up[5m]").expect("a range vector");
    let refused = query.range(&InMemory::default(), steps, 1, &Limits::usual()).expect_err("no value");
    assert_eq!(refused.error_type(), "bad_data");
    assert!(refused.to_string().contains("must be Scalar or instant Vector"));
}

#[test]
fn too_many_points_series_or_samples_are_refused_in_prometheus_words() {
    let limits = Limits { max_series: 2, max_samples: 3, ..Limits::usual() };
    let refused = Steps::new(0, 11_000, 1, &limits).expect_err("11,001 points");
    assert!(refused.to_string().starts_with("exceeded maximum resolution of 11000 points per timeseries"));
    assert!(Steps::new(1, 0, 1, &limits).is_err() && Steps::new(0, 1, 0, &limits).is_err());
    assert!(Steps::new(i64::MIN, i64::MAX, 1, &limits).is_err());
    let query = Query::parse("up").expect("a selector");
    let too_many = query.instant(&two_sites(), 10 * MINUTE, Query::LOOKBACK_MS, &limits).expect_err("three series");
    assert_eq!(
        (too_many.error_type(), too_many.to_string()),
        ("execution", "the query selects more than 2 series".into())
    );
    let long = Query::parse("up[1h]").expect("a range vector");
    let refused = long.instant(&one((0..9).map(|n| (n, 1.0))), 10, 1, &limits).expect_err("nine samples");
    assert!(refused.to_string().contains("too many samples"));
}

#[test]
fn a_question_ends_when_its_time_is_over() {
    let limits = Limits { stop: Stop::when(|| Some(Halt::TimedOut)), ..Limits::usual() };
    let query = Query::parse("up").expect("a selector");
    assert_eq!(query.instant(&two_sites(), 0, 1, &limits), Err(QueryError::TimedOut));
}

#[test]
fn an_answer_says_what_is_missing_from_it() {
    let mut source = two_sites();
    let lack = Lack::Cut { since_ms: 0 };
    source.lacks(Shortfall {
        machine: "c".into(),
        machine_id: "3".into(),
        client: "acme".into(),
        site: "paris".into(),
        lack,
    });
    let warnings = |text: &str| {
        let query = Query::parse(text).expect("a selector");
        let answer = query.instant(&source, 10 * MINUTE, Query::LOOKBACK_MS, &Limits::usual()).expect("an answer");
        answer.coverage.warnings().len()
    };
    assert_eq!((warnings("up"), warnings(r#"up{site="lyon"}"#)), (1, 0));
}

#[test]
fn whoever_is_confined_sees_nothing_else_whatever_they_ask_and_whatever_storage_forgets() {
    /// A storage that looks at no matcher.
    struct Forgetful(InMemory);
    impl Source for Forgetful {
        fn select(
            &self,
            selection: &Selection<'_>,
            limits: &Limits,
            sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
        ) -> Result<Coverage, SourceError> {
            self.0.select(&Selection { matchers: &[], ..*selection }, limits, sink)
        }
    }
    let only = Arc::new(Bounds::new([].into(), [(String::new(), "paris".to_owned())].into()));
    for source in [&two_sites() as &dyn Source, &Forgetful(two_sites())] {
        let confined = Confined::new(source, Some(Arc::clone(&only)));
        for text in ["up", r#"up{site=~".*"}"#, r#"up{site!="paris"}"#] {
            assert!(machines(&confined, text, 10 * MINUTE).iter().all(|machine| machine == "c"), "{text}");
        }
        let mut seen = Vec::new();
        let everything = confined.series(&[], i64::MIN, i64::MAX, &Limits::usual(), &mut |labels| {
            seen.push(labels.get("machine").to_owned());
            Visit::Continue(())
        });
        assert_eq!((everything.is_ok(), seen), (true, vec!["c".to_owned()]));
    }
}

fn labels(machine: &str, site: &str) -> LabelSet {
    LabelSet::new([("__name__", "up"), ("machine", machine), ("site", site)])
}

fn one(samples: impl IntoIterator<Item = (i64, f64)>) -> InMemory {
    let mut source = InMemory::default();
    source.add(labels("a", "lyon"), samples);
    source
}

fn two_sites() -> InMemory {
    let mut source = InMemory::default();
    for (machine, site) in [("b", "lyon"), ("a", "lyon"), ("c", "paris")] {
        source.add(labels(machine, site), [(10 * MINUTE, 1.0)]);
    }
    source
}

fn ask(source: &dyn Source, text: &str, at_ms: i64) -> Value {
    let query = Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    query.instant(source, at_ms, Query::LOOKBACK_MS, &Limits::usual()).expect("an answer").value
}

fn range(source: &dyn Source, text: &str, start_ms: i64, end_ms: i64, step_ms: i64) -> Value {
    let steps = Steps::new(start_ms, end_ms, step_ms, &Limits::usual()).expect("some steps");
    let query = Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    query.range(source, steps, Query::LOOKBACK_MS, &Limits::usual()).expect("an answer").value
}

fn vector(source: &dyn Source, text: &str, at_ms: i64) -> Vec<(Arc<LabelSet>, Point)> {
    match ask(source, text, at_ms) {
        Value::Vector(rows) => rows,
        other => panic!("{text} gave {other:?}"),
    }
}

fn instant(source: &dyn Source, text: &str, at_ms: i64) -> Vec<f64> {
    vector(source, text, at_ms).into_iter().map(|(_, point)| point.value).collect()
}

fn machines(source: &dyn Source, text: &str, at_ms: i64) -> Vec<String> {
    vector(source, text, at_ms).into_iter().map(|(labels, _)| labels.get("machine").to_owned()).collect()
}
