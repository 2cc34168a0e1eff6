//! How is a filter read, and what is said of one that can not be?

use super::value::read;
use super::{Field, Filter, MAX_FILTER_BYTES, MAX_FILTER_TERMS, Term, What};

/// Why a filter can not be used, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {at} of the filter: {why}")]
pub struct FilterError {
    /// Which character, from 1.
    pub at: usize,
    /// Why.
    pub why: String,
}

/// Characters of what somebody typed that are told again.
const SHOWN: usize = 40;

pub(super) fn filter(text: &str, fields: &[Field]) -> Result<Filter, FilterError> {
    if text.len() > MAX_FILTER_BYTES {
        let why = format!("it has {} bytes, and at most {MAX_FILTER_BYTES} are read", text.len());
        return Err(FilterError { at: 1, why });
    }
    let mut reader = Reader { text, at: 0 };
    let mut terms = Vec::new();
    while reader.skip_spaces() {
        if terms.len() >= MAX_FILTER_TERMS {
            return Err(reader.error(reader.at, format!("it has more than {MAX_FILTER_TERMS} terms")));
        }
        terms.push(reader.term(fields)?);
    }
    Ok(Filter { terms })
}

struct Reader<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
}

/// A piece of text, and whether it stood in quotation marks.
struct Piece {
    text: String,
    quoted: bool,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += char.len_utf8();
        Some(char)
    }

    fn take_if(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// Whether anything follows.
    fn skip_spaces(&mut self) -> bool {
        while self.peek().is_some_and(char::is_whitespace) {
            self.take();
        }
        self.peek().is_some()
    }

    fn term(&mut self, fields: &[Field]) -> Result<Term, FilterError> {
        let not = self.take_if('-');
        let first = self.piece(&[':'])?;
        if first.quoted || self.peek() != Some(':') {
            if first.text.is_empty() {
                return Err(self.error(first.at, "a term is missing here".to_owned()));
            }
            return Ok(Term { not, what: What::Anywhere(first.text.to_lowercase()) });
        }
        self.take();
        let Some(field) = fields.iter().find(|field| field.key.eq_ignore_ascii_case(&first.text)) else {
            let known: Vec<&str> = fields.iter().map(|field| field.key).collect();
            let why = format!("{:?} is no field of this list: {}", shown(&first.text), known.join(", "));
            return Err(self.error(first.at, why));
        };
        let mut wanted = Vec::new();
        loop {
            let value = self.piece(&[','])?;
            if wanted.len() >= MAX_FILTER_TERMS {
                return Err(self.error(value.at, format!("{} has more than {MAX_FILTER_TERMS} values", field.key)));
            }
            if value.text.is_empty() && !value.quoted {
                return Err(self.error(value.at, format!("a value of {} is missing here", field.key)));
            }
            let one = read(&value.text, value.quoted, field.kind);
            wanted.push(one.map_err(|form| {
                self.error(value.at, format!("{:?} is no value of {}, which is {form}", shown(&value.text), field.key))
            })?);
            if !self.take_if(',') {
                return Ok(Term { not, what: What::Under(field.key, wanted) });
            }
        }
    }

    /// Up to a space or one of these, or what stands in quotation marks.
    fn piece(&mut self, ends: &[char]) -> Result<Piece, FilterError> {
        let at = self.at;
        let mut text = String::new();
        if self.take_if('"') {
            loop {
                match self.take() {
                    Some('"') => break,
                    Some('\\') => text.extend(self.take()),
                    Some(char) => text.push(char),
                    None => return Err(self.error(at, "the quotation mark is not closed".to_owned())),
                }
            }
            return Ok(Piece { text, quoted: true, at });
        }
        while let Some(char) = self.peek().filter(|char| !char.is_whitespace() && !ends.contains(char)) {
            text.push(char);
            self.at += char.len_utf8();
        }
        Ok(Piece { text, quoted: false, at })
    }

    fn error(&self, at: usize, why: String) -> FilterError {
        FilterError { at: self.text[..at].chars().count() + 1, why }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
