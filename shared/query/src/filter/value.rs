//! What may a value be?

use std::cmp::Ordering;

use super::Kind;

/// A value that somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wanted {
    /// That there is none.
    Nothing,
    Text(Text),
    Amount(Comparison, f64),
}

/// A text in small letters, or the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    text: String,
    begins: bool,
}

impl Text {
    pub(super) fn is(&self, own: &str) -> bool {
        let own = own.to_lowercase();
        if self.begins { own.starts_with(&self.text) } else { own == self.text }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
    Same,
}

impl Comparison {
    pub(super) fn holds(self, own: f64, wanted: f64) -> bool {
        let Some(order) = own.partial_cmp(&wanted) else { return false };
        match self {
            Self::Above => order == Ordering::Greater,
            Self::AtLeast => order != Ordering::Less,
            Self::Below => order == Ordering::Less,
            Self::AtMost => order != Ordering::Greater,
            Self::Same => order == Ordering::Equal,
        }
    }
}

/// Reads one value of a kind; in words what is wrong with it.
pub(super) fn read(text: &str, quoted: bool, kind: Kind) -> Result<Wanted, String> {
    match kind {
        Kind::Text if text == "none" && !quoted => Ok(Wanted::Nothing),
        Kind::Text => {
            let begins = !quoted && text.ends_with('*');
            let text = if begins { &text[..text.len() - 1] } else { text };
            Ok(Wanted::Text(Text { text: text.to_lowercase(), begins }))
        }
        Kind::Word(known) => word(text, known),
        Kind::Share => amount(text, share, "a share, as in >90% or <=0.5%"),
        Kind::Span => amount(text, span, "a span of time, as in >1h or <30s: s, m, h, d or w"),
        Kind::Number => amount(text, number, "a number, as in >100 or 0"),
    }
}

fn word(text: &str, known: &[&str]) -> Result<Wanted, String> {
    let text = text.to_lowercase();
    let meant: Vec<&&str> = match known.iter().find(|word| **word == text) {
        Some(word) => vec![word],
        None => known.iter().filter(|word| word.starts_with(&text)).collect(),
    };
    match meant.as_slice() {
        [word] => Ok(Wanted::Text(Text { text: (**word).to_owned(), begins: false })),
        _ => Err(format!("one of {}", known.join(", "))),
    }
}

fn amount(text: &str, read: fn(&str) -> Option<f64>, form: &str) -> Result<Wanted, String> {
    let signs = [
        (">=", Comparison::AtLeast),
        ("<=", Comparison::AtMost),
        (">", Comparison::Above),
        ("<", Comparison::Below),
        ("=", Comparison::Same),
    ];
    let found = signs.into_iter().find_map(|(sign, comparison)| Some((text.strip_prefix(sign)?, comparison)));
    let (rest, comparison) = found.unwrap_or((text, Comparison::Same));
    read(rest).map(|amount| Wanted::Amount(comparison, amount)).ok_or_else(|| form.to_owned())
}

fn number(text: &str) -> Option<f64> {
    // What Rust reads besides, `inf` and `1e5`, nobody means.
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|_| plain)
}

fn share(text: &str) -> Option<f64> {
    number(text.strip_suffix('%').unwrap_or(text)).map(|percent| percent / 100.0)
}

fn span(text: &str) -> Option<f64> {
    let (at, unit) = text.char_indices().next_back()?;
    let seconds = match unit {
        's' => 1.0,
        'm' => 60.0,
        'h' => 3_600.0,
        'd' => 86_400.0,
        'w' => 604_800.0,
        _ => return None,
    };
    number(&text[..at]).map(|count| count * seconds)
}
