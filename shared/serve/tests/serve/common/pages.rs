//! Clients' public pages, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vigie_model::{Slug, UtcMs};
use vigie_serve::{
    News, NewsSaid, Notice, NoticeSaid, NoticeState, Stamp, StatusComponent, StatusDays, StatusMembers, StatusPage,
    StatusPageSaid, StatusPages, Undecided,
};

use super::{NOW_MS, slug};

/// The pages, and the days of every client.
#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) all: Mutex<BTreeMap<Slug, StatusPage>>,
    pub(crate) days: Mutex<Arc<StatusDays>>,
}

/// What is said of a page of acme that stands on its machines at lyon.
pub(crate) fn said_of_acme() -> StatusPageSaid {
    StatusPageSaid {
        client: slug("acme"),
        title: "Acme".to_owned(),
        on: true,
        listed: false,
        history: true,
        maintenance: true,
        components: vec![StatusComponent { name: "Tills".to_owned(), of: StatusMembers::Site(slug("lyon")) }],
    }
}

/// A notice with one piece of news.
pub(crate) fn notice(id: &str, title: &str, text: &str, state: NoticeState) -> Notice {
    Notice {
        id: id.to_owned(),
        title: title.to_owned(),
        language: None,
        components: vec!["Tills".to_owned()],
        incident: Some("A".to_owned()),
        news: vec![News { at: Stamp(UtcMs(NOW_MS)), state, text: text.to_owned() }],
    }
}

impl Pages {
    /// One page, at `/status/acme-status`, with one notice.
    pub(crate) fn of_acme() -> Self {
        let pages = Self::default();
        pages.set("acme-status", said_of_acme());
        let notices = vec![notice("00000000000000bb", "Slow", "we look into it", NoticeState::Investigating)];
        pages.change(&slug("acme-status"), |page| page.notices = notices).expect("it is there");
        pages
    }

    pub(crate) fn set(&self, name: &str, said: StatusPageSaid) {
        self.put(Some(&slug(name)), said).expect("kept");
    }

    pub(crate) fn change(
        &self,
        slug: &Slug,
        change: impl FnOnce(&mut StatusPage),
    ) -> Result<Arc<StatusPage>, Undecided> {
        let mut all = self.all();
        let page = all.get_mut(slug).ok_or(Undecided::NotHere("such page"))?;
        change(page);
        page.version += 1;
        Ok(Arc::new(page.clone()))
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Slug, StatusPage>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StatusPages for Pages {
    fn list(&self) -> Vec<Arc<StatusPage>> {
        self.all().values().cloned().map(Arc::new).collect()
    }

    fn page(&self, slug: &Slug) -> Option<Arc<StatusPage>> {
        self.all().get(slug).cloned().map(Arc::new)
    }

    fn put(&self, name: Option<&Slug>, said: StatusPageSaid) -> Result<Arc<StatusPage>, Undecided> {
        let name = name.cloned().unwrap_or_else(|| slug("aaaabbbbccccddddeeeeffffgg"));
        let mut all = self.all();
        let (notices, version) =
            all.get(&name).map_or((Vec::new(), 0), |known| (known.notices.clone(), known.version + 1));
        let made_at = Stamp(UtcMs(0));
        let page = StatusPage { slug: name.clone(), said, notices, made_at, version };
        all.insert(name, page.clone());
        Ok(Arc::new(page))
    }

    fn remove(&self, slug: &Slug) -> Result<(), Undecided> {
        self.all().remove(slug).map(drop).ok_or(Undecided::NotHere("such page"))
    }

    fn publish(&self, slug: &Slug, said: NoticeSaid) -> Result<Arc<StatusPage>, Undecided> {
        let NoticeSaid { title, text, state, language, components, incident } = said;
        let news = vec![News { at: Stamp(UtcMs(NOW_MS)), state, text }];
        let notice = Notice { id: "cc".to_owned(), title, language, components, incident, news };
        self.change(slug, |page| page.notices.insert(0, notice))
    }

    fn go_on(&self, slug: &Slug, id: &str, said: NewsSaid) -> Result<Arc<StatusPage>, Undecided> {
        let state = said.state.unwrap_or_default();
        let news = News { at: Stamp(UtcMs(NOW_MS)), state, text: said.text };
        let page = self.page(slug).ok_or(Undecided::NotHere("such page"))?;
        let at = page.notices.iter().position(|notice| notice.id == id).ok_or(Undecided::NotHere("such notice"))?;
        self.change(slug, |page| page.notices[at].news.push(news))
    }

    fn withdraw(&self, slug: &Slug, id: &str) -> Result<(), Undecided> {
        let page = self.page(slug).ok_or(Undecided::NotHere("such page"))?;
        let at = page.notices.iter().position(|notice| notice.id == id).ok_or(Undecided::NotHere("such notice"))?;
        self.change(slug, |page| drop(page.notices.remove(at))).map(drop)
    }

    fn days(&self, _: &Slug) -> Arc<StatusDays> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
