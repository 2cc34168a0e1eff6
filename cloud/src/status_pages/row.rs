//! How does a page stand in the hub's state?

use serde::{Deserialize, Serialize};
use vigie_model::{Slug, UtcMs};
use vigie_serve::{News, Notice, NoticeLanguage, NoticeState, Stamp, StatusPage, StatusPageSaid};
use vigie_store::{CommitError, ReadError, State};

/// A row for each page.
pub(super) const TABLE: &str = "status.page";

#[derive(Serialize, Deserialize)]
struct Row {
    said: StatusPageSaid,
    notices: Vec<NoticeRow>,
    made_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct NoticeRow {
    id: String,
    title: String,
    language: Option<NoticeLanguage>,
    components: Vec<String>,
    incident: Option<String>,
    news: Vec<NewsRow>,
}

#[derive(Serialize, Deserialize)]
struct NewsRow {
    at_ms: i64,
    state: NoticeState,
    text: String,
}

/// All pages; a row that can not be read is as one that is not there.
pub(super) fn all(state: &State) -> Result<Vec<StatusPage>, ReadError> {
    let rows = state.scan(TABLE, b"")?.into_iter();
    let read = |(key, row): (Vec<u8>, Vec<u8>)| {
        let slug: Slug = std::str::from_utf8(&key).ok()?.parse().ok()?;
        let Row { said, notices, made_ms } = serde_json::from_slice(&row).ok()?;
        let notices = notices.into_iter().map(notice).collect();
        Some(StatusPage { slug, said, notices, made_at: Stamp(UtcMs(made_ms)), version: 0 })
    };
    Ok(rows.filter_map(read).collect())
}

/// Whether a page is a client's.
pub(super) fn is_of(row: &[u8], client: &Slug) -> bool {
    serde_json::from_slice::<Row>(row).is_ok_and(|row| row.said.client == *client)
}

pub(super) fn put(state: &State, page: &StatusPage) -> Result<(), CommitError> {
    let row = Row {
        said: page.said.clone(),
        notices: page.notices.iter().cloned().map(notice_row).collect(),
        made_ms: page.made_at.ms(),
    };
    // Texts and numbers: writing them to memory does not fail.
    state.put(TABLE, page.slug.as_str().as_bytes(), &serde_json::to_vec(&row).unwrap_or_default())
}

pub(super) fn remove(state: &State, slug: &Slug) -> Result<bool, CommitError> {
    state.remove(TABLE, slug.as_str().as_bytes())
}

fn notice(row: NoticeRow) -> Notice {
    let NoticeRow { id, title, language, components, incident, news } = row;
    let one = |NewsRow { at_ms, state, text }| News { at: Stamp(UtcMs(at_ms)), state, text };
    Notice { id, title, language, components, incident, news: news.into_iter().map(one).collect() }
}

fn notice_row(notice: Notice) -> NoticeRow {
    let Notice { id, title, language, components, incident, news } = notice;
    let one = |News { at, state, text }| NewsRow { at_ms: at.ms(), state, text };
    NoticeRow { id, title, language, components, incident, news: news.into_iter().map(one).collect() }
}
