//! How does something secret wait in the hub's store, so that a row of it opens nothing?

use data_encoding::BASE64;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use vigie_jobs::Sealed;

/// Closes and opens by a key that follows from the hub's own, which is in no row: a hub brought back from a backup opens what it
/// closed.
pub(crate) struct Closed([u8; 32]);

impl std::fmt::Debug for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Closed")
    }
}

impl Closed {
    pub(crate) fn by(hub_key: &[u8; 32]) -> Self {
        Self(blake3::derive_key("vigie 2026-11 letters that wait", hub_key))
    }

    /// What opens with the same `about` alone.
    pub(crate) fn close(&self, plain: &[u8], about: &[u8]) -> Result<Sealed, String> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|error| format!("the system gives no random bytes: {error}"))?;
        let mut text = plain.to_vec();
        let key = self.key().ok_or("there is no key to close it with")?;
        // One of 2^96 by chance, for some thousand letters of a key.
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(about), &mut text)
            .map_err(|_| "it is too long to be closed")?;
        Ok(Sealed::new(BASE64.encode(&[nonce.as_slice(), &text].concat())))
    }

    /// Nothing where it was closed by another key, about something else, or is damaged.
    pub(crate) fn open(&self, sealed: &Sealed, about: &[u8]) -> Option<Vec<u8>> {
        let bytes = BASE64.decode(sealed.as_str().as_bytes()).ok()?;
        let (nonce, text) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let plain = self.key()?.open_in_place(nonce, Aad::from(about), &mut text).ok()?;
        Some(plain.to_vec())
    }

    fn key(&self) -> Option<LessSafeKey> {
        Some(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &self.0).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_opens_for_the_same_hub_about_the_same_thing_alone() {
        let own = Closed::by(&[7; 32]);
        let sealed = own.close(b"k3v9-2mfa-7qpd", b"one").expect("random bytes");
        assert_eq!(own.open(&sealed, b"one").as_deref(), Some(&b"k3v9-2mfa-7qpd"[..]));
        assert_eq!(own.open(&sealed, b"another"), None);
        assert_eq!(Closed::by(&[8; 32]).open(&sealed, b"one"), None);
        assert_ne!(
            own.close(b"k3v9-2mfa-7qpd", b"one").expect("random bytes"),
            sealed,
            "alike is not seen to be alike"
        );
        for damaged in ["", "AAAA", "not base64"] {
            assert_eq!(own.open(&Sealed::new(damaged.to_owned()), b"one"), None, "{damaged}");
        }
    }
}
