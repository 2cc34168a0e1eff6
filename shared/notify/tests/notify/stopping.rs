//! Does a sender that stops in order tell anything again that was taken?

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use vigie_notify::HookSender;
use vigie_store::fault::FaultDisk;

use crate::common::now;
use crate::common::webhook::{Does, Receiver};
use crate::hooks::{event, hook, open, post};

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_stops_in_order_tells_no_webhook_again_what_it_took() {
    let receiver = Receiver::new().await;
    receiver.does_next(&vec![Does::Takes; 5]);
    receiver.does_next(&[Does::FallsSilent]);
    let hooks = Arc::new(open(&FaultDisk::new()).expect("a state"));
    hooks.subscribe(hook("00000000000000aa", &format!("http://{}/", receiver.at))).expect("kept");
    hooks.take(&(0..10).map(event).collect::<Vec<_>>()).expect("kept");
    let sender = HookSender::start(hooks.clone(), Arc::new(post()), Arc::new(|| now(0)));
    reaches(|| receiver.with(|inner| inner.requests == 6)).await;
    sender.close().await;
    assert_eq!(hooks.standing(now(0))[0].waiting, 5, "what was answered is written down");
    let next = HookSender::start(hooks.clone(), Arc::new(post()), Arc::new(|| now(0)));
    reaches(|| hooks.standing(now(0))[0].waiting == 0).await;
    next.close().await;
    let numbers: Vec<_> = receiver.got().iter().map(|got| got.body["data"]["number"].clone()).collect();
    assert_eq!(numbers, (0..10).map(|number| json!(number)).collect::<Vec<_>>(), "each once");
}

async fn reaches(is_so: impl Fn() -> bool) {
    for _ in 0..3_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to that");
}
