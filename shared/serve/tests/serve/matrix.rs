//! Is each address closed to everybody whom it does not concern, and does it say the same of what is theirs and of what is
//! not there?
//!
//! The list of addresses is the router's own, and what is sent to those of the API is what their own description gives as an
//! example: a new one is tried without being written down here, and one with a parameter that nothing stands for yet fails.

use std::collections::BTreeMap;

use crate::common::document::{Operation, operations};
use crate::common::hub::{By, EXPORT, Hub, parts};
use crate::common::watch::MESSAGE;
use crate::common::{Answer, Node, id_of, machine, slug, tokens};
use axum::http::StatusCode;
use serde_json::json;
use vigie_people::{Id, Right, Who};
use vigie_serve::{BoardOwner, Boards, Incidents, Mark, Need, PhotoKept, PhotoKind, Photos, Place, Way, ways};

/// What is brought where photos are.
const JPEG: &[u8] = b"\xff\xd8\xff a photo";

/// Who must not get at what is acme's at lyon.
struct Strangers {
    hub: Hub,
    ways: Vec<Way>,
    /// What the API says of itself, by method and path.
    described: BTreeMap<(String, String), Operation>,
    /// All that an admin of another client may, an admin of another site, and who only looks there.
    others: Vec<(&'static str, By)>,
    looker: By,
    ended: Vec<(&'static str, By)>,
    /// What stands for each parameter: one of acme's at lyon, and one that nobody has.
    stands_for: BTreeMap<(&'static str, &'static str), (String, String)>,
}

impl Strangers {
    async fn new() -> Self {
        let hub = Hub::new(Node::beside([machine("counter", "acme", "lyon")]), tokens());
        hub.roll.begin();
        hub.roll.role("night", &["look"]);
        let till = Mark { tags: [slug("till")].into(), groups: [slug("shop")].into() };
        let lyon: Place = "acme/lyon".parse().expect("a place");
        hub.watch.mark(&[(lyon, id_of("counter"), till)]).expect("kept");
        let ann = hub.roll.person("ann@acme.org", &["admin@acme/lyon"]);
        let (ann_session, _) = hub.roll.session(&ann);
        let Who::Person(_, session) = ann_session else { panic!("a person") };
        let (token, _) = hub.roll.token(&ann, "acme/lyon", 30);
        let invitation = hub.roll.invited("new@acme.org", "observer@acme/lyon");
        let admin = |email: &str, scope: &str| {
            let person = hub.roll.person(email, &[&format!("admin@{scope}")]);
            By::Token(hub.roll.token(&person, scope, 30).1)
        };
        let others = vec![
            ("an admin of another client", admin("boss@bron.org", "bron")),
            ("an admin of another site", admin("boss@paris.org", "acme/paris")),
            ("an admin of the machines with a tag", admin("boss@till.org", "acme#till")),
            ("an admin of a site's machines with two tags", admin("boss@shop.org", "acme/lyon#till#shop")),
        ];
        let ended = Self::ended(&hub);
        let looker = hub.roll.person("look@acme.org", &["observer@acme/lyon"]);
        let looker = By::Cookie(hub.roll.session(&looker).1);
        let wish = json!({ "name": "Till watch", "shared": "acme/lyon" });
        let owner = BoardOwner { key: ann.to_string(), name: "ann@acme.org".to_owned() };
        let wish = serde_json::from_value(wish).expect("a board");
        let board = hub.roll.boards.add(&wish, &owner).expect("kept");
        let photo = PhotoKept {
            id: "00000000000000aa".to_owned(),
            incident: "A".to_owned(),
            client: Some(slug("acme")),
            by: "ann@acme.org".to_owned(),
            happened_ms: 1,
            learnt_ms: 1,
            kind: PhotoKind::Jpeg,
            bytes: JPEG.len() as u64,
        };
        hub.roll.photos.add(&photo, JPEG).expect("kept");
        let nobody: Id = "0000000000000000".parse().expect("an id");
        let pair = |one: &dyn ToString, none: &dyn ToString| (one.to_string(), none.to_string());
        let stands_for = [
            (("/machines/", "id"), pair(&id_of("compta"), &id_of("nobody"))),
            (("/incidents/", "id"), pair(&"A", &"Z")),
            (("/photos/", "photo"), pair(&photo.id, &nobody)),
            (("/incidents/", "word"), pair(&"acknowledge", &"acknowledge")),
            (("/maintenance/", "id"), pair(&"M", &"Z")),
            (("/people/", "id"), pair(&ann, &nobody)),
            (("/invitations/", "id"), pair(&invitation, &nobody)),
            (("/tokens/", "id"), pair(&token, &nobody)),
            (("/sessions/", "id"), pair(&session, &nobody)),
            (("/roles/", "name"), pair(&"night", &"none")),
            (("/devices/", "id"), pair(&nobody, &nobody)),
            (("/passkeys/", "id"), pair(&nobody, &nobody)),
            (("/sign-ins/", "name"), pair(&"office", &"office")),
            (("/telling/", "id"), pair(&MESSAGE, &"000000000000000000000000000000ff")),
            (("/routes/", "name"), pair(&"lyon", &"none")),
            (("/oncall/", "name"), pair(&"acme", &"none")),
            (("/retention/", "client"), pair(&"acme", &"nobody")),
            (("/boards/", "id"), pair(&board.head.id, &nobody)),
            (("/quotas/", "client"), pair(&"acme", &"nobody")),
            (("/clients/", "client"), pair(&"acme", &"nobody")),
            (("/erasures/", "id"), pair(&"00000000000000dd", &nobody)),
            (("/jobs/", "id"), pair(&EXPORT, &"0000000000000000000000ff")),
            (("/exports/", "id"), pair(&EXPORT, &"0000000000000000000000ff")),
            (("/enrolments/", "id"), pair(&"00000000000000bb", &nobody)),
            (("/status-pages/", "slug"), pair(&"acme-status", &"none")),
            (("/notices/", "id"), pair(&"00000000000000bb", &nobody)),
            (("/chats/", "channel"), pair(&"ops", &"none")),
            (("/webhooks/", "id"), pair(&"00000000000000aa", &nobody)),
            // A rule's name is nobody's; what it says of a machine is the machine's.
            (("/watch/rules/", "name"), pair(&"Hot?machine=compta", &"Hot?machine=nobody")),
            (("/label/", "name"), pair(&"machine", &"machine")),
            (("/sites/", "client"), pair(&"acme", &"nobody")),
            (("/sites/", "site"), pair(&"lyon", &"nowhere")),
            (("/sites/", "name"), pair(&"Marc%20%3Cb%3EPetit%3C%2Fb%3E", &"nobody")),
            (("/to/", "client"), pair(&"acme", &"nobody")),
            (("/to/", "site"), pair(&"lyon", &"nowhere")),
        ];
        let ways = ways(parts(&hub.node, &hub.watch, &tokens(), &hub.roll));
        let document = hub.ask("GET", &By::Nobody, "/api/v1/openapi.json", None).await.json();
        let described = operations(&document).into_iter().map(|one| ((one.method.clone(), one.path.clone()), one));
        let described: BTreeMap<_, _> = described.collect();
        let of_api = ways.iter().filter(|way| way.path.starts_with("/api/v1/"));
        assert_eq!(of_api.count(), described.len(), "each way of the API is described, and tried as it is");
        Self { hub, ways, described, others, looker, ended, stands_for: stands_for.into() }
    }

    /// Credentials that opened everything of acme at lyon, once.
    fn ended(hub: &Hub) -> Vec<(&'static str, By)> {
        let gone = hub.roll.person("gone@acme.org", &["admin@acme/lyon"]);
        let (revoked_id, revoked) = hub.roll.token(&gone, "acme/lyon", 30);
        hub.roll.revoke(&gone, revoked_id);
        let (_, expired) = hub.roll.token(&gone, "acme/lyon", 1);
        let (_, cookie) = hub.roll.session(&gone);
        // A day and a bit: the token's time is over, and the browser was not used.
        hub.node.later(25 * 3_600_000);
        vec![
            ("an expired token", By::Token(expired)),
            ("a revoked token", By::Token(revoked)),
            ("an idle browser", By::Cookie(cookie)),
            ("no credentials", By::Nobody),
        ]
    }

    /// The path with one of acme's in it, and with one that nobody has; the same where it has no parameter.
    fn paths(&self, way: &Way) -> (String, String) {
        let mut paths = (way.path.clone(), way.path.clone());
        let names = way.path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
        for name in names {
            let fits = |((part, own), _): &(&(&str, &str), &(String, String))| way.path.contains(part) && *own == name;
            let found = self.stands_for.iter().find(fits);
            let (_, (one, none)) = found.unwrap_or_else(|| panic!("say what stands for {{{name}}} in {}", way.path));
            let place = format!("{{{name}}}");
            paths = (paths.0.replace(&place, one), paths.1.replace(&place, none));
        }
        let query = match self.described(way) {
            Some(described) => described.query(),
            None => query_of(&way.path).to_owned(),
        };
        (paths.0 + &query, paths.1 + &query)
    }

    fn described(&self, way: &Way) -> Option<&Operation> {
        self.described.get(&(way.method.to_owned(), way.path.clone()))
    }

    async fn ask(&self, way: &Way, by: &By, path: &str) -> Answer {
        if way.path.ends_with("/photos") && way.method == "POST" {
            return self.hub.send(way.method, by, path, ("image/jpeg", JPEG.to_vec())).await;
        }
        let body = || self.described(way).and_then(Operation::body).unwrap_or(json!({}));
        let body = (way.method != "GET" && !is_push(way)).then(body);
        self.hub.ask(way.method, by, path, body).await
    }

    fn closed(&self) -> impl Iterator<Item = &Way> {
        self.ways.iter().filter(|way| way.need != Need::Open)
    }
}

/// A page that a browser runs: one shell that holds nothing of anybody.
fn is_page(way: &Way) -> bool {
    way.path == "/" || way.path == "/live" || way.path.starts_with("/machines")
}

fn is_push(way: &Way) -> bool {
    way.need == Need::May(Right::Push)
}

/// What must be said for one of Prometheus' addresses to look at what it is about.
fn query_of(path: &str) -> &'static str {
    match path {
        path if path.ends_with("/query") || path.ends_with("exemplars") || path.ends_with("format_query") => {
            "?query=up"
        }
        path if path.ends_with("/query_range") => "?query=up&start=1795258000&end=1795258930&step=60",
        path if path.ends_with("/series") || path.ends_with("/federate") => "?match[]=up",
        _ => "",
    }
}

#[tokio::test]
async fn what_has_ended_opens_nothing_and_says_the_same_everywhere() {
    let strangers = Strangers::new().await;
    assert!(strangers.closed().count() > 60, "the router's own list");
    for way in strangers.closed() {
        // Whoever sends one wrong token after another is soon not listened to; that is tried elsewhere.
        strangers.hub.node.later(5 * 60_000);
        let (one, none) = strangers.paths(way);
        let mut said = Vec::new();
        for (who, by) in &strangers.ended {
            let (yes, no) = (strangers.ask(way, by, &one).await, strangers.ask(way, by, &none).await);
            let page = is_page(way) || way.path.starts_with("/account");
            let wanted = if page { StatusCode::SEE_OTHER } else { StatusCode::UNAUTHORIZED };
            assert_eq!((yes.status, no.status), (wanted, wanted), "{who}: {} {one}", way.method);
            assert_eq!(yes.text(), no.text(), "{who}: {} {one}", way.method);
            said.push(yes.text().to_owned());
        }
        said.dedup();
        assert_eq!(said.len(), 1, "which of them it was is not told: {} {one}", way.method);
    }
}

#[tokio::test]
async fn what_is_of_another_client_or_site_is_as_if_it_were_not_there() {
    let strangers = Strangers::new().await;
    for way in strangers.closed() {
        let (one, none) = strangers.paths(way);
        for (who, by) in &strangers.others {
            let (yes, no) = (strangers.ask(way, by, &one).await, strangers.ask(way, by, &none).await);
            assert_eq!(yes.status, no.status, "{who}: {} {one}: {} {}", way.method, yes.text(), no.text());
            let blind = |text: &str, path: &str| {
                path.split(['/', '?'])
                    .filter(|part| part.len() > 10)
                    .fold(text.to_owned(), |text, part| text.replace(part, "…"))
            };
            assert_eq!(blind(yes.text(), &one), blind(no.text(), &none), "{who}: {} {one}", way.method);
            if way.path.contains('{')
                && !way.path.contains("/label/")
                && !way.path.starts_with("/account")
                && !is_page(way)
            {
                let refused = [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN];
                assert!(refused.contains(&yes.status), "{who}: {} {one}: {}", way.method, yes.text());
            }
            if way.need != Need::SignedIn || way.path.starts_with("/api/") {
                for name in ["compta", "ann@acme.org", "new@acme.org", "root@example.org", "look@acme.org", "till-1"] {
                    assert!(!yes.text().contains(name), "{who}: {} {one} tells of {name}", way.method);
                }
            }
        }
    }
    nothing_happened(&strangers);
}

#[tokio::test]
async fn who_only_looks_changes_nothing_and_is_told_so_whatever_is_there() {
    let strangers = Strangers::new().await;
    let beyond = |way: &&Way| matches!(way.need, Need::May(right) if right != Right::Look);
    let mut tried = 0;
    for way in strangers.closed().filter(beyond) {
        let (one, none) = strangers.paths(way);
        for path in [&one, &none] {
            let answer = strangers.ask(way, &strangers.looker, path).await;
            // Samples are brought with a token only, and this is a browser.
            let wanted = if is_push(way) { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, wanted, "{} {path}: {}", way.method, answer.text());
        }
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
    nothing_happened(&strangers);
    // And what they may look at is theirs: the doors are not just shut.
    let machines = strangers.hub.ask("GET", &strangers.looker, "/api/v1/machines", None).await;
    assert!(machines.text().contains("compta") && !machines.text().contains("mairie"), "{}", machines.text());
}

#[tokio::test]
async fn whom_it_concerns_gets_in_everywhere() {
    let strangers = Strangers::new().await;
    let root = strangers.hub.roll.person("second@example.org", &["admin@*"]);
    let root = By::Token(strangers.hub.roll.token(&root, "*", 30).1);
    for way in strangers.closed() {
        let (one, _) = strangers.paths(way);
        // Pages are for browsers; and what ends things is tried once all else was.
        if way.path.starts_with("/account") || way.method == "DELETE" || is_push(way) {
            continue;
        }
        let answer = strangers.ask(way, &root, &one).await;
        // One's own password and telephone are for a person with a browser.
        let own = way.path.starts_with("/api/v1/me/") || way.path == "/api/v1/tokens" && way.method == "POST";
        let closed = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];
        assert_eq!(
            closed.contains(&answer.status),
            own || way.path == "/api/v1/maintenance/{id}/end",
            "{} {one}: {}",
            way.method,
            answer.text()
        );
    }
}

/// What is asked with `POST` and changes nothing, and what brings samples.
const CHANGES_NOTHING: [&str; 3] = ["/api/v1/maintenance/preview", "/api/v1/export", "/prometheus/api/v1/"];

/// What a person alone can do, of whom the tests of people and of the hub demand the lines; and what needs a code that nobody
/// has here.
const ELSEWHERE: [&str; 3] = ["/api/v1/me/", "/account", "/api/v1/tokens"];

#[tokio::test]
async fn whoever_changes_something_is_written_down() {
    let all = Strangers::new().await;
    let is = |path: &str, list: &[&str]| list.iter().any(|start| path.starts_with(start));
    let mut tried = 0;
    for way in all.closed().filter(|way| way.method != "GET" && !is_push(way)) {
        let own = is(&way.path, &ELSEWHERE) && way.method == "POST" || is(&way.path, &ELSEWHERE[..1]);
        if own || is(&way.path, &CHANGES_NOTHING) {
            continue;
        }
        // What one way ends another would not find.
        let strangers = Strangers::new().await;
        let root = strangers.hub.roll.person("second@example.org", &["admin@*"]);
        let root = By::Token(strangers.hub.roll.token(&root, "*", 30).1);
        let (one, _) = strangers.paths(way);
        let before = strangers.hub.roll.written();
        let answer = strangers.ask(way, &root, &one).await;
        // One that was done already, what is nobody's, and what this watch always refuses: nothing was changed, so there is
        // nothing to write. A real hub is asked for these lines in its own tests.
        let nothing = ["/maintenance", "/maintenance/{id}/end", "/people/{id}/enable"];
        if nothing.iter().any(|path| way.path.ends_with(path)) && !answer.status.is_success() {
            continue;
        }
        assert!(answer.status.is_success(), "{} {one}: {}", way.method, answer.text());
        assert!(strangers.hub.roll.written() > before, "{} {one} leaves no line in the audit", way.method);
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
}

fn nothing_happened(strangers: &Strangers) {
    let watch = &strangers.hub.watch;
    assert!(watch.decided.lock().expect("no test panics here").is_empty());
    assert!(watch.tuned.lock().expect("no test panics here").is_empty());
    assert!(watch.tried.lock().expect("no test panics here").is_empty());
    assert!(watch.said.lock().expect("no test panics here").is_empty());
    assert!(watch.muted.lock().expect("no test panics here").is_empty());
    let photos = strangers.hub.roll.photos.all();
    assert!(photos.len() == 1 && photos.values().all(|(_, content)| content == JPEG));
    assert_eq!(*watch.ended.lock().expect("no test panics here"), 0);
    let directory = vigie_serve::People::directory(strangers.hub.roll.as_ref());
    let ann = directory.person_of(&"ann@acme.org".parse().expect("an address")).expect("she is there");
    assert!(!ann.disabled && ann.password.is_some() && ann.grants.len() == 1 && ann.version == 1);
    assert!(directory.role(&slug("night")).is_some_and(|role| role.rights == [Right::Look].into()));
    let session = strangers.stands_for[&("/sessions/", "id")].0.parse().expect("an id");
    let token = strangers.stands_for[&("/tokens/", "id")].0.parse().expect("an id");
    assert!(directory.has_session(&session) && directory.has_token(&token));
}
