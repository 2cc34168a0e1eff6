//! What do pages show of passkeys?
//!
//! A device is asked by a script of some lines; without it, or where a browser has no passkeys, the page says so in words and
//! everything else goes on.

use axum::Form;
use axum::extract::{Extension, Path, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use vigie_model::UtcMs;
use vigie_people::{Answer, Order, Person};

use super::account::{Sent, carried_out, codes_page, ended, way_off};
use super::sheet::Sheet;
use super::words::Words;
use crate::Stamp;
use crate::door::{Caller, field};
use crate::local::html::Html;
use crate::shared::{App, Shared};

/// What a device is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask<'a> {
    SignIn,
    Prove,
    Add,
    /// With the code of an invitation.
    Accept(&'a str),
}

/// A button that asks the browser's device, with all that may be said of it.
pub(super) fn button(out: &mut Html, app: &Shared, w: &'static Words, ask: Ask<'_>) {
    if app.options.passkeys.is_none() {
        return;
    }
    let (way, label) = match ask {
        Ask::SignIn => ("sign-in", w.key_sign_in),
        Ask::Prove => ("prove", w.key_prove),
        Ask::Add => ("add", w.key_add),
        Ask::Accept(_) => ("accept", w.key_accept),
    };
    out.html("<form data-passkey=\"").html(way);
    let sentences = [
        ("\" data-none=\"", w.key_none),
        ("\" data-device=\"", w.key_device),
        ("\" data-declined=\"", w.key_declined),
        ("\" data-there=\"", w.key_there),
        ("\" data-wrong=\"", if let Ask::Accept(_) = ask { w.no_invitation } else { w.key_wrong }),
        ("\" data-wait=\"", w.key_wait),
        ("\" data-failed=\"", w.failed),
    ];
    for (name, sentence) in sentences {
        out.html(name).text(sentence);
    }
    out.html("\"><div data-can hidden>");
    match ask {
        Ask::SignIn | Ask::Prove => {}
        Ask::Add => called(out, "name", w),
        Ask::Accept(code) => {
            out.html("<label>").text(w.invitation).html(" <input name=\"code\" autocomplete=\"off\" required value=\"");
            out.text(code).html("\"></label> ");
            called(out, "called", w);
        }
    }
    out.html("<button>").text(label).html("</button></div><p role=\"status\"></p><noscript><p>").text(w.key_script);
    out.html("</p></noscript></form>\n");
}

fn called(out: &mut Html, name: &'static str, w: &'static Words) {
    out.html("<label>").text(w.key_name).html(" <input name=\"").html(name);
    out.html("\" autocomplete=\"off\" maxlength=\"100\" required value=\"").text(w.key_usual_name).html("\"></label> ");
}

/// What asks the devices, at the end of a page that has such a button.
pub(super) fn script(out: &mut Html, app: &Shared) {
    if app.options.passkeys.is_some() {
        out.html("<script src=\"/passkey.js\" defer></script>\n");
    }
}

/// One's own passkeys.
pub(super) fn section(out: &mut Html, app: &Shared, sheet: &Sheet, person: &Person) {
    if app.options.passkeys.is_none() && person.passkeys.is_empty() {
        return;
    }
    let w = sheet.w;
    out.html("<section class=\"forms\">\n<h2>").text(w.keys).html("</h2>\n<p>").text(w.keys_say).html("</p>\n");
    for key in &person.passkeys {
        out.html("<form method=\"post\" action=\"/account/passkeys/").text(key.id.as_str()).html("/off\"><b>");
        out.name(key.name.as_str()).html("</b><p>");
        let at = |ms| Stamp(UtcMs(ms));
        out.fill(w.key_since, |out, _| sheet.frame.voice.at(out, at(key.since_ms)));
        if let Some(used_ms) = key.used_ms {
            out.text(" · ").fill(w.key_used, |out, _| sheet.frame.voice.at(out, at(used_ms)));
        }
        out.html("</p>");
        if let Some(doubted_ms) = key.doubted_ms {
            out.html("<p class=\"not-done\" role=\"alert\">");
            out.fill(w.key_doubted, |out, _| sheet.frame.voice.at(out, at(doubted_ms))).html("</p>");
        }
        out.html("<button>").text(w.key_off).html("</button></form>\n");
    }
    button(out, app, w, Ask::Add);
    second(out, w, person);
    out.html("</section>\n");
}

/// Whether a password alone opens.
fn second(out: &mut Html, w: &'static Words, person: &Person) {
    let may = person.password.is_some() && (person.second_needed || person.open_passkeys().next().is_some());
    if !may {
        return;
    }
    let (says, word, next) = match person.second_needed {
        true => (w.second_on, w.second_off_word, "false"),
        false => (w.second_off, w.second_on_word, "true"),
    };
    out.html("<form method=\"post\" action=\"/account/second\"><p>");
    out.fill(says, |out, _| out.shown(person.recovery.len())).html("</p><button name=\"needed\" value=\"").html(next);
    out.html("\">").text(word).html("</button></form>\n");
}

/// `POST /account/passkeys/{id}/off`.
pub(super) async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(passkey): Path<String>,
    parts: Parts,
) -> Response {
    let Ok(passkey) = passkey.parse() else { return Redirect::to("/account").into_response() };
    way_off(&app, &caller, &parts, Order::RemovePasskey { passkey }).await
}

/// `POST /account/second`: a passkey or a code beside the password, or the password alone.
pub(super) async fn need_second(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    sent: Sent,
) -> Response {
    let pairs = sent.map(|Form(pairs)| pairs).unwrap_or_default();
    let needed = field(&pairs, "needed") == "true";
    match carried_out(&app, &caller, &parts, Order::NeedSecond { needed }).await {
        Ok(Answer::Recovery(new)) if !new.codes.is_empty() => codes_page(&app, &parts, &Answer::Recovery(new)),
        done => ended(&app, &caller, &parts, done, |w| w.failed),
    }
}
