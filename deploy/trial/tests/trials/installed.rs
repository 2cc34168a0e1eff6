//! One line is pasted on a machine: the agent is there, has joined, and its samples arrive; or nothing was changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use vigie_trial::{Mesh, SmallDisk, eventually, free_port};

/// A user's home on a machine, with a stand-in for their systemd.
struct Machine {
    dir: TempDir,
}

impl Machine {
    fn new() -> Self {
        let dir = TempDir::new().expect("a folder");
        let machine = Self { dir };
        for folder in [machine.home(), machine.tools()] {
            fs::create_dir(folder).expect("a folder");
        }
        machine.tool("systemctl", include_str!("systemctl.sh"));
        machine
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn tools(&self) -> PathBuf {
        self.dir.path().join("tools")
    }

    fn tool(&self, name: &str, text: &str) {
        let path = self.tools().join(name);
        fs::write(&path, text).expect("room");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    }

    /// Runs a line as a shell of this user does.
    fn paste(&self, line: &str) -> Output {
        // Whoever installs for themselves needs no root.
        let line = line.replace("$(command -v sudo) ", "");
        let path = format!("{}:{}", self.tools().display(), std::env::var("PATH").expect("there are programs"));
        Command::new("sh")
            .args(["-c", &line])
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.home())
            .env("STAND_IN", self.tools())
            .env("TMPDIR", self.tools())
            .stdin(Stdio::null())
            .output()
            .expect("there is a shell")
    }

    /// All that lies in this home.
    fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        list(&self.home(), &mut found);
        found
    }

    fn runs(&self) -> bool {
        fs::read_dir(self.tools())
            .expect("a folder")
            .flatten()
            .any(|one| one.path().extension().is_some_and(|is| is == "pid"))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Whatever it started ends with it; it may have started nothing.
        drop(self.paste("systemctl --user stop-all"));
    }
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        found.push(path.clone());
        if path.is_dir() {
            list(&path, found);
        }
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Lets machines join at acme's site in Lyon.
fn let_in(mesh: &Mesh, uses: u32) -> Value {
    let_in_as(mesh, "agent", uses)
}

fn let_in_as(mesh: &Mesh, role: &str, uses: u32) -> Value {
    let wish = json!({ "client": "acme", "site": "lyon", "roles": [role], "uses": uses }).to_string();
    let answer = mesh.door().post("/api/v1/enrolments", &[("Content-Type", "application/json")], wish.as_bytes());
    let answer = answer.expect("the hub answers");
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json().expect("JSON")
}

/// The line that the hub makes for whoever asked it where its own page is: by a trial's door that says no port.
fn line_of(mesh: &Mesh, made: &Value, through: &str) -> String {
    let commands = made["commands"].as_array().expect("a list");
    let found = commands.iter().find(|one| one["through"] == through).expect("a line");
    let own = format!("http://127.0.0.1:{}", mesh.door().port());
    found["command"].as_str().expect("a text").replace("http://localhost", &own)
}

#[test]
fn one_pasted_line_adds_a_machine_a_second_upgrades_it_and_a_third_takes_it_away() {
    let mesh = Mesh::new();
    let machine = Machine::new();
    let made = let_in(&mesh, 1);
    let line = format!("{} --user --name till-1", line_of(&mesh, &made, "hub"));
    let done = machine.paste(&line);
    assert!(done.status.success(), "{}", said(&done));
    assert!(said(&done).contains("done: what this machine measures arrives"), "{}", said(&done));
    assert!(!said(&done).contains(made["token"].as_str().expect("a token")), "the token is shown to nobody else");
    let path = format!("/api/v1/enrolments/{}", made["id"].as_str().expect("an id"));
    eventually("the hub tells of each step", || {
        let Some(now) = mesh.get(&path) else { return false };
        assert_eq!(now["fetched"]["from"], "127.0.0.1");
        assert_eq!((&now["state"], &now["joined"][0]["name"]), (&json!("used_up"), &json!("till-1")));
        now["joined"][0]["last_sample"]["path"] == json!(["agent", "hub"])
    });
    // The token is used up, and nobody asks for it.
    let again = machine.paste(&line);
    assert!(again.status.success() && said(&again).contains("enrolled already"), "{}", said(&again));
    let machines = mesh.get("/api/v1/machines").expect("an answer");
    assert_eq!(machines["total"], 1);
    let away = machine.paste("~/.local/bin/vigie-agent-install --user --uninstall");
    assert!(away.status.success() && said(&away).contains("kept: "), "{}", said(&away));
    assert!(!machine.runs() && !machine.home().join(".local/bin/vigie-agent").exists());
    assert!(machine.home().join(".local/state/vigie-agent/identity").exists(), "what was measured stays");
    let purged = format!("{} --user --uninstall --purge", line.split(" --user").next().expect("a line"));
    let purged = machine.paste(&purged);
    assert!(purged.status.success(), "{}", said(&purged));
    let left: Vec<_> = machine.files().into_iter().filter(|path| path.is_file()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_machine_that_reaches_the_relay_alone_installs_from_it() {
    let mesh = Mesh::new();
    let relay = mesh.relay("lyon", "lyon-r1", mesh.hub_udp());
    let door = relay.door();
    let machine = Machine::new();
    let made = let_in(&mesh, 1);
    // Its page is not at the usual port here.
    let line = line_of(&mesh, &made, "relay").replace(":7802", &format!(":{}", door.port()));
    let done = machine.paste(&format!("{line} --user"));
    assert!(done.status.success(), "{}", said(&done));
    let path = format!("/api/v1/enrolments/{}", made["id"].as_str().expect("an id"));
    eventually("its samples come by the relay", || {
        let Some(now) = mesh.get(&path) else { return false };
        now["fetched"].is_null() && now["joined"][0]["last_sample"]["path"] == json!(["agent", "relay:lyon-r1", "hub"])
    });
}

#[test]
fn one_pasted_line_adds_a_relay_from_which_the_machines_of_its_site_install_by_the_hubs_own_line() {
    let mesh = Mesh::new();
    let (made, rack) = (let_in_as(&mesh, "relay", 1), Machine::new());
    let line = line_of(&mesh, &made, "hub");
    assert!(line.ends_with(" --relay --page 0.0.0.0:7802"), "what is opened to the site is seen: {line}");
    let [page, agents] = [free_port(), free_port()];
    // The ports of a usual relay may be taken on this machine.
    let line = line.replace("0.0.0.0:7802", &format!("127.0.0.1:{page}"));
    let line = format!(
        "VIGIE_LISTEN=127.0.0.1:{agents} && export VIGIE_LISTEN && {line} --user --advertise 127.0.0.1:{agents}"
    );
    let done = rack.paste(&format!("{line} --name lyon-r1"));
    assert!(done.status.success(), "{}", said(&done));
    assert!(said(&done).contains("done: this relay has reached the hub"), "{}", said(&done));
    let path = format!("/api/v1/enrolments/{}", made["id"].as_str().expect("an id"));
    eventually("the hub hears it", || {
        let Some(now) = mesh.get(&path) else { return false };
        assert_eq!((&now["joined"][0]["name"], &now["joined"][0]["role"]), (&json!("lyon-r1"), &json!("relay")));
        now["joined"][0]["reachability"]["state"] == "live"
    });

    // A machine that reaches that relay alone, by the line that the hub made.
    let (made, till) = (let_in(&mesh, 1), Machine::new());
    let through = line_of(&mesh, &made, "relay").replace(":7802", &format!(":{page}"));
    let done = till.paste(&format!("{through} --user --name till-1"));
    assert!(done.status.success(), "{}", said(&done));
    let path = format!("/api/v1/enrolments/{}", made["id"].as_str().expect("an id"));
    eventually("its samples come by the relay", || {
        let Some(now) = mesh.get(&path) else { return false };
        now["joined"][0]["last_sample"]["path"] == json!(["agent", "relay:lyon-r1", "hub"])
    });

    let again = rack.paste(&line);
    assert!(again.status.success() && said(&again).contains("enrolled already"), "{}", said(&again));
    let away = rack.paste("~/.local/bin/vigie-relay-install --user --uninstall --purge");
    assert!(away.status.success(), "{}", said(&away));
    let left: Vec<_> = rack.files().into_iter().filter(|path| path.is_file()).collect();
    assert!(left.is_empty() && !rack.runs(), "{left:?}");
}

#[test]
fn a_relay_that_can_not_be_put_leaves_nothing_behind() {
    let mesh = Mesh::new();
    let made = let_in_as(&mesh, "relay", 1);
    let line = format!("{} --user --advertise 127.0.0.1:7801", line_of(&mesh, &made, "hub"));
    let machine = Machine::new();
    // Somebody's file stands where its programs for others are to go.
    fs::create_dir_all(machine.home().join(".local")).expect("a folder");
    fs::write(machine.home().join(".local/lib"), "somebody's").expect("room");
    let before = machine.files();
    let done = machine.paste(&line);
    assert!(!done.status.success() && said(&done).contains("nothing was changed"), "{}", said(&done));
    assert_eq!(machine.files(), before);
    assert!(!machine.runs());
    let path = format!("/api/v1/enrolments/{}", made["id"].as_str().expect("an id"));
    assert_eq!(mesh.get(&path).expect("an answer")["uses_left"], 1, "the token is as it was, too");
    let wrong = machine.paste(&line.replace(" --relay", ""));
    assert!(said(&wrong).contains("--advertise and --page go with --relay"), "{}", said(&wrong));
}

#[test]
fn a_machine_without_room_says_so_and_is_as_it_was() {
    let mesh = Mesh::new();
    let made = let_in(&mesh, 1);
    let machine = Machine::new();
    let Some(_disk) = SmallDisk::mount(&machine.home(), 700) else { return };
    let done = machine.paste(&format!("{} --user", line_of(&mesh, &made, "hub")));
    assert!(!done.status.success() && said(&done).contains("has room for 0 MiB"), "{}", said(&done));
    assert!(machine.files().is_empty() && !machine.runs(), "{:?}", machine.files());
    let path = format!("/api/v1/enrolments/{}", made["id"].as_str().expect("an id"));
    assert_eq!(mesh.get(&path).expect("an answer")["uses_left"], 1, "the token is as it was, too");
}

#[test]
fn what_is_not_right_is_said_and_nothing_is_changed() {
    let mut mesh = Mesh::new();
    let made = let_in(&mesh, 1);
    let line = format!("{} --user", line_of(&mesh, &made, "hub"));
    let spent = Machine::new();
    assert!(spent.paste(&line).status.success());

    let refused = |line: &str, tool: Option<(&str, &str)>, why: &str| {
        let machine = Machine::new();
        if let Some((name, text)) = tool {
            machine.tool(name, text);
        }
        let done = machine.paste(line);
        assert!(!done.status.success() && said(&done).contains(why), "{why:?}: {}", said(&done));
        assert!(machine.files().is_empty() && !machine.runs(), "{why:?}: {:?}", machine.files());
    };
    refused(&line, None, "used");
    let sum = line.split("echo \"").nth(1).and_then(|rest| rest.split(' ').next()).expect("a sum");
    refused(&line.replace(sum, &"0".repeat(64)), None, "FAILED");
    // Whoever stands in between gives another program.
    let other = "#!/bin/sh\nwhile [ $# -gt 1 ]; do [ \"$1\" != -o ] || out=$2; shift; done\n\
        case $1 in */install.sh*) exec /usr/bin/curl -fsS -o \"$out\" \"$1\" ;; *) echo other >\"$out\" ;; esac\n";
    refused(&with_curl_last(&line), Some(("curl", other)), "is not what it should be");
    refused(&line.replace("vg1.", "vg1.a"), None, "damaged");
    refused(&line.replace("echo vg1.", ": vg1."), None, "no token");
    let script = spent.tools().join("install.sh");
    let door = mesh.door();
    fs::write(&script, door.get("/install.sh").expect("an answer").body).expect("room");
    mesh.hub.kill();
    let from = format!("http://127.0.0.1:{}", door.port());
    let cut =
        format!("echo {} | sh {} --user --from {from}", made["token"].as_str().expect("a token"), script.display());
    refused(&cut, None, "could not be fetched");
}

/// The stand-in for curl looks for its address last.
fn with_curl_last(line: &str) -> String {
    let at = line.split('\'').nth(1).expect("an address");
    line.replace(&format!("curl -fsS '{at}' -o \"$f\""), &format!("curl -o \"$f\" '{at}'"))
}
