//! Which words does the inside of a template's braces have?

/// A word, and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: TokenKind,
    /// Whether space stands before it: `a.b` is one thing, `a .b` two.
    pub(super) spaced: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Ident(String),
    Field(String),
    Variable(String),
    Dot,
    Text(String, String),
    Number(String),
    Pipe,
    Open,
    Close,
    Comma,
    Declare,
    Assign,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Action(usize, Vec<Token>),
}

/// Cuts a template into its texts and actions; comments and trimmed space are gone.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, (usize, String)> {
    let (mut pieces, mut at, mut trims) = (Vec::new(), 0, false);
    loop {
        let open = text[at..].find("{{").map(|found| at + found);
        let mut plain = &text[at..open.unwrap_or(text.len())];
        if trims {
            plain = plain.trim_start_matches(is_space);
        }
        let Some(open) = open else {
            push_text(&mut pieces, plain);
            return Ok(pieces);
        };
        let mut inside = open + 2;
        if text[inside..].starts_with('-') && text[inside + 1..].starts_with(is_space) {
            plain = plain.trim_end_matches(is_space);
            inside += 1;
        }
        push_text(&mut pieces, plain);
        let begins = inside + (text[inside..].len() - text[inside..].trim_start_matches(is_space).len());
        if text[begins..].starts_with("/*") {
            let end = text[begins..].find("*/").ok_or((open, "unclosed comment".to_owned()))? + begins + 2;
            (at, trims) = close(&text[end..])
                .map(|(length, trims)| (end + length, trims))
                .ok_or((open, "comment ends before closing delimiter".to_owned()))?;
            continue;
        }
        let (tokens, end, trim) = action(text, inside)?;
        pieces.push(Piece::Action(inside, tokens));
        (at, trims) = (end, trim);
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The length of the closing braces here, and whether they trim what follows.
fn close(rest: &str) -> Option<(usize, bool)> {
    if rest.starts_with("}}") {
        return Some((2, false));
    }
    let trimmed = rest.trim_start_matches(is_space);
    let space = rest.len() - trimmed.len();
    (space > 0 && trimmed.starts_with("-}}")).then_some((space + 3, true))
}

fn action(text: &str, from: usize) -> Result<(Vec<Token>, usize, bool), (usize, String)> {
    let (mut tokens, mut at, mut spaced): (Vec<Token>, usize, bool) = (Vec::new(), from, false);
    loop {
        let rest = &text[at..];
        if let Some((length, trims)) = close(rest) {
            return Ok((tokens, at + length, trims));
        }
        let Some(c) = rest.chars().next() else { return Err((from, "unclosed action".to_owned())) };
        if is_space(c) {
            (at, spaced) = (at + 1, true);
            continue;
        }
        let (kind, length) = token(rest, c).map_err(|error| (at, error))?;
        tokens.push(Token { at, kind, spaced });
        (at, spaced) = (at + length, false);
    }
}

fn token(rest: &str, c: char) -> Result<(TokenKind, usize), String> {
    let word = |from: usize| {
        let length = rest[from..].find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len() - from);
        &rest[from..from + length]
    };
    let next = rest[c.len_utf8()..].chars().next();
    Ok(match c {
        '|' => (TokenKind::Pipe, 1),
        '(' => (TokenKind::Open, 1),
        ')' => (TokenKind::Close, 1),
        ',' => (TokenKind::Comma, 1),
        '=' => (TokenKind::Assign, 1),
        ':' if next == Some('=') => (TokenKind::Declare, 2),
        ':' => return Err("expected :=".to_owned()),
        '"' => quoted(rest)?,
        '`' => {
            let end = rest[1..].find('`').ok_or("unterminated raw quoted string")? + 2;
            (TokenKind::Text(rest[1..end - 1].to_owned(), rest[..end].to_owned()), end)
        }
        '\'' => return Err("character constants are not supported".to_owned()),
        '$' => (TokenKind::Variable(format!("${}", word(1))), 1 + word(1).len()),
        '.' if next.is_some_and(|c| c.is_alphabetic() || c == '_') => {
            (TokenKind::Field(word(1).to_owned()), 1 + word(1).len())
        }
        '.' if !next.is_some_and(|c| c.is_ascii_digit()) => (TokenKind::Dot, 1),
        c if c.is_ascii_digit() || matches!(c, '+' | '-' | '.') => {
            let fits = |(at, c): (usize, char)| {
                let sign = matches!(c, '+' | '-') && (at == 0 || rest[..at].ends_with(['e', 'E']));
                !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_') || sign)
            };
            let length = rest.char_indices().find(|at| fits(*at)).map_or(rest.len(), |(at, _)| at);
            (TokenKind::Number(rest[..length].to_owned()), length)
        }
        c if c.is_alphabetic() || c == '_' => (TokenKind::Ident(word(0).to_owned()), word(0).len()),
        other => return Err(format!("unexpected {:?} in command", other.to_string())),
    })
}

/// A text between double quotes, with Go's escapes.
fn quoted(rest: &str) -> Result<(TokenKind, usize), String> {
    let unterminated = || "unterminated quoted string".to_owned();
    let (mut value, mut chars) = (String::new(), rest.char_indices().skip(1));
    loop {
        match chars.next().ok_or_else(unterminated)? {
            (at, '"') => return Ok((TokenKind::Text(value, rest[..=at].to_owned()), at + 1)),
            (_, '\n') => return Err(unterminated()),
            (_, '\\') => {
                let (_, escaped) = chars.next().ok_or_else(unterminated)?;
                let mut code = |digits: usize| {
                    let text: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                    u32::from_str_radix(&text, 16).ok().and_then(char::from_u32).ok_or("invalid syntax")
                };
                value.push(match escaped {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'a' => '\x07',
                    'b' => '\x08',
                    'f' => '\x0c',
                    'v' => '\x0b',
                    '\\' | '"' => escaped,
                    'x' => code(2)?,
                    'u' => code(4)?,
                    'U' => code(8)?,
                    _ => return Err("invalid syntax".to_owned()),
                });
            }
            (_, c) => value.push(c),
        }
    }
}
