//! A hub with people, in memory, and somebody who asks it in their names. What it serves with stands in rooms of their own.

mod boards;
mod carried;
mod clients;
mod jobs;
mod joining;
mod let_in;
mod photos;
mod roll;
mod telling;

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use vigie_serve::{Access, Carries, Options, Parts, Qr, Web, router_of};

use super::pages::Pages;
use super::watch::Watch;
use super::{Answer as Said, Door, Node};
use carried::Brought;
use clients::{Agreed, Erased, Kept, Played};
use jobs::AtWork;
use joining::LetIn;
use let_in::Marc;
pub(crate) use roll::Roll;
use telling::{NoPhones, OneChat, Subscribed};

/// What everybody's password is here.
pub(crate) const PASSWORD: &str = "seven quiet lanterns hum";

/// The setup code.
pub(crate) const SETUP: &str = "the-setup-code";

/// A letter to zoe@acme.org that did not go at its first try.
pub(crate) const LETTER: &str = "0000000000000000000000e5";

/// The name of acme's export, which is done.
pub(crate) const EXPORT: &str = "0000000000000000000000a1";

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
        let roll = Arc::new(Roll::new(node.clone()));
        let watch = Arc::new(Watch::default());
        let door = Door::around(router_of(Parts { options, ..parts(&node, &watch, &access, &roll) }));
        Self { door, node, roll, watch }
    }

    /// Asks with a body in JSON, by a token or a cookie.
    pub(crate) async fn ask(&self, method: &str, by: &By, path: &str, body: Option<Value>) -> Said {
        match body {
            Some(body) => self.send(method, by, path, ("application/json", body.to_string().into_bytes())).await,
            None => self.door.send(request(method, by, path).body(Body::empty()).expect("a request")).await,
        }
    }

    /// Asks with a body that is said to be of a kind.
    pub(crate) async fn send(&self, method: &str, by: &By, path: &str, (kind, body): (&str, Vec<u8>)) -> Said {
        let request = request(method, by, path).header("content-type", kind);
        self.door.send(request.body(Body::from(body)).expect("a request")).await
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
        lets_in: Some(Arc::new(Marc)),
        boards: Some(roll.boards.clone()),
        photos: Some(roll.photos.clone()),
        quotas: Some(Arc::new(Agreed)),
        enrolments: Some(Arc::new(LetIn)),
        erasures: Some(Arc::new(Erased)),
        carries: Some(Carries::In(Arc::new(Brought))),
        demonstration: Some(Arc::new(Played)),
        jobs: Some(Arc::new(AtWork)),
        status: Some(pages),
        options: options(),
    }
}

/// A hub with pages that a browser runs.
pub(crate) fn options() -> Options {
    Options { web: Web::new(&PAGES, &FILES), qr: Some(one_square), ..Options::default() }
}

/// Squares that hold nothing: what they hold is tried where they are made.
fn one_square(_: &str) -> Option<Qr> {
    Some(Qr { side: 1, dark: vec![true] })
}

const PAGES: [&str; 3] = ["/", "/machines", "/machines/{id}"];

const FILES: [(&str, &[u8]); 5] = [
    ("/assets/app-1a.js", b"run()"),
    ("/en/index.html", b"<!doctype html><html lang=en><script src=/assets/app-1a.js></script>"),
    ("/en/sw.js", b"english()"),
    ("/fr/index.html", b"<!doctype html><html lang=fr><script src=/assets/app-1a.js></script>"),
    ("/fr/sw.js", b"french()"),
];

/// By what somebody asks.
#[derive(Debug, Clone)]
pub(crate) enum By {
    Nobody,
    Token(String),
    Cookie(String),
}

fn request(method: &str, by: &By, path: &str) -> axum::http::request::Builder {
    let request = Request::builder().method(method).uri(path);
    match by {
        By::Nobody => request,
        By::Token(token) => request.header("authorization", format!("Bearer {token}")),
        By::Cookie(secret) => request.header("cookie", format!("vigie={secret}")),
    }
}

/// A form as a browser sends it.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}
