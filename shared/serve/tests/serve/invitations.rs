//! How does somebody who was invited get their code, by mail and without?

use std::sync::{Arc, Mutex, OnceLock};

use crate::common::hub::{By, Hub, PASSWORD, Roll, form};
use crate::common::{Node, tokens};
use axum::http::StatusCode;
use serde_json::{Value, json};
use vigie_jobs::JobId;
use vigie_model::UtcMs;
use vigie_people::Id;
use vigie_serve::{Beside, Draft, FirstTry, Letter, Options, Post, letter_noted, letter_went};

/// What somebody was written: to whom, about what, with what, and of whose people they are.
type Written = (String, String, String, Option<String>);

/// A mailbox, whose server may be away.
#[derive(Default)]
struct Box {
    people: OnceLock<Arc<Roll>>,
    /// What was kept and not tried yet.
    kept: Arc<Mutex<Option<(Id, Written)>>>,
    letters: Mutex<Vec<Written>>,
    is_away: Mutex<bool>,
}

const JOB: &str = "0000000000000000000000ab";

impl Post for Box {
    fn draft(&self, letter: Letter<'_>) -> Result<Draft, String> {
        let Letter { invitation, to, subject, text, client, .. } = letter;
        let written = (to.to_owned(), subject.to_owned(), text.to_owned(), client.map(ToString::to_string));
        let (kept, written) = (self.kept.clone(), (invitation.clone(), written));
        let kept = std::boxed::Box::new(move || *kept.lock().expect("no test panics here") = Some(written));
        let beside = Beside { table: "letters", key: Vec::new(), row: Vec::new(), kept };
        Ok(Draft { job: JOB.parse().expect("an id"), beside })
    }

    fn first_try<'a>(&'a self, _: &'a JobId) -> FirstTry<'a> {
        let (invitation, letter) = self.kept.lock().expect("no test panics here").take().expect("it was kept");
        let (taken, said) = match *self.is_away.lock().expect("no test panics here") {
            true => (false, "no connection to <mail>\u{1b}[2J"),
            false => (true, "250 kept as 42"),
        };
        if taken {
            self.letters.lock().expect("no test panics here").push(letter);
        }
        let how = letter_went(UtcMs(1_795_258_930_000), taken, said);
        letter_noted(&**self.people.get().expect("a hub"), &invitation, &how);
        std::boxed::Box::pin(async move { how })
    }
}

impl std::fmt::Debug for Box {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Box")
    }
}

fn hub(mailbox: Option<Arc<Box>>) -> Hub {
    let origin = Some("https://hub.example.org".to_owned());
    let post = mailbox.clone().map(|mailbox| mailbox as Arc<dyn Post>);
    let hub = Hub::serving(Node::new(), tokens(), Options { post, origin, ..Options::default() });
    mailbox.map(|mailbox| mailbox.people.set(hub.roll.clone()).ok());
    hub.roll.begin();
    hub
}

fn root(hub: &Hub) -> (By, String) {
    let root = hub.roll.person("second@example.org", &["admin@*"]);
    let (_, secret) = hub.roll.session(&root);
    (By::Cookie(secret.clone()), format!("vigie={secret}"))
}

fn ann(more: Value) -> Value {
    let mut invite =
        json!({ "email": "ann@acme.org", "name": "Ann", "grants": [{ "role": "observer", "scope": "acme/lyon" }] });
    more.as_object().expect("fields").iter().for_each(|(name, value)| invite[name] = value.clone());
    invite
}

async fn takes_up(hub: &Hub, link: &str) -> StatusCode {
    let code = link.strip_prefix("https://hub.example.org/invitation?code=").expect("a link of this hub");
    hub.door.post("/invitation", &[], &form(&[("code", code), ("password", PASSWORD)])).await.status
}

#[tokio::test]
async fn the_code_goes_by_mail_to_who_is_invited_and_to_nobody_else() {
    let mailbox = Arc::new(Box::default());
    let hub = hub(Some(mailbox.clone()));
    let (by, _) = root(&hub);
    let invited = hub.ask("POST", &by, "/api/v1/invitations", Some(ann(json!({ "language": "fr" })))).await;
    assert_eq!(invited.status, StatusCode::CREATED, "{}", invited.text());
    let said = invited.json();
    assert!(said.get("code").is_none() && said.get("link").is_none(), "{said}");
    assert_eq!((&said["mailed"]["taken"], &said["job"]), (&json!(true), &json!("0000000000000000000000ab")));
    let letters = mailbox.letters.lock().expect("no test panics here").clone();
    let (to, subject, text, client) = &letters[0];
    assert_eq!(
        (letters.len(), to.as_str(), subject.as_str(), client.as_deref()),
        (1, "ann@acme.org", "Votre invitation à Vigie chez Dupont", Some("acme"))
    );
    assert!(text.contains("second@example.org vous invite"), "{text}");
    let waiting = hub.ask("GET", &by, "/api/v1/invitations", None).await.json();
    assert_eq!(waiting["invitations"][0]["mailed"]["said"], "250 kept as 42");
    let link = text.lines().find(|line| line.starts_with("https://")).expect("a link on its line");
    assert_eq!(takes_up(&hub, link).await, StatusCode::SEE_OTHER);
    assert_eq!(takes_up(&hub, link).await, StatusCode::NOT_FOUND, "once");
    let audit = hub.ask("GET", &by, "/api/v1/audit?client=acme", None).await;
    assert!(audit.text().contains("person.mail") && !audit.text().contains(&link[link.len() - 19..]), "no code");
}

#[tokio::test]
async fn where_the_letter_does_not_go_the_link_is_shown_once_and_sent_again_it_is_another() {
    let mailbox = Arc::new(Box::default());
    *mailbox.is_away.lock().expect("no test panics here") = true;
    let hub = hub(Some(mailbox.clone()));
    let (by, cookie) = root(&hub);
    let first = hub.ask("POST", &by, "/api/v1/invitations", Some(ann(json!({})))).await.json();
    assert_eq!(
        (first["mailed"]["taken"].clone(), first["mailed"]["said"].clone()),
        (json!(false), json!("no connection to <mail>[2J"))
    );
    let link = first["link"].as_str().expect("a link").to_owned();
    let page = hub.door.get_with_cookie(&cookie, "/account/people").await;
    assert!(page.text().contains("no connection to &lt;mail&gt;") && !page.text().contains(&link), "{}", page.text());
    *mailbox.is_away.lock().expect("no test panics here") = false;
    let again = format!("/account/invitations/{}/renew", first["id"].as_str().expect("an id"));
    let page = hub.door.post(&again, &[("cookie", &cookie)], "").await;
    assert!(page.text().contains("250 kept as 42"), "{}", page.text());
    assert_eq!(takes_up(&hub, &link).await, StatusCode::NOT_FOUND, "the one of before opens nothing");
    let text = mailbox.letters.lock().expect("no test panics here")[0].2.clone();
    let link = text.lines().find(|line| line.starts_with("https://")).expect("a link").to_owned();
    assert_eq!(takes_up(&hub, &link).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn without_mail_the_page_shows_the_link_and_an_invitation_can_be_taken_back() {
    let hub = hub(None);
    let (by, cookie) = root(&hub);
    let typed = form(&[
        ("email", "ann@acme.org"),
        ("name", "Ann <b>"),
        ("role", "operator"),
        ("scope", "acme"),
        ("language", "fr"),
    ]);
    let page = hub.door.post("/account/people/invite", &[("cookie", &cookie)], &typed).await;
    let link =
        page.text().split("<code>").nth(1).and_then(|rest| rest.split("</code>").next()).expect("a link").to_owned();
    let page = hub.door.get_with_cookie(&cookie, "/account/people").await;
    assert!(page.text().contains("Ann &lt;b&gt;") && !page.text().contains(&link), "shown once: {}", page.text());
    let open = hub.ask("GET", &by, "/api/v1/invitations", None).await.json()["invitations"][0].clone();
    assert_eq!((open["language"].clone(), open["mailed"].clone()), (json!("fr"), Value::Null));
    let back = format!("/account/invitations/{}/withdraw", open["id"].as_str().expect("an id"));
    assert_eq!(hub.door.post(&back, &[("cookie", &cookie)], "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(takes_up(&hub, &link).await, StatusCode::NOT_FOUND);
    // What can not be is said, and what was typed stays.
    let wrong = typed.replace("%61%6e%6e%40", "%20");
    let page = hub.door.post("/account/people/invite", &[("cookie", &cookie)], &wrong).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.text().contains("an e-mail address has one @") && page.text().contains("Ann &lt;b&gt;"));
    // Who was signed in a while ago proves first who they are.
    hub.node.later(11 * 60_000);
    let page = hub.door.post("/account/people/invite", &[("cookie", &cookie)], &typed).await;
    assert!(page.status == StatusCode::FORBIDDEN && page.text().contains("/account/proof"), "{}", page.text());
}
