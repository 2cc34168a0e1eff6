//! A relay notes how its line was: it is drawn there while the line is cut, and is at the hub afterwards.

use std::time::{SystemTime, UNIX_EPOCH};

use vigie_trial::{Door, Mesh, eventually};

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64
}

/// The least share of any stretch of the last minutes in which the hub was heard.
fn least_up(door: &Door) -> Option<f64> {
    let answer = door.query("min_over_time(vigie_relay_link_up_ratio{relay=\"relay-1\"}[5m])", now_ms())?;
    answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
}

#[test]
fn how_the_line_was_is_drawn_on_site_while_it_is_cut_and_known_at_the_hub_afterwards_through_deaths_of_both() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let mut relay = mesh.relay("lyon", "relay-1", wan.udp);
    let hub = mesh.door();
    eventually("the hub knows how the line was", || least_up(&hub).is_some_and(|up| up > 0.0));
    let room = hub.query("vigie_relay_store_limit_bytes{site=\"lyon\"} > 0", now_ms()).expect("an answer");
    assert_eq!(room["data"]["result"][0]["metric"]["relay"], "relay-1", "{room}");

    // The first is noted some seconds after a start: whoever starts while the line is cut notes that.
    wan.tell(r#"{"do":"cut"}"#);
    relay.program.kill();
    relay.program.again();
    let here = relay.door();
    eventually("the relay notes that it is cut off", || least_up(&here) == Some(0.0));
    let page = here.get("/link").expect("a page").text();
    for said in ["The line within the last 24 hours", "Round trip to the hub (ms)", "Time in which the hub was heard"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(least_up(&hub).is_some_and(|up| up > 0.0), "the line is cut");

    wan.tell(r#"{"do":"heal"}"#);
    eventually("the hub knows that it was cut", || least_up(&hub) == Some(0.0));
    // Nothing new has to come for that.
    wan.tell(r#"{"do":"cut"}"#);
    mesh.hub.kill();
    mesh.hub.again();
    let hub = mesh.door();
    eventually("the hub knows it still", || least_up(&hub) == Some(0.0));
}
