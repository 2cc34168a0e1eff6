//! The page of who looks after people: who is here, who is waited for, and how somebody else is invited.

use axum::Form;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html as Page, IntoResponse, Redirect, Response};
use vigie_model::UtcMs;
use vigie_people::{Grant, InvitationShown, Language, Order, PersonShown, Right, Role};

use super::account::{Sent, carried_out, prove_form_of};
use super::entrance::say;
use super::inviting::{Handed, invite as hand};
use super::key_pages;
use super::seeing;
use super::sheet::Sheet;
use super::words::Words;
use crate::Stamp;
use crate::door::{Caller, field};
use crate::local::html::Html;
use crate::params::Pairs;
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::ways::{Need, Ways};

pub(super) fn ways() -> Ways {
    let need = Need::May(Right::People);
    Ways::new()
        .get("/account/people", need, page)
        .post("/account/people/invite", need, invite)
        .post("/account/people/{id}/see", need, seeing::see)
        .post("/account/invitations/{id}/renew", need, renew)
        .post("/account/invitations/{id}/withdraw", need, withdraw)
}

/// What the page shows.
struct Known {
    people: Vec<PersonShown>,
    waiting: Vec<InvitationShown>,
    roles: Vec<Role>,
    /// Where somebody new may be let in without a word: the widest place that the reader looks after.
    scope: String,
}

fn known(app: &Shared, caller: &Caller, now: UtcMs) -> Option<Known> {
    let directory = app.people.as_deref()?.directory();
    let powers = caller.powers();
    let scope = powers.scopes(Right::People).next().map(ToString::to_string).unwrap_or_default();
    Some(Known {
        people: directory.people_shown(powers),
        waiting: directory.invitations_shown(powers, now),
        roles: directory.roles_shown(),
        scope,
    })
}

/// What was done, or why not.
enum Said<'a> {
    Nothing,
    Handed(&'a Handed),
    Refused(&'a Problem, &'a Pairs),
}

/// `GET /account/people`.
async fn page(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts) -> Response {
    drawn(&app, &caller, &parts, &Said::Nothing)
}

fn drawn(app: &App, caller: &Caller, parts: &Parts, what: &Said<'_>) -> Response {
    let mut sheet = Sheet::of(app, parts);
    sheet.frame.path = "/account/people".to_owned();
    let Some(known) = known(app, caller, app.lookout.now().utc) else { return Redirect::to("/").into_response() };
    let status = if let Said::Refused(problem, _) = what { problem.code.status() } else { StatusCode::OK };
    let nothing = Pairs::default();
    let text = sheet.page(sheet.w.people, |out, w| {
        out.html("<h1>").text(w.people).html("</h1>\n");
        let typed = match what {
            Said::Nothing => &nothing,
            Said::Handed(one) => {
                handed(out, w, one);
                &nothing
            }
            Said::Refused(problem, _) if problem.code == Code::ProofNeeded => {
                prove_form_of(out, app, w, caller);
                return key_pages::script(out, app);
            }
            Said::Refused(problem, typed) => {
                say(out, &sheet, problem, w.failed);
                typed
            }
        };
        out.html("<div class=\"columns\">\n<div>\n");
        people(out, &sheet, &known.people, seeing::may(caller));
        seeing::section(out, app, &sheet, caller);
        out.html("</div>\n<div>\n");
        waiting(out, app, &sheet, &known.waiting);
        form(out, app, w, &known, typed);
        out.html("</div>\n</div>\n");
    });
    (status, Page(text)).into_response()
}

/// A code is on the screen this once, unless it went by mail.
fn handed(out: &mut Html, w: &'static Words, handed: &Handed) {
    match (&handed.mailed, &handed.link) {
        (Some(mailed), None) => {
            out.html("<p class=\"done\" role=\"status\">");
            out.fill(w.mailed, |out, place| match place {
                "who" => out.name(handed.email.as_str()),
                _ => out.text(&mailed.said),
            });
            out.html("</p>\n");
        }
        (mailed, link) => {
            if let Some(mailed) = mailed {
                out.html("<p class=\"not-done\" role=\"alert\">");
                out.fill(w.not_mailed, |out, _| out.text(&mailed.said));
                if let Some(job) = &handed.job {
                    out.html(" <a href=\"/jobs/").text(job.as_str()).html("\">").text(w.becomes).html("</a>");
                }
                out.html("</p>\n");
            }
            out.html("<p class=\"done\" role=\"status\">");
            out.fill(w.hand_on, |out, _| out.name(handed.email.as_str())).html("<br><code>");
            out.text(link.as_deref().unwrap_or_default()).html("</code></p>\n");
        }
    }
}

fn people(out: &mut Html, sheet: &Sheet, people: &[PersonShown], may_see: bool) {
    let w = sheet.w;
    out.html("<section>\n<h2>").text(w.here).html("</h2>\n<ul class=\"notes\">");
    for person in people {
        out.html("<li><b>").name(person.name.as_str()).html("</b> ").text(person.email.as_str()).html("<br>");
        grants(out, &person.grants);
        if person.disabled {
            out.text(" · ").text(w.disabled);
        }
        if let Some(seen_ms) = person.seen_ms {
            out.text(" · ").fill(w.seen, |out, _| sheet.frame.voice.at(out, Stamp(UtcMs(seen_ms))));
        }
        if may_see && !person.disabled {
            seeing::button(out, w, &person.id);
        }
        out.html("</li>");
    }
    out.html("</ul>\n</section>\n");
}

fn grants(out: &mut Html, grants: &[Grant]) {
    for (at, grant) in grants.iter().enumerate() {
        out.text(if at > 0 { ", " } else { "" }).text(grant.role.as_str()).text(" · ").shown(&grant.scope);
    }
}

fn waiting(out: &mut Html, app: &Shared, sheet: &Sheet, open: &[InvitationShown]) {
    let w = sheet.w;
    out.html("<section class=\"forms\">\n<h2>").text(w.waiting).html("</h2>\n");
    if open.is_empty() {
        out.html("<p>").text(w.nobody_waits).html("</p>\n");
    }
    for one in open {
        out.html("<div><b>").name(one.name.as_str()).html("</b> ").text(one.email.as_str()).html("<p>");
        grants(out, &one.grants);
        out.text(" · ").fill(w.until, |out, _| sheet.frame.voice.at(out, Stamp(UtcMs(one.until_ms))));
        if let Some(mailed) = &one.mailed {
            let sentence = if mailed.taken { w.went } else { w.went_not };
            out.text(" · ").fill(sentence, |out, place| match place {
                "at" => sheet.frame.voice.at(out, Stamp(UtcMs(mailed.at_ms))),
                _ => out.text(&mailed.said),
            });
        }
        out.html("</p>");
        for (way, word) in
            [("/renew\"", if app.options.post.is_some() { w.renew_mail } else { w.renew }), ("/withdraw\"", w.withdraw)]
        {
            out.html("<form method=\"post\" action=\"/account/invitations/").text(one.id.as_str()).html(way);
            out.html("><button>").text(word).html("</button></form>");
        }
        out.html("</div>\n");
    }
    out.html("</section>\n");
}

fn form(out: &mut Html, app: &Shared, w: &'static Words, known: &Known, typed: &Pairs) {
    out.html("<section class=\"forms\">\n<h2>").text(w.invite).html("</h2>\n");
    out.html("<form method=\"post\" action=\"/account/people/invite\">\n<label>").text(w.email);
    out.html(" <input name=\"email\" type=\"email\" autocomplete=\"off\" maxlength=\"254\" required value=\"");
    out.text(field(typed, "email")).html("\"></label>\n<label>").text(w.called);
    out.html(" <input name=\"name\" autocomplete=\"off\" maxlength=\"100\" required value=\"");
    out.text(field(typed, "name")).html("\"></label>\n<label>").text(w.role).html(" <select name=\"role\">");
    let chosen = if field(typed, "role").is_empty() { "observer" } else { field(typed, "role") };
    for role in &known.roles {
        out.html("<option").html(if role.name.as_str() == chosen { " selected>" } else { ">" });
        out.text(role.name.as_str()).html("</option>");
    }
    let scope = if field(typed, "scope").is_empty() { known.scope.as_str() } else { field(typed, "scope") };
    out.html("</select></label>\n<label>")
        .text(w.scope)
        .html(" <input name=\"scope\" autocomplete=\"off\" maxlength=\"450\" ");
    out.html("required value=\"").text(scope).html("\"></label>\n<label>").text(w.language_of);
    out.html(" <select name=\"language\">");
    let french = field(typed, "language") == "fr";
    out.html("<option value=\"en\" lang=\"en\">English</option><option value=\"fr\" lang=\"fr\"");
    out.html(if french { " selected>" } else { ">" }).html("Français</option></select></label>\n<p>");
    out.text(if app.options.post.is_some() { w.invite_mail_says } else { w.invite_says })
        .html("</p><button class=\"primary\">");
    out.text(w.invite_it).html("</button></form>\n</section>\n");
}

/// `POST /account/people/invite`.
async fn invite(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts, sent: Sent) -> Response {
    let pairs = sent.map(|Form(pairs)| pairs).unwrap_or_default();
    let done = match order(&pairs) {
        Ok(order) => hand(&app, &caller, &parts, "page", order, true).await,
        Err(problem) => Err(problem),
    };
    told(&app, &caller, &parts, &pairs, done)
}

fn told(app: &App, caller: &Caller, parts: &Parts, typed: &Pairs, done: Result<Handed, Problem>) -> Response {
    match done {
        Ok(handed) => drawn(app, caller, parts, &Said::Handed(&handed)),
        Err(problem) => drawn(app, caller, parts, &Said::Refused(&problem, typed)),
    }
}

fn order(pairs: &Pairs) -> Result<Order, Problem> {
    let wrong = |error: &dyn std::fmt::Display| Problem::bad_parameter(format!("{error}; nothing was changed"));
    let text = |name: &str| field(pairs, name).trim().to_owned();
    let email = text("email").parse().map_err(|error| wrong(&error))?;
    let name = text("name").parse().map_err(|error| wrong(&error))?;
    let role = text("role").parse().map_err(|error| wrong(&error))?;
    let scope = text("scope").parse().map_err(|error| wrong(&error))?;
    let language = if field(pairs, "language") == "fr" { Language::Fr } else { Language::En };
    Ok(Order::Invite { email, name, grants: vec![Grant { role, scope }], language })
}

/// `POST /account/invitations/{id}/renew`.
async fn renew(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(invitation): Path<String>,
    parts: Parts,
) -> Response {
    let Ok(invitation) = invitation.parse() else { return back() };
    let done = hand(&app, &caller, &parts, "page", Order::Renew { invitation }, true).await;
    if matches!(&done, Err(problem) if problem.code == Code::NotFound) {
        return back();
    }
    told(&app, &caller, &parts, &Pairs::default(), done)
}

/// `POST /account/invitations/{id}/withdraw`.
async fn withdraw(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(invitation): Path<String>,
    parts: Parts,
) -> Response {
    let Ok(invitation) = invitation.parse() else { return back() };
    match carried_out(&app, &caller, &parts, Order::Withdraw { invitation }).await {
        // Somebody took it up meanwhile, or back.
        Ok(_) | Err(Problem { code: Code::NotFound, .. }) => back(),
        Err(problem) => drawn(&app, &caller, &parts, &Said::Refused(&problem, &Pairs::default())),
    }
}

/// Why somebody can not be seen as.
pub(super) fn refused(app: &App, caller: &Caller, parts: &Parts, problem: &Problem) -> Response {
    drawn(app, caller, parts, &Said::Refused(problem, &Pairs::default()))
}

pub(super) fn back() -> Response {
    Redirect::to("/account/people").into_response()
}
