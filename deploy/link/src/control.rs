//! What may a running link be told, and what does it answer? One JSON object a line, each way.

use serde::{Deserialize, Serialize};

use crate::{ConditionChange, Direction, Link, LinkChange, Side, Stats};

/// The longest line of the control protocol, either way.
///
/// The longest sensible request is under 1 kB and the longest answer under 3 kB.
pub const MAX_LINE_BYTES: usize = 8 * 1024;

/// What a link is asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
pub enum Request {
    /// Change how bad it is.
    Set(Box<LinkChange>),
    /// Cut it.
    Cut {
        /// Which way.
        #[serde(default)]
        side: Side,
    },
    /// Undo cuts.
    Heal {
        /// Which way.
        #[serde(default)]
        side: Side,
    },
    /// Tell what was counted.
    Stats {},
}

/// What a link answers: `{"ok":true,…}` or `{"ok":false,"error":"…"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether it was done.
    pub ok: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How it is towards the target now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<ConditionReport>,
    /// How it is back from the target now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<ConditionReport>,
    /// What was counted, if that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stats: Option<Stats>,
}

/// How one direction is just now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConditionReport {
    /// Whether it is cut.
    pub cut: bool,
    /// What it would be if it were not cut, every field given.
    #[serde(flatten)]
    pub condition: ConditionChange,
}

/// Why a line is no request.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// It does not end.
    #[error("the line is longer than {MAX_LINE_BYTES} bytes; send one JSON object per line")]
    TooLong,
    /// It is not what [`Request`] describes.
    #[error(
        "not a request: {0}; send for example {{\"do\":\"set\",\"up\":{{\"delay_ms\":300}}}} or {{\"do\":\"stats\"}}"
    )]
    NotUnderstood(serde_json::Error),
}

impl Request {
    /// Reads a line.
    pub fn parse(line: &[u8]) -> Result<Self, RequestError> {
        if line.len() > MAX_LINE_BYTES {
            return Err(RequestError::TooLong);
        }
        serde_json::from_slice(line).map_err(RequestError::NotUnderstood)
    }
}

impl Reply {
    /// It was done, and this is how the link is now.
    pub fn done(link: &Link) -> Self {
        Self {
            ok: true,
            error: None,
            up: Some(ConditionReport::of(link, Direction::Up)),
            down: Some(ConditionReport::of(link, Direction::Down)),
            stats: None,
        }
    }

    /// It was not done.
    pub fn refused(why: impl std::fmt::Display) -> Self {
        Self { ok: false, error: Some(why.to_string()), up: None, down: None, stats: None }
    }
}

impl ConditionReport {
    fn of(link: &Link, direction: Direction) -> Self {
        let pipe = link.pipe(direction);
        Self { cut: pipe.is_cut(), condition: pipe.condition().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let lines = [
            r#"{"do":"set","up":{"los_percent":3}}"#,
            r#"{"do":"set","sideways":{}}"#,
            r#"{"do":"stats","verbose":true}"#,
            r#"{"do":"cut","direction":"up"}"#,
        ];
        for line in lines {
            let refused = Request::parse(line.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains("unknown field"), "{line}: {refused}");
        }
    }

    #[test]
    fn what_is_left_out_means_the_usual() {
        let cut = Request::parse(br#"{"do":"cut"}"#).unwrap();
        assert_eq!(cut, Request::Cut { side: Side::Both });
        let set = Request::parse(br#"{"do":"set","up":{"loss_percent":2.5}}"#).unwrap();
        let up = ConditionChange { loss_percent: Some(2.5), ..Default::default() };
        assert_eq!(set, Request::Set(Box::new(LinkChange { up, ..Default::default() })));
    }

    #[test]
    fn a_request_survives_the_wire() {
        let both = ConditionChange { delay_ms: Some(5), ..Default::default() };
        let change = LinkChange { profile: Some(crate::Profile::Thin), both, ..Default::default() };
        for request in [Request::Set(Box::new(change)), Request::Cut { side: Side::Up }, Request::Stats {}] {
            let line = serde_json::to_vec(&request).unwrap();
            assert_eq!(Request::parse(&line).unwrap(), request);
        }
    }

    #[test]
    fn an_endless_line_is_refused() {
        let line = vec![b' '; MAX_LINE_BYTES + 1];
        assert!(matches!(Request::parse(&line), Err(RequestError::TooLong)));
    }
}
