//! Every address of the API and of Prometheus' API, and what it asks for.

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use vigie_people::Right;

use crate::shared::App;
use crate::ways::{Need, Ways};
use crate::{api, live, people, prometheus, repeat};

pub(super) const LOOK: Need = Need::May(Right::Look);
const TELL: Need = Need::May(Right::Tell);

pub(super) fn of_api(app: &App) -> Ways {
    let ways = if app.people.is_some() { api_ways().merge(people::ways()) } else { api_ways() };
    let ways = if app.hooks.is_some() { ways.merge(hook_ways()) } else { ways };
    let ways = if app.devices.is_some() { ways.merge(device_ways()) } else { ways };
    let ways = if app.keeping.is_some() { ways.merge(keeping_ways()) } else { ways };
    let ways = if app.boards.is_some() { ways.merge(board_ways()) } else { ways };
    let ways = if app.photos.is_some() { ways.merge(photo_ways()) } else { ways };
    let ways = if app.quotas.is_some() { ways.merge(quota_ways()) } else { ways };
    let ways = if app.enrolments.is_some() { ways.merge(enrolment_ways()) } else { ways };
    let ways = if app.erasures.is_some() { ways.merge(erasure_ways()) } else { ways };
    let ways = if app.demonstration.is_some() { ways.merge(demonstration_ways()) } else { ways };
    let ways = if app.jobs.is_some() { ways.merge(job_ways()) } else { ways };
    let ways = ways.merge(api::carried_ways(app)).merge(api::let_in_ways(app));
    let ways = if app.status.is_some() { ways.merge(status_ways()) } else { ways };
    ways.with(|router| router.route_layer(from_fn_with_state(Arc::clone(app), repeat::once)))
}

fn api_ways() -> Ways {
    Ways::new()
        .get("/here", Need::SignedIn, api::here)
        .get("/sites", LOOK, api::sites)
        .get("/machines", LOOK, api::machines)
        .get("/machines/columns", LOOK, api::columns)
        .get("/machines/{id}", LOOK, api::machine)
        .get("/machines/{id}/ledger", LOOK, api::ledger)
        .get("/machines/{id}/raw", LOOK, api::raw)
        .post("/machines/{id}/raw", Need::May(Right::Fetch), api::ask_raw)
        .get("/machines/{id}/tags", LOOK, api::marks_of)
        .put("/machines/{id}/tags", Need::May(Right::Tag), api::put_marks)
        .post("/machines/tags", Need::May(Right::Tag), api::mark_many)
        .get("/tags", LOOK, api::words)
        .get("/incidents", LOOK, api::incidents)
        .get("/incidents/{id}", LOOK, api::incident)
        .get("/incidents/{id}/messages", LOOK, api::messages_of_incident)
        .post("/incidents/{id}/{word}", Need::May(Right::Decide), api::decide)
        .get("/maintenance", LOOK, api::list)
        .post("/maintenance", Need::May(Right::Mute), api::add)
        .post("/maintenance/preview", LOOK, api::preview)
        .get("/maintenance/{id}", LOOK, api::one_maintenance)
        .post("/maintenance/{id}/end", Need::May(Right::Mute), api::end)
        .get("/telling", LOOK, api::telling)
        .get("/telling/{id}", LOOK, api::one_message)
        .post("/telling/{id}/retry", TELL, api::send_message_again)
        .post("/telling/{id}/cancel", TELL, api::call_off_message)
        .get("/routes", LOOK, api::routes)
        .get("/oncall", LOOK, api::on_call)
        .post("/routes/{name}/test", TELL, api::try_route)
        .get("/routes/{name}", TELL, api::route_said)
        .put("/routes/{name}", TELL, api::put_route)
        .delete("/routes/{name}", TELL, api::remove_route)
        .get("/oncall/{name}", TELL, api::on_call_said)
        .put("/oncall/{name}", TELL, api::put_on_call)
        .delete("/oncall/{name}", TELL, api::remove_on_call)
        .post("/oncall/{name}/stand-ins", TELL, api::stand_in)
        .get("/events", LOOK, live::events)
        .get("/availability", LOOK, api::availability)
        .get("/watch/rules", LOOK, api::rules)
        .post("/watch/rules", Need::May(Right::Decide), api::tune)
        .post("/watch/rules/unset", Need::May(Right::Decide), api::untune)
        .get("/watch/rules/{name}", LOOK, api::levels)
        // Prometheus' own shapes, for who expects them here.
        .get("/rules", LOOK, prometheus::rules)
        .get("/alerts", LOOK, prometheus::alerts)
        .get("/export", LOOK, api::export)
        .post("/export", LOOK, api::export)
}

fn keeping_ways() -> Ways {
    let keeps = Need::May(Right::Keep);
    Ways::new()
        .get("/retention", LOOK, api::retention)
        .get("/retention/{client}", LOOK, api::retention_of)
        .put("/retention/{client}", keeps, api::put_retention)
        .delete("/retention/{client}", keeps, api::unset_retention)
}

/// Whoever sees an incident sees its photos; whoever decides of it adds them and takes them away.
fn photo_ways() -> Ways {
    let decides = Need::May(Right::Decide);
    Ways::new()
        .get("/incidents/{id}/photos", LOOK, api::photos)
        .post("/incidents/{id}/photos", decides, api::add_photo)
        .get("/incidents/{id}/photos/{photo}", LOOK, api::photo)
        .delete("/incidents/{id}/photos/{photo}", decides, api::remove_photo)
}

/// Whoever looks keeps boards: what they show is asked with the rights of whoever looks at them.
fn board_ways() -> Ways {
    Ways::new()
        .get("/boards", LOOK, api::boards)
        .post("/boards", LOOK, api::add_board)
        .get("/boards/{id}", LOOK, api::board)
        .put("/boards/{id}", LOOK, api::put_board)
        .delete("/boards/{id}", LOOK, api::remove_board)
}

fn quota_ways() -> Ways {
    let says = Need::May(Right::Quota);
    Ways::new()
        .get("/quotas", LOOK, api::quotas)
        .get("/quotas/{client}", LOOK, api::quota_of)
        .put("/quotas/{client}", says, api::put_quota)
        .delete("/quotas/{client}", says, api::unset_quota)
}

fn enrolment_ways() -> Ways {
    let enrols = Need::May(Right::Enrol);
    Ways::new()
        .get("/enrolments", enrols, api::enrolments)
        .post("/enrolments", enrols, api::make_enrolment)
        .get("/enrolments/{id}", enrols, api::enrolment)
        .delete("/enrolments/{id}", enrols, api::revoke_enrolment)
}

fn erasure_ways() -> Ways {
    let (keeps, audits) = (Need::May(Right::Keep), Need::May(Right::Audit));
    Ways::new()
        .get("/clients/{client}/holdings", keeps, api::holdings)
        .post("/clients/{client}/erase", keeps, api::erase_client)
        .get("/erasures", audits, api::erasures)
        .get("/erasures/{id}", audits, api::erasure)
}

fn demonstration_ways() -> Ways {
    let keeps = Need::May(Right::Keep);
    Ways::new()
        .get("/demonstration", LOOK, api::demonstration)
        .put("/demonstration", keeps, api::begin_demonstration)
        .delete("/demonstration", keeps, api::remove_demonstration)
}

/// A client's people see its jobs and have its samples in files; who decides of which is looked at one by one.
fn job_ways() -> Ways {
    Ways::new()
        .get("/jobs", LOOK, api::jobs)
        .post("/jobs", Need::May(Right::Keep), api::run_job)
        .get("/jobs/{id}", LOOK, api::job)
        .post("/jobs/{id}/cancel", LOOK, api::cancel_job)
        .post("/jobs/{id}/retry", LOOK, api::retry_job)
        .post("/exports", LOOK, api::make_export)
        .get("/exports/{id}/file", LOOK, api::export_file)
}

fn hook_ways() -> Ways {
    Ways::new()
        .get("/webhooks", TELL, api::webhooks)
        .post("/webhooks", TELL, api::subscribe)
        .get("/webhooks/{id}", TELL, api::webhook)
        .delete("/webhooks/{id}", TELL, api::unsubscribe)
        .post("/webhooks/{id}/test", TELL, api::test_webhook)
        .get("/webhooks/{id}/dead", TELL, api::dead_events)
        .post("/webhooks/{id}/redeliver", TELL, api::redeliver)
}

fn device_ways() -> Ways {
    Ways::new()
        .get("/me/devices", Need::SignedIn, api::devices)
        .post("/me/devices", Need::SignedIn, api::add_device)
        .put("/me/devices/{id}", Need::SignedIn, api::change_device)
        .delete("/me/devices/{id}", Need::SignedIn, api::remove_device)
        .post("/me/devices/{id}/test", Need::SignedIn, api::test_device)
}

fn status_ways() -> Ways {
    Ways::new()
        .get("/status-pages", TELL, api::status_pages)
        .post("/status-pages", TELL, api::make_status_page)
        .get("/status-pages/{slug}", TELL, api::status_page)
        .put("/status-pages/{slug}", TELL, api::put_status_page)
        .delete("/status-pages/{slug}", TELL, api::remove_status_page)
        .get("/status-pages/{slug}/preview", TELL, api::preview_status_page)
        .post("/status-pages/{slug}/notices", TELL, api::publish_notice)
        .post("/status-pages/{slug}/notices/{id}/news", TELL, api::go_on_with_notice)
        .delete("/status-pages/{slug}/notices/{id}", TELL, api::withdraw_notice)
}

pub(super) fn prometheus_ways() -> Ways {
    Ways::new()
        .get("/query", LOOK, prometheus::query)
        .post("/query", LOOK, prometheus::query)
        .get("/query_range", LOOK, prometheus::query_range)
        .post("/query_range", LOOK, prometheus::query_range)
        .get("/series", LOOK, prometheus::series)
        .post("/series", LOOK, prometheus::series)
        .get("/labels", LOOK, prometheus::label_names)
        .post("/labels", LOOK, prometheus::label_names)
        .get("/label/{name}/values", LOOK, prometheus::label_values)
        .get("/query_exemplars", LOOK, prometheus::exemplars)
        .post("/query_exemplars", LOOK, prometheus::exemplars)
        .get("/format_query", LOOK, prometheus::format_query)
        .post("/format_query", LOOK, prometheus::format_query)
        .get("/metadata", LOOK, prometheus::metadata)
        .get("/status/buildinfo", Need::SignedIn, prometheus::buildinfo)
        .get("/status/config", Need::SignedIn, prometheus::config)
        .get("/status/flags", Need::SignedIn, prometheus::flags)
        .get("/status/runtimeinfo", Need::SignedIn, prometheus::runtimeinfo)
        .get("/status/tsdb", LOOK, prometheus::tsdb)
        .get("/status/walreplay", Need::SignedIn, prometheus::walreplay)
        .get("/rules", LOOK, prometheus::rules)
        .get("/alerts", LOOK, prometheus::alerts)
        .get("/targets", LOOK, prometheus::targets)
        .get("/targets/metadata", LOOK, prometheus::target_metadata)
        .get("/alertmanagers", LOOK, prometheus::alertmanagers)
}
