//! How many bulk bytes may be on the way at once?
//!
//! The bottleneck's queue, not QUIC, is what makes an alert wait behind backlog: measured 154 s against 1.3 s on
//! 64 kbit/s. So bulk in flight is held near 1.25 times the bandwidth-delay product, found like this: while the round trip
//! stays near its smallest, the cap grows with what arrives; when the round trip grows, a queue has formed and the cap
//! falls back to what the line was seen to carry.

use crate::LinkProfile;

/// The smallest round trip is forgotten after this long, because routes change.
const MIN_RTT_LIFE_MS: u64 = 300_000;

/// Rates remembered, one a round trip.
const RATES: usize = 8;

/// The cap on bulk bytes in flight, and what is in flight.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    floor: u64,
    ceiling: u64,
    declared_rate: Option<u64>,
    cap: u64,
    sent: u64,
    received: u64,
    rtt_ms: u64,
    min_rtt: Option<(u64, u64)>,
    /// Bytes per second, the newest last.
    rates: Vec<u64>,
    /// When and at which total the present rate sample began.
    sample: Option<(u64, u64)>,
}

impl Window {
    pub(crate) fn new(profile: &LinkProfile) -> Self {
        let (floor, ceiling) = (u64::from(profile.bulk_floor_bytes), u64::from(profile.bulk_ceiling_bytes));
        Self {
            floor,
            ceiling,
            declared_rate: profile.rate_bytes_per_s.map(u64::from),
            // It doubles with each journey while no queue forms. What QUIC itself would send unasked (RFC 9002, 7.2) is two
            // seconds of a thin line, just when both sides of a cut are about to say what they decided.
            cap: floor,
            sent: 0,
            received: 0,
            rtt_ms: 0,
            min_rtt: None,
            rates: Vec::new(),
            sample: None,
        }
    }

    /// Bytes that may be sent now. One piece may be larger than the cap when nothing else is on the way.
    pub(crate) fn room(&self) -> u64 {
        self.cap.saturating_sub(self.in_flight())
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.sent - self.received
    }

    pub(crate) fn sent(&mut self, bytes: u64, now_ms: u64) {
        if self.in_flight() == 0 {
            self.sample = Some((now_ms, self.received));
        }
        self.sent += bytes;
    }

    /// The peer has taken this many bytes in all.
    pub(crate) fn received(&mut self, total: u64, now_ms: u64) {
        let total = total.min(self.sent);
        let fresh = total.saturating_sub(self.received);
        let was_full = self.in_flight() * 4 >= self.cap * 3;
        self.received += fresh;
        self.measure(now_ms);
        if fresh > 0 && was_full {
            self.adapt(fresh);
        }
    }

    fn measure(&mut self, now_ms: u64) {
        let Some((since, at)) = self.sample else { return };
        let took = now_ms.saturating_sub(since);
        if took < self.min_rtt.map_or(0, |(rtt, _)| rtt).max(20) {
            return;
        }
        self.rates.push((self.received - at) * 1_000 / took);
        if self.rates.len() > RATES {
            self.rates.remove(0);
        }
        self.sample = Some((now_ms, self.received));
    }

    fn adapt(&mut self, fresh: u64) {
        let min_rtt = self.min_rtt.map_or(self.rtt_ms, |(rtt, _)| rtt);
        let rate = self.declared_rate.or_else(|| self.rates.iter().copied().max());
        let queueing = self.rtt_ms > min_rtt + min_rtt / 4 + 30;
        let wanted = match rate {
            Some(rate) if queueing || self.declared_rate.is_some() => rate * min_rtt.max(1) / 1_000 * 5 / 4,
            None if queueing => self.cap,
            _ => self.cap + fresh,
        };
        self.cap = wanted.clamp(self.floor, self.ceiling);
    }

    /// What the transport measured.
    pub(crate) fn path(&mut self, rtt_ms: u64, now_ms: u64) {
        self.rtt_ms = rtt_ms;
        let stale = self.min_rtt.is_none_or(|(rtt, at)| rtt_ms <= rtt || now_ms.saturating_sub(at) > MIN_RTT_LIFE_MS);
        if stale && rtt_ms > 0 {
            self.min_rtt = Some((rtt_ms, now_ms));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LinkKind;

    /// A line of `rate` bytes per second and `base_ms` round trip with an endless queue: returns the largest queue, in
    /// milliseconds of line time, after the first minute.
    fn worst_queue_ms(rate: u64, base_ms: u64) -> (u64, u64) {
        let mut window = Window::new(&LinkProfile::of(LinkKind::Wan));
        let (mut free_at, mut worst, mut arrived) = (0u64, 0, 0u64);
        let mut way: std::collections::VecDeque<(u64, u64)> = std::collections::VecDeque::new();
        let mut total = 0;
        for now in 0..120_000u64 {
            while way.front().is_some_and(|(at, _)| *at <= now) {
                let (_, upto) = way.pop_front().expect("just seen");
                arrived = upto;
                window.received(upto, now);
            }
            window.path(base_ms + free_at.saturating_sub(now), now);
            while window.room() >= 1_200 {
                window.sent(1_200, now);
                total += 1_200;
                free_at = free_at.max(now) + 1_200 * 1_000 / rate;
                way.push_back((free_at + base_ms, total));
            }
            if now > 60_000 {
                worst = worst.max(free_at.saturating_sub(now));
            }
        }
        (worst, arrived / 120)
    }

    #[test]
    fn a_narrow_line_is_filled_and_hardly_queued() {
        let (queue_ms, rate) = worst_queue_ms(8_000, 800);
        assert!(queue_ms < 900, "an alert would wait {queue_ms} ms");
        assert!(rate > 6_000, "only {rate} of 8000 bytes a second arrived");
    }

    #[test]
    fn a_wide_line_is_used() {
        let (_, rate) = worst_queue_ms(1_000_000, 60);
        assert!(rate > 800_000, "only {rate} bytes a second arrived");
    }
}
