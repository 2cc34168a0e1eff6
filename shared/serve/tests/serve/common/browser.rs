//! Debian's Chromium with a device that holds passkeys, driven over its own protocol by a pair of pipes.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const FLAGS: &str = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                     --disable-component-update --disable-sync --remote-debugging-pipe";

/// A browser that is stuck for so long is taken for dead.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    asked: u64,
    page: Option<String>,
    device: String,
    _home: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Browser {
    /// A browser whose device makes sure of its person by itself.
    pub(crate) fn open() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        // Chromium reads what it is asked from descriptor 3, and answers on 4.
        let mut child = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<&0 4>&1 >/dev/null", "sh"])
            .args(FLAGS.split_whitespace())
            .arg("--host-resolver-rules=MAP localhost 127.0.0.1")
            .arg(format!("--user-data-dir={}", home.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let to = child.stdin.take().expect("it is a pipe");
        let from = listen(BufReader::new(child.stdout.take().expect("it is a pipe")));
        let mut browser = Self { child, to, from, asked: 0, page: None, device: String::new(), _home: home };
        let target = browser.ask("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let page = browser.ask("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        browser.page = Some(page["sessionId"].as_str().expect("a page").to_owned());
        browser.ask("Page.enable", json!({}));
        browser.ask("WebAuthn.enable", json!({}));
        let device = json!({ "options": { "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true, "automaticPresenceSimulation": true } });
        let device = browser.ask("WebAuthn.addVirtualAuthenticator", device);
        browser.device = device["authenticatorId"].as_str().expect("a device").to_owned();
        browser
    }

    /// Asks the browser something, and waits for its answer.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let mut message = json!({ "id": self.asked, "method": method, "params": params });
        if let Some(page) = &self.page {
            message["sessionId"] = json!(page);
        }
        write!(self.to, "{message}\0").expect("it listens");
        loop {
            let said = self.from.recv_timeout(PATIENCE).expect("the browser answers");
            if said["id"] == json!(self.asked) {
                assert!(said["error"].is_null(), "{method}: {}", said["error"]);
                return said["result"].clone();
            }
        }
    }

    /// Asks the device something.
    pub(crate) fn of_device(&mut self, method: &str, mut params: Value) -> Value {
        params["authenticatorId"] = json!(self.device);
        self.ask(method, params)
    }

    /// What a script in the page comes to.
    pub(crate) fn js(&mut self, script: &str) -> Value {
        let params = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let said = self.ask("Runtime.evaluate", params);
        assert!(said["exceptionDetails"].is_null(), "{script}: {}", said["exceptionDetails"]);
        said["result"]["value"].clone()
    }

    /// Goes to a page, and waits until it is there.
    pub(crate) fn go(&mut self, url: &str) {
        self.js("window.isOld = true");
        self.ask("Page.navigate", json!({ "url": url }));
        self.until("!window.isOld && document.readyState === 'complete'");
    }

    /// Does what leads to another page, and waits until it is there.
    pub(crate) fn led(&mut self, script: &str) {
        self.js(&format!("window.isOld = true; {script}"));
        self.until("!window.isOld && document.readyState === 'complete'");
    }

    /// Waits until something is so.
    pub(crate) fn until(&mut self, script: &str) {
        let begun = Instant::now();
        // A page that is being left answers nothing, or that it is gone.
        while self.tried(script) != json!(true) {
            let text = || "document.location + ' ' + document.body?.innerText";
            assert!(begun.elapsed() < PATIENCE, "{script} never was so: {}", self.tried(text()));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn tried(&mut self, script: &str) -> Value {
        self.asked += 1;
        let params = json!({ "expression": script, "returnByValue": true });
        let message =
            json!({ "id": self.asked, "method": "Runtime.evaluate", "params": params, "sessionId": self.page });
        write!(self.to, "{message}\0").expect("it listens");
        loop {
            let said = self.from.recv_timeout(PATIENCE).expect("the browser answers");
            if said["id"] == json!(self.asked) {
                return said["result"]["result"]["value"].clone();
            }
        }
    }

    /// Where it is.
    pub(crate) fn place(&mut self) -> String {
        self.js("location.pathname + location.search").as_str().expect("an address").to_owned()
    }
}

fn listen(mut from: impl BufRead + Send + 'static) -> Receiver<Value> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut message = Vec::new();
        while from.read_until(0, &mut message).is_ok_and(|read| read > 0) {
            let said = serde_json::from_slice(message.strip_suffix(&[0]).unwrap_or(&message));
            if said.is_ok_and(|said| tell.send(said).is_err()) {
                return;
            }
            message.clear();
        }
    });
    told
}
