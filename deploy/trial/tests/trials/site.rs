//! Somebody stands on a site whose line is cut, and was let in beforehand.

use serde_json::Value;
use vigie_trial::watched::OVEN_RULES;
use vigie_trial::{Door, HttpAnswer, Mesh, Relay, eventually};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

#[test]
fn a_person_who_was_let_in_decides_on_a_site_that_is_cut_off_and_the_hub_hears_of_both_afterwards() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let mut relay = relay_with_rules(&mesh, wan.udp);
    let door = relay.door();
    let granted =
        json(&mesh, &["grant", "add", "--client", "acme", "--site", "lyon", "--name", "Marc Petit", "--json"]);
    let passphrase = granted["passphrase"].as_str().expect("it is shown once").to_owned();
    let person = Browser::at(&door);
    let mut cookie = String::new();
    eventually("the relay lets him in", || {
        cookie = person.sign_in("marc petit", &passphrase).unwrap_or_default();
        !cookie.is_empty()
    });

    // The line is cut, the relay killed: what lets him in is on its disk.
    wan.tell(r#"{"do":"cut"}"#);
    relay.program.kill();
    relay.program.again();
    let door = relay.door();
    let person = Browser::at(&door);
    assert_eq!(person.sign_in("Marc Petit", "wrong"), None);
    let cookie = person.sign_in("Marc Petit", &passphrase).expect("he comes in while the line is cut");
    push(&door, 300);
    let mut alert = String::new();
    eventually("his page shows what is wrong", || {
        let page = person.page("/", &cookie);
        assert!(page.contains("The hub is out of reach"), "{page}");
        let link = page.split("<h3><a href=\"").find(|row| row.contains("oven too hot"));
        alert = link.and_then(|row| row.split('"').next()).unwrap_or_default().to_owned();
        !alert.is_empty()
    });
    let done = person.post(&format!("{alert}/acknowledge"), &cookie, "text=on+my+way");
    assert_eq!((done.status, location(&done)), (303, format!("{alert}?done=acknowledge")), "{}", done.text());
    let page = person.page(&format!("{alert}?done=acknowledge"), &cookie);
    assert!(
        page.contains("The hub does not know yet") && page.contains("<blockquote>on my way</blockquote>"),
        "{page}"
    );

    // The line is back: the hub knows who came in and what he decided, and what it takes back ends his session.
    wan.tell(r#"{"do":"heal"}"#);
    eventually("the hub knows who came in", || {
        let told = json(&mesh, &["grant", "audit", "--json"]);
        let said = |came: &str| told.as_array().is_some_and(|all| all.iter().any(|one| one["came"] == came));
        said("in") && said("wrong")
    });
    let id = alert.trim_start_matches("/alerts/").to_owned();
    eventually("the hub knows what he decided", || {
        let at_hub = mesh.get(&format!("/api/v1/incidents/{id}"));
        at_hub.is_some_and(|one| one["acknowledgements"][0]["by"] == "Marc Petit")
    });
    assert!(
        mesh.hub_command(&["grant", "revoke", "--client", "acme", "--site", "lyon", "--name", "marc petit"])
            .status
            .success()
    );
    eventually("his session has ended", || person.get("/", &cookie).is_some_and(|answer| answer.status == 303));
    assert_eq!(person.sign_in("Marc Petit", &passphrase), None);
    let list = json(&mesh, &["grant", "list", "--json"]);
    assert_eq!((&list[0]["state"], &list[0]["name"]), (&"revoked".into(), &"Marc Petit".into()), "{list}");
    assert!(relay.program.stop() && mesh.hub.stop(), "both end in order");
}

#[test]
fn a_grant_for_a_site_that_is_not_there_is_refused() {
    let mut mesh = Mesh::new();
    eventually("the hub answers at its socket", || mesh.hub_command(&["grant", "list"]).status.success());
    let refused = mesh.hub_command(&["grant", "add", "--client", "acme", "--site", "lyno", "--name", "Marc"]);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(5) && why.contains("no node of acme/lyno has enrolled"), "{why}");
    assert!(mesh.hub.stop(), "it ends in order");
}

#[test]
fn a_person_is_let_in_and_taken_back_by_the_api_and_both_stand_in_the_audit_in_their_doers_name() {
    let mesh = Mesh::new();
    let relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let hub = mesh.door();
    let people = |site: &str| format!("/api/v1/sites/acme/{site}/people");
    const JSON: (&str, &str) = ("Content-Type", "application/json");
    let wish = br#"{"name":"Ann Lee","days":2,"may":"look"}"#;
    let elsewhere = hub.post(&people("lyno"), &[JSON], wish).expect("the hub answers");
    assert!(elsewhere.status == 404 && elsewhere.text().contains("no node of acme/lyno"), "{}", elsewhere.text());
    let made = hub.post(&people("lyon"), &[JSON], wish).expect("the hub answers");
    let passphrase = made.json().expect("who was let in")["passphrase"].as_str().expect("it is shown once").to_owned();
    assert_eq!(hub.post(&people("lyon"), &[JSON], wish).map(|again| again.status), Some(409));
    let person = Browser::at(&relay.door());
    eventually("the relay lets her in", || person.sign_in("ann lee", &passphrase).is_some());

    assert_eq!(hub.delete(&format!("{}/Ann%20Lee", people("lyon"))).map(|answer| answer.status), Some(204));
    eventually("the relay lets her in no more", || person.sign_in("ann lee", &passphrase).is_none());
    let listed = mesh.get(&people("lyon")).expect("the hub answers");
    assert_eq!([&listed["people"][0]["name"], &listed["people"][0]["state"]], ["Ann Lee", "revoked"], "{listed}");
    let audit = mesh.get("/api/v1/audit?client=acme").expect("the hub answers");
    let lines = audit["lines"].as_array().expect("lines").clone();
    for what in ["grant.add", "grant.revoke"] {
        let line = lines.iter().find(|line| line["what"] == what).unwrap_or_else(|| panic!("{what}: {audit}"));
        assert!(line["on"] == "acme/lyon Ann Lee" && line["who"] != "not said", "{line}");
        assert!(!line.to_string().contains(&passphrase), "{line}");
    }
}

/// A browser that keeps a cookie and runs no script.
struct Browser(Door);

impl Browser {
    fn at(door: &Door) -> Self {
        Self(Door::new(door.port(), "", None))
    }

    /// The cookie, if they are let in.
    fn sign_in(&self, name: &str, passphrase: &str) -> Option<String> {
        let form = format!("name={}&passphrase={passphrase}", name.replace(' ', "+"));
        let answer = self.0.post("/sign-in", &[FORM], form.as_bytes())?;
        let line = answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: "))?;
        (answer.status == 303).then(|| line.split(';').next().unwrap_or_default().to_owned())
    }

    fn get(&self, path: &str, cookie: &str) -> Option<HttpAnswer> {
        self.0.get_with(path, &[("Cookie", cookie)])
    }

    fn page(&self, path: &str, cookie: &str) -> String {
        let answer = self.get(path, cookie).expect("it answers");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }

    fn post(&self, path: &str, cookie: &str, form: &str) -> HttpAnswer {
        self.0.post(path, &[FORM, ("Cookie", cookie)], form.as_bytes()).expect("it answers")
    }
}

fn location(answer: &HttpAnswer) -> String {
    answer.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_default().to_owned()
}

fn relay_with_rules(mesh: &Mesh, hub: u16) -> Relay {
    let mut relay = mesh.relay("lyon", "relay-1", hub);
    relay.program.kill();
    let rules = relay.data.join("rules");
    std::fs::create_dir_all(&rules).expect("a folder");
    std::fs::write(rules.join("oven.yml"), OVEN_RULES).expect("a file");
    relay.program.again();
    relay
}

/// The oven of the site is this hot, as somebody pushes it to the relay.
fn push(door: &Door, heat: u32) {
    let text = format!("oven_celsius {heat}\n");
    let answer = door.post("/api/v1/import/prometheus", &[("Content-Type", "text/plain")], text.as_bytes());
    let status = answer.map(|answer| answer.status);
    assert!(status.is_some_and(|status| (200..300).contains(&status)), "{status:?}");
}

fn json(mesh: &Mesh, args: &[&str]) -> Value {
    let output = mesh.hub_command(args);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("it answers in JSON")
}
