//! Who may what, and who did what?

use std::io::IsTerminal;

use clap::Subcommand;
use serde_json::{Value, json};

use super::client::{Client, Method, asked, escaped};
use super::end::End;
use super::look::{Listed, told};
use super::samples::pour;
use super::shape::{Out, remark};
use super::table::{Column, column};

/// Asks a person whether they mean it; a script says so beforehand.
pub(super) fn sure(what: &str, yes: bool) -> Result<(), End> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(End::usage(format!("this would {what}: add --yes; nothing was changed")));
    }
    remark(&super::inert::inert(&format!("This will {what}. Go on? [y/N]")));
    let mut said = String::new();
    let read = std::io::stdin().read_line(&mut said);
    let agreed = read.is_ok() && matches!(said.trim().to_lowercase().as_str(), "y" | "yes" | "o" | "oui");
    if agreed { Ok(()) } else { Err(End::declined()) }
}

/// What is asked of people.
#[derive(Debug, Subcommand)]
pub(super) enum People {
    /// Those whom you look after: email, name, role, scope, client, state, totp, seen.
    List(Listed),
    /// One.
    Show {
        /// Their id or address.
        person: String,
    },
    /// A code by which somebody new chooses a password or a passkey: by mail where the hub writes any, else shown this once.
    Invite {
        /// Their address.
        #[arg(long)]
        email: String,
        /// What others call them.
        #[arg(long)]
        name: String,
        /// ROLE@SCOPE, as in operator@acme/lyon.
        #[arg(long, required = true)]
        grant: Vec<String>,
    },
    /// They come in nowhere any more.
    Disable {
        /// Their id or address.
        person: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// And again.
    Enable {
        /// Their id or address.
        person: String,
    },
    /// A code for another password.
    Reset {
        /// Their id or address.
        person: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// All that is kept of them goes, for ever; what they did stays under a pseudonym.
    Erase {
        /// Their id or address.
        person: String,
        /// A name by which sites know them, who let them in while the hub was out of reach.
        #[arg(long = "at-sites", value_name = "NAME")]
        at_sites: Vec<String>,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

const PEOPLE: [Column; 7] = [
    column("id", "/id"),
    column("email", "/email"),
    column("name", "/name"),
    column("grants", "/grants"),
    column("totp", "/totp"),
    column("disabled", "/disabled"),
    column("seen", "/seen_at"),
];

impl People {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List(listed) => {
                let (whole, rows, note) = listed.rows(client, ("/api/v1/people", "people"), &[]).await?;
                out.rows(&whole, &rows, &PEOPLE, &note);
            }
            Self::Show { person } => out.one(&client.get(&path(client, &person, "").await?).await?.json),
            Self::Invite { email, name, grant } => {
                let grants = grant.iter().map(|grant| read_grant(grant)).collect::<Result<Vec<_>, _>>()?;
                let body = json!({ "email": email, "name": name, "grants": grants });
                told(out, &client.ask(Method::Post, "/api/v1/invitations", Some(&body)).await?.json);
            }
            Self::Disable { person, yes } => {
                sure(&format!("end all sessions of {person} and let them in nowhere"), yes)?;
                change(client, out, &person, "/disable").await?;
            }
            Self::Enable { person } => change(client, out, &person, "/enable").await?,
            Self::Reset { person, yes } => {
                sure(&format!("take the password of {person} away and give a code for another"), yes)?;
                change(client, out, &person, "/reset").await?;
            }
            Self::Erase { person, at_sites, yes } => {
                sure(&format!("let go of all that is kept of {person}, for ever"), yes)?;
                let path = path(client, &person, "/erase").await?;
                told(out, &client.ask(Method::Post, &path, Some(&json!({ "at_sites": at_sites }))).await?.json);
            }
        }
        Ok(0)
    }
}

async fn change(client: &Client, out: Out, person: &str, what: &str) -> Result<(), End> {
    let path = path(client, person, what).await?;
    told(out, &client.ask(Method::Post, &path, Some(&json!({}))).await?.json);
    Ok(())
}

/// The address of a person, by their id or theirs.
async fn path(client: &Client, person: &str, below: &str) -> Result<String, End> {
    let id = if person.contains('@') {
        let filter = format!("email:\"{}\"", person.replace('\\', "\\\\").replace('"', "\\\""));
        let found = client.get(&format!("/api/v1/people{}", asked(&[("q", Some(&filter))]))).await?.rows("people");
        let id = found.first().and_then(|one| one["id"].as_str().map(str::to_owned));
        id.ok_or_else(|| End::not_found(format!("there is no {person} whom you look after; vigie people list")))?
    } else {
        person.to_owned()
    };
    Ok(format!("/api/v1/people/{}{below}", escaped(&id)))
}

fn read_grant(text: &str) -> Result<Value, End> {
    let (role, scope) =
        text.split_once('@').ok_or_else(|| End::usage("a grant is ROLE@SCOPE, as in operator@acme/lyon"))?;
    Ok(json!({ "role": role, "scope": scope }))
}

/// What is asked of tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Tokens {
    /// Yours, and those of whom you look after.
    List,
    /// One that may no more than you; its text is shown this once.
    Create {
        /// What it is for.
        #[arg(long)]
        name: String,
        /// What it may: look, decide, mute, fetch, push, tokens, people, roles, audit, node.
        #[arg(long, required = true)]
        right: Vec<String>,
        /// Where: *, CLIENT or CLIENT/SITE.
        #[arg(long, required = true)]
        scope: Vec<String>,
        /// For so many days.
        #[arg(long, default_value_t = 90)]
        days: u32,
    },
    /// It opens nothing any more.
    Revoke {
        /// Which.
        id: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

const TOKENS: [Column; 6] = [
    column("id", "/id"),
    column("name", "/name"),
    column("maker", "/maker"),
    column("state", "/state"),
    column("until", "/until_at"),
    column("used", "/used_at"),
];

impl Tokens {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List => {
                let answer = client.get("/api/v1/tokens").await?;
                let rows = answer.rows("tokens");
                out.rows(&answer.json, &rows, &TOKENS, &answer.note(rows.len()));
            }
            Self::Create { name, right, scope, days } => {
                let body = json!({ "name": name, "rights": right, "scopes": scope, "days": days });
                told(out, &client.ask(Method::Post, "/api/v1/tokens", Some(&body)).await?.json);
            }
            Self::Revoke { id, yes } => {
                sure(&format!("revoke token {id}"), yes)?;
                let path = format!("/api/v1/tokens/{}", escaped(&id));
                told(out, &client.ask(Method::Delete, &path, None).await?.json);
            }
        }
        Ok(0)
    }
}

/// All sets of rights.
pub(super) async fn roles(client: &Client, out: Out) -> Result<u8, End> {
    let answer = client.get("/api/v1/roles").await?;
    let rows = answer.rows("roles");
    let columns = [column("name", "/name"), column("rights", "/rights")];
    out.rows(&answer.json, &rows, &columns, &answer.note(rows.len()));
    Ok(0)
}

/// What is asked of the audit.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Lines of a chain: who, what, on, by, from, age.
    List {
        /// Whose; the provider's without one.
        #[arg(long)]
        client: Option<String>,
        #[command(flatten)]
        listed: Listed,
    },
    /// Whether a chain is whole.
    Verify {
        /// Whose; the provider's without one.
        #[arg(long)]
        client: Option<String>,
    },
    /// A whole chain as JSON lines, to stdout.
    Export {
        /// Whose; the provider's without one.
        #[arg(long)]
        client: Option<String>,
    },
}

const AUDIT: [Column; 6] = [
    column("seq", "/seq"),
    column("happened", "/happened_at"),
    column("who", "/who"),
    column("what", "/what"),
    column("on", "/on"),
    column("by", "/by"),
];

impl Audit {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List { client: of, listed } => {
                let more = [("client", of.as_deref())];
                let (whole, rows, note) = listed.rows(client, ("/api/v1/audit", "lines"), &more).await?;
                out.rows(&whole, &rows, &AUDIT, &note);
                Ok(0)
            }
            Self::Verify { client: of } => {
                let answer =
                    client.get(&format!("/api/v1/audit/verify{}", asked(&[("client", of.as_deref())]))).await?;
                out.one(&answer.json);
                Ok(if answer.json["whole"] == true { 0 } else { 1 })
            }
            Self::Export { client: of } => {
                pour(client, &format!("/api/v1/audit/export{}", asked(&[("client", of.as_deref())]))).await
            }
        }
    }
}
