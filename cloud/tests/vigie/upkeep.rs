//! Does a real hub say that its backups keep failing, once, through a kill, until one succeeds?

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Hub, console, err, out};

fn backup_job(hub: &Hub) -> Option<Value> {
    let list = hub.json(&["--json", "jobs", "list", "kind:backup state:retrying"]);
    list["jobs"].as_array()?.first().cloned()
}

/// Waits until the planned backup failed so often, having it tried again at once.
fn fails(hub: &Hub, times: usize) -> String {
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < Duration::from_secs(180), "it never failed {times} times");
        std::thread::sleep(Duration::from_millis(200));
        let Some(job) = backup_job(hub) else { continue };
        let id = job["id"].as_str().expect("an id").to_owned();
        let whole = hub.json(&["--json", "jobs", "show", &id]);
        let failed = whole["log"].as_array().into_iter().flatten().filter(|entry| entry["what"] == "failed").count();
        if failed >= times {
            return id;
        }
        // It may have begun by itself in between.
        hub.vigie(&["jobs", "retry", &id]);
    }
}

/// Waits until the incident of this rule is there, or is not.
fn told(hub: &Hub, rule: &str, is: bool) -> Option<Value> {
    let begun = Instant::now();
    loop {
        let found = hub.json(&["--json", "alerts", "list", &format!("rule:{rule}")]);
        let one = found["incidents"].as_array().and_then(|found| found.first()).cloned();
        if one.is_some() == is {
            return one;
        }
        assert!(begun.elapsed() < Duration::from_secs(150), "{rule}: {found}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn doctor(hub: &Hub) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigie-cloud"));
    command.arg("doctor").arg("--data").arg(hub.folder.path().join("hub"));
    out(&command.output().expect("it runs"))
}

#[test]
fn backups_that_keep_failing_are_told_once_say_why_and_end_when_one_succeeds() {
    let backups = tempfile::tempdir().expect("a folder");
    let folder = backups.path().join("there");
    let mut hub = Hub::configured(&format!("[backup]\nfolder = \"{}\"\n", folder.display()));
    let id = fails(&hub, 3);
    let incident = told(&hub, "BackupsFail", true).expect("it is there");
    assert_eq!((&incident["severity"], &incident["client"]), (&Value::from("critical"), &Value::Null), "{incident}");
    assert!(
        incident["summary"].as_str().is_some_and(|said| said.contains("tries to back this hub up failed")),
        "{incident}"
    );
    let metrics = hub.page("/metrics");
    assert!(metrics.contains("vigie_hub_upkeep_failures{kind=\"backup\"} 3\n"), "{metrics}");
    assert!(metrics.contains("vigie_hub_jobs{kind=\"backup\",state=\"retrying\"} 1\n"), "{metrics}");
    let said = doctor(&hub);
    assert!(said.contains("the last 3 tries failed") && said.contains("no backup was written"), "{said}");

    // Of a client's people nobody sees what is the hub's own.
    let bron = console(&hub, &["api-token", "create", "--name", "b", "--client", "bron", "--json"]);
    let bron: Value = serde_json::from_str(&bron).expect("an answer");
    let theirs = [("VIGIE_URL", hub.url.as_str()), ("VIGIE_TOKEN", bron["token"].as_str().expect("a token"))];
    let list = hub.asks(&["--json", "alerts", "list"], &theirs);
    assert!(list.status.success() && !out(&list).contains("BackupsFail"), "{}{}", out(&list), err(&list));

    hub.killed_and_started();
    assert!(doctor(&hub).contains("the last 3 tries failed"), "it is remembered");
    let again = told(&hub, "BackupsFail", true).expect("it is there");
    assert_eq!(again["id"], incident["id"], "nobody is told anew");

    std::fs::create_dir(&folder).expect("room");
    hub.json(&["--json", "jobs", "retry", &id]);
    told(&hub, "BackupsFail", false);
    assert!(hub.page("/metrics").contains("vigie_hub_upkeep_failures{kind=\"backup\"} 0\n"));
    let said = doctor(&hub);
    assert!(said.contains("the last good one is 0 h old") && !said.contains("tries failed"), "{said}");
}
