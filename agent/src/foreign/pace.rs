//! When is a source asked next?

use std::time::Duration;

use vigie_model::{Moment, UtcMs};

use crate::collect::Schedule;
use crate::measure::on_the_second;

/// No wait is longer: timers stand still while a machine sleeps, and clocks are set.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Gives the seconds in which sources are asked: those of the machine's own rounds where the intervals allow it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace(Schedule);

impl Pace {
    pub(crate) fn new(schedule: Schedule) -> Self {
        Self(schedule)
    }

    /// Waits for the next second that is a source's own, and gives the moment by both clocks.
    pub(crate) async fn next(&self, every_s: i64, last: Option<UtcMs>, boot_no: u32) -> Moment {
        loop {
            let (now, _) = vigie_node::boot_moment();
            let due = self.0.slot(every_s, now, last);
            let wait_ms = due.0.saturating_sub(now.0).max(0).cast_unsigned();
            if wait_ms > LOOK_AGAIN.as_millis() as u64 {
                tokio::time::sleep(LOOK_AGAIN).await;
                continue;
            }
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            let now = vigie_node::boot_moment();
            // Else the clock was set back, or the timer rang early.
            if now.0 >= due {
                return on_the_second(now, due, boot_no);
            }
        }
    }
}
