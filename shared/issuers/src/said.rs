//! What does the hub's file say of issuers?

use std::collections::BTreeSet;
use std::path::PathBuf;

use hyper::Uri;
use serde::Deserialize;
use vigie_model::Slug;
use vigie_people::{Grant, Trust};

use crate::said_saml::{Saml, SamlSaid};

/// Issuers of one hub: each has its button at the door.
const MOST: usize = 16;

/// `[[sign_in]]` as it stands there.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SignInSaid {
    /// OpenID Connect.
    Oidc(OidcSaid),
    /// SAML 2.0.
    Saml(SamlSaid),
}

/// An issuer of OpenID Connect.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSaid {
    name: Slug,
    label: Option<String>,
    preset: Option<Preset>,
    issuer: Option<String>,
    client_id: String,
    client_secret_file: Option<PathBuf>,
    #[serde(default)]
    domains: Vec<String>,
    #[serde(default)]
    grants: Vec<String>,
    #[serde(default)]
    owns_addresses: bool,
    ca_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Preset {
    Google,
    Microsoft,
    Okta,
}

/// One issuer, checked.
#[derive(Debug, Clone)]
pub struct Setup {
    pub(crate) label: String,
    pub(crate) trust: Trust,
    pub(crate) how: How,
}

/// How it speaks.
#[derive(Debug, Clone)]
pub(crate) enum How {
    Oidc(Oidc),
    Saml(Saml),
}

/// What is particular to OpenID Connect.
#[derive(Debug, Clone)]
pub(crate) struct Oidc {
    pub(crate) client_id: String,
    pub(crate) client_secret_file: Option<PathBuf>,
    pub(crate) ca_file: Option<PathBuf>,
}

/// Something that can not be. Nothing was started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// It stands there twice, or there are too many.
    #[error("[[sign_in]] {0}: each has a name of its own, and there are at most {MOST}")]
    Name(Slug),
    /// Its issuer is not said, or is none.
    #[error("[[sign_in]] {0}: issuer is its https:// address without query, as it calls itself{1}")]
    Issuer(Slug, &'static str),
    /// It says too little.
    #[error("[[sign_in]] {0}: {1}")]
    Wrong(Slug, String),
    /// The hub's own address is missing.
    #[error(
        "[people] url = \"https://hub.example.org\" says where people reach this hub; [[sign_in]] needs it, without a path"
    )]
    Url,
}

/// All issuers of a file.
///
/// # Errors
/// The first that can not be.
pub fn check_all(said: &[SignInSaid]) -> Result<Vec<Setup>, SignInError> {
    let mut names = BTreeSet::new();
    if let Some(twice) = said.iter().map(SignInSaid::name).find(|name| !names.insert(*name) || names.len() > MOST) {
        return Err(SignInError::Name(twice.clone()));
    }
    said.iter().map(SignInSaid::check).collect()
}

/// Where people reach the hub: scheme and host, as browsers write an origin.
///
/// # Errors
/// When it is no such address.
pub fn origin(url: &str) -> Result<String, SignInError> {
    let uri: Uri = url.parse().map_err(|_| SignInError::Url)?;
    match (uri.scheme_str(), uri.authority(), uri.path_and_query().map(|path| path.as_str())) {
        (Some("https" | "http"), Some(authority), None | Some("/" | "")) if !authority.as_str().contains('@') => {
            Ok(url.trim_end_matches('/').to_ascii_lowercase())
        }
        _ => Err(SignInError::Url),
    }
}

impl SignInSaid {
    fn name(&self) -> &Slug {
        match self {
            Self::Oidc(said) => &said.name,
            Self::Saml(said) => &said.name,
        }
    }

    fn check(&self) -> Result<Setup, SignInError> {
        match self {
            Self::Oidc(said) => said.check(),
            Self::Saml(said) => said.check(),
        }
    }
}

/// Domains that an issuer speaks for, and what their people may.
pub(crate) fn grants(name: &Slug, domains: &[String], grants: &[String]) -> Result<Vec<Grant>, SignInError> {
    let wrong = |why: String| SignInError::Wrong(name.clone(), why);
    if !grants.is_empty() && domains.is_empty() {
        return Err(wrong(
            "grants are for people of domains = [\"example.org\"]; without them nobody has any".to_owned(),
        ));
    }
    if let Some(bad) = domains.iter().find(|domain| domain.is_empty() || domain.contains(['@', '*', ' '])) {
        return Err(wrong(format!("domains are as example.org, not {bad:?}")));
    }
    let grant = |text: &String| {
        let (role, scope) = text.split_once('@').ok_or_else(|| wrong(format!("{text:?} is not ROLE@SCOPE")))?;
        let role = role.parse().map_err(|error| wrong(format!("{text:?}: {error}")))?;
        Ok(Grant { role, scope: scope.parse().map_err(|error| wrong(format!("{text:?}: {error}")))? })
    };
    grants.iter().map(grant).collect()
}

/// Whether browsers are sent there without anybody reading along: over plain HTTP only to this machine.
pub(crate) fn is_safe(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => matches!(host, "127.0.0.1" | "[::1]" | "localhost"),
        _ => false,
    }
}

impl OidcSaid {
    fn check(&self) -> Result<Setup, SignInError> {
        if self.client_id.is_empty() {
            let why = "client_id is how the issuer calls this hub".to_owned();
            return Err(SignInError::Wrong(self.name.clone(), why));
        }
        let usual = match self.preset {
            Some(Preset::Google) => "Google",
            Some(Preset::Microsoft) => "Microsoft",
            Some(Preset::Okta) => "Okta",
            None => self.name.as_str(),
        };
        let trust = Trust {
            by: self.name.clone(),
            issuer: self.issuer()?,
            domains: self.domains.clone(),
            grants: grants(&self.name, &self.domains, &self.grants)?,
            owns_addresses: self.owns_addresses,
            is_microsoft: self.preset == Some(Preset::Microsoft),
        };
        let how = How::Oidc(Oidc {
            client_id: self.client_id.clone(),
            client_secret_file: self.client_secret_file.clone(),
            ca_file: self.ca_file.clone(),
        });
        Ok(Setup { label: self.label.clone().unwrap_or_else(|| usual.to_owned()), trust, how })
    }

    fn issuer(&self) -> Result<String, SignInError> {
        let says = match self.preset {
            Some(Preset::Microsoft) => {
                ": https://login.microsoftonline.com/TENANT/v2.0, with the id of your own directory"
            }
            Some(Preset::Okta) => ": https://YOURS.okta.com",
            Some(Preset::Google) | None => "",
        };
        let wrong = || SignInError::Issuer(self.name.clone(), says);
        let usual = (self.preset == Some(Preset::Google)).then(|| "https://accounts.google.com".to_owned());
        let issuer = self.issuer.clone().or(usual).ok_or_else(wrong)?;
        let uri: Uri = issuer.parse().map_err(|_| wrong())?;
        // Directories of everybody say a tenant of their own in each token: whose they are is nobody's word.
        let is_shared = self.preset == Some(Preset::Microsoft)
            && ["common", "organizations", "consumers"].iter().any(|all| uri.path().contains(&format!("/{all}/")));
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if is_safe(&uri) && !is_shared && !has_user && uri.query().is_none() { Ok(issuer) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct File {
        sign_in: Vec<SignInSaid>,
    }

    fn read(lines: &str) -> Result<Setup, String> {
        let text = format!("[[sign_in]]\nkind='oidc'\nname='office'\nclient_id='hub'\n{lines}");
        let file: File = toml::from_str(&text).map_err(|error| error.to_string())?;
        Ok(check_all(&file.sign_in).map_err(|error| error.to_string())?.remove(0))
    }

    #[test]
    fn presets_fill_in_what_is_the_same_for_all() {
        let google = read("preset='google'").expect("it needs no more");
        assert_eq!((google.label.as_str(), google.trust.issuer.as_str()), ("Google", "https://accounts.google.com"));
        let tenant = "preset='microsoft'\nissuer='https://login.microsoftonline.com/72f9/v2.0'";
        assert!(read(tenant).expect("a tenant").trust.is_microsoft);
        assert_eq!(read("issuer='https://id.acme.org'\nlabel='ACME'").expect("any issuer").label, "ACME");
    }

    #[test]
    fn what_would_let_in_whom_nobody_meant_is_refused() {
        for lines in [
            "",
            "preset='okta'",
            "preset='microsoft'",
            "preset='microsoft'\nissuer='https://login.microsoftonline.com/common/v2.0'",
            "issuer='http://id.acme.org'",
            "issuer='https://u:p@id.acme.org'",
            "issuer='https://id.acme.org?x=1'",
            "issuer='https://id.acme.org'\ngrants=['observer@acme']",
            "issuer='https://id.acme.org'\ndomains=['acme.org']\ngrants=['observer']",
            "issuer='https://id.acme.org'\ndomains=['*.acme.org']",
            "issuer='https://id.acme.org'\nclient_secret='in the clear'",
        ] {
            assert!(read(lines).is_err(), "{lines}");
        }
    }

    #[test]
    fn the_hubs_own_address_is_an_origin() {
        assert_eq!(origin("https://Hub.example.org/"), Ok("https://hub.example.org".to_owned()));
        assert_eq!(origin("http://127.0.0.1:7880"), Ok("http://127.0.0.1:7880".to_owned()));
        for bad in ["hub.example.org", "https://hub.example.org/vigie", "https://a@b", "ftp://hub", ""] {
            assert_eq!(origin(bad), Err(SignInError::Url), "{bad}");
        }
    }
}
