//! How fast does what waits here for the hub go, and for how long is there room for more?
//!
//! Looked at every two seconds. Says nothing before it has looked for long enough: a rate of one moment is none.

use std::collections::VecDeque;

use vigie_serve::{Drain, Room};

use crate::draining::{self, Look};

/// Looks that a rate is made of: ten seconds and a bit.
const LOOKS: usize = 7;

/// How often the store's size is noted, and for how long: samples are written in pieces, so one look says little.
const NOTE_EVERY_MS: u64 = 60_000;
const NOTES: usize = 360;

/// Before this the pace of the store is not known.
const PACE_MS: u64 = 600_000;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buffer {
    /// When, and how many ticks waited.
    waiting: VecDeque<Look>,
    /// When the line came up, and the most that waited since.
    up: Option<(i64, u64)>,
    /// When, and how many bytes the store took.
    bytes: VecDeque<(u64, u64)>,
}

impl Buffer {
    /// Notes how many ticks wait. `up_since` is since when the line stands, if it does.
    pub(crate) fn waits(&mut self, now_ms: u64, ticks: u64, up_since: Option<i64>) {
        let same = self.up.filter(|(since, _)| Some(*since) == up_since);
        if same.is_none() {
            // What was seen before the line came back, or went, says nothing of now.
            self.waiting.clear();
        }
        self.up = up_since.map(|since| (since, same.map_or(ticks, |(_, most)| most.max(ticks))));
        self.waiting.push_back((now_ms, ticks));
        if self.waiting.len() > LOOKS {
            self.waiting.pop_front();
        }
    }

    /// Notes how many bytes the store takes.
    pub(crate) fn takes(&mut self, now_ms: u64, bytes: u64) {
        if self.bytes.back().is_some_and(|(at_ms, _)| now_ms.saturating_sub(*at_ms) < NOTE_EVERY_MS) {
            return;
        }
        self.bytes.push_back((now_ms, bytes));
        if self.bytes.len() > NOTES {
            self.bytes.pop_front();
        }
    }

    /// How fast what waits goes, while it does.
    pub(crate) fn drain(&self) -> Option<Drain> {
        let (first, last) = (self.waiting.front()?, self.waiting.back()?);
        let middle = self.waiting.get(self.waiting.len() / 2)?;
        draining::drain([*first, *middle, *last], last.1).filter(|_| self.up.is_some())
    }

    /// The most that waited since the line came back.
    pub(crate) fn most(&self) -> Option<u64> {
        self.up.map(|(_, most)| most)
    }

    /// The room there is, of a store that takes and may take so many bytes.
    pub(crate) fn room(&self, used_bytes: u64, most_bytes: u64) -> Room {
        let pace = self.bytes.front().zip(self.bytes.back()).and_then(|((from_ms, before), (to_ms, after))| {
            let took_ms = to_ms.saturating_sub(*from_ms);
            let grew = after.saturating_sub(*before);
            (took_ms >= PACE_MS && grew > 0).then(|| grew as f64 * 1_000.0 / took_ms as f64)
        });
        let left = most_bytes.saturating_sub(used_bytes);
        Room { used_bytes, most_bytes, full_in_seconds: pace.map(|pace| (left as f64 / pace) as u64) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_it_will_be_done_is_said_once_the_rate_was_steady_for_ten_seconds() {
        let mut buffer = Buffer::default();
        let mut done = Vec::new();
        for look in 0..8_u64 {
            buffer.waits(look * 2_000, 10_000 - look * 200, Some(7));
            done.push(buffer.drain().and_then(|drain| drain.done_in_seconds));
        }
        assert_eq!(done[..5], [None; 5]);
        assert_eq!(done[7], Some(86), "8,600 ticks at 100 a second");
        assert_eq!(buffer.most(), Some(10_000));
        buffer.waits(16_000, 8_590, Some(7));
        buffer.waits(18_000, 8_580, Some(7));
        let slower = buffer.drain().expect("it still goes");
        assert_eq!(slower.done_in_seconds, None, "it has slowed down");
    }

    #[test]
    fn while_the_line_is_down_or_more_comes_than_goes_nothing_is_promised() {
        let mut buffer = Buffer::default();
        (0..8).for_each(|look| buffer.waits(look * 2_000, 100 - look, None));
        assert_eq!((buffer.drain(), buffer.most()), (None, None));
        (8..16).for_each(|look| buffer.waits(look * 2_000, 100 + look, Some(1)));
        assert_eq!(buffer.drain(), None);
        assert_eq!(buffer.most(), Some(115));
        buffer.waits(40_000, 20, Some(2));
        assert_eq!(buffer.most(), Some(20), "another line, another count");
    }

    #[test]
    fn for_how_long_there_is_room_is_said_once_the_pace_is_known() {
        let mut buffer = Buffer::default();
        buffer.takes(0, 1_000_000);
        assert_eq!(buffer.room(1_000_000, 10_000_000).full_in_seconds, None);
        for minute in 1..=10 {
            buffer.takes(minute * 60_000, 1_000_000 + minute * 6_000);
        }
        let room = buffer.room(1_060_000, 10_060_000);
        assert_eq!(room.full_in_seconds, Some(90_000), "9 MB at 100 bytes a second");
        assert_eq!(buffer.room(20, 10).full_in_seconds, Some(0));
    }
}
