//! How did it end, and what is said of it?

use std::process::ExitCode;

use serde_json::Value;

use super::inert::inert;

/// Why a command did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    code: u8,
    text: String,
}

impl End {
    pub(super) fn failed(text: impl Into<String>) -> Self {
        Self { code: 1, text: text.into() }
    }

    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self { code: 2, text: text.into() }
    }

    pub(super) fn declined() -> Self {
        Self { code: 3, text: "declined; nothing was changed".to_owned() }
    }

    pub(super) fn not_signed_in(text: impl Into<String>) -> Self {
        Self { code: 4, text: text.into() }
    }

    pub(super) fn not_found(text: impl Into<String>) -> Self {
        Self { code: 5, text: text.into() }
    }

    /// Nobody answered: nothing is known.
    pub(super) fn out_of_reach(text: impl Into<String>) -> Self {
        Self { code: 6, text: text.into() }
    }

    /// What the other side said was no success.
    pub(super) fn of_problem(status: u16, problem: &Value) -> Self {
        let code = match status {
            400 | 405 | 413 | 415 | 422 => 2,
            401 | 403 => 4,
            404 => 5,
            409 | 412 | 429 | 503 => 7,
            _ => 1,
        };
        let field = |name: &str| problem[name].as_str().map(inert);
        let said = field("detail").or_else(|| field("error"));
        // A detail that says what became of things says enough.
        let unchanged = field("unchanged").filter(|what| said.as_ref().is_none_or(|said| !said.contains(what)));
        let parts = [said, unchanged, field("next")];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
        Self { code, text: if text.is_empty() { format!("the answer is {status}") } else { text } }
    }

    /// Whether nobody answered.
    pub(super) fn is_out_of_reach(&self) -> bool {
        self.code == 6
    }

    /// Says it on stderr, and gives the exit code.
    pub(super) fn told(self) -> ExitCode {
        vigie_node::remark!("vigie: {}", self.text);
        ExitCode::from(self.code)
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> u8 {
        self.code
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_went_wrong_is_told_with_what_to_do() {
        let problem = json!({ "detail": "there is no \u{1b}[31msuch machine", "unchanged": "nothing was changed", "next": "list them" });
        let end = End::of_problem(404, &problem);
        assert_eq!(
            (end.code(), end.text.as_str()),
            (5, "there is no \u{fffd}[31msuch machine; nothing was changed; list them")
        );
        let twice =
            json!({ "detail": "it is old; nothing was changed", "unchanged": "nothing was changed", "next": "look" });
        assert_eq!(End::of_problem(409, &twice).text, "it is old; nothing was changed; look");
        assert_eq!(End::of_problem(502, &Value::Null).text, "the answer is 502");
        let of = |status| End::of_problem(status, &Value::Null).code();
        assert_eq!([of(400), of(401), of(403), of(412), of(429), of(500)], [2, 4, 4, 7, 7, 1]);
    }
}
