//! Are two answers the same?

use serde_json::Value as Json;
use vigie_query::{Answer, LabelSet, Point, QueryError, Value};

pub(crate) type Ours = Result<Answer, QueryError>;

/// How far values may be apart, as a part of the larger one.
const TOLERANCE: f64 = 1e-12;

/// Labels, and points as seconds and values.
type Row = (String, Vec<(f64, f64)>);

/// Whether nothing was found.
pub(crate) fn is_empty(answer: &Answer) -> bool {
    match &answer.value {
        Value::Vector(rows) => rows.is_empty(),
        Value::Matrix(rows) => rows.is_empty(),
        Value::Scalar(_) | Value::Text(..) => false,
    }
}

/// Prometheus 2.42 does not indent a subquery that is an argument.
pub(crate) fn same_writing(ours: &str, theirs: &str) -> bool {
    ours.lines().map(str::trim_start).eq(theirs.lines().map(str::trim_start))
}

/// The parser does not keep a sign that says nothing, and writes all digits of a number where Go writes an exponent.
pub(crate) fn is_written_otherwise(text: &str, theirs: &str) -> bool {
    text.starts_with('+') || text.contains(" +1") || ["e+", "+Inf"].iter().any(|number| theirs.contains(number))
}

/// Says how they differ.
pub(crate) fn difference(text: &str, ours: Ours, theirs: &Json) -> Result<(), String> {
    let failed = theirs["status"] == "error";
    match ours {
        Err(error) if failed => same_failure(&error, theirs),
        Err(error) => Err(format!("ours failed: {error}; theirs: {}", cut(theirs))),
        Ok(answer) if failed => Err(format!("theirs failed: {theirs}; ours: {:.200}", format!("{:?}", answer.value))),
        Ok(answer) => same_value(text, answer.value, &theirs["data"]),
    }
}

/// The type must be the same, and what was found while working it out must be said in the same words. The words for what
/// could not be read are the parser's own.
fn same_failure(error: &QueryError, theirs: &Json) -> Result<(), String> {
    let same_words = match error {
        QueryError::Execution(why) => theirs["error"].as_str().is_some_and(|theirs| which(theirs) == which(why)),
        _ => true,
    };
    if theirs["errorType"] == error.error_type() && same_words {
        return Ok(());
    }
    Err(format!("ours: {}: {error}; theirs: {theirs}", error.error_type()))
}

/// Which series stand in the way, of several, is left out: Prometheus meets what it has calculated in the order of a Go
/// map, which is different each time. The words for series and groups are looked at in the stories of this crate.
fn which(error: &str) -> (&str, &str) {
    let Some((before, after)) = error.split_once("for the match group ") else { return (error, "") };
    let side = after.split_once("} on the ").map_or(after, |(_, side)| side);
    (before, &side[..side.find(':').unwrap_or(side.len())])
}

fn same_value(text: &str, ours: Value, theirs: &Json) -> Result<(), String> {
    let (result, result_type) = (&theirs["result"], &theirs["resultType"]);
    let (kind, ours, theirs) = match ours {
        Value::Text(at_ms, text) => {
            let same = result_type == "string" && result[1] == *text && result[0] == at_ms as f64 / 1000.0;
            return if same { Ok(()) } else { Err(format!("ours: {text}; theirs: {theirs}")) };
        }
        Value::Scalar(point) => ("scalar", vec![row(&LabelSet::default(), &[point])], vec![scalar(result)]),
        Value::Vector(rows) => {
            let ours = rows.iter().map(|(labels, point)| row(labels, &[*point])).collect();
            ("vector", ours, rows_of(result))
        }
        Value::Matrix(rows) => {
            let ours = rows.iter().map(|(labels, points)| row(labels, points)).collect();
            ("matrix", ours, rows_of(result))
        }
    };
    if result_type != kind {
        return Err(format!("ours is a {kind}, theirs a {result_type}"));
    }
    same_rows(text, ours, theirs)
}

fn same_rows(text: &str, mut ours: Vec<Row>, mut theirs: Vec<Row>) -> Result<(), String> {
    if has_no_order(text) {
        ours.sort_by(|a, b| a.0.cmp(&b.0));
        theirs.sort_by(|a, b| a.0.cmp(&b.0));
    }
    let names = |rows: &[Row]| rows.iter().map(|row| row.0.clone()).collect::<Vec<_>>();
    if names(&ours) != names(&theirs) {
        return Err(format!("labels or order: ours {:?}; theirs {:?}", names(&ours), names(&theirs)));
    }
    for ((labels, ours), (_, theirs)) in ours.iter().zip(&theirs) {
        if ours.len() != theirs.len() {
            return Err(format!("{labels}: {} points and {}: {ours:?} {theirs:?}", ours.len(), theirs.len()));
        }
        for (ours, theirs) in ours.iter().zip(theirs) {
            if ours.0 != theirs.0 || !same_number(ours.1, theirs.1) {
                return Err(format!("{labels}: ours {ours:?}; theirs {theirs:?}"));
            }
        }
    }
    Ok(())
}

/// Prometheus goes through the histograms of a vector, and through the series of a subquery that calculates, in the order
/// of a Go map, which is different each time.
fn has_no_order(text: &str) -> bool {
    let is_subquery = |range: &str| range.split_once(']').is_some_and(|(inside, _)| inside.contains(':'));
    text.contains("histogram_quantile") || text.split('[').skip(1).any(is_subquery)
}

fn same_number(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}

fn row(labels: &LabelSet, points: &[Point]) -> Row {
    let points = points.iter().map(|point| (point.at_ms as f64 / 1000.0, point.value)).collect();
    (format!("{labels:?}"), points)
}

fn rows_of(result: &Json) -> Vec<Row> {
    let rows = result.as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |row: &Json| {
        let pairs = row["metric"].as_object().expect("labels").iter();
        let labels = LabelSet::new(pairs.map(|(name, value)| (name.as_str(), value.as_str().expect("a text"))));
        let points = row["values"].as_array().cloned().unwrap_or_else(|| vec![row["value"].clone()]);
        (format!("{labels:?}"), points.iter().map(point).collect())
    };
    rows.iter().map(row).collect()
}

fn scalar(result: &Json) -> Row {
    (format!("{:?}", LabelSet::default()), vec![point(result)])
}

fn point(point: &Json) -> (f64, f64) {
    let value = point[1].as_str().expect("a number as a text");
    (point[0].as_f64().expect("seconds"), value.parse().expect("a number"))
}

fn cut(json: &Json) -> String {
    json.to_string().chars().take(400).collect()
}
