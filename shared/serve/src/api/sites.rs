//! Which sites are there?

use std::collections::BTreeMap;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::Slug;
use vigie_query::filter::{self, Field, Kind};

use crate::answer::Drawn;
use crate::door::Caller;
use crate::list;
use crate::params::Params;
use crate::problem::Problem;
use crate::shared::{App, Shared};
use crate::{Mark, MarkKind, Reachability, Site, work};

/// Sites.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sites {
    sites: Vec<Site>,
    /// How many match, on all pages.
    total: usize,
    /// What to ask for as `cursor` to go on; none on the last page.
    next_cursor: Option<String>,
}

/// What sites can be filtered by.
const FIELDS: &[Field] = &[
    Field { key: "client", kind: Kind::Text },
    Field { key: "site", kind: Kind::Text },
    Field { key: "tag", kind: Kind::Text },
    Field { key: "group", kind: Kind::Text },
    Field { key: "reach", kind: Kind::Word(&Reachability::WORDS) },
    Field { key: "machines", kind: Kind::Number },
    Field { key: "waiting", kind: Kind::Number },
];

struct Looked<'a> {
    site: &'a Site,
    /// What machines there are called.
    mark: Option<&'a Mark>,
}

/// What the machines of each site are called, all together.
type Called = BTreeMap<(Slug, Slug), Mark>;

/// Of all machines, where it is asked for.
fn called(app: &Shared, wanted: &list::Wanted) -> Called {
    let mut called = Called::new();
    if wanted.asks("tag") || wanted.asks("group") {
        let marks = app.marks();
        for machine in app.machines_where(&mut |id, _, _| marks.are_of(id)) {
            let mark = called.entry((machine.client, machine.site)).or_default();
            *mark = mark.changed(&machine.mark, &Mark::default());
        }
    }
    called
}

impl filter::Row for Looked<'_> {
    fn texts(&self, key: &str, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        let mut any = |kind| self.mark.is_some_and(|mark| mark.words(kind).iter().any(|word| passes(word.as_str())));
        match key {
            "tag" => any(MarkKind::Tag),
            "group" => any(MarkKind::Group),
            "client" => passes(self.site.client.as_str()),
            "site" => passes(self.site.name.as_str()),
            "reach" => passes(self.site.reachability.state.as_str()),
            _ => false,
        }
    }

    fn number(&self, key: &str) -> Option<f64> {
        match key {
            "machines" => Some(self.site.machines as f64),
            "waiting" => Some(self.site.waiting.ticks as f64),
            _ => None,
        }
    }

    fn anywhere(&self, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        passes(self.site.name.as_str()) || passes(self.site.client.as_str())
    }
}

/// `GET /api/v1/sites?q=&limit=&cursor=`: every site the asker may see, by client and name.
pub(crate) async fn sites(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = list::Wanted::read(&Params::of_uri(&uri), "sites", FIELDS, list::MOST_ROWS, &[])?;
    let drawn = work::list(&app, move |app| {
        let mut sites = app.lookout.sites_where(&mut |client, site| caller.sees_at(Some(client), Some(site)));
        let called = called(app, &wanted);
        sites.retain(|site| {
            let mark = called.get(&(site.client.clone(), site.name.clone()));
            wanted.keeps(&Looked { site, mark })
        });
        sites.sort_by(|a, b| (&a.client, &a.name).cmp(&(&b.client, &b.name)));
        // No name has a space, which comes before all that names have.
        let list::Page { rows: mut sites, total, next_cursor } =
            wanted.page(sites, |site| format!("{} {}", site.client, site.name));
        for relay in sites.iter_mut().flat_map(|site| &mut site.relays) {
            relay.page = app.lookout.page_of(relay.id);
        }
        Drawn::new(&Sites { sites, total, next_cursor }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}
