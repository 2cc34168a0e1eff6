//! Who comes in by an issuer, and who does not: against one on loopback that signs with its own keys, and lies when it is told.

#[path = "common/house.rs"]
mod house;

use std::sync::Arc;

use house::{CLIENT, House, SECRET, Signing};
use serde::Deserialize;
use serde_json::{Value, json};
use vigie_issuers::{Issuers, NoSignIn, Question, Returned, SignInSaid, check_all};
use vigie_model::UtcMs;
use vigie_outgoing::Guard;
use vigie_people::{BadToken, Vouched};

const NOW: i64 = 1_795_258_930;
const ORIGIN: &str = "https://hub.example.org";

#[derive(Deserialize)]
struct File {
    sign_in: Vec<SignInSaid>,
}

struct World {
    house: Arc<House>,
    issuers: Issuers,
    folder: tempfile::TempDir,
}

fn now() -> UtcMs {
    UtcMs(NOW * 1_000)
}

fn near() -> Guard {
    Guard::new(true, Vec::new())
}

fn world(guard: &Guard) -> World {
    let (house, folder) = (House::open(NOW), tempfile::tempdir().expect("a folder"));
    let secret = folder.path().join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).expect("a file");
    let one = |name: &str| {
        format!(
            "[[sign_in]]\nkind='oidc'\nname='{name}'\nissuer='{}'\nclient_id='{CLIENT}'\nclient_secret_file='{}'\n",
            house.issuer,
            secret.display()
        )
    };
    let file: File = toml::from_str(&format!("{}{}", one("house"), one("other"))).expect("TOML");
    let issuers = Issuers::new(check_all(&file.sign_in).expect("two issuers"), ORIGIN.to_owned(), guard);
    World { house, issuers, folder }
}

impl World {
    async fn begin(&self) -> Question {
        self.issuers.begin("house", false, "192.0.2.7", now()).await.expect("a question")
    }

    async fn back(&self, state: &str, code: &str, kept: &str) -> Result<Vouched, NoSignIn> {
        self.issuers.end("house", Returned { state, code, kept, iss: None, error: None }, now()).await
    }

    async fn comes_in(&self) -> Result<Vouched, NoSignIn> {
        let question = self.begin().await;
        let (state, code) = self.house.sign_in_at(&question.to);
        self.back(&state, &code, &question.keep).await
    }

    async fn is_not_believed(&self, claims: Value) -> BadToken {
        self.house.say(|says| says.claims = claims);
        match self.comes_in().await {
            Err(NoSignIn::NotBelieved(_, bad)) => bad,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn somebody_comes_in_by_each_way_to_sign() {
    let world = world(&near());
    for signing in [Signing::Es256, Signing::Rs256, Signing::EdDsa] {
        world.house.say(|says| says.signing = signing);
        assert!(world.comes_in().await.is_ok(), "{signing:?}");
    }
    assert_eq!(world.house.was_asked("GET /keys"), 1, "keys are kept");
    assert_eq!(world.house.was_asked("GET /.well-known/openid-configuration"), 1);
}

#[tokio::test]
async fn a_state_answers_once_and_only_in_the_browser_that_was_sent() {
    let world = world(&near());
    let question = world.begin().await;
    let (state, code) = world.house.sign_in_at(&question.to);
    assert_eq!(world.back("another", &code, &question.keep).await, Err(NoSignIn::NotBegun));
    assert!(world.back(&state, &code, &question.keep).await.is_ok());
    assert_eq!(world.back(&state, &code, &question.keep).await, Err(NoSignIn::NotBegun), "played again");
    let question = world.begin().await;
    let (state, code) = world.house.sign_in_at(&question.to);
    assert_eq!(world.back(&state, &code, "another browser's").await, Err(NoSignIn::NotBegun));
    assert_eq!(world.back(&state, &code, &question.keep).await, Err(NoSignIn::NotBegun));
    assert_eq!(world.house.was_asked("POST /token"), 1, "no code was sent for any of them");
}

#[tokio::test]
async fn a_code_that_was_used_or_is_of_another_question_lets_nobody_in() {
    let world = world(&near());
    let (first, second) = (world.begin().await, world.begin().await);
    let (_, code) = world.house.sign_in_at(&first.to);
    let (state, _) = world.house.sign_in_at(&second.to);
    // Another's code for one's own question: the verifier is not that of the code.
    let refused = world.back(&state, &code, &second.keep).await;
    assert!(
        matches!(&refused, Err(NoSignIn::Declined(_, why)) if why == "invalid_grant it was[2J refused"),
        "{refused:?}"
    );
    let third = world.begin().await;
    let (state, _) = world.house.sign_in_at(&third.to);
    assert!(matches!(world.back(&state, &code, &third.keep).await, Err(NoSignIn::Declined(..))));
}

#[tokio::test]
async fn a_question_to_one_issuer_is_not_answered_by_another() {
    let world = world(&near());
    let question = world.begin().await;
    let (state, code) = world.house.sign_in_at(&question.to);
    let returned = Returned { state: &state, code: &code, kept: &question.keep, iss: None, error: None };
    assert_eq!(world.issuers.end("other", returned, now()).await, Err(NoSignIn::NotBegun));
    let question = world.begin().await;
    let (state, code) = world.house.sign_in_at(&question.to);
    let returned =
        Returned { state: &state, code: &code, kept: &question.keep, iss: Some("https://evil.example"), error: None };
    assert_eq!(world.issuers.end("house", returned, now()).await, Err(NoSignIn::NotBegun));
    assert_eq!(world.issuers.end("nobody", returned, now()).await, Err(NoSignIn::NoIssuer));
}

#[tokio::test]
async fn a_token_with_a_wrong_claim_is_not_believed() {
    let world = world(&near());
    for (claims, bad) in [
        (json!({ "nonce": "another" }), BadToken::Nonce),
        (json!({ "nonce": null }), BadToken::Nonce),
        (json!({ "aud": "another" }), BadToken::Audience),
        (json!({ "aud": ["another", CLIENT] }), BadToken::Audience),
        (json!({ "aud": [CLIENT, "another"], "azp": "another" }), BadToken::Audience),
        (json!({ "azp": "another" }), BadToken::Audience),
        (json!({ "iss": "https://accounts.example.org" }), BadToken::Issuer),
        (json!({ "exp": NOW - 121 }), BadToken::Expired),
        (json!({ "iat": NOW + 121 }), BadToken::NotNow),
        (json!({ "nbf": NOW + 121 }), BadToken::NotNow),
        (json!({ "iat": NOW - 3_601 }), BadToken::NotNow),
        (json!({ "sub": "" }), BadToken::Subject),
        (json!({ "sub": "x".repeat(256) }), BadToken::Subject),
        (json!({ "sub": null }), BadToken::Shape),
        (json!({ "exp": null }), BadToken::Shape),
        (json!({ "email": "x".repeat(40_000) }), BadToken::Shape),
    ] {
        assert_eq!(
            world.is_not_believed(claims.clone()).await,
            bad,
            "{}",
            &claims.to_string()[..20.min(claims.to_string().len())]
        );
    }
    world.house.say(|says| says.claims = json!({ "aud": [CLIENT, "another"], "azp": CLIENT, "exp": NOW - 60 }));
    assert!(world.comes_in().await.is_ok(), "clocks differ a little, and a token may be for several");
}

#[tokio::test]
async fn a_token_that_is_signed_wrongly_is_not_believed() {
    let world = world(&near());
    for (signing, bad) in [
        (Signing::Stranger, BadToken::Signature),
        (Signing::Unnamed, BadToken::NoKey),
        (Signing::Nothing, BadToken::Algorithm),
        (Signing::Shared, BadToken::Algorithm),
    ] {
        world.house.say(|says| says.signing = signing);
        assert_eq!(world.is_not_believed(json!({})).await, bad);
    }
    world.house.say(|says| (says.signing, says.breaks_signature) = (Signing::Rs256, true));
    assert_eq!(world.is_not_believed(json!({})).await, BadToken::Signature);
    assert_eq!(world.house.was_asked("GET /keys"), 1, "a name in a token has nobody ask for keys each time");
}

#[tokio::test]
async fn an_issuer_that_calls_itself_otherwise_or_stands_where_nothing_may_go_is_not_asked() {
    let world_of_another = world(&near());
    world_of_another.house.say(|says| says.described = json!({ "issuer": "https://accounts.example.org" }));
    let refused = world_of_another.issuers.begin("house", false, "", now()).await;
    assert!(matches!(&refused, Err(NoSignIn::Away(_, why)) if why.contains("accounts.example.org")), "{refused:?}");
    world_of_another.issuers.begin("house", false, "", now()).await.expect_err("left alone for a while");
    assert_eq!(world_of_another.house.was_asked("GET /.well-known/openid-configuration"), 1);
    let world = world(&Guard::default());
    let refused = world.issuers.begin("house", false, "", now()).await;
    assert!(matches!(&refused, Err(NoSignIn::Away(_, why)) if why.contains("[outgoing] allow")), "{refused:?}");
    assert_eq!(world.house.was_asked("GET /.well-known/openid-configuration"), 0);
}

#[tokio::test]
async fn what_an_issuer_answers_in_place_of_a_code_ends_the_question() {
    let world = world(&near());
    let question = world.begin().await;
    let (state, code) = world.house.sign_in_at(&question.to);
    let returned =
        Returned { state: &state, code: &code, kept: &question.keep, iss: None, error: Some("access_denied") };
    let refused = world.issuers.end("house", returned, now()).await;
    assert_eq!(refused, Err(NoSignIn::Declined("house".to_owned(), "access_denied".to_owned())));
    assert_eq!(world.back(&state, &code, &question.keep).await, Err(NoSignIn::NotBegun));
    let asked = world.issuers.begin("house", true, "", now()).await.expect("a question").to;
    assert!(asked.contains("&prompt=login&max_age=0"));
}

#[tokio::test]
async fn an_address_that_the_token_does_not_say_is_asked_for_once_and_taken_of_the_same_person_alone() {
    let world = world(&near());
    let whole = world.comes_in().await.expect("the token says all");
    assert_eq!(world.house.was_asked("GET /userinfo"), 0);
    let silent = json!({ "email": null, "email_verified": null, "name": null });
    let at = format!("{}/userinfo", world.house.issuer);
    world.house.say(|says| {
        says.claims = silent;
        says.described = json!({ "userinfo_endpoint": at });
        says.told =
            json!({ "sub": "subject-1", "email": "ann@acme.org", "email_verified": true, "name": "Ann Lemoine" });
    });
    // What it says of itself is known for an hour; another hub asks anew.
    let issuers = &another_hub(&world);
    let comes_in = async || {
        let question = issuers.begin("house", false, "192.0.2.7", now()).await.expect("a question");
        let (state, code) = world.house.sign_in_at(&question.to);
        let returned = Returned { state: &state, code: &code, kept: &question.keep, iss: None, error: None };
        issuers.end("house", returned, now()).await
    };
    assert_eq!(comes_in().await, Ok(whole.clone()));
    assert_eq!(world.house.was_asked("GET /userinfo"), 1);
    world.house.say(|says| says.told["email_verified"] = json!(false));
    assert_ne!(comes_in().await, Ok(whole.clone()), "an address that is not verified is nobody's");
    for told in [json!({ "sub": "subject-2", "email": "ann@acme.org", "email_verified": true }), json!({}), json!([])] {
        world.house.say(|says| says.told = told.clone());
        let not = comes_in().await;
        assert!(matches!(not, Err(NoSignIn::NotBelieved(_, BadToken::Told))), "{told}: {not:?}");
    }
    // Where it tells nothing, whoever is known by its name for them still comes in.
    world.house.say(|says| says.described = json!({ "userinfo_endpoint": format!("{at}/gone") }));
    let issuers = &another_hub(&world);
    let question = issuers.begin("house", false, "192.0.2.7", now()).await.expect("a question");
    let (state, code) = world.house.sign_in_at(&question.to);
    let returned = Returned { state: &state, code: &code, kept: &question.keep, iss: None, error: None };
    let known = issuers.end("house", returned, now()).await.expect("the token holds");
    assert_ne!(known, whole);
}

/// Another hub, to the same house.
fn another_hub(world: &World) -> Issuers {
    let secret = world.folder.path().join("secret");
    let text = format!(
        "[[sign_in]]\nkind='oidc'\nname='house'\nissuer='{}'\nclient_id='{CLIENT}'\nclient_secret_file='{}'\n",
        world.house.issuer,
        secret.display()
    );
    let file: File = toml::from_str(&text).expect("TOML");
    Issuers::new(check_all(&file.sign_in).expect("an issuer"), ORIGIN.to_owned(), &near())
}
