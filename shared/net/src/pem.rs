//! How do bytes become a PEM file? Reading is left to `rustls-pki-types`, which does not write.

use data_encoding::BASE64;

/// One PEM section.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let body = BASE64.encode(der);
    let lines = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}
