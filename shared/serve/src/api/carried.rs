//! A site's file, written at its relay and taken in at the hub, when the line between them stays away.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;
use vigie_people::{At, Right};
use vigie_query::Limits;

use crate::act::Act;
use crate::door::Caller;
use crate::problem::{Code, Problem};
use crate::push::{drain, next_piece};
use crate::shared::{App, Shared};
use crate::stream::{Job, Outlet, stream};
use crate::ways::{Need, Ways};
use crate::{CarriedIn, Carries, NotCarriedIn, Place, Stamp, work};

/// What the name of such a file ends with.
const ENDING: &str = "vigie";

/// The largest file: more than a relay's store has room for.
const MOST_BYTES: u64 = 64 << 30;

/// Pieces on their way to the thread that reads: the line is held back while the store keeps up.
const QUEUED_PIECES: usize = 8;

/// Who sends nothing for this long has gone, whatever its connection says.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is read on of a file that is not taken, so that its sender hears why.
const DRAINED_BYTES: usize = 256 << 20;

/// Written where a line leads up, taken in where it ends.
pub(crate) fn ways(app: &App) -> Ways {
    match &app.carries {
        Some(Carries::Out(_)) => Ways::new().get("/carried", Need::May(Right::Decide), out),
        Some(Carries::In(_)) => Ways::new().post("/sites/{client}/{site}/carried", Need::May(Right::Fetch), into),
        None => Ways::new(),
    }
}

/// `GET /api/v1/carried`, at a relay: all that waits for the hub, in one file, for who decides at its site.
pub(crate) async fn out(State(app): State<App>, Extension(caller): Extension<Caller>) -> Result<Response, Problem> {
    let Some(Carries::Out(carries)) = app.carries.clone() else {
        return Err(Problem::not_found("files for the hub are written at a site's relay"));
    };
    let home = app.incidents.as_ref().and_then(|incidents| incidents.home());
    let decides = |home: &Place| caller.decides(Some(&home.client), Some(&home.site));
    let Some(Place { client, site }) = home.filter(decides) else {
        let next = "ask somebody who decides at this site";
        return Err(Problem::new(Code::NoRight, "these credentials may look at this site and not decide", next));
    };
    let turn = work::turn(&app.exports).await?;
    let write = move |_: &Shared, _: &Limits, out: &mut Outlet<String>| carries.write(&mut Spilling(out));
    let job = Job { turn, who: caller.who.clone(), life: None, content_type: "application/octet-stream" };
    let mut response = stream(&app, job, write).await.map_err(|error| {
        let problem = Problem::new(Code::Busy, error.unwrap_or_else(|| "it failed".to_owned()), "ask again");
        Problem { retry_after_seconds: Some(5), ..problem }
    })?;
    let day = Stamp(app.lookout.now().utc).to_string();
    let day = day.split('T').next().unwrap_or_default();
    // Letters, digits and hyphens.
    let named = format!("attachment; filename=\"{client}-{site}-{day}-hub.{ENDING}\"");
    if let Ok(named) = HeaderValue::from_str(&named) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, named);
    }
    Ok(response)
}

/// `POST /api/v1/sites/{client}/{site}/carried`, at the hub: takes in such a file, for who may have a site send what it keeps
/// back. However often it comes, it is taken once.
pub(crate) async fn into(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path((client, site)): Path<(String, String)>,
    body: Body,
) -> Result<Response, Problem> {
    let place = client.parse().ok().zip(site.parse().ok()).map(|(client, site)| Place { client, site });
    let Some(place) = place.filter(|place| caller.may(Right::Fetch, At::Site(&place.client, &place.site))) else {
        let next = "name a client and site where you have the right to fetch";
        return Err(Problem::new(Code::NoRight, "these credentials take in nothing there; nothing was changed", next));
    };
    let Some(Carries::In(carries)) = app.carries.clone() else {
        return Err(Problem::not_found("files of relays are taken in at the hub"));
    };
    let turn = work::turn(&app.carrying).await?;
    let (pieces, queue) = mpsc::channel(QUEUED_PIECES);
    tokio::spawn(feed(body, pieces));
    let app = Arc::clone(&app);
    let taken = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let taken = carries.take(&place, &mut Arriving { queue, piece: Bytes::new() });
        match &taken {
            Ok(taken) => noted(&app, &act, &place, taken)?,
            Err(NotCarriedIn::Part { taken, .. }) => noted(&app, &act, &place, taken)?,
            Err(NotCarriedIn::Unreadable(_) | NotCarriedIn::Refused(_) | NotCarriedIn::NotNow(_)) => {}
        }
        taken.map_err(problem)
    });
    let taken = taken.await.map_err(|died| {
        tracing::error!(%died, "a file could not be taken in");
        Problem::internal()
    })?;
    taken.map(|taken| Json(taken).into_response())
}

fn noted(app: &Shared, act: &Act, place: &Place, taken: &CarriedIn) -> Result<(), Problem> {
    let on = format!("{}/{}", place.client, place.site);
    act.noted(app, Some(&place.client), ("carried.take", on), (Value::Null, taken.noted()))
}

fn problem(error: NotCarriedIn) -> Problem {
    let told = error.to_string();
    match error {
        NotCarriedIn::Unreadable(_) => {
            Problem::new(Code::Unreadable, told, "have the relay write it anew: vigie-relay carry-out")
        }
        NotCarriedIn::Refused(_) => {
            Problem::new(Code::Conflict, told, "bring it to the hub and the site that it is of")
        }
        NotCarriedIn::NotNow(_) => {
            Problem { retry_after_seconds: Some(5), ..Problem::new(Code::Busy, told, "bring it again") }
        }
        NotCarriedIn::Part { .. } => Problem::new(
            Code::CarriedInPart,
            told,
            "have the relay write it anew, and bring that: nothing is taken twice",
        ),
    }
}

/// A file as it leaves.
struct Spilling<'a>(&'a mut Outlet<String>);

impl Write for Spilling<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.text.extend_from_slice(bytes);
        self.0.spill().map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file as it arrives, for a thread that may wait.
struct Arriving {
    queue: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Arriving {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.queue.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let some = self.piece.split_to(self.piece.len().min(into.len()));
        into[..some.len()].copy_from_slice(&some);
        Ok(some.len())
    }
}

async fn feed(mut body: Body, pieces: mpsc::Sender<io::Result<Bytes>>) {
    let mut bytes = 0;
    loop {
        let piece = match timeout(PATIENCE, next_piece(&mut body)).await {
            Ok(Ok(Some(piece))) => Ok(piece),
            Ok(Ok(None)) => return,
            Ok(Err(error)) => Err(io::Error::other(format!("the line broke off: {error}"))),
            Err(_) => Err(io::Error::other(format!("nothing came for {} s", PATIENCE.as_secs()))),
        };
        bytes += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        let piece = if bytes > MOST_BYTES {
            Err(io::Error::other(format!("it is larger than {MOST_BYTES} bytes, which is more than a relay keeps")))
        } else {
            piece
        };
        let is_last = piece.is_err();
        if pieces.send(piece).await.is_err() || is_last {
            return drain(body, DRAINED_BYTES).await;
        }
    }
}
