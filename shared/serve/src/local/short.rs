//! How much of somebody else's text has room in a list? Its own page has all of it.

use std::borrow::Cow;

/// Bytes of a sentence in a list, as they stand in the page.
const SENTENCE_BYTES: usize = 104;

/// Bytes of a name.
const NAME_BYTES: usize = 36;

/// A sentence's beginning.
pub(crate) fn short(text: &str) -> Cow<'_, str> {
    cut(text, SENTENCE_BYTES)
}

/// A name's beginning.
pub(crate) fn short_name(text: &str) -> Cow<'_, str> {
    cut(text, NAME_BYTES)
}

/// Counted as escaped: a name of brackets takes no more room than another, so a page's size does not depend on who is
/// called what.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    let mut bytes = 0;
    let end = text.char_indices().find(|(_, char)| {
        bytes += escaped_bytes(*char);
        bytes > most
    });
    match end {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

fn escaped_bytes(char: char) -> usize {
    match char {
        '"' => 6,
        '&' | '\'' => 5,
        '<' | '>' => 4,
        char if char.is_control() => 3,
        char => char.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_its_room_ends_and_never_within_a_letter() {
        assert_eq!(short_name("srv-compta-02"), "srv-compta-02");
        assert_eq!(short_name(&"é".repeat(36)), format!("{}…", "é".repeat(18)));
        assert_eq!(short_name(&"<".repeat(36)), format!("{}…", "<".repeat(9)));
        assert_eq!(short(&"a".repeat(104)), "a".repeat(104));
    }
}
