//! What does a backup say of itself before anything of it is opened?

use std::io::{Read, Write};

use serde::{Deserialize, Serialize};

use crate::error::{ReadError, WriteError};
use crate::lock::Lock;

/// The first bytes of each.
const MAGIC: &[u8; 7] = b"VIGIEBK";

/// The shape of what follows; never edited, only followed by another.
const FORMAT: u8 = 1;

/// A head is some names and numbers.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Whose backup it is, and of when. Readable without the passphrase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The node's id.
    pub node: String,
    /// The node's name.
    pub name: String,
    /// The version of the program that made it.
    pub software: String,
    /// The moment that it shows, in ms since 1970 UTC by the node's clock.
    pub made_at_ms: i64,
    /// With what it is sealed; nothing where it is not.
    pub lock: Option<Lock>,
}

impl Head {
    /// Writes it; says what every chunk is bound to.
    pub(crate) fn write(&self, out: &mut impl Write) -> Result<[u8; 32], WriteError> {
        let body = postcard::to_stdvec(self).map_err(|error| WriteError::Io(std::io::Error::other(error)))?;
        if body.len() > MAX_HEAD_BYTES {
            return Err(WriteError::TooLarge { what: "a head", bytes: body.len(), most: MAX_HEAD_BYTES });
        }
        let mut all = MAGIC.to_vec();
        all.push(FORMAT);
        all.extend((body.len() as u32).to_be_bytes());
        all.extend(body);
        out.write_all(&all)?;
        Ok(*blake3::hash(&all).as_bytes())
    }

    pub(crate) fn read(input: &mut impl Read) -> Result<(Self, [u8; 32]), ReadError> {
        let mut fixed = [0; 12];
        input.read_exact(&mut fixed).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => ReadError::NotOne,
            _ => ReadError::Io(error),
        })?;
        let ([magic @ .., _, _, _, _, _], [.., format, a, b, c, d]) = (&fixed, &fixed);
        if magic != MAGIC {
            return Err(ReadError::NotOne);
        }
        if *format != FORMAT {
            return Err(ReadError::Newer(*format));
        }
        let len = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        if len > MAX_HEAD_BYTES {
            return Err(ReadError::Senseless("a head of that length"));
        }
        let mut body = vec![0; len];
        input.read_exact(&mut body)?;
        let head = postcard::from_bytes(&body).map_err(|_| ReadError::Senseless("such a head"))?;
        let mut all = fixed.to_vec();
        all.extend(body);
        Ok((head, *blake3::hash(&all).as_bytes()))
    }
}
