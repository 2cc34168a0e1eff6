//! What do people's browsers run? The pages of `cloud/web`, as they were built and committed.

use vigie_serve::Web;

include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// All of it.
pub(crate) fn web() -> Web {
    Web::new(PAGES, FILES)
}
