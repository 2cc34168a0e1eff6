//! How often is a figure worth its cost?

/// How often a figure is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// What moves within seconds and is cheap to read: CPU, load, memory, disk and network IO, pressure.
    Fast,
    /// What moves within minutes or costs more: filesystems, processes, temperatures.
    Medium,
    /// What hardly moves: limits, link speeds, sizes.
    Slow,
}

impl Tier {
    /// Every tier, from the most to the least often.
    pub const ALL: [Self; 3] = [Self::Fast, Self::Medium, Self::Slow];

    fn bit(self) -> u8 {
        match self {
            Self::Fast => 1,
            Self::Medium => 2,
            Self::Slow => 4,
        }
    }
}

/// Which tiers are due together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Tiers(u8);

impl Tiers {
    /// Nothing is due.
    pub const NONE: Self = Self(0);
    /// Everything at once: at the first round, and when someone says *collect now*.
    pub const ALL: Self = Self(7);

    /// These tiers and one more.
    #[must_use]
    pub fn with(self, tier: Tier) -> Self {
        Self(self.0 | tier.bit())
    }

    /// Whether a tier is among them.
    pub fn contains(self, tier: Tier) -> bool {
        self.0 & tier.bit() != 0
    }
}

impl FromIterator<Tier> for Tiers {
    fn from_iter<I: IntoIterator<Item = Tier>>(tiers: I) -> Self {
        tiers.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_tiers_are_each_tier() {
        assert_eq!(Tier::ALL.into_iter().collect::<Tiers>(), Tiers::ALL);
        assert!(!Tiers::NONE.with(Tier::Medium).contains(Tier::Fast));
        assert!(Tiers::NONE.with(Tier::Medium).contains(Tier::Medium));
    }
}
