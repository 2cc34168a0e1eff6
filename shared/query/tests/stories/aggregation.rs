use crate::{instant, old_instant, range, refusal, source};

const MACHINES: &str = r#"
    load{site="lyon",machine="a"} 1 1 1
    load{site="lyon",machine="b"} 3 3 _
    load{site="paris",machine="c"} 8 8 8
"#;

#[test]
fn series_are_put_together_by_labels_or_without_them() {
    let source = source(MACHINES);
    for (text, wanted) in [
        ("sum(load)", vec!["{} 12"]),
        ("avg(load)", vec!["{} 4"]),
        ("count(load)", vec!["{} 3"]),
        ("group(load)", vec!["{} 1"]),
        ("stdvar by (site) (load)", vec![r#"{site="lyon"} 1"#, r#"{site="paris"} 0"#]),
        ("stddev(load) by (site)", vec![r#"{site="lyon"} 1"#, r#"{site="paris"} 0"#]),
        ("max by (site) (load)", vec![r#"{site="lyon"} 3"#, r#"{site="paris"} 8"#]),
        ("min without (machine) (load)", vec![r#"{site="lyon"} 1"#, r#"{site="paris"} 8"#]),
        ("sum by (nowhere) (load)", vec!["{} 12"]),
        ("sum by (__name__) (load)", vec![r#"{__name__="load"} 12"#]),
        ("quantile by (site) (0.5, load)", vec![r#"{site="lyon"} 2"#, r#"{site="paris"} 8"#]),
        ("sum(nothing)", vec![]),
    ] {
        assert_eq!(instant(&source, text, 0.0), wanted, "{text}");
    }
}

#[test]
fn the_best_few_keep_all_their_labels_and_come_in_their_order() {
    let source = source(MACHINES);
    let machines = |text: &str| -> Vec<String> {
        let machine = |line: &String| line.split("machine=\"").nth(1).expect("a machine")[..1].to_owned();
        instant(&source, text, 0.0).iter().map(machine).collect()
    };
    assert_eq!(machines("topk(2, load)"), ["c", "b"]);
    assert_eq!(machines("bottomk(2, load)"), ["a", "b"]);
    assert_eq!(machines("topk by (site) (1, load)"), ["b", "c"]);
    assert_eq!(machines("sort(load)"), ["a", "b", "c"]);
    assert_eq!(machines("sort_desc(load)"), ["c", "b", "a"]);
    assert!(machines("topk(0, load)").is_empty() && machines("topk(-3, load)").is_empty());
    assert_eq!(refusal(&source, "topk(NaN, load)"), "Scalar value NaN overflows int64");
    assert_eq!(refusal(&source, "topk(1e30, load)"), "Scalar value 1e+30 overflows int64");
}

#[test]
fn nan_comes_last_whichever_way_is_sorted() {
    let source = source("x{n=\"1\"} NaN\nx{n=\"2\"} 2\nx{n=\"3\"} 3\nx{n=\"4\"} NaN");
    let values = |text: &str| -> Vec<String> {
        instant(&source, text, 0.0).iter().map(|line| line.rsplit(' ').next().expect("a value").to_owned()).collect()
    };
    assert_eq!(values("sort(x)"), ["2", "3", "NaN", "NaN"]);
    assert_eq!(values("sort_desc(x)"), ["3", "2", "NaN", "NaN"]);
    assert_eq!(values("topk(3, x)"), ["3", "2", "NaN"]);
    assert_eq!(values("bottomk(1, x)"), ["2"]);
    assert_eq!(values("max(x)"), ["3"]);
    assert_eq!(values("quantile(0, x)"), ["NaN"], "for a quantile it is the smallest");
}

#[test]
fn the_best_of_each_step_are_the_best_of_that_step() {
    let source = source("x{n=\"1\"} 1 5\nx{n=\"2\"} 2 2\nx{n=\"3\"} 3 1");
    assert_eq!(
        range(&source, "topk(1, x)", (0, 1), 1),
        ["{__name__=\"x\", n=\"1\"} 5@1", "{__name__=\"x\", n=\"3\"} 3@0"]
    );
}

#[test]
fn equal_values_are_counted_under_their_value() {
    let source = source("v{m=\"a\"} 1 2\nv{m=\"b\"} 1 1\nv{m=\"c\"} inf inf");
    assert_eq!(
        range(&source, "count_values(\"version\", v)", (0, 1), 1),
        ["{version=\"+Inf\"} 1@0 1@1", "{version=\"1\"} 2@0 1@1", "{version=\"2\"} 1@1"]
    );
    assert_eq!(refusal(&source, "count_values(\"no-name\", v)"), "invalid label name \"no-name\"");
}

#[test]
fn a_group_is_there_only_at_steps_at_which_one_of_it_is() {
    let source = source(MACHINES);
    assert_eq!(
        range(&source, "count by (site) (load offset 1m)", (3, 9), 2),
        [r#"{site="lyon"} 2@3 2@5 1@7"#, r#"{site="paris"} 1@3 1@5 1@7"#]
    );
}

#[test]
fn prometheus_3_adds_with_care() {
    let source = source("x{n=\"1\"} 1\nx{n=\"2\"} 1e100\nx{n=\"3\"} 1\nx{n=\"4\"} -1e100");
    assert_eq!(instant(&source, "sum(x)", 0.0), ["{} 2"]);
    assert_eq!(instant(&source, "avg(x)", 0.0), ["{} 0.5"]);
    assert_eq!(old_instant(&source, "sum(x)", 0.0), ["{} 0"]);
}
