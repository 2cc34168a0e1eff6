//! What came back?

use hyper::http::response::Parts;
use serde_json::Value;

use super::end::End;

/// An answer of the API.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Null where there is none, a text where it is no JSON.
    pub(super) json: Value,
    /// When it was so, by the other side's clock.
    pub(super) as_of: Option<String>,
}

impl Answer {
    pub(super) fn read(parts: &Parts, body: &[u8]) -> Self {
        let text = || Value::String(String::from_utf8_lossy(body).trim().to_owned());
        let json = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap_or_else(|_| text()) };
        let as_of = parts.headers.get("vigie-now").and_then(|now| now.to_str().ok()).map(str::to_owned);
        Self { status: parts.status.as_u16(), json, as_of }
    }

    /// Itself, if it is a success.
    pub(super) fn good(self) -> Result<Self, End> {
        if (200..300).contains(&self.status) { Ok(self) } else { Err(End::of_problem(self.status, &self.json)) }
    }

    /// Whether it was refused because this node keeps no answers to writes.
    pub(super) fn refuses_keys(&self) -> bool {
        self.status == 400
            && self.json["detail"].as_str().is_some_and(|said| said.contains("without an Idempotency-Key"))
    }

    /// The rows under a name.
    pub(super) fn rows(&self, name: &str) -> Vec<Value> {
        self.json[name].as_array().cloned().unwrap_or_default()
    }

    /// What stands below a table.
    pub(super) fn note(&self, shown: usize) -> String {
        let total = self.json["total"].as_u64().map_or(shown.to_string(), |total| format!("{shown} of {total}"));
        match &self.as_of {
            Some(at) => format!("as of {at} · {total}"),
            None => total,
        }
    }
}
