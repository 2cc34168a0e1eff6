//! A hub: one of our own, started and watched from outside; and any hub, asked by its API.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use vigie_node::Failed;

use crate::running::{PATIENCE, Running, ask};

/// The API of a hub.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

impl Api {
    /// What a path answers with.
    pub(crate) fn get(&self, path: &str) -> Result<Value, Failed> {
        let mut stream = TcpStream::connect_timeout(&self.address, Duration::from_secs(5))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // Version 1.0: the answer comes whole, and the connection ends with it.
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", self.token);
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        if !head.contains(" 200 ") {
            let said = head.lines().next().unwrap_or("nothing");
            return Err(Failed::new(1, format!("the API answered {said:?} to {path}")));
        }
        Ok(serde_json::from_str(body).unwrap_or(Value::Null))
    }
}

/// A hub of our own.
#[derive(Debug)]
pub(crate) struct OwnHub {
    pub(crate) process: Running,
    pub(crate) api: Api,
    /// Removed with the hub when nobody named a folder.
    _temporary: Option<tempfile::TempDir>,
}

impl OwnHub {
    /// Starts `vigie-cloud`.
    pub(crate) fn start(data: Option<&Path>) -> Result<Self, Failed> {
        let temporary = if data.is_none() { Some(tempfile::tempdir()?) } else { None };
        let folder = data.map_or_else(|| temporary.iter().map(|dir| dir.path().join("hub")).collect(), Path::to_owned);
        let (udp, http) = free_ports()?;
        let (listen, page) = (udp.to_string(), http.to_string());
        let args = ["run", "--listen", &listen, "--advertise", &listen, "--http", &page];
        let mut process = Running::start("vigie-cloud", &args, &folder)?;
        let api = until_served(&mut process, http)?;
        Ok(Self { process, api, _temporary: temporary })
    }

    /// A join token for a site.
    pub(crate) fn token(&self, site: &str, uses: u32) -> Result<String, Failed> {
        let uses = uses.to_string();
        let args = ["token", "create", "--client", "acme", "--site", site, "--uses", &uses, "--json"];
        Ok(ask("vigie-cloud", &args, self.process.data())?["token"].as_str().unwrap_or_default().to_owned())
    }

    /// What the hub says of itself.
    pub(crate) fn status(&self) -> Result<Value, Failed> {
        ask("vigie-cloud", &["status", "--json"], self.process.data())
    }
}

/// A relay of our own, beside a hub.
#[derive(Debug)]
pub(crate) struct OwnRelay {
    pub(crate) process: Running,
    /// Where agents reach it.
    pub(crate) listen: SocketAddr,
}

impl OwnRelay {
    /// Enrols and starts `vigie-relay`, its folder beside the hub's.
    pub(crate) fn start(hub: &OwnHub, token: &str) -> Result<Self, Failed> {
        let folder: PathBuf = hub.process.data().with_file_name("relay");
        let (listen, http) = free_ports()?;
        let (udp, page) = (listen.to_string(), http.to_string());
        ask("vigie-relay", &["enrol", "--token", token, "--advertise", &udp, "--json"], &folder)?;
        let args = ["run", "--listen", &udp, "--http", &page, "--link", "lan"];
        let mut process = Running::start("vigie-relay", &args, &folder)?;
        until_served(&mut process, http)?;
        Ok(Self { process, listen })
    }
}

/// Waits until a node answers over HTTP; its API, opened by its own token.
fn until_served(process: &mut Running, address: SocketAddr) -> Result<Api, Failed> {
    let mut api = Api { address, token: String::new() };
    process.until(|data| {
        let token = std::fs::read_to_string(data.join("http.token")).unwrap_or_default();
        token.trim().clone_into(&mut api.token);
        !api.token.is_empty() && api.get("/api/v1/sites").is_ok()
    })?;
    Ok(api)
}

/// A port for nodes and one for people that nobody had a moment ago.
fn free_ports() -> Result<(SocketAddr, SocketAddr), Failed> {
    Ok((UdpSocket::bind("127.0.0.1:0")?.local_addr()?, TcpListener::bind("127.0.0.1:0")?.local_addr()?))
}
