//! Which label is meant where a path can hold only plain names?

/// The longest code point is written in six hexadecimal digits.
const MAX_DIGITS: usize = 6;

/// The name that Prometheus 3 writes as `U__…`: `__` is an underscore and `_1f600_` a code point. Any other text, and one
/// that is not written so to its end, means itself.
pub(super) fn unescaped(name: String) -> String {
    name.strip_prefix("U__").and_then(read).unwrap_or(name)
}

fn read(escaped: &str) -> Option<String> {
    let mut name = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(at) = rest.find('_') {
        name.push_str(&rest[..at]);
        let code = &rest[at + 1..];
        let end = code.find('_')?;
        name.push(if end == 0 { '_' } else { code_point(&code[..end])? });
        rest = &code[end + 1..];
    }
    name.push_str(rest);
    Some(name)
}

fn code_point(digits: &str) -> Option<char> {
    // A sign would be read as a number, too.
    let plain = digits.len() <= MAX_DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| plain).and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_text_comes_back_from_its_escaped_form() {
        for (escaped, name) in [
            ("site", "site"),
            ("U__http_2e_status__code", "http.status_code"),
            ("U__a_20_b", "a b"),
            ("U___1F600_", "\u{1f600}"),
            ("U__", ""),
        ] {
            assert_eq!(unescaped(escaped.to_owned()), name);
        }
    }

    #[test]
    fn what_is_not_escaped_to_its_end_means_itself() {
        for name in ["U__a_", "U__a_2e", "U__a_zz_", "U__a_+2e_", "U__a_d800_", "U__a_0000002e_", "u__a", "U_a"] {
            assert_eq!(unescaped(name.to_owned()), name);
        }
    }
}
