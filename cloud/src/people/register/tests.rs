//! A hub that is opened, used, closed and opened again.

use vigie_people::{Email, Grant, Language, Name, Refused, Verifier};
use vigie_serve::TokenTable;

use super::*;
use crate::registry::{AccessRow, Registry};

struct Hub {
    folder: tempfile::TempDir,
}

impl Hub {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn open(&self) -> (Arc<State>, Register) {
        let state = Arc::new(State::open(self.folder.path()).expect("a state").0);
        let clock = NodeClock::new();
        let register = Register::open(state.clone(), clock, self.folder.path(), Spans::default()).expect("people");
        (state, register)
    }

    fn code(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.folder.path().join("setup.code")).ok()?;
        Some(text.trim().to_owned())
    }
}

fn console() -> Asker {
    Asker { who: Who::Console, by: "command line", from: String::new() }
}

fn nobody() -> Asker {
    Asker { who: Who::Nobody, by: "page", from: "192.0.2.7".to_owned() }
}

fn begin() -> Order {
    Order::Begin {
        organisation: "Dupont".to_owned(),
        name: "Rut".parse::<Name>().expect("a name"),
        email: "root@example.org".parse::<Email>().expect("an address"),
        password: Verifier::of_nobody(),
    }
}

fn invite(email: &str, scope: &str) -> Order {
    let grant = Grant { role: "observer".parse().expect("a role"), scope: scope.parse().expect("a scope") };
    Order::Invite {
        email: email.parse().expect("an address"),
        name: "A".parse().expect("a name"),
        grants: vec![grant],
        language: Language::En,
    }
}

#[test]
fn a_hub_is_taken_into_use_by_the_code_in_its_folder_and_then_the_code_is_gone_for_ever() {
    let hub = Hub::new();
    let (state, register) = hub.open();
    let code = hub.code().expect("a code");
    assert!(register.may_begin(&code) && !register.may_begin("") && !register.may_begin(&code[1..]));
    register.carry_out(begin(), &nobody()).expect("taken into use");
    assert!(!register.may_begin(&code) && hub.code().is_none());
    assert_eq!(register.carry_out(begin(), &nobody()), Err(NotDone::Refused(Refused::Begun)));
    drop((state, register));
    let (_state, register) = hub.open();
    assert!(!register.may_begin(&code) && hub.code().is_none(), "nor after a restart");
}

#[test]
fn a_hub_whose_first_person_was_let_in_by_the_command_line_is_in_use() {
    let hub = Hub::new();
    let (_state, register) = hub.open();
    let code = hub.code().expect("a code");
    let Answer::Invited(invited) = register.carry_out(invite("ann@acme.org", "*"), &console()).expect("invited") else {
        panic!("a code")
    };
    assert!(register.may_begin(&code), "nobody is here yet");
    let accept = Order::Accept { code: invited.code, name: None, password: Verifier::of_nobody() };
    register.carry_out(accept, &nobody()).expect("taken up");
    assert!(!register.may_begin(&code) && hub.code().is_none());
    assert_eq!(register.carry_out(begin(), &nobody()), Err(NotDone::Refused(Refused::Begun)));
}

#[test]
fn people_sessions_and_the_audit_are_there_after_a_restart() {
    let hub = Hub::new();
    let (state, register) = hub.open();
    let Answer::SignedIn(signed_in) = register.carry_out(begin(), &nobody()).expect("begun") else { panic!("in") };
    register.carry_out(invite("ann@acme.org", "acme"), &console()).expect("invited");
    let head = register.head(None).expect("a head");
    drop((state, register));
    let (_state, register) = hub.open();
    let directory = register.directory();
    assert_eq!(directory.begun().map(|begun| begun.organisation.as_str()), Some("Dupont"));
    assert!(directory.session(&signed_in.secret, register.now()).is_some());
    assert_eq!(register.head(None).expect("a head"), head);
    let acme = "acme".parse().expect("a name");
    let lines = register.lines(Some(&acme), 0, 10).expect("lines");
    let line = lines[0].1.line().expect("a line");
    assert_eq!((lines.len(), line.who.as_str(), line.what.as_str()), (1, "console", "person.invite"));
    assert_eq!(register.chains().expect("chains"), [None, Some(acme)]);
}

#[test]
fn an_answer_of_another_house_is_taken_once_through_a_restart_and_a_refusal_stands_in_the_audit() {
    let hub = Hub::new();
    let (state, register) = hub.open();
    register.carry_out(begin(), &nobody()).expect("begun");
    let trust = vigie_people::Trust {
        by: "office".parse().expect("a name"),
        issuer: "https://idp.acme.org".to_owned(),
        domains: vec!["acme.org".to_owned()],
        grants: vec![Grant { role: "observer".parse().expect("a name"), scope: "acme".parse().expect("a scope") }],
        owns_addresses: true,
        is_microsoft: false,
    };
    let claims = vigie_people::Claims {
        subject: "7".to_owned(),
        email: Some("ann@acme.org".to_owned()),
        email_verified: true,
        domain_verified: false,
        name: None,
        proved_ms: None,
    };
    let comes = |register: &Register| {
        let until = UtcMs(register.now().0 + 600_000);
        let vouched = Box::new(trust.vouch(&claims).once("_7", until));
        register.carry_out(Order::SignInWith { vouched, agent: String::new() }, &nobody())
    };
    assert!(comes(&register).is_ok());
    drop((state, register));
    let (_state, register) = hub.open();
    assert_eq!(comes(&register), Err(NotDone::Refused(Refused::Twice)));
    register.tidy().expect("what has ended goes");
    assert_eq!(comes(&register), Err(NotDone::Refused(Refused::Twice)), "it has not ended");
    let before = register.lines(None, 0, 100).expect("lines").len();
    for _ in 0..600 {
        register.not_vouched("office", &nobody(), "its signature is wrong");
    }
    let lines = register.lines(None, 0, 1_000).expect("lines");
    assert_eq!(lines.len() - before, 500, "whoever brings nonsense does not fill the audit");
    let line = lines.last().and_then(|(_, link)| link.line()).expect("a line");
    assert_eq!((line.what.as_str(), line.on.as_str(), line.who.as_str()), ("session.refused", "office", "nobody"));
}

#[test]
fn a_change_that_is_refused_leaves_no_line_and_no_row() {
    let hub = Hub::new();
    let (_state, register) = hub.open();
    register.carry_out(begin(), &nobody()).expect("begun");
    let before = register.head(None).expect("a head");
    assert!(register.carry_out(invite("x@y.org", "*"), &nobody()).is_err());
    assert_eq!(register.head(None).expect("a head"), before);
    assert!(register.directory().invitations_shown(&vigie_people::Powers::all(), register.now()).is_empty());
}

#[test]
fn a_line_that_was_taken_out_of_the_file_shows() {
    let hub = Hub::new();
    let (state, register) = hub.open();
    register.carry_out(begin(), &nobody()).expect("begun");
    for n in 0..3 {
        register.carry_out(invite(&format!("p{n}@acme.org"), "*"), &console()).expect("invited");
    }
    let verified = |register: &Register| vigie_serve::verify_audit(register, None).expect("it can be read");
    assert_eq!(verified(&register)["whole"], true);
    let third = [b"*\0".as_slice(), &3_u64.to_be_bytes()].concat();
    assert!(state.remove("audit.line", &third).expect("removed"));
    assert_eq!(verified(&register)["broken"], "line 3 is missing");
}

#[test]
fn a_head_that_was_lost_does_not_begin_the_chain_anew() {
    let hub = Hub::new();
    let (state, register) = hub.open();
    register.carry_out(begin(), &nobody()).expect("begun");
    register.carry_out(invite("a@b.org", "*"), &console()).expect("invited");
    let before = register.head(None).expect("a head");
    assert!(state.remove("audit.head", b"*").expect("removed"));
    register.carry_out(invite("c@d.org", "*"), &console()).expect("invited");
    assert_eq!(register.head(None).expect("a head").seq, before.seq + 1);
    assert_eq!(vigie_serve::verify_audit(&register, None).expect("it can be read")["whole"], true);
}

#[test]
fn a_store_of_before_there_were_people_opens_with_its_tokens() {
    let hub = Hub::new();
    let hash = TokenTable::hash("old token").to_hex().to_string();
    {
        let state = Arc::new(State::open(hub.folder.path()).expect("a state").0);
        let row: AccessRow = serde_json::from_value(json!({ "name": "grafana", "hash": hash, "clients": ["acme"],
            "made_at_ms": 1 }))
        .expect("a row");
        Registry::new(state).add_access(&row).expect("kept");
    }
    let (state, register) = hub.open();
    assert!(register.directory().begun().is_none() && hub.code().is_some());
    let names: Vec<_> = Registry::new(state).accesses().expect("rows").into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["grafana"]);
}

#[test]
fn what_the_command_line_does_with_tokens_stands_in_the_audit_of_the_clients_concerned() {
    let hub = Hub::new();
    let (state, register) = hub.open();
    let registry = Registry::new(state);
    let row: AccessRow = serde_json::from_value(json!({ "name": "prometheus", "hash": "", "clients": [],
        "writes": [{ "client": "acme", "site": "lyon" }, { "client": "bron", "site": "ecole" }], "made_at_ms": 1 }))
    .expect("a row");
    registry.add_access(&row).expect("made");
    registry.remove_access("prometheus", UtcMs(2)).expect("gone");
    assert!(registry.remove_access("prometheus", UtcMs(3)).is_err());
    let acme = "acme".parse().expect("a name");
    let lines: Vec<_> =
        register.lines(Some(&acme), 0, 9).expect("lines").iter().filter_map(|(_, link)| link.line()).collect();
    let told: Vec<_> = lines.iter().map(|line| line.what.as_str()).collect();
    assert_eq!(told, ["api-token.make", "api-token.revoke"]);
    assert!(lines[0].after.to_string().contains("lyon") && !lines[0].after.to_string().contains("ecole"));
    assert_eq!(register.head(None).expect("a head").seq, 0, "it concerns two clients, and not the provider");
}

#[test]
fn what_was_used_is_written_down_and_what_has_ended_goes() {
    let hub = Hub::new();
    let (state, register) = hub.open();
    let Answer::SignedIn(signed_in) = register.carry_out(begin(), &nobody()).expect("begun") else { panic!("in") };
    let who = Who::Person(signed_in.shown.person.clone(), signed_in.shown.id.clone());
    register.used(&who);
    register.tidy().expect("kept");
    register.carry_out(Order::SignOut, &Asker { who: who.clone(), ..nobody() }).expect("out");
    register.used(&who);
    register.tidy().expect("kept");
    assert!(state.scan("people.session", b"").expect("rows").is_empty(), "a browser that is out does not come back");
}
