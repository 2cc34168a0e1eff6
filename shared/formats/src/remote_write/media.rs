//! Which version does a request speak, and what is it answered?

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteWrite {
    /// `prometheus.WriteRequest`.
    V1,
    /// `io.prometheus.write.v2.Request`.
    V2,
}

/// A request that can not be read for what its headers say. Answer 415; a sender that knows both then tries 1.0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedMedia {
    /// Not protocol buffers, or not a message known here.
    #[error(
        "content type {0:?} is not taken; application/x-protobuf with proto=prometheus.WriteRequest or proto=io.prometheus.write.v2.Request is"
    )]
    ContentType(String),
    /// Packed in another way than snappy.
    #[error("content encoding {0:?} is not taken; snappy is")]
    ContentEncoding(String),
}

const MEDIA: &str = "application/x-protobuf";
const V1_MESSAGE: &str = "prometheus.WriteRequest";
const V2_MESSAGE: &str = "io.prometheus.write.v2.Request";

impl RemoteWrite {
    /// The version of a request, by its `Content-Type` and `Content-Encoding`.
    ///
    /// Without a type it is 1.0 and without an encoding it is snappy, as Prometheus takes them.
    ///
    /// # Errors
    /// What to answer with 415.
    pub fn of_headers(content_type: Option<&str>, content_encoding: Option<&str>) -> Result<Self, UnsupportedMedia> {
        let version = version(content_type.unwrap_or_default())?;
        match content_encoding.map(str::trim) {
            None | Some("") => Ok(version),
            Some(encoding) if encoding.eq_ignore_ascii_case("snappy") => Ok(version),
            Some(encoding) => Err(UnsupportedMedia::ContentEncoding(shortened(encoding))),
        }
    }

    /// The headers of a request of this version.
    pub fn headers(self) -> [(&'static str, &'static str); 3] {
        let (content_type, version) = match self {
            Self::V1 => (MEDIA, "0.1.0"),
            Self::V2 => ("application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0"),
        };
        [("Content-Type", content_type), ("Content-Encoding", "snappy"), ("X-Prometheus-Remote-Write-Version", version)]
    }
}

fn version(content_type: &str) -> Result<RemoteWrite, UnsupportedMedia> {
    let mut parts = content_type.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    if media.is_empty() && content_type.trim().is_empty() {
        return Ok(RemoteWrite::V1);
    }
    let refused = || UnsupportedMedia::ContentType(shortened(content_type));
    if !media.eq_ignore_ascii_case(MEDIA) {
        return Err(refused());
    }
    let proto = parts.filter_map(|part| part.split_once('=')).find(|(key, _)| key.trim().eq_ignore_ascii_case("proto"));
    match proto.map(|(_, message)| message.trim().trim_matches('"')) {
        None | Some(V1_MESSAGE) => Ok(RemoteWrite::V1),
        Some(V2_MESSAGE) => Ok(RemoteWrite::V2),
        Some(_) => Err(refused()),
    }
}

/// A header is the sender's text: an error repeats only its beginning.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

/// What of a request was written, for the headers that every answer to 2.0 carries, also an error's.
///
/// Leaving them out tells a sender that this receiver knows 1.0 only, and that nothing is known of what it kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Samples that were stored.
    pub samples: u64,
    /// Native histograms that were stored.
    pub histograms: u64,
    /// Exemplars that were stored.
    pub exemplars: u64,
}

impl Written {
    /// Names and values of the headers.
    pub fn headers(self) -> [(&'static str, u64); 3] {
        [
            ("X-Prometheus-Remote-Write-Samples-Written", self.samples),
            ("X-Prometheus-Remote-Write-Histograms-Written", self.histograms),
            ("X-Prometheus-Remote-Write-Exemplars-Written", self.exemplars),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V2: &str = "application/x-protobuf;proto=io.prometheus.write.v2.Request";

    #[test]
    fn the_headers_tell_the_version() {
        let of = |kind| RemoteWrite::of_headers(kind, Some("snappy"));
        assert_eq!(of(None), Ok(RemoteWrite::V1));
        assert_eq!(of(Some("application/x-protobuf")), Ok(RemoteWrite::V1));
        assert_eq!(of(Some("application/x-protobuf; proto=prometheus.WriteRequest")), Ok(RemoteWrite::V1));
        assert_eq!(of(Some(V2)), Ok(RemoteWrite::V2));
        assert_eq!(RemoteWrite::of_headers(Some(V2), None), Ok(RemoteWrite::V2));
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        let of = RemoteWrite::of_headers;
        assert!(matches!(of(Some("application/json"), None), Err(UnsupportedMedia::ContentType(_))));
        assert!(matches!(of(Some("application/x-protobuf;proto=v3"), None), Err(UnsupportedMedia::ContentType(_))));
        assert!(matches!(of(Some(";"), None), Err(UnsupportedMedia::ContentType(_))));
        assert_eq!(of(None, Some("gzip")), Err(UnsupportedMedia::ContentEncoding("gzip".to_owned())));
    }
}
