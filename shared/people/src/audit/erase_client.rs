//! What is left of the provider's lines when a client is erased?
//!
//! The client's own chain goes as a whole, and a line of the provider's says where it ended. In the provider's other lines a
//! pseudonym stands in the client's place from then on, as one stands in the place of a person who was erased.

use serde_json::Value;
use vigie_model::Slug;

use super::erase::{Left, tells};
use super::{Head, Held, Link};

/// What a line that tells of a client's erasure says was done.
pub const CLIENT_ERASED: &str = "client.erased";

/// Fields whose one word names something else than a client.
const OTHERS: [&str; 7] = ["site", "role", "name", "by", "what", "kind", "group"];

/// A client that is erased: what it was called, and what stands in that place from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientErasure {
    client: Slug,
    /// What it is called from now on.
    pub pseudonym: String,
}

impl ClientErasure {
    /// Of a client, under a number that is drawn for it.
    pub fn new(client: Slug, id: &str) -> Self {
        Self { client, pseudonym: format!("erased-client-{id}") }
    }

    /// A text with the pseudonym in place of the client and of its places (`acme`, `acme/lyon`, `observer of acme#till`); nothing
    /// where nothing names it. An address at a domain of that name is no client.
    pub fn renamed(&self, text: &str) -> Option<String> {
        let (name, bytes) = (self.client.as_str(), text.as_bytes());
        let (mut renamed, mut from) = (String::new(), 0);
        for (at, _) in text.match_indices(name) {
            let end = at + name.len();
            let begins = at.checked_sub(1).is_none_or(|before| b" @\"'=,(".contains(&bytes[before]));
            let ends = bytes.get(end).is_none_or(|after| b"/# \"',):;".contains(after));
            if at < from || !begins || !ends {
                continue;
            }
            renamed.push_str(&text[from..at]);
            renamed.push_str(&self.pseudonym);
            let is_of_place = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-/#*".contains(byte);
            from = end + bytes[end..].iter().take_while(|byte| is_of_place(byte)).count();
        }
        (from > 0).then(|| renamed + &text[from..])
    }

    /// Puts the pseudonym into all texts of a value; says whether there was any that named the client. A site, a role or somebody
    /// may be called as the client is, and stays.
    pub fn rename(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => match self.renamed(text) {
                Some(renamed) => {
                    *text = renamed;
                    true
                }
                None => false,
            },
            Value::Array(list) => list.iter_mut().fold(false, |any, one| self.rename(one) | any),
            Value::Object(fields) => fields.iter_mut().fold(false, |any, (field, one)| {
                let is_another = OTHERS.contains(&field.as_str()) && self.is_bare(one.as_str());
                (!is_another && self.rename(one)) | any
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn is_bare(&self, text: Option<&str>) -> bool {
        text == Some(self.client.as_str())
    }

    /// What is left of a line of the provider's: nothing where it does not name the client.
    pub fn left(&self, before: &Head, link: &Link) -> Option<(Link, Left)> {
        let mut line = link.line()?;
        let mut any = false;
        // Who did it is an address, a token, or a word that may be any client's name.
        let is_somebody = self.is_bare(Some(line.who.as_str()));
        for text in [Some(&mut line.who).filter(|_| !is_somebody), Some(&mut line.on)].into_iter().flatten() {
            if let Some(renamed) = self.renamed(text) {
                *text = renamed;
                any = true;
            }
        }
        // What a line that tells of an erasure names has to stay as it is: numbers and marks, which name nobody.
        if !tells(&line.what) {
            any |= self.rename(&mut line.before) | self.rename(&mut line.after);
        }
        if !any {
            return None;
        }
        line.erased = true;
        // A struct of texts and numbers always has a form.
        let text = serde_json::to_vec(&line).unwrap_or_default();
        let left = Link { hash: link.hash, held: Held::Erased, text };
        let told = Left::of(before, &left);
        Some((left, told))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_called_like_the_client_stays() {
        let erasure = ClientErasure::new("lyon".parse().expect("a name"), "7");
        let mut others =
            serde_json::json!({ "client": "bron", "site": "lyon", "by": "lyon", "places": [{ "name": "lyon" }] });
        let before = others.clone();
        assert!(!erasure.rename(&mut others));
        assert_eq!(others, before);
        let mut own = serde_json::json!({ "client": "lyon", "site": "lyon", "scope": "lyon/lyon" });
        assert!(erasure.rename(&mut own));
        let left = serde_json::json!({ "client": "erased-client-7", "site": "lyon", "scope": "erased-client-7" });
        assert_eq!(own, left);
    }

    #[test]
    fn a_client_is_named_by_its_places_and_not_by_what_only_sounds_like_it() {
        let erasure = ClientErasure::new("acme".parse().expect("a name"), "7");
        for (text, left) in [
            ("acme", "erased-client-7"),
            ("acme/lyon", "erased-client-7"),
            ("acme/lyon Marc Petit", "erased-client-7 Marc Petit"),
            ("observer of acme#till", "erased-client-7"),
            ("admin@acme/lyon", "admin@erased-client-7"),
            ("acme, bron and acme", "erased-client-7, bron and erased-client-7"),
        ] {
            let left = if text.starts_with("observer") { format!("observer of {left}") } else { left.to_owned() };
            assert_eq!(erasure.renamed(text), Some(left), "{text}");
        }
        for text in ["ann@acme.org", "acme-2", "acme2/lyon", "macme", "https://acme.org/x", "bron/acme", ""] {
            assert_eq!(erasure.renamed(text), None, "{text}");
        }
    }
}
