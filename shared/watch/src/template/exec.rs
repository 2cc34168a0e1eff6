//! What does a template do with its subject?

use std::sync::Arc;

use vigie_query::LabelSet;

use super::functions::{Takes, call, signature};
use super::node::{Command, List, Node, Pipe, Word, WordKind};
use super::value::Value;
use super::{Ask, Subject};

/// Actions and calls of one expansion: a summary that lists a thousand series takes a tenth of it.
const MAX_STEPS: usize = 100_000;

/// What an annotation may become: a screenful, many times over, and no more than a notice may carry.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// The text that a template gives, or what went wrong in Go's words.
pub(super) fn execute(
    name: &str,
    text: &str,
    root: &List,
    subject: &Subject<'_>,
    ask: Ask<'_>,
) -> Result<String, String> {
    let labels = Arc::new(subject.labels.clone());
    let mut execution = Execution {
        name,
        text,
        subject,
        labels,
        ask,
        written: String::new(),
        variables: vec![("$".to_owned(), Value::Subject)],
        steps: 0,
        context: None,
    };
    match execution.list(root, &Value::Subject) {
        Ok(_) => Ok(execution.written),
        Err(what) => Err(execution.told(&what)),
    }
}

struct Execution<'a> {
    name: &'a str,
    text: &'a str,
    subject: &'a Subject<'a>,
    labels: Arc<LabelSet>,
    ask: Ask<'a>,
    written: String,
    variables: Vec<(String, Value)>,
    steps: usize,
    /// What was being worked out: where it stands, and how it is written.
    context: Option<(usize, String)>,
}

/// How a list was left.
enum Left {
    AtItsEnd,
    ByBreak,
    ByContinue,
}

impl Execution<'_> {
    fn told(&self, what: &str) -> String {
        let name = self.name;
        let Some((at, context)) = &self.context else { return format!("template: {name}: {what}") };
        let before = &self.text[..*at];
        let (line, column) = (1 + before.matches('\n').count(), before.rfind('\n').map_or(*at, |end| at - end - 1));
        format!("template: {name}:{line}:{column}: executing {name:?} at <{context}>: {what}")
    }

    fn at(&mut self, at: usize, shown: impl ToString) {
        self.context = Some((at, shown.to_string()));
    }

    fn step(&mut self) -> Result<(), String> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(format!("it takes more than {MAX_STEPS} steps"));
        }
        Ok(())
    }

    fn write(&mut self, text: &str) -> Result<(), String> {
        if self.written.len() + text.len() > MAX_TEXT_BYTES {
            return Err(format!("the text is longer than {MAX_TEXT_BYTES} bytes"));
        }
        self.written.push_str(text);
        Ok(())
    }

    fn list(&mut self, list: &List, dot: &Value) -> Result<Left, String> {
        for node in list {
            self.step()?;
            let left = match node {
                Node::Text(text) => self.write(text).map(|()| Left::AtItsEnd)?,
                Node::Action(pipe) => {
                    let value = self.pipe(pipe, dot)?;
                    if pipe.variables.is_empty() {
                        self.write(&value.shown())?;
                    }
                    Left::AtItsEnd
                }
                Node::If(pipe, then, otherwise) => self.branch(pipe, (then, otherwise), dot, false)?,
                Node::With(pipe, then, otherwise) => self.branch(pipe, (then, otherwise), dot, true)?,
                Node::Range(pipe, then, otherwise) => self.range(pipe, then, otherwise, dot)?,
                Node::Break => Left::ByBreak,
                Node::Continue => Left::ByContinue,
            };
            if !matches!(left, Left::AtItsEnd) {
                return Ok(left);
            }
        }
        Ok(Left::AtItsEnd)
    }

    fn branch(&mut self, pipe: &Pipe, lists: (&List, &List), dot: &Value, moves: bool) -> Result<Left, String> {
        let known = self.variables.len();
        let value = self.pipe(pipe, dot)?;
        let (then, otherwise) = lists;
        let left = match value.is_true() {
            true => self.list(then, if moves { &value } else { dot }),
            false => self.list(otherwise, dot),
        };
        self.variables.truncate(known);
        left
    }

    fn range(&mut self, pipe: &Pipe, then: &List, otherwise: &List, dot: &Value) -> Result<Left, String> {
        let known = self.variables.len();
        let over = self.pipe(pipe, dot)?;
        let inside = self.variables.len();
        let elements: Vec<(Value, Value)> = match &over {
            Value::Found(found) => {
                let element =
                    |(at, sample): (usize, &Arc<_>)| (Value::Int(at as i64), Value::Sample(Arc::clone(sample)));
                found.iter().enumerate().map(element).collect()
            }
            Value::Labels(labels) => labels
                .iter()
                .map(|(name, value)| (Value::Text(name.to_owned()), Value::Text(value.to_owned())))
                .collect(),
            Value::Named(named) => {
                named.iter().map(|(name, value)| (Value::Text(name.clone()), value.clone())).collect()
            }
            Value::Nil => Vec::new(),
            other => return Err(format!("range can't iterate over {}", other.shown())),
        };
        if elements.is_empty() {
            let left = self.list(otherwise, dot);
            self.variables.truncate(known);
            return left;
        }
        for (key, element) in elements {
            self.variables.truncate(inside);
            match pipe.variables.as_slice() {
                [one] => self.set(one, element.clone(), pipe.assigns)?,
                [first, second] => {
                    self.set(first, key, pipe.assigns)?;
                    self.set(second, element.clone(), pipe.assigns)?;
                }
                _ => {}
            }
            if matches!(self.list(then, &element)?, Left::ByBreak) {
                break;
            }
        }
        self.variables.truncate(known);
        Ok(Left::AtItsEnd)
    }

    fn set(&mut self, name: &str, value: Value, assigns: bool) -> Result<(), String> {
        if !assigns {
            self.variables.push((name.to_owned(), value));
            return Ok(());
        }
        let known = self.variables.iter_mut().rev().find(|(known, _)| known == name);
        known.map(|(_, old)| *old = value).ok_or_else(|| format!("undefined variable: {name}"))
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Value) -> Result<Value, String> {
        let mut value = None;
        for command in &pipe.commands {
            self.step()?;
            value = Some(self.command(command, dot, value)?);
        }
        let value = value.unwrap_or(Value::Nil);
        if let [name] = pipe.variables.as_slice() {
            self.set(name, value.clone(), pipe.assigns)?;
        }
        Ok(value)
    }

    fn command(&mut self, command: &Command, dot: &Value, last: Option<Value>) -> Result<Value, String> {
        let [first, arguments @ ..] = command.words.as_slice() else { return Ok(Value::Nil) };
        if let WordKind::Function(name) = &first.kind {
            self.at(first.at, name);
            return self.call(name, command, arguments, dot, last);
        }
        self.at(first.at, first);
        if !arguments.is_empty() || last.is_some() {
            return Err(match &first.kind {
                WordKind::Field(names) => {
                    format!("{} has arguments but cannot be invoked as function", names.join("."))
                }
                _ => format!("can't give argument to non-function {first}"),
            });
        }
        if matches!(first.kind, WordKind::Nil) {
            return Err("nil is not a command".to_owned());
        }
        self.word(first, dot)
    }

    fn word(&mut self, word: &Word, dot: &Value) -> Result<Value, String> {
        self.step()?;
        match &word.kind {
            WordKind::Dot => Ok(dot.clone()),
            WordKind::Nil => Ok(Value::Nil),
            WordKind::Bool(is) => Ok(Value::Bool(*is)),
            WordKind::Int(number, _) => Ok(Value::Int(*number)),
            WordKind::Float(number, _) => Ok(Value::Float(*number)),
            WordKind::Text(text, _) => Ok(Value::Text(text.clone())),
            WordKind::Field(names) => self.fields(dot.clone(), names, word),
            WordKind::Variable(name, names) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                let value =
                    known.map(|(_, value)| value.clone()).ok_or_else(|| format!("undefined variable: {name}"))?;
                self.fields(value, names, word)
            }
            WordKind::Pipe(pipe) => self.pipe(pipe, dot),
            WordKind::Chain(pipe, names) => {
                let value = self.pipe(pipe, dot)?;
                self.fields(value, names, word)
            }
            WordKind::Function(name) => {
                let alone = Command { at: word.at, words: vec![word.clone()] };
                self.call(name, &alone, &[], dot, None)
            }
        }
    }

    fn fields(&mut self, value: Value, names: &[String], word: &Word) -> Result<Value, String> {
        names.iter().try_fold(value, |value, name| {
            let found = self.field(&value, name);
            if found.is_none() {
                self.at(word.at, word);
            }
            found.ok_or_else(|| format!("can't evaluate field {name} in type {}", value.go_type()))
        })
    }

    fn field(&self, value: &Value, name: &str) -> Option<Value> {
        match (value, name) {
            (Value::Subject, "Labels") => Some(Value::Labels(self.labels.clone())),
            (Value::Subject, "Value") => Some(Value::Float(self.subject.value)),
            (Value::Subject, "ExternalURL") => Some(Value::Text(self.subject.external_url.to_owned())),
            (Value::Subject, "ExternalLabels") => {
                let pairs = self.subject.external_labels.iter();
                let labels = LabelSet::new(pairs.map(|(name, value)| (name.as_str(), value.as_str())));
                Some(Value::Labels(Arc::new(labels)))
            }
            (Value::Sample(sample), "Labels") => Some(Value::Labels(sample.labels.clone())),
            (Value::Sample(sample), "Value") => Some(Value::Float(sample.value)),
            (Value::Labels(labels), name) => {
                // As Prometheus has it: a label that is not there is empty.
                Some(Value::Text(labels.get(name).to_owned()))
            }
            (Value::Named(named), name) => {
                Some(named.iter().find(|(key, _)| key == name).map_or(Value::Nil, |(_, value)| value.clone()))
            }
            (Value::Nil, _) => Some(Value::Nil),
            (Value::Time(ms), "Unix") => Some(Value::Int(ms.div_euclid(1000))),
            (Value::Time(ms), "UnixMilli") => Some(Value::Int(*ms)),
            _ => None,
        }
    }

    fn call(
        &mut self,
        name: &str,
        command: &Command,
        arguments: &[Word],
        dot: &Value,
        last: Option<Value>,
    ) -> Result<Value, String> {
        let (takes, many) = signature(name).ok_or_else(|| format!("{name:?} is not a defined function"))?;
        let given = arguments.len() + usize::from(last.is_some());
        let least = if many { takes.len() - 1 } else { takes.len() };
        if given < least || (!many && given > least) {
            let least = if many { format!("at least {least}") } else { least.to_string() };
            return Err(format!("wrong number of args for {name}: want {least} got {given}"));
        }
        let mut values = Vec::with_capacity(given);
        for (at, argument) in arguments.iter().enumerate() {
            let value = self.argument(argument, takes[at.min(takes.len() - 1)], dot)?;
            // `and` and `or` look no further than they must.
            let decides = (name == "and" && !value.is_true()) || (name == "or" && value.is_true());
            values.push(value);
            if decides {
                return Ok(values.swap_remove(at));
            }
        }
        if let Some(last) = last {
            fit(takes[(given - 1).min(takes.len() - 1)], &last)?;
            values.push(last);
        }
        if matches!(name, "and" | "or") {
            return Ok(values.pop().unwrap_or(Value::Nil));
        }
        call(name, &values, self.ask, self.subject.external_url).map_err(|what| {
            self.at(command.at, command);
            format!("error calling {name}: {what}")
        })
    }

    fn argument(&mut self, word: &Word, takes: Takes, dot: &Value) -> Result<Value, String> {
        self.at(word.at, word);
        let value = self.word(word, dot)?;
        let is_constant =
            matches!(word.kind, WordKind::Bool(_) | WordKind::Int(..) | WordKind::Float(..) | WordKind::Text(..));
        if is_constant && !takes.fits(&value) {
            return Err(match takes {
                Takes::Text => format!("expected string; found {word}"),
                other => format!("can't handle {word} for arg of type {}", other.go_type()),
            });
        }
        fit(takes, &value)?;
        Ok(value)
    }
}

fn fit(takes: Takes, value: &Value) -> Result<(), String> {
    match value {
        _ if takes.fits(value) => Ok(()),
        Value::Nil => Err(format!("invalid value; expected {}", takes.go_type())),
        other => Err(format!("wrong type for value; expected {}; got {}", takes.go_type(), other.go_type())),
    }
}
