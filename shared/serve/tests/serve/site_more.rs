//! The relay's own page: room and catching up, ticks, the filter, and the form for a screen on a wall.

use axum::http::StatusCode;
use vigie_serve::{Amount, Drain, Incident, Machine, Reached, Room, Upward};

use crate::common::site::{Book, DECIDES, Relay, door, usual};
use crate::common::{Door, id_of};

async fn shown(door: &Door, path: &str) -> String {
    let answer = door.get(DECIDES, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.text().to_owned()
}

fn with_way(relay: Relay, change: impl FnOnce(Upward) -> Upward) -> Door {
    door(Relay { up: relay.up.map(change), ..relay }, Book::of(Vec::new())).0
}

#[tokio::test]
async fn a_cut_site_says_for_how_long_there_is_room_and_only_if_that_is_known() {
    let known = with_way(Relay::cut_off(), |up| up);
    let said = "Room here for about 2\u{a0}d 13\u{a0}h more at least (412\u{a0}MB of 2\u{a0}GB are taken).";
    for path in ["/", "/link"] {
        let page = shown(&known, path).await;
        assert!(page.contains(said) && page.contains("value=\"0.206\""), "{path}: {page}");
    }
    let cookie = known.sign_in(DECIDES).await;
    let french = known.get_with_cookie(&format!("{cookie}; vigie-look=fr.dark"), "/").await;
    assert!(french.text().contains("412\u{a0}Mo pris sur 2\u{a0}Go"), "{}", french.text());
    let room = Room { used_bytes: 1_500_000, most_bytes: 2_000_000, full_in_seconds: None };
    let page = shown(&with_way(Relay::cut_off(), |up| Upward { room: Some(room), ..up }), "/").await;
    assert!(page.contains("for how long that lasts is not known yet") && !page.contains("Room here for"), "{page}");
    let page = shown(&with_way(Relay::cut_off(), |up| Upward { room: None, ..up }), "/").await;
    assert!(!page.contains("<meter aria-label=\"Room"), "{page}");
}

#[tokio::test]
async fn catching_up_shows_what_has_arrived_and_promises_an_end_only_at_a_steady_pace() {
    let at_work = |done_in_seconds| {
        let drain = Some(Drain { ticks_per_second: 250.0, done_in_seconds });
        with_way(Relay::in_reach(), |up| Upward {
            waiting: Amount::known(10_000, None),
            waited_most: Some(40_000),
            drain,
            ..up
        })
    };
    let page = shown(&at_work(Some(40)), "/").await;
    assert!(page.contains("max=\"40000\" value=\"30000\""), "{page}");
    assert!(page.contains("30,000 of 40,000 readings that waited are there, 250 a second."), "{page}");
    assert!(page.contains("Done in about 40\u{a0}s."), "{page}");
    assert!(!shown(&at_work(None), "/").await.contains("Done in about"));
    let idle = with_way(Relay::in_reach(), |up| Upward { waited_most: Some(40_000), ..up });
    assert!(!shown(&idle, "/").await.contains("<progress"), "nothing waits");
}

#[tokio::test]
async fn each_decision_says_where_it_is_known() {
    let ticks = |page: &str, by: &str| {
        let event = page.split("<li>").find(|event| event.contains("class=\"tick\"") && event.contains(by));
        event.unwrap_or_else(|| panic!("{by}: {page}")).to_owned()
    };
    let first = "/alerts/01JD0000000000000000000001";
    let page = shown(&door(Relay::cut_off(), Book::of(usual())).0, first).await;
    assert!(ticks(&page, "Marc Petit").contains("✓</span> kept at this site"), "said here, not yet at the hub");
    assert!(ticks(&page, "Sophie Bernard").contains("✓✓</span> known here and where it was said"));
    let everywhere = usual().into_iter().map(|it| Incident { reached: Reached::Everywhere, ..it }).collect();
    let page = shown(&door(Relay::in_reach(), Book::of(everywhere)).0, first).await;
    assert!(ticks(&page, "Marc Petit").contains("✓✓</span> known at site and hub"));
    assert!(!page.contains("kept at this site"));
}

#[tokio::test]
async fn a_filter_shows_what_it_finds_and_one_that_can_not_be_used_hides_nothing() {
    let door = door(Relay::cut_off(), Book::of(usual())).0;
    let page = shown(&door, "/machines?q=caisse").await;
    assert!(page.contains("caisse-1") && !page.contains("srv-fichiers"), "{page}");
    assert!(page.contains("value=\"caisse\""), "what was asked for stays in its field");
    let page = shown(&door, "/machines?q=reach:silent").await;
    assert!(page.contains("caisse-1") && !page.contains("srv-fichiers"), "{page}");
    let page = shown(&door, "/machines?q=nothing-like-that").await;
    assert!(
        page.contains("No machine matches <code>nothing-like-that</code>") && page.contains("Show all 6"),
        "{page}"
    );
    let page = shown(&door, "/machines?q=reach:nonsense").await;
    assert!(page.contains("This filter can not be used") && page.contains("All machines are shown"), "{page}");
    assert!(page.contains("caisse-1") && page.contains("srv-fichiers"), "{page}");
    let page = shown(&door, "/machines?q=%22%3E%3Cimg+src%3Dx%3E").await;
    assert!(!page.contains("<img src=x"), "{page}");
}

#[tokio::test]
async fn the_next_page_of_what_a_filter_found_is_filtered_too() {
    let mut relay = Relay::cut_off();
    let one = relay.node.machines[0].clone();
    let named = |n: usize| format!("poste & {n:03}");
    let many = (0..200).map(|n| Machine { id: id_of(&named(n)), name: named(n), ..one.clone() });
    relay.node.machines = many.collect();
    let page = shown(&door(relay, Book::of(Vec::new())).0, "/machines?q=%22poste+%26%22").await;
    assert!(page.contains("href=\"/machines?page=2&amp;q=%22poste%20%26%22\""), "{page}");
}

#[tokio::test]
async fn a_wall_screen_reloads_itself_and_stays_one() {
    let door = door(Relay::cut_off(), Book::of(usual())).0;
    let wall = shown(&door, "/?wall=1").await;
    assert!(wall.contains("<body class=\"wall\">") && wall.contains("http-equiv=\"refresh\" content=\"30\""), "{wall}");
    assert!(wall.contains("The hub is out of reach") && wall.contains("Leave the wall screen"), "{wall}");
    let page = shown(&door, "/").await;
    assert!(page.contains("<body>") && page.contains("href=\"/?wall=1\">For a wall screen"), "{page}");
}
