//! Identities, endpoints, and the loop that moves a session's bytes over QUIC.
