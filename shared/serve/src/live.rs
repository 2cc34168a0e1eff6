//! How does somebody learn of a change at once, without asking again and again?
//!
//! `GET /api/v1/events` is a stream of server-sent events: what changes of alerts, decisions, presence, machines, sites and jobs,
//! as far as its reader may see it. While anybody listens a watcher compares what there is every second; what it finds goes
//! through a ring of bounded length, and each reader takes from the ring at their own pace. Who comes back says which event
//! was their last and goes on there; who was away for too long is told so by a `reset`, and loads the lists anew.

mod ring;
mod seen;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use http_body::Frame;
use serde_json::json;
use tokio::sync::{mpsc, watch};

use self::ring::{Event, Ring, Since};
pub(crate) use self::seen::KINDS;
use self::seen::Seen;
use crate::door::{Caller, sees_tagged};
use crate::params::Params;
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::stream::still_may;
use crate::{Happened, Marks, Stamp};

/// How often what there is is compared.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often a reader hears something when there is nothing to tell, and how soon one whose rights were taken back is parted
/// from.
const BEAT_EVERY: Duration = Duration::from_secs(10);

/// For how long the watcher goes on when nobody listens: a telephone that was in a tunnel misses nothing.
const ALONE_FOR: Duration = Duration::from_secs(600);

/// Readers at once: half of all connections.
const READERS: usize = 256;

/// A reader that takes nothing for this long has gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is told, and who listens.
#[derive(Debug)]
pub(crate) struct Live {
    ring: Mutex<Ring>,
    newest: watch::Sender<u64>,
    readers: AtomicUsize,
    watched: AtomicBool,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            ring: Mutex::default(),
            newest: watch::Sender::new(0),
            readers: AtomicUsize::new(0),
            watched: AtomicBool::new(false),
        }
    }
}

impl Live {
    fn ring(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `GET /api/v1/events?kinds=`: everything, or some of alert, decision, presence, machine, site and job with commas. With
/// `Last-Event-ID` it goes on after that one.
pub(crate) async fn events(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: axum::http::Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::of_uri(&uri);
    let kinds = kinds(params.get("kinds"))?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let place = Place::take(&app)?;
    begin_watching(&app).await;
    let (out, queue) = mpsc::channel(8);
    let reader = Reader { app: App::clone(&app), caller, kinds, out, _place: place };
    tokio::spawn(reader.read(last));
    let mut response = Body::new(Feed(queue)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(response)
}

fn kinds(text: Option<&str>) -> Result<Vec<&'static str>, Problem> {
    let Some(text) = text else { return Ok(KINDS.to_vec()) };
    let known = |word: &str| KINDS.into_iter().find(|kind| *kind == word);
    let wrong = || Problem::bad_parameter(format!("kinds are some of {}, with commas", KINDS.join(", ")));
    text.split(',').map(|word| known(word).ok_or_else(wrong)).collect()
}

/// A reader's place, which is given back when they go.
struct Place(App);

impl Place {
    fn take(app: &App) -> Result<Self, Problem> {
        let place = Self(App::clone(app));
        if app.live.readers.fetch_add(1, Ordering::SeqCst) < READERS {
            return Ok(place);
        }
        let problem = Problem::new(Code::Busy, "as many listen as this node tells at once", "listen again later");
        Err(Problem { retry_after_seconds: Some(30), ..problem })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.live.readers.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Reader {
    app: App,
    caller: Caller,
    kinds: Vec<&'static str>,
    out: mpsc::Sender<Bytes>,
    _place: Place,
}

/// Nobody reads any more.
struct Gone;

impl Reader {
    async fn read(self, last: Option<String>) {
        let mut newest = self.app.live.newest.subscribe();
        let mut at = match self.greet(last).await {
            Ok(at) => at,
            Err(Gone) => return,
        };
        loop {
            newest.borrow_and_update();
            match self.tell(at).await {
                Ok(told) => at = told,
                Err(Gone) => return,
            }
            if let Ok(changed) = tokio::time::timeout(BEAT_EVERY, newest.changed()).await {
                if changed.is_err() {
                    return;
                }
            } else if self.send(":\n\n".to_owned()).await.is_err() {
                return;
            }
        }
    }

    /// Says where the stream begins: after their last event, or now.
    async fn greet(&self, last: Option<String>) -> Result<u64, Gone> {
        let (at, id, missed) = {
            let ring = self.app.live.ring();
            let found = last.as_deref().map(|last| ring.resume(last));
            let at = if let Some(Since::After(seq)) = found { seq } else { ring.newest() };
            (at, ring.id(at), matches!(found, Some(Since::TooOld)))
        };
        let text = if missed { reset(&id) } else { format!("event: ready\nid: {id}\ndata: {{}}\n\n") };
        self.send(text).await.map(|()| at)
    }

    /// Tells what came after an event, and says how far that goes.
    async fn tell(&self, at: u64) -> Result<u64, Gone> {
        let marks = self.marks().await;
        let (text, to) = {
            let ring = self.app.live.ring();
            match ring.after(at) {
                Some(events) => {
                    let told = events.filter(|event| self.wants(event, &marks)).map(|event| written(event, &ring));
                    (told.collect::<String>(), ring.newest())
                }
                None => (reset(&ring.id(ring.newest())), ring.newest()),
            }
        };
        if !text.is_empty() {
            self.send(text).await?;
        }
        Ok(to)
    }

    fn wants(&self, event: &Event, marks: &Marks) -> bool {
        self.kinds.contains(&event.kind) && event.is_for(self.caller.powers(), marks)
    }

    /// What machines are called now, for who sees them by that: asked for each time, so that a tag that is taken away takes
    /// the right away at once.
    async fn marks(&self) -> Arc<Marks> {
        if !sees_tagged(self.caller.powers()) {
            return Arc::default();
        }
        let app = App::clone(&self.app);
        let asked = tokio::task::spawn_blocking(move || app.marks());
        // Without them nothing of a machine is told to who sees it by its tags.
        asked.await.unwrap_or_default()
    }

    async fn send(&self, text: String) -> Result<(), Gone> {
        let (app, who) = (App::clone(&self.app), Arc::clone(&self.caller.who));
        let may = tokio::task::spawn_blocking(move || still_may(&app, &who)).await.unwrap_or(false);
        if !may {
            tracing::info!(who = self.caller.who.name, "credentials were taken back; their stream of events ended");
            return Err(Gone);
        }
        match tokio::time::timeout(PATIENCE, self.out.send(text.into())).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}

fn written(event: &Event, ring: &Ring) -> String {
    // JSON has no line ends of its own, so that it is one line of the stream.
    format!("event: {}\nid: {}\ndata: {}\n\n", event.kind, ring.id(event.seq), event.data)
}

fn reset(id: &str) -> String {
    let data = json!({ "why": "what happened meanwhile is not kept any more", "next": "load the lists anew" });
    format!("event: reset\nid: {id}\ndata: {data}\n\n")
}

/// Sees to it that somebody compares what there is; who listens from now on misses nothing that comes after.
async fn begin_watching(app: &App) {
    if app.live.watched.swap(true, Ordering::SeqCst) {
        return;
    }
    let first = look(App::clone(app), Seen::default()).await;
    // What was told before is too far away: between then and now nobody looked.
    *app.live.ring() = Ring::new(fresh_epoch());
    tokio::spawn(watch_over(Arc::downgrade(app), first.map(|(seen, _)| seen).unwrap_or_default()));
}

/// From now on what there is is watched, if anybody is told of events who does not listen.
pub(crate) async fn watch_for_hooks(app: &App) {
    if app.hooks.as_ref().is_some_and(|hooks| hooks.any()) {
        begin_watching(app).await;
    }
}

/// As [`watch_for_hooks`], for a node that starts with webhooks. Where there is no runtime nobody serves.
pub(crate) fn follow_for_hooks(app: &App) {
    if app.hooks.is_some()
        && let Ok(runtime) = tokio::runtime::Handle::try_current()
    {
        let app = App::clone(app);
        runtime.spawn(async move { watch_for_hooks(&app).await });
    }
}

/// What webhooks are told of. What can not be kept for them now is given again with what comes next.
async fn hand_to_hooks(app: &App, waiting: &mut Vec<Happened>, events: &[Event]) {
    let Some(hooks) = app.hooks.clone().filter(|hooks| hooks.any()) else { return waiting.clear() };
    let at = Stamp(app.lookout.now().utc);
    let told = |event: &Event| Happened {
        kind: event.kind,
        client: event.client.clone(),
        site: event.site.clone(),
        data: event.data.clone(),
        at,
    };
    // What is told to those who see a machine no more is of no place as a whole.
    waiting.extend(events.iter().filter(|event| event.before.is_none()).map(told));
    if waiting.is_empty() {
        return;
    }
    let handed = waiting.clone();
    let taken = tokio::task::spawn_blocking(move || hooks.take(&handed)).await;
    match taken {
        Ok(Ok(())) => waiting.clear(),
        Ok(Err(error)) => tracing::warn!(%error, "events could not be kept for webhooks; they are given again"),
        Err(died) => {
            tracing::error!(%died, "events were not kept for webhooks by an error of ours; they are given again")
        }
    }
}

async fn watch_over(app: Weak<Shared>, mut seen: Seen) {
    let mut alone = Duration::ZERO;
    let mut waiting = Vec::new();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(app) = app.upgrade() else { return };
        let is_alone =
            app.live.readers.load(Ordering::SeqCst) == 0 && app.hooks.as_ref().is_none_or(|hooks| !hooks.any());
        alone = if is_alone { alone + LOOK_EVERY } else { Duration::ZERO };
        if alone > ALONE_FOR {
            app.live.watched.store(false, Ordering::SeqCst);
            return;
        }
        let Some((now, events)) = look(App::clone(&app), seen.clone()).await else { continue };
        seen = now;
        // Before anybody else hears of them: what was shown to one is told to all.
        hand_to_hooks(&app, &mut waiting, &events).await;
        if events.is_empty() {
            continue;
        }
        let newest = {
            let mut ring = app.live.ring();
            events.into_iter().for_each(|event| ring.push(event));
            ring.newest()
        };
        app.live.newest.send_replace(newest);
    }
}

/// What there is now, and what is different from before.
async fn look(app: App, before: Seen) -> Option<(Seen, Vec<Event>)> {
    let looked = tokio::task::spawn_blocking(move || before.then(&app));
    looked.await.inspect_err(|died| tracing::error!(%died, "what changed could not be looked at")).ok()
}

/// What tells the events of one watch from those of another: after a restart numbers begin anew.
fn fresh_epoch() -> u64 {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_be_bytes(bytes),
        // An epoch that came before makes somebody go on where they should begin anew; a time rarely does.
        Err(_) => std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos() as u64),
    }
}

/// The connection's end of a reader.
struct Feed(mpsc::Receiver<Bytes>);

impl HttpBody for Feed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}
