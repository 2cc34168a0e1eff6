//! In whose name is something done, from where, and is it written down?

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::Value;
use vigie_model::Slug;
use vigie_people::{Asker, Note, Who};

use crate::door::{Address, Caller};
use crate::people::not_done;
use crate::problem::Problem;
use crate::shared::{App, Shared};

/// Who does what a request asks for. Handlers that change something take one.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    asker: Asker,
    /// As what is kept calls them.
    name: String,
}

impl FromRequestParts<App> for Act {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let from = Address::of(parts, &app.options).to_string();
        Ok(match parts.extensions.get::<Caller>() {
            Some(caller) => Self { asker: caller.asker("api", from), name: caller.who.name.clone() },
            None => Self { asker: Asker { who: Who::Nobody, by: "api", from }, name: String::new() },
        })
    }
}

impl Act {
    /// As what is kept calls them.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Does something that is kept as rows. On a node that keeps an audit its lines stand there before this returns.
    pub(crate) fn carried<T>(&self, app: &Shared, work: impl FnOnce() -> T) -> T {
        let Some(people) = app.people.as_deref() else { return work() };
        let (mut work, mut done) = (Some(work), None);
        people.acting(&self.asker, &self.name, &mut || done = work.take().map(|work| work()));
        done.expect("whoever lets somebody act does the work, once, before they return")
    }

    /// Writes down what was done where nothing that is kept tells of it.
    pub(crate) fn noted(
        &self,
        app: &Shared,
        client: Option<&Slug>,
        (what, on): (&'static str, String),
        (before, after): (Value, Value),
    ) -> Result<(), Problem> {
        let Some(people) = app.people.as_deref() else { return Ok(()) };
        people.noted(&self.asker, Note { client: client.cloned(), what, on, before, after }).map_err(not_done)
    }
}
