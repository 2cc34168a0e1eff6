//! How fast is another program told of every event?

use std::time::Duration;

use serde_json::{Value, json};
use vigie_trial::Receiver;

use super::world::{World, client_name};
use super::{Found, Row, Size, of_world, until};
use crate::say;
use crate::table::{Goal, load};

/// How long all of it may take.
const WITHIN: Duration = Duration::from_secs(180);

pub(super) fn rows(size: Size) -> Vec<Row> {
    let what = format!("{} events for one webhook on this machine, each kept until it is taken: posted", size.posts);
    vec![Row { what: of_world(size, &what), unit: "events/s", goal: Goal::None }]
}

pub(super) fn measure(world: &World, size: Size) -> Result<Vec<Found>, String> {
    let sink = Receiver::webhook();
    let mut provider = world.cast.provider()?;
    let client = client_name(1);
    let wish = json!({ "url": format!("http://127.0.0.1:{}/", sink.port), "kinds": ["alert"], "client": client });
    let made = provider.say("POST", "/api/v1/webhooks", &wish)?;
    let id = made["id"].as_str().ok_or("no webhook was made")?.to_owned();
    world.ovens(1, "posted", size.posts)?;
    let wanted = size.posts as usize;
    let all = until("every event was posted", WITHIN, || Ok(sink.came().len() >= wanted));
    provider.say("DELETE", &format!("/api/v1/webhooks/{id}"), &Value::Null)?;
    all?;
    let came = sink.came();
    let (Some(first), Some(last)) = (came.first(), came.last()) else { return Err("nothing came".to_owned()) };
    let seconds = (last.at - first.at).as_secs_f64();
    say(&format!("{} events came to the webhook within {seconds:.2} s (load {})", came.len(), load()));
    Ok(vec![((came.len() - 1) as f64 / seconds.max(1e-6)).into()])
}
