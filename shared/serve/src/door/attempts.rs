//! Who guesses tokens, and for how long are they not listened to?

use std::collections::HashMap;
use std::sync::Mutex;

use super::Address;

/// Wrong tokens from one address before it is refused without a look. A person who pastes the wrong one tries three
/// times.
const MAX_FAILURES: u32 = 10;

/// How long failures are remembered, and so how long an address is refused.
const WINDOW_MS: u64 = 5 * 60 * 1000;

/// Addresses remembered. Beyond it the oldest is forgotten: an attacker with this many addresses is not stopped by
/// counting, and the tokens' 256 bits do not need it.
const MAX_ADDRESSES: usize = 4_096;

/// Failed attempts by address. Counts only *different* wrong tokens in a row: a program that sends its one revoked token
/// every two seconds does not guess, and does not lock out the office behind the same address.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    table: Mutex<HashMap<Address, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    since_ms: u64,
    count: u32,
    last: [u8; 32],
}

impl Attempts {
    /// Whether an address may try; if not, after how many seconds it may again.
    pub(crate) fn may_try(&self, address: Address, now_ms: u64) -> Result<(), u64> {
        let table = self.table.lock().expect("no thread panics while it counts");
        match table.get(&address) {
            Some(failures) if failures.count >= MAX_FAILURES && !failures.are_over(now_ms) => {
                Err((failures.since_ms + WINDOW_MS - now_ms).div_ceil(1000))
            }
            _ => Ok(()),
        }
    }

    /// Notes a wrong token.
    pub(crate) fn failed(&self, address: Address, token: &str, now_ms: u64) {
        let last = *blake3::hash(token.as_bytes()).as_bytes();
        let mut table = self.table.lock().expect("no thread panics while it counts");
        if table.len() >= MAX_ADDRESSES && !table.contains_key(&address) {
            make_room(&mut table, now_ms);
        }
        let fresh = Failures { since_ms: now_ms, count: 0, last: [0; 32] };
        let failures = table.entry(address).or_insert(fresh);
        if failures.are_over(now_ms) {
            *failures = fresh;
        }
        if failures.count == 0 || failures.last != last {
            failures.count += 1;
            failures.last = last;
        }
    }
}

impl Failures {
    fn are_over(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.since_ms) >= WINDOW_MS
    }
}

fn make_room(table: &mut HashMap<Address, Failures>, now_ms: u64) {
    table.retain(|_, failures| !failures.are_over(now_ms));
    if table.len() >= MAX_ADDRESSES
        && let Some(oldest) = table.iter().min_by_key(|(_, failures)| failures.since_ms).map(|(address, _)| *address)
    {
        table.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::ConnectInfo;
    use axum::http::Request;

    use super::*;
    use crate::Options;

    fn address(n: u32) -> Address {
        let (mut parts, ()) = Request::new(()).into_parts();
        let ip = std::net::Ipv4Addr::from_bits(n);
        parts.extensions.insert(ConnectInfo(std::net::SocketAddr::from((ip, 1))));
        Address::of(&parts, &Options::default())
    }

    #[test]
    fn who_guesses_is_not_listened_to_for_a_while() {
        let attempts = Attempts::default();
        for n in 0..10 {
            assert_eq!(attempts.may_try(address(1), 0), Ok(()));
            attempts.failed(address(1), &n.to_string(), 0);
        }
        assert_eq!(attempts.may_try(address(1), 1_000), Err(299));
        assert_eq!(attempts.may_try(address(2), 1_000), Ok(()));
        assert_eq!(attempts.may_try(address(1), WINDOW_MS), Ok(()));
    }

    #[test]
    fn one_wrong_token_again_and_again_is_no_guessing() {
        let attempts = Attempts::default();
        for at in 0..100 {
            attempts.failed(address(1), "revoked", at);
        }
        assert_eq!(attempts.may_try(address(1), 100), Ok(()));
    }

    #[test]
    fn the_table_of_guessers_does_not_grow_for_ever() {
        let attempts = Attempts::default();
        for n in 0..2 * MAX_ADDRESSES as u32 {
            attempts.failed(address(n), "x", 0);
        }
        assert_eq!(attempts.table.lock().expect("a table").len(), MAX_ADDRESSES);
    }
}
