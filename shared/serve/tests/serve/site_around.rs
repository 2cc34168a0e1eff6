//! The relay's own page: the way to the hub step by step, what to do, what is taken away, and a sound for who wants one.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use vigie_model::Severity;
use vigie_model::UtcMs;
use vigie_serve::{Around, AroundAnswer, AroundWhat, Incident, Line, Stamp, Surroundings};

use crate::common::Door;
use crate::common::site::{Book, DECIDES, MOST_BYTES, MOST_REQUESTS, Relay, at, door, incident, on_the_line, usual};

async fn shown(door: &Door, path: &str) -> String {
    let answer = door.get(DECIDES, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.text().to_owned()
}

async fn in_french(door: &Door, path: &str) -> String {
    let cookie = door.sign_in(DECIDES).await;
    door.get_with_cookie(&format!("{cookie}; vigie-look=fr.dark"), path).await.text().to_owned()
}

/// A site whose gateway and servers of names were just asked.
fn around(relay: Relay, gateway: AroundAnswer, names: AroundAnswer) -> Door {
    asked(
        relay,
        vec![
            step(AroundWhat::Gateway, "192.168.1.1", gateway, Some(at(-1))),
            step(AroundWhat::Names, "9.9.9.9", names, None),
        ],
    )
}

fn step(what: AroundWhat, to: &str, answer: AroundAnswer, answered: Option<Stamp>) -> Around {
    Around { what, to: Some(to.to_owned()), asked: at(-1), answer, answered }
}

fn asked(relay: Relay, steps: Vec<Around>) -> Door {
    let told = Surroundings::default();
    told.tell(steps);
    door(Relay { around: Some(Arc::new(told)), ..relay }, Book::of(Vec::new())).0
}

const SILENT: AroundAnswer = AroundAnswer::Silent(Duration::from_secs(2));
const QUICK: AroundAnswer = AroundAnswer::After(Duration::from_micros(1_800));

#[tokio::test]
async fn a_cut_and_a_failure_that_becomes_known_move_nothing_that_stands_below_them() {
    let names = |page: &str| {
        let (facts, _) = page.split_once("</dl>").expect("facts");
        facts.split("<dt>").skip(1).filter_map(|fact| fact.split("</dt>").next()).map(str::to_owned).collect::<Vec<_>>()
    };
    let fresh = {
        let mut relay = Relay::cut_off();
        relay.line = relay.line.map(|line| Line { last_error: None, ..line });
        relay
    };
    let cut = shown(&around(Relay::cut_off(), QUICK, SILENT), "/link").await;
    assert!(cut.contains("<span class=\"slot\">hub.example.org: nothing came back within 10 s</span>"), "{cut}");
    for relay in [Relay::in_reach(), fresh] {
        let page = shown(&around(relay, QUICK, SILENT), "/link").await;
        assert_eq!(names(&page), names(&cut));
        assert!(page.contains("<dt>The last one failed</dt><dd><span class=\"slot\">–</span></dd>"), "{page}");
    }
}

#[tokio::test]
async fn each_step_to_the_hub_says_how_it_is_when_it_was_asked_and_whom_to_call() {
    let page = shown(&around(Relay::cut_off(), QUICK, SILENT), "/link").await;
    let row =
        |name: &str| page.split("<tr class=\"").skip(1).find(|row| row.contains(name)).unwrap_or_default().to_owned();
    let gateway = row("gateway");
    assert!(gateway.starts_with("fine") && gateway.contains("answered in 1.8\u{a0}ms"), "{gateway}");
    assert!(gateway.contains("192.168.1.1") && gateway.contains("<time datetime"), "{gateway}");
    let names = row("Names (DNS)");
    assert!(names.starts_with("critical") && names.contains("no answer within 2000\u{a0}ms"), "{names}");
    assert!(names.contains("not since this relay was started"), "{names}");
    let hub = row("The hub");
    assert!(
        hub.starts_with("critical") && hub.contains("not reached") && hub.contains("hub.example.org:7800"),
        "{hub}"
    );
    assert!(page.contains("the line of this site is probably down. Call the operator"), "{page}");
    for (gateway, names, says) in [
        (SILENT, SILENT, "look at the cable, the switch and the router"),
        (QUICK, QUICK, "look whether UDP to its address passes the firewall"),
        (SILENT, QUICK, "look whether UDP to its address passes the firewall"),
        (AroundAnswer::Nobody, SILENT, "All but the hub are asked when"),
    ] {
        let page = shown(&around(Relay::cut_off(), gateway, names), "/link").await;
        assert!(page.contains(says), "{says}: {page}");
    }
    let refused = || {
        let why = Some("203.0.113.7:7800: the other side refused our certificate: revoked".to_owned());
        let relay = Relay::cut_off();
        Relay { line: relay.line.clone().map(|line| Line { last_error: why.clone(), ..line }), ..relay }
    };
    let page = shown(&around(refused(), QUICK, SILENT), "/link").await;
    assert!(page.contains("the line works. Look at this relay’s certificate"), "whoever refuses was reached: {page}");
    let french = in_french(&around(refused(), QUICK, SILENT), "/link").await;
    assert!(french.contains("l’autre côté a refusé notre certificat\u{a0}: révoqué"), "{french}");
    let french = in_french(&around(Relay::cut_off(), QUICK, SILENT), "/link").await;
    assert!(
        french.contains("a répondu en 1,8\u{a0}ms") && french.contains("Appeler l’opérateur de la ligne"),
        "{french}"
    );
}

#[tokio::test]
async fn who_answers_behind_the_gateway_and_the_hubs_machine_say_whose_the_fault_is_and_their_silence_says_nothing() {
    let far = |names, behind: AroundAnswer, machine: AroundAnswer| {
        asked(
            Relay::cut_off(),
            vec![
                step(AroundWhat::Gateway, "192.168.1.1", QUICK, Some(at(-1))),
                step(AroundWhat::Behind, "100.64.0.1", behind, None),
                step(AroundWhat::Names, "9.9.9.9", names, None),
                step(AroundWhat::HubsMachine, "203.0.113.7", machine, None),
            ],
        )
    };
    for (names, behind, machine, says) in [
        (SILENT, SILENT, SILENT, "the line of this site is probably down"),
        (SILENT, QUICK, SILENT, "The line works as far as its operator"),
        (QUICK, QUICK, SILENT, "Names are answered, the hub is not reached"),
        (SILENT, SILENT, QUICK, "The hub’s machine answers, the hub does not: the line works."),
        (QUICK, SILENT, QUICK, "a firewall keeps UDP to the hub’s address from passing"),
    ] {
        let page = shown(&far(names, behind, machine), "/link").await;
        assert!(page.contains(says), "{says}: {page}");
        assert_eq!(page.matches("<b>The line works as far as").count(), usize::from(says.contains("as far as")));
    }
    let page = shown(&far(SILENT, SILENT, AroundAnswer::Nobody), "/link").await;
    let row = |name: &str| page.split("<tr class=\"").skip(1).find(|row| row.contains(name)).unwrap_or_default();
    let behind = row("Behind the gateway");
    assert!(behind.starts_with("unknown") && behind.contains("no answer: some never give one"), "{behind}");
    assert!(row("The hub’s machine").contains("the hub’s address is not known"), "{page}");
}

#[tokio::test]
async fn what_is_asked_because_somebody_looks_says_at_once_whom_to_call() {
    // A page's time is that of its beginning: what it asks for is answered later.
    let later =
        |what, answer| Around { asked: Stamp(UtcMs(at(0).ms() + 1_900)), ..step(what, "192.168.1.1", answer, None) };
    let steps = vec![later(AroundWhat::Gateway, QUICK), later(AroundWhat::Names, SILENT)];
    let page = shown(&asked(Relay::cut_off(), steps), "/link").await;
    assert!(page.contains("the line of this site is probably down"), "{page}");
}

#[tokio::test]
async fn nobody_is_called_while_the_hub_is_heard() {
    let page = shown(&around(Relay::in_reach(), SILENT, SILENT), "/link").await;
    assert!(page.contains("heard, round trip 48.2\u{a0}ms") && !page.contains("look at the cable"), "{page}");
    let none = shown(&door(Relay::in_reach(), Book::of(Vec::new())).0, "/link").await;
    assert!(!none.contains("id=\"around\""), "a node that asks nothing says nothing of it");
}

#[tokio::test]
async fn a_round_trip_over_a_line_that_brings_nothing_back_is_said_to_be_of_when_the_hub_was_last_heard() {
    let quiet = || {
        let relay = Relay::in_reach();
        Relay { line: relay.line.clone().map(|line| Line { suspect: true, ..line }), ..relay }
    };
    let door = door(quiet(), Book::of(Vec::new())).0;
    for path in ["/", "/link"] {
        let page = shown(&door, path).await;
        assert!(page.contains("48.2\u{a0}ms, last measured at <time"), "{path}: {page}");
        assert!(in_french(&door, path).await.contains("48,2\u{a0}ms, dernière mesure à <time"), "{path}");
    }
    let page = shown(&around(quiet(), SILENT, SILENT), "/link").await;
    assert!(page.contains("nothing comes back") && !page.contains("heard, round trip"), "{page}");
    let heard = shown(&around(Relay::in_reach(), QUICK, QUICK), "/link").await;
    assert!(!heard.contains("last measured"), "{heard}");
}

#[tokio::test]
async fn what_to_do_about_the_line_comes_below_all_tables_so_that_it_moves_none() {
    for relay in [Relay::cut_off(), Relay::in_reach()] {
        let page = shown(&around(relay, QUICK, SILENT), "/link").await;
        let last_table = page.rfind("</table>").expect("the page has tables");
        assert!(page.find("id=\"advice\"").is_some_and(|advice| advice > last_table), "{page}");
        assert!(page.find("Call the operator").is_none_or(|call| call > last_table), "{page}");
    }
}

#[tokio::test]
async fn what_to_do_stands_with_its_alert_in_the_readers_language_and_leads_nowhere_unawares() {
    let with = |annotations: &[(&str, &str)]| {
        let annotations = annotations.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let one = incident(7, "Disk C: is full", Severity::Critical, "compta-2", -60);
        door(Relay::cut_off(), Book::of(vec![Incident { annotations, ..one }])).0
    };
    let path = "/alerts/01JD0000000000000000000007";
    let both = with(&[
        ("summary", "Disk C: is full"),
        ("summary_fr", "Le disque C: est plein"),
        ("runbook", "Empty C:\\Temp <first>."),
        ("runbook_fr", "Vider C:\\Temp d’abord."),
        ("runbook_url", "https://wiki.example.org/disk"),
    ]);
    let page = shown(&both, path).await;
    assert!(page.contains("<blockquote>Empty C:\\Temp &lt;first&gt;.</blockquote>"), "{page}");
    assert!(
        page.contains("rel=\"noreferrer\" href=\"https://wiki.example.org/disk\">Read it at <bdi>wiki.example.org")
    );
    assert!(page.contains("what stands outside of this site may be, too"), "the line is cut: {page}");
    assert!(!page.contains("<b><bdi>runbook"), "it is told once: {page}");
    assert!(shown(&both, "/").await.contains(&format!("<a href=\"{path}#todo\">What to do</a>")));
    for path in ["/", path] {
        let french = in_french(&both, path).await;
        assert!(french.contains("Le disque C: est plein") && !french.contains("Disk C: is full"), "{french}");
    }
    assert!(in_french(&both, path).await.contains("Vider C:\\Temp d’abord."));
    let hostile = shown(&with(&[("runbook_url", "javascript:alert(1)")]), path).await;
    assert!(!hostile.contains("\"javascript:") && !hostile.contains("id=\"todo\""), "{hostile}");
    assert!(hostile.contains("javascript:alert(1)"), "what leads nowhere is told as the text that it is: {hostile}");
    let none = with(&[]);
    assert!(!shown(&none, path).await.contains("What to do") && !shown(&none, "/").await.contains("#todo"));
}

#[tokio::test]
async fn what_is_offered_to_take_away_is_there_and_a_file_says_of_where_it_is() {
    let door = door(Relay::cut_off(), Book::of(usual())).0;
    let page = shown(&door, "/link").await;
    let links: Vec<(String, String)> = page
        .split("<li><a href=\"")
        .filter_map(|rest| {
            let (href, rest) = rest.split_once("\" download=\"")?;
            Some((href.replace("&amp;", "&"), rest.split_once('"')?.0.to_owned()))
        })
        .collect();
    assert_eq!(links.len(), 5, "{page}");
    let cookie = door.sign_in(DECIDES).await;
    for (href, file) in links {
        let answer = door.get_with_cookie(&cookie, &href).await;
        assert_eq!(answer.status, StatusCode::OK, "{href}: {}", answer.text());
        assert!(file.starts_with("acme-lyon-20"), "{file}");
        let expected = match file.rsplit_once('-').map_or("", |(_, end)| end) {
            "hub.vigie" => "\u{7}\u{7}\u{7}",
            "alerts.json" => "DiskNearlyFull",
            _ => "compta-2",
        };
        assert!(answer.text().contains(expected), "{href}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_file_that_does_not_hold_all_alerts_says_of_how_many_it_holds_the_latest() {
    let many =
        |alerts| (1..=alerts).map(|n| incident(n, "Disk C: is full", Severity::Warning, "compta-2", -90)).collect();
    let all = door(Relay::cut_off(), Book::of(many(1_000))).0;
    assert!(!shown(&all, "/link").await.contains("next_cursor"), "a file that holds all of them says nothing");
    let more = door(Relay::cut_off(), Book::of(many(1_234))).0;
    let page = shown(&more, "/link").await;
    assert!(page.contains("Only the latest 1,000 of 1,234 are in this file"), "{page}");
    assert_eq!(page.matches("next_cursor").count(), 1, "the machines are all there");
    assert!(in_french(&more, "/link").await.contains("Seules les 1\u{202f}000 dernières sur 1\u{202f}234"));
    // What it says of the file is so.
    let cookie = more.sign_in(DECIDES).await;
    let file = more.get_with_cookie(&cookie, "/api/v1/incidents?standing=all&limit=1000").await.json();
    assert_eq!((file["incidents"].as_array().map(Vec::len), &file["total"]), (Some(1_000), &serde_json::json!(1_234)));
    assert!(file["next_cursor"].is_string(), "it says how to go on");
}

#[tokio::test]
async fn each_page_has_one_heading_of_the_first_rank() {
    let door = door(Relay::cut_off(), Book::of(usual())).0;
    let machine = shown(&door, "/machines").await;
    let machine = machine.split("href=\"/machines/").nth(1).and_then(|rest| rest.split_once('"')).expect("a machine").0;
    let machine = format!("/machines/{machine}");
    for path in [
        "/",
        "/?wall=1",
        "/?sound=1",
        "/machines",
        "/link",
        "/maintenance",
        "/alerts/01JD0000000000000000000001",
        &machine,
    ] {
        let page = shown(&door, path).await;
        assert_eq!(page.matches("<h1").count(), 1, "{path}: {page}");
    }
}

#[tokio::test]
async fn a_sound_is_a_page_of_its_own_that_is_not_loaded_anew_and_the_others_have_no_script() {
    let door = door(Relay::cut_off(), Book::of(usual())).0;
    for path in ["/", "/?wall=1", "/machines", "/link"] {
        assert!(!shown(&door, path).await.contains("<script"), "{path}");
    }
    let page = shown(&door, "/?sound=1").await;
    assert!(page.contains("<script src=\"/local.js\" defer>") && !page.contains("http-equiv=\"refresh\""), "{page}");
    assert!(page.contains("hidden data-on=\"Turn the sound off\" data-off=\"Turn the sound on\""), "{page}");
    assert!(page.contains("<noscript><p>A sound needs JavaScript"), "{page}");
    let cookie = door.sign_in(DECIDES).await;
    let (bytes, requests) = on_the_line(&door, &cookie, "/?sound=1").await;
    assert!(bytes <= MOST_BYTES && requests <= MOST_REQUESTS, "{bytes} bytes in {requests} requests");
    assert!(in_french(&door, "/?sound=1").await.contains("Activer le son"));
}

#[tokio::test]
async fn the_page_of_the_link_says_how_the_relay_itself_is_also_while_the_line_is_cut() {
    let door = door(Relay::cut_off(), Book::of(usual())).0;
    let page = shown(&door, "/link").await;
    for said in ["This relay", "3\u{a0}d", "31.7\u{a0}MB", "valid until", "7\u{a0}min ahead of the hub"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let french = in_french(&door, "/link").await;
    assert!(french.contains("Ce relais") && french.contains("7\u{a0}min d’avance"), "{french}");
    let cookie = door.sign_in(DECIDES).await;
    let (bytes, requests) = on_the_line(&door, &cookie, "/link").await;
    assert!(bytes <= MOST_BYTES && requests <= MOST_REQUESTS, "{bytes} bytes in {requests} requests");
}
