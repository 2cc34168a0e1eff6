//! Who asks a hub of many clients: people who were invited, took that up and signed in, and what they keep there.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::Size;
use super::world::{World, client_name};
use crate::http::Client;
use crate::program::{Program, own};

/// People who come in at once. Their passwords are worked out one after the other.
const AT_ONCE: usize = 4;

/// Browsers of how many people stay signed in, and of how many clients there is a page that anybody may read.
const SIGNED_IN: u32 = 100;
const PAGES: u32 = 50;
/// Clients that are settled on one proof: on a slow machine all of them take longer than a proof holds.
const PROVED_FOR: u32 = 50;
/// As many as one owner may have.
const BOARDS: u32 = 100;
const TOKENS: u32 = 40;

/// The two who ask.
#[derive(Debug)]
pub(super) struct Cast {
    provider: Client,
    client: std::sync::OnceLock<Client>,
}

impl Cast {
    /// The provider's own person comes in, invited from the hub's command line.
    pub(super) fn begin(hub: &Program, data: &Path) -> Result<Self, String> {
        let made = Command::new(own("vigie-cloud")?)
            .args(["person", "add", "--email", "root@example.org", "--name", "Root", "--grant", "admin@*", "--json"])
            .arg("--data")
            .arg(data)
            .output()
            .map_err(|error| error.to_string())?;
        let invited: Value = serde_json::from_slice(&made.stdout)
            .map_err(|_| format!("nobody was invited: {}", String::from_utf8_lossy(&made.stderr)))?;
        let mut provider = Client::connect(hub.address, None).map_err(|error| error.to_string())?;
        comes_in(&mut provider, &invited)?;
        signs_in(&mut provider, "root@example.org")?;
        Ok(Self { provider, client: std::sync::OnceLock::new() })
    }

    /// Who sees everything, in a browser.
    pub(super) fn provider(&self) -> Result<Client, String> {
        self.provider.again()
    }

    /// Who looks after the first client, in a browser.
    pub(super) fn client(&self) -> Result<Client, String> {
        self.client.get().ok_or("the client's person did not come in")?.again()
    }
}

/// By what a person signs in.
pub(super) fn email(person: u32) -> String {
    format!("person-{person:04}@example.org")
}

/// Theirs alone, and not foreseen.
fn password(email: &str) -> String {
    let number: String = email.chars().filter(char::is_ascii_digit).collect();
    format!("maison verte {number} sous la pluie")
}

fn comes_in(client: &mut Client, invited: &Value) -> Result<(), String> {
    let (email, code) = (invited["email"].as_str().unwrap_or_default(), &invited["code"]);
    let wish = json!({ "code": code, "password": password(email) });
    client.say("POST", "/api/v1/invitations/accept", &wish).map(|_| ())
}

fn signs_in(client: &mut Client, email: &str) -> Result<(), String> {
    client.say("POST", "/api/v1/sessions", &json!({ "email": email, "password": password(email) })).map(|_| ())
}

/// Proves again who the provider's person is: what follows asks for that.
fn proves(provider: &mut Client) -> Result<(), String> {
    provider.say("POST", "/api/v1/me/proof", &json!({ "password": password("root@example.org") })).map(|_| ())
}

/// Everybody is invited and takes that up, through the API. Of each client the first looks after its people.
pub(super) fn invite(world: &World, size: Size) -> Result<(), String> {
    let next = AtomicU32::new(0);
    let some = || {
        let (mut provider, mut nobody) = (world.cast.provider()?, stranger(world)?);
        loop {
            let person = next.fetch_add(1, Ordering::Relaxed);
            if person >= size.people {
                return Ok(());
            }
            let role = if person < size.clients { "admin" } else { "operator" };
            let scope = client_name(person % size.clients);
            let wish = json!({ "email": email(person), "name": format!("Person {person}"), "mail": false,
                "grants": [{ "role": role, "scope": scope }] });
            comes_in(&mut nobody, &provider.say("POST", "/api/v1/invitations", &wish)?)?;
        }
    };
    side_by_side(some)?;
    let mut first = stranger(world)?;
    signs_in(&mut first, &email(0))?;
    world.cast.client.get_or_init(|| first);
    Ok(())
}

/// What people keep at a hub: browsers, tokens, quotas, windows, boards, pages, and some who have not come in yet.
pub(super) fn settle_in(world: &World, size: Size) -> Result<(), String> {
    let mut provider = world.cast.provider()?;
    for client in 0..size.clients {
        if client % PROVED_FOR == 0 {
            proves(&mut provider)?;
        }
        let name = client_name(client);
        provider.say("PUT", &format!("/api/v1/quotas/{name}"), &json!({ "machines": 500, "users": 50 }))?;
        let window = json!({ "client": name, "site": name, "minutes": 600, "why": "new tills",
            "labels": { "rule": "Nothing" } });
        provider.say("POST", "/api/v1/maintenance", &window)?;
        let wish = json!({ "email": format!("invited-{client}@example.org"), "name": "Somebody", "mail": false,
            "grants": [{ "role": "observer", "scope": name }] });
        provider.say("POST", "/api/v1/invitations", &wish)?;
    }
    proves(&mut provider)?;
    for client in 0..size.clients.min(PAGES) {
        let name = client_name(client);
        let page = json!({ "client": name, "title": name, "on": true,
            "components": [{ "name": "Tills", "of": { "site": name } }] });
        provider.say("POST", "/api/v1/status-pages", &page)?;
    }
    for number in 0..size.clients.min(BOARDS) {
        let board = json!({ "name": format!("Board {number}"), "shared": client_name(number), "range": "24h",
            "widgets": [{ "kind": "incidents", "x": 0, "y": 0, "w": 6, "h": 4 }] });
        provider.say("POST", "/api/v1/boards", &board)?;
    }
    for number in 0..size.clients.min(TOKENS) {
        let token = json!({ "name": format!("reader {number}"), "rights": ["look"], "scopes": [client_name(number)] });
        provider.say("POST", "/api/v1/tokens", &token)?;
    }
    for person in 1..size.people.min(SIGNED_IN) {
        signs_in(&mut stranger(world)?, &email(person))?;
    }
    Ok(())
}

/// Somebody who is nobody yet.
pub(super) fn stranger(world: &World) -> Result<Client, String> {
    Client::connect(world.hub.address, None).map_err(|error| error.to_string())
}

/// The same work some times at once; the first that fails says why.
fn side_by_side(work: impl Fn() -> Result<(), String> + Sync) -> Result<(), String> {
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(&work)).collect();
        all.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| Err("it was not done to the end".to_owned())))
    })
}
