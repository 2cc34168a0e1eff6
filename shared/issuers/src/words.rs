//! How is a text written into an address or a form?

use std::fmt::Write;

use data_encoding::BASE64URL_NOPAD;

/// Characters that are shown of what an issuer says: it is only text.
const SHOWN_CHARS: usize = 200;

/// Pairs as a query or a form holds them.
pub(crate) fn pairs(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}

pub(crate) fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a text takes more text");
        }
        out
    })
}

/// 256 bits that nobody knows.
pub(crate) fn secret() -> Option<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(BASE64URL_NOPAD.encode(&bytes))
}

/// What an issuer says, as far as a log or a person reads it.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|char| char.is_ascii_graphic() || *char == ' ').take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_ends_it() {
        assert_eq!(pairs(&[("a", "b&c=d e"), ("f", "é~")]), "a=b%26c%3Dd%20e&f=%C3%A9~");
        assert_eq!(plain("no\u{1b}[2J\nentry\u{202e}"), "no[2Jentry");
    }
}
