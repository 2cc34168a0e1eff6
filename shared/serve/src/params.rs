//! What was asked, as pairs of names and values?

use axum::extract::{FromRequest, Query, Request};
use axum::http::{Method, Uri, header};

use crate::Stamp;

/// The parameters of a request: those of the address, then those of a posted form, in their order. Names may stand more
/// than once (`match[]`).
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

/// A form larger than this is nobody's question.
pub(crate) const MAX_FORM_BYTES: usize = 64 * 1024;

impl Params {
    /// The parameters of an address alone.
    pub(crate) fn of_uri(uri: &Uri) -> Self {
        Self(uri.query().map(|query| pairs(query.as_bytes())).unwrap_or_default())
    }

    /// The first value of a name. An empty one is an absent one, as in Prometheus.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next().filter(|value| !value.is_empty())
    }

    /// Every value of a name.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A moment, in milliseconds; `default` when it is absent.
    pub(crate) fn time(&self, name: &str, default: i64) -> Result<i64, String> {
        let Some(text) = self.get(name) else { return Ok(default) };
        let shown: String = text.chars().take(40).collect();
        Stamp::parse(text).map(Stamp::ms).ok_or_else(|| {
            format!("invalid parameter \"{name}\": cannot parse \"{shown}\" to a valid timestamp")
        })
    }
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = String;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let mut params = Self::of_uri(request.uri());
        if request.method() != Method::POST {
            return Ok(params);
        }
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err("a posted question is a form: application/x-www-form-urlencoded".to_owned());
        }
        let body = axum::body::Bytes::from_request(request, state).await;
        let body = body.map_err(|_| format!("the form could not be read, or is larger than {MAX_FORM_BYTES} bytes"))?;
        // A form's pairs win over the address's.
        params.0.splice(0..0, pairs(&body));
        Ok(params)
    }
}

/// The pairs of a form; none when it is not one.
pub(crate) fn pairs(form: &[u8]) -> Vec<(String, String)> {
    let Ok(form) = std::str::from_utf8(form) else { return Vec::new() };
    // A form is read by the reader of addresses, so that there is one reader. What an address can not hold is no form.
    let uri = Uri::builder().path_and_query(format!("/?{form}")).build();
    uri.ok().and_then(|uri| Query::try_from_uri(&uri).ok()).map(|Query(pairs)| pairs).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_into_its_pairs() {
        let read = pairs(b"match%5B%5D=up%7Ba%3D%22b%22%7D&match[]=x+y&empty=");
        let wanted = [("match[]", "up{a=\"b\"}"), ("match[]", "x y"), ("empty", "")];
        assert_eq!(read, wanted.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_time_that_is_none_is_refused_by_name() {
        let params = Params(vec![("start".to_owned(), "soon".to_owned())]);
        assert!(params.time("start", 0).expect_err("not a time").contains("\"start\""));
        assert_eq!(params.time("end", 7), Ok(7));
    }
}
