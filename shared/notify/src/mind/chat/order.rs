//! What does somebody want who writes to us in a channel?
//!
//! Some words in English and French, a code and what follows it. What is not understood is answered with what is.

use super::super::notice::Language;

/// The longest that somebody writes: Teams takes 28 KB, and a comment of that is a document.
const MAX_CHARS: usize = 2_000;

/// The longest quiet, in minutes: what is to be quiet for longer is muted, with a reason.
const LONGEST_MINUTES: i64 = 31 * 24 * 60;

/// The usual quiet, in minutes.
const USUAL_MINUTES: i64 = 60;

/// What is wanted of an incident, which is called by a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// I know; with a note, or an empty one.
    Acknowledge(String),
    /// Be quiet for so many minutes.
    Snooze(i64),
    /// Something to know.
    Comment(String),
}

/// What somebody wrote, as far as it is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    /// In which language they wrote, if a word of theirs says it.
    pub language: Option<Language>,
    /// What they want, and of which code; nothing where they want to know how to say it.
    pub order: Option<(String, Order)>,
}

impl Ordered {
    /// Reads a line.
    pub fn read(said: &str) -> Self {
        let said: String = said.chars().take(MAX_CHARS).collect();
        let (word, rest) = split(&said);
        let word = word.to_lowercase();
        let known = |words: &[&str]| words.contains(&word.as_str());
        let french = known(&["acquitter", "acquitte", "acq", "pause", "commenter", "commentaire", "aide"]);
        let english = known(&["acknowledge", "snooze", "comment", "help"]);
        let language = match (french, english) {
            (true, _) => Some(Language::French),
            (_, true) => Some(Language::English),
            _ => None,
        };
        let order = match word.as_str() {
            "ack" | "acknowledge" | "acq" | "acquitter" | "acquitte" => {
                let (code, note) = split(rest);
                Some((code, Order::Acknowledge(note.to_owned())))
            }
            "snooze" | "pause" => snooze(rest),
            "comment" | "commenter" | "commentaire" => {
                let (code, text) = split(rest);
                (!text.is_empty()).then(|| (code, Order::Comment(text.to_owned())))
            }
            _ => None,
        };
        let order = order.filter(|(code, _)| !code.is_empty()).map(|(code, order)| (code.to_owned(), order));
        Self { language, order }
    }
}

/// The code and for how long, in either order.
fn snooze(rest: &str) -> Option<(&str, Order)> {
    let (first, second) = split(rest);
    match (minutes(first), second) {
        // A code can look like a time, where a time stands behind it.
        (_, second) if minutes(second).is_some() => Some((first, Order::Snooze(minutes(second)?))),
        (Some(minutes), code) if !code.is_empty() => Some((split(code).0, Order::Snooze(minutes))),
        (_, "") => Some((first, Order::Snooze(USUAL_MINUTES))),
        _ => None,
    }
}

/// `30m`, `1h`, `2 h`, `1 d`, `1 j`.
fn minutes(said: &str) -> Option<i64> {
    let said = said.trim().to_lowercase();
    let digits = said.find(|c: char| !c.is_ascii_digit())?;
    let number: i64 = said[..digits].parse().ok()?;
    let unit = match said[digits..].trim() {
        "m" | "min" | "minutes" => 1,
        "h" | "hour" | "hours" | "heure" | "heures" => 60,
        "d" | "day" | "days" | "j" | "jour" | "jours" => 24 * 60,
        _ => return None,
    };
    number.checked_mul(unit).filter(|minutes| (1..=LONGEST_MINUTES).contains(minutes))
}

/// The first word and what follows it.
fn split(said: &str) -> (&str, &str) {
    let said = said.trim();
    let (word, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    (word, rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(said: &str) -> Option<(String, Order)> {
        Ordered::read(said).order
    }

    #[test]
    fn words_of_either_language_are_understood_with_what_follows_them() {
        let of = |order: Order| Some(("3F2K".to_owned(), order));
        let text = |text: &str| text.to_owned();
        assert_eq!(order("ack 3F2K"), of(Order::Acknowledge(String::new())));
        assert_eq!(order("  Acquitter\u{a0}3F2K  j'y vais "), of(Order::Acknowledge(text("j'y vais"))));
        for said in ["snooze 3F2K", "snooze 3F2K 1h", "snooze 1h 3F2K", "Pause 3F2K 60 min", "snooze 3F2K 1 heure"] {
            assert_eq!(order(said), of(Order::Snooze(60)), "{said}");
        }
        assert_eq!(order("snooze 30M0 2h"), Some((text("30M0"), Order::Snooze(120))));
        assert_eq!(
            order("comment 3F2K the disk is\nbeing changed"),
            of(Order::Comment(text("the disk is\nbeing changed")))
        );
        assert_eq!(Ordered::read("aide"), Ordered { language: Some(Language::French), order: None });
        assert_eq!(Ordered::read("ack 3F2K").language, None, "both say so");
    }

    #[test]
    fn what_is_not_understood_wants_nothing() {
        for said in
            ["", "ack", "snooze", "snooze 3F2K for ever", "snooze 3F2K 99d", "comment 3F2K", "resolve 3F2K", "3F2K"]
        {
            assert_eq!(order(said), None, "{said}");
        }
    }
}
