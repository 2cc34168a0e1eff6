//! Does the API keep what it says of itself?

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::document::operations;
use crate::common::hub::{By, Hub, parts};
use crate::common::watch::Watch;
use crate::common::{Door, Node, id_of, tokens};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use vigie_serve::{Options, Parts, ways};

async fn document(door: &Door) -> Value {
    let answer = door.send(Request::get("/api/v1/openapi.json").body(Body::empty()).expect("a request")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(answer.header("content-type").starts_with("application/vnd.oai.openapi+json"));
    answer.json()
}

fn hub() -> Hub {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    hub
}

#[tokio::test]
async fn every_way_is_described_and_nothing_else() {
    let hub = hub();
    let document = document(&hub.door).await;
    assert_eq!(document["openapi"], "3.1.0");
    let served = ways(parts(&hub.node, &hub.watch, &tokens(), &hub.roll));
    let served = served.into_iter().filter(|way| way.path.starts_with("/api/v1/"));
    let served: BTreeSet<_> = served.map(|way| (way.path, way.method.to_owned())).collect();
    let said: BTreeSet<_> = operations(&document).into_iter().map(|one| (one.path, one.method)).collect();
    assert_eq!(said, served, "say in serve/src/openapi what a new way is for");
    let ids: BTreeSet<_> = operations(&document).iter().map(|one| one.said["operationId"].to_string()).collect();
    assert_eq!(ids.len(), said.len(), "each has a name of its own");
}

#[tokio::test]
async fn a_site_describes_what_a_site_serves() {
    let watch = Arc::new(Watch::default());
    let parts = Parts {
        lookout: Arc::new(Node::new()),
        incidents: Some(watch.clone()),
        access: tokens(),
        people: None,
        repeats: None,
        hooks: None,
        devices: None,
        chats: None,
        keeping: None,
        lets_in: None,
        boards: None,
        photos: None,
        quotas: None,
        enrolments: None,
        erasures: None,
        carries: None,
        demonstration: None,
        jobs: None,
        status: None,
        options: Options::default(),
    };
    let served = ways(parts).into_iter().filter(|way| way.path.starts_with("/api/v1/")).count();
    let document = document(&Door::watching(watch, tokens())).await;
    assert_eq!(operations(&document).len(), served);
    assert!(document["paths"].get("/api/v1/people").is_none());
}

#[tokio::test]
async fn everything_that_is_referred_to_is_there() {
    let document = document(&hub().door).await;
    let mut seen = 0;
    references(&document, &mut |to| {
        let pointer = to.strip_prefix('#').unwrap_or_else(|| panic!("{to} is elsewhere"));
        assert!(document.pointer(pointer).is_some(), "{to} is not there");
        seen += 1;
    });
    assert!(seen > 200, "{seen}");
    for one in operations(&document) {
        let said = one.said["parameters"].as_array().cloned().unwrap_or_default();
        let within = |part: &str| -> BTreeSet<String> {
            let names = said.iter().filter(|one| one["in"] == part);
            names.map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
        };
        let braces: BTreeSet<String> = one
            .path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name.to_owned())
            .collect();
        assert_eq!(within("path"), braces, "{} {}", one.method, one.path);
    }
}

#[tokio::test]
async fn every_schema_is_one_of_json_schema_2020_12() {
    let document = document(&hub().door).await;
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    assert!(schemas.len() > 60, "{}", schemas.len());
    for (name, schema) in schemas {
        if let Err(wrong) = jsonschema::draft202012::meta::validate(schema) {
            panic!("{name}: {wrong} at {}", wrong.instance_path());
        }
    }
}

fn references(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(fields) => {
            fields.get("$ref").and_then(Value::as_str).map(&mut *found);
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(list) => list.iter().for_each(|one| references(one, found)),
        _ => {}
    }
}

#[tokio::test]
async fn answers_are_as_they_are_described() {
    let hub = hub();
    let ann = hub.roll.person("ann@acme.org", &["admin@acme/lyon"]);
    let root = hub.roll.person("second@example.org", &["admin@*"]);
    let (token, _) = hub.roll.token(&ann, "acme/lyon", 30);
    hub.roll.invited("new@acme.org", "observer@acme/lyon");
    hub.roll.role("night", &["look"]);
    let by = By::Cookie(hub.roll.session(&root).1);
    let document = document(&hub.door).await;
    let mut looked = 0;
    for one in operations(&document).iter().filter(|one| !one.path.contains("/raw") || one.method == "GET") {
        let with = [("id", id_of("compta").to_string()), ("name", "Hot".to_owned())];
        let with = with.into_iter().chain([("people", ann.to_string()), ("tokens", token.to_string())]);
        let path = with.fold(one.path.clone(), |path, (name, text)| {
            let own =
                if path.contains("/people/") || path.contains("/tokens/") { path.split('/').nth(3) } else { None };
            match own {
                Some(own) if own == name => path.replace("{id}", &text),
                Some(_) => path,
                None => path.replace(&format!("{{{name}}}"), if path.contains("/incidents/") { "A" } else { &text }),
            }
        });
        let path = path.replace("{word}", &one.example("word").unwrap_or_default()) + &one.query();
        // What ends or changes people's own things is tried elsewhere.
        let tried = one.method == "GET"
            || ["/incidents", "/watch", "/maintenance", "/tokens", "/invitations"]
                .iter()
                .any(|part| one.method == "POST" && path.starts_with(&format!("/api/v1{part}")));
        if !tried {
            continue;
        }
        let answer = hub.ask(&one.method, &by, &path, one.body()).await;
        let status = answer.status.as_u16().to_string();
        let responses = &one.said["responses"];
        assert!(responses.get(&status).or(responses.get("default")).is_some(), "{} {path}: {status}", one.method);
        let said = responses.get(&status).unwrap_or(&responses["default"]);
        let said = said["$ref"].as_str().and_then(|to| document.pointer(&to[1..])).unwrap_or(said);
        let Some(content) = said["content"].as_object() else {
            assert!(answer.body.is_empty(), "{} {path}: {}", one.method, answer.text());
            continue;
        };
        let kind = answer.header("content-type");
        let schema = content.get(kind).unwrap_or_else(|| panic!("{} {path}: {kind} is not described", one.method));
        if kind == "application/json" || kind == "application/problem+json" {
            conforms(&document, &schema["schema"], &answer.json(), &format!("{} {path}", one.method));
            looked += usize::from(answer.status.is_success());
        }
    }
    assert!(looked > 25, "{looked}");
}

/// Checks a value by the schemas of the document, as JSON Schema 2020-12 has it.
fn conforms(document: &Value, schema: &Value, value: &Value, asked: &str) {
    let whole = json!({ "allOf": [schema], "components": document["components"] });
    let known = jsonschema::draft202012::options().should_validate_formats(true).build(&whole);
    let known = known.unwrap_or_else(|error| panic!("{asked}: {error}"));
    let wrong: Vec<String> =
        known.iter_errors(value).map(|wrong| format!("{}: {wrong}", wrong.instance_path())).collect();
    assert!(wrong.is_empty(), "{asked}: {wrong:#?}\n{value:#}");
}

#[tokio::test]
async fn the_page_reads_without_a_script_in_both_languages() {
    let hub = hub();
    for (language, wanted) in [("en", "Parameters"), ("fr", "Paramètres")] {
        let request = Request::get("/api").header("accept-language", language).body(Body::empty()).expect("a request");
        let answer = hub.door.send(request).await;
        let text = answer.text();
        // Examples name other houses, and nothing of them is loaded.
        assert!(text.contains(wanted) && !text.contains("<script") && !text.contains("=\"https://"), "{language}");
        assert!(text.contains("GET /api/v1/machines/{id}/ledger"), "{language}");
        for way in ways(parts(&hub.node, &hub.watch, &tokens(), &hub.roll)) {
            assert!(!way.path.starts_with("/api/v1/") || text.contains(&way.path), "{}", way.path);
        }
        for link in text.split("<a href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(text.contains(&format!("id=\"{link}\"")), "{link} leads nowhere");
        }
    }
}
