//! Planned work on a site's own page: shown beforehand, asked for, and ended, without a script.

use std::sync::Arc;

use crate::common::site::{Book, DECIDES, Relay, door, usual};
use crate::common::{ACME, ALL, Answer, Door, NOW_MS, id_of, slug};
use axum::http::StatusCode;
use vigie_serve::{MuteKind, Undecided};

/// A page with all that it loads, before anything is packed.
const MOST_BYTES: usize = 30 * 1024;

const MUTE: &str = "01JD0000000000000000000900";

fn site() -> (Door, Arc<Book>) {
    door(Relay::cut_off(), Book::of(usual()))
}

async fn post(door: &Door, token: &str, path: &str, body: &str) -> Answer {
    let cookie = door.sign_in(token).await;
    door.post(path, &[("cookie", &cookie), ("sec-fetch-site", "same-origin")], body).await
}

#[tokio::test]
async fn a_form_shows_what_would_be_muted_and_changes_nothing() {
    let (door, book) = site();
    let page = door.get(DECIDES, "/maintenance?machine=compta-2").await;
    assert!(page.text().contains("value=\"compta-2\"") && page.text().contains("name=\"what\" value=\"preview\""));
    let shown = post(&door, DECIDES, "/maintenance", "machine=&minutes=120&why=new+%3Cdisks%3E&what=preview").await;
    assert_eq!(shown.status, StatusCode::OK);
    let text = shown.text();
    assert!(text.contains("caisse-7") && !text.contains("caisse-8&lt;") && text.contains("And 22 more."), "{text}");
    assert!(text.contains("Disk C: of compta-2") && text.contains("SiteOnFire"), "{text}");
    assert!(text.contains("value=\"new &lt;disks&gt;\"") && text.contains("value=\"120\" selected"), "as it was typed");
    assert!(!text.contains("<b>caisse"), "{text}");
    assert!(book.muted.lock().expect("a list").is_empty());
}

#[tokio::test]
async fn a_form_mutes_in_the_name_of_who_is_signed_in_and_ends_it_again() {
    let (door, book) = site();
    let done = post(&door, DECIDES, "/maintenance", "machine=compta-2&minutes=60&why=new+disks&what=add").await;
    assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, "/maintenance?done=add"));
    let (wish, by) = book.muted.lock().expect("a list").pop().expect("one was muted");
    assert_eq!((wish.kind, wish.client, wish.site), (MuteKind::Maintenance, Some(slug("acme")), Some(slug("lyon"))));
    assert_eq!((wish.until_ms, wish.labels.get("machine").map(String::as_str)), (NOW_MS + 3_600_000, Some("compta-2")));
    assert_eq!((wish.why.as_str(), by.as_str()), ("new disks", "Marc Petit"));
    let page = door.get(DECIDES, "/maintenance?done=add").await;
    assert!(page.text().contains("role=\"status\"") && page.text().contains("The hub does not know yet"));

    assert!(page.text().contains(&format!("action=\"/maintenance/{MUTE}/end\"")), "{}", page.text());
    let ended = post(&door, DECIDES, &format!("/maintenance/{MUTE}/end"), "").await;
    assert_eq!((ended.status, ended.header("location")), (StatusCode::SEE_OTHER, "/maintenance?done=end"));
    assert_eq!(*book.ended.lock().expect("a list"), [(MUTE.to_owned(), "Marc Petit".to_owned())]);
    let none = post(&door, DECIDES, "/maintenance/01JD0000000000000000000901/end", "").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_makes_no_sense_is_said_with_what_was_typed() {
    let (door, book) = site();
    for (body, said) in [
        ("machine=nobody&minutes=60&what=add", "no machine of that name"),
        ("machine=&minutes=7&what=add", "no span was chosen"),
        ("machine=&what=add", "no span was chosen"),
    ] {
        let answer = post(&door, DECIDES, "/maintenance", &format!("why=half+a+page&{body}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(answer.text().contains(said) && answer.text().contains("value=\"half a page\""), "{}", answer.text());
    }
    assert!(book.muted.lock().expect("a list").is_empty());
    let refusing = Book { refuses: Some(Undecided::NotKept("no room".to_owned())), ..Book::of(usual()) };
    let (door, _) = crate::common::site::door(Relay::cut_off(), refusing);
    let answer = post(&door, DECIDES, "/maintenance", "machine=&minutes=60&what=add").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn who_may_only_look_mutes_nothing_and_another_site_can_not_borrow_the_cookie() {
    let (door, book) = site();
    let page = door.get(ACME, "/maintenance").await;
    assert!(page.text().contains("You may look, not decide") && !page.text().contains("/end\""), "{}", page.text());
    for token in [ACME, ALL] {
        for path in ["/maintenance", &format!("/maintenance/{MUTE}/end")] {
            let answer = post(&door, token, path, "machine=&minutes=60&what=add").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{token} {path}");
        }
    }
    let cookie = door.sign_in(DECIDES).await;
    let foreign = [("cookie", cookie.as_str()), ("sec-fetch-site", "cross-site")];
    for path in ["/maintenance", &format!("/maintenance/{MUTE}/end")] {
        let answer = door.post(path, &foreign, "machine=&minutes=60&what=add").await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
    }
    let stranger = door.post("/maintenance", &[("sec-fetch-site", "same-origin")], "minutes=60&what=add").await;
    assert!(!stranger.status.is_success() && stranger.header("location") != "/maintenance?done=add");
    assert!(book.muted.lock().expect("a list").is_empty() && book.ended.lock().expect("a list").is_empty());
}

#[tokio::test]
async fn its_pages_stay_light_in_both_languages() {
    let (door, _) = site();
    let style = door.get("", "/local.css").await.body.len() + door.get("", "/icon.svg").await.body.len();
    let cookie = format!("{}; vigie-look=fr.dark", door.sign_in(DECIDES).await);
    let long = "x".repeat(200);
    let preview = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let shown = door.post("/maintenance", &preview, &format!("machine=&minutes=60&why={long}&what=preview")).await;
    assert!(shown.text().contains("Ne prévenir personne"), "{}", shown.text());
    assert!(shown.body.len() + style <= MOST_BYTES, "{} + {style}", shown.body.len());
    let machine = format!("/machines/{}", id_of("compta-2"));
    let page = door.get_with_cookie(&cookie, &machine).await;
    assert!(page.text().contains("href=\"/maintenance?machine=compta-2\""), "{}", page.text());
    assert!(door.get_with_cookie(&cookie, "/").await.text().contains("href=\"/maintenance\""));
}

#[tokio::test]
async fn rows_that_wait_are_counted_by_lane() {
    let mut relay = Relay::cut_off();
    let rows = Some(vigie_serve::RowsWaiting { alerts: 1, state: 1_204 });
    relay.up = relay.up.map(|up| vigie_serve::Upward { rows, ..up });
    let page = door(relay, Book::of(usual())).0.get(DECIDES, "/").await;
    let wanted = "43,210 readings, 1 change of alerts and decisions and 1,204 other changes.";
    assert!(page.text().contains(wanted), "{}", page.text());
}
