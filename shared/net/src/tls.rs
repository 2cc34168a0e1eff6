//! Which TLS is spoken? 1.3 only, on ring, without resumption and without early data.

use std::sync::Arc;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::CertificateDer;
use vigie_model::NodeId;

use crate::fingerprint::CaFingerprint;
use crate::identity::Identity;
use crate::revocations::SharedRevocations;
use crate::trust::TrustedTime;
use crate::verify::{DiallerVerifier, EnrolmentVerifier, Judge, ListenerVerifier};

/// The protocol of a session.
pub(crate) const SESSION_ALPN: &[u8] = b"vigie/1";
/// The protocol of an enrolment.
pub(crate) const ENROLMENT_ALPN: &[u8] = b"vigie-enrol/1";

/// An identity made ready for handshakes.
#[derive(Debug)]
pub(crate) struct Armed {
    pub(crate) identity: Arc<Identity>,
    judge: Arc<Judge>,
    leaf: Arc<CertifiedKey>,
}

impl Armed {
    pub(crate) fn new(
        identity: Arc<Identity>,
        time: TrustedTime,
        revocations: SharedRevocations,
    ) -> Result<Self, rustls::Error> {
        let provider = provider();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(identity.ca().to_vec()))?;
        let judge = Judge {
            me: identity.standing(),
            own: identity.validity(),
            roots: Arc::new(roots),
            time,
            revocations,
            provider: provider.clone(),
        };
        let leaf = vec![CertificateDer::from(identity.leaf().to_vec())];
        let leaf = CertifiedKey::from_der(leaf, identity.key().tls_key(), &provider)?;
        Ok(Self { identity, judge: Arc::new(judge), leaf: Arc::new(leaf) })
    }

    /// TLS for one dial to a session; `meant` pins the node.
    pub(crate) fn dial_session(&self, meant: Option<NodeId>) -> Result<Arc<QuicClientConfig>, rustls::Error> {
        self.dial(SESSION_ALPN, meant)
    }

    /// TLS for an enrolled node that carries an enrolment to the hub.
    pub(crate) fn dial_enrolment(&self) -> Result<Arc<QuicClientConfig>, rustls::Error> {
        self.dial(ENROLMENT_ALPN, None)
    }

    fn dial(&self, alpn: &[u8], meant: Option<NodeId>) -> Result<Arc<QuicClientConfig>, rustls::Error> {
        let verifier = ListenerVerifier { judge: self.judge.clone(), meant };
        let tls = ClientConfig::builder_with_provider(self.judge.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(self.leaf.clone())));
        client(tls, alpn)
    }

    /// TLS for everyone who dials us.
    pub(crate) fn listen(&self) -> Result<Arc<QuicServerConfig>, rustls::Error> {
        let verifier: Arc<dyn ClientCertVerifier> = Arc::new(DiallerVerifier::new(self.judge.clone())?);
        let with_ca = [self.leaf.cert.clone(), vec![CertificateDer::from(self.identity.ca().to_vec())]].concat();
        let with_ca = Arc::new(CertifiedKey::new(with_ca, self.leaf.key.clone()));
        let mut tls = ServerConfig::builder_with_provider(self.judge.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(ByProtocol { session: self.leaf.clone(), enrolment: with_ca }));
        tls.alpn_protocols = vec![SESSION_ALPN.to_vec(), ENROLMENT_ALPN.to_vec()];
        // A resumed session would skip the certificate, and with it the list of revocations.
        tls.session_storage = Arc::new(NoServerSessionStorage {});
        tls.send_tls13_tickets = 0;
        tls.max_early_data_size = 0;
        QuicServerConfig::try_from(tls).map(Arc::new).map_err(|e| rustls::Error::General(e.to_string()))
    }
}

/// TLS for a node that enrols: it has no certificate, and trusts what its token pins.
pub(crate) fn enrol(pinned: CaFingerprint, time: TrustedTime) -> Result<Arc<QuicClientConfig>, rustls::Error> {
    let provider = provider();
    let verifier = EnrolmentVerifier { pinned, time, provider: provider.clone() };
    let tls = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    client(tls, ENROLMENT_ALPN)
}

fn client(mut tls: ClientConfig, alpn: &[u8]) -> Result<Arc<QuicClientConfig>, rustls::Error> {
    tls.alpn_protocols = vec![alpn.to_vec()];
    tls.resumption = Resumption::disabled();
    tls.enable_early_data = false;
    QuicClientConfig::try_from(tls).map(Arc::new).map_err(|e| rustls::Error::General(e.to_string()))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Whoever enrols gets the authority's certificate too, to hold against its token; a session spares those bytes.
#[derive(Debug)]
struct ByProtocol {
    session: Arc<CertifiedKey>,
    enrolment: Arc<CertifiedKey>,
}

impl ResolvesServerCert for ByProtocol {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let enrols = hello.alpn().is_some_and(|mut protocols| protocols.any(|name| name == ENROLMENT_ALPN));
        Some(if enrols { self.enrolment.clone() } else { self.session.clone() })
    }
}
