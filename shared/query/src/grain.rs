//! How fine should an answer be, and what can the one who asks do with what is coarser?

/// From what an answer is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grain {
    /// From single samples where they are kept and few enough to be read; else from minutes or hours.
    #[default]
    Auto,
    /// From single samples alone.
    Raw,
    /// From minutes as far as there are some, or hours where the minutes are gone.
    Minute,
    /// From hours as far as there are some.
    Hour,
}

impl Grain {
    /// Reads `auto`, `raw`, `1m` or `1h`.
    pub fn read(text: &str) -> Option<Self> {
        Some(match text {
            "auto" => Self::Auto,
            "raw" => Self::Raw,
            "1m" => Self::Minute,
            "1h" => Self::Hour,
            _ => return None,
        })
    }
}

/// What a reader wants beside single samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// What was asked for.
    pub grain: Grain,
    /// Whether the reader can do anything with cells. One that can not is told where single samples are no longer kept.
    pub takes_cells: bool,
    /// Whether it is quantiles that are wanted: only hours say how their values are spread.
    pub spread: bool,
    /// Whether cells alone are wanted, of every minute or hour that was folded, whatever is kept beside it.
    pub cells_alone: bool,
}

impl Wish {
    /// Single samples alone.
    pub const RAW: Self = Self { grain: Grain::Raw, takes_cells: false, spread: false, cells_alone: false };

    /// The minutes or hours themselves.
    pub fn cells(grain: Grain) -> Self {
        Self { grain, takes_cells: true, spread: false, cells_alone: true }
    }
}
