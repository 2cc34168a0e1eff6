//! Who did what, as the rows that people write tell of it?
//!
//! For whoever keeps an audit: each version of a row is a deed of one person, at the hub or at a site. Of what a site decided
//! several times while it was cut off only the last is there to be told. Pure: it knows no store.

use serde_json::{Map, Value, json};
use vigie_alerts::{About, Part, Place, Said, Word, word};
use vigie_merge::{Key, Kind, Marker, Row};
use vigie_model::UtcMs;
use vigie_people::Deed;
use vigie_serve::MarkKind;
use vigie_watch::Tuning;

use crate::mutes::{self, MuteRow};
use crate::oncall::is_schedule;
use crate::routes;
use crate::ruling::{Ruled, What, decode, read_tag, scope_text};

/// The kinds of rows that [`deeds`] reads.
pub const DEED_KINDS: [Kind; 6] = [Kind::Ack, Kind::Comment, Kind::Maintenance, Kind::Route, Kind::Rule, Kind::Tag];

/// The number of the hub's actors.
const HUB: u16 = 1;

/// What people did, by a row as it stands: the latest first. `about` is what its alert is about, where it is of one and that
/// is known.
pub fn deeds(key: &Key, row: &Row, about: Option<&About>) -> Vec<Deed> {
    if let Row::Length(length) = row {
        return tagged(key, length.is_present(), &row.encode()).into_iter().collect();
    }
    let versions: Vec<(Marker, Vec<u8>)> = match row {
        Row::Many(many) => many.values().into_iter().filter_map(|(marker, value)| Some((marker, value?))).collect(),
        Row::Last(last) => last.value().map(|value| (last.marker(), value.to_vec())).into_iter().collect(),
        _ => Vec::new(),
    };
    let read = |(marker, value): (Marker, Vec<u8>)| {
        let told = match key.kind() {
            Kind::Ack | Kind::Comment => decided(key, &value, about),
            Kind::Maintenance => muted(key, &value),
            Kind::Route => routed(key, &value),
            Kind::Rule => ruled(key, &value),
            _ => None,
        };
        let Told { what, on, said, is } = told?;
        let Said { happened, by, at, what: () } = said;
        let at_hub = marker.actor.number() == HUB;
        let mark = Deed::mark(&value);
        Some(Deed { what, on, who: by, at, from: String::new(), happened: Some(happened), at_hub, is, mark })
    };
    versions.into_iter().filter_map(read).collect()
}

struct Told {
    what: &'static str,
    on: String,
    said: Said<()>,
    is: Value,
}

fn decided(key: &Key, value: &[u8], about: Option<&About>) -> Option<Told> {
    let (place, part) = Place::of(key)?;
    let said = word(part, value)?;
    let (what, is) = match (part, &said.what) {
        (Part::Acknowledged, Word::Text(Some(note))) => ("alert.acknowledge", json!({ "note": note })),
        (Part::Acknowledged, _) => ("alert.unacknowledge", Value::Null),
        (Part::Assigned, Word::Text(Some(to))) => ("alert.assign", json!({ "to": to })),
        (Part::Assigned, _) => ("alert.unassign", Value::Null),
        (Part::Snoozed, Word::Until(Some(until))) => ("alert.snooze", json!({ "until_ms": until.0 })),
        (Part::Snoozed, _) => ("alert.wake", Value::Null),
        (Part::Closed, Word::Text(why)) => ("alert.resolve", json!({ "why": why })),
        (Part::Comment(_), Word::Text(text)) => ("alert.comment", json!({ "text": text })),
        _ => return None,
    };
    let named = about.map(|about| {
        let machine = about.labels.get("machine").map(|machine| format!(" of {machine}")).unwrap_or_default();
        format!(" {}{machine}", about.rule)
    });
    let on = format!("{} {}{}", scope_text(&key.scope()), place.id, named.unwrap_or_default());
    Some(Told { what, on, said: without(said), is })
}

fn muted(key: &Key, value: &[u8]) -> Option<Told> {
    let said = mutes::read(value)?;
    let MuteRow { silence, labels, from, until, every, why, ended } = &said.what;
    let is = json!({ "labels": labels, "from_ms": from.0, "until_ms": until.0, "every": every, "why": why });
    let on = format!("{} {}", scope_text(&key.scope()), key.name());
    let said = without(said.clone());
    Some(match (silence, ended) {
        (true, None) => Told { what: "silence.add", on, said, is },
        (false, None) => Told { what: "maintenance.add", on, said, is },
        (silence, Some((who, at))) => Told {
            what: if *silence { "silence.end" } else { "maintenance.end" },
            on,
            // The row says where it was made, not where it was ended.
            said: Said { happened: *at, by: who.clone(), at: String::new(), what: () },
            is: Value::Null,
        },
    })
}

fn routed(key: &Key, value: &[u8]) -> Option<Told> {
    let said = routes::read(value)?;
    let what = match (is_schedule(key), &said.what.text) {
        (false, Some(_)) => "route.set",
        (false, None) => "route.remove",
        (true, Some(_)) => "oncall.set",
        (true, None) => "oncall.remove",
    };
    let text = said.what.text.as_deref();
    let is = text.map_or(Value::Null, |text| serde_json::from_str(text).unwrap_or_else(|_| json!(text)));
    let on = format!("{} {}", scope_text(&key.scope()), said.what.name);
    Some(Told { what, on, said: without(said), is })
}

fn ruled(key: &Key, value: &[u8]) -> Option<Told> {
    let said = decode(value).ok()?;
    let Ruled { name, of, what } = &said.what;
    let on = format!("{}{} {name}", scope_text(&key.scope()), of.shown());
    let (what, is) = match what {
        What::Written { file, group, text, .. } => ("rule.set", json!({ "file": file, "group": group, "text": text })),
        What::Tuned(tuned) => {
            let words = Tuning::from(tuned).said().into_iter();
            let words: Map<String, Value> = words.map(|(name, value)| (name.to_owned(), json!(value))).collect();
            ("rule.set", Value::Object(words))
        }
        What::Removed { .. } => ("rule.remove", Value::Null),
    };
    Some(Told { what, on, said: without(said), is })
}

/// A row of a tag says nothing of who wrote it.
fn tagged(key: &Key, present: bool, row: &[u8]) -> Option<Deed> {
    let ((kind, word), machine) = read_tag(key)?;
    let what = match (kind, present) {
        (MarkKind::Tag, true) => "tag.add",
        (MarkKind::Tag, false) => "tag.remove",
        (MarkKind::Group, true) => "group.add",
        (MarkKind::Group, false) => "group.remove",
    };
    Some(Deed {
        what,
        on: format!("{} {machine}", scope_text(&key.scope())),
        who: String::new(),
        at: String::new(),
        from: String::new(),
        happened: None::<UtcMs>,
        at_hub: false,
        is: if present { json!(word) } else { Value::Null },
        mark: Deed::mark(row),
    })
}

fn without<T>(said: Said<T>) -> Said<()> {
    Said { happened: said.happened, by: said.by, at: said.at, what: () }
}
