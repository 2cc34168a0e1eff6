//! How long from something heard to a receiver that has it? On a real disk, to receivers on loopback.
//!
//! `cargo run --release -p vigie-notify --example pace`

#[path = "../tests/notify/common/mod.rs"]
mod common;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::{T0, alert, configured, smtp, webhook};
use vigie_model::{Now, UtcMs};
use vigie_notify::{Channel, Desk, Messenger, Seat};
use vigie_store::State;

const MESSAGES: u32 = 200;

fn now() -> Now {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    // Nobody sets the clock of a machine whose pace is measured.
    Now { mono_ms: ms, utc: UtcMs(ms.cast_signed()) }
}

#[tokio::main]
async fn main() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("key"), webhook::KEY).expect("written");
    std::fs::write(path("password"), "hunter2 hunter2").expect("written");
    let (server, receiver) = (smtp::Server::new().await, webhook::Receiver::new().await);
    std::fs::write(path("pem"), &server.pem).expect("written");
    let folder = dir.path().display();
    let hook = format!("kind='webhook'\nurl='http://{}/'\nsecret_file='{folder}/key'", receiver.at);
    let mail = format!(
        "kind='smtp'\nhost='localhost'\nport={}\nuser='vigie'\npassword_file='{folder}/password'\nca_file='{folder}/pem'\n\
         from='vigie@acme.example'\nto=['ops@acme.example']",
        server.at.port()
    );
    pace("webhook", &hook, path("hook-state"), || receiver.got().len()).await;
    pace("mail, with STARTTLS and AUTH", &mail, path("mail-state"), || server.mails().len()).await;
}

async fn pace(what: &str, channel: &str, folder: std::path::PathBuf, arrived: impl Fn() -> usize) {
    let text = format!(
        "[[channel]]\nname='c'\n{channel}\n[[route]]\nname='r'\nchannels=['c']\nwait_s=0\ngroup_by=['machine']\nalways=true"
    );
    let (rules, channels) = configured(&text, Seat::Relay);
    std::fs::create_dir_all(&folder).expect("a folder");
    let (state, _) = State::open(&folder).expect("it opens");
    let desk = Arc::new(Desk::open(Arc::new(state), rules, b"boot", now()).expect("it opens"));
    let channels: Vec<_> = channels.into_iter().map(Channel::new).collect();
    let messenger = Messenger::start(desk.clone(), channels, Arc::new(now), Arc::new(|| ()));
    let mut took = Vec::new();
    for number in 0..MESSAGES {
        let (desk, begins) = (desk.clone(), alert(number, now().utc.0 - T0).begins());
        let began = Instant::now();
        tokio::task::spawn_blocking(move || desk.hear([begins], now()).expect("heard")).await.expect("no panic");
        while arrived() <= number as usize {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        took.push(began.elapsed());
    }
    messenger.close().await;
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)].as_secs_f64() * 1_000.0;
    println!("{what}: heard to arrived, {MESSAGES} messages: p50 {:.1} ms, p99 {:.1} ms", at(50), at(99));
}
