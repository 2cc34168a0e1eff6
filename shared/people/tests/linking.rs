//! Whom does the word of another house let in, and whom not?

mod common;

use common::{Hub, MINUTE_MS, NOW_MS, email, name, these};
use vigie_model::UtcMs;
use vigie_people::{Answer, Change, Claims, Done, Language, Order, Powers, Refused, Right, Trust, Who};

const ISSUER: &str = "https://id.acme.org";

fn claims() -> Claims {
    Claims {
        subject: "7".to_owned(),
        email: Some("Ann@ACME.org".to_owned()),
        email_verified: true,
        domain_verified: false,
        name: Some("Ann Lemoine".to_owned()),
        proved_ms: None,
    }
}

fn trust() -> Trust {
    Trust {
        by: "office".parse().expect("a name"),
        issuer: ISSUER.to_owned(),
        domains: Vec::new(),
        grants: Vec::new(),
        owns_addresses: false,
        is_microsoft: false,
    }
}

fn joining() -> Trust {
    Trust { domains: vec!["Acme.org".to_owned()], grants: these(&["observer@acme"]), ..trust() }
}

fn come(hub: &mut Hub, trust: &Trust, claims: &Claims) -> Result<Done, Refused> {
    let vouched = Box::new(trust.vouch(claims));
    hub.ask(&Who::Nobody, Order::SignInWith { vouched, agent: "Firefox".to_owned() })
}

fn who(done: &Done) -> Who {
    let Answer::SignedIn(signed_in) = &done.answer else { panic!("a session") };
    Who::Person(signed_in.shown.person.clone(), signed_in.shown.id.clone())
}

fn told(done: &Done) -> Vec<&'static str> {
    done.notes.iter().map(|note| note.what).collect()
}

#[test]
fn somebody_who_is_here_is_linked_by_a_verified_address_and_then_known_by_the_subject_alone() {
    let (mut hub, _) = Hub::begun();
    hub.person("ann@acme.org", &["operator@acme"]);
    let first = come(&mut hub, &trust(), &claims()).expect("let in");
    assert_eq!(told(&first), ["person.link", "session.open"]);
    assert_eq!(first.by, Some(hub.id_of("ann@acme.org")));
    let moved = Claims { email: Some("ann@other.org".to_owned()), email_verified: false, ..claims() };
    let again = come(&mut hub, &trust(), &moved).expect("known");
    assert_eq!((told(&again), again.by.clone()), (vec!["session.open"], first.by));
    assert!(!hub.directory.powers(&who(&again), hub.now()).is_empty());
}

#[test]
fn an_address_that_nobody_vouches_for_links_nothing() {
    let (mut hub, _) = Hub::begun();
    hub.person("ann@acme.org", &["operator@acme"]);
    let only = |domain: &str| Trust { domains: vec![domain.to_owned()], ..trust() };
    let unverified = Claims { email_verified: false, ..claims() };
    let microsoft = Claims { email_verified: false, domain_verified: true, ..claims() };
    for (trust, claims) in [
        (trust(), &unverified),
        (trust(), &microsoft),
        (trust(), &Claims { email: None, ..claims() }),
        (trust(), &Claims { email: Some("ann@acme.org, root@example.org".to_owned()), ..claims() }),
        (only("other.org"), &claims()),
        (only("me.org"), &claims()),
    ] {
        assert_eq!(come(&mut hub, &trust, claims), Err(Refused::Stranger), "{claims:?}");
    }
    assert!(come(&mut hub, &Trust { is_microsoft: true, ..trust() }, &microsoft).is_ok());
    let mut hub = Hub::begun().0;
    hub.person("ann@acme.org", &["operator@acme"]);
    assert!(come(&mut hub, &Trust { owns_addresses: true, ..trust() }, &unverified).is_ok());
}

#[test]
fn an_address_that_was_given_to_another_opens_nothing_of_the_first() {
    let (mut hub, _) = Hub::begun();
    hub.person("ann@acme.org", &["operator@acme"]);
    come(&mut hub, &trust(), &claims()).expect("linked");
    let successor = Claims { subject: "8".to_owned(), ..claims() };
    assert_eq!(come(&mut hub, &trust(), &successor), Err(Refused::Stranger));
    let elsewhere = Trust { issuer: "https://id.example.org".to_owned(), ..trust() };
    assert!(come(&mut hub, &elsewhere, &successor).is_ok(), "the same subject of another issuer is somebody else");
}

#[test]
fn who_was_invited_takes_it_up_and_who_invited_must_still_be_allowed_to() {
    let (mut hub, root) = Hub::begun();
    let chief = hub.person("chief@acme.org", &["admin@acme"]);
    let invite = |who: &str| Order::Invite {
        email: email(who),
        name: name("A"),
        grants: these(&["observer@acme"]),
        language: Language::En,
    };
    hub.ask(&chief, invite("ann@acme.org")).expect("invited");
    let done = come(&mut hub, &trust(), &claims()).expect("let in");
    assert_eq!(told(&done), ["person.accept", "person.link", "session.open"]);
    assert!(hub.directory.invitations_shown(&Powers::all(), hub.now()).is_empty());
    let shown =
        hub.directory.people_shown(&Powers::all()).into_iter().find(|person| person.email == email("ann@acme.org"));
    assert!(shown.is_some_and(|ann| !ann.password && ann.name == name("Ann Lemoine")));
    hub.ask(&chief, invite("bob@acme.org")).expect("invited");
    let id = hub.id_of("chief@acme.org");
    hub.ask(&root, Order::Disable { person: id, version: None }).expect("disabled");
    let bob = Claims { subject: "9".to_owned(), email: Some("bob@acme.org".to_owned()), ..claims() };
    assert_eq!(come(&mut hub, &trust(), &bob), Err(Refused::Stranger));
}

#[test]
fn strangers_come_in_only_from_a_domain_whose_people_may() {
    let (mut hub, _) = Hub::begun();
    assert_eq!(come(&mut hub, &trust(), &claims()), Err(Refused::Stranger));
    assert_eq!(come(&mut hub, &Trust { domains: Vec::new(), ..joining() }, &claims()), Err(Refused::Stranger));
    let done = come(&mut hub, &joining(), &claims()).expect("let in");
    assert_eq!(told(&done), ["person.join", "person.link", "session.open"]);
    let powers = hub.directory.powers(&who(&done), hub.now());
    assert!(powers.anywhere(Right::Look) && !powers.anywhere(Right::Decide));
    let mut empty = Hub::empty();
    assert_eq!(come(&mut empty, &joining(), &claims()), Err(Refused::Stranger), "nobody takes a hub into use so");
}

#[test]
fn who_is_disabled_does_not_come_in_by_another_house() {
    let (mut hub, root) = Hub::begun();
    hub.person("ann@acme.org", &["operator@acme"]);
    let id = hub.id_of("ann@acme.org");
    hub.ask(&root, Order::Disable { person: id.clone(), version: None }).expect("disabled");
    assert_eq!(come(&mut hub, &joining(), &claims()), Err(Refused::Stranger));
    hub.ask(&root, Order::Enable { person: id.clone(), version: None }).expect("enabled");
    come(&mut hub, &joining(), &claims()).expect("linked");
    hub.ask(&root, Order::Disable { person: id, version: None }).expect("disabled");
    assert_eq!(come(&mut hub, &joining(), &claims()), Err(Refused::Stranger), "linked or not");
}

#[test]
fn what_asks_for_a_fresh_proof_is_done_only_where_the_issuer_says_when() {
    let (mut hub, _) = Hub::begun();
    hub.person("ann@acme.org", &["operator@acme"]);
    for (proved_ms, fresh) in [
        (None, false),
        (Some(NOW_MS - 11 * MINUTE_MS), false),
        (Some(NOW_MS - MINUTE_MS), true),
        (Some(i64::MAX), true),
        (Some(i64::MIN), false),
    ] {
        let done = come(&mut hub, &trust(), &Claims { proved_ms, ..claims() }).expect("let in");
        assert_eq!(hub.ask(&who(&done), Order::OfferTotp).is_ok(), fresh, "{proved_ms:?}");
    }
    hub.now_ms += 11 * MINUTE_MS;
    let done = come(&mut hub, &trust(), &Claims { proved_ms: Some(i64::MAX), ..claims() }).expect("let in");
    hub.now_ms += 10 * MINUTE_MS;
    assert_eq!(hub.ask(&who(&done), Order::OfferTotp), Err(Refused::NeedsProof), "a time to come is now, and passes");
}

#[test]
fn who_was_not_asked_to_prove_who_they_are_or_did_so_before_that_has_not() {
    let (mut hub, _) = Hub::begun();
    hub.person("ann@acme.org", &["operator@acme"]);
    let now = Claims { proved_ms: Some(NOW_MS), ..claims() };
    for (asked_ms, fresh) in [(None, false), (Some(NOW_MS + 1), false), (Some(NOW_MS), true), (Some(0), true)] {
        let vouched = Box::new(trust().vouch(&now).proved_since(asked_ms));
        let done = hub.ask(&Who::Nobody, Order::SignInWith { vouched, agent: "Firefox".to_owned() }).expect("let in");
        assert_eq!(hub.ask(&who(&done), Order::OfferTotp).is_ok(), fresh, "{asked_ms:?}");
    }
}

#[test]
fn an_answer_that_is_taken_once_lets_nobody_in_again_until_nobody_would_believe_it() {
    let (mut hub, _) = Hub::begun();
    hub.person("ann@acme.org", &["operator@acme"]);
    let until = UtcMs(NOW_MS + MINUTE_MS);
    let by = |hub: &mut Hub, trust: &Trust, answer: &str| {
        let vouched = Box::new(trust.vouch(&claims()).once(answer, until));
        hub.ask(&Who::Nobody, Order::SignInWith { vouched, agent: "Firefox".to_owned() })
    };
    let done = by(&mut hub, &trust(), "_7").expect("let in");
    assert!(done.changes.iter().any(|change| matches!(change, Change::Taken(_))), "it is kept in the same step");
    assert_eq!(by(&mut hub, &trust(), "_7"), Err(Refused::Twice));
    assert!(by(&mut hub, &trust(), "_8").is_ok());
    // Another issuer may call its own answer so, too.
    let elsewhere = Trust { issuer: "https://id.example.org".to_owned(), ..trust() };
    assert!(by(&mut hub, &elsewhere, "_7").is_ok());
    let kept = |hub: &Hub| {
        hub.directory.ended(hub.now()).into_iter().filter(|one| matches!(one, Change::TakenGone(_))).count()
    };
    assert_eq!(kept(&hub), 0);
    hub.now_ms += MINUTE_MS;
    assert_eq!(kept(&hub), 3);
    for gone in hub.directory.ended(hub.now()) {
        hub.directory.apply(&gone);
    }
    assert_eq!(kept(&hub), 0);
}

#[test]
fn one_s_link_is_undone_while_another_way_in_is_left() {
    let (mut hub, _) = Hub::begun();
    hub.person("ann@acme.org", &["operator@acme"]);
    let proved = Claims { proved_ms: Some(NOW_MS), ..claims() };
    let ann = who(&come(&mut hub, &trust(), &proved).expect("linked"));
    let unlink = || Order::Unlink { by: "office".parse().expect("a name") };
    let done = hub.ask(&ann, unlink()).expect("there is a password");
    assert_eq!(told(&done), ["person.unlink"]);
    assert!(hub.directory.person_linked(ISSUER, "7").is_none());
    assert_eq!(hub.ask(&ann, unlink()), Err(Refused::NotThere("account of another house")));
    let joined = Claims { subject: "9".to_owned(), email: Some("bob@acme.org".to_owned()), ..proved };
    let bob = who(&come(&mut hub, &joining(), &joined).expect("joined"));
    assert!(matches!(hub.ask(&bob, unlink()), Err(Refused::Senseless(_))), "it is the only way in");
}

#[test]
fn a_person_of_before_there_were_other_houses_is_read() {
    let (mut hub, _) = Hub::begun();
    hub.person("ann@acme.org", &["operator@acme"]);
    let done = come(&mut hub, &trust(), &claims()).expect("let in");
    let row = done.changes.iter().find_map(|change| match change {
        Change::Person(person) => Some(serde_json::to_value(person).expect("a row")),
        _ => None,
    });
    let mut row = row.expect("a person");
    assert_eq!(row["linked"][0]["subject"], "7");
    row.as_object_mut().expect("an object").remove("linked");
    let before: vigie_people::Person = serde_json::from_value(row).expect("it is read");
    assert!(before.linked.is_empty() && before.password.is_some());
}
