//! Is this node well, and what does it say of itself?

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use vigie_people::{At, Right};

use crate::door::{Address, credentials};
use crate::problem::Problem;
use crate::shared::App;
use crate::{Exposition, work, working};

/// `/healthz`, open: the process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// `/readyz`, open: it takes in and answers, or why not.
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    let ready = work::list(&app, |app| Ok(app.lookout.ready())).await;
    match ready {
        Ok(Ok(())) => "ready\n".into_response(),
        Ok(Err(not)) => {
            let text = not.reasons.iter().map(|reason| format!("not ready: {reason}\n")).collect::<String>();
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// `/metrics`: for who sees everything, because a node's own numbers are of all clients together; and for this machine
/// itself where the operator said so.
pub(crate) async fn metrics(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let local = app.options.metrics_open_to_loopback && Address::of(&parts, &app.options).is_loopback();
    if !local && !credentials(&app, &parts)?.may(Right::Node, At::Provider) {
        return Err(Problem::not_found("these credentials see some clients only, and metrics are of all together"));
    }
    let text = work::list(&app, |app| {
        let mut out = Exposition::default();
        app.lookout.own_metrics(&mut out);
        app.write_metrics(&mut out);
        if let Some(jobs) = app.jobs.as_deref() {
            working::write_metrics(jobs, (app.begun, app.lookout.now().utc), &mut out);
        }
        Ok(out.into_text())
    });
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.await?).into_response())
}
