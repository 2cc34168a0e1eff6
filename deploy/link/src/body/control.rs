//! Who may tell a running link what to do? Whoever is on this machine: a line in, a line out.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::StartError;
use super::office::Office;
use crate::{MAX_LINE_BYTES, Reply, Request};

/// How many may hold a line at once. A test and a person or two; further ones wait.
const MAX_CALLERS: usize = 16;

/// How long a caller may stay silent, so that forgotten ones do not keep the others out.
const SILENCE: Duration = Duration::from_secs(60);

/// Listens, and answers from then on.
pub(super) async fn start(
    address: SocketAddr,
    office: &Arc<Office>,
    tasks: &mut JoinSet<()>,
) -> Result<SocketAddr, StartError> {
    let taken = |why| StartError::Listen { what: "control", address, why };
    let socket = TcpListener::bind(address).await.map_err(taken)?;
    let address = socket.local_addr().map_err(taken)?;
    tasks.spawn(accept(socket, Arc::clone(office)));
    Ok(address)
}

async fn accept(socket: TcpListener, office: Arc<Office>) {
    let places = Arc::new(Semaphore::new(MAX_CALLERS));
    let mut callers = JoinSet::new();
    loop {
        while callers.try_join_next().is_some() {}
        let place = Arc::clone(&places).acquire_owned().await;
        let place = place.expect("the semaphore is never closed");
        let Ok((caller, _)) = socket.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let office = Arc::clone(&office);
        callers.spawn(async move {
            // A caller who hangs up in the middle has nobody to be told about it.
            drop(converse(caller, &office).await);
            drop(place);
        });
    }
}

/// Answers line after line. Hangs up on who does not speak the protocol: a browser that was lured here says `POST`
/// first, and must not get to a second line.
async fn converse(mut caller: TcpStream, office: &Office) -> io::Result<()> {
    caller.set_nodelay(true)?;
    let (from, mut to) = caller.split();
    let mut from = BufReader::new(from);
    while let Ok(line) = tokio::time::timeout(SILENCE, read_line(&mut from)).await {
        let line = line?;
        if line.is_empty() {
            return Ok(());
        }
        match Request::parse(&line) {
            Ok(request) => write_reply(&mut to, &office.answer(request)).await?,
            Err(why) => return write_reply(&mut to, &Reply::refused(why)).await,
        }
    }
    Ok(())
}

/// Reads a line, or the first [`MAX_LINE_BYTES`] and one byte of it; empty at the end.
pub(super) async fn read_line(from: impl AsyncBufRead + Unpin) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut bounded = from.take(MAX_LINE_BYTES as u64 + 1);
    bounded.read_until(b'\n', &mut line).await?;
    Ok(line)
}

async fn write_reply(to: &mut (impl AsyncWriteExt + Unpin), reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    to.write_all(&line).await
}
