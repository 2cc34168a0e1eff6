//! From a second terminal: cut, heal, kill, status.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::cli::Failed;
use crate::http;
use crate::plan::Plan;

/// Cuts or heals the line of a site.
pub(crate) fn line(site: &str, what: &str) -> Result<(), Failed> {
    let plan = Plan::running()?;
    let site = plan.site(site)?;
    let trouble = |error: std::io::Error| Failed::new(1, format!("the line of {} does not answer: {error}", site.name));
    let mut stream = TcpStream::connect(("127.0.0.1", site.line_control)).map_err(trouble)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    writeln!(stream, "{{\"do\":\"{what}\"}}").map_err(trouble)?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).map_err(trouble)?;
    let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
    if answer["ok"] != true {
        return Err(Failed::new(1, format!("the line of {} refused: {answer}", site.name)));
    }
    say(&match what {
        "cut" => {
            format!("{} is cut off from the hub; it goes on by itself: http://127.0.0.1:{}", site.name, site.relay_http)
        }
        _ => format!("the line of {} is whole again", site.name),
    });
    Ok(())
}

/// Kills a program; the demo starts it again.
pub(crate) fn kill(role: &str) -> Result<(), Failed> {
    let plan = Plan::running()?;
    let text = std::fs::read_to_string(plan.dir.join("pids.json")).unwrap_or_default();
    let pids: BTreeMap<String, i32> = serde_json::from_str(&text).unwrap_or_default();
    let pid = pids.get(role).copied().and_then(Pid::from_raw).ok_or_else(|| {
        let names: Vec<_> = pids.keys().map(String::as_str).collect();
        Failed::new(5, format!("there is no program {role:?}; there are: {}", names.join(" ")))
    })?;
    kill_process(pid, Signal::KILL).map_err(|error| Failed::new(1, format!("{role} could not be killed: {error}")))?;
    say(&format!("killed {role}; it is started again in some seconds"));
    Ok(())
}

/// Where every tick is, as the hub says.
pub(crate) fn status() -> Result<(), Failed> {
    let plan = Plan::running()?;
    let token = std::fs::read_to_string(plan.dir.join("hub/http.token")).unwrap_or_default();
    let ask = |path: &str| http::get(plan.hub_http, path, token.trim());
    let (Some(sites), Some(machines)) = (ask("/api/v1/sites"), ask("/api/v1/machines?limit=1000")) else {
        return Err(Failed::new(6, "the hub does not answer now; nothing is known"));
    };
    for site in sites["sites"].as_array().into_iter().flatten() {
        let of_site = |machine: &&Value| machine["site"] == site["name"];
        let (mut collected, mut here, mut waiting, mut gone) = (0, 0, 0, 0);
        for machine in machines["machines"].as_array().into_iter().flatten().filter(of_site) {
            let ledger = &machine["ledger"];
            let ticks = |key: &str| ledger[key]["ticks"].as_u64().unwrap_or(0);
            collected += ticks("collected");
            here += ticks("at_hub");
            waiting += ticks("waiting");
            gone += ledger["given_up"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|one| one["ticks"].as_u64())
                .sum::<u64>();
        }
        say(&format!(
            "{:<8} {:<6} {} machines · {collected} ticks collected · {here} at the hub · {waiting} known to wait · {gone} given up",
            site["name"].as_str().unwrap_or("-"),
            site["reachability"]["state"].as_str().unwrap_or("-"),
            site["machines"],
        ));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the answer to a person's command")]
fn say(line: &str) {
    println!("{line}");
}
