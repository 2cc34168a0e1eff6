//! The shapes of version 1. Never edited.

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) body: Vec<u8>,
    pub(super) proof: [u8; 32],
}

#[derive(Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) token: [u8; 8],
    pub(super) csr: Vec<u8>,
    pub(super) role: u8,
    pub(super) hostname: String,
    pub(super) advertised: Vec<String>,
    pub(super) client_time: i64,
    pub(super) nonce: [u8; 16],
}

#[derive(Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) leaf: Vec<u8>,
    pub(super) csr: Vec<u8>,
    pub(super) hostname: String,
    pub(super) certain: bool,
    pub(super) signature: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Return {
    pub(super) leaf: Vec<u8>,
    pub(super) csr: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
pub(super) enum Answer {
    Granted { body: Vec<u8>, seal: [u8; 32] },
    Refused { why: u8, text: String, server_time: i64 },
}

#[derive(Serialize, Deserialize)]
pub(super) struct Grant {
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) client: String,
    pub(super) site: String,
    pub(super) hub_key: [u8; 32],
    pub(super) hub_addrs: Vec<String>,
    pub(super) relay_addrs: Vec<String>,
    pub(super) server_time: i64,
}
