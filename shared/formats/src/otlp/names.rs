//! What does Prometheus call what OpenTelemetry measured?
//!
//! Prometheus' default translation, `UnderscoreEscapingWithSuffixes`, after the compatibility specification:
//! <https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>

/// What a name's suffix depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameKind {
    Counter,
    Gauge,
    Other,
}

/// A metric's name with its unit and kind as suffixes; empty when nothing of it can be kept.
pub(super) fn metric_name(name: &str, unit: &str, kind: NameKind) -> String {
    let mut words: Vec<String> =
        name.split(|c| !is_word_char(c)).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let (main, per) = unit_words(unit);
    add_unit(&mut words, main, per);
    match kind {
        NameKind::Counter => move_to_end(&mut words, "total"),
        NameKind::Gauge if unit == "1" => move_to_end(&mut words, "ratio"),
        NameKind::Gauge | NameKind::Other => {}
    }
    let mut joined = words.join("_");
    if joined.starts_with(|c: char| c.is_ascii_digit()) {
        joined.insert(0, '_');
    }
    joined
}

/// An attribute's key as a label name.
pub(super) fn label_name(key: &str) -> String {
    let name: String = key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("key_{name}")
    } else if name.starts_with('_') && !name.starts_with("__") {
        format!("key{name}")
    } else {
        name
    }
}

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == ':'
}

/// Puts unit words behind a name that does not say them yet.
fn add_unit(words: &mut Vec<String>, main: String, per: String) {
    let says = |words: &Vec<String>, unit: &str| words.iter().any(|word| word == unit);
    let mut main = if says(words, &main) { String::new() } else { main };
    let per = if per == "per_" { "" } else { per.strip_suffix('_').unwrap_or(&per) };
    let per = if says(words, per) { "" } else { per };
    if !per.is_empty() && main.ends_with('_') {
        main.pop();
    }
    words.extend([main, per.to_owned()].into_iter().filter(|word| !word.is_empty()));
}

fn move_to_end(words: &mut Vec<String>, last: &str) {
    words.retain(|word| word != last);
    words.push(last.to_owned());
}

/// The words for the unit before and after a slash. Annotations in braces say no unit.
fn unit_words(unit: &str) -> (String, String) {
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    let plain = |text: &str| !text.is_empty() && !text.contains(['{', '}']);
    let (main, per) = (main.trim(), per.trim());
    let main = if plain(main) { main_word(main) } else { "" };
    let per = if plain(per) { format!("per_{}", per_word(per)) } else { String::new() };
    (cleaned(main), cleaned(&per))
}

/// One underscore for everything that is no word, none in front.
fn cleaned(unit: &str) -> String {
    let mut clean = String::with_capacity(unit.len());
    for c in unit.chars() {
        if is_word_char(c) {
            clean.push(c);
        } else if !clean.ends_with('_') {
            clean.push('_');
        }
    }
    clean.strip_prefix('_').map(str::to_owned).unwrap_or(clean)
}

fn main_word(unit: &str) -> &str {
    match unit {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "TiBy" => "tibibytes",
        "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "TBy" => "terabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "1" => "",
        "%" => "percent",
        other => other,
    }
}

fn per_word(unit: &str) -> &str {
    match unit {
        "s" => "second",
        "m" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" => "week",
        "mo" => "month",
        "y" => "year",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use NameKind::{Counter, Gauge, Other};

    #[test]
    fn names_are_those_of_prometheus_own_translation() {
        let table = [
            ("requests", "", Counter, "requests_total"),
            ("cpu_usage", "1", Gauge, "cpu_usage_ratio"),
            ("items", "1", Counter, "items_total"),
            ("response_time", "ms", Gauge, "response_time_milliseconds"),
            ("requests", "1/s", Gauge, "requests_per_second"),
            ("throughput", "By/s", Gauge, "throughput_bytes_per_second"),
            ("custom_metric", "custom_unit", Gauge, "custom_metric_custom_unit"),
            ("custom_metric", "{custom}", Gauge, "custom_metric"),
            ("custom_metric", "By/{custom}", Gauge, "custom_metric_bytes"),
            ("requests_total", "", Counter, "requests_total"),
            ("cpu_usage_ratio", "1", Gauge, "cpu_usage_ratio"),
            ("response_time_seconds", "s", Gauge, "response_time_seconds"),
            ("cpu_seconds_total", "s", Counter, "cpu_seconds_total"),
            ("metric__with__multiple", "unit__multiple__words", Gauge, "metric_with_multiple_unit_multiple_words"),
            ("custom_metric", "unit@with#special/chars", Gauge, "custom_metric_unit_with_special_per_chars"),
            ("@#$%", "", Gauge, ""),
            ("request.duration", "s", Other, "request_duration_seconds"),
            ("uptime", "d", Gauge, "uptime_days"),
            ("2xx", "", Gauge, "_2xx"),
        ];
        for (name, unit, kind, wanted) in table {
            assert_eq!(metric_name(name, unit, kind), wanted, "{name} in {unit:?}");
        }
    }

    #[test]
    fn label_names_keep_what_they_can() {
        let table = [("http.method", "http_method"), ("9a", "key_9a"), ("_a", "key_a"), ("__a", "__a"), ("é", "key_")];
        for (key, wanted) in table {
            assert_eq!(label_name(key), wanted);
        }
    }
}
