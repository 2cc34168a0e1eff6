//! A relay that tells by webhook is killed around each message, and nobody is told twice or not at all.
//!
//! The receiver itself kills: when somebody calls, when it has taken the message and not answered, when it has answered. It
//! honours keys, as a receiver does that counts on them. Where in its own steps the sender is then nobody knows; the
//! enumeration of all of them is in `vigie-notify` and `vigie-lookout`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use vigie_trial::{Door, Mesh, Relay, eventually};

/// Ovens that become hot and cold again: more when somebody has the time.
fn rounds(usual: usize) -> usize {
    std::env::var("VIGIE_TRIAL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(usual)
}

/// When the sender is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// So long after the sample was durable: before, while or after the rule is worked out and told.
    AfterSample(Duration),
    /// It has called, and nothing of the message was read.
    Called,
    /// All of the message is here, and it is not answered.
    Taken,
    /// It waits for an answer that takes long.
    Delayed(Duration),
    /// It was answered so long ago.
    Answered(Duration),
    /// It is answered that it should come again later.
    TurnedAway,
}

/// The moments take turns, each time at other milliseconds.
fn moment(round: usize) -> Moment {
    let ms = |factor: usize, below: usize| Duration::from_millis((round * factor % below) as u64);
    match round % 7 {
        0 => Moment::Taken,
        1 => Moment::Answered(Duration::ZERO),
        2 => Moment::AfterSample(ms(397, 1_300)),
        3 => Moment::Delayed(ms(211, 900)),
        4 => Moment::Called,
        5 => Moment::Answered(ms(3, 40)),
        _ => Moment::TurnedAway,
    }
}

/// Whom it kills next, and when.
#[derive(Debug)]
struct Order {
    pid: u32,
    /// What stands in the message that it waits for.
    about: String,
    moment: Moment,
}

#[derive(Debug, Default)]
struct Book {
    order: Option<Order>,
    killed: usize,
    /// By key: what a receiver that honours keys does something about, once.
    effects: BTreeMap<String, Value>,
    /// Messages that were taken, also those that came again.
    taken: usize,
}

/// A webhook that kills who calls it.
#[derive(Debug, Clone)]
struct Killer {
    port: u16,
    book: Arc<Mutex<Book>>,
}

impl Killer {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let killer = Self { port: listener.local_addr().expect("it listens").port(), book: Arc::default() };
        let accepting = killer.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let one = accepting.clone();
                // A caller that is gone waits for no answer.
                std::thread::spawn(move || drop(one.serve(stream)));
            }
        });
        killer
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        if let Some(order) = self.order(|order| order.moment == Moment::Called) {
            self.kill(&order);
            return Ok(());
        }
        let (key, body) = read(&stream)?;
        let text = body.to_string();
        let Some(order) = self.order(|order| text.contains(&order.about)) else {
            self.take(key, body);
            return answer(&mut stream, "200 OK");
        };
        match order.moment {
            // Nothing is taken, and a caller that read it before it was killed has a while to wait.
            Moment::TurnedAway => drop(answer(&mut stream, "503 Service Unavailable")),
            Moment::Taken | Moment::Called | Moment::AfterSample(_) => self.take(key, body),
            Moment::Delayed(wait) => {
                self.take(key, body);
                std::thread::sleep(wait);
            }
            Moment::Answered(ago) => {
                self.take(key, body);
                drop(answer(&mut stream, "200 OK"));
                std::thread::sleep(ago);
            }
        }
        self.kill(&order);
        Ok(())
    }

    /// The order, if this is what it waits for; it is carried out once.
    fn order(&self, is_now: impl FnOnce(&Order) -> bool) -> Option<Order> {
        let mut book = self.book();
        if book.order.as_ref().is_some_and(is_now) { book.order.take() } else { None }
    }

    fn kill(&self, order: &Order) {
        // Until it is counted nobody has waited for its end, so that the number is still its own.
        let pid = Pid::from_raw(order.pid.cast_signed()).expect("an order names a process");
        kill_process(pid, Signal::KILL).expect("it is a child of this process");
        self.book().killed += 1;
    }

    fn take(&self, key: String, body: Value) {
        let mut book = self.book();
        book.taken += 1;
        book.effects.entry(key).or_insert(body);
    }

    /// Effects about an oven: how often it was said to be wrong, and to be over.
    fn effects(&self, oven: &str) -> (usize, usize) {
        let (book, title) = (self.book(), title(oven));
        let count = |which: &str| {
            let all = book.effects.values().flat_map(|one| one[which].as_array().into_iter().flatten());
            all.filter(|one| one["title"].as_str() == Some(&title)).count()
        };
        (count("wrong"), count("over"))
    }
}

fn answer(stream: &mut TcpStream, status: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn read(stream: &TcpStream) -> std::io::Result<(String, Value)> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let (mut key, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim().split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value)) {
            Some((name, value)) if name == "webhook-id" => value.clone_into(&mut key),
            Some((name, value)) if name == "content-length" => length = value.parse().unwrap_or(0),
            _ => {}
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body)?;
    Ok((key, serde_json::from_slice(&body)?))
}

/// The rule says whose each oven is: what a machine measures is well again as soon as a relay that was restarted hears so,
/// and what belongs to no machine only when it has listened for 90 s.
const RULES: &str = "groups:
  - name: oven
    interval: 1s
    rules:
      - alert: OvenHot
        expr: label_replace(oven_celsius, 'machine', '$1', 'oven', '(.+)') > 200
        labels: {severity: critical}
        annotations: {summary: '{{ $labels.oven }} is too hot'}
";

fn title(oven: &str) -> String {
    format!("{oven} is too hot")
}

/// A relay whose own people are always told, by this webhook.
fn relay_that_tells(mesh: &Mesh, killer: &Killer) -> Relay {
    let mut relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    relay.program.kill();
    let (secret, config) = (mesh.dir().join("hook.key"), mesh.dir().join("relay.toml"));
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").expect("a file");
    let said = format!(
        "[[channel]]\nkind = 'webhook'\nname = 'hook'\nurl = 'http://127.0.0.1:{}/'\nprivate = true\nsecret_file = '{}'\n\n\
         [[route]]\nname = 'all'\nchannels = ['hook']\nalways = true\nwait_s = 0\ninterval_s = 0\ngroup_by = ['oven']\n",
        killer.port,
        secret.display()
    );
    std::fs::write(&config, said).expect("a file");
    let rules = relay.data.join("rules");
    std::fs::create_dir_all(&rules).expect("a folder");
    std::fs::write(rules.join("oven.yml"), RULES).expect("a file");
    relay.program.say_env("VIGIE_CONFIG", &config.to_string_lossy());
    relay.program.again();
    relay
}

/// Waits until no message waits or is under way: whoever calls next calls about what happens next.
fn is_quiet(door: &Door) {
    eventually("all is told, and known to be", || {
        let telling = door.get("/api/v1/telling").and_then(|answer| answer.json());
        telling.is_some_and(|telling| telling["waiting"].as_array().is_some_and(Vec::is_empty))
    });
}

/// An oven is this hot, which is durable when this returns. A relay that was killed before it could say so is asked again.
fn oven(relay: &mut Relay, door: &Door, name: &str, heat: u32) {
    let text = format!("oven_celsius{{oven=\"{name}\"}} {heat}\n");
    eventually("the relay takes a sample", || {
        let answer = door.post("/api/v1/import/prometheus", &[("Content-Type", "text/plain")], text.as_bytes());
        let taken = answer.is_some_and(|answer| (200..300).contains(&answer.status));
        if !taken && !relay.program.is_running() {
            again(relay);
        }
        taken
    });
}

fn again(relay: &mut Relay) {
    relay.program.kill();
    relay.program.again();
}

/// An oven changes, the relay is killed at that moment of telling it, and lives on.
fn killed_while_telling(relay: &mut Relay, killer: &Killer, moment: Moment, (name, heat): (&str, u32)) {
    let door = relay.door();
    is_quiet(&door);
    let pid = relay.program.pid().expect("it runs");
    if let Moment::AfterSample(wait) = moment {
        oven(relay, &door, name, heat);
        std::thread::sleep(wait);
        return again(relay);
    }
    let killed = killer.book().killed;
    killer.book().order = Some(Order { pid, about: title(name), moment });
    oven(relay, &door, name, heat);
    eventually("it is killed by whom it tells", || killer.book().killed > killed);
    if relay.program.pid() == Some(pid) {
        again(relay);
    }
}

#[test]
fn a_webhook_that_honours_keys_is_told_once_and_never_not_at_all_however_its_sender_is_killed() {
    let (mesh, killer) = (Mesh::new(), Killer::new());
    let mut relay = relay_that_tells(&mesh, &killer);
    let rounds = rounds(7);
    for round in 0..rounds {
        let name = format!("oven-{round}");
        killed_while_telling(&mut relay, &killer, moment(round), (&name, 300));
        eventually("its beginning is told", || killer.effects(&name) == (1, 0));
        killed_while_telling(&mut relay, &killer, moment(round + 3), (&name, 20));
        eventually("its end is told", || killer.effects(&name) == (1, 1));
    }
    is_quiet(&relay.door());
    for round in 0..rounds {
        assert_eq!(killer.effects(&format!("oven-{round}")), (1, 1), "oven-{round}: {:#?}", killer.book().effects);
    }
    let book = killer.book();
    let (effects, taken, killed) = (book.effects.len(), book.taken, book.killed);
    println!("{rounds} ovens, {killed} kills by whom it told, {effects} effects of {taken} messages that were taken");
    assert!(taken > effects, "without a message that came twice nothing was tried");
    drop(book);
    assert!(relay.program.stop(), "it ends in order");
}
