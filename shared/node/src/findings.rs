//! What did a doctor find, and how is it told?

use std::process::ExitCode;

use serde_json::{Value, json};
use vigie_net::UplinkState;

/// One thing looked at.
#[derive(Debug, Clone)]
pub struct Finding {
    what: &'static str,
    good: bool,
    said: String,
    advice: &'static str,
}

impl Finding {
    /// In order.
    pub fn good(what: &'static str, said: String) -> Self {
        Self { what, good: true, said, advice: "" }
    }

    /// Not in order, and what to do about it.
    pub fn bad(what: &'static str, said: String, advice: &'static str) -> Self {
        Self { what, good: false, said, advice }
    }

    /// Whether it is in order.
    pub fn is_good(&self) -> bool {
        self.good
    }

    /// What was found, in words.
    pub fn said(&self) -> &str {
        &self.said
    }

    /// In order or not.
    pub fn check(what: &'static str, good: bool, said: String, advice: &'static str) -> Self {
        if good { Self::good(what, said) } else { Self::bad(what, said, advice) }
    }
}

/// How soon the end of a page's certificate is told: whoever renews it should have by then.
const ENDS_SOON_MS: i64 = 14 * 86_400_000;

/// What a doctor says of the page's certificate, from the `tls` of a node's status; nothing where the page has none.
pub fn tls_finding(tls: &Value, now_ms: i64) -> Option<Finding> {
    let left_ms = tls["ends_ms"].as_i64()?.saturating_sub(now_ms);
    let fault = tls["fault"].as_str();
    let left = format!("its certificate has {} days left", left_ms.div_euclid(86_400_000));
    let said = fault.map_or(left.clone(), |fault| format!("{left}; the newer files are not used: {fault}"));
    let advice = "renew the files of [tls]; new ones are taken into use within half a minute, without a restart";
    Some(Finding::check("page", fault.is_none() && left_ms > ENDS_SOON_MS, said, advice))
}

/// Prints what was found; exit code 1 when something is wrong.
pub fn show_findings(findings: &[Finding], as_json: bool) -> ExitCode {
    if as_json {
        let one = |one: &Finding| json!({ "what": one.what, "good": one.good, "said": one.said, "advice": one.advice });
        crate::say!("{}", Value::Array(findings.iter().map(one).collect()));
    } else {
        for one in findings {
            crate::say!("{} {:<12} {}", if one.good { "ok  " } else { "BAD " }, one.what, one.said);
            if !one.good {
                crate::say!("     {:<12} {}", "do:", one.advice);
            }
        }
    }
    if findings.iter().all(|one| one.good) { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// How the search for a way up goes, for status answers.
pub fn uplink_json(state: &UplinkState) -> Value {
    match state {
        UplinkState::Searching { since, attempts, last_error } => json!({
            "connected": false, "for_s": since.elapsed().as_secs(), "attempts": attempts, "last_error": last_error,
        }),
        UplinkState::Connected { peer, address, since, suspect } => json!({
            "connected": true, "for_s": since.elapsed().as_secs(), "peer": peer.to_string(), "role": peer.role,
            "node": peer.node.to_string(), "address": address.to_string(), "suspect": suspect,
        }),
    }
}

/// The same as a sentence.
pub fn uplink_sentence(uplink: &Value) -> String {
    let (text, number) =
        (|value: &Value| value.as_str().unwrap_or("-").to_owned(), |value: &Value| value.as_u64().unwrap_or(0));
    if uplink["connected"] == true {
        let doubt = if uplink["suspect"] == true { ", but nothing comes back at the moment" } else { "" };
        return format!(
            "connected to {} ({}) for {} s{doubt}",
            text(&uplink["peer"]),
            text(&uplink["address"]),
            number(&uplink["for_s"])
        );
    }
    let why = uplink["last_error"].as_str().map_or_else(String::new, |why| format!("; last: {why}"));
    format!("not connected for {} s, {} attempts{why}", number(&uplink["for_s"]), number(&uplink["attempts"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_of_the_page_is_in_order_while_it_lasts_and_newer_files_are_used() {
        let day_ms = 86_400_000_i64;
        let told = |days: i64, fault: Option<&str>| {
            tls_finding(&json!({ "ends_ms": days * day_ms, "fault": fault }), 0).is_some_and(|one| one.is_good())
        };
        assert!(told(60, None) && !told(10, None) && !told(-1, None) && !told(60, Some("no key")));
        assert!(tls_finding(&Value::Null, 0).is_none(), "a page in the clear has none");
    }
}
