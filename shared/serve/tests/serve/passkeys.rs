//! Does somebody come in by a passkey, in a real browser whose device is Chromium's virtual one?

use std::sync::Arc;

use crate::common::browser::Browser;
use crate::common::hub::{By, Hub, PASSWORD, options};
use crate::common::{Node, peer_is_here, tokens};
use axum::http::StatusCode;
use serde_json::{Value, json};
use vigie_passkeys::Passkeys;
use vigie_serve::{Options, People};

/// A hub on loopback that browsers reach by a name.
async fn serve() -> (Hub, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = format!("http://localhost:{}", listener.local_addr().expect("an address").port());
    let passkeys = Some(Arc::new(Passkeys::new(&at).expect("a name")));
    let hub = Hub::serving(Node::new(), tokens(), Options { passkeys, ..options() });
    hub.roll.begin();
    let router = hub.door.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (hub, at)
}

/// What is written of people of acme.
fn told(hub: &Hub) -> Vec<String> {
    let acme = "acme".parse().expect("a name");
    let lines = hub.roll.lines(Some(&acme), 0, 1_000).expect("lines");
    let line =
        |link: &vigie_people::Link| link.line().map(|line| format!("{} {} {}", line.what, line.before, line.after));
    lines.iter().filter_map(|(_, link)| line(link)).collect()
}

async fn in_browser<T: Send + 'static>(drive: impl FnOnce(&mut Browser) -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(move || drive(&mut Browser::open())).await.expect("the browser goes through it")
}

const ANN: &str = "ann@acme.org";

fn by_password(browser: &mut Browser, at: &str) {
    browser.go(&format!("{at}/sign-in"));
    browser.led(&format!(
        "const form = document.querySelector('form[action=\"/sign-in\"]');
         form.email.value = '{ANN}'; form.password.value = '{PASSWORD}'; form.submit();"
    ));
}

fn press(way: &str) -> String {
    format!("document.querySelector('[data-passkey={way}] button').click()")
}

fn said(way: &str) -> String {
    format!("document.querySelector('[data-passkey={way}] [role=status]').textContent")
}

const WHO: &str = "fetch('/api/v1/me').then((me) => me.status === 200 ? me.json() : {}).then((me) => me.name ?? '')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_makes_a_passkey_signs_out_comes_in_by_it_alone_and_proves_themselves_by_it() {
    if !peer_is_here("chromium") {
        return;
    }
    let (hub, at) = serve().await;
    hub.roll.person(ANN, &["observer@acme"]);
    let hub = Arc::new(hub);
    let (watched, url) = (hub.clone(), at.clone());
    in_browser(move |browser| {
        by_password(browser, &url);
        browser.go(&format!("{url}/account"));
        browser.led(&press("add"));
        assert_eq!(browser.place(), "/account?done=1");
        browser.led("document.querySelector('form[action=\"/sign-out\"]').submit()");
        assert_eq!(browser.js(WHO), json!(""), "out");
        assert_eq!(browser.place(), "/sign-in");
        // Somebody was on the way to a page, and goes on to it.
        browser.go(&format!("{url}/machines/anything?q=x"));
        assert_eq!(browser.place(), "/sign-in");
        browser.led(&press("sign-in"));
        assert_eq!((browser.place().as_str(), browser.js(WHO)), ("/machines/anything?q=x", json!(ANN)));
        // A while later the hub wants to know again who it is, before it takes another passkey.
        watched.node.later(11 * 60_000);
        browser.go(&format!("{url}/account"));
        browser.led(&press("add"));
        assert_eq!(browser.place(), "/account?prove=1");
        browser.led(&press("prove"));
        assert_eq!(browser.place(), "/account?done=1");
        // The device has one already, and makes no other for the same person.
        browser.js(&press("add"));
        browser.until(&format!("{}.includes('already')", said("add")));
        // What is not needed any more goes.
        browser.led("document.querySelector('form[action$=\"/off\"]').submit()");
        assert_eq!(browser.js("document.querySelectorAll('form[action$=\"/off\"]').length"), json!(0));
    })
    .await;
    let told = told(&hub);
    let has = |what: &str| told.iter().any(|line| line.contains(what));
    assert!(has("passkey.add null \"My device\"") && has("passkey.remove \"My device\" null"), "{told:?}");
    assert!(
        has("session.prove") && told.iter().filter(|line| line.contains("passkey My device")).count() == 2,
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_that_is_not_right_opens_nothing_and_a_copy_shows() {
    if !peer_is_here("chromium") {
        return;
    }
    let (hub, at) = serve().await;
    hub.roll.person(ANN, &["observer@acme"]);
    let (node, url) = (hub.node.clone(), at.clone());
    in_browser(move |browser| {
        by_password(browser, &url);
        browser.go(&format!("{url}/account"));
        browser.led(&press("add"));
        let copy = browser.of_device("WebAuthn.getCredentials", json!({}))["credentials"][0].clone();
        browser.go(&format!("{url}/sign-in"));
        // The page's own script, up to what it would send.
        let answer = |browser: &mut Browser| {
            browser.js("(async () => { const asked = await post(WAYS['sign-in'].ask, {});
                 const shown = await navigator.credentials.get({ publicKey: withBytes(asked.options) });
                 window.sent = { question: asked.question, answer: withText(shown) }; })()");
        };
        let send = |browser: &mut Browser, change: &str| {
            let script = format!(
                "(async () => {{ const sent = structuredClone(window.sent); {change};
                 const answer = await fetch('/api/v1/sessions/passkey', {{ method: 'POST', body: JSON.stringify(sent),
                 headers: {{ 'content-type': 'application/json' }} }}); return answer.status; }})()"
            );
            browser.js(&script)
        };
        let other =
            "toText(new TextEncoder().encode(new TextDecoder().decode(toBytes(sent.answer.response.clientDataJSON))";
        for change in [
            "sent.question = 'x'".to_owned(),
            "sent.answer.response.signature = sent.answer.response.clientDataJSON".to_owned(),
            format!("sent.answer.response.clientDataJSON = {other}.replace('webauthn.get', 'webauthn.create')))"),
            format!(
                "sent.answer.response.clientDataJSON = {other}.replace('http://localhost', 'https://evil.example')))"
            ),
            // The flags behind the hash of the name: nobody made sure of the person.
            "const data = toBytes(sent.answer.response.authenticatorData); data[32] &= ~4;
             sent.answer.response.authenticatorData = toText(data)"
                .to_owned(),
        ] {
            answer(browser);
            assert_eq!(send(browser, &change), json!(401), "{change}");
        }
        node.later(60 * 60_000);
        answer(browser);
        node.later(5 * 60_000);
        assert_eq!(send(browser, ""), json!(401), "too late");
        answer(browser);
        assert_eq!((send(browser, ""), send(browser, "")), (json!(201), json!(401)), "once, and not again");
        // Somebody else has the same key, which was used less.
        let id = copy["credentialId"].clone();
        browser.of_device("WebAuthn.removeCredential", json!({ "credentialId": id }));
        browser.of_device("WebAuthn.addCredential", json!({ "credential": copy }));
        browser.go(&format!("{url}/sign-in"));
        answer(browser);
        assert_eq!(send(browser, ""), json!(401), "it counts backwards");
        answer(browser);
        (0..20).for_each(|_| answer(browser));
        assert_eq!(send(browser, ""), json!(401), "and opens nothing from then on, however often it was used");
        browser.go(&format!("{url}/account"));
        assert_eq!(browser.js("document.body.innerText.includes('counted backwards')"), json!(true));
    })
    .await;
    let told = told(&hub);
    assert_eq!(told.iter().filter(|line| line.starts_with("passkey.doubt")).count(), 1, "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_does_not_know_its_person_and_a_browser_without_passkeys_are_told_so_in_words() {
    if !peer_is_here("chromium") {
        return;
    }
    let (hub, at) = serve().await;
    hub.roll.person(ANN, &["observer@acme"]);
    let url = at.clone();
    in_browser(move |browser| {
        by_password(browser, &url);
        browser.go(&format!("{url}/account"));
        browser.led(&press("add"));
        browser.of_device("WebAuthn.setUserVerified", json!({ "isUserVerified": false }));
        browser.led("document.querySelector('form[action=\"/sign-out\"]').submit()");
        browser.js(&press("sign-in"));
        browser.until(&format!("{}.includes('gave no passkey')", said("sign-in")));
        assert_eq!(browser.js(WHO), json!(""));
        let without = json!({ "source": "delete window.PublicKeyCredential" });
        browser.ask("Page.addScriptToEvaluateOnNewDocument", without);
        browser.go(&format!("{url}/sign-in"));
        browser.until(&format!("{}.includes('has no passkeys')", said("sign-in")));
        assert_eq!(browser.js("document.querySelector('[data-can]').hidden"), json!(true));
    })
    .await;
    let page = hub.door.get("", "/sign-in").await;
    assert!(page.text().contains("<noscript><p>Passkeys need JavaScript"), "{}", page.text());
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_invited_comes_in_by_a_passkey_and_never_has_a_password_until_they_choose_one() {
    if !peer_is_here("chromium") {
        return;
    }
    let (hub, at) = serve().await;
    let root = By::Token(root_token(&hub));
    let invite = json!({ "email": ANN, "name": "Ann", "grants": [{ "role": "observer", "scope": "acme" }] });
    let invited = hub.ask("POST", &root, "/api/v1/invitations", Some(invite)).await;
    let code = invited.json()["code"].as_str().expect("a code").to_owned();
    let url = at.clone();
    in_browser(move |browser| {
        browser.go(&format!("{url}/invitation?code={code}"));
        browser.led(&press("accept"));
        assert_eq!((browser.place().as_str(), browser.js(WHO)), ("/", json!(ANN)));
        browser.led("location = '/account'");
        // Nothing stands beside a password that is not there.
        assert_eq!(browser.js("document.querySelector('[action=\"/account/second\"]')"), Value::Null);
        let off = "document.querySelector('form[action$=\"/off\"]').submit()";
        browser.led(off);
        assert_eq!(browser.js("document.body.innerText.includes('no way left')"), json!(true));
        browser.go(&format!("{url}/account"));
        browser.led(&format!(
            "const form = document.querySelector('form[action=\"/account/password\"]');
             form.new.value = '{PASSWORD}'; form.submit();"
        ));
        assert_eq!(browser.place(), "/account?done=1");
        browser.led("document.querySelector('form[action=\"/account/second\"] button').click()");
        assert_eq!(browser.js("document.querySelectorAll('li code').length"), json!(10), "recovery codes");
    })
    .await;
    // The password alone opens nothing now.
    let typed = json!({ "email": ANN, "password": PASSWORD });
    let refused = hub.ask("POST", &By::Nobody, "/api/v1/sessions", Some(typed)).await;
    assert_eq!((refused.status, refused.json()["code"].clone()), (StatusCode::UNAUTHORIZED, json!("code-needed")));
    let person = hub.ask("GET", &root, "/api/v1/people?q=passkeys:%3E0", None).await.json();
    assert_eq!((person["total"].clone(), person["people"][0]["second_needed"].clone()), (json!(1), json!(true)));
}

fn root_token(hub: &Hub) -> String {
    let root = hub.roll.person("second@example.org", &["admin@*"]);
    hub.roll.token(&root, "*", 30).1
}
