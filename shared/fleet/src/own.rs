//! Who says how this node itself is?

use std::fmt;
use std::sync::Arc;

use vigie_serve::Own;

/// Asked whenever somebody looks.
#[derive(Clone)]
pub struct SaysOwn(Arc<dyn Fn() -> Own + Send + Sync>);

impl SaysOwn {
    /// Says what this says.
    pub fn new(says: impl Fn() -> Own + Send + Sync + 'static) -> Self {
        Self(Arc::new(says))
    }

    pub(crate) fn ask(&self) -> Own {
        (self.0)()
    }
}

impl fmt::Debug for SaysOwn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SaysOwn")
    }
}
