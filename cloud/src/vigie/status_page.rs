//! Which pages do a client's customers read, and what is published on them?

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::client::{Client, Method, escaped};
use super::end::End;
use super::look::told;
use super::people::sure;
use super::shape::Out;
use super::table::{Column, column};
use super::telling::fields;

const PATH: &str = "/api/v1/status-pages";

/// What is asked of public pages.
#[derive(Debug, Subcommand)]
pub(super) enum StatusPage {
    /// Those of the clients of whom you tell.
    List,
    /// One of them.
    Show {
        /// Its address, as in /status/ADDRESS.
        slug: String,
    },
    /// Make one whose address nobody guesses.
    Add {
        /// What it says, as TOML or JSON: client, title, on, components…
        #[arg(long)]
        file: PathBuf,
    },
    /// Make one of this name, or say another thing of it.
    Set {
        /// Its address.
        slug: String,
        /// What it says, as TOML or JSON: client, title, on, components…
        #[arg(long)]
        file: PathBuf,
    },
    /// Take one away, with what was published on it.
    Remove {
        /// Its address.
        slug: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Publish a notice: anybody may read it.
    Publish(Publish),
    /// Say what is new of a notice.
    News {
        /// The page's address.
        slug: String,
        /// Which notice.
        id: String,
        /// What is new.
        #[arg(long)]
        text: String,
        /// Where it stands; as before if left out.
        #[arg(long)]
        state: Option<State>,
    },
    /// Take a notice away.
    Withdraw {
        /// The page's address.
        slug: String,
        /// Which notice.
        id: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// A notice.
#[derive(Debug, Args)]
pub(super) struct Publish {
    /// The page's address.
    slug: String,
    /// What it is about.
    #[arg(long)]
    title: String,
    /// What is known.
    #[arg(long)]
    text: String,
    /// Where it stands.
    #[arg(long, default_value = "investigating")]
    state: State,
    /// In which language it is written: en or fr.
    #[arg(long)]
    language: Option<String>,
    /// Which component of the page it is about; may be said again.
    #[arg(long)]
    component: Vec<String>,
    /// The incident behind it, which is not told outside.
    #[arg(long)]
    incident: Option<String>,
}

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum State {
    /// Somebody looks for why.
    Investigating,
    /// It is known why.
    Identified,
    /// Something was done, and is watched.
    Watching,
    /// It will be.
    Planned,
    /// It is over.
    Over,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Watching => "watching",
            Self::Planned => "planned",
            Self::Over => "over",
        }
    }
}

const PAGES: [Column; 5] = [
    column("address", "/slug"),
    column("client", "/said/client"),
    column("title", "/said/title"),
    column("on", "/said/on"),
    column("made", "/made_at"),
];

impl StatusPage {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List => {
                let answer = client.get(PATH).await?;
                let rows = answer.rows("pages");
                out.rows(&answer.json, &rows, &PAGES, &answer.note(rows.len()));
            }
            Self::Show { slug } => out.one(&client.get(&of(&slug)).await?.json),
            Self::Add { file } => told(out, &client.ask(Method::Post, PATH, Some(&fields(&file, "page")?)).await?.json),
            Self::Set { slug, file } => {
                told(out, &client.ask(Method::Put, &of(&slug), Some(&fields(&file, "page")?)).await?.json);
            }
            Self::Remove { slug, yes } => {
                sure(&format!("take the page {slug} away, with what was published on it"), yes)?;
                client.ask(Method::Delete, &of(&slug), None).await?;
            }
            Self::Publish(notice) => {
                let path = format!("{}/notices", of(&notice.slug));
                told(out, &client.ask(Method::Post, &path, Some(&notice.body())).await?.json);
            }
            Self::News { slug, id, text, state } => {
                let path = format!("{}/notices/{}/news", of(&slug), escaped(&id));
                let body = json!({ "text": text, "state": state.map(State::word) });
                told(out, &client.ask(Method::Post, &path, Some(&body)).await?.json);
            }
            Self::Withdraw { slug, id, yes } => {
                sure(&format!("take the notice {id} from the page {slug}"), yes)?;
                client.ask(Method::Delete, &format!("{}/notices/{}", of(&slug), escaped(&id)), None).await?;
            }
        }
        Ok(0)
    }
}

impl Publish {
    fn body(&self) -> Value {
        json!({
            "title": self.title, "text": self.text, "state": self.state.word(), "language": self.language,
            "components": self.component, "incident": self.incident,
        })
    }
}

fn of(slug: &str) -> String {
    format!("{PATH}/{}", escaped(slug))
}
