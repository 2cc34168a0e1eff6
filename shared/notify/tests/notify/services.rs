//! Is each service told in its own words, within its own limits, and is what machines say only ever text there? Pure.

use crate::common::{MINUTE, alert, clocks, one_route};
use serde_json::{Value, json};
use vigie_notify::{
    Button, Change, ChatKey, Facts, Intent, Kind, Line, Mind, Notice, Outcome, Post, Reply, Seat, Service, Template,
    Text, Whose, code_of,
};

/// What a machine could call itself to be more than text somewhere.
const HOSTILE: &str =
    "<!channel> @everyone <@123> *b* _i_ [x](javascript:alert(1)) {{DATE(2020-01-01)}} ${x} \"q\" </title> a\\b {to}";

fn services() -> Vec<(Service, &'static str)> {
    let url = || "https://a.example".to_owned();
    vec![
        (Service::Slack, "https://hooks.slack.com/services/T0/B0/tokentoken"),
        (Service::Teams, "https://x.logic.azure.com/workflows/1?sig=signature"),
        (Service::Discord, "https://discord.com/api/webhooks/1/tokentoken"),
        (Service::PagerDuty { url: url() }, "0123456789abcdef0123456789abcdef"),
        (Service::Ntfy { url: url(), topic: "alerts".to_owned() }, "tk_token"),
        (Service::Gotify { url: url() }, "Agotify"),
    ]
}

fn told(facts: impl Fn(Facts) -> Facts, many: u32, more: &str) -> Intent {
    let mut mind = Mind::new(one_route(Seat::Hub, &format!("group_by=['client']\n{more}")), clocks(0));
    for number in 1..=many {
        let one = alert(number, 0);
        mind.hear(one.changes_with(Change::Began, 0, facts(one.facts())), clocks(0)).expect("heard");
    }
    mind.due(clocks(10 * MINUTE)).remove(0)
}

fn plain_one() -> Intent {
    told(|facts| facts, 1, "")
}

fn hostile() -> Intent {
    told(|facts| Facts { title: Text::new(HOSTILE), machine: Some(Text::new(HOSTILE)), ..facts }, 1, "")
}

fn body(post: &Post) -> Value {
    serde_json::from_slice(&post.body).expect("JSON")
}

fn posted(service: &Service, secret: &str, intent: &Intent) -> Value {
    body(&service.post(intent, secret, None).expect("it can be put so"))
}

/// All texts in some JSON.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        Value::Object(all) => all.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_service_is_told_what_and_where_and_since_when() {
    for (service, secret) in services() {
        let said = texts(&posted(&service, secret, &plain_one())).join("\n");
        for words in ["disk almost full", "web-1", "acme/lyon", "2023-11-14", "https://hub.example.org/m/1"] {
            assert!(
                said.contains(words) || said.replace('\\', "").contains(words),
                "{}: {words} in\n{said}",
                service.word()
            );
        }
    }
}

#[test]
fn slack_is_told_in_blocks_of_plain_text() {
    let said = posted(&Service::Slack, "https://hooks.slack.com/x", &hostile());
    assert_eq!(said["blocks"][0]["type"], "header");
    for block in said["blocks"].as_array().expect("blocks") {
        let kind = block["text"]["type"].as_str().or(block["elements"][0]["type"].as_str());
        // Only our own link is markup.
        let text = block["elements"][0]["text"].as_str().unwrap_or_default();
        assert!(kind == Some("plain_text") || text == "<https://hub.example.org/m/1|Open in Vigie>", "{block}");
    }
    let fallback = said["text"].as_str().expect("a line");
    assert!(fallback.contains("&lt;!channel&gt;") && !fallback.contains('<'), "{fallback}");
}

#[test]
fn teams_is_told_in_text_runs_which_read_no_markdown() {
    let said = posted(&Service::Teams, "https://x.example", &hostile());
    let attachment = &said["attachments"][0];
    assert_eq!(
        (said["type"].as_str(), attachment["content"]["type"].as_str()),
        (Some("message"), Some("AdaptiveCard"))
    );
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    let shown = said.to_string();
    assert!(!shown.contains("\"TextBlock\"") && !shown.contains("FactSet") && !shown.contains("entities"), "{shown}");
    assert!(shown.contains("TextRun") && shown.contains("Action.OpenUrl"));
}

/// All blocks of buttons.
fn buttons(said: &Value) -> Vec<Value> {
    let blocks = said["blocks"].as_array().expect("blocks");
    blocks.iter().filter(|block| block["type"] == "actions").cloned().collect()
}

#[test]
fn slack_has_buttons_for_what_is_wrong_where_people_answer_and_none_of_what_is_over() {
    let key = ChatKey::of_slack("8f742231b10e8888abcd99yyyzzz85a5").expect("a secret");
    let posted = |intent: &Intent, key: Option<&ChatKey>| {
        body(&Service::Slack.post(intent, "https://hooks.slack.com/x", key).expect("it can be put so"))
    };
    let many = told(|facts| facts, 30, "");
    let said = posted(&many, Some(&key));
    let (all, shown) = (buttons(&said), said["blocks"].as_array().expect("blocks").len());
    assert!(all.len() == 20 && shown <= 50, "{} of {shown}", all.len());
    let names = |block: &Value| texts(&block["elements"]).join(" ");
    assert!(names(&all[0]).contains("Acknowledge") && names(&all[0]).contains("https://hub.example.org/m/"));
    let value = all[0]["elements"][0]["value"].as_str().expect("a value");
    let button = Button::opened(value, &key).expect("ours");
    assert_eq!((button.channel, button.route), (many.channel.clone(), many.route.clone()));
    assert!(buttons(&posted(&many, None)).is_empty());
    let over =
        Notice { over: many.notice.wrong.clone(), wrong: Vec::new(), kind: Kind::Resolved, ..many.notice.clone() };
    let ended = Line { until: Some(over.made), ..over.over[0].clone() };
    let over = Intent { notice: Notice { over: vec![ended], ..over }, ..many };
    assert!(buttons(&posted(&over, Some(&key))).is_empty());
}

#[test]
fn teams_has_a_code_for_what_is_wrong_where_people_answer() {
    let key = ChatKey::of_teams("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").expect("a secret");
    let intent = plain_one();
    let said = body(&Service::Teams.post(&intent, "https://x.example", Some(&key)).expect("it can be put so"));
    let code = code_of(intent.notice.wrong[0].alert);
    let all = texts(&said);
    assert!(
        all.contains(&format!("Code {code}")) && all.iter().any(|text| text.contains("@Vigie ack CODE")),
        "{all:?}"
    );
    assert!(!texts(&posted(&Service::Teams, "https://x.example", &intent)).join("").contains(&code));
}

#[test]
fn discord_mentions_nobody_and_reads_no_markdown_of_machines() {
    let said = posted(&Service::Discord, "https://discord.com/x", &hostile());
    assert_eq!(said["allowed_mentions"], json!({ "parse": [] }));
    let text = said["embeds"][0]["description"].as_str().expect("a text");
    for raw in ["@everyone", "<@123>", " *b*", "_i_", "[x](", "<!channel>"] {
        assert!(!text.contains(raw), "{raw} in {text}");
    }
    assert!(text.contains("\\*b\\*") && text.contains("<https://hub.example.org/m/1>"), "{text}");
    let post =
        Service::Discord.post(&plain_one(), "https://discord.com/x?thread_id=1", None).expect("it can be put so");
    assert_eq!(post.url, "https://discord.com/x?thread_id=1&wait=true", "the answer says whether it is there");
}

#[test]
fn ntfy_and_gotify_are_told_how_urgent_it_is_and_what_a_tap_opens() {
    let ntfy = Service::Ntfy { url: "https://ntfy.example".to_owned(), topic: "alerts".to_owned() };
    let post = ntfy.post(&hostile(), "tk_x", None).expect("it can be put so");
    assert!(post.headers.contains(&("authorization".to_owned(), "Bearer tk_x".to_owned())));
    let said = body(&post);
    assert_eq!(
        (&said["topic"], &said["priority"], &said["tags"], &said["markdown"]),
        (&json!("alerts"), &json!(5), &json!(["rotating_light"]), &json!(false))
    );
    assert_eq!(said["click"], "https://hub.example.org/m/1");
    assert!(ntfy.post(&plain_one(), "", None).expect("no token is needed").headers.len() == 1);
    let gotify = Service::Gotify { url: "https://g.example/".to_owned() };
    let post = gotify.post(&hostile(), "Atoken", None).expect("it can be put so");
    assert_eq!(post.url, "https://g.example/message");
    assert!(post.headers.contains(&("x-gotify-key".to_owned(), "Atoken".to_owned())));
    let said = body(&post);
    assert_eq!(
        (&said["priority"], &said["extras"]["client::display"]["contentType"]),
        (&json!(8), &json!("text/plain"))
    );
    assert_eq!(said["extras"]["client::notification"]["click"]["url"], "https://hub.example.org/m/1");
}

#[test]
fn however_much_is_wrong_each_service_gets_no_more_than_it_takes_and_is_told_what_is_left_out() {
    let long = |facts: Facts| Facts {
        title: Text::new(&"€&<".repeat(66)),
        value: Some(Text::new(&"\"".repeat(200))),
        ..facts
    };
    for (language, words) in [("en", "not shown here for lack of room"), ("fr", "pas montrée")] {
        let storm = told(long, 200, &format!("language='{language}'"));
        for (service, secret) in services() {
            let post = service.post(&storm, secret, None).expect("it can be put so");
            let (said, bytes) = (body(&post), post.body.len());
            let chars = |value: &Value| value.as_str().unwrap_or_default().chars().count();
            let fits = match service {
                Service::Slack => {
                    let blocks = said["blocks"].as_array().expect("blocks");
                    blocks.len() <= 50
                        && blocks.iter().all(|block| chars(&block["text"]["text"]) <= 3_000)
                        && chars(&blocks[0]["text"]["text"]) <= 150
                }
                Service::Teams => bytes <= 28 * 1_024,
                Service::Discord => {
                    let embed = &said["embeds"][0];
                    let all = chars(&embed["title"]) + chars(&embed["description"]) + chars(&embed["footer"]["text"]);
                    chars(&embed["title"]) <= 256 && chars(&embed["description"]) <= 4_096 && all <= 6_000
                }
                Service::PagerDuty { .. } => chars(&said["payload"]["summary"]) <= 1_024 && bytes <= 512 * 1_024,
                Service::Ntfy { .. } => said["message"].as_str().expect("a text").len() <= 4_096,
                Service::Gotify { .. } => chars(&said["message"]) <= 10_000,
                Service::Gateway(_) => unreachable!("none is here"),
            };
            assert!(fits, "{}: {bytes} bytes", service.word());
            let all = texts(&said).join("\n");
            let is_told = all.contains(words) || matches!(service, Service::PagerDuty { .. });
            // Twenty parts of Slack's fit; what is beyond twenty is named at the foot.
            assert!(is_told || matches!(service, Service::Slack), "{} says nothing of the rest", service.word());
        }
    }
}

#[test]
fn answers_mean_what_each_service_says_they_mean() {
    let outcome = |service: &Service, status: u16, said: &str, after_ms: Option<i64>| {
        service.verdict(&Reply { status, said, after_ms })
    };
    let mut seen = 0;
    for (service, _) in services() {
        let name = service.word();
        assert!(matches!(outcome(&service, 200, "ok", None), Outcome::Taken(_)), "{name}");
        assert!(matches!(outcome(&service, 202, "", None), Outcome::Taken(_)), "{name}");
        assert!(matches!(outcome(&service, 400, "invalid_payload", None), Outcome::Never(_)), "{name}");
        for status in [301, 401, 403, 404, 429, 500, 503] {
            let later = outcome(&service, status, "", Some(7_000));
            assert!(
                matches!(later, Outcome::Later { whose: Whose::Channel, after_ms: Some(7_000), .. }),
                "{name} {status}"
            );
            seen += 1;
        }
    }
    assert_eq!(seen, 42);
    let after = |outcome: Outcome| match outcome {
        Outcome::Later { after_ms, .. } => after_ms,
        other => panic!("it should come later: {other:?}"),
    };
    let limited = r#"{"message": "You are being rate limited.", "retry_after": 64.57, "global": false}"#;
    assert_eq!(after(outcome(&Service::Discord, 429, limited, Some(65_000))), Some(65_000));
    assert_eq!(after(outcome(&Service::Discord, 429, limited, None)), Some(64_570));
    let quota = r#"{"code":42908,"http":429,"error":"limit reached: daily message quota reached"}"#;
    let ntfy = Service::Ntfy { url: "https://n.example".to_owned(), topic: "t".to_owned() };
    assert_eq!(after(outcome(&ntfy, 429, quota, None)), Some(3_600_000));
    assert_eq!(after(outcome(&Service::Slack, 410, "channel_is_archived", None)), None);
    assert_eq!(
        after(outcome(&Service::Teams, 400, "{\"error\":{\"code\":\"WorkflowTriggerIsNotEnabled\"}}", None)),
        None
    );
    let busy = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429";
    assert_eq!(after(outcome(&Service::Teams, 200, busy, None)), None);
}

fn gateway(url: &str, content_type: &str, body: Option<&str>, max_chars: usize, is_spoken: bool) -> Service {
    let headers = vec![("x-api-key".to_owned(), "{secret}".to_owned())];
    let made = Template::new(("POST", url), headers, (content_type, body), Some("queued"), (max_chars, is_spoken));
    Service::Gateway(Box::new(made.expect("it makes sense")))
}

#[test]
fn a_gateway_is_told_in_its_own_words_each_escaped_for_where_it_stands() {
    let intent = Intent { to: "+33 6&x".to_owned(), ..hostile() };
    let of = |service: &Service| service.post(&intent, "key\r\nx: y", None).expect("it can be put so");
    let json = of(&gateway(
        "https://g.example/send?to={to}",
        "application/json",
        Some("{\"m\": {\"text\": \"{text}\", \"to\": \"{to}\"}}"),
        160,
        false,
    ));
    assert_eq!(json.url, "https://g.example/send?to=%2B33%206%26x");
    let said = body(&json);
    assert_eq!(said["m"]["to"], "+33 6&x");
    assert!(
        said["m"]["text"]
            .as_str()
            .is_some_and(|text| text.contains("<!channel> @everyone") && text.chars().count() <= 160),
        "{said}"
    );
    let key = json.headers.iter().find(|(name, _)| name == "x-api-key").map(|(_, value)| value.as_str());
    assert_eq!(key, Some("key  x: y"), "no header ends by what a file holds");
    let form = of(&gateway(
        "https://g.example/",
        "application/x-www-form-urlencoded",
        Some("to={to}&text={text}"),
        400,
        false,
    ));
    let form = String::from_utf8(form.body).expect("text");
    assert_eq!(form.matches('&').count(), 1, "{form}");
    let xml = of(&gateway("https://g.example/", "application/xml", Some("<sms to=\"{to}\">{text}</sms>"), 400, false));
    let xml = String::from_utf8(xml.body).expect("text");
    assert!(
        xml.contains("&lt;!channel&gt;") && xml.contains("&lt;/title&gt;") && xml.matches('<').count() == 2,
        "{xml}"
    );
    assert!(xml.contains("{to}"), "what fills a place is not filled again: {xml}");
}

#[test]
fn a_short_message_keeps_to_its_length_and_a_voice_reads_no_signs() {
    for max in [70, 160, 459] {
        let service = gateway("https://g.example/", "text/plain", Some("{text}"), max, false);
        let text = String::from_utf8(service.post(&plain_one(), "", None).expect("put so").body).expect("text");
        assert!(text.chars().count() <= max && text.starts_with("[Critical] disk almost full"), "{max}: {text}");
        assert_eq!(text.ends_with("https://hub.example.org/m/1"), max >= 160, "{text}");
    }
    let service = gateway("https://g.example/", "text/plain", Some("{text}"), 240, true);
    let french = told(|facts| facts, 1, "language='fr'");
    let text = String::from_utf8(service.post(&french, "", None).expect("put so").body).expect("text");
    assert_eq!(text, "Vigie. Critique disk almost full web-1 acme lyon. Consultez Vigie, s'il vous plaît.");
}

#[test]
fn a_gateway_that_says_with_200_that_it_did_not_send_is_asked_again() {
    let service = gateway("https://g.example/", "text/plain", Some("{text}"), 160, false);
    let refused = service.verdict(&Reply { status: 200, said: "{\"error\": \"no credit\"}", after_ms: None });
    assert!(matches!(&refused, Outcome::Later { why, .. } if why.as_str().contains("no credit")), "{refused:?}");
    assert!(matches!(service.verdict(&Reply { status: 200, said: "queued 1", after_ms: None }), Outcome::Taken(_)));
}

#[test]
fn a_template_that_makes_no_sense_is_refused() {
    let of = |method: &str, url: &str, header: &str, kind: &str, body: Option<&str>, max: usize| {
        let headers = vec![("x".to_owned(), header.to_owned())];
        Template::new((method, url), headers, (kind, body), None, (max, false)).expect_err("it is refused").to_string()
    };
    let good = Some("{text}");
    assert!(of("PUT", "https://g/", "", "text/plain", good, 160).contains("PUT"));
    assert!(of("POST", "https://g/", "", "image/png", good, 160).contains("image/png"));
    assert!(of("POST", "https://g/{txt}", "", "text/plain", good, 160).contains("{txt}"));
    assert!(of("POST", "https://g/", "{text}", "text/plain", good, 160).contains("headers"));
    assert!(of("POST", "https://g/", "", "text/plain", Some("hello"), 160).contains("nowhere"));
    assert!(of("POST", "https://g/", "", "text/plain", good, 10).contains("70 to 5000"));
}
