//! What does a YAML text hold, and in which line?
//!
//! A small tree with places, made from `saphyr-parser`'s events: errors need the line, and rule files need nothing of
//! YAML's types, because every scalar is taken as the field wants it. Bounded before anything grows: bytes, depth, and
//! nodes once aliases are followed.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

/// A rule file of a thousand rules takes a quarter of it.
pub const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;

/// Nodes of one file, those that aliases repeat included: some hundred times what an honest large file has.
const MAX_NODES: usize = 500_000;

/// Fields of one mapping; each new one is compared with all before it.
const MAX_FIELDS: usize = 2_000;

/// Rule files go seven deep.
const MAX_DEPTH: usize = 32;

/// Where something stands in a file, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// A text that is no YAML, or more than is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct YamlError {
    pub(crate) place: Place,
    pub(crate) what: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar { text: String, plain: bool },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) place: Place,
    pub(crate) text: String,
}

impl Node {
    /// The text of a scalar; nothing for a plain `null`, `~` or emptiness.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { plain: true, text } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") => None,
            Kind::Scalar { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Scalar { .. }) && self.text().is_none()
    }

    pub(crate) fn is_called(&self) -> &'static str {
        match self.kind {
            Kind::Scalar { .. } => "a single value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    fn weight(&self) -> usize {
        1 + match &self.kind {
            Kind::Scalar { text, .. } => text.len() / 64,
            Kind::List(list) => list.iter().map(Self::weight).sum(),
            Kind::Map(map) => map.iter().map(|(_, value)| 1 + value.weight()).sum(),
        }
    }
}

/// The first document of a text; nothing when it holds none.
pub(crate) fn read(text: &str) -> Result<Option<Node>, YamlError> {
    if text.len() > MAX_FILE_BYTES {
        let what = format!("the file has {} bytes, more than {MAX_FILE_BYTES} are not read: split it", text.len());
        return Err(YamlError { place: Place::default(), what });
    }
    let mut building = Building::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| YamlError {
            place: Place { line: error.marker().line(), column: error.marker().col() + 1 },
            what: format!("not YAML: {}", error.info()),
        })?;
        let place = Place { line: span.start.line(), column: span.start.col() + 1 };
        building.take(event, place)?;
        if building.is_done {
            break;
        }
    }
    Ok(building.root)
}

#[derive(Default)]
struct Building {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
    is_done: bool,
}

struct Open {
    place: Place,
    anchor: usize,
    list: Vec<Node>,
    map: Option<Mapping>,
}

/// A mapping so far, and the key whose value is to come.
#[derive(Default)]
struct Mapping {
    fields: Vec<(Key, Node)>,
    key: Option<Key>,
}

impl Building {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), YamlError> {
        match event {
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => Ok(()),
            Event::StreamEnd | Event::DocumentEnd => {
                self.is_done = true;
                Ok(())
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor);
                let weight = known.map_or(0, Node::weight);
                self.count(weight, place)?;
                let known = self.anchors.get(&anchor).cloned();
                let node = known.ok_or_else(|| fault(place, "an alias of an anchor that is not complete"))?;
                self.put(node, 0)
            }
            Event::Scalar(text, style, anchor, _) => {
                self.count(1 + text.len() / 64, place)?;
                let kind = Kind::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                self.put(Node { place, kind }, anchor)
            }
            Event::SequenceStart(anchor, _) => self.begin(Open { place, anchor, list: Vec::new(), map: None }),
            Event::MappingStart(anchor, _) => {
                self.begin(Open { place, anchor, list: Vec::new(), map: Some(Mapping::default()) })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }

    fn count(&mut self, nodes: usize, place: Place) -> Result<(), YamlError> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(fault(place, "more values than are read of one file, aliases counted: split it"));
        }
        Ok(())
    }

    fn begin(&mut self, open: Open) -> Result<(), YamlError> {
        self.count(1, open.place)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(fault(open.place, "lists and mappings are nested too deeply for a rule file"));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), YamlError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let kind = match open.map {
            None => Kind::List(open.list),
            Some(map) => Kind::Map(merged(map.fields)),
        };
        self.put(Node { place: open.place, kind }, open.anchor)
    }

    fn put(&mut self, node: Node, anchor: usize) -> Result<(), YamlError> {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return Ok(());
        };
        let Some(Mapping { fields, key }) = &mut open.map else {
            open.list.push(node);
            return Ok(());
        };
        match key.take() {
            Some(key) => fields.push((key, node)),
            None => {
                let place = node.place;
                let Kind::Scalar { text, .. } = node.kind else {
                    return Err(fault(place, "the key of a mapping is a single value"));
                };
                if fields.len() >= MAX_FIELDS {
                    return Err(fault(place, "more fields than one mapping may have"));
                }
                if let Some((first, _)) = fields.iter().find(|(key, _)| key.text == text) {
                    let line = first.place.line;
                    return Err(fault(place, &format!("mapping key {text:?} already defined at line {line}")));
                }
                *key = Some(Key { place, text });
            }
        }
        Ok(())
    }
}

/// `<<: *base` gives what the mapping itself does not say.
fn merged(mut map: Vec<(Key, Node)>) -> Vec<(Key, Node)> {
    let Some(at) = map.iter().position(|(key, _)| key.text == "<<") else { return map };
    let (_, from) = map.remove(at);
    let sources = match from.kind {
        Kind::List(list) => list,
        other => vec![Node { place: from.place, kind: other }],
    };
    for source in sources {
        let Kind::Map(given) = source.kind else { continue };
        for (key, value) in given {
            if !map.iter().any(|(own, _)| own.text == key.text) {
                map.push((key, value));
            }
        }
    }
    map
}

fn fault(place: Place, what: &str) -> YamlError {
    YamlError { place, what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_line() {
        let node = read("a: 1\nb:\n  - x\n  - 'null'\n  - null\n").expect("yaml").expect("a document");
        let Kind::Map(map) = node.kind else { panic!("a mapping") };
        assert_eq!((map[1].0.place.line, map[1].0.text.as_str()), (2, "b"));
        let Kind::List(list) = &map[1].1.kind else { panic!("a list") };
        assert_eq!((list[0].place.line, list[0].text()), (3, Some("x")));
        assert_eq!((list[1].text(), list[2].text()), (Some("null"), None));
    }

    #[test]
    fn aliases_and_merges_are_followed() {
        let node = read("base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\n").expect("yaml").expect("a document");
        let Kind::Map(map) = node.kind else { panic!("a mapping") };
        let Kind::Map(used) = &map[1].1.kind else { panic!("a mapping") };
        let texts: Vec<_> = used.iter().map(|(key, value)| (key.text.as_str(), value.text())).collect();
        assert_eq!(texts, [("y", Some("3")), ("x", Some("1"))]);
    }

    #[test]
    fn a_bomb_of_aliases_is_refused_before_it_grows() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let before = n - 1;
            bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{before}"); 10].join(", ")));
        }
        assert!(read(&bomb).expect_err("too many").what.contains("aliases"));
        assert!(read(&"[".repeat(100_000)).is_err());
        assert!(read("a: 1\na: 2\n").expect_err("twice").what.contains("already defined at line 1"));
    }
}
