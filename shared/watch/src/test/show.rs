//! How does promtool show what was expected and what was found?

use super::case::{ExpectedAlert, Pairs};
use crate::template::go_number;

pub(super) fn alerts(alerts: &[ExpectedAlert]) -> String {
    let margin = "            ";
    if alerts.is_empty() {
        return "[]".to_owned();
    }
    let mut text = "[".to_owned();
    for (at, alert) in alerts.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let (labels, annotations) = (pairs(&alert.labels), pairs(&alert.annotations));
        text.push_str(&format!(
            "{comma}\n{margin}{at}:\n{margin}  Labels:{labels}\n{margin}  Annotations:{annotations}"
        ));
    }
    text + "\n" + margin + "]"
}

pub(super) fn pairs(pairs: &Pairs) -> String {
    let pairs: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{name}={}", crate::template::go_quoted(value))).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// A sample: `{__name__="up", job="x"} 1.5E+00`, as promtool writes it.
pub(super) fn sample(labels: &Pairs, value: f64) -> String {
    format!("{} {}", pairs(labels), go_number(value, 'E'))
}
