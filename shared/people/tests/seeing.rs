//! Somebody of the provider sees what a client's person sees, for some minutes, and everybody can know.

mod common;

use common::{Hub, MINUTE_MS, name, these, verifier};
use vigie_people::{Answer, At, Id, Order, Refused, Right, Who};

fn see(person: &Id, minutes: u32, acts: bool) -> Order {
    Order::SeeAs { person: person.clone(), minutes, acts, agent: "Firefox".to_owned() }
}

fn seeing(hub: &mut Hub, who: &Who, person: &Id, acts: bool) -> Result<Who, Refused> {
    match hub.ask(who, see(person, 30, acts))?.answer {
        Answer::SignedIn(inside) => Ok(Who::Person(person.clone(), inside.shown.id)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_admin_of_the_provider_sees_what_another_sees_and_changes_nothing() {
    let (mut hub, root) = Hub::begun();
    hub.person("ann@acme.org", &["operator@acme"]);
    let ann = hub.id_of("ann@acme.org");
    let seen = seeing(&mut hub, &root, &ann, false).expect("seen");
    let (acme, bron) = ("acme".parse().expect("a name"), "bron".parse().expect("a name"));
    let may = hub.powers(&seen);
    assert!(may.may(Right::Look, At::Client(&acme)) && !may.may(Right::Look, At::Client(&bron)));
    assert!(may.iter().all(|(right, _)| right == Right::Look), "{may:?}");
    assert_eq!(hub.directory.called(&seen), "root@example.org as ann@acme.org");
    for order in [
        Order::OfferTotp,
        Order::FirstPassword { password: verifier() },
        Order::SetPassword { proved: verifier(), password: verifier() },
        Order::Prove { proved: verifier(), code: String::new() },
        see(&ann, 5, false),
    ] {
        assert_eq!(hub.ask(&seen, order), Err(Refused::NotAPerson), "what is one's own is not another's");
    }
    let make = Order::MakeToken { name: name("t"), rights: [Right::Look].into(), scopes: vec![], days: 1 };
    assert_eq!(hub.ask(&seen, make), Err(Refused::NotAPerson));
    // Her page and her client's audit say so.
    let own = hub.signed_in("ann@acme.org");
    let shown = hub.directory.sessions_shown(&own, &may, false, hub.now());
    assert_eq!(shown.iter().filter_map(|one| one.seen_by.as_ref()).count(), 1);
    let told = hub.audit.iter().find(|note| note.what == "person.see-as").expect("a line");
    assert_eq!((told.client.clone(), told.after["by"].clone()), (Some(acme), "root@example.org".into()));
    let looked = &hub.directory.person(&ann).expect("she is there").looked;
    assert_eq!((looked.len(), looked[0].by.as_str(), looked[0].ended_ms), (1, "root@example.org", None));
}

#[test]
fn it_ends_by_itself_when_it_is_left_and_when_whoever_looks_is_out() {
    let (mut hub, root) = Hub::begun();
    hub.person("ann@acme.org", &["operator@acme"]);
    let ann = hub.id_of("ann@acme.org");
    let seen = seeing(&mut hub, &root, &ann, false).expect("seen");
    hub.now_ms += 30 * MINUTE_MS - 1;
    assert!(!hub.powers(&seen).is_empty());
    hub.now_ms += 1;
    assert!(hub.powers(&seen).is_empty());
    // Half an hour later they have to prove again who they are.
    assert_eq!(seeing(&mut hub, &root, &ann, false), Err(Refused::NeedsProof));
    hub.ask(&root, Order::Prove { proved: verifier(), code: String::new() }).expect("proved");
    let seen = seeing(&mut hub, &root, &ann, false).expect("seen");
    let done = hub.ask(&seen, Order::SeeNoMore).expect("back");
    let Answer::SignedIn(back) = done.answer else { panic!("their own browser") };
    assert!(hub.powers(&seen).is_empty());
    let own = hub.directory.session(&back.secret, hub.now()).expect("it is open by its new secret");
    assert_eq!(own.person, hub.id_of("root@example.org"));
    let ended = hub.directory.person(&ann).expect("she is there").looked.last().and_then(|looked| looked.ended_ms);
    assert_eq!(ended, Some(hub.now_ms));
    let seen = seeing(&mut hub, &root, &ann, false).expect("seen");
    hub.ask(&root, Order::SignOut).expect("out");
    assert!(hub.powers(&seen).is_empty());
    assert_eq!(hub.ask(&seen, Order::SeeNoMore).expect("left").answer, Answer::Nothing);
}

#[test]
fn who_acts_in_another_s_name_was_given_that_by_the_console_and_never_over_people() {
    let (mut hub, root) = Hub::begun();
    hub.person("boss@acme.org", &["admin@acme"]);
    let boss = hub.id_of("boss@acme.org");
    assert_eq!(seeing(&mut hub, &root, &boss, true), Err(Refused::NoRight(Right::Act)));
    let person = hub.id_of("root@example.org");
    let deputy = Order::Allow { person: person.clone(), grants: these(&["deputy@*"]), version: None };
    assert!(hub.ask(&root, deputy.clone()).is_err(), "nobody makes themselves one");
    hub.ask(&Who::Console, deputy).expect("the console does");
    let acting = seeing(&mut hub, &root, &boss, true).expect("seen");
    let may = hub.powers(&acting);
    let acme = "acme".parse().expect("a name");
    for right in [Right::Look, Right::Audit, Right::Decide, Right::Mute] {
        assert!(may.may(right, At::Client(&acme)), "{right}");
    }
    for right in [Right::People, Right::Tokens, Right::Roles, Right::Act] {
        assert!(!may.anywhere(right), "{right}");
    }
    hub.ask(&Who::Console, Order::Allow { person, grants: these(&["admin@acme"]), version: None })
        .expect_err("the last");
}

#[test]
fn whoever_looks_after_a_client_alone_sees_as_nobody() {
    let (mut hub, root) = Hub::begun();
    let boss = hub.person("boss@acme.org", &["admin@acme"]);
    hub.person("ann@acme.org", &["operator@acme"]);
    let (ann, own) = (hub.id_of("ann@acme.org"), hub.id_of("root@example.org"));
    assert_eq!(seeing(&mut hub, &boss, &ann, false), Err(Refused::NoRight(Right::People)));
    assert!(matches!(seeing(&mut hub, &root, &own, false), Err(Refused::Senseless(_))));
    for minutes in [0, 31] {
        assert!(matches!(hub.ask(&root, see(&ann, minutes, false)), Err(Refused::Senseless(_))));
    }
    hub.ask(&root, Order::Disable { person: ann.clone(), version: None }).expect("disabled");
    assert!(seeing(&mut hub, &root, &ann, false).is_err());
}
