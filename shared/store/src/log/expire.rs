//! Minutes and hours on their way out: they are kept longer than their ticks, and not for ever.

use std::time::Duration;

use redb::ReadableTable;
use vigie_model::{StreamId, UtcMs};
use vigie_rollup::{Hour, Window};

use super::Log;
use super::foreign;
use super::pen::{Pen, add};
use super::rolls;
use super::shelf::Shelf;
use crate::errors::{CommitError, Trouble};
use crate::types::StreamFacts;

/// Sheets deleted in one transaction: some megabytes.
const SHEETS_AT_ONCE: usize = 256;

impl Log {
    /// Deletes the minutes and the hours of a stream that ended before two times; says how many bytes.
    ///
    /// In transactions that others need not wait for long. What is freed is used again; the file does not become smaller.
    ///
    /// # Errors
    /// As [`Log::commit`]; what was deleted before stays deleted.
    pub fn expire_rollups(
        &mut self,
        stream: StreamId,
        minutes_before: UtcMs,
        hours_before: UtcMs,
    ) -> Result<u64, CommitError> {
        let mut bytes = 0;
        for (window, before) in [(Window::Minute, minutes_before), (Window::Hour, hours_before)] {
            while self.has_older(stream, window, before)? {
                let freed = self.transact(|pen| pen.expire_sheets(stream, window, before))?;
                bytes += freed;
                if freed == 0 {
                    break;
                }
            }
        }
        let older = Hour::number(Hour::of(hours_before).count().saturating_sub(1));
        let foreign = self.reading(|shelves| foreign::first_hour(&shelves.rollups, stream, older));
        if foreign.is_ok_and(|first| first.is_some()) {
            bytes += self.transact(|pen| pen.expire_foreign(stream, older))?;
        }
        Ok(bytes)
    }

    /// Deletes the minutes and hours of one stream that are older than the options say; nothing where they say nothing.
    ///
    /// # Errors
    /// As [`Log::expire_rollups`].
    pub fn retire(&mut self, stream: StreamId, now: UtcMs) -> Result<u64, CommitError> {
        let before = |kept: Option<Duration>| {
            let kept_ms = kept.map_or(i64::MAX, |kept| i64::try_from(kept.as_millis()).unwrap_or(i64::MAX));
            UtcMs(now.0.saturating_sub(kept_ms))
        };
        self.expire_rollups(stream, before(self.options.minutes_for), before(self.options.hours_for))
    }

    /// Whether there is anything to delete: looked at by a reader first, for a commit syncs the disk.
    fn has_older(&self, stream: StreamId, window: Window, before: UtcMs) -> Result<bool, CommitError> {
        let (low, high) = older(stream, window, before);
        let any = self.reading(|shelves| {
            Ok(low <= high && shelves.rollups.range::<&[u8]>(low.as_slice()..=high.as_slice())?.next().is_some())
        });
        Ok(any?)
    }
}

/// All sheets of hours that ended before a time, as bounds.
fn older(stream: StreamId, window: Window, before: UtcMs) -> (Vec<u8>, Vec<u8>) {
    let last = Hour::number(Hour::of(before).count().saturating_sub(1));
    rolls::hours(stream, window, Hour::number(i64::MIN), last)
}

impl Pen<'_> {
    /// Deletes the oldest sheets that are too old; says how many bytes.
    fn expire_sheets(&mut self, stream: StreamId, window: Window, before: UtcMs) -> Result<u64, Trouble> {
        let (low, high) = older(stream, window, before);
        let mut end = None;
        for row in self.table(Shelf::Rollup)?.range::<&[u8]>(low.as_slice()..=high.as_slice())?.take(SHEETS_AT_ONCE) {
            end = Some(row?.0.value().to_vec());
        }
        let Some(mut end) = end else { return Ok(0) };
        // The sheets of an hour go together: half a piece would be a damaged one.
        if let Some(place) = rolls::Place::of(&end) {
            end = rolls::hours(stream, window, place.hour, place.hour).1;
        }
        let Some(mut facts) = self.take(stream) else { return Ok(0) };
        let done = self.expire_up_to(stream, &mut facts, window, (&low, &end));
        self.give(stream, facts);
        done
    }

    /// Removes the minutes or hours up to a sheet; says how many bytes.
    pub(crate) fn expire_up_to(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        window: Window,
        (low, end): (&[u8], &[u8]),
    ) -> Result<u64, Trouble> {
        let freed = self.remove_range(Shelf::Rollup, low, end, |_, _| {})?;
        add(&mut facts.bytes.other, freed);
        if let (Some(mut note), Some(place)) = (self.folded(stream)?, rolls::Place::of(end)) {
            let from = place.hour.count().saturating_add(1);
            let known = if window == Window::Hour { &mut note.hours_from } else { &mut note.minutes_from };
            *known = from.max(*known);
            self.write_folded(stream, facts, &mut note)?;
        }
        Ok(freed.unsigned_abs())
    }
}
