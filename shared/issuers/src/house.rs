//! What do we ask of a house that speaks SAML, and what is read of its answers?
//!
//! Its metadata are a file, which is looked at each time it is needed and read anew when it was replaced: keys that a house adds
//! or gives up count from then on, without a restart.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use hyper::Uri;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use vigie_model::UtcMs;
use vigie_people::{Claims, Trust, Vouched};
use vigie_saml::{
    BadAnswer, Expected, MOST_METADATA_BYTES, Provider, Question, SLACK_MS, Service, Signer, read_provider,
};

use crate::begun::LIFE_MS;
use crate::refused::NoSignIn;
use crate::said::is_safe;
use crate::said_saml::Saml;
use crate::words::plain;

/// Names in XML begin with no digit; what follows is the secret of a sign-in.
pub(crate) const ID_PREFIX: &str = "_";

/// A key or a certificate, as PEM.
const MOST_PEM_BYTES: usize = 64 * 1024;

/// One house.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) label: String,
    pub(crate) trust: Trust,
    saml: Saml,
    /// How it calls us.
    service: String,
    back: String,
    known: Mutex<Option<(Stamp, Found)>>,
}

/// By which a file that was replaced is known.
type Stamp = (Option<SystemTime>, u64);

/// What a file says of the house, or why nothing.
type Found = Result<Arc<Provider>, String>;

impl House {
    pub(crate) fn new(label: String, trust: Trust, saml: Saml, origin: &str) -> Self {
        let at = format!("{origin}/sign-in/with/{}", trust.by);
        let service = saml.client_id.clone().unwrap_or_else(|| format!("{at}/metadata"));
        Self { label, trust, saml, service, back: format!("{at}/back"), known: Mutex::default() }
    }

    /// Where a browser is sent to ask.
    pub(crate) fn asked_at(&self, secret: &str, again: bool, now: UtcMs) -> Result<String, NoSignIn> {
        let provider = self.provider(now)?;
        let signer = self.signer()?;
        if provider.wants_signed && signer.is_none() {
            return Err(self.away("it wants questions signed: say key_file and certificate_file".to_owned()));
        }
        let id = format!("{ID_PREFIX}{secret}");
        let question = Question { id: &id, ask_at: &provider.ask_at, again, at: now };
        self.service(None).asks(&question, signer.as_ref()).ok_or(NoSignIn::NoChance)
    }

    /// What it says of somebody, and the question that it answers.
    pub(crate) fn read(&self, posted: &str, now: UtcMs) -> Result<(Option<String>, Vouched), NoSignIn> {
        let expected = Expected {
            house: &self.saml.house,
            service: &self.service,
            back: &self.back,
            wanted: &self.saml.wanted,
            unasked: self.saml.idp_initiated,
        };
        let answer = self.provider(now)?.read_answer(posted, &expected, now).map_err(|bad| match bad {
            BadAnswer::Declined(why) => NoSignIn::Declined(self.label.clone(), plain(&why)),
            bad => NoSignIn::NoAnswer(self.label.clone(), bad),
        })?;
        // It is written down when the browser has come by its link, so it is known for that long beyond.
        let until = UtcMs(answer.until.0.saturating_add(LIFE_MS + SLACK_MS));
        let claims = Claims {
            subject: answer.subject,
            email: answer.email,
            // Of its own domains alone, which the hub's file names.
            email_verified: true,
            domain_verified: false,
            name: answer.name,
            proved_ms: Some(answer.proved.0),
        };
        Ok((answer.answers, self.trust.vouch(&claims).once(&answer.id, until)))
    }

    /// What it has to know of us.
    pub(crate) fn metadata(&self) -> Result<String, NoSignIn> {
        let certificate = self.saml.signs.as_ref().map(|(_, certificate)| {
            let pem = self.file(certificate, MOST_PEM_BYTES)?;
            CertificateDer::from_pem_slice(pem.as_bytes())
                .map_err(|_| self.away(format!("{} is no certificate as PEM", certificate.display())))
        });
        let certificate = certificate.transpose()?;
        Ok(self.service(certificate.as_deref()).metadata())
    }

    /// Whether all that is needed to ask it is here.
    pub(crate) fn ready(&self, now: UtcMs) -> Result<(), NoSignIn> {
        self.asked_at("", false, now)?;
        self.metadata().map(drop)
    }

    fn service<'a>(&'a self, certificate: Option<&'a [u8]>) -> Service<'a> {
        Service { name: &self.service, back: &self.back, certificate }
    }

    fn signer(&self) -> Result<Option<Signer>, NoSignIn> {
        let Some((key, _)) = &self.saml.signs else { return Ok(None) };
        let pem = self.file(key, MOST_PEM_BYTES)?;
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| self.away(format!("{} is no private key as PEM", key.display())))?;
        let signer = Signer::new(der.secret_der());
        signer.map(Some).map_err(|bad| self.away(format!("{}: {bad}", key.display())))
    }

    fn provider(&self, now: UtcMs) -> Result<Arc<Provider>, NoSignIn> {
        let path = &self.saml.metadata_file;
        let seen = std::fs::metadata(path).map_err(|error| self.unread(path, &error))?;
        let stamp = (seen.modified().ok(), seen.len());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_none_or(|(before, _)| *before != stamp) {
            *known = Some((stamp, self.read_provider()));
        }
        let (_, found) = known.as_ref().expect("it was put there");
        let provider = found.clone().map_err(|why| self.away(why))?;
        match provider.until {
            Some(until) if until.0 <= now.0 => {
                Err(self.away(format!("{} was valid until a time that has passed: get it anew", path.display())))
            }
            _ => Ok(provider),
        }
    }

    fn read_provider(&self) -> Found {
        let path = &self.saml.metadata_file;
        let xml = self.file(path, MOST_METADATA_BYTES).map_err(|no| no.to_string())?;
        let provider = read_provider(&xml, &self.saml.house);
        let provider = provider.map_err(|bad| format!("{}: {bad}", path.display()))?;
        let uri: Option<Uri> = provider.ask_at.parse().ok();
        if !uri.is_some_and(|uri| is_safe(&uri)) {
            return Err(format!(
                "{} sends browsers to {:?}, which is not https://",
                path.display(),
                plain(&provider.ask_at)
            ));
        }
        tracing::info!(house = self.label, keys = provider.keys(), "the metadata of a house were read");
        Ok(Arc::new(provider))
    }

    /// A file of text, of which no more is read than there may be.
    fn file(&self, path: &Path, most: usize) -> Result<String, NoSignIn> {
        let mut text = String::new();
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        let read = File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text));
        read.map_err(|error| self.unread(path, &error))?;
        if text.len() > most {
            return Err(self.away(format!("{} is longer than {most} bytes", path.display())));
        }
        Ok(text)
    }

    fn unread(&self, path: &Path, error: &std::io::Error) -> NoSignIn {
        self.away(format!("{} can not be read: {error}", path.display()))
    }

    fn away(&self, why: String) -> NoSignIn {
        NoSignIn::Away(self.label.clone(), why)
    }
}
