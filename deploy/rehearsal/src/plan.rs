//! Who plays, where, and on which ports? Written to a file, so that a second terminal finds the running demo.

use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::Failed;

/// A demo that runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The process that supervises.
    pub(crate) pid: u32,
    pub(crate) dir: PathBuf,
    pub(crate) hub_udp: u16,
    pub(crate) hub_http: u16,
    pub(crate) sites: Vec<SitePlan>,
}

/// One site.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SitePlan {
    pub(crate) name: String,
    pub(crate) relay_udp: u16,
    pub(crate) relay_http: u16,
    pub(crate) line_udp: u16,
    pub(crate) line_control: u16,
    pub(crate) agents: Vec<String>,
}

/// Two ports of call of the Atlantic and the Rhône.
const SITES: [&str; 2] = ["lyon", "brest"];

impl Plan {
    pub(crate) fn draw(dir: &Path, machines: u32, http_port: Option<u16>) -> Result<Self, Failed> {
        let hub_http = match http_port {
            Some(port) => taken_or_free(port)?,
            None => free_tcp()?,
        };
        let site = |(at, name): (u32, &str)| -> Result<SitePlan, Failed> {
            let agents = (1..=machines).filter(|one| one % 2 == at).map(|one| format!("till-{one:02}")).collect();
            Ok(SitePlan {
                name: name.to_owned(),
                relay_udp: free_udp()?,
                relay_http: free_tcp()?,
                line_udp: free_udp()?,
                line_control: free_tcp()?,
                agents,
            })
        };
        let sites = (0u32..).zip(SITES).map(site).collect::<Result<_, _>>()?;
        Ok(Self { pid: std::process::id(), dir: dir.to_owned(), hub_udp: free_udp()?, hub_http, sites })
    }

    pub(crate) fn site(&self, name: &str) -> Result<&SitePlan, Failed> {
        self.sites.iter().find(|site| site.name == name).ok_or_else(|| {
            let names: Vec<_> = self.sites.iter().map(|site| site.name.as_str()).collect();
            Failed::new(5, format!("there is no site {name:?}; the sites are {}", names.join(" and ")))
        })
    }

    /// Makes this the demo that other terminals find.
    pub(crate) fn publish(&self) -> Result<(), Failed> {
        let text = serde_json::to_string(self).map_err(|error| Failed::new(1, error.to_string()))?;
        std::fs::write(marker()?, text)?;
        Ok(())
    }

    pub(crate) fn withdraw() {
        // A marker of a demo that has ended is recognised by its process anyway.
        drop(marker().map(std::fs::remove_file));
    }

    /// The demo that runs.
    pub(crate) fn running() -> Result<Self, Failed> {
        let none = || Failed::new(6, "no demo runs; start one with ./deploy/demo");
        let text = std::fs::read_to_string(marker()?).map_err(|_| none())?;
        let plan: Self = serde_json::from_str(&text).map_err(|_| none())?;
        if Path::new(&format!("/proc/{}", plan.pid)).exists() { Ok(plan) } else { Err(none()) }
    }
}

/// A file that only this user can have written.
fn marker() -> Result<PathBuf, Failed> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let user = rustix::process::getuid().as_raw();
    let folder = match std::env::var_os("XDG_RUNTIME_DIR") {
        Some(folder) if Path::new(&folder).is_dir() => PathBuf::from(folder).join("vigie-demo"),
        _ => std::env::temp_dir().join(format!("vigie-demo-{user}")),
    };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    if std::fs::symlink_metadata(&folder)?.uid() != user {
        return Err(Failed::new(1, format!("{} belongs to somebody else; nothing was started", folder.display())));
    }
    Ok(folder.join("running.json"))
}

fn free_udp() -> Result<u16, Failed> {
    Ok(UdpSocket::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn free_tcp() -> Result<u16, Failed> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn taken_or_free(port: u16) -> Result<u16, Failed> {
    TcpListener::bind(("127.0.0.1", port)).map(|_| port).map_err(|error| {
        let text = format!("port {port} can not be used ({error}); say another with --http-port. Nothing was started.");
        Failed::new(1, text)
    })
}
