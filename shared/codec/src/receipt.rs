//! What the hub says it holds: the only word on which anything is deleted.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use vigie_merge::RangeSet;
use vigie_model::{StreamId, UtcMs};

use crate::segment::{ForgedError, signature_bytes};

/// The hub's signed word that ticks of a stream are durable and verified there, or are known gaps.
///
/// Always the whole set, so that any receipt may be lost and any order will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Which stream.
    pub stream: StreamId,
    /// What the hub holds of it.
    pub held: RangeSet,
    /// How many definitions the hub holds of it.
    pub schema_len: u32,
    /// The life of the hub's store; a restored hub has a higher one.
    pub hub_epoch: u64,
    /// When it was signed.
    pub at: UtcMs,
    #[serde(with = "signature_bytes")]
    signature: [u8; 64],
}

impl Receipt {
    /// Signs what the hub holds.
    pub fn new(stream: StreamId, held: RangeSet, schema_len: u32, hub_epoch: u64, at: UtcMs, key: &SigningKey) -> Self {
        let mut receipt = Self { stream, held, schema_len, hub_epoch, at, signature: [0; 64] };
        receipt.signature = key.sign(&receipt.digest()).to_bytes();
        receipt
    }

    /// Checks that the hub with this key said it.
    ///
    /// # Errors
    /// When it did not.
    pub fn verify(&self, hub: &VerifyingKey) -> Result<(), ForgedError> {
        let signature = Signature::from_bytes(&self.signature);
        hub.verify_strict(&self.digest(), &signature).map_err(|_| ForgedError::WrongSignature)
    }

    fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("vigie receipt v1");
        let said = (self.stream, &self.held, self.schema_len, self.hub_epoch, self.at);
        // Writing to memory does not fail.
        hasher.update(&postcard::to_stdvec(&said).unwrap_or_default());
        *hasher.finalize().as_bytes()
    }
}
