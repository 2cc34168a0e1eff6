//! Columns of a few numbers each, one after the other: where the head of a longer coder would weigh more than they do.

use crate::number::{Numbers, Past};
use crate::range_coder::{Decoder, Encoder};

/// Writes columns; what was learnt from one helps with the next.
#[derive(Debug)]
pub struct Writer {
    numbers: Numbers,
    out: Encoder,
}

impl Default for Writer {
    fn default() -> Self {
        Self { numbers: Numbers::new(), out: Encoder::new() }
    }
}

impl Writer {
    /// Adds a column. Its length is not written: the reader knows it.
    pub fn column(&mut self, values: impl IntoIterator<Item = i64>) {
        let mut past = Past::default();
        values.into_iter().for_each(|value| self.numbers.encode(&mut past, value, &mut self.out));
    }

    /// The bytes.
    pub fn finish(self) -> Vec<u8> {
        self.out.finish()
    }
}

/// Reads columns in the order they were written. Bytes that are none read as some numbers or others.
#[derive(Debug)]
pub struct Reader<'a> {
    numbers: Numbers,
    bits: Decoder<'a>,
}

impl<'a> Reader<'a> {
    /// Begins with the first column.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { numbers: Numbers::new(), bits: Decoder::new(bytes) }
    }

    /// The next column, of so many numbers. The caller bounds how many.
    pub fn column(&mut self, len: usize) -> Vec<i64> {
        let mut past = Past::default();
        (0..len).map(|_| self.numbers.decode(&mut past, &mut self.bits)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_column_comes_back(columns in prop::collection::vec(prop::collection::vec(any::<i64>(), 0..40), 0..8)) {
            let mut writer = Writer::default();
            columns.iter().for_each(|column| writer.column(column.iter().copied()));
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes);
            for column in &columns {
                prop_assert_eq!(&reader.column(column.len()), column);
            }
        }
    }
}
