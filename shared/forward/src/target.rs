//! Where does it go, and what of it? What a configuration says, checked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hyper::Uri;
use serde::Deserialize;
use vigie_formats::remote_write::RemoteWrite;
use vigie_model::Slug;

use crate::credentials::Credentials;

/// The longest name of a target: it stands in labels and in the keys of rows.
const MAX_NAME_BYTES: usize = 64;

/// A `[[forward]]` of a configuration, as it stands there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetSaid {
    name: String,
    url: String,
    bearer_file: Option<PathBuf>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    clients: Vec<Slug>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    since: Since,
    #[serde(default = "first_version")]
    remote_write: String,
    samples_per_second: Option<u32>,
}

/// What of the past is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Since {
    /// Only what comes after the target was first named. What machines bring later, however old, is sent.
    #[default]
    Now,
    /// All that is here as well.
    All,
}

/// Another engine that gets all of it too.
#[derive(Debug, Clone)]
pub struct Target {
    pub(crate) name: String,
    pub(crate) uri: Uri,
    pub(crate) credentials: Credentials,
    /// Roots to trust instead of the system's.
    pub(crate) ca_file: Option<PathBuf>,
    /// Whose; everybody's if empty.
    pub(crate) clients: Vec<Slug>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) since: Since,
    pub(crate) version: RemoteWrite,
    pub(crate) samples_per_second: Option<u32>,
}

/// A target that can not be. Nothing was started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// A name that does not read well in a metric's label.
    #[error("a target's name has 1 to {MAX_NAME_BYTES} letters, digits, - and _; {0:?} has not")]
    Name(String),
    /// Two targets of one name would write down what they sent in the same place.
    #[error("two targets are named {0:?}")]
    Twice(String),
    /// Not an address that can be posted to.
    #[error("the url of {0:?} is none: http:// or https://, a host, a path, and no user or password in it")]
    Url(String),
    /// Two ways to say who we are, or half of one.
    #[error("{0:?} needs bearer_file, or user and password_file together, or none of them")]
    Credentials(String),
    /// A label that no receiver would take, or that is not ours to say.
    #[error(
        "{0:?} adds the label {1:?}: a label's name has letters, digits and _, and does not begin with a digit or __"
    )]
    Label(String, String),
    /// Neither of the two versions.
    #[error("remote_write of {0:?} is \"1.0\" or \"2.0\"")]
    Version(String),
    /// A pace at which nothing ever moves.
    #[error("samples_per_second of {0:?} is at least 1")]
    Pace(String),
}

fn first_version() -> String {
    "1.0".to_owned()
}

impl TargetSaid {
    /// Checks all targets of a configuration.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn check_all(said: &[Self]) -> Result<Vec<Target>, TargetError> {
        for (at, one) in said.iter().enumerate() {
            if said[..at].iter().any(|other| other.name == one.name) {
                return Err(TargetError::Twice(one.name.clone()));
            }
        }
        said.iter().map(Self::check).collect()
    }

    fn check(&self) -> Result<Target, TargetError> {
        let name = self.name.clone();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.chars().all(plain) {
            return Err(TargetError::Name(name));
        }
        if let Some(label) = self.labels.keys().find(|label| !is_label(label)) {
            return Err(TargetError::Label(name, label.clone()));
        }
        if self.samples_per_second == Some(0) {
            return Err(TargetError::Pace(name));
        }
        let version = match self.remote_write.as_str() {
            "1.0" => RemoteWrite::V1,
            "2.0" => RemoteWrite::V2,
            _ => return Err(TargetError::Version(name)),
        };
        let uri = address(&self.url).ok_or_else(|| TargetError::Url(name.clone()))?;
        Ok(Target {
            uri,
            credentials: self.credentials()?,
            ca_file: self.ca_file.clone(),
            clients: self.clients.clone(),
            labels: self.labels.clone(),
            since: self.since,
            version,
            samples_per_second: self.samples_per_second,
            name,
        })
    }

    fn credentials(&self) -> Result<Credentials, TargetError> {
        match (&self.bearer_file, &self.user, &self.password_file) {
            (None, None, None) => Ok(Credentials::None),
            (Some(file), None, None) => Ok(Credentials::Bearer(file.clone())),
            (None, Some(user), Some(file)) => Ok(Credentials::Basic(user.clone(), file.clone())),
            _ => Err(TargetError::Credentials(self.name.clone())),
        }
    }
}

impl Target {
    /// Scheme, host and port, for people: a path may hold a key.
    pub(crate) fn shown(&self) -> String {
        format!("{}://{}", self.uri.scheme_str().unwrap_or_default(), self.authority())
    }

    pub(crate) fn authority(&self) -> &str {
        self.uri.authority().map(|authority| authority.as_str()).unwrap_or_default()
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// Whether a client's series are for it; those of the demonstration only where it is named.
    pub(crate) fn wants(&self, client: &str) -> bool {
        (self.clients.is_empty() && client != vigie_model::DEMONSTRATION)
            || self.clients.iter().any(|wanted| wanted.as_str() == client)
    }
}

fn address(url: &str) -> Option<Uri> {
    let uri: Uri = url.parse().ok()?;
    let good = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority()?;
    (good && !authority.host().is_empty() && !authority.as_str().contains('@')).then_some(uri)
}

fn is_label(label: &str) -> bool {
    let plain = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain && !label.is_empty() && !label.starts_with(|c: char| c.is_ascii_digit()) && !label.starts_with("__")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str) -> TargetSaid {
        TargetSaid {
            name: name.to_owned(),
            url: "https://mimir.example.org:8443/api/v1/push".to_owned(),
            bearer_file: None,
            user: None,
            password_file: None,
            ca_file: None,
            clients: Vec::new(),
            labels: BTreeMap::new(),
            since: Since::Now,
            remote_write: first_version(),
            samples_per_second: None,
        }
    }

    fn wrong(change: impl Fn(&mut TargetSaid)) -> TargetError {
        let mut said = said("mimir");
        change(&mut said);
        TargetSaid::check_all(&[said]).map(|_| ()).expect_err("it is wrong")
    }

    #[test]
    fn a_plain_target_is_taken_and_shown_without_its_path() {
        let all = TargetSaid::check_all(&[said("mimir"), said("vm_2")]).expect("two plain targets");
        assert_eq!(all[0].shown(), "https://mimir.example.org:8443");
        assert!(all[0].wants("anybody"));
    }

    #[test]
    fn a_demonstration_is_passed_on_only_where_it_is_named() {
        let named = TargetSaid { clients: vec!["vigie-demo".parse().expect("a name")], ..said("named") };
        let all = TargetSaid::check_all(&[said("all"), named]).expect("two plain targets");
        assert_eq!(
            [all[0].wants("vigie-demo"), all[1].wants("vigie-demo"), all[1].wants("acme")],
            [false, true, false]
        );
    }

    #[test]
    fn each_nonsense_is_refused_in_its_own_words() {
        let of = |name: &str| name.to_owned();
        assert_eq!(TargetSaid::check_all(&[said("a"), said("a")]).map(|_| ()), Err(TargetError::Twice(of("a"))));
        assert_eq!(wrong(|said| said.name = of("a b")), TargetError::Name(of("a b")));
        for url in ["ftp://a/b", "/push", "https://", "http://u:p@a/b", "a b"] {
            assert_eq!(wrong(|said| said.url = of(url)), TargetError::Url(of("mimir")), "{url}");
        }
        assert_eq!(wrong(|said| said.user = Some(of("u"))), TargetError::Credentials(of("mimir")));
        assert_eq!(wrong(|said| said.remote_write = of("3")), TargetError::Version(of("mimir")));
        assert_eq!(wrong(|said| said.samples_per_second = Some(0)), TargetError::Pace(of("mimir")));
        for label in ["", "1a", "__name__", "a-b"] {
            let added = wrong(|said| drop(said.labels.insert(of(label), of("x"))));
            assert_eq!(added, TargetError::Label(of("mimir"), of(label)));
        }
    }
}
