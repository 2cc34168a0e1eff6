//! Do mails and webhooks arrive, and is what goes wrong understood? Over real connections on loopback.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{MINUTE, alert, at, clocks, configured, line, now, smtp, webhook};
use vigie_model::UtcMs;
use vigie_notify::{Change, Channel, Desk, Intent, Language, Messenger, Mind, Outcome, Seat, Text, Whose};
use vigie_store::State;
use vigie_store::fault::FaultDisk;

/// A channel, and a message for it.
struct Line {
    channel: Channel,
    intent: Intent,
    dir: tempfile::TempDir,
}

impl Line {
    async fn sends(&self) -> Outcome {
        self.channel.send(&self.intent, at(0)).await
    }

    async fn fails(&self) -> (Whose, Option<i64>, String) {
        match self.sends().await {
            Outcome::Later { why, after_ms, whose } => (whose, after_ms, why.as_str().to_owned()),
            other => panic!("it should come later: {other:?}"),
        }
    }
}

fn line_to(channel: &str, more: &str) -> Line {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    write("key", webhook::KEY);
    write("password", "hunter2 hunter2\n");
    write("wrong-password", "hunter3 hunter3\n");
    let text = format!("{channel}\nname='c'\n[[route]]\nname='r'\nchannels=['c']\nwait_s=0\n{more}");
    let text = text.replace("DIR", dir.path().to_str().expect("plain"));
    let (rules, mut channels) = configured(&text, Seat::Relay);
    let mut mind = Mind::new(rules, clocks(0));
    mind.hear(alert(1, 0).begins(), clocks(0)).expect("heard");
    let intent = mind.due(clocks(MINUTE)).remove(0);
    Line { channel: Channel::new(channels.remove(0)), intent, dir }
}

fn hook(receiver: &webhook::Receiver) -> Line {
    line_to(
        &format!("[[channel]]\nkind='webhook'\nurl='http://{}/in'\nsecret_file='DIR/key'\ntimeout_s=2", receiver.at),
        "",
    )
}

fn mail(server: &smtp::Server, password: &str, more: &str) -> Line {
    let text = format!(
        "[[channel]]\nkind='smtp'\nhost='localhost'\nport={}\nuser='vigie'\npassword_file='DIR/{password}'\n\
         from='vigie@acme.example'\nto=['ops@acme.example']\nca_file='DIR/pem'\n{more}",
        server.at.port(),
    );
    let line = line_to(&text, "");
    std::fs::write(line.dir.path().join("pem"), &server.pem).expect("written");
    line
}

#[tokio::test]
async fn a_mail_arrives_protected_signed_in_and_marked_as_of_a_machine() {
    for login_only in [false, true] {
        let server = smtp::Server::with(login_only, true).await;
        let line = mail(&server, "password", "");
        assert_eq!(line.sends().await, Outcome::Taken(Text::new("kept as 42")));
        assert_eq!(line.sends().await, Outcome::Taken(Text::new("kept as 42")));
        let mails = server.mails();
        let (first, again) = (&mails[0], &mails[1]);
        assert!(first.protected);
        assert_eq!(first.login, Some(("vigie".to_owned(), "hunter2 hunter2".to_owned())));
        assert!(first.from.contains("<vigie@acme.example>") && first.to.contains("<ops@acme.example>"));
        assert_eq!(first.text, again.text, "each attempt is the same mail");
        let key = line.intent.key.to_string();
        for header in [
            format!("Message-ID: <{key}@acme.example>"),
            format!("References: <thread.{}@acme.example>", line.intent.thread),
            "Auto-Submitted: auto-generated".to_owned(),
            "Subject: [Critical] disk almost full".to_owned(),
            "multipart/alternative".to_owned(),
            "Date: Tue, 14 Nov 2023 22:14:20 +0000".to_owned(),
        ] {
            assert!(first.text.contains(&header), "{header} in\n{}", first.text);
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_said_and_nothing_is_lost_nor_shown() {
    let server = smtp::Server::new().await;
    let (whose, _, why) = mail(&server, "wrong-password", "").fails().await;
    assert_eq!(whose, Whose::Channel);
    assert!(why.contains("vigie was not let in") && !why.contains("hunter3"), "{why}");
    let (_, _, why) = mail(&server, "absent-password", "").fails().await;
    assert!(why.contains("absent-password can not be read"), "{why}");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_hears_no_password() {
    let (server, other) = (smtp::Server::new().await, smtp::Server::new().await);
    let stranger = mail(&server, "password", "");
    std::fs::write(stranger.dir.path().join("pem"), &other.pem).expect("written");
    let (whose, _, why) = stranger.fails().await;
    assert_eq!(whose, Whose::Channel);
    assert!(why.contains("no TLS"), "{why}");
    let bare = smtp::Server::with(false, false).await;
    let (_, _, why) = mail(&bare, "password", "").fails().await;
    assert!(why.contains("offers no STARTTLS"), "{why}");
    assert!(server.mails().is_empty() && bare.mails().is_empty());
}

#[tokio::test]
async fn what_a_mail_server_answers_is_understood() {
    use smtp::Does::{DropsMidway, FallsSilent, SaysToMail, SaysToReceiver, TakesAndDrops};
    let server = smtp::Server::new().await;
    let line = mail(&server, "password", "timeout_s=3");
    for (does, whose) in [
        (SaysToReceiver(450), Whose::Letter),
        (SaysToMail(451), Whose::Letter),
        (SaysToMail(421), Whose::Channel),
        (DropsMidway, Whose::Channel),
        (TakesAndDrops, Whose::Channel),
        (FallsSilent, Whose::Channel),
    ] {
        server.does_next(&[does]);
        assert_eq!(line.fails().await.0, whose, "{does:?}");
    }
    for does in [SaysToReceiver(550), SaysToMail(554)] {
        server.does_next(&[does]);
        let outcome = line.sends().await;
        assert!(matches!(&outcome, Outcome::Never(why) if why.as_str().contains("says the sink")), "{outcome:?}");
    }
    assert_eq!(server.mails().len(), 1, "one was kept without a word");
}

#[tokio::test]
async fn a_webhook_arrives_signed_and_with_its_key() {
    let receiver = webhook::Receiver::new().await;
    let line = hook(&receiver);
    assert_eq!(line.sends().await, Outcome::Taken(Text::new("200: thanks")));
    assert_eq!(line.sends().await, Outcome::Taken(Text::new("200: thanks")));
    let got = receiver.got();
    assert_eq!(receiver.with(|inner| inner.wrongly_signed), 0);
    assert_eq!((got[0].key.clone(), got[0].path.as_str()), (line.intent.key.to_string(), "/in"));
    assert_eq!(got[0].body, got[1].body);
    assert_eq!(got[0].body["version"], 1);
    assert_eq!(got[0].body["wrong"][0]["machine"], "web-1");
}

#[tokio::test]
async fn what_a_receiver_answers_is_understood() {
    use webhook::Does::{Babbles, FallsSilent, Says, TakesAndDrops};
    let receiver = webhook::Receiver::new().await;
    let line = hook(&receiver);
    let after = |seconds: &str| Some(("retry-after", seconds.to_owned()));
    for (does, after_ms) in [
        (Says(429, after("7")), Some(7_000)),
        (Says(503, after("Tue, 14 Nov 2023 22:14:20 GMT")), Some(60_000)),
        (Says(500, None), None),
        (Says(401, None), None),
        (Says(302, Some(("location", "http://127.0.0.1:1/elsewhere".to_owned()))), None),
        (TakesAndDrops, None),
        (FallsSilent, None),
    ] {
        receiver.does_next(std::slice::from_ref(&does));
        assert_eq!(line.fails().await.1, after_ms, "{does:?}");
    }
    receiver.does_next(&[Says(410, None), Babbles]);
    assert!(matches!(line.sends().await, Outcome::Never(_)));
    assert!(matches!(line.sends().await, Outcome::Taken(_)), "what it says further is not read");
    assert_eq!(receiver.with(|inner| inner.requests), 9, "no redirect was followed");
}

#[tokio::test]
async fn a_receiver_that_is_not_there_or_not_trusted_or_too_near_is_said_to_be_so() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound");
    let to = |url: &str, more: &str| {
        line_to(&format!("[[channel]]\nkind='webhook'\nurl='{url}'\nsecret_file='DIR/key'\ntimeout_s=5\n{more}"), "")
    };
    let (_, _, why) = to(&format!("http://{gone}/"), "").fails().await;
    assert!(why.contains("no connection"), "{why}");
    let (_, _, why) = to(&format!("https://{gone}/"), "private=false").fails().await;
    assert!(why.contains("not on the public internet"), "{why}");
    let server = smtp::Server::new().await;
    let (_, _, why) = to(&format!("https://localhost:{}/", server.at.port()), "").fails().await;
    assert!(why.contains("no TLS"), "a mail server speaks another tongue: {why}");
}

#[tokio::test]
async fn a_test_says_what_each_receiver_really_said() {
    let server = smtp::Server::new().await;
    let line = mail(&server, "password", "");
    server.does_next(&[smtp::Does::Takes, smtp::Does::SaysToReceiver(550)]);
    let good = line.channel.test(Language::French, at(0)).await;
    assert_eq!(good[0].said, Ok(Text::new("kept as 42")));
    let bad = line.channel.test(Language::French, at(1)).await;
    assert!(bad[0].said.as_ref().is_err_and(|why| why.as_str().contains("550")), "{bad:?}");
    assert!(server.mails()[0].text.contains("ce canal fonctionne"));
}

#[test]
fn no_secret_shows_itself_in_a_log() {
    let line = line_to("[[channel]]\nkind='webhook'\nurl='https://a.example/'\nsecret_file='DIR/key'", "");
    let shown = format!("{:?}", line.channel);
    assert!(!shown.contains(webhook::KEY) && shown.contains("secret_file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_desk_hears_is_sent_by_its_messenger_and_what_fails_is_sent_again() {
    let receiver = webhook::Receiver::new().await;
    receiver.does_next(&[webhook::Does::Says(503, None), webhook::Does::TakesAndDrops]);
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("key"), webhook::KEY).expect("written");
    let text = format!(
        "[[channel]]\nkind='webhook'\nname='hook'\nurl='http://{}/'\nsecret_file='{}/key'\nprivate=true\n
         [[route]]\nname='r'\nchannels=['hook']\nwait_s=0\ninterval_s=0\n",
        receiver.at,
        dir.path().display()
    );
    let (rules, channels) = configured(&text, Seat::Hub);
    let (state, _) = State::open_on(FaultDisk::new()).expect("it opens");
    // A clock that goes a thousand times as fast, so that pauses pass.
    let began = std::time::Instant::now();
    let clock = Arc::new(move || now(i64::try_from(began.elapsed().as_micros()).expect("soon")));
    let desk = Arc::new(Desk::open(Arc::new(state), rules, b"boot", now(0)).expect("it opens"));
    let channels: Vec<Channel> = channels.into_iter().map(Channel::new).collect();
    let (told, mut is_told) = tokio::sync::mpsc::unbounded_channel();
    let tell = Arc::new(move || told.send(()).unwrap_or_default());
    let messenger = Messenger::start(desk.clone(), channels, clock.clone(), tell);
    let then = clock();
    let cut = line(Change::Began, then.utc.0 - crate::common::T0, then.utc.0 - crate::common::T0);
    tokio::task::spawn_blocking({
        let desk = desk.clone();
        move || desk.hear([cut], then).expect("heard")
    })
    .await
    .expect("no panic");
    let told = tokio::time::timeout(Duration::from_secs(60), is_told.recv()).await;
    assert_eq!(told.expect("it is told in the end"), Some(()));
    assert_eq!(desk.unshown().len(), 1, "what the other side is to be shown");
    messenger.close().await;
    let keys: std::collections::BTreeSet<String> = receiver.got().into_iter().map(|got| got.key).collect();
    assert_eq!((keys.len(), receiver.got().len()), (1, 2), "twice on the way, once for who honours the key");
    assert_eq!(desk.sent().expect("it reads")[0].attempts, 3);
    assert!(desk.waiting(clock()).is_empty());
}

#[tokio::test]
async fn a_letter_to_one_person_goes_to_them_alone_and_no_channel_but_mail_writes_any() {
    let server = smtp::Server::new().await;
    let line = mail(&server, "password", "");
    let text = "Choose here:\n\nhttps://hub.example.org/invitation?code=abcd\n";
    let sent =
        line.channel.write("ann@acme.example", "Votre invitation \u{1b}[2Jé\r\nBcc: x@y.z", text, UtcMs(0)).await;
    assert_eq!(sent, Some(Outcome::Taken(Text::new("kept as 42"))));
    let mails = server.mails();
    let kept = &mails[0];
    assert!(mails.len() == 1 && kept.to.contains("<ann@acme.example>") && kept.protected, "{kept:?}");
    assert!(kept.text.contains("https://hub.example.org/invitation?code=abcd"), "{}", kept.text);
    assert!(kept.text.contains("Auto-Submitted: auto-generated") && !kept.text.contains("\nBcc:"), "{}", kept.text);
    let wrong = line.channel.write("not an address", "x", text, UtcMs(0)).await;
    assert!(matches!(wrong, Some(Outcome::Never(_))), "{wrong:?}");
    let receiver = webhook::Receiver::new().await;
    assert_eq!(hook(&receiver).channel.write("ann@acme.example", "x", text, UtcMs(0)).await, None);
}
