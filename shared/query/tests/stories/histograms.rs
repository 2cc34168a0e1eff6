use crate::{instant, source};

#[test]
fn a_quantile_lies_in_its_bucket_in_proportion() {
    let source = source("h_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 6\nh_bucket{le=\"+Inf\"} 8");
    for (quantile, wanted) in
        [("0.5", "1.5"), ("0.25", "1"), ("0.125", "0.5"), ("0.99", "2"), ("-1", "-inf"), ("2", "inf"), ("NaN", "NaN")]
    {
        assert_eq!(
            instant(&source, &format!("histogram_quantile({quantile}, h_bucket)"), 0.0),
            [format!("{{}} {wanted}")]
        );
    }
}

#[test]
fn a_histogram_without_an_end_or_without_counts_has_no_quantile() {
    for lines in [
        "h_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 6",
        "h_bucket{le=\"1\"} 0\nh_bucket{le=\"+Inf\"} 0",
        "h_bucket{le=\"+Inf\"} 3",
    ] {
        assert_eq!(instant(&source(lines), "histogram_quantile(0.5, h_bucket)", 0.0), ["{} NaN"], "{lines}");
    }
}

#[test]
fn counts_that_fall_from_bucket_to_bucket_are_repaired() {
    let source = source("h_bucket{le=\"1\"} 4\nh_bucket{le=\"2\"} 3\nh_bucket{le=\"3\"} 8\nh_bucket{le=\"+Inf\"} 8");
    assert_eq!(instant(&source, "histogram_quantile(0.75, h_bucket)", 0.0), ["{} 2.5"]);
}

#[test]
fn each_histogram_has_its_own_quantile_and_what_is_no_bucket_has_none() {
    let source = source(
        "h{job=\"a\",le=\"1\"} 1\nh{job=\"a\",le=\"+Inf\"} 1\nh{job=\"b\",le=\"4\"} 1\nh{job=\"b\",le=\"+Inf\"} 1\nh{job=\"c\"} 9",
    );
    assert_eq!(instant(&source, "histogram_quantile(0.5, h)", 0.0), ["{job=\"a\"} 0.5", "{job=\"b\"} 2"]);
}
