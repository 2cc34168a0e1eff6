//! How large is what an address takes, where its type says nothing?
//!
//! Nothing that is sent is larger than a form, so no text of it is longer and no list has more than half as many members. What
//! stands in an address is shorter: all of one has 64 KiB, escaped. A whole number is one of its type. What is answered is bounded by what is kept, and not by its shape.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::params::MAX_FORM_BYTES;

/// How long a text is at most, and how many members a list has.
type Most = (usize, usize);

const IN_BODY: Most = (MAX_FORM_BYTES, MAX_FORM_BYTES / 2);

const IN_ADDRESS: Most = (2_000, 100);

/// How references to named schemas begin.
const NAMED: &str = "#/components/schemas/";

/// Says of everything that is taken how large it may be, and of every number and pair what it is made of.
pub(super) fn bound(document: &mut Value) {
    let mut named = document["components"]["schemas"].take();
    let mut todo = BTreeSet::new();
    for operation in document["paths"].as_object_mut().into_iter().flatten().flat_map(|(_, way)| operations(way)) {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten();
        parameters.for_each(|one| taken(&mut one["schema"], IN_ADDRESS, &mut todo));
        let bodies = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut).into_iter().flatten();
        bodies.for_each(|(_, body)| taken(&mut body["schema"], IN_BODY, &mut todo));
    }
    let mut done = BTreeSet::new();
    while let Some(name) = todo.pop_first() {
        if let Some(schema) = named.get_mut(&name).filter(|_| done.insert(name.clone())) {
            taken(schema, IN_BODY, &mut todo);
            todo.retain(|name| !done.contains(name));
        }
    }
    document["components"]["schemas"] = named;
    whole(document);
}

fn operations(way: &mut Value) -> impl Iterator<Item = &mut Value> {
    way.as_object_mut().into_iter().flatten().map(|(_, operation)| operation)
}

/// What is taken: its own limits, and the names of what it is made of.
fn taken(schema: &mut Value, most: Most, made_of: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(name) = fields.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix(NAMED)) {
                made_of.insert(name.to_owned());
            }
            if is(fields, "string") && !["maxLength", "enum", "const"].iter().any(|said| fields.contains_key(*said)) {
                fields.insert("maxLength".to_owned(), json!(most.0));
            }
            if is(fields, "array") && !fields.contains_key("maxItems") {
                fields.insert("maxItems".to_owned(), json!(most.1));
            }
            fields.iter_mut().filter(|(name, _)| is_schema(name)).for_each(|(_, part)| taken(part, most, made_of));
        }
        Value::Array(all) => all.iter_mut().for_each(|one| taken(one, most, made_of)),
        _ => {}
    }
}

/// Numbers and pairs, wherever they stand.
fn whole(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if is(fields, "integer") {
                number(fields);
            }
            pair(fields);
            fields.iter_mut().filter(|(name, _)| is_schema(name)).for_each(|(_, part)| whole(part));
        }
        Value::Array(all) => all.iter_mut().for_each(whole),
        _ => {}
    }
}

fn number(fields: &mut Map<String, Value>) {
    let format = fields.entry("format").or_insert(json!("int64"));
    let (least, most) = match format.as_str() {
        Some("int32") => (i64::from(i32::MIN), i64::from(u32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    fields.entry("minimum").or_insert(json!(least));
    fields.entry("maximum").or_insert(json!(most));
}

/// A list of so many things each of its own kind, as a list of things of any of these kinds: what most readers understand.
fn pair(fields: &mut Map<String, Value>) {
    let Some(Value::Array(kinds)) = fields.remove("prefixItems") else { return };
    let many = kinds.len();
    let mut each: Vec<Value> = Vec::new();
    kinds.into_iter().for_each(|kind| {
        if !each.contains(&kind) {
            each.push(kind)
        }
    });
    let items = if each.len() == 1 { each.remove(0) } else { json!({ "anyOf": each }) };
    fields.extend([
        ("items".to_owned(), items),
        ("minItems".to_owned(), json!(many)),
        ("maxItems".to_owned(), json!(many)),
    ]);
}

fn is(fields: &Map<String, Value>, kind: &str) -> bool {
    match fields.get("type") {
        Some(Value::String(said)) => said == kind,
        Some(Value::Array(said)) => said.iter().any(|said| said == kind),
        _ => false,
    }
}

/// What stands under these names is no schema, whatever it looks like.
fn is_schema(name: &str) -> bool {
    !["example", "examples", "enum", "const", "default", "required"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_has_a_limit_what_is_answered_has_none_and_examples_stay() {
        let text = json!({ "type": "string" });
        let mut document = json!({
            "paths": { "/x": { "get": {}, "post": {
                "parameters": [{ "name": "type", "schema": { "type": "string", "enum": ["a"] } }],
                "requestBody": { "content": { "json": { "schema": { "$ref": "#/components/schemas/Wish" }, "example": text } } },
                "responses": { "200": { "content": { "json": { "schema": text } } } },
            } } },
            "components": { "schemas": {
                "Wish": { "type": "object", "properties": { "type": text, "all": { "type": "array", "items": {
                    "$ref": "#/components/schemas/Wish" } }, "days": { "type": ["integer", "null"], "format": "int32" } } },
                "Told": { "type": "object", "properties": { "said": text, "window": { "type": "array", "items": false,
                    "prefixItems": [text, text] }, "many": { "type": "integer", "minimum": 0 } } },
            } },
        });
        bound(&mut document);
        let (wish, told) = (&document["components"]["schemas"]["Wish"], &document["components"]["schemas"]["Told"]);
        assert_eq!(wish["properties"]["type"], json!({ "type": "string", "maxLength": 65_536 }));
        assert_eq!(wish["properties"]["all"]["maxItems"], 32_768);
        assert_eq!(wish["properties"]["days"]["maximum"], u32::MAX);
        assert_eq!(
            (
                &told["properties"]["said"],
                &document["paths"]["/x"]["post"]["responses"]["200"]["content"]["json"]["schema"]
            ),
            (&text, &text)
        );
        assert_eq!(
            told["properties"]["window"],
            json!({ "type": "array", "items": text, "minItems": 2, "maxItems": 2 })
        );
        assert_eq!(
            told["properties"]["many"],
            json!({ "type": "integer", "minimum": 0, "format": "int64", "maximum": i64::MAX })
        );
        assert!(document["paths"]["/x"]["get"].as_object().expect("there").is_empty(), "nothing is said of nothing");
        let post = &document["paths"]["/x"]["post"];
        assert_eq!(post["requestBody"]["content"]["json"]["example"], text);
        assert_eq!(post["parameters"][0]["schema"], json!({ "type": "string", "enum": ["a"] }));
    }
}
