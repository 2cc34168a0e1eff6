//! How large, how careful, how long?

use std::time::Duration;

/// Which sealed ticks are laid out by series, so that a question about one series reads no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayOut {
    /// None: nobody asks questions here.
    Never,
    /// Those that the hub has signed for: the others may still have to be sent as they are.
    Receipted,
    /// All.
    All,
}

/// What is folded into minutes and hours, so that a question about months reads no ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollups {
    /// Nothing: nobody asks questions here.
    Never,
    /// All that is sealed, once its hour is old enough: into hours, which take an eighth of it.
    Hours,
    /// Into minutes too, which take as much again as what they are folded from: for when that is let go for its age.
    All,
}

/// How a [`Log`](super::Log) is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What the records may take.
    pub cap_bytes: u64,
    /// What the records may take of the file system they are on, whatever `cap_bytes` says.
    pub cap_percent_of_disk: Option<u8>,
    /// What redb keeps in memory.
    pub cache_bytes: usize,
    /// What is held of laid out columns, checked and decoded, for questions that are asked again.
    pub hot_bytes: usize,
    /// A file that is removed when the disk is full, so that there is room for a deletion. 256 KiB was enough in every
    /// trial and 64 KiB was not.
    pub ballast_bytes: u64,
    /// How long a record stays after the hub has signed for it: a hub restored from a backup of that age gets it again.
    pub floor: Duration,
    /// Whether the streams are this node's own: it may then give up ticks, with a signed gap in their place.
    pub origin: bool,
    /// Two syncs for each commit instead of one; the file then opens at once after a power cut, however large it is, and
    /// a flipped bit costs one record instead of the file.
    pub quick_repair: bool,
    /// Files above this are not read as a whole after an unclean stop. Their records are checked when they are read.
    pub check_up_to_bytes: u64,
    /// Segments whose place in time is held in memory for queries, at 140 bytes each. Those laid out together count as one.
    pub index_spans: usize,
    /// Which sealed ticks are laid out by series; see [`Log::gather`](super::Log::gather).
    pub lay_out: LayOut,
    /// So many ticks are laid out together at least: what an agent seals in ten minutes. Columns of so few cost twice what
    /// their segments did, and are read a hundred times as fast; they are soon laid out anew with their neighbours.
    pub lay_out_ticks: u64,
    /// Whether ticks are folded into minutes and hours; see [`Log::gather_folds`](super::Log::gather_folds).
    pub rollups: Rollups,
    /// How long after its end an hour, or the part of it, is first folded: an agent that is connected has sealed it by then. What comes later
    /// is folded into it.
    pub fold_after: Duration,
    /// Ticks are folded in stretches of this length, each once it is over: an hour, or a part of it where hours under way
    /// are passed on too. Divides an hour.
    pub fold_every: Duration,
    /// Whether hours go up in place of ticks (relay): ticks that the hub knows by their hours may then go, though it never
    /// signs for them. They do when the store is nearly full, the oldest first, or when they are older than `raw_for`.
    pub thins: bool,
    /// How long ticks are kept that the hub knows by their hours; as long as there is room unless said.
    pub raw_for: Option<Duration>,
    /// How long minutes and hours are kept; for ever unless said. See [`Log::retire`](super::Log::retire).
    pub minutes_for: Option<Duration>,
    /// As `minutes_for`.
    pub hours_for: Option<Duration>,
    /// The epoch of a log that is begun, and one less than that of a log begun anew after damage; random unless said
    /// (the simulator says).
    pub new_epoch: Option<u64>,
}

const MIB: usize = 1 << 20;

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Options {
    /// For an agent: little memory, and the right to give up.
    pub fn agent(cap_bytes: u64) -> Self {
        Self {
            cache_bytes: MIB,
            origin: true,
            index_spans: 4_096,
            lay_out: LayOut::Never,
            rollups: Rollups::Never,
            ..Self::relay(cap_bytes)
        }
    }

    /// For a relay.
    pub fn relay(cap_bytes: u64) -> Self {
        Self {
            cap_bytes,
            cap_percent_of_disk: Some(10),
            cache_bytes: 16 * MIB,
            hot_bytes: 4 * MIB,
            ballast_bytes: MIB as u64,
            floor: Duration::from_secs(72 * 3600),
            origin: false,
            quick_repair: true,
            check_up_to_bytes: 512 * MIB as u64,
            index_spans: 100_000,
            lay_out: LayOut::Receipted,
            lay_out_ticks: 60,
            // A fifth of a core folds ten thousand machines.
            rollups: Rollups::Hours,
            fold_after: Duration::from_secs(65 * 60),
            fold_every: Duration::from_secs(60 * 60),
            // A site alone sees the season hour by hour. Minutes are for who asks for them by `rollups`.
            thins: false,
            raw_for: None,
            minutes_for: Some(8 * DAY),
            hours_for: Some(90 * DAY),
            new_epoch: None,
        }
    }

    /// For a hub: most of a disk.
    pub fn hub(cap_bytes: u64) -> Self {
        Self {
            cap_percent_of_disk: Some(80),
            cache_bytes: 64 * MIB,
            // A day of 700 noisy columns, or of some thousand quiet ones.
            hot_bytes: 32 * MIB,
            ballast_bytes: 16 * MIB as u64,
            index_spans: 400_000,
            lay_out: LayOut::All,
            minutes_for: None,
            hours_for: None,
            ..Self::relay(cap_bytes)
        }
    }
}
