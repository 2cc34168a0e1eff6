//! People come, change, lose their rights, and go.

mod common;

use std::collections::BTreeSet;

use common::{Hub, MINUTE_MS, email, name, these, verifier};
use vigie_people::{Answer, At, Chance, Language, Order, Refused, Right, Scope, Verifier, Who};

#[test]
fn a_hub_is_taken_into_use_once_and_never_again() {
    let (mut hub, root) = Hub::begun();
    assert!(hub.powers(&root).may(Right::Roles, At::Provider));
    let again = Order::Begin {
        organisation: "Mallory".to_owned(),
        name: name("M"),
        email: email("m@example.org"),
        password: verifier(),
    };
    for who in [Who::Nobody, Who::Console, root] {
        assert_eq!(hub.ask(&who, again.clone()), Err(Refused::Begun));
    }
}

#[test]
fn somebody_invited_comes_in_by_their_code_once_and_sees_only_their_site() {
    let (mut hub, root) = Hub::begun();
    let order = Order::Invite {
        email: email("ann@acme.org"),
        name: name("Ann"),
        grants: these(&["operator@acme/lyon"]),
        language: Language::En,
    };
    let Answer::Invited(invited) = hub.ask(&root, order.clone()).expect("invited").answer else { panic!("a code") };
    assert_eq!(hub.ask(&root, order), Err(Refused::Taken("an invitation for this address")));
    let accept = |code: &str| Order::Accept { code: code.to_owned(), name: None, password: verifier() };
    assert_eq!(hub.ask(&Who::Nobody, accept("0000-0000-0000-0000")), Err(Refused::NotThere("invitation")));
    hub.ask(&Who::Nobody, accept(&invited.code.to_uppercase())).expect("taken up");
    assert_eq!(hub.ask(&Who::Nobody, accept(&invited.code)), Err(Refused::NotThere("invitation")));
    let ann = hub.signed_in("ann@acme.org");
    let (acme, lyon, paris) = ("acme".parse().expect("a"), "lyon".parse().expect("b"), "paris".parse().expect("c"));
    let may = hub.powers(&ann);
    assert!(may.may(Right::Decide, At::Site(&acme, &lyon)) && !may.may(Right::Look, At::Site(&acme, &paris)));
    assert!(!may.may(Right::Look, At::Client(&acme)) && !may.anywhere(Right::People));
    let in_acme = hub.audit.iter().filter(|note| note.client == Some(acme.clone())).map(|note| note.what);
    assert_eq!(in_acme.collect::<Vec<_>>(), ["person.invite", "person.accept", "session.open"]);
}

#[test]
fn an_invitation_ends_and_gives_nothing_its_maker_has_lost() {
    let (mut hub, root) = Hub::begun();
    let boss = hub.person("boss@acme.org", &["admin@acme"]);
    let invite = |hub: &mut Hub, who: &str| {
        let order = Order::Invite {
            email: email(who),
            name: name("X"),
            grants: these(&["operator@acme"]),
            language: Language::En,
        };
        let Answer::Invited(invited) = hub.ask(&boss, order).expect("invited").answer else { panic!("a code") };
        Order::Accept { code: invited.code, name: None, password: verifier() }
    };
    let (late, lost) = (invite(&mut hub, "late@acme.org"), invite(&mut hub, "lost@acme.org"));
    let person = hub.id_of("boss@acme.org");
    hub.ask(&root, Order::Allow { person, grants: these(&["observer@acme"]), version: None }).expect("less");
    assert_eq!(hub.ask(&Who::Nobody, lost), Err(Refused::NotThere("invitation")));
    hub.now_ms += 7 * 24 * 60 * MINUTE_MS;
    assert_eq!(hub.ask(&Who::Nobody, late), Err(Refused::NotThere("invitation")));
}

#[test]
fn nobody_gives_or_takes_more_than_they_have() {
    let (mut hub, root) = Hub::begun();
    let boss = hub.person("boss@acme.org", &["admin@acme"]);
    hub.person("both@example.org", &["operator@acme", "operator@bron"]);
    hub.person("other@bron.org", &["operator@bron"]);
    for grants in [&["admin@*"][..], &["observer@bron"], &["observer@acme", "observer@bron"]] {
        let order = Order::Invite {
            email: email("new@acme.org"),
            name: name("N"),
            grants: these(grants),
            language: Language::En,
        };
        assert_eq!(hub.ask(&boss, order), Err(Refused::NoRight(Right::People)), "{grants:?}");
    }
    let (root_id, both, other) =
        (hub.id_of("root@example.org"), hub.id_of("both@example.org"), hub.id_of("other@bron.org"));
    for (person, refused) in [
        (root_id, Refused::NotThere("person")),
        (other, Refused::NotThere("person")),
        (both, Refused::MoreThanOwn("this person may more than you, or elsewhere")),
    ] {
        for order in [
            Order::Reset { person: person.clone() },
            Order::Disable { person: person.clone(), version: None },
            Order::Allow { person: person.clone(), grants: these(&["observer@acme"]), version: None },
        ] {
            assert_eq!(hub.ask(&boss, order), Err(refused.clone()));
        }
    }
    let seen: Vec<_> =
        hub.directory.people_shown(&hub.powers(&boss)).into_iter().map(|one| (one.email, one.grants)).collect();
    let shown = |grants: &[&str]| these(grants);
    assert_eq!(
        seen,
        [(email("boss@acme.org"), shown(&["admin@acme"])), (email("both@example.org"), shown(&["operator@acme"])),]
    );
    // A set of rights that its maker does not have is not made either.
    let rights = BTreeSet::from([Right::Look]);
    let role = Order::PutRole { name: "reader".parse().expect("a name"), rights };
    assert_eq!(hub.ask(&boss, role.clone()), Err(Refused::NoRight(Right::Roles)));
    hub.ask(&root, role).expect("an admin of all makes it");
}

#[test]
fn each_client_reads_in_its_audit_what_is_of_itself() {
    let (mut hub, root) = Hub::begun();
    let both = hub.person("both@example.org", &["operator@acme", "observer@bron/paris"]);
    let make = Order::MakeToken {
        name: name("t"),
        rights: [Right::Look].into(),
        scopes: vec!["acme/lyon".parse().expect("a scope")],
        days: 1,
    };
    hub.ask(&both, make).expect("made");
    let person = hub.id_of("both@example.org");
    hub.ask(&root, Order::Allow { person, grants: these(&["operator@acme", "admin@bron"]), version: None })
        .expect("more");
    for (own, other) in [("acme", "bron"), ("bron", "acme")] {
        let own = hub.audit.iter().filter(|note| note.client.as_ref().is_some_and(|client| client.as_str() == own));
        let told: Vec<String> = own.map(|note| format!("{} {} {}", note.what, note.before, note.after)).collect();
        assert!(told.len() >= 4 && !told.iter().any(|line| line.contains(other)), "{told:?}");
        assert_eq!(told.iter().any(|line| line.starts_with("token.make")), other == "bron");
    }
}

#[test]
fn the_last_who_looks_after_people_stays() {
    let (mut hub, root) = Hub::begun();
    let person = hub.id_of("root@example.org");
    let disable = Order::Disable { person: person.clone(), version: None };
    assert_eq!(hub.ask(&root, disable.clone()), Err(Refused::LastAdmin));
    let less = Order::Allow { person, grants: these(&["operator@*"]), version: None };
    assert_eq!(hub.ask(&root, less), Err(Refused::LastAdmin));
    let second = hub.person("second@example.org", &["admin@*"]);
    hub.ask(&second, disable).expect("another is there");
    assert!(hub.powers(&root).is_empty(), "and is out at once");
}

#[test]
fn a_token_may_what_it_was_made_for_as_long_as_its_maker_may() {
    let (mut hub, root) = Hub::begun();
    let ann = hub.person("ann@acme.org", &["operator@acme"]);
    let make = |rights: &[Right], scope: &str| Order::MakeToken {
        name: name("grafana"),
        rights: rights.iter().copied().collect(),
        scopes: vec![scope.parse().expect("a scope")],
        days: 90,
    };
    assert_eq!(hub.ask(&ann, make(&[Right::Look], "bron")), Err(Refused::NoRight(Right::Tokens)));
    let more = Err(Refused::MoreThanOwn("a right that you do not have there"));
    assert_eq!(hub.ask(&ann, make(&[Right::Audit], "acme")), more);
    let done = hub.ask(&ann, make(&[Right::Look, Right::Decide], "acme/lyon")).expect("made");
    let Answer::Token(made) = done.answer else { panic!("a token") };
    let token = hub.directory.token(&made.token, hub.now()).expect("it opens").id.clone();
    let (who, acme, lyon) = (Who::Token(token), "acme".parse().expect("a"), "lyon".parse().expect("b"));
    let may = |hub: &Hub, right| hub.powers(&who).may(right, At::Site(&acme, &lyon));
    assert!(may(&hub, Right::Look) && may(&hub, Right::Decide) && !may(&hub, Right::Mute));
    assert_eq!(hub.ask(&who, make(&[Right::Look], "acme/lyon")), Err(Refused::NotAPerson), "a token makes no tokens");
    let person = hub.id_of("ann@acme.org");
    hub.ask(&root, Order::Allow { person: person.clone(), grants: these(&["observer@acme"]), version: None })
        .expect("less");
    assert!(may(&hub, Right::Look) && !may(&hub, Right::Decide));
    hub.ask(&root, Order::Disable { person, version: None }).expect("disabled");
    assert!(!may(&hub, Right::Look) && hub.directory.token(&made.token, hub.now()).is_none());
    let person = hub.id_of("ann@acme.org");
    hub.ask(&root, Order::Enable { person, version: None }).expect("back");
    hub.now_ms += 90 * 24 * 60 * MINUTE_MS;
    assert!(!may(&hub, Right::Look) && hub.directory.token(&made.token, hub.now()).is_none(), "its time is over");
}

#[test]
fn who_left_the_browser_open_is_asked_again_before_people_are_changed() {
    let (mut hub, root) = Hub::begun();
    let invite = Order::Invite {
        email: email("a@b.org"),
        name: name("A"),
        grants: these(&["observer@*"]),
        language: Language::En,
    };
    hub.now_ms += 10 * MINUTE_MS;
    assert_eq!(hub.ask(&root, invite.clone()), Err(Refused::NeedsProof));
    let wrong = Verifier::of("another one", &Chance::new([9; 32])).expect("memory");
    assert_eq!(hub.ask(&root, Order::Prove { proved: wrong, code: String::new() }), Err(Refused::Wrong));
    hub.ask(&root, Order::Prove { proved: verifier(), code: String::new() }).expect("proved");
    hub.ask(&root, invite).expect("now");
}

#[test]
fn a_session_ends_when_it_is_idle_old_signed_out_or_ended_by_another() {
    let (mut hub, root) = Hub::begun();
    let one = hub.person("ann@acme.org", &["observer@acme"]);
    let two = hub.signed_in("ann@acme.org");
    let Who::Person(_, second) = two.clone() else { panic!("a person") };
    hub.ask(&one, Order::EndSession { session: second.clone() }).expect("one's own");
    assert!(hub.powers(&two).is_empty() && !hub.powers(&one).is_empty());
    assert_eq!(hub.ask(&one, Order::EndSession { session: second }), Err(Refused::NotThere("session")));
    let Who::Person(_, of_root) = root.clone() else { panic!("a person") };
    assert_eq!(hub.ask(&one, Order::EndSession { session: of_root }), Err(Refused::NotThere("session")), "not theirs");
    let Who::Person(_, first) = one.clone() else { panic!("a person") };
    hub.ask(&root, Order::EndSession { session: first }).expect("whom root looks after");
    assert!(hub.powers(&one).is_empty());
    hub.now_ms += 8 * 60 * MINUTE_MS;
    assert!(hub.powers(&root).is_empty(), "a working day without use");
    let ended = hub.directory.ended(hub.now());
    assert_eq!(ended.len(), 1);
}

#[test]
fn a_telephone_must_agree_and_a_recovery_code_stands_for_it_once() {
    let (mut hub, root) = Hub::begun();
    let Answer::Totp(offered) = hub.ask(&root, Order::OfferTotp).expect("offered").answer else { panic!("a secret") };
    assert!(offered.uri.starts_with("otpauth://totp/Vigie%20Dupont:root@example.org?secret="));
    assert_eq!(hub.ask(&root, Order::ConfirmTotp { code: "000000".to_owned() }), Err(Refused::Wrong));
    let code = shown_by_telephone(&offered.secret, hub.now_ms);
    let Answer::Recovery(recovery) = hub.ask(&root, Order::ConfirmTotp { code: code.clone() }).expect("on").answer
    else {
        panic!("codes")
    };
    let person = hub.id_of("root@example.org");
    let sign_in = |code: &str| Order::SignIn {
        person: person.clone(),
        proved: verifier(),
        code: code.to_owned(),
        agent: String::new(),
    };
    assert_eq!(hub.ask(&Who::Nobody, sign_in("")), Err(Refused::CodeNeeded));
    assert_eq!(hub.ask(&Who::Nobody, sign_in(&code)), Err(Refused::Wrong), "it was used to switch it on");
    hub.now_ms += MINUTE_MS;
    let next = shown_by_telephone(&offered.secret, hub.now_ms);
    hub.ask(&Who::Nobody, sign_in(&next)).expect("in");
    assert_eq!(hub.ask(&Who::Nobody, sign_in(&next)), Err(Refused::Wrong), "not twice");
    hub.ask(&Who::Nobody, sign_in(&recovery.codes[3])).expect("in");
    assert_eq!(hub.ask(&Who::Nobody, sign_in(&recovery.codes[3])), Err(Refused::Wrong), "nor this");
    assert_eq!(recovery.codes.iter().collect::<BTreeSet<_>>().len(), 10);
}

#[test]
fn who_lost_their_password_is_reset_and_everybody_who_had_it_is_out() {
    let (mut hub, root) = Hub::begun();
    let ann = hub.person("ann@acme.org", &["operator@acme"]);
    let person = hub.id_of("ann@acme.org");
    let Answer::Invited(reset) = hub.ask(&root, Order::Reset { person: person.clone() }).expect("reset").answer else {
        panic!("a code")
    };
    assert!(hub.powers(&ann).is_empty());
    let old = Order::SignIn { person: person.clone(), proved: verifier(), code: String::new(), agent: String::new() };
    assert_eq!(hub.ask(&Who::Nobody, old), Err(Refused::Wrong));
    let new = Verifier::of("correct horse battery", &Chance::new([8; 32])).expect("memory");
    hub.ask(&Who::Nobody, Order::Accept { code: reset.code, name: None, password: new.clone() }).expect("chosen");
    let sign_in = Order::SignIn { person, proved: new, code: String::new(), agent: String::new() };
    hub.ask(&Who::Nobody, sign_in).expect("in");
    assert_eq!(hub.directory.door("ann@acme.org").0.map(|ann| ann.grants.clone()), Some(these(&["operator@acme"])));
}

#[test]
fn who_changes_a_password_keeps_their_browser_and_ends_the_others() {
    let (mut hub, root) = Hub::begun();
    let other = hub.signed_in("root@example.org");
    let new = Verifier::of("correct horse battery", &Chance::new([8; 32])).expect("memory");
    hub.ask(&root, Order::SetPassword { proved: verifier(), password: new }).expect("changed");
    assert!(!hub.powers(&root).is_empty() && hub.powers(&other).is_empty());
    let again = Order::SetPassword { proved: verifier(), password: verifier() };
    assert_eq!(hub.ask(&root, again), Err(Refused::Wrong), "the old one proves nothing any more");
}

#[test]
fn whoever_changes_an_older_version_is_told_so() {
    let (mut hub, root) = Hub::begun();
    hub.person("ann@acme.org", &["operator@acme"]);
    let person = hub.id_of("ann@acme.org");
    let allow = |version| Order::Allow { person: person.clone(), grants: these(&["observer@acme"]), version };
    hub.ask(&root, allow(Some(1))).expect("as it was");
    assert_eq!(hub.ask(&root, allow(Some(1))), Err(Refused::Changed));
    hub.ask(&root, allow(Some(2))).expect("as it is");
}

#[test]
fn a_password_that_is_too_old_opens_only_the_way_to_another() {
    let (mut hub, _) = Hub::begun();
    hub.directory.spans.password_days = 90;
    hub.now_ms += 91 * 24 * 60 * MINUTE_MS;
    let root = hub.signed_in("root@example.org");
    assert!(hub.powers(&root).is_empty());
    let new = Verifier::of("correct horse battery", &Chance::new([8; 32])).expect("memory");
    hub.ask(&root, Order::SetPassword { proved: verifier(), password: new }).expect("changed");
    assert!(hub.powers(&root).in_all_of(Right::People, &Scope::everywhere()));
}

#[test]
fn a_role_that_people_have_is_not_removed_and_a_changed_one_is_so_at_once() {
    let (mut hub, root) = Hub::begun();
    let put = |rights: &[Right]| Order::PutRole {
        name: "night".parse().expect("a name"),
        rights: rights.iter().copied().collect(),
    };
    hub.ask(&root, put(&[Right::Look, Right::Decide])).expect("made");
    let ann = hub.person("ann@acme.org", &["night@acme"]);
    assert!(hub.powers(&ann).anywhere(Right::Decide));
    hub.ask(&root, put(&[Right::Look])).expect("changed");
    assert!(!hub.powers(&ann).anywhere(Right::Decide) && hub.powers(&ann).anywhere(Right::Look));
    let remove = Order::RemoveRole { name: "night".parse().expect("a name") };
    assert!(matches!(hub.ask(&root, remove.clone()), Err(Refused::Senseless(_))));
    let person = hub.id_of("ann@acme.org");
    hub.ask(&root, Order::Allow { person, grants: these(&["observer@acme"]), version: None }).expect("another role");
    hub.ask(&root, remove).expect("gone");
    for name in ["admin", "operator", "observer"] {
        let order = Order::PutRole { name: name.parse().expect("a name"), rights: BTreeSet::from([Right::Look]) };
        assert!(matches!(hub.ask(&root, order), Err(Refused::Senseless(_))), "{name} stays as it is");
    }
}

/// What an app shows: RFC 6238 worked out here once more, from the secret as it was typed in.
fn shown_by_telephone(secret: &str, now_ms: i64) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let key = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).expect("base32");
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&key).expect("a key");
    mac.update(&(now_ms / 30_000).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let number = (0..4).fold(0_u32, |number, n| number << 8 | u32::from(hash[at + n])) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}
