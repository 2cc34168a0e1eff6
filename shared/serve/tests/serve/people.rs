//! People at the door of a site: who guesses, and who was taken back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::site::{Book, Relay, usual};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use tokio::task::JoinSet;
use tower::ServiceExt;
use vigie_serve::{Access, Clients, Credential, Identity, NotLetIn, Options, router_with};

/// Knows one passphrase, and lets everybody in by it.
#[derive(Default)]
struct Keeper {
    asked: AtomicU32,
    grant: AtomicU32,
}

impl Access for Keeper {
    fn check_bearer(&self, _: &str) -> Option<Identity> {
        None
    }

    fn identity(&self, name: &str) -> Option<Identity> {
        let credential = Credential::of(&self.grant.load(Ordering::SeqCst).to_be_bytes());
        Some(Identity { name: name.to_owned(), clients: Clients::All, credential, ..Identity::default() })
    }

    fn knows_people(&self) -> bool {
        true
    }

    fn check_person(&self, name: &str, passphrase: &str, _: &str) -> Result<Identity, NotLetIn> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.identity(name).filter(|_| passphrase == "right").ok_or(NotLetIn::Wrong)
    }
}

#[tokio::test]
async fn who_guesses_many_at_once_gets_no_more_tries_than_one_after_another() {
    let (router, keeper) = site();
    let mut answers = JoinSet::new();
    // All have begun before the first hears that it was wrong.
    for n in 0..40 {
        answers.spawn(router.clone().oneshot(sign_in(&n.to_string())));
    }
    let mut told_to_wait = 0;
    while let Some(answer) = answers.join_next().await {
        let status = answer.expect("no task panics").expect("an answer").status();
        told_to_wait += u32::from(status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!((keeper.asked.load(Ordering::SeqCst), told_to_wait), (10, 30));
    let right = router.oneshot(sign_in("right")).await.expect("an answer");
    assert_eq!(right.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn who_was_taken_back_and_let_in_again_signs_in_again() {
    let (router, keeper) = site();
    let answer = router.clone().oneshot(sign_in("right")).await.expect("an answer");
    let cookie = answer.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
    let look = || Request::get("/").header("cookie", &cookie).body(Body::empty()).expect("a request");
    assert_eq!(router.clone().oneshot(look()).await.expect("an answer").status(), StatusCode::OK);
    keeper.grant.fetch_add(1, Ordering::SeqCst);
    let again = router.oneshot(look()).await.expect("an answer");
    assert_eq!(
        (again.status(), &again.headers()["location"]),
        (StatusCode::SEE_OTHER, &"/sign-in?again=1".parse().expect("text"))
    );
}

fn site() -> (Router, Arc<Keeper>) {
    let keeper = Arc::new(Keeper::default());
    let (relay, book) = (Arc::new(Relay::cut_off()), Arc::new(Book::of(usual())));
    (router_with(relay, book, Arc::clone(&keeper) as _, Options::default()), keeper)
}

fn sign_in(passphrase: &str) -> Request<Body> {
    Request::post("/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(format!("name=Marc+Petit&passphrase={passphrase}")))
        .expect("a request")
}
