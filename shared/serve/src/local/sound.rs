//! Where somebody wants to hear that something new is wrong.
//!
//! A page of its own, and the only one of these with a script: no browser plays a tone before somebody asked for it, and
//! after a page was loaded anew they would have to ask again. So this one is not loaded anew; its script puts the news in.

use super::html::Html;
use super::site_words::Words;
use super::voice::Voice;

/// The script, which is loaded on this page alone.
pub(crate) const SCRIPT: &str = "<script src=\"/local.js\" defer></script>\n";

/// What turns it on. Without a script it says that it needs one.
pub(crate) fn draw(out: &mut Html, voice: &Voice) {
    let w = Words::of(voice.lang);
    out.html("<aside id=\"sound\" aria-label=\"").text(w.sound).html("\" data-on=\"").text(w.sound_is_on);
    out.html("\" data-off=\"")
        .text(w.sound_is_off)
        .html("\" data-lost=\"")
        .text(w.sound_lost)
        .html("\" data-asleep=\"")
        .text(w.sound_asleep)
        .html("\"><p>");
    out.text(w.sound_what).html("</p>\n<button type=\"button\" hidden data-on=\"");
    out.text(w.sound_off).html("\" data-off=\"").text(w.sound_on).html("\">").text(w.sound_on);
    out.html("</button> <output role=\"status\"></output>\n<noscript><p>").text(w.sound_script);
    out.html("</p></noscript></aside>\n");
}
