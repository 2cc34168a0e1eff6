//! Does a browser show the relay's page with scripts switched off? Debian's Chromium, without a person.
//!
//! `VIGIE_PICTURES=folder` keeps what it drew, for people to look at.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::site::{Book, DECIDES, Relay, cut, incident, open, usual};
use crate::common::{id_of, peer_is_here};
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use vigie_model::Severity;

const PHONE: (u32, u32) = (390, 1_700);
const DESK: (u32, u32) = (1_280, 1_000);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_without_scripts_shows_each_page_with_its_forms() {
    if !peer_is_here("chromium") {
        return;
    }
    let cut = serve(Relay::cut_off(), Book::of(usual())).await;
    let alert = format!("{cut}/alerts/{}", incident(1, "", Severity::Info, "", 0).id);
    let machine = format!("{cut}/machines/{}", id_of("compta-2"));
    for (url, seen) in [
        (format!("{cut}/"), &["The hub is out of reach", "Disk C: of compta-2 is 97 % full", "class=\"glyph\""][..]),
        (alert, &["action=\"/alerts/", "/acknowledge\"", "<textarea", "What happened"][..]),
        (machine, &["<svg viewBox", "class=\"line\"", "Charts, 6"][..]),
        (format!("{cut}/link"), &["its firewall"][..]),
    ] {
        let dom = tokio::task::spawn_blocking(move || dom(&url)).await.expect("a browser");
        for text in seen {
            assert!(dom.contains(text), "{text} is not on the page: {dom}");
        }
    }
    if let Some(folder) = std::env::var_os("VIGIE_PICTURES").map(PathBuf::from) {
        keep_pictures(&folder, &cut).await;
    }
}

async fn keep_pictures(folder: &Path, cut: &str) {
    let fine = serve(Relay::in_reach(), after_a_cut()).await;
    let many = (0..40).map(|n| {
        incident(n, "Disk /var of srv-fichiers is nearly full", Severity::Warning, "srv-fichiers", -60 * i64::from(n))
    });
    let many = serve(Relay::cut_off(), Book::of(many.collect())).await;
    let alert = |n: u32| format!("{cut}/alerts/{}", incident(n, "", Severity::Info, "", 0).id);
    for (name, url) in [
        ("home", format!("{cut}/?still=1")),
        ("fine", format!("{fine}/?still=1")),
        ("many", format!("{many}/?still=1&page=2")),
        ("alert", alert(1)),
        ("versions", alert(2)),
        ("machines", format!("{cut}/machines")),
        ("machine", format!("{cut}/machines/{}", id_of("compta-2"))),
        ("link", format!("{cut}/link")),
        ("maintenance", format!("{cut}/maintenance?machine=compta-2&done=add")),
        ("door", format!("{cut}/sign-in?again=1")),
        ("failed", format!("{cut}/machines/nobody")),
    ] {
        for (theme, size) in [("light", PHONE), ("dark", PHONE), ("light", DESK), ("dark", DESK)] {
            let (folder, url) = (folder.to_owned(), url.clone());
            let drawn = move || picture(&folder, name, &url, theme, size);
            tokio::task::spawn_blocking(drawn).await.expect("a browser");
        }
    }
}

/// Nothing is open, and the line was cut some hours ago.
fn after_a_cut() -> Book {
    Book { cuts: vec![cut(1, -18_000, -7_200)], ..Book::of(Vec::new()) }
}

/// Serves a relay on loopback to a browser that is signed in: it can not type.
async fn serve(relay: Relay, book: Book) -> String {
    let (router, _) = open(relay, book);
    let signed_in = async |mut request: Request, next: Next| -> Response {
        let bearer = HeaderValue::from_str(&format!("Bearer {DECIDES}")).expect("a token");
        // The door itself is shown to strangers.
        if !request.uri().path().starts_with("/sign-in") {
            request.headers_mut().insert("authorization", bearer);
        }
        let theme = request.headers().get("user-agent").is_some_and(|agent| agent == "vigie-dark");
        let look = if theme { "vigie-look=fr.dark" } else { "vigie-look=en.light" };
        request.headers_mut().insert("cookie", HeaderValue::from_static(look));
        next.run(request).await
    };
    let router = router.layer(from_fn(signed_in));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

const FLAGS: &str = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                     --disable-component-update --disable-sync --hide-scrollbars";

/// As a person does who switches scripts off for every site.
const NO_SCRIPTS: &str = r#"{"profile":{"default_content_setting_values":{"javascript":2}}}"#;

fn chromium(home: &Path) -> Command {
    std::fs::create_dir(home.join("Default")).expect("a folder");
    std::fs::write(home.join("Default/Preferences"), NO_SCRIPTS).expect("a file");
    let mut chromium = Command::new("chromium");
    chromium.args(FLAGS.split_whitespace()).arg(format!("--user-data-dir={}", home.display()));
    chromium
}

fn dom(url: &str) -> String {
    let home = tempfile::tempdir().expect("a folder");
    let shown = chromium(home.path()).args(["--dump-dom", url]).output().expect("chromium starts");
    String::from_utf8_lossy(&shown.stdout).into_owned()
}

fn picture(folder: &Path, name: &str, url: &str, theme: &str, (width, height): (u32, u32)) {
    let home = tempfile::tempdir().expect("a folder");
    let to = folder.join(format!("{name}-{width}-{theme}.png"));
    let shown = chromium(home.path())
        .arg(format!("--user-agent=vigie-{theme}"))
        .arg(format!("--window-size={width},{height}"))
        .arg(format!("--screenshot={}", to.display()))
        .arg(url)
        .output()
        .expect("chromium starts");
    assert!(to.exists(), "{}", String::from_utf8_lossy(&shown.stderr));
}
