//! How is the relay itself: since when it runs, what it holds, its certificate, its clock?

use super::alert::fact;
use super::html::Html;
use super::site_words::Words;
use super::voice::Voice;
use crate::Own;

/// What is less is what any two clocks differ by on a slow line.
const NEAR_MS: i64 = 2_000;

/// A certificate is renewed long before: one that has less left is not.
const SOON_MS: i64 = 14 * 86_400_000;

pub(super) fn draw(out: &mut Html, voice: &Voice, own: &Own) {
    let w = Words::of(voice.lang);
    out.html("<section aria-labelledby=\"own\">\n<h2 id=\"own\">").text(w.own).html("</h2>\n<dl class=\"facts\">\n");
    fact(out, w.own_runs, |out| {
        let span = voice.since(own.began);
        voice.at(out, own.began).text(" (").text(&span).text(")")
    });
    fact(out, w.own_memory, |out| match own.memory_bytes {
        Some(bytes) => out.text(&voice.bytes(bytes)),
        None => out.text(w.own_unknown),
    });
    fact(out, w.own_certificate, |out| certificate(out, voice, w, own));
    fact(out, w.own_clock, |out| clock(out, voice, w, own.clock_off_ms));
    out.html("</dl>\n</section>\n");
}

fn certificate<'o>(out: &'o mut Html, voice: &Voice, w: &'static Words, own: &Own) -> &'o mut Html {
    let left_ms = own.certificate_until.ms() - voice.now.0;
    let said = if left_ms <= 0 { w.own_expired } else { w.own_until };
    out.fill(said, |out, _| voice.at(out, own.certificate_until));
    if (1..SOON_MS).contains(&left_ms) { out.text(" ").html("<b>").text(w.own_renew).html("</b>") } else { out }
}

fn clock<'o>(out: &'o mut Html, voice: &Voice, w: &'static Words, off_ms: Option<i64>) -> &'o mut Html {
    let Some(off_ms) = off_ms else { return out.text(w.own_clock_unknown) };
    let said = match off_ms {
        off if off.abs() <= NEAR_MS => return out.text(w.own_clock_right),
        off if off > 0 => w.own_clock_behind,
        _ => w.own_clock_ahead,
    };
    out.fill(said, |out, _| out.text(&voice.span(off_ms.saturating_abs())))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use vigie_model::UtcMs;

    use super::super::voice::Lang;
    use super::*;
    use crate::Stamp;

    const NOW: i64 = 1_795_258_930_000;
    const DAY: i64 = 86_400_000;

    fn page(lang: Lang, own: &Own) -> String {
        let mut out = Html::default();
        draw(&mut out, &Voice { lang, zone: TimeZone::UTC, now: UtcMs(NOW) }, own);
        out.into_text()
    }

    fn own(until_ms: i64, clock_off_ms: Option<i64>) -> Own {
        let at = |ms: i64| Stamp(UtcMs(NOW + ms));
        Own { began: at(-3 * DAY), memory_bytes: Some(31_000_000), certificate_until: at(until_ms), clock_off_ms }
    }

    #[test]
    fn a_relay_says_how_it_is_and_what_it_does_not_know() {
        let well = page(Lang::English, &own(60 * DAY, Some(-300)));
        assert!(well.contains("right, as the hub tells") && well.contains("31") && !well.contains("<b>"), "{well}");
        let lost = page(Lang::English, &Own { memory_bytes: None, ..own(60 * DAY, None) });
        assert!(lost.contains("not known: the hub has not told the time") && lost.contains("not known</dd>"), "{lost}");
    }

    #[test]
    fn a_wrong_clock_says_by_how_much_and_an_old_certificate_what_follows() {
        let ahead = page(Lang::English, &own(5 * DAY, Some(-420_000)));
        assert!(ahead.contains("7\u{a0}min ahead"), "{ahead}");
        assert!(ahead.contains("<b>"), "five days are less than a renewal leaves: {ahead}");
        let behind = page(Lang::French, &own(-DAY, Some(420_000)));
        assert!(behind.contains("de retard") && behind.contains("n’est plus valable depuis"), "{behind}");
    }
}
