//! How does a link get sockets, a clock and somebody to talk to?
//!
//! Everything that waits or touches the kernel is below here; what becomes of a parcel is decided in [`crate::Link`].

mod ask;
mod control;
mod office;
mod plan;
mod tcp;
mod udp;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::ChangeError;

pub use ask::{AskError, ask};
pub use plan::{Forward, ForwardError, Plan, WhenCut};

use office::Office;

/// A link that forwards. Dropped, it is gone at once, with all its connections.
#[derive(Debug)]
pub struct Running {
    /// The UDP listeners, in the order they were asked for.
    pub udp: Vec<Listening>,
    /// The TCP listeners, in the order they were asked for.
    pub tcp: Vec<Listening>,
    /// Where it takes requests.
    pub control: SocketAddr,
    tasks: JoinSet<()>,
}

/// A listener with its real port, and where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    /// Where clients come.
    pub listen: SocketAddr,
    /// Where they are forwarded to.
    pub target: SocketAddr,
}

/// Why a link did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is not free or not ours.
    #[error("cannot listen for {what} on {address}: {why}; free it or choose another, port 0 takes any free one")]
    Listen {
        /// UDP, TCP or control.
        what: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the kernel said.
        why: io::Error,
    },
    /// A target's name means nothing here. Names are looked up once, at the start.
    #[error("cannot find the target {target}: {why}; give an address and port, or a name this machine knows")]
    Target {
        /// The target.
        target: String,
        /// What the resolver said.
        why: io::Error,
    },
    /// The control address can be reached from elsewhere. Whoever reaches it may cut the link.
    #[error(
        "control on {0} could be reached by others and asks for no password; give a loopback address like 127.0.0.1:0"
    )]
    ControlInTheOpen(SocketAddr),
    /// What it should start with is refused.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

impl Running {
    /// Starts to forward. When this returns, every listener takes packets.
    pub async fn start(plan: &Plan) -> Result<Self, StartError> {
        if !plan.control.ip().is_loopback() {
            return Err(StartError::ControlInTheOpen(plan.control));
        }
        let office = Arc::new(Office::open(plan.seed, &plan.change)?);
        let mut tasks = JoinSet::new();
        let udp = start_udp(&plan.udp, &office, &mut tasks).await?;
        let tcp = start_tcp(plan, &office, &mut tasks).await?;
        let control = control::start(plan.control, &office, &mut tasks).await?;
        tasks.spawn(Arc::clone(&office).carry());
        Ok(Self { udp, tcp, control, tasks })
    }

    /// Waits for as long as it forwards: until something in here fails that should not.
    pub async fn forward(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn start_udp(
    forwards: &[Forward],
    office: &Arc<Office>,
    tasks: &mut JoinSet<()>,
) -> Result<Vec<Listening>, StartError> {
    let mut listening = Vec::new();
    for forward in forwards {
        let target = find(&forward.target).await?;
        listening.push(udp::start(forward.listen, target, office, tasks).await?);
    }
    Ok(listening)
}

async fn start_tcp(plan: &Plan, office: &Arc<Office>, tasks: &mut JoinSet<()>) -> Result<Vec<Listening>, StartError> {
    let mut listening = Vec::new();
    for forward in &plan.tcp {
        let target = find(&forward.target).await?;
        listening.push(tcp::start(forward.listen, target, plan.when_cut, office, tasks).await?);
    }
    Ok(listening)
}

async fn find(target: &str) -> Result<SocketAddr, StartError> {
    let lost = |why| StartError::Target { target: target.to_owned(), why };
    let mut found = tokio::net::lookup_host(target).await.map_err(lost)?;
    found.next().ok_or_else(|| lost(io::Error::other("the name has no address")))
}
