//! Who lost the right to speak, whatever their certificate says?
//!
//! A numbered list that the hub signs and everyone passes on. Older versions never replace newer ones.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use vigie_model::NodeId;

use crate::envelope::{self, EnvelopeError, Kind};
use crate::key::{self, NodeKey};

/// Lists with more nodes are refused, so that the signed list fits one message.
///
/// A deployment that revoked this many nodes should replace its authority.
pub const MAX_REVOKED: usize = 3_500;

const KIND: Kind = Kind { number: 0x10, version: 1 };
const DOMAIN: &[u8] = b"vigie revocations v1\0";

/// The nodes that lost their rights, as of one version of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revocations {
    version: u64,
    nodes: BTreeSet<NodeId>,
}

impl Revocations {
    /// The list of a version.
    pub fn new(version: u64, nodes: impl IntoIterator<Item = NodeId>) -> Self {
        Self { version, nodes: nodes.into_iter().collect() }
    }

    /// Which version of the list this is; 0 is the empty list that everyone begins with.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether a node lost its rights.
    pub fn contains(&self, node: NodeId) -> bool {
        self.nodes.contains(&node)
    }

    /// The nodes that lost their rights.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes.iter().copied()
    }

    /// The list with the hub's signature, to be kept and passed on.
    pub fn sign(&self, hub: &NodeKey) -> Result<Vec<u8>, RevocationError> {
        if self.nodes.len() > MAX_REVOKED {
            return Err(RevocationError::TooMany { nodes: self.nodes.len() });
        }
        let nodes = self.nodes.iter().map(|node| *node.as_bytes()).collect();
        let list =
            postcard::to_stdvec(&v1::List { version: self.version, nodes }).map_err(|_| EnvelopeError::Unwritable)?;
        let signature = hub.sign(&[DOMAIN, &list].concat()).to_vec();
        Ok(envelope::seal(KIND, &v1::Signed { list, signature })?)
    }

    /// The list in these bytes, if the hub with this key signed it.
    pub fn open(bytes: &[u8], hub_key: &[u8; 32]) -> Result<Self, RevocationError> {
        let signed: v1::Signed = envelope::open(KIND, bytes)?;
        let signature = signed.signature.as_slice().try_into().map_err(|_| RevocationError::NotSigned)?;
        if !key::verify_signature(hub_key, &[DOMAIN, &signed.list].concat(), signature) {
            return Err(RevocationError::NotSigned);
        }
        let list: v1::List = postcard::from_bytes(&signed.list).map_err(|_| EnvelopeError::Damaged)?;
        if list.nodes.len() > MAX_REVOKED {
            return Err(RevocationError::TooMany { nodes: list.nodes.len() });
        }
        Ok(Self::new(list.version, list.nodes.into_iter().map(NodeId::from_bytes)))
    }
}

mod v1 {
    use super::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    pub(super) struct Signed {
        pub(super) list: Vec<u8>,
        pub(super) signature: Vec<u8>,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct List {
        pub(super) version: u64,
        pub(super) nodes: Vec<[u8; 16]>,
    }
}

/// The list that handshakes consult, shared by everything in one process.
#[derive(Debug, Clone, Default)]
pub struct SharedRevocations(Arc<RwLock<Revocations>>);

impl SharedRevocations {
    /// The list that was kept from earlier.
    pub fn new(kept: Revocations) -> Self {
        Self(Arc::new(RwLock::new(kept)))
    }

    /// Whether a node lost its rights.
    pub fn contains(&self, node: NodeId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(node)
    }

    /// The present list.
    pub fn current(&self) -> Revocations {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes a newer list; says whether it was news. The same list again is none; an older or a different one of the
    /// same version is refused.
    pub fn raise(&self, offered: Revocations) -> Result<bool, RevocationError> {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if offered == *kept {
            return Ok(false);
        }
        if offered.version <= kept.version {
            return Err(RevocationError::Older { offered: offered.version, kept: kept.version });
        }
        *kept = offered;
        Ok(true)
    }
}

/// A list of revocations that can not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevocationError {
    /// It can not be read.
    #[error("the list of revocations is refused: {0}")]
    Envelope(#[from] EnvelopeError),
    /// The hub did not sign it.
    #[error("the list of revocations is refused: the hub did not sign it")]
    NotSigned,
    /// It is not newer than the one that is kept.
    #[error("the list of revocations is refused: version {offered} can not replace version {kept}")]
    Older {
        /// The version that was offered.
        offered: u64,
        /// The version that is kept.
        kept: u64,
    },
    /// It has too many nodes.
    #[error("the list of revocations is refused: {nodes} nodes, the most is {MAX_REVOKED}")]
    TooMany {
        /// How many it has.
        nodes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hub_writes_the_list() {
        let (hub, thief) = (NodeKey::from_random_bytes([1; 32]), NodeKey::from_random_bytes([2; 32]));
        let list = Revocations::new(3, [thief.node_id()]);
        let signed = list.sign(&hub).unwrap();
        assert_eq!(Revocations::open(&signed, &hub.public_key()), Ok(list.clone()));
        let forged = list.sign(&thief).unwrap();
        assert_eq!(Revocations::open(&forged, &hub.public_key()), Err(RevocationError::NotSigned));
    }

    #[test]
    fn an_older_list_never_replaces_a_newer_one() {
        let shared = SharedRevocations::default();
        let thief = NodeId::of_key(&[9; 32]);
        assert_eq!(shared.raise(Revocations::new(2, [thief])), Ok(true));
        assert_eq!(shared.raise(Revocations::new(2, [thief])), Ok(false));
        assert!(shared.raise(Revocations::new(1, [])).is_err());
        assert!(shared.raise(Revocations::new(2, [])).is_err());
        assert!(shared.contains(thief));
    }

    #[test]
    fn the_longest_list_still_fits_a_message() {
        let hub = NodeKey::from_random_bytes([1; 32]);
        let nodes = |n: u64| (0..n).map(|i| NodeId::from_bytes((u128::from(i) << 64).to_be_bytes()));
        let full = Revocations::new(u64::MAX, nodes(MAX_REVOKED as u64)).sign(&hub).unwrap();
        assert!(Revocations::open(&full, &hub.public_key()).is_ok());
        assert!(Revocations::new(1, nodes(MAX_REVOKED as u64 + 1)).sign(&hub).is_err());
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_are_no_list_and_no_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            proptest::prop_assert!(Revocations::open(&bytes, &[1; 32]).is_err());
        }
    }
}
