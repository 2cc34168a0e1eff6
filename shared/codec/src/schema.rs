//! The fingerprint of the series a stream has declared.

use vigie_model::SeriesDef;

/// The hash of all definitions of a stream up to some length: each hash covers the one before, so that two nodes agree on
/// every definition when they agree on the last hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct SchemaHash(pub [u8; 32]);

impl SchemaHash {
    /// Of no definition.
    pub const EMPTY: Self = Self([0; 32]);

    /// Of these definitions and one more.
    #[must_use]
    pub fn then(self, def: &SeriesDef) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("vigie schema v1");
        hasher.update(&self.0);
        // Writing to memory does not fail; a definition that could not be written would hash as empty on every node.
        hasher.update(&postcard::to_stdvec(def).unwrap_or_default());
        Self(*hasher.finalize().as_bytes())
    }

    /// Of a whole list.
    pub fn of(defs: &[SeriesDef]) -> Self {
        defs.iter().fold(Self::EMPTY, Self::then)
    }
}
