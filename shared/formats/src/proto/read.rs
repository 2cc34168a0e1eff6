//! What fields does a message have? Walks them without allocating.

use crate::{DecodeError, Place};

/// A walk over the fields of one message.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    /// From the body's first byte to this message's last, so that places in errors are places in the body.
    bytes: &'a [u8],
    at: usize,
}

/// The value of one field, by its wire type.
#[derive(Debug, Clone)]
pub(crate) enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    /// Four bytes, which no message here uses.
    Fixed32,
    Bytes(Reader<'a>),
}

type Read<T> = Result<T, DecodeError>;

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next field's number and value, or nothing at the message's end.
    #[inline]
    pub(crate) fn next(&mut self) -> Read<Option<(u32, Field<'a>)>> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let key = self.varint()?;
        let Ok(number @ 1..) = u32::try_from(key >> 3) else { return self.fault("a field number that is none") };
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(self.fixed64()?),
            2 => Field::Bytes(self.bytes()?),
            5 => self.take::<4>().map(|_| Field::Fixed32)?,
            _ => return self.fault("a wire type that is none"),
        };
        Ok(Some((number, field)))
    }

    /// The place of the next byte.
    pub(crate) fn place(&self) -> Place {
        Place::Byte(self.at)
    }

    /// The rest as text.
    #[inline]
    pub(crate) fn text(self) -> Read<&'a str> {
        let at = self.place();
        std::str::from_utf8(self.rest()).map_err(|_| DecodeError::Malformed { what: "a text that is not UTF-8", at })
    }

    /// The rest as it is.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The next number of a packed field, or nothing at its end.
    pub(crate) fn packed_varint(&mut self) -> Read<Option<u64>> {
        if self.at == self.bytes.len() { Ok(None) } else { self.varint().map(Some) }
    }

    /// The next eight bytes of a packed field, or nothing at its end.
    pub(crate) fn packed_fixed64(&mut self) -> Read<Option<u64>> {
        if self.at == self.bytes.len() { Ok(None) } else { self.fixed64().map(Some) }
    }

    pub(crate) fn fault<T>(&self, what: &'static str) -> Read<T> {
        Err(DecodeError::Malformed { what, at: self.place() })
    }

    #[inline]
    fn varint(&mut self) -> Read<u64> {
        match self.bytes.get(self.at) {
            Some(byte @ 0..0x80) => {
                self.at += 1;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Read<u64> {
        let mut value = 0;
        for (nth, byte) in self.rest().iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * nth);
            if *byte < 0x80 {
                self.at += nth + 1;
                return Ok(value);
            }
        }
        self.fault("a number that does not end")
    }

    #[inline]
    fn fixed64(&mut self) -> Read<u64> {
        self.take().map(u64::from_le_bytes)
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> Read<[u8; N]> {
        match self.rest().first_chunk() {
            Some(chunk) => {
                self.at += N;
                Ok(*chunk)
            }
            None => self.fault("a number cut short"),
        }
    }

    #[inline]
    fn bytes(&mut self) -> Read<Self> {
        let len = self.varint()?;
        let left = self.bytes.len() - self.at;
        match usize::try_from(len) {
            Ok(len) if len <= left => {
                let inner = Self { bytes: &self.bytes[..self.at + len], at: self.at };
                self.at += len;
                Ok(inner)
            }
            _ => self.fault("a field longer than what holds it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_ends_where_the_message_ends_and_says_where_it_broke() {
        let mut reader = Reader::new(&[0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i', 0x1a, 0x05, 1]);
        assert!(matches!(reader.next(), Ok(Some((1, Field::Varint(150))))));
        let Ok(Some((2, Field::Bytes(text)))) = reader.next() else { panic!("a text") };
        assert_eq!(text.text(), Ok("hi"));
        let broken = DecodeError::Malformed { what: "a field longer than what holds it", at: Place::Byte(9) };
        assert_eq!(reader.next().err(), Some(broken));
    }

    #[test]
    fn a_number_of_eleven_bytes_is_none() {
        let mut reader = Reader::new(&[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
        assert!(matches!(reader.next(), Err(DecodeError::Malformed { what: "a number that does not end", .. })));
    }
}
