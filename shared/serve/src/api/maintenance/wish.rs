//! What is wished, as people and programs say it; and of what it is.

use serde_json::{Map, Value};
use vigie_people::At;

use super::super::incidents::watched;
use crate::door::Caller;
use crate::problem::Problem;
use crate::said::Fields;
use crate::shared::Shared;
use crate::{Marks, MuteWish};

/// The label that holds a wish to one machine, whatever else is called as that is.
const ONE: &str = "machine_id";

/// What a wish is of: a place, or the one machine there that it is held to.
pub(super) fn place<'a>(marks: &'a Marks, wish: &'a MuteWish) -> At<'a> {
    let machine = wish.labels.get(ONE).and_then(|id| id.parse().ok());
    marks.at(wish.client.as_ref(), wish.site.as_ref(), machine)
}

/// The wish of somebody who sees machines there for their tags, and not the place, held to the one that it names: a name alone
/// may become another's, too.
pub(super) fn narrowed(app: &Shared, caller: &Caller, mut wish: MuteWish) -> Result<MuteWish, Problem> {
    let is_of_place = caller.sees_at(wish.client.as_ref(), wish.site.as_ref());
    let Some(name) = wish.labels.get("machine").filter(|_| !is_of_place && !wish.labels.contains_key(ONE)) else {
        return Ok(wish);
    };
    let is_meant = |own: &Option<_>, at: &_| own.as_ref().is_none_or(|own| own == at);
    let mut seen = app.machines_seen(caller);
    seen.retain(|one| one.name == *name && is_meant(&wish.client, &one.client) && is_meant(&wish.site, &one.site));
    match seen.as_slice() {
        [one] => {
            wish.labels.insert(ONE.to_owned(), one.id.to_string());
            (wish.client, wish.site) = (Some(one.client.clone()), Some(one.site.clone()));
            Ok(wish)
        }
        [] => Ok(wish),
        _ => {
            Err(Problem::bad_parameter(format!("several machines that you see are called {name}: say which by {ONE}")))
        }
    }
}

/// The wish in a body. A relay's is for its own site, whatever it says not.
pub(super) fn wish(app: &Shared, fields: Fields) -> Result<MuteWish, Problem> {
    let mut value = fields.into_value();
    if let (Some(home), Value::Object(fields)) = (watched(app)?.home(), &mut value) {
        let place = [("client", home.client.to_string()), ("site", home.site.to_string())];
        for (name, own) in place {
            let said = fields.entry(name).or_insert_with(|| Value::String(own.clone()));
            if said.as_str() != Some(&own) {
                return Err(Problem::bad_parameter(format!("a relay mutes at its own site alone, {home}")));
            }
        }
    }
    if let Value::Object(fields) = &mut value {
        for_people(fields, app.lookout.now().utc.0)?;
        // A form's numbers are texts.
        for name in ["from_ms", "until_ms"] {
            if let Some(number) = fields.get(name).and_then(Value::as_str).and_then(|text| text.parse::<i64>().ok()) {
                fields.insert(name.to_owned(), number.into());
            }
        }
    }
    serde_json::from_value(value).map_err(|error| Problem::bad_parameter(format!("that is no maintenance: {error}")))
}

/// What a form says in fields of its own: for so many minutes from now on, a machine, a rule.
fn for_people(fields: &mut Map<String, Value>, now_ms: i64) -> Result<(), Problem> {
    if let Some(minutes) = fields.remove("minutes") {
        let said = minutes.as_str().and_then(|text| text.parse().ok()).or_else(|| minutes.as_i64());
        let minutes: i64 = said.ok_or_else(|| Problem::bad_parameter("minutes is a whole number"))?;
        let until_ms = now_ms.saturating_add(minutes.saturating_mul(60_000));
        fields.insert("until_ms".to_owned(), until_ms.into());
    }
    for name in ["machine", ONE, "rule"] {
        let Some(Value::String(value)) = fields.remove(name) else { continue };
        let labels = fields.entry("labels").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(labels) = labels
            && !value.is_empty()
        {
            labels.insert(name.to_owned(), Value::String(value));
        }
    }
    Ok(())
}
