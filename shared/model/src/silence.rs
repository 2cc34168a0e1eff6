//! After how long is somebody not heard any more?

/// How often somebody is sure to be heard on most links, in ms: a usual machine's ticks come each ten seconds.
pub const USUAL_BEAT_MS: u64 = 10_000;

/// After so long without a beat of [`USUAL_BEAT_MS`] somebody is not heard any more: two are missed, and what a line
/// delays is let pass. Whoever looks learns of it within 30 s of the last word, as does whoever is told.
pub const SILENT_AFTER_MS: u64 = 26_000;

/// After how many ms of silence somebody is not heard any more that is sure to be heard so often: three beats where these
/// come seldom, on a thin or metered line. One law for what is shown and for what people are told.
pub const fn silent_after_ms(beat_ms: u64) -> u64 {
    if beat_ms <= USUAL_BEAT_MS { SILENT_AFTER_MS } else { beat_ms.saturating_mul(3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seldom_heard_is_longer_waited_for_and_never_for_less_than_two_beats() {
        assert_eq!([1, 10_000, 25_000, 60_000].map(silent_after_ms), [26_000, 26_000, 75_000, 180_000]);
        for beat_ms in (1_000..200_000).step_by(1_000) {
            let after = silent_after_ms(beat_ms);
            assert!(after > 2 * beat_ms && after <= silent_after_ms(beat_ms + 1_000), "{beat_ms}");
        }
    }
}
