//! Which addresses does a name have, and which of them answers?

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::guard::{Guard, Judged, Refused};

/// How long a name may take to resolve.
const RESOLVE_PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection may take to open.
pub const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// Addresses of one name that are dialled.
const MAX_DIALLED: usize = 4;

/// Addresses of one name that are looked at: an answer of a name server is not longer, but a wrong one may be.
const MAX_LOOKED_AT: usize = 64;

/// Who knows the addresses of a name.
pub trait Names: fmt::Debug + Send + Sync {
    /// All of them, as they are now.
    fn addresses<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;
}

/// The system's own resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    fn addresses<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        Box::pin(async move { Ok(lookup_host((host, port)).await?.take(MAX_LOOKED_AT).collect()) })
    }
}

/// The addresses of a host that may be dialled, asked for once. Those that may not are left out; if none may, it is said why.
///
/// # Errors
/// When there is none, in words for people.
pub async fn resolve(names: &dyn Names, guard: &Guard, host: &str, port: u16) -> Result<Vec<Judged>, String> {
    let host = host.trim_matches(['[', ']']);
    let found = timeout(RESOLVE_PATIENCE, names.addresses(host, port))
        .await
        .map_err(|_| format!("{host} was not resolved within {} s", RESOLVE_PATIENCE.as_secs()))?
        .map_err(|error| format!("{host} can not be resolved: {error}"))?;
    let mut refused: Option<Refused> = None;
    let mut may = Vec::new();
    for at in found.into_iter().take(MAX_LOOKED_AT) {
        match guard.judge(at) {
            Ok(judged) if may.len() < MAX_DIALLED => may.push(judged),
            Ok(_) => {}
            Err(why) => refused = Some(why),
        }
    }
    match (may.is_empty(), refused) {
        (false, _) => Ok(may),
        (true, Some(why)) => Err(format!("{host}: {why}")),
        (true, None) => Err(format!("{host} has no address")),
    }
}

/// A connection to the first of them that answers.
///
/// # Errors
/// When none does, in words for people.
pub async fn dial(addresses: &[Judged]) -> Result<TcpStream, String> {
    let mut why = "no address".to_owned();
    for judged in addresses {
        let address = judged.at();
        why = match timeout(CONNECT_PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => format!("no connection to {address}: {error}"),
            Err(_) => format!("no connection to {address} within {} s", CONNECT_PATIENCE.as_secs()),
        };
    }
    Err(why)
}
