//! How are texts and labels written as JSON?

use crate::LabelSet;

/// Appends a text as JSON.
pub fn write_json_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| needs_escape(*byte)) {
        out.extend_from_slice(&text.as_bytes()[plain..at]);
        write_escape(byte, out);
        plain = at + 1;
    }
    out.extend_from_slice(&text.as_bytes()[plain..]);
    out.push(b'"');
}

/// Labels as an object, in their order.
pub(crate) fn object(labels: &LabelSet) -> Box<[u8]> {
    // Both texts, their quotes, a colon and a comma; and the braces.
    let length: usize = labels.iter().map(|(name, value)| name.len() + value.len() + 6).sum();
    let mut out = Vec::with_capacity(length + 2);
    out.push(b'{');
    for (at, (name, value)) in labels.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_json_text(name, &mut out);
        out.push(b':');
        write_json_text(value, &mut out);
    }
    out.push(b'}');
    out.into_boxed_slice()
}

fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        b'"' | b'\\' => byte,
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend([byte >> 4, byte & 0xf].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
            return;
        }
    };
    out.extend([b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_reads_back_as_it_was_and_is_written_as_others_write_it() {
        let every: String = (0..0x300).filter_map(char::from_u32).collect();
        for text in ["plain", "caf\u{e9}", "with \"quotes\"", "back\\slash", "line\nend", "\u{10ffff}", "", &every] {
            let mut out = Vec::new();
            write_json_text(text, &mut out);
            assert_eq!(String::from_utf8(out).expect("JSON"), serde_json::to_string(text).expect("a text"));
        }
    }

    #[test]
    fn labels_are_an_object() {
        let labels = LabelSet::new([("b", "1\""), ("a", "x"), ("c", "")]);
        assert_eq!(labels.json(), br#"{"a":"x","b":"1\""}"#);
        assert_eq!(labels.with("a", "").json(), br#"{"b":"1\""}"#, "what was written of one is not another's");
        assert_eq!(LabelSet::default().json(), b"{}");
    }
}
