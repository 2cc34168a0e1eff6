//! How is a person of a long list written, without a tree of values in between?

use serde::Serialize;
use vigie_model::{Slug, UtcMs};
use vigie_people::{Email, Grant, Id, Name, PersonShown};

use crate::Stamp;

/// A [`PersonShown`] as [`stamped`](super::stamped) says it.
#[derive(Serialize)]
pub(super) struct Stamped {
    id: Id,
    email: Email,
    name: Name,
    grants: Vec<Grant>,
    password: bool,
    totp: bool,
    passkeys: usize,
    second_needed: bool,
    sign_ins: Vec<Slug>,
    disabled: bool,
    made_at: Stamp,
    seen_at: Option<Stamp>,
    version: u64,
}

impl Stamped {
    pub(super) fn of(person: PersonShown) -> Self {
        // What is added there is to be said here: nothing is left out by two dots.
        let PersonShown {
            id,
            email,
            name,
            grants,
            password,
            totp,
            passkeys,
            second_needed,
            sign_ins,
            disabled,
            made_ms,
            seen_ms,
            version,
        } = person;
        Self {
            id,
            email,
            name,
            grants,
            password,
            totp,
            passkeys,
            second_needed,
            sign_ins,
            disabled,
            made_at: Stamp(UtcMs(made_ms)),
            seen_at: seen_ms.map(|at| Stamp(UtcMs(at))),
            version,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::stamped;
    use super::*;

    #[test]
    fn a_person_of_a_list_is_written_as_one_who_is_asked_for_alone() {
        let person = |seen_ms| PersonShown {
            id: "0123456789abcdef".parse().expect("an id"),
            email: "ann@example.org".parse().expect("an address"),
            name: "Ann".parse().expect("a name"),
            grants: vec![Grant { role: "admin".parse().expect("a role"), scope: "acme".parse().expect("a scope") }],
            password: true,
            totp: false,
            passkeys: 2,
            second_needed: true,
            sign_ins: vec!["house".parse().expect("a name")],
            disabled: false,
            made_ms: 1_795_219_200_250,
            seen_ms,
            version: 4,
        };
        for seen_ms in [None, Some(0)] {
            assert_eq!(json!(Stamped::of(person(seen_ms))), stamped(json!(person(seen_ms))));
        }
    }
}
