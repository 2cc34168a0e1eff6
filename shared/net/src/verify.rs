//! Is this certificate good enough to speak with its node?
//!
//! Wraps webpki: chain and signature are its judgement; the time, the list of revocations and the roles are ours. All
//! of it happens inside the TLS handshake, so that nobody who is refused gets a byte through.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use vigie_model::{NodeId, Role, UtcMs};

use crate::fingerprint::CaFingerprint;
use crate::peer::{Peer, PeerError, Validity};
use crate::refusal::Verdict;
use crate::revocations::SharedRevocations;
use crate::rights::{Standing, Unfit};
use crate::trust::{TrustedTime, verification_time};

/// What a node judges others by.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) me: Standing,
    pub(crate) own: Validity,
    pub(crate) roots: Arc<RootCertStore>,
    pub(crate) time: TrustedTime,
    pub(crate) revocations: SharedRevocations,
    pub(crate) provider: Arc<CryptoProvider>,
}

impl Judge {
    /// The node of a leaf that is not yet verified, and the time at which to verify it.
    ///
    /// Our authority never dates a certificate ahead. So one that begins in our future tells us, once its signature is
    /// verified, that our clock is behind; a relay with a slow clock would otherwise refuse every newly enrolled agent.
    fn hear(&self, leaf: &CertificateDer<'_>) -> Result<(Peer, UnixTime), Error> {
        let peer = Peer::of_leaf(leaf).map_err(unreadable)?;
        let at = verification_time(self.time.for_certificates(), self.time.floor(), self.own).max(peer.not_before);
        Ok((peer, unix_time(at)))
    }

    fn is_revoked(&self, peer: &Peer) -> Result<(), Error> {
        if self.revocations.contains(peer.node) { Err(CertificateError::Revoked.into()) } else { Ok(()) }
    }

    fn signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }
}

/// Judges whom we dialled.
#[derive(Debug)]
pub(crate) struct ListenerVerifier {
    pub(crate) judge: Arc<Judge>,
    /// The node that was meant, when it is known.
    pub(crate) meant: Option<NodeId>,
}

impl ServerCertVerifier for ListenerVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judge = &self.judge;
        // Names of hosts mean nothing here: addresses change, the name that counts is the node's, and it is checked below.
        let parsed = ParsedCertificate::try_from(leaf)?;
        let (peer, at) = judge.hear(leaf).or_else(|unreadable| {
            // A stranger's certificate has no name of ours; that it is a stranger's is the better reason.
            let now = unix_time(judge.time.wall());
            signed_for_listening(&parsed, &judge.roots, between, now, &judge.provider).and(Err(unreadable))
        })?;
        signed_for_listening(&parsed, &judge.roots, between, at, &judge.provider)?;
        judge.is_revoked(&peer)?;
        judge.me.may_dial(&peer).map_err(unfit)?;
        match self.meant {
            Some(meant) if meant != peer.node => Err(unfit(Unfit::OtherNode { meant, found: peer.node })),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _leaf: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.signature(message, leaf, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        schemes()
    }
}

/// Judges who dialled us.
#[derive(Debug)]
pub(crate) struct DiallerVerifier {
    judge: Arc<Judge>,
    webpki: Arc<dyn ClientCertVerifier>,
}

impl DiallerVerifier {
    pub(crate) fn new(judge: Arc<Judge>) -> Result<Self, Error> {
        let webpki = WebPkiClientVerifier::builder_with_provider(judge.roots.clone(), judge.provider.clone())
            .allow_unauthenticated()
            .build()
            .map_err(|e| Error::General(e.to_string()))?;
        Ok(Self { judge, webpki })
    }
}

impl ClientCertVerifier for DiallerVerifier {
    /// Not mandatory in TLS: a node that enrols has none yet. A session without one is closed before it is read.
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// None: every node has one certificate, and the hint would only cost bytes.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let judge = &self.judge;
        let (peer, at) = judge.hear(leaf).or_else(|unreadable| {
            let now = unix_time(judge.time.wall());
            self.webpki.verify_client_cert(leaf, between, now).and(Err(unreadable))
        })?;
        let verified = self.webpki.verify_client_cert(leaf, between, at)?;
        judge.is_revoked(&peer)?;
        judge.me.may_serve(&peer).map_err(unfit)?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _leaf: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.signature(message, leaf, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        schemes()
    }
}

/// Judges whom a node enrols with, by nothing but the fingerprint in its join token.
///
/// The time is forgiving to one side only. A new machine's clock is often behind (no battery, no network yet), so a
/// certificate that begins in its future is taken; one that ended is not, because its key may have been lost since.
#[derive(Debug)]
pub(crate) struct EnrolmentVerifier {
    pub(crate) pinned: CaFingerprint,
    pub(crate) time: TrustedTime,
    pub(crate) provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for EnrolmentVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let ca =
            between.iter().find(|der| CaFingerprint::of(der) == self.pinned).ok_or(CertificateError::UnknownIssuer)?;
        let mut roots = RootCertStore::empty();
        roots.add(ca.clone().into_owned())?;
        let peer = Peer::of_leaf(leaf).map_err(unreadable)?;
        let at = unix_time(self.time.wall().max(self.time.floor()).max(peer.not_before));
        signed_for_listening(&ParsedCertificate::try_from(leaf)?, &roots, &[], at, &self.provider)?;
        match peer.role {
            Role::Hub | Role::Relay => Ok(ServerCertVerified::assertion()),
            Role::Agent => Err(unfit(Unfit::WrongRole { dialler: Role::Agent, listener: Role::Agent })),
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _leaf: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        schemes()
    }
}

fn signed_for_listening(
    leaf: &ParsedCertificate<'_>,
    roots: &RootCertStore,
    between: &[CertificateDer<'_>],
    at: UnixTime,
    provider: &CryptoProvider,
) -> Result<(), Error> {
    let algorithms = provider.signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(leaf, roots, between, at, algorithms)
}

/// Every key of ours is an Ed25519 key.
fn schemes() -> Vec<SignatureScheme> {
    vec![SignatureScheme::ED25519]
}

fn unix_time(at: UtcMs) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_millis(u64::try_from(at.0).unwrap_or(0)))
}

fn unreadable(error: PeerError) -> Error {
    verdict(error.to_string())
}

fn unfit(error: Unfit) -> Error {
    verdict(error.to_string())
}

fn verdict(text: String) -> Error {
    CertificateError::Other(OtherError(Arc::new(Verdict(text)))).into()
}

fn only_tls13() -> Error {
    Error::General("only TLS 1.3 is spoken here".to_owned())
}
