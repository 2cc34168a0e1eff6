//! Where is a page?

use std::fmt;
use std::str::FromStr;

use hyper::Uri;
use hyper::http::uri::Authority;

/// The address of a page: plain HTTP, without a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    authority: Authority,
    path: String,
}

impl Url {
    /// What to connect to.
    pub(crate) fn host_and_port(&self) -> (&str, u16) {
        // A literal of version 6 stands in brackets in an address, and without them for the resolver.
        let host = self.authority.host();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        (host, self.authority.port_u16().unwrap_or(80))
    }

    /// Host and port, as Prometheus writes an instance.
    pub(crate) fn instance(&self) -> String {
        format!("{}:{}", self.authority.host(), self.authority.port_u16().unwrap_or(80))
    }

    /// The value of the header `Host`.
    pub(crate) fn host_header(&self) -> &str {
        self.authority.as_str()
    }

    /// Path and query.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.path)
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let uri: Uri = text.parse().map_err(|_| UrlError::NoUrl)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(UrlError::Https),
            _ => return Err(UrlError::NoUrl),
        }
        let authority = uri.authority().cloned().ok_or(UrlError::NoUrl)?;
        if authority.as_str().contains('@') {
            return Err(UrlError::User);
        }
        // "http://host:" and "http://host:99999" parse as a host without a port.
        if authority.host().is_empty() || (authority.port_u16().is_none() && authority.as_str() != authority.host()) {
            return Err(UrlError::NoUrl);
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { authority, path })
    }
}

/// An address that is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlError {
    #[error("is no address of a page; write it as http://127.0.0.1:9100/metrics")]
    NoUrl,
    #[error("is https, which the agent does not speak; give the page's plain address on this machine")]
    Https,
    #[error("names a user, which the agent does not send; let the page be read without one on this machine")]
    User,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_a_port_and_a_path() {
        let url: Url = "http://127.0.0.1:9100/metrics?a=b".parse().expect("an address");
        assert_eq!((url.host_and_port(), url.path()), (("127.0.0.1", 9100), "/metrics?a=b"));
        let url: Url = "http://[::1]:9100".parse().expect("an address");
        assert_eq!((url.host_and_port(), url.path()), (("::1", 9100), "/"));
        assert_eq!(url.instance(), "[::1]:9100");
        let url: Url = "http://printer/metrics".parse().expect("an address");
        assert_eq!((url.instance().as_str(), url.to_string().as_str()), ("printer:80", "http://printer/metrics"));
    }

    #[test]
    fn what_is_not_asked_says_why() {
        assert_eq!("https://a/metrics".parse::<Url>(), Err(UrlError::Https));
        assert_eq!("http://user:secret@a/metrics".parse::<Url>(), Err(UrlError::User));
        for text in ["", "127.0.0.1:9100/metrics", "ftp://a/b", "http://", "http://a:99999/", "http://a:/", "/metrics"]
        {
            assert_eq!(text.parse::<Url>(), Err(UrlError::NoUrl), "{text}");
        }
    }
}
