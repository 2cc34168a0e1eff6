//! People in memory: who is here, what they may, and what the audit says of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use serde_json::Value;
use vigie_model::{Slug, UtcMs};
use vigie_people::{
    Answer, Asker, Chance, Directory, Grant, Head, Id, Language, Link, Note, Order, Salt, Verifier, Who,
};
use vigie_serve::{Lookout, NotDone, People, With};

use super::boards::Pinned;
use super::photos::Stuck;
use super::{PASSWORD, SETUP};
use crate::common::{Node, Remembered};

/// Lines with their numbers.
type Chain = Vec<(u64, Link)>;

/// People in memory.
pub(crate) struct Roll {
    directory: RwLock<Directory>,
    node: Arc<Node>,
    chances: AtomicU64,
    pub(crate) chains: Mutex<BTreeMap<Option<Slug>, Chain>>,
    pub(crate) turned_away: Mutex<Vec<&'static str>>,
    /// By which house, and why not.
    pub(crate) not_vouched: Mutex<Vec<(String, String)>>,
    pub(crate) remembered: Arc<Remembered>,
    pub(crate) boards: Arc<Pinned>,
    pub(crate) photos: Arc<Stuck>,
    /// Worked out once: it takes a tenth of a second.
    verifier: Verifier,
}

impl Roll {
    /// Nobody yet.
    pub(super) fn new(node: Arc<Node>) -> Self {
        Self {
            directory: RwLock::default(),
            node,
            chances: AtomicU64::new(0),
            chains: Mutex::default(),
            turned_away: Mutex::default(),
            not_vouched: Mutex::default(),
            remembered: Arc::default(),
            boards: Arc::default(),
            photos: Arc::default(),
            verifier: Verifier::of(PASSWORD, &Chance::new([4; 32])).expect("memory"),
        }
    }

    fn now(&self) -> UtcMs {
        self.node.now().utc
    }

    fn order(&self, who: Who, order: Order) -> Answer {
        let asker = Asker { who, by: "test", from: "192.0.2.99".to_owned() };
        self.carry_out(order, &asker).expect("carried out")
    }

    pub(crate) fn begin(&self) {
        let order = Order::Begin {
            organisation: "Dupont".to_owned(),
            name: "Rut Admin".parse().expect("a name"),
            email: "root@example.org".parse().expect("an address"),
            password: self.verifier.clone(),
        };
        self.order(Who::Nobody, order);
    }

    /// Somebody with these roles, as `operator@acme/lyon`.
    pub(crate) fn person(&self, email: &str, grants: &[&str]) -> Id {
        let grant = |text: &&str| {
            let (role, scope) = text.split_once('@').expect("ROLE@SCOPE");
            Grant { role: role.parse().expect("a role"), scope: scope.parse().expect("a scope") }
        };
        let (email, name) = (email.parse().expect("an address"), "Somebody".parse().expect("a name"));
        let invite = Order::Invite { email, name, grants: grants.iter().map(grant).collect(), language: Language::En };
        let Answer::Invited(invited) = self.order(Who::Console, invite) else { panic!("a code") };
        let accept = Order::Accept { code: invited.code, name: None, password: self.verifier.clone() };
        let Answer::Person(person) = self.order(Who::Nobody, accept) else { panic!("a person") };
        person.id
    }

    /// A browser of theirs: who it is, and its secret.
    pub(crate) fn session(&self, person: &Id) -> (Who, String) {
        let (proved, agent) = (self.verifier.clone(), "Firefox".to_owned());
        let sign_in = Order::SignIn { person: person.clone(), proved, code: String::new(), agent };
        let Answer::SignedIn(signed_in) = self.order(Who::Nobody, sign_in) else { panic!("a session") };
        (Who::Person(person.clone(), signed_in.shown.id), signed_in.secret)
    }

    /// A token of theirs with all that they may there.
    pub(crate) fn token(&self, person: &Id, scope: &str, days: u32) -> (Id, String) {
        let (who, _) = self.session(person);
        let scope = scope.parse().expect("a scope");
        let powers = self.directory().powers(&who, self.now());
        let rights = powers.iter().filter(|(right, _)| powers.in_all_of(*right, &scope)).map(|(right, _)| right);
        let name = "a program".parse().expect("a name");
        let make = Order::MakeToken { name, rights: rights.collect(), scopes: vec![scope.clone()], days };
        let Answer::Token(made) = self.order(who, make) else { panic!("a token") };
        (made.shown.id, made.token)
    }

    pub(crate) fn revoke(&self, person: &Id, token: Id) {
        let (who, _) = self.session(person);
        self.order(who, Order::RevokeToken { token });
    }

    pub(crate) fn invited(&self, email: &str, grant: &str) -> Id {
        let (role, scope) = grant.split_once('@').expect("ROLE@SCOPE");
        let grants = vec![Grant { role: role.parse().expect("a role"), scope: scope.parse().expect("a scope") }];
        let (email, name) = (email.parse().expect("an address"), "Somebody".parse().expect("a name"));
        match self.order(Who::Console, Order::Invite { email, name, grants, language: Language::En }) {
            Answer::Invited(invited) => invited.id,
            _ => panic!("a code"),
        }
    }

    pub(crate) fn role(&self, name: &str, rights: &[&str]) {
        let rights = rights.iter().map(|right| right.parse().expect("a right")).collect();
        self.order(Who::Console, Order::PutRole { name: name.parse().expect("a name"), rights });
    }
}

impl Roll {
    /// Lines of all chains.
    pub(crate) fn written(&self) -> usize {
        self.chains.lock().unwrap_or_else(PoisonError::into_inner).values().map(Vec::len).sum()
    }

    /// Writes a line at the end of its chain.
    fn note(&self, note: Note, who: &str, asker: &Asker) {
        let client = note.client.clone();
        let mut chains = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        let chain = chains.entry(client.clone()).or_default();
        let head = chain.last().map_or(Head::of(client.as_ref()), |(seq, link)| Head { seq: *seq, hash: link.hash });
        let line = note.line(head.seq + 1, who, asker.by, &asker.from, self.now(), self.now());
        chain.push((line.seq, head.next(&line, Some(Salt([3; 16]))).1));
    }
}

impl People for Roll {
    fn directory(&self) -> RwLockReadGuard<'_, Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn chance(&self) -> Result<Chance, NotDone> {
        let mut bytes = [9; 32];
        bytes[..8].copy_from_slice(&self.chances.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        Ok(Chance::new(bytes))
    }

    fn carry_out_with(&self, order: Order, asker: &Asker, with: &mut With<'_>) -> Result<Answer, NotDone> {
        let chance = self.chance()?;
        let done = self.directory().decide(order, asker, &chance, self.now())?;
        let beside = with(&self.directory(), &done);
        let who = self.directory().called(&asker.who);
        done.notes.into_iter().for_each(|note| self.note(note, &who, asker));
        let mut directory = self.directory.write().unwrap_or_else(PoisonError::into_inner);
        done.changes.iter().for_each(|change| directory.apply(change));
        beside.into_iter().for_each(|beside| (beside.kept)());
        Ok(done.answer)
    }

    fn may_begin(&self, code: &str) -> bool {
        code == SETUP && self.directory().begun().is_none()
    }

    fn not_vouched(&self, house: &str, _: &Asker, why: &str) {
        let mut all = self.not_vouched.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((house.to_owned(), why.to_owned()));
    }

    fn turned_away(&self, _: Option<&Id>, _: &Asker, why: &'static str) {
        self.turned_away.lock().unwrap_or_else(PoisonError::into_inner).push(why);
    }

    fn acting(&self, asker: &Asker, name: &str, work: &mut dyn FnMut()) {
        work();
        let who = self.directory().called(&asker.who);
        let note = Note { client: None, what: "act", on: name.to_owned(), before: Value::Null, after: Value::Null };
        self.note(note, &who, asker);
    }

    fn noted(&self, asker: &Asker, note: Note) -> Result<(), NotDone> {
        let who = self.directory().called(&asker.who);
        self.note(note, &who, asker);
        Ok(())
    }

    fn used(&self, who: &Who) {
        self.directory.write().unwrap_or_else(PoisonError::into_inner).used(who, self.now());
    }

    fn lines(&self, client: Option<&Slug>, after: u64, most: usize) -> Result<Vec<(u64, Link)>, NotDone> {
        let chains = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        let chain = chains.get(&client.cloned()).cloned().unwrap_or_default();
        Ok(chain.into_iter().filter(|(seq, _)| *seq > after).take(most).collect())
    }

    fn head(&self, client: Option<&Slug>) -> Result<Head, NotDone> {
        let chains = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        let last = chains.get(&client.cloned()).and_then(|chain| chain.last());
        Ok(last.map_or(Head::of(client), |(seq, link)| Head { seq: *seq, hash: link.hash }))
    }
}
