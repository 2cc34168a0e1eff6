//! Who asks more often than anybody reads?
//!
//! What is handed out lies ready in memory, so a crowd costs little; this keeps one address from taking what is left, and
//! from trying names.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::door::Address;

/// Requests that an address may save up: an office behind one address that opens the page at once.
const BURST: f64 = 200.0;

/// Requests a second after that: as many readers as that who reload twice a minute fill a large house.
const A_SECOND: f64 = 20.0;

/// What asking for a page that is not there costs, in requests: ten names at once, then one in a second.
const GUESS: f64 = 20.0;

/// Addresses that are remembered. Beyond it those that are quiet are forgotten.
const MOST_ADDRESSES: usize = 4_096;

/// What each address may still ask.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    left: Mutex<HashMap<Address, (f64, u64)>>,
}

impl Gate {
    /// Counts a request; if there were too many, after how many seconds the next one is answered.
    pub(crate) fn asks(&self, address: Address, now_ms: u64) -> Result<(), u64> {
        let mut left = self.left();
        if left.len() >= MOST_ADDRESSES && !left.contains_key(&address) {
            left.retain(|_, (requests, at)| now_left(*requests, *at, now_ms) < BURST);
            if left.len() >= MOST_ADDRESSES {
                left.clear();
            }
        }
        let (requests, at) = left.entry(address).or_insert((BURST, now_ms));
        (*requests, *at) = (now_left(*requests, *at, now_ms), now_ms);
        if *requests < 1.0 {
            return Err(((1.0 - *requests) / A_SECOND).ceil() as u64);
        }
        *requests -= 1.0;
        Ok(())
    }

    /// It asked for what is not there.
    pub(crate) fn guessed(&self, address: Address) {
        if let Some((requests, _)) = self.left().get_mut(&address) {
            *requests -= GUESS;
        }
    }

    fn left(&self) -> MutexGuard<'_, HashMap<Address, (f64, u64)>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now_left(requests: f64, at_ms: u64, now_ms: u64) -> f64 {
    (requests + now_ms.saturating_sub(at_ms) as f64 / 1_000.0 * A_SECOND).min(BURST)
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
    fn one_address_that_asks_without_end_leaves_the_others_alone() {
        let gate = Gate::default();
        let taken = (0..1_000).filter(|_| gate.asks(address(1), 0).is_ok()).count();
        assert_eq!(taken, 200);
        assert_eq!(gate.asks(address(1), 0), Err(1));
        assert_eq!(gate.asks(address(2), 0), Ok(()));
        let later = (0..1_000).filter(|_| gate.asks(address(1), 1_000).is_ok()).count();
        assert_eq!(later, 20);
    }

    #[test]
    fn whoever_tries_names_gets_few_tries() {
        let gate = Gate::default();
        let mut tries = 0;
        while gate.asks(address(1), 0).is_ok() {
            gate.guessed(address(1));
            tries += 1;
        }
        assert!(tries <= 10, "{tries}");
    }

    #[test]
    fn the_table_of_addresses_does_not_grow_for_ever() {
        let gate = Gate::default();
        for n in 0..3 * MOST_ADDRESSES as u32 {
            assert_eq!(gate.asks(address(n), 0), Ok(()));
        }
        assert!(gate.left().len() <= MOST_ADDRESSES);
    }
}
