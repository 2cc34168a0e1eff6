//! What is wrong, what is decided of it, and by which rules is it found?

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, Method, asked, escaped};
use super::end::End;
use super::listen::Events;
use super::look::{Listed, told};
use super::people::sure;
use super::shape::Out;
use super::table::{Column, column};

/// What is asked of alerts.
#[derive(Debug, Subcommand)]
pub(super) enum Alerts {
    /// What is open: status, severity, rule, client, site, machine, ack, assigned, doubt, muted, age, times.
    List {
        /// Those that are over, too.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        listed: Listed,
    },
    /// One, with all that was said of it.
    Show {
        /// Which.
        id: String,
    },
    /// Who was told of it: what became of each message, and why a route told nothing.
    Messages {
        /// Which.
        id: String,
    },
    /// You know of them.
    Ack {
        /// Which.
        #[arg(required = true)]
        ids: Vec<String>,
        /// A note.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Nobody knows of them after all.
    Unack {
        /// Which.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Somebody takes care of it.
    Assign {
        /// Which.
        id: String,
        /// Who; nobody if empty.
        #[arg(long)]
        to: String,
    },
    /// Something to know.
    Comment {
        /// Which.
        id: String,
        /// What.
        text: String,
    },
    /// Be quiet for a while.
    Snooze {
        /// Which.
        id: String,
        /// For so many minutes.
        #[arg(long, conflicts_with = "until", required_unless_present = "until")]
        minutes: Option<u32>,
        /// Until then: RFC 3339.
        #[arg(long)]
        until: Option<String>,
    },
    /// Speak again.
    Wake {
        /// Which.
        id: String,
    },
    /// They are over.
    Resolve {
        /// Which.
        #[arg(required = true)]
        ids: Vec<String>,
        /// Why.
        #[arg(long, default_value = "")]
        why: String,
    },
    /// What begins, changes and is decided, as it happens.
    Watch,
}

const ALERTS: [Column; 8] = [
    column("id", "/id"),
    column("standing", "/standing"),
    column("severity", "/severity"),
    column("client", "/client"),
    column("site", "/site"),
    column("machine", "/machine"),
    column("since", "/since"),
    column("summary", "/summary"),
];

const MESSAGES: [Column; 6] = [
    column("at", "/at"),
    column("route", "/route"),
    column("channel", "/channel"),
    column("kind", "/kind"),
    column("state", "/state"),
    column("to", "/to"),
];

impl Alerts {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List { all, listed } => {
                let more = [("standing", Some(if all { "all" } else { "open" }))];
                let (whole, rows, note) = listed.rows(client, ("/api/v1/incidents", "incidents"), &more).await?;
                out.rows(&whole, &rows, &ALERTS, &note);
                Ok(0)
            }
            Self::Show { id } => {
                out.one(&client.get(&format!("/api/v1/incidents/{}", escaped(&id))).await?.json);
                Ok(0)
            }
            Self::Messages { id } => {
                let answer = client.get(&format!("/api/v1/incidents/{}/messages", escaped(&id))).await?;
                let rows = answer.rows("messages");
                out.rows(&answer.json, &rows, &MESSAGES, &silent(&answer.json));
                Ok(0)
            }
            Self::Ack { ids, note } => decide(client, out, &ids, "acknowledge", json!({ "text": note })).await,
            Self::Unack { ids } => decide(client, out, &ids, "unacknowledge", json!({})).await,
            Self::Assign { id, to } => decide(client, out, &[id], "assign", json!({ "text": to })).await,
            Self::Comment { id, text } => decide(client, out, &[id], "comment", json!({ "text": text })).await,
            Self::Snooze { id, minutes, until } => {
                let body = minutes.map_or_else(|| json!({ "until": until }), |minutes| json!({ "minutes": minutes }));
                decide(client, out, &[id], "snooze", body).await
            }
            Self::Wake { id } => decide(client, out, &[id], "wake", json!({})).await,
            Self::Resolve { ids, why } => decide(client, out, &ids, "resolve", json!({ "text": why })).await,
            Self::Watch => Events::of("alert,decision").run(client, out).await,
        }
    }
}

/// The routes that are for it and told nothing, each with why; and since when it is known.
fn silent(whole: &Value) -> String {
    let routes = whole["routes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut said: Vec<String> = routes
        .iter()
        .filter(|route| route["standing"] != "told")
        .map(|route| {
            let until = route["until"].as_str().map(|until| format!(" until {until}")).unwrap_or_default();
            format!("{}: {}{until}", route["route"].as_str().unwrap_or("-"), route["standing"].as_str().unwrap_or("-"))
        })
        .collect();
    if routes.is_empty() {
        said.push("no route is for this: nobody is told".to_owned());
    }
    said.extend(whole["earlier"].as_u64().filter(|more| *more > 0).map(|more| format!("and {more} earlier")));
    said.extend(whole["known_since"].as_str().map(|since| format!("what was sent before {since} is not known")));
    said.join("; ")
}

async fn decide(client: &Client, out: Out, ids: &[String], word: &str, body: Value) -> Result<u8, End> {
    let mut decided = Vec::new();
    for id in ids {
        let path = format!("/api/v1/incidents/{}/{word}", escaped(id));
        decided.push(client.ask(Method::Post, &path, Some(&body)).await?.json);
    }
    let whole = json!({ "incidents": decided });
    out.rows(&whole, &decided, &ALERTS, "");
    Ok(0)
}

/// What is asked of rules.
#[derive(Debug, Subcommand)]
pub(super) enum Rules {
    /// Those that are evaluated.
    List,
    /// What is said of one at each level, and what holds for a machine.
    Show {
        /// Its name.
        rule: String,
        /// A machine, by its name or id.
        #[arg(long)]
        machine: Option<String>,
    },
}

const RULES: [Column; 6] = [
    column("rule", "/name"),
    column("group", "/group"),
    column("for_ms", "/for_ms"),
    column("severity", "/labels/severity"),
    column("alerts", "/alerts_open"),
    column("expr", "/expr"),
];

impl Rules {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List => {
                let answer = client.get("/api/v1/watch/rules").await?;
                let of_group = |group: Value| {
                    let rules = group["rules"].as_array().cloned().unwrap_or_default();
                    rules.into_iter().map(move |mut rule| {
                        rule["group"] = group["name"].clone();
                        rule["alerts_open"] = json!(rule["alerts"].as_array().map_or(0, Vec::len));
                        rule
                    })
                };
                let rows: Vec<Value> = answer.rows("groups").into_iter().flat_map(of_group).collect();
                out.rows(&answer.json, &rows, &RULES, &answer.note(rows.len()));
            }
            Self::Show { rule, machine } => {
                let query = asked(&[("machine", machine.as_deref())]);
                out.one(&client.get(&format!("/api/v1/watch/rules/{}{query}", escaped(&rule))).await?.json);
            }
        }
        Ok(0)
    }
}

/// What is asked of maintenance and silences.
#[derive(Debug, Subcommand)]
pub(super) enum Maintenance {
    /// What mutes or will, and what ended within a week.
    List,
    /// Mutes.
    Add(Mute),
    /// What that would mute.
    Preview(Mute),
    /// Ends it before its time.
    End {
        /// Which.
        id: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// When nobody is to be told.
#[derive(Debug, Args)]
pub(super) struct Mute {
    /// Whose.
    #[arg(long)]
    client: Option<String>,
    /// Where.
    #[arg(long)]
    site: Option<String>,
    /// Of this machine alone.
    #[arg(long)]
    machine: Option<String>,
    /// Of this rule alone.
    #[arg(long)]
    rule: Option<String>,
    /// For so many minutes from now on.
    #[arg(long)]
    minutes: u32,
    /// A silence mutes all that it names; maintenance not what must never be slept through.
    #[arg(long)]
    silence: bool,
    /// Why.
    #[arg(long, default_value = "")]
    why: String,
}

impl Mute {
    fn wish(&self) -> Value {
        let mut wish = json!({ "minutes": self.minutes, "why": self.why,
            "kind": if self.silence { "silence" } else { "maintenance" } });
        let named = [("client", &self.client), ("site", &self.site), ("machine", &self.machine), ("rule", &self.rule)];
        for (name, value) in named {
            if let Some(value) = value {
                wish[name] = json!(value);
            }
        }
        wish
    }
}

const MAINTENANCE: [Column; 7] = [
    column("id", "/id"),
    column("kind", "/wish/kind"),
    column("client", "/wish/client"),
    column("site", "/wish/site"),
    column("labels", "/wish/labels"),
    column("active", "/active"),
    column("by", "/by"),
];

impl Maintenance {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        const PATH: &str = "/api/v1/maintenance";
        match self {
            Self::List => {
                let answer = client.get(PATH).await?;
                let rows = answer.rows("maintenance");
                out.rows(&answer.json, &rows, &MAINTENANCE, &answer.note(rows.len()));
            }
            Self::Add(mute) => told(out, &client.ask(Method::Post, PATH, Some(&mute.wish())).await?.json),
            Self::Preview(mute) => {
                let path = format!("{PATH}/preview");
                told(out, &client.ask(Method::Post, &path, Some(&mute.wish())).await?.json);
            }
            Self::End { id, yes } => {
                sure(&format!("end maintenance {id} now"), yes)?;
                let path = format!("{PATH}/{}/end", escaped(&id));
                told(out, &client.ask(Method::Post, &path, Some(&json!({}))).await?.json);
            }
        }
        Ok(0)
    }
}
