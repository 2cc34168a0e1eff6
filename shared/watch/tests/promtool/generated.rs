//! Rules and tests made up by a seed, which expect nothing: promtool then shows all that it found.

use crate::Case;

pub(crate) fn cases(count: u64) -> Vec<Case> {
    (0..count).map(|seed| case(&mut Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1), seed)).collect()
}

fn case(dice: &mut Dice, seed: u64) -> Case {
    let mut rules = String::from("groups:\n  - name: g\n    rules:\n");
    let mut names = Vec::new();
    for at in 0..1 + dice.below(4) {
        if dice.below(4) == 0 {
            rules.push_str(&format!("      - record: r{at}\n        expr: {}\n", expression(dice)));
            names.push(format!("r{at}"));
            continue;
        }
        rules.push_str(&format!("      - alert: A{at}\n        expr: {}\n", expression(dice)));
        if dice.below(3) > 0 {
            rules.push_str(&format!("        for: {}s\n", dice.below(8) * 30));
        }
        if dice.below(3) == 0 {
            rules.push_str(&format!("        keep_firing_for: {}s\n", dice.below(8) * 30));
        }
        if dice.below(2) == 0 {
            rules.push_str("        labels: {severity: '{{ if gt $value 5.0 }}critical{{ else }}warning{{ end }}'}\n");
            rules.push_str("        annotations: {summary: '{{ $labels.i }} {{ $value | humanize }}'}\n");
        }
    }
    let interval = ["30s", "1m", "45s"][dice.below(3) as usize];
    let mut tests = format!(
        "rule_files: [rules.yml]\nevaluation_interval: {interval}\ntests:\n  - interval: {}\n    input_series:\n",
        ["1m", "30s"][dice.below(2) as usize]
    );
    for name in ["x", "y"] {
        for i in ["a", "b"] {
            tests.push_str(&format!("      - {{series: '{name}{{i=\"{i}\"}}', values: '{}'}}\n", values(dice)));
        }
    }
    tests.push_str("    alert_rule_test:\n");
    for at in 0..4 {
        for _ in 0..4 {
            tests.push_str(&format!("      - {{eval_time: {}s, alertname: A{at}}}\n", dice.below(1200)));
        }
    }
    tests.push_str("    promql_expr_test:\n");
    for text in ["ALERTS", "ALERTS_FOR_STATE", "x", "sum(y)"].into_iter().chain(names.iter().map(String::as_str)) {
        for _ in 0..3 {
            tests.push_str(&format!("      - {{expr: '{text}', eval_time: {}s}}\n", dice.below(1500)));
        }
    }
    Case { name: format!("seed {seed}\n{rules}{tests}"), rules, tests }
}

fn expression(dice: &mut Dice) -> String {
    let name = ["x", "y", "x{i=\"a\"}", "y{i!=\"a\"}"][dice.below(4) as usize];
    let sign = [">", "<", ">=", "<=", "==", "!="][dice.below(6) as usize];
    let limit = dice.below(10);
    match dice.below(8) {
        0 => format!("'sum({name}) {sign} {limit}'"),
        1 => format!("'rate({name}[2m]) {sign} 0'"),
        2 => format!("'absent({name})'"),
        3 => format!("'{limit} {sign} {name}'"),
        4 => format!("'max_over_time({name}[90s]) {sign} {limit}'"),
        5 => "'x > 2 and y < 8'".to_owned(),
        6 => "'r0 > 1 or x'".to_owned(),
        _ => format!("'{name} {sign} {limit}'"),
    }
}

fn values(dice: &mut Dice) -> String {
    let mut words = Vec::new();
    for _ in 0..3 + dice.below(8) {
        words.push(match dice.below(6) {
            0 => format!("_x{}", 1 + dice.below(7)),
            1 => "stale".to_owned(),
            2 => format!("{}+{}x{}", dice.below(10), dice.below(3), dice.below(5)),
            3 => format!("{}-{}x{}", dice.below(10), dice.below(3), dice.below(5)),
            _ => format!("{}x{}", dice.below(10), dice.below(6)),
        });
    }
    words.join(" ")
}

/// A small generator, the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, many: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % many
    }
}
