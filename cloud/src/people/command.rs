//! People and the audit on the command line.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};
use vigie_model::Slug;
use vigie_node::Failed;
use vigie_people::Grant;

use crate::cli::{self, Place, lines, stamp, tell, text};

/// What can be asked about people.
#[derive(Debug, Subcommand)]
pub(crate) enum PersonCommand {
    /// Invite a person; they choose their password by a code that is shown once.
    Add {
        #[command(flatten)]
        place: Place,
        /// By what they will sign in.
        #[arg(long)]
        email: String,
        /// What others call them.
        #[arg(long)]
        name: String,
        /// What they may and where, as ROLE@SCOPE: operator@acme/lyon, admin@*.
        #[arg(long = "grant", value_name = "ROLE@SCOPE", required = true, value_parser = grant)]
        grants: Vec<Grant>,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// List people and open invitations.
    List {
        #[command(flatten)]
        place: Place,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let a person do something else than before.
    Role {
        #[command(flatten)]
        place: Place,
        /// Their address or id.
        who: String,
        /// What they may and where, as ROLE@SCOPE; what is left out they lose.
        #[arg(long = "grant", value_name = "ROLE@SCOPE", required = true, value_parser = grant)]
        grants: Vec<Grant>,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let a person in nowhere; their sessions end, and their tokens open nothing.
    Disable {
        #[command(flatten)]
        place: Place,
        /// Their address or id.
        who: String,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let a person who was disabled in again.
    Enable {
        #[command(flatten)]
        place: Place,
        /// Their address or id.
        who: String,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take password and telephone of a person away, and give a code by which they choose another.
    Reset {
        #[command(flatten)]
        place: Place,
        /// Their address or id.
        who: String,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let go of all that is kept of a person, for ever; what they did stays under a pseudonym.
    Erase {
        #[command(flatten)]
        place: Place,
        /// Their address or id.
        who: String,
        /// A name by which sites know them, who let them in while the hub was out of reach.
        #[arg(long = "at-sites", value_name = "NAME")]
        at_sites: Vec<String>,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What can be asked about the audit.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Show who did what: in a client's chain, or in the provider's.
    List {
        #[command(flatten)]
        place: Place,
        /// Whose chain; the provider's if left out.
        #[arg(long)]
        client: Option<Slug>,
        /// Only lines after this number.
        #[arg(long, default_value_t = 0)]
        after: u64,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say whether a chain is whole, or all of them.
    Verify {
        #[command(flatten)]
        place: Place,
        /// Whose chain; all of them if left out.
        #[arg(long)]
        client: Option<Slug>,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a whole chain as JSON lines, with its hashes.
    Export {
        #[command(flatten)]
        place: Place,
        /// Whose chain; the provider's if left out.
        #[arg(long)]
        client: Option<Slug>,
        /// It is JSON lines in any case.
        #[arg(long)]
        json: bool,
    },
}

fn grant(text: &str) -> Result<Grant, String> {
    let (role, scope) = text.split_once('@').ok_or("a grant is ROLE@SCOPE, as operator@acme/lyon")?;
    let role = role.parse().map_err(|error| format!("{error}"))?;
    Ok(Grant { role, scope: scope.parse().map_err(|error| format!("{error}"))? })
}

/// Asks the running hub about people.
pub(crate) fn person(command: PersonCommand) -> Result<ExitCode, Failed> {
    let on = |place: &Place, ask: &str, who: &str| cli::ask(place, &json!({ "ask": ask, "who": who }));
    match command {
        PersonCommand::Add { place, email, name, grants, json } => {
            let request = json!({ "ask": "person-add", "email": email, "name": name, "grants": grants });
            Ok(tell(&cli::ask(&place, &request)?, json, invited))
        }
        PersonCommand::List { place, json } => {
            Ok(tell(&cli::ask(&place, &json!({ "ask": "person-list" }))?, json, listed))
        }
        PersonCommand::Role { place, who, grants, json } => {
            let request = json!({ "ask": "person-role", "who": who, "grants": grants });
            Ok(tell(&cli::ask(&place, &request)?, json, person_line))
        }
        PersonCommand::Disable { place, who, json } => {
            Ok(tell(&on(&place, "person-disable", &who)?, json, person_line))
        }
        PersonCommand::Enable { place, who, json } => Ok(tell(&on(&place, "person-enable", &who)?, json, person_line)),
        PersonCommand::Erase { place, who, at_sites, json } => {
            let request = json!({ "ask": "person-erase", "who": who, "at_sites": at_sites });
            Ok(tell(&cli::ask(&place, &request)?, json, erased))
        }
        PersonCommand::Reset { place, who, json } => Ok(tell(&on(&place, "person-reset", &who)?, json, invited)),
    }
}

/// Asks the running hub about its audit. A chain that is broken ends with 1.
pub(crate) fn audit(command: AuditCommand) -> Result<ExitCode, Failed> {
    match command {
        AuditCommand::List { place, client, after, json } => {
            let request = json!({ "ask": "audit-list", "client": client, "after": after });
            let list = cli::ask(&place, &request)?;
            Ok(tell(&list, json, |list| lines(list, audit_line, "nothing was written into this chain yet")))
        }
        AuditCommand::Verify { place, client, json } => {
            let chains = cli::ask(&place, &json!({ "ask": "audit-verify", "client": client }))?;
            tell(&chains, json, |chains| lines(chains, chain_line, "nothing was written into the audit yet"));
            let whole = chains.as_array().into_iter().flatten().all(|chain| chain["whole"] == true);
            Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        AuditCommand::Export { place, client, json: _ } => export(&place, client.as_ref()),
    }
}

fn export(place: &Place, client: Option<&Slug>) -> Result<ExitCode, Failed> {
    let mut after = 0;
    loop {
        let part = cli::ask(place, &json!({ "ask": "audit-list", "client": client, "after": after }))?;
        let part = part.as_array().cloned().unwrap_or_default();
        let Some(last) = part.last() else { return Ok(ExitCode::SUCCESS) };
        after =
            last["seq"].as_u64().ok_or_else(|| Failed::new(1, "the hub answered with a line without its number"))?;
        for line in &part {
            tell(line, true, text);
        }
    }
}

fn invited(row: &Value) -> String {
    let (code, until) = (text(&row["code"]), stamp(&row["until_ms"]));
    format!(
        "who    {}\ncode   {code}\nuntil  {until}\nThey choose a password or a passkey at /invitation?code={code} of the hub's page. It is not shown again.",
        text(&row["email"])
    )
}

fn erased(row: &Value) -> String {
    let left = match row["rows_left"].as_u64() {
        None | Some(0) => String::new(),
        Some(left) => format!("; {left} rows still bear their name, because several people decided at once"),
    };
    format!(
        "called {} from now on: gone with {} sessions, {} tokens, {} passkeys and {} invitations; {} lines of the audit and {} \
         rows bear the pseudonym{left}. Backups that were made before still hold them.",
        text(&row["pseudonym"]),
        row["sessions"],
        row["tokens"],
        row["passkeys"],
        row["invitations"],
        row["lines"],
        row["rows"]
    )
}

fn listed(list: &Value) -> String {
    let none = "nobody yet; invite somebody: vigie-cloud person add --email … --name … --grant admin@*";
    let people = lines(&list["people"], person_line, none);
    let open = lines(&list["invitations"], invitation_line, "");
    if open.is_empty() { people } else { format!("{people}\n{open}") }
}

/// What a person typed is shown as a quoted text, which moves no terminal.
fn person_line(row: &Value) -> String {
    let has_keys = row["passkeys"].as_u64().is_some_and(|count| count > 0);
    let state = match (row["disabled"] == true, row["password"] == true, row["totp"] == true) {
        (true, ..) => "disabled",
        (false, false, _) if has_keys => "by passkey alone",
        (false, false, _) => "has no password yet",
        (false, true, true) => "with telephone",
        (false, true, false) if has_keys => "with passkey",
        (false, true, false) => "",
    };
    let seen = if row["seen_ms"].is_null() { "never".to_owned() } else { stamp(&row["seen_ms"]) };
    format!("{}  {:?}  {}  seen {seen}  {state}", text(&row["email"]), text(&row["name"]), granted(row))
}

fn invitation_line(row: &Value) -> String {
    format!(
        "{}  {:?}  {}  invited until {}",
        text(&row["email"]),
        text(&row["name"]),
        granted(row),
        stamp(&row["until_ms"])
    )
}

fn granted(row: &Value) -> String {
    let one = |grant: &Value| format!("{}@{}", text(&grant["role"]), text(&grant["scope"]));
    row["grants"].as_array().into_iter().flatten().map(one).collect::<Vec<_>>().join(",")
}

fn audit_line(row: &Value) -> String {
    if row["damaged"] == true {
        return format!("{:>6}  damaged: it can not be read", row["seq"]);
    }
    let change = match (&row["before"], &row["after"]) {
        (Value::Null, Value::Null) => String::new(),
        (Value::Null, after) => format!("  {after}"),
        (before, Value::Null) => format!("  {before} → nothing"),
        (before, after) => format!("  {before} → {after}"),
    };
    let from = text(&row["from"]);
    let from = if from.is_empty() { String::new() } else { format!(" from {from}") };
    format!(
        "{:>6}  {}  {:?} by {}{from}  {}  {:?}{change}",
        row["seq"],
        text(&row["happened_at"]),
        text(&row["who"]),
        text(&row["by"]),
        text(&row["what"]),
        text(&row["on"])
    )
}

fn chain_line(row: &Value) -> String {
    let whose = row["client"].as_str().unwrap_or("the provider's chain");
    let (count, head) = (&row["lines"], text(&row["head"]));
    match row["broken"].as_str() {
        None if row["erased"].as_u64().is_some_and(|erased| erased > 0) => {
            format!("{whose}: whole, {count} lines, of which somebody was erased from {}, head {head}", row["erased"])
        }
        None => format!("{whose}: whole, {count} lines, head {head}"),
        Some(broken) => format!("{whose}: broken: {broken}; {count} lines, head {head}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_a_role_somewhere() {
        let said = |text: &str| grant(text).map(|grant| grant.to_string());
        assert_eq!(said("operator@acme/lyon"), Ok("operator of acme/lyon".to_owned()));
        assert!(said("admin").is_err() && said("admin@").is_err() && said("@*").is_err() && said("Admin@*").is_err());
    }

    #[test]
    fn what_somebody_typed_moves_no_terminal() {
        let row = json!({ "seq": 1, "happened_at": "2026-11-21T00:00:00.000Z", "who": "a\u{1b}[2J", "by": "page",
            "from": "192.0.2.7", "what": "session.open", "on": "b\nc", "before": null, "after": "x\u{1b}" });
        let line = audit_line(&row);
        assert!(!line.contains(['\u{1b}', '\n']), "{line}");
        assert!(!person_line(&json!({ "name": "\u{1b}[2J", "email": "a@b", "grants": [] })).contains('\u{1b}'));
    }

    #[test]
    fn a_broken_chain_says_where() {
        let line = chain_line(&json!({ "client": "acme", "broken": "line 3 is missing", "lines": 9, "head": "ab" }));
        assert_eq!(line, "acme: broken: line 3 is missing; 9 lines, head ab");
    }
}
