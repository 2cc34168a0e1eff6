//! How does all that a node keeps become one file, and come back?
//!
//! A backup is a head in the clear, which says of whom and of when it is, and then chunks that each prove themselves, their
//! place, and that nothing follows the last: cut short, mixed or changed anywhere, it is found out before it is believed.
//! With a passphrase the chunks are sealed as well (ChaCha20-Poly1305, RFC 8439, chunk by chunk as in STREAM: Hoang,
//! Reyhanitabar, Rogaway, Vizár, 2015; the key by Argon2id, RFC 9106). What is in them are files and the rows of stores, as
//! they stand. Pure: reads and writes what it is handed, and knows no disk, clock or chance.

mod chunk;
mod error;
mod head;
mod item;
mod lock;

pub use error::{ReadError, WriteError};
pub use head::Head;
pub use item::{Item, Reader, Total, Writer};
pub use lock::{Lock, Passphrase};
