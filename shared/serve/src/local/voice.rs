//! In which words, and at which hour, is something told to this reader?

use jiff::Timestamp;
use jiff::tz::TimeZone;
use vigie_model::UtcMs;

use super::html::Html;
use super::words::Words;
use crate::Stamp;

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lang {
    English,
    French,
}

impl Lang {
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::French];

    /// As it stands in `lang` and in the cookie.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// What it calls itself.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::French => "Français",
        }
    }

    pub(crate) fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.code() == code)
    }

    /// The one a browser asks for: of those known, the one it likes best.
    pub(crate) fn accepted(header: &str) -> Self {
        let wish = |part: &str| {
            let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
            let lang = Self::of_code(&tag.trim().get(..2)?.to_ascii_lowercase())?;
            Some((lang, weight.trim().parse::<f32>().ok().filter(|weight| *weight > 0.0)?))
        };
        // At equal weight the first counts.
        let best = header.split(',').filter_map(wish).reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map_or(Self::English, |(lang, _)| lang)
    }
}

/// How this reader is spoken to.
#[derive(Debug, Clone)]
pub(crate) struct Voice {
    pub(crate) lang: Lang,
    /// The node's own: people on a site read their own clock.
    pub(crate) zone: TimeZone,
    /// When the page was made.
    pub(crate) now: UtcMs,
}

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;

impl Voice {
    pub(crate) fn words(&self) -> &'static Words {
        Words::of(self.lang)
    }

    /// A moment: the hour of today, with its day otherwise.
    pub(crate) fn at<'o>(&self, out: &'o mut Html, at: Stamp) -> &'o mut Html {
        self.moment(out, at, false)
    }

    /// A moment to the second.
    pub(crate) fn at_second<'o>(&self, out: &'o mut Html, at: Stamp) -> &'o mut Html {
        self.moment(out, at, true)
    }

    fn moment<'o>(&self, out: &'o mut Html, at: Stamp, seconds: bool) -> &'o mut Html {
        let utc = at.to_string();
        // Programs need no milliseconds here, and a page has many moments.
        let utc = utc.split_once('.').map_or(utc.as_str(), |(seconds, _)| seconds);
        out.html("<time datetime=\"").text(utc).html("Z\">").text(&self.clock(at, seconds)).html("</time>")
    }

    /// As [`Voice::at`], as text.
    pub(crate) fn clock(&self, at: Stamp, seconds: bool) -> String {
        let (Some(then), Some(now)) = (self.civil(at.0), self.civil(self.now)) else { return at.to_string() };
        let mut text = format!("{:02}:{:02}", then.hour(), then.minute());
        if seconds {
            text.push_str(&format!(":{:02}", then.second()));
        }
        if then.date() == now.date() {
            return text;
        }
        let month = self.words().months.split(' ').nth(then.month().unsigned_abs().into()).unwrap_or("?");
        let year = if then.year() == now.year() { String::new() } else { format!(" {}", then.year()) };
        format!("{} {month}{year} {text}", then.day())
    }

    fn civil(&self, at: UtcMs) -> Option<jiff::civil::DateTime> {
        let stamp = Timestamp::from_millisecond(at.0).ok()?;
        Some(stamp.to_zoned(self.zone.clone()).datetime())
    }

    /// How long, in the two largest units.
    pub(crate) fn span(&self, ms: i64) -> String {
        let seconds = ms.max(0) / 1_000;
        let day = self.words().day_unit;
        match seconds {
            ..MINUTE_S => format!("{seconds}\u{a0}s"),
            MINUTE_S..HOUR_S => format!("{}\u{a0}min", seconds / MINUTE_S),
            HOUR_S..DAY_S => both(seconds / HOUR_S, "h", seconds % HOUR_S / MINUTE_S, "min"),
            _ => both(seconds / DAY_S, day, seconds % DAY_S / HOUR_S, "h"),
        }
    }

    /// As [`Voice::span`], of seconds.
    pub(crate) fn seconds(&self, seconds: u64) -> String {
        self.span(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000))
    }

    /// Bytes of a disk, in its own units.
    pub(crate) fn bytes(&self, bytes: u64) -> String {
        let units = match self.lang {
            Lang::English => ["MB", "GB", "TB"],
            Lang::French => ["Mo", "Go", "To"],
        };
        let (value, unit) = match bytes {
            ..1_000_000_000 => (bytes as f64 / 1e6, units[0]),
            1_000_000_000..1_000_000_000_000 => (bytes as f64 / 1e9, units[1]),
            _ => (bytes as f64 / 1e12, units[2]),
        };
        format!("{}\u{a0}{unit}", self.number(value))
    }

    /// How long ago, as of this page.
    pub(crate) fn since(&self, at: Stamp) -> String {
        self.span(self.now.0.saturating_sub(at.ms()))
    }

    /// A share of 0 to 1.
    pub(crate) fn percent(&self, share: f64) -> String {
        let number = if share > 0.0 && share < 0.095 {
            self.decimal(&format!("{:.1}", share * 100.0))
        } else {
            format!("{:.0}", share * 100.0)
        };
        match self.lang {
            Lang::English => format!("{number}%"),
            Lang::French => format!("{number}\u{202f}%"),
        }
    }

    /// A count, with its thousands apart.
    pub(crate) fn count(&self, count: u64) -> String {
        let digits = count.to_string();
        let apart = match self.lang {
            Lang::English => ',',
            Lang::French => '\u{202f}',
        };
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(apart);
            }
            text.push(digit);
        }
        text
    }

    /// A number of a rule, to three digits that matter.
    pub(crate) fn number(&self, value: f64) -> String {
        let before = value.abs().max(1.0).log10().floor() as usize;
        let text = format!("{value:.*}", 2_usize.saturating_sub(before));
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        self.decimal(text)
    }

    fn decimal(&self, text: &str) -> String {
        match self.lang {
            Lang::English => text.to_owned(),
            Lang::French => text.replace('.', ","),
        }
    }

    /// The name of the zone that hours are told in.
    pub(crate) fn zone_name(&self) -> &str {
        self.zone.iana_name().filter(|name| *name != "Etc/UTC").unwrap_or("UTC")
    }
}

fn both(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    let text = format!("{large}\u{a0}{large_unit}");
    if small == 0 { text } else { format!("{text} {small}\u{a0}{small_unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21T11:02:10Z.
    const NOW_MS: i64 = 1_795_258_930_000;

    fn voice(lang: Lang) -> Voice {
        let zone = TimeZone::get("Europe/Paris").expect("the system's zones, or those built in");
        Voice { lang, zone, now: UtcMs(NOW_MS) }
    }

    #[test]
    fn a_browser_gets_the_language_it_likes_best_of_those_there_are() {
        for (header, lang) in [
            ("fr-FR,fr;q=0.9,en;q=0.8", Lang::French),
            ("en-GB,en;q=0.9,fr;q=0.8", Lang::English),
            ("de,fr;q=0.7,en;q=0.3", Lang::French),
            ("de", Lang::English),
            ("fr;q=0,en;q=0.1", Lang::English),
            ("", Lang::English),
            ("é,;q=,x", Lang::English),
        ] {
            assert_eq!(Lang::accepted(header), lang, "{header}");
        }
    }

    #[test]
    fn hours_are_those_of_the_site() {
        let voice = voice(Lang::French);
        let at = |ms| voice.clock(Stamp(UtcMs(NOW_MS + ms)), false);
        assert_eq!(at(0), "12:02");
        assert_eq!(at(-13 * 3_600_000), "20 nov. 23:02");
        assert_eq!(at(-120 * 86_400_000), "24 juil. 13:02", "summer time");
        assert_eq!(at(-400 * 86_400_000), "17 oct. 2025 13:02");
        assert_eq!(voice.clock(Stamp(UtcMs(NOW_MS)), true), "12:02:10");
    }

    #[test]
    fn numbers_are_written_as_each_language_writes_them() {
        let (english, french) = (voice(Lang::English), voice(Lang::French));
        assert_eq!((english.count(1_234_567), french.count(12_345)), ("1,234,567".into(), "12\u{202f}345".into()));
        assert_eq!((english.percent(0.214), french.percent(0.052)), ("21%".into(), "5,2\u{202f}%".into()));
        assert_eq!((english.percent(0.0), english.percent(1.0)), ("0%".into(), "100%".into()));
        assert_eq!(
            (english.number(1234.5), french.number(0.5), english.number(12.34)),
            ("1234".into(), "0,5".into(), "12.3".into())
        );
        assert_eq!(french.number(f64::NAN), "NaN");
    }

    #[test]
    fn spans_have_their_two_largest_units() {
        let voice = voice(Lang::French);
        for (seconds, text) in
            [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (3_600, "1 h"), (11_880, "3 h 18 min"), (187_200, "2 j 4 h")]
        {
            assert_eq!(voice.span(seconds * 1_000).replace('\u{a0}', " "), text);
        }
    }
}
