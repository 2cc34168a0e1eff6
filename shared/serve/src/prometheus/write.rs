//! How does Prometheus write an answer?

use vigie_query::{Answer, Coverage, LabelSet, Notes, Value, write_json_text};

use super::TRUNCATED;
use super::points::Points;
use crate::number;
use crate::stream::{Outlet, ReaderGone};

/// Points after which it is seen whether a chunk is full: some 30 bytes each.
const SPILL_AFTER: usize = 1_024;

/// Writes a whole answer, chunk by chunk.
pub(super) fn write_answer<E: std::fmt::Debug>(
    answer: &Answer,
    limit: Option<usize>,
    out: &mut Outlet<E>,
) -> Result<(), ReaderGone> {
    let most = limit.unwrap_or(usize::MAX);
    let (mut rows_found, mut points) = (0, Points::default());
    out.text.extend_from_slice(b"{\"status\":\"success\",\"data\":{\"resultType\":");
    match &answer.value {
        Value::Scalar(point) => {
            out.text.extend_from_slice(b"\"scalar\",\"result\":");
            points.write(&[*point], &mut out.text);
        }
        Value::Text(at_ms, text) => {
            out.text.extend_from_slice(b"\"string\",\"result\":[");
            number::write_seconds(*at_ms, &mut out.text);
            out.text.push(b',');
            write_json_text(text, &mut out.text);
            out.text.push(b']');
        }
        Value::Vector(rows) => {
            out.text.extend_from_slice(b"\"vector\",\"result\":[");
            rows_found = rows.len();
            for (at, (labels, point)) in rows.iter().take(most).enumerate() {
                begin_row(at, labels, &mut out.text);
                out.text.extend_from_slice(b",\"value\":");
                points.write(&[*point], &mut out.text);
                out.text.push(b'}');
                out.spill()?;
            }
            out.text.push(b']');
        }
        Value::Matrix(rows) => {
            out.text.extend_from_slice(b"\"matrix\",\"result\":[");
            rows_found = rows.len();
            for (at, (labels, row)) in rows.iter().take(most).enumerate() {
                begin_row(at, labels, &mut out.text);
                out.text.extend_from_slice(b",\"values\":[");
                for (at, some) in row.chunks(SPILL_AFTER).enumerate() {
                    separate(at, &mut out.text);
                    points.write(some, &mut out.text);
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
    out.extend_from_slice(labels.json());
}

/// Writes what is missing and what is strange, if anything is.
pub(super) fn write_warnings(coverage: &Coverage, notes: &Notes, truncated: bool, out: &mut Vec<u8>) {
    let mut warnings = coverage.warnings();
    warnings.extend(notes.warnings());
    warnings.extend(truncated.then(|| TRUNCATED.to_owned()));
    write_sentences("warnings", &warnings, out);
    let infos: Vec<String> = coverage.infos().into_iter().chain(notes.infos()).collect();
    write_sentences("infos", &infos, out);
}

fn write_sentences(name: &str, sentences: &[String], out: &mut Vec<u8>) {
    if sentences.is_empty() {
        return;
    }
    out.push(b',');
    write_json_text(name, out);
    out.extend_from_slice(b":[");
    for (at, sentence) in sentences.iter().enumerate() {
        separate(at, out);
        write_json_text(sentence, out);
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
