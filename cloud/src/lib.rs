//! Everyone's view: the hub, its API and its page.
