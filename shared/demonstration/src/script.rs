//! When does the line go, and what happens meanwhile?
//!
//! Pure, and worked out from how long ago the demonstration began: after the hub was away it goes on where it would be.

/// After so long the line goes for the first time: whoever has just begun a demonstration is still looking.
const FIRST_CUT_MS: i64 = 60_000;

/// For so long it is cut.
const CUT_MS: i64 = 5 * 60_000;

/// So long from one cut to the next.
const EVERY_MS: i64 = 30 * 60_000;

/// So long after the line went the server behind it runs out of memory.
const TROUBLE_AFTER_MS: i64 = 15_000;

/// So long after the line is back it has memory again: by then whoever looks has seen it come late.
const TROUBLE_STAYS_MS: i64 = 5 * 60_000;

/// Somebody on the site says so long after the line went that they know, of what is wrong there by then.
const KNOWN_AFTER_MS: i64 = 3 * 60_000;

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act {
    /// Whether the line of the first site is cut.
    pub is_cut: bool,
    /// When the line changes next, in milliseconds since the beginning.
    pub changes_at_ms: i64,
    /// Whether the server of that site is out of memory.
    pub(crate) is_trouble: bool,
    /// Whether somebody on the site knows of what is wrong.
    pub(crate) is_known: bool,
}

/// What is going on so long after the beginning.
pub fn act(since_ms: i64) -> Act {
    let since_first = since_ms - FIRST_CUT_MS;
    if since_first < 0 {
        return Act { is_cut: false, changes_at_ms: FIRST_CUT_MS, is_trouble: false, is_known: false };
    }
    let since_cut = since_first % EVERY_MS;
    let begun = since_ms - since_cut;
    let is_cut = since_cut < CUT_MS;
    Act {
        is_cut,
        changes_at_ms: begun + if is_cut { CUT_MS } else { EVERY_MS },
        is_trouble: (TROUBLE_AFTER_MS..CUT_MS + TROUBLE_STAYS_MS).contains(&since_cut),
        is_known: (KNOWN_AFTER_MS..CUT_MS + TROUBLE_STAYS_MS).contains(&since_cut),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000;

    #[test]
    fn the_line_goes_after_a_minute_comes_back_and_goes_again_for_ever() {
        assert!(!act(0).is_cut && !act(FIRST_CUT_MS - 1).is_cut);
        for round in [0, 1, 2, 40, 1_440] {
            let cut = FIRST_CUT_MS + round * EVERY_MS;
            assert!(act(cut).is_cut && act(cut + CUT_MS - 1).is_cut, "{round}");
            assert!(!act(cut + CUT_MS).is_cut && !act(cut + EVERY_MS - 1).is_cut, "{round}");
        }
    }

    #[test]
    fn when_it_changes_next_is_when_it_does() {
        for since in (0..3 * EVERY_MS).step_by(7 * 1_000 + 13) {
            let now = act(since);
            assert!(now.changes_at_ms > since);
            assert_eq!(act(now.changes_at_ms - 1).is_cut, now.is_cut, "{since}");
            assert_ne!(act(now.changes_at_ms).is_cut, now.is_cut, "{since}");
        }
    }

    #[test]
    fn what_goes_wrong_behind_the_cut_fires_and_is_known_there_before_the_line_is_back() {
        // The rule waits for two minutes, and looks every ten seconds or so.
        const {
            assert!(
                TROUBLE_AFTER_MS + 2 * 60 * S + 20 * S < KNOWN_AFTER_MS + 15 * S && KNOWN_AFTER_MS + 60 * S < CUT_MS
            )
        }
        let cut = FIRST_CUT_MS + EVERY_MS;
        assert!(!act(cut).is_trouble && act(cut + TROUBLE_AFTER_MS).is_trouble);
        assert!(!act(cut + KNOWN_AFTER_MS - 1).is_known && act(cut + KNOWN_AFTER_MS).is_known);
        assert!(act(cut + CUT_MS).is_trouble, "it is still so when the line is back");
        assert!(!act(cut + EVERY_MS - 1).is_trouble && !act(cut + EVERY_MS - 1).is_known, "and over before the next");
    }

    #[test]
    fn a_clock_that_was_set_back_before_the_beginning_is_no_cut() {
        assert!(!act(-1).is_cut && !act(i64::MIN / 2).is_cut);
    }
}
