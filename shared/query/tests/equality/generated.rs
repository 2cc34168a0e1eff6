//! Questions that nobody chose: made up by a grammar, the same each time.

use crate::data::Chance;
use crate::questions::OVER_TIME;

pub(crate) fn questions(count: usize) -> Vec<String> {
    let mut chance = Chance::new("questions");
    (0..count).map(|n| if n % 20 == 0 { scalar(&mut chance, 3) } else { vector(&mut chance, 3) }).collect()
}

const SELECTORS: [&str; 14] = [
    "requests_total",
    "temperature",
    "gappy",
    "quota",
    "info",
    "constant",
    "latency_bucket",
    "lonely",
    "odd{kind=\"steps\"}",
    "requests_total{code=\"200\"}",
    "requests_total{job=\"api\"}",
    "temperature{floor=\"2\"}",
    "{half=\"x\"}",
    "owners",
];

fn vector(chance: &mut Chance, depth: u64) -> String {
    if depth == 0 || chance.below(8) == 0 {
        return format!("{}{}", chance.one_of(&SELECTORS), moved(chance));
    }
    let below = depth - 1;
    match chance.below(10) {
        0 | 1 => aggregation(chance, below),
        2 | 3 => rolling(chance, below),
        4 => format!(
            "{}({})",
            chance.one_of(&["abs", "ceil", "floor", "sgn", "sqrt", "-", "timestamp", "hour"]),
            vector(chance, below)
        ),
        5 => with_number(chance, below),
        6 | 7 => joined(chance, below),
        8 => sets(chance, below),
        _ => match chance.below(4) {
            0 => format!("histogram_quantile({:.3}, {})", chance.part(), vector(chance, below)),
            1 => format!("absent({})", vector(chance, below)),
            2 => format!("label_replace({}, \"x\", \"$1\", \"instance\", \"(.*)-.*\")", vector(chance, below)),
            _ => format!("clamp({}, -2, {})", vector(chance, below), scalar(chance, below)),
        },
    }
}

fn scalar(chance: &mut Chance, depth: u64) -> String {
    match if depth == 0 { chance.below(2) } else { chance.below(5) } {
        0 => chance.one_of(&["0", "1", "-2.5", "100", "1e9", "0.25"]).to_owned(),
        1 => "time()".to_owned(),
        2 => format!("scalar({})", vector(chance, depth - 1)),
        3 => format!(
            "({} {} {})",
            scalar(chance, depth - 1),
            chance.one_of(&["+", "-", "*", "/", "%"]),
            scalar(chance, depth - 1)
        ),
        _ => format!("({} >= bool {})", scalar(chance, depth - 1), scalar(chance, depth - 1)),
    }
}

fn moved(chance: &mut Chance) -> &'static str {
    if chance.below(4) > 0 {
        return "";
    }
    chance.one_of(&[" offset 5m", " offset -3m", " @ 1700005000", " @ end()", " @ start() offset 1m", " offset 47s"])
}

fn aggregation(chance: &mut Chance, depth: u64) -> String {
    let of = vector(chance, depth);
    let grouping = chance.one_of(&[
        "",
        "by (job)",
        "by (instance, code)",
        "without (code)",
        "by (le)",
        "without (instance, job)",
        "by (half, room)",
    ]);
    // Of equals Prometheus takes those that come first, and the spread of large numbers depends on their order; but what
    // it has calculated comes in the order of a Go map.
    let plain = chance.one_of(&SELECTORS);
    match chance.below(14) {
        0 => format!("topk {grouping} (2, {plain})"),
        1 => format!("bottomk {grouping} (1, {plain})"),
        2 => format!("quantile {grouping} (0.7, {of})"),
        4 => format!("stddev {grouping} ({plain})"),
        5 => format!("stdvar {grouping} ({plain})"),
        3 => format!("count_values {grouping} (\"value\", round({plain}))"),
        _ => format!("{} {grouping} ({of})", chance.one_of(&["sum", "avg", "min", "max", "count", "group"])),
    }
}

fn rolling(chance: &mut Chance, depth: u64) -> String {
    let over = match chance.below(3) {
        0 => {
            let (range, step) = (chance.one_of(&["5m", "17m", "31m"]), chance.one_of(&["1m", "", "45s", "4m"]));
            format!("({})[{range}:{step}]{}", vector(chance, depth), moved(chance))
        }
        _ => {
            format!("{}[{}]{}", chance.one_of(&SELECTORS), chance.one_of(&["1m", "2m30s", "5m", "20m"]), moved(chance))
        }
    };
    match chance.below(8) {
        0 => format!("quantile_over_time(0.8, {over})"),
        1 => format!("predict_linear({over}, 300)"),
        _ => {
            let function = chance.one_of(&OVER_TIME);
            format!("{function}({over})")
        }
    }
}

fn with_number(chance: &mut Chance, depth: u64) -> String {
    let operator = chance.one_of(&["+", "-", "*", "/", "%", ">", "<=", "!=", "> bool", "== bool"]);
    let (vector, number) = (vector(chance, depth), scalar(chance, depth));
    if chance.below(2) == 0 {
        format!("({vector} {operator} {number})")
    } else {
        format!("({number} {operator} {vector})")
    }
}

fn joined(chance: &mut Chance, depth: u64) -> String {
    let operator = chance.one_of(&["+", "-", "*", "/", "%", ">", "<=", "!=", ">= bool", "atan2"]);
    let matching = chance.one_of(&[
        "",
        "",
        "on(instance)",
        "on(job)",
        "ignoring(code)",
        "on(instance) group_left",
        "on(instance) group_right",
        "on(job) group_left",
        "on(instance) group_left(version)",
        "ignoring(code, job) group_left",
        "on()",
        "on(half)",
    ]);
    format!("({} {operator} {matching} {})", vector(chance, depth), vector(chance, depth))
}

fn sets(chance: &mut Chance, depth: u64) -> String {
    let operator = chance.one_of(&["and", "or", "unless"]);
    let matching = chance.one_of(&["", "", "on(instance)", "ignoring(code)", "on()", "on(job)"]);
    format!("({} {operator} {matching} {})", vector(chance, depth), vector(chance, depth))
}
