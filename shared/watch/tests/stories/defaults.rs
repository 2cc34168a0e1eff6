use std::collections::BTreeSet;
use std::process::Command;

use vigie_watch::{RunOptions, Severity, Strictness, default_rules, read_rules, read_tests, run_tests, write_rules};

const TESTS: &str = include_str!("../../src/defaults/tests.yml");

#[test]
fn every_default_rule_fires_and_clears() {
    let rules = default_rules();
    assert!(rules.len() > 3, "the rules can be read");
    let tests = read_tests("tests.yml", TESTS, true).unwrap_or_else(|faults| panic!("{faults:?}"));
    let differences = run_tests(&tests, &rules, &RunOptions::default());
    assert!(differences.is_empty(), "{}", differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    let told: BTreeSet<&str> = TESTS.lines().filter_map(|line| line.strip_prefix("  - name: ")).collect();
    let named: BTreeSet<&str> = rules.iter().flat_map(|group| &group.rules).map(|rule| rule.name.as_str()).collect();
    assert_eq!(told, named, "each rule has a test");
}

#[test]
fn promtool_agrees_that_every_default_rule_fires_and_clears() {
    if std::env::var_os("VIGIE_WITHOUT_PEERS").is_some_and(|set| set == "1") {
        return;
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/defaults/tests.yml");
    let done = Command::new("promtool").args(["test", "rules", file]).output().expect("Debian's promtool");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn default_rules_speak_two_languages_and_say_how_bad_it_is() {
    for rule in default_rules().iter().flat_map(|group| &group.rules) {
        let annotations = &rule.alerting().expect("an alert").annotations;
        for wanted in ["summary", "summary_fr"] {
            assert!(annotations.iter().any(|(name, _)| name == wanted), "{} has no {wanted}", rule.name);
        }
        let severity = rule.labels.iter().find(|(name, _)| name == "severity").expect("a severity");
        assert_eq!(Severity::of_label(&severity.1).as_str(), severity.1);
    }
}

#[test]
fn default_rules_ask_for_what_the_agent_measures() {
    // Each with the name under which its collector declares it.
    let measured = [
        ("system_cpu_utilization_ratio", "system.cpu.utilization"),
        ("system_cpu_load_average_15m", "system.cpu.load_average.15m"),
        ("system_memory_utilization_ratio", "system.memory.utilization"),
        ("system_linux_memory_oom_kills_total", "system.linux.memory.oom_kills"),
        ("system_paging_utilization_ratio", "system.paging.utilization"),
        ("hw_temperature_celsius", "hw.temperature"),
        ("system_uptime_seconds", "system.uptime"),
        ("system_filesystem_utilization_ratio", "system.filesystem.utilization"),
        ("system_filesystem_inodes_utilization_ratio", "system.filesystem.inodes.utilization"),
        ("system_linux_filesystem_read_only", "system.linux.filesystem.read_only"),
        ("system_disk_io_time_seconds_total", "system.disk.io_time"),
        ("system_linux_pressure_avg10_ratio", "system.linux.pressure.avg10"),
        ("system_network_errors_total", "system.network.errors"),
        ("system_network_packets_total", "system.network.packets"),
        ("hw_network_up", "hw.network.up"),
        ("vigie_agent_ticks_waiting", "vigie.agent.ticks.waiting"),
        ("vigie_agent_store_usage_bytes", "vigie.agent.store.usage"),
        ("vigie_agent_store_limit_bytes", "vigie.agent.store.limit"),
        ("vigie_agent_collector_up", "vigie.agent.collector.up"),
        ("vigie_agent_certificate_remaining_seconds", "vigie.agent.certificate.remaining"),
        ("system_linux_services_failed", "system.linux.services.failed"),
    ];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../agent/src/collect");
    let files = std::fs::read_dir(folder).expect("the collectors").map(|file| file.expect("a file").path());
    let collectors: String = files.map(|file| std::fs::read_to_string(file).expect("a source")).collect();
    for (_, declared) in measured {
        assert!(collectors.contains(&format!("\"{declared}\"")), "no collector declares {declared}");
    }
    for rule in default_rules().iter().flat_map(|group| &group.rules) {
        let words = rule.expr.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let names = words.filter(|word| ["system_", "hw_", "vigie_"].iter().any(|prefix| word.starts_with(prefix)));
        for name in names.filter(|name| !vigie_watch::presence::is_series(name)) {
            assert!(measured.iter().any(|(known, _)| *known == name), "{} asks for {name}", rule.name);
        }
    }
}

#[test]
fn what_destroys_something_is_never_slept_through() {
    let is_awake = |rule: &&vigie_watch::Rule| rule.labels.iter().any(|(name, _)| name == "vigie_awake");
    let rules = default_rules();
    let awake = rules.iter().flat_map(|group| &group.rules).filter(is_awake);
    let names: Vec<&str> = awake.map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["Overheats", "DiskFull", "DiskReadOnly", "BufferNearlyFull", "CertificateEnds"]);
}

#[test]
fn default_rules_are_written_as_they_were_read() {
    let rules = default_rules();
    assert_eq!(read_rules("again.yml", &write_rules(&rules), Strictness::Prometheus3), Ok(rules));
}
