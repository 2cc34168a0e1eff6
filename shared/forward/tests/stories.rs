//! Does another engine get all of it, whatever happens on the way?

mod common;

use std::time::Duration;

use common::{Does, Machine, Node, Receiver, T0, first, until};

fn to(receiver: &Receiver, more: &str) -> String {
    format!("[[forward]]\nname = \"other\"\nurl = \"http://{}/api/v1/push?key=k\"\n{more}\n", receiver.at)
}

const ALL: &str = "since = \"all\"";

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_durable_arrives_once_with_the_labels_that_queries_show() {
    let (folder, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::new().await);
    let node = Node::open(folder.path());
    let machine = Machine::new(1, "compta-2", 3);
    node.commit(machine.hello());
    node.commit(machine.ticks(1..=2_000));
    let forwarder = node.forward(&to(&receiver, "since = \"all\"\nlabels = { source = \"vigie\", site = \"x\" }"));
    until("all is there", || receiver.samples() == 6_000).await;
    until("all is counted", || first(&forwarder).sent_samples == 6_000).await;
    assert_eq!(receiver.arrivals(), 6_000);
    let name = format!(
        "__name__=m_ratio,client=acme,core=1,machine=compta-2,machine_id={},site=lyon,source=vigie,",
        machine.stream.agent
    );
    receiver.with(|inner| {
        let series = &inner.got[&name];
        assert_eq!(series[&(T0 + 1_000)].0, 0.1);
        assert_eq!(series[&(T0 + 2_000_000)].0, 200.0);
        assert!(inner.paths.iter().all(|path| path == "/api/v1/push?key=k"));
    });
    // What comes later goes as well.
    node.commit(machine.ticks([2_001]));
    until("the newest is there", || receiver.samples() == 6_003).await;
    until("nothing waits", || first(&forwarder).waiting_ticks == 0).await;
    let report = first(&forwarder);
    assert_eq!((report.refused_samples, report.oldest_ms, report.failing), (0, None, None));
    assert!(!report.to.contains("key"), "{}", report.to);
    forwarder.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_begins_again_sends_nothing_twice_that_it_wrote_down() {
    let (folder, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::new().await);
    let machine = Machine::new(1, "a", 2);
    {
        let node = Node::open(folder.path());
        node.commit(machine.hello());
        node.commit(machine.ticks(1..=500));
        let forwarder = node.forward(&to(&receiver, ALL));
        until("all is there", || receiver.samples() == 1_000).await;
        forwarder.close().await;
    }
    let node = Node::open(folder.path());
    node.commit(machine.ticks(501..=600));
    let forwarder = node.forward(&to(&receiver, ALL));
    until("the rest is there", || receiver.samples() == 1_200).await;
    until("it is counted on from before", || first(&forwarder).sent_samples == 1_200).await;
    assert_eq!(receiver.arrivals(), 1_200);
    forwarder.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_under_way_sends_all_of_it_in_the_end() {
    let (folder, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::new().await);
    let machine = Machine::new(1, "a", 2);
    receiver.with(|inner| inner.next.extend([Does::Takes, Does::Dawdles(Duration::from_secs(600))]));
    {
        let node = Node::open(folder.path());
        node.commit(machine.hello());
        node.commit(machine.ticks(1..=3_000));
        // A runtime of its own that ends at once takes all tasks with it, as a kill does.
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let forwarder = {
            let _entered = runtime.enter();
            node.forward(&to(&receiver, ALL))
        };
        until("the second request is under way", || receiver.with(|inner| inner.requests) >= 2).await;
        drop(forwarder);
        tokio::task::spawn_blocking(move || drop(runtime)).await.expect("it ends");
    }
    let node = Node::open(folder.path());
    let forwarder = node.forward(&to(&receiver, ALL));
    until("all is there", || receiver.samples() == 6_000).await;
    until("nothing waits", || first(&forwarder).waiting_ticks == 0).await;
    // What was under way comes again, and of what had arrived at most what was not yet written down.
    let arrivals = receiver.arrivals();
    assert!((8_000..=10_000).contains(&arrivals), "{arrivals}");
    forwarder.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_in_trouble_is_waited_for_and_nothing_is_lost() {
    let (folder, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::new().await);
    let node = Node::open(folder.path());
    let machine = Machine::new(1, "a", 2);
    node.commit(machine.hello());
    node.commit(machine.ticks(1..=10));
    receiver.with(|inner| {
        let trouble = [Does::Says(500, None), Does::Says(429, Some(1)), Does::TakesAndDrops, Does::Says(307, None)];
        inner.next.extend(trouble);
        inner.always = Some(Does::Says(401, None));
    });
    let forwarder = node.forward(&to(&receiver, ALL));
    until("it is told that nothing arrives", || {
        first(&forwarder).failing.is_some_and(|failing| failing.error.contains("401"))
    })
    .await;
    let report = first(&forwarder);
    assert_eq!((report.waiting_ticks, report.refused_samples, report.sent_samples), (10, 0, 0));
    assert_eq!(report.oldest_ms, Some(T0 + 1_000));
    receiver.with(|inner| inner.always = None);
    until("all is there and well", || {
        let report = first(&forwarder);
        receiver.samples() == 20 && report.failing.is_none() && report.sent_samples == 20
    })
    .await;
    forwarder.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_receiver_refuses_is_counted_and_passed_over_and_the_rest_arrives() {
    let (folder, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::new().await);
    let node = Node::open(folder.path());
    let (bad, good) = (Machine::new(1, "bad", 1), Machine::new(2, "good", 4));
    for machine in [&bad, &good] {
        node.commit(machine.hello());
        node.commit(machine.ticks(1..=20));
    }
    receiver.with(|inner| inner.refuses = Some("machine=bad".to_owned()));
    let forwarder = node.forward(&to(&receiver, ALL));
    until("nothing waits", || first(&forwarder).waiting_ticks == 0 && receiver.samples() > 0).await;
    let report = first(&forwarder);
    assert_eq!((receiver.samples(), report.sent_samples, report.refused_samples), (80, 80, 20));
    assert!(report.last_refusal.is_some_and(|why| why.contains("no machine=bad here")));
    forwarder.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_clients_that_are_named_go_and_only_from_now_on() {
    let (folder, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::new().await);
    let node = Node::open(folder.path());
    let (ours, theirs) = (Machine::new(1, "ours", 1), Machine::new(2, "umbrella:theirs", 1));
    for machine in [&ours, &theirs] {
        node.commit(machine.hello());
        node.commit(machine.ticks(1..=10));
    }
    let forwarder = node.forward(&to(&receiver, "clients = [\"acme\"]"));
    for machine in [&ours, &theirs] {
        node.commit(machine.ticks(11..=12));
    }
    until("the new is there", || receiver.samples() == 2).await;
    until("nothing waits", || first(&forwarder).sent_ticks == 2).await;
    receiver.with(|inner| assert!(inner.got.keys().all(|name| name.contains("client=acme"))));
    forwarder.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn version_two_arrives_with_its_kind_and_a_token_that_may_be_replaced() {
    let (folder, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::new().await);
    let token = folder.path().join("token");
    std::fs::write(&token, "first\n").expect("a file");
    let node = Node::open(folder.path());
    let machine = Machine::new(1, "a", 2);
    node.commit(machine.hello());
    node.commit(machine.ticks(1..=3));
    receiver.with(|inner| inner.next.push_back(Does::Says(401, None)));
    let said = format!("{ALL}\nremote_write = \"2.0\"\nbearer_file = {token:?}");
    let forwarder = node.forward(&to(&receiver, &said));
    until("the first try is over", || first(&forwarder).failing.is_some()).await;
    std::fs::write(&token, "second").expect("a file");
    until("all is there", || receiver.samples() == 6).await;
    receiver.with(|inner| {
        assert_eq!(inner.authorizations.first().map(String::as_str), Some("Bearer first"));
    });
    forwarder.close().await;
    let told = format!("{forwarder:?}");
    assert!(!told.contains("first") && !told.contains("second"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_behind_tls_is_believed_only_with_a_certificate_that_is_trusted() {
    let (folder, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::new().await);
    let (port, certificate) = receiver.behind_tls().await;
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, certificate).expect("a file");
    let password_file = folder.path().join("password");
    std::fs::write(&password_file, "sesame").expect("a file");
    let node = Node::open(folder.path());
    let machine = Machine::new(1, "a", 2);
    node.commit(machine.hello());
    node.commit(machine.ticks(1..=3));
    let said = format!(
        "[[forward]]\nname = \"known\"\nurl = \"https://localhost:{port}/\"\nsince = \"all\"\nca_file = {ca_file:?}\n\
         user = \"ali\"\npassword_file = {password_file:?}\n\
         [[forward]]\nname = \"unknown\"\nurl = \"https://127.0.0.2:{port}/\"\nsince = \"all\"\nca_file = {ca_file:?}\n"
    );
    let forwarder = node.forward(&said);
    until("all is there", || receiver.samples() == 6).await;
    until("the other name is not believed", || forwarder.reports()[1].failing.is_some()).await;
    let report = forwarder.reports().remove(1);
    assert_eq!((report.sent_samples, report.waiting_ticks), (0, 3));
    assert!(report.failing.is_some_and(|failing| failing.error.contains("no TLS")));
    receiver.with(|inner| assert_eq!(inner.authorizations, ["Basic YWxpOnNlc2FtZQ=="]));
    forwarder.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_past_arrives_whole_around_its_gaps_at_its_true_times_and_in_order() {
    const BEHIND_MS: i64 = 3_600_000;
    let (folder, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::new().await);
    let node = Node::open(folder.path());
    let machine = Machine::new(1, "a", 40);
    node.commit(machine.hello());
    // The newest came first, loose; then the past in segments, with a hole that nobody will fill.
    node.commit(machine.ticks(501..=520));
    node.commit(vec![machine.anchor(BEHIND_MS), machine.segment(1..=200), machine.gap(201, 220)]);
    node.commit(vec![machine.segment(221..=400), machine.segment(401..=500)]);
    let forwarder = node.forward(&to(&receiver, ALL));
    until("all is there", || receiver.samples() == 500 * 40).await;
    until("nothing waits", || first(&forwarder).waiting_ticks == 0).await;
    assert_eq!((receiver.arrivals(), first(&forwarder).sent_ticks), (500 * 40, 500));
    receiver.with(|inner| {
        assert!(inner.in_order, "a series never goes back in time");
        let series = inner.got.values().next().expect("forty series");
        assert_eq!(series.keys().next(), Some(&(T0 + 1_000 + BEHIND_MS)));
        assert!(!series.contains_key(&(T0 + 210_000 + BEHIND_MS)));
    });
    forwarder.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_there_yet_is_waited_for() {
    let (folder, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::new().await);
    let token = folder.path().join("token");
    let node = Node::open(folder.path());
    let machine = Machine::new(1, "a", 2);
    node.commit(machine.hello());
    node.commit(machine.ticks(1..=3));
    let forwarder = node.forward(&to(&receiver, &format!("{ALL}\nbearer_file = {token:?}")));
    until("it is told what is missing", || {
        first(&forwarder).failing.is_some_and(|failing| failing.error.contains("can not be read"))
    })
    .await;
    assert_eq!(receiver.with(|inner| inner.requests), 0, "nothing goes without the token");
    std::fs::write(&token, "sesame").expect("a file");
    until("all is there", || receiver.samples() == 6).await;
    forwarder.close().await;
}
