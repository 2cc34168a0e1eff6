//! What is a sender of OpenTelemetry metrics answered?

use crate::LeftOut;
use crate::proto::Message;

/// An `ExportMetricsServiceResponse`: everything was taken, or so many points were not and why.
///
/// A sender must not send the rejected points again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Points that were not taken.
    pub rejected: u64,
    /// Why, for the people who run the sender; also a remark when nothing was rejected.
    pub message: String,
}

impl Answer {
    /// The answer to a batch that was kept but for this.
    pub fn of(left_out: &LeftOut) -> Self {
        match left_out.samples() {
            0 => Self::default(),
            rejected => Self { rejected, message: format!("left out {left_out}") },
        }
    }

    /// The body for a protocol buffers request.
    pub fn to_protobuf(&self) -> Vec<u8> {
        let mut answer = Message::default();
        if *self != Self::default() {
            let mut partial = Message::default();
            partial.varint(1, self.rejected);
            partial.text(2, &self.message);
            answer.message(1, &partial);
        }
        answer.into_bytes()
    }

    /// The body for a JSON request.
    pub fn to_json(&self) -> String {
        if *self == Self::default() {
            return "{}".to_owned();
        }
        let (rejected, message) = (self.rejected.to_string(), &self.message);
        let partial = serde_json::json!({ "rejectedDataPoints": rejected, "errorMessage": message });
        serde_json::json!({ "partialSuccess": partial }).to_string()
    }
}

/// `message Status { int32 code = 1; string message = 2; }`.
pub(super) fn status_to_protobuf(code: u8, message: &str) -> Vec<u8> {
    let mut status = Message::default();
    status.varint(1, u64::from(code));
    status.text(2, message);
    status.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_written_as_protocol_buffers_have_it() {
        let text = "x".repeat(300);
        let message = status_to_protobuf(14, &text);
        assert_eq!(message[..5], [8, 14, 18, 0xac, 0x02]);
        assert_eq!(&message[5..], text.as_bytes());
    }
}
