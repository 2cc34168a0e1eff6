//! How much may a connection hold, how long may it be silent, and how patient is it?

use std::sync::Arc;
use std::time::Duration;

use quinn::{IdleTimeout, MtuDiscoveryConfig, TransportConfig, VarInt};
use vigie_model::Role;
use vigie_sync::{Lane, LinkKind, LinkProfile};

use crate::frame::MAX_FRAME_BYTES;

/// Who began the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Dialling,
    Accepting,
}

/// The limits of one connection.
pub(crate) fn transport(profile: &LinkProfile, role: Role, side: Side) -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    let windows = Windows::of(role);
    config
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(profile.idle_timeout_ms))))
        .keep_alive_interval(keep_alive(profile, side))
        .initial_rtt(initial_rtt(profile.kind))
        .stream_receive_window(VarInt::from_u32(windows.stream_bytes))
        .receive_window(VarInt::from_u32(windows.connection_bytes))
        .send_window(send_window(profile))
        // One stream per lane; the single bidirectional one is for an enrolment, and sessions take theirs back.
        .max_concurrent_uni_streams(VarInt::from_u32(Lane::ALL.len() as u32))
        .max_concurrent_bidi_streams(VarInt::from_u32(1))
        .datagram_receive_buffer_size(None)
        .datagram_send_buffer_size(0)
        .initial_mtu(1_200)
        .mtu_discovery_config(mtu_discovery(profile.kind))
        .allow_spin(false);
    Arc::new(config)
}

/// What a peer can make us hold before the session has read it.
struct Windows {
    /// At 100 ms of round trip this carries 5 to 20 Mbit/s, more than any line that needs care.
    stream_bytes: u32,
    /// All lanes together.
    connection_bytes: u32,
}

impl Windows {
    fn of(role: Role) -> Self {
        match role {
            // An agent may use 8 MB in all, and hardly anything flows towards it.
            Role::Agent => Self { stream_bytes: 64 * 1024, connection_bytes: 256 * 1024 },
            Role::Relay | Role::Hub => Self { stream_bytes: 256 * 1024, connection_bytes: 1024 * 1024 },
        }
    }
}

/// Only the quiet side's ping breaks a silence soon after an outage: the side with bytes in flight has backed off. The
/// accepting side is the quiet one, and one side pinging is enough and half the cost.
fn keep_alive(profile: &LinkProfile, side: Side) -> Option<Duration> {
    let interval = profile.keep_alive_ms.map(|ms| Duration::from_millis(ms.into()));
    interval.filter(|_| side == Side::Accepting)
}

/// What a round trip is taken to be before one was measured. Too small repeats the handshake's large packets for
/// nothing; 0.9 s halved their bytes on a line of 0.8 s. Too large costs one wait after a lost first packet.
fn initial_rtt(kind: LinkKind) -> Duration {
    Duration::from_millis(match kind {
        LinkKind::Lan => 100,
        LinkKind::Wan => 333,
        LinkKind::Metered => 500,
        LinkKind::Thin => 900,
    })
}

/// The window counts all lanes together, so bulk must never fill it or an alert could not even be written. The session
/// caps bulk at the profile's ceiling; two frames of room are left above that for everything else.
fn send_window(profile: &LinkProfile) -> u64 {
    u64::from(profile.bulk_ceiling_bytes) + 2 * MAX_FRAME_BYTES as u64
}

/// Probing for larger packets sends some that are lost on purpose; not where bytes are dear.
fn mtu_discovery(kind: LinkKind) -> Option<MtuDiscoveryConfig> {
    match kind {
        LinkKind::Lan | LinkKind::Wan => Some(MtuDiscoveryConfig::default()),
        LinkKind::Thin | LinkKind::Metered => None,
    }
}

/// How long a handshake may take before whoever dialled is given up.
///
/// A stranger may hold a half-open connection no longer than this; a thin line needs two round trips of a second, and
/// a repeat of each.
pub(crate) fn handshake_deadline(kind: LinkKind) -> Duration {
    Duration::from_secs(match kind {
        LinkKind::Lan | LinkKind::Wan => 5,
        LinkKind::Thin | LinkKind::Metered => 10,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_accepting_side_of_an_unmetered_line_breaks_silences() {
        let wan = LinkProfile::of(LinkKind::Wan);
        assert!(keep_alive(&wan, Side::Accepting).is_some());
        assert!(keep_alive(&wan, Side::Dialling).is_none());
        assert!(keep_alive(&LinkProfile::of(LinkKind::Metered), Side::Accepting).is_none());
    }

    #[test]
    fn bulk_never_fills_the_send_window() {
        for kind in [LinkKind::Lan, LinkKind::Wan, LinkKind::Thin, LinkKind::Metered] {
            let profile = LinkProfile::of(kind);
            assert!(send_window(&profile) >= u64::from(profile.bulk_ceiling_bytes) + MAX_FRAME_BYTES as u64);
        }
    }
}
