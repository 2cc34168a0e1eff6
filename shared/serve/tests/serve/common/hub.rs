//! A hub with people, in memory, and somebody who asks it in their names.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use vigie_jobs::{Ended as JobEnded, Job, JobId, JobKind, JobWish, Priority};
use vigie_model::{Role, Slug, UtcMs};
use vigie_people::{
    Answer, Asker, Chance, Directory, Grant, Head, Id, Language, Link, Note, Order, Salt, Verifier, Who,
};
use vigie_serve::{
    Access, BoardHead, BoardKept, BoardOwner, BoardWish, Boards, Chat, ChatRequest, Chats, ClientQuota, ClientTerms,
    Device, DeviceChange, DeviceTried, DeviceWish, Devices, Enrolment, EnrolmentState, EnrolmentWish, Enrolments,
    Erasure, ErasureState, Erasures, ExportGiven, ExportWish, Fetched, Happened, Holdings, Jobs, Joined, KeepDays,
    KeepingTerms, Lookout, MadeToken, NotDone, Options, Parts, People, QuotaMost, QuotaOf, QuotaUse, Quotas, Stamp,
    Undecided, Upkeep, Web, Webhook, WebhookDead, WebhookMade, WebhookTried, WebhookWish, Webhooks, router_of,
};

use super::pages::Pages;
use super::watch::Watch;
use super::{Answer as Said, Door, Node, Remembered, id_of};

/// What everybody's password is here.
pub(crate) const PASSWORD: &str = "seven quiet lanterns hum";

/// The setup code.
pub(crate) const SETUP: &str = "the-setup-code";

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
    /// Worked out once: it takes a tenth of a second.
    verifier: Verifier,
}

impl Roll {
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

    fn carry_out(&self, order: Order, asker: &Asker) -> Result<Answer, NotDone> {
        let chance = self.chance()?;
        let done = self.directory().decide(order, asker, &chance, self.now())?;
        let who = self.directory().called(&asker.who);
        done.notes.into_iter().for_each(|note| self.note(note, &who, asker));
        let mut directory = self.directory.write().unwrap_or_else(PoisonError::into_inner);
        done.changes.iter().for_each(|change| directory.apply(change));
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

/// Everybody's data is kept for a month.
pub(crate) struct Kept;

impl KeepingTerms for Kept {
    fn terms(&self, client: Option<&Slug>) -> ClientTerms {
        let keeps = KeepDays { raw_days: Some(30), minute_days: Some(0), hour_days: Some(0) };
        ClientTerms { client: client.cloned(), keeps, said: None, by: None, made_at: None }
    }

    fn clients(&self) -> Vec<Slug> {
        vec!["acme".parse().expect("a name")]
    }

    fn set(&self, client: &Slug, _: KeepDays, _: &str) -> Result<ClientTerms, Undecided> {
        Ok(self.terms(Some(client)))
    }

    fn unset(&self, client: &Slug) -> Result<ClientTerms, Undecided> {
        Ok(self.terms(Some(client)))
    }
}

/// Everybody may have a hundred machines, and has eighty.
pub(crate) struct Agreed;

impl Quotas for Agreed {
    fn quota(&self, client: &Slug) -> ClientQuota {
        let most = QuotaMost { machines: Some(100), ..QuotaMost::default() };
        let uses = vec![QuotaUse::new(QuotaOf::Machines, Some(80), most.machines)];
        ClientQuota { client: client.clone(), said: Some(most), uses, counted_at: None, by: None, made_at: None }
    }

    fn clients(&self) -> Vec<Slug> {
        vec!["acme".parse().expect("a name")]
    }

    fn set(&self, client: &Slug, _: QuotaMost, _: &str) -> Result<ClientQuota, Undecided> {
        Ok(self.quota(client))
    }

    fn unset(&self, client: &Slug) -> Result<ClientQuota, Undecided> {
        Ok(self.quota(client))
    }
}

/// Of acme there is a machine; a client of another name went before.
pub(crate) struct Erased;

impl Erased {
    fn receipt(id: &str, client: &str, by: &str) -> Erasure {
        let salt = "00".repeat(16);
        let mark = Erasure::mark_of(&salt, &client.parse().expect("a name"));
        let asked_at = Stamp(UtcMs(0));
        Erasure {
            id: id.to_owned(),
            pseudonym: format!("erased-client-{id}"),
            state: ErasureState::Begun,
            by: by.to_owned(),
            asked_at,
            finished_at: None,
            salt,
            mark,
            had: Holdings { machines: 1, ..Holdings::default() },
            left: None,
            nodes: 0,
            chain: None,
            audit: None,
            rewritten: false,
            not_reached: Vec::new(),
        }
    }
}

impl Erasures for Erased {
    fn holdings(&self, client: &Slug) -> Result<Holdings, Undecided> {
        let machines = u64::from(client.as_str() == "acme");
        Ok(Holdings { machines, ..Holdings::default() })
    }

    fn erase(&self, client: &Slug, by: &str) -> Result<Erasure, Undecided> {
        Ok(Self::receipt("00000000000000cc", client.as_str(), by))
    }

    fn list(&self) -> Result<Vec<Erasure>, Undecided> {
        Ok(vec![Self::receipt("00000000000000dd", "gone", "root@example.org")])
    }
}

/// The name of acme's export, which is done.
pub(crate) const EXPORT: &str = "0000000000000000000000a1";

/// An export of acme is done, and the hub's own retention waits; whatever is decided of them is taken.
pub(crate) struct AtWork;

impl AtWork {
    pub(crate) fn job(id: &str, kind: JobKind, client: Option<&str>) -> Job {
        let wish = JobWish {
            kind,
            priority: Priority::Usual,
            client: client.map(|client| client.parse().expect("a name")),
            what: "what is wanted".to_owned(),
            by: "root@example.org".to_owned(),
            order: json!({}),
            not_before: UtcMs(i64::MAX),
        };
        Job::new(id.parse().expect("an id"), wish, UtcMs(0))
    }

    fn export() -> Job {
        let mut job = Self::job(EXPORT, JobKind::Export, Some("acme"));
        let given = ExportGiven { name: "vigie-acme.csv".to_owned(), bytes: 0, samples: 0, until: UtcMs(i64::MAX / 2) };
        job.begin(UtcMs(1));
        job.end(JobEnded::Done(json!(given), "0 samples".to_owned()), 0.0, UtcMs(2));
        job
    }
}

impl Jobs for AtWork {
    fn changes(&self) -> u64 {
        1
    }

    fn list(&self) -> Vec<Job> {
        vec![Self::export(), Self::job("0000000000000000000000b2", JobKind::Retention, None)]
    }

    fn one(&self, id: &JobId) -> Option<Job> {
        Jobs::list(self).into_iter().find(|job| job.id == *id)
    }

    fn cancel(&self, id: &JobId, _: &str) -> Result<Job, Undecided> {
        self.one(id).ok_or(Undecided::NotHere("such job"))
    }

    fn retry(&self, id: &JobId, _: &str) -> Result<Job, Undecided> {
        self.one(id).ok_or(Undecided::NotHere("such job"))
    }

    fn run(&self, what: Upkeep, _: &str) -> Result<Job, Undecided> {
        Ok(Self::job("0000000000000000000000c3", what.kind(), None))
    }

    fn export(&self, wish: &ExportWish, _: &str) -> Result<Job, Undecided> {
        Ok(Self::job("0000000000000000000000d4", JobKind::Export, Some(wish.client.as_str())))
    }

    fn file(&self, _: &JobId) -> Result<std::fs::File, Undecided> {
        std::fs::File::open("/dev/null").map_err(|error| Undecided::NotKept(error.to_string()))
    }
}

/// One machine of acme at lyon was let in.
pub(crate) struct LetIn;

impl Enrolments for LetIn {
    fn list(&self) -> Result<Vec<Enrolment>, Undecided> {
        Ok(vec![Enrolment {
            id: "00000000000000bb".to_owned(),
            client: "acme".parse().expect("a name"),
            site: "lyon".parse().expect("a name"),
            roles: vec![Role::Agent],
            state: EnrolmentState::Valid,
            uses_left: 2,
            by: "ann@acme.org".to_owned(),
            made_at: Stamp(UtcMs(0)),
            expires_at: Stamp(UtcMs(1 << 41)),
            fetched: Some(Fetched { at: Stamp(UtcMs(0)), from: "192.0.2.7".to_owned() }),
            refused: None,
            joined: vec![Joined {
                id: id_of("compta"),
                name: "compta".to_owned(),
                role: Role::Agent,
                at: Stamp(UtcMs(0)),
                reachability: None,
                last_sample: None,
            }],
        }])
    }

    fn make(&self, wish: &EnrolmentWish, by: &str) -> Result<MadeToken, Undecided> {
        let EnrolmentWish { client, site, uses, .. } = wish.clone();
        let known = self.list()?.remove(0);
        let enrolment = Enrolment { client, site, uses_left: uses, by: by.to_owned(), joined: Vec::new(), ..known };
        Ok(MadeToken { enrolment, token: "vg1.abcd".to_owned(), relays: vec!["192.0.2.10:7801".to_owned()] })
    }

    fn revoke(&self, _: &str) -> Result<(), Undecided> {
        Ok(())
    }

    fn fetched(&self, _: &str, _: String) {}
}

/// One webhook, of acme at lyon.
pub(crate) struct Subscribed;

impl Webhooks for Subscribed {
    fn any(&self) -> bool {
        false
    }

    fn take(&self, _: &[Happened]) -> Result<(), Undecided> {
        Ok(())
    }

    fn list(&self) -> Vec<Webhook> {
        vec![Webhook {
            id: "00000000000000aa".to_owned(),
            url: "https://example.org/token".to_owned(),
            kinds: Vec::new(),
            client: Some("acme".parse().expect("a name")),
            site: Some("lyon".parse().expect("a name")),
            by: "ann@acme.org".to_owned(),
            made_at: Stamp(UtcMs(0)),
            waiting: 3,
            dead: 1,
            failing: Some("503".to_owned()),
            failures: 2,
        }]
    }

    fn subscribe(&self, wish: &WebhookWish, by: &str) -> Result<WebhookMade, Undecided> {
        let WebhookWish { url, kinds, client, site } = wish.clone();
        let known = self.list().remove(0);
        let webhook = Webhook { url, kinds, client, site, by: by.to_owned(), ..known };
        Ok(WebhookMade { webhook, secret: "whsec_AAAA".to_owned() })
    }

    fn unsubscribe(&self, _: &str) -> Result<(), Undecided> {
        Ok(())
    }

    fn test(&self, _: &str) -> Result<WebhookTried, Undecided> {
        Ok(WebhookTried { delivered: true, said: "200".to_owned(), took_ms: 12 })
    }

    fn dead(&self, _: &str) -> Result<Vec<WebhookDead>, Undecided> {
        Ok(vec![WebhookDead {
            delivery: 7,
            kind: "alert".to_owned(),
            data: Value::Object(serde_json::Map::new()),
            seen_at: Stamp(UtcMs(0)),
            given_up_at: Stamp(UtcMs(0)),
            tries: 1,
            why: "410".to_owned(),
        }])
    }

    fn redeliver(&self, _: &str, _: Option<u64>) -> Result<u64, Undecided> {
        Ok(1)
    }
}

/// Boards in memory.
#[derive(Default)]
pub(crate) struct Pinned(Mutex<BTreeMap<String, BoardKept>>);

impl Pinned {
    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, BoardKept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Boards for Pinned {
    fn heads(&self) -> Vec<BoardHead> {
        self.all().values().map(|board| board.head.clone()).collect()
    }

    fn one(&self, id: &str) -> Result<Option<BoardKept>, Undecided> {
        Ok(self.all().get(id).cloned())
    }

    fn add(&self, wish: &BoardWish, owner: &BoardOwner) -> Result<BoardKept, Undecided> {
        let mut all = self.all();
        let head = BoardHead {
            id: format!("{:016x}", all.len() + 1),
            version: 1,
            owner: owner.clone(),
            name: wish.name.clone(),
            shared: wish.shared.clone(),
            widgets: wish.widgets.len(),
            made_ms: 0,
            changed_ms: 0,
            changed_by: owner.name.clone(),
        };
        let board = BoardKept { head, wish: wish.clone() };
        all.insert(board.head.id.clone(), board.clone());
        Ok(board)
    }

    fn change(&self, id: &str, seen: u64, wish: &BoardWish, by: &str) -> Result<BoardKept, Undecided> {
        let mut all = self.all();
        let board = all.get_mut(id).filter(|board| board.head.version == seen).ok_or(Undecided::Changed)?;
        board.head.version += 1;
        (board.head.name, board.head.shared) = (wish.name.clone(), wish.shared.clone());
        (board.head.changed_by, board.wish) = (by.to_owned(), wish.clone());
        Ok(board.clone())
    }

    fn remove(&self, id: &str, _: u64) -> Result<(), Undecided> {
        self.all().remove(id).map(drop).ok_or(Undecided::NotHere("such board"))
    }
}

/// A hub with machines, incidents and people, behind its router.
pub(crate) struct Hub {
    pub(crate) door: Door,
    pub(crate) node: Arc<Node>,
    pub(crate) roll: Arc<Roll>,
    pub(crate) watch: Arc<Watch>,
}

impl Hub {
    pub(crate) fn new(node: Node, access: Arc<dyn Access>) -> Self {
        Self::serving(node, access, options())
    }

    pub(crate) fn serving(node: Node, access: Arc<dyn Access>, options: Options) -> Self {
        let node = Arc::new(node);
        let verifier = Verifier::of(PASSWORD, &Chance::new([4; 32])).expect("memory");
        let roll = Arc::new(Roll {
            directory: RwLock::default(),
            node: node.clone(),
            chances: AtomicU64::new(0),
            chains: Mutex::default(),
            turned_away: Mutex::default(),
            not_vouched: Mutex::default(),
            remembered: Arc::default(),
            boards: Arc::default(),
            verifier,
        });
        let watch = Arc::new(Watch::default());
        let door = Door::around(router_of(Parts { options, ..parts(&node, &watch, &access, &roll) }));
        Self { door, node, roll, watch }
    }

    /// Asks with a body in JSON, by a token or a cookie.
    pub(crate) async fn ask(&self, method: &str, by: &By, path: &str, body: Option<Value>) -> Said {
        let mut request = Request::builder().method(method).uri(path);
        request = match by {
            By::Nobody => request,
            By::Token(token) => request.header("authorization", format!("Bearer {token}")),
            By::Cookie(secret) => request.header("cookie", format!("vigie={secret}")),
        };
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.door.send(request.body(body).expect("a request")).await
    }
}

/// All that such a hub serves with.
pub(crate) fn parts(node: &Arc<Node>, watch: &Arc<Watch>, access: &Arc<dyn Access>, roll: &Arc<Roll>) -> Parts {
    let pages = Arc::new(Pages::of_acme());
    Parts {
        lookout: node.clone(),
        incidents: Some(watch.clone()),
        access: access.clone(),
        people: Some(roll.clone()),
        repeats: Some(roll.remembered.clone()),
        hooks: Some(Arc::new(Subscribed)),
        devices: Some(Arc::new(NoPhones)),
        chats: Some(Arc::new(OneChat)),
        keeping: Some(Arc::new(Kept)),
        boards: Some(roll.boards.clone()),
        quotas: Some(Arc::new(Agreed)),
        enrolments: Some(Arc::new(LetIn)),
        erasures: Some(Arc::new(Erased)),
        jobs: Some(Arc::new(AtWork)),
        status: Some(pages),
        options: options(),
    }
}

/// One channel, `ops`, of either chat, by which whatever is signed `right` is answered with what was sent.
struct OneChat;

impl Chats for OneChat {
    fn hears(&self, _: Chat, channel: &str) -> bool {
        channel == "ops"
    }

    fn answer(&self, request: &ChatRequest) -> Option<Value> {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let said = match request.chat {
            Chat::Slack => Value::Null,
            Chat::Teams => Value::String(text),
        };
        (request.signature == "right").then_some(said)
    }
}

/// Nobody has a device here, and nobody gets one.
struct NoPhones;

impl Devices for NoPhones {
    fn public_key(&self) -> Result<String, Undecided> {
        Ok("BCVxsr7N".to_owned())
    }

    fn of(&self, _: &Id) -> Vec<Device> {
        Vec::new()
    }

    fn add(&self, _: &Id, _: &DeviceWish, _: &str) -> Result<Device, Undecided> {
        Err(Undecided::Senseless("nobody gets a device here".to_owned()))
    }

    fn change(&self, _: &Id, _: &str, _: &DeviceChange) -> Result<Device, Undecided> {
        Err(Undecided::NotHere("such device"))
    }

    fn remove(&self, _: &Id, _: &str) -> Result<Device, Undecided> {
        Err(Undecided::NotHere("such device"))
    }

    fn test(&self, _: &Id, _: &str) -> Result<DeviceTried, Undecided> {
        Err(Undecided::NotHere("such device"))
    }

    fn displayed(&self, _: &str) -> Result<bool, Undecided> {
        Ok(false)
    }
}

/// A hub with pages that a browser runs.
pub(crate) fn options() -> Options {
    Options { web: Web::new(&PAGES, &FILES), ..Options::default() }
}

const PAGES: [&str; 3] = ["/", "/machines", "/machines/{id}"];

const FILES: [(&str, &[u8]); 2] =
    [("/assets/app-1a.js", b"run()"), ("/index.html", b"<!doctype html><script src=/assets/app-1a.js></script>")];

/// By what somebody asks.
#[derive(Debug, Clone)]
pub(crate) enum By {
    Nobody,
    Token(String),
    Cookie(String),
}

/// A form as a browser sends it.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}
