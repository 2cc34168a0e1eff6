//! The same, for programs.

use serde::Serialize;

use super::board::Board;
use super::history::{History, Was};
use crate::{DAY_MS, NoticeLanguage, NoticeState, Stamp};
use vigie_model::UtcMs;

#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    as_of: Stamp,
    state: &'static str,
    components: Vec<Component<'a>>,
    maintenance: Vec<Work<'a>>,
    notices: Vec<Notice<'a>>,
}

#[derive(Serialize)]
struct Component<'a> {
    name: &'a str,
    state: &'static str,
    since: Option<Stamp>,
    /// The first of the days below that counts: before it nobody watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_from: Option<String>,
    /// The share of up in what is verified, and of what is verified in all, of the days below.
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<Vec<Day>>,
}

#[derive(Serialize)]
struct Day {
    date: String,
    was: Option<&'static str>,
    up_minutes: u64,
    down_minutes: u64,
    unverified_minutes: u64,
}

#[derive(Serialize)]
struct Work<'a> {
    from: Stamp,
    to: Stamp,
    components: &'a [String],
}

#[derive(Serialize)]
struct Notice<'a> {
    id: &'a str,
    title: &'a str,
    language: Option<NoticeLanguage>,
    state: NoticeState,
    components: &'a [String],
    news: Vec<News<'a>>,
}

#[derive(Serialize)]
struct News<'a> {
    at: Stamp,
    state: NoticeState,
    text: &'a str,
}

/// What anybody may see, as JSON.
pub(super) fn written(board: &Board) -> Vec<u8> {
    let page = Page {
        title: &board.title,
        as_of: Stamp(board.at),
        state: board.all.as_str(),
        components: board.components.iter().map(component).collect(),
        maintenance: board
            .work
            .iter()
            .map(|work| Work { from: work.from, to: work.to, components: &work.components })
            .collect(),
        notices: board.notices.iter().map(notice).collect(),
    };
    // Texts and numbers: writing them to memory does not fail.
    serde_json::to_vec(&page).unwrap_or_default()
}

fn component(one: &super::board::Component) -> Component<'_> {
    let history = one.history.as_ref();
    Component {
        name: &one.name,
        state: one.state.as_str(),
        since: one.since,
        counted_from: history.and_then(History::begun).map(date),
        availability: history.and_then(|history| history.all.share()),
        verified: history.and_then(|history| history.all.verified()),
        days: history.map(days),
    }
}

fn date(day: i32) -> String {
    Stamp(UtcMs(i64::from(day) * DAY_MS)).to_string().get(..10).unwrap_or_default().to_owned()
}

fn days(history: &History) -> Vec<Day> {
    let day = |one: &super::history::Day| Day {
        date: date(one.day),
        was: one.sum.map(|sum| match sum.was() {
            Was::Well => "well",
            Was::Disturbed => "disturbed",
            Was::Bad => "bad",
            Was::Unknown => "unknown",
        }),
        up_minutes: one.sum.map_or(0, |sum| sum.up),
        down_minutes: one.sum.map_or(0, |sum| sum.down),
        unverified_minutes: one.sum.map_or(0, |sum| sum.unverified),
    };
    history.days.iter().map(day).collect()
}

fn notice(notice: &crate::Notice) -> Notice<'_> {
    let news = notice.news.iter().map(|news| News { at: news.at, state: news.state, text: &news.text });
    Notice {
        id: &notice.id,
        title: &notice.title,
        language: notice.language,
        state: notice.state(),
        components: &notice.components,
        news: news.collect(),
    }
}
