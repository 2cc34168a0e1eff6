//! How does a node ask for its next certificate, and what comes back?
//!
//! Pure messages for the control lane of a session; who asks is known from its present certificate.

use serde::{Deserialize, Serialize};

use crate::envelope::{self, EnvelopeError, Kind};

const REQUEST: Kind = Kind { number: 0x30, version: 1 };
const GRANTED: Kind = Kind { number: 0x31, version: 1 };
const REFUSED: Kind = Kind { number: 0x32, version: 1 };

/// Certificates and requests of ours are far below this.
const MAX_DER_BYTES: usize = 4 * 1024;
/// What a refusal may say.
const MAX_TEXT_CHARS: usize = 300;

/// What is said about the renewal of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// A node asks; the request is made by [`NodeKey::csr`](crate::NodeKey::csr) with the key that it already has.
    Request {
        /// The certificate request.
        csr: Vec<u8>,
    },
    /// The hub grants, with what [`Ca::renew`](crate::Ca::renew) made;
    /// [`Identity::renewed`](crate::Identity::renewed) checks the leaf.
    Granted {
        /// The leaf, then the authority.
        chain: [Vec<u8>; 2],
    },
    /// The hub refuses.
    Refused {
        /// Why, for a person.
        text: String,
    },
}

impl Renewal {
    /// The bytes to send.
    pub fn encode(&self) -> Result<Vec<u8>, EnvelopeError> {
        match self {
            Self::Request { csr } => envelope::seal(REQUEST, &v1::Request { csr: csr.clone() }),
            Self::Granted { chain: [leaf, ca] } => {
                envelope::seal(GRANTED, &v1::Granted { leaf: leaf.clone(), ca: ca.clone() })
            }
            Self::Refused { text } => {
                envelope::seal(REFUSED, &v1::Refused { text: text.chars().take(MAX_TEXT_CHARS).collect() })
            }
        }
    }

    /// Reads what the other side sent.
    pub fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let small = |der: &[u8]| der.len() <= MAX_DER_BYTES;
        let (kind, _) = envelope::split(bytes)?;
        if kind == REQUEST {
            let v1::Request { csr } = envelope::open(REQUEST, bytes)?;
            return if small(&csr) { Ok(Self::Request { csr }) } else { Err(EnvelopeError::Damaged) };
        }
        if kind == GRANTED {
            let v1::Granted { leaf, ca } = envelope::open(GRANTED, bytes)?;
            let fits = small(&leaf) && small(&ca);
            return if fits { Ok(Self::Granted { chain: [leaf, ca] }) } else { Err(EnvelopeError::Damaged) };
        }
        let v1::Refused { text } = envelope::open(REFUSED, bytes)?;
        Ok(Self::Refused { text: crate::refusal::plain(text.as_bytes()) })
    }
}

mod v1 {
    use super::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    pub(super) struct Request {
        pub(super) csr: Vec<u8>,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Granted {
        pub(super) leaf: Vec<u8>,
        pub(super) ca: Vec<u8>,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Refused {
        pub(super) text: String,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_said_is_what_is_read() {
        for said in [
            Renewal::Request { csr: vec![1; 200] },
            Renewal::Granted { chain: [vec![1; 500], vec![2; 400]] },
            Renewal::Refused { text: "this node was revoked".to_owned() },
        ] {
            assert_eq!(Renewal::decode(&said.encode().unwrap()), Ok(said));
        }
        assert!(Renewal::decode(&Renewal::Request { csr: vec![0; 5_000] }.encode().unwrap()).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(kind in 0x2f_u8..0x34, body in prop::collection::vec(any::<u8>(), 0..200)) {
            let length = u32::try_from(body.len()).unwrap().to_be_bytes();
            drop(Renewal::decode(&[&[0, kind, 1], &length[..], &body].concat()));
            drop(Renewal::decode(&body));
        }
    }
}
