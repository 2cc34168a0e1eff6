//! What is to be forwarded where?

use std::net::SocketAddr;
use std::str::FromStr;

use crate::LinkChange;

/// Everything a link is started with.
#[derive(Debug, Clone)]
pub struct Plan {
    /// UDP listeners.
    pub udp: Vec<Forward>,
    /// TCP listeners.
    pub tcp: Vec<Forward>,
    /// Where to take requests; loopback only.
    pub control: SocketAddr,
    /// What luck follows from.
    pub seed: u64,
    /// How bad it is at the start.
    pub change: LinkChange,
    /// What meets new TCP clients while the link is cut.
    pub when_cut: WhenCut,
}

/// What meets new TCP clients while the link is cut.
///
/// The kernel completes the handshake whatever we do, so even `Hang` looks connected to the client, and only stays
/// silent; a client that waits for the first byte notices no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenCut {
    /// They wait until it is healed, as behind a dead line.
    #[default]
    Hang,
    /// They are reset at once, as by a router that knows the line is dead.
    Refuse,
}

/// One listener and its target, written `LISTEN=TARGET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// `host:port`, looked up when the link starts.
    pub target: String,
}

/// Why a text is no `LISTEN=TARGET`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError {
    /// There is no `=` in it.
    #[error("no '=' found; write LISTEN=TARGET, for example 127.0.0.1:0=127.0.0.1:4433")]
    NoTarget,
    /// What should be listened on is no address.
    #[error("{0:?} is not an address to listen on; write IP:PORT, for example 127.0.0.1:0")]
    Listen(String),
    /// The target has no port.
    #[error("{0:?} is not a target; write HOST:PORT, for example 127.0.0.1:4433")]
    Target(String),
}

impl FromStr for Forward {
    type Err = ForwardError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (listen, target) = text.split_once('=').ok_or(ForwardError::NoTarget)?;
        Ok(Self {
            listen: listen.parse().map_err(|_| ForwardError::Listen(listen.to_owned()))?,
            target: target_with_port(target)?,
        })
    }
}

fn target_with_port(target: &str) -> Result<String, ForwardError> {
    let port = target.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(1..)) => Ok(target.to_owned()),
        Some(Ok(0) | Err(_)) | None => Err(ForwardError::Target(target.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forward_is_an_address_an_equals_sign_and_a_host_with_port() {
        let forward: Forward = "[::1]:0=hub.example:4433".parse().unwrap();
        assert_eq!(forward.listen, "[::1]:0".parse().unwrap());
        assert_eq!(forward.target, "hub.example:4433");
    }

    #[test]
    fn each_half_is_refused_with_its_own_sentence() {
        let refused = |text: &str| text.parse::<Forward>().unwrap_err();
        assert_eq!(refused("127.0.0.1:0"), ForwardError::NoTarget);
        assert_eq!(refused("here=hub:1"), ForwardError::Listen("here".into()));
        assert_eq!(refused("127.0.0.1:0=hub"), ForwardError::Target("hub".into()));
        assert_eq!(refused("127.0.0.1:0=hub:0"), ForwardError::Target("hub:0".into()));
    }
}
