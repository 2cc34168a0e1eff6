//! How one's own page shows its reader: browsers, password, telephone, other houses, roles, and the question for a proof.

use vigie_model::UtcMs;
use vigie_people::{Person, SessionShown};

use crate::Stamp;
use crate::local::html::Html;
use crate::people::browser::browser_text;
use crate::people::key_pages::{self, Ask};
use crate::people::sheet::{Field, Sheet};
use crate::people::with;
use crate::people::words::Words;
use crate::shared::Shared;

pub(super) fn sessions(out: &mut Html, sheet: &Sheet, sessions: &[SessionShown]) {
    let w = sheet.w;
    out.html("<section class=\"forms\">\n<h2>")
        .text(w.sessions)
        .html("</h2>\n<p>")
        .text(w.sessions_says)
        .html("</p>\n");
    for session in sessions {
        out.html("<form method=\"post\" action=\"/account/sessions/")
            .text(session.id.as_str())
            .html("/end\"><b title=\"");
        let browser = browser_text(&session.agent);
        out.text(&session.agent).html("\">");
        out.name(if browser.is_empty() { w.no_agent } else { &browser }).html("</b><p>");
        let at = |ms| Stamp(UtcMs(ms));
        out.fill(w.since, |out, place| {
            sheet.frame.voice.at(out, at(if place == "at" { session.opened_ms } else { session.used_ms }))
        });
        if !session.from.is_empty() {
            out.text(" · ").fill(w.from, |out, _| out.text(&session.from));
        }
        if session.own {
            out.text(" · ").html("<b>").text(w.this_one).html("</b>");
        }
        out.html("</p><button>").text(w.end).html("</button></form>\n");
    }
    out.html("</section>\n");
}

pub(super) fn password(out: &mut Html, w: &'static Words, person: &Person) {
    let has = person.password.is_some();
    out.html("<section class=\"forms\">\n<h2>")
        .text(if has { w.change } else { w.new_password })
        .html("</h2>\n<form method=\"post\" action=\"/account/password\">");
    if has {
        Field::known("password", w.present).draw(out, "");
    }
    Field::new("new", w.new_password).draw(out, "");
    out.html("<p>").text(w.password_hint);
    if has {
        out.text(" ").text(w.change_says);
    }
    out.html("</p><button>").text(if has { w.change_it } else { w.choose });
    out.html("</button></form>\n</section>\n");
}

pub(super) fn telephone(out: &mut Html, w: &'static Words, person: &Person) {
    out.html("<section class=\"forms\">\n<h2>").text(w.telephone).html("</h2>\n");
    if person.totp.is_some() {
        out.html("<p>").fill(w.telephone_on, |out, _| out.shown(person.recovery.len())).html("</p>\n");
        button(out, "/account/telephone/codes", w.new_codes);
        button(out, "/account/telephone/off", w.switch_off);
    } else {
        out.html("<p>").text(w.telephone_off).html("</p>\n");
        button(out, "/account/telephone", w.set_up);
    }
    out.html("</section>\n");
}

/// Accounts of other houses by which somebody comes in.
pub(super) fn linked(out: &mut Html, app: &Shared, sheet: &Sheet, person: &Person) {
    if person.linked.is_empty() {
        return;
    }
    let w = sheet.w;
    out.html("<section class=\"forms\">\n<h2>").text(w.linked).html("</h2>\n<p>").text(w.linked_says).html("</p>\n");
    for one in &person.linked {
        out.html("<form method=\"post\" action=\"/account/sign-ins/").text(one.by.as_str()).html("/off\"><p>");
        out.fill(w.linked_since, |out, place| match place {
            "house" => out.text(with::label(app, &one.by)),
            _ => sheet.frame.voice.at(out, Stamp(UtcMs(one.since_ms))),
        });
        out.html("</p><button>").text(w.unlink).html("</button></form>\n");
    }
    out.html("</section>\n");
}

pub(super) fn rights(out: &mut Html, w: &'static Words, person: &Person) {
    out.html("<section>\n<h2>").text(w.roles).html("</h2>\n<ul class=\"notes\">");
    for grant in &person.grants {
        out.html("<li>").text(grant.role.as_str()).text(" · ").shown(&grant.scope).html("</li>");
    }
    out.html("</ul>\n</section>\n");
}

pub(super) fn prove_form(out: &mut Html, app: &Shared, w: &'static Words, person: &Person) {
    out.html("<section class=\"door\">\n<h2>").text(w.prove).html("</h2>\n<p>").text(w.prove_says).html("</p>\n");
    if !person.linked.is_empty() {
        with::links(out, app, w.prove_with, "?again=1");
    }
    if person.open_passkeys().next().is_some() {
        key_pages::button(out, app, w, Ask::Prove);
    }
    if person.password.is_some() {
        out.html("<form method=\"post\" action=\"/account/proof\">");
        Field::known("password", w.password).draw(out, "");
        if person.needs_second() {
            Field::code(w.code, true).draw(out, "");
        }
        out.html("<button class=\"primary\">").text(w.go_on).html("</button></form>\n");
    }
    out.html("</section>\n");
}

fn button(out: &mut Html, to: &'static str, word: &'static str) {
    out.html("<form method=\"post\" action=\"").html(to).html("\"><button>").text(word).html("</button></form>\n");
}
