//! Who guesses, and how is that slowed without locking anybody out?
//!
//! Tries are counted by address, and by account *and* address; never by account alone, because whoever knows an address
//! could then lock its owner out. An account that many addresses guess at gives each stranger few tries and an address from
//! which its owner came in before as many as ever.

use std::collections::HashMap;
use std::hash::Hash;

/// Wrong tries from one address, at whatever account, before it waits. An office behind one address has some people who
/// mistype.
const PER_ADDRESS: Rate = Rate { burst: 20, each_ms: 15_000 };

/// Wrong tries at one account from one address.
const PER_PAIR: Rate = Rate { burst: 8, each_ms: 30_000 };

/// The same for a stranger, while the account is guessed at.
const PER_STRANGER: Rate = Rate { burst: 2, each_ms: 600_000 };

/// Wrong tries at one account, from wherever, after which it is said to be guessed at: one in a minute goes by.
const PER_ACCOUNT: Rate = Rate { burst: 30, each_ms: 60_000 };

/// Counts of each kind that are kept; beyond it the ones that say least are forgotten.
const MOST: usize = 16_384;

/// So many at once, and one more after each time.
#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: u32,
    each_ms: u64,
}

/// Who guessed. In memory alone: a restart forgives.
#[derive(Debug, Clone, Default)]
pub struct Guesses {
    addresses: Counts<String>,
    accounts: Counts<String>,
    pairs: Counts<(String, String)>,
}

impl Guesses {
    /// Whether an address may try an account now; if not, after how many seconds it may. `known` when its owner came in
    /// from there before.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn may_try(&self, account: &str, address: &str, known: bool, now_ms: u64) -> Result<(), u64> {
        let pair = (account.to_owned(), address.to_owned());
        let guessed_at = self.accounts.wait_ms(account, PER_ACCOUNT, now_ms) > 0;
        let rate = if guessed_at && !known { PER_STRANGER } else { PER_PAIR };
        let wait_ms = self.pairs.wait_ms(&pair, rate, now_ms).max(self.addresses.wait_ms(address, PER_ADDRESS, now_ms));
        if wait_ms == 0 { Ok(()) } else { Err(wait_ms.div_ceil(1_000)) }
    }

    /// Notes that it was wrong.
    pub fn failed(&mut self, account: &str, address: &str, now_ms: u64) {
        self.accounts.count(account.to_owned(), PER_ACCOUNT, now_ms);
        self.addresses.count(address.to_owned(), PER_ADDRESS, now_ms);
        self.pairs.count((account.to_owned(), address.to_owned()), PER_PAIR, now_ms);
    }

    /// Notes that it was right: whoever mistyped begins anew there.
    pub fn came_in(&mut self, account: &str, address: &str) {
        self.pairs.0.remove(&(account.to_owned(), address.to_owned()));
    }
}

/// Tries that are not forgiven yet, and when the last of them was.
#[derive(Debug, Clone)]
struct Counts<K>(HashMap<K, Count>);

#[derive(Debug, Clone, Copy)]
struct Count {
    tries: u32,
    last_ms: u64,
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl Count {
    /// Tries that are not yet forgiven.
    fn left(self, rate: Rate, now_ms: u64) -> u32 {
        let forgiven = now_ms.saturating_sub(self.last_ms) / rate.each_ms;
        self.tries.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }
}

impl<K: Hash + Eq + Clone> Counts<K> {
    fn wait_ms<Q: Hash + Eq + ?Sized>(&self, key: &Q, rate: Rate, now_ms: u64) -> u64
    where
        K: std::borrow::Borrow<Q>,
    {
        let Some(count) = self.0.get(key) else { return 0 };
        let over = count.left(rate, now_ms).saturating_sub(rate.burst - 1);
        if over == 0 {
            return 0;
        }
        let since = now_ms.saturating_sub(count.last_ms) % rate.each_ms;
        (u64::from(over) * rate.each_ms).saturating_sub(since)
    }

    fn count(&mut self, key: K, rate: Rate, now_ms: u64) {
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            self.make_room(rate, now_ms);
        }
        let count = self.0.entry(key).or_insert(Count { tries: 0, last_ms: now_ms });
        // Nobody is made to wait longer for having tried in vain while they waited.
        *count = Count { tries: (count.left(rate, now_ms) + 1).min(rate.burst), last_ms: now_ms };
    }

    fn make_room(&mut self, rate: Rate, now_ms: u64) {
        self.0.retain(|_, count| count.left(rate, now_ms) > 0);
        if self.0.len() < MOST {
            return;
        }
        let least = self.0.iter().min_by_key(|(_, count)| (count.left(rate, now_ms), count.last_ms));
        if let Some(key) = least.map(|(key, _)| key.clone()) {
            self.0.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 3_600_000;

    /// How many wrong tries are listened to within a time, one each second.
    fn listened_to(guesses: &mut Guesses, account: &str, address: &str, known: bool, seconds: u64) -> u32 {
        let mut tried = 0;
        for second in 0..seconds {
            if guesses.may_try(account, address, known, second * 1_000).is_ok() {
                guesses.failed(account, address, second * 1_000);
                tried += 1;
            }
        }
        tried
    }

    #[test]
    fn who_guesses_gets_some_tries_and_then_at_most_two_a_minute() {
        let mut guesses = Guesses::default();
        let tried = listened_to(&mut guesses, "ann", "203.0.113.7", false, 3_600);
        assert!((8..=8 + 3_600 / 30).contains(&tried), "{tried}");
        assert!(guesses.may_try("bob", "198.51.100.1", false, HOUR_MS).is_ok());
    }

    #[test]
    fn an_address_does_not_get_more_by_trying_many_accounts() {
        let mut guesses = Guesses::default();
        let mut tried = 0;
        for second in 0..3_600_u64 {
            let account = format!("account {second}");
            if guesses.may_try(&account, "203.0.113.7", false, second * 1_000).is_ok() {
                guesses.failed(&account, "203.0.113.7", second * 1_000);
                tried += 1;
            }
        }
        assert!((20..=20 + 3_600 / 15).contains(&tried), "{tried}");
    }

    #[test]
    fn nobody_is_locked_out_by_others_who_guess_at_them() {
        let mut guesses = Guesses::default();
        let mut tried = 0;
        for n in 0..5_000_u32 {
            let address = format!("address {}", n % 1_000);
            if guesses.may_try("ann", &address, false, 1_000).is_ok() {
                guesses.failed("ann", &address, 1_000);
                tried += 1;
            }
        }
        assert!(tried <= 2 * 1_000 + 30, "each stranger gets two tries: {tried}");
        assert_eq!(guesses.may_try("ann", "her office", true, 1_000), Ok(()), "from where she came in before");
        assert_eq!(guesses.may_try("ann", "an hotel", false, 1_000), Ok(()), "and from somewhere new");
        for _ in 0..7 {
            guesses.failed("ann", "her office", 1_000);
        }
        assert_eq!(guesses.may_try("ann", "her office", true, 1_000), Ok(()), "there she may mistype as often as ever");
    }

    #[test]
    fn who_came_in_begins_anew_and_time_forgives() {
        let mut guesses = Guesses::default();
        (0..8).for_each(|_| guesses.failed("ann", "here", 0));
        assert_eq!(guesses.may_try("ann", "here", true, 0), Err(30));
        assert_eq!(guesses.may_try("ann", "here", true, 30_000), Ok(()));
        guesses.came_in("ann", "here");
        assert_eq!(guesses.may_try("ann", "here", true, 0), Ok(()));
    }

    #[test]
    fn the_tables_do_not_grow_for_ever() {
        let mut guesses = Guesses::default();
        for n in 0..MOST + 100 {
            guesses.failed(&format!("{n}"), &format!("{n}"), 0);
        }
        assert!(guesses.addresses.0.len() <= MOST && guesses.pairs.0.len() <= MOST && guesses.accounts.0.len() <= MOST);
    }
}
