//! The telephone's numbers: offered, confirmed, switched off, and the codes for when it is lost.

use axum::Form;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html as Page, IntoResponse, Redirect, Response};
use vigie_people::{Answer, Order};

use super::{Sent, carried_out, drawn, ended};
use crate::door::{Caller, field};
use crate::people::entrance::say;
use crate::people::sheet::{Field, Sheet};
use crate::problem::{Code, Problem};
use crate::shared::App;

/// `POST /account/telephone`: shows the secret, which is kept until the telephone answers.
pub(super) async fn offer(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts) -> Response {
    match carried_out(&app, &caller, &parts, Order::OfferTotp).await {
        Ok(Answer::Totp(offered)) => offered_page(&app, &parts, &offered.secret, Some(&offered.uri), None),
        Ok(_) => Redirect::to("/account").into_response(),
        Err(problem) => drawn(&app, &caller, &parts, false, Some((&problem, |w| w.failed))),
    }
}

/// `POST /account/telephone/confirm`.
pub(super) async fn confirm(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    sent: Sent,
) -> Response {
    let pairs = sent.map(|Form(pairs)| pairs).unwrap_or_default();
    let code = field(&pairs, "code").to_owned();
    match carried_out(&app, &caller, &parts, Order::ConfirmTotp { code }).await {
        Ok(answer) => codes_page(&app, &parts, &answer),
        // The secret is shown again as it was sent with the form: only what its own reader typed comes back to them.
        Err(problem) if problem.code == Code::Unauthorized => {
            offered_page(&app, &parts, field(&pairs, "secret"), None, Some(&problem))
        }
        Err(problem) => drawn(&app, &caller, &parts, false, Some((&problem, |w| w.failed))),
    }
}

/// `POST /account/telephone/codes`.
pub(super) async fn new_codes(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts) -> Response {
    match carried_out(&app, &caller, &parts, Order::NewRecovery).await {
        Ok(answer) => codes_page(&app, &parts, &answer),
        Err(problem) => drawn(&app, &caller, &parts, false, Some((&problem, |w| w.failed))),
    }
}

/// `POST /account/telephone/off`.
pub(super) async fn switch_off(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts) -> Response {
    let done = carried_out(&app, &caller, &parts, Order::EndTotp).await;
    ended(&app, &caller, &parts, done, |w| w.failed)
}

pub(in crate::people) fn codes_page(app: &App, parts: &Parts, answer: &Answer) -> Response {
    let Answer::Recovery(recovery) = answer else { return Redirect::to("/account").into_response() };
    let sheet = Sheet::of(app, parts);
    let text = sheet.page(sheet.w.telephone, |out, w| {
        out.html("<section class=\"door\">\n<h1>")
            .text(w.telephone)
            .html("</h1>\n<p>")
            .text(w.codes_say)
            .html("</p>\n<ul>");
        for code in &recovery.codes {
            out.html("<li><code>").text(code).html("</code></li>");
        }
        out.html("</ul>\n<p><a href=\"/account\">").text(w.account).html("</a></p>\n</section>\n");
    });
    Page(text).into_response()
}

fn offered_page(app: &App, parts: &Parts, secret: &str, uri: Option<&str>, refused: Option<&Problem>) -> Response {
    let sheet = Sheet::of(app, parts);
    let text = sheet.page(sheet.w.telephone, |out, w| {
        out.html("<section class=\"door\">\n<h1>").text(w.telephone).html("</h1>\n<p>").text(w.app_says).html("</p>\n");
        if let Some(refused) = refused {
            say(out, &sheet, refused, w.wrong_digits);
        }
        let groups: Vec<&str> = (0..secret.len()).step_by(4).filter_map(|at| secret.get(at..secret.len().min(at + 4))).collect();
        out.html("<p><code>").text(&groups.join(" ")).html("</code></p>\n");
        if let Some(squares) = uri.and_then(|uri| app.options.qr?(uri)) {
            // In the page itself: the secret is in no address, and the page is in no cache.
            squares.draw(out, w.app_squares);
        }
        if let Some(uri) = uri {
            out.html("<p><a href=\"").text(uri).html("\">").text(w.app_link).html("</a></p>\n");
        }
        out.html("<form method=\"post\" action=\"/account/telephone/confirm\"><input type=\"hidden\" name=\"secret\" value=\"");
        out.text(secret).html("\">");
        Field::code(w.digits, true).draw(out, "");
        out.html("<button class=\"primary\">").text(w.confirm).html("</button></form>\n</section>\n");
    });
    (refused.map_or(StatusCode::OK, |problem| problem.code.status()), Page(text)).into_response()
}
