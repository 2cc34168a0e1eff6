//! Passkeys come, open, are doubted, and go.

mod common;

use common::{Hub, MINUTE_MS, email, name, these, verifier};
use serde_json::json;
use vigie_people::{Answer, Done, Id, KeyShown, Language, Order, Refused, Who};

fn key(credential: &str, counter: u32) -> Box<KeyShown> {
    Box::new(KeyShown { credential: credential.to_owned(), key: json!({ "counter": counter }), counter })
}

fn add(hub: &mut Hub, who: &Who, credential: &str, counter: u32) -> Result<Id, Refused> {
    let order = Order::AddPasskey { name: name("Telephone"), shown: key(credential, counter) };
    match hub.ask(who, order)?.answer {
        Answer::Passkey(shown) => Ok(shown.id),
        other => panic!("{other:?}"),
    }
}

fn by_key(hub: &mut Hub, credential: &str, counter: u32) -> Result<Done, Refused> {
    hub.ask(&Who::Nobody, Order::SignInByKey { shown: key(credential, counter), agent: "Firefox".to_owned() })
}

#[test]
fn somebody_comes_in_by_a_passkey_and_has_just_proved_who_they_are() {
    let (mut hub, _) = Hub::begun();
    let ann = hub.person("ann@acme.org", &["observer@acme"]);
    let telephone = add(&mut hub, &ann, "k", 0).expect("added");
    assert_eq!(add(&mut hub, &ann, "k", 0), Err(Refused::Taken("this passkey")));
    hub.now_ms += MINUTE_MS;
    let done = by_key(&mut hub, "k", 0).expect("in");
    let Answer::SignedIn(inside) = done.answer else { panic!("a session") };
    let inside = Who::Person(hub.id_of("ann@acme.org"), inside.shown.id);
    assert!(hub.directory.has_just_proved(&inside, hub.now()) && !hub.powers(&inside).is_empty());
    hub.now_ms += 11 * MINUTE_MS;
    assert_eq!(add(&mut hub, &inside, "other", 0), Err(Refused::NeedsProof));
    hub.ask(&inside, Order::ProveByKey { shown: key("k", 0) }).expect("proved");
    add(&mut hub, &inside, "other", 0).expect("another");
    let rename = Order::RenamePasskey { passkey: telephone.clone(), name: name("Drawer") };
    hub.ask(&inside, rename).expect("renamed");
    hub.ask(&inside, Order::RemovePasskey { passkey: telephone }).expect("gone");
    assert_eq!(by_key(&mut hub, "k", 0), Err(Refused::Wrong));
    assert!(by_key(&mut hub, "other", 0).is_ok());
    let what: Vec<_> = hub.audit.iter().map(|note| note.what).filter(|what| what.starts_with("passkey")).collect();
    assert_eq!(what, ["passkey.add", "passkey.add", "passkey.rename", "passkey.remove"]);
}

#[test]
fn nobody_proves_themselves_by_another_s_passkey_and_none_of_who_is_disabled_opens() {
    let (mut hub, root) = Hub::begun();
    let (ann, bob) = (hub.person("ann@acme.org", &["observer@acme"]), hub.person("bob@acme.org", &["observer@acme"]));
    add(&mut hub, &ann, "of ann", 0).expect("added");
    assert_eq!(hub.ask(&bob, Order::ProveByKey { shown: key("of ann", 0) }), Err(Refused::Wrong));
    assert_eq!(add(&mut hub, &bob, "of ann", 0), Err(Refused::Taken("this passkey")));
    let person = hub.id_of("ann@acme.org");
    hub.ask(&root, Order::Disable { person: person.clone(), version: None }).expect("disabled");
    assert_eq!(by_key(&mut hub, "of ann", 0), Err(Refused::Wrong));
    hub.ask(&root, Order::Enable { person: person.clone(), version: None }).expect("enabled");
    assert!(by_key(&mut hub, "of ann", 0).is_ok());
    // A reset is for who lost their devices, or lost them to somebody.
    hub.ask(&root, Order::Reset { person }).expect("reset");
    assert_eq!(by_key(&mut hub, "of ann", 0), Err(Refused::Wrong));
}

#[test]
fn a_passkey_that_counts_backwards_is_doubted_and_opens_nothing_again() {
    let (mut hub, _) = Hub::begun();
    let ann = hub.person("ann@acme.org", &["observer@acme"]);
    add(&mut hub, &ann, "k", 1).expect("added");
    by_key(&mut hub, "k", 5).expect("it counts on");
    // Two that were shown at once: the later decision is about what is kept by then.
    assert_eq!(by_key(&mut hub, "k", 5), Err(Refused::Wrong));
    assert_eq!(by_key(&mut hub, "k", 0), Err(Refused::Wrong), "one that counted counts on");
    hub.ask(&Who::Nobody, Order::DoubtPasskey { credential: "k".to_owned() }).expect("doubted");
    assert_eq!(by_key(&mut hub, "k", 9), Err(Refused::Wrong));
    let person = hub.directory.person_of(&email("ann@acme.org")).expect("she is there");
    assert!(person.passkeys[0].doubted_ms.is_some() && person.open_passkeys().next().is_none());
    assert_eq!(hub.audit.last().map(|note| note.what), Some("passkey.doubt"));
}

#[test]
fn a_password_that_needs_something_beside_it_opens_with_a_recovery_code_once() {
    let (mut hub, _) = Hub::begun();
    let ann = hub.person("ann@acme.org", &["observer@acme"]);
    assert!(matches!(hub.ask(&ann, Order::NeedSecond { needed: true }), Err(Refused::Senseless(_))));
    let passkey = add(&mut hub, &ann, "k", 0).expect("added");
    let done = hub.ask(&ann, Order::NeedSecond { needed: true }).expect("needed");
    let Answer::Recovery(recovery) = done.answer else { panic!("codes") };
    let person = hub.id_of("ann@acme.org");
    let mut sign_in = |code: &str| {
        let (person, proved, code) = (person.clone(), verifier(), code.to_owned());
        hub.ask(&Who::Nobody, Order::SignIn { person, proved, code, agent: String::new() }).map(drop)
    };
    assert_eq!(sign_in(""), Err(Refused::CodeNeeded));
    assert_eq!(sign_in("000000"), Err(Refused::Wrong));
    assert_eq!(sign_in(&recovery.codes[0]), Ok(()));
    assert_eq!(sign_in(&recovery.codes[0]), Err(Refused::Wrong));
    // With the last passkey goes what nothing could stand beside any more.
    hub.ask(&ann, Order::RemovePasskey { passkey }).expect("gone");
    hub.signed_in("ann@acme.org");
}

#[test]
fn somebody_invited_comes_in_by_a_passkey_keeps_a_way_in_and_chooses_a_password_later() {
    let (mut hub, root) = Hub::begun();
    let grants = these(&["admin@*"]);
    let invite = Order::Invite { email: email("ann@acme.org"), name: name("Ann"), grants, language: Language::Fr };
    let Answer::Invited(invited) = hub.ask(&root, invite).expect("invited").answer else { panic!("a code") };
    let accept = Order::AcceptByKey {
        code: invited.code.clone(),
        name: None,
        called: name("Key"),
        shown: key("k", 0),
        agent: "Firefox".to_owned(),
    };
    let done = hub.ask(&Who::Nobody, accept.clone()).expect("taken up");
    let Answer::SignedIn(inside) = done.answer else { panic!("she is in") };
    assert_eq!(hub.ask(&Who::Nobody, accept), Err(Refused::NotThere("invitation")), "once");
    let id = hub.id_of("ann@acme.org");
    assert_eq!(id, invited.id, "what her device was told of whose key it makes");
    let ann = Who::Person(id, inside.shown.id);
    let passkey = hub.directory.person_of(&email("ann@acme.org")).expect("she is there").passkeys[0].id.clone();
    let remove = Order::RemovePasskey { passkey };
    assert!(matches!(hub.ask(&ann, remove.clone()), Err(Refused::Senseless(_))), "the last way in stays");
    // Who has a passkey looks after people as well as who has a password.
    let person = hub.id_of("root@example.org");
    hub.ask(&ann, Order::Disable { person, version: None }).expect("she is left");
    hub.ask(&ann, Order::FirstPassword { password: verifier() }).expect("chosen");
    assert!(matches!(hub.ask(&ann, Order::FirstPassword { password: verifier() }), Err(Refused::Taken(_))));
    hub.ask(&ann, remove).expect("the password is a way in");
}

#[test]
fn an_invitation_that_is_sent_again_has_another_code_and_says_how_its_letter_went() {
    let (mut hub, root) = Hub::begun();
    let boss = hub.person("boss@bron.org", &["admin@bron"]);
    let grants = these(&["observer@acme"]);
    let invite = Order::Invite { email: email("ann@acme.org"), name: name("Ann"), grants, language: Language::Fr };
    let Answer::Invited(first) = hub.ask(&root, invite).expect("invited").answer else { panic!("a code") };
    let renew = Order::Renew { invitation: first.id.clone() };
    assert_eq!(hub.ask(&boss, renew.clone()), Err(Refused::NotThere("invitation")), "of another client");
    hub.now_ms += 5 * MINUTE_MS;
    let Answer::Invited(second) = hub.ask(&root, renew).expect("again").answer else { panic!("a code") };
    assert_eq!(second.id, first.id);
    assert!(second.until_ms > first.until_ms && second.code != first.code);
    let accept = |code: &str| Order::Accept { code: code.to_owned(), name: None, password: verifier() };
    assert_eq!(hub.ask(&Who::Nobody, accept(&first.code)), Err(Refused::NotThere("invitation")));
    let how = vigie_people::Mailed { at_ms: hub.now_ms, taken: true, said: "250 kept".to_owned() };
    hub.ask(&Who::Nobody, Order::Mailed { invitation: first.id, how: how.clone() }).expect("it is there");
    let shown = hub.directory.invitations_shown(&vigie_people::Powers::all(), hub.now());
    assert_eq!((shown[0].mailed.clone(), shown[0].language), (Some(how), Language::Fr));
    hub.ask(&Who::Nobody, accept(&second.code)).expect("taken up");
}
