//! For whom did others push samples? A stream's name says so, because a hub keeps what was pushed for many.

use crate::Slug;

/// Stands before the place in a stream's name. No host name has a space.
const PREFIX: &str = "pushed to ";

/// The name of a stream of samples that others pushed for a client and a site.
pub fn pushed_name(client: &Slug, site: &Slug) -> String {
    format!("{PREFIX}{client}/{site}")
}

/// The client and the site of such a stream; nothing for the stream of a machine.
pub fn pushed_place(name: &str) -> Option<(Slug, Slug)> {
    let (client, site) = name.strip_prefix(PREFIX)?.split_once('/')?;
    Some((client.parse().ok()?, site.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_from_the_name_it_gave() {
        let (client, site): (Slug, Slug) = ("acme".parse().expect("a slug"), "lyon-2".parse().expect("a slug"));
        assert_eq!(pushed_place(&pushed_name(&client, &site)), Some((client, site)));
        assert_eq!(pushed_place("compta-2"), None);
    }
}
