//! What was asked, as pairs of names and values?

use axum::Form;
use axum::extract::{FromRequest, Query, Request};
use axum::http::{Method, Uri};

use crate::Stamp;

/// The parameters of a request: those of the address, then those of a posted form, in their order. Names may stand more
/// than once (`match[]`).
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Pairs);

/// Names and values as they were sent.
pub(crate) type Pairs = Vec<(String, String)>;

/// A form larger than this is nobody's question.
pub(crate) const MAX_FORM_BYTES: usize = 64 * 1024;

impl Params {
    /// The parameters of an address alone.
    pub(crate) fn of_uri(uri: &Uri) -> Self {
        Self(Query::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default())
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
        Stamp::parse(text)
            .map(Stamp::ms)
            .ok_or_else(|| format!("invalid parameter \"{name}\": cannot parse \"{shown}\" to a valid timestamp"))
    }
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = String;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let asked = Self::of_uri(request.uri());
        if request.method() != Method::POST {
            return Ok(asked);
        }
        let posted = Form::<Pairs>::from_request(request, state).await;
        let Form(mut pairs) = posted.map_err(|error| error.body_text())?;
        // A form's pairs win over the address's.
        pairs.extend(asked.0);
        Ok(Self(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_into_its_pairs() {
        let uri = "/?match%5B%5D=up%7Ba%3D%22b%22%7D&match[]=x+y&empty=".parse().expect("an address");
        let params = Params::of_uri(&uri);
        assert_eq!(params.all("match[]").collect::<Vec<_>>(), ["up{a=\"b\"}", "x y"]);
        assert_eq!(params.get("empty"), None);
    }

    #[test]
    fn a_time_that_is_none_is_refused_by_name() {
        let params = Params(vec![("start".to_owned(), "soon".to_owned())]);
        assert!(params.time("start", 0).expect_err("not a time").contains("\"start\""));
        assert_eq!(params.time("end", 7), Ok(7));
    }
}
