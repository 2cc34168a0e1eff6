//! How is a message put together?

/// The bytes of one message, field after field.
#[derive(Debug, Default, Clone)]
pub(crate) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// A number field; 0 is not written, as proto3 does.
    pub(crate) fn varint(&mut self, field: u32, value: u64) {
        if value != 0 {
            self.key(field, 0);
            self.number(value);
        }
    }

    /// A double field; only positive zero is not written, so that -0 and every NaN keep their bits.
    pub(crate) fn double(&mut self, field: u32, value: f64) {
        if value.to_bits() != 0 {
            self.key(field, 1);
            self.bytes.extend_from_slice(&value.to_bits().to_le_bytes());
        }
    }

    /// A text field, also when empty: in a repeated field an empty text has its place.
    pub(crate) fn text(&mut self, field: u32, text: &str) {
        self.blob(field, text.as_bytes());
    }

    /// A message field.
    pub(crate) fn message(&mut self, field: u32, message: &Self) {
        self.blob(field, &message.bytes);
    }

    /// A repeated number field in its packed form; none is not written.
    pub(crate) fn packed(&mut self, field: u32, values: impl Iterator<Item = u64>) {
        let mut inner = Self::default();
        values.for_each(|value| inner.number(value));
        if !inner.bytes.is_empty() {
            self.message(field, &inner);
        }
    }

    fn blob(&mut self, field: u32, bytes: &[u8]) {
        self.key(field, 2);
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    fn key(&mut self, field: u32, wire: u64) {
        self.number(u64::from(field) << 3 | wire);
    }

    fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}
