//! What does a person, or a test that reads lines, see?

use std::fmt::Write;

use vigie_link::body::{Listening, Running};
use vigie_link::{ConditionChange, ConditionReport, PipeStats, Reply, Stats};

/// The lines of a link that has started: what tests wait for and take the ports from.
pub(crate) fn ready(running: &Running, seed: u64) -> String {
    let mut lines = String::new();
    for Listening { listen, target } in &running.udp {
        line(&mut lines, format_args!("udp: {listen} -> {target}"));
    }
    for Listening { listen, target } in &running.tcp {
        line(&mut lines, format_args!("tcp: {listen} -> {target}"));
    }
    line(&mut lines, format_args!("seed: {seed}"));
    line(&mut lines, format_args!("control: {}", running.control));
    line(&mut lines, format_args!("ready"));
    lines
}

/// How a link is now, a line for each direction.
pub(crate) fn conditions(reply: &Reply) -> String {
    let mut lines = String::new();
    for (direction, report) in [("up", &reply.up), ("down", &reply.down)] {
        if let Some(report) = report {
            line(&mut lines, format_args!("{direction}: {}", condition(report)));
        }
    }
    lines
}

/// What a link has counted.
pub(crate) fn stats(stats: &Stats) -> String {
    let mut lines = String::new();
    pipe(&mut lines, "up", &stats.up);
    pipe(&mut lines, "down", &stats.down);
    line(
        &mut lines,
        format_args!(
            "now: {} udp flows, {} tcp connections; {} datagrams of refused udp clients",
            stats.udp_flows, stats.tcp_connections, stats.udp_refused
        ),
    );
    lines
}

fn condition(report: &ConditionReport) -> String {
    let ConditionChange {
        delay_ms,
        jitter_ms,
        rate_kbit,
        queue_bytes,
        loss_percent,
        duplicate_percent,
        reorder_percent,
        corrupt_percent,
    } = report.condition;
    let mut words = vec![if report.cut { "CUT".to_owned() } else { "open".to_owned() }];
    let mut say = |what: &str, number: Option<f64>, unit: &str| {
        if let Some(number) = number.filter(|number| *number > 0.0) {
            words.push(format!("{what} {number}{unit}"));
        }
    };
    say("delay", delay_ms.map(|ms| ms as f64), " ms");
    say("jitter", jitter_ms.map(|ms| ms as f64), " ms");
    say("rate", rate_kbit.map(f64::from), " kbit/s");
    say("queue", queue_bytes.map(|bytes| bytes as f64), " B");
    say("loss", loss_percent, " %");
    say("duplicate", duplicate_percent, " %");
    say("reorder", reorder_percent, " %");
    say("corrupt", corrupt_percent, " %");
    words.join(", ")
}

fn pipe(lines: &mut String, direction: &str, stats: &PipeStats) {
    let (udp, tcp, in_pipe) = (&stats.udp, &stats.tcp, &stats.in_pipe);
    let (entered, left, dropped) = (&udp.entered, &udp.left, &udp.dropped);
    line(
        lines,
        format_args!(
            "{direction} udp: in {} packets, {} B, {} B on the wire; out {} packets, {} B, {} B on the wire",
            entered.packets, entered.bytes, entered.wire_bytes, left.packets, left.bytes, left.wire_bytes
        ),
    );
    line(
        lines,
        format_args!(
            "{direction} udp: dropped {} (cut {}, loss {}, queue {}, full {}), duplicated {}, reordered {}, corrupted {}, undelivered {}",
            dropped.total(),
            dropped.cut,
            dropped.loss,
            dropped.queue,
            dropped.full,
            udp.duplicated,
            udp.reordered,
            udp.corrupted,
            udp.undelivered
        ),
    );
    line(
        lines,
        format_args!(
            "{direction} tcp: in {} B, out {} B, repeated {} pieces; in the pipe now: {} parcels, {} B",
            tcp.entered.bytes, tcp.left.bytes, tcp.repeated, in_pipe.packets, in_pipe.bytes
        ),
    );
}

fn line(lines: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(lines, "{text}").expect("writing to a string does not fail");
}
