//! A hub: one of our own, started and watched from outside; and any hub, asked by its API.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use vigie_node::Failed;

/// A hub gets this long to answer after its start, and to end after it was told to.
const PATIENCE: Duration = Duration::from_secs(60);

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
            return Err(Failed::new(1, format!("the hub's API answered {said:?} to {path}")));
        }
        Ok(serde_json::from_str(body).unwrap_or(Value::Null))
    }
}

/// A hub of our own.
#[derive(Debug)]
pub(crate) struct OwnHub {
    child: Child,
    data: PathBuf,
    pub(crate) api: Api,
    /// Removed with the hub when nobody named a folder.
    _temporary: Option<tempfile::TempDir>,
}

impl OwnHub {
    /// Starts the program `vigie-cloud` that lies beside this one, or where `VIGIE_CLOUD` says.
    pub(crate) fn start(data: Option<&Path>) -> Result<Self, Failed> {
        let temporary = if data.is_none() { Some(tempfile::tempdir()?) } else { None };
        let folder = data.map_or_else(|| temporary.iter().map(|dir| dir.path().join("hub")).collect(), Path::to_owned);
        let udp = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        let http = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = std::fs::File::create(folder.with_extension("log"))?;
        let child = Command::new(program()?)
            .args(["run", "--data", &folder.to_string_lossy(), "--listen", &udp.to_string()])
            .args(["--advertise", &udp.to_string(), "--http", &http.to_string(), "--log", "warn"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let api = Api { address: http, token: String::new() };
        let mut hub = Self { child, data: folder, api, _temporary: temporary };
        hub.answers()?;
        Ok(hub)
    }

    fn answers(&mut self) -> Result<(), Failed> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && self.child.try_wait()?.is_none() {
            let token = std::fs::read_to_string(self.data.join("http.token")).unwrap_or_default();
            token.trim().clone_into(&mut self.api.token);
            if !self.api.token.is_empty() && self.api.get("/api/v1/sites").is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.data.with_extension("log")).unwrap_or_default();
        Err(Failed::new(1, format!("the hub did not begin to answer; it said:\n{log}")))
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// A join token for a site.
    pub(crate) fn token(&self, site: &str, uses: u32) -> Result<String, Failed> {
        let uses = uses.to_string();
        let args = ["token", "create", "--client", "acme", "--site", site, "--uses", &uses, "--json"];
        Ok(self.ask(&args)?["token"].as_str().unwrap_or_default().to_owned())
    }

    /// What the hub says of itself.
    pub(crate) fn status(&self) -> Result<Value, Failed> {
        self.ask(&["status", "--json"])
    }

    fn ask(&self, args: &[&str]) -> Result<Value, Failed> {
        let done = Command::new(program()?).args(args).arg("--data").arg(&self.data).stdin(Stdio::null()).output()?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            return Err(Failed::new(1, format!("vigie-cloud {}: {said}", args[0])));
        }
        Ok(serde_json::from_slice(&done.stdout)?)
    }

    /// Ends it in order; says how long it took, or that it had to be killed.
    pub(crate) fn stop(&mut self) -> Option<Duration> {
        let began = Instant::now();
        let pid = Pid::from_raw(self.child.id().cast_signed())?;
        kill_process(pid, Signal::TERM).ok()?;
        while began.elapsed() < PATIENCE {
            if self.child.try_wait().ok()?.is_some() {
                return Some(began.elapsed());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for OwnHub {
    fn drop(&mut self) {
        // Nothing to be done about a process that has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn program() -> Result<PathBuf, Failed> {
    if let Some(said) = std::env::var_os("VIGIE_CLOUD") {
        return Ok(PathBuf::from(said));
    }
    let own = std::env::current_exe()?;
    let beside = own.ancestors().map(|folder| folder.join("vigie-cloud")).find(|path| path.is_file());
    let text = "vigie-cloud is not beside this program; build it too (cargo build --release -p vigie-cloud), or say \
        where it is in VIGIE_CLOUD. Nothing was started.";
    beside.ok_or_else(|| Failed::new(1, text))
}
