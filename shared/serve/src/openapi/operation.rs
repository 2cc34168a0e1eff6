//! How is one address described?

use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use vigie_query::filter::MAX_FILTER_BYTES;

use crate::list::MOST_ROWS;

/// Named schemas, as the types give them.
pub(super) type Named = Vec<(String, RefOr<Schema>)>;

/// What is said of a way: what it is for, what it takes, what it answers.
pub(crate) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) more: Option<&'static str>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Content>,
    pub(super) answer: Answer,
    pub(super) named: Named,
    /// Times that are kept in ms are told as RFC 3339.
    pub(super) stamped: bool,
}

/// A parameter of a path or of what stands behind its question mark.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) within: &'static str,
    pub(super) required: bool,
    pub(super) says: &'static str,
    pub(super) schema: Value,
    pub(super) example: Option<Value>,
}

/// A body.
pub(super) struct Content {
    pub(super) kinds: &'static [&'static str],
    pub(super) schema: Value,
    pub(super) example: Option<Value>,
}

/// What is answered when all goes well.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content: Option<Content>,
}

const FILTER: &str = "Terms that must all hold, as in `site:lyon,paris -name:test* seen:>1h \"free text\"`: a key with \
one of some values, or a text. A wrong key is answered with those that the list has.";

const JSON: &[&str] = &["application/json"];

impl Operation {
    /// `GET`, which changes nothing.
    pub(super) fn get(path: &'static str, summary: &'static str) -> Self {
        Self::new("GET", path, summary)
    }

    pub(super) fn post(path: &'static str, summary: &'static str) -> Self {
        Self::new("POST", path, summary)
    }

    pub(super) fn put(path: &'static str, summary: &'static str) -> Self {
        Self::new("PUT", path, summary)
    }

    pub(super) fn delete(path: &'static str, summary: &'static str) -> Self {
        Self::new("DELETE", path, summary)
    }

    /// Answers with nothing unless something else is said.
    fn new(method: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            tag: "",
            summary,
            more: None,
            parameters: Vec::new(),
            body: None,
            answer: Answer { status: 204, content: None },
            named: Named::new(),
            stamped: false,
        }
    }

    /// More than fits a line.
    pub(super) fn more(self, more: &'static str) -> Self {
        Self { more: Some(more), ..self }
    }

    /// A parameter that may be left out.
    pub(super) fn may(self, name: &'static str, schema: Value, says: &'static str) -> Self {
        self.parameter(Parameter { name, within: "query", required: false, says, schema, example: None })
    }

    /// A list that is handed out a page at a time.
    pub(super) fn listed(self, limit: &'static str) -> Self {
        self.may("q", json!({ "type": "string", "maxLength": MAX_FILTER_BYTES }), FILTER).paged(limit)
    }

    /// The parameters of a list that comes a page at a time.
    pub(super) fn paged(self, limit: &'static str) -> Self {
        self.may("limit", number(1, MOST_ROWS as u64), limit).may(
            "cursor",
            text(),
            "What the page before gave as `next_cursor`, with the same question.",
        )
    }

    /// A parameter that must be there; the example works.
    pub(super) fn must(self, name: &'static str, schema: Value, says: &'static str, example: &str) -> Self {
        let example = if schema["type"] == "array" { Some(json!([example])) } else { Some(json!(example)) };
        self.parameter(Parameter { name, within: "query", required: true, says, schema, example })
    }

    /// A parameter that may be left out; the example works.
    pub(super) fn may_as(self, name: &'static str, schema: Value, says: &'static str, example: &str) -> Self {
        let example = Some(json!(example));
        self.parameter(Parameter { name, within: "query", required: false, says, schema, example })
    }

    /// A part of the path that is one of some words.
    pub(super) fn word(self, name: &'static str, words: &[&str], says: &'static str) -> Self {
        let (schema, example) = (json!({ "type": "string", "enum": words }), words.first().map(|word| json!(word)));
        self.parameter(Parameter { name, within: "path", required: true, says, schema, example })
    }

    /// A header that may be left out.
    pub(super) fn header(self, name: &'static str, says: &'static str) -> Self {
        let schema = json!({ "type": "string" });
        self.parameter(Parameter { name, within: "header", required: false, says, schema, example: None })
    }

    fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// A body of this type, as JSON; the example works.
    pub(super) fn takes<T: ToSchema>(self, example: Value) -> Self {
        let (named, schema) = named::<T>();
        self.knowing(named).takes_as(JSON, schema, Some(example))
    }

    /// A body that is described by hand.
    pub(super) fn takes_as(self, kinds: &'static [&'static str], schema: Value, example: Option<Value>) -> Self {
        Self { body: Some(Content { kinds, schema, example }), ..self }
    }

    /// An answer of this type, as JSON.
    pub(super) fn answers<T: ToSchema>(self, status: u16) -> Self {
        let (named, schema) = named::<T>();
        self.knowing(named).answers_as(status, JSON, schema)
    }

    /// An answer that is described by hand.
    pub(super) fn answers_as(self, status: u16, kinds: &'static [&'static str], schema: Value) -> Self {
        Self { answer: Answer { status, content: Some(Content { kinds, schema, example: None }) }, ..self }
    }

    /// Answered with this, and nothing more.
    pub(super) fn status(self, status: u16) -> Self {
        Self { answer: Answer { status, content: None }, ..self }
    }

    /// What is answered is one of these in each line.
    pub(super) fn in_lines(mut self) -> Self {
        if let Some(content) = &mut self.answer.content {
            (content.kinds, content.schema) = (&["application/x-ndjson"], json!({ "type": "string" }));
        }
        self
    }

    /// What this type is made of is described, too.
    pub(super) fn knowing(mut self, named: Named) -> Self {
        self.named.extend(named);
        self
    }

    /// Of the people of a hub, whose times are kept in ms.
    pub(super) fn stamped(self) -> Self {
        Self { stamped: true, ..self }
    }

    /// What stands in the path in braces and was not described itself.
    pub(super) fn path_names(&self) -> impl Iterator<Item = &'static str> {
        let names = self.path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
        names.filter(|name| !self.parameters.iter().any(|known| known.within == "path" && known.name == *name))
    }
}

/// A list of them, each of one part of the API.
pub(super) fn tagged(tag: &'static str, operations: Vec<Operation>) -> Vec<Operation> {
    operations.into_iter().map(|operation| Operation { tag, ..operation }).collect()
}

/// The schemas of a type and of all that it is made of, and a reference to it.
pub(super) fn named<T: ToSchema>() -> (Named, Value) {
    let mut named = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut named);
    (named, json!({ "$ref": format!("#/components/schemas/{}", T::name()) }))
}

/// A text.
pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

/// A name of a client, a site, a group.
pub(super) fn slug() -> Value {
    json!({ "$ref": "#/components/schemas/Slug" })
}

/// A moment, as RFC 3339 or as seconds since 1970.
pub(super) fn time() -> Value {
    json!({ "type": "string", "examples": ["2026-11-21T10:00:00Z", "1795258000"] })
}

/// A whole number.
pub(super) fn number(least: u64, most: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

/// One of some words.
pub(super) fn one_of(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}
