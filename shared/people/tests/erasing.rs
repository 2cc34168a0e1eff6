//! When somebody is erased: does all of them go, and does a chain still show whatever else was done to it?

mod common;

use common::{Hub, email, name, these, verifier};
use proptest::prelude::*;
use serde_json::{Value, json};
use vigie_model::{Slug, UtcMs};
use vigie_people::{
    Answer, Broken, Check, Erasure, Head, Held, LEFT_AT_ONCE, Language, Left, Link, Note, Order, Refused, Salt, Who,
};

const PEOPLE: [&str; 3] = ["ann@acme.org", "bob@acme.org", "joann@acme.org"];

/// What happens to a chain.
#[derive(Debug, Clone)]
enum Step {
    /// Somebody does something, to somebody; written with a salt or as lines once were.
    Line { by: usize, on: usize, salted: bool },
    /// Somebody is erased, by somebody.
    Erase { whom: usize, by: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..PEOPLE.len();
    prop_oneof![
        4 => (who(), who(), any::<bool>()).prop_map(|(by, on, salted)| Step::Line { by, on, salted }),
        1 => (who(), who()).prop_map(|(whom, by)| Step::Erase { whom, by }),
    ]
}

/// A chain as it is kept.
struct Chain {
    client: Slug,
    links: Vec<Link>,
    head: Head,
}

impl Chain {
    fn new() -> Self {
        let client: Slug = "acme".parse().expect("a name");
        Self { links: Vec::new(), head: Head::of(Some(&client)), client }
    }

    fn append(&mut self, note: Note, who: &str, salted: bool) {
        let line = note.line(self.head.seq + 1, who, "api", "192.0.2.7", UtcMs(1), UtcMs(2));
        let salt = salted.then_some(Salt([self.links.len() as u8; 16]));
        let (head, link) = self.head.next(&line, salt);
        self.links.push(link);
        self.head = head;
    }

    fn line(&mut self, by: &str, on: &str, salted: bool) {
        let after = json!({ "agent": "Firefox", "to": on, "text": format!("for {on}.") });
        let note = Note { client: None, what: "session.open", on: on.to_owned(), before: json!([on]), after };
        self.append(note, by, salted);
    }

    /// As whoever keeps the chain does it.
    fn erase(&mut self, erasure: &Erasure, by: &str) {
        let (mut before, mut left) = (Head::of(Some(&self.client)), Vec::new());
        for link in &mut self.links {
            let hash = link.hash;
            if let Some((new, told)) = erasure.left(&before, link) {
                *link = new;
                left.push(told);
            }
            before = Head { seq: before.seq + 1, hash };
        }
        for part in left.chunks(LEFT_AT_ONCE) {
            let on = erasure.pseudonym.clone();
            let note = Note { client: None, what: "person.erase", on, before: Value::Null, after: Left::tell(part) };
            self.append(note, by, true);
        }
    }

    fn walk(&self) -> Result<Head, Broken> {
        let mut check = Check::begin(Some(&self.client));
        for (at, link) in self.links.iter().enumerate() {
            check.step(at as u64 + 1, link)?;
        }
        check.end(&self.head)
    }

    fn text(&self) -> String {
        self.links.iter().map(|link| String::from_utf8_lossy(&link.text).into_owned() + "\n").collect()
    }
}

fn erasure(of: &str) -> Erasure {
    let mut hub = Hub::empty();
    hub.person(of, &["observer@acme"]);
    let erase = Order::Erase { person: hub.id_of(of), version: None, at_sites: Vec::new() };
    *hub.ask(&Who::Console, erase).expect("erased").erases.expect("somebody")
}

fn history(steps: &[Step], erasures: &[Erasure]) -> Chain {
    let mut chain = Chain::new();
    for step in steps {
        match step {
            Step::Line { by, on, salted } => chain.line(PEOPLE[*by], PEOPLE[*on], *salted),
            Step::Erase { whom, by } => chain.erase(&erasures[*whom], PEOPLE[*by]),
        }
    }
    chain
}

fn erasures() -> Vec<Erasure> {
    PEOPLE.map(erasure).into()
}

proptest! {
    #[test]
    fn whatever_is_written_and_whoever_is_erased_the_chain_verifies_and_names_them_no_more(
        steps in prop::collection::vec(step(), 1..30),
        last in 0..PEOPLE.len(),
    ) {
        let erasures = erasures();
        let mut chain = history(&steps, &erasures);
        prop_assert_eq!(chain.walk(), Ok(chain.head));
        chain.erase(&erasures[last], "root@example.org");
        prop_assert_eq!(chain.walk(), Ok(chain.head));
        for line in chain.text().lines() {
            prop_assert!(!erasures[last].names(line), "{}", line);
        }
    }

    #[test]
    fn whatever_else_is_done_to_a_chain_with_erased_lines_shows(
        steps in prop::collection::vec(step(), 1..30),
        harm in 0_usize..6,
        at in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(),
    ) {
        let mut chain = history(&steps, &erasures());
        prop_assume!(!chain.links.is_empty());
        let at = at.index(chain.links.len());
        match harm {
            0 => drop(chain.links.remove(at)),
            1 => {
                // Of an erased line, too: what was left of it is told.
                let text = &mut chain.links[at].text;
                let byte = byte.index(text.len());
                text[byte] ^= 1;
            }
            2 => chain.links[at].hash[byte.index(32)] ^= 1,
            3 => {
                // As if somebody had been erased from it.
                prop_assume!(chain.links[at].held != Held::Erased);
                chain.links[at].held = Held::Erased;
            }
            4 => {
                // And with another text, under the hash that was there.
                prop_assume!(chain.links[at].held != Held::Erased);
                let mut line = chain.links[at].line().expect("a line");
                line.who = "somebody else".to_owned();
                chain.links[at] = Link { held: Held::Erased, text: serde_json::to_vec(&line).expect("text"), ..chain.links[at].clone() };
            }
            _ => {
                prop_assume!(chain.links.len() > 1);
                let other = (at + 1) % chain.links.len();
                chain.links.swap(at, other);
            }
        }
        prop_assert!(chain.walk().is_err(), "{} of {:?} at {}", harm, steps, at);
    }
}

#[test]
fn what_stands_before_an_erased_line_of_old_can_not_be_exchanged_either() {
    let (mut one, mut other) = (Chain::new(), Chain::new());
    one.line("bob@acme.org", "bob@acme.org", false);
    other.line("bob@acme.org", "joann@acme.org", false);
    one.line("ann@acme.org", "ann@acme.org", false);
    one.erase(&erasure("ann@acme.org"), "root@example.org");
    assert_eq!(one.walk(), Ok(one.head));
    // The erased line's own hash can not be worked out any more: the line that tells of it holds to the one before.
    one.links[0] = other.links[0].clone();
    assert_eq!(one.walk(), Err(Broken::Erased(2)));
}

#[test]
fn a_line_that_was_kept_before_there_were_salts_is_read_as_it_was() {
    let head = Head::of(None);
    let text = br#"{"seq":1,"who":"a","by":"api","from":"","what":"x","on":"","before":null,"after":null,"happened_ms":1,"learnt_ms":2}"#;
    let mut hasher = blake3::Hasher::new_derive_key("vigie 2026-11 audit chain");
    let hash = *hasher.update(&head.hash).update(&1_u64.to_be_bytes()).update(text).finalize().as_bytes();
    let link = Link::decode(&[hash.as_slice(), text].concat()).expect("a link");
    let mut check = Check::begin(None);
    check.step(1, &link).expect("as it was written");
    assert_eq!(check.end(&Head { seq: 1, hash }), Ok(Head { seq: 1, hash }));
    assert_eq!(link.line().map(|line| line.erased), Some(false));
    for held in [Held::Plain, Held::Salted(Salt([9; 16])), Held::Erased] {
        let link = Link { held, ..link.clone() };
        assert_eq!(Link::decode(&link.encode()), Some(link));
    }
}

#[test]
fn the_salt_goes_with_the_text_so_that_nobody_tries_texts_until_one_fits() {
    let mut chain = Chain::new();
    chain.line("ann@acme.org", "bob@acme.org", true);
    let Held::Salted(salt) = chain.links[0].held else { panic!("a salt") };
    chain.erase(&erasure("ann@acme.org"), "root@example.org");
    let kept: Vec<u8> = chain.links.iter().flat_map(Link::encode).collect();
    assert!(!kept.windows(salt.0.len()).any(|window| window == salt.0));
}

#[test]
fn with_a_person_all_that_was_theirs_goes_and_others_keep_what_is_theirs() {
    let (mut hub, root) = Hub::begun();
    let ann = hub.person("ann@acme.org", &["admin@acme"]);
    let bob = hub.person("bob@acme.org", &["observer@acme"]);
    hub.signed_in("ann@acme.org");
    let token = Order::MakeToken {
        name: name("Ann's laptop"),
        rights: [vigie_people::Right::Look].into(),
        scopes: vec!["acme".parse().expect("a scope")],
        days: 3,
    };
    hub.ask(&ann, token).expect("a token");
    let invite = Order::Invite {
        email: email("new@acme.org"),
        name: name("New"),
        grants: these(&["observer@acme"]),
        language: Language::En,
    };
    hub.ask(&ann, invite).expect("invited");
    let see = Order::SeeAs { person: hub.id_of("ann@acme.org"), minutes: 5, acts: false, agent: String::new() };
    hub.ask(&root, see).expect("root sees as ann");
    let person = hub.id_of("ann@acme.org");
    let done = hub.ask(&root, Order::Erase { person: person.clone(), version: None, at_sites: Vec::new() });
    let Answer::Erased(erased) = done.expect("erased").answer else { panic!("what went") };
    // Two of hers, and the one in which root sees as her.
    assert_eq!((erased.sessions, erased.tokens, erased.invitations), (3, 1, 1));
    assert!(hub.directory.person(&person).is_none() && hub.directory.person_of(&email("ann@acme.org")).is_none());
    assert!(hub.powers(&ann).is_empty() && !hub.powers(&bob).is_empty());
    assert!(!format!("{:?}", hub.directory).contains("ann@acme.org"), "nothing names her");
    let again = Order::Erase { person, version: None, at_sites: Vec::new() };
    assert_eq!(hub.ask(&root, again), Err(Refused::NotThere("person")));
    // Her address is free for whoever comes with it.
    hub.person("ann@acme.org", &["observer@acme"]);
}

#[test]
fn nobody_erases_whom_they_do_not_look_after_nor_the_last_who_looks_after_all() {
    let (mut hub, root) = Hub::begun();
    let boss = hub.person("boss@acme.org", &["admin@acme"]);
    hub.person("far@bron.org", &["observer@bron"]);
    hub.person("both@acme.org", &["observer@acme", "observer@bron"]);
    let erase = |hub: &Hub, who: &str| Order::Erase { person: hub.id_of(who), version: None, at_sites: Vec::new() };
    let far = erase(&hub, "far@bron.org");
    assert_eq!(hub.ask(&boss, far), Err(Refused::NotThere("person")));
    let both = erase(&hub, "both@acme.org");
    assert!(matches!(hub.ask(&boss, both), Err(Refused::MoreThanOwn(_))));
    let last = erase(&hub, "root@example.org");
    assert_eq!(hub.ask(&root, last.clone()), Err(Refused::LastAdmin));
    assert_eq!(hub.ask(&Who::Console, last.clone()), Err(Refused::LastAdmin), "nor by the command line");
    hub.person("second@example.org", &["admin@*"]);
    hub.now_ms += 11 * common::MINUTE_MS;
    assert_eq!(hub.ask(&root, last.clone()), Err(Refused::NeedsProof));
    hub.ask(&root, Order::Prove { proved: verifier(), code: String::new() }).expect("proved");
    hub.ask(&root, last).expect("somebody else is left, and one may erase oneself");
}
