//! How is a client's samples asked for in a file, and fetched once it is there?

use std::io::Read;

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use vigie_people::{At, Right};
use vigie_query::Limits;

use super::incidents::undecided;
use super::jobs::{decides, jobs, visible};
use crate::act::Act;
use crate::door::Caller;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::stream::{Job, Outlet, stream};
use crate::{ExportGiven, ExportWish, JobShown, work};

/// What is read of a file at once.
const CHUNK_BYTES: u64 = 64 * 1024;

/// `POST /api/v1/exports`: a client's samples into a file, for who sees all of that client.
pub(crate) async fn make(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    work::list(&app, move |app| {
        let wish: ExportWish = serde_json::from_value(fields.into_value())
            .map_err(|error| Problem::bad_parameter(format!("this does not say what is to be exported: {error}")))?;
        if !caller.may(Right::Look, At::Client(&wish.client)) {
            let next = "name a client of which you see everything; GET /api/v1/export gives what you see of a part";
            return Err(Problem::new(Code::NoRight, "these credentials do not see all of that client", next));
        }
        if app.lookout.sites_where(&mut |client, _| *client == wish.client).is_empty() {
            return Err(Problem::not_found("there is no such client here"));
        }
        wish.check().map_err(|error| Problem::bad_parameter(error.to_string()))?;
        let job = jobs(app)?.export(&wish, act.name()).map_err(undecided)?;
        act.noted(app, Some(&wish.client), ("export.make", job.id.to_string()), (Value::Null, json!(wish)))?;
        let shown = JobShown::of(&job, decides(&caller, &job), app.lookout.now().utc);
        Ok((StatusCode::ACCEPTED, Json(shown)).into_response())
    })
    .await
}

/// `GET /api/v1/exports/{id}/file`: what it gave, for who sees all of its client now.
pub(crate) async fn file(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let who = caller.who.clone();
    let (given, mut file) = work::list(&app, move |app| {
        let job = visible(app, &caller, &id)?;
        let given = ExportGiven::of(&job).ok_or_else(|| nothing_to_fetch(&job.id.to_string()))?;
        Ok((given, jobs(app)?.file(&job.id).map_err(undecided)?))
    })
    .await?;
    let turn = work::turn(&app.downloads).await?;
    let content_type = content_type(&given.name);
    let write = move |_: &Shared, _: &Limits, out: &mut Outlet<std::io::Error>| loop {
        let read = file.by_ref().take(CHUNK_BYTES).read_to_end(&mut out.text)?;
        if read == 0 || out.spill().is_err() {
            return Ok(());
        }
    };
    let streamed = stream(&app, Job { turn, who, life: None, content_type }, write).await;
    let mut response = streamed.map_err(|error| {
        tracing::error!(?error, "the file of an export can not be read");
        Problem::internal()
    })?;
    // The name is made of letters, digits and hyphens.
    if let Ok(kept) = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", given.name)) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, kept);
    }
    Ok(response)
}

fn nothing_to_fetch(id: &str) -> Problem {
    Problem {
        next: "GET /api/v1/jobs/{id} says whether it is done, and until when its file is kept",
        ..Problem::not_found(format!("the job {id} has no file"))
    }
}

fn content_type(name: &str) -> &'static str {
    use crate::ExportFormat::{Csv, Jsonl, Parquet};
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let found = [Csv, Jsonl, Parquet].into_iter().find(|format| format.ending() == ending);
    found.map_or("application/octet-stream", |format| format.content_type())
}
