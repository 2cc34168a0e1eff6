//! What did somebody send with a request: an object in JSON, or a form of a page?

use std::collections::BTreeMap;

use axum::Form;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde_json::Value;

use crate::params::{MAX_FORM_BYTES, Pairs};

/// The fields of a posted body, in either form. A form's values are texts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(BTreeMap<String, Value>);

impl Fields {
    /// As if these had been sent.
    #[cfg(test)]
    pub(crate) fn of(fields: Vec<(&str, Value)>) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// A text; none where the field is absent or empty.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// All of it as one value.
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0.into_iter().collect())
    }

    /// The name of a field that is none of these.
    pub(crate) fn stranger(&self, known: &[&str]) -> Option<&str> {
        self.0.keys().map(String::as_str).find(|name| !known.contains(name))
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = String;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("application/x-www-form-urlencoded") {
            let posted = Form::<Pairs>::from_request(request, state).await;
            let Form(pairs) = posted.map_err(|error| error.body_text())?;
            return Ok(Self(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()));
        }
        let body = Bytes::from_request(request, state).await.map_err(|error| error.body_text())?;
        if body.len() > MAX_FORM_BYTES {
            return Err(format!("a body has at most {MAX_FORM_BYTES} bytes"));
        }
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        match serde_json::from_slice(&body) {
            Ok(Value::Object(fields)) => Ok(Self(fields.into_iter().collect())),
            Ok(_) => Err("the body is a JSON object, or a form".to_owned()),
            Err(error) => Err(format!("the body is no JSON object: {error}")),
        }
    }
}
