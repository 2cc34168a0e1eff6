use crate::{instant, old_instant, range, source};

#[test]
fn a_subquery_asks_at_multiples_of_its_step() {
    let source = source("x 0 1 2 3 4 5 6 7 8 9 10");
    assert_eq!(instant(&source, "x[6m:2m]", 9.0), ["{__name__=\"x\"} 4@4 6@6 8@8"]);
    assert_eq!(instant(&source, "sum_over_time(x[6m:2m])", 9.0), ["{} 18"]);
    assert_eq!(instant(&source, "x[3m:]", 9.0), ["{__name__=\"x\"} 7@7 8@8 9@9"], "every minute where none is said");
    assert_eq!(instant(&source, "x[3m:1m] offset 2m", 9.0), ["{__name__=\"x\"} 5@5 6@6 7@7"]);
    assert_eq!(instant(&source, "x[4m:2m]", 8.0), ["{__name__=\"x\"} 6@6 8@8"], "without its left edge");
    assert_eq!(old_instant(&source, "x[4m:2m]", 8.0), ["{__name__=\"x\"} 4@4 6@6 8@8"], "with it");
}

#[test]
fn subqueries_nest() {
    let source = source("x 0 1 2 3 4 5 6 7 8 9 10");
    assert_eq!(instant(&source, "max_over_time(sum_over_time(x[2m:1m])[4m:2m])", 10.0), ["{} 19"]);
    assert_eq!(range(&source, "max_over_time(sum_over_time(x[2m:1m])[4m:2m])", (8, 10), 1), ["{} 15@8 15@9 19@10"]);
}

#[test]
fn start_and_end_mean_those_of_the_question_at_any_depth() {
    let source = source("x 0 1 2 3 4 5 6 7 8 9 10");
    assert_eq!(range(&source, "x @ end() - x", (4, 9), 2), ["{} 5@4 3@6 1@8"], "the end need not be a step");
    assert_eq!(range(&source, "sum_over_time((x @ start())[2m:1m])", (4, 6), 2), ["{} 8@4 8@6"]);
    assert_eq!(range(&source, "max_over_time(x[3m:1m] @ 300)", (0, 9), 9), ["{} 5@0 5@9"]);
    assert_eq!(range(&source, "x @ 300 offset 1m", (0, 9), 9), ["{__name__=\"x\"} 4@0 4@9"]);
}

#[test]
fn a_timestamp_is_that_of_the_sample_or_of_the_moment_when_it_is_calculated() {
    let source = source("x 0 1");
    assert_eq!(instant(&source, "timestamp(x)", 3.0), ["{} 60"]);
    assert_eq!(instant(&source, "timestamp((x))", 3.0), ["{} 60"]);
    assert_eq!(instant(&source, "timestamp(x offset 2m)", 3.0), ["{} 60"]);
    assert_eq!(instant(&source, "timestamp(x @ 0)", 3.0), ["{} 0"]);
    assert_eq!(instant(&source, "timestamp(-x)", 3.0), ["{} 180"]);
}

#[test]
fn what_is_ahead_can_be_asked_too() {
    let source = source("x 0 1 2 3");
    assert_eq!(instant(&source, "x offset -2m", 1.0), ["{__name__=\"x\"} 3"]);
    assert_eq!(instant(&source, "sum_over_time(x[2m] offset -2m)", 1.0), ["{} 5"]);
}

#[test]
fn a_series_that_ends_is_absent_at_once_and_its_operators_with_it() {
    let source = source("x{n=\"1\"} 1 stale _ 4\nx{n=\"2\"} 1 1 1 1");
    assert_eq!(range(&source, "sum(x)", (0, 3), 1), ["{} 2@0 1@1 1@2 5@3"]);
    assert_eq!(range(&source, "x{n=\"1\"} + 1", (0, 3), 1), ["{n=\"1\"} 2@0 5@3"]);
}
