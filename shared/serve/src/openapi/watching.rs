//! What is said of the ways by which people see what is wrong, and decide?

use serde_json::{Value, json};

use super::operation::{Operation, named, number, one_of, slug, tagged, text, time};
use crate::api::{IncidentList, MaintenanceList, MessageWhole, OnCallList, RouteList, Rules};
use crate::{
    Decision, DispatchSaid, Incident, Message, Mute, MutePreview, MuteWish, RouteTried, RuleLevels, RuleWish, Telling,
    ToldOf,
};

pub(super) fn all() -> Vec<Operation> {
    let all = [incidents(), saying(), rules(), maintenance(), prometheus()];
    tagged("watch", all.into_iter().flatten().collect())
}

fn incidents() -> Vec<Operation> {
    vec![
        Operation::get("/incidents", "What is wrong, newest first; what is open unless said otherwise")
            .listed("Incidents in one answer; 100 unless said otherwise.")
            .may("standing", text(), "`open`, `all`, or some of firing, acknowledged, snoozed, resolved with commas.")
            .may("client", text(), "Of this client alone.")
            .may("site", text(), "Of this site alone.")
            .may("machine", text(), "Of this machine alone, by name or id.")
            .may("severity", one_of(&["info", "warning", "critical"]), "From this on.")
            .may("since", time(), "What began, ended or was learnt since then.")
            .answers::<IncidentList>(200),
        Operation::get("/incidents/{id}", "One of them").answers::<Incident>(200),
        Operation::get("/incidents/{id}/messages", "Who was told of it by this node, and why others were not")
            .more("To whom, and what was answered, is for who sees every client.")
            .answers::<ToldOf>(200),
        Operation::post("/incidents/{id}/{word}", "Decides, in your name")
            .word("word", &Decision::WORDS, "What is decided.")
            .more("A good answer means durable here. `text` is the note, the assignee, the comment or the reason; a snooze has \
                   `until` or `minutes`.")
            .takes_as(FORMS, decision(), Some(json!({})))
            .answers::<Incident>(200),
        Operation::get("/telling", "How telling people goes, for who sees every client").answers::<Telling>(200),
        Operation::get("/telling/{id}", "One message to people, and where it stands").answers::<MessageWhole>(200),
        Operation::post("/telling/{id}/retry", "Sends a message now that waits, or was given up")
            .more("Under the key that it had, by which receivers drop doubles; it says what was so when it was written.")
            .answers::<Message>(200),
        Operation::post("/telling/{id}/cancel", "A message that waits is not sent").answers::<Message>(200),
        Operation::get("/oncall", "Who is on call for what you may see, and who is next").answers::<OnCallList>(200),
        Operation::get("/routes", "Who is told of what you may see").answers::<RouteList>(200),
        Operation::post("/routes/{name}/test", "Sends a real message to each receiver, and says what each said")
            .answers::<RouteTried>(200),
    ]
}

/// Routes and schedules, as people say them for a place.
fn saying() -> Vec<Operation> {
    let place = |operation: Operation| {
        operation.may_as("client", slug(), "For a client; everybody's if left out.", "acme").may_as(
            "site",
            slug(),
            "For a site of it.",
            "lyon",
        )
    };
    let seen = "The ETag that GET gave: 412 if it is another one.";
    let route = json!({ "channels": ["mail"], "severity": "warning" });
    let schedule = json!({ "start": "2026-01-05", "turns": ["marie"],
        "person": [{ "name": "marie", "tell": [{ "channel": "mail", "to": "marie@example.org" }] }] });
    let fields = || json!({ "type": "object" });
    vec![
        place(Operation::get("/routes/{name}", "A route that is said for a place")).answers::<DispatchSaid>(200),
        place(Operation::put("/routes/{name}", "Says a route for a place"))
            .more("With the fields of `[[route]]`. Who does not tell everywhere names channels that a route of theirs names.")
            .header("If-Match", seen)
            .takes_as(FORMS, fields(), Some(route))
            .answers::<DispatchSaid>(200),
        place(Operation::delete("/routes/{name}", "Takes a route of a place back")).header("If-Match", seen),
        place(Operation::get("/oncall/{name}", "A schedule that is said for a place")).answers::<DispatchSaid>(200),
        place(Operation::put("/oncall/{name}", "Says a schedule for a place"))
            .more("With the fields of `[[schedule]]`.")
            .header("If-Match", seen)
            .takes_as(FORMS, fields(), Some(schedule))
            .answers::<DispatchSaid>(200),
        place(Operation::delete("/oncall/{name}", "Takes a schedule of a place back")).header("If-Match", seen),
        place(Operation::post("/oncall/{name}/stand-ins", "Has somebody of a schedule stand in"))
            .takes_as(FORMS, stand_in(), Some(json!({ "who": "marie", "minutes": 60 })))
            .answers::<DispatchSaid>(201),
    ]
}

fn stand_in() -> Value {
    json!({ "type": "object", "additionalProperties": false, "required": ["who"], "properties": {
        "who": { "type": "string" }, "from": time(), "until": time(), "minutes": number(1, 366 * 24 * 60),
    }, "oneOf": [{ "required": ["until"] }, { "required": ["minutes"] }] })
}

fn rules() -> Vec<Operation> {
    let place = || json!({ "name": "Hot", "client": "acme", "site": "lyon", "on": false });
    vec![
        Operation::get("/watch/rules", "The rules that are evaluated here, and what they found").answers::<Rules>(200),
        Operation::get("/watch/rules/{name}", "What is said of a rule at each level")
            .may("machine", text(), "A machine, by name or id: what holds for it, value by value.")
            .answers::<RuleLevels>(200),
        Operation::post("/watch/rules", "Says what of a rule is different at a place")
            .header("If-Match", "The ETag of GET /watch/rules/{name} that you saw: 412 if it is another one.")
            .takes::<RuleWish>(place())
            .answers::<RuleLevels>(201),
        Operation::post("/watch/rules/unset", "Takes back what is said of a rule at a place")
            .takes::<RuleWish>(place())
            .answers::<RuleLevels>(200),
    ]
}

fn maintenance() -> Vec<Operation> {
    let wish = |operation: Operation| {
        let (known, _) = named::<MuteWish>();
        let example = json!({ "client": "acme", "site": "lyon", "minutes": 5, "why": "x" });
        operation.knowing(known).takes_as(FORMS, mute_wish(), Some(example))
    };
    vec![
        Operation::get("/maintenance", "What mutes or will, and what ended within a week")
            .answers::<MaintenanceList>(200),
        wish(Operation::post("/maintenance", "Mutes, in your name")).answers::<Mute>(201),
        wish(Operation::post("/maintenance/preview", "What a wish would mute")).answers::<MutePreview>(200),
        Operation::get("/maintenance/{id}", "One of them").answers::<Mute>(200),
        Operation::post("/maintenance/{id}/end", "Ends it before its time")
            .header("If-Match", "The ETag of GET /maintenance/{id} that you saw: 412 if it is another one.")
            .answers::<Mute>(200),
    ]
}

fn prometheus() -> Vec<Operation> {
    let answer = || {
        json!({ "type": "object", "required": ["status", "data"], "properties": { "status": { "const": "success" },
            "data": { "type": "object" } } })
    };
    let json: &[&str] = &["application/json"];
    vec![
        Operation::get("/rules", "Rules, as Prometheus tells them").answers_as(200, json, answer()),
        Operation::get("/alerts", "Alerts, as Prometheus tells them").answers_as(200, json, answer()),
    ]
}

/// Objects in JSON, or forms of a page.
const FORMS: &[&str] = &["application/json"];

fn decision() -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": {
        "text": { "type": "string", "maxLength": 4000 },
        "until": time(),
        "minutes": number(1, 31 * 24 * 60),
        "happened_at": { "type": "string", "format": "date-time", "description": "When it was decided, where what it was \
            decided with had no line then: at most 7 days ago. It counts from when the incident was known here, and until now." },
    } })
}

/// A wish in the words of a form: for so many minutes from now on, a machine, a rule.
fn mute_wish() -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": {
        "kind": { "$ref": "#/components/schemas/MuteKind" },
        "client": slug(),
        "site": slug(),
        "labels": { "type": "object", "additionalProperties": { "type": "string" } },
        "machine": text(),
        "machine_id": { "type": "string", "description": "Of this machine alone, whatever else is called as it is; at its client and site." },
        "rule": text(),
        "from_ms": { "type": "integer", "format": "int64" },
        "until_ms": { "type": "integer", "format": "int64" },
        "minutes": { "type": "integer", "minimum": 1, "description": "In place of `until_ms`: from now on." },
        "every": { "$ref": "#/components/schemas/Recurring" },
        "why": { "type": "string" },
    }, "anyOf": [{ "required": ["until_ms"] }, { "required": ["minutes"] }] })
}
