//! A hub's people, and somebody who asks in their names.

#![allow(dead_code, reason = "each test file uses a part of it")]

use vigie_model::UtcMs;
use vigie_people::{
    Answer, Asker, Chance, Directory, Done, Email, Grant, Id, Language, Name, Note, Order, Powers, Refused, Verifier,
    Who,
};

/// 2026-11-21T11:02:10Z.
pub(crate) const NOW_MS: i64 = 1_795_258_930_000;

pub(crate) const MINUTE_MS: i64 = 60_000;

pub(crate) struct Hub {
    pub(crate) directory: Directory,
    pub(crate) now_ms: i64,
    /// What was written down.
    pub(crate) audit: Vec<Note>,
    chances: u8,
}

impl Hub {
    /// A hub that nobody has taken into use.
    pub(crate) fn empty() -> Self {
        Self { directory: Directory::default(), now_ms: NOW_MS, audit: Vec::new(), chances: 0 }
    }

    /// A hub with its first admin, who is signed in.
    pub(crate) fn begun() -> (Self, Who) {
        let mut hub = Self::empty();
        let order = Order::Begin {
            organisation: "Dupont".to_owned(),
            name: name("Rut Admin"),
            email: email("root@example.org"),
            password: verifier(),
        };
        hub.ask(&Who::Nobody, order).expect("nobody has it yet");
        let id = hub.id_of("root@example.org");
        let session =
            hub.directory.sessions_shown(&Who::Person(id.clone(), id.clone()), &Powers::default(), false, hub.now());
        let root = Who::Person(id, session[0].id.clone());
        (hub, root)
    }

    pub(crate) fn now(&self) -> UtcMs {
        UtcMs(self.now_ms)
    }

    pub(crate) fn chance(&mut self) -> Chance {
        self.chances = self.chances.wrapping_add(1);
        let mut bytes = [self.chances; 32];
        bytes[..8].copy_from_slice(&(self.audit.len() as u64).to_be_bytes());
        Chance::new(bytes)
    }

    pub(crate) fn ask(&mut self, who: &Who, order: Order) -> Result<Done, Refused> {
        let asker = Asker { who: who.clone(), by: "api", from: "192.0.2.7".to_owned() };
        let chance = self.chance();
        let done = self.directory.decide(order, &asker, &chance, self.now())?;
        for change in &done.changes {
            self.directory.apply(change);
        }
        self.audit.extend(done.notes.iter().cloned());
        Ok(done)
    }

    /// Invites somebody by the console, has them choose a password, and signs them in.
    pub(crate) fn person(&mut self, who: &str, grants: &[&str]) -> Who {
        let order =
            Order::Invite { email: email(who), name: name("Somebody"), grants: these(grants), language: Language::En };
        let done = self.ask(&Who::Console, order).expect("invited");
        let Answer::Invited(invited) = done.answer else { panic!("a code") };
        self.ask(&Who::Nobody, Order::Accept { code: invited.code, name: None, password: verifier() })
            .expect("taken up");
        self.signed_in(who)
    }

    pub(crate) fn signed_in(&mut self, who: &str) -> Who {
        let person = self.id_of(who);
        let sign_in = Order::SignIn {
            person: person.clone(),
            proved: verifier(),
            code: String::new(),
            agent: "Firefox".to_owned(),
        };
        let done = self.ask(&Who::Nobody, sign_in).expect("signed in");
        let Answer::SignedIn(signed_in) = done.answer else { panic!("a session") };
        Who::Person(person, signed_in.shown.id)
    }

    pub(crate) fn id_of(&self, who: &str) -> Id {
        self.directory.person_of(&email(who)).expect("somebody of this address").id.clone()
    }

    pub(crate) fn powers(&self, who: &Who) -> Powers {
        self.directory.powers(who, self.now())
    }
}

pub(crate) fn email(text: &str) -> Email {
    text.parse().expect("an address")
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

/// Everybody's here: to work one out takes a tenth of a second.
pub(crate) fn verifier() -> Verifier {
    Verifier::of_nobody()
}

/// `operator@acme/lyon`.
pub(crate) fn these(grants: &[&str]) -> Vec<Grant> {
    let grant = |text: &&str| {
        let (role, scope) = text.split_once('@').expect("ROLE@SCOPE");
        Grant { role: role.parse().expect("a role"), scope: scope.parse().expect("a scope") }
    };
    grants.iter().map(grant).collect()
}
