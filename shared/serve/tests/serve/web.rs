//! Does a browser get the pages that it runs, and nobody more than that?

use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::common::hub::{By, Hub, PASSWORD, form};
use crate::common::{Answer, Door, Node, tokens};

fn hub() -> Hub {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    hub
}

fn signed_in(hub: &Hub) -> By {
    let ann = hub.roll.person("ann@acme.org", &["observer@acme/lyon"]);
    By::Cookie(hub.roll.session(&ann).1)
}

#[tokio::test]
async fn each_page_is_the_same_shell_and_an_address_that_is_none_is_not_found() {
    let hub = hub();
    let ann = signed_in(&hub);
    let first = hub.ask("GET", &ann, "/", None).await;
    assert_eq!(first.status, StatusCode::OK);
    assert!(first.text().contains("/assets/app-1a.js"));
    assert_eq!((first.header("cache-control"), first.header("content-type")), ("no-cache", "text/html; charset=utf-8"));
    assert!(first.header("content-security-policy").starts_with("default-src 'self'"));
    for path in ["/machines", "/machines/anything"] {
        assert_eq!(hub.ask("GET", &ann, path, None).await.text(), first.text(), "{path}");
    }
    for path in ["/nowhere", "/machines/a/b/c", "/index.html", "/assets/other.js"] {
        assert_eq!(hub.ask("GET", &ann, path, None).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn where_there_is_nothing_a_person_finds_the_pages_and_a_program_is_told_in_its_own_way() {
    let hub = hub();
    let By::Cookie(secret) = signed_in(&hub) else { panic!("a browser") };
    let ask = async |path: &str, accepts: &str| {
        let request = Request::get(path).header("cookie", format!("vigie={secret}")).header("accept", accepts);
        hub.door.send(request.body(Body::empty()).expect("a request")).await
    };
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    let page = ask("/nowhere", browser).await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::NOT_FOUND, "text/html; charset=utf-8"));
    assert!(page.text().contains("/assets/app-1a.js") && page.header("etag").is_empty());
    for (path, accepts) in
        [("/nowhere", "application/json"), ("/api/v1/nowhere", browser), ("/prometheus/nowhere", browser)]
    {
        let told = ask(path, accepts).await;
        assert_eq!(told.status, StatusCode::NOT_FOUND, "{path}");
        assert!(told.text().contains("there is nothing at"), "{path}: {}", told.text());
    }
}

#[tokio::test]
async fn who_is_not_signed_in_is_led_to_where_they_can_be() {
    let hub = Hub::new(Node::new(), tokens());
    for path in ["/", "/machines/anything"] {
        let answer = hub.ask("GET", &By::Nobody, path, None).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/begin"), "{path}");
    }
    hub.roll.begin();
    for path in ["/", "/machines/anything"] {
        let answer = hub.ask("GET", &By::Nobody, path, None).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/sign-in"), "{path}");
    }
}

/// What a browser keeps of an answer's cookies.
fn kept(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    set.filter_map(|cookie| cookie.split(';').next()).collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn who_signs_in_on_the_way_to_a_page_goes_on_to_it_once() {
    let hub = hub();
    hub.roll.person("ann@acme.org", &["observer@acme"]);
    let page = "/machines/anything?q=site:lyon%20cpu:%3E90";
    let by_password = form(&[("email", "ann@acme.org"), ("password", PASSWORD)]);
    for way in [by_password, form(&[("token", crate::common::ALL)])] {
        let away = hub.door.get("", page).await;
        assert_eq!((away.status, away.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
        let bound = kept(&away);
        assert!(away.header("set-cookie").contains("HttpOnly; SameSite=Lax"), "{bound}");
        let wrong = hub.door.post("/sign-in", &[("cookie", bound.as_str())], &form(&[("token", "wrong")])).await;
        assert_eq!(wrong.header("set-cookie"), "", "who errs once still goes there");
        let inside = hub.door.post("/sign-in", &[("cookie", bound.as_str())], &way).await;
        assert_eq!((inside.status, inside.header("location")), (StatusCode::SEE_OTHER, "/"), "{}", inside.text());
        let session = kept(&inside);
        let on = hub.door.get_with_cookie(&format!("{session}; {bound}"), "/").await;
        assert_eq!((on.status, on.header("location"), kept(&on).as_str()), (StatusCode::SEE_OTHER, page, "vigie-to="));
        assert_eq!(hub.door.get_with_cookie(&session, "/").await.status, StatusCode::OK, "once");
        assert_eq!(hub.door.get_with_cookie(&format!("{session}; {bound}"), page).await.status, StatusCode::OK);
        let first = hub.door.get_with_cookie(&bound, "/").await;
        assert_eq!(kept(&first), "vigie-to=", "who asks for the first page goes there");
    }
}

#[tokio::test]
async fn what_another_site_plants_leads_nowhere() {
    let hub = hub();
    let By::Cookie(ann) = signed_in(&hub) else { unreachable!("a session") };
    // //evil.example/machines, https://evil.example/machines and /sign-out
    for planted in ["Ly9ldmlsLmV4YW1wbGUvbWFjaGluZXM", "aHR0cHM6Ly9ldmlsLmV4YW1wbGUvbWFjaGluZXM", "L3NpZ24tb3V0", "x"] {
        let answer = hub.door.get_with_cookie(&format!("vigie={ann}; vigie-to={planted}"), "/").await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::OK, ""), "{planted}");
    }
}

#[tokio::test]
async fn a_file_comes_packed_to_who_takes_it_so_and_is_kept_for_ever() {
    let hub = hub();
    let ask = |headers: &[(&str, &str)]| {
        let request =
            headers.iter().fold(Request::get("/assets/app-1a.js"), |all, (name, value)| all.header(*name, *value));
        hub.door.send(request.body(Body::empty()).expect("a request"))
    };
    let plain = ask(&[]).await;
    assert_eq!((plain.status, plain.text(), plain.header("content-encoding")), (StatusCode::OK, "run()", ""));
    assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(plain.header("content-type"), "text/javascript; charset=utf-8");
    let packed = ask(&[("accept-encoding", "br, gzip")]).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.header("vary").contains("accept-encoding"));
    let again = ask(&[("if-none-match", plain.header("etag"))]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn pages_and_their_worker_come_in_the_language_that_a_browser_asks_for_or_that_was_chosen() {
    let hub = hub();
    let By::Cookie(ann) = signed_in(&hub) else { unreachable!("a session") };
    let ask = async |path: &str, accepted: &str, chosen: &str| {
        let cookie = format!("vigie={ann}{chosen}");
        let request = Request::get(path).header("accept-language", accepted).header("cookie", cookie);
        hub.door.send(request.body(Body::empty()).expect("a request")).await
    };
    for (accepted, chosen, lang, worker) in [
        ("en-GB", "", "lang=en", "english()"),
        ("fr-FR,fr;q=0.9,en;q=0.8", "", "lang=fr", "french()"),
        ("de-DE", "", "lang=en", "english()"),
        ("en-GB", "; vigie-look=fr.dark", "lang=fr", "french()"),
        ("fr-FR", "; vigie-look=en.system", "lang=en", "english()"),
        ("fr-FR", "; vigie-look=xx.dark", "lang=fr", "french()"),
    ] {
        let page = ask("/machines", accepted, chosen).await;
        assert!(page.text().contains(lang), "{accepted}{chosen}: {}", page.text());
        assert_eq!(
            page.header("vary"),
            "accept-encoding, accept-language, cookie",
            "no cache gives it to another reader"
        );
        assert_eq!(ask("/sw.js", accepted, chosen).await.text(), worker, "{accepted}{chosen}");
    }
    let [english, french] = [ask("/", "en", "").await, ask("/", "fr", "").await];
    assert_ne!(
        english.header("etag"),
        french.header("etag"),
        "who chooses another language does not go on with the one before"
    );
    for path in ["/en/index.html", "/fr/sw.js"] {
        assert_eq!(
            ask(path, "fr", "").await.status,
            StatusCode::NOT_FOUND,
            "{path} is handed out under its own name alone"
        );
    }
}

#[tokio::test]
async fn a_node_without_such_pages_keeps_the_one_it_had() {
    let door = Door::new();
    assert!(door.get(crate::common::ALL, "/").await.text().contains("/page.js"));
    assert_eq!(door.get(crate::common::ALL, "/machines").await.status, StatusCode::NOT_FOUND);
}
