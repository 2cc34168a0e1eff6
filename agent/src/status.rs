//! `vigie-agent status`: what was collected, what is at the site, what is at the hub, and what will never come.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::watch;
use vigie_model::Role;
use vigie_net::{Identity, UplinkState};
use vigie_node::hatch::{self, Answering};
use vigie_node::{Failed, NodeClock, NodeHandle, uplink_json, uplink_sentence};
use vigie_sync::Ledger;

use crate::cli::StatusArgs;
use crate::foreign::Board;

/// What the running agent shows at its local socket.
#[derive(Debug)]
pub(crate) struct Status {
    handle: NodeHandle,
    uplink: watch::Receiver<UplinkState>,
    shown: Mutex<Shown>,
    clock: NodeClock,
    board: Arc<Board>,
}

#[derive(Debug)]
struct Shown {
    identity: Arc<Identity>,
    down: Vec<(String, String)>,
}

impl Status {
    pub(crate) fn new(
        handle: NodeHandle,
        uplink: watch::Receiver<UplinkState>,
        identity: Arc<Identity>,
        clock: NodeClock,
        board: Arc<Board>,
    ) -> Self {
        Self { handle, uplink, shown: Mutex::new(Shown { identity, down: Vec::new() }), clock, board }
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn collectors_down(&self, down: Vec<(String, String)>) {
        self.shown().down = down;
    }

    pub(crate) fn uplink(&self) -> UplinkState {
        self.uplink.borrow().clone()
    }

    pub(crate) fn renewed(&self, identity: Arc<Identity>) {
        self.shown().identity = identity;
    }

    fn tell(&self) -> Value {
        let (mut total, mut streams, mut store) = (Ledger::default(), Vec::new(), Value::Null);
        if let Ok(log) = self.handle.log().read() {
            for (stream, facts) in log.streams() {
                let ledger = Ledger::of(facts, Role::Agent);
                total += &ledger;
                streams.push(json!({ "incarnation": stream.incarnation.to_string(), "ledger": ledger,
                    "clock": facts.anchors.last_key_value().map(|(_, anchor)| anchor) }));
            }
            let bytes: u64 = log.streams().values().map(|facts| facts.bytes.total()).sum();
            store = json!({ "bytes": bytes, "cap_bytes": log.options().cap_bytes, "pressure": format!("{:?}", log.pressure()).to_lowercase() });
        }
        let shown = self.shown();
        let identity = &shown.identity;
        json!({
            "node": identity.node().to_string(),
            "client": identity.client(),
            "site": identity.site(),
            "certificate_until_ms": identity.validity().not_after.0,
            "as_of_ms": self.clock.now().utc.0,
            "uplink": uplink_json(&self.uplink.borrow()),
            "ledger": total,
            "sums_meet": total.meets(),
            "streams": streams,
            "store": store,
            "rows": self.handle.rows().told().as_json(),
            "collectors_down": shown.down.iter().map(|(name, why)| json!({ "name": name, "why": why })).collect::<Vec<_>>(),
            "foreign": self.board.tell(),
        })
    }
}

impl Answering for Status {
    async fn answer(&self, request: Value) -> Result<Value, Failed> {
        match request["ask"].as_str() {
            Some("status") => Ok(self.tell()),
            other => Err(Failed::new(2, format!("{other:?} is nothing an agent answers; it answers status"))),
        }
    }
}

/// Asks the running agent and shows the answer.
pub(crate) fn show(args: &StatusArgs) -> Result<ExitCode, Failed> {
    let status = hatch::ask_running(&args.place.data, &json!({ "ask": "status" }), "vigie-agent")?;
    if args.json {
        vigie_node::say!("{status}");
        return Ok(ExitCode::SUCCESS);
    }
    vigie_node::say!("machine   {} at {}/{}", text(&status["node"]), text(&status["client"]), text(&status["site"]));
    vigie_node::say!("uplink    {}", uplink_sentence(&status["uplink"]));
    let ledger = &status["ledger"];
    vigie_node::say!("collected {:>12} ticks", number(&ledger["collected"]));
    vigie_node::say!("  at the hub {:>9}   signed for by the hub", number(&ledger["at_hub"]));
    vigie_node::say!(
        "  passed on  {:>9}   kept by the next hop, not yet signed for by the hub",
        number(&ledger["at_relay"])
    );
    vigie_node::say!("  waiting    {:>9}   kept here alone", number(&ledger["waiting"]));
    let given_up = ledger["given_up"].as_object().cloned().unwrap_or_default();
    vigie_node::say!("  given up   {:>9}", given_up.values().filter_map(Value::as_u64).sum::<u64>());
    for (reason, ticks) in given_up {
        vigie_node::say!("    {reason}: {}", number(&ticks));
    }
    vigie_node::say!(
        "store     {} of {} bytes",
        number(&status["store"]["bytes"]),
        number(&status["store"]["cap_bytes"])
    );
    for down in status["collectors_down"].as_array().into_iter().flatten() {
        vigie_node::say!("collector {} is down: {}", text(&down["name"]), text(&down["why"]));
    }
    show_foreign(&status["foreign"]);
    Ok(ExitCode::SUCCESS)
}

fn show_foreign(foreign: &Value) {
    if foreign.is_null() {
        return;
    }
    let (series, cap, samples) = (&foreign["series"], &foreign["series_cap"], &foreign["samples"]);
    vigie_node::say!("others    {} samples of {} series (at most {})", number(samples), number(series), number(cap));
    for source in foreign["sources"].as_array().into_iter().flatten() {
        let (kind, place) = (text(&source["kind"]), text(&source["place"]));
        match source["up"].as_bool() {
            Some(true) => vigie_node::say!("  {kind} {place}: up, {} samples", number(&source["samples"])),
            Some(false) => vigie_node::say!("  {kind} {place}: down: {}", text(&source["why"])),
            None => vigie_node::say!("  {kind} {place}: not asked yet"),
        }
    }
    for (reason, count) in foreign["refused"].as_object().into_iter().flatten().filter(|(_, count)| number(count) > 0) {
        vigie_node::say!("  not taken, {reason}: {}", number(count));
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}
