//! How are many points written? Of a day of one series this is most of the work.

use vigie_query::Point;

use crate::number::{self, DECIMAL_BYTES, Decimal, PAIRS};

/// Bytes of the longest point whose value is a [`Decimal`]: two of those, and six of what stands around them.
const POINT_BYTES: usize = 2 * DECIMAL_BYTES + 8;

/// Points for which room is made at once.
const AT_ONCE: usize = 64;

/// What so many seconds have in common are all digits but the last four.
const NEAR_S: i64 = 10_000;

/// Writes points, and remembers how the last moment was written: most are near it.
#[derive(Debug, Default)]
pub(super) struct Points {
    /// Which seconds of `NEAR_S`, and which part of the second, are written in the text; none at the beginning.
    written: Option<(i64, i64)>,
    /// `[1795000000,"`
    text: [u8; 32],
    length: usize,
    /// Where the last digit of the seconds is.
    ones: usize,
}

impl Points {
    /// Writes points of a list, with what separates them.
    pub(super) fn write(&mut self, points: &[Point], out: &mut Vec<u8>) {
        for (at, some) in points.chunks(AT_ONCE).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            self.write_some(some, out);
        }
    }

    fn write_some(&mut self, points: &[Point], out: &mut Vec<u8>) {
        let (mut at, mut left) = (out.len(), points.len());
        out.resize(at + left * POINT_BYTES, 0);
        for point in points {
            at += self.begin(point.at_ms, &mut out[at..]);
            match Decimal::of(point.value) {
                Some(decimal) => at += put(decimal, &mut out[at..]),
                None => {
                    out.truncate(at);
                    out.extend_from_slice(number::prometheus(point.value).as_bytes());
                    at = out.len();
                    out.resize(at + left * POINT_BYTES, 0);
                }
            }
            left -= 1;
            let end: &[u8] = if left > 0 { b"\"]," } else { b"\"]" };
            out[at..at + end.len()].copy_from_slice(end);
            at += end.len();
        }
        out.truncate(at);
    }

    /// Writes what stands before the value; says how many bytes.
    fn begin(&mut self, at_ms: i64, to: &mut [u8]) -> usize {
        let (seconds, part) = (at_ms.div_euclid(1_000), at_ms.rem_euclid(1_000));
        if self.written != Some((seconds.div_euclid(NEAR_S), part)) {
            self.remember(at_ms);
        }
        to[..self.text.len()].copy_from_slice(&self.text);
        if self.written.is_some() {
            let near = seconds.rem_euclid(NEAR_S) as usize;
            to[self.ones - 3..self.ones - 1].copy_from_slice(&PAIRS[near / 100]);
            to[self.ones - 1..=self.ones].copy_from_slice(&PAIRS[near % 100]);
        }
        self.length
    }

    fn remember(&mut self, at_ms: i64) {
        let (seconds, part) = (at_ms.div_euclid(1_000), at_ms.rem_euclid(1_000));
        self.text[0] = b'[';
        let end = 1 + put(Decimal::seconds(at_ms), &mut self.text[1..]);
        self.text[end..end + 2].copy_from_slice(b",\"");
        self.length = end + 2;
        // Before that there are fewer digits, and before 1970 they count the other way.
        self.written = (seconds >= NEAR_S).then_some((seconds.div_euclid(NEAR_S), part));
        self.ones = if part == 0 { end - 1 } else { end - 5 };
    }
}

/// Writes a decimal at the beginning of what has room for the longest; says how many bytes it has.
fn put(decimal: Decimal, to: &mut [u8]) -> usize {
    to.first_chunk_mut().map_or(0, |to| decimal.put(to))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plainly(point: &Point) -> String {
        let mut seconds = Vec::new();
        number::write_seconds(point.at_ms, &mut seconds);
        format!("[{},\"{}\"]", String::from_utf8_lossy(&seconds), number::prometheus(point.value))
    }

    fn moment() -> impl Strategy<Value = i64> {
        let day = 1_795_000_000_000i64..1_795_086_400_000;
        prop_oneof![day.clone().prop_map(|ms| ms / 1_000 * 1_000), day, -20_000_000i64..20_000_000, any::<i64>()]
    }

    fn value() -> impl Strategy<Value = f64> {
        let shape = (any::<i32>(), prop::sample::select(vec![1.0, 10.0, 100.0, 1_000.0, 7.0]));
        prop_oneof![shape.prop_map(|(number, part)| f64::from(number) / part), any::<f64>()]
    }

    proptest! {
        #[test]
        fn many_points_are_written_as_each_alone(points in prop::collection::vec((moment(), value()), 0..200)) {
            let points: Vec<Point> = points.into_iter().map(|(at_ms, value)| Point { at_ms, value }).collect();
            let mut out = b"before".to_vec();
            Points::default().write(&points, &mut out);
            let wanted: Vec<String> = points.iter().map(plainly).collect();
            prop_assert_eq!(String::from_utf8(out).expect("text"), format!("before{}", wanted.join(",")));
        }
    }

    #[test]
    fn the_moments_of_one_row_are_not_taken_for_those_of_the_next() {
        let mut points = Points::default();
        for row in
            [&[1_000, 2_000, 3_500][..], &[20_000_000, 30_000_500, 30_001_500, 29_999_999], &[i64::MIN, i64::MAX]]
        {
            let row: Vec<Point> = row.iter().map(|at_ms| Point { at_ms: *at_ms, value: *at_ms as f64 }).collect();
            let mut out = Vec::new();
            points.write(&row, &mut out);
            let wanted: Vec<String> = row.iter().map(plainly).collect();
            assert_eq!(String::from_utf8_lossy(&out), wanted.join(","));
        }
    }
}
