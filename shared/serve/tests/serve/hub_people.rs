//! People of a hub, by their browsers and their programs.

use crate::common::hub::{By, Hub, PASSWORD, SETUP, form};
use crate::common::{ALL, Answer, Node, tokens};
use axum::http::StatusCode;
use serde_json::json;

fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    set.split(';').next().unwrap_or_default().to_owned()
}

fn hub() -> Hub {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    hub
}

#[tokio::test]
async fn a_hub_is_taken_into_use_by_three_fields_and_the_setup_code_and_then_never_again() {
    let hub = Hub::new(Node::new(), tokens());
    let first = hub.door.get("", "/").await;
    assert_eq!((first.status, first.header("location")), (StatusCode::SEE_OTHER, "/begin"));
    let page = hub.door.get("", &format!("/begin?code={SETUP}")).await;
    let fields = page.text().matches("<label for=").count();
    assert_eq!((page.status, fields), (StatusCode::OK, 3), "the code came with the address");
    assert_eq!(hub.door.get("", "/begin").await.text().matches("<label for=").count(), 4);
    let typed = |code: &str, password: &str| {
        form(&[("organisation", "Dupont"), ("email", "root@example.org"), ("password", password), ("code", code)])
    };
    for (code, password, status) in [
        ("wrong", PASSWORD, StatusCode::UNAUTHORIZED),
        (ALL, PASSWORD, StatusCode::UNAUTHORIZED),
        (SETUP, "short", StatusCode::BAD_REQUEST),
        (SETUP, "dupont dupont dupont", StatusCode::BAD_REQUEST),
    ] {
        let answer = hub.door.post("/begin", &[], &typed(code, password)).await;
        assert_eq!(answer.status, status, "{code} {password}");
        assert!(!answer.text().contains(password), "a password is not put into the page again");
    }
    let crossed = hub.door.post("/begin", &[("sec-fetch-site", "cross-site")], &typed(SETUP, PASSWORD)).await;
    assert_eq!(crossed.status, StatusCode::FORBIDDEN);
    let taken = hub.door.post("/begin", &[], &typed(SETUP, PASSWORD)).await;
    assert_eq!((taken.status, taken.header("location")), (StatusCode::SEE_OTHER, "/account"));
    let account = hub.door.get_with_cookie(&cookie(&taken), "/account").await;
    assert!(account.text().contains("root@example.org") && account.text().contains("admin · *"));
    for again in [hub.door.get("", "/begin").await, hub.door.post("/begin", &[], &typed(SETUP, PASSWORD)).await] {
        assert_eq!((again.status, again.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
    }
}

#[tokio::test]
async fn a_person_signs_in_sees_their_own_and_signs_out() {
    let hub = hub();
    hub.roll.person("ann@acme.org", &["observer@acme"]);
    let wrong = hub.door.post("/sign-in", &[], &form(&[("email", "ann@acme.org"), ("password", "x")])).await;
    let unknown = hub.door.post("/sign-in", &[], &form(&[("email", "nobody@acme.org"), ("password", "x")])).await;
    assert_eq!((wrong.status, unknown.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert_eq!(wrong.text().replace("ann@", "nobody@"), unknown.text(), "who is here is not told");
    let typed = form(&[("email", "Ann@ACME.org"), ("password", PASSWORD)]);
    let inside = hub.door.post("/sign-in", &[("user-agent", "Firefox <b>")], &typed).await;
    assert_eq!((inside.status, inside.header("location")), (StatusCode::SEE_OTHER, "/"));
    let cookie = cookie(&inside);
    let machines = hub.door.get_with_cookie(&cookie, "/api/v1/machines").await;
    assert!(machines.text().contains("compta") && !machines.text().contains("mairie"));
    let account = hub.door.get_with_cookie(&cookie, "/account").await;
    assert!(account.text().contains("Firefox &lt;b&gt;"), "a browser's name is only text");
    hub.door.post("/sign-out", &[("cookie", &cookie)], "").await;
    assert_eq!(hub.door.get_with_cookie(&cookie, "/api/v1/machines").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(*hub.roll.turned_away.lock().expect("no test panics here"), ["wrong password", "wrong password"]);
}

#[tokio::test]
async fn tokens_of_before_there_were_people_open_as_before() {
    let hub = hub();
    let inside = hub.door.post("/sign-in", &[], &form(&[("token", ALL)])).await;
    assert_eq!(inside.status, StatusCode::SEE_OTHER);
    let machines = hub.door.get_with_cookie(&cookie(&inside), "/api/v1/machines").await;
    assert!(machines.text().contains("compta") && machines.text().contains("mairie"));
    assert!(hub.door.get(ALL, "/api/v1/machines").await.text().contains("mairie"));
    // They are nobody's, and look after nobody.
    assert_eq!(hub.door.get(ALL, "/api/v1/people").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_guesses_is_not_listened_to_and_nobody_else_is_locked_out() {
    let hub = hub();
    hub.roll.person("ann@acme.org", &["observer@acme"]);
    let mut told_to_wait = 0;
    for n in 0..12 {
        let typed = form(&[("email", "ann@acme.org"), ("password", &format!("guess {n}"))]);
        let answer = hub.door.post("/sign-in", &[], &typed).await;
        told_to_wait += u32::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(told_to_wait, 4);
    // From elsewhere it goes on: a test without addresses is one address, so the other person stands for it.
    let other = hub.door.post("/sign-in", &[], &form(&[("email", "root@example.org"), ("password", PASSWORD)])).await;
    assert_eq!(other.status, StatusCode::SEE_OTHER);
    hub.node.later(30_000);
    let right = hub.door.post("/sign-in", &[], &form(&[("email", "ann@acme.org"), ("password", PASSWORD)])).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER, "half a minute later");
}

#[tokio::test]
async fn an_invitation_by_the_api_is_taken_up_on_its_page_and_shows_in_the_audit_of_its_client() {
    let hub = hub();
    let root = root(&hub).await;
    let invite =
        json!({ "email": "ann@acme.org", "name": "Ann", "grants": [{ "role": "operator", "scope": "acme/lyon" }] });
    let invited = hub.ask("POST", &root, "/api/v1/invitations", Some(invite)).await;
    assert_eq!(invited.status, StatusCode::CREATED, "{}", invited.text());
    let code = invited.json()["code"].as_str().expect("a code").to_owned();
    assert!(!hub.ask("GET", &root, "/api/v1/invitations", None).await.text().contains(&code), "it is shown once");
    let weak = hub.door.post("/invitation", &[], &form(&[("code", &code), ("password", "ann@acme.org 1")])).await;
    assert_eq!(weak.status, StatusCode::BAD_REQUEST);
    let chosen = hub.door.post("/invitation", &[], &form(&[("code", &code), ("password", PASSWORD)])).await;
    assert_eq!(chosen.header("location"), "/sign-in?chosen=1", "{}", chosen.text());
    let again = hub.door.post("/invitation", &[], &form(&[("code", &code), ("password", PASSWORD)])).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    let audit = hub.ask("GET", &root, "/api/v1/audit?client=acme", None).await.json();
    let told: Vec<_> = audit["lines"].as_array().expect("lines").iter().map(|line| line["what"].clone()).collect();
    assert_eq!(told, ["person.invite", "person.accept"]);
    assert!(audit["lines"][0]["happened_at"].is_string() && audit["lines"][0]["hash"].is_string());
    let whole = hub.ask("GET", &root, "/api/v1/audit/verify?client=acme", None).await.json();
    assert_eq!((whole["whole"].clone(), whole["lines"].clone()), (json!(true), json!(2)));
    let export = hub.ask("GET", &root, "/api/v1/audit/export?client=acme", None).await;
    assert_eq!((export.header("content-type"), export.text().lines().count()), ("application/x-ndjson", 2));
    hub.roll.chains.lock().expect("no test panics here").values_mut().for_each(|chain| drop(chain.remove(0)));
    let broken = hub.ask("GET", &root, "/api/v1/audit/verify?client=acme", None).await.json();
    assert_eq!((broken["whole"].clone(), broken["broken"].clone()), (json!(false), json!("line 1 is missing")));
}

#[tokio::test]
async fn a_browser_that_was_left_open_makes_no_token_before_its_person_proved_who_they_are() {
    let hub = hub();
    let root = root(&hub).await;
    let make = json!({ "name": "grafana", "rights": ["look"], "scopes": ["acme"] });
    hub.node.later(11 * 60_000);
    let asked = hub.ask("POST", &root, "/api/v1/tokens", Some(make.clone())).await;
    assert_eq!((asked.status, asked.json()["code"].clone()), (StatusCode::FORBIDDEN, json!("proof-needed")));
    let wrong = hub.ask("POST", &root, "/api/v1/me/proof", Some(json!({ "password": "x" }))).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let proved = hub.ask("POST", &root, "/api/v1/me/proof", Some(json!({ "password": PASSWORD }))).await;
    assert_eq!(proved.status, StatusCode::NO_CONTENT, "{}", proved.text());
    let made = hub.ask("POST", &root, "/api/v1/tokens", Some(make)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let token = By::Token(made.json()["token"].as_str().expect("a token").to_owned());
    let machines = hub.ask("GET", &token, "/api/v1/machines", None).await;
    assert!(machines.text().contains("compta") && !machines.text().contains("mairie"));
    assert_eq!(hub.ask("GET", &token, "/api/v1/people", None).await.status, StatusCode::FORBIDDEN);
    let me = hub.ask("GET", &token, "/api/v1/me", None).await.json();
    assert_eq!(me["may"], json!({ "look": ["acme"] }));
}

#[tokio::test]
async fn whoever_changes_what_another_changed_meanwhile_is_told_so() {
    let hub = hub();
    let (root, ann) = (root(&hub).await, hub.roll.person("ann@acme.org", &["observer@acme"]));
    let path = format!("/api/v1/people/{ann}");
    let etag = hub.ask("GET", &root, &path, None).await.header("etag").to_owned();
    assert_eq!(etag, "\"1\"");
    let By::Cookie(secret) = &root else { panic!("a browser") };
    let disable = || {
        let request = axum::http::Request::post(format!("{path}/disable"));
        let request = request.header("cookie", format!("vigie={secret}")).header("if-match", "\"1\"");
        hub.door.send(request.body(axum::body::Body::empty()).expect("a request"))
    };
    let done = disable().await;
    assert_eq!((done.status, done.header("etag")), (StatusCode::OK, "\"2\""));
    let late = disable().await;
    assert_eq!((late.status, late.json()["code"].clone()), (StatusCode::PRECONDITION_FAILED, json!("outdated")));
}

#[tokio::test]
async fn a_site_s_person_sees_the_samples_of_that_site_alone() {
    let hub = hub();
    let ann = hub.roll.person("ann@acme.org", &["observer@acme/lyon", "observer@bron/paris"]);
    let ann = By::Cookie(hub.roll.session(&ann).1);
    let paths = [
        "/prometheus/api/v1/query?query=up",
        "/prometheus/api/v1/series?match[]=up",
        "/api/v1/machines",
        "/api/v1/sites",
    ];
    for path in paths {
        let answer = hub.ask("GET", &ann, path, None).await;
        assert!(answer.text().contains("lyon") && !answer.text().contains("ecole"), "{path}: {}", answer.text());
    }
    let incidents = hub.ask("GET", &ann, "/api/v1/incidents?standing=all", None).await.json();
    let ids: Vec<_> = incidents["incidents"].as_array().expect("a list").iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, ["A"], "that of bron is at its lyon, and ann sees bron's paris");
}

async fn root(hub: &Hub) -> By {
    let sign_in = json!({ "email": "root@example.org", "password": PASSWORD });
    let inside = hub.ask("POST", &By::Nobody, "/api/v1/sessions", Some(sign_in)).await;
    assert_eq!(inside.status, StatusCode::CREATED, "{}", inside.text());
    By::Cookie(cookie(&inside).trim_start_matches("vigie=").to_owned())
}

#[tokio::test]
async fn who_looks_after_a_sites_people_lets_somebody_in_there_for_no_more_than_they_may_themselves() {
    let hub = hub();
    let root = root(&hub).await;
    let here = "/api/v1/sites/acme/lyon/people";
    let ann = || Some(json!({ "name": "Ann Lee", "days": 7, "may": "decide" }));
    let made = hub.ask("POST", &root, here, ann()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    assert_eq!(
        (made.json()["passphrase"].clone(), made.json()["person"]["name"].clone()),
        (json!("abcd-efgh"), json!("Ann Lee"))
    );
    let status = async |method: &str, by: &By, path: &str, body| hub.ask(method, by, path, body).await.status;
    assert_eq!(status("POST", &root, here, Some(json!({ "name": "Marc" }))).await, StatusCode::CONFLICT);
    for bad in [json!({}), json!({ "name": "Ann", "may": "all" }), json!({ "name": "Ann", "days": -1 })] {
        assert_eq!(status("POST", &root, here, Some(bad.clone())).await, StatusCode::BAD_REQUEST, "{bad}");
    }
    let marc = format!("{here}/Marc%20%3Cb%3EPetit%3C%2Fb%3E");
    assert_eq!(status("DELETE", &root, &marc, None).await, StatusCode::NO_CONTENT);
    assert_eq!(status("DELETE", &root, &format!("{here}/Nobody"), None).await, StatusCode::NOT_FOUND);

    // Who may only look there lets nobody decide; who looks after nobody there lets nobody in.
    let token = async |rights: &[&str], scope: &str| {
        let wish = json!({ "name": scope, "rights": rights, "scopes": [scope] });
        let made = hub.ask("POST", &root, "/api/v1/tokens", Some(wish)).await;
        By::Token(made.json()["token"].as_str().unwrap_or_else(|| panic!("{}", made.text())).to_owned())
    };
    let looks = token(&["look", "people"], "acme/lyon").await;
    assert_eq!(status("POST", &looks, here, ann()).await, StatusCode::FORBIDDEN);
    let look = Some(json!({ "name": "Ann Lee", "may": "look" }));
    assert_eq!(status("POST", &looks, here, look.clone()).await, StatusCode::CREATED);
    assert_eq!(status("POST", &looks, "/api/v1/sites/acme/paris/people", look.clone()).await, StatusCode::FORBIDDEN);
    let other = token(&["look", "decide"], "acme").await;
    for (method, path, body) in [("POST", here, look.clone()), ("DELETE", marc.as_str(), None)] {
        assert_eq!(status(method, &other, path, body).await, StatusCode::FORBIDDEN);
    }

    // A browser that was left open lets nobody in.
    hub.node.later(11 * 60_000);
    for (method, path, body) in [("POST", here, ann()), ("DELETE", marc.as_str(), None)] {
        let asked = hub.ask(method, &root, path, body).await;
        assert_eq!((asked.status, asked.json()["code"].clone()), (StatusCode::FORBIDDEN, json!("proof-needed")));
    }
}
