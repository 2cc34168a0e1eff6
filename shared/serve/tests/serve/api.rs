//! What do programs get from `/api/v1`?

use crate::common::{ALL, Door, NOW_MS, Node, asking, id_of, labels, machine};
use axum::body::Body;
use axum::http::StatusCode;
use serde_json::json;
use vigie_model::{GapReason, Incarnation, NodeId, Seq, StreamId};
use vigie_query::InMemory;
use vigie_serve::{Amount, GivenUp, Health, Hole, HoleKind, LedgerSummary, Options, StreamLedger};

#[tokio::test]
async fn a_machine_is_told_with_the_origin_of_each_fact() {
    let id = id_of("compta");
    let answer = Door::new().get(ALL, &format!("/api/v1/machines/{id}")).await;
    assert_eq!(answer.header("vigie-now"), "2026-11-21T11:02:10.000Z");
    let origin = json!({
        "observed_at": "2026-11-21T11:02:07.000Z",
        "learnt_at": "2026-11-21T11:02:07.250Z",
        "path": ["agent", "relay:r1", "hub"],
        "verified": true,
    });
    let mut cpu = origin.clone();
    cpu["value"] = json!(0.214);
    let amount = json!({"ticks": 0, "samples": null, "estimated": false});
    let wanted = json!({
        "id": id.to_string(), "name": "compta", "client": "acme", "site": "lyon",
        "health": "unknown",
        "reachability": {"state": "live", "since": "2026-11-21T11:02:07.000Z"},
        "status": {"shown": "heard", "was": "unknown"},
        "interval_ms": 10_000, "last_sample": origin, "cpu": cpu, "memory": null, "clock": null, "drain": null,
        "ledger": {"collected": amount, "at_relay": null, "at_hub": null, "waiting": amount, "given_up": [],
                   "duplicates": 0, "expired": null, "folded": null, "thinned": null},
        "groups": [], "tags": [],
        "facts": {"system": null, "disks": null, "nics": null, "agent": {
            "value": {"version": "0.1.0", "began": "2026-11-21T11:02:01.000Z"},
            "observed_at": "2026-11-21T11:02:01.000Z", "learnt_at": "2026-11-21T11:02:02.000Z"}},
    });
    assert_eq!(answer.json(), wanted);
}

#[tokio::test]
async fn a_ledger_says_what_is_missing_and_why() {
    let id = id_of("compta");
    let answer = Door::new().get(ALL, &format!("/api/v1/machines/{id}/ledger")).await.json();
    assert_eq!(answer["machine"], id.to_string());
    assert_eq!(answer["total"]["collected"], json!({"ticks": 7, "samples": 70, "estimated": false}));
    let stream = StreamId { agent: id, incarnation: Incarnation(1) };
    let given_up = vec![GivenUp { reason: GapReason::StoreLost, ticks: 2, samples: None }];
    let summary = LedgerSummary { given_up, ..LedgerSummary::default() };
    let told =
        serde_json::to_value(StreamLedger { stream, last_seq: 9, folded_by: Vec::new(), summary }).expect("JSON");
    assert_eq!(told["stream"], stream.to_string());
    assert_eq!(told["given_up"][0], json!({"reason": "store_lost", "ticks": 2, "samples": null}));
    let hole = Hole {
        stream,
        kind: HoleKind::Waiting,
        reason: None,
        first: Some(Seq(3)),
        last: None,
        amount: Amount::estimated(2, None),
        from: None,
        until: None,
    };
    let told = serde_json::to_value(hole).expect("JSON");
    assert_eq!(
        (&told["kind"], &told["first"], &told["amount"]["estimated"]),
        (&json!("waiting"), &json!(3), &json!(true))
    );
}

#[tokio::test]
async fn machines_come_in_pages_that_miss_nothing() {
    let mut machines: Vec<_> = (0..25).map(|n| machine(&format!("m{n}"), "acme", "lyon")).collect();
    machines[7].health = Health::Critical;
    let door = Door::of(Node { machines, ..Node::new() }, Options::default());
    let (mut seen, mut cursor) = (Vec::<String>::new(), String::new());
    loop {
        let page = door.get(ALL, &format!("/api/v1/machines?limit=10&cursor={cursor}")).await.json();
        assert_eq!(page["total"], 25);
        let machines = page["machines"].as_array().expect("a list");
        seen.extend(machines.iter().map(|machine| machine["name"].as_str().expect("a name").to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = next.to_owned();
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 25);
    let urgent = door.get(ALL, "/api/v1/machines?limit=1&sort=attention").await.json();
    assert_eq!((&urgent["machines"][0]["name"], &urgent["next_cursor"]), (&json!("m7"), &json!(null)));
    let found = door.get(ALL, "/api/v1/machines?search=M24").await.json();
    assert_eq!((&found["total"], &found["machines"][0]["name"]), (&json!(1), &json!("m24")));
}

#[tokio::test]
async fn a_parameter_that_can_not_be_used_is_a_problem_with_a_next_step() {
    let door = Door::new();
    for path in [
        "/api/v1/machines?limit=0",
        "/api/v1/machines?limit=x",
        "/api/v1/machines?cursor=x",
        "/api/v1/machines?sort=x",
        "/api/v1/export",
        "/api/v1/export?match[]=rate(up)",
        "/api/v1/export?match[]=up&start=soon",
        "/api/v1/export?match[]=up&format=xlsx",
    ] {
        let answer = door.get(ALL, path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        let problem = answer.json();
        assert_eq!((&problem["code"], &problem["status"]), (&json!("bad-parameter"), &json!(400)), "{path}");
        assert!(["type", "title", "detail", "next"].iter().all(|key| problem[key].is_string()), "{path}");
    }
    for id in ["x", &"0".repeat(32)] {
        let answer = door.get(ALL, &format!("/api/v1/machines/{id}")).await;
        assert_eq!((answer.status, &answer.json()["code"]), (StatusCode::NOT_FOUND, &json!("not-found")));
    }
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let door = Door::new();
    for path in ["/api/v1/machines", "/api/v1/sites", "/"] {
        let first = door.get(ALL, path).await;
        let again = asking(ALL, path).header("if-none-match", first.header("etag")).body(Body::empty());
        let again = door.send(again.expect("a request")).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
    }
    door.node.later(1000);
    let again = asking(ALL, "/api/v1/machines").header("if-none-match", "W/\"other\"").body(Body::empty());
    assert_eq!(door.send(again.expect("a request")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_export_reads_back_as_what_was_measured() {
    let mut source = InMemory::default();
    let compta = machine("compta", "acme", "lyon");
    let values = [0.1, -0.0, 1e300, 5e-324, 1.0 / 3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX];
    source.add(labels("odd", &compta), values.iter().enumerate().map(|(n, value)| (NOW_MS + n as i64, *value)));
    source.add(labels("long", &compta), (0..20_000).map(|n| (n, n as f64 * 0.001)));
    let door = Door::of(Node { source: Box::new(source), ..Node::new() }, Options::default());

    let answer = door.get(ALL, "/api/v1/export?match[]=odd&match[]=%7Bmachine=%22compta%22%7D").await;
    assert_eq!(answer.header("content-type"), "application/stream+json");
    let lines: Vec<serde_json::Value> =
        answer.text().lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    assert_eq!(lines.len(), 4, "one line of odd, once although two selectors fit, and three of long");

    assert_eq!(lines[0]["metric"]["__name__"], "odd");
    assert_eq!(lines[0]["timestamps"][1], NOW_MS + 1);
    let raw = answer.text().lines().next().expect("a line").split("\"values\":[").nth(1).expect("values");
    for (text, value) in raw.split(']').next().expect("a list").split(',').zip(values) {
        match text {
            "null" => assert!(value.is_nan()),
            "\"Infinity\"" => assert_eq!(value, f64::INFINITY),
            "\"-Infinity\"" => assert_eq!(value, f64::NEG_INFINITY),
            number => assert_eq!(number.parse::<f64>().expect("a number").to_bits(), value.to_bits()),
        }
    }
    let long = || lines.iter().filter(|line| line["metric"]["__name__"] == "long");
    let times: Vec<_> = long().flat_map(|line| line["timestamps"].as_array().expect("a list").clone()).collect();
    assert!(times.len() == 20_000 && times.iter().enumerate().all(|(n, at)| *at == n));

    let part = door.get(ALL, "/api/v1/export?match[]=long&start=1&end=2").await.text().to_owned();
    assert!(part.contains("\"timestamps\":[1000,") && part.ends_with(",2000]}\n"));
}

#[tokio::test]
async fn an_export_leaves_as_a_table_for_people() {
    let mut source = InMemory::default();
    let compta = machine("compta", "acme", "lyon");
    source.add(labels("up", &compta), [(NOW_MS, 0.1), (NOW_MS + 1, f64::NAN), (NOW_MS + 2, f64::INFINITY)]);
    let extra = [("__name__", "odd"), ("client", "acme"), ("formula", "=1+1"), ("text", "a,\"b\"")];
    source.add(vigie_serve::LabelSet::new(extra), [(NOW_MS, 1.0)]);
    let door = Door::of(Node { source: Box::new(source), ..Node::new() }, Options::default());
    let id = id_of("compta");
    let wanted = format!(
        "time,__name__,client,formula,machine,machine_id,site,text,value\r\n\
         2026-11-21T11:02:10.000Z,up,acme,,compta,{id},lyon,,0.1\r\n\
         2026-11-21T11:02:10.001Z,up,acme,,compta,{id},lyon,,NaN\r\n\
         2026-11-21T11:02:10.002Z,up,acme,,compta,{id},lyon,,+Inf\r\n\
         2026-11-21T11:02:10.000Z,odd,acme,'=1+1,,,,\"a,\"\"b\"\"\",1\r\n"
    );
    let path = "/api/v1/export?match[]=up&match[]=%7Bclient=%22acme%22%7D";
    let by_name = door.get(ALL, &format!("{path}&format=csv")).await;
    assert_eq!((by_name.header("content-type"), by_name.text()), ("text/csv; charset=utf-8; header=present", &*wanted));
    let liked = asking(ALL, path).header("accept", "text/csv").body(Body::empty()).expect("a request");
    assert_eq!(door.send(liked).await.text(), wanted);
    let browser = asking(ALL, path).header("accept", "text/html,*/*;q=0.8").body(Body::empty()).expect("a request");
    assert_eq!(door.send(browser).await.header("content-type"), "application/stream+json", "as ever");
}

#[tokio::test]
async fn an_export_leaves_as_a_data_frame_with_every_bit() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    let mut source = InMemory::default();
    let compta = machine("compta", "acme", "lyon");
    let stale = f64::from_bits(0x7ff0_0000_0000_0002);
    let values = [0.1, -0.0, 5e-324, f64::from_bits(0x7ff8_0000_0000_0001), stale, f64::NEG_INFINITY];
    source.add(labels("odd", &compta), values.iter().enumerate().map(|(n, value)| (NOW_MS + n as i64, *value)));
    source.add(labels("long", &compta), (0..200_000).map(|n| (n, n as f64)));
    let door = Door::of(Node { source: Box::new(source), ..Node::new() }, Options::default());
    let answer = door.get(ALL, "/api/v1/export?match[]=odd&match[]=long&format=parquet").await;
    assert_eq!(answer.header("content-type"), "application/vnd.apache.parquet");
    let file = SerializedFileReader::new(bytes::Bytes::from(answer.body)).expect("a whole file");
    let rows: Vec<_> = file.get_row_iter(None).expect("rows").map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 200_006);
    for (row, value) in rows.iter().zip(values) {
        assert_eq!(row.get_string(0).expect("a name"), "odd");
        assert!(row.get_string(1).expect("labels").contains("\"machine\":\"compta\""));
        assert_eq!(row.get_double(3).expect("a value").to_bits(), value.to_bits());
    }
}

#[tokio::test]
async fn own_metrics_are_told_in_prometheus_form() {
    let door = Door::new();
    door.get(ALL, "/api/v1/machines").await;
    let answer = door.get(ALL, "/metrics").await;
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    assert!(answer.text().contains("\nvigie_hub_streams 2\n"));
    let counted = "vigie_http_requests_total{route=\"/api/v1/machines\",status=\"200\"} 1\n";
    assert!(answer.text().contains(counted), "{}", answer.text());
}

#[tokio::test]
async fn hostile_names_stay_texts() {
    let name = "<img src=x onerror=alert(1)>\u{202e}\"\n";
    let door = Door::of(Node { machines: vec![machine(name, "acme", "lyon")], ..Node::new() }, Options::default());
    let answer = door.get(ALL, "/api/v1/machines").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json()["machines"][0]["name"], name);
    let _: NodeId = answer.json()["machines"][0]["id"].as_str().expect("an id").parse().expect("an id");
}
