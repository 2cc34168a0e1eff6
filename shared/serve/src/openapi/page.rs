//! How does somebody read the description of the API, without a network and without a script?

use axum::extract::State;
use axum::http::request::Parts;
use axum::response::{Html as Page, IntoResponse, Response};
use serde_json::Value;

use super::words::Words;
use crate::local::frame::Tab;
use crate::local::frame_of;
use crate::local::html::Html;
use crate::people::sheet::Sheet;
use crate::shared::App;

/// `GET /api`.
pub(crate) async fn page(State(app): State<App>, parts: Parts) -> Response {
    let frame = frame_of(&app, &parts);
    let w = Words::of(frame.voice.lang);
    let document = app.document();
    let text = match app.people {
        Some(_) => Sheet::of(&app, &parts).page(w.title, |out, _| draw(out, w, document)),
        None => frame.page(Tab::Elsewhere, w.title, |out| draw(out, w, document)),
    };
    Page(text).into_response()
}

fn draw(out: &mut Html, w: &Words, document: &Value) {
    out.html("<h1>").text(w.title).html("</h1>\n<p>").text(w.about).html("</p>\n<p><a href=\"/api/v1/openapi.json\">");
    out.text(w.document).html("</a></p>\n");
    for tag in list(&document["tags"]) {
        out.html("<section>\n<h2>").text(said(&tag["description"])).html("</h2>\n");
        for (path, method, operation) in operations(document, said(&tag["name"])) {
            address(out, w, (path, method), operation);
        }
        out.html("</section>\n");
    }
    out.html("<section>\n<h2>").text(w.shapes).html("</h2>\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        out.html("<details id=\"").text(name).html("\"><summary><code>").text(name).html("</code></summary>\n");
        shape(out, w, schema);
        out.html("</details>\n");
    }
    out.html("</section>\n");
}

fn operations<'a>(document: &'a Value, tag: &'a str) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let each = paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, one)| (path.as_str(), method.as_str(), one))
    });
    each.filter(move |(_, _, one)| list(&one["tags"]).iter().any(|own| own == tag))
}

fn address(out: &mut Html, w: &Words, (path, method): (&str, &str), one: &Value) {
    out.html("<details><summary><code>").text(&method.to_uppercase()).text(" ").text(path).html("</code><br>");
    out.text(said(&one["summary"])).html("</summary>\n");
    if let Some(more) = one["description"].as_str() {
        out.html("<p>").text(more).html("</p>\n");
    }
    out.html("<p>").text(w.needs).html(": <code>").text(said(&one["x-vigie-need"])).html("</code></p>\n");
    let parameters = list(&one["parameters"]);
    if !parameters.is_empty() {
        out.html("<h3>").text(w.parameters).html("</h3>\n<ul>");
        for parameter in parameters {
            out.html("<li><code>").text(said(&parameter["name"])).html("</code>");
            if parameter["required"] == true {
                out.text(" (").text(w.required).text(")");
            }
            out.text(": ").text(said(&parameter["description"])).text(" ");
            kind(out, w, &parameter["schema"]);
            out.html("</li>");
        }
        out.html("</ul>\n");
    }
    content(out, w, w.body, &one["requestBody"]["content"]);
    let good = one["responses"].as_object().into_iter().flatten().find(|(status, _)| status.starts_with('2'));
    if let Some((status, answer)) = good {
        out.html("<h3>").text(w.answer).text(" ").text(status).html("</h3>\n");
        content(out, w, "", &answer["content"]);
    }
    out.html("</details>\n");
}

fn content(out: &mut Html, w: &Words, title: &str, content: &Value) {
    for (media, said) in content.as_object().into_iter().flatten() {
        if !title.is_empty() {
            out.html("<h3>").text(title).html("</h3>\n");
        }
        out.html("<p><code>").text(media).html("</code> ");
        kind(out, w, &said["schema"]);
        out.html("</p>\n");
        if said["schema"]["properties"].is_object() {
            shape(out, w, &said["schema"]);
        }
        if let Some(example) = said.get("example") {
            out.html("<pre>").text(&serde_json::to_string_pretty(example).unwrap_or_default()).html("</pre>\n");
        }
    }
}

/// The fields of an object, with those of all that it is put together of.
fn shape(out: &mut Html, w: &Words, schema: &Value) {
    if let Some(description) = schema["description"].as_str() {
        out.html("<p>").text(description).html("</p>\n");
    }
    kind(out, w, schema);
    for part in list(&schema["allOf"]) {
        shape(out, w, part);
    }
    let Some(fields) = schema["properties"].as_object() else { return };
    out.html("<ul>");
    for (name, field) in fields {
        out.html("<li><code>").text(name).html("</code> ");
        kind(out, w, field);
        out.text(" ").text(said(&field["description"])).html("</li>");
    }
    out.html("</ul>\n");
}

/// What kind of value it is, with a way to where its shape is told.
fn kind(out: &mut Html, w: &Words, schema: &Value) {
    if let Some(name) = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
        out.html("<a href=\"#").text(name).html("\">").text(name).html("</a>");
        return;
    }
    for word in list(&schema["enum"]) {
        out.html("<code>").text(said(word)).html("</code> ");
    }
    if schema["items"].is_object() {
        out.html("[");
        kind(out, w, &schema["items"]);
        out.html("]");
        return;
    }
    let either = list(&schema["oneOf"]).iter();
    for one in either.clone().filter(|one| one["type"] != "null") {
        kind(out, w, one);
        out.text(" ");
    }
    if either.clone().any(|one| one["type"] == "null") {
        out.text(w.or_null);
    }
    match &schema["type"] {
        Value::String(kind) if kind != "object" && !schema["enum"].is_array() => {
            out.html("<em>").text(kind).html("</em>");
        }
        Value::Array(kinds) => {
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect();
            out.html("<em>").text(&kinds.join(" ")).text(" ").text(w.or_null).html("</em>");
        }
        _ => {}
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn said(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
