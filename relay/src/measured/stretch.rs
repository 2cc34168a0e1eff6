//! How was the line over some time, from looks at it every few seconds? Pure.

use vigie_net::PathStats;
use vigie_sync::SessionId;

/// What one look saw of a line that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// Counters of another connection begin anew.
    pub(super) session: SessionId,
    /// Whether something comes back.
    pub(super) heard: bool,
    pub(super) path: PathStats,
}

/// A stretch of time under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Stretch {
    looks: u32,
    heard: u32,
    round_trips_s: f64,
    sent: u64,
    lost: u64,
    last: Option<Seen>,
    sent_bytes: u64,
    received_bytes: u64,
}

/// What a stretch came down to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Came {
    /// The share of it in which the hub was heard.
    pub(super) up: f64,
    /// The mean of the smoothed round trips, where one was heard.
    pub(super) round_trip_s: Option<f64>,
    /// The share of packets sent that were lost, where any were sent.
    pub(super) lost: Option<f64>,
    /// Bytes in UDP datagrams since the program began.
    pub(super) sent_bytes: u64,
    pub(super) received_bytes: u64,
}

impl Stretch {
    /// Notes a look; of none where no connection stands.
    pub(super) fn look(&mut self, seen: Option<Seen>) {
        self.looks = self.looks.saturating_add(1);
        if let Some(seen) = seen {
            self.count(&seen);
            if seen.heard {
                self.heard += 1;
                self.round_trips_s += seen.path.rtt.as_secs_f64();
            }
        }
        self.last = seen;
    }

    fn count(&mut self, seen: &Seen) {
        let before = self.last.filter(|last| last.session == seen.session).map(|last| last.path).unwrap_or_default();
        // On another way of the same connection some counters begin anew.
        let more = |now: u64, before: u64| now.checked_sub(before).unwrap_or(now);
        let now = &seen.path;
        self.sent += more(now.sent_packets, before.sent_packets);
        self.lost += more(now.lost_packets, before.lost_packets);
        self.sent_bytes += more(now.udp_tx_bytes, before.udp_tx_bytes);
        self.received_bytes += more(now.udp_rx_bytes, before.udp_rx_bytes);
    }

    /// What it came down to, and the next one begins. Nothing of a stretch in which nobody looked.
    pub(super) fn ends(&mut self) -> Option<Came> {
        let ended = std::mem::take(self);
        (self.last, self.sent_bytes, self.received_bytes) = (ended.last, ended.sent_bytes, ended.received_bytes);
        let (looks, heard) = (f64::from(ended.looks), f64::from(ended.heard));
        (ended.looks > 0).then(|| Came {
            up: to(heard / looks, 100.0),
            round_trip_s: (ended.heard > 0).then(|| to(ended.round_trips_s / heard, 10_000.0)),
            // A packet can be taken for lost after the stretch in which it was sent.
            lost: (ended.sent > 0).then(|| to((ended.lost as f64 / ended.sent as f64).min(1.0), 10_000.0)),
            sent_bytes: ended.sent_bytes,
            received_bytes: ended.received_bytes,
        })
    }
}

/// As fine as it means anything: what stands in steps travels for less.
fn to(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn seen(session: u64, heard: bool, (sent, lost): (u64, u64), rtt_ms: u64) -> Option<Seen> {
        let path = PathStats {
            rtt: Duration::from_millis(rtt_ms),
            sent_packets: sent,
            lost_packets: lost,
            udp_tx_bytes: sent * 100,
            udp_rx_bytes: sent * 10,
            ..PathStats::default()
        };
        Some(Seen { session: SessionId(session), heard, path })
    }

    #[test]
    fn a_stretch_says_how_much_of_it_the_hub_was_heard_how_far_it_was_and_what_was_lost() {
        let mut line = Stretch::default();
        assert_eq!(line.ends(), None, "nobody looked");
        line.look(seen(1, true, (100, 0), 40));
        line.look(seen(1, true, (200, 10), 60));
        line.look(seen(1, false, (220, 20), 900));
        line.look(None);
        let came = line.ends().expect("it was looked at");
        assert_eq!((came.up, came.round_trip_s), (0.5, Some(0.05)), "what is not heard has no round trip");
        assert_eq!(came.lost, Some(0.0909));
        assert_eq!((came.sent_bytes, came.received_bytes), (22_000, 2_200));
    }

    #[test]
    fn what_a_cut_line_did_not_do_is_not_said() {
        let mut line = Stretch::default();
        line.look(None);
        line.look(None);
        let came = line.ends().expect("it was looked at");
        assert_eq!((came.up, came.round_trip_s, came.lost), (0.0, None, None));
    }

    #[test]
    fn counters_go_on_through_connections_and_a_stretch_counts_its_own_alone() {
        let mut line = Stretch::default();
        line.look(seen(1, true, (1_000, 500), 10));
        line.ends().expect("it was looked at");
        line.look(seen(1, true, (1_100, 500), 10));
        line.look(seen(2, true, (50, 5), 10));
        let came = line.ends().expect("it was looked at");
        assert_eq!(came.lost, Some(0.0333), "5 of 150");
        assert_eq!(came.sent_bytes, 115_000, "all since the beginning");
        // Another way of the same connection: its counters stand lower than they did.
        line.look(seen(2, true, (20, 0), 10));
        assert_eq!(line.ends().map(|came| came.sent_bytes), Some(117_000));
    }
}
