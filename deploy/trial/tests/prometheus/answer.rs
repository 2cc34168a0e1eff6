//! An answer over HTTP, read back into what the query engine gives.

use std::sync::Arc;

use serde_json::Value as Json;
use vigie_query::{Answer, Coverage, LabelSet, Notes, Point, QueryError, Value};

use crate::compare::Ours;

/// Reads an answer or a refusal.
pub(crate) fn read(answer: &Json) -> Ours {
    if answer["status"] != "success" {
        return Err(refusal(answer));
    }
    let result = &answer["data"]["result"];
    let value = match answer["data"]["resultType"].as_str().expect("a type") {
        "scalar" => Value::Scalar(point(result)),
        "string" => Value::Text(at_ms(result), result[1].as_str().expect("a text").to_owned()),
        "vector" => Value::Vector(rows(result).map(|row| (labels(row), point(&row["value"]))).collect()),
        "matrix" => {
            let points = |row: &Json| row["values"].as_array().expect("points").iter().map(point).collect();
            Value::Matrix(rows(result).map(|row| (labels(row), points(row))).collect())
        }
        other => panic!("there is no type {other}"),
    };
    Ok(Answer { value, coverage: Coverage::default(), notes: Notes::default() })
}

fn refusal(answer: &Json) -> QueryError {
    let why = answer["error"].as_str().unwrap_or_else(|| panic!("neither answered nor refused: {answer}")).to_owned();
    match answer["errorType"].as_str() {
        Some("bad_data") => QueryError::BadData(why),
        Some("execution") => QueryError::Execution(why),
        _ => QueryError::Internal(why),
    }
}

fn rows(result: &Json) -> impl Iterator<Item = &Json> {
    result.as_array().expect("rows").iter()
}

fn labels(row: &Json) -> Arc<LabelSet> {
    let pairs = row["metric"].as_object().expect("labels").iter();
    Arc::new(LabelSet::new(pairs.map(|(name, value)| (name.as_str(), value.as_str().expect("a text")))))
}

fn point(point: &Json) -> Point {
    let value = point[1].as_str().expect("a number as a text").parse().expect("a number");
    Point { at_ms: at_ms(point), value }
}

fn at_ms(point: &Json) -> i64 {
    (point[0].as_f64().expect("seconds") * 1000.0).round() as i64
}
