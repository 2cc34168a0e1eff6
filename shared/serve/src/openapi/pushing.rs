//! What is said of the doors for the samples of others?

use serde_json::{Value, json};

use super::operation::{Operation, number, tagged};

pub(super) fn all() -> Vec<Operation> {
    let bytes = || json!({ "type": "string", "contentMediaType": "application/octet-stream" });
    let refused = "A good answer means durable. A 4xx is final, of which 400 may say that the rest was kept; 503 means send \
                   it again, after `Retry-After`. Refusals are one line of plain text, for a sender's log.";
    tagged(
        "push",
        vec![
            Operation::post("/write", "Prometheus remote write 1.0 and 2.0, snappy").more(refused).takes_as(
                &["application/x-protobuf"],
                bytes(),
                None,
            ),
            Operation::post("/import/prometheus", "A page of exposition text or OpenMetrics, plain or gzip")
                .more(refused)
                .may(
                    "timestamp",
                    number(0, i64::MAX as u64),
                    "When it was measured, in ms, where the page does not say.",
                )
                .takes_as(&["text/plain"], Value::Bool(true), None),
        ],
    )
}
