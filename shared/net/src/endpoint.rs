//! How does a node reach others and let itself be reached, through one UDP socket?

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};

use quinn::crypto::rustls::QuicClientConfig;
use quinn::{AsyncUdpSocket, ClientConfig, ServerConfig, TokioRuntime, TransportConfig};
use rustls_pki_types::CertificateDer;
use vigie_model::{NodeId, Role};
use vigie_sync::{LinkKind, LinkProfile};

use crate::connection::Connection;
use crate::fingerprint::CaFingerprint;
use crate::identity::Identity;
use crate::peer::Peer;
use crate::refusal::{CloseCode, DialError};
use crate::revocations::SharedRevocations;
use crate::tls::{self, Armed};
use crate::transport::{Side, transport};
use crate::trust::TrustedTime;

/// The name in the TLS hello. It says nothing about who is meant: a listener's network must not learn that.
pub(crate) const SERVER_NAME: &str = "node.vigie";

/// What an endpoint is made of.
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// Who we are.
    pub identity: Arc<Identity>,
    /// How links that we begin are treated.
    pub dial: LinkProfile,
    /// How links that others begin are treated; `None` listens to nobody.
    pub accept: Option<LinkProfile>,
    /// Connections that may be open at once; further ones are turned away before any cryptography.
    pub max_connections: usize,
    /// The clock that certificates are checked by.
    pub time: TrustedTime,
    /// Who lost their rights.
    pub revocations: SharedRevocations,
    /// Makes quinn's own chance repeatable, in tests.
    pub seed: Option<[u8; 32]>,
}

impl EndpointConfig {
    /// For a node that only dials.
    pub fn dialling(identity: Arc<Identity>, dial: LinkProfile, time: TrustedTime) -> Self {
        // A few attempts that overlap, and the connection that one of them becomes.
        let max_connections = 16;
        let revocations = SharedRevocations::default();
        Self { identity, dial, accept: None, max_connections, time, revocations, seed: None }
    }

    /// The same, listening too.
    #[must_use]
    pub fn accepting(self, accept: LinkProfile, max_connections: usize) -> Self {
        Self { accept: Some(accept), max_connections, ..self }
    }

    /// The same, with a list of revocations that others in the process share.
    #[must_use]
    pub fn with_revocations(self, revocations: SharedRevocations) -> Self {
        Self { revocations, ..self }
    }
}

/// A socket with an identity: dials, and listens if it was told to.
#[derive(Clone)]
pub struct Endpoint(Arc<Inner>);

struct Inner {
    quinn: quinn::Endpoint,
    armed: RwLock<Arc<Armed>>,
    config: EndpointConfig,
    dialling: Arc<TransportConfig>,
}

impl Endpoint {
    /// An endpoint on this address.
    pub fn bind(config: EndpointConfig, address: SocketAddr) -> Result<Self, EndpointError> {
        let failed = |source| EndpointError::Bind { address, source };
        let socket = std::net::UdpSocket::bind(address).map_err(failed)?;
        let socket = quinn::Runtime::wrap_udp_socket(&TokioRuntime, socket).map_err(failed)?;
        Self::over(config, socket)
    }

    /// An endpoint on a port that the system picks, for both families of addresses where both are there.
    pub fn bind_anywhere(config: EndpointConfig) -> Result<Self, EndpointError> {
        // On Linux a socket for any IPv6 address carries IPv4 too; a machine without IPv6 has only the latter.
        Self::bind(config.clone(), (Ipv6Addr::UNSPECIFIED, 0).into())
            .or_else(|_| Self::bind(config, (Ipv4Addr::UNSPECIFIED, 0).into()))
    }

    /// An endpoint over any socket, such as one in memory under virtual time.
    pub fn over(config: EndpointConfig, socket: Arc<dyn AsyncUdpSocket>) -> Result<Self, EndpointError> {
        let armed = Armed::new(config.identity.clone(), config.time.clone(), config.revocations.clone())?;
        let server = listening(&config, &armed)?;
        let quinn = quinn_over(socket, server, config.seed)?;
        let dialling = transport(&config.dial, config.identity.role(), Side::Dialling);
        Ok(Self(Arc::new(Inner { quinn, armed: RwLock::new(Arc::new(armed)), config, dialling })))
    }

    /// Dials a session with whatever node listens there, or with `meant` only.
    ///
    /// Returns as soon as *we* are satisfied; whether they are, [`Connection::confirmed`] says one trip later.
    pub async fn dial(&self, address: SocketAddr, meant: Option<NodeId>) -> Result<Connection, DialError> {
        let tls = self.armed().dial_session(meant).map_err(ourselves)?;
        let quinn = self.connect(address, tls).await?;
        let peer = peer_of(&quinn).map_err(|why| {
            quinn.close(CloseCode::Misbehaved.to_wire(), why.as_bytes());
            DialError::Ourselves(why)
        })?;
        Ok(Connection::new(quinn, peer, Side::Dialling))
    }

    /// Dials the hub to carry somebody's enrolment.
    pub(crate) async fn dial_enrolment(&self, address: SocketAddr) -> Result<quinn::Connection, DialError> {
        let tls = self.armed().dial_enrolment().map_err(ourselves)?;
        self.connect(address, tls).await
    }

    /// Takes a renewed identity into use: new handshakes show it, open connections live on.
    pub fn adopt(&self, identity: Arc<Identity>) -> Result<(), EndpointError> {
        let config = &self.0.config;
        let armed = Armed::new(identity, config.time.clone(), config.revocations.clone())?;
        let server = listening(config, &armed)?;
        *self.0.armed.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(armed);
        if server.is_some() {
            self.0.quinn.set_server_config(server);
        }
        Ok(())
    }

    /// Moves to a fresh socket after the machine's network changed; open connections move along.
    pub fn rebind(&self, address: SocketAddr) -> Result<(), EndpointError> {
        let failed = |source| EndpointError::Bind { address, source };
        self.0.quinn.rebind(std::net::UdpSocket::bind(address).map_err(failed)?).map_err(failed)
    }

    /// Where it listens or dials from.
    pub fn local_address(&self) -> Result<SocketAddr, EndpointError> {
        self.0.quinn.local_addr().map_err(EndpointError::Socket)
    }

    /// Who we are, as of the last renewal.
    pub fn identity(&self) -> Arc<Identity> {
        self.armed().identity.clone()
    }

    /// The list that handshakes consult.
    pub fn revocations(&self) -> &SharedRevocations {
        &self.0.config.revocations
    }

    /// The clock that certificates are checked by.
    pub fn time(&self) -> &TrustedTime {
        &self.0.config.time
    }

    /// Closes every connection and says why, then waits until the others were told.
    pub async fn close(&self, text: &str) {
        self.0.quinn.close(CloseCode::Done.to_wire(), text.as_bytes());
        self.0.quinn.wait_idle().await;
    }

    pub(crate) fn quinn(&self) -> &quinn::Endpoint {
        &self.0.quinn
    }

    pub(crate) fn config(&self) -> &EndpointConfig {
        &self.0.config
    }

    async fn connect(&self, address: SocketAddr, tls: Arc<QuicClientConfig>) -> Result<quinn::Connection, DialError> {
        connect(&self.0.quinn, address, tls, self.0.dialling.clone()).await
    }

    fn armed(&self) -> Arc<Armed> {
        self.0.armed.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({:?})", self.0.quinn)
    }
}

/// A socket without an identity, for a node that is about to get one.
#[derive(Debug, Clone)]
pub struct EnrolmentEndpoint {
    quinn: quinn::Endpoint,
    time: TrustedTime,
}

impl EnrolmentEndpoint {
    /// On a port that the system picks.
    pub fn bind_anywhere(time: TrustedTime) -> Result<Self, EndpointError> {
        let bind = |address: SocketAddr| {
            let failed = |source| EndpointError::Bind { address, source };
            let socket = std::net::UdpSocket::bind(address).map_err(failed)?;
            let socket = quinn::Runtime::wrap_udp_socket(&TokioRuntime, socket).map_err(failed)?;
            Self::over(time.clone(), socket)
        };
        bind((Ipv6Addr::UNSPECIFIED, 0).into()).or_else(|_| bind((Ipv4Addr::UNSPECIFIED, 0).into()))
    }

    /// Over any socket.
    pub fn over(time: TrustedTime, socket: Arc<dyn AsyncUdpSocket>) -> Result<Self, EndpointError> {
        Ok(Self { quinn: quinn_over(socket, None, None)?, time })
    }

    pub(crate) async fn dial(
        &self,
        address: SocketAddr,
        pinned: CaFingerprint,
    ) -> Result<quinn::Connection, DialError> {
        let tls = tls::enrol(pinned, self.time.clone()).map_err(ourselves)?;
        // Enrolment happens once, on whatever line there is: as patient as the worst of them.
        let transport = transport(&LinkProfile::of(LinkKind::Thin), Role::Agent, Side::Dialling);
        connect(&self.quinn, address, tls, transport).await
    }

    pub(crate) fn time(&self) -> &TrustedTime {
        &self.time
    }
}

async fn connect(
    endpoint: &quinn::Endpoint,
    address: SocketAddr,
    tls: Arc<QuicClientConfig>,
    transport: Arc<TransportConfig>,
) -> Result<quinn::Connection, DialError> {
    let mut config = ClientConfig::new(tls);
    config.transport_config(transport);
    let connecting =
        endpoint.connect_with(config, address, SERVER_NAME).map_err(|e| DialError::connect(address, &e))?;
    connecting.await.map_err(|e| DialError::closed(address, e))
}

/// The node behind a finished handshake; an error names what is wrong with it.
pub(crate) fn peer_of(quinn: &quinn::Connection) -> Result<Peer, String> {
    let chain = quinn.peer_identity().and_then(|any| any.downcast::<Vec<CertificateDer<'static>>>().ok());
    let leaf = chain.as_ref().and_then(|chain| chain.first()).ok_or("no certificate was shown")?;
    Peer::of_leaf(leaf).map_err(|e| e.to_string())
}

fn quinn_over(
    socket: Arc<dyn AsyncUdpSocket>,
    server: Option<ServerConfig>,
    seed: Option<[u8; 32]>,
) -> Result<quinn::Endpoint, EndpointError> {
    let mut config = quinn::EndpointConfig::default();
    config.rng_seed(seed);
    quinn::Endpoint::new_with_abstract_socket(config, server, socket, Arc::new(TokioRuntime))
        .map_err(EndpointError::Socket)
}

/// Bytes that strangers may make us keep before anybody looked at them.
const INCOMING_BYTES: u64 = 64 * 1024;
/// The same, for all strangers together.
const INCOMING_BYTES_TOTAL: u64 = 8 * 1024 * 1024;
/// First packets that may wait to be looked at; the defaults would hold 100 MiB of them.
const MAX_INCOMING: usize = 1_024;

fn listening(config: &EndpointConfig, armed: &Armed) -> Result<Option<ServerConfig>, EndpointError> {
    let Some(profile) = &config.accept else { return Ok(None) };
    let mut tokens = quinn::ValidationTokenConfig::default();
    // Tokens for later visits would save one trip under attack and cost a filter of used ones.
    tokens.sent(0).log(Arc::new(quinn::NoneTokenLog));
    let mut server = ServerConfig::with_crypto(armed.listen()?);
    server
        .transport_config(transport(profile, config.identity.role(), Side::Accepting))
        .validation_token_config(tokens)
        .migration(true)
        .max_incoming(MAX_INCOMING)
        .incoming_buffer_size(INCOMING_BYTES)
        .incoming_buffer_size_total(INCOMING_BYTES_TOTAL);
    Ok(Some(server))
}

fn ourselves(error: rustls::Error) -> DialError {
    DialError::Ourselves(error.to_string())
}

/// An endpoint that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The address is taken, or not ours.
    #[error("could not listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The socket failed.
    #[error("the UDP socket failed: {0}")]
    Socket(std::io::Error),
    /// The identity can not be used for TLS.
    #[error("this node's identity can not be used: {0}")]
    Tls(#[from] rustls::Error),
}
