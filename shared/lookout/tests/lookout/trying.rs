//! Is somebody who tries a route told what its receivers really said?

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::Node;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use vigie_store::fault::FaultDisk;

/// A service that takes the first message and is busy afterwards; counts them.
async fn service() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 8_192];
            drop(stream.read(&mut head).await);
            let is_first = count.fetch_add(1, Ordering::SeqCst) == 0;
            let answer = if is_first { "200 OK" } else { "503 Busy" };
            let said = format!("HTTP/1.1 {answer}\r\nContent-Length: 9\r\nConnection: close\r\n\r\nsaid so: ");
            drop(stream.write_all(said.as_bytes()).await);
        }
    });
    (port, asked)
}

fn relay(folder: &Path, port: u16) -> Node {
    std::fs::write(folder.join("token"), "Asecrettoken").expect("written");
    let (token, url) = (folder.join("token").display().to_string(), format!("http://127.0.0.1:{port}"));
    let gotify = |name: &str| format!("[[channel]]\nkind='gotify'\nname='{name}'\nurl='{url}'\ntoken_file='{token}'\n");
    let routes = "[[route]]\nname='both'\nchannels=['one', 'two']\n[[route]]\nname='quiet'\nchannels=['one']\n";
    let text = format!("{}{}{routes}", gotify("one"), gotify("two"));
    Node::relay_on(&FaultDisk::new(), folder, &Arc::default(), &text).expect("it begins")
}

async fn ask(node: &Node, request: Value) -> Result<Value, String> {
    vigie_lookout::answer(&node.watchman, &request).await.expect("it is about routes").map_err(|failed| failed.text)
}

#[tokio::test]
async fn each_receiver_is_sent_a_message_and_what_it_said_is_told_with_how_long_it_took() {
    let folder = tempfile::tempdir().expect("a folder");
    let (port, asked) = service().await;
    let relay = relay(folder.path(), port);
    let tried = ask(&relay, json!({ "ask": "routes-test", "name": "both", "by": "ann" })).await.expect("it is tried");
    assert_eq!((&tried["delivered"], &tried["route"]), (&json!(false), &json!("both")));
    let (one, two) = (&tried["receivers"][0], &tried["receivers"][1]);
    assert_eq!((&one["channel"], &one["kind"], &one["delivered"]), (&json!("one"), &json!("gotify"), &json!(true)));
    assert_eq!((&one["said"], &two["said"]), (&json!("200: said so:"), &json!("503: said so:")));
    assert_eq!(two["delivered"], false);
    assert!(one["took_ms"].is_u64() && !tried.to_string().contains("Asecrettoken"));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    let again = ask(&relay, json!({ "ask": "routes-test", "name": "both", "by": "ann" })).await;
    assert!(again.expect_err("a moment ago").contains("left in peace"));
    assert_eq!(asked.load(Ordering::SeqCst), 2, "nobody was disturbed");
    let other = ask(&relay, json!({ "ask": "routes-test", "name": "quiet", "by": "ann" })).await.expect("another one");
    assert_eq!(other["receivers"].as_array().map(Vec::len), Some(1));
    let none = ask(&relay, json!({ "ask": "routes-test", "name": "loud", "by": "ann" })).await;
    assert!(none.expect_err("there is none").contains("no such route"));
    assert_eq!(relay.desk.sent().expect("it reads").len(), 0, "a test is in no log of what was told");
}
