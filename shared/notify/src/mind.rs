//! The pure half: who is told what, when.
//!
//! Knows no disk, no socket, no clock and no chance. It hears what happened, says which rows changed and which messages
//! are wanted, and is asked again when it said so.

mod alert;
mod chat;
mod clocks;
mod draft;
mod fence;
mod group;
mod hours;
mod html;
mod json;
mod key;
mod ladder;
mod letter;
mod mute;
mod notice;
mod of_client;
mod oncall;
mod outbox;
mod pace;
mod pauses;
mod plain;
mod remembered;
mod route;
mod rows;
mod service;
mod text;
mod told;
mod words;

pub use alert::{About, AlertId, Change, Facts, Freshness, Instance, Judge, Reach, Transition};
pub use chat::{
    Answered, Button, ChatKey, FRESH_MS, NoChatKey, Order, Ordered, Press, Pressed, Written, card, code_of, ephemeral,
    is_meant, link_word, name_in, slack_signed, teams_signed,
};
pub use clocks::{Clocks, Steady};
pub use fence::{HAND_OVER_MS, Seat};
pub use group::{BRIEF_MS, SETTLE_MS};
pub use hours::{Hours, Window};
pub use key::{Digest16, Key, Mark, mark};
pub(crate) use key::{letter_key, test_key};
pub use ladder::{Climbing, Ladder, Step};
pub(crate) use letter::ToldLetter;
pub use letter::{DeadLetter, Letter, LetterId, Outcome, SentLetter, Whose};
pub use mute::{AWAKE_LABEL, Mute};
pub use notice::{Intent, Kind, Language, Line, MAX_LINES, MAX_NAMED, Notice, Stamp};
pub use of_client::{Left, left_without};
pub use oncall::{OnCall, Person, Schedule, StandIn};
pub(crate) use outbox::{MAX_SENT, SENT_KEEP_MS, when};
pub use outbox::{NotMoved, Outbox, Settled};
pub(crate) use pace::Pace;
pub use pauses::Pauses;
pub use route::{Route, Rules};
pub(crate) use rows::read as read_row;
pub use rows::{Rows, Table};
pub use service::{Post, Reply, Service, Template, TemplateError};
pub(crate) use service::{push_text, retry_after_ms, short, usual};
pub use text::{Link, MAX_TEXT_CHARS, Text};
pub use told::{HearError, Heard, Mind, Restored, RouteStanding, Standing, Times};
pub use vigie_model::Severity;

pub use html::html;
pub use json::json;
pub use plain::{plain, subject};
