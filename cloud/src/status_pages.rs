//! Clients' public pages, as this hub keeps them: what is said of each, what was published on it, and the days behind it.

mod days;
mod row;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use vigie_model::Slug;
use vigie_node::{Failed, NodeClock};
use vigie_serve::{
    NewsSaid, Notice, NoticeSaid, NoticeState, Stamp, StatusDays, StatusPage, StatusPageSaid, StatusPages, Undecided,
};
use vigie_store::State;

pub(crate) use days::{Diary, Reckoner};

/// Pages of one hub: more than it has clients.
const MOST_PAGES: usize = 1_000;

/// Notices of one page. Beyond it the oldest goes that is over.
const MOST_NOTICES: usize = 50;

/// What is said of one notice.
const MOST_NEWS: usize = 50;

/// Where pages and days stand.
pub(crate) const TABLES: [&str; 2] = [row::TABLE, days::TABLE];

/// Whether a row of those tables is a client's.
pub(crate) fn is_of_client(table: &str, key: &[u8], row: &[u8], client: &Slug) -> bool {
    if table == row::TABLE { row::is_of(row, client) } else { days::is_of(key, client) }
}

/// The pages.
pub(crate) struct Published {
    state: Arc<State>,
    clock: NodeClock,
    pages: RwLock<Pages>,
    diary: Arc<Diary>,
}

#[derive(Default)]
struct Pages {
    all: BTreeMap<Slug, Arc<StatusPage>>,
    /// The last version that was given.
    version: u64,
}

const NO_PAGE: Undecided = Undecided::NotHere("such page");
const NO_NOTICE: Undecided = Undecided::NotHere("such notice");

impl Published {
    pub(crate) fn open(state: Arc<State>, clock: NodeClock) -> Result<Self, Failed> {
        let mut pages = Pages::default();
        for (at, page) in (1..).zip(row::all(&state)?) {
            pages.version = at;
            pages.all.insert(page.slug.clone(), Arc::new(StatusPage { version: at, ..page }));
        }
        let diary = Arc::new(Diary::open(state.clone(), clock.now().utc)?);
        Ok(Self { state, clock, pages: RwLock::new(pages), diary })
    }

    /// Works out days for as long as the program runs.
    pub(crate) async fn tend(self: Arc<Self>, reckoner: Reckoner) {
        let published = self.clone();
        let wanted = move || published.with_history();
        self.diary.clone().tend(reckoner, self.clock.clone(), wanted).await;
    }

    /// The clients whose days somebody may read.
    fn with_history(&self) -> Vec<Slug> {
        let shown = self.list().into_iter().filter(|page| page.said.on && page.said.history);
        let mut clients: Vec<Slug> = shown.map(|page| page.said.client.clone()).collect();
        clients.sort();
        clients.dedup();
        clients
    }

    /// Changes a page, first on disk and then in memory.
    fn change(
        &self,
        slug: &Slug,
        change: impl FnOnce(&mut StatusPage) -> Result<(), Undecided>,
    ) -> Result<Arc<StatusPage>, Undecided> {
        let mut pages = self.writing();
        let mut page = StatusPage::clone(pages.all.get(slug).ok_or(NO_PAGE)?);
        change(&mut page)?;
        self.keep(&mut pages, page)
    }

    fn keep(&self, pages: &mut Pages, page: StatusPage) -> Result<Arc<StatusPage>, Undecided> {
        row::put(&self.state, &page).map_err(|error| Undecided::NotKept(error.to_string()))?;
        pages.version += 1;
        let page = Arc::new(StatusPage { version: pages.version, ..page });
        pages.all.insert(page.slug.clone(), page.clone());
        Ok(page)
    }

    fn writing(&self) -> RwLockWriteGuard<'_, Pages> {
        self.pages.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Stamp {
        Stamp(self.clock.now().utc)
    }
}

impl StatusPages for Published {
    fn list(&self) -> Vec<Arc<StatusPage>> {
        self.pages.read().unwrap_or_else(PoisonError::into_inner).all.values().cloned().collect()
    }

    fn page(&self, slug: &Slug) -> Option<Arc<StatusPage>> {
        self.pages.read().unwrap_or_else(PoisonError::into_inner).all.get(slug).cloned()
    }

    fn put(&self, slug: Option<&Slug>, said: StatusPageSaid) -> Result<Arc<StatusPage>, Undecided> {
        let slug = match slug {
            Some(slug) => slug.clone(),
            None => unguessable()?,
        };
        let mut pages = self.writing();
        let known = pages.all.get(&slug);
        // Two who make it at once: the second one finds another client's.
        if known.is_some_and(|known| known.said.client != said.client) {
            return Err(Undecided::Changed);
        }
        if known.is_none() && pages.all.len() >= MOST_PAGES {
            return Err(Undecided::Senseless(format!("a hub has at most {MOST_PAGES} public pages")));
        }
        let notices = known.map(|known| known.notices.clone()).unwrap_or_default();
        let page = StatusPage { slug, said, notices, made_at: self.now(), version: 0 };
        self.keep(&mut pages, page)
    }

    fn remove(&self, slug: &Slug) -> Result<(), Undecided> {
        let mut pages = self.writing();
        if !pages.all.contains_key(slug) {
            return Err(NO_PAGE);
        }
        row::remove(&self.state, slug).map_err(|error| Undecided::NotKept(error.to_string()))?;
        pages.all.remove(slug);
        Ok(())
    }

    fn publish(&self, slug: &Slug, notice: NoticeSaid) -> Result<Arc<StatusPage>, Undecided> {
        let id = HEXLOWER.encode(&chance::<8>()?);
        let NoticeSaid { title, text, state, language, components, incident } = notice;
        let news = vec![vigie_serve::News { at: self.now(), state, text }];
        self.change(slug, |page| {
            if page.notices.len() >= MOST_NOTICES {
                let oldest = page.notices.iter().rposition(|notice| notice.state() == NoticeState::Over);
                let full =
                    || Undecided::Senseless(format!("a page has at most {MOST_NOTICES} notices that are not over"));
                page.notices.remove(oldest.ok_or_else(full)?);
            }
            page.notices.insert(0, Notice { id, title, language, components, incident, news });
            Ok(())
        })
    }

    fn go_on(&self, slug: &Slug, id: &str, news: NewsSaid) -> Result<Arc<StatusPage>, Undecided> {
        let at = self.now();
        self.change(slug, |page| {
            let notice = page.notices.iter_mut().find(|notice| notice.id == id).ok_or(NO_NOTICE)?;
            if notice.news.len() >= MOST_NEWS {
                return Err(Undecided::Senseless(format!(
                    "of one notice at most {MOST_NEWS} things are told: begin another"
                )));
            }
            let state = news.state.unwrap_or(notice.state());
            notice.news.push(vigie_serve::News { at, state, text: news.text });
            Ok(())
        })
    }

    fn withdraw(&self, slug: &Slug, id: &str) -> Result<(), Undecided> {
        let withdrawn = self.change(slug, |page| {
            let at = page.notices.iter().position(|notice| notice.id == id).ok_or(NO_NOTICE)?;
            page.notices.remove(at);
            Ok(())
        });
        withdrawn.map(drop)
    }

    fn days(&self, client: &Slug) -> Arc<StatusDays> {
        self.diary.days(client)
    }
}

/// An address of 128 bits: who was not given it does not find it.
fn unguessable() -> Result<Slug, Undecided> {
    let text = BASE32_NOPAD.encode(&chance::<16>()?).to_ascii_lowercase();
    text.parse().map_err(|error| Undecided::NotKept(format!("{error}")))
}

fn chance<const BYTES: usize>() -> Result<[u8; BYTES], Undecided> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| Undecided::NotKept(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
