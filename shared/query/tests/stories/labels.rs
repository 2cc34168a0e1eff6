use crate::{instant, refusal, source};

const DISKS: &str =
    "disk{path=\"/dev/sda1\",m=\"a\"} 1\ndisk{path=\"/dev/sdb10\",m=\"b\"} 2\ndisk{path=\"none\",m=\"b\"} 3";

fn labels(text: &str) -> Vec<String> {
    let without_value = |line: &String| line.rsplit_once(' ').expect("a value").0.to_owned();
    instant(&source(DISKS), text, 0.0).iter().map(without_value).collect()
}

#[test]
fn a_label_is_made_from_a_part_of_another() {
    assert_eq!(
        labels(r#"label_replace(disk, "device", "$1", "path", "/dev/(.*)")"#),
        [
            r#"{__name__="disk", device="sda1", m="a", path="/dev/sda1"}"#,
            r#"{__name__="disk", device="sdb10", m="b", path="/dev/sdb10"}"#,
            r#"{__name__="disk", m="b", path="none"}"#,
        ]
    );
    assert_eq!(labels(r#"label_replace(disk{m="a"}, "path", "", "path", ".*")"#), [r#"{__name__="disk", m="a"}"#]);
}

#[test]
fn labels_are_joined() {
    assert_eq!(
        labels(r#"label_join(disk{m="a"}, "all", ":", "m", "nothing", "path")"#),
        [r#"{__name__="disk", all="a::/dev/sda1", m="a", path="/dev/sda1"}"#]
    );
}

#[test]
fn labels_that_would_make_two_series_one_are_refused() {
    let source = source(DISKS);
    assert_eq!(
        refusal(&source, r#"label_replace(disk, "path", "x", "path", ".*")"#),
        "vector cannot contain metrics with the same labelset"
    );
    assert_eq!(
        refusal(&source, r#"label_replace(disk, "a", "x", "path", "(")"#),
        "invalid regular expression in label_replace(): ("
    );
    assert_eq!(
        refusal(&source, r#"label_replace(disk, "1a", "x", "path", ".*")"#),
        "invalid destination label name in label_replace(): 1a"
    );
    assert_eq!(refusal(&source, r#"label_join(disk, "a", "", "1b")"#), "invalid source label name in label_join(): 1b");
}

#[test]
fn numbers_in_labels_are_sorted_as_numbers() {
    let source = source("disk{n=\"sd10\"} 1\ndisk{n=\"sd9\"} 2\ndisk{n=\"sd1\"} 3");
    let values = |text: &str| {
        instant(&source, text, 0.0).iter().map(|line| line[line.len() - 1..].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(values("sort_by_label(disk, \"n\")"), ["3", "2", "1"]);
    assert_eq!(values("sort_by_label_desc(disk, \"n\")"), ["1", "2", "3"]);
    assert_eq!(values("disk"), ["3", "1", "2"], "elsewhere they are texts");
}
