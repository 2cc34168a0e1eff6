//! What do relay and hub serve over HTTP? Health, metrics, sites and machines, samples to query and export, a page, and
//! doors for the samples of others.
//!
//! [`router()`] makes it from two things a node implements: a [`Lookout`], which knows what there is to see, and an
//! [`Access`], which knows who may see it. Knows no storage and no mesh. Cuts every answer down to what the asker's
//! credentials allow, here and not in the node, so that no node can forget to.

mod accept;
mod access;
mod act;
mod answer;
mod api;
mod armour;
mod around;
mod away;
mod boards;
mod carried;
mod chats;
mod demonstration;
mod devices;
mod dispatch;
mod door;
mod enrolments;
mod erasures;
mod exports;
mod exposition;
mod fact;
mod french;
mod glance;
mod health;
mod incident;
mod incidents;
mod install;
mod intake;
mod inventory;
mod jobs;
mod keeping;
mod ledger;
mod let_in;
mod line_series;
mod list;
mod listen;
mod live;
mod local;
mod lookout;
mod machine;
mod marks;
mod mute;
mod number;
mod openapi;
mod options;
mod own;
mod page;
mod params;
mod people;
mod photos;
mod problem;
mod prometheus;
mod public;
mod push;
mod qr;
mod quota;
mod raw;
mod reach;
mod repeat;
mod router;
mod ruling;
mod said;
mod shape;
mod shared;
mod site;
mod stamp;
mod status;
mod status_pages;
mod sticker;
mod stream;
mod tally;
mod tls;
mod told_of;
mod tuning;
mod ways;
mod web;
mod webhooks;
mod work;
mod working;

pub use access::{Access, Clients, Credential, Decides, Identity, NotLetIn, TokenTable, Writes};
pub use around::{Around, AroundAnswer, AroundWhat, Surroundings};
pub use away::{
    Availability, AvailabilityWish, Cut, Lapse, MachineMinutes, Minutes, PlacesPage, PlacesTold, SiteMinutes,
};
pub use boards::{
    Board, BoardHead, BoardKept, BoardOwner, BoardRange, BoardSummary, BoardWish, Boards, Widget, WidgetFold,
    WidgetKind,
};
pub use carried::{CarriedIn, CarriedRows, CarriedTicks, Carries, CarriesIn, CarriesOut, NotCarriedIn};
pub use chats::{Chat, ChatRequest, Chats};
pub use demonstration::{Demonstrating, Demonstration, DemonstrationLine, DemonstrationState};
pub use devices::{
    Device, DeviceChange, DeviceKeys, DeviceLanguage, DevicePush, DeviceSubscription, DeviceTried, DeviceWish, Devices,
    QuietHours,
};
pub use dispatch::{
    Dispatch, DispatchSaid, Dispatched, OnCallNow, OnCallShown, ReceiverTried, RouteShown, RouteTried, SaidAt,
};
pub use enrolments::{
    Enrolment, EnrolmentMade, EnrolmentState, EnrolmentWish, Enrolments, Fetched, JoinCommand, Joined, MadeToken,
    TurnedAway,
};
pub use erasures::{ChainEnd, Erasure, ErasureState, Erasures, Holdings};
pub use exports::{ExportFormat, ExportGrain, ExportWish};
pub use exposition::{Exposition, Family};
pub use fact::{Amount, Fact, Origin, Path};
pub use french::french_numbers;
pub use glance::Glance;
pub use incident::{Decision, Escalation, Incident, IncidentState, JudgedBy, Reached, Sketch, Spell, Word};
pub use incidents::{Incidents, Message, Telling, Undecided};
pub use install::{InstallSaid, Program, Programs};
pub use intake::{Intake, NoPlace, NotTaken, Place, Said, Taken, Taking};
pub use inventory::{Agent, Inventory, Told};
pub use jobs::{ExportGiven, JobEntry, JobFile, JobShown, JobTold, JobWhole, Jobs, Upkeep};
pub use keeping::{ClientTerms, KeepDays, KeepingTerms};
pub use ledger::{GivenUp, Hole, HoleKind, Ledger, LedgerSummary, StreamLedger};
pub use let_in::{LetInAt, LetInMay, LetInNow, LetInRefused, LetInState, LetInWish, LetsIn};
pub use line_series::{
    LINE_LOST, LINE_RECEIVED, LINE_SENT, LINE_TRIP, LINE_UP, STORE_LIMIT, STORE_USED, TICKS_WAITING,
};
pub use listen::{serve, serve_with};
pub use lookout::{Described, Lookout, NotReady};
pub use machine::{ClockNote, Drain, Machine};
pub use marks::{MOST_MARKS, Mark, MarkKind, Marks};
pub use mute::{Mute, MuteKind, MutePreview, MuteWish, Recurring};
pub use options::Options;
pub use own::Own;
pub use people::{
    Beside, Draft, FirstTry, Letter, NotDone, People, Post, With, audit_line, letter_noted, letter_went, verify_audit,
};
pub use photos::{MOST_PHOTO_BYTES, NotShown, PhotoKept, PhotoKind, Photos};
pub use qr::{DrawQr, Qr};
pub use quota::{ClientQuota, QuotaMost, QuotaOf, QuotaState, QuotaUse, Quotas};
pub use raw::{Raw, RawError, RawState};
pub use reach::{Beat, Goodbye, Heard, Listener, Reach, Reachability, USUAL_ABSENCE_MS, reach, reach_of_site};
pub use repeat::{NotRemembered, Repeats};
pub use router::{Parts, router, router_of, router_with, ways};
pub use ruling::{RuleAlert, RuleGroup, RuleOrigin, RuleShown, RuleSource};
pub use site::{Line, Link, LocalPage, Relay, Room, RowsWaiting, Site, Upward};
pub use stamp::Stamp;
pub use status::{Health, Shown, Status, status};
pub use status_pages::{
    DAY_MS, DayMinutes, News, NewsSaid, Notice, NoticeLanguage, NoticeSaid, NoticeState, STATUS_DAYS, StatusComponent,
    StatusDays, StatusMembers, StatusPage, StatusPageSaid, StatusPages,
};
pub use tls::{Tls, TlsError, TlsFiles};
pub use told_of::{MessageOf, MessageState, RouteOf, RouteStands, ToldOf};
pub use tuning::{Quantity, RuleLevel, RuleLevels, RuleOfMachine, RuleWish};
pub use vigie_formats::{Kind, LeftOut, Limits as IntakeLimits, Metadata, MetadataView, SeriesView};
pub use vigie_people::Powers;
pub use vigie_query::{Coverage, LabelSet, Lack, Limits, Owner, SeriesSamples, Shortfall, Source, SourceError};
pub use ways::{Need, Way};
pub use web::Web;
pub use webhooks::{Happened, Webhook, WebhookDead, WebhookMade, WebhookTried, WebhookWish, Webhooks};
