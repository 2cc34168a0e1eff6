//! Chunks that prove themselves, their place, and which of them is the last.

use std::io::{Read, Write};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

use crate::error::{ReadError, WriteError};

/// Content of one chunk: small in memory, and its proof costs nothing beside it.
const CHUNK_BYTES: usize = 256 * 1024;

/// Longest proof: a whole hash.
const MAX_PROOF_BYTES: usize = 32;

/// In a chunk's length: it is the last.
const LAST: u32 = 1 << 31;

/// What a chunk is proved with.
pub(crate) struct Prover {
    head: [u8; 32],
    seal: Option<LessSafeKey>,
    /// Chunks so far.
    count: u64,
}

impl Prover {
    /// Bound to a head; sealed where there is a key.
    pub(crate) fn new(head: [u8; 32], key: Option<[u8; 32]>) -> Self {
        // A key of 32 bytes is what the cipher takes.
        let seal = key.and_then(|key| UnboundKey::new(&CHACHA20_POLY1305, &key).ok()).map(LessSafeKey::new);
        Self { head, seal, count: 0 }
    }

    pub(crate) fn is_sealed(&self) -> bool {
        self.seal.is_some()
    }

    /// The place of the next chunk: never twice for one key, because each backup has a key of its own.
    fn place(&mut self, last: bool) -> [u8; 12] {
        let mut place = [0; 12];
        place[..8].copy_from_slice(&self.count.to_be_bytes());
        place[11] = u8::from(last);
        self.count += 1;
        place
    }

    fn hash(&self, place: &[u8; 12], content: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.head);
        hasher.update(place).update(content);
        *hasher.finalize().as_bytes()
    }

    /// Makes content into what is written.
    fn close(&mut self, content: &mut Vec<u8>, last: bool) -> Result<(), WriteError> {
        let place = self.place(last);
        match &self.seal {
            Some(seal) => seal
                .seal_in_place_append_tag(Nonce::assume_unique_for_key(place), Aad::from(&self.head), content)
                .map_err(|_| WriteError::Key("the cipher refused".to_owned())),
            None => {
                content.extend(self.hash(&place, content));
                Ok(())
            }
        }
    }

    /// Makes what is written into content again; nothing where it is not what was written.
    fn open<'c>(&mut self, chunk: &'c mut [u8], last: bool) -> Option<&'c [u8]> {
        let place = self.place(last);
        match &self.seal {
            Some(seal) => {
                let opened = seal.open_in_place(Nonce::assume_unique_for_key(place), Aad::from(&self.head), chunk);
                opened.ok().map(|content| &*content)
            }
            None => {
                let (content, proof) = chunk.split_at_checked(chunk.len().checked_sub(MAX_PROOF_BYTES)?)?;
                (self.hash(&place, content) == proof).then_some(content)
            }
        }
    }
}

/// Bytes into chunks.
pub(crate) struct Chunks<W> {
    out: W,
    prover: Prover,
    content: Vec<u8>,
}

impl<W: Write> Chunks<W> {
    pub(crate) fn new(out: W, prover: Prover) -> Self {
        Self { out, prover, content: Vec::with_capacity(CHUNK_BYTES + MAX_PROOF_BYTES) }
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), WriteError> {
        while !bytes.is_empty() {
            if self.content.len() == CHUNK_BYTES {
                self.flush(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK_BYTES - self.content.len()));
            self.content.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// The last chunk; hands back what was written to.
    pub(crate) fn end(mut self) -> Result<W, WriteError> {
        self.flush(true)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn flush(&mut self, last: bool) -> Result<(), WriteError> {
        self.prover.close(&mut self.content, last)?;
        let len = self.content.len() as u32 | if last { LAST } else { 0 };
        self.out.write_all(&len.to_be_bytes())?;
        self.out.write_all(&self.content)?;
        self.content.clear();
        Ok(())
    }
}

/// Chunks into bytes.
pub(crate) struct Unchunked<R> {
    input: R,
    prover: Prover,
    content: Vec<u8>,
    at: usize,
    was_last: bool,
    good_bytes: u64,
}

impl<R: Read> Unchunked<R> {
    pub(crate) fn new(input: R, prover: Prover) -> Self {
        Self { input, prover, content: Vec::new(), at: 0, was_last: false, good_bytes: 0 }
    }

    /// Content that proved right so far.
    pub(crate) fn good_bytes(&self) -> u64 {
        self.good_bytes
    }

    /// Fills the buffer.
    pub(crate) fn read(&mut self, mut into: &mut [u8]) -> Result<(), ReadError> {
        while !into.is_empty() {
            if self.at == self.content.len() {
                if self.was_last {
                    return Err(ReadError::Senseless("less than it promises"));
                }
                self.next_chunk()?;
            }
            let now = into.len().min(self.content.len() - self.at);
            let (here, later) = into.split_at_mut(now);
            here.copy_from_slice(&self.content[self.at..self.at + now]);
            (self.at, into) = (self.at + now, later);
        }
        Ok(())
    }

    /// That the last chunk was read whole, and that nothing follows it.
    pub(crate) fn end(&mut self) -> Result<(), ReadError> {
        while !self.was_last && self.at == self.content.len() {
            self.next_chunk()?;
        }
        let nothing_follows = self.input.read(&mut [0])? == 0;
        if !self.was_last || self.at != self.content.len() || !nothing_follows {
            return Err(ReadError::Senseless("something after its end"));
        }
        Ok(())
    }

    fn next_chunk(&mut self) -> Result<(), ReadError> {
        let mut len = [0; 4];
        self.input.read_exact(&mut len)?;
        let len = u32::from_be_bytes(len);
        let (len, last) = ((len & !LAST) as usize, len & LAST != 0);
        let damaged = ReadError::Damaged { good_bytes: self.good_bytes, sealed: self.prover.is_sealed() };
        if len > CHUNK_BYTES + MAX_PROOF_BYTES {
            return Err(damaged);
        }
        self.content.resize(len, 0);
        self.input.read_exact(&mut self.content)?;
        let Some(content) = self.prover.open(&mut self.content, last) else { return Err(damaged) };
        let len = content.len();
        self.content.truncate(len);
        (self.at, self.was_last) = (0, last);
        self.good_bytes += len as u64;
        Ok(())
    }
}
