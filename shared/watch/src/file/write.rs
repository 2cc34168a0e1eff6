//! How are rules written into a file that Prometheus reads?

use crate::duration::write_duration;
use crate::rule::{Group, Rule, RuleKind};

/// A rule file that holds these groups. Reading it gives the same groups again.
pub fn write_rules(groups: &[Group]) -> String {
    let mut text = String::from("groups:\n");
    if groups.is_empty() {
        return "groups: []\n".to_owned();
    }
    for group in groups {
        write_group(group, &mut text);
    }
    text
}

fn write_group(group: &Group, text: &mut String) {
    line(text, 2, "- name", &scalar(&group.name));
    if let Some(ms) = group.interval_ms {
        line(text, 4, "interval", &write_duration(ms));
    }
    if let Some(ms) = group.query_offset_ms {
        line(text, 4, "query_offset", &write_duration(ms));
    }
    if group.limit > 0 {
        line(text, 4, "limit", &group.limit.to_string());
    }
    pairs(text, 4, "labels", &group.labels);
    if group.rules.is_empty() {
        return line(text, 4, "rules", "[]");
    }
    text.push_str("    rules:\n");
    for rule in &group.rules {
        write_rule(rule, text);
    }
}

fn write_rule(rule: &Rule, text: &mut String) {
    let word = if rule.kind == RuleKind::Recording { "- record" } else { "- alert" };
    line(text, 6, word, &scalar(&rule.name));
    line(text, 8, "expr", &scalar(&rule.expr));
    let RuleKind::Alerting(alerting) = &rule.kind else {
        return pairs(text, 8, "labels", &rule.labels);
    };
    for (name, ms) in [("for", alerting.for_ms), ("keep_firing_for", alerting.keep_firing_for_ms)] {
        if ms > 0 {
            line(text, 8, name, &write_duration(ms));
        }
    }
    pairs(text, 8, "labels", &rule.labels);
    pairs(text, 8, "annotations", &alerting.annotations);
}

fn pairs(text: &mut String, indent: usize, name: &str, pairs: &[(String, String)]) {
    if pairs.is_empty() {
        return;
    }
    text.push_str(&format!("{}{name}:\n", " ".repeat(indent)));
    for (name, value) in pairs {
        line(text, indent + 2, &scalar(name), &scalar(value));
    }
}

fn line(text: &mut String, indent: usize, name: &str, value: &str) {
    text.push_str(&format!("{}{name}: {value}\n", " ".repeat(indent)));
}

/// Plain where nobody could read it as anything else, else between quotes.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ');
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if begins_well && !word && !text.ends_with(' ') && text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => quoted.push_str(&format!("\\x{:02x}", c as u32)),
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
