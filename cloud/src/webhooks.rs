//! Other programs are told of every event of this hub.
//!
//! Nothing that opens anything stands in a row: the secret by which a subscription's requests are signed follows from the
//! hub's own key and the subscription's id, so that a hub brought back from a backup signs as before.

use std::sync::Arc;
use std::time::Instant;

use data_encoding::{BASE64, HEXLOWER};
use tokio::runtime::Handle;
use vigie_model::UtcMs;
use vigie_node::{Failed, NodeClock};
use vigie_notify::config::OutgoingSaid;
use vigie_notify::{Hook, HookError, HookEvent, HookPost, HookSender, HookStanding, Hooks, Outcome};
use vigie_serve::{Happened, Stamp, Undecided, Webhook, WebhookDead, WebhookMade, WebhookTried, WebhookWish, Webhooks};
use vigie_store::State;

/// The subscriptions, and who sends.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    hooks: Arc<Hooks>,
    post: Arc<HookPost>,
    sender: HookSender,
    clock: NodeClock,
    runtime: Handle,
    key: [u8; 32],
}

impl Subscriptions {
    /// Reads who subscribed, tells them that what happened while the hub did not run was not followed, and begins to send.
    /// From within a runtime.
    pub(crate) fn start(
        state: Arc<State>,
        outgoing: &OutgoingSaid,
        clock: NodeClock,
        hub_key: &[u8; 32],
    ) -> Result<Self, Failed> {
        let guard = outgoing.guard(false).map_err(|error| Failed::new(2, error.to_string()))?;
        let hooks = Arc::new(Hooks::open(state)?);
        hooks.begun(clock.now().utc.0)?;
        let key = blake3::derive_key("vigie 2026-11 webhook secrets", hub_key);
        let post = Arc::new(HookPost::new(guard, Arc::new(move |hook: &Hook| secret_of(&key, &hook.id).to_vec())));
        let now = clock.clone();
        let sender = HookSender::start(hooks.clone(), post.clone(), Arc::new(move || now.now()));
        Ok(Self { hooks, post, sender, clock, runtime: Handle::current(), key })
    }

    /// Stops. What is under way is sent again the next time, with the same key.
    pub(crate) async fn close(&self) {
        self.sender.close().await;
    }

    fn find(&self, id: &str) -> Result<HookStanding, Undecided> {
        self.hooks.standing(self.clock.now()).into_iter().find(|one| one.hook.id == id).ok_or(NOT_HERE)
    }
}

const NOT_HERE: Undecided = Undecided::NotHere("such webhook");

fn secret_of(key: &[u8; 32], id: &str) -> [u8; 32] {
    *blake3::keyed_hash(key, id.as_bytes()).as_bytes()
}

impl Webhooks for Subscriptions {
    fn any(&self) -> bool {
        self.hooks.any()
    }

    fn take(&self, events: &[Happened]) -> Result<(), Undecided> {
        let event = |one: &Happened| HookEvent {
            kind: one.kind.to_owned(),
            client: one.client.clone(),
            site: one.site.clone(),
            // It was written as JSON.
            data: serde_json::from_str(&one.data).unwrap_or_default(),
            at_ms: one.at.ms(),
        };
        let events: Vec<HookEvent> = events.iter().map(event).collect();
        self.hooks.take(&events).map_err(|error| Undecided::NotKept(error.to_string()))
    }

    fn list(&self) -> Vec<Webhook> {
        let now = self.clock.now();
        self.hooks.standing(now).into_iter().map(|one| shown(one, now.utc)).collect()
    }

    fn subscribe(&self, wish: &WebhookWish, by: &str) -> Result<WebhookMade, Undecided> {
        let mut id = [0; 8];
        getrandom::fill(&mut id)
            .map_err(|error| Undecided::NotKept(format!("the system gives no random bytes: {error}")))?;
        let WebhookWish { url, kinds, client, site } = wish.clone();
        let id = HEXLOWER.encode(&id);
        let made_ms = self.clock.now().utc.0;
        let hook = Hook { id: id.clone(), url, kinds, client, site, by: by.chars().take(128).collect(), made_ms };
        self.hooks.subscribe(hook).map_err(undecided)?;
        let secret = format!("whsec_{}", BASE64.encode(&secret_of(&self.key, &id)));
        Ok(WebhookMade { webhook: shown(self.find(&id)?, self.clock.now().utc), secret })
    }

    fn unsubscribe(&self, id: &str) -> Result<(), Undecided> {
        self.hooks.unsubscribe(id).map_err(undecided)
    }

    fn test(&self, id: &str) -> Result<WebhookTried, Undecided> {
        let (hook, now, began) = (self.find(id)?.hook, self.clock.now().utc, Instant::now());
        let name = format!("{id}-test-{}", now.0);
        let (delivered, said) = match self.runtime.block_on(self.post.test(&hook, &name, now)) {
            Outcome::Taken(said) => (true, said),
            Outcome::Later { why, .. } | Outcome::Never(why) => (false, why),
        };
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(WebhookTried { delivered, said: said.as_str().to_owned(), took_ms })
    }

    fn dead(&self, id: &str) -> Result<Vec<WebhookDead>, Undecided> {
        let dead = self.hooks.dead(id).map_err(undecided)?.into_iter();
        let shown = dead.map(|one| WebhookDead {
            delivery: one.seq,
            kind: one.event.kind,
            data: one.event.data,
            seen_at: Stamp(UtcMs(one.event.at_ms)),
            given_up_at: Stamp(UtcMs(one.at_ms)),
            tries: one.tries,
            why: one.why,
        });
        Ok(shown.collect())
    }

    fn redeliver(&self, id: &str, only: Option<u64>) -> Result<u64, Undecided> {
        self.hooks.redeliver(id, only).map_err(undecided)
    }
}

fn shown(one: HookStanding, now: UtcMs) -> Webhook {
    let HookStanding { hook, waiting, dead, failing, failing_since_ms, again_in_ms, oldest_ms, failures } = one;
    let Hook { id, url, kinds, client, site, by, made_ms } = hook;
    let stamp = |ms: i64| Stamp(UtcMs(ms));
    Webhook {
        id,
        url,
        kinds,
        client,
        site,
        by,
        made_at: stamp(made_ms),
        waiting,
        dead,
        failing,
        failing_since: failing_since_ms.map(stamp),
        next_at: again_in_ms.map(|ms| stamp(now.0.saturating_add_unsigned(ms))),
        oldest_at: oldest_ms.map(stamp),
        failures,
    }
}

fn undecided(error: HookError) -> Undecided {
    match error {
        HookError::NotThere => NOT_HERE,
        HookError::TooMany => Undecided::Senseless(error.to_string()),
        HookError::Commit(_) | HookError::Read(_) => Undecided::NotKept(error.to_string()),
    }
}
