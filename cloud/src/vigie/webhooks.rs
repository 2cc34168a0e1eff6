//! Which other programs are told of every event?

use clap::Subcommand;
use serde_json::json;

use super::client::{Client, Method, escaped};
use super::end::End;
use super::look::told;
use super::people::sure;
use super::shape::Out;
use super::table::{Column, column};

const PATH: &str = "/api/v1/webhooks";

/// What is asked of webhooks.
#[derive(Debug, Subcommand)]
pub(super) enum Webhooks {
    /// Who is told of the events of your places, and how it goes.
    List,
    /// One of them.
    Show {
        /// Which.
        id: String,
    },
    /// Subscribe an address; its secret is shown this once.
    Add {
        /// As in https://example.org/events.
        url: String,
        /// Some of alert, decision, presence, machine, site, job, with commas; all if left out.
        #[arg(long, value_delimiter = ',')]
        kinds: Vec<String>,
        /// Of a client's events alone; of everybody's if left out.
        #[arg(long)]
        client: Option<String>,
        /// Of one site's.
        #[arg(long, requires = "client")]
        site: Option<String>,
    },
    /// End one; what waits for it goes.
    Remove {
        /// Which.
        id: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Post a test now, and show what the receiver said.
    Test {
        /// Which.
        id: String,
    },
    /// What was given up, oldest first.
    Dead {
        /// Which.
        id: String,
    },
    /// Send again what was given up.
    Redeliver {
        /// Which.
        id: String,
        /// One event by its number; all if left out.
        #[arg(long)]
        delivery: Option<u64>,
    },
}

const WEBHOOKS: [Column; 8] = [
    column("id", "/id"),
    column("url", "/url"),
    column("kinds", "/kinds"),
    column("client", "/client"),
    column("site", "/site"),
    column("waiting", "/waiting"),
    column("dead", "/dead"),
    column("failing", "/failing"),
];

const DEAD: [Column; 5] = [
    column("delivery", "/delivery"),
    column("kind", "/kind"),
    column("seen", "/seen_at"),
    column("tries", "/tries"),
    column("why", "/why"),
];

impl Webhooks {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List => {
                let answer = client.get(PATH).await?;
                let rows = answer.rows("webhooks");
                out.rows(&answer.json, &rows, &WEBHOOKS, &answer.note(rows.len()));
            }
            Self::Show { id } => out.one(&client.get(&format!("{PATH}/{}", escaped(&id))).await?.json),
            Self::Add { url, kinds, client: of, site } => {
                let body = json!({ "url": url, "kinds": kinds, "client": of, "site": site });
                told(out, &client.ask(Method::Post, PATH, Some(&body)).await?.json);
            }
            Self::Remove { id, yes } => {
                sure(&format!("end the webhook {id}: what waits for it goes"), yes)?;
                client.ask(Method::Delete, &format!("{PATH}/{}", escaped(&id)), None).await?;
            }
            Self::Test { id } => {
                let path = format!("{PATH}/{}/test", escaped(&id));
                let answer = client.ask(Method::Post, &path, Some(&json!({}))).await?.json;
                out.one(&answer);
                // A script asks by the exit code whether it can be reached.
                return Ok(if answer["delivered"] == true { 0 } else { 1 });
            }
            Self::Dead { id } => {
                let answer = client.get(&format!("{PATH}/{}/dead", escaped(&id))).await?;
                let rows = answer.rows("dead");
                out.rows(&answer.json, &rows, &DEAD, &answer.note(rows.len()));
            }
            Self::Redeliver { id, delivery } => {
                let body = delivery.map_or_else(|| json!({}), |delivery| json!({ "delivery": delivery }));
                let path = format!("{PATH}/{}/redeliver", escaped(&id));
                told(out, &client.ask(Method::Post, &path, Some(&body)).await?.json);
            }
        }
        Ok(0)
    }
}
