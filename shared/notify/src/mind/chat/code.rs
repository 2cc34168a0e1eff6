//! How is an incident called where people type?
//!
//! By some characters of its alert's hash in Crockford's alphabet, which has no two that look alike. Relay and hub come to the
//! same, and so does the hub after a restart.

use super::super::alert::AlertId;

/// Crockford's: no I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters that are shown: of a thousand open incidents two share them once in two thousand times.
const SHOWN: usize = 6;

/// Characters that must be typed: fewer are a word of the language.
const TYPED: usize = 4;

/// What an alert is called in a message.
pub fn code_of(alert: AlertId) -> String {
    let bits = u32::from_be_bytes([alert.0.0[0], alert.0.0[1], alert.0.0[2], alert.0.0[3]]);
    let character = |at: usize| char::from(ALPHABET[(bits >> (27 - 5 * at)) as usize % ALPHABET.len()]);
    (0..SHOWN).map(character).collect()
}

/// Whether what somebody typed calls this alert: the beginning of its code, however they read it.
pub fn is_meant(typed: &str, alert: AlertId) -> bool {
    let typed: String = typed.chars().filter(|c| *c != '-').map(read).collect();
    typed.len() >= TYPED && code_of(alert).starts_with(&typed)
}

/// What somebody meant who wrote what looks alike.
fn read(c: char) -> char {
    match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::key::Digest16;
    use super::*;

    #[test]
    fn a_code_is_read_however_somebody_writes_it_and_never_by_a_word_too_short() {
        let alert = AlertId(Digest16([0x08, 0x3f, 0x5a, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        let code = code_of(alert);
        assert_eq!(code, "10ZNM4");
        for typed in ["10ZNM4", "10zn", "lozn", "IOZN-M4"] {
            assert!(is_meant(typed, alert), "{typed}");
        }
        for typed in ["", "10Z", "10ZNM4X", "20ZN", "é0ZN"] {
            assert!(!is_meant(typed, alert), "{typed}");
        }
    }
}
