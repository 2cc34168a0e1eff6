//! Is a password good enough, and how is it proved without being kept?

use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};

use crate::Chance;

/// Fewer characters can be tried out by whoever has the hub's file.
pub const LEAST_CHARS: usize = 12;

/// What is longer makes the hub work, and nobody safer.
pub const MOST_BYTES: usize = 256;

/// What must be left of a password once what can be foreseen in it is taken away, in bits. Below it a person's first
/// idea is found by whoever tries first ideas.
const LEAST_BITS: u32 = 38;

/// How many days a password holds where the operator wants an end, unless they say otherwise.
pub const USUAL_LIFE_DAYS: u32 = 90;

/// What one check costs: OWASP's first choice for Argon2id, some tenths of a second of a small box.
const COST: Cost = Cost { kib: 19 * 1024, passes: 2 };

/// No row makes the hub spend more than this, whoever wrote it.
const MOST: Cost = Cost { kib: 64 * 1024, passes: 8 };

/// What stands side by side on a keyboard.
const ROWS: [&str; 5] = ["qwertyuiop", "azertyuiop", "asdfghjkl", "qsdfghjklm", "zxcvbnm"];

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too few characters.
    #[error(
        "a password has at least {LEAST_CHARS} characters, this one has {0}; some words in a row are easy to keep in mind"
    )]
    Short(usize),
    /// Too many.
    #[error("a password has at most {MOST_BYTES} bytes")]
    Long,
    /// Repetition, sequences, or one's own name.
    #[error(
        "this password is foreseen: it repeats, follows the keyboard or the alphabet, or is made of your own name or address"
    )]
    Foreseen,
}

/// Looks whether a password is good enough for somebody whose name, address and organisation are `about`. It asks no list of
/// leaked passwords, so that a hub without the Internet says the same.
///
/// # Errors
/// When it is not.
pub fn check(password: &str, about: &[&str]) -> Result<(), Weak> {
    let chars = password.chars().count();
    if chars < LEAST_CHARS {
        return Err(Weak::Short(chars));
    }
    if password.len() > MOST_BYTES {
        return Err(Weak::Long);
    }
    if bits(password, about) < LEAST_BITS { Err(Weak::Foreseen) } else { Ok(()) }
}

/// About how many bits of a password can not be foreseen: each character that does not follow from the one before, nor
/// repeats what stood before, counts for what it could have been.
fn bits(password: &str, about: &[&str]) -> u32 {
    let chars: Vec<char> = without_own(&password.to_lowercase(), about).chars().collect();
    let kinds = |is: fn(&char) -> bool, size: u32| if password.chars().any(|char| is(&char)) { size } else { 0 };
    let pool = kinds(|char| char.is_ascii_lowercase(), 26)
        + kinds(|char| char.is_ascii_uppercase(), 26)
        + kinds(char::is_ascii_digit, 10)
        + kinds(char::is_ascii_punctuation, 20)
        + kinds(|char| char.is_ascii_whitespace(), 2)
        + kinds(|char| !char.is_ascii(), 60);
    // People take the letters of words: a letter after a letter is worth two bits, not five.
    let (fresh, after) = (pool.max(2).ilog2(), 2);
    let worth = |at: usize| match at.checked_sub(1).map(|before| chars[before]) {
        _ if repeats(&chars, at) => 0,
        Some(before) if follows(before, chars[at]) => 0,
        Some(before) if before.is_alphabetic() && chars[at].is_alphabetic() => after + u32::from(rare(chars[at])),
        _ => fresh,
    };
    (0..chars.len()).map(worth).sum()
}

/// The password without what everybody knows of its owner.
fn without_own(password: &str, about: &[&str]) -> String {
    let split = |text: &&str| {
        let words = text.to_lowercase();
        words
            .split(|char: char| !char.is_alphanumeric())
            .filter(|word| word.chars().count() >= 3)
            .map(str::to_owned)
            .collect()
    };
    let words = about.iter().flat_map(|text| -> Vec<String> { split(text) });
    let common = ["password", "motdepasse", "passwort", "vigie", "admin", "welcome", "bienvenue"].map(str::to_owned);
    words.chain(common).fold(password.to_owned(), |left, word| left.replace(&word, ""))
}

/// Whether a character only continues what stood before: the same block again.
fn repeats(chars: &[char], at: usize) -> bool {
    (1..=at.min(6)).any(|length| {
        let has_block = at + 1 >= 2 * length.min(2) && at >= length;
        has_block
            && chars[at] == chars[at - length]
            && (length < 3 || at + 1 >= 2 * length && blocks_match(chars, at, length))
    })
}

fn blocks_match(chars: &[char], at: usize, length: usize) -> bool {
    let begin = at - at % length;
    (begin..=at).all(|here| here >= length && chars[here] == chars[here - length])
}

/// Whether a character follows from the one before: in the alphabet, among digits, on a keyboard; forwards or backwards.
fn follows(before: char, next: char) -> bool {
    let steps = u32::from(before).abs_diff(u32::from(next)) <= 1;
    let beside = ROWS.iter().any(|row| match (row.find(before), row.find(next)) {
        (Some(one), Some(other)) => one.abs_diff(other) <= 1,
        _ => false,
    });
    steps || beside
}

/// Letters that words seldom have.
fn rare(char: char) -> bool {
    "jkqvwxyzàâçèéêëîïôùûœ".contains(char)
}

/// What a check costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Cost {
    kib: u32,
    passes: u32,
}

/// What proves a password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verifier {
    cost: Cost,
    salt: [u8; 16],
    proof: [u8; 32],
}

impl Verifier {
    /// What proves this password; nothing when there is no memory for it. Slow on purpose: ask from a blocking thread, few
    /// at a time.
    pub fn of(password: &str, chance: &Chance) -> Option<Self> {
        let salt = chance.bytes("salt of a password");
        Some(Self { cost: COST, salt, proof: work_out(password, &salt, COST)? })
    }

    /// Proves nobody: to take as long where there is no such person.
    pub fn of_nobody() -> Self {
        Self { cost: COST, salt: [0; 16], proof: [0; 32] }
    }

    /// Whether it is the right one. Slow on purpose, as [`Verifier::of`].
    pub fn proves(&self, password: &str) -> bool {
        let is = work_out(password, &self.salt, self.cost);
        // In a time that does not tell how much of it was right.
        is.is_some_and(|is| blake3::Hash::from(is) == blake3::Hash::from(self.proof))
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("cost", &self.cost).finish_non_exhaustive()
    }
}

fn work_out(password: &str, salt: &[u8; 16], cost: Cost) -> Option<[u8; 32]> {
    if password.len() > MOST_BYTES || cost.kib > MOST.kib || cost.passes > MOST.passes {
        return None;
    }
    argon2id(password.as_bytes(), salt, cost.kib, cost.passes)
}

/// What all checks work in, one at a time, kept once it was needed: an allocator keeps what each thread gives back for that
/// thread alone, and with a thread for each try a flood of them took 300 MB.
static MEMORY: Mutex<Vec<Block>> = Mutex::new(Vec::new());

/// Argon2id over some KiB in some passes; nothing when there is no memory for it, or these are no parameters. Slow on
/// purpose; those who ask at the same moment wait for one another.
pub fn argon2id(secret: &[u8], salt: &[u8], kib: u32, passes: u32) -> Option<[u8; 32]> {
    let params = Params::new(kib, passes, 1, Some(32)).ok()?;
    let blocks = params.block_count();
    let mut proof = [0; 32];
    // Whoever panicked in it left nothing that the next does not write anew.
    let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let more = blocks.saturating_sub(memory.len());
    memory.try_reserve_exact(more).ok()?;
    let all = blocks.max(memory.len());
    memory.resize(all, Block::default());
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let done = argon.hash_password_into_with_memory(secret, salt, &mut proof, &mut memory[..blocks]);
    // What was made of a password does not lie about.
    memory[..blocks].fill(Block::default());
    done.ok().map(|()| proof)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: [&str; 3] = ["Ann Lemoine", "ann.lemoine@example.org", "Infogérance Dupont"];

    #[test]
    fn a_first_idea_is_foreseen_and_some_words_in_a_row_are_not() {
        for weak in [
            "aaaaaaaaaaaa",
            "123456789012",
            "abcabcabcabcabc",
            "qwertyuiopasdf",
            "azertyuiop123456",
            "password12345",
            "annlemoine2026",
            "Ann.Lemoine.1",
            "Dupont-Dupont-Dupont",
            "abcdefghijklmnop",
            "zyxwvutsrqponm",
            "111222333444",
            "passwordpassword",
        ] {
            assert_eq!(check(weak, &ANN), Err(Weak::Foreseen), "{weak}: {} bits", bits(weak, &ANN));
        }
        for good in [
            "correct horse battery staple",
            "tr0ub4dor&3-Zürich",
            "le chat boit du café noir",
            "x7Kq!mPz93Lw",
            "maison verte sous la pluie",
            "Lemoine aime 14 vélos rouges",
        ] {
            assert_eq!(check(good, &ANN), Ok(()), "{good}: {} bits", bits(good, &ANN));
        }
    }

    #[test]
    fn length_is_counted_in_characters_and_bounded_in_bytes() {
        assert_eq!(check("x7Kq!mPz93L", &[]), Err(Weak::Short(11)));
        assert_eq!(check(&"é7Kq!mPz93L ".repeat(30), &[]), Err(Weak::Long));
        assert!(Verifier::of_nobody().proves("").eq(&false));
    }

    #[test]
    fn a_password_is_proved_and_no_other_is() {
        let verifier = Verifier::of("correct horse", &Chance::new([1; 32])).expect("memory");
        assert!(verifier.proves("correct horse"));
        assert!(!verifier.proves("correct horse ") && !verifier.proves(""));
        assert!(!format!("{verifier:?}").contains("proof"));
    }

    #[test]
    fn memory_that_others_worked_in_changes_no_proof() {
        let own = argon2id(b"password", &[7; 16], 64, 2);
        assert!(own.is_some() && own == argon2id(b"password", &[7; 16], 64, 2));
        assert_ne!(argon2id(b"passwords", &[7; 16], 256, 3), own);
        assert_eq!(argon2id(b"password", &[7; 16], 64, 2), own, "in more memory than it needs");
        let mut fresh = [0; 32];
        let params = Params::new(64, 2, 1, Some(32)).expect("parameters");
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(b"password", &[7; 16], &mut fresh)
            .expect("memory");
        assert_eq!(own, Some(fresh));
        assert_eq!(argon2id(b"password", &[7; 16], 0, 0), None, "no parameters");
    }

    #[test]
    fn a_row_can_not_make_the_hub_spend_what_it_has_not() {
        let greedy = Verifier { cost: Cost { kib: 1 << 22, passes: 1 }, ..Verifier::of_nobody() };
        assert!(!greedy.proves("x"));
    }
}
