//! Which browsers are signed in?

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;

use crate::{Credential, Identity};

/// Sessions kept. Beyond it the one that was used longest ago ends: nobody has more browsers than this.
const MAX_SESSIONS: usize = 1_024;

/// Browsers that are signed in, by the hash of their secret: a look at this memory gives nobody a session.
///
/// In memory only. A restart signs everybody out, and the page then says so: a session store on disk would be one more
/// thing to protect for the sake of one paste.
#[derive(Debug)]
pub(crate) struct Sessions {
    table: Mutex<HashMap<[u8; 32], Session>>,
    idle_ms: u64,
    life_ms: u64,
}

#[derive(Debug, Clone)]
struct Session {
    who: String,
    by: Credential,
    opened_ms: u64,
    used_ms: u64,
}

impl Sessions {
    pub(crate) fn new(idle: Duration, life: Duration) -> Self {
        let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self { table: Mutex::default(), idle_ms: ms(idle), life_ms: ms(life) }
    }

    /// Signs a browser in and gives the secret it keeps; none when the system has no randomness to give.
    pub(crate) fn open(&self, who: &Identity, now_ms: u64) -> Option<String> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).ok()?;
        let secret = BASE64URL_NOPAD.encode(&secret);
        let mut table = self.table.lock().expect("no thread panics while it looks");
        table.retain(|_, session| self.is_open(session, now_ms));
        while table.len() >= MAX_SESSIONS {
            let stalest = table.iter().min_by_key(|(_, session)| session.used_ms).map(|(key, _)| *key);
            stalest.map(|key| table.remove(&key));
        }
        let session = Session { who: who.name.clone(), by: who.credential, opened_ms: now_ms, used_ms: now_ms };
        table.insert(key(&secret), session);
        Some(secret)
    }

    /// Who is signed in by this secret and by what they came in, and notes that they are still there.
    pub(crate) fn who(&self, secret: &str, now_ms: u64) -> Option<(String, Credential)> {
        let key = key(secret);
        let mut table = self.table.lock().expect("no thread panics while it looks");
        let session = table.get_mut(&key)?;
        if !self.is_open(session, now_ms) {
            table.remove(&key);
            return None;
        }
        session.used_ms = now_ms;
        Some((session.who.clone(), session.by))
    }

    /// Signs a browser out.
    pub(crate) fn close(&self, secret: &str) {
        self.table.lock().expect("no thread panics while it looks").remove(&key(secret));
    }

    /// How many are signed in, those included whose end was not noticed yet.
    pub(crate) fn count(&self) -> usize {
        self.table.lock().expect("no thread panics while it looks").len()
    }

    fn is_open(&self, session: &Session, now_ms: u64) -> bool {
        now_ms.saturating_sub(session.used_ms) < self.idle_ms && now_ms.saturating_sub(session.opened_ms) < self.life_ms
    }
}

fn key(secret: &str) -> [u8; 32] {
    *blake3::hash(secret.as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Identity {
        Identity { name: name.to_owned(), ..Identity::default() }
    }

    fn sessions() -> Sessions {
        Sessions::new(Duration::from_secs(60), Duration::from_secs(300))
    }

    #[test]
    fn a_session_ends_when_it_is_not_used() {
        let sessions = sessions();
        let secret = sessions.open(&named("ann"), 0).expect("randomness");
        assert_eq!(sessions.who(&secret, 59_000), Some(("ann".to_owned(), Credential::default())));
        assert_eq!(sessions.who(&secret, 118_000), Some(("ann".to_owned(), Credential::default())));
        assert_eq!(sessions.who(&secret, 178_000), None);
        assert_eq!(sessions.who(&secret, 118_001), None, "it does not come back");
    }

    #[test]
    fn a_session_ends_after_its_life_however_much_it_is_used() {
        let sessions = sessions();
        let secret = sessions.open(&named("ann"), 0).expect("randomness");
        let last = (0..30).map(|at| sessions.who(&secret, at * 10_000)).last().flatten();
        assert!(last.is_some());
        assert_eq!(sessions.who(&secret, 300_000), None);
    }

    #[test]
    fn who_signs_out_is_out() {
        let sessions = sessions();
        let secret = sessions.open(&named("ann"), 0).expect("randomness");
        sessions.close(&secret);
        assert_eq!(sessions.who(&secret, 1), None);
    }

    #[test]
    fn the_longest_unused_session_makes_room() {
        let sessions = sessions();
        let first = sessions.open(&named("first"), 0).expect("randomness");
        for at in 0..MAX_SESSIONS as u64 {
            sessions.open(&named("more"), 1 + at / 100).expect("randomness");
        }
        assert_eq!(sessions.count(), MAX_SESSIONS);
        assert_eq!(sessions.who(&first, 20), None);
    }
}
