//! What an agent says of its stream besides ticks: that some will not come, and what its clock meant.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use vigie_model::{Anchor, Gap, NodeId, StreamId};

use crate::segment::{ForgedError, signature_bytes};

/// What can be stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Statement {
    /// These ticks will not come, and why.
    Gap(Gap),
    /// This is what the boot clock meant.
    Anchor(Anchor),
}

/// A statement and its agent's signature. Relays carry it and can not change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedStatement {
    /// Whose stream.
    pub stream: StreamId,
    /// What is said.
    pub statement: Statement,
    #[serde(with = "signature_bytes")]
    signature: [u8; 64],
}

impl SignedStatement {
    /// Signs a statement.
    pub fn new(stream: StreamId, statement: Statement, key: &SigningKey) -> Self {
        let signature = key.sign(&digest(stream, &statement)).to_bytes();
        Self { stream, statement, signature }
    }

    /// Checks that the stream's agent said it, and that it can be so.
    ///
    /// # Errors
    /// When it did not, or a gap ends before it begins.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), ForgedError> {
        if NodeId::of_key(key.as_bytes()) != self.stream.agent {
            return Err(ForgedError::WrongKey);
        }
        if let Statement::Gap(gap) = self.statement
            && (gap.first.0 == 0 || gap.last < gap.first)
        {
            return Err(ForgedError::NoSuchHeader);
        }
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(&digest(self.stream, &self.statement), &signature).map_err(|_| ForgedError::WrongSignature)
    }
}

fn digest(stream: StreamId, statement: &Statement) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("vigie statement v1");
    // Writing to memory does not fail.
    hasher.update(&postcard::to_stdvec(&(stream, statement)).unwrap_or_default());
    *hasher.finalize().as_bytes()
}
