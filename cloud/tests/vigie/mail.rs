//! Does a letter to somebody who was invited arrive at last, whatever fails in between, and stands its secret nowhere?

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Hub, console, err, free_port, out};

const ANN: &str = "ann@acme.org";

/// What a mail server does with who comes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Does {
    Takes,
    Refuses,
    /// Never says a word again, once a letter begins.
    FallsSilent,
}

/// A mail server on loopback that keeps what it takes.
struct Sink {
    does: Arc<Mutex<Does>>,
    letters: Arc<Mutex<Vec<String>>>,
    /// Letters that were begun, taken or not.
    begun: Arc<Mutex<usize>>,
}

impl Sink {
    /// Opens where nothing answered before.
    fn at(port: u16, does: Does) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free again");
        let sink = Self { does: Arc::new(Mutex::new(does)), letters: Arc::default(), begun: Arc::default() };
        let (does, letters, begun) = (sink.does.clone(), sink.letters.clone(), sink.begun.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (does, letters, begun) = (does.clone(), letters.clone(), begun.clone());
                std::thread::spawn(move || talk(&stream, (&does, &letters, &begun)));
            }
        });
        sink
    }

    fn does(&self, what: Does) {
        *self.does.lock().expect("no test panics here") = what;
    }

    fn letters(&self) -> Vec<String> {
        self.letters.lock().expect("no test panics here").clone()
    }

    fn begun(&self) -> usize {
        *self.begun.lock().expect("no test panics here")
    }
}

type Kept<'a> = (&'a Mutex<Does>, &'a Mutex<Vec<String>>, &'a Mutex<usize>);

fn talk(mut stream: &TcpStream, (does, letters, begun): Kept<'_>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    stream.write_all(b"220 sink\r\n").ok()?;
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let does = *does.lock().expect("no test panics here");
        let word = line.split([' ', ':']).next().unwrap_or_default().trim().to_ascii_uppercase();
        match word.as_str() {
            "EHLO" => stream.write_all(b"250 sink\r\n").ok()?,
            "RCPT" if does == Does::Refuses => stream.write_all(b"550 5.1.1 nobody of that name\r\n").ok()?,
            "DATA" => {
                *begun.lock().expect("no test panics here") += 1;
                if does == Does::FallsSilent {
                    // Until the other side goes.
                    while lines.read_line(&mut line).is_ok_and(|read| read > 0) {}
                    return None;
                }
                stream.write_all(b"354 go on\r\n").ok()?;
                let mut letter = String::new();
                while !letter.ends_with("\r\n.\r\n") {
                    lines.read_line(&mut letter).ok().filter(|read| *read > 0)?;
                }
                letters.lock().expect("no test panics here").push(letter);
                stream.write_all(b"250 kept as 42\r\n").ok()?;
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n").ok(),
            _ => stream.write_all(b"250 well\r\n").ok()?,
        }
    }
}

fn hub(port: u16) -> Hub {
    Hub::configured(&format!(
        "[people]\nurl = 'https://hub.example.org'\nmail = 'mail'\n\n[[channel]]\nkind = 'smtp'\nname = 'mail'\n\
         host = '127.0.0.1'\nport = {port}\ntls = 'none'\nprivate = true\nfrom = 'vigie@example.org'\nto = ['ops@example.org']\n"
    ))
}

fn invite(hub: &Hub, email: &str, scope: &str) -> Value {
    let grant = format!("observer@{scope}");
    hub.json(&["--json", "people", "invite", "--email", email, "--name", "Somebody", "--grant", &grant])
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no {field}: {value}"))
}

/// Waits until a job stands so, and gives all of it.
fn stands(hub: &Hub, id: &str, wanted: &str) -> Value {
    let begun = Instant::now();
    loop {
        let job = hub.json(&["--json", "jobs", "show", id]);
        if job["state"] == wanted {
            return job;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{wanted} never came: {job}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What a letter says, without the quoted-printable of RFC 2045 in which it travels.
fn words(letter: &str) -> String {
    letter.replace("=\r\n", "").replace("=3D", "=")
}

fn letters_listed(hub: &Hub) -> Vec<Value> {
    hub.json(&["--json", "jobs", "list", "kind:mail"])["jobs"].as_array().cloned().unwrap_or_default()
}

/// Whether a text stands in any file of the hub's folder.
fn is_on_disk(hub: &Hub, words: &str) -> bool {
    let files = std::fs::read_dir(hub.folder.path().join("hub")).expect("a folder").flatten();
    files.filter_map(|file| std::fs::read(file.path()).ok()).any(|bytes| {
        let mut windows = bytes.windows(words.len());
        windows.any(|window| window == words.as_bytes())
    })
}

#[test]
fn a_letter_outlives_a_mail_server_that_is_away_and_a_hub_that_is_killed() {
    let port = free_port();
    let mut hub = hub(port);
    let invited = invite(&hub, ANN, "acme/lyon");
    assert_eq!(invited["mailed"]["taken"], false, "nobody is there: {invited}");
    let (id, code) = (text(&invited, "job").to_owned(), text(&invited, "code").to_owned());
    let job = stands(&hub, &id, "retrying");
    assert_eq!((text(&job, "kind"), text(&job, "what"), text(&job, "client")), ("mail", ANN, "acme"));
    assert_eq!(job["order"]["to"], ANN);
    assert!(!text(&job, "said").is_empty(), "it says why: {job}");

    // The secret stands in no view, in no export, and in the clear in no file.
    let export = out(&hub.vigie(&["api", "get", "/api/v1/clients/acme/export"]));
    assert!(export.contains(&id) && export.contains(ANN), "the letter is the client's: {export}");
    let audit = out(&hub.vigie(&["audit", "export"]));
    for (place, view) in [("job", job.to_string()), ("export", export), ("audit", audit)] {
        assert!(!view.contains(&code), "{place}: {view}");
    }
    assert!(!is_on_disk(&hub, &code) && is_on_disk(&hub, &id), "the files are looked at");

    // Who only looks at the client is told of no letter; nobody else's client is.
    for client in ["acme", "bron"] {
        let made = console(&hub, &["api-token", "create", "--name", client, "--client", client, "--json"]);
        let token = serde_json::from_str::<Value>(&made).expect("JSON")["token"].as_str().expect("a token").to_owned();
        let as_them = |words: &[&str]| hub.asks(words, &[("VIGIE_URL", &hub.url), ("VIGIE_TOKEN", &token)]);
        let list: Value = serde_json::from_str(&out(&as_them(&["--json", "jobs", "list"]))).expect("a list");
        assert_eq!((&list["total"], &list["counts"]["retrying"]), (&json!(0), &json!(0)), "{list}");
        assert_eq!(as_them(&["jobs", "show", &id]).status.code(), Some(5));
        assert_eq!(as_them(&["jobs", "cancel", &id, "--yes"]).status.code(), Some(5));
    }

    // It is tried again by itself, by the hub that comes after the kill.
    hub.killed_and_started();
    let sink = Sink::at(port, Does::Takes);
    let done = stands(&hub, &id, "done");
    assert!(text(&done, "said").contains("kept as 42"), "the mail server's words: {done}");
    let letters = sink.letters();
    assert!(letters.len() == 1 && words(&letters[0]).contains(&format!("code={code}")), "{letters:?}");
    let open = hub.json(&["--json", "api", "get", "/api/v1/invitations"]);
    assert_eq!(open["invitations"][0]["mailed"]["taken"], true, "{open}");

    // Who is erased leaves no letter behind.
    let body = json!({ "code": code, "password": "seven loud lanterns hum" }).to_string();
    hub.json(&["--json", "api", "post", "/api/v1/invitations/accept", "--body", &body]);
    assert_eq!(hub.vigie(&["people", "erase", ANN, "--yes"]).status.code(), Some(0));
    let begun = Instant::now();
    while !letters_listed(&hub).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", letters_listed(&hub));
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_letter_that_is_refused_waits_for_somebody_to_look_and_one_that_nobody_needs_is_not_sent() {
    let port = free_port();
    let hub = hub(port);
    hub.push("/to/acme/lyon/api/v1/import/prometheus", "shelf_celsius 12\n");
    // Called off while nobody is there, it is not sent once somebody is.
    let waits = text(&invite(&hub, "may@acme.org", "acme"), "job").to_owned();
    stands(&hub, &waits, "retrying");
    hub.json(&["--json", "jobs", "cancel", &waits, "--yes"]);
    stands(&hub, &waits, "cancelled");

    let sink = Sink::at(port, Does::Refuses);
    let refused = invite(&hub, ANN, "acme");
    let id = text(&refused, "job").to_owned();
    let dead = stands(&hub, &id, "dead");
    assert!(text(&dead, "said").contains("nobody of that name"), "the mail server's words: {dead}");
    assert_eq!((sink.begun(), dead["may_retry"].as_bool()), (0, Some(true)));
    sink.does(Does::Takes);
    hub.json(&["--json", "jobs", "retry", &id]);
    assert!(text(&stands(&hub, &id, "done"), "said").contains("kept as 42"));
    let lines = hub.json(&["--json", "audit", "list", "what:job.retry", "--client", "acme"]);
    assert_eq!(lines["lines"][0]["on"], id, "{lines}");

    // Whoever is not to come in after all is not written to, whoever asks for that; what is over is not called off.
    sink.does(Does::Refuses);
    let [over, taken_back] =
        ["bob@acme.org", "zoe@acme.org"].map(|email| text(&invite(&hub, email, "acme"), "job").to_owned());
    stands(&hub, &taken_back, "dead");
    sink.does(Does::Takes);
    let open = hub.json(&["--json", "api", "get", "/api/v1/invitations"]);
    let open = open["invitations"].as_array().expect("a list").clone();
    let zoe = open.iter().find(|one| one["email"] == "zoe@acme.org").expect("she is invited");
    let path = format!("/api/v1/invitations/{}", text(zoe, "id"));
    assert_eq!(hub.vigie(&["api", "delete", &path]).status.code(), Some(0));
    hub.json(&["--json", "jobs", "retry", &taken_back]);
    let done = stands(&hub, &taken_back, "done");
    assert!(text(&done, "said").starts_with("nothing was sent"), "{done}");
    stands(&hub, &over, "dead");
    let not = hub.vigie(&["jobs", "cancel", &over, "--yes"]);
    assert!(not.status.code() == Some(2) && err(&not).contains("dead already"), "{}", err(&not));
    assert_eq!(sink.letters().len(), 1, "{:?}", sink.letters());

    // With their client all of them go.
    assert_eq!(hub.vigie(&["clients", "erase", "acme", "--yes"]).status.code(), Some(0));
    assert!(letters_listed(&hub).is_empty());
}

#[test]
fn a_hub_that_is_killed_while_a_letter_is_handed_over_sends_it_once_more() {
    let port = free_port();
    let mut hub = hub(port);
    let sink = Sink::at(port, Does::FallsSilent);
    let url = hub.url.clone();
    let token = hub.token();
    let grant = ["people", "invite", "--email", ANN, "--name", "Ann", "--grant", "observer@acme"];
    std::thread::scope(|scope| {
        let mut asks = std::process::Command::new(env!("CARGO_BIN_EXE_vigie"));
        asks.args(grant).env("VIGIE_URL", &url).env("VIGIE_TOKEN", &token).env("XDG_CONFIG_HOME", hub.config());
        scope.spawn(move || drop(asks.output()));
        let begun = Instant::now();
        while sink.begun() == 0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "no letter comes");
            std::thread::sleep(Duration::from_millis(50));
        }
        sink.does(Does::Takes);
        hub.killed_and_started();
    });
    let begun = Instant::now();
    while sink.letters().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", letters_listed(&hub));
        std::thread::sleep(Duration::from_millis(200));
    }
    let letters = letters_listed(&hub);
    assert_eq!(letters.len(), 1, "{letters:?}");
    let done = stands(&hub, text(&letters[0], "id"), "done");
    let log = done["log"].as_array().expect("a log").iter().map(|entry| text(entry, "what"));
    assert_eq!(log.collect::<Vec<_>>(), ["asked", "began", "taken_up", "began", "done"], "{done}");
    assert!(sink.letters()[0].contains("To: ann@acme.org"), "{:?}", sink.letters());
}
