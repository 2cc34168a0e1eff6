//! How does somebody come in by an account of another house?
//!
//! OpenID Connect with any issuer, by the code flow alone: the browser is sent there with a question that only this browser
//! can bring the answer to, the code that it brings back is changed for an ID token, and `vigie-people` says what the token
//! has to be and who it lets in. Every request goes by the guarded client of `vigie-outgoing`. Knows no page, no cookie's
//! name and no person; keeps no token.

mod begun;
mod issuer;
mod issuers;
mod refused;
mod said;
mod words;

pub use issuers::{Issuers, Question, Returned};
pub use refused::NoSignIn;
pub use said::{Setup, SignInError, SignInSaid, check_all, origin};
