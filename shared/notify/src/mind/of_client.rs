//! What is left of what was written down when a client is erased?
//!
//! A message may tell of several clients: then the others' lines stay in it. What is kept as a hash alone tells of nobody.

use std::collections::BTreeSet;

use vigie_model::Slug;

use super::alert::Instance;
use super::group::{Head, Member};
use super::letter::{DeadLetter, Letter, SentLetter, ToldLetter};
use super::notice::{Intent, Line};
use super::rows::{Table, read, write};

/// What is left of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// It tells nothing of them.
    All,
    /// It tells of nobody else.
    Nothing,
    /// What it tells of others.
    Some(Vec<u8>),
}

/// What is left of a row without a client, whose own routes are these. One that can not be read is of a later version, which
/// knows what to do with it.
pub fn left_without(table: Table, key: &[u8], row: &[u8], client: &Slug, routes: &BTreeSet<String>) -> Left {
    let gone = |is: Option<bool>| if is == Some(true) { Left::Nothing } else { Left::All };
    match table {
        Table::Group => gone(
            read::<Head>(row)
                .map(|head| routes.contains(&head.route) || head.late.is_some_and(|(of, _)| of == *client)),
        ),
        Table::Member => gone(read::<(Instance, Member)>(row).map(|(_, member)| member.facts.client == *client)),
        Table::Site => gone(key.strip_prefix(client.as_str().as_bytes()).map(|rest| rest.starts_with(b"/"))),
        Table::Letter => match read::<Letter>(row) {
            Some(letter) => left_of(letter, |letter| &mut letter.intent, client, routes),
            None => Left::All,
        },
        Table::Dead => match read::<DeadLetter>(row) {
            Some(dead) => left_of(dead, |dead| &mut dead.letter.intent, client, routes),
            None => Left::All,
        },
        Table::Sent => gone(read::<SentLetter>(row).map(|sent| routes.contains(&sent.route))),
        Table::Told => gone(read::<ToldLetter>(row).map(|told| routes.contains(&told.route))),
        Table::Mark | Table::Done | Table::Clock | Table::Shown | Table::Climb | Table::CalledOff => Left::All,
    }
}

fn left_of<T: serde::Serialize>(
    mut row: T,
    intent: impl Fn(&mut T) -> &mut Intent,
    client: &Slug,
    routes: &BTreeSet<String>,
) -> Left {
    let inner = intent(&mut row);
    let is_theirs = |line: &Line| line.client == *client;
    let notice = &mut inner.notice;
    if routes.contains(&inner.route) || notice.client.as_ref() == Some(client) {
        return Left::Nothing;
    }
    if !notice.wrong.iter().chain(&notice.over).any(is_theirs) {
        return Left::All;
    }
    notice.wrong.retain(|line| !is_theirs(line));
    notice.over.retain(|line| !is_theirs(line));
    if notice.wrong.is_empty() && notice.over.is_empty() { Left::Nothing } else { Left::Some(write(&row)) }
}

#[cfg(test)]
mod tests {
    use vigie_model::{Severity, UtcMs};

    use super::super::alert::{AlertId, Reach};
    use super::super::clocks::Steady;
    use super::super::key::Digest16;
    use super::super::notice::{Kind, Language, Notice, Stamp};
    use super::super::text::Text;
    use super::*;

    fn slug(name: &str) -> Slug {
        name.parse().expect("a name")
    }

    fn line(client: &str) -> Line {
        let since = Stamp { at: UtcMs(0), offset_minutes: 0 };
        Line {
            alert: AlertId(Digest16([1; 16])),
            severity: Severity::Critical,
            rule: "Hot".into(),
            title: Text::new(&format!("a till of {client} is hot")),
            client: slug(client),
            site: None,
            machine: None,
            since,
            until: None,
            value: None,
            reach: Reach::Live,
            heard: None,
            via: None,
            link: None,
            exposed: Vec::new(),
        }
    }

    fn letter(route: &str, client: Option<&str>, wrong: &[&str]) -> Letter {
        let notice = Notice {
            kind: Kind::Firing,
            language: Language::English,
            client: client.map(slug),
            site: None,
            severity: Severity::Critical,
            made: Stamp { at: UtcMs(0), offset_minutes: 0 },
            wrong: wrong.iter().map(|client| line(client)).collect(),
            more_wrong: 0,
            over: Vec::new(),
            more_over: 0,
            again: false,
        };
        let intent = Intent {
            key: Digest16([2; 16]),
            thread: Digest16([3; 16]),
            route: route.to_owned(),
            channel: "mail".to_owned(),
            to: "ops@example.org".to_owned(),
            notice,
            tells: Vec::new(),
            not_before: Steady(0),
            expires: Steady(9),
        };
        Letter { intent, number: 1, attempts: 0, next_at: Steady(0), why: None }
    }

    fn left(letter: &Letter) -> Left {
        left_without(Table::Letter, b"", &write(letter), &slug("acme"), &["night".to_owned()].into())
    }

    #[test]
    fn of_a_letter_about_several_clients_the_others_lines_stay() {
        let Left::Some(row) = left(&letter("all", None, &["acme", "bron"])) else { panic!("it tells of bron, too") };
        assert_eq!(read::<Letter>(&row), Some(letter("all", None, &["bron"])));
        assert_eq!(left(&letter("all", None, &["acme", "acme"])), Left::Nothing);
        assert_eq!(left(&letter("all", Some("acme"), &[])), Left::Nothing);
        assert_eq!(left(&letter("night", Some("bron"), &["bron"])), Left::Nothing, "nobody else has that route");
        assert_eq!(left(&letter("all", Some("bron"), &["bron"])), Left::All);
        let later = [&[9][..], &write(&letter("all", None, &["acme"]))[1..]].concat();
        let kept = left_without(Table::Letter, b"", &later, &slug("acme"), &BTreeSet::new());
        assert_eq!(kept, Left::All, "a later version knows what to do with its own");
    }

    #[test]
    fn what_is_known_of_a_line_goes_with_its_client_and_not_with_one_whose_name_only_begins_so() {
        let site = |key: &[u8]| left_without(Table::Site, key, b"", &slug("acme"), &BTreeSet::new());
        assert_eq!((site(b"acme/lyon"), site(b"acme-2/lyon")), (Left::Nothing, Left::All));
    }
}
