//! Somebody who does not keep to the rules: any certificate, any protocol, any bytes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, DigitallySignedStruct, Error, ServerConfig, SignatureScheme};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use vigie_net::{Identity, NodeKey};

/// Dials with this certificate, or none, and trusts everybody.
pub async fn dial(
    address: SocketAddr,
    shown: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    alpn: &[u8],
) -> Result<quinn::Connection, quinn::ConnectionError> {
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TrustsEverybody));
    let mut tls = match shown {
        Some((leaf, key)) => tls.with_client_auth_cert(vec![leaf], key).unwrap(),
        None => tls.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![alpn.to_vec()];
    let config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    let endpoint = quinn::Endpoint::client(super::loopback()).unwrap();
    endpoint.connect_with(config, address, "node.vigie").unwrap().await
}

/// Listens with this certificate.
pub fn listen(leaf: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> quinn::Endpoint {
    let mut tls = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf], key)
        .unwrap();
    tls.alpn_protocols = vec![b"vigie/1".to_vec(), b"vigie-enrol/1".to_vec()];
    let config = quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()));
    quinn::Endpoint::server(config, super::loopback()).unwrap()
}

/// The certificate and the key of a node, as a thief of its disk would have them.
pub fn stolen(identity: &Identity) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    (identity.leaf().to_vec().into(), tls_key(identity.key()))
}

/// A certificate that nobody signed but its own key.
pub fn self_signed() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["node.vigie".to_owned()]).unwrap();
    let node = vigie_model::NodeId::of_key(pair.public_key_raw().try_into().unwrap());
    let name = format!("vigie://acme/lyon/agent/{node}");
    params.subject_alt_names.push(rcgen::SanType::URI(name.try_into().unwrap()));
    let leaf = params.self_signed(&pair).unwrap().der().clone();
    (leaf, PrivatePkcs8KeyDer::from(pair.serialize_der()).into())
}

fn tls_key(key: &NodeKey) -> PrivateKeyDer<'static> {
    let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    PrivatePkcs8KeyDer::from([&head[..], &key.signing_key().to_bytes()].concat()).into()
}

#[derive(Debug)]
struct TrustsEverybody;

impl ServerCertVerifier for TrustsEverybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        unreachable!("TLS 1.2 is not spoken")
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

/// What the code under test says to an operator, while the guard lives. For tests on one thread.
pub struct Log {
    lines: Arc<Mutex<Vec<u8>>>,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Log {
    pub fn listen() -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let writer = Lines(lines.clone());
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        Self { lines, _guard: tracing::subscriber::set_default(subscriber) }
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.lines.lock().unwrap().clone()).unwrap()
    }

    /// Waits until the log says this.
    pub async fn says(&self, wanted: &str) {
        for _ in 0..200 {
            if self.text().contains(wanted) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the log does not say {wanted:?}:\n{}", self.text());
    }
}

#[derive(Clone)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
