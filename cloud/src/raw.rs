//! What does a person ask of the hub about ticks that stay at their site?

use clap::Args;
use serde_json::{Value, json};
use vigie_model::{NodeId, UtcMs};
use vigie_node::Failed;
use vigie_serve::{Lookout, Raw, RawError, Stamp};

use crate::cli::Place;

/// Whose ticks, of when.
#[derive(Debug, Args)]
pub(crate) struct RawArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The machine: its node id, or its name where no other has it.
    machine: String,
    /// From when: RFC 3339, or seconds since 1970.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Stamp,
    /// Until when; whole hours count, and at most 31 days.
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Stamp,
    /// Ask the site for what is not here: it costs the site's line.
    #[arg(long)]
    ask: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl RawArgs {
    /// What the running hub is asked.
    pub(crate) fn request(&self) -> Value {
        let Self { machine, from, to, ask, .. } = self;
        json!({ "ask": "raw", "machine": machine, "from_ms": from.ms(), "to_ms": to.ms(), "wish": ask })
    }
}

fn time(text: &str) -> Result<Stamp, String> {
    Stamp::parse(text)
        .ok_or_else(|| "a time is RFC 3339, such as 2026-11-21T10:00:00Z, or seconds since 1970".to_owned())
}

/// What of a machine's ticks is here, and what becomes of the wish for the rest. Blocks until a wish is durable.
pub(crate) fn answer(
    fleet: &dyn Lookout,
    machine: &str,
    (from, to): (UtcMs, UtcMs),
    wish: bool,
) -> Result<Value, Failed> {
    match to.0.checked_sub(from.0) {
        Some(0..=Raw::MOST_MS) => {}
        Some(..0) => return Err(Failed::new(2, "--to is before --from; nothing was asked")),
        _ => return Err(Failed::new(2, "at most 31 days can be asked for at once; nothing was asked")),
    }
    let node = find(fleet, machine)?;
    let raw = fleet.raw(node, from, to, wish).map_err(|error| match error {
        RawError::NoMachine | RawError::NotHere => Failed::new(5, format!("{error}; nothing was asked")),
        RawError::Store(_) => Failed::new(1, format!("{error}; ask again")),
    })?;
    Ok(json!(raw))
}

fn find(fleet: &dyn Lookout, machine: &str) -> Result<NodeId, Failed> {
    if let Ok(node) = machine.parse::<NodeId>() {
        return Ok(node);
    }
    let named: Vec<NodeId> =
        fleet.machines().iter().filter(|one| one.name == machine).map(|one| one.id).take(2).collect();
    match named[..] {
        [node] => Ok(node),
        [] => Err(Failed::new(5, format!("no machine is called {machine:?}; see them: vigie-cloud node list"))),
        _ => {
            let text = format!("more than one machine is called {machine:?}; give its node id: vigie-cloud node list");
            Err(Failed::new(2, text))
        }
    }
}

/// The answer, for a person.
pub(crate) fn told(raw: &Value) -> String {
    let number = |key: &str| raw[key].as_u64().unwrap_or(0);
    let [ticks, here, asked, gone, thinned] = ["ticks", "here", "asked", "gone", "thinned"].map(number);
    let state = match raw["state"].as_str().unwrap_or_default() {
        "unknown" => "nothing is known of that time: no hour of it has come yet, or the machine was off",
        "not_asked" => "not asked for; add --ask to have them sent, at the cost of the site's line",
        "asked" => "asked for; their relay is not connected, and sends them when it is",
        "under_way" => "asked for, and on their way",
        "here" => "all are here",
        "gone" => "what is not here will not come",
        other => other,
    };
    let mut text = format!("{state}\n{ticks} ticks: {here} here, {asked} asked for, {gone} never to come");
    if thinned > 0 {
        text += &format!(" ({thinned} no longer kept at their site, told by their hours)");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_what_is_here_and_what_to_do() {
        let raw = |state: &str, thinned: u64| {
            told(&json!({ "state": state, "ticks": 360, "here": 60, "asked": 0, "gone": thinned, "thinned": thinned }))
        };
        assert!(raw("not_asked", 0).starts_with("not asked for; add --ask"));
        assert!(raw("not_asked", 0).ends_with("360 ticks: 60 here, 0 asked for, 0 never to come"));
        assert!(
            raw("gone", 300).ends_with("300 never to come (300 no longer kept at their site, told by their hours)")
        );
    }

    #[test]
    fn a_time_is_what_the_api_takes() {
        assert_eq!(time("1970-01-01T00:01:00Z").map(Stamp::ms), Ok(60_000));
        assert_eq!(time("60").map(Stamp::ms), Ok(60_000));
        assert!(time("yesterday").is_err());
    }
}
