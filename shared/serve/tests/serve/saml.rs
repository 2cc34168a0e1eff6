//! People who come in by a house that speaks SAML: the whole way of a browser, against a house with keys of its own.

#[path = "../../../saml/tests/common/house.rs"]
mod house;

use std::path::PathBuf;
use std::sync::Arc;

use crate::common::hub::{By, Hub, form, options};
use crate::common::{Answer, Node, tokens};
use axum::http::StatusCode;
use data_encoding::BASE64;
use flate2::read::DeflateDecoder;
use house::{HOUSE, House, Says, Signs};
use serde::Deserialize;
use serde_json::json;
use vigie_issuers::{Issuers, SignInSaid, check_all};
use vigie_outgoing::Guard;
use vigie_serve::{Lookout, Options};

const ORIGIN: &str = "http://127.0.0.1";
const BACK: &str = "http://127.0.0.1/sign-in/with/office/back";
const SERVICE: &str = "http://127.0.0.1/sign-in/with/office/metadata";
const ASK_AT: &str = "https://idp.acme.org/sso";
const DOMAIN: &str = "domains=['acme.org']\n";

#[derive(Deserialize)]
struct File {
    sign_in: Vec<SignInSaid>,
}

struct World {
    house: House,
    hub: Hub,
    metadata: PathBuf,
    _folder: tempfile::TempDir,
}

fn world(more: &str) -> World {
    let (node, house, folder) = (Node::new(), House::new(), tempfile::tempdir().expect("a folder"));
    let metadata = folder.path().join("idp.xml");
    std::fs::write(&metadata, house.metadata(ASK_AT, &[0])).expect("a file");
    let text = format!(
        "[[sign_in]]\nkind='saml'\nname='office'\nlabel='The <Office>'\nissuer='{HOUSE}'\nmetadata_file='{}'\n{more}",
        metadata.display()
    );
    let file: File = toml::from_str(&text).expect("TOML");
    let issuers =
        Issuers::new(check_all(&file.sign_in).expect("a house"), ORIGIN.to_owned(), &Guard::new(false, Vec::new()));
    let hub = Hub::serving(node, tokens(), Options { issuers: Arc::new(issuers), ..options() });
    hub.roll.begin();
    World { house, hub, metadata, _folder: folder }
}

fn cookies(answer: &Answer) -> Vec<String> {
    let set = answer.headers.get_all("set-cookie").iter();
    set.map(|cookie| cookie.to_str().expect("text").split(';').next().expect("a cookie").to_owned()).collect()
}

/// What a browser that was led to the house carries there: the name of the question, and all of it.
fn question(to: &str) -> (String, String) {
    let packed = to.split("SAMLRequest=").nth(1).and_then(|rest| rest.split('&').next()).expect("a question");
    let packed = packed.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    let packed = BASE64.decode(packed.as_bytes()).expect("base64");
    let text = std::io::read_to_string(DeflateDecoder::new(packed.as_slice())).expect("deflated");
    let id = text.split(" ID=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a name").to_owned();
    (id, text)
}

impl World {
    /// Off to the house: the cookie that the browser keeps, and the question.
    async fn leave(&self, query: &str) -> (String, String) {
        let off = self.hub.door.get("", &format!("/sign-in/with/office{query}")).await;
        assert_eq!(off.status, StatusCode::SEE_OTHER, "{}", off.text());
        let to = off.header("location");
        assert!(to.starts_with(ASK_AT), "{to}");
        (cookies(&off).remove(0), question(to).0)
    }

    fn right(&self, question: &str) -> Says {
        Says::right(SERVICE, BACK, question, self.hub.node.now().utc.0 / 1_000)
    }

    /// What a browser posts that comes from the house: another site, so without cookies.
    async fn posts(&self, answer: &str) -> Answer {
        let headers = [("sec-fetch-site", "cross-site"), ("origin", "https://idp.acme.org")];
        let sent = form(&[("SAMLResponse", answer), ("RelayState", "https://evil.example/")]);
        self.hub.door.post("/sign-in/with/office/back", &headers, &sent).await
    }

    /// The whole way.
    async fn comes_in(&self, change: impl FnOnce(&mut Says)) -> Answer {
        let (cookie, asked) = self.leave("").await;
        let mut says = self.right(&asked);
        change(&mut says);
        let led = self.posts(&self.house.posted(&says)).await;
        if led.status != StatusCode::SEE_OTHER {
            return led;
        }
        assert!(cookies(&led).is_empty());
        self.hub.door.get_with_cookie(&cookie, led.header("location")).await
    }

    fn refusals(&self) -> Vec<String> {
        let all = self.hub.roll.not_vouched.lock().expect("no test panics here");
        all.iter().map(|(house, why)| format!("{house}: {why}")).collect()
    }
}

#[tokio::test]
async fn a_browser_goes_to_the_house_comes_back_by_a_form_of_another_site_and_is_signed_in() {
    let world = world(DOMAIN);
    let hub = &world.hub;
    hub.roll.person("ann@acme.org", &["observer@acme"]);
    let door = hub.door.get("", "/sign-in").await.text().to_owned();
    assert!(door.contains("href=\"/sign-in/with/office\"") && door.contains("Sign in with The &lt;Office&gt;"));
    for signs in [Signs::Assertion, Signs::Response, Signs::Both] {
        let inside = world.comes_in(|says| says.signs = signs).await;
        assert_eq!((inside.status, inside.header("location")), (StatusCode::SEE_OTHER, "/"), "{}", inside.text());
        let [session, way] = cookies(&inside).try_into().expect("two cookies");
        assert!(session.starts_with("vigie=") && way == "vigie-way=");
        // They were on the way to a page before they went.
        let bound = cookies(&hub.door.get("", "/machines/anything").await).remove(0);
        let on = hub.door.get_with_cookie(&format!("{session}; {bound}"), "/").await;
        assert_eq!((on.status, on.header("location")), (StatusCode::SEE_OTHER, "/machines/anything"));
        let me = hub.door.get_with_cookie(&session, "/api/v1/me").await.json();
        assert_eq!((&me["name"], &me["person"]["sign_ins"]), (&json!("ann@acme.org"), &json!(["office"])));
    }
    let chains = hub.roll.chains.lock().expect("no test panics here").clone();
    let acme = &chains[&Some("acme".parse().expect("a name"))];
    let told: Vec<_> = acme.iter().filter_map(|(_, link)| Some(link.line()?.what)).collect();
    assert_eq!(told[told.len() - 4..], ["person.link", "session.open", "session.open", "session.open"]);
    assert!(world.refusals().is_empty());
}

#[tokio::test]
async fn an_answer_that_comes_twice_late_to_another_browser_or_unasked_signs_nobody_in() {
    let world = world(DOMAIN);
    let hub = &world.hub;
    hub.roll.person("ann@acme.org", &["observer@acme"]);
    let (cookie, asked) = world.leave("").await;
    let answer = world.house.posted(&world.right(&asked));
    let led = world.posts(&answer).await.header("location").to_owned();
    // Whoever has somebody else's browser bring their own answer gets nobody in: it has not their cookie.
    let (other, _) = world.leave("").await;
    let planted = hub.door.get_with_cookie(&other, &led).await;
    assert_eq!((planted.status, cookies(&planted)), (StatusCode::UNAUTHORIZED, vec!["vigie-way=".to_owned()]));
    assert!(planted.text().contains("in another browser. Nobody was signed in"));
    let spoilt = hub.door.get_with_cookie(&cookie, &led).await;
    assert_eq!(spoilt.status, StatusCode::UNAUTHORIZED, "and then it is over for both");
    assert_eq!(world.posts(&answer).await.status, StatusCode::UNAUTHORIZED, "the question is answered");
    let (_, late) = world.leave("").await;
    hub.node.later(601_000);
    assert_eq!(world.posts(&world.house.posted(&world.right(&late))).await.status, StatusCode::UNAUTHORIZED);
    let unasked = Says { answers: None, ..world.right("x") };
    assert_eq!(world.posts(&world.house.posted(&unasked)).await.status, StatusCode::UNAUTHORIZED);
    let invented = world.right("_nobody-asked-this");
    assert_eq!(world.posts(&world.house.posted(&invented)).await.status, StatusCode::UNAUTHORIZED);
    let over = "office: this answers no sign-in that this browser began within the last ten minutes";
    let refusals = world.refusals();
    assert_eq!(refusals.iter().filter(|line| *line == over).count(), 5, "{refusals:?}");
    assert!(refusals.iter().any(|line| line.ends_with("it answers no question of this hub")));
    let people = hub.ask("GET", &By::Nobody, "/api/v1/me", None).await;
    assert_eq!(people.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_not_believed_makes_nothing_and_says_so_on_a_page_and_in_the_audit() {
    let world = world(DOMAIN);
    let hub = &world.hub;
    hub.roll.person("ann@acme.org", &["observer@acme"]);
    let lines = || hub.roll.chains.lock().expect("no test panics here").values().map(Vec::len).sum::<usize>();
    let before = lines();
    type Change = fn(&mut Says);
    let cases: [(Change, &str); 9] = [
        (|says| says.signs = Signs::Nothing, "neither the response nor its assertion is signed"),
        (|says| says.method = house::ECDSA, "none of the keys in the house's metadata"),
        (|says| says.method = "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "SHA-1 and shared secrets do not count"),
        (|says| says.house = "https://evil.example".to_owned(), "another issuer"),
        (|says| says.service = "https://other.example".to_owned(), "another audience"),
        (|says| says.back = "https://other.example/back".to_owned(), "another address"),
        (|says| says.ends = -600, "expired"),
        (|says| says.begins = 600, "not made within"),
        (|says| says.format = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient", "transient"),
    ];
    for (at, (change, why)) in cases.into_iter().enumerate() {
        let refused = world.comes_in(change).await;
        assert_eq!((refused.status, cookies(&refused)), (StatusCode::UNAUTHORIZED, Vec::new()), "{why}");
        assert!(refused.text().contains("What the other house said is not believed. Nobody was signed in"), "{why}");
        let told = world.refusals();
        assert!(told.len() == at + 1 && told[at].contains(why), "{why}: {told:?}");
    }
    let declined = world.comes_in(|says| says.status = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed").await;
    assert!(declined.status == StatusCode::UNAUTHORIZED && declined.text().contains("not let in there"));
    let stranger = world.comes_in(|says| says.attributes = vec![("mail", "eve@evil.example".to_owned())]).await;
    assert!(
        stranger.status == StatusCode::UNAUTHORIZED && stranger.text().contains("Nobody here is known by this account")
    );
    let long = world.posts(&"A".repeat(500_000)).await;
    assert!(long.status == StatusCode::UNAUTHORIZED && cookies(&long).is_empty());
    assert_eq!(lines(), before, "nothing was made or changed");
    assert_eq!(world.comes_in(|_| ()).await.status, StatusCode::SEE_OTHER, "and what is right goes on");
}

#[tokio::test]
async fn a_house_that_may_begin_does_so_once_with_each_answer_and_leads_nobody_elsewhere() {
    let world = world("domains=['acme.org']\nidp_initiated=true\n");
    let hub = &world.hub;
    hub.roll.person("ann@acme.org", &["observer@acme"]);
    let answer = world.house.posted(&Says { answers: None, ..world.right("once") });
    let led = world.posts(&answer).await;
    let to = led.header("location").to_owned();
    assert!(to.starts_with("/sign-in/with/office/back?state="), "{to}: what stands in RelayState is not read");
    let way = cookies(&led).remove(0);
    let inside = hub.door.get_with_cookie(&way, &to).await;
    assert_eq!((inside.status, inside.header("location")), (StatusCode::SEE_OTHER, "/"));
    let again = world.posts(&answer).await;
    let refused = hub.door.get_with_cookie(&cookies(&again).remove(0), again.header("location")).await;
    assert_eq!((refused.status, cookies(&refused)), (StatusCode::UNAUTHORIZED, vec!["vigie-way=".to_owned()]));
    assert!(refused.text().contains("Somebody came in by this answer already"));
    assert_eq!(world.refusals(), ["office: somebody came in by this answer already"]);
}

#[tokio::test]
async fn who_was_invited_or_is_of_the_domain_comes_in_without_a_password() {
    let world = world("domains=['acme.org']\ngrants=['observer@acme/lyon']\n");
    world.hub.roll.invited("ann@acme.org", "operator@acme");
    for (subject, email, role) in [("1", "ann@acme.org", "operator"), ("2", "bob@acme.org", "observer")] {
        let inside = world.comes_in(|says| {
            (says.name_id, says.attributes) = (subject.to_owned(), vec![("mail", email.to_owned())]);
        });
        let session = cookies(&inside.await).remove(0);
        let me = world.hub.door.get_with_cookie(&session, "/api/v1/me").await.json();
        let person = &me["person"];
        assert_eq!((&person["email"], &person["grants"][0]["role"]), (&json!(email), &json!(role)));
    }
}

#[tokio::test]
async fn who_is_asked_for_a_proof_gives_it_there() {
    let world = world(DOMAIN);
    let hub = &world.hub;
    hub.roll.person("ann@acme.org", &["observer@acme"]);
    let old = cookies(&world.comes_in(|says| says.proved = -3_600).await).remove(0);
    let asked = hub.door.post("/account/telephone", &[("cookie", &old)], "").await.text().to_owned();
    assert!(asked.contains("href=\"/sign-in/with/office?again=1\""));
    let off = hub.door.get("", "/sign-in/with/office?again=1").await;
    let (id, text) = question(off.header("location"));
    assert!(text.contains("ForceAuthn=\"true\""));
    let led = world.posts(&world.house.posted(&world.right(&id))).await;
    let both = format!("{old}; {}", cookies(&off).remove(0));
    let proved = hub.door.get_with_cookie(&both, led.header("location")).await;
    assert_eq!(proved.header("location"), "/account");
    let new = cookies(&proved).remove(0);
    assert_eq!(hub.door.post("/account/telephone", &[("cookie", &new)], "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn metadata_that_are_replaced_count_at_once_and_without_them_nobody_comes_in_that_way() {
    let world = world(DOMAIN);
    let hub = &world.hub;
    hub.roll.person("ann@acme.org", &["observer@acme"]);
    let by_new = |says: &mut Says| says.method = house::ECDSA;
    assert_eq!(world.comes_in(by_new).await.status, StatusCode::UNAUTHORIZED);
    // The house adds a key, then gives the old one up.
    std::fs::write(&world.metadata, world.house.metadata(ASK_AT, &[0, 1])).expect("a file");
    assert_eq!(world.comes_in(by_new).await.status, StatusCode::SEE_OTHER);
    assert_eq!(world.comes_in(|_| ()).await.status, StatusCode::SEE_OTHER);
    std::fs::write(&world.metadata, world.house.metadata(ASK_AT, &[1])).expect("a file");
    assert_eq!(world.comes_in(|_| ()).await.status, StatusCode::UNAUTHORIZED);
    for bad in [Some("<html></html>".to_owned()), Some(world.house.metadata("http://idp.acme.org/sso", &[0])), None] {
        match &bad {
            Some(text) => std::fs::write(&world.metadata, text).expect("a file"),
            None => std::fs::remove_file(&world.metadata).expect("it was there"),
        }
        let away = hub.door.get("", "/sign-in/with/office").await;
        assert_eq!((away.status, away.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "10"), "{bad:?}");
        assert!(away.text().contains("can not be asked now"));
    }
    // What the house has to know of us does not wait for what we have to know of it.
    let own = hub.door.get("", "/sign-in/with/office/metadata").await;
    assert_eq!((own.status, own.header("content-type")), (StatusCode::OK, "application/samlmetadata+xml"));
    assert!(
        own.text().contains(&format!("entityID=\"{SERVICE}\"")) && own.text().contains(&format!("Location=\"{BACK}\""))
    );
    assert_eq!(hub.door.get("", "/sign-in/with/nobody/metadata").await.header("location"), "/sign-in");
}
