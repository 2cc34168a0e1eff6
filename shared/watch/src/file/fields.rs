//! Which fields does a mapping have, and which should it not have?

use super::yaml::{Key, Kind, Node};
use super::{Fault, Place};
use crate::duration::parse_duration;

/// Faults that are told of one file; who makes more has one cause for them.
const MAX_FAULTS: usize = 100;

/// What is wrong so far.
#[derive(Debug)]
pub(crate) struct Faults {
    file: String,
    found: Vec<Fault>,
}

impl Faults {
    pub(crate) fn of(file: &str) -> Self {
        Self { file: file.to_owned(), found: Vec::new() }
    }

    pub(crate) fn add(&mut self, place: Place, what: impl Into<String>, remedy: impl Into<String>) {
        if self.found.len() < MAX_FAULTS {
            let (file, what, remedy) = (self.file.clone(), what.into(), remedy.into());
            self.found.push(Fault { file, line: place.line, column: place.column, what, remedy });
        }
    }

    pub(crate) fn or<T>(self, read: T) -> Result<T, Vec<Fault>> {
        if self.found.is_empty() { Ok(read) } else { Err(self.found) }
    }
}

/// The fields of one mapping, each taken once; what is left at the end should not have been there.
pub(crate) struct Fields<'a> {
    of: &'static str,
    known: &'static [&'static str],
    place: Place,
    left: Vec<(&'a Key, &'a Node)>,
}

impl<'a> Fields<'a> {
    /// The fields of a node; none and a fault when it is no mapping.
    pub(crate) fn of(of: &'static str, known: &'static [&'static str], node: &'a Node, faults: &mut Faults) -> Self {
        let left = match &node.kind {
            Kind::Map(map) => map.iter().map(|(key, value)| (key, value)).collect(),
            Kind::Scalar { .. } if node.is_null() => Vec::new(),
            Kind::Scalar { .. } | Kind::List(_) => {
                let what = format!("{of} is {}, not a mapping", node.is_called());
                faults.add(node.place, what, format!("write its fields as `name: value`: {}", known.join(", ")));
                Vec::new()
            }
        };
        Self { of, known, place: node.place, left }
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    pub(crate) fn node(&mut self, name: &str) -> Option<&'a Node> {
        let at = self.left.iter().position(|(key, _)| key.text == name)?;
        Some(self.left.remove(at).1)
    }

    /// A text and where it stands.
    pub(crate) fn text(&mut self, name: &str, faults: &mut Faults) -> Option<(String, Place)> {
        let node = self.node(name)?;
        if !matches!(node.kind, Kind::Scalar { .. }) {
            faults.add(node.place, format!("{name} is {}, not a text", node.is_called()), "write one value");
            return None;
        }
        node.text().map(|text| (text.to_owned(), node.place))
    }

    pub(crate) fn duration(&mut self, name: &str, faults: &mut Faults) -> Option<i64> {
        let (text, place) = self.text(name, faults)?;
        let read = parse_duration(&text);
        read.map_err(|what| faults.add(place, format!("{name}: {what}"), "write it as 30s, 5m or 1h30m")).ok()
    }

    pub(crate) fn number(&mut self, name: &str, faults: &mut Faults) -> Option<i64> {
        let (text, place) = self.text(name, faults)?;
        let read = text.parse::<i64>();
        read.map_err(|_| faults.add(place, format!("{name}: {text:?} is no whole number"), "write digits")).ok()
    }

    pub(crate) fn boolean(&mut self, name: &str, faults: &mut Faults) -> Option<bool> {
        let (text, place) = self.text(name, faults)?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Some(true),
            "false" | "no" | "off" | "n" => Some(false),
            _ => {
                faults.add(place, format!("{name}: {text:?} is neither true nor false"), "write true or false");
                None
            }
        }
    }

    pub(crate) fn list(&mut self, name: &str, faults: &mut Faults) -> Vec<&'a Node> {
        let Some(node) = self.node(name) else { return Vec::new() };
        match &node.kind {
            Kind::List(list) => list.iter().collect(),
            Kind::Scalar { .. } if node.is_null() => Vec::new(),
            Kind::Scalar { .. } | Kind::Map(_) => {
                faults.add(node.place, format!("{name} is {}, not a list", node.is_called()), "begin each with `- `");
                Vec::new()
            }
        }
    }

    pub(crate) fn texts(&mut self, name: &str, faults: &mut Faults) -> Vec<String> {
        let list = self.list(name, faults);
        let text = |node: &Node| {
            if !matches!(node.kind, Kind::Scalar { .. }) {
                faults.add(node.place, format!("{name} holds {}", node.is_called()), "write one text for each");
            }
            node.text().map(str::to_owned)
        };
        list.into_iter().filter_map(text).collect()
    }

    /// Names with texts, such as labels, with their places.
    pub(crate) fn pairs(&mut self, name: &str, faults: &mut Faults) -> Vec<(String, String, Place)> {
        let Some(node) = self.node(name) else { return Vec::new() };
        let Kind::Map(map) = &node.kind else {
            if !node.is_null() {
                let what = format!("{name} is {}, not a mapping", node.is_called());
                faults.add(node.place, what, "write them as `name: value`");
            }
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for (key, value) in map {
            if matches!(value.kind, Kind::Scalar { .. }) {
                pairs.push((key.text.clone(), value.text().unwrap_or_default().to_owned(), key.place));
            } else {
                let what = format!("{name}: {} is {}, not a text", key.text, value.is_called());
                faults.add(value.place, what, "put quotes around the value");
            }
        }
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs
    }

    /// Refuses what was not asked for.
    pub(crate) fn end(self, faults: &mut Faults) {
        for (key, _) in self.left {
            let what = format!("field {} not found in {}", key.text, self.of);
            faults.add(key.place, what, format!("remove it, or use one of {}", self.known.join(", ")));
        }
    }
}
