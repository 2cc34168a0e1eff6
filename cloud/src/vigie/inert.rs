//! How is text of machines and people shown so that it does nothing to a terminal?

/// The same text, without anything that moves a cursor, colours what follows, or lets it run the other way.
pub(super) fn inert(text: &str) -> String {
    text.chars().map(|char| if does_something(char) { '\u{fffd}' } else { char }).collect()
}

/// JSON that a terminal may show: what does something is written as its number, so that it means the same to programs.
pub(super) fn inert_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        // Line ends between the fields of what is written over several lines are ours: within texts they are `\n`.
        if does_something(char) && char != '\n' {
            let mut units = [0; 2];
            char.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(char);
        }
    }
    out
}

fn does_something(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}')
        || matches!(char, '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const HOSTILE: &str = "a\u{1b}[2J\u{9b}31m\u{202e}b\u{2066}c\0\r\n\t\u{200b}\u{e0041}é";

    #[test]
    fn nothing_is_left_that_a_terminal_would_obey() {
        let shown = inert(HOSTILE);
        assert!(!shown.chars().any(does_something), "{shown:?}");
        assert!(shown.starts_with('a') && shown.ends_with('é'));
    }

    #[test]
    fn json_means_the_same_and_does_nothing() {
        let value = json!({ "name": HOSTILE, HOSTILE: 1 });
        let shown = inert_json(&value.to_string());
        assert!(!shown.chars().any(does_something), "{shown:?}");
        assert_eq!(serde_json::from_str::<Value>(&shown).expect("JSON"), value);
    }
}
