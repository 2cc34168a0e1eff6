//! Is work that waits seen, decided of, and done once by a real hub, killed or not?

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Hub, console, err, out};

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

fn listed(hub: &Hub, filter: &str) -> Vec<Value> {
    let list = hub.json(&["--json", "jobs", "list", filter]);
    list["jobs"].as_array().cloned().unwrap_or_default()
}

/// Waits for the first job that passes a filter; what comes by itself is planned soon after the start.
fn first(hub: &Hub, filter: &str) -> Value {
    let begun = Instant::now();
    loop {
        if let Some(job) = listed(hub, filter).into_iter().next() {
            return job;
        }
        assert!(begun.elapsed() < Duration::from_secs(180), "no job is {filter}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn id(job: &Value) -> String {
    job["id"].as_str().expect("an id").to_owned()
}

fn said(job: &Value) -> Vec<String> {
    let log = job["log"].as_array().cloned().unwrap_or_default();
    log.iter().map(|entry| entry["what"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn retention_is_seen_before_it_runs_comes_when_somebody_wants_it_and_says_what_it_did() {
    let hub = Hub::start();
    // The first one comes soon after the start; the next waits for its hour.
    first(&hub, "kind:retention state:done");
    let waits = first(&hub, "kind:retention state:scheduled");
    assert_eq!((waits["by"].as_str(), waits["client"].is_null()), (Some("plan"), true), "{waits}");
    let now = hub.json(&["--json", "jobs", "run", "retention"]);
    assert_eq!(id(&now), id(&waits), "the one that waits comes now: there is no second one");
    let done = stands(&hub, &id(&now), "done");
    assert!(done["said"].as_str().is_some_and(|said| said.contains("kept for ever")), "{done}");
    let again = hub.vigie(&["jobs", "retry", &id(&now)]);
    assert!(again.status.code() == Some(2) && err(&again).contains("done already"), "{}", err(&again));
    let audit = hub.json(&["--json", "audit", "list", "what:job.run"]);
    assert_eq!(audit["lines"][0]["on"], id(&now), "{audit}");
    let next = first(&hub, "kind:retention state:scheduled");
    assert_ne!(id(&next), id(&now), "the next one waits for its hour");
}

#[test]
fn a_client_has_its_samples_in_a_file_and_nobody_elses() {
    let mut hub = Hub::start();
    for (client, celsius) in [("acme", 12), ("bron", 44)] {
        let body = format!("shelf_celsius {celsius}\n");
        hub.push(&format!("/to/{client}/lyon/api/v1/import/prometheus"), &body);
    }
    let file = hub.folder.path().join("acme.csv");
    let words = ["jobs", "export", "acme", "shelf_celsius", "--format", "csv", "--out"];
    let fetched = hub.vigie(&[&words[..], &[&file.to_string_lossy()]].concat());
    assert_eq!(fetched.status.code(), Some(0), "{}", err(&fetched));
    let text = std::fs::read_to_string(&file).expect("a file");
    assert!(text.contains(",12") && !text.contains(",44") && !text.contains("bron"), "{text}");

    // Whatever the selector says, another client's samples are in no file of acme's.
    let sly = hub.json(&["--json", "jobs", "export", "acme", "{client=\"bron\"}"]);
    let sly = stands(&hub, &id(&sly), "done");
    assert_eq!(sly["file"]["samples"], 0, "{sly}");
    assert!(hub.vigie(&["jobs", "export", "nobody"]).status.code() == Some(5), "there is no such client");
    let broken = hub.vigie(&["jobs", "export", "acme", "{{"]);
    assert!(broken.status.code() == Some(2) && err(&broken).contains("match[]"), "{}", err(&broken));

    // Another client's people see neither the job nor the file, and not the hub's own work.
    let own = console(&hub, &["api-token", "create", "--name", "bron", "--client", "bron", "--json"]);
    let token = serde_json::from_str::<Value>(&own).expect("JSON")["token"].as_str().expect("a token").to_owned();
    let as_bron = |words: &[&str]| hub.asks(words, &[("VIGIE_URL", &hub.url), ("VIGIE_TOKEN", &token)]);
    let list: Value = serde_json::from_str(&out(&as_bron(&["--json", "jobs", "list"]))).expect("a list");
    assert_eq!((list["total"].as_u64(), list["messages"].is_null()), (Some(0), true), "{list}");
    for words in [["jobs", "show"], ["jobs", "fetch"], ["jobs", "retry"]] {
        let refused = as_bron(&[&words[..], &[&id(&sly)]].concat());
        assert_eq!(refused.status.code(), Some(5), "{words:?}: {}", err(&refused));
    }
    assert_eq!(as_bron(&["jobs", "export", "acme"]).status.code(), Some(4));
    assert_eq!(as_bron(&["jobs", "run", "retention"]).status.code(), Some(4));

    // A hub that is killed right after it said yes does it all the same; what it had done stays.
    let asked = hub.json(&["--json", "jobs", "export", "bron", "--format", "parquet"]);
    hub.killed_and_started();
    let done = stands(&hub, &id(&asked), "done");
    assert!(done["file"]["samples"].as_u64() > Some(0), "{done}");
    let kept = out(&hub.vigie(&["jobs", "fetch", &id(&sly)]));
    assert_eq!(kept, "", "an empty export is an empty file of JSON lines");

    // Who is erased leaves neither job nor file.
    assert_eq!(hub.vigie(&["clients", "erase", "acme", "--yes"]).status.code(), Some(0));
    assert!(listed(&hub, "client:acme").is_empty());
    let erased = first(&hub, "kind:erasure state:done");
    assert!(!erased.to_string().contains("acme"), "{erased}");
    let left = std::fs::read_dir(hub.folder.path().join("hub/exports")).expect("a folder").count();
    assert_eq!(left, 1, "bron's file alone is there");
}

#[test]
fn a_backup_comes_by_plan_or_at_once_and_why_it_failed_is_seen() {
    let backups = tempfile::tempdir().expect("a folder");
    let folder = backups.path().join("there");
    let mut hub = Hub::configured(&format!("[backup]\nfolder = \"{}\"\n", folder.display()));
    // Its folder is not there yet.
    let failed = first(&hub, "kind:backup state:retrying");
    assert!(failed["said"].as_str().is_some_and(|said| said.contains("no backup was written")), "{failed}");
    assert!(failed["next_at"].is_string(), "{failed}");
    std::fs::create_dir(&folder).expect("room");
    hub.json(&["--json", "jobs", "retry", &id(&failed)]);
    let done = stands(&hub, &id(&failed), "done");
    assert_eq!(said(&done), ["asked", "began", "failed", "asked_again", "began", "done"], "{done}");
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 1);
    let next = first(&hub, "kind:backup state:scheduled");

    hub.killed_and_started();
    assert_eq!(id(&first(&hub, "kind:backup state:scheduled")), id(&next), "what waited waits on");
    let now = hub.json(&["--json", "jobs", "run", "backup"]);
    assert_eq!(id(&now), id(&next));
    stands(&hub, &id(&now), "done");
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 2);
    let called_off = id(&first(&hub, "kind:backup state:scheduled"));
    hub.json(&["--json", "jobs", "cancel", &called_off, "--yes"]);
    stands(&hub, &called_off, "cancelled");
    let audit = hub.json(&["--json", "audit", "list", "what:job.cancel"]);
    assert_eq!(audit["lines"][0]["on"], called_off, "{audit}");

    // From its own command line, sealed: the words stand nowhere.
    let words = backups.path().join("words");
    std::fs::write(&words, "seven loud lanterns hum").expect("room");
    let to = backups.path().join("sealed.backup");
    console(&hub, &["backup", &to.to_string_lossy(), "--passphrase-file", &words.to_string_lossy()]);
    let whole = stands(&hub, &id(&first(&hub, "by:console")), "done");
    assert!(!whole.to_string().contains("lanterns"), "{whole}");
}
