//! Which rows of a list does somebody want to see?
//!
//! One grammar for page, API and command line: terms that must all hold, as in `status:crit,warn site:lyon -name:test*
//! cpu:>90 seen:>1h "free text"`. A term is a key with one of some values, or a text that is looked for. What can not be
//! understood is refused, with the place where it stands: a list that silently shows too much is worse than none.

mod read;
mod value;

pub use read::FilterError;
use value::Wanted;

/// Bytes of a filter. A person types a tenth of it; a program names a hundred machines.
pub const MAX_FILTER_BYTES: usize = 2_000;

/// Terms, and values in one term.
pub const MAX_FILTER_TERMS: usize = 64;

/// What a list can be filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// What stands before the colon.
    pub key: &'static str,
    /// What stands after it.
    pub kind: Kind,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text: the same but for capitals, or what begins with it where it ends with `*`; `none` for no text at all.
    Text,
    /// One of these words, or the beginning of one of them alone.
    Word(&'static [&'static str]),
    /// A share of 1: `>90` and `>90%` are above 0.9, as people say it.
    Share,
    /// A span of time in seconds: `>1h`, `<30s`, `>7d`.
    Span,
    /// A number.
    Number,
}

/// A row of a list, as filters look at it.
pub trait Row {
    /// Whether any text under this key passes; nothing is asked where there is none.
    fn texts(&self, key: &str, passes: &mut dyn FnMut(&str) -> bool) -> bool;

    /// The number under this key, where it is known. Of what is not known nothing holds.
    fn number(&self, key: &str) -> Option<f64>;

    /// Whether any of the texts passes in which free text is looked for.
    fn anywhere(&self, passes: &mut dyn FnMut(&str) -> bool) -> bool;
}

/// Terms that must all hold. The empty one lets everything pass.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq)]
struct Term {
    not: bool,
    what: What,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    /// Looked for in small letters.
    Anywhere(String),
    /// One of them.
    Under(&'static str, Vec<Wanted>),
}

impl Filter {
    /// Reads a filter of a list with these fields.
    ///
    /// # Errors
    /// When it is too long, names a field that the list does not have, or a value that is none of that field; with the place.
    pub fn read(text: &str, fields: &[Field]) -> Result<Self, FilterError> {
        read::filter(text, fields)
    }

    /// Whether a row passes.
    pub fn keeps(&self, row: &impl Row) -> bool {
        self.terms.iter().all(|term| term.holds(row) != term.not)
    }

    /// Whether it depends on what stands under this key.
    pub fn asks(&self, key: &str) -> bool {
        self.terms.iter().any(|term| matches!(term.what, What::Under(own, _) if own == key))
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

impl Term {
    fn holds(&self, row: &impl Row) -> bool {
        match &self.what {
            What::Anywhere(text) => row.anywhere(&mut |own| own.to_lowercase().contains(text.as_str())),
            What::Under(key, wanted) => wanted.iter().any(|one| match one {
                Wanted::Nothing => !row.texts(key, &mut |own| !own.is_empty()),
                Wanted::Text(text) => row.texts(key, &mut |own| text.is(own)),
                Wanted::Amount(comparison, amount) => row.number(key).is_some_and(|own| comparison.holds(own, *amount)),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
