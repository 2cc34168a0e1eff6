//! What do programs ask of `/api/v1`?
//!
//! Names and shapes here are a promise: fields are added, never renamed or removed. Times are RFC 3339 in UTC with
//! milliseconds ([`Stamp`](crate::Stamp)); shares are 0 to 1; errors are problems with a stable `code`.

mod away;
mod boards;
mod carried;
mod chats;
mod columns;
mod demonstration;
mod devices;
mod enrolments;
mod erasures;
mod export;
mod exports;
mod here;
mod incidents;
mod jobs;
mod keeping;
mod let_in;
mod machines;
mod maintenance;
mod marks;
mod photos;
mod provider;
mod queues;
mod quotas;
mod raw;
mod routes;
mod rules;
mod saying;
mod sites;
mod status_pages;
mod telling;
mod webhooks;

pub(crate) use away::{AvailabilityPage, availability};
pub(crate) use boards::{
    BoardList, add as add_board, list as boards, one as board, put as put_board, remove as remove_board,
};
pub(crate) use carried::ways as carried_ways;
pub(crate) use chats::ways as chat_ways;
pub(crate) use columns::{Columns, columns};
pub(crate) use demonstration::{begin as begin_demonstration, one as demonstration, remove as remove_demonstration};
pub(crate) use devices::{
    DeviceList, Displayed, add as add_device, change as change_device, displayed as device_displayed, list as devices,
    remove as remove_device, test as test_device,
};
pub(crate) use enrolments::{
    EnrolmentList, list as enrolments, make as make_enrolment, one as enrolment, revoke as revoke_enrolment,
};
pub(crate) use erasures::{
    ClientHoldings, EraseClient, ErasureList, erase as erase_client, holdings, list as erasures, one as erasure,
};
pub(crate) use export::{Form as ExportForm, Wanted, export};
pub(crate) use exports::{file as export_file, make as make_export};
pub(crate) use here::{Here, here};
pub(crate) use incidents::{IncidentList, decide, incident, incidents};
pub(crate) use jobs::{
    JobList, RunJob, cancel as cancel_job, list as jobs, one as job, retry as retry_job, run as run_job,
};
pub(crate) use keeping::{
    TermsList, list as retention, one as retention_of, put as put_retention, unset as unset_retention,
};
pub(crate) use let_in::{LetInThere, ways as let_in_ways};
pub(crate) use machines::{
    FIELDS as MACHINE_FIELDS, Looked as LookedMachine, Machines, Whole, ledger, machine, machines,
};
pub(crate) use maintenance::{MaintenanceList, add, end, list, one as one_maintenance, preview};
pub(crate) use marks::{MarkSaid, MarkWish, Marked, MarkedMachines, Words, mark_many, marks_of, put_marks, words};
pub(crate) use photos::{
    Photo, PhotoList, add as add_photo, bring, is_photo_brought, list as photos, one as photo, photo_lines,
    remove as remove_photo,
};
pub(crate) use quotas::{QuotaList, list as quotas, one as quota_of, put as put_quota, unset as unset_quota};
pub(crate) use raw::{ask_raw, raw};
pub(crate) use routes::{OnCallList, RouteList, on_call, routes, try_route};
pub(crate) use rules::{Rules, levels, rules, rules_of, tune, untune};
pub(crate) use saying::{on_call_said, put_on_call, put_route, remove_on_call, remove_route, route_said, stand_in};
pub(crate) use sites::{Sites, sites};
pub(crate) use status_pages::{
    StatusPageList, go_on as go_on_with_notice, list as status_pages, make as make_status_page, one as status_page,
    preview as preview_status_page, publish as publish_notice, put as put_status_page, remove as remove_status_page,
    withdraw as withdraw_notice,
};
pub(crate) use telling::{
    MessageWhole, call_off as call_off_message, of_incident as messages_of_incident, one as one_message,
    send_again as send_message_again, telling,
};
pub(crate) use webhooks::{
    DeadList, Redelivered, WebhookList, dead as dead_events, list as webhooks, one as webhook, redeliver, subscribe,
    test as test_webhook, unsubscribe,
};
