//! Which of the lives noted beside the log does the log still hold whole?
//!
//! A life is noted once something of it is durable. What the log then does not know, or knows from a damaged file that
//! was saved into another, may have lost numbers; which ones it had reserved is not known either. So it is owned up to,
//! and does not go on: a number given twice would be two samples for one place. Ticks of it that others have, or that
//! were saved, win over the gap.

use vigie_model::{Incarnation, Seq};

/// A life as it was noted beside the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    /// Which life.
    pub life: Incarnation,
    /// The last number it may have given.
    pub upto: Seq,
    /// In which life of the log it was.
    pub log_epoch: u64,
}

/// How a log was found at its opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Its facts are as they were written.
    Whole,
    /// Its facts were lost, and counted again from its records.
    Rebuilt,
    /// The log does not know it.
    Unknown,
}

/// What becomes of the lives noted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// The life that goes on, if one may.
    pub present: Option<Incarnation>,
    /// Lives that are owned up to as a whole.
    pub lost: Vec<Noted>,
}

/// Judges the lives noted, oldest first, by what the log of this epoch holds of each.
pub fn judge(noted: &[Noted], log_epoch: u64, found: impl Fn(Incarnation) -> Found) -> Verdict {
    let is_lost = |note: &Noted| note.log_epoch != log_epoch || found(note.life) != Found::Whole;
    Verdict {
        present: noted.last().filter(|note| !is_lost(note)).map(|note| note.life),
        lost: noted.iter().copied().filter(is_lost).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(life: u64, log_epoch: u64) -> Noted {
        Noted { life: Incarnation(life), upto: Seq(9), log_epoch }
    }

    fn lost(verdict: &Verdict) -> Vec<u64> {
        verdict.lost.iter().map(|note| note.life.0).collect()
    }

    #[test]
    fn the_newest_life_goes_on_when_the_log_holds_it_whole() {
        let verdict = judge(&[noted(7, 1), noted(8, 1)], 1, |_| Found::Whole);
        assert_eq!((verdict.present, lost(&verdict)), (Some(Incarnation(8)), vec![]));
    }

    #[test]
    fn in_another_life_of_the_log_every_life_is_owned_up_to() {
        let verdict = judge(&[noted(7, 1), noted(8, 1)], 2, |_| Found::Whole);
        assert_eq!((verdict.present, lost(&verdict)), (None, vec![7, 8]));
    }

    #[test]
    fn a_life_whose_introduction_or_facts_were_damaged_is_owned_up_to_and_does_not_go_on() {
        for damaged in [Found::Unknown, Found::Rebuilt] {
            let found = |life| if life == Incarnation(8) { damaged } else { Found::Whole };
            let verdict = judge(&[noted(7, 1), noted(8, 1)], 1, found);
            assert_eq!((verdict.present, lost(&verdict)), (None, vec![8]));
        }
    }
}
