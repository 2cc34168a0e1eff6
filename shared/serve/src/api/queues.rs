//! What waits beside the jobs: messages to people by each channel, and events for each webhook?
//!
//! These have queues of their own, with laws of their own: a message goes before or after others of its trouble, an event behind
//! those that came before it. Here they are counted, so that all that waits and all that failed is seen in one place.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::Slug;
use vigie_people::{At, Right};

use crate::door::Caller;
use crate::shared::Shared;
use crate::{Stamp, Telling, Webhook};

/// What a queue is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum QueueOf {
    /// Messages to people by one channel: GET /telling has each of them.
    Notification,
    /// Events for one webhook.
    Webhook,
}

/// A queue beside the jobs.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Queue {
    of: QueueOf,
    /// The channel's name, or the webhook's id.
    id: String,
    /// The channel's name, or where the webhook's events go.
    what: String,
    /// Whose; null for what is of all clients together.
    client: Option<Slug>,
    /// What waits, or is under way.
    waiting: u64,
    /// What was given up, and can be sent again.
    dead: u64,
    /// How often in a row it did not go; of messages how many of those that wait were tried before.
    failures: u64,
    /// What was said the last time, while it does not go.
    failing: Option<String>,
    /// Since when it does not go, where that is known.
    failing_since: Option<Stamp>,
    /// When it is tried next, while it does not go.
    next_at: Option<Stamp>,
}

/// All of them that the caller may know of: messages where they are given, webhooks by who tells people there.
pub(super) fn queues(app: &Shared, caller: &Caller, telling: Option<&Telling>) -> Vec<Queue> {
    let mut queues = telling.map(by_channel).unwrap_or_default();
    let hooks = app.hooks.as_deref().map(|hooks| hooks.list()).unwrap_or_default();
    let tells = |one: &Webhook| caller.may(Right::Tell, At::of(one.client.as_ref(), one.site.as_ref()));
    queues.extend(hooks.into_iter().filter(tells).map(of_webhook));
    queues
}

fn by_channel(telling: &Telling) -> Vec<Queue> {
    let mut channels: BTreeMap<&str, Queue> = BTreeMap::new();
    let fresh = |name: &str| Queue {
        of: QueueOf::Notification,
        id: name.to_owned(),
        what: name.to_owned(),
        client: None,
        waiting: 0,
        dead: 0,
        failures: 0,
        failing: None,
        failing_since: None,
        next_at: None,
    };
    for one in &telling.waiting {
        let queue = channels.entry(&one.channel).or_insert_with(|| fresh(&one.channel));
        queue.waiting += 1;
        if !one.said.is_empty() {
            queue.failures += 1;
            // That of the one which is tried next.
            if queue.next_at.is_none_or(|at| one.at < at) {
                (queue.failing, queue.next_at) = (Some(one.said.clone()), Some(one.at));
            }
        }
    }
    for one in &telling.dead {
        channels.entry(&one.channel).or_insert_with(|| fresh(&one.channel)).dead += 1;
    }
    channels.into_values().collect()
}

fn of_webhook(one: Webhook) -> Queue {
    Queue {
        of: QueueOf::Webhook,
        id: one.id,
        what: one.url,
        client: one.client,
        waiting: one.waiting,
        dead: one.dead,
        failures: u64::from(one.failures),
        failing: one.failing,
        failing_since: one.failing_since,
        next_at: one.next_at,
    }
}

#[cfg(test)]
mod tests {
    use vigie_model::UtcMs;

    use super::*;
    use crate::Message;

    fn message(channel: &str, at: i64, said: &str) -> Message {
        Message {
            id: format!("{at:032x}"),
            key: String::new(),
            route: "all".to_owned(),
            channel: channel.to_owned(),
            to: String::new(),
            subject: "hot".to_owned(),
            at: Stamp(UtcMs(at)),
            tries: u32::from(!said.is_empty()),
            said: said.to_owned(),
            displayed_at: None,
        }
    }

    #[test]
    fn each_channel_says_how_much_waits_and_what_was_said_by_whoever_is_tried_next() {
        let telling = Telling {
            waiting: vec![message("mail", 9, "451 later"), message("mail", 5, "no route"), message("sms", 1, "")],
            dead: vec![message("mail", 2, "550 nobody"), message("old", 3, "its channel is no longer configured")],
            ..Telling::default()
        };
        let queues = by_channel(&telling);
        let told =
            queues.iter().map(|one| (one.id.as_str(), one.waiting, one.dead, one.failures, one.failing.as_deref()));
        let wanted = [("mail", 2, 1, 2, Some("no route")), ("old", 0, 1, 0, None), ("sms", 1, 0, 0, None)];
        assert_eq!(told.collect::<Vec<_>>(), wanted);
        assert_eq!(queues[0].next_at, Some(Stamp(UtcMs(5))));
    }
}
