//! The relay's own page: is it true, small, safe, and does it work without a script?

use crate::common::site::{
    Book, CUT_MS, DECIDES, MOST_BYTES, MOST_REQUESTS, Relay, at, cut, door, incident, on_the_line, usual, word,
};
use crate::common::{ACME, ALL, Answer, Door, id_of, slug};
use axum::http::StatusCode;
use vigie_model::Severity;
use vigie_serve::{Cut, Decision, Incident, IncidentState, NotReady, Reached, Stamp, Undecided};

const OURS: &[(&str, &str)] = &[("sec-fetch-site", "same-origin")];

fn site(incidents: Vec<Incident>) -> Door {
    door(Relay::cut_off(), Book::of(incidents)).0
}

async fn shown(door: &Door, path: &str) -> String {
    let answer = door.get(DECIDES, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.text().to_owned()
}

async fn in_french(door: &Door, path: &str) -> String {
    let cookie = door.sign_in(DECIDES).await;
    door.get_with_cookie(&format!("{cookie}; vigie-look=fr.dark"), path).await.text().to_owned()
}

#[tokio::test]
async fn the_first_thing_said_is_whether_the_hub_is_in_reach_and_what_waits() {
    let page = shown(&site(usual()), "/").await;
    assert!(page.contains("The hub is out of reach"), "{page}");
    assert!(page.contains("Waiting for the hub, counted here: 43,210 readings and 2 alerts with news."), "{page}");
    let since = Stamp(vigie_model::UtcMs(CUT_MS)).to_string().replace(".000Z", "Z");
    assert!(page.contains(&format!("Since <time datetime=\"{since}\">")), "{page}");
    assert!(page.contains("reaches the hub when the line is back"));

    let mut nothing_waits = usual();
    nothing_waits.iter_mut().for_each(|incident| incident.reached = Reached::Everywhere);
    let page = shown(&door(Relay::in_reach(), Book::of(nothing_waits)).0, "/").await;
    assert!(page.contains("The hub is in reach") && page.contains("Everything that is known here has reached it."));
}

#[tokio::test]
async fn a_link_that_only_seems_to_stand_is_not_green() {
    let mut relay = Relay::in_reach();
    relay.line = relay.line.map(|line| vigie_serve::Line { suspect: true, ..line });
    let door = door(relay, Book::of(usual())).0;
    for path in ["/", "/link"] {
        let page = shown(&door, path).await;
        assert!(page.contains("Nothing comes back from the hub") && page.contains("Last heard at <time"), "{page}");
        assert!(!page.contains("The hub is in reach") && !page.contains("<div class=\"fine\">"), "{page}");
    }
    let page = shown(&door, &format!("{}?done=acknowledge", alert(1))).await;
    assert!(page.contains("The hub does not know yet"), "{page}");
}

#[tokio::test]
async fn an_alert_says_who_has_it_where_and_how_far_that_has_come() {
    let page = shown(&site(usual()), "/").await;
    let row = page.split("<li class=\"").find(|row| row.contains("Disk C: of compta-2")).expect("the alert");
    let row = row.to_owned();
    assert!(page.contains("<bdi>Marc Petit</bdi> has it, said at <bdi>relay-1</bdi>"));
    assert!(page.contains("<bdi>Sophie Bernard</bdi> has it, said at <bdi>hub</bdi>"), "both are shown");
    assert!(page.contains("Known at this site, not yet at the hub"));
    assert!(page.contains("Two versions") && page.contains("Not verified: the machine does not answer"));
    assert!(row.starts_with("critical\""), "{row}");
}

#[tokio::test]
async fn what_needs_a_person_stands_first_and_what_is_over_is_a_digest() {
    let page = shown(&site(usual()), "/").await;
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    assert!(place("caisse-1 does not answer") < place("Disk C: of compta-2"), "contradicted before taken");
    assert!(place("Disk C: of compta-2") < place("id=\"ended\""));
    assert!(place("id=\"ended\"") < place("CPU of srv-fichiers was busy"));
    assert!(page.contains("began and ended while the hub was out of reach"));
}

#[tokio::test]
async fn what_happened_while_the_line_was_cut_is_counted_and_of_another_site_nothing() {
    let elsewhere = Cut { client: slug("bron"), began: 77, ..cut(9, -3_000, -2_000) };
    let known_by = ["Ann", "Marc Petit", "Sophie", "Zoé"].map(str::to_owned).to_vec();
    let last = Cut { known_by, ..cut(1, -7_200, -3_600) };
    let door = door(Relay::in_reach(), Book { cuts: vec![elsewhere, last], ..Book::of(Vec::new()) }).0;
    let page = shown(&door, "/").await;
    let part = page.split("<section").find(|part| part.contains("id=\"cut\"")).expect("a part of it");
    assert!(part.contains("While the line to the hub was cut") && part.contains("(1\u{a0}h)"), "{part}");
    let said =
        "Began: 3, of which still open: 1. Ended: 2. Acknowledged by <bdi>Ann</bdi>, <bdi>Marc Petit</bdi> and 2 more.";
    assert!(part.contains(said) && !page.contains("Began: 77"), "{part}");
    let french = in_french(&door, "/").await;
    assert!(french.contains("Commencées\u{a0}: 3, dont encore ouvertes\u{a0}: 1. Terminées\u{a0}: 2."), "{french}");
}

#[tokio::test]
async fn of_a_line_that_was_not_cut_no_cut_is_told_and_of_a_quiet_one_that_nothing_happened() {
    assert!(!shown(&site(usual()), "/").await.contains("id=\"cut\""));
    let quiet = Cut { began: 0, ended: 0, open: 0, known_by: Vec::new(), ..cut(2, -80_000, -79_000) };
    let door = door(Relay::in_reach(), Book { cuts: vec![quiet], ..Book::of(Vec::new()) }).0;
    assert!(shown(&door, "/").await.contains("Nothing began or ended here.</span>"));
}

#[tokio::test]
async fn no_machine_is_green_that_is_not_heard() {
    let page = shown(&site(usual()), "/machines").await;
    for row in page.split("<tr class=\"").skip(1) {
        let green = row.starts_with("fine");
        assert_eq!(green, row.contains("srv-fichiers"), "{row}");
    }
    assert!(page.contains("was OK"), "{page}");
    assert!(page.contains(">Does not answer <small>21\u{a0}min ago"), "{page}");
}

#[tokio::test]
async fn a_machine_that_no_rule_judges_is_not_green_and_takes_the_worst_of_its_alerts() {
    let mut relay = Relay::in_reach();
    relay.node.machines.iter_mut().for_each(|machine| machine.health = vigie_serve::Health::Unknown);
    let page = shown(&door(relay, Book::of(usual())).0, "/machines").await;
    assert!(!page.contains("<tr class=\"fine\"") && page.contains("<tr class=\"heard\""), "{page}");
    let row = page.split("<tr class=\"").find(|row| row.contains("compta-2")).expect("the machine");
    assert!(row.starts_with("critical\""), "{row}");
}

#[tokio::test]
async fn readings_that_are_always_under_way_worry_nobody_and_a_backlog_is_seen() {
    for (ticks, class) in [(72, "<div class=\"fine\">"), (73, "<div class=\"late\">")] {
        let mut relay = Relay::in_reach();
        relay.up = relay.up.map(|up| vigie_serve::Upward { waiting: vigie_serve::Amount::known(ticks, None), ..up });
        let page = shown(&door(relay, Book::of(Vec::new())).0, "/").await;
        assert!(page.contains(class) && page.contains(&format!("{ticks} readings")), "{page}");
    }
}

#[tokio::test]
async fn two_hundred_alerts_with_hostile_names_stay_below_thirty_kilobytes_a_page() {
    // Each text is another one, so that packing them helps as little as it can.
    let hostile = |n: u32| format!("<script>\"&'</script>{}", blake3::hash(&n.to_le_bytes()).to_hex().repeat(40));
    let said = |n: u32| word(&hostile(n), &hostile(n + 1), -60, &hostile(n + 2));
    let many = (0..200).map(|n| Incident {
        acknowledgements: vec![said(n * 100), said(n * 100 + 10)],
        assignments: vec![said(n * 100 + 20)],
        snoozed_until: Some(at(60)),
        muted_by: vec!["x".to_owned()],
        contradicted: n % 3 == 0,
        standing: if n < 100 { IncidentState::Firing } else { IncidentState::Resolved },
        ended: (n >= 100).then(|| at(-30)),
        closings: vec![said(n * 100 + 30)],
        reached: Reached::Queued,
        ..incident(n, &hostile(n * 100 + 40), Severity::Critical, &hostile(n * 100 + 50), -60)
    });
    let mut relay = Relay::cut_off();
    let one = relay.node.machines[0].clone();
    relay.node.machines = (0..200)
        .map(|n| vigie_serve::Machine { id: id_of(&n.to_string()), name: hostile(n + 50_000), ..one.clone() })
        .collect();
    let known_by = (0..40).map(|n| hostile(n + 60_000)).collect();
    let cuts = vec![Cut { known_by, began: u32::MAX, ended: u32::MAX, open: u32::MAX, ..cut(1, -900_000, -800_000) }];
    let door = door(relay, Book { cuts, ..Book::of(many.collect()) }).0;
    let cookie = door.sign_in(DECIDES).await;
    for path in ["/", "/?page=2", "/?page=999", "/machines", "/machines?page=4", "/link"] {
        for look in ["en.light", "fr.dark"] {
            let (bytes, requests) = on_the_line(&door, &format!("{cookie}; vigie-look={look}"), path).await;
            assert!(bytes <= MOST_BYTES && requests <= MOST_REQUESTS, "{path} {look}: {bytes} in {requests} requests");
        }
        assert!(!shown(&door, path).await.contains("<script"), "{path}");
    }
}

#[tokio::test]
async fn a_list_that_goes_on_says_how_much_of_it_is_not_here() {
    let many = (0..120).map(|n| incident(n, &format!("Alert {n}"), Severity::Critical, "compta-2", -i64::from(n)));
    let door = site(many.collect());
    let page = shown(&door, "/?page=2").await;
    assert!(page.contains("Page 2 of 5: 26 to 50 of 120"), "{page}");
    assert!(
        page.contains("href=\"/?page=1\">Previous: 25 before</a>") && page.contains(">Next: 70 more</a>"),
        "{page}"
    );
    assert!(in_french(&door, "/?page=5").await.contains("Page 5 sur 5\u{a0}: 101 à 120 sur 120"));
    let page = shown(&door, &format!("/machines/{}", id_of("compta-2"))).await;
    assert!(page.contains("And 95 more."), "{page}");
}

#[tokio::test]
async fn an_alert_that_nobody_has_is_taken_from_the_list_itself() {
    let (door, book) = door(Relay::cut_off(), Book::of(usual()));
    let page = shown(&door, "/").await;
    let rows: Vec<&str> = page.split("<ul class=\"alerts\">").nth(1).expect("a list").split("<h3>").collect();
    let takes = |text: &str| {
        let row = rows.iter().find(|row| row.contains(text)).unwrap_or_else(|| panic!("{text}: {page}"));
        row.contains("/acknowledge\"><button")
    };
    assert!(takes("caisse-1 does not answer") && !takes("Disk C: of compta-2"), "somebody has that one: {page}");
    assert!(!door.get(ACME, "/").await.text().contains("/acknowledge"), "who may only look takes nothing");
    let answer = post(&door, DECIDES, "acknowledge", "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(book.decided.lock().expect("a list").len(), 1);
}

#[tokio::test]
async fn a_page_of_one_alert_or_machine_stays_light_too() {
    let door = site(usual());
    let cookie = format!("{}; vigie-look=fr.dark", door.sign_in(DECIDES).await);
    let machine = format!("/machines/{}", id_of("compta-2"));
    for path in [&alert(1), &alert(2), &machine, &format!("{machine}?range=1h"), &format!("{machine}?range=24h")] {
        let (bytes, requests) = on_the_line(&door, &cookie, path).await;
        assert!(bytes <= MOST_BYTES && requests <= MOST_REQUESTS, "{path}: {bytes} in {requests} requests");
    }
}

#[tokio::test]
async fn no_text_of_a_machine_or_a_person_is_ever_markup() {
    let hostile = "\"><img src=x onerror=alert(1)>\u{202e}";
    let it = Incident {
        comments: vec![word(hostile, hostile, -30, hostile)],
        acknowledgements: vec![word(hostile, hostile, -40, hostile)],
        closings: vec![word(hostile, hostile, -20, hostile)],
        contradicted: true,
        rule: hostile.to_owned(),
        labels: [(hostile.to_owned(), hostile.to_owned())].into(),
        annotations: [(hostile.to_owned(), hostile.to_owned())].into(),
        ..incident(7, hostile, Severity::Warning, hostile, -60)
    };
    let mut relay = Relay::cut_off();
    relay.node.machines[0].name = hostile.to_owned();
    relay.node.ready = Err(NotReady { reasons: vec![hostile.to_owned()] });
    let door = door(relay, Book::of(vec![it])).0;
    for path in ["/".to_owned(), alert(7), "/machines".to_owned(), format!("/machines/{}", id_of("compta-2"))] {
        let page = shown(&door, &path).await;
        assert!(!page.contains("<img src=x") && !page.contains('\u{202e}'), "{path}: {page}");
        assert!(page.contains("&quot;&gt;&lt;img"), "{path}");
        assert!(!page.contains("<script") && !page.contains(" style="), "{path}");
    }
    // What comes back from the reader himself is no markup either.
    let page = door.post("/sign-in", OURS, "name=%22%3E%3Cimg+src%3Dx%3E&passphrase=x").await;
    assert!(!page.text().contains("<img src=x"), "{}", page.text());
}

#[tokio::test]
async fn a_form_decides_in_the_name_of_who_is_signed_in_and_leads_to_what_came_of_it() {
    for (form, body, expected) in [
        ("acknowledge", "text=+I+know+", Decision::Acknowledge("I know".to_owned())),
        ("unacknowledge", "", Decision::Unacknowledge),
        ("comment", "text=a%0D%0Ab", Decision::Comment("a\r\nb".to_owned())),
        ("assign", "text=Sophie", Decision::Assign("Sophie".to_owned())),
        ("assign", "text=&me=1", Decision::Assign("Marc Petit".to_owned())),
        ("snooze", "minutes=60", Decision::Snooze(at(3_600))),
        ("wake", "", Decision::Wake),
        ("resolve", "text=gone", Decision::Resolve("gone".to_owned())),
    ] {
        let (door, book) = door(Relay::cut_off(), Book::of(usual()));
        let answer = post(&door, DECIDES, form, body).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{form}: {}", answer.text());
        let to = answer.header("location").to_owned();
        assert_eq!(to, format!("{}?done={form}", alert(1)));
        let decided = book.decided.lock().expect("a list").clone();
        assert_eq!(decided, [(id(1), expected, "Marc Petit".to_owned())]);
        let page = shown(&door, &to).await;
        assert!(page.contains("role=\"status\"") && page.contains("The hub does not know yet"), "{form}");
    }
}

#[tokio::test]
async fn a_decision_that_was_not_taken_says_why_and_keeps_what_was_typed() {
    let refusing = |why: Undecided| door(Relay::cut_off(), Book { refuses: Some(why), ..Book::of(usual()) }).0;
    let typed = "text=Half+a+page+of+thoughts";
    for (why, status, said) in [
        (Undecided::Changed, StatusCode::CONFLICT, "somebody changed it meanwhile"),
        (Undecided::NotKept("no room".to_owned()), StatusCode::SERVICE_UNAVAILABLE, "can not keep it now"),
        (Undecided::Senseless("too long".to_owned()), StatusCode::UNPROCESSABLE_ENTITY, "too long"),
    ] {
        let answer = post(&refusing(why), DECIDES, "comment", typed).await;
        assert_eq!(answer.status, status);
        assert!(
            answer.text().contains(said) && answer.text().contains(">Half a page of thoughts</textarea>"),
            "{said}"
        );
    }
    let door = site(usual());
    for (form, body) in [("comment", "text=++"), ("snooze", "minutes=7"), ("snooze", "")] {
        assert_eq!(post(&door, DECIDES, form, body).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{form} {body}");
    }
    assert_eq!(post(&door, DECIDES, "explode", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_may_only_look_sees_why_there_are_no_forms_and_decides_nothing() {
    let (door, book) = door(Relay::cut_off(), Book::of(usual()));
    let page = door.get(ACME, &alert(1)).await;
    assert!(page.text().contains("You may look, not decide") && !page.text().contains("/comment\""));
    for token in [ACME, ALL] {
        assert_eq!(post(&door, token, "acknowledge", "").await.status, StatusCode::FORBIDDEN);
    }
    assert!(book.decided.lock().expect("a list").is_empty());
}

#[tokio::test]
async fn nobody_sees_what_is_another_clients() {
    let others =
        Incident { client: Some(slug("bron")), ..incident(9, "Something at bron", Severity::Critical, "mairie", -60) };
    let everybodys = Incident { client: None, site: None, ..incident(8, "The hub is slow", Severity::Info, "x", -60) };
    let door = site(vec![others, everybodys]);
    let page = shown(&door, "/").await;
    assert!(!page.contains("Something at bron") && !page.contains("The hub is slow"));
    for n in [8, 9] {
        assert_eq!(door.get(DECIDES, &alert(n)).await.status, StatusCode::NOT_FOUND);
    }
    assert!(door.get(ALL, "/").await.text().contains("Something at bron"));
}

#[tokio::test]
async fn another_site_can_not_decide_with_a_borrowed_session() {
    let (door, book) = door(Relay::cut_off(), Book::of(usual()));
    let cookie = door.sign_in(DECIDES).await;
    let from_elsewhere = [("cookie", cookie.as_str()), ("sec-fetch-site", "cross-site")];
    let answer = door.post(&format!("{}/resolve", alert(1)), &from_elsewhere, "text=x").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text().contains("Another site sent this"), "{}", answer.text());
    assert!(book.decided.lock().expect("a list").is_empty());
    let from_here = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    assert_eq!(door.post(&format!("{}/resolve", alert(1)), &from_here, "text=x").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_person_comes_in_by_name_and_passphrase_and_is_told_why_not() {
    let door = site(usual());
    let page = door.get("", "/").await;
    assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
    assert!(door.get("", "/sign-in").await.text().contains("name=\"passphrase\""));

    let answer = door.post("/sign-in", OURS, "name=Marc+Petit&passphrase=right").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let cookie = answer.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    assert!(door.get_with_cookie(&cookie, "/").await.text().contains("Signed in as <bdi>Marc Petit</bdi>"));

    for (form, said) in [
        ("name=Marc+Petit&passphrase=wrong", "do not belong together"),
        ("name=Nobody&passphrase=right", "do not belong together"),
        ("name=Old+Hand&passphrase=right", "Your access ended"),
        ("name=Gone&passphrase=right", "taken back at the hub"),
        ("token=wrong", "This token is not valid"),
    ] {
        let answer = door.post("/sign-in", OURS, form).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{form}");
        assert!(answer.text().contains(said), "{form}: {}", answer.text());
        assert!(!answer.text().contains("right") || !answer.text().contains("value=\"right\""));
    }
}

#[tokio::test]
async fn who_guesses_passphrases_is_not_listened_to_for_a_while() {
    let door = site(usual());
    for n in 0..10 {
        let answer = door.post("/sign-in", OURS, &format!("name=Marc+Petit&passphrase={n}")).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let answer = door.post("/sign-in", OURS, "name=Marc+Petit&passphrase=right").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.text().contains("Try again in 5\u{a0}min"), "{}", answer.text());
}

#[tokio::test]
async fn an_ended_session_leads_to_the_door_and_says_that_nothing_was_changed() {
    let (door, book) = door(Relay::cut_off(), Book::of(usual()));
    let stale = [("cookie", "vigie=AAAA"), ("sec-fetch-site", "same-origin")];
    let answer = door.post(&format!("{}/acknowledge", alert(1)), &stale, "").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/sign-in?again=1"));
    assert!(door.get("", "/sign-in?again=1").await.text().contains("Your session has ended"));
    assert!(book.decided.lock().expect("a list").is_empty());
}

#[tokio::test]
async fn the_charts_of_a_machine_show_their_gap_and_say_it_in_words() {
    let page = shown(&site(usual()), &format!("/machines/{}", id_of("compta-2"))).await;
    assert_eq!(page.matches("<figure class=\"chart\">").count(), 3);
    assert!(page.contains("1 gap") && page.contains("<rect class=\"unknown\""), "{page}");
    assert!(page.contains("aria-label=\"CPU, "));
    // Who was heard long ago is shown nothing that looks like now.
    let silent = shown(&site(usual()), &format!("/machines/{}", id_of("caisse-1"))).await;
    assert!(silent.contains("nothing was measured") && !silent.contains("class=\"line\""));
}

#[tokio::test]
async fn the_link_doctor_tells_what_is_known_and_what_to_do() {
    let page = shown(&site(usual()), "/link").await;
    for said in
        ["hub.example.org:7800", "not connected", "214", "nothing came back within 10 s", "43,210", "its firewall"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    let page = shown(&door(Relay::in_reach(), Book::of(Vec::new())).0, "/link").await;
    for said in ["203.0.113.7:7800", "48.2\u{a0}ms", "0.8% (913 of 120,412 packets", "the link stands"] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[tokio::test]
async fn an_empty_site_and_one_where_nobody_is_heard_say_so() {
    let mut relay = Relay::in_reach();
    relay.node.machines.clear();
    assert!(shown(&door(relay, Book::of(Vec::new())).0, "/").await.contains("There is no machine here yet"));
    let mut relay = Relay::in_reach();
    relay.node.machines.retain(|machine| machine.name == "caisse-1");
    let page = shown(&door(relay, Book::of(Vec::new())).0, "/").await;
    assert!(page.contains("whether all is well, nobody can say"));
    let page = shown(&door(Relay::in_reach(), Book::of(Vec::new())).0, "/").await;
    assert!(page.contains("Machines heard now: 2 of 6."), "{page}");
}

#[tokio::test]
async fn a_page_that_is_not_there_is_told_as_a_page() {
    let door = site(usual());
    for path in ["/alerts/01JDXXXXXXXXXXXXXXXXXXXXXX", "/machines/nobody", &format!("/machines/{}", id_of("x"))] {
        let answer = door.get(DECIDES, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.text().starts_with("<!doctype html>"), "{path}");
    }
}

#[tokio::test]
async fn a_node_with_pages_of_its_own_has_no_other_list_beside_them() {
    let hub = Door::new();
    assert!(hub.get(ALL, "/").await.text().contains("/page.js"));
    assert_eq!(hub.get(ALL, "/link").await.status, StatusCode::NOT_FOUND);
    let site = site(usual());
    let old = site.get(ALL, "/live").await;
    assert_eq!((old.status, old.header("location")), (StatusCode::PERMANENT_REDIRECT, "/"));
    assert_eq!(site.get(ALL, "/page.js").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_first_page_reloads_unless_somebody_holds_it_still_and_forms_never_do() {
    let door = site(usual());
    assert!(shown(&door, "/").await.contains("http-equiv=\"refresh\""));
    for path in ["/?still=1", &alert(1)] {
        assert!(!shown(&door, path).await.contains("http-equiv=\"refresh\""), "{path}");
    }
}

fn id(n: u32) -> String {
    format!("01JD0000000000000000{n:06}")
}

fn alert(n: u32) -> String {
    format!("/alerts/{}", id(n))
}

/// Posts a form about the first alert, as a program with a token would.
async fn post(door: &Door, token: &str, form: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    door.post(&format!("{}/{form}", alert(1)), &[("authorization", &bearer)], body).await
}
