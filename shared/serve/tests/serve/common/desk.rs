//! A node that takes in, those who push, and what they push.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use vigie_formats::remote_write::{RemoteWrite, V1Writer, V2Writer};
use vigie_serve::{
    Access, Clients, Identity, Intake, NotTaken, Options, Place, Said, Taken, Taking, TokenTable, Writes,
};

use super::{ACME, ALL, Answer, Door, Node, slug};

/// May write into acme/lyon alone, and see nothing.
pub(crate) const LYON: &str = "token-of-lyon";
/// May write into acme/lyon and acme/paris.
pub(crate) const BOTH: &str = "token-of-both";
/// May write everywhere.
pub(crate) const HUB: &str = "token-of-hub";

pub(crate) const WRITE: &str = "/api/v1/write";
pub(crate) const OTLP: &str = "/v1/metrics";
pub(crate) const TEXT: &str = "/api/v1/import/prometheus";

/// Each door and a media type of it.
pub(crate) fn doors() -> [(&'static str, String); 5] {
    [
        ("application/x-protobuf", WRITE.to_owned()),
        ("application/x-protobuf", "/prometheus/api/v1/write".to_owned()),
        ("application/json", OTLP.to_owned()),
        ("application/json", "/prometheus/api/v1/otlp/v1/metrics".to_owned()),
        ("text/plain", TEXT.to_owned()),
    ]
}

pub(crate) fn media_of(path: &str) -> &'static str {
    doors().into_iter().find(|(_, door)| door == path).expect("a door").0
}

pub(crate) fn body_of(media: &str) -> Vec<u8> {
    match media {
        "application/json" => GAUGE_JSON.into(),
        "text/plain" => "up 1 7\n".into(),
        _ => v1(&["up"]),
    }
}

pub(crate) fn v1(names: &[&str]) -> Vec<u8> {
    let mut writer = V1Writer::default();
    names.iter().for_each(|name| writer.series(&[("__name__", *name)], &[(7, 1.0)]));
    writer.finish().expect("a small body")
}

pub(crate) fn v2(names: &[&str]) -> Vec<u8> {
    let mut writer = V2Writer::default();
    names.iter().for_each(|name| writer.series(&[("__name__", *name)], &[(7, 1.0)], None, None));
    writer.finish().expect("a small body")
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).expect("a vector takes all");
    packer.finish().expect("a vector takes all")
}

pub(crate) const GAUGE_JSON: &str = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"temperature","unit":"Cel",
    "gauge":{"dataPoints":[{"timeUnixNano":"7000000","asDouble":21.5}]}}]}]}]}"#;

/// `up`, a gauge of 1 at 7 ms: resource_metrics, scope_metrics, metrics, gauge, data_points.
pub(crate) const GAUGE_PROTOBUF: &[u8] = &[
    10, 30, 18, 28, 18, 26, 10, 2, b'u', b'p', 42, 20, 10, 18, 25, 0xc0, 0xcf, 0x6a, 0, 0, 0, 0, 0, 33, 0, 0, 0, 0, 0,
    0, 0xf0, 0x3f,
];

pub(crate) fn tokens() -> Arc<dyn Access> {
    let place = |text: &str| text.parse::<Place>().expect("a place");
    let nothing = || Clients::Only([].into());
    let who = |token: &str, clients, writes| {
        let who = Identity { name: token.to_owned(), clients, writes, ..Identity::default() };
        (TokenTable::hash(token), who)
    };
    Arc::new(TokenTable::new([
        who(ALL, Clients::All, Writes::Nothing),
        who(ACME, Clients::Only([slug("acme")].into()), Writes::Nothing),
        who(LYON, nothing(), Writes::into_one(place("acme/lyon"))),
        who(BOTH, nothing(), Writes::Only([place("acme/lyon"), place("acme/paris")].into())),
        who(HUB, Clients::All, Writes::Everywhere),
    ]))
}

/// A node that takes in, and what it has kept.
pub(crate) struct Desk {
    pub(crate) door: Door,
    shelf: Arc<Shelf>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with(Options::default(), Trouble::None)
    }

    pub(crate) fn with(options: Options, trouble: Trouble) -> Self {
        let shelf = Arc::new(Shelf { kept: Mutex::default(), trouble });
        let node = Node { intake: Some(Arc::clone(&shelf) as _), ..Node::new() };
        Self { door: Door::guarded(node, options, tokens()), shelf }
    }

    pub(crate) fn kept(&self) -> String {
        self.shelf.kept.lock().expect("a list").join("; ")
    }

    pub(crate) fn asking(&self, token: &str, path: &str) -> axum::http::request::Builder {
        let request = Request::post(path);
        if token.is_empty() { request } else { request.header("authorization", format!("Bearer {token}")) }
    }

    pub(crate) async fn send(&self, request: axum::http::request::Builder, body: Vec<u8>) -> Answer {
        self.door.send(request.body(Body::from(body)).expect("a request")).await
    }

    /// Pushes one good sample.
    pub(crate) async fn push(&self, token: &str, path: &str, media: &str) -> Answer {
        self.send(self.asking(token, path).header("content-type", media), body_of(media)).await
    }

    pub(crate) async fn write(&self, token: &str, path: &str, version: RemoteWrite, body: Vec<u8>) -> Answer {
        let request = self.asking(token, path);
        let request = version.headers().into_iter().fold(request, |request, (name, value)| request.header(name, value));
        self.send(request, body).await
    }

    pub(crate) async fn otlp(&self, media: &str, body: Vec<u8>) -> Answer {
        self.send(self.asking(LYON, OTLP).header("content-type", media), body).await
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Trouble {
    None,
    Full,
    TooManySeries,
    NoSuchPlace,
    RefusesOne,
    HasAll,
    Stuck,
}

/// Keeps what it is told as lines, or does not.
pub(crate) struct Shelf {
    kept: Mutex<Vec<String>>,
    trouble: Trouble,
}

impl Intake for Shelf {
    fn take(&self, into: &Place, said: Said<'_>) -> Taking {
        let mut lines = Vec::new();
        said.each(|series| {
            let name = series.labels.iter().find(|(name, _)| *name == "__name__").expect("a name").1;
            lines.extend(series.samples.iter().map(|(at, value)| format!("{into} {name} {value}@{at}")));
        });
        let all = lines.len() as u64;
        let taken = match self.trouble {
            Trouble::Full => {
                Err(NotTaken::Later { why: "the disk is full".to_owned(), after: Duration::from_secs(30) })
            }
            Trouble::TooManySeries => Err(NotTaken::TooManySeries { most: 5 }),
            Trouble::NoSuchPlace => Err(NotTaken::NoSuchPlace(into.clone())),
            Trouble::RefusesOne => {
                lines.pop();
                let why = Some("older than what is kept".to_owned());
                Ok(Taken { samples: all - 1, refused: 1, why, ..Taken::default() })
            }
            Trouble::HasAll => Ok(Taken { duplicates: all, ..Taken::default() }),
            Trouble::None | Trouble::Stuck => Ok(Taken { samples: all, ..Taken::default() }),
        };
        if taken.is_ok() {
            self.kept.lock().expect("a list").append(&mut lines);
        }
        let stuck = self.trouble == Trouble::Stuck;
        Box::pin(async move { if stuck { std::future::pending().await } else { taken } })
    }
}
