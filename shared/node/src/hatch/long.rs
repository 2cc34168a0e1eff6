//! What goes on for long at the socket: a file that the node gives, or takes.
//!
//! After the request the node says that it begins; then pieces go, each with its length before it, the last of which is
//! empty; then the answer, in one line. Whoever runs the command opens the file: the node may not be let near it.

use std::io::{self, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::{PATIENCE, line_of, not_running, path, read_answer};
use crate::Failed;

/// The longest piece.
const PIECE_BYTES: usize = 64 * 1024;

/// Who neither reads nor writes for so long has gone: a stick may well be a minute behind what is written to it.
const LONG_PATIENCE: Duration = Duration::from_secs(300);

/// Writes a file, and says what stands in it.
pub type Giving = Box<dyn FnOnce(&mut dyn Write) -> Result<Value, Failed> + Send>;

/// Reads a file, and says what came of it.
pub type Taking = Box<dyn FnOnce(&mut dyn Read) -> Result<Value, Failed> + Send>;

/// Work of a node that gives or takes a file; it blocks.
pub enum Long {
    /// Writes what is asked for.
    Gives(Giving),
    /// Reads what is handed in.
    Takes(Taking),
}

impl std::fmt::Debug for Long {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gives(_) => "Gives",
            Self::Takes(_) => "Takes",
        })
    }
}

impl Long {
    pub(super) async fn serve(self, stream: tokio::net::UnixStream) -> io::Result<()> {
        let stream = stream.into_std()?;
        stream.set_nonblocking(false)?;
        stream.set_write_timeout(Some(LONG_PATIENCE))?;
        stream.set_read_timeout(Some(LONG_PATIENCE))?;
        tokio::task::spawn_blocking(move || self.carry_out(&stream)).await.map_err(io::Error::other)?
    }

    fn carry_out(self, mut stream: &UnixStream) -> io::Result<()> {
        stream.write_all(line_of(Ok(json!("begins"))).as_bytes())?;
        let answer = match self {
            Self::Gives(work) => {
                let mut pieces = Pieces { out: stream, gathered: Vec::with_capacity(PIECE_BYTES) };
                let answer = work(&mut pieces);
                pieces.end()?;
                answer
            }
            Self::Takes(work) => {
                let mut whole = Whole { input: stream, left: 0, ended: false };
                let answer = work(&mut whole);
                // Who is still writing would not hear why it was not taken.
                io::copy(&mut whole, &mut io::sink())?;
                answer
            }
        };
        stream.write_all(line_of(answer).as_bytes())
    }
}

/// Asks the node that must be running for a file, and writes it.
///
/// # Errors
/// When none runs, it refuses, or the file can not be written: what was written is a part.
pub fn fetch(data: &Path, request: &Value, out: &mut dyn Write, program: &str) -> Result<Value, Failed> {
    let mut reader = begin(data, request, program)?;
    let mut whole = Whole { input: &mut reader, left: 0, ended: false };
    io::copy(&mut whole, out)?;
    read_answer(&mut reader)
}

/// Hands a file to the node that must be running.
///
/// # Errors
/// When none runs, it refuses, or the file can not be read.
pub fn hand_in(data: &Path, request: &Value, input: &mut dyn Read, program: &str) -> Result<Value, Failed> {
    let mut reader = begin(data, request, program)?;
    let mut pieces = Pieces { out: reader.get_mut().try_clone()?, gathered: Vec::with_capacity(PIECE_BYTES) };
    io::copy(input, &mut pieces)?;
    pieces.end()?;
    read_answer(&mut reader)
}

fn begin(data: &Path, request: &Value, program: &str) -> Result<BufReader<UnixStream>, Failed> {
    let Ok(mut stream) = UnixStream::connect(path(data)) else { return Err(not_running(data, program)) };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{request}\n").as_bytes())?;
    let mut reader = BufReader::new(stream);
    read_answer(&mut reader)?;
    // From here on the node works for as long as it takes; when it ends, so does the socket.
    reader.get_mut().set_read_timeout(None)?;
    Ok(reader)
}

/// Bytes into pieces.
struct Pieces<W> {
    out: W,
    gathered: Vec<u8>,
}

impl<W: Write> Pieces<W> {
    fn piece(&mut self) -> io::Result<()> {
        self.out.write_all(&(self.gathered.len() as u32).to_be_bytes())?;
        self.out.write_all(&self.gathered)?;
        self.gathered.clear();
        Ok(())
    }

    fn end(mut self) -> io::Result<()> {
        if !self.gathered.is_empty() {
            self.piece()?;
        }
        self.piece()
    }
}

impl<W: Write> Write for Pieces<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let some = bytes.len().min(PIECE_BYTES - self.gathered.len());
        self.gathered.extend_from_slice(&bytes[..some]);
        if self.gathered.len() == PIECE_BYTES {
            self.piece()?;
        }
        Ok(some)
    }

    fn flush(&mut self) -> io::Result<()> {
        // The last piece is not before the end.
        Ok(())
    }
}

/// Pieces into bytes.
struct Whole<R> {
    input: R,
    left: usize,
    ended: bool,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !self.ended {
            let mut len = [0; 4];
            self.input.read_exact(&mut len)?;
            self.left = u32::from_be_bytes(len) as usize;
            self.ended = self.left == 0;
            if self.left > PIECE_BYTES {
                return Err(io::Error::other("a piece longer than any"));
            }
        }
        let most = into.len().min(self.left);
        if most == 0 {
            // A socket that is asked for nothing waits for something all the same.
            return Ok(0);
        }
        let read = self.input.read(&mut into[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_any_length_comes_out_of_its_pieces_and_a_part_is_no_file() {
        for len in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 5 * PIECE_BYTES + 7] {
            let file: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
            let mut sent = Vec::new();
            let mut pieces = Pieces { out: &mut sent, gathered: Vec::new() };
            pieces.write_all(&file).and_then(|()| pieces.end()).expect("memory takes all");
            let mut back = Vec::new();
            Whole { input: sent.as_slice(), left: 0, ended: false }.read_to_end(&mut back).expect("it is whole");
            assert!(back == file, "{len}");
            let part = &sent[..sent.len() - 1];
            let read = Whole { input: part, left: 0, ended: false }.read_to_end(&mut back);
            assert!(read.is_err(), "{len}: its end is missing");
        }
    }
}
