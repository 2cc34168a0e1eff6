//! What does a person's telephone show, and was that shown already?
//!
//! RFC 6238 as the common apps know it: SHA-1, six digits, thirty seconds.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use vigie_model::UtcMs;

use crate::Chance;

const STEP_MS: i64 = 30_000;

/// Steps before and after the present one that are taken: a telephone's clock is seldom further off.
const EITHER_SIDE: i64 = 1;

const DIGITS: u32 = 6;

/// What a telephone and the hub share.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totp {
    secret: [u8; 20],
    /// The step that was used last; none before it is taken again.
    used: Option<i64>,
}

impl Totp {
    pub(crate) fn new(chance: &Chance) -> Self {
        Self { secret: chance.bytes("secret of a telephone"), used: None }
    }

    /// The secret as a person types it into an app.
    pub fn shown(&self) -> String {
        BASE32_NOPAD.encode(&self.secret)
    }

    /// The address by which an app takes it all in at once.
    pub fn uri(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (percent(issuer), percent(account));
        format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", self.shown())
    }

    /// This, with a code used up; nothing when the code is not one that counts now, or was used before.
    pub fn with_used(&self, typed: &str, now: UtcMs) -> Option<Self> {
        let typed: String = typed.chars().filter(|char| !char.is_whitespace()).take(DIGITS as usize + 1).collect();
        let present = now.0.div_euclid(STEP_MS);
        let fits = |step: &i64| self.used.is_none_or(|used| *step > used) && is_same(&self.code(*step), &typed);
        // The oldest first: a later one may still be used after it.
        let step = (present - EITHER_SIDE..=present + EITHER_SIDE).find(fits)?;
        Some(Self { used: Some(step), ..self.clone() })
    }

    fn code(&self, step: i64) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.secret).expect("a key of any length makes a code");
        mac.update(&step.to_be_bytes());
        let hash: [u8; 20] = mac.finalize().into_bytes().into();
        let at = usize::from(hash[19] & 0xf);
        let four = [hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]];
        format!("{:06}", u32::from_be_bytes(four) % 10_u32.pow(DIGITS))
    }
}

impl std::fmt::Debug for Totp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Totp").field("used", &self.used).finish_non_exhaustive()
    }
}

/// In a time that does not tell how many digits were right.
fn is_same(one: &str, other: &str) -> bool {
    blake3::hash(one.as_bytes()) == blake3::hash(other.as_bytes())
}

fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'@');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238's own examples.
    fn rfc() -> Totp {
        Totp { secret: *b"12345678901234567890", used: None }
    }

    #[test]
    fn the_examples_of_the_rfc_come_out() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(rfc().code(seconds / 30), code);
            assert!(rfc().with_used(code, UtcMs(seconds * 1_000)).is_some(), "{seconds}");
        }
    }

    #[test]
    fn a_code_counts_for_a_step_on_either_side_and_once() {
        let at = |step: i64| UtcMs(step * STEP_MS);
        let (totp, code) = (rfc(), rfc().code(100));
        for (step, counts) in [(98, false), (99, true), (100, true), (101, true), (102, false)] {
            assert_eq!(totp.with_used(&code, at(step)).is_some(), counts, "{step}");
        }
        let used = totp.with_used(&code, at(100)).expect("it counts");
        assert_eq!(used.with_used(&code, at(100)), None, "not again");
        assert_eq!(used.with_used(&totp.code(99), at(100)), None, "nor one before it");
        assert!(used.with_used(&totp.code(101), at(100)).is_some());
        assert!(totp.with_used(&format!(" {} {}", &code[..3], &code[3..]), at(100)).is_some());
        assert_eq!(totp.with_used("", at(100)), None);
        assert_eq!(totp.with_used(&format!("{code}0"), at(100)), None);
    }

    #[test]
    fn an_app_gets_all_in_one_address() {
        let uri = rfc().uri("Vigie Été", "ann@example.org");
        assert_eq!(
            uri,
            "otpauth://totp/Vigie%20%C3%89t%C3%A9:ann@example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Vigie%20%C3%89t%C3%A9"
        );
    }
}
