//! Can a client's customers read how things are, and does that outlive a hub that was killed?

use super::{Hub, err, out};

/// What anybody is answered, without credentials.
fn read(hub: &Hub, path: &str) -> String {
    use std::io::{Read, Write};
    let address = hub.url.trim_start_matches("http://");
    let mut wire = std::net::TcpStream::connect(address).expect("the hub listens");
    let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept-language: fr\r\nconnection: close\r\n\r\n");
    wire.write_all(head.as_bytes()).expect("it is sent");
    let mut said = String::new();
    wire.read_to_string(&mut said).expect("an answer");
    said
}

#[test]
fn a_page_is_made_read_gone_on_with_and_taken_away() {
    let mut hub = Hub::start();
    let file = hub.folder.path().join("acme.toml");
    let page = "client = \"acme\"\ntitle = \"Acme\"\non = true\n[[components]]\nname = \"Caisses\"\nof = { site = \"lyon\" }\n";
    std::fs::write(&file, page).expect("a file");
    let file = file.to_str().expect("a path").to_owned();
    assert!(read(&hub, "/status/acme").starts_with("HTTP/1.1 404"));
    let made = hub.json(&["--json", "status-page", "set", "acme", "--file", &file]);
    assert_eq!(
        (&made["slug"], &made["said"]["on"], &made["said"]["listed"]),
        (&"acme".into(), &true.into(), &false.into())
    );
    let shown = read(&hub, "/status/acme");
    assert!(shown.starts_with("HTTP/1.1 200"), "{shown}");
    assert!(shown.contains("Caisses") && shown.contains("Non vérifié") && !shown.contains("Opérationnel"), "{shown}");

    let publish = [
        "--json",
        "status-page",
        "publish",
        "acme",
        "--title",
        "Lenteurs",
        "--text",
        "Nous cherchons.",
        "--language",
        "fr",
    ];
    let id = hub.json(&publish)["notices"][0]["id"].as_str().expect("an id").to_owned();
    let news = ["--json", "status-page", "news", "acme", &id, "--text", "C'est fini.", "--state", "over"];
    assert_eq!(hub.json(&news)["notices"][0]["news"][1]["state"], "over");
    hub.killed_and_started();
    let shown = read(&hub, "/status/acme");
    assert!(
        shown.contains("Lenteurs") && shown.contains("C&#39;est fini.") && shown.contains("lang=\"fr\""),
        "{shown}"
    );
    assert!(read(&hub, "/status/acme.atom").contains("<title>Lenteurs</title>"));

    let hidden = hub.json(&["--json", "status-page", "add", "--file", &file]);
    assert_eq!(hidden["slug"].as_str().map(str::len), Some(26), "nobody guesses it: {hidden}");
    let strange = hub.vigie(&["status-page", "publish", "acme", "--title", "x", "--text", "y", "--component", "Fours"]);
    assert_eq!(strange.status.code(), Some(2), "{}", err(&strange));
    assert_eq!(hub.vigie(&["status-page", "withdraw", "acme", &id, "--yes"]).status.code(), Some(0));
    assert_eq!(hub.vigie(&["status-page", "remove", "acme", "--yes"]).status.code(), Some(0));
    assert_eq!(hub.vigie(&["status-page", "show", "acme"]).status.code(), Some(5));
    assert!(read(&hub, "/status/acme").starts_with("HTTP/1.1 404"));
    assert_eq!(out(&hub.vigie(&["--tsv", "status-page", "list"])).lines().count(), 2, "the other one stays");
    let audit = hub.json(&["--json", "audit", "list", "--client", "acme", "what:status_page*"]);
    let lines = audit["lines"].as_array().expect("lines");
    let what: Vec<&str> = lines.iter().filter_map(|line| line["what"].as_str()).collect();
    let wanted = ["set", "publish", "news", "set", "withdraw", "remove"].map(|what| format!("status_page.{what}"));
    assert_eq!(what, wanted);
}
