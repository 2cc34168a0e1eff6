//! What changes, as it happens?

use std::time::Duration;

use clap::Args;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::client::{Client, asked};
use super::end::End;
use super::inert::{inert, inert_json};
use super::shape::{Out, Shape, remark, say};

/// How long to wait before listening again after the line broke.
const AGAIN_AFTER: Duration = Duration::from_secs(3);

/// Bytes of one event: beyond it nobody speaks our language.
const EVENT_BYTES: usize = 1024 * 1024;

/// What to listen to.
#[derive(Debug, Args)]
pub(super) struct Events {
    /// Some of alert, decision, presence, machine, site and job, with commas; all of them unless said otherwise.
    #[arg(long)]
    kinds: Option<String>,
}

impl Events {
    pub(super) fn of(kinds: &str) -> Self {
        Self { kinds: Some(kinds.to_owned()) }
    }

    /// Until stopped; a line that breaks is taken up where it broke.
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        let path = format!("/api/v1/events{}", asked(&[("kinds", self.kinds.as_deref())]));
        let mut last: Option<String> = None;
        loop {
            let heard = listen(client, &path, out, &mut last).await;
            match heard {
                // The first time nobody is there: say so and end.
                Err(end) if last.is_none() => return Err(end),
                Err(end) if !end.is_out_of_reach() => return Err(end),
                Err(_) | Ok(()) => remark("the line broke; listening again"),
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
}

async fn listen(client: &Client, path: &str, out: Out, last: &mut Option<String>) -> Result<(), End> {
    let mut body = client.stream(path, last.as_deref()).await?.into_body();
    let mut waiting = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        let Some(chunk) = frame.data_ref() else { continue };
        waiting.extend_from_slice(chunk);
        while let Some(end) = waiting.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = waiting.drain(..end + 2).collect();
            if let Some(event) = Event::read(&String::from_utf8_lossy(&event)) {
                *last = Some(event.id.clone());
                event.tell(out);
            }
        }
        if waiting.len() > EVENT_BYTES {
            return Err(End::failed("what comes is no stream of events"));
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq)]
struct Event {
    kind: String,
    id: String,
    data: Value,
}

impl Event {
    /// Out of its lines; nothing for what only keeps the line awake.
    fn read(text: &str) -> Option<Self> {
        let field =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
        let data = serde_json::from_str(field("data")?).ok()?;
        Some(Self { kind: field("event")?.to_owned(), id: field("id")?.to_owned(), data })
    }

    fn tell(&self, out: Out) {
        match (self.kind.as_str(), out.shape()) {
            ("ready", _) => {}
            ("reset", _) => remark("what happened meanwhile is not kept any more: list anew what you look at"),
            (kind, Shape::Lines | Shape::Whole) => {
                say(&inert_json(&json!({ "kind": kind, "id": self.id, "data": self.data }).to_string()));
            }
            (kind, Shape::Table | Shape::Tsv) => say(&self.line(kind)),
        }
    }

    fn line(&self, kind: &str) -> String {
        let names = [
            "change",
            "word",
            "severity",
            "standing",
            "client",
            "site",
            "machine",
            "name",
            "reachability",
            "shown",
            "incident",
            "by",
            "text",
            "summary",
        ];
        let text = |name: &str| self.data[name].as_str().filter(|text| !text.is_empty()).map(inert);
        let said: Vec<String> = names.iter().filter_map(|name| text(name)).collect();
        format!("{}\t{}", inert(kind), said.join("\t"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_out_of_its_lines() {
        let text = "event: site\nid: 00ab-7\ndata: {\"change\":\"changed\",\"client\":\"acme\",\"site\":\"ly\\u001bon\",\"reachability\":\"cut\"}\n\n";
        let event = Event::read(text).expect("an event");
        assert_eq!((event.kind.as_str(), event.id.as_str()), ("site", "00ab-7"));
        assert_eq!(event.line("site"), "site\tchanged\tacme\tly\u{fffd}on\tcut");
        assert_eq!(Event::read(":\n\n"), None);
        assert_eq!(Event::read("event: x\nid: 1\ndata: {\n\n"), None);
    }
}
