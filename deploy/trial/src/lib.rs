//! Real processes, real QUIC, real redb, made to fail.
