//! Is this text safe to give to the parser?
//!
//! The parser compiles each regular expression with ten megabytes allowed, builds a tree that is walked recursively, and
//! searches half a second for repairs to what it can not read. So what a stranger may make it do is bounded here first.

use promql_parser::util::unquote_string;

use crate::QueryError;
use crate::matcher::anchored;

/// Longer than any query people write; a generated one over hundreds of machine names still fits.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// Open brackets at one place. The tree is walked recursively on a 2 MB stack.
const MAX_DEPTH: usize = 64;

/// Operators outside strings: each may nest the tree by one, and the parser walks 800 of them off a 2 MB stack.
const MAX_OPERATORS: usize = 256;

/// Operators that are words.
const OPERATOR_WORDS: [&str; 4] = ["and", "or", "unless", "atan2"];

/// Regular expressions in one query, each at most [`MAX_REGEX_BYTES`](crate::matcher::MAX_REGEX_BYTES) compiled.
const MAX_REGEXES: usize = 16;

/// Refuses a text that would cost too much to parse.
pub(crate) fn admit(text: &str) -> Result<(), QueryError> {
    if text.len() > MAX_TEXT_BYTES {
        return refuse(format!("the query is longer than {MAX_TEXT_BYTES} bytes"));
    }
    let mut scan = Scan { rest: text, depth: 0, operators: 0, regexes: 0, pattern_follows: false };
    while scan.step()? {}
    Ok(())
}

struct Scan<'a> {
    rest: &'a str,
    depth: usize,
    operators: usize,
    regexes: usize,
    pattern_follows: bool,
}

impl Scan<'_> {
    /// Passes over one token; false at the end.
    fn step(&mut self) -> Result<bool, QueryError> {
        let Some(first) = self.rest.chars().next() else { return Ok(false) };
        match first {
            '"' | '\'' | '`' => return self.string(first).map(|()| true),
            '#' => {
                self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
                return Ok(true);
            }
            '=' | '!' if self.rest[1..].starts_with('~') => {
                self.skip(2);
                self.pattern_follows = true;
                return Ok(true);
            }
            letter if letter.is_ascii_alphabetic() || letter == '_' => return Ok(self.word()),
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
            '+' | '-' | '*' | '/' | '%' | '^' | '=' | '<' | '>' | '!' | '@' => self.operators += 1,
            _ => {}
        }
        self.pattern_follows &= first.is_whitespace();
        self.skip(first.len_utf8());
        if self.depth > MAX_DEPTH {
            return Err(QueryError::BadData(format!("the query nests more than {MAX_DEPTH} brackets")));
        }
        if self.operators > MAX_OPERATORS {
            return Err(QueryError::BadData(format!("the query has more than {MAX_OPERATORS} operators")));
        }
        Ok(true)
    }

    fn word(&mut self) -> bool {
        let end =
            self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':').unwrap_or(self.rest.len());
        let word = self.rest[..end].to_ascii_lowercase();
        self.operators += usize::from(OPERATOR_WORDS.contains(&word.as_str()));
        self.pattern_follows = false;
        self.skip(end);
        true
    }

    fn string(&mut self, quote: char) -> Result<(), QueryError> {
        let end = end_of_string(self.rest, quote);
        if std::mem::take(&mut self.pattern_follows) {
            self.regexes += 1;
            if self.regexes > MAX_REGEXES {
                return refuse(format!("the query has more than {MAX_REGEXES} regular expressions"));
            }
            // What can not be unquoted is refused by the parser, with its place.
            if let Ok(pattern) = unquote_string(&self.rest[..end]) {
                anchored(&pattern)?;
            }
        }
        self.skip(end);
        Ok(())
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }
}

/// Where the string at the beginning of `text` ends, its closing quote included.
fn end_of_string(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote != '`' {
            escaped = true;
        } else if c == quote {
            return at + 1;
        }
    }
    text.len()
}

fn refuse(why: String) -> Result<(), QueryError> {
    Err(QueryError::BadData(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_questions_pass() {
        for text in ["up", r#"up{a="(((", b=~"x|y"} offset -5m # ((( "#, "`unclosed", "é", r#"{a=~"\"x"}"#] {
            assert_eq!(admit(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_would_cost_too_much_is_refused_before_it_is_parsed() {
        let many_regexes = format!("{{{}}}", r#"a=~"b","#.repeat(17));
        for text in [
            "a".repeat(MAX_TEXT_BYTES + 1),
            "(".repeat(65),
            "-".repeat(257),
            format!("up{} ", " AND up".repeat(257)),
            many_regexes,
            r#"{a=~"\\w{500}{50}"}"#.to_owned(),
            r#"{a=~ "\x5cw{500}{50}"}"#.to_owned(),
        ] {
            assert!(matches!(admit(&text), Err(QueryError::BadData(_))), "{}", &text[..20]);
        }
    }
}
