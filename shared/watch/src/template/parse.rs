//! Is this a template, and what does it do?

use super::functions::is_function;
use super::lex::{Piece, Token, TokenKind, pieces};
use super::node::{Command, List, Node, Pipe, Word, WordKind};

/// Blocks within blocks, and parentheses within parentheses.
const MAX_DEPTH: usize = 32;

/// A summary takes hundreds.
const MAX_TEMPLATE_BYTES: usize = 64 * 1024;

/// Reads a template.
pub(super) fn parse(name: &str, text: &str) -> Result<List, String> {
    let fault = |at: usize, what: String| {
        let line = 1 + text[..at.min(text.len())].matches('\n').count();
        format!("error parsing template {name}: template: {name}:{line}: {what}")
    };
    if text.len() > MAX_TEMPLATE_BYTES {
        return Err(fault(0, format!("a template of more than {MAX_TEMPLATE_BYTES} bytes is not read")));
    }
    let pieces = pieces(text).map_err(|(at, what)| fault(at, what))?;
    let mut parser = Parser { pieces: pieces.into_iter(), variables: vec!["$".to_owned()], at: 0, depth: 0, loops: 0 };
    match parser.list() {
        Ok((list, Ending::Text)) => Ok(list),
        Ok((_, ending)) => Err(fault(parser.at, format!("unexpected {{{{{}}}}}", ending.word()))),
        Err(what) => Err(fault(parser.at, what)),
    }
}

struct Parser {
    pieces: std::vec::IntoIter<Piece>,
    /// Those that are known here.
    variables: Vec<String>,
    at: usize,
    depth: usize,
    loops: usize,
}

/// How a list ended.
enum Ending {
    Text,
    End,
    /// What stands after the word.
    Else(Vec<Token>),
}

impl Ending {
    fn word(&self) -> &'static str {
        match self {
            Self::Text => "EOF",
            Self::End => "end",
            Self::Else(_) => "else",
        }
    }
}

impl Parser {
    fn list(&mut self) -> Result<(List, Ending), String> {
        let mut list = List::new();
        while let Some(piece) = self.pieces.next() {
            let (at, tokens) = match piece {
                Piece::Text(text) => {
                    list.push(Node::Text(text));
                    continue;
                }
                Piece::Action(at, tokens) => (at, tokens),
            };
            self.at = at;
            let word = match tokens.first().map(|token| &token.kind) {
                Some(TokenKind::Ident(word)) => word.clone(),
                Some(_) => String::new(),
                None => return Err("missing value for command".to_owned()),
            };
            let rest = || tokens[1..].to_vec();
            match word.as_str() {
                "end" => return Ok((list, Ending::End)),
                "else" => return Ok((list, Ending::Else(rest()))),
                "if" | "with" | "range" => list.push(self.block(&word, rest())?),
                "break" | "continue" if self.loops == 0 => return Err(format!("{{{{{word}}}}} outside {{{{range}}}}")),
                "break" => list.push(Node::Break),
                "continue" => list.push(Node::Continue),
                "define" | "template" | "block" => return Err(format!("{{{{{word}}}}} is not supported here")),
                _ => list.push(Node::Action(self.pipe(&tokens, "command")?)),
            }
        }
        Ok((list, Ending::Text))
    }

    fn block(&mut self, word: &str, tokens: Vec<Token>) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("blocks are nested too deeply".to_owned());
        }
        let known = self.variables.len();
        let pipe = self.pipe(&tokens, word)?;
        self.loops += usize::from(word == "range");
        let (then, ending) = self.list()?;
        self.loops -= usize::from(word == "range");
        let otherwise = match ending {
            Ending::Text => return Err("unexpected EOF".to_owned()),
            Ending::End => List::new(),
            Ending::Else(rest) if rest.is_empty() => match self.list()? {
                (list, Ending::End) => list,
                (_, ending) => return Err(format!("expected end; found {{{{{}}}}}", ending.word())),
            },
            Ending::Else(rest) => match &rest[0].kind {
                // `else if` is an `if` of its own that takes the same `end`.
                TokenKind::Ident(again) if again == word && word != "range" => {
                    vec![self.block(word, rest[1..].to_vec())?]
                }
                _ => return Err("unexpected word in else".to_owned()),
            },
        };
        self.variables.truncate(known);
        self.depth -= 1;
        Ok(match word {
            "if" => Node::If(pipe, then, otherwise),
            "with" => Node::With(pipe, then, otherwise),
            _ => Node::Range(pipe, then, otherwise),
        })
    }

    fn pipe(&mut self, tokens: &[Token], context: &str) -> Result<Pipe, String> {
        let (variables, assigns, rest) = declared(tokens, context)?;
        let mut pipe = Pipe { variables, assigns, commands: Vec::new() };
        for words in split(rest)? {
            pipe.commands.push(self.command(words, context)?);
        }
        let literal = |word: &Word| {
            matches!(
                word.kind,
                WordKind::Bool(_)
                    | WordKind::Dot
                    | WordKind::Nil
                    | WordKind::Int(..)
                    | WordKind::Float(..)
                    | WordKind::Text(..)
            )
        };
        if let Some(at) = pipe.commands.iter().skip(1).position(|command| literal(&command.words[0])) {
            return Err(format!("non executable command in pipeline stage {}", at + 2));
        }
        if !assigns {
            self.variables.extend(pipe.variables.iter().cloned());
        }
        Ok(pipe)
    }

    fn knows(&self, variable: &str) -> Result<(), String> {
        if self.variables.iter().any(|known| known == variable) {
            return Ok(());
        }
        Err(format!("undefined variable {variable:?}"))
    }

    fn command(&mut self, tokens: &[Token], context: &str) -> Result<Command, String> {
        let Some(first) = tokens.first() else { return Err(format!("missing value for {context}")) };
        let (mut words, mut at): (Vec<Word>, usize) = (Vec::new(), 0);
        while at < tokens.len() {
            let (word, length) = self.word(&tokens[at..])?;
            if at > 0 && !tokens[at].spaced && !words.is_empty() {
                return Err(format!("unexpected <{word}> in operand"));
            }
            words.push(word);
            at += length;
        }
        Ok(Command { at: first.at, words })
    }

    /// One word with the fields that hang on it, and how many tokens it has.
    fn word(&mut self, tokens: &[Token]) -> Result<(Word, usize), String> {
        let token = &tokens[0];
        let fields = |from: usize| -> Vec<String> {
            let hanging = tokens[from..].iter().take_while(|token| !token.spaced);
            hanging
                .map_while(|token| if let TokenKind::Field(name) = &token.kind { Some(name.clone()) } else { None })
                .collect()
        };
        let (kind, length) = match &token.kind {
            TokenKind::Dot => (WordKind::Dot, 1),
            TokenKind::Field(name) => {
                let names: Vec<String> = std::iter::once(name.clone()).chain(fields(1)).collect();
                let length = names.len();
                (WordKind::Field(names), length)
            }
            TokenKind::Variable(name) => {
                self.knows(name)?;
                let fields = fields(1);
                let length = 1 + fields.len();
                (WordKind::Variable(name.clone(), fields), length)
            }
            TokenKind::Text(value, written) => (WordKind::Text(value.clone(), written.clone()), 1),
            TokenKind::Number(written) => (number(written)?, 1),
            TokenKind::Ident(name) => (named(name)?, 1),
            TokenKind::Open => return self.parenthesis(tokens),
            other => return Err(format!("unexpected {} in operand", shown(other))),
        };
        Ok((Word { at: token.at, kind }, length))
    }

    fn parenthesis(&mut self, tokens: &[Token]) -> Result<(Word, usize), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("parentheses are nested too deeply".to_owned());
        }
        let end = closing(tokens).ok_or("unclosed left paren")?;
        let pipe = Box::new(self.pipe(&tokens[1..end], "parenthesized pipeline")?);
        self.depth -= 1;
        let hanging = tokens[end + 1..].iter().take_while(|token| !token.spaced);
        let fields: Vec<String> = hanging
            .map_while(|token| if let TokenKind::Field(name) = &token.kind { Some(name.clone()) } else { None })
            .collect();
        let length = end + 1 + fields.len();
        let kind = if fields.is_empty() { WordKind::Pipe(pipe) } else { WordKind::Chain(pipe, fields) };
        Ok((Word { at: tokens[0].at + 1, kind }, length))
    }
}

/// `$a := …`, `$a = …`, and in a range `$i, $e := …`.
fn declared<'t>(tokens: &'t [Token], context: &str) -> Result<(Vec<String>, bool, &'t [Token]), String> {
    let variable = |at: usize| match tokens.get(at).map(|token| &token.kind) {
        Some(TokenKind::Variable(name)) => Some(name.clone()),
        _ => None,
    };
    let sign = |at: usize| match tokens.get(at).map(|token| &token.kind) {
        Some(TokenKind::Declare) => Some(false),
        Some(TokenKind::Assign) => Some(true),
        _ => None,
    };
    if let (Some(first), Some(assigns)) = (variable(0), sign(1)) {
        return Ok((vec![first], assigns, &tokens[2..]));
    }
    let comma = tokens.get(1).is_some_and(|token| token.kind == TokenKind::Comma);
    if let (Some(first), true, Some(second), Some(assigns)) = (variable(0), comma, variable(2), sign(3)) {
        if context != "range" {
            return Err(format!("too many declarations in {context}"));
        }
        return Ok((vec![first, second], assigns, &tokens[4..]));
    }
    Ok((Vec::new(), false, tokens))
}

/// The commands between the bars that stand outside of parentheses.
fn split(tokens: &[Token]) -> Result<Vec<&[Token]>, String> {
    let (mut commands, mut from, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.checked_sub(1).ok_or("unexpected right paren")?,
            TokenKind::Pipe if depth == 0 => {
                commands.push(&tokens[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    commands.push(&tokens[from..]);
    Ok(commands)
}

fn closing(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close if depth == 1 => return Some(at),
            TokenKind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn named(name: &str) -> Result<WordKind, String> {
    Ok(match name {
        "true" => WordKind::Bool(true),
        "false" => WordKind::Bool(false),
        "nil" => WordKind::Nil,
        _ if is_function(name) => WordKind::Function(name.to_owned()),
        _ => return Err(format!("function {name:?} not defined")),
    })
}

fn number(written: &str) -> Result<WordKind, String> {
    let bad = || format!("bad number syntax: {written:?}");
    let plain = written.replace('_', "");
    let unsigned = plain.trim_start_matches(['+', '-']);
    if let Some(digits) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        let value = i64::from_str_radix(digits, 16).map_err(|_| bad())?;
        return Ok(WordKind::Int(if plain.starts_with('-') { -value } else { value }, written.to_owned()));
    }
    if let Ok(value) = plain.parse::<i64>() {
        return Ok(WordKind::Int(value, written.to_owned()));
    }
    plain.parse::<f64>().map(|value| WordKind::Float(value, written.to_owned())).map_err(|_| bad())
}

fn shown(token: &TokenKind) -> &'static str {
    match token {
        TokenKind::Pipe => "\"|\"",
        TokenKind::Close => "\")\"",
        TokenKind::Comma => "\",\"",
        TokenKind::Declare => "\":=\"",
        TokenKind::Assign => "\"=\"",
        TokenKind::Open => "\"(\"",
        TokenKind::Dot => "<.>",
        TokenKind::Ident(_) | TokenKind::Field(_) | TokenKind::Variable(_) => "name",
        TokenKind::Text(..) | TokenKind::Number(_) => "value",
    }
}
