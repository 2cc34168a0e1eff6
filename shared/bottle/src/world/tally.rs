//! What happened, in numbers?

use std::fmt;

/// What happened in a run, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Events.
    pub steps: u64,
    /// Frames sent.
    pub frames: u64,
    /// Ticks measured.
    pub ticks: u64,
    /// Sessions begun, both sides counted.
    pub sessions: u64,
    /// Programs started.
    pub starts: u64,
    /// Processes killed, power cuts.
    pub crashes: u64,
    /// Commits.
    pub commits: u64,
    /// Commits that failed.
    pub failed_commits: u64,
    /// Stores that were damaged as a whole and begun anew.
    pub stores_rebuilt: u64,
    /// Times records were set aside.
    pub damages: u64,
    /// Lives begun in memory.
    pub lives_in_memory: u64,
    /// Gaps stated for lack of room.
    pub evicted: u64,
    /// Ticks forgotten on the hub's word.
    pub forgotten: u64,
    /// Times neighbouring segments were laid out by series.
    pub laid_out: u64,
    /// Ticks that the hub knows by their hours alone, because relays let go of them.
    pub thinned: u64,
    /// Times ticks were folded into minutes and hours.
    pub folded: u64,
    /// Sheets of hours sent.
    pub hours: u64,
    /// Ticks at the hub at the end.
    pub at_hub: u64,
    /// Numbers under gaps at the hub at the end.
    pub gaps: u64,
    /// Ticks that came more than once to the hub.
    pub duplicates: u64,
    /// Times something was refused.
    pub refused: u64,
    /// Rows edited.
    pub edits: u64,
    /// Older copies of rows that were brought back.
    pub rows_restored: u64,
    /// Rows that began a new life because a peer had seen more of them.
    pub rows_reborn: u64,
}

impl Tally {
    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.frames += other.frames;
        self.hours += other.hours;
        self.ticks += other.ticks;
        self.sessions += other.sessions;
        self.starts += other.starts;
        self.crashes += other.crashes;
        self.commits += other.commits;
        self.failed_commits += other.failed_commits;
        self.stores_rebuilt += other.stores_rebuilt;
        self.damages += other.damages;
        self.lives_in_memory += other.lives_in_memory;
        self.evicted += other.evicted;
        self.forgotten += other.forgotten;
        self.laid_out += other.laid_out;
        self.folded += other.folded;
        self.thinned += other.thinned;
        self.at_hub += other.at_hub;
        self.gaps += other.gaps;
        self.duplicates += other.duplicates;
        self.refused += other.refused;
        self.edits += other.edits;
        self.rows_restored += other.rows_restored;
        self.rows_reborn += other.rows_reborn;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} steps, {} frames, {} ticks, {} at the hub, {} under gaps, {} twice; {} sessions, {} starts, {} crashes, \
             {} commits ({} failed), {} damages, {} stores rebuilt, {} lives in memory, {} evictions, {} forgotten, \
             {} laid out, {} folded, {} let go of, {} refused; {} rows edited, {} restored, {} reborn",
            self.steps,
            self.frames,
            self.ticks,
            self.at_hub,
            self.gaps,
            self.duplicates,
            self.sessions,
            self.starts,
            self.crashes,
            self.commits,
            self.failed_commits,
            self.damages,
            self.stores_rebuilt,
            self.lives_in_memory,
            self.evicted,
            self.forgotten,
            self.laid_out,
            self.folded,
            self.thinned,
            self.refused,
            self.edits,
            self.rows_restored,
            self.rows_reborn
        )
    }
}
