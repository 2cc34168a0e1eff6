//! Is the connection perhaps dead, though nobody has said so?
//!
//! Pure. A link that fell silent is noticed long before its idle timeout: something was asked, and nothing came back.

/// Watches what was asked of the other side and what was heard from it.
#[derive(Debug)]
pub struct Suspicion {
    after_ms: u64,
    heard: u64,
    asked: u64,
    unanswered_since_ms: Option<u64>,
}

impl Suspicion {
    /// Suspects a link that answers nothing for this long.
    pub fn new(after_ms: u64) -> Self {
        Self { after_ms, heard: 0, asked: 0, unanswered_since_ms: None }
    }

    /// Takes both counters as they are now; says whether the link is suspect.
    ///
    /// `asked` counts what must be answered, not every packet: an acknowledgement is answered by nothing.
    pub fn observe(&mut self, now_ms: u64, asked: u64, heard: u64) -> bool {
        if heard != self.heard {
            (self.heard, self.asked, self.unanswered_since_ms) = (heard, asked, None);
        }
        if asked > self.asked {
            self.unanswered_since_ms.get_or_insert(now_ms);
        }
        self.unanswered_since_ms.is_some_and(|since| now_ms.saturating_sub(since) >= self.after_ms)
    }

    /// Something happened that may have killed the link: silence is suspect from now on, even if nothing was asked.
    pub fn alarm(&mut self, now_ms: u64) {
        self.unanswered_since_ms.get_or_insert(now_ms);
    }

    /// How often to look, so that a suspicion is at most a quarter late.
    pub fn look_every_ms(&self) -> u64 {
        (self.after_ms / 4).max(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_answers_is_trusted() {
        let mut suspicion = Suspicion::new(4_000);
        assert!(!suspicion.observe(0, 10, 10));
        assert!(!suspicion.observe(1_000, 20, 10));
        assert!(!suspicion.observe(4_900, 30, 11));
        assert!(!suspicion.observe(9_000, 30, 11));
    }

    #[test]
    fn a_quiet_link_is_trusted_while_nothing_is_asked() {
        let mut suspicion = Suspicion::new(4_000);
        suspicion.observe(0, 10, 10);
        assert!(!suspicion.observe(1_000_000, 10, 10));
    }

    #[test]
    fn a_quiet_link_is_suspect_some_time_after_an_alarm() {
        let mut suspicion = Suspicion::new(4_000);
        suspicion.observe(0, 10, 10);
        suspicion.alarm(1_000);
        assert!(!suspicion.observe(4_999, 10, 10));
        assert!(suspicion.observe(5_000, 10, 10));
    }

    #[test]
    fn a_link_that_answers_nothing_is_suspect_until_it_does() {
        let mut suspicion = Suspicion::new(4_000);
        suspicion.observe(0, 10, 10);
        assert!(!suspicion.observe(1_000, 11, 10));
        assert!(suspicion.observe(5_000, 12, 10));
        assert!(!suspicion.observe(6_000, 12, 11));
    }
}
