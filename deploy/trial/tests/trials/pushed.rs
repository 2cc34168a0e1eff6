//! Each sample that others pushed, and that was answered well, is at the hub once and equal, whatever happens on its way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use vigie_trial::{Door, Mesh, Samples, Sender, eventually, pushed};

/// Where a relay takes samples in, and a hub for those with one place alone.
const WRITE: &str = "/prometheus/api/v1/write";

fn rounds(usual: u32) -> u32 {
    std::env::var("VIGIE_TRIAL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(usual)
}

fn pause(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Different in each round, the same in each run.
fn moment(round: u32) -> u64 {
    200 + u64::from(round.wrapping_mul(2_654_435_761) >> 16) % 1_600
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64
}

fn newest_of(samples: &Samples) -> i64 {
    samples.keys().map(|(_, at_ms)| *at_ms).max().expect("some samples")
}

/// Pushes again and again until told to end: mostly what is fresh, sometimes what is an hour old, sometimes what was said
/// before.
fn push_until(ended: &AtomicBool, sender: &mut Sender, seed: u64, base_ms: i64) {
    let mut before = Samples::new();
    for round in 0_i64.. {
        if ended.load(Ordering::Relaxed) {
            break;
        }
        let from = base_ms + round * 4_000 - if round % 5 == 4 { 3_600_000 } else { 0 };
        let some = pushed::made_up(seed, 25, (0..4).map(|n| from + n * 1_000));
        sender.push(&some);
        if round % 7 == 6 {
            sender.push(&before);
        }
        before = some;
        pause(20);
    }
}

#[test]
fn killing_relay_and_hub_and_cutting_the_line_takes_nothing_that_was_answered_well_and_doubles_nothing() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let mut relay = mesh.relay("lyon", "relay-1", wan.udp);
    let mut at_relay = Sender::new(relay.door(), WRITE, "killed");
    let mut at_hub = Sender::new(mesh.door(), "/to/acme/paris/api/v1/write", "killed-too");
    let (ended, base_ms) = (&AtomicBool::new(false), now_ms() - 6 * 3_600_000);
    std::thread::scope(|scope| {
        let pushing = [(&mut at_relay, 7), (&mut at_hub, 8)]
            .map(|(sender, seed)| scope.spawn(move || push_until(ended, sender, seed, base_ms)));
        for round in 0..rounds(4) {
            pause(moment(4 * round));
            relay.program.kill();
            pause(moment(4 * round + 1) / 4);
            relay.program.again();
            pause(moment(4 * round + 2));
            wan.tell(r#"{"do":"cut"}"#);
            pause(moment(4 * round + 3));
            mesh.hub.kill();
            mesh.hub.again();
            wan.tell(r#"{"do":"heal"}"#);
        }
        ended.store(true, Ordering::Relaxed);
        pushing.into_iter().for_each(|one| one.join().expect("all was taken"));
    });
    for (job, sender) in [("killed", &at_relay), ("killed-too", &at_hub)] {
        let said = &sender.acknowledged;
        assert!(sender.retries > 0, "who was killed answers nobody");
        println!("{job}: {} samples were answered well, {} tries were not", said.len(), sender.retries);
        pushed::arrives(&mesh.door(), job, said);
        assert_eq!(pushed::counted(&mesh.door(), job, newest_of(said), "1d"), pushed::counts(said));
    }
    assert!(relay.program.stop() && mesh.hub.stop(), "both end in order");
    pushed::check(&mesh.hub_data(), "acme/lyon", "killed", &at_relay.acknowledged);
    pushed::check(&mesh.hub_data(), "acme/paris", "killed-too", &at_hub.acknowledged);
}

#[test]
fn a_relay_that_is_cut_off_takes_samples_in_and_answers_them_and_the_hub_has_them_later() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let mut relay = mesh.relay("lyon", "relay-1", wan.udp);
    eventually("the relay has reached the hub", || relay.program.log().contains("connected"));
    wan.tell(r#"{"do":"cut"}"#);
    let (here, hub) = (relay.door(), mesh.door());
    let mut sender = Sender::new(here.clone(), WRITE, "alone");
    let (now, mut retries) = (now_ms(), 0);
    for round in 0..5 {
        let some = pushed::made_up(3, 10, (0..20).map(|n| now - 120_000 + round * 20_000 + n * 1_000));
        sender.push(&some);
        retries += sender.retries;
        pushed::is_answered_at_once(&here, "alone", &sender.acknowledged);
        assert_eq!(here.query("count(pushed{n=\"3\"} or vector(1))", now).expect("an answer")["status"], "success");
    }
    assert_eq!(retries, 0, "nobody is sent away because the hub can not be reached");
    let said = &sender.acknowledged;
    assert_eq!(pushed::counted(&here, "alone", newest_of(said), "1h"), pushed::counts(said));
    assert_eq!(pushed::answered(&hub, "alone"), Some(Samples::new()), "the line is cut");
    // What waits at the relay outlives it.
    relay.program.kill();
    relay.program.again();
    wan.tell(r#"{"do":"heal"}"#);
    pushed::arrives(&hub, "alone", said);
    assert_eq!(pushed::counted(&hub, "alone", newest_of(said), "1h"), pushed::counts(said));
    assert!(relay.program.stop() && mesh.hub.stop(), "both end in order");
    pushed::check(&mesh.hub_data(), "acme/lyon", "alone", said);
    pushed::check(&relay.data, "acme/lyon", "alone", said);
}

#[test]
fn what_was_said_to_be_kept_is_answered_to_the_next_question_also_where_nobody_pushed_before() {
    let mesh = Mesh::new();
    let relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let now = now_ms();
    for round in 0..rounds(20) {
        let new_place = format!("/to/acme/shop-{round}/api/v1/write");
        for (node, door, path) in [("hub", mesh.door(), new_place.as_str()), ("relay", relay.door(), WRITE)] {
            // New series each time; at the hub of a place of which it never heard.
            let job = format!("{node}-{round}");
            let mut sender = Sender::new(door.clone(), path, &job);
            for part in 0..2 {
                let from = now - 60_000 + part * 5_000;
                sender.push(&pushed::made_up(round.into(), 30, (0..5).map(|n| from + n * 1_000)));
                pushed::is_answered_at_once(&door, &job, &sender.acknowledged);
            }
        }
    }
}

#[test]
fn samples_a_month_old_and_out_of_order_are_taken_and_answered() {
    let mesh = Mesh::new();
    let relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let (here, hub) = (relay.door(), mesh.door());
    let mut sender = Sender::new(here.clone(), WRITE, "late");
    let (now, day) = (now_ms(), 86_400_000);
    // Now, then a month ago, then backwards from there, then between what is there.
    sender.push(&pushed::made_up(5, 4, (0..30).map(|n| now - 60_000 + n * 2_000)));
    for back in [30, 31, 33, 32] {
        for part in (0..4).rev() {
            sender.push(&pushed::made_up(5, 4, (0..30).map(|n| now - back * day + part * 60_000 + n * 2_000)));
        }
    }
    sender.push(&pushed::made_up(5, 4, (0..30).map(|n| now - 30 * day + n * 2_000 + 1_000)));
    let said = &sender.acknowledged;
    pushed::is_answered_at_once(&here, "late", said);
    pushed::arrives(&hub, "late", said);
    for (node, door) in [("the relay", &here), ("the hub", &hub)] {
        assert_eq!(pushed::counted(door, "late", now, "40d"), pushed::counts(said), "{node}");
        for back in [0, 30, 32] {
            let end_ms = now - back * day + 30_000;
            same_as_said(door, said, end_ms, node);
        }
    }
}

/// The newest value of each series within five minutes, or nothing where it ended.
fn same_as_said(door: &Door, said: &Samples, at_ms: i64, node: &str) {
    for series in 0..4 {
        let within = said.range((series, at_ms - 299_999)..=(series, at_ms)).next_back();
        let expected = within.map(|(_, bits)| f64::from_bits(*bits)).filter(|value| !vigie_formats::is_stale(*value));
        let answer = door.query(&format!("pushed{{job=\"late\",n=\"{series}\"}}"), at_ms).expect("an answer");
        let row = &answer["data"]["result"][0];
        let told = row["value"][1].as_str().map(|value| value.parse::<f64>().expect("a number"));
        let same = match (expected, told) {
            (Some(expected), Some(told)) => expected == told || expected.is_nan() && told.is_nan(),
            (None, None) => true,
            _ => false,
        };
        assert!(same, "{node}, series {series} at {at_ms}: {expected:?} was said, {answer} is answered");
    }
}

#[test]
fn a_token_for_one_place_writes_into_no_other_and_reads_none() {
    let mesh = Mesh::new();
    let relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let (all, now) = (mesh.door(), now_ms());
    let writer = mesh.door_for("lyon-sender", &["--write", "acme/lyon"]);
    let mut some = pushed::made_up(9, 3, (0..5).map(|n| now - 10_000 + n * 1_000));
    // The newest of each is a value, so that each is found now.
    some.iter_mut().filter(|((_, at_ms), _)| *at_ms == now - 6_000).for_each(|(_, bits)| *bits = 1.5_f64.to_bits());
    let body = pushed::body("one", &some);
    let status = |door: &Door, path: &str, body: &[u8]| door.write(path, body).map(|answer| answer.status);
    for path in ["/to/acme/paris", "/to/bron/lyon", "/to/acme/lyon-2", "/to/nobody/nowhere"] {
        let path = format!("{path}/api/v1/write");
        assert_eq!(status(&writer, &path, &body), Some(403), "{path}");
        assert_eq!(status(&relay.door(), &path, &body), Some(403), "{path} at the relay");
    }
    let nobody = all.with_token("not-a-token");
    assert_eq!(status(&nobody, "/api/v1/write", &body), Some(401));
    assert_eq!(pushed::answered(&all, "one"), Some(Samples::new()), "nothing of it was kept");

    // Its own place, by name or without; labels that name another place do not lead there.
    assert_eq!(status(&writer, "/to/acme/lyon/api/v1/write", &body), Some(204));
    assert_eq!(status(&writer, "/api/v1/write", &forged(now)), Some(204));
    pushed::is_answered_at_once(&all, "one", &some);
    assert_eq!(rows(&all, "count({client=\"bron\"})", now), 0, "nobody writes into another place");
    assert_eq!(rows(&all, "forged{client=\"acme\",site=\"lyon\"}", now), 1);

    // Who writes does not read, who reads does not write, and clients do not read one another.
    let (bron, acme) = (mesh.door_for("bron", &["--client", "bron"]), mesh.door_for("acme", &["--client", "acme"]));
    for asked in ["/prometheus/api/v1/query?query=pushed", "/api/v1/export?match[]=pushed"] {
        assert_eq!(writer.get(asked).map(|answer| answer.status), Some(403), "{asked}");
    }
    for (name, door, sees) in [("bron", &bron, 0), ("acme", &acme, 3)] {
        assert_eq!(rows(door, "pushed", now), sees, "{name}");
        assert_eq!(pushed::answered(door, "one").map(|some| some.len()), Some(5 * sees), "{name}");
    }
    for door in [&bron, &acme] {
        assert_eq!(status(door, "/to/acme/lyon/api/v1/write", &body), Some(403));
    }
}

/// A sample that says of itself that it is another client's.
fn forged(at_ms: i64) -> Vec<u8> {
    let mut writer = vigie_formats::remote_write::V1Writer::default();
    writer.series(&[("__name__", "forged"), ("client", "bron"), ("site", "ecole")], &[(at_ms - 1_000, 1.0)]);
    writer.finish().expect("a small body")
}

fn rows(door: &Door, text: &str, at_ms: i64) -> usize {
    let answer = door.query(text, at_ms).expect("an answer");
    answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{answer}")).len()
}

#[test]
fn a_hub_that_is_killed_while_it_lays_samples_out_loses_and_doubles_nothing() {
    let mut mesh = Mesh::new();
    let mut sender = Sender::new(mesh.door(), "/to/acme/paris/api/v1/write", "many");
    let base_ms = now_ms() - 20 * 3_600_000;
    for round in 0..4 {
        let begun = Instant::now();
        // Some segments each: 40 series fill one with 204 moments.
        for part in 0..4 {
            let from = base_ms + (i64::from(round) * 4 + part) * 500_000;
            sender.push(&pushed::made_up(11, 40, (0..250).map(|n| from + n * 2_000)));
        }
        // It looks for what is worth laying out every five seconds.
        pause((4_900 + moment(round)).saturating_sub(begun.elapsed().as_millis() as u64));
        mesh.hub.kill();
        mesh.hub.again();
    }
    let said = &sender.acknowledged;
    pushed::arrives(&mesh.door(), "many", said);
    assert_eq!(pushed::counted(&mesh.door(), "many", newest_of(said), "1d"), pushed::counts(said));
    eventually("all of it is laid out", || {
        pause(6_000);
        assert!(mesh.hub.stop(), "the hub ends in order");
        let is_done = pushed::is_laid_out(&mesh.hub_data());
        mesh.hub.again();
        is_done
    });
    pushed::arrives(&mesh.door(), "many", said);
    assert!(mesh.hub.stop(), "the hub ends in order");
    pushed::check(&mesh.hub_data(), "acme/paris", "many", said);
}

#[test]
fn a_node_that_begins_again_goes_on_with_the_streams_it_had() {
    let mut mesh = Mesh::new();
    let mut relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let mut at_relay = Sender::new(relay.door(), WRITE, "again");
    let mut at_hub = Sender::new(mesh.door(), "/to/acme/paris/api/v1/write", "again");
    let now = now_ms();
    for round in 0..4 {
        for sender in [&mut at_relay, &mut at_hub] {
            sender.push(&pushed::made_up(13, 20, (0..10).map(|n| now - 100_000 + round * 20_000 + n * 2_000)));
        }
        if round % 2 == 0 {
            relay.program.kill();
            mesh.hub.kill();
        } else {
            assert!(relay.program.stop() && mesh.hub.stop(), "both end in order");
        }
        relay.program.again();
        mesh.hub.again();
    }
    eventually("both places are whole at the hub", || {
        let count = |site: &str| {
            let answer = mesh.door().query(&format!("sum(count_over_time(pushed{{site=\"{site}\"}}[1h]))"), now)?;
            answer["data"]["result"][0]["value"][1].as_str()?.parse::<u64>().ok()
        };
        let said = pushed::counts(&at_relay.acknowledged).values().sum::<u64>();
        count("lyon") == Some(said) && count("paris") == Some(said)
    });
    assert!(relay.program.stop() && mesh.hub.stop(), "both end in order");
    pushed::check(&mesh.hub_data(), "acme/lyon", "again", &at_relay.acknowledged);
    pushed::check(&mesh.hub_data(), "acme/paris", "again", &at_hub.acknowledged);
}
