use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vigie_query::{
    Coverage, Halt, Hints, InMemory, LabelSet, Limits, Query, QueryError, Selection, SeriesSamples, Source,
    SourceError, Steps, Stop, Visit,
};

use crate::{MINUTE, source};

const TOO_MANY: &str = "query processing would load too many samples into memory in query execution";

fn ask(source: &dyn Source, text: &str, limits: &Limits) -> Result<(), QueryError> {
    Query::parse(text)?.instant(source, 10 * MINUTE, Query::LOOKBACK_MS, limits).map(drop)
}

#[test]
fn no_expression_holds_more_samples_than_allowed() {
    let many: String = (0..50).map(|n| format!("x{{n=\"{n}\"}} 1 2 3 4 5 6 7 8 9 10\n")).collect();
    let source = source(&many);
    let limits = Limits { max_samples: 300, ..Limits::usual() };
    for text in ["x", "sum(x)", "topk(3, x)", "abs(x) + x"] {
        assert_eq!(ask(&source, text, &limits), Ok(()), "{text}");
    }
    for text in [
        "rate(x[10m])",
        "x[10m]",
        "sum_over_time(x[10m:1m])",
        "sum_over_time(vector(1)[10m:1s])",
        "max_over_time(sum_over_time(vector(1)[1h:1s])[1h:1s])",
        "max_over_time(x[10y:1ms])",
        "count_values(\"v\", x + on(n) x)[10m:1s]",
    ] {
        assert_eq!(ask(&source, text, &limits), Err(QueryError::Execution(TOO_MANY.to_owned())), "{text}");
    }
}

#[test]
fn a_plain_selector_holds_what_it_shows_and_not_what_it_reads() {
    let mut source = InMemory::default();
    source.add(LabelSet::new([("__name__", "x")]), (0..100_000).map(|n| (n * 1000, n as f64)));
    let limits = Limits { max_samples: 100, ..Limits::usual() };
    let steps = Steps::new(0, 99_000_000, 1_100_000, &limits).expect("91 steps");
    let answer = Query::parse("x").expect("a selector").range(&source, steps, 300_000, &limits);
    assert!(answer.is_ok(), "100,000 samples were read for 91 points: {answer:?}");
}

#[test]
fn a_function_over_ranges_holds_what_its_next_windows_see_and_not_what_it_reads() {
    let mut source = InMemory::default();
    for piece in 0..10 {
        let samples = (piece * 10_000..(piece + 1) * 10_000).map(|n| (n * 1000, n as f64));
        source.add(LabelSet::new([("__name__", "x_total")]), samples);
    }
    // A window has 300 samples; a piece of 10,000 and the beginning of its first window are held where they go on.
    let limits = Limits { max_samples: 11_500, ..Limits::usual() };
    let steps = Steps::new(0, 99_000_000, 1_100_000, &limits).expect("91 steps");
    let answer = Query::parse("rate(x_total[5m])").expect("a rate").range(&source, steps, 300_000, &limits);
    assert!(answer.is_ok(), "100,000 samples were read for 91 windows: {answer:?}");
}

#[test]
fn memory_that_is_given_back_can_be_used_again() {
    let source = source("x 1 2 3 4 5 6 7 8 9 10");
    let limits = Limits { max_samples: 60, ..Limits::usual() };
    let text = vec!["sum(sum_over_time(x[10m]))"; 20].join(" + ");
    assert_eq!(ask(&source, &text, &limits), Ok(()));
}

#[test]
fn every_loop_ends_soon_after_it_is_told_to() {
    let source = source("x 1 2 3 4 5 6 7 8 9 10");
    for text in [
        "quantile_over_time(0.5, vector(time())[20d:1s])",
        "max_over_time(quantile_over_time(0.5, vector(1)[1h:1s])[1d:1s])",
        "count_values(\"v\", vector(time()))[1d:1s]",
        "x[10m]",
        "sum(x) by (n) / x",
    ] {
        let looks = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&looks);
        let stop = Stop::when(move || (seen.fetch_add(1, Ordering::SeqCst) >= 1).then_some(Halt::TimedOut));
        assert_eq!(ask(&source, text, &Limits { stop, ..Limits::usual() }), Err(QueryError::TimedOut), "{text}");
        assert_eq!(looks.load(Ordering::SeqCst), 2, "{text}");
    }
}

#[test]
fn labels_do_not_grow_without_bounds() {
    let source = source("x{a=\"0123456789\"} 1 2 3 4 5 6 7 8 9 10");
    let ten = "$1".repeat(10);
    let mut text = "x".to_owned();
    for _ in 0..6 {
        text = format!("label_replace({text}, \"a\", \"{ten}\", \"a\", \"(.*)\")");
    }
    let refused = ask(&source, &text, &Limits::usual()).expect_err("ten million letters");
    assert!(refused.to_string().contains("longer than"), "{refused}");
    let many = (0..17).fold("x".to_owned(), |text, n| format!("label_replace({text}, \"b\", \"\", \"a\", \"{n}.*\")"));
    assert!(matches!(ask(&source, &many, &Limits::usual()), Err(QueryError::BadData(_))));
    let huge = r#"label_replace(x, "b", "", "a", "\\w{500}{50}")"#;
    assert!(matches!(ask(&source, huge, &Limits::usual()), Err(QueryError::BadData(_))));
}

#[test]
fn a_question_makes_no_more_series_and_no_longer_labels_than_it_may_hold() {
    let source = source("x 1 2 3 4 5 6 7 8 9 10");
    let few = Limits { max_series: 5, ..Limits::usual() };
    let refused = ask(&source, "last_over_time(count_values(\"v\", x)[10m:1m])", &few).expect_err("ten values");
    assert_eq!(refused.to_string(), "the query makes more than 5 series");
    let little = Limits { max_samples: 100, ..Limits::usual() };
    let long = format!("label_replace(x, \"a\", \"{}\", \"\", \"\")", "a".repeat(5_000));
    assert_eq!(ask(&source, &long, &little), Err(QueryError::Execution(TOO_MANY.to_owned())));
}

#[test]
fn deep_questions_do_not_end_the_thread() {
    let source = source("x 1 2 3 4 5 6 7 8 9 10");
    let sums = format!("x{}", " + x".repeat(255));
    let nested = format!("{}x{}", "sum(".repeat(64), ")".repeat(64));
    let signs = format!("{}x", "-".repeat(255));
    let work = move || {
        for text in [sums, nested, signs] {
            assert_eq!(ask(&source, &text, &Limits::usual()), Ok(()), "{text}");
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(work).expect("a thread");
    thread.join().expect("no overflow");
}

/// A source that remembers what it was asked.
struct Asked(std::sync::Mutex<Vec<(i64, i64, Hints)>>);

impl Source for Asked {
    fn select(
        &self,
        selection: &Selection<'_>,
        _: &Limits,
        _: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        self.0.lock().expect("no panic").push((selection.start_ms, selection.end_ms, selection.hints));
        Ok(Coverage::whole())
    }
}

#[test]
fn each_selector_is_read_once_for_all_the_time_it_needs_and_says_what_for() {
    let source = Asked(std::sync::Mutex::default());
    let steps = Steps::new(100 * MINUTE, 200 * MINUTE, MINUTE, &Limits::usual()).expect("steps");
    let text = "max_over_time(rate(a[5m] offset 10m)[20m:1m]) + b + sum(c @ end())";
    Query::parse(text).expect(text).range(&source, steps, 300_000, &Limits::usual()).expect("an answer");
    let asked = source.0.into_inner().expect("no panic");
    let hints = |step_ms, range, function| Hints { step_ms, range_ms: Some(range), function, ..Hints::default() };
    let at_steps = Hints { newest_at_steps: true, ..hints(Some(MINUTE), 5 * MINUTE, None) };
    let at_once = Hints { newest_alone: true, ..hints(None, 5 * MINUTE, None) };
    assert_eq!(
        asked,
        [
            (66 * MINUTE + 1, 190 * MINUTE, hints(Some(MINUTE), 5 * MINUTE, Some("rate"))),
            (95 * MINUTE + 1, 200 * MINUTE, at_steps),
            (195 * MINUTE + 1, 200 * MINUTE, at_once),
        ]
    );
}

#[test]
fn only_an_instant_vector_at_one_moment_wants_the_newest_sample_alone() {
    for (text, alone) in [("a", true), ("a[5m]", false), ("last_over_time(a[5m])", false)] {
        let source = Asked(std::sync::Mutex::default());
        Query::parse(text).expect(text).instant(&source, MINUTE, 300_000, &Limits::usual()).expect("an answer");
        let asked = source.0.into_inner().expect("no panic");
        assert_eq!(asked.iter().map(|(_, _, hints)| hints.newest_alone).collect::<Vec<_>>(), [alone], "{text}");
    }
}
