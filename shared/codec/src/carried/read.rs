//! A file into frames.

use std::io::{ErrorKind, Read};

use ed25519_dalek::VerifyingKey;
use vigie_model::NodeId;

use super::{
    CarriedError, FORMAT, Head, Kind, MAGIC, MAX_HEAD_BYTES, MAX_PART_BYTES, PART_HEAD_BYTES, Part, head_hash,
    is_signed, part_hash,
};

/// Reads a file, part by part; each proves right before it is handed out.
pub struct Reader<R> {
    input: R,
    head: Head,
    key: VerifyingKey,
    hash: [u8; 32],
    /// Parts so far, and where the next one begins.
    parts: u64,
    at: u64,
    ended: bool,
}

impl<R> std::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("head", &self.head).field("parts", &self.parts).finish_non_exhaustive()
    }
}

impl<R: Read> Reader<R> {
    /// Reads the head. That its relay signed it is certain then; whether that relay may bring anything is not.
    ///
    /// # Errors
    /// When there is none, or it is not what its relay signed.
    pub fn begin(mut input: R) -> Result<Self, CarriedError> {
        let mut fixed = [0; MAGIC.len() + 5];
        let begun = fill(&mut input, &mut fixed)?;
        let (magic, rest) = fixed.split_at(MAGIC.len());
        let &[format, a, b, c, d] = rest else { return Err(CarriedError::NotOne) };
        if begun < MAGIC.len() || magic != MAGIC {
            return Err(CarriedError::NotOne);
        }
        if begun > MAGIC.len() && format != FORMAT {
            return Err(CarriedError::Newer(format));
        }
        let len = u32::from_be_bytes([a, b, c, d]) as usize;
        if begun < fixed.len() || len > MAX_HEAD_BYTES {
            return Err(CarriedError::Head);
        }
        let (mut body, mut signature) = (vec![0; len], [0; 64]);
        if fill(&mut input, &mut body)? < len || fill(&mut input, &mut signature)? < signature.len() {
            return Err(CarriedError::Head);
        }
        let head: Head = postcard::from_bytes(&body).map_err(|_| CarriedError::Head)?;
        let hash = head_hash(&[fixed.as_slice(), &body].concat());
        let key = VerifyingKey::from_bytes(&head.key).map_err(|_| CarriedError::Head)?;
        if NodeId::of_key(&head.key) != head.relay || !is_signed(&key, &hash, &signature) {
            return Err(CarriedError::Head);
        }
        let at = (fixed.len() + len + signature.len()) as u64;
        Ok(Self { input, head, key, hash, parts: 0, at, ended: false })
    }

    /// Whose file it is.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Parts that proved right, the end not counted.
    pub fn parts(&self) -> u64 {
        self.parts
    }

    /// The next part; none after the end.
    ///
    /// # Errors
    /// When it is not what the relay wrote, with its place. Nothing after it is to be believed.
    pub fn next_part(&mut self) -> Result<Option<Part>, CarriedError> {
        let mut head = [0; PART_HEAD_BYTES];
        let begun = fill(&mut self.input, &mut head)?;
        if self.ended {
            return if begun == 0 { Ok(None) } else { Err(CarriedError::AfterEnd { at: self.at }) };
        }
        let (part, at) = (self.parts + 1, self.at);
        let (cut_short, damaged) = (CarriedError::CutShort { part, at }, CarriedError::Damaged { part, at });
        if begun < head.len() {
            return Err(cut_short);
        }
        let (kind, len, digest, signature) = split(&head);
        let hash = part_hash(&self.hash, self.parts, kind, len, &digest);
        let size = len as usize;
        // Before anything is allocated: who did not sign the length gets no memory for it.
        let Some(kind) = Kind::of(kind).filter(|_| size <= MAX_PART_BYTES && is_signed(&self.key, &hash, &signature))
        else {
            return Err(damaged);
        };
        let mut body = vec![0; size];
        if fill(&mut self.input, &mut body)? < size {
            return Err(cut_short);
        }
        if *blake3::hash(&body).as_bytes() != digest {
            return Err(damaged);
        }
        let part = match kind {
            Kind::Samples => frames(&body).map(Part::Samples),
            Kind::Rows => frames(&body).map(Part::Rows),
            Kind::End => postcard::from_bytes(&body).ok().map(Part::End),
        };
        self.at += (head.len() + size) as u64;
        match part {
            Some(Part::End(end)) if end.parts != self.parts => return Err(damaged),
            Some(Part::End(_)) => self.ended = true,
            Some(_) => self.parts += 1,
            None => return Err(damaged),
        }
        Ok(part)
    }
}

fn split(head: &[u8; PART_HEAD_BYTES]) -> (u8, u32, [u8; 32], [u8; 64]) {
    let (mut digest, mut signature) = ([0; 32], [0; 64]);
    digest.copy_from_slice(&head[5..37]);
    signature.copy_from_slice(&head[37..]);
    (head[0], u32::from_be_bytes([head[1], head[2], head[3], head[4]]), digest, signature)
}

/// The frames of a part: each with its length before it.
fn frames(mut body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut frames = Vec::new();
    while !body.is_empty() {
        let (len, rest) = body.split_first_chunk::<4>()?;
        let (frame, rest) = rest.split_at_checked(u32::from_be_bytes(*len) as usize)?;
        frames.push(frame.to_vec());
        body = rest;
    }
    Some(frames)
}

/// Fills the buffer as far as there is something; says how far.
fn fill(input: &mut impl Read, into: &mut [u8]) -> Result<usize, CarriedError> {
    let mut filled = 0;
    while filled < into.len() {
        match input.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(CarriedError::Io(error)),
        }
    }
    Ok(filled)
}
