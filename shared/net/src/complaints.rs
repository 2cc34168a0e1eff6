//! What was said of whom lately? A node that is refused comes again each second or two, and a stranger may come more often.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the same is not told again.
const QUIET: Duration = Duration::from_secs(60);

/// Addresses remembered at once; with one more all are forgotten.
const MOST: usize = 1_024;

/// The last complaint about each address.
#[derive(Debug, Default)]
pub(crate) struct Complaints(Mutex<HashMap<IpAddr, (String, Instant)>>);

impl Complaints {
    /// Whether this was not said of that address within the last minute.
    pub(crate) fn is_news(&self, of: IpAddr, reason: &str) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.get(&of).is_some_and(|(last, at)| last == reason && at.elapsed() < QUIET) {
            return false;
        }
        if said.len() >= MOST {
            said.clear();
        }
        said.insert(of, (reason.to_owned(), Instant::now()));
        true
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_same_of_the_same_address_is_news_once() {
        let complaints = Complaints::default();
        let (one, other) = (Ipv4Addr::new(10, 0, 0, 1).into(), Ipv4Addr::new(10, 0, 0, 2).into());
        assert!(complaints.is_news(one, "expired"));
        assert!(!complaints.is_news(one, "expired"));
        assert!(complaints.is_news(other, "expired"));
        assert!(complaints.is_news(one, "revoked"));
    }

    #[test]
    fn strangers_without_number_are_not_remembered_without_number() {
        let complaints = Complaints::default();
        for at in 0..5_000u32 {
            complaints.is_news(Ipv4Addr::from_bits(at).into(), "expired");
        }
        assert!(complaints.0.lock().expect("nobody panicked").len() <= MOST);
    }
}
