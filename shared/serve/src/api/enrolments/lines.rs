//! Which line does somebody paste to join?

use axum::http::header;
use axum::http::request::Parts;
use vigie_model::Role;

use crate::install::{AGENT, RELAY};
use crate::shared::Shared;
use crate::{JoinCommand, MadeToken};

/// Where a relay's page is, unless its file says otherwise.
const RELAY_HTTP: u16 = 7802;

/// For agents one where they reach this hub, and one for each relay of the site; for relays one from this hub.
pub(super) fn commands(app: &Shared, parts: &Parts, made: &MadeToken) -> Vec<JoinCommand> {
    let programs = &app.options.programs;
    let lets_in = |role, program| made.enrolment.roles.contains(&role) && programs.has(program);
    let (agents, relays) = (lets_in(Role::Agent, AGENT), lets_in(Role::Relay, RELAY));
    if !agents && !relays {
        return Vec::new();
    }
    let (sha256, hub, id) = (programs.script_sha256(), origin(app, parts), &made.enrolment.id);
    let of_hub = |role, how: &str| {
        let from = hub.clone()?;
        let command = command(&from, &sha256, &made.token, Some(id), how);
        Some(JoinCommand { role, through: "hub", from, command })
    };
    let by_relay = |relay: &String| {
        let from = format!("http://{}:{RELAY_HTTP}", relay.rsplit_once(':')?.0);
        let command = command(&from, &sha256, &made.token, None, &format!(" --via '{relay}'"));
        Some(JoinCommand { role: Role::Agent, through: "relay", from, command })
    };
    // Nobody opens a page to a whole site without seeing it: that stands in the line.
    let relay = relays.then(|| of_hub(Role::Relay, &format!(" --relay --page 0.0.0.0:{RELAY_HTTP}"))).flatten();
    let agent = agents.then(|| of_hub(Role::Agent, "")).flatten();
    let by_relays = made.relays.iter().filter(|relay| agents && is_plain(relay)).filter_map(by_relay);
    agent.into_iter().chain(by_relays).chain(relay).collect()
}

/// Where people reach this hub: as its operator says, or as this one did.
fn origin(app: &Shared, parts: &Parts) -> Option<String> {
    if let Some(origin) = &app.options.origin {
        return Some(origin.trim_end_matches('/').to_owned());
    }
    let host = parts.headers.get(header::HOST)?.to_str().ok().filter(|host| is_plain(host))?;
    Some(format!("{}://{host}", if app.options.tls { "https" } else { "http" }))
}

/// Whether a host and port can stand in a line for a shell as they are. They come from relays and from requests.
fn is_plain(host: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte);
    !host.is_empty() && host.len() <= 261 && host.bytes().all(fits)
}

/// The script is fetched into a file, must be the one that this hub knows, and only then gets the token, on its standard
/// input: nobody on the way can put another in its place, and no list of processes shows the token.
fn command(from: &str, sha256: &str, token: &str, id: Option<&str>, how: &str) -> String {
    let query = id.map(|id| format!("?for={id}")).unwrap_or_default();
    format!(
        "f=$(mktemp) && curl -fsS '{from}/install.sh{query}' -o \"$f\" && echo \"{sha256}  $f\" | sha256sum -c - && \
         echo {token} | $(command -v sudo) sh \"$f\" --from '{from}'{how}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_gives_the_token_to_nothing_but_the_script_it_knows() {
        let line = command("http://hub:7880", "ab", "vg1.x", Some("07"), "");
        assert_eq!(
            line,
            "f=$(mktemp) && curl -fsS 'http://hub:7880/install.sh?for=07' -o \"$f\" && echo \"ab  $f\" | sha256sum -c - \
             && echo vg1.x | $(command -v sudo) sh \"$f\" --from 'http://hub:7880'"
        );
        assert!(command("http://r:7802", "ab", "vg1.x", None, " --via 'r:7801'").ends_with("--via 'r:7801'"));
    }

    #[test]
    fn what_a_relay_calls_itself_does_nothing_in_a_shell() {
        for good in ["192.168.1.10:7801", "lyon-r1.example.org:7801", "[2001:db8::1]:7801"] {
            assert!(is_plain(good), "{good}");
        }
        for bad in ["", "a b:1", "$(reboot):7801", "a';id;':1", "a\n:1", "a/b:1", "é:1"] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}
