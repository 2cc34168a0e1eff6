//! What is a template made of? Each part knows where it stands and writes itself as Go does in its errors.

use std::fmt;

/// Texts and actions, one after the other.
pub(super) type List = Vec<Node>;

#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(String),
    Action(Pipe),
    If(Pipe, List, List),
    With(Pipe, List, List),
    Range(Pipe, List, List),
    Break,
    Continue,
}

/// Commands, each given the result of the one before, and the variables that take the last.
#[derive(Debug, Clone)]
pub(super) struct Pipe {
    pub(super) variables: Vec<String>,
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
}

#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) at: usize,
    pub(super) words: Vec<Word>,
}

#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) at: usize,
    pub(super) kind: WordKind,
}

#[derive(Debug, Clone)]
pub(super) enum WordKind {
    Dot,
    Nil,
    Bool(bool),
    Int(i64, String),
    Float(f64, String),
    /// The text, and how it was written.
    Text(String, String),
    Function(String),
    Field(Vec<String>),
    Variable(String, Vec<String>),
    Pipe(Box<Pipe>),
    /// Fields of something in parentheses.
    Chain(Box<Pipe>, Vec<String>),
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            let sign = if self.assigns { "=" } else { ":=" };
            write!(f, "{} {sign} ", self.variables.join(", "))?;
        }
        join(f, &self.commands, " | ")
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        join(f, &self.words, " ")
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            WordKind::Dot => f.write_str("."),
            WordKind::Nil => f.write_str("nil"),
            WordKind::Bool(is) => write!(f, "{is}"),
            WordKind::Int(_, written) | WordKind::Float(_, written) | WordKind::Text(_, written) => {
                f.write_str(written)
            }
            WordKind::Function(name) => f.write_str(name),
            WordKind::Field(names) => names.iter().try_for_each(|name| write!(f, ".{name}")),
            WordKind::Variable(name, fields) => {
                f.write_str(name)?;
                fields.iter().try_for_each(|name| write!(f, ".{name}"))
            }
            WordKind::Pipe(pipe) => write!(f, "({pipe})"),
            WordKind::Chain(pipe, fields) => {
                write!(f, "({pipe})")?;
                fields.iter().try_for_each(|name| write!(f, ".{name}"))
            }
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, parts: &[impl fmt::Display], between: &str) -> fmt::Result {
    parts.iter().enumerate().try_for_each(|(at, part)| {
        if at > 0 {
            f.write_str(between)?;
        }
        write!(f, "{part}")
    })
}
