//! Frames into a file.

use std::io::Write;

use ed25519_dalek::{Signer, SigningKey};

use super::{
    End, FORMAT, Head, Kind, MAGIC, MAX_HEAD_BYTES, MAX_NAME_BYTES, MAX_PART_BYTES, NotWritten, PART_BYTES, head_hash,
    part_hash, sign_head,
};

/// Writes a file, part by part.
pub struct Writer<W> {
    out: W,
    key: SigningKey,
    head: [u8; 32],
    parts: u64,
    gathered: Option<(Kind, Vec<u8>)>,
}

impl<W> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("parts", &self.parts).finish_non_exhaustive()
    }
}

impl<W: Write> Writer<W> {
    /// Writes the head, signed with the relay's key.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn begin(mut out: W, head: &Head, key: SigningKey) -> Result<Self, NotWritten> {
        let named = Head { name: cut(&head.name), software: cut(&head.software), ..head.clone() };
        let body = postcard::to_stdvec(&named).map_err(|error| NotWritten::Io(std::io::Error::other(error)))?;
        if body.len() > MAX_HEAD_BYTES {
            return Err(NotWritten::TooLarge { what: "a head", bytes: body.len(), most: MAX_HEAD_BYTES });
        }
        let mut all = MAGIC.to_vec();
        all.push(FORMAT);
        all.extend((body.len() as u32).to_be_bytes());
        all.extend(body);
        out.write_all(&all)?;
        out.write_all(&sign_head(&key, &all))?;
        Ok(Self { out, key, head: head_hash(&all), parts: 0, gathered: None })
    }

    /// A frame about streams and their ticks.
    ///
    /// # Errors
    /// When it is too large, or could not be written.
    pub fn samples(&mut self, frame: &[u8]) -> Result<(), NotWritten> {
        self.gather(Kind::Samples, frame)
    }

    /// A frame about rows.
    ///
    /// # Errors
    /// When it is too large, or could not be written.
    pub fn rows(&mut self, frame: &[u8]) -> Result<(), NotWritten> {
        self.gather(Kind::Rows, frame)
    }

    /// Says that this is all; hands back what was written to.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn end(mut self, ticks: u64, rows: u64) -> Result<(W, End), NotWritten> {
        self.flush()?;
        let end = End { parts: self.parts, ticks, rows };
        let body = postcard::to_stdvec(&end).map_err(|error| NotWritten::Io(std::io::Error::other(error)))?;
        self.part(Kind::End, &body)?;
        self.out.flush()?;
        Ok((self.out, end))
    }

    fn gather(&mut self, kind: Kind, frame: &[u8]) -> Result<(), NotWritten> {
        let size = frame.len() + 4;
        if size > MAX_PART_BYTES - PART_BYTES {
            let most = MAX_PART_BYTES - PART_BYTES - 4;
            return Err(NotWritten::TooLarge { what: "a frame", bytes: frame.len(), most });
        }
        if self.gathered.as_ref().is_some_and(|(of, body)| *of != kind || body.len() >= PART_BYTES) {
            self.flush()?;
        }
        let (_, body) = self.gathered.get_or_insert_with(|| (kind, Vec::with_capacity(PART_BYTES)));
        body.extend((frame.len() as u32).to_be_bytes());
        body.extend_from_slice(frame);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), NotWritten> {
        match self.gathered.take() {
            Some((kind, body)) => self.part(kind, &body),
            None => Ok(()),
        }
    }

    fn part(&mut self, kind: Kind, body: &[u8]) -> Result<(), NotWritten> {
        let (kind, len, digest) = (kind as u8, body.len() as u32, *blake3::hash(body).as_bytes());
        let hash = part_hash(&self.head, self.parts, kind, len, &digest);
        let mut head = vec![kind];
        head.extend(len.to_be_bytes());
        head.extend(digest);
        head.extend(self.key.sign(&hash).to_bytes());
        self.out.write_all(&head)?;
        self.out.write_all(body)?;
        self.parts += 1;
        Ok(())
    }
}

fn cut(name: &str) -> String {
    let end = (0..=MAX_NAME_BYTES.min(name.len())).rev().find(|at| name.is_char_boundary(*at));
    name[..end.unwrap_or(0)].to_owned()
}
