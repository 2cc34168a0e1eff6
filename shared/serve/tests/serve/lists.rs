//! Are lists handed out a page at a time, and only what was asked for?

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use crate::common::hub::{By, Hub};
use crate::common::{Node, machine, tokens};
use axum::http::StatusCode;
use serde_json::{Value, json};
use vigie_serve::Fact;

fn hub() -> (Hub, By) {
    hub_of(Node::new())
}

fn hub_of(mut node: Node) -> (Hub, By) {
    node.machines =
        (0..25).map(|at| machine(&format!("till-{at}"), "acme", if at < 10 { "lyon" } else { "paris" })).collect();
    for (at, one) in node.machines.iter_mut().enumerate() {
        one.cpu = one.cpu.take().map(|cpu| Fact { value: at as f64 / 25.0, ..cpu });
    }
    let hub = Hub::new(node, tokens());
    hub.roll.begin();
    let root = hub.roll.person("second@example.org", &["admin@*"]);
    for name in ["ann", "bea", "cyd"] {
        hub.roll.person(&format!("{name}@acme.org"), &["operator@acme/lyon"]);
    }
    let root = By::Token(hub.roll.token(&root, "*", 30).1);
    (hub, root)
}

async fn ask(hub: &Hub, by: &By, path: &str) -> Value {
    let answer = hub.ask("GET", by, path, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.json()
}

/// Every row of a list, page by page.
async fn all(hub: &Hub, by: &By, path: &str, list: &str, key: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ask(hub, by, &format!("{path}{cursor}")).await;
        let rows = page[list].as_array().expect("a list");
        found.extend(rows.iter().map(|row| row[key].as_str().map_or_else(|| row[key].to_string(), str::to_owned)));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn pages_hold_every_row_once() {
    let (hub, root) = hub();
    for (path, list, key, wanted) in [
        ("/api/v1/machines?limit=7", "machines", "name", 25),
        ("/api/v1/machines?limit=25", "machines", "name", 25),
        ("/api/v1/sites?limit=1", "sites", "name", 2),
        ("/api/v1/people?limit=2", "people", "email", 5),
        ("/api/v1/incidents?standing=all&limit=1", "incidents", "id", 2),
        ("/api/v1/audit?client=acme&limit=2", "lines", "seq", 6),
        ("/api/v1/availability?limit=1", "sites", "client", 2),
        ("/api/v1/enrolments?limit=1", "enrolments", "id", 3),
        ("/api/v1/enrolments?limit=2", "enrolments", "id", 3),
    ] {
        let found = all(&hub, &root, path, list, key).await;
        assert_eq!(found.len(), wanted, "{path}: {found:?}");
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), wanted, "{path}: {found:?}");
    }
}

#[tokio::test]
async fn pages_of_availability_are_of_one_time_and_all_that_fits_is_one_page() {
    let (hub, root) = hub();
    let asked = "/api/v1/availability?start=2026-11-20T10:00:00Z";
    let whole = ask(&hub, &root, asked).await;
    assert_eq!((&whole["total"], &whole["next_cursor"]), (&json!(2), &Value::Null));
    let first = ask(&hub, &root, &format!("{asked}&limit=1")).await;
    assert_eq!((&first["total"], &first["sites"]), (&json!(2), &json!([whole["sites"][0]])));
    let cursor = first["next_cursor"].as_str().expect("more");
    let second = ask(&hub, &root, &format!("{asked}&limit=1&cursor={cursor}")).await;
    assert_eq!((&second["sites"], &second["next_cursor"]), (&json!([whole["sites"][1]]), &Value::Null));
    assert_eq!((&second["from"], &second["to"]), (&first["from"], &first["to"]), "whenever it is asked for");
    let strange = hub.roll.person("eve@acme.org", &["operator@acme"]);
    let strange = By::Token(hub.roll.token(&strange, "acme", 30).1);
    let theirs = ask(&hub, &strange, &format!("{asked}&cursor={cursor}")).await;
    assert_eq!((&theirs["sites"], &theirs["total"]), (&json!([]), &json!(1)), "another's cursor shows nobody more");
    for wrong in ["client=acme&limit=1", "limit=0", "limit=1001"] {
        let refused = hub.ask("GET", &root, &format!("/api/v1/availability?{wrong}&cursor={cursor}"), None).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}: {}", refused.text());
    }
}

#[tokio::test]
async fn of_machines_that_are_not_shown_nothing_is_worked_out() {
    let node = Node::new();
    let drawn = node.drawn.clone();
    let (hub, root) = hub_of(node);
    let lyon = hub.roll.person("dan@acme.org", &["operator@acme/lyon"]);
    let lyon = By::Token(hub.roll.token(&lyon, "acme/lyon", 30).1);
    for (by, path, wanted) in [
        // One more, to know whether there are more.
        (&root, "/api/v1/machines?limit=7", 8),
        (&root, "/api/v1/machines", 25),
        (&lyon, "/api/v1/machines?limit=7", 8),
        (&lyon, "/api/v1/machines", 10),
        (&lyon, "/api/v1/machines?q=till-2", 10),
        (&lyon, "/api/v1/machines/columns", 10),
        (&root, "/api/v1/tags", 0),
    ] {
        drawn.store(0, Ordering::SeqCst);
        ask(&hub, by, path).await;
        assert_eq!(drawn.load(Ordering::SeqCst), wanted, "{path}");
    }
}

#[tokio::test]
async fn of_incidents_that_are_not_shown_nothing_is_worked_out() {
    let (hub, root) = hub();
    let acme = hub.roll.person("eve@acme.org", &["operator@acme"]);
    let acme = By::Token(hub.roll.token(&acme, "acme", 30).1);
    hub.watch.began.store(5, Ordering::SeqCst);
    for (by, path, shown, drawn) in [
        (&root, "/api/v1/incidents?standing=all", 12, 12),
        (&root, "/api/v1/incidents", 11, 11),
        // One more, to know whether there are more.
        (&root, "/api/v1/incidents?limit=3", 3, 4),
        (&acme, "/api/v1/incidents", 6, 6),
        (&acme, "/api/v1/incidents?client=bron", 0, 0),
        (&root, "/api/v1/incidents?q=rule:nothing", 0, 11),
    ] {
        hub.watch.drawn.store(0, Ordering::SeqCst);
        let answer = ask(&hub, by, path).await;
        let rows = answer["incidents"].as_array().map(Vec::len);
        assert_eq!((rows, hub.watch.drawn.load(Ordering::SeqCst)), (Some(shown), drawn), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_filter_leaves_what_was_asked_for() {
    let (hub, root) = hub();
    for (path, list, key, wanted) in [
        ("/api/v1/machines?q=site:lyon", "machines", "name", 10),
        ("/api/v1/machines?q=-site:lyon+cpu:%3E=80", "machines", "name", 5),
        ("/api/v1/machines?q=till-1+reach:live+seen:%3C1m", "machines", "name", 11),
        ("/api/v1/machines?q=client:bron", "machines", "name", 0),
        ("/api/v1/sites?q=paris+machines:1&limit=4", "sites", "name", 1),
        ("/api/v1/people?q=role:operator+-email:ann*", "people", "email", 2),
        ("/api/v1/people?q=state:active+client:acme", "people", "email", 3),
        ("/api/v1/incidents?standing=all&q=ack:none+severity:crit+client:acme", "incidents", "id", 1),
        ("/api/v1/incidents?standing=all&q=status:res", "incidents", "id", 1),
        ("/api/v1/audit?client=acme&q=what:person.invite", "lines", "seq", 3),
        ("/api/v1/enrolments?q=state:valid+site:lyon", "enrolments", "id", 1),
        ("/api/v1/enrolments?q=-state:valid+role:agent+joined:0&limit=1", "enrolments", "id", 2),
        ("/api/v1/audit?client=acme&q=on:ann@acme.org+age:%3C1h&limit=1", "lines", "seq", 2),
    ] {
        let found = all(&hub, &root, path, list, key).await;
        assert_eq!(found.len(), wanted, "{path}: {found:?}");
    }
}

#[tokio::test]
async fn what_is_no_filter_is_refused_with_its_place_and_what_there_is() {
    let (hub, root) = hub();
    for list in ["machines", "sites", "incidents", "people", "audit", "enrolments"] {
        let answer = hub.ask("GET", &root, &format!("/api/v1/{list}?q=-colour:red"), None).await;
        let said = answer.json();
        assert_eq!((answer.status, &said["code"]), (StatusCode::BAD_REQUEST, &"bad-parameter".into()), "{list}");
        let detail = said["detail"].as_str().expect("a text");
        assert!(
            detail.contains("at character 2 of the filter") && detail.contains("is no field of this list"),
            "{detail}"
        );
        let answer = hub.ask("GET", &root, &format!("/api/v1/{list}?cursor=QUFBQUFBQUE"), None).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{list}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_filter_shows_nobody_what_is_not_theirs() {
    let (hub, _) = hub();
    let boss = hub.roll.person("boss@bron.org", &["admin@bron"]);
    let boss = By::Token(hub.roll.token(&boss, "bron", 30).1);
    for (path, list) in [
        ("/api/v1/machines?q=client:acme", "machines"),
        ("/api/v1/sites?q=lyon", "sites"),
        ("/api/v1/people?q=role:operator", "people"),
        ("/api/v1/incidents?standing=all&q=client:acme", "incidents"),
        ("/api/v1/enrolments?q=client:acme", "enrolments"),
    ] {
        let page = ask(&hub, &boss, path).await;
        assert_eq!((page[list].as_array().map(Vec::len), &page["total"]), (Some(0), &0.into()), "{path}");
    }
}

#[tokio::test]
async fn all_machines_come_at_once_column_by_column_and_of_others_none() {
    let (hub, root) = hub();
    let all = ask(&hub, &root, "/api/v1/machines/columns").await;
    assert_eq!(all["total"], 25);
    for column in ["id", "name", "place", "heard", "cpu", "memory", "waiting", "lost"] {
        assert_eq!(all[column].as_array().map(Vec::len), Some(25), "{column}");
    }
    for column in ["shown", "was", "reach", "reckoned"] {
        assert_eq!(all[column].as_str().map(str::len), Some(25), "{column}");
    }
    let some = ask(&hub, &root, "/api/v1/machines/columns?q=name:till-3").await;
    assert_eq!((&some["name"], &some["cpu"], &some["total"]), (&json!(["till-3"]), &json!([120]), &json!(1)));
    let paris = hub.roll.person("boss@paris.org", &["admin@acme/paris"]);
    let paris = By::Token(hub.roll.token(&paris, "acme/paris", 30).1);
    let own = ask(&hub, &paris, "/api/v1/machines/columns").await;
    assert_eq!((&own["total"], &own["places"]), (&json!(15), &json!([{ "client": "acme", "site": "paris" }])));
    let wrong = hub.ask("GET", &root, "/api/v1/machines/columns?q=colour:red", None).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn tokens_come_the_newest_first_and_of_each_it_is_said_how_many_joined() {
    let (hub, root) = hub();
    let all = ask(&hub, &root, "/api/v1/enrolments").await;
    let of = |key: &str| all["enrolments"].as_array().expect("a list").iter().map(|one| one[key].clone()).collect();
    let ids: Vec<Value> = of("id");
    assert_eq!(ids, ["00000000000000b1", "00000000000000bb", "00000000000000b2"]);
    let joined: Vec<Value> = of("joined_count");
    assert_eq!((joined, &all["total"]), (vec![json!(0), json!(1), json!(0)], &json!(3)));
    let paris = hub.roll.person("op@paris.org", &["operator@acme/paris"]);
    let paris = By::Token(hub.roll.token(&paris, "acme/paris", 30).1);
    let own = ask(&hub, &paris, "/api/v1/enrolments").await;
    assert_eq!((&own["total"], &own["enrolments"]), (&json!(1), &json!([all["enrolments"][0]])));
}

#[tokio::test]
async fn what_columns_say_of_a_machine_is_what_its_row_says() {
    let (hub, root) = hub();
    let columns = ask(&hub, &root, "/api/v1/machines/columns").await;
    let rows = ask(&hub, &root, "/api/v1/machines").await;
    let rows = rows["machines"].as_array().expect("a list");
    let digit =
        |column: &str, at: usize| columns[column].as_str().and_then(|text| text[at..].chars().next()?.to_digit(10));
    let word =
        |words: &str, column: &str, at: usize| columns[words][digit(column, at).expect("a digit") as usize].clone();
    for at in 0..rows.len() {
        let id = columns["id"][at].as_str().expect("a text");
        let row = rows.iter().find(|row| row["id"].as_str().is_some_and(|whole| whole.starts_with(id)));
        let row = row.expect("one of the rows");
        let place = &columns["places"][columns["place"][at].as_u64().expect("a number") as usize];
        assert_eq!((&row["client"], &row["site"]), (&place["client"], &place["site"]));
        assert_eq!(row["name"], columns["name"][at]);
        assert_eq!(row["status"]["shown"], word("shown_words", "shown", at));
        assert_eq!(row["reachability"]["state"], word("reach_words", "reach", at));
        let thousandths = row["cpu"]["value"].as_f64().map(|value| (value * 1_000.0).round());
        assert_eq!(thousandths, columns["cpu"][at].as_f64());
        assert_eq!(row["ledger"]["waiting"]["ticks"], columns["waiting"][at]);
    }
}
