//! Which ticks of a piece fall into which minute, and where their numbers follow one another?

use vigie_merge::RangeSet;

/// Slots of one piece. An hour without holes has one, and one for each minute.
pub(crate) const MAX_SLOTS: usize = 4_096;

/// Ticks of one minute, or of the hour, whose numbers lie in one run of those that a piece covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Of the hour, from 0; 0 where the window is the hour.
    pub(crate) minute: u8,
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Fewer than lie between the numbers where a clock was set back and forth.
    pub(crate) ticks: u32,
    /// When the first and the last were measured, in ms since 1970 UTC.
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
}

impl Slot {
    fn place(&self) -> (u8, u64) {
        (self.minute, self.first)
    }

    fn then(&mut self, next: &Self) {
        (self.last, self.to_ms) = (next.last, next.to_ms);
        self.ticks = self.ticks.saturating_add(next.ticks);
    }
}

/// Slots in order, those of two pieces in one.
pub(crate) struct Joined {
    pub(crate) slots: Vec<Slot>,
    pub(crate) ours: Vec<Went>,
    pub(crate) theirs: Vec<Went>,
}

/// Where a slot of one of the two went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Went {
    pub(crate) to: u32,
    /// Its place among all slots of both.
    pub(crate) order: u32,
}

/// Joins slots of pieces without common ticks, which together cover `covered`.
pub(crate) fn join(ours: &[Slot], theirs: &[Slot], covered: &RangeSet) -> Joined {
    let runs: Vec<(u64, u64)> = covered.ranges().collect();
    let run = |slot: &Slot| runs.partition_point(|run| run.1 < slot.first);
    let mut joined =
        Joined { slots: Vec::new(), ours: Vec::with_capacity(ours.len()), theirs: Vec::with_capacity(theirs.len()) };
    let (mut left, mut right) = (ours.iter().peekable(), theirs.iter().peekable());
    loop {
        let ours_next = match (left.peek(), right.peek()) {
            (Some(ours), Some(theirs)) => ours.place() < theirs.place(),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return joined,
        };
        let Some(slot) = (if ours_next { left.next() } else { right.next() }) else { return joined };
        match joined.slots.last_mut() {
            Some(last) if last.minute == slot.minute && run(last) == run(slot) => last.then(slot),
            _ => joined.slots.push(*slot),
        }
        let order = (joined.ours.len() + joined.theirs.len()) as u32;
        let went = Went { to: joined.slots.len() as u32 - 1, order };
        if ours_next { joined.ours.push(went) } else { joined.theirs.push(went) }
    }
}
