use crate::{instant, range, refusal, source};

const SITE: &str = r#"
    errors{machine="a",code="500"} 24
    errors{machine="a",code="404"} 30
    errors{machine="b",code="500"} 6
    errors{machine="c",code="500"} 1
    asked{machine="a"} 600
    asked{machine="b"} 120
    model{machine="a",maker="acme"} 1
    model{machine="b",maker="best"} 1
"#;

#[test]
fn one_series_belongs_to_one() {
    let source = source(SITE);
    assert_eq!(
        instant(&source, r#"errors{code="500"} / ignoring(code) asked"#, 0.0),
        [r#"{machine="a"} 0.04"#, r#"{machine="b"} 0.05"#]
    );
    assert_eq!(instant(&source, "asked + asked", 0.0), [r#"{machine="a"} 1200"#, r#"{machine="b"} 240"#]);
    assert_eq!(instant(&source, "asked > on(machine) model", 0.0).len(), 2);
    assert_eq!(instant(&source, "asked > bool 200", 0.0), [r#"{machine="a"} 1"#, r#"{machine="b"} 0"#]);
    assert_eq!(
        instant(&source, "200 < asked", 0.0),
        [r#"{__name__="asked", machine="a"} 600"#],
        "a comparison shows the series, not the number"
    );
}

#[test]
fn many_series_belong_to_one_when_it_is_said() {
    let source = source(SITE);
    assert_eq!(
        instant(&source, "errors / on(machine) group_left asked", 0.0),
        [r#"{code="404", machine="a"} 0.05"#, r#"{code="500", machine="a"} 0.04"#, r#"{code="500", machine="b"} 0.05"#]
    );
    assert_eq!(
        instant(&source, r#"asked * on(machine) group_left(maker) model"#, 0.0),
        [r#"{machine="a", maker="acme"} 600"#, r#"{machine="b", maker="best"} 120"#]
    );
    assert_eq!(instant(&source, "asked / on(machine) group_right errors", 0.0).len(), 3);
}

#[test]
fn what_does_not_match_one_to_one_is_refused_in_prometheus_words() {
    let source = source(SITE);
    assert_eq!(
        refusal(&source, "errors / on(machine) asked"),
        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
    );
    assert_eq!(
        refusal(&source, "asked / on(machine) errors"),
        "found duplicate series for the match group {machine=\"a\"} on the right hand-side of the operation: \
         [{__name__=\"errors\", code=\"500\", machine=\"a\"}, {__name__=\"errors\", code=\"404\", machine=\"a\"}];\
         many-to-many matching not allowed: matching labels must be unique on one side"
    );
    assert!(refusal(&source, "errors / on(machine) group_right asked").contains("on the left hand-side"));
    assert_eq!(
        refusal(&source, "errors * on(machine) group_left(code) asked"),
        "multiple matches for labels: grouping labels must ensure unique matches"
    );
}

#[test]
fn two_series_that_become_one_are_refused() {
    let source = source("a{x=\"1\"} 1\nb{x=\"1\"} 2");
    for text in ["-{x=\"1\"}", "abs({x=\"1\"})", "{x=\"1\"} + 1", "rate({x=\"1\"}[5m] @ 0)"] {
        let refused = crate::try_instant(&source, text, 0.0);
        if text.starts_with("rate") {
            assert!(refused.is_ok(), "a window with one sample has no rate");
        } else {
            assert!(refused.expect_err(text).to_string().contains("same labelset"), "{text}");
        }
    }
}

#[test]
fn two_series_that_follow_each_other_become_one() {
    let source = source("a{x=\"1\"} 1 stale\nb{x=\"1\"} _ 2 3");
    assert_eq!(range(&source, "abs({x=\"1\"})", (0, 2), 1), ["{x=\"1\"} 1@0 2@1 3@2"]);
}

#[test]
fn sets_are_cut_and_joined() {
    let source = source("a{x=\"1\"} 1 1 stale\na{x=\"2\"} 2 2 2\nb{x=\"2\"} 9 _ _ 9\nb{x=\"3\"} 7");
    assert_eq!(instant(&source, "a and b", 0.0), ["{__name__=\"a\", x=\"2\"} 2"]);
    assert_eq!(instant(&source, "a unless b", 0.0), ["{__name__=\"a\", x=\"1\"} 1"]);
    assert_eq!(instant(&source, "a or b", 0.0).len(), 3);
    assert_eq!(instant(&source, "a and on() vector(1)", 0.0).len(), 2);
    assert_eq!(
        range(&source, "a{x=\"1\"} or vector(0)", (0, 3), 1),
        ["{} 0@0 0@1 0@2 0@3".to_owned(), "{__name__=\"a\", x=\"1\"} 1@0 1@1".to_owned(),]
    );
    assert_eq!(range(&source, "-a{x=\"1\"} or -(a{x=\"1\"} offset 2m)", (0, 3), 1), ["{x=\"1\"} -1@0 -1@1 -1@2 -1@3"]);
}

#[test]
fn numbers_are_worked_out_as_people_write_them() {
    let source = source("");
    for (text, wanted) in [
        ("1 + 2 * 3", "7"),
        ("2 ^ 3 ^ 2", "512"),
        ("-2 ^ 2", "-4"),
        ("7 % 4", "3"),
        ("-7 % 4", "-3"),
        ("1 / 0", "inf"),
        ("3 > bool 2", "1"),
        ("time()", "60"),
        ("scalar(vector(5)) + 1", "6"),
        ("scalar(nothing)", "NaN"),
        ("1 atan2 0 == bool pi() / 2", "1"),
        ("\"a text\"", "a text"),
    ] {
        assert_eq!(instant(&source, text, 1.0), [wanted], "{text}");
    }
}
