//! How does Prometheus write an answer?

use vigie_query::{Answer, Coverage, LabelSet, Notes, Point, Value, write_json_text};

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
            write_json_text(text, &mut out.text);
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
            let mut times = Times { most: if rows.len() > 1 { MOST_TIMES } else { 0 }, ..Times::default() };
            for (at, (labels, points)) in rows.iter().take(most).enumerate() {
                begin_row(at, labels, &mut out.text);
                out.text.extend_from_slice(b",\"values\":[");
                for (at, point) in points.iter().enumerate() {
                    separate(at, &mut out.text);
                    times.write_point(at, *point, &mut out.text);
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

fn write_point(point: Point, out: &mut Vec<u8>) {
    out.push(b'[');
    number::write_seconds(point.at_ms, out);
    out.extend_from_slice(b",\"");
    number::write_prometheus(point.value, out);
    out.extend_from_slice(b"\"]");
}

/// Moments that are remembered: as many as a question may have steps. Raw samples may be many more.
const MOST_TIMES: usize = 11_000;

/// The moments of the row before, as they were written: the rows of one answer mostly have the same.
#[derive(Default)]
struct Times {
    /// So many are remembered.
    most: usize,
    moments: Vec<(i64, usize)>,
    texts: Vec<u8>,
}

impl Times {
    /// Writes the point at a place of its row.
    fn write_point(&mut self, at: usize, point: Point, out: &mut Vec<u8>) {
        let begins = if at == 0 { 0 } else { self.moments.get(at - 1).map_or(self.texts.len(), |(_, ends)| *ends) };
        match self.moments.get(at) {
            None if at >= self.most => {
                out.push(b'[');
                number::write_seconds(point.at_ms, out);
                out.extend_from_slice(b",\"");
            }
            Some((moment, ends)) if *moment == point.at_ms => out.extend_from_slice(&self.texts[begins..*ends]),
            _ => {
                self.moments.truncate(at);
                self.texts.truncate(begins);
                self.texts.push(b'[');
                number::write_seconds(point.at_ms, &mut self.texts);
                self.texts.extend_from_slice(b",\"");
                self.moments.push((point.at_ms, self.texts.len()));
                out.extend_from_slice(&self.texts[begins..]);
            }
        }
        number::write_prometheus(point.value, out);
        out.extend_from_slice(b"\"]");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moments_of_one_row_are_not_taken_for_those_of_the_next() {
        let rows: [&[i64]; 5] =
            [&[1_000, 2_000, 3_500], &[1_000, 2_000, 3_500], &[2_000, 3_500], &[1_000], &[7, 8, 9, 10]];
        for most in [0, 2, 100] {
            let mut times = Times { most, ..Times::default() };
            for row in rows {
                let (mut at_once, mut each) = (Vec::new(), Vec::new());
                for (at, at_ms) in row.iter().enumerate() {
                    let point = Point { at_ms: *at_ms, value: *at_ms as f64 };
                    times.write_point(at, point, &mut at_once);
                    write_point(point, &mut each);
                }
                assert_eq!(String::from_utf8_lossy(&at_once), String::from_utf8_lossy(&each));
                assert!(times.moments.len() <= most);
            }
        }
    }
}
