//! How does Prometheus write an answer?

use vigie_query::{Answer, Coverage, LabelSet, Notes, Point, Value};

use super::TRUNCATED;
use crate::number;
use crate::stream::{Outlet, ReaderGone};

/// Writes a whole answer, chunk by chunk.
pub(super) fn write_answer<E: std::fmt::Debug>(
    answer: &Answer,
    limit: Option<usize>,
    out: &mut Outlet<E>,
) -> Result<(), ReaderGone> {
    let most = limit.unwrap_or(usize::MAX);
    let mut rows_found = 0;
    out.text.extend_from_slice(b"{\"status\":\"success\",\"data\":{\"resultType\":");
    match &answer.value {
        Value::Scalar(point) => {
            out.text.extend_from_slice(b"\"scalar\",\"result\":");
            write_point(*point, &mut out.text);
        }
        Value::Text(at_ms, text) => {
            out.text.extend_from_slice(b"\"string\",\"result\":[");
            number::write_seconds(*at_ms, &mut out.text);
            out.text.push(b',');
            write_text(text, &mut out.text);
            out.text.push(b']');
        }
        Value::Vector(rows) => {
            out.text.extend_from_slice(b"\"vector\",\"result\":[");
            rows_found = rows.len();
            for (at, (labels, point)) in rows.iter().take(most).enumerate() {
                begin_row(at, labels, &mut out.text);
                out.text.extend_from_slice(b",\"value\":");
                write_point(*point, &mut out.text);
                out.text.push(b'}');
                out.spill()?;
            }
            out.text.push(b']');
        }
        Value::Matrix(rows) => {
            out.text.extend_from_slice(b"\"matrix\",\"result\":[");
            rows_found = rows.len();
            for (at, (labels, points)) in rows.iter().take(most).enumerate() {
                begin_row(at, labels, &mut out.text);
                out.text.extend_from_slice(b",\"values\":[");
                for (at, point) in points.iter().enumerate() {
                    separate(at, &mut out.text);
                    write_point(*point, &mut out.text);
                    out.spill()?;
                }
                out.text.extend_from_slice(b"]}");
            }
            out.text.push(b']');
        }
    }
    out.text.push(b'}');
    write_warnings(&answer.coverage, &answer.notes, rows_found > most, &mut out.text);
    out.text.push(b'}');
    Ok(())
}

/// Writes labels as a JSON object.
pub(super) fn write_labels(labels: &LabelSet, out: &mut Vec<u8>) {
    out.push(b'{');
    for (at, (name, value)) in labels.iter().enumerate() {
        separate(at, out);
        write_text(name, out);
        out.push(b':');
        write_text(value, out);
    }
    out.push(b'}');
}

/// Writes what is missing and what is strange, if anything is.
pub(super) fn write_warnings(coverage: &Coverage, notes: &Notes, truncated: bool, out: &mut Vec<u8>) {
    let mut warnings = coverage.warnings();
    warnings.extend(notes.warnings());
    warnings.extend(truncated.then(|| TRUNCATED.to_owned()));
    write_sentences("warnings", &warnings, out);
    write_sentences("infos", &notes.infos(), out);
}

fn write_sentences(name: &str, sentences: &[String], out: &mut Vec<u8>) {
    if sentences.is_empty() {
        return;
    }
    out.push(b',');
    write_text(name, out);
    out.extend_from_slice(b":[");
    for (at, sentence) in sentences.iter().enumerate() {
        separate(at, out);
        write_text(sentence, out);
    }
    out.push(b']');
}

/// Begins what stands in a list at this place.
pub(super) fn separate(at: usize, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(b',');
    }
}

fn begin_row(at: usize, labels: &LabelSet, out: &mut Vec<u8>) {
    separate(at, out);
    out.extend_from_slice(b"{\"metric\":");
    write_labels(labels, out);
}

fn write_point(point: Point, out: &mut Vec<u8>) {
    out.push(b'[');
    number::write_seconds(point.at_ms, out);
    out.extend_from_slice(b",\"");
    number::write_prometheus(point.value, out);
    out.extend_from_slice(b"\"]");
}

/// Writes a JSON text.
pub(super) fn write_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a text is always JSON, and writing to a vector never fails");
}
