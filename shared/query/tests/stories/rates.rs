use crate::{instant, old_instant, range, source};

#[test]
fn a_rate_is_stretched_to_the_edges_of_its_window() {
    let source = source("bytes_total 0 60 120 180 240 300 360 420 480 540 600");
    assert_eq!(instant(&source, "rate(bytes_total[5m])", 10.0), ["{} 1"]);
    assert_eq!(instant(&source, "increase(bytes_total[5m])", 10.0), ["{} 300"]);
    assert_eq!(instant(&source, "delta(bytes_total[5m])", 10.0), ["{} 300"]);
    assert_eq!(instant(&source, "increase(bytes_total[5m])", 10.5), ["{} 300"], "also between samples");
}

#[test]
fn a_counter_that_began_again_has_grown_by_what_it_counted_since() {
    let source = source("bytes_total 100 200 300 50 150 250");
    assert_eq!(instant(&source, "increase(bytes_total[5m])", 5.0), ["{} 437.5"], "350 in four minutes");
    assert_eq!(instant(&source, "resets(bytes_total[6m])", 5.0), ["{} 1"]);
    assert_eq!(instant(&source, "delta(bytes_total[5m])", 5.0), ["{} 62.5"], "a gauge may fall");
}

#[test]
fn a_counter_is_never_stretched_to_before_it_was_zero() {
    let source = source("bytes_total _ _ _ 10 20 30");
    // From 10 at the third minute it goes back no further than one minute.
    assert_eq!(instant(&source, "increase(bytes_total[5m])", 5.0), ["{} 25"]);
    let young = crate::source("bytes_total _ _ _ 1 11 21");
    assert_eq!(instant(&young, "increase(bytes_total[10m])", 5.0), ["{} 21"]);
}

#[test]
fn where_samples_end_far_from_the_edge_half_a_gap_is_added() {
    let source = source("bytes_total 1000 1060 1120 _ _ _ _ _ _ _ _");
    // Two minutes seen, one to the edge before them, half of one after them.
    assert_eq!(instant(&source, "increase(bytes_total[10m])", 9.0), ["{} 210"]);
}

#[test]
fn one_sample_has_no_rate() {
    let source = source("bytes_total 1");
    for function in ["rate", "increase", "delta", "irate", "idelta", "deriv"] {
        assert!(instant(&source, &format!("{function}(bytes_total[5m])"), 0.0).is_empty(), "{function}");
    }
}

#[test]
fn instant_rates_look_at_the_last_two_samples() {
    let source = source("bytes_total 0 60 120 60");
    assert_eq!(instant(&source, "irate(bytes_total[5m])", 2.0), ["{} 1"]);
    assert_eq!(instant(&source, "irate(bytes_total[5m])", 3.0), ["{} 1"], "after a reset it grew by what it is");
    assert_eq!(instant(&source, "idelta(bytes_total[5m])", 3.0), ["{} -60"]);
}

#[test]
fn prometheus_2_sees_the_left_edge_of_a_window_and_prometheus_3_does_not() {
    let source = source("bytes_total 0 60 120 180");
    assert_eq!(instant(&source, "count_over_time(bytes_total[2m])", 3.0), ["{} 2"]);
    assert_eq!(old_instant(&source, "count_over_time(bytes_total[2m])", 3.0), ["{} 3"]);
    assert_eq!(instant(&source, "bytes_total", 8.0), [""; 0]);
    assert_eq!(old_instant(&source, "bytes_total", 8.0), ["{__name__=\"bytes_total\"} 180"]);
}

#[test]
fn a_line_through_the_samples_says_where_they_go() {
    let source = source("level 10 8 6 4 2");
    assert_eq!(instant(&source, "deriv(level[5m]) * 60", 4.0), ["{} -2"]);
    assert_eq!(instant(&source, "predict_linear(level[5m], 60)", 4.0), ["{} 0"]);
    assert_eq!(instant(&source, "predict_linear(level[5m], 0) > bool 3", 4.0), ["{} 0"]);
    let flat = crate::source("level 3 3 3");
    assert_eq!(instant(&flat, "deriv(level[5m])", 2.0), ["{} 0"]);
    assert_eq!(instant(&flat, "predict_linear(level[5m], 1e9)", 2.0), ["{} 3"]);
}

#[test]
fn smoothing_follows_level_and_trend_under_both_its_names() {
    let source = source("level 10 12 14 16 18");
    for name in ["holt_winters", "double_exponential_smoothing"] {
        assert_eq!(instant(&source, &format!("{name}(level[10m], 0.5, 0.5)"), 4.0), ["{} 18"]);
    }
    assert_eq!(
        crate::refusal(&source, "holt_winters(level[10m], 1, 0.5)"),
        "invalid smoothing factor. Expected: 0 < sf < 1, got: 1.000000"
    );
}

#[test]
fn a_rate_of_a_range_is_the_rate_at_each_step() {
    let source = source("bytes_total 0 60 120 180 300 420 540 10 70 130 190");
    let steps = range(&source, "rate(bytes_total[3m])", (3, 10), 1);
    let moments = (3..=10).map(|minute| {
        let at = instant(&source, "rate(bytes_total[3m])", f64::from(minute));
        format!(" {}@{minute}", at[0].trim_start_matches("{} "))
    });
    assert_eq!(steps, [format!("{{}}{}", moments.collect::<String>())]);
}
