//! By which certificate do browsers know this page?
//!
//! Of two files in PEM, as ACME clients write them. They are looked at again while the program runs: new ones are taken into
//! use without a connection ending, and wrong ones leave the old in use, which is said.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use tokio_rustls::TlsAcceptor;
use vigie_model::UtcMs;
use x509_parser::prelude::{FromDer, X509Certificate};

/// How often the files are looked at: ACME clients renew weeks before the end.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// A chain is some kilobytes.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// `[tls]` of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate and those above it, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// Files that can not be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One can not be read.
    #[error("{0} can not be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// One holds something else.
    #[error("{0} holds no {1}")]
    Senseless(PathBuf, &'static str),
    /// They do not belong together, or the key is of a kind that is not known.
    #[error("the key in {0} is not that of the certificate in {1}")]
    NotItsKey(PathBuf, PathBuf),
}

/// What is served with, and kept up to date.
#[derive(Clone)]
pub struct Tls {
    files: TlsFiles,
    used: Arc<Used>,
    config: Arc<ServerConfig>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Used(RwLock<Loaded>);

#[derive(Debug, Clone)]
struct Loaded {
    key: Arc<CertifiedKey>,
    ends: UtcMs,
    changed: Changed,
    /// Why newer files are not used.
    fault: Option<String>,
}

/// When the files were written last.
type Changed = [Option<SystemTime>; 2];

impl Used {
    fn read(&self) -> Loaded {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Used {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.read().key)
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// When they can not be used; nothing is served then.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let used = Arc::new(Used(RwLock::new(load(&files)?)));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has the suites of TLS 1.2 and 1.3");
        let mut config = config.with_no_client_auth().with_cert_resolver(used.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { files, used, config: Arc::new(config) })
    }

    /// Of files, if there are any, and kept up to date from then on.
    ///
    /// # Errors
    /// As [`Tls::load`].
    pub fn of(files: Option<TlsFiles>) -> Result<Option<Self>, TlsError> {
        let tls = files.map(Self::load).transpose()?;
        if let Some(tls) = &tls {
            tokio::spawn(tls.clone().tend());
        }
        Ok(tls)
    }

    /// How it stands, for people.
    pub fn told(&self) -> serde_json::Value {
        let used = self.used.read();
        serde_json::json!({ "ends_ms": used.ends.0, "fault": used.fault })
    }

    /// Looks at the files for as long as the program runs.
    async fn tend(self) {
        let mut every = tokio::time::interval(LOOK_EVERY);
        loop {
            every.tick().await;
            let tls = self.clone();
            // Files may lie on a slow disk.
            drop(tokio::task::spawn_blocking(move || tls.look()).await);
        }
    }

    /// Takes the files into use if they were changed.
    fn look(&self) {
        let before = self.used.read();
        let changed = changed(&self.files);
        if changed == before.changed && before.fault.is_none() {
            return;
        }
        let now = match load(&self.files) {
            Ok(loaded) => {
                tracing::info!(certificate = %self.files.certificate.display(), "a new certificate is in use");
                loaded
            }
            Err(error) => {
                if changed != before.changed {
                    tracing::warn!(%error, "the new certificate can not be used; the old one stays in use");
                }
                Loaded { changed, fault: Some(error.to_string()), ..before }
            }
        };
        *self.used.0.write().unwrap_or_else(PoisonError::into_inner) = now;
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }
}

fn changed(files: &TlsFiles) -> Changed {
    [&files.certificate, &files.key].map(|file| std::fs::metadata(file).and_then(|meta| meta.modified()).ok())
}

fn load(files: &TlsFiles) -> Result<Loaded, TlsError> {
    // Before they are read: what is written meanwhile is seen the next time.
    let changed = changed(files);
    let (certificate, key) = (read(&files.certificate)?, read(&files.key)?);
    let senseless = |what| TlsError::Senseless(files.certificate.clone(), what);
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&certificate)
        .collect::<Result<_, _>>()
        .map_err(|_| senseless("certificate in PEM"))?;
    let first = chain.first().ok_or_else(|| senseless("certificate in PEM"))?;
    let (_, parsed) = X509Certificate::from_der(first).map_err(|_| senseless("certificate that can be read"))?;
    let ends = UtcMs(parsed.validity().not_after.timestamp().saturating_mul(1_000));
    let key = PrivateKeyDer::from_pem_slice(&key)
        .map_err(|_| TlsError::Senseless(files.key.clone(), "private key in PEM"))?;
    let unknown = |_| TlsError::NotItsKey(files.key.clone(), files.certificate.clone());
    let key = CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(unknown)?;
    Ok(Loaded { key: Arc::new(key), ends, changed, fault: None })
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |error| TlsError::Unreadable(file.to_owned(), error);
    if std::fs::metadata(file).map_err(unreadable)?.len() > MAX_FILE_BYTES {
        return Err(TlsError::Senseless(file.to_owned(), "certificate or key: it is too large"));
    }
    std::fs::read(file).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn written(folder: &Path, name: &str, days: i64) -> KeyPair {
        let key = KeyPair::generate().expect("random");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.not_after = time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(days);
        let certificate = params.self_signed(&key).expect("its own key");
        std::fs::write(folder.join("chain.pem"), certificate.pem()).expect("room");
        std::fs::write(folder.join("key.pem"), key.serialize_pem()).expect("room");
        key
    }

    fn files(folder: &Path) -> TlsFiles {
        TlsFiles { certificate: folder.join("chain.pem"), key: folder.join("key.pem") }
    }

    #[test]
    fn new_files_are_taken_into_use_and_wrong_ones_leave_the_old() {
        let dir = tempfile::tempdir().expect("a folder");
        let day_ms = 86_400_000;
        written(dir.path(), "hub.example.org", 30_000);
        let tls = Tls::load(files(dir.path())).expect("sound");
        assert_eq!((tls.used.read().ends, tls.used.read().fault), (UtcMs(30_000 * day_ms), None));

        std::fs::write(dir.path().join("chain.pem"), "nonsense").expect("room");
        touch(dir.path(), 1);
        tls.look();
        assert!(tls.used.read().fault.is_some_and(|fault| fault.contains("chain.pem holds no certificate")));
        assert_eq!(tls.used.read().ends, UtcMs(30_000 * day_ms), "the old one stays");

        written(dir.path(), "hub.example.org", 40_000);
        touch(dir.path(), 2);
        tls.look();
        assert_eq!((tls.used.read().ends, tls.used.read().fault), (UtcMs(40_000 * day_ms), None));
    }

    /// Clocks of file systems may stand still between two writes.
    fn touch(folder: &Path, seconds: u64) {
        let file = std::fs::File::options().append(true).open(folder.join("chain.pem")).expect("there");
        file.set_modified(SystemTime::now() + Duration::from_secs(seconds)).expect("a time");
    }

    #[test]
    fn a_key_of_another_certificate_is_refused_with_both_names() {
        let dir = tempfile::tempdir().expect("a folder");
        let first = written(dir.path(), "hub.example.org", 30_000);
        written(dir.path(), "hub.example.org", 30_000);
        std::fs::write(dir.path().join("key.pem"), first.serialize_pem()).expect("room");
        let refused = Tls::load(files(dir.path())).expect_err("another's").to_string();
        assert!(refused.contains("key.pem") && refused.contains("chain.pem"), "{refused}");
        std::fs::remove_file(dir.path().join("key.pem")).expect("there");
        assert!(matches!(Tls::load(files(dir.path())), Err(TlsError::Unreadable(..))));
    }
}
