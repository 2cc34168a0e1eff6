//! Was this browser's passkey asked by us, just now, and is it the one that it says it is?
//!
//! WebAuthn, as its relying party: a question is good for a few minutes, for one answer, and for whoever it was put to. What
//! the devices sign is looked at by `webauthn-rs`, with the person verified by the device each time; who it lets in is
//! decided by `vigie-people`. Knows no page, no cookie and no person; keeps questions in memory alone.

mod asked;
mod passkeys;

pub use passkeys::{NoKey, NoPasskeys, Owner, Passkeys, Question, Shown};
