//! How is an enrolment served by the hub, or carried there by a relay?
//!
//! One request and one answer on one stream, each capped and with a deadline, because a stranger is at the other end.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use quinn::{RecvStream, SendStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use vigie_model::{NodeId, UtcMs};

use crate::ca::public_key_of_csr;
use crate::endpoint::Endpoint;
use crate::enrol_wire::{self, Admission, EnrolRequest, Part, Parting, Plea, Refused, RefusedWhy, Return};
use crate::envelope::{self, EnvelopeError, HEADER_BYTES};
use crate::identity;
use crate::peer::Peer;
use crate::refusal::{CloseCode, Closed, DialError};
use crate::renewal::Renewal;
use crate::token::TokenId;

/// A stranger may take this long to say what it wants, and later to take the answer.
///
/// The request is under two packets; on a line with a second of round trip and heavy loss that is still enough.
const STRANGER_DEADLINE: Duration = Duration::from_secs(10);

/// The hub may take this long to decide and a relay to carry it there and back.
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// Somebody without a certificate who came to enrol.
pub struct Enrolment {
    quinn: quinn::Connection,
    /// Whose door it came through.
    endpoint: Endpoint,
    /// Given back when the enrolment is over.
    _place: OwnedSemaphorePermit,
}

/// How an enrolment went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The token that was named; `None` for a node that came back after its certificate had ended.
    pub token: Option<TokenId>,
    /// The node that its key makes, if the request carried a good one.
    pub node: Option<NodeId>,
    /// What its machine is called, if it said so.
    pub hostname: String,
    /// Where it came from.
    pub from: SocketAddr,
    /// Whether it was let in.
    pub outcome: Result<(), Refused>,
}

impl Enrolment {
    pub(crate) fn new(quinn: quinn::Connection, endpoint: Endpoint, place: OwnedSemaphorePermit) -> Self {
        Self { quinn, endpoint, _place: place }
    }

    /// Where it came from.
    pub fn address(&self) -> SocketAddr {
        self.quinn.remote_address()
    }

    /// Turns it away without hearing it, for instance because too many are being served.
    pub fn refuse(self) {
        self.quinn.close(CloseCode::Busy.to_wire(), b"try again in a few minutes");
    }

    /// The node behind an old leaf, if our authority made it, its key is still held, and nobody took its rights away.
    fn recognise(&self, plea: &Return) -> Result<Peer, Refused> {
        self.holder(&plea.leaf, |peer| public_key_of_csr(&plea.csr).is_ok_and(|key| key == peer.public_key))
    }

    /// The same for a machine that shares the key with another and brings one of its own.
    fn recognise_copy(&self, plea: Part) -> Result<Parting, Refused> {
        let peer = self.holder(&plea.leaf, |peer| plea.is_signed_by(&peer.public_key))?;
        Ok(Parting { peer, csr: plea.csr, hostname: plea.hostname, certain: plea.certain })
    }

    fn holder(&self, leaf: &[u8], holds_key: impl FnOnce(&Peer) -> bool) -> Result<Peer, Refused> {
        let ours = identity::is_signed_by(leaf, self.endpoint.identity().ca());
        let peer = Peer::of_leaf(leaf).ok().filter(|_| ours);
        let peer = peer.filter(holds_key).ok_or_else(|| Refused::new(RefusedWhy::BadRequest))?;
        if self.endpoint.revocations().contains(peer.node) {
            return Err(Refused::saying(RefusedWhy::Revoked, "this node was revoked"));
        }
        Ok(peer)
    }

    async fn hear(&self) -> Result<(SendStream, Vec<u8>), EnrolmentError> {
        let hear = async {
            let (answer, mut request) = self.quinn.accept_bi().await.map_err(|e| EnrolmentError::Lost(e.into()))?;
            Ok((answer, read_message(&mut request).await?))
        };
        timeout(STRANGER_DEADLINE, hear).await.map_err(|_| EnrolmentError::TooSlow)?
    }

    /// Says the answer, and waits until it was taken: closing at once could lose it.
    async fn answer(&self, mut stream: SendStream, bytes: &[u8]) -> Result<(), EnrolmentError> {
        let say = async {
            write_message(&mut stream, bytes).await?;
            self.quinn.closed().await;
            Ok(())
        };
        let said = timeout(STRANGER_DEADLINE, say).await.unwrap_or(Ok(()));
        self.quinn.close(CloseCode::Done.to_wire(), b"");
        said
    }
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Enrolment(from {})", self.address())
    }
}

/// Hears a request, has it decided, and answers. `server_time` is told to the node, whose clock may be wrong.
pub async fn serve_enrolment(
    enrolment: Enrolment,
    admission: &impl Admission,
    server_time: UtcMs,
) -> Result<Served, EnrolmentError> {
    let (stream, bytes) = enrolment.hear().await?;
    let plea = match Plea::decode(&bytes) {
        Ok(plea) => plea,
        Err(error) => {
            let refused = Refused::new(RefusedWhy::BadRequest);
            enrolment.answer(stream, &enrol_wire::encode_refusal(&refused, server_time)?).await?;
            return Err(error.into());
        }
    };
    let (bytes, served) = match plea {
        Plea::Enrol(request) => admit(&enrolment, admission, &request, server_time).await?,
        Plea::Return(plea) => readmit(&enrolment, admission, &plea).await?,
        Plea::Part(plea) => part(&enrolment, admission, plea).await?,
    };
    enrolment.answer(stream, &bytes).await?;
    Ok(served)
}

async fn admit(
    enrolment: &Enrolment,
    admission: &impl Admission,
    request: &EnrolRequest,
    server_time: UtcMs,
) -> Result<(Vec<u8>, Served), EnrolmentError> {
    let from = enrolment.address();
    let (bytes, outcome) = match in_time(admission.admit(request.clone(), from)).await {
        Ok(admitted) => (enrol_wire::encode_grant(admitted, request, server_time)?, Ok(())),
        Err(refused) => (enrol_wire::encode_refusal(&refused, server_time)?, Err(refused)),
    };
    let node = public_key_of_csr(&request.csr).ok().map(|key| NodeId::of_key(&key));
    let hostname = request.hostname.clone();
    Ok((bytes, Served { token: Some(request.token), node, hostname, from, outcome }))
}

async fn readmit(
    enrolment: &Enrolment,
    admission: &impl Admission,
    plea: &Return,
) -> Result<(Vec<u8>, Served), EnrolmentError> {
    let from = enrolment.address();
    let known = enrolment.recognise(plea);
    let node = known.as_ref().ok().map(|peer| peer.node);
    let decided = match known {
        Ok(peer) => in_time(admission.readmit(peer, plea.csr.clone(), from)).await,
        Err(refused) => Err(refused),
    };
    let (said, outcome) = said(decided);
    Ok((said.encode()?, Served { token: None, node, hostname: String::new(), from, outcome }))
}

async fn part(
    enrolment: &Enrolment,
    admission: &impl Admission,
    plea: Part,
) -> Result<(Vec<u8>, Served), EnrolmentError> {
    let (from, hostname) = (enrolment.address(), plea.hostname.clone());
    let node = public_key_of_csr(&plea.csr).ok().map(|key| NodeId::of_key(&key));
    let decided = match enrolment.recognise_copy(plea) {
        Ok(parting) => in_time(admission.part(parting, from)).await,
        Err(refused) => Err(refused),
    };
    let (said, outcome) = said(decided);
    Ok((said.encode()?, Served { token: None, node, hostname, from, outcome }))
}

fn said(decided: Result<[Vec<u8>; 2], Refused>) -> (Renewal, Result<(), Refused>) {
    match decided {
        Ok(chain) => (Renewal::Granted { chain }, Ok(())),
        Err(refused) => (Renewal::Refused { text: refused.text.clone() }, Err(refused)),
    }
}

async fn in_time<T>(deciding: impl Future<Output = Result<T, Refused>>) -> Result<T, Refused> {
    timeout(ANSWER_DEADLINE, deciding).await.unwrap_or_else(|_| Err(Refused::new(RefusedWhy::NotNow)))
}

/// Carries an enrolment to the hub, for a node that has no route there.
///
/// The relay sees the request and the answer, but neither the secret nor a way to change either: both are proven with
/// the token's key, which never travels. What it can do is not to carry them.
pub async fn forward_enrolment(
    enrolment: Enrolment,
    endpoint: &Endpoint,
    hub_addrs: &[String],
) -> Result<(), EnrolmentError> {
    let (stream, request) = enrolment.hear().await?;
    let carried = timeout(ANSWER_DEADLINE, carry(endpoint, hub_addrs, &request)).await;
    match carried.unwrap_or(Err(EnrolmentError::TooSlow)) {
        Ok(answer) => enrolment.answer(stream, &answer).await,
        Err(error) => {
            let text = "this relay can not reach the hub now; try again when its link is back";
            let refused = Refused::saying(RefusedWhy::NotNow, text);
            // In the form that the question expects.
            let answer = match Plea::decode(&request) {
                Ok(Plea::Return(_) | Plea::Part(_)) => Renewal::Refused { text: refused.text }.encode()?,
                _ => enrol_wire::encode_refusal(&refused, endpoint.time().wall())?,
            };
            enrolment.answer(stream, &answer).await?;
            Err(error)
        }
    }
}

async fn carry(endpoint: &Endpoint, hub_addrs: &[String], request: &[u8]) -> Result<Vec<u8>, EnrolmentError> {
    let mut last = EnrolmentError::NoHub;
    for address in hub_addrs {
        let attempt = async {
            let quinn = endpoint.dial_enrolment(resolve(address).await?).await?;
            exchange(&quinn, request).await
        };
        match attempt.await {
            Ok(answer) => return Ok(answer),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Says a request and hears the answer.
pub(crate) async fn exchange(quinn: &quinn::Connection, request: &[u8]) -> Result<Vec<u8>, EnrolmentError> {
    let lost = |e: quinn::ConnectionError| EnrolmentError::Lost(e.into());
    let exchange = async {
        let (mut say, mut hear) = quinn.open_bi().await.map_err(lost)?;
        write_message(&mut say, request).await?;
        read_message(&mut hear).await
    };
    let answer = exchange.await;
    quinn.close(CloseCode::Done.to_wire(), b"");
    answer
}

pub(crate) async fn resolve(target: &str) -> Result<SocketAddr, DialError> {
    let failed = |why: String| DialError::Resolve { target: target.to_owned(), why };
    let mut addresses = tokio::net::lookup_host(target).await.map_err(|e| failed(e.to_string()))?;
    addresses.next().ok_or_else(|| failed("the name has no address".to_owned()))
}

/// One whole envelope; its length is checked before anything is allocated for it.
async fn read_message(stream: &mut RecvStream) -> Result<Vec<u8>, EnrolmentError> {
    let mut head = [0; HEADER_BYTES];
    stream.read_exact(&mut head).await.map_err(broken)?;
    let (_, length) = envelope::header(head)?;
    let mut message = head.to_vec();
    // Grows with what arrives, not with what is claimed.
    while message.len() < HEADER_BYTES + length {
        let missing = HEADER_BYTES + length - message.len();
        match stream.read_chunk(missing, true).await {
            Ok(Some(chunk)) => message.extend_from_slice(&chunk.bytes),
            Ok(None) => return Err(EnvelopeError::Damaged.into()),
            Err(error) => return Err(read_broken(error)),
        }
    }
    Ok(message)
}

async fn write_message(stream: &mut SendStream, message: &[u8]) -> Result<(), EnrolmentError> {
    stream.write_all(message).await.map_err(|error| match error {
        quinn::WriteError::ConnectionLost(error) => EnrolmentError::Lost(error.into()),
        other => EnrolmentError::Lost(Closed::Broken(other.to_string())),
    })?;
    stream.finish().map_err(|e| EnrolmentError::Lost(Closed::Broken(e.to_string())))
}

fn broken(error: quinn::ReadExactError) -> EnrolmentError {
    match error {
        quinn::ReadExactError::FinishedEarly(_) => EnvelopeError::Damaged.into(),
        quinn::ReadExactError::ReadError(error) => read_broken(error),
    }
}

fn read_broken(error: quinn::ReadError) -> EnrolmentError {
    match error {
        quinn::ReadError::ConnectionLost(error) => EnrolmentError::Lost(error.into()),
        other => EnrolmentError::Lost(Closed::Broken(other.to_string())),
    }
}

/// An enrolment that came to no decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnrolmentError {
    /// The other side went away.
    #[error("the enrolment broke off: {0}")]
    Lost(Closed),
    /// It took too long.
    #[error("the enrolment took too long")]
    TooSlow,
    /// A message could not be read or written.
    #[error("the enrolment failed: {0}")]
    Message(#[from] EnvelopeError),
    /// The hub could not be reached.
    #[error("the hub could not be reached: {0}")]
    Dial(#[from] DialError),
    /// No address of the hub is known.
    #[error("no address of the hub is known")]
    NoHub,
}
