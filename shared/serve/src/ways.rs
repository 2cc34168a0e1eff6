//! Which address asks for which right?
//!
//! An address comes into the router together with what it asks for, in one call; there is no other way in, so none is open
//! by forgetting. The list of them all is what the tests of every door go through.

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::{Next, from_fn};
use axum::routing::{MethodRouter, delete, get, post, put};
use vigie_people::Right;

use crate::door;
use crate::page::{self, Asset};
use crate::shared::App;

/// What an address asks of who comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it is for who is not signed in, or looks at the credentials itself.
    Open,
    /// Valid credentials, whatever they allow.
    SignedIn,
    /// This right, somewhere; what is answered is cut to where it holds.
    May(Right),
}

/// An address, and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// The path, with its parameters in braces.
    pub path: String,
    /// What is asked for.
    pub need: Need,
}

/// A router that knows of each address what it asks for.
pub(crate) struct Ways {
    router: Router<App>,
    all: Vec<Way>,
}

impl Ways {
    pub(crate) fn new() -> Self {
        Self { router: Router::new(), all: Vec::new() }
    }

    pub(crate) fn get<H: Handler<T, App>, T: 'static>(self, path: &str, need: Need, handler: H) -> Self {
        self.way("GET", path, need, get(handler))
    }

    pub(crate) fn post<H: Handler<T, App>, T: 'static>(self, path: &str, need: Need, handler: H) -> Self {
        self.way("POST", path, need, post(handler))
    }

    pub(crate) fn put<H: Handler<T, App>, T: 'static>(self, path: &str, need: Need, handler: H) -> Self {
        self.way("PUT", path, need, put(handler))
    }

    pub(crate) fn delete<H: Handler<T, App>, T: 'static>(self, path: &str, need: Need, handler: H) -> Self {
        self.way("DELETE", path, need, delete(handler))
    }

    /// Files that are built in.
    pub(crate) fn files(self, files: &'static [Asset], need: Need) -> Self {
        files.iter().fold(self, |ways, asset| ways.way("GET", asset.0, need, page::asset(asset)))
    }

    /// A file that is open to everybody.
    pub(crate) fn file(self, path: &str, handler: MethodRouter<App>) -> Self {
        self.way("GET", path, Need::Open, handler)
    }

    fn way(mut self, method: &'static str, path: &str, need: Need, handler: MethodRouter<App>) -> Self {
        self.all.push(Way { method, path: path.to_owned(), need });
        let hold = from_fn(move |request: Request, next: Next| door::hold(need, request, next));
        self.router = self.router.route(path, handler.route_layer(hold));
        self
    }

    /// Others under a prefix.
    pub(crate) fn nest(mut self, prefix: &str, others: Self) -> Self {
        self.all.extend(others.all.into_iter().map(|way| Way { path: format!("{prefix}{}", way.path), ..way }));
        self.router = self.router.nest(prefix, others.router);
        self
    }

    /// Others beside these.
    pub(crate) fn merge(mut self, others: Self) -> Self {
        self.all.extend(others.all);
        self.router = self.router.merge(others.router);
        self
    }

    /// With what stands before or behind all of them.
    pub(crate) fn with(mut self, dress: impl FnOnce(Router<App>) -> Router<App>) -> Self {
        self.router = dress(self.router);
        self
    }

    pub(crate) fn into_parts(self) -> (Router<App>, Vec<Way>) {
        (self.router, self.all)
    }
}
