//! What is kept of pages, through starts and too much of it.

use vigie_serve::{StatusComponent, StatusMembers};
use vigie_store::fault::FaultDisk;

use super::*;

fn slug(text: &str) -> Slug {
    text.parse().expect("a name")
}

fn open(disk: &FaultDisk) -> Published {
    let state = Arc::new(State::open_on(disk.clone()).expect("a state").0);
    Published::open(state, NodeClock::new()).expect("pages")
}

fn said(client: &str) -> StatusPageSaid {
    StatusPageSaid {
        client: slug(client),
        title: "Acme".to_owned(),
        on: true,
        listed: false,
        history: true,
        maintenance: true,
        components: vec![StatusComponent { name: "Tills".to_owned(), of: StatusMembers::Site(slug("lyon")) }],
    }
}

fn notice(title: &str) -> NoticeSaid {
    NoticeSaid {
        title: title.to_owned(),
        text: "we look into it".to_owned(),
        state: NoticeState::Investigating,
        language: None,
        components: Vec::new(),
        incident: Some("01K9".to_owned()),
    }
}

#[test]
fn a_page_and_what_was_published_on_it_outlive_a_start() {
    let disk = FaultDisk::new();
    let pages = open(&disk);
    pages.put(Some(&slug("acme")), said("acme")).expect("kept");
    let page = pages.publish(&slug("acme"), notice("Slow")).expect("kept");
    let id = page.notices[0].id.clone();
    let news = NewsSaid { text: "all is well".to_owned(), state: Some(NoticeState::Over) };
    let before = pages.go_on(&slug("acme"), &id, news).expect("kept");
    drop(pages);
    let pages = open(&disk);
    let after = pages.page(&slug("acme")).expect("kept");
    assert_eq!(
        StatusPage { version: 0, ..StatusPage::clone(&after) },
        StatusPage { version: 0, ..StatusPage::clone(&before) }
    );
    assert_eq!((after.notices[0].state(), after.notices[0].news.len()), (NoticeState::Over, 2));
    pages.withdraw(&slug("acme"), &id).expect("gone");
    assert_eq!(pages.withdraw(&slug("acme"), &id), Err(NO_NOTICE));
    pages.remove(&slug("acme")).expect("gone");
    drop(pages);
    assert!(open(&disk).list().is_empty());
}

#[test]
fn an_address_that_nobody_chose_can_not_be_guessed_and_one_of_another_client_is_not_taken_over() {
    let pages = open(&FaultDisk::new());
    let one = pages.put(None, said("acme")).expect("kept");
    let other = pages.put(None, said("acme")).expect("kept");
    assert_ne!(one.slug, other.slug);
    assert_eq!(one.slug.as_str().len(), 26);
    assert_eq!(pages.put(Some(&one.slug), said("bron")), Err(Undecided::Changed));
    let changed = pages.put(Some(&one.slug), said("acme")).expect("kept");
    assert!(changed.version > other.version, "whoever keeps a page ready sees that it changed");
}

#[test]
fn a_page_that_tells_too_much_lets_go_of_what_is_over_and_of_nothing_else() {
    let pages = open(&FaultDisk::new());
    pages.put(Some(&slug("acme")), said("acme")).expect("kept");
    for n in 0..MOST_NOTICES {
        pages.publish(&slug("acme"), notice(&n.to_string())).expect("kept");
    }
    assert!(matches!(pages.publish(&slug("acme"), notice("more")), Err(Undecided::Senseless(_))));
    let id = pages.page(&slug("acme")).expect("kept").notices[7].id.clone();
    let news = NewsSaid { text: "over".to_owned(), state: Some(NoticeState::Over) };
    pages.go_on(&slug("acme"), &id, news).expect("kept");
    let page = pages.publish(&slug("acme"), notice("more")).expect("kept");
    assert_eq!((page.notices.len(), page.notices.iter().any(|notice| notice.id == id)), (MOST_NOTICES, false));
}
