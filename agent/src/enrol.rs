//! `vigie-agent enrol`: from a token to an identity.

use std::process::ExitCode;

use vigie_model::Role;
use vigie_net::Ask;
use vigie_node::{Failed, host_name, join};

use crate::cli::EnrolArgs;

pub(crate) fn enrol(args: &EnrolArgs) -> Result<ExitCode, Failed> {
    let hostname = args.name.clone().unwrap_or_else(host_name);
    let ask = Ask { role: Role::Agent, hostname: hostname.clone(), advertised: Vec::new() };
    let via: Vec<String> = args.via.iter().cloned().collect();
    let enrolled = join(&args.place.data, &args.token, &ask, &via)?;
    let identity = &enrolled.identity;
    if args.json {
        let said = serde_json::json!({
            "node": identity.node().to_string(),
            "name": hostname,
            "client": identity.client(),
            "site": identity.site(),
            "relays": identity.facts().relay_addrs,
            "hub": identity.facts().hub_addrs,
            "clock_off_ms": enrolled.clock_off_ms,
        });
        vigie_node::say!("{said}");
        return Ok(ExitCode::SUCCESS);
    }
    vigie_node::say!("enrolled {hostname} as {} at {}/{}", identity.node(), identity.client(), identity.site());
    if let Some(off) = enrolled.clock_off_ms {
        vigie_node::say!(
            "this machine's clock is {} s {}; times will be corrected",
            off.abs() / 1_000,
            if off > 0 { "ahead" } else { "behind" }
        );
    }
    vigie_node::say!("next: vigie-agent run --data {}", args.place.data.display());
    Ok(ExitCode::SUCCESS)
}
