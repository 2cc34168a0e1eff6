//! Whole numbers that take few bytes when they are small: LEB128, and a zigzag for those that may be negative.

/// Small when the value is near zero, on either side.
pub fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Undoes [`zigzag`].
pub fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// Adds a number in one to ten bytes.
pub fn write(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes a number off the front; nothing when the bytes end before it does. Bits above the 64th are not looked at.
pub fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_number_comes_back_and_the_rest_is_left(value in any::<i64>(), small in -200i64..200, rest in any::<[u8; 3]>()) {
            for value in [value, small, i64::MIN, i64::MAX] {
                let mut out = Vec::new();
                write(zigzag(value), &mut out);
                prop_assert!(out.len() <= 10);
                out.extend(rest);
                let mut bytes = &out[..];
                prop_assert_eq!(read(&mut bytes).map(unzigzag), Some(value));
                prop_assert_eq!(bytes, &rest[..]);
            }
        }
    }

    #[test]
    fn a_number_that_does_not_end_is_none() {
        assert_eq!(read(&mut &[0x80; 9][..]), None);
        assert_eq!(read(&mut &[0xff; 40][..]), None);
    }
}
