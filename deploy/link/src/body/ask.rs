//! How does another process tell a running link what to do?

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::control::read_line;
use crate::{Reply, Request};

/// How long a link may take to answer. It does so in microseconds, or it hangs.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody is there.
    #[error(
        "cannot reach a link at {control}: {why}; is `vigie-link run` alive, and is this the control address it printed?"
    )]
    Unreachable {
        /// Where it was looked for.
        control: SocketAddr,
        /// What the kernel said.
        why: io::Error,
    },
    /// Somebody is there who does not answer.
    #[error("{control} accepted but gave no answer in {} s; is it the control address of a link?", ANSWER_WITHIN.as_secs())]
    NoAnswer {
        /// Who was asked.
        control: SocketAddr,
    },
    /// Somebody answers who is no link.
    #[error("the answer of {control} is not a link's: {why}; is this the control address it printed?")]
    NotALink {
        /// Who was asked.
        control: SocketAddr,
        /// What is wrong with the answer.
        why: serde_json::Error,
    },
    /// The link says no, and why.
    #[error("the link refused: {0}")]
    Refused(String),
}

/// Asks a running link to do something. An answer means it was done.
pub async fn ask(control: SocketAddr, request: &Request) -> Result<Reply, AskError> {
    let exchange = tokio::time::timeout(ANSWER_WITHIN, exchange(control, request));
    let line = match exchange.await {
        Ok(Ok(line)) => line,
        Ok(Err(why)) => return Err(AskError::Unreachable { control, why }),
        Err(_) => return Err(AskError::NoAnswer { control }),
    };
    let reply: Reply = serde_json::from_slice(&line).map_err(|why| AskError::NotALink { control, why })?;
    if reply.ok { Ok(reply) } else { Err(AskError::Refused(reply.error.unwrap_or_default())) }
}

async fn exchange(control: SocketAddr, request: &Request) -> io::Result<Vec<u8>> {
    let mut link = TcpStream::connect(control).await?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    link.write_all(&line).await?;
    read_line(BufReader::new(link)).await
}
