//! From what is an answer made: single samples, minutes, or hours?
//!
//! Single samples wherever they are kept and few enough, for then the answer is Prometheus' own. Hours and minutes stand in
//! for what is no longer kept or never came; and for what is, if that is asked, or if it would be too much to read for what
//! would be seen of it.

use vigie_query::{Grain, Hints, Limits, Selection, Wish};
use vigie_rollup::Window;

use crate::asked::Row;
use crate::fleet::Fleet;
use crate::memory::StreamIx;

/// A range that is so many windows long is told well enough although its edges lie within windows.
const WINDOWS_IN_A_RANGE: i64 = 10;

/// Over a shorter time what is too much is too many series, of which windows are no fewer.
const GUESSED_MS: i64 = 3_600_000;

/// Streams that are looked at to guess how much there is to read.
const LOOKED_AT: usize = 16;

/// How fine a question is to be answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    /// Even where single samples are kept.
    pub(crate) always: Option<Window>,
    /// Where they are not; nothing if the reader takes none.
    pub(crate) where_gone: Option<Window>,
    /// The reader wants to know how values are spread.
    pub(crate) spread: bool,
    /// Samples are wanted nowhere.
    pub(crate) cells_alone: bool,
}

impl Choice {
    const SAMPLES: Self = Self { always: None, where_gone: None, spread: false, cells_alone: false };
}

impl Fleet {
    pub(crate) fn choose(&self, rows: &[Row], selection: &Selection<'_>, wish: Wish, limits: &Limits) -> Choice {
        if !wish.takes_cells {
            return Choice::SAMPLES;
        }
        let fits = fitting(selection, wish.spread);
        let finest = if wish.spread { Window::Hour } else { Window::Minute };
        let (spread, cells_alone) = (wish.spread, wish.cells_alone);
        let of = |always: Option<Window>, gone: Window| Choice { always, where_gone: Some(gone), spread, cells_alone };
        match wish.grain {
            Grain::Raw => Choice::SAMPLES,
            Grain::Hour => of(Some(Window::Hour), Window::Hour),
            Grain::Minute => of(Some(finest), finest),
            Grain::Auto => {
                let much = || self.is_much(rows, selection, limits);
                of(fits.filter(|_| much()), fits.unwrap_or(finest))
            }
        }
    }

    /// Whether there are more samples than a question may hold. Of what is shown at steps only those are held; and
    /// as long as samples fit they are no slower: sixty days at a minute were read in a fifth of the time of their hours.
    fn is_much(&self, rows: &[Row], selection: &Selection<'_>, limits: &Limits) -> bool {
        let long_ms = selection.end_ms.saturating_sub(selection.start_ms);
        // Nobody measures so much in a minute that it is worth guessing for every question that looks back for five.
        let worth_guessing = !selection.hints.newest_at_steps && long_ms > GUESSED_MS;
        worth_guessing && self.guess(rows, long_ms) > limits.max_samples as u64
    }

    /// About how many samples of some series lie in so long a time, from a few of their streams.
    fn guess(&self, rows: &[Row], long_ms: i64) -> u64 {
        let every = (rows.len() / LOOKED_AT).max(1);
        let streams: Vec<StreamIx> = rows.iter().step_by(every).map(|row| row.stream).collect();
        let ids: Vec<_> = {
            let memory = self.memory();
            streams.iter().map(|stream| memory.stream(*stream).id).collect()
        };
        let (mut ticks, mut looked) = (0u128, 0u128);
        let log = self.log();
        for id in ids {
            let Some((facts, Ok(Some((first, last))))) = log.streams().get(&id).map(|facts| (facts, log.time_span(id)))
            else {
                continue;
            };
            let lasted = last.0.saturating_sub(first.0).max(1).unsigned_abs();
            let share = u128::from(long_ms.unsigned_abs().min(lasted));
            ticks += u128::from(facts.present.count()) * share / u128::from(lasted);
            looked += 1;
        }
        let of_all = (ticks * rows.len() as u128).checked_div(looked).unwrap_or(0);
        u64::try_from(of_all).unwrap_or(u64::MAX)
    }
}

/// The longest windows whose edges do not show in the answer, or hardly.
fn fitting(selection: &Selection<'_>, spread: bool) -> Option<Window> {
    let Hints { step_ms, range_ms, function, newest_alone, .. } = selection.hints;
    let fits = |window: &Window| {
        let length_ms = window.length_ms();
        if function.is_none() {
            return !newest_alone && step_ms.is_some_and(|step_ms| step_ms >= length_ms);
        }
        let range_ms = range_ms.unwrap_or(0);
        let whole = |ms: i64| ms.rem_euclid(length_ms) == 0;
        let aligned = whole(range_ms) && whole(selection.end_ms) && step_ms.is_none_or(whole);
        range_ms >= length_ms && (aligned || range_ms / length_ms >= WINDOWS_IN_A_RANGE)
    };
    let of_any = [Window::Hour, Window::Minute];
    of_any.into_iter().filter(|window| !spread || *window == Window::Hour).find(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;

    fn fit(function: Option<&'static str>, range_ms: i64, step_ms: i64, end_ms: i64) -> Option<Window> {
        let hints = Hints { step_ms: Some(step_ms), range_ms: Some(range_ms), function, ..Hints::default() };
        fitting(&Selection { hints, ..Selection::new(&[], 0, end_ms) }, function == Some("quantile_over_time"))
    }

    #[test]
    fn windows_are_as_long_as_steps_and_ranges_allow() {
        assert_eq!(fit(None, 5 * MINUTE, HOUR, 7 * HOUR + 1), Some(Window::Hour));
        assert_eq!(fit(None, 5 * MINUTE, 59 * MINUTE, 7 * HOUR), Some(Window::Minute));
        assert_eq!(fit(None, 5 * MINUTE, 59_000, 7 * HOUR), None);
        assert_eq!(fit(Some("rate"), HOUR, HOUR, 7 * HOUR), Some(Window::Hour));
        assert_eq!(fit(Some("rate"), HOUR, HOUR, 7 * HOUR + 1), Some(Window::Minute));
        assert_eq!(fit(Some("rate"), 24 * HOUR, HOUR, 7 * HOUR + 1), Some(Window::Hour));
        assert_eq!(fit(Some("rate"), 5 * MINUTE, MINUTE, 7 * HOUR), Some(Window::Minute));
        assert_eq!(fit(Some("rate"), 5 * MINUTE, 15_000, 7 * HOUR), None);
        assert_eq!(fit(Some("quantile_over_time"), 5 * MINUTE, MINUTE, 7 * HOUR), None);
    }
}
