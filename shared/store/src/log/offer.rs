//! Which hours of a stream go to whoever takes rollups?

use vigie_merge::RangeSet;
use vigie_model::{StreamId, UtcMs};
use vigie_rollup::{Hour, Window};
use vigie_sync::keep::{HoursFound, RolledHour};

use super::Log;
use super::foreign;
use super::loss::Loss;
use super::rolls;
use super::shelf::Shelf;
use crate::errors::ReadError;

/// Hours looked at in one transaction: some milliseconds.
const HOURS_AT_ONCE: usize = 256;

impl Log {
    /// The ticks of the hours that touch two times, both included, whoever folded them.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn ticks_of_hours(&self, stream: StreamId, from: UtcMs, to: UtcMs) -> Result<RangeSet, ReadError> {
        let (first, last) = (Hour::of(from), Hour::of(to));
        if last < first {
            return Ok(RangeSet::new());
        }
        self.reading(|shelves| {
            let mut ticks = RangeSet::new();
            let own = rolls::groups(&shelves.rollups, rolls::hours(stream, Window::Hour, first, last))?;
            for covered in own.values().filter_map(rolls::Group::covered) {
                ticks.union_with(&covered);
            }
            for one in foreign::labels(&shelves.rollups, stream, (first, last))? {
                ticks.union_with(&one.label.covered);
            }
            Ok(ticks)
        })
    }

    /// Hours that were folded here and hold some of these ticks, newest first, of hours before one if it is given: about so
    /// many bytes, and one at least if there is any.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn hours_of(
        &self,
        stream: StreamId,
        wanted: &RangeSet,
        before: Option<i64>,
        budget_bytes: u64,
    ) -> Result<HoursFound, ReadError> {
        let mut found = HoursFound::default();
        let Some(facts) = self.streams.get(&stream) else { return Ok(found) };
        found.edition = facts.rolled.edition;
        let mut left = budget_bytes;
        self.reading(|shelves| {
            let mut last = Hour::number(before.map_or(i64::MAX, |before| before.saturating_sub(1)));
            for _ in 0..HOURS_AT_ONCE {
                let (low, high) = rolls::hours(stream, Window::Hour, Hour::number(i64::MIN), last);
                let row = shelves.rollups.range::<&[u8]>(low.as_slice()..=high.as_slice())?.next_back().transpose()?;
                let Some(place) = row.and_then(|(key, _)| rolls::Place::of(key.value())) else {
                    found.before = None;
                    return Ok(());
                };
                let hour = place.hour;
                let groups = rolls::groups(&shelves.rollups, rolls::hours(stream, Window::Hour, hour, hour))?;
                for group in groups.values() {
                    let (Some(ticks), Some(sheets)) = (group.covered(), group.sheets()) else {
                        if let Some((key, _)) = group.rows.first() {
                            self.note(Loss::row(stream, Shelf::Rollup, key.clone()));
                        }
                        continue;
                    };
                    if ticks.intersection(wanted).is_empty() {
                        continue;
                    }
                    let sheets: Vec<Vec<u8>> = sheets.into_iter().map(<[u8]>::to_vec).collect();
                    left = left.saturating_sub(sheets.iter().map(|sheet| sheet.len() as u64).sum());
                    found.hours.push(RolledHour { ticks, sheets });
                }
                found.before = Some(hour.count());
                last = Hour::number(hour.count().saturating_sub(1));
                if left == 0 {
                    return Ok(());
                }
            }
            Ok(())
        })?;
        Ok(found)
    }
}
