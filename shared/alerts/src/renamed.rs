//! Who said it, by another name?

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::row::{Part, read, write};
use crate::said::Said;

/// What a value in the row of a decision or a comment says, with other names for people; nothing where no name in it has
/// another, and for other rows. What was decided, when and where stays, and so does what somebody wrote.
pub fn renamed(part: Part, value: &[u8], rename: &dyn Fn(&str) -> Option<String>) -> Option<Vec<u8>> {
    match part {
        Part::Acknowledged | Part::Closed => by::<Option<String>>(value, rename),
        Part::Snoozed => by::<Option<vigie_model::UtcMs>>(value, rename),
        Part::Comment(_) => by::<String>(value, rename),
        Part::Assigned => {
            let mut said: Said<Option<String>> = read(value)?;
            let to = said.what.as_deref().and_then(rename);
            let by = rename(&said.by);
            if to.is_none() && by.is_none() {
                return None;
            }
            (said.what, said.by) = (to.or(said.what), by.unwrap_or(said.by));
            Some(write(&said))
        }
        Part::Raises | Part::About | Part::Past => None,
    }
}

fn by<T: Serialize + DeserializeOwned>(value: &[u8], rename: &dyn Fn(&str) -> Option<String>) -> Option<Vec<u8>> {
    let said: Said<T> = read(value)?;
    let by = rename(&said.by)?;
    Some(write(&Said { by, ..said }))
}

#[cfg(test)]
mod tests {
    use vigie_model::UtcMs;

    use super::*;

    #[test]
    fn a_decision_stays_what_it_was_under_another_name() {
        let rename = |name: &str| (name == "ann").then(|| "nobody".to_owned());
        let said = |by: &str, to: &str| write(&Said::new(Some(to.to_owned()), by, "hub", UtcMs(7)));
        assert_eq!(renamed(Part::Assigned, &said("bob", "ann"), &rename), Some(said("bob", "nobody")));
        assert_eq!(renamed(Part::Assigned, &said("ann", "bob"), &rename), Some(said("nobody", "bob")));
        assert_eq!(renamed(Part::Acknowledged, &said("ann", "ann"), &rename), Some(said("nobody", "ann")), "a note");
        assert_eq!(renamed(Part::Closed, &said("bob", "ann"), &rename), None);
        assert_eq!(renamed(Part::Closed, b"\x09what a later version wrote", &rename), None);
    }
}
