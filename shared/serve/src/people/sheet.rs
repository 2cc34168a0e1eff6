//! What stands around each page for a hub's people?

use axum::http::request::Parts;

use vigie_people::Right;

use super::seeing::{Seeing, seeing};
use super::words::Words;
use crate::door::Caller;
use crate::local::frame::{Frame, Theme};
use crate::local::frame_of;
use crate::local::html::Html;
use crate::local::voice::Lang;
use crate::shared::Shared;

/// A page that is about to be drawn.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub(crate) frame: Frame,
    pub(super) w: &'static Words,
    /// Whether the reader looks after people anywhere.
    looks_after: bool,
    /// Who looks in this browser, where that is somebody else than its person.
    pub(super) seeing: Option<Seeing>,
}

impl Sheet {
    pub(crate) fn of(app: &Shared, parts: &Parts) -> Self {
        let mut frame = frame_of(app, parts);
        // What follows a form is no address to come back to.
        if frame.path.starts_with("/account") {
            frame.path = "/account".to_owned();
        }
        let seeing = parts.extensions.get::<Caller>().and_then(|caller| seeing(app, caller));
        let looks_after =
            parts.extensions.get::<Caller>().is_some_and(|caller| caller.powers().anywhere(Right::People));
        Self { w: Words::of(frame.voice.lang), frame, looks_after, seeing }
    }

    /// A whole page around its content.
    pub(crate) fn page(&self, title: &str, content: impl FnOnce(&mut Html, &'static Words)) -> String {
        let (mut out, frame) = (Html::default(), &self.frame);
        out.html("<!doctype html>\n<html lang=\"").html(frame.voice.lang.code()).html("\" data-theme=\"");
        out.html(frame.theme.code()).html("\">\n<head>\n<meta charset=\"utf-8\">\n<title>").text(title);
        out.html(
            " · Vigie</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"/icon.svg\">\n\
             <link rel=\"stylesheet\" href=\"/local.css\">\n</head>\n<body>\n",
        );
        self.top(&mut out);
        super::seeing::banner_of(&mut out, self);
        out.html("<main id=\"main\" tabindex=\"-1\">\n");
        content(&mut out, self.w);
        out.html("</main>\n");
        self.foot(&mut out);
        out.html("</body>\n</html>\n");
        out.into_text()
    }

    fn top(&self, out: &mut Html) {
        out.html("<a class=\"skip\" href=\"#main\">").text(self.frame.voice.words().skip).html("</a>\n<header>\n");
        out.html("<p class=\"brand\"><img src=\"/icon.svg\" alt=\"\" width=\"22\" height=\"22\"> <b>Vigie</b> <small>");
        out.name(&self.frame.node).html("</small></p>\n");
        if self.frame.who.is_some() {
            out.html("<nav aria-label=\"").text(self.frame.voice.words().pages).html("\"><a href=\"/\">");
            out.text(self.w.home).html("</a><a href=\"/account\" aria-current=\"page\">").text(self.w.account);
            out.html("</a>");
            if self.looks_after {
                out.html("<a href=\"/account/people\">").text(self.w.people).html("</a>");
            }
            out.html("</nav>\n");
        }
        out.html("</header>\n");
    }

    fn foot(&self, out: &mut Html) {
        let w = self.frame.voice.words();
        out.html("<footer>\n<form method=\"post\" action=\"/look\"><input type=\"hidden\" name=\"to\" value=\"");
        out.text(&self.frame.path).html("\"><label>").text(w.language).html(" <select name=\"lang\">");
        for lang in Lang::ALL {
            out.html("<option value=\"").html(lang.code()).html("\" lang=\"").html(lang.code());
            let chosen = if lang == self.frame.voice.lang { "\" selected>" } else { "\">" };
            out.html(chosen).text(lang.name()).html("</option>");
        }
        out.html("</select></label> <label>").text(w.theme).html(" <select name=\"theme\">");
        for (theme, word) in Theme::ALL.into_iter().zip([w.theme_system, w.theme_light, w.theme_dark]) {
            out.html("<option value=\"").html(theme.code());
            let chosen = if theme == self.frame.theme { "\" selected>" } else { "\">" };
            out.html(chosen).text(word).html("</option>");
        }
        out.html("</select></label> <button>").text(w.apply).html("</button></form>\n");
        if let Some(who) = &self.frame.who {
            out.html("<form method=\"post\" action=\"/sign-out\"><span>");
            out.fill(w.signed_in_as, |out, _| out.name(who));
            out.html("</span> <button>").text(w.sign_out).html("</button></form>\n");
        }
        out.html("</footer>\n");
    }
}

/// A field of a form, with its label.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    /// `text`, `email` or `password`.
    pub(super) kind: &'static str,
    /// What a browser may fill in.
    pub(super) fill: &'static str,
    pub(super) required: bool,
}

impl Field {
    /// A password that is known already.
    pub(super) fn known(name: &'static str, label: &'static str) -> Self {
        Self { name, label, kind: "password", fill: "current-password", required: true }
    }

    /// A password to be.
    pub(super) fn new(name: &'static str, label: &'static str) -> Self {
        Self { name, label, kind: "password", fill: "new-password", required: true }
    }

    /// A text.
    pub(super) fn text(name: &'static str, label: &'static str, fill: &'static str) -> Self {
        Self { name, label, kind: "text", fill, required: true }
    }

    /// Six digits, or nothing.
    pub(super) fn code(label: &'static str, required: bool) -> Self {
        Self { name: "code", label, kind: "text", fill: "one-time-code", required }
    }

    pub(super) fn draw(&self, out: &mut Html, value: &str) {
        out.html("<label for=\"").html(self.name).html("\">").text(self.label).html("</label><input id=\"");
        out.html(self.name).html("\" name=\"").html(self.name).html("\" type=\"").html(self.kind);
        out.html("\" autocomplete=\"").html(self.fill).html("\" spellcheck=\"false\" maxlength=\"256\"");
        out.html(if self.required { " required" } else { "" });
        out.html(" value=\"").text(value).html("\">");
    }
}
