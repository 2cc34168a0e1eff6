//! How do messages read, and is what machines say only ever text?

use crate::common::{Alert, HOUR, MINUTE, alert, clocks, configured, line, one_route};
use vigie_notify::{Change, Intent, Mind, Seat, Severity, Text, html, json, plain, subject};

fn told(more: &str, tell: impl FnOnce(&mut Mind)) -> Vec<Intent> {
    let mut mind = Mind::new(one_route(Seat::Hub, more), clocks(0));
    tell(&mut mind);
    (1..=36).flat_map(|minute| mind.due(clocks(minute * MINUTE))).collect()
}

fn hear(mind: &mut Mind, heard: vigie_notify::Heard, when: i64) -> Vec<Intent> {
    mind.hear(heard, clocks(when)).expect("heard");
    mind.due(clocks(when + 10 * MINUTE))
}

#[test]
fn an_alert_reads_as_a_person_would_say_it() {
    let all = told("", |mind| mind.hear(alert(1, 0).begins(), clocks(0)).expect("heard"));
    let notice = &all[0].notice;
    assert_eq!(subject(notice), "[Critical] disk almost full · web-1 · acme/lyon");
    let expected = "[Critical] disk almost full · web-1 · acme/lyon\n\n\
        Critical: disk almost full\n  web-1 · acme/lyon\n  Since 2023-11-14 22:13:20 UTC\n  Value: 97 %\n  \
        Live, as of 2023-11-14 22:13:20 UTC via relay LYON-R1.\n  https://hub.example.org/m/1\n\n\
        Vigie, 2023-11-14 22:14:20 UTC\n";
    assert_eq!(plain(notice), expected);
}

#[test]
fn french_readers_read_french_by_their_own_clock() {
    // Étretat keeps the hours of its country, whose summers do not matter in November.
    let (mut rules, _) = configured(
        "[[channel]]\nkind='webhook'\nname='hook'\nurl='https://a.example/x'\nsecret_file='s'\n
         [[route]]\nname='r'\nchannels=['hook']\nlanguage='fr'\n",
        Seat::Hub,
    );
    let zone = jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule");
    rules.routes[0].hours = vigie_notify::Hours::new(zone, Vec::new());
    let mut mind = Mind::new(rules, clocks(0));
    hear(&mut mind, alert(1, 0).begins(), 0);
    let over = hear(&mut mind, alert(1, 0).ends(2 * HOUR), 2 * HOUR);
    let text = plain(&over[0].notice);
    for words in [
        "[Résolu] disk almost full · web-1 · acme/lyon",
        "Terminé : disk almost full",
        "De 2023-11-14 23:13:20 UTC+01:00 à 2023-11-15 01:13:20 UTC+01:00 (2 h)",
        "Valeur : 97 %",
        "En direct, état du 2023-11-14 23:13:20 UTC+01:00 via le relais LYON-R1.",
    ] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
}

#[test]
fn a_cut_and_a_return_say_what_is_known_and_what_is_not() {
    let mut mind = Mind::new(one_route(Seat::Hub, ""), clocks(0));
    let cut = hear(&mut mind, line(Change::Began, 0, 0), 0);
    let text = plain(&cut[0].notice);
    for words in
        ["[Site cut off] acme/lyon", "was last heard 2023-11-14 22:12:50 UTC", "Exposed meanwhile: tills, cameras"]
    {
        assert!(text.contains(words), "{words} in\n{text}");
    }
    let back = hear(&mut mind, line(Change::Ended, 0, 3 * HOUR), 3 * HOUR);
    let text = plain(&back[0].notice);
    for words in ["[Site back] acme/lyon", "is heard again", "(3 h)"] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
}

#[test]
fn a_crowd_is_counted_and_the_worst_of_it_named() {
    let all = told("group_by=['client']", |mind| {
        for number in 0..300 {
            let severity = if number == 250 { Severity::Critical } else { Severity::Warning };
            mind.hear(Alert { severity, ..alert(number, 0) }.begins(), clocks(0)).expect("heard");
        }
    });
    let notice = &all[0].notice;
    assert_eq!(subject(notice), "[Critical] 300 alerts · acme");
    assert!(plain(notice).contains("And 180 more that are wrong."));
    assert_eq!(notice.wrong[0].machine.as_ref().map(Text::as_str), Some("web-250"));
}

#[test]
fn programs_read_the_same_in_json() {
    let all = told("", |mind| mind.hear(alert(1, 0).begins(), clocks(0)).expect("heard"));
    let body: serde_json::Value = serde_json::from_slice(&json(&all[0])).expect("JSON");
    let expected = serde_json::json!({
        "version": 1, "key": all[0].key.to_string(), "kind": "firing", "thread": all[0].thread.to_string(),
        "route": "r", "severity": "critical", "client": "acme", "site": "lyon", "made_at": "2023-11-14T22:14:20.000Z",
        "repeated": false, "subject": subject(&all[0].notice), "text": plain(&all[0].notice),
        "wrong": [{
            "id": alert(1, 0).instance().alert.to_string(), "rule": "disk", "title": "disk almost full",
            "severity": "critical", "client": "acme", "site": "lyon", "machine": "web-1",
            "since": "2023-11-14T22:13:20.000Z", "until": null, "value": "97 %", "reachability": "live",
            "heard_at": "2023-11-14T22:13:20.000Z", "via": "LYON-R1",
            "freshness": "Live, as of 2023-11-14 22:13:20 UTC via relay LYON-R1.", "link": "https://hub.example.org/m/1"
        }],
        "more_wrong": 0, "over": [], "more_over": 0
    });
    assert_eq!(body, expected);
}

#[test]
fn a_page_fetches_nothing_and_runs_nothing() {
    let all = told("", |mind| mind.hear(alert(1, 0).begins(), clocks(0)).expect("heard"));
    let page = html(&all[0].notice);
    for nothing in ["<script", "<img", "src=", "url(", "@import", "<link", "onclick", "<style"] {
        assert!(!page.contains(nothing), "{nothing}");
    }
    assert!(page.contains("color-scheme") && page.contains("<a href=\"https://hub.example.org/m/1\">"));
}

#[test]
fn what_machines_say_is_only_ever_text() {
    let long = "A".repeat(64 * 1024);
    for hostile in [
        "<img src=x onerror=alert(1)>",
        "\"><script>alert(1)</script>",
        "' onmouseover='alert(1)",
        "\u{1b}[2J\u{1b}]0;owned\u{7}",
        "\u{202e}txt.exe\u{2066}",
        "a\r\nBcc: victim@example.org\r\n\r\nbody",
        "nul\0nul",
        "\u{2028}\u{2029}\u{85}",
        long.as_str(),
    ] {
        let said = Text::new(hostile);
        let mut facts = alert(1, 0).facts();
        (facts.title, facts.rule) = (said.clone(), said.clone());
        facts.machine = Some(said.clone());
        facts.value = Some(said.clone());
        facts.freshness.via = Some(said.clone());
        let all = told("", |mind| {
            mind.hear(alert(1, 0).changes_with(Change::Began, 0, facts), clocks(0)).expect("heard");
        });
        let notice = &all[0].notice;
        assert!(!subject(notice).contains(['\r', '\n']) && subject(notice).chars().count() <= 151);
        let (text, page) = (plain(notice), html(notice));
        let unseen =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!text.contains(unseen) && !page.contains(unseen), "{hostile:?}");
        assert!(!text.lines().any(|line| line.starts_with("Bcc:")));
        assert!(!page.contains("<img") && !page.contains("<script") && !page.contains("' onmouseover"), "{page}");
        assert!(text.len() < 4_000 && page.len() < 8_000, "{} {}", text.len(), page.len());
        let body: serde_json::Value = serde_json::from_slice(&json(&all[0])).expect("JSON");
        assert_eq!(body["wrong"][0]["title"], said.as_str());
    }
}
