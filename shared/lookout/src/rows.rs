//! Where do the rows stand that hub and relay share?

use std::fmt;

use vigie_alerts::EditError;
use vigie_merge::{Key, Marker, Row};
use vigie_model::{NodeId, UtcMs};
use vigie_store::rows::Reaching;

/// The rows of this node, as the watchman needs them.
pub trait RowBook: Send + Sync + 'static {
    /// All rows of alerts, of what people decided, and of maintenance, each with when this node learnt its last change.
    ///
    /// # Errors
    /// When they can not be read now.
    fn all(&self) -> Result<Vec<Found>, RowTrouble>;

    /// Changes rows in one commit, and gives those that changed as they now stand. A change that is refused leaves all of
    /// them as they were.
    ///
    /// # Errors
    /// When nothing of it is durable for certain.
    fn change(&self, edits: Vec<RowEdit>) -> Result<Vec<(Key, Row)>, RowTrouble>;

    /// These rows, as they stand; what is not here any more is left out.
    ///
    /// # Errors
    /// When they can not be read now.
    fn some(&self, keys: &[Key]) -> Result<Vec<(Key, Row)>, RowTrouble>;

    /// For each question whether the other side has all its rows as they are here: at a relay the hub, at a hub one of the
    /// peers that are named.
    fn have_each(&self, asked: Vec<Reaching>) -> Vec<bool>;

    /// One such question, of these nodes and rows.
    fn have(&self, nodes: &[NodeId], keys: &[Key]) -> bool {
        let asked = Reaching { peers: nodes.to_vec(), keys: keys.to_vec() };
        self.have_each(vec![asked]).first().is_some_and(|has| *has)
    }
}

/// A row that is here.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which.
    pub key: Key,
    /// As it stands.
    pub row: Row,
    /// When this node learnt its last change.
    pub learnt: UtcMs,
}

/// What makes a row of the one that stands there, and of a marker later than it.
pub type Make = Box<dyn FnOnce(Option<Row>, Marker) -> Result<Row, EditError> + Send>;

/// A change of one row.
pub struct RowEdit {
    /// Which row.
    pub key: Key,
    /// How.
    pub make: Make,
}

impl RowEdit {
    /// A change by what stands there.
    pub fn new(key: Key, make: impl FnOnce(Option<Row>, Marker) -> Result<Row, EditError> + Send + 'static) -> Self {
        Self { key, make: Box::new(make) }
    }
}

impl From<vigie_alerts::Edit> for RowEdit {
    fn from(edit: vigie_alerts::Edit) -> Self {
        Self::new(edit.key.clone(), |row, marker| edit.onto(row, marker))
    }
}

impl fmt::Debug for RowEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowEdit").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Why rows were not read or changed. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowTrouble {
    /// Somebody changed one of them meanwhile.
    #[error("a row was changed meanwhile")]
    Changed,
    /// Not for this node to write, or more than a row holds.
    #[error("{0}")]
    Refused(String),
    /// The store can not now.
    #[error("the store can not keep it: {0}")]
    Store(String),
}
