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
pub(crate) use cookie::{
    clear_bound, clear_way, read as read_cookie, read_bound, read_way, set as set_cookie, set_bound, set_way,
};
pub(crate) use require::{
    Caller, credentials, entrance, from_own_page, hold, require, require_bearer, require_person, sees_tagged,
};
pub(crate) use session::Sessions;
pub(crate) use sign_in::{field, led_in, let_in, sign_in, sign_in_page, sign_out};
