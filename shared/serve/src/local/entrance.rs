//! How does somebody come in who stands on the site, with or without the Internet?

use super::frame::{Frame, Tab};
use super::voice::Voice;
use crate::Stamp;

/// Why somebody is still in front of the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Wrong,
    WrongToken,
    Expired(Stamp),
    Revoked,
    Wait(u64),
    Busy,
    Failed,
    /// They were inside, and their session has ended.
    Again,
}

/// The sign-in page. What was typed is not put into it again, but for the name.
pub(crate) fn page(frame: &Frame, people: bool, name: &str, refused: Option<Refused>) -> String {
    let w = frame.voice.words();
    frame.page(Tab::Elsewhere, w.door_title, |out| {
        out.html("<section class=\"door\">\n<h1>").text(w.door_title).html("</h1>\n<p>").text(w.door_site).html("</p>\n");
        if let Some(refused) = refused {
            out.html("<p class=\"not-done\" role=\"alert\" id=\"refused\">");
            say(out, &frame.voice, refused);
            out.html("</p>\n");
        }
        if people {
            out.html("<form method=\"post\" action=\"/sign-in\">\n<label for=\"name\">").text(w.door_name);
            out.html("</label><input id=\"name\" name=\"name\" autocomplete=\"username\" required maxlength=\"100\" value=\"").text(name);
            out.html("\"><label for=\"passphrase\">").text(w.door_passphrase);
            out.html("</label><input id=\"passphrase\" name=\"passphrase\" type=\"password\" autocomplete=\"current-password\" required maxlength=\"100\" spellcheck=\"false\" aria-describedby=\"hint\">");
            out.html("<p id=\"hint\"><small>").text(w.door_passphrase_hint).html("</small></p><button class=\"primary\">");
            out.text(w.door_button).html("</button>\n</form>\n");
        }
        let open = !people || refused == Some(Refused::WrongToken);
        out.html(if open { "<details open><summary>" } else { "<details><summary>" }).text(w.door_token);
        out.html("</summary>\n<form method=\"post\" action=\"/sign-in\"><label for=\"token\">").text(w.door_token_label);
        out.html("</label><input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"off\" required spellcheck=\"false\"><button>");
        out.text(w.door_button).html("</button></form>\n</details>\n</section>\n");
    })
}

fn say(out: &mut super::html::Html, voice: &Voice, refused: Refused) {
    let w = voice.words();
    match refused {
        Refused::Wrong => out.text(w.door_wrong),
        Refused::WrongToken => out.text(w.door_wrong_token),
        Refused::Expired(at) => out.fill(w.door_expired, |out, _| voice.at(out, at)),
        Refused::Revoked => out.text(w.door_revoked),
        Refused::Wait(seconds) => {
            let span = voice.span(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000));
            out.fill(w.door_wait, |out, _| out.text(&span))
        }
        Refused::Busy => out.text(w.door_busy),
        Refused::Failed => out.text(w.door_failed),
        Refused::Again => out.text(w.door_again),
    };
}
