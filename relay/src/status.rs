//! `vigie-relay status` and `doctor`.

use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;
use vigie_fleet::Fleet;
use vigie_lookout::Watchman;
use vigie_model::Role;
use vigie_net::{Identity, UplinkState};
use vigie_node::hatch::{self, Answering, Long};
use vigie_node::{
    CarryOut, Failed, Finding, NodeHandle, load_identity, rows_finding, show_findings, tls_finding, twins_finding,
    twins_json, uplink_json, uplink_sentence,
};
use vigie_serve::{Lookout, Tls};
use vigie_sync::{Ledger, LinkProfile, Way};

use crate::cli::StatusArgs;
use crate::{budget, carried};

/// What the running relay shows at its local socket.
#[derive(Debug)]
pub(crate) struct Status {
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) handle: NodeHandle,
    pub(crate) uplink: watch::Receiver<UplinkState>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) watchman: Arc<Watchman>,
    /// What its own file says of the link.
    pub(crate) link: LinkProfile,
    pub(crate) tls: Option<Tls>,
    pub(crate) carry: CarryOut,
}

impl Status {
    fn tell(&self) -> Value {
        let mut total = Ledger::default();
        let mut machines = Vec::new();
        let (mut used, mut cap, mut pressure) = (0, 0, String::new());
        if let Ok(log) = self.handle.log().read() {
            for (stream, facts) in log.streams() {
                let ledger = Ledger::of(facts, Role::Relay);
                total += &ledger;
                machines.push(json!({ "machine": stream.agent.to_string(), "name": facts.name,
                    "incarnation": stream.incarnation.to_string(), "ledger": ledger }));
            }
            (used, cap, pressure) = (log.used_bytes(), log.cap_bytes(), format!("{:?}", log.pressure()).to_lowercase());
        }
        let view = self.handle.view();
        let agents = view.sessions.values().filter(|session| session.way == Way::Down).count();
        json!({
            "node": self.identity.node().to_string(),
            "client": self.identity.client(),
            "site": self.identity.site(),
            "certificate_until_ms": self.identity.validity().not_after.0,
            "as_of_ms": self.fleet.now().utc.0,
            "uplink": uplink_json(&self.uplink.borrow()),
            "backlog_ticks": view.up().map(|(_, session)| session.backlog_ticks),
            "allowance_left_bytes": view.up().and_then(|(_, session)| session.allowance_left),
            "budget": budget::shown(self.handle.rows(), &self.link),
            "agents_connected": agents,
            "twins": twins_json(&view),
            "ledger": total,
            "sums_meet": total.meets(),
            "machines": machines,
            "store": { "bytes": used, "cap_bytes": cap, "pressure": pressure },
            "rows": self.handle.rows().told().as_json(),
            "watch": self.watchman.checkup(),
            "tls": self.tls.as_ref().map(Tls::told),
        })
    }
}

impl Answering for Status {
    async fn answer(&self, request: Value) -> Result<Value, Failed> {
        if let Some(answer) = vigie_lookout::answer(&self.watchman, &request).await {
            return answer;
        }
        match request["ask"].as_str() {
            Some("status") => Ok(self.tell()),
            other => Err(Failed::new(2, format!("{other:?} is nothing a relay answers; it answers status"))),
        }
    }

    fn long(&self, request: &Value) -> Option<Long> {
        carried::long(request, &self.carry)
    }
}

/// Asks the running relay and shows the answer.
pub(crate) fn show(args: &StatusArgs) -> Result<ExitCode, Failed> {
    let status = hatch::ask_running(&args.place.data, &json!({ "ask": "status" }), "vigie-relay")?;
    if args.json {
        vigie_node::say!("{status}");
        return Ok(ExitCode::SUCCESS);
    }
    let (ledger, text) = (&status["ledger"], |value: &Value| value.as_str().unwrap_or("-").to_owned());
    vigie_node::say!("relay     {} of {}/{}", text(&status["node"]), text(&status["client"]), text(&status["site"]));
    vigie_node::say!("uplink    {}", uplink_sentence(&status["uplink"]));
    if let Some(bytes) = status["budget"]["bytes_per_month"].as_u64() {
        vigie_node::say!("budget    {bytes} bytes a month, by {}", text(&status["budget"]["bytes_said_by"]));
    }
    vigie_node::say!("agents    {} connected", status["agents_connected"]);
    vigie_node::say!(
        "collected {:>12} ticks by {} machines",
        number(&ledger["collected"]),
        status["machines"].as_array().map_or(0, Vec::len)
    );
    vigie_node::say!("  at the hub {:>9}", number(&ledger["at_hub"]));
    vigie_node::say!("  here       {:>9}   not yet at the hub", number(&ledger["at_relay"]));
    vigie_node::say!("  waiting    {:>9}   still at the machines, or on their way", number(&ledger["waiting"]));
    let given_up = ledger["given_up"].as_object().cloned().unwrap_or_default();
    vigie_node::say!("  given up   {:>9}", given_up.values().filter_map(Value::as_u64).sum::<u64>());
    for (reason, ticks) in given_up {
        vigie_node::say!("    {reason}: {ticks}");
    }
    vigie_node::say!("duplicates absorbed: {}", ledger["duplicates"]);
    vigie_node::say!("store     {} of {} bytes", status["store"]["bytes"], status["store"]["cap_bytes"]);
    Ok(ExitCode::SUCCESS)
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// Looks at identity, program, link, store and accounts.
pub(crate) fn examine(args: &StatusArgs) -> Result<ExitCode, Failed> {
    let mut findings = Vec::new();
    let identity = load_identity(&args.place.data, Role::Relay);
    findings.push(match &identity {
        Ok(identity) => {
            Finding::good("identity", format!("{} of {}/{}", identity.node(), identity.client(), identity.site()))
        }
        Err(failed) => {
            Finding::bad("identity", failed.text.clone(), "vigie-relay enrol --token …, with a token of the hub")
        }
    });
    match hatch::ask(&args.place.data, &json!({ "ask": "status" })) {
        Ok(Some(status)) => findings.extend(running(&status)),
        Ok(None) => findings.push(Finding::bad(
            "program",
            "no relay runs with this data folder".to_owned(),
            "vigie-relay run, or start its service",
        )),
        Err(failed) => findings.push(Finding::bad("program", failed.text, "look at its log; restart it")),
    }
    Ok(show_findings(&findings, args.json))
}

fn running(status: &Value) -> Vec<Finding> {
    let left_days =
        (status["certificate_until_ms"].as_i64().unwrap_or(0) - status["as_of_ms"].as_i64().unwrap_or(0)) / 86_400_000;
    let pressure = status["store"]["pressure"].as_str().unwrap_or("unknown");
    let mut findings = vec![
        Finding::good("program", "runs".to_owned()),
        Finding::check(
            "link",
            status["uplink"]["connected"] == true,
            uplink_sentence(&status["uplink"]),
            "check the line and that UDP passes; the site goes on by itself and nothing is lost meanwhile",
        ),
        Finding::check(
            "agents",
            status["agents_connected"].as_u64() > Some(0),
            format!("{} connected", status["agents_connected"]),
            "check that agents reach this relay's address and that it is the one that was advertised",
        ),
        Finding::check(
            "store",
            pressure == "none",
            format!("pressure {pressure}, {} bytes", status["store"]["bytes"]),
            "make room or raise --store-mib; agents keep what this relay can not take",
        ),
        Finding::check(
            "accounting",
            status["sums_meet"] == true,
            format!("{} collected", status["ledger"]["collected"]),
            "report this with the output of: vigie-relay status --json",
        ),
        Finding::check(
            "certificate",
            left_days >= 0,
            format!("{left_days} days left"),
            "it renews itself while the hub can be reached; if it has ended, enrol again",
        ),
        rows_finding(&status["rows"], status["as_of_ms"].as_i64().unwrap_or(0)),
        twins_finding(&status["twins"], status["as_of_ms"].as_i64().unwrap_or(0)),
    ];
    findings.extend(tls_finding(&status["tls"], status["as_of_ms"].as_i64().unwrap_or(0)));
    findings.extend(vigie_lookout::findings(&status["watch"]));
    findings
}
