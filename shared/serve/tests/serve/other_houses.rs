//! People who come in by an account of another house: the whole way of a browser, against an issuer on loopback.

#[path = "../../../issuers/tests/common/house.rs"]
mod house;

use std::sync::Arc;

use crate::common::hub::{By, Hub, PASSWORD, form, options};
use crate::common::{Answer, Node, tokens};
use axum::http::StatusCode;
use house::{CLIENT, House, SECRET};
use serde::Deserialize;
use serde_json::json;
use vigie_issuers::{Issuers, SignInSaid, check_all};
use vigie_outgoing::Guard;
use vigie_serve::{Lookout, Options};

#[derive(Deserialize)]
struct File {
    sign_in: Vec<SignInSaid>,
}

struct World {
    house: Arc<House>,
    hub: Hub,
    _folder: tempfile::TempDir,
}

fn world(more: &str, tls: bool) -> World {
    let node = Node::new();
    let (house, folder) = (House::open(node.now().utc.0 / 1_000), tempfile::tempdir().expect("a folder"));
    let secret = folder.path().join("secret");
    std::fs::write(&secret, SECRET).expect("a file");
    let text = format!(
        "[[sign_in]]\nkind='oidc'\nname='office'\nlabel='The <Office>'\nissuer='{}'\nclient_id='{CLIENT}'\n\
         client_secret_file='{}'\n{more}",
        house.issuer,
        secret.display()
    );
    let file: File = toml::from_str(&text).expect("TOML");
    let setups = check_all(&file.sign_in).expect("an issuer");
    let issuers = Issuers::new(setups, "http://127.0.0.1".to_owned(), &Guard::new(true, Vec::new()));
    let options = Options { tls, issuers: Arc::new(issuers), ..options() };
    let hub = Hub::serving(node, tokens(), options);
    hub.roll.begin();
    World { house, hub, _folder: folder }
}

fn cookies(answer: &Answer) -> Vec<String> {
    let set = answer.headers.get_all("set-cookie").iter();
    set.map(|cookie| cookie.to_str().expect("text").split(';').next().expect("a cookie").to_owned()).collect()
}

impl World {
    /// Off to the other house: the cookie that the browser keeps, and the address that it comes back to.
    async fn leave(&self, query: &str) -> (String, String) {
        let off = self.hub.door.get("", &format!("/sign-in/with/office{query}")).await;
        assert_eq!(off.status, StatusCode::SEE_OTHER, "{}", off.text());
        let (state, code) = self.house.sign_in_at(off.header("location"));
        let back = form(&[("state", &state), ("code", &code)]);
        (cookies(&off).remove(0), format!("/sign-in/with/office/back?{back}"))
    }

    async fn comes_in(&self) -> Answer {
        let (cookie, back) = self.leave("").await;
        self.hub.door.get_with_cookie(&cookie, &back).await
    }
}

#[tokio::test]
async fn a_browser_goes_to_the_other_house_comes_back_is_signed_in_and_may_undo_it() {
    let world = world("", false);
    let (hub, _) = (&world.hub, world.hub.roll.person("ann@acme.org", &["observer@acme"]));
    let door = hub.door.get("", "/sign-in").await.text().to_owned();
    assert!(door.contains("href=\"/sign-in/with/office\"") && door.contains("Sign in with The &lt;Office&gt;"));
    let inside = world.comes_in().await;
    assert_eq!((inside.status, inside.header("location")), (StatusCode::SEE_OTHER, "/"), "{}", inside.text());
    let [session, way] = cookies(&inside).try_into().expect("two cookies");
    assert!(session.starts_with("vigie=") && way == "vigie-way=");
    // They were on the way to a page before they went.
    let bound = cookies(&hub.door.get("", "/machines/anything").await).remove(0);
    let on = hub.door.get_with_cookie(&format!("{session}; {bound}"), "/").await;
    assert_eq!((on.status, on.header("location")), (StatusCode::SEE_OTHER, "/machines/anything"));
    let me = hub.door.get_with_cookie(&session, "/api/v1/me").await.json();
    assert_eq!((&me["name"], &me["person"]["sign_ins"]), (&json!("ann@acme.org"), &json!(["office"])));
    let account = hub.door.get_with_cookie(&session, "/account").await.text().to_owned();
    assert!(account.contains("The &lt;Office&gt;, since") && account.contains("/account/sign-ins/office/off"));
    let gone = hub.door.post("/account/sign-ins/office/off", &[("cookie", &session)], "").await;
    assert_eq!(gone.header("location"), "/account?done=1", "{}", gone.text());
    let me = hub.door.get_with_cookie(&session, "/api/v1/me").await.json();
    assert_eq!(me["person"]["sign_ins"], json!([]));
    let chains = hub.roll.chains.lock().expect("no test panics here").clone();
    let acme = &chains[&Some("acme".parse().expect("a name"))];
    let told: Vec<_> = acme.iter().filter_map(|(_, link)| Some(link.line()?.what)).collect();
    assert_eq!(told[told.len() - 3..], ["person.link", "session.open", "person.unlink"]);
}

#[tokio::test]
async fn what_comes_back_twice_late_or_to_another_browser_signs_nobody_in() {
    let world = world("", false);
    let hub = &world.hub;
    hub.roll.person("ann@acme.org", &["observer@acme"]);
    let (cookie, back) = world.leave("").await;
    assert_eq!(hub.door.get_with_cookie(&cookie, &back).await.status, StatusCode::SEE_OTHER);
    let (late_cookie, late) = world.leave("").await;
    let (_, to_another) = world.leave("").await;
    hub.node.later(601_000);
    for (cookie, back) in
        [(&cookie, &back), (&late_cookie, &late), (&cookie, &to_another), (&String::new(), &to_another)]
    {
        let refused = hub.door.get_with_cookie(cookie, back).await;
        assert_eq!((refused.status, cookies(&refused)), (StatusCode::UNAUTHORIZED, vec!["vigie-way=".to_owned()]));
        assert!(refused.text().contains("in another browser. Nobody was signed in"));
    }
    assert_eq!(world.house.was_asked("POST /token"), 1);
    let forged = hub.door.get_with_cookie(&cookie, "/sign-in/with/office/back?error=%3Cimg%20src%3Dx%3E&state=x").await;
    assert!(!forged.text().contains("<img src=x") && forged.status == StatusCode::UNAUTHORIZED);
    assert_eq!(hub.door.get("", "/sign-in/with/nobody").await.header("location"), "/sign-in");
}

#[tokio::test]
async fn a_token_that_is_not_believed_and_somebody_whom_nobody_knows_stay_outside() {
    let world = world("", false);
    let stranger = world.comes_in().await;
    assert_eq!((stranger.status, cookies(&stranger)), (StatusCode::UNAUTHORIZED, vec!["vigie-way=".to_owned()]));
    assert!(stranger.text().contains("Nobody here is known by this account"));
    assert_eq!(world.hub.roll.not_vouched.lock().expect("no test panics here").len(), 1);
    world.hub.roll.person("ann@acme.org", &["observer@acme"]);
    for claims in [json!({ "aud": "another" }), json!({ "nonce": "another" }), json!({ "exp": 1 })] {
        world.house.say(|says| says.claims = claims);
        let refused = world.comes_in().await;
        assert_eq!((refused.status, cookies(&refused)), (StatusCode::UNAUTHORIZED, vec!["vigie-way=".to_owned()]));
        assert!(refused.text().contains("not believed"));
    }
    world.house.say(|says| says.claims = json!({}));
    assert_eq!(world.comes_in().await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn who_was_invited_or_is_of_the_domain_comes_in_without_a_password() {
    let world = world("domains=['acme.org']\ngrants=['observer@acme/lyon']\n", false);
    let hub = &world.hub;
    hub.roll.invited("ann@acme.org", "operator@acme");
    for (subject, email, role) in [("1", "ann@acme.org", "operator"), ("2", "bob@acme.org", "observer")] {
        world.house.say(|says| says.claims = json!({ "sub": subject, "email": email }));
        let session = cookies(&world.comes_in().await).remove(0);
        let me = hub.door.get_with_cookie(&session, "/api/v1/me").await.json();
        let person = &me["person"];
        assert_eq!((&person["email"], &person["grants"][0]["role"]), (&json!(email), &json!(role)));
        assert_eq!(person["password"], false);
        let only_way = hub.door.post("/account/sign-ins/office/off", &[("cookie", &session)], "").await;
        assert!(only_way.status == StatusCode::BAD_REQUEST && only_way.text().contains("no way left to sign in"));
    }
    world.house.say(|says| says.claims = json!({ "sub": "3", "email": "eve@evil.org" }));
    assert_eq!(world.comes_in().await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_is_asked_for_a_proof_gives_it_there_and_the_browser_has_one_session() {
    let world = world("", false);
    let hub = &world.hub;
    hub.roll.person("ann@acme.org", &["observer@acme"]);
    world.house.say(|says| says.claims = json!({ "auth_time": null }));
    let old = cookies(&world.comes_in().await).remove(0);
    let asked = hub.door.post("/account/telephone", &[("cookie", &old)], "").await.text().to_owned();
    assert!(asked.contains("href=\"/sign-in/with/office?again=1\"") && asked.contains("/account/proof"));
    world.house.say(|says| says.claims = json!({}));
    let (way, back) = world.leave("?again=1").await;
    let proved = hub.door.get_with_cookie(&format!("{old}; {way}"), &back).await;
    assert_eq!(proved.header("location"), "/account");
    let new = cookies(&proved).remove(0);
    assert_eq!(hub.door.post("/account/telephone", &[("cookie", &new)], "").await.status, StatusCode::OK);
    assert_eq!(hub.door.get_with_cookie(&old, "/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    let sessions = hub.ask("GET", &By::Cookie(new.replace("vigie=", "")), "/api/v1/sessions", None).await.json();
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(1), "{sessions}");
}

#[tokio::test]
async fn over_tls_no_other_host_plants_the_cookie_of_the_way_and_a_house_that_is_away_is_said_to_be() {
    let world = world("", true);
    let off = world.hub.door.get("", "/sign-in/with/office").await;
    let set = off.header("set-cookie");
    assert!(
        set.starts_with("__Host-vigie-way=") && set.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure")
    );
    let broken = self::world("", false);
    broken.house.say(|says| says.described = json!({ "token_endpoint": null }));
    let away = broken.hub.door.get("", "/sign-in/with/office").await;
    assert_eq!((away.status, away.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "10"));
    let typed = form(&[("email", "root@example.org"), ("password", PASSWORD)]);
    assert_eq!(broken.hub.door.post("/sign-in", &[], &typed).await.status, StatusCode::SEE_OTHER, "passwords stay");
}
