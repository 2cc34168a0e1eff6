use crate::{instant, range, source};

#[test]
fn each_function_makes_its_own_of_a_window() {
    let source = source("level 9 1 2 2 7");
    for (function, wanted) in [
        ("sum_over_time(level[4m])", "{} 12"),
        ("avg_over_time(level[4m])", "{} 3"),
        ("min_over_time(level[4m])", "{} 1"),
        ("max_over_time(level[4m])", "{} 7"),
        ("count_over_time(level[4m])", "{} 4"),
        ("present_over_time(level[4m])", "{} 1"),
        ("changes(level[4m])", "{} 2"),
        ("resets(level[5m])", "{} 1"),
        ("stdvar_over_time(level[4m])", "{} 5.5"),
        ("stddev_over_time(level[4m]) ^ 2 > 5.4999", "{} 5.5"),
        ("quantile_over_time(0.5, level[4m])", "{} 2"),
        ("quantile_over_time(1, level[4m])", "{} 7"),
        ("quantile_over_time(2, level[4m])", "{} inf"),
        ("mad_over_time(level[5m])", "{} 1"),
        ("last_over_time(level[4m])", "{__name__=\"level\"} 7"),
        ("first_over_time(level[4m])", "{__name__=\"level\"} 1"),
    ] {
        let found = instant(&source, function, 4.0);
        if function.contains("stddev") {
            assert!(found[0].starts_with("{} 5.5") || found[0].starts_with("{} 5.4999"), "{found:?}");
        } else {
            assert_eq!(found, [wanted], "{function}");
        }
    }
}

#[test]
fn small_parts_are_not_lost_beside_large_ones() {
    let source = source("level 1 1e100 1 -1e100");
    assert_eq!(instant(&source, "sum_over_time(level[5m])", 3.0), ["{} 2"]);
    assert_eq!(instant(&source, "avg_over_time(level[5m])", 3.0), ["{} 0.5"]);
    let huge = crate::source("level 1.7e308 1.7e308 1.7e308");
    assert_eq!(instant(&huge, "avg_over_time(level[5m]) / 1e308", 2.0), ["{} 1.7"], "a mean never overflows");
}

#[test]
fn nan_is_no_extreme_unless_there_is_nothing_else() {
    let source = source("level NaN 3 NaN 1 NaN");
    assert_eq!(instant(&source, "max_over_time(level[10m])", 4.0), ["{} 3"]);
    assert_eq!(instant(&source, "min_over_time(level[10m])", 4.0), ["{} 1"]);
    assert_eq!(instant(&source, "max_over_time(level[1m])", 4.0), ["{} NaN"]);
    assert_eq!(instant(&source, "changes(level[10m])", 4.0), ["{} 4"]);
}

#[test]
fn the_mark_of_an_end_is_no_sample() {
    let source = source("level 1 2 stale _ 5");
    assert_eq!(instant(&source, "count_over_time(level[10m])", 4.0), ["{} 3"]);
    assert_eq!(instant(&source, "last_over_time(level[3m])", 3.0), ["{__name__=\"level\"} 2"]);
    assert_eq!(instant(&source, "level", 3.0), [""; 0]);
}

#[test]
fn absence_is_told_with_the_labels_that_were_asked_for() {
    let source = source("up{site=\"lyon\"} 1 _ _ _ _ _ _ _ 1");
    let absent = r#"absent(up{site="paris",machine!="a"})"#;
    assert_eq!(instant(&source, absent, 0.0), ["{site=\"paris\"} 1"]);
    assert_eq!(instant(&source, r#"absent(up{site="lyon"})"#, 0.0), [""; 0]);
    assert_eq!(range(&source, r#"absent(up{site="lyon"})"#, (4, 8), 1), ["{site=\"lyon\"} 1@5 1@6 1@7"]);
    assert_eq!(range(&source, "absent_over_time(up[2m])", (0, 8), 2), ["{} 1@2 1@4 1@6"]);
    assert_eq!(instant(&source, "absent(sum(nothing{a=\"b\"}))", 0.0), ["{} 1"]);
}

#[test]
fn functions_of_single_values_drop_the_name() {
    let source = source("level{room=\"lab\"} -2.5");
    for (text, wanted) in [
        ("abs(level)", "2.5"),
        ("ceil(level)", "-2"),
        ("floor(level)", "-3"),
        ("round(level)", "-2"),
        ("round(level, 2)", "-2"),
        ("sgn(level)", "-1"),
        ("clamp(level, -1, 1)", "-1"),
        ("clamp_min(level, 0)", "0"),
        ("clamp_max(level, -3)", "-3"),
        ("sqrt(level)", "NaN"),
        ("level * 2", "-5"),
        ("-level", "2.5"),
        ("deg(rad(level)) + 2.5 < bool 0.0001", "1"),
        ("timestamp(level)", "0"),
        ("level > bool 0", "0"),
    ] {
        assert_eq!(instant(&source, text, 0.0), [format!("{{room=\"lab\"}} {wanted}")], "{text}");
    }
    assert_eq!(instant(&source, "clamp(level, 1, -1)", 0.0), [""; 0], "nothing lies between them");
    assert_eq!(instant(&source, "level < 0", 0.0), ["{__name__=\"level\", room=\"lab\"} -2.5"], "a filter keeps it");
}

#[test]
fn dates_are_those_of_the_value_or_of_the_moment() {
    let source = source("");
    for (text, wanted) in [
        ("year(vector(1709164800))", "2024"),
        ("month(vector(1709164800))", "2"),
        ("day_of_month(vector(1709164800))", "29"),
        ("days_in_month(vector(1709164800))", "29"),
        ("day_of_week(vector(1709164800))", "4"),
        ("day_of_year(vector(1709164800))", "60"),
        ("hour(vector(1709164800 + 3 * 3600))", "3"),
        ("minute()", "7"),
    ] {
        assert_eq!(instant(&source, text, 7.0), [format!("{{}} {wanted}")], "{text}");
    }
}

#[test]
fn functions_on_native_histograms_find_none() {
    let source = source("latency_bucket{le=\"1\"} 5");
    for text in
        ["histogram_sum(latency_bucket)", "histogram_avg(latency_bucket)", "histogram_fraction(0, 1, latency_bucket)"]
    {
        assert_eq!(instant(&source, text, 0.0), [""; 0], "{text}");
    }
}
