//! What does a person type, and how is it proved without being kept?
//!
//! Sixteen characters that are not mistaken for one another, in groups of four: 80 bits that nobody chose, so that nobody
//! chose them badly. Argon2id makes a copied row slow to guess all the same, within what a relay of 512 MB can bear.

use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Serialize};

/// Random bytes of a passphrase.
pub(crate) const SECRET_BYTES: usize = 10;

/// Bytes of salt.
pub(crate) const SALT_BYTES: usize = 16;

/// Bytes that prove.
const PROOF_BYTES: usize = 32;

/// What one check costs: OWASP's first choice for Argon2id. A tenth of a second of a small box.
const COST: Cost = Cost { kib: 19 * 1024, passes: 2 };

/// No row makes a relay spend more than this, whoever wrote it.
const MOST: Cost = Cost { kib: 64 * 1024, passes: 8 };

/// Crockford's digits: no `i`, `l`, `o` or `u`.
const DIGITS: &str = "0123456789abcdefghjkmnpqrstvwxyz";

/// What a check costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Cost {
    kib: u32,
    passes: u32,
}

/// What proves a passphrase.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verifier {
    cost: Cost,
    salt: [u8; SALT_BYTES],
    proof: [u8; PROOF_BYTES],
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("cost", &self.cost).finish_non_exhaustive()
    }
}

impl Verifier {
    /// What proves this passphrase; nothing when there is no memory for it.
    pub(crate) fn of(passphrase: &str, salt: [u8; SALT_BYTES]) -> Option<Self> {
        Some(Self { cost: COST, salt, proof: work_out(passphrase, &salt, COST)? })
    }

    /// Proves nobody: to take as long where there is no such person.
    pub(crate) fn of_nobody() -> Self {
        Self { cost: COST, salt: [0; SALT_BYTES], proof: [0; PROOF_BYTES] }
    }

    /// Whether it is the right one. Slow on purpose.
    pub(crate) fn proves(&self, passphrase: &str) -> bool {
        let is = work_out(passphrase, &self.salt, self.cost);
        // In a time that does not tell how much of it was right.
        is.is_some_and(|is| blake3::Hash::from(is) == blake3::Hash::from(self.proof))
    }
}

fn work_out(passphrase: &str, salt: &[u8], cost: Cost) -> Option<[u8; PROOF_BYTES]> {
    if cost.kib > MOST.kib || cost.passes > MOST.passes {
        return None;
    }
    vigie_people::argon2id(plain(passphrase).as_bytes(), salt, cost.kib, cost.passes)
}

/// As it is shown, once.
pub(crate) fn shown(secret: &[u8; SECRET_BYTES]) -> String {
    let digits = encoding().encode(secret);
    let groups: Vec<&str> = (0..digits.len()).step_by(4).map(|at| &digits[at..at + 4]).collect();
    groups.join("-")
}

/// What was meant, however it was typed: capitals, spaces and dashes do not matter, and letters that look like a digit are
/// that digit.
fn plain(typed: &str) -> String {
    let meant = |char: char| match char.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    typed.chars().filter(|char| !char.is_whitespace() && *char != '-').map(meant).collect()
}

fn encoding() -> Encoding {
    let mut specification = Specification::new();
    specification.symbols.push_str(DIGITS);
    specification.encoding().expect("32 digits, each once")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_proved_however_it_is_typed_and_no_other_is() {
        let shown = shown(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 255]);
        assert_eq!(shown, "000g-40r4-0m30-e27z");
        let verifier = Verifier::of(&shown, [7; SALT_BYTES]).expect("memory");
        for typed in ["000g-40r4-0m30-e27z", " 000G 40R4 0M30 E27Z ", "OOOg4or4om3oe27z"] {
            assert!(verifier.proves(typed), "{typed}");
        }
        for typed in ["", "000g-40r4-0m30-e27", "000g-40r4-0m30-e27y"] {
            assert!(!verifier.proves(typed), "{typed}");
        }
    }

    #[test]
    fn a_row_can_not_make_a_relay_spend_what_it_has_not() {
        let greedy = Verifier { cost: Cost { kib: 1 << 22, passes: 1 }, ..Verifier::of_nobody() };
        assert!(!greedy.proves("x"));
    }

    #[test]
    fn nobody_has_no_passphrase() {
        assert!(!Verifier::of_nobody().proves(""));
    }
}
