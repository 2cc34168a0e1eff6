//! How does Go write a value?

use super::value::Value;

/// Digits after which a format is refused: no text for people needs more, and Go itself stops at a million.
const MAX_WIDTH: usize = 1_000;

/// As `%v` and `%g` without a precision: the fewest digits that give the same number again.
pub(super) fn shortest(value: f64) -> String {
    general(value, None, false)
}

/// As `strconv.FormatFloat(value, 'E', -1, 64)`.
pub(super) fn shortest_exponent(value: f64, verb: char) -> String {
    if let Some(text) = not_finite(value) {
        return text;
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    format!("{mantissa}{verb}{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// As `%.4g`.
pub(super) fn general(value: f64, precision: Option<usize>, keeps_zeros: bool) -> String {
    if let Some(text) = not_finite(value) {
        return text;
    }
    let precision = precision.map(|digits| digits.max(1));
    let scientific = match precision {
        Some(digits) => format!("{value:.*e}", digits - 1),
        None => format!("{value:e}"),
    };
    // Rust always writes an exponent here.
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = mantissa.chars().filter(char::is_ascii_digit).count();
    let most = match precision {
        // Go decides as if six digits were asked for.
        None => 6,
        Some(precision) => {
            let needed = if keeps_zeros { precision } else { significant(mantissa) };
            if precision > needed && needed as i32 > exponent { needed.max(1) as i32 } else { precision as i32 }
        }
    };
    if exponent < -4 || exponent >= most {
        let mantissa = if keeps_zeros { mantissa.to_owned() } else { without_zeros(mantissa) };
        return format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    }
    let after = match precision {
        None => (digits as i32 - 1 - exponent).max(0),
        Some(precision) => (precision as i32 - 1 - exponent).max(0),
    };
    let plain = format!("{value:.*}", after as usize);
    if keeps_zeros || precision.is_none() { plain } else { without_zeros(&plain) }
}

fn significant(mantissa: &str) -> usize {
    without_zeros(mantissa).chars().filter(char::is_ascii_digit).count()
}

fn without_zeros(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

fn not_finite(value: f64) -> Option<String> {
    if value.is_nan() {
        return Some("NaN".to_owned());
    }
    value.is_infinite().then(|| if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() })
}

/// As `%q` and in Prometheus' labels.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => quoted.push_str(&format!("\\x{:02x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// `printf`.
pub(super) fn printf(format: &str, arguments: &[Value]) -> Result<String, String> {
    let (mut text, mut next) = (String::new(), 0);
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        let mut flags = Flags::default();
        while let Some(flag) = chars.next_if(|c| matches!(c, '-' | '+' | '#' | '0' | ' ')) {
            flags.take(flag);
        }
        let number = |text: &mut std::iter::Peekable<std::str::Chars<'_>>| {
            let mut digits = String::new();
            while let Some(digit) = text.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            digits.parse::<usize>().ok()
        };
        flags.width = number(&mut chars).unwrap_or(0);
        if chars.next_if_eq(&'.').is_some() {
            flags.precision = Some(number(&mut chars).unwrap_or(0));
        }
        if flags.width > MAX_WIDTH || flags.precision.is_some_and(|digits| digits > MAX_WIDTH) {
            return Err(format!("printf: a width above {MAX_WIDTH} is refused"));
        }
        let Some(verb) = chars.next() else {
            text.push_str("%!(NOVERB)");
            break;
        };
        if verb == '%' {
            text.push('%');
            continue;
        }
        match arguments.get(next) {
            None => text.push_str(&format!("%!{verb}(MISSING)")),
            Some(value) => text.push_str(&one(verb, value, &flags)),
        }
        next += 1;
    }
    if next < arguments.len() {
        let extra: Vec<_> =
            arguments[next..].iter().map(|value| format!("{}={}", value.go_type(), value.shown())).collect();
        text.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    Ok(text)
}

#[derive(Default)]
struct Flags {
    left: bool,
    plus: bool,
    sharp: bool,
    zero: bool,
    space: bool,
    width: usize,
    precision: Option<usize>,
}

impl Flags {
    fn take(&mut self, flag: char) {
        match flag {
            '-' => (self.left, self.zero) = (true, false),
            '+' => self.plus = true,
            '#' => self.sharp = true,
            '0' => self.zero = !self.left,
            _ => self.space = true,
        }
    }

    fn signed(&self, text: String, is_negative: bool) -> String {
        match (is_negative, self.plus, self.space) {
            (false, true, _) if !text.starts_with('+') => format!("+{text}"),
            (false, false, true) => format!(" {text}"),
            (false, false, false) => text.trim_start_matches('+').to_owned(),
            _ => text,
        }
    }

    fn padded(&self, text: &str, is_number: bool) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        if self.left {
            return format!("{text}{}", " ".repeat(missing));
        }
        if self.zero && is_number {
            let sign = text.chars().take_while(|c| matches!(c, '+' | '-')).count();
            return format!("{}{}{}", &text[..sign], "0".repeat(missing), &text[sign..]);
        }
        format!("{}{text}", if self.zero { "0" } else { " " }.repeat(missing))
    }
}

fn one(verb: char, value: &Value, flags: &Flags) -> String {
    let bad = || format!("%!{verb}({}={})", value.go_type(), value.shown());
    let cut = |text: &str| flags.precision.map_or_else(|| text.to_owned(), |most| text.chars().take(most).collect());
    match (verb, value) {
        (_, Value::Nil) => format!("%!{verb}(<nil>)"),
        ('T', value) => flags.padded(&value.go_type(), false),
        ('s' | 'v', Value::Text(text)) => flags.padded(&cut(text), false),
        ('q', Value::Text(text)) => flags.padded(&quoted(&cut(text)), false),
        ('x', Value::Text(text)) => {
            flags.padded(&text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>(), false)
        }
        ('X', Value::Text(text)) => {
            flags.padded(&text.bytes().map(|byte| format!("{byte:02X}")).collect::<String>(), false)
        }
        ('v' | 'g' | 'G' | 'f' | 'F' | 'e' | 'E', Value::Float(number)) => float(verb, *number, flags),
        ('v' | 'd', Value::Int(number)) => flags.padded(&flags.signed(number.to_string(), *number < 0), true),
        ('x', Value::Int(number)) => flags.padded(&format!("{number:x}"), true),
        ('X', Value::Int(number)) => flags.padded(&format!("{number:X}"), true),
        ('o', Value::Int(number)) => flags.padded(&format!("{number:o}"), true),
        ('b', Value::Int(number)) => flags.padded(&format!("{number:b}"), true),
        ('c', Value::Int(number)) => {
            let c = u32::try_from(*number).ok().and_then(char::from_u32).unwrap_or('\u{fffd}');
            flags.padded(&c.to_string(), false)
        }
        ('t' | 'v', Value::Bool(is)) => flags.padded(&is.to_string(), false),
        ('v' | 's', Value::Time(_)) | ('v', _) => flags.padded(&value.shown(), false),
        _ => bad(),
    }
}

fn float(verb: char, value: f64, flags: &Flags) -> String {
    if let Some(text) = not_finite(value) {
        // Infinity always bears its sign, and neither is filled up with zeros.
        let text = match (flags.plus, flags.space, value.is_nan()) {
            (true, _, true) => format!("+{text}"),
            (false, true, true) => format!(" {text}"),
            (false, true, false) => text.replace('+', " "),
            _ => text,
        };
        return Flags { zero: false, width: flags.width, left: flags.left, ..Flags::default() }.padded(&text, true);
    }
    let text = match verb {
        'f' | 'F' => format!("{value:.*}", flags.precision.unwrap_or(6)),
        'e' | 'E' => {
            let text = format!("{value:.*e}", flags.precision.unwrap_or(6));
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let exponent: i32 = exponent.parse().unwrap_or(0);
            format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
        }
        _ => general(value, flags.precision, flags.sharp),
    };
    let text = if verb.is_ascii_uppercase() { text.to_uppercase() } else { text };
    flags.padded(&flags.signed(text, value.is_sign_negative()), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (value, written) in [
            (0.0, "0"),
            (-0.5, "-0.5"),
            (100_000.0, "100000"),
            (1_234_567.0, "1.234567e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (0.000_01, "1e-05"),
            (0.000_1, "0.0001"),
            (1e21, "1e+21"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(shortest(value), written);
        }
    }

    #[test]
    fn four_digits_are_enough_for_people() {
        for (value, written) in
            [(1234.5, "1234"), (12_345.0, "1.234e+04"), (0.012_345, "0.01235"), (2.0, "2"), (99.999, "100")]
        {
            assert_eq!(general(value, Some(4), false), written);
        }
    }

    #[test]
    fn printf_says_what_is_wrong_in_its_text() {
        let print = |format: &str, values: &[Value]| printf(format, values).expect("a text");
        assert_eq!(print("%.2f%% of %s", &[Value::Float(1.005), Value::Text("x".into())]), "1.00% of x");
        assert_eq!(print("%d", &[Value::Float(1.5)]), "%!d(float64=1.5)");
        assert_eq!(print("%s", &[Value::Float(1.0)]), "%!s(float64=1)");
        assert_eq!(
            print("%5.1f|%-6s|%06d", &[Value::Float(2.25), Value::Text("ab".into()), Value::Int(-7)]),
            "  2.2|ab    |-00007"
        );
        assert_eq!(print("%d", &[]), "%!d(MISSING)");
        assert_eq!(print("x", &[Value::Int(1)]), "x%!(EXTRA int=1)");
        assert_eq!(
            print("%q %t %v %+.1e", &[Value::Text("a\"".into()), Value::Bool(true), Value::Nil, Value::Float(12.0)]),
            "\"a\\\"\" true %!v(<nil>) +1.2e+01"
        );
    }
}
