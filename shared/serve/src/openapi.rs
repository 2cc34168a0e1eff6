//! What does the API say of itself?
//!
//! A document of OpenAPI 3.1, made out of the list of ways, of what is said of each, and of the types that are answered: what
//! is not served is not in it, and a way of which nothing is said fails a test. It says nothing of anybody, so it is open.

mod boarding;
mod bounds;
mod carrying;
mod chatting;
mod demonstrating;
mod hooking;
mod joining;
mod looking;
mod operation;
mod page;
mod people;
mod photographing;
mod publishing;
mod pushing;
mod watching;
mod words;
mod working;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use self::operation::{Content, Operation, Parameter};
use crate::answer::Drawn;
use crate::problem::{Body, Code, Problem};
use crate::shape::{is_prometheus_path, is_push};
use crate::shared::App;
use crate::ways::{Need, Way};

pub(crate) use page::page;

/// Where programs ask.
const BELOW: &str = "/api/v1";

/// `GET /api/v1/openapi.json`.
pub(crate) async fn served(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let drawn = Drawn::new(app.document(), app.lookout.now())?;
    let kind = HeaderValue::from_static("application/vnd.oai.openapi+json;version=3.1");
    let mut response = drawn.answer(&headers).into_response();
    if response.status() == StatusCode::OK {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    Ok(response)
}

/// The document of these ways.
pub(crate) fn document(ways: &[Way]) -> Value {
    let said = described();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut schemas = BTreeMap::from([("Problem".to_owned(), problem_schema())]);
    for way in ways.iter().filter(|way| way.path.starts_with(BELOW)) {
        let found = said.iter().find(|one| one.method == way.method && way.path.strip_prefix(BELOW) == Some(one.path));
        let Some(found) = found else { continue };
        let written = written(found, way);
        paths.entry(way.path.as_str()).or_default().insert(way.method.to_lowercase(), written);
        for (name, schema) in &found.named {
            let schema = serde_json::to_value(schema).unwrap_or_default();
            let schema = if found.stamped { stamped(schema) } else { schema };
            let before = schemas.insert(name.clone(), schema);
            debug_assert!(before.is_none_or(|before| before == schemas[name]), "two types are called {name}");
        }
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Vigie",
            "version": "1",
            "description": ABOUT,
            "license": { "name": "Apache 2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "x-internal": false }],
        "tags": TAGS.map(|(name, description)| json!({ "name": name, "description": description })),
        "security": [{ "bearer": [] }, { "browser": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": { "Problem": {
                "description": "It was not done, and why.",
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            } },
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "A token, as POST /api/v1/tokens makes them." },
                "browser": { "type": "apiKey", "in": "cookie", "name": "vigie", "description": "A browser that signed in." },
            },
        },
    });
    bounds::bound(&mut document);
    document
}

const ABOUT: &str = "What hub and relay answer to programs. Names and shapes are a promise: fields are added, never renamed or \
removed. Times are RFC 3339 in UTC; shares are 0 to 1. What is another's is answered as if it were not there. Whatever is no \
success is a problem (RFC 9457) with a stable code.";

const TAGS: [(&str, &str); 16] = [
    ("here", "This node, and who asks."),
    ("machines", "Sites, machines, and what they measured."),
    ("enrolments", "Who is let in to join, and how far they are."),
    ("watch", "What is wrong, what people decide of it, and by which rules it is found."),
    ("webhooks", "Who is told of every event."),
    ("devices", "Your telephones and browsers, which messages are pushed to."),
    ("status pages", "Pages of clients that anybody may read."),
    ("retention", "For how long data is kept."),
    ("jobs", "What work waits, is under way and failed; files to be fetched."),
    ("boards", "Dashboards that people keep."),
    ("quotas", "How much a client may have, and has."),
    ("people", "People, roles, invitations, tokens and sessions."),
    ("audit", "Who did what."),
    ("clients", "All that is kept of a client, and how it goes."),
    ("demonstration", "Sites and machines that nobody has, one of them cut off now and then."),
    ("push", "Where samples of others are taken in."),
];

fn described() -> Vec<Operation> {
    [
        looking::all(),
        watching::all(),
        photographing::all(),
        chatting::all(),
        hooking::all(),
        publishing::all(),
        boarding::all(),
        joining::all(),
        demonstrating::all(),
        working::all(),
        carrying::all(),
        people::all(),
        pushing::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn written(one: &Operation, way: &Way) -> Value {
    let names = one.path_names().map(|name| Parameter {
        name,
        within: "path",
        required: true,
        says: "Which one.",
        schema: json!({ "type": "string", "minLength": 1, "maxLength": 200 }),
        example: None,
    });
    let mut parameters: Vec<Value> = names.collect::<Vec<_>>().iter().chain(&one.parameters).map(parameter).collect();
    if way.method != "GET" && way.need != Need::Open && !is_push(&way.path) {
        parameters.push(parameter(&Parameter {
            name: "Idempotency-Key",
            within: "header",
            required: false,
            says: "A name for this one write: sent again with it within a day, it is answered as before and not done again.",
            schema: json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }),
            example: None,
        }));
    }
    let mut operation = json!({
        "operationId": operation_id(one),
        "tags": [one.tag],
        "summary": one.summary,
        "x-vigie-need": need(way.need),
        "responses": responses(one, way),
    });
    let mut say = |name: &str, value: Value| operation[name] = value;
    if let Some(more) = one.more {
        say("description", json!(more));
    }
    if !parameters.is_empty() {
        say("parameters", json!(parameters));
    }
    if let Some(body) = &one.body {
        say("requestBody", json!({ "required": true, "content": content(body) }));
    }
    if way.need == Need::Open {
        say("security", json!([]));
    }
    operation
}

fn parameter(one: &Parameter) -> Value {
    let mut said = json!({ "name": one.name, "in": one.within, "required": one.required, "description": one.says,
        "schema": one.schema });
    if let Some(example) = &one.example {
        said["example"] = example.clone();
    }
    said
}

fn content(content: &Content) -> Value {
    let one = |kind: &&str| {
        let mut said = json!({ "schema": content.schema });
        if let Some(example) = &content.example {
            said["example"] = example.clone();
        }
        ((*kind).to_owned(), said)
    };
    Value::Object(content.kinds.iter().map(one).collect())
}

fn responses(one: &Operation, way: &Way) -> Value {
    let mut good = json!({ "description": "Done." });
    if let Some(answer) = &one.answer.content {
        good["content"] = content(answer);
    }
    let mut responses = Map::from_iter([(one.answer.status.to_string(), good)]);
    if one.method == "GET" && one.answer.content.as_ref().is_some_and(|content| content.kinds == ["application/json"]) {
        responses.insert("304".to_owned(), json!({ "description": "It is what `If-None-Match` says that you have." }));
    }
    let refused = refused(&way.path);
    for status in ["400", "401", "403", "404", "409", "412", "422", "429", "500", "503", "default"] {
        let open = way.need == Need::Open && matches!(status, "403" | "404");
        if !open {
            responses.insert(status.to_owned(), refused.clone());
        }
    }
    Value::Object(responses)
}

/// What a refusal looks like there.
fn refused(path: &str) -> Value {
    if is_push(path) {
        let text = json!({ "text/plain; charset=utf-8": { "schema": { "type": "string" } } });
        return json!({ "description": "Nothing was kept, unless the text says that the rest was.", "content": text });
    }
    if is_prometheus_path(path) {
        let schema = json!({ "type": "object", "required": ["status", "errorType", "error"], "properties": {
            "status": { "const": "error" }, "errorType": { "type": "string" }, "error": { "type": "string" } } });
        return json!({ "description": "As Prometheus says it.", "content": { "application/json": { "schema": schema } } });
    }
    json!({ "$ref": "#/components/responses/Problem" })
}

fn need(need: Need) -> String {
    match need {
        Need::Open => "nothing".to_owned(),
        Need::SignedIn => "credentials".to_owned(),
        Need::May(right) => right.to_string(),
    }
}

/// `get_machines_id`.
fn operation_id(one: &Operation) -> String {
    let path = one.path.replace(['{', '}', '.'], "").replace(['/', '-'], "_");
    format!("{}{path}", one.method.to_lowercase())
}

fn problem_schema() -> Value {
    let mut schema = serde_json::to_value(<Body<'_> as utoipa::PartialSchema>::schema()).unwrap_or_default();
    schema["properties"]["code"]["enum"] = json!(Code::ALL.map(Code::as_str));
    schema
}

/// As [`stamped`](crate::people::stamped) writes answers: what is kept in ms as `…_ms` is told as a moment under `…_at`.
fn stamped(schema: Value) -> Value {
    let Value::Object(mut fields) = schema else { return schema };
    if let Some(Value::Object(properties)) = fields.remove("properties") {
        let told = |(name, property): (String, Value)| match name.strip_suffix("_ms") {
            Some(kept) => {
                let kinds = if property["type"].is_array() { json!(["string", "null"]) } else { json!("string") };
                let said = json!({ "type": kinds, "format": "date-time",
                    "description": property["description"].as_str().unwrap_or_default().replace(", in ms since 1970", "") });
                (format!("{kept}_at"), said)
            }
            None => (name, stamped(property)),
        };
        fields.insert("properties".to_owned(), Value::Object(properties.into_iter().map(told).collect()));
    }
    if let Some(Value::Array(required)) = fields.get_mut("required") {
        for name in required {
            if let Some(kept) = name.as_str().and_then(|name| name.strip_suffix("_ms")) {
                *name = json!(format!("{kept}_at"));
            }
        }
    }
    let parts = |list: Value| match list {
        Value::Array(list) => Value::Array(list.into_iter().map(stamped).collect()),
        other => other,
    };
    for name in ["allOf", "oneOf"] {
        if let Some(list) = fields.remove(name) {
            fields.insert(name.to_owned(), parts(list));
        }
    }
    Value::Object(fields)
}
