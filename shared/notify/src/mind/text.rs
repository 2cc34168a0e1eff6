//! What of a machine's words may stand in a message?
//!
//! Only what a reader sees as text: no control characters, no escape sequences, nothing that turns the direction of what
//! follows, no end of a line, and not more than fits a phone.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Characters of one text: two lines of a mail on a phone, twice over.
pub const MAX_TEXT_CHARS: usize = 200;

/// Bytes of a link: what browsers and mail programs pass on.
const MAX_LINK_BYTES: usize = 2_000;

/// A text that may stand on one line of a message. Whoever renders it still escapes it for the shape it stands in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Text(String);

impl Text {
    /// Cleans and shortens what somebody said.
    pub fn new(said: &str) -> Self {
        // Looking at four times as much as is kept bounds the work, whatever was said.
        let mut seen = said.chars().take(4 * MAX_TEXT_CHARS);
        let mut text = String::new();
        let mut kept = 0;
        let mut was_cut = false;
        while let Some(c) = seen.next() {
            match c {
                // An escape sequence (ECMA-48) goes as a whole.
                '\u{1b}' => skip_sequence(&mut seen),
                c if is_space(c) => {
                    if !text.ends_with(' ') && !text.is_empty() {
                        text.push(' ');
                        kept += 1;
                    }
                }
                c if is_unseen(c) => {}
                c => {
                    text.push(c);
                    kept += 1;
                }
            }
            if kept >= MAX_TEXT_CHARS {
                was_cut = seen.next().is_some();
                break;
            }
        }
        was_cut |= kept < MAX_TEXT_CHARS && said.chars().nth(4 * MAX_TEXT_CHARS).is_some();
        let end = text.trim_end().len();
        text.truncate(end);
        if was_cut {
            text.push('…');
        }
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(said: &str) -> Self {
        Self::new(said)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address of a page, to be followed by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link(String);

impl Link {
    /// Takes `http` and `https` and nothing that could end an attribute or a line.
    pub fn new(said: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '`' | '\\');
        let good = (said.starts_with("https://") || said.starts_with("http://"))
            && said.len() <= MAX_LINK_BYTES
            && said.chars().all(plain);
        good.then(|| Self(said.to_owned()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Skips what follows an ESC: up to the final byte of a control sequence, or one character.
fn skip_sequence(seen: &mut impl Iterator<Item = char>) {
    match seen.next() {
        Some('[') => drop(seen.find(|c| ('@'..='~').contains(c))),
        // An operating system command ends with BEL or with ESC and a backslash, of which the latter is skipped as well.
        Some(']') => drop(seen.find(|c| matches!(c, '\u{7}' | '\\'))),
        _ => {}
    }
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Controls, marks and overrides of direction, what has no width, tags, and what no font shows.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(said: &str) -> String {
        Text::new(said).as_str().to_owned()
    }

    #[test]
    fn what_is_plain_stays_as_it_is() {
        for plain in
            ["disk full on web-1", "Température élevée: 91 °C", "<img src=x onerror=alert(1)>", "漢字", "a & b"]
        {
            assert_eq!(clean(plain), plain);
        }
    }

    #[test]
    fn what_would_act_on_a_screen_or_on_a_header_is_gone() {
        assert_eq!(clean("a\r\nBcc: x@y"), "a Bcc: x@y");
        assert_eq!(clean("\u{1b}[31;1mred\u{1b}[0m"), "red");
        assert_eq!(clean("\u{1b}]0;title\u{7}after"), "after");
        assert_eq!(clean("gpj.\u{202e}exe\u{0}.txt"), "gpj.exe.txt");
        assert_eq!(clean("a\u{2028}b\u{85}c\u{2066}d\u{200b}e"), "a b cde");
        assert_eq!(clean("  \t\n "), "");
    }

    #[test]
    fn a_text_without_end_is_cut_and_says_so() {
        let long = clean(&"x".repeat(64 * 1024));
        assert_eq!(long.chars().count(), MAX_TEXT_CHARS + 1);
        assert!(long.ends_with('…'));
        let mixed = clean(&"\0".repeat(64 * 1024));
        assert_eq!(mixed, "…");
        assert_eq!(clean(&"y".repeat(MAX_TEXT_CHARS)).chars().count(), MAX_TEXT_CHARS);
    }

    #[test]
    fn only_pages_are_links() {
        assert!(Link::new("https://hub.example.org/m/1?x=%20").is_some());
        for bad in ["javascript:alert(1)", "https://a\"onclick=", "https://a b", "https://a\n", "//a", "https://é"] {
            assert!(Link::new(bad).is_none(), "{bad}");
        }
        assert!(Link::new(&format!("https://{}", "a".repeat(3_000))).is_none());
    }
}
