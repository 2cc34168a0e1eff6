//! `token`, `node` and `api-token`: who joins, who has joined, and who looks and writes over HTTP.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};
use vigie_model::{NodeId, Role, Slug};
use vigie_node::Failed;

use super::{Place, ask, lines, stamp, tell, text};

/// Join tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a join token; its text is shown once.
    Create {
        #[command(flatten)]
        place: Place,
        /// Whose machines it admits.
        #[arg(long)]
        client: Slug,
        /// To which site.
        #[arg(long)]
        site: Slug,
        /// How many machines.
        #[arg(long, default_value_t = 1)]
        uses: u32,
        /// For how long: a number with s, m, h or d.
        #[arg(long, default_value = "24h")]
        ttl: String,
        /// What it admits: agent, relay, or any.
        #[arg(long, default_value = "any")]
        role: String,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// List join tokens.
    List {
        #[command(flatten)]
        place: Place,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take a join token back; machines that used it stay.
    Revoke {
        #[command(flatten)]
        place: Place,
        /// The token's id, from the list.
        id: String,
    },
}

/// Enrolled nodes.
#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// List enrolled nodes.
    List {
        #[command(flatten)]
        place: Place,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take a node's rights away. Its data stays.
    Revoke {
        #[command(flatten)]
        place: Place,
        /// The node's id, from the list.
        node: NodeId,
    },
}

/// Tokens for page and API.
#[derive(Debug, Subcommand)]
pub(crate) enum ApiTokenCommand {
    /// Make a token for page and API; its text is shown once.
    Create {
        #[command(flatten)]
        place: Place,
        /// What logs call its holder.
        #[arg(long)]
        name: String,
        /// Whose machines it shows; everybody's if left out, and nobody's if it writes.
        #[arg(long, value_delimiter = ',')]
        client: Vec<Slug>,
        /// Into which places it may write, as CLIENT/SITE; nowhere if left out.
        #[arg(long, value_delimiter = ',', value_name = "CLIENT/SITE")]
        write: Vec<vigie_serve::Place>,
        /// It decides of what it shows: acknowledges, snoozes, closes, and says when nobody is told.
        #[arg(long)]
        decide: bool,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// List tokens for page and API.
    List {
        #[command(flatten)]
        place: Place,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take such a token away; its sessions end with it.
    Revoke {
        #[command(flatten)]
        place: Place,
        /// Its name, from the list.
        name: String,
    },
}

pub(super) fn token(command: TokenCommand) -> Result<ExitCode, Failed> {
    match command {
        TokenCommand::Create { place, client, site, uses, ttl, role, json } => {
            let roles = match role.as_str() {
                "any" => vec![Role::Agent, Role::Relay],
                one => vec![one.parse()?],
            };
            let ttl_ms = duration_ms(&ttl)?;
            let request = json!({ "ask": "token-create", "client": client, "site": site, "uses": uses, "ttl_ms": ttl_ms, "roles": roles });
            let made = ask(&place, &request)?;
            Ok(tell(&made, json, |made| text(&made["token"])))
        }
        TokenCommand::List { place, json } => {
            let list = ask(&place, &json!({ "ask": "token-list" }))?;
            Ok(tell(&list, json, |list| {
                let line = |row: &Value| {
                    format!(
                        "{}  {}/{}  uses left {}  until {}  {}",
                        text(&row["id"]),
                        text(&row["client"]),
                        text(&row["site"]),
                        row["uses_left"],
                        stamp(&row["expires_at_ms"]),
                        text(&row["state"])
                    )
                };
                lines(list, line, "no join token yet; make one: vigie-cloud token create --client … --site …")
            }))
        }
        TokenCommand::Revoke { place, id } => {
            ask(&place, &json!({ "ask": "token-revoke", "id": id }))?;
            Ok(tell(&Value::Null, false, |_| format!("token {id} admits nobody any more; machines that used it stay")))
        }
    }
}

pub(super) fn node(command: NodeCommand) -> Result<ExitCode, Failed> {
    match command {
        NodeCommand::List { place, json } => {
            let list = ask(&place, &json!({ "ask": "node-list" }))?;
            Ok(tell(&list, json, |list| {
                let line = |row: &Value| {
                    let state = if row["revoked"] == true { "revoked" } else { "" };
                    format!(
                        "{}  {:<6} {}/{}  {}  {state}",
                        text(&row["node"]),
                        text(&row["role"]),
                        text(&row["client"]),
                        text(&row["site"]),
                        text(&row["name"])
                    )
                };
                lines(list, line, "nobody has enrolled yet; make a token: vigie-cloud token create --client … --site …")
            }))
        }
        NodeCommand::Revoke { place, node } => {
            ask(&place, &json!({ "ask": "node-revoke", "node": node.to_string() }))?;
            Ok(tell(&Value::Null, false, |_| format!("{node} has no rights any more; what it brought stays")))
        }
    }
}

pub(super) fn api_token(command: ApiTokenCommand) -> Result<ExitCode, Failed> {
    match command {
        ApiTokenCommand::Create { place, name, client, write, decide, json } => {
            let request = json!({ "ask": "access-create", "name": name, "clients": client, "writes": write,
                "decides": decide });
            let made = ask(&place, &request)?;
            Ok(tell(&made, json, |made| text(&made["token"])))
        }
        ApiTokenCommand::List { place, json } => {
            let list = ask(&place, &json!({ "ask": "access-list" }))?;
            Ok(tell(&list, json, |list| {
                lines(list, access_line, "no API token yet; make one: vigie-cloud api-token create --name …")
            }))
        }
        ApiTokenCommand::Revoke { place, name } => {
            ask(&place, &json!({ "ask": "access-revoke", "name": name }))?;
            Ok(tell(&Value::Null, false, |_| format!("the API token {name:?} opens nothing any more")))
        }
    }
}

/// What a token opens, on one line.
fn access_line(row: &Value) -> String {
    let list = |key: &str| row[key].as_array().cloned().unwrap_or_default();
    let clients: Vec<String> = list("clients").iter().map(text).collect();
    let places: Vec<String> =
        list("writes").iter().map(|place| format!("{}/{}", text(&place["client"]), text(&place["site"]))).collect();
    let sees = match (clients.is_empty(), places.is_empty()) {
        (true, true) => "all clients".to_owned(),
        (true, false) => "nothing".to_owned(),
        (false, _) => clients.join(", "),
    };
    let writes = if places.is_empty() { String::new() } else { format!("  writes {}", places.join(", ")) };
    let decides = if row["decides"] == true { "  decides" } else { "" };
    format!("{}  sees {sees}{writes}{decides}  made {}", text(&row["name"]), stamp(&row["made_at_ms"]))
}

/// `90s`, `15m`, `24h`, `7d`.
fn duration_ms(text: &str) -> Result<i64, Failed> {
    let wrong = || Failed::new(2, format!("{text:?} is no duration: a number with s, m, h or d; nothing was changed"));
    let unit_ms = match text.chars().last() {
        Some('s') => 1_000,
        Some('m') => 60_000,
        Some('h') => 3_600_000,
        Some('d') => 86_400_000,
        _ => return Err(wrong()),
    };
    let number: i64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    number.checked_mul(unit_ms).filter(|ms| *ms > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_listed_with_all_that_it_opens() {
        let row = |clients: Value, writes: Value| {
            access_line(&json!({ "name": "a", "clients": clients, "writes": writes, "made_at_ms": 0 }))
        };
        let lyon = json!([{ "client": "acme", "site": "lyon" }]);
        assert_eq!(row(json!([]), json!([])), "a  sees all clients  made 1970-01-01T00:00:00Z");
        assert_eq!(row(json!([]), lyon.clone()), "a  sees nothing  writes acme/lyon  made 1970-01-01T00:00:00Z");
        assert_eq!(row(json!(["acme"]), lyon), "a  sees acme  writes acme/lyon  made 1970-01-01T00:00:00Z");
        let decides = json!({ "name": "a", "clients": ["acme"], "writes": [], "decides": true, "made_at_ms": 0 });
        assert_eq!(access_line(&decides), "a  sees acme  decides  made 1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_duration_has_a_unit_and_is_positive() {
        assert_eq!(duration_ms("90s").ok(), Some(90_000));
        assert_eq!(duration_ms("7d").ok(), Some(604_800_000));
        for bad in ["", "h", "12", "-1h", "0s", "1w", "9223372036854775807d", "é"] {
            assert!(duration_ms(bad).is_err(), "{bad}");
        }
    }
}
