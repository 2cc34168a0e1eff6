//! The pages without a script: in which language and colours does a reader get them, and how do they choose?

use crate::common::Door;
use crate::common::site::{Book, DECIDES, Relay, door, usual};
use axum::http::StatusCode;

const OURS: &[(&str, &str)] = &[("sec-fetch-site", "same-origin")];

fn site() -> Door {
    door(Relay::cut_off(), Book::of(usual())).0
}

#[tokio::test]
async fn each_page_is_told_in_the_language_of_its_reader() {
    let door = site();
    let request = |language: &str| {
        let request = crate::common::asking(DECIDES, "/").header("accept-language", language);
        door.send(request.body(axum::body::Body::empty()).expect("a request"))
    };
    assert!(request("fr-FR,fr;q=0.9").await.text().contains("Le hub est injoignable"));
    assert!(request("de").await.text().contains("The hub is out of reach"));
    let cookie = door.sign_in(DECIDES).await;
    let french = door.get_with_cookie(&format!("{cookie}; vigie-look=fr.dark"), "/").await.text().to_owned();
    assert!(french.contains("<html lang=\"fr\" data-theme=\"dark\">") && french.contains("43\u{202f}210 relevés"));
}

#[tokio::test]
async fn a_choice_of_language_and_colours_is_kept_and_leads_back() {
    let door = site();
    let answer = door.post("/look", OURS, "lang=fr&theme=dark&to=/machines").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/machines"));
    assert!(answer.header("set-cookie").starts_with("vigie-look=fr.dark; Path=/;"));
    let answer = door.post("/look", OURS, "lang=%3Cx%3E&theme=x&to=//evil.example").await;
    assert_eq!(answer.header("location"), "/");
    assert!(answer.header("set-cookie").starts_with("vigie-look=.system; "));
}

#[tokio::test]
async fn whoever_chooses_a_language_alone_keeps_the_colours_that_they_chose() {
    let door = site();
    let chosen = [OURS[0], ("cookie", "vigie-look=fr.dark")];
    for (says, kept) in [("lang=en", "en.dark"), ("theme=light", "fr.light"), ("lang=x&theme=x", "fr.dark")] {
        let answer = door.post("/look", &chosen, says).await;
        assert!(answer.header("set-cookie").starts_with(&format!("vigie-look={kept}; ")), "{says}");
    }
}
