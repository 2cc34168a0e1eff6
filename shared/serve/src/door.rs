//! Who is at the door? Tokens, sessions, and those who guess.

mod address;
mod attempts;
mod cookie;
mod origin;
mod person;
mod require;
mod session;
mod sign_in;

pub(crate) use address::Address;
pub(crate) use attempts::Attempts;
pub(crate) use require::{Caller, credentials, require, require_bearer, require_person};
pub(crate) use session::Sessions;
pub(crate) use sign_in::{sign_in, sign_in_page, sign_out};
