//! Under which names does a relay note how its line was? Whoever notes and whoever draws say the same.
//!
//! Each bears the labels `relay` (its name) and `relay_id`, and stands under the relay's own client and site.

/// The share of the time in which the hub was heard, 0 to 1.
pub const LINE_UP: &str = "vigie_relay_link_up_ratio";
/// The round trip to the hub in seconds, smoothed; nothing while the hub is not heard.
pub const LINE_TRIP: &str = "vigie_relay_link_round_trip_seconds";
/// The share of packets to the hub that were lost, 0 to 1; nothing where none was sent.
pub const LINE_LOST: &str = "vigie_relay_link_lost_ratio";
/// Bytes in datagrams to the hub since the relay's program began.
pub const LINE_SENT: &str = "vigie_relay_link_sent_bytes_total";
/// Bytes in datagrams from the hub since the relay's program began.
pub const LINE_RECEIVED: &str = "vigie_relay_link_received_bytes_total";
/// Bytes that the relay's store takes.
pub const STORE_USED: &str = "vigie_relay_store_usage_bytes";
/// Bytes that it may take.
pub const STORE_LIMIT: &str = "vigie_relay_store_limit_bytes";
/// Ticks at the relay that the hub has not confirmed.
pub const TICKS_WAITING: &str = "vigie_relay_ticks_waiting";
