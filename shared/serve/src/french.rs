//! How does a Frenchman read the numbers that a rule's template wrote?

/// A French text of a rule with its numbers as French writes them: `92.2%` is `92,2 %`, `25.28G` is `25,28 G`. Templates are
/// those of Prometheus, whose functions know one language; what is no share and has no prefix stays, for it may be a version.
pub fn french_numbers(text: &str) -> String {
    let mut made = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        made.push_str(before);
        let length = from.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(from.len());
        let (number, after) = from.split_at(length);
        // A part of a name is no number: `caisse-2M`, `eth0`. A sign is none of a name.
        let sign = before.strip_suffix('-').unwrap_or(before);
        let is_free = sign.chars().next_back().is_none_or(|c| !c.is_alphanumeric() && !"._-".contains(c));
        let is_number = is_free && number.matches('.').count() <= 1 && !number.ends_with('.');
        match unit(after).filter(|_| is_number) {
            Some(unit) => {
                made.push_str(&number.replace('.', ","));
                made.push('\u{202f}');
                made.push_str(unit);
                rest = &after[unit.len()..];
            }
            None => {
                made.push_str(number);
                rest = after;
            }
        }
    }
    made + rest
}

/// What stands behind a number as templates write it: a per cent sign, or a prefix that no word follows.
fn unit(after: &str) -> Option<&str> {
    if after.starts_with('%') {
        return Some("%");
    }
    let length = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
    let unit = &after[..length];
    let prefix = unit.strip_suffix('i').unwrap_or(unit);
    ["k", "K", "M", "G", "T", "P", "E"].contains(&prefix).then_some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_prefixed_numbers_are_french_and_names_and_versions_stay() {
        for (said, french) in [
            ("Processeur de srv à 92.2% depuis 15 minutes", "Processeur de srv à 92,2\u{202f}% depuis 15 minutes"),
            ("/var à 100%", "/var à 100\u{202f}%"),
            ("mémoire : 25.28G, reste 1.5Gi", "mémoire : 25,28\u{202f}G, reste 1,5\u{202f}Gi"),
            ("openssl 3.0.14 sur caisse-12", "openssl 3.0.14 sur caisse-12"),
            ("caisse-2M répond", "caisse-2M répond"),
            ("depuis 15 minutes à 3.5", "depuis 15 minutes à 3.5"),
            ("5Ghz, 2 Go, 7.", "5Ghz, 2 Go, 7."),
            ("-3.2% hier", "-3,2\u{202f}% hier"),
            ("", ""),
        ] {
            assert_eq!(french_numbers(said), french);
        }
    }
}
